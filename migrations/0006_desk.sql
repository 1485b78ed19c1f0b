-- What the helpdesk asks for: by state and by cause, newest first; and its notes.
CREATE INDEX resets_state ON resets (state, created_at);
CREATE INDEX resets_cause ON resets (cause, created_at) WHERE cause IS NOT NULL;

CREATE TABLE reset_notes (
    reset_id TEXT NOT NULL REFERENCES resets (id),
    seq      BIGINT NOT NULL,
    at       BIGINT NOT NULL,
    by       TEXT NOT NULL,
    by_name  TEXT NOT NULL,
    text     TEXT NOT NULL,
    PRIMARY KEY (reset_id, seq)
);
