-- Who paused (empty: the command line or the hourly limit), and what the hourly limit had counted. The row 'resume' holds the
-- last resume: the hourly limit counts from there.
ALTER TABLE switches ADD COLUMN actor TEXT;
ALTER TABLE switches ADD COLUMN people BIGINT;
ALTER TABLE switches ADD COLUMN people_limit BIGINT;

-- Increased by every dispatch. Its row is the lock under which the hourly limit decides.
INSERT INTO counters (name, value) VALUES ('dispatch', 0);

-- The people whom the hourly limit counts, answered by the index alone.
CREATE INDEX resets_hour ON resets (dispatched_at, object) WHERE dispatched_at IS NOT NULL AND canary IS NULL AND state <> 'refused';
