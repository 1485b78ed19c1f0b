-- What later evidence is held against: who sent it, how the directory knows the person, and when their password was last set
-- there before (0: it had to be changed; empty: nobody asked).
ALTER TABLE resets ADD COLUMN operator TEXT;
ALTER TABLE resets ADD COLUMN account TEXT;
ALTER TABLE resets ADD COLUMN pwd_before BIGINT;
-- Why the log will not name who carried it: 'ambiguous', 'unavailable'.
ALTER TABLE resets ADD COLUMN carried_note TEXT;
-- 1: a scheduled reset of the test account.
ALTER TABLE resets ADD COLUMN canary BIGINT;
CREATE INDEX resets_canary ON resets (created_at) WHERE canary = 1;
