-- Sessions that ended, in the order they did: every replica reads what is new, and forgets them within a second.
CREATE TABLE session_ends (
    change  BIGINT PRIMARY KEY,
    id_hash TEXT NOT NULL,
    at      BIGINT NOT NULL
);
CREATE INDEX session_ends_at ON session_ends (at);
INSERT INTO counters (name, value) VALUES ('session_end', 0);
