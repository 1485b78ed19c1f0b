-- The words by which the helpdesk finds a reset: beginnings of the words of its person's name and of their UPN, pairs of
-- beginnings, the beginning of the reference, and tickets (`#…`). src/reset/words.rs says which.
--
-- These are personal details. They are made from `resets.name` and `resets.upn` and nothing else, so that retention can
-- take them out word by word before it empties those (`forget` in src/reset/store/search.rs); tickets have an index of
-- their own for it. No word is in the audit or in a log.
CREATE TABLE search_words (
    word     TEXT NOT NULL,
    -- UUIDv7: by it, the newest comes first.
    reset_id TEXT NOT NULL REFERENCES resets (id),
    PRIMARY KEY (word, reset_id)
);
CREATE INDEX search_tickets ON search_words (reset_id) WHERE substr(word, 1, 1) = '#';

-- 1 once the words of a reset are in the table. They are written after the intent, by whichever replica comes to it:
-- a reset waits for nothing, a crash loses nothing, and resets from before this release are found, too.
ALTER TABLE resets ADD COLUMN searchable BIGINT;
CREATE INDEX resets_unsearchable ON resets (created_at, id) WHERE searchable IS NULL;

-- Work that one replica does for all. Two that both believe they hold it do no harm: it is to spare work.
CREATE TABLE leases (
    name  TEXT PRIMARY KEY,
    owner TEXT NOT NULL,
    until BIGINT NOT NULL
);
