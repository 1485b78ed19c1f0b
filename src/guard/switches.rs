//! The big switch: pausing all resets, by hand or by the hourly ceiling. In the database, so that every replica obeys
//! at once.

use jiff::Timestamp;

use crate::audit::{Actor, Auditor, Event};
use crate::store::{Db, StoreError, on_db, on_tx};

/// What paused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pause {
    Hand,
    Ceiling,
}

impl Pause {
    fn name(self) -> &'static str {
        match self {
            Self::Hand => "hand",
            Self::Ceiling => "ceiling",
        }
    }
}

/// The switches table.
#[derive(Clone)]
pub(crate) struct Switches {
    db: Db,
}

impl Switches {
    pub(crate) fn new(db: Db) -> Self {
        Self { db }
    }

    pub(crate) async fn paused(&self) -> Result<Option<Pause>, StoreError> {
        const SQL: &str = "SELECT by FROM switches WHERE name = 'pause'";
        let row: Option<(String,)> = on_db!(&self.db, |pool| sqlx::query_as(SQL).fetch_optional(pool).await)?;
        Ok(row.map(|(by,)| if by == "ceiling" { Pause::Ceiling } else { Pause::Hand }))
    }

    /// Pauses; nothing happens if it is paused already.
    pub(crate) async fn pause(
        &self,
        auditor: &Auditor,
        by: Pause,
        reason: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        const SQL: &str =
            "INSERT INTO switches (name, reason, by, at) VALUES ('pause', $1, $2, $3) ON CONFLICT (name) DO NOTHING";
        let mut ledger = auditor.begin().await?;
        let at = now.as_millisecond();
        let rows = on_tx!(ledger.tx(), |c| sqlx::query(SQL)
            .bind(reason)
            .bind(by.name())
            .bind(at)
            .execute(c)
            .await
            .map(|d| d.rows_affected()))?;
        if rows == 1 {
            let actor = if by == Pause::Hand { Actor::Command } else { Actor::Portal };
            ledger.record(Event::new("resets.paused", actor).with("by", by.name()).with("reason", reason));
        }
        ledger.commit().await
    }

    pub(crate) async fn resume(&self, auditor: &Auditor) -> Result<(), StoreError> {
        const SQL: &str = "DELETE FROM switches WHERE name = 'pause'";
        let mut ledger = auditor.begin().await?;
        let rows = on_tx!(ledger.tx(), |c| sqlx::query(SQL).execute(c).await.map(|d| d.rows_affected()))?;
        if rows == 1 {
            ledger.record(Event::new("resets.resumed", Actor::Command));
        }
        ledger.commit().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{Clock, Random};
    use crate::store::testing::{engines, sealer};

    #[tokio::test]
    async fn paused_is_paused_until_resumed() {
        for engine in engines().await {
            let switches = Switches::new(engine.db.clone());
            let auditor = Auditor::new(engine.db.clone(), sealer(), Clock::system(), Random::system());
            let now = Timestamp::from_second(1_800_000_000).unwrap();
            assert_eq!(switches.paused().await.unwrap(), None);
            switches.pause(&auditor, Pause::Ceiling, "20 resets", now).await.unwrap();
            switches.pause(&auditor, Pause::Hand, "again", now).await.unwrap();
            assert_eq!(switches.paused().await.unwrap(), Some(Pause::Ceiling), "the first word stays");
            switches.resume(&auditor).await.unwrap();
            assert_eq!(switches.paused().await.unwrap(), None);
        }
    }
}
