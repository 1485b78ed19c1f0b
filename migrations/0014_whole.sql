-- What is wrong with the whole rather than with one reset, one row a kind: shown at the desk until it is over.
CREATE TABLE troubles (
    kind     TEXT PRIMARY KEY,
    since    BIGINT NOT NULL,
    detail   TEXT NOT NULL,
    ended_at BIGINT,
    -- Grows with every change, for pages that wait for one.
    change   BIGINT NOT NULL
);

-- Facts about the tenant that one replica reads for all, each with when it was read.
CREATE TABLE signals (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL,
    at    BIGINT NOT NULL
);
