-- A case is one caller at the helpdesk: verify -> approve -> act. What comes later names what came before by its key and
-- copies what must hold (method, points, agent, how long it is good), so that the foreign keys and checks below refuse an
-- action without its verification whoever writes it. Names, UPNs and what was typed are personal: retention erases them.
CREATE TABLE cases (
    id         TEXT PRIMARY KEY,
    reference  TEXT NOT NULL UNIQUE,
    -- Nobody until the desk has said who it is: /help looks nobody up.
    tenant     TEXT,
    object     TEXT,
    name       TEXT NOT NULL,
    upn        TEXT NOT NULL,
    origin     TEXT NOT NULL CHECK (origin IN ('desk', 'internet')),
    -- The keyed digest of what was typed at /help: requests for one name are one case.
    asked_key  TEXT,
    asks       BIGINT NOT NULL,
    reset_id   TEXT REFERENCES resets (id),
    action     TEXT NOT NULL CHECK (action IN ('grant', 'pass', 'revoke', 'unlock', 'thaw')),
    state      TEXT NOT NULL CHECK (state IN ('open', 'locked', 'closed')),
    ticket     TEXT NOT NULL,
    owner      TEXT,
    owner_name TEXT NOT NULL,
    failures   BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    CHECK ((tenant IS NULL) = (object IS NULL)),
    CHECK (object IS NOT NULL OR origin = 'internet')
);
CREATE INDEX cases_newest ON cases (state, origin, created_at);
CREATE INDEX cases_person ON cases (tenant, object, created_at);
CREATE INDEX cases_reset ON cases (reset_id) WHERE reset_id IS NOT NULL;
CREATE UNIQUE INDEX cases_asked ON cases (asked_key) WHERE asked_key IS NOT NULL AND state = 'open';

CREATE TABLE case_notes (
    case_id TEXT NOT NULL REFERENCES cases (id),
    seq     BIGINT NOT NULL,
    at      BIGINT NOT NULL,
    by      TEXT NOT NULL,
    by_name TEXT NOT NULL,
    text    TEXT NOT NULL,
    PRIMARY KEY (case_id, seq)
);

-- A question to somebody who must sign in to answer it: the person, or the manager.
CREATE TABLE case_checks (
    id          TEXT PRIMARY KEY,
    case_id     TEXT NOT NULL REFERENCES cases (id),
    action      TEXT NOT NULL,
    method      TEXT NOT NULL CHECK (method IN ('call_check', 'push', 'manager')),
    agent       TEXT NOT NULL,
    agent_name  TEXT NOT NULL,
    -- Who is asked.
    tenant      TEXT NOT NULL,
    object      TEXT NOT NULL,
    -- The words, while the question is open.
    sealed      TEXT NOT NULL,
    state       TEXT NOT NULL CHECK (state IN ('waiting', 'confirmed', 'wrong', 'refused')),
    asked_at    BIGINT NOT NULL,
    until       BIGINT NOT NULL,
    answered_at BIGINT,
    CHECK ((state = 'waiting') = (answered_at IS NULL)),
    CHECK (agent <> object),
    UNIQUE (id, case_id, action, method, object, agent, state)
);
CREATE INDEX case_checks_asked ON case_checks (tenant, object, asked_at);
CREATE INDEX case_checks_case ON case_checks (case_id);

-- What speaks for the caller. Witnessed: somebody signed in and said so. Attested: only the agent says so.
CREATE TABLE case_verifications (
    id         TEXT PRIMARY KEY,
    case_id    TEXT NOT NULL REFERENCES cases (id),
    action     TEXT NOT NULL,
    method     TEXT NOT NULL CHECK (method IN ('call_check', 'push', 'manager', 'call_back', 'in_person')),
    points     BIGINT NOT NULL CHECK (points > 0),
    agent      TEXT NOT NULL,
    agent_name TEXT NOT NULL,
    check_id    TEXT UNIQUE,
    check_state TEXT CHECK (check_state = 'confirmed'),
    witness     TEXT,
    at         BIGINT NOT NULL,
    until      BIGINT NOT NULL,
    CHECK ((method IN ('call_check', 'push', 'manager')) = (check_id IS NOT NULL)),
    CHECK ((check_id IS NULL) = (witness IS NULL)),
    CHECK ((check_id IS NULL) = (check_state IS NULL)),
    FOREIGN KEY (check_id, case_id, action, method, witness, agent, check_state)
        REFERENCES case_checks (id, case_id, action, method, object, agent, state),
    UNIQUE (id, case_id, action, method, points, agent, until)
);
CREATE INDEX case_verifications_case ON case_verifications (case_id);

