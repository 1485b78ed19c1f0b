//! Places and lifts holds: a person on hold cannot start a reset until the helpdesk lifts the hold.
//!
//! A hold follows a report of "this was not me" through the link in a notice, or a decision of the helpdesk. It is
//! stored in the table `freezes`, so it applies to every replica at once. Audit events and the table keep the word
//! *freeze*.

use jiff::{SignedDuration, Timestamp};

use crate::audit::{AuditActor, AuditEvent, AuditedTransaction};
use crate::base::{PersonKey, ResetId, TimestampExt as _};
use crate::store::{Db, StoreError, exec_tx, select_optional};

/// Time after a hold in which another link report only raises an alert. Repeated use of the link must not lock out a
/// person whose hold the helpdesk has lifted.
const LINK_HOLD_COOLDOWN: SignedDuration = SignedDuration::from_hours(24);

/// Outcome of a report of "this was not me".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HoldOutcome {
    Placed,
    /// The person is already on hold, or the hold was lifted recently: the report is only audited.
    AlertOnly,
}

/// Places a hold because of this reset, in the transaction of the report.
pub(crate) async fn place_hold(
    transaction: &mut AuditedTransaction,
    person: PersonKey,
    reset: ResetId,
    now: Timestamp,
) -> Result<HoldOutcome, StoreError> {
    const SQL: &str = "INSERT INTO freezes (tenant, object, reset_id, since) VALUES ($1, $2, $3, $4)
        ON CONFLICT (tenant, object) DO UPDATE SET reset_id = $3, since = $4, thawed_at = NULL
        WHERE freezes.thawed_at IS NOT NULL AND freezes.since <= $5";
    let (tenant, object, row) = (person.tenant.to_string(), person.object.to_string(), reset.to_string());
    let rested = now.earlier(LINK_HOLD_COOLDOWN).as_millisecond();
    let now = now.as_millisecond();
    let rows = exec_tx!(transaction.tx(), SQL, &tenant, &object, &row, now, rested)?;
    let (frozen, kind) =
        if rows == 1 { (HoldOutcome::Placed, "guard.frozen") } else { (HoldOutcome::AlertOnly, "guard.freeze_again") };
    // The only known fact about the reporter is that they have the link.
    transaction.record_event(
        AuditEvent::new(kind, AuditActor::Portal).with_subject(person).with_reset(reset).with_detail("by", "link"),
    );
    Ok(frozen)
}

/// Places a hold on behalf of the helpdesk, after a denied call check or an impostor on the phone. Returns false if the
/// person is already on hold. No cooldown applies, because staff actions are attributed in the audit log.
pub(crate) async fn place_hold_by_staff(
    transaction: &mut AuditedTransaction,
    person: PersonKey,
    by: AuditActor,
    now: Timestamp,
) -> Result<bool, StoreError> {
    const SQL: &str = "INSERT INTO freezes (tenant, object, reset_id, since) VALUES ($1, $2, '', $3)
        ON CONFLICT (tenant, object) DO UPDATE SET reset_id = '', since = $3, thawed_at = NULL
        WHERE freezes.thawed_at IS NOT NULL";
    let (tenant, object, now) = (person.tenant.to_string(), person.object.to_string(), now.as_millisecond());
    let rows = exec_tx!(transaction.tx(), SQL, &tenant, &object, now)?;
    if rows == 1 {
        transaction.record_event(AuditEvent::new("guard.frozen", by).with_subject(person).with_detail("by", "desk"));
    }
    Ok(rows == 1)
}

/// Returns the start of the person's current hold, if there is one.
pub(crate) async fn on_hold_since(db: &Db, person: PersonKey) -> Result<Option<Timestamp>, StoreError> {
    const SQL: &str = "SELECT since FROM freezes WHERE tenant = $1 AND object = $2 AND thawed_at IS NULL";
    let (tenant, object) = (person.tenant.to_string(), person.object.to_string());
    let row: Option<(i64,)> = select_optional!(db, SQL, &tenant, &object)?;
    Ok(row.map(|(since,)| Timestamp::from_millisecond(since).unwrap_or_default()))
}

/// Returns whether the person is on hold and cannot start a reset.
pub(crate) async fn is_on_hold(db: &Db, person: PersonKey) -> Result<bool, StoreError> {
    Ok(on_hold_since(db, person).await?.is_some())
}

