-- Finishing sign-ins: one row per reset, of its newest try. "Used" needs a change of the password in Entra later than
-- the start of the try.
CREATE TABLE finishings (
    reset_id TEXT PRIMARY KEY REFERENCES resets (id),
    started_at BIGINT NOT NULL,
    returned_at BIGINT,
    look_at BIGINT,
    outcome TEXT
);
CREATE INDEX finishings_due ON finishings (look_at) WHERE look_at IS NOT NULL;