-- A verification is used up by one verdict.
CREATE TABLE case_parts (
    verification_id TEXT PRIMARY KEY REFERENCES case_verifications (id),
    verdict_id      TEXT NOT NULL,
    UNIQUE (verification_id, verdict_id)
);

-- "This is enough": up to three verifications that reach the threshold, or an override, which takes a second person.
CREATE TABLE case_verdicts (
    id         TEXT PRIMARY KEY,
    case_id    TEXT NOT NULL REFERENCES cases (id),
    action     TEXT NOT NULL,
    basis      TEXT NOT NULL CHECK (basis IN ('methods', 'override')),
    threshold  BIGINT NOT NULL CHECK (threshold > 0),
    two_people BIGINT NOT NULL CHECK (two_people IN (0, 1)),
    reason     TEXT NOT NULL,
    agent      TEXT NOT NULL,
    agent_name TEXT NOT NULL,
    at         BIGINT NOT NULL,
    until      BIGINT NOT NULL,
    first_id  TEXT, first_method  TEXT, first_points  BIGINT, first_agent  TEXT, first_until  BIGINT,
    second_id TEXT, second_method TEXT, second_points BIGINT, second_agent TEXT, second_until BIGINT,
    third_id  TEXT, third_method  TEXT, third_points  BIGINT, third_agent  TEXT, third_until  BIGINT,
    CHECK ((first_id IS NULL) = (basis = 'override')),
    CHECK ((first_id IS NULL) = (first_method IS NULL)),
    CHECK ((first_id IS NULL) = (first_points IS NULL)),
    CHECK ((first_id IS NULL) = (first_agent IS NULL)),
    CHECK ((first_id IS NULL) = (first_until IS NULL)),
    CHECK ((second_id IS NULL) = (second_method IS NULL)),
    CHECK ((second_id IS NULL) = (second_points IS NULL)),
    CHECK ((second_id IS NULL) = (second_agent IS NULL)),
    CHECK ((second_id IS NULL) = (second_until IS NULL)),
    CHECK ((third_id IS NULL) = (third_method IS NULL)),
    CHECK ((third_id IS NULL) = (third_points IS NULL)),
    CHECK ((third_id IS NULL) = (third_agent IS NULL)),
    CHECK ((third_id IS NULL) = (third_until IS NULL)),
    CHECK (second_id IS NOT NULL OR third_id IS NULL),
    CHECK (basis = 'methods' OR second_id IS NULL),
    CHECK (basis = 'override' OR first_points + COALESCE(second_points, 0) + COALESCE(third_points, 0) >= threshold),
    -- Nothing counts twice, and one agent's word by one method counts once.
    CHECK (COALESCE(first_method || first_agent <> second_method || second_agent, 1 = 1)),
    CHECK (COALESCE(first_method || first_agent <> third_method || third_agent, 1 = 1)),
    CHECK (COALESCE(second_method || second_agent <> third_method || third_agent, 1 = 1)),
    -- Attested points alone are not enough: somebody signed in, or a second agent gives their own word.
    CHECK (basis = 'override' OR first_method IN ('call_check', 'push', 'manager')
        OR COALESCE(second_agent <> first_agent, 1 = 0)),
    -- The caller's own session alone opens no pass and nothing of a privileged person.
    CHECK (basis = 'override' OR (action <> 'pass' AND two_people = 0)
        OR first_method NOT IN ('call_check', 'push')
        OR COALESCE(second_method NOT IN ('call_check', 'push'), 1 = 0)
        OR COALESCE(third_method NOT IN ('call_check', 'push'), 1 = 0)),
    CHECK (COALESCE(until <= first_until, 1 = 1) AND COALESCE(until <= second_until, 1 = 1)
        AND COALESCE(until <= third_until, 1 = 1)),
    FOREIGN KEY (first_id, case_id, action, first_method, first_points, first_agent, first_until)
        REFERENCES case_verifications (id, case_id, action, method, points, agent, until),
    FOREIGN KEY (second_id, case_id, action, second_method, second_points, second_agent, second_until)
        REFERENCES case_verifications (id, case_id, action, method, points, agent, until),
    FOREIGN KEY (third_id, case_id, action, third_method, third_points, third_agent, third_until)
        REFERENCES case_verifications (id, case_id, action, method, points, agent, until),
    FOREIGN KEY (first_id, id) REFERENCES case_parts (verification_id, verdict_id),
    FOREIGN KEY (second_id, id) REFERENCES case_parts (verification_id, verdict_id),
    FOREIGN KEY (third_id, id) REFERENCES case_parts (verification_id, verdict_id),
    UNIQUE (id, case_id, action, basis, two_people, until),
    UNIQUE (id, agent)
);
CREATE INDEX case_verdicts_case ON case_verdicts (case_id);

