//! Places and lifts holds: a person on hold cannot start a reset until the helpdesk lifts the hold.
//!
//! A hold follows a report of "this was not me" through the link in a notice, or a decision of the helpdesk. It is
//! stored in the table `freezes`, so it applies to every replica at once. Audit events and the table keep the word
//! *freeze*.

use jiff::{SignedDuration, Timestamp};

use crate::audit::{AuditActor, AuditEvent, AuditedTransaction};
use crate::base::{PersonKey, ResetId};
use crate::store::{Db, StoreError, on_db, on_tx};

/// Time after a hold in which another link report only raises an alert. Repeated use of the link must not lock out a
/// person whose hold the helpdesk has lifted.
const REST: SignedDuration = SignedDuration::from_hours(24);

/// Outcome of a report of "this was not me".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HoldOutcome {
    Now,
    /// The person is already on hold, or the hold was lifted recently: the report is only audited.
    AlarmOnly,
}

/// Places a hold because of this reset, in the transaction of the report.
pub(crate) async fn freeze(
    ledger: &mut AuditedTransaction,
    person: PersonKey,
    reset: ResetId,
    now: Timestamp,
) -> Result<HoldOutcome, StoreError> {
    const SQL: &str = "INSERT INTO freezes (tenant, object, reset_id, since) VALUES ($1, $2, $3, $4)
        ON CONFLICT (tenant, object) DO UPDATE SET reset_id = $3, since = $4, thawed_at = NULL
        WHERE freezes.thawed_at IS NOT NULL AND freezes.since <= $5";
    let (tenant, object, row) = (person.tenant.to_string(), person.object.to_string(), reset.to_string());
    let rested = now.saturating_sub(REST).unwrap_or_default().as_millisecond();
    let now = now.as_millisecond();
    let rows = on_tx!(ledger.tx(), |c| sqlx::query(SQL)
        .bind(&tenant)
        .bind(&object)
        .bind(&row)
        .bind(now)
        .bind(rested)
        .execute(c)
        .await
        .map(|d| d.rows_affected()))?;
    let (frozen, kind) =
        if rows == 1 { (HoldOutcome::Now, "guard.frozen") } else { (HoldOutcome::AlarmOnly, "guard.freeze_again") };
    // The only known fact about the reporter is that they have the link.
    ledger.record(AuditEvent::new(kind, AuditActor::Portal).about(person).reset(reset).with("by", "link"));
    Ok(frozen)
}

/// Places a hold on behalf of the helpdesk, after a denied call check or an impostor on the phone. Returns false if the
/// person is already on hold. No cooldown applies, because staff actions are attributed in the audit log.
pub(crate) async fn freeze_by_desk(
    ledger: &mut AuditedTransaction,
    person: PersonKey,
    by: AuditActor,
    now: Timestamp,
) -> Result<bool, StoreError> {
    const SQL: &str = "INSERT INTO freezes (tenant, object, reset_id, since) VALUES ($1, $2, '', $3)
        ON CONFLICT (tenant, object) DO UPDATE SET reset_id = '', since = $3, thawed_at = NULL
        WHERE freezes.thawed_at IS NOT NULL";
    let (tenant, object, now) = (person.tenant.to_string(), person.object.to_string(), now.as_millisecond());
    let rows = on_tx!(ledger.tx(), |c| sqlx::query(SQL)
        .bind(&tenant)
        .bind(&object)
        .bind(now)
        .execute(c)
        .await
        .map(|d| d.rows_affected()))?;
    if rows == 1 {
        ledger.record(AuditEvent::new("guard.frozen", by).about(person).with("by", "desk"));
    }
    Ok(rows == 1)
}

/// Returns the start of the person's current hold, if there is one.
pub(crate) async fn frozen_since(db: &Db, person: PersonKey) -> Result<Option<Timestamp>, StoreError> {
    const SQL: &str = "SELECT since FROM freezes WHERE tenant = $1 AND object = $2 AND thawed_at IS NULL";
    let (tenant, object) = (person.tenant.to_string(), person.object.to_string());
    let row: Option<(i64,)> =
        on_db!(db, |pool| sqlx::query_as(SQL).bind(&tenant).bind(&object).fetch_optional(pool).await)?;
    Ok(row.map(|(since,)| Timestamp::from_millisecond(since).unwrap_or_default()))
}

