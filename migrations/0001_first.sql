-- One text for SQLite and PostgreSQL: TEXT, BIGINT (milliseconds since 1970, or counts) and nothing of either engine.

CREATE TABLE sessions (
    id_hash    TEXT PRIMARY KEY,
    tenant     TEXT,
    object     TEXT,
    sealed     TEXT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX sessions_expiry ON sessions (expires_at);
CREATE INDEX sessions_person ON sessions (tenant, object);

CREATE TABLE attempts (
    state_hash   TEXT PRIMARY KEY,
    browser_hash TEXT NOT NULL,
    purpose      TEXT NOT NULL,
    sealed       TEXT NOT NULL,
    created_at   BIGINT NOT NULL,
    expires_at   BIGINT NOT NULL
);
CREATE INDEX attempts_browser ON attempts (browser_hash, created_at);

-- GCRA: the theoretical arrival time of the next request within the limit.
CREATE TABLE limits (
    name       TEXT PRIMARY KEY,
    arrives_at BIGINT NOT NULL
);

-- The one operator. Tokens are sealed; a refresh is claimed before it is made.
CREATE TABLE operator (
    slot            BIGINT PRIMARY KEY CHECK (slot = 1),
    tenant          TEXT NOT NULL,
    object          TEXT NOT NULL,
    upn             TEXT NOT NULL,
    name            TEXT NOT NULL,
    role            TEXT NOT NULL,
    scope           TEXT NOT NULL,
    linked_by       TEXT NOT NULL,
    linked_at       BIGINT NOT NULL,
    sealed_refresh  TEXT NOT NULL,
    sealed_access   TEXT NOT NULL,
    access_until    BIGINT NOT NULL,
    refreshed_at    BIGINT NOT NULL,
    refresh_owner   TEXT,
    refresh_until   BIGINT,
    trouble         TEXT,
    trouble_at      BIGINT
);

-- An operator that was signed in but not yet confirmed by the administrator who signed it in.
CREATE TABLE operator_candidates (
    session_hash TEXT PRIMARY KEY,
    sealed       TEXT NOT NULL,
    expires_at   BIGINT NOT NULL
);

CREATE TABLE policy_verdicts (
    context    TEXT PRIMARY KEY,
    checked_at BIGINT NOT NULL,
    verdict    TEXT NOT NULL
);

CREATE TABLE switches (
    name   TEXT PRIMARY KEY,
    reason TEXT NOT NULL,
    by     TEXT NOT NULL,
    at     BIGINT NOT NULL
);

CREATE TABLE resets (
    id            TEXT PRIMARY KEY,
    reference     TEXT NOT NULL UNIQUE,
    tenant        TEXT NOT NULL,
    object        TEXT NOT NULL,
    upn           TEXT NOT NULL,
    name          TEXT NOT NULL,
    synced        BIGINT NOT NULL,
    state         TEXT NOT NULL,
    cause         TEXT,
    detail        TEXT,
    created_at    BIGINT NOT NULL,
    updated_at    BIGINT NOT NULL,
    -- Counts every visible change: what the event stream waits for.
    revision      BIGINT NOT NULL,
    change        BIGINT NOT NULL,
    dispatched_at BIGINT,
    accepted_at   BIGINT,
    settled_at    BIGINT,
    location      TEXT,
    next_poll_at  BIGINT,
    polls         BIGINT NOT NULL DEFAULT 0,
    lost_since    BIGINT,
    down_since    BIGINT,
    down_total    BIGINT NOT NULL DEFAULT 0,
    next_look_at  BIGINT,
    line_since    BIGINT,
    lease_owner   TEXT,
    lease_until   BIGINT,
    open          BIGINT NOT NULL
);
-- One unfinished reset per person.
CREATE UNIQUE INDEX resets_one_open ON resets (tenant, object) WHERE open = 1;
CREATE INDEX resets_person ON resets (tenant, object, created_at);
CREATE INDEX resets_due_poll ON resets (next_poll_at) WHERE next_poll_at IS NOT NULL;
CREATE INDEX resets_due_look ON resets (next_look_at) WHERE next_look_at IS NOT NULL;
CREATE INDEX resets_sending ON resets (lease_until) WHERE state = 'sending';
CREATE INDEX resets_created ON resets (created_at);
CREATE INDEX resets_change ON resets (change);

CREATE TABLE evidence (
    reset_id TEXT NOT NULL REFERENCES resets (id),
    rung     TEXT NOT NULL,
    at       BIGINT NOT NULL,
    source   TEXT NOT NULL,
    detail   TEXT,
    PRIMARY KEY (reset_id, rung)
);

-- What Graph answered, whole: for the helpdesk.
CREATE TABLE answers (
    reset_id   TEXT NOT NULL REFERENCES resets (id),
    seq        BIGINT NOT NULL,
    at         BIGINT NOT NULL,
    call       TEXT NOT NULL,
    status     BIGINT NOT NULL,
    request_id TEXT,
    detail     TEXT,
    PRIMARY KEY (reset_id, seq)
);

-- Until when Graph wants to be left alone, for all replicas.
CREATE TABLE throttles (
    name  TEXT PRIMARY KEY,
    until BIGINT NOT NULL
);

CREATE TABLE audit (
    seq       BIGINT PRIMARY KEY,
    at        BIGINT NOT NULL,
    event     TEXT NOT NULL,
    actor     TEXT NOT NULL,
    subject   TEXT,
    reset_id  TEXT,
    detail    TEXT NOT NULL,
    personal  TEXT NOT NULL,
    previous  TEXT NOT NULL,
    hash      TEXT NOT NULL,
    mac       TEXT NOT NULL,
    mac_key   TEXT NOT NULL
);
CREATE INDEX audit_reset ON audit (reset_id);

-- Personal details are in the chain only as a salted digest, so that retention can erase them.
CREATE TABLE audit_personal (
    seq  BIGINT PRIMARY KEY REFERENCES audit (seq),
    salt TEXT NOT NULL,
    data TEXT NOT NULL
);

CREATE TABLE audit_head (
    slot  BIGINT PRIMARY KEY CHECK (slot = 1),
    count BIGINT NOT NULL,
    hash  TEXT NOT NULL,
    mac   TEXT NOT NULL,
    mac_key TEXT NOT NULL
);

CREATE TABLE counters (
    name  TEXT PRIMARY KEY,
    value BIGINT NOT NULL
);
INSERT INTO counters (name, value) VALUES ('change', 0);
