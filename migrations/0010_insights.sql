-- Odd patterns that somebody should look at. One open alarm of a kind and subject: replicas that find the same do not
-- raise it twice. `subject` is tenant and object id of an agent or a person; names are nowhere here.
CREATE TABLE insight_alarms (
    id              TEXT PRIMARY KEY,
    kind            TEXT NOT NULL,
    subject         TEXT NOT NULL,
    -- How much of it: people, agents, failures, acts.
    amount          BIGINT NOT NULL,
    -- The first and the newest event that belong to it.
    first_at        BIGINT NOT NULL,
    seen_at         BIGINT NOT NULL,
    raised_at       BIGINT NOT NULL,
    acknowledged_at BIGINT,
    acknowledged_by TEXT,
    by_name         TEXT,
    note            TEXT,
    CHECK ((acknowledged_at IS NULL) = (acknowledged_by IS NULL)),
    CHECK ((acknowledged_at IS NULL) = (note IS NULL))
);
CREATE UNIQUE INDEX insight_alarms_open ON insight_alarms (kind, subject) WHERE acknowledged_at IS NULL;
CREATE INDEX insight_alarms_seen ON insight_alarms (seen_at);
CREATE INDEX insight_alarms_raised ON insight_alarms (raised_at);

-- What staff did, which is little of the audit: by time, and by who.
CREATE INDEX audit_staff ON audit (at) WHERE substr(actor, 1, 6) = 'staff:';
CREATE INDEX audit_staff_actor ON audit (actor, seq) WHERE substr(actor, 1, 6) = 'staff:';
