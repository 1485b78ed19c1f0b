-- What a person still has to do on their devices. `devices` holds kinds, not names.
CREATE TABLE aftercare (
    reset_id TEXT PRIMARY KEY REFERENCES resets (id),
    was_locked BIGINT NOT NULL DEFAULT 0,
    devices TEXT,
    laptop TEXT,
    signed_out_at BIGINT
);
CREATE TABLE aftercare_ticks (
    reset_id TEXT NOT NULL REFERENCES resets (id),
    step TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (reset_id, step)
);
