-- Letters: mail that tells of something other than a reset, one row for each person who is told.
CREATE TABLE letters (
    id           TEXT PRIMARY KEY,
    kind         TEXT NOT NULL,
    -- Whose account it is about.
    tenant       TEXT NOT NULL,
    object       TEXT NOT NULL,
    at           BIGINT NOT NULL,
    language     TEXT NOT NULL,
    -- Recipients and names; empty once it is done.
    sealed       TEXT NOT NULL,
    due_at       BIGINT,
    owner        TEXT,
    tries        BIGINT NOT NULL DEFAULT 0,
    first_try_at BIGINT,
    outcome      TEXT,
    ended_at     BIGINT
);
CREATE INDEX letters_due ON letters (due_at) WHERE due_at IS NOT NULL;

-- A pass that was made: looked at until its first use is seen, and for a day for new ways to sign in.
CREATE TABLE pass_watches (
    action_id TEXT PRIMARY KEY REFERENCES case_actions (id),
    case_id   TEXT NOT NULL REFERENCES cases (id),
    tenant    TEXT NOT NULL,
    object    TEXT NOT NULL,
    -- Microsoft's id of the pass; no secret.
    pass_id   TEXT NOT NULL,
    made_at   BIGINT NOT NULL,
    ends_at   BIGINT NOT NULL,
    used_at   BIGINT,
    -- The newest registration of a sign-in method that was told.
    method_at BIGINT,
    -- Person and manager with their addresses, as they were before the pass.
    sealed    TEXT NOT NULL
);
CREATE INDEX pass_watches_made ON pass_watches (made_at);
CREATE INDEX pass_watches_case ON pass_watches (case_id);
