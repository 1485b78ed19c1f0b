-- People the desk looked at, or who reset: whose telephone numbers are looked at again every day.
CREATE TABLE people_known (
    tenant     TEXT NOT NULL,
    object     TEXT NOT NULL,
    -- When somebody last asked about them, or they reset.
    asked_at   BIGINT NOT NULL,
    refresh_at BIGINT NOT NULL,
    PRIMARY KEY (tenant, object)
);
CREATE INDEX people_known_refresh ON people_known (refresh_at);
CREATE INDEX people_known_asked ON people_known (asked_at);

-- Their present numbers: a keyed digest, never the number, and since when it has been seen.
CREATE TABLE person_numbers (
    tenant        TEXT NOT NULL,
    object        TEXT NOT NULL,
    kind          TEXT NOT NULL,
    digest        TEXT NOT NULL,
    digest_key    TEXT NOT NULL,
    first_seen_at BIGINT NOT NULL,
    PRIMARY KEY (tenant, object, kind, digest)
);
