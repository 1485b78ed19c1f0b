-- A person said No to a question of the helpdesk: nothing that was verified or decided before counts any more, and for a
-- time, what opens something for them takes two people.
CREATE TABLE case_denials (
    check_id TEXT PRIMARY KEY REFERENCES case_checks (id),
    case_id  TEXT NOT NULL REFERENCES cases (id),
    tenant   TEXT NOT NULL,
    object   TEXT NOT NULL,
    at       BIGINT NOT NULL
);
CREATE INDEX case_denials_person ON case_denials (tenant, object, at);

-- A pass that must not be used: deleted at Microsoft, tried again until that is confirmed.
ALTER TABLE pass_watches ADD COLUMN withdraw_at BIGINT;
ALTER TABLE pass_watches ADD COLUMN withdrawn_at BIGINT;
CREATE INDEX pass_watches_withdraw ON pass_watches (withdraw_at) WHERE withdrawn_at IS NULL AND withdraw_at IS NOT NULL;