/// Returns whether the person is on hold and cannot start a reset.
pub(crate) async fn is_frozen(db: &Db, person: PersonKey) -> Result<bool, StoreError> {
    Ok(frozen_since(db, person).await?.is_some())
}

/// Lifts the person's hold, in the transaction of the case that decides it. Returns false if there was no hold.
pub(crate) async fn thaw(
    ledger: &mut AuditedTransaction,
    person: PersonKey,
    by: AuditActor,
    now: Timestamp,
) -> Result<bool, StoreError> {
    const SQL: &str = "UPDATE freezes SET thawed_at = $3 WHERE tenant = $1 AND object = $2 AND thawed_at IS NULL";
    let (tenant, object) = (person.tenant.to_string(), person.object.to_string());
    let now = now.as_millisecond();
    let rows = on_tx!(ledger.tx(), |c| sqlx::query(SQL)
        .bind(&tenant)
        .bind(&object)
        .bind(now)
        .execute(c)
        .await
        .map(|d| d.rows_affected()))?;
    if rows == 1 {
        ledger.record(AuditEvent::new("guard.thawed", by).about(person));
    }
    Ok(rows == 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::AuditLog;
    use crate::base::{Clock, Random};
    use crate::store::testing::{TestDatabase, engines, sealer, tenant};

    fn somebody() -> crate::base::ObjectId {
        Random::system().uuid().to_string().parse().unwrap()
    }

    struct HoldFixture {
        auditor: AuditLog,
        engine: TestDatabase,
        who: PersonKey,
    }

    impl HoldFixture {
        async fn all() -> Vec<Self> {
            let make = |engine: TestDatabase| Self {
                auditor: AuditLog::new(engine.db.clone(), sealer(), Clock::system(), Random::system()),
                engine,
                who: PersonKey { tenant: tenant(), object: somebody() },
            };
            engines().await.into_iter().map(make).collect()
        }

        async fn freeze(&self, now: Timestamp) -> HoldOutcome {
            let mut ledger = self.auditor.begin().await.unwrap();
            let reset = ResetId::new(&Random::system(), now);
            let frozen = freeze(&mut ledger, self.who, reset, now).await.unwrap();
            ledger.commit().await.unwrap();
            frozen
        }

        async fn thaw(&self, now: Timestamp) -> bool {
            let mut ledger = self.auditor.begin().await.unwrap();
            let agent = PersonKey { tenant: tenant(), object: somebody() };
            let thawed = thaw(&mut ledger, self.who, AuditActor::Staff(agent), now).await.unwrap();
            ledger.commit().await.unwrap();
            thawed
        }

        async fn is_frozen(&self) -> bool {
            is_frozen(&self.engine.db, self.who).await.unwrap()
        }

        async fn audited(&self) -> Vec<String> {
            const SQL: &str = "SELECT event FROM audit ORDER BY seq";
            let rows: Vec<(String,)> =
                on_db!(&self.engine.db, |pool| sqlx::query_as(SQL).fetch_all(pool).await).unwrap();
            rows.into_iter().map(|(event,)| event).collect()
        }
    }

    #[tokio::test]
    async fn frozen_is_frozen_until_the_desk_thaws_and_then_for_a_day_only_an_alarm() {
        for desk in HoldFixture::all().await {
            let start = Timestamp::from_second(1_800_000_000).unwrap();
            let hours = |n| start + SignedDuration::from_hours(n);
            assert!(!desk.is_frozen().await && !desk.thaw(start).await);
            assert_eq!(desk.freeze(start).await, HoldOutcome::Now);
            assert_eq!(desk.freeze(hours(30)).await, HoldOutcome::AlarmOnly, "already on hold");
            assert!(desk.is_frozen().await);
            assert!(desk.thaw(hours(2)).await && !desk.thaw(hours(2)).await && !desk.is_frozen().await);
            assert_eq!(desk.freeze(hours(3)).await, HoldOutcome::AlarmOnly, "lifted recently");
            assert!(!desk.is_frozen().await);
            assert_eq!(desk.freeze(hours(24)).await, HoldOutcome::Now);
            assert!(desk.is_frozen().await);
            let events = ["guard.frozen", "guard.freeze_again", "guard.thawed", "guard.freeze_again", "guard.frozen"];
            assert_eq!(desk.audited().await, events);
        }
    }
}
