-- Looking through the audit by what, by whom, about whom and when.
CREATE INDEX audit_event ON audit (event, seq);
CREATE INDEX audit_actor ON audit (actor, seq);
CREATE INDEX audit_subject ON audit (subject, seq);
CREATE INDEX audit_at ON audit (at);

-- What retention still has to empty: the oldest first.
CREATE INDEX resets_named ON resets (created_at) WHERE name <> '';

-- What one replica does once a day.
CREATE TABLE daily (
    name    TEXT PRIMARY KEY,
    done_at BIGINT NOT NULL
);