-- The second person. For the agent whose verdict it is, and nobody else.
CREATE TABLE case_approvals (
    id            TEXT PRIMARY KEY,
    verdict_id    TEXT NOT NULL UNIQUE,
    agent         TEXT NOT NULL,
    approver      TEXT NOT NULL,
    approver_name TEXT NOT NULL,
    -- Whom the case is about: who approves for whom about whom is looked at (two agents must not take turns).
    tenant        TEXT NOT NULL,
    object        TEXT NOT NULL,
    at            BIGINT NOT NULL,
    until         BIGINT NOT NULL,
    CHECK (approver <> agent),
    CHECK (approver <> object),
    FOREIGN KEY (verdict_id, agent) REFERENCES case_verdicts (id, agent),
    UNIQUE (id, verdict_id, agent, until)
);
CREATE INDEX case_approvals_turns ON case_approvals (object, approver, agent, at);

-- What was done, once for each verdict.
CREATE TABLE case_actions (
    id             TEXT PRIMARY KEY,
    case_id        TEXT NOT NULL REFERENCES cases (id),
    action         TEXT NOT NULL,
    verdict_id     TEXT NOT NULL UNIQUE,
    basis          TEXT NOT NULL,
    two_people     BIGINT NOT NULL,
    verdict_until  BIGINT NOT NULL,
    approval_id    TEXT,
    approval_until BIGINT,
    agent          TEXT NOT NULL,
    agent_name     TEXT NOT NULL,
    -- Who sees a pass.
    shown_to       TEXT NOT NULL CHECK (shown_to IN ('nobody', 'manager', 'agent')),
    viewer         TEXT,
    at             BIGINT NOT NULL,
    outcome        TEXT NOT NULL CHECK (outcome IN ('begun', 'waiting', 'done', 'failed')),
    detail         TEXT NOT NULL,
    ended_at       BIGINT,
    CHECK ((approval_id IS NULL) = (approval_until IS NULL)),
    CHECK (approval_id IS NOT NULL OR (two_people = 0 AND basis = 'methods' AND shown_to <> 'agent')),
    CHECK ((action = 'pass') = (shown_to <> 'nobody')),
    CHECK ((shown_to = 'manager') = (viewer IS NOT NULL)),
    CHECK (at < verdict_until AND at < COALESCE(approval_until, verdict_until)),
    FOREIGN KEY (verdict_id, case_id, action, basis, two_people, verdict_until)
        REFERENCES case_verdicts (id, case_id, action, basis, two_people, until),
    FOREIGN KEY (verdict_id, agent) REFERENCES case_verdicts (id, agent),
    FOREIGN KEY (approval_id, verdict_id, agent, approval_until)
        REFERENCES case_approvals (id, verdict_id, agent, until)
);
CREATE INDEX case_actions_case ON case_actions (case_id);
CREATE INDEX case_actions_viewer ON case_actions (viewer) WHERE outcome = 'waiting';

-- "This person may reset": once, within a day, used up by the intent that uses it. It comes from an action and from
-- nothing else.
CREATE TABLE grants (
    action_id TEXT PRIMARY KEY REFERENCES case_actions (id),
    tenant    TEXT NOT NULL,
    object    TEXT NOT NULL,
    until     BIGINT NOT NULL,
    reset_id  TEXT UNIQUE REFERENCES resets (id)
);
CREATE INDEX grants_person ON grants (tenant, object, until);

-- Requests at /help, each with a reference of its own: who asks for a name does not learn that somebody asked before.
CREATE TABLE case_requests (
    reference TEXT PRIMARY KEY,
    case_id   TEXT NOT NULL REFERENCES cases (id),
    at        BIGINT NOT NULL
);
CREATE INDEX case_requests_case ON case_requests (case_id);
