//! Pauses and resumes all resets, manually or when the hourly limit is reached.
//!
//! The pause is stored in the table `switches`, so it applies to every replica at once.

use jiff::Timestamp;

use crate::audit::{AuditActor, AuditEvent, AuditLog};
use crate::store::{Db, StoreError, exec_tx, select_optional};

/// Reason for a pause. The stored values are `hand` and `ceiling`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PauseReason {
    Manual,
    HourlyLimit,
}

impl PauseReason {
    fn as_str(self) -> &'static str {
        match self {
            Self::Manual => "hand",
            Self::HourlyLimit => "ceiling",
        }
    }
}

/// Reads and changes the pause of all resets.
#[derive(Clone)]
pub(crate) struct ResetPause {
    db: Db,
}

impl ResetPause {
    pub(crate) fn new(db: Db) -> Self {
        Self { db }
    }

    /// Returns why resets are paused, or `None` if they are not.
    pub(crate) async fn load_pause_reason(&self) -> Result<Option<PauseReason>, StoreError> {
        const SQL: &str = "SELECT by FROM switches WHERE name = 'pause'";
        let row: Option<(String,)> = select_optional!(&self.db, SQL)?;
        Ok(row.map(|(by,)| if by == "ceiling" { PauseReason::HourlyLimit } else { PauseReason::Manual }))
    }

    /// Pauses all resets. Keeps the first reason if they are already paused.
    pub(crate) async fn pause(
        &self,
        audit_log: &AuditLog,
        by: PauseReason,
        reason: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        const SQL: &str =
            "INSERT INTO switches (name, reason, by, at) VALUES ('pause', $1, $2, $3) ON CONFLICT (name) DO NOTHING";
        let mut transaction = audit_log.begin().await?;
        let at = now.as_millisecond();
        let rows = exec_tx!(transaction.tx(), SQL, reason, by.as_str(), at)?;
        if rows == 1 {
            let actor = if by == PauseReason::Manual { AuditActor::Command } else { AuditActor::Portal };
            transaction.record_event(
                AuditEvent::new("resets.paused", actor).with_detail("by", by.as_str()).with_detail("reason", reason),
            );
        }
        transaction.commit().await
    }

    /// Resumes resets. Does nothing if they are not paused.
    pub(crate) async fn resume(&self, audit_log: &AuditLog) -> Result<(), StoreError> {
        const SQL: &str = "DELETE FROM switches WHERE name = 'pause'";
        let mut transaction = audit_log.begin().await?;
        let rows = exec_tx!(transaction.tx(), SQL)?;
        if rows == 1 {
            transaction.record_event(AuditEvent::new("resets.resumed", AuditActor::Command));
        }
        transaction.commit().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{Clock, Random};
    use crate::store::testing::{test_databases, test_sealer};

    #[tokio::test]
    async fn pause_keeps_first_reason_until_resumed() {
        for engine in test_databases().await {
            let switches = ResetPause::new(engine.db.clone());
            let audit_log = AuditLog::new(engine.db.clone(), test_sealer(), Clock::system(), Random::system());
            let now = Timestamp::from_second(1_800_000_000).unwrap();
            assert_eq!(switches.load_pause_reason().await.unwrap(), None);
            switches.pause(&audit_log, PauseReason::HourlyLimit, "20 resets", now).await.unwrap();
            switches.pause(&audit_log, PauseReason::Manual, "again", now).await.unwrap();
            assert_eq!(
                switches.load_pause_reason().await.unwrap(),
                Some(PauseReason::HourlyLimit),
                "the first reason stays"
            );
            switches.resume(&audit_log).await.unwrap();
            assert_eq!(switches.load_pause_reason().await.unwrap(), None);
        }
    }
}
