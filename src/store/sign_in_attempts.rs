//! Sign-in attempts that wait for the callback from Entra.
//!
//! A row is found by the hashes of its OAuth `state` and of the browser that started the attempt. Reading deletes the
//! row, so a callback is accepted once.

use crate::store::{exec_db, select_one};
use jiff::{SignedDuration, Timestamp};

use super::{Db, KeyPurpose, SealContext, Sealer, StoreError, hash_id, write_db};

/// Maximum pending attempts per browser. Several tabs can sign in independently, and a script cannot fill the table.
const MAX_PENDING_PER_BROWSER: i64 = 5;
/// Lifetime of an attempt. Entra's authorization codes are valid for about 10 minutes, and the person may need some
/// time before Entra issues one.
const ATTEMPT_LIFETIME: SignedDuration = SignedDuration::from_mins(30);

/// Store of pending sign-in attempts, on the `attempts` table.
#[derive(Clone)]
pub(crate) struct SignInAttempts {
    db: Db,
    sealer: Sealer,
}

/// Sign-in attempt as the callback reads it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct StoredSignInAttempt {
    pub(crate) purpose: String,
    pub(crate) data: Vec<u8>,
}

impl SignInAttempts {
    pub(crate) fn new(db: Db, sealer: Sealer) -> Self {
        Self { db, sealer }
    }

    /// Stores an attempt, and deletes expired ones and the browser's oldest beyond [`MAX_PENDING_PER_BROWSER`].
    pub(crate) async fn insert(
        &self,
        state: &str,
        browser: &str,
        attempt: &StoredSignInAttempt,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        const INSERT_SQL: &str = "INSERT INTO attempts (state_hash, browser_hash, purpose, sealed, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6)";
        const TRIM_SQL: &str = "DELETE FROM attempts WHERE expires_at < $2 OR (browser_hash = $1 AND state_hash NOT IN
            (SELECT state_hash FROM attempts WHERE browser_hash = $1 ORDER BY created_at DESC, state_hash LIMIT $3))";
        let (state, browser, at) = (hash_id(state), hash_id(browser), now.as_millisecond());
        let sealed = self.sealer.seal(KeyPurpose::SignInAttempt, seal_context(&state), &attempt.data)?;
        let until = at.saturating_add(i64::try_from(ATTEMPT_LIFETIME.as_millis()).unwrap_or(0));
        exec_db!(&self.db, INSERT_SQL, &state, &browser, &attempt.purpose, &sealed, at, until)?;
        exec_db!(&self.db, TRIM_SQL, &browser, at, MAX_PENDING_PER_BROWSER)?;
        Ok(())
    }

    /// Returns whether this browser has started a sign-in whose callback has not arrived.
    pub(crate) async fn has_pending(&self, browser: &str, now: Timestamp) -> Result<bool, StoreError> {
        const SQL: &str = "SELECT COUNT(*) FROM attempts WHERE browser_hash = $1 AND expires_at > $2";
        let (browser, now) = (hash_id(browser), now.as_millisecond());
        let (count,): (i64,) = select_one!(&self.db, SQL, &browser, now)?;
        Ok(count > 0)
    }

    /// Deletes and returns the attempt. `None`: never started, started in another browser, already used, or expired.
    pub(crate) async fn consume(
        &self,
        state: &str,
        browser: &str,
        now: Timestamp,
    ) -> Result<Option<StoredSignInAttempt>, StoreError> {
        const SQL: &str =
            "DELETE FROM attempts WHERE state_hash = $1 AND browser_hash = $2 RETURNING purpose, sealed, expires_at";
        let (state, browser) = (hash_id(state), hash_id(browser));
        let found: Option<(String, String, i64)> =
            write_db!(&self.db, |pool| sqlx::query_as(SQL).bind(&state).bind(&browser).fetch_optional(pool).await)?;
        let Some((purpose, sealed, until)) = found else { return Ok(None) };
        if until < now.as_millisecond() {
            return Ok(None);
        }
        let data = self.sealer.open(KeyPurpose::SignInAttempt, seal_context(&state), &sealed)?.to_vec();
        Ok(Some(StoredSignInAttempt { purpose, data }))
    }
}

fn seal_context(row: &str) -> SealContext<'_> {
    SealContext { table: "attempts", column: "sealed", row }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::testing::{test_databases, test_sealer};

    fn stored_attempt(n: u8) -> StoredSignInAttempt {
        StoredSignInAttempt { purpose: "person".to_owned(), data: vec![n] }
    }

    #[tokio::test]
    async fn sign_in_attempt_is_consumed_once_in_its_own_browser() {
        for engine in test_databases().await {
            let attempts = SignInAttempts::new(engine.db.clone(), test_sealer());
            let now = Timestamp::from_second(1_800_000_000).unwrap();
            attempts.insert("s1", "mine", &stored_attempt(1), now).await.unwrap();
            assert_eq!(attempts.consume("s1", "other", now).await.unwrap(), None);
            assert_eq!(attempts.consume("s1", "mine", now).await.unwrap(), Some(stored_attempt(1)));
            assert_eq!(attempts.consume("s1", "mine", now).await.unwrap(), None);
            assert!(!attempts.has_pending("mine", now).await.unwrap(), "the callback arrived");
        }
    }

    #[tokio::test]
    async fn browser_keeps_five_newest_attempts_until_expiry() {
        for engine in test_databases().await {
            let attempts = SignInAttempts::new(engine.db.clone(), test_sealer());
            let now = Timestamp::from_second(1_800_000_000).unwrap();
            for n in 0..7_u8 {
                attempts
                    .insert(&format!("s{n}"), "mine", &stored_attempt(n), now + SignedDuration::from_secs(n.into()))
                    .await
                    .unwrap();
            }
            assert_eq!(attempts.consume("s1", "mine", now).await.unwrap(), None, "the oldest was deleted");
            assert_eq!(attempts.consume("s2", "mine", now).await.unwrap(), Some(stored_attempt(2)));
            let late = now + SignedDuration::from_mins(31);
            assert_eq!(attempts.consume("s6", "mine", late).await.unwrap(), None);
        }
    }
}