/// Lifts the person's hold, in the transaction of the case that decides it. Returns false if there was no hold.
pub(crate) async fn lift_hold(
    transaction: &mut AuditedTransaction,
    person: PersonKey,
    by: AuditActor,
    now: Timestamp,
) -> Result<bool, StoreError> {
    const SQL: &str = "UPDATE freezes SET thawed_at = $3 WHERE tenant = $1 AND object = $2 AND thawed_at IS NULL";
    let (tenant, object) = (person.tenant.to_string(), person.object.to_string());
    let now = now.as_millisecond();
    let rows = exec_tx!(transaction.tx(), SQL, &tenant, &object, now)?;
    if rows == 1 {
        transaction.record_event(AuditEvent::new("guard.thawed", by).with_subject(person));
    }
    Ok(rows == 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::AuditLog;
    use crate::base::{Clock, Random};
    use crate::store::select_all;
    use crate::store::testing::{TestDatabase, test_databases, test_sealer, test_tenant};

    fn new_object_id() -> crate::base::ObjectId {
        Random::system().uuid().to_string().parse().unwrap()
    }

    struct HoldFixture {
        audit_log: AuditLog,
        database: TestDatabase,
        person: PersonKey,
    }

    impl HoldFixture {
        async fn on_every_database() -> Vec<Self> {
            let make = |engine: TestDatabase| Self {
                audit_log: AuditLog::new(engine.db.clone(), test_sealer(), Clock::system(), Random::system()),
                database: engine,
                person: PersonKey { tenant: test_tenant(), object: new_object_id() },
            };
            test_databases().await.into_iter().map(make).collect()
        }

        async fn place_hold_from_link(&self, now: Timestamp) -> HoldOutcome {
            let mut transaction = self.audit_log.begin().await.unwrap();
            let reset = ResetId::new(&Random::system(), now);
            let frozen = place_hold(&mut transaction, self.person, reset, now).await.unwrap();
            transaction.commit().await.unwrap();
            frozen
        }

        async fn lift_hold(&self, now: Timestamp) -> bool {
            let mut transaction = self.audit_log.begin().await.unwrap();
            let agent = PersonKey { tenant: test_tenant(), object: new_object_id() };
            let thawed = lift_hold(&mut transaction, self.person, AuditActor::Staff(agent), now).await.unwrap();
            transaction.commit().await.unwrap();
            thawed
        }

        async fn is_on_hold(&self) -> bool {
            is_on_hold(&self.database.db, self.person).await.unwrap()
        }

        async fn audited_events(&self) -> Vec<String> {
            const SQL: &str = "SELECT event FROM audit ORDER BY seq";
            let rows: Vec<(String,)> = select_all!(&self.database.db, SQL).unwrap();
            rows.into_iter().map(|(event,)| event).collect()
        }
    }

    #[tokio::test]
    async fn hold_lasts_until_lifted_and_new_link_report_within_24_hours_only_alerts() {
        for desk in HoldFixture::on_every_database().await {
            let start = Timestamp::from_second(1_800_000_000).unwrap();
            let hours = |n| start + SignedDuration::from_hours(n);
            assert!(!desk.is_on_hold().await && !desk.lift_hold(start).await);
            assert_eq!(desk.place_hold_from_link(start).await, HoldOutcome::Placed);
            assert_eq!(desk.place_hold_from_link(hours(30)).await, HoldOutcome::AlertOnly, "already on hold");
            assert!(desk.is_on_hold().await);
            assert!(desk.lift_hold(hours(2)).await && !desk.lift_hold(hours(2)).await && !desk.is_on_hold().await);
            assert_eq!(desk.place_hold_from_link(hours(3)).await, HoldOutcome::AlertOnly, "lifted recently");
            assert!(!desk.is_on_hold().await);
            assert_eq!(desk.place_hold_from_link(hours(24)).await, HoldOutcome::Placed);
            assert!(desk.is_on_hold().await);
            let events = ["guard.frozen", "guard.freeze_again", "guard.thawed", "guard.freeze_again", "guard.frozen"];
            assert_eq!(desk.audited_events().await, events);
        }
    }
}
