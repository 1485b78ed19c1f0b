-- A decision is one unchangeable value: whom it is about, what was verified under which risk, and who will see a pass. The
-- digest covers all of it; who approves or executes names the digest that they read. Rows of the release before have none
-- and are void.
ALTER TABLE case_verdicts ADD COLUMN subject TEXT;
ALTER TABLE case_verdicts ADD COLUMN shown_to TEXT CHECK (shown_to IN ('nobody', 'manager', 'agent'));
ALTER TABLE case_verdicts ADD COLUMN viewer TEXT;
ALTER TABLE case_verdicts ADD COLUMN risk TEXT;
ALTER TABLE case_verdicts ADD COLUMN digest TEXT;
ALTER TABLE case_approvals ADD COLUMN digest TEXT;
ALTER TABLE case_actions ADD COLUMN digest TEXT;

-- Who does what in a decision. The triggers of sqlite/ and postgres/ refuse a decision, an approval or an execution whose
-- duties are not here, and a person whose duties do not go together.
CREATE TABLE case_duties (
    verdict_id TEXT NOT NULL,
    duty       TEXT NOT NULL CHECK (duty IN ('subject', 'requester', 'attester', 'witness', 'approver', 'executor', 'viewer')),
    object     TEXT NOT NULL,
    PRIMARY KEY (verdict_id, duty, object)
);

-- Duties that one person may have in the same decision. All other pairs need two people.
CREATE TABLE duty_pairs (
    duty  TEXT NOT NULL,
    other TEXT NOT NULL,
    PRIMARY KEY (duty, other)
);
INSERT INTO duty_pairs (duty, other) VALUES
    ('requester', 'attester'), ('attester', 'requester'),
    ('requester', 'executor'), ('executor', 'requester'),
    ('requester', 'viewer'), ('viewer', 'requester'),
    ('attester', 'executor'), ('executor', 'attester'),
    ('attester', 'viewer'), ('viewer', 'attester'),
    ('executor', 'viewer'), ('viewer', 'executor'),
    ('witness', 'viewer'), ('viewer', 'witness');
