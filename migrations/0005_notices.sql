-- Notices by mail. The row comes with the intent of its reset and holds whom to tell, as it was before the reset. A
-- row that is done keeps only what its link needs.
CREATE TABLE notices (
    reset_id     TEXT PRIMARY KEY REFERENCES resets (id),
    language     TEXT NOT NULL,
    -- Recipients and name; empty once it is done.
    sealed       TEXT NOT NULL,
    -- When to look at it next; nobody does once it is done.
    due_at       BIGINT,
    owner        TEXT,
    tries        BIGINT NOT NULL DEFAULT 0,
    first_try_at BIGINT,
    -- The state it tells of, and what became of it.
    told         TEXT,
    outcome      TEXT,
    ended_at     BIGINT,
    -- The link in it: "this was not me".
    link_hash    TEXT UNIQUE,
    link_until   BIGINT,
    link_used_at BIGINT
);
CREATE INDEX notices_due ON notices (due_at) WHERE due_at IS NOT NULL;

-- Who may not begin a reset, because a reset of theirs was not theirs: the newest freeze of each person.
CREATE TABLE freezes (
    tenant    TEXT NOT NULL,
    object    TEXT NOT NULL,
    reset_id  TEXT NOT NULL,
    since     BIGINT NOT NULL,
    thawed_at BIGINT,
    PRIMARY KEY (tenant, object)
);
