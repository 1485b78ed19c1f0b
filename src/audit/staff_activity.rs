//! Actions of staff in the audit log, for insights and security alerts. The queries use a partial index of the few rows
//! whose actor is staff.

use jiff::Timestamp;

use crate::base::PersonKey;
use crate::store::{Db, StoreError, select_all, select_one, select_optional};

/// Action of a staff member that concerns a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct StaffAction {
    pub(crate) at: Timestamp,
    pub(crate) agent: PersonKey,
    pub(crate) person: PersonKey,
}

/// Loads the newest 10,000 actions of staff on other people since a time.
pub(crate) async fn load_staff_actions(db: &Db, since: Timestamp) -> Result<Vec<StaffAction>, StoreError> {
    const SQL: &str = "SELECT at, actor, subject FROM audit
        WHERE substr(actor, 1, 6) = 'staff:' AND at >= $1 AND subject IS NOT NULL AND event NOT IN ('signin.accepted', 'operator.linked')
        ORDER BY at DESC LIMIT 10000";
    let since = since.as_millisecond();
    let rows: Vec<(i64, String, String)> = select_all!(db, SQL, since)?;
    let read = |(at, actor, subject): (i64, String, String)| {
        let agent = parse_staff_key(&actor)?;
        Some(StaffAction { at: Timestamp::from_millisecond(at).ok()?, agent, person: subject.parse().ok()? })
    };
    Ok(rows.into_iter().filter_map(read).filter(|act| act.agent != act.person).collect())
}

/// Counts the different people who signed in as approvers since a time. Roles come from the id token and are a detail
/// of the sign-in event.
pub(crate) async fn count_approvers_since(db: &Db, since: Timestamp) -> Result<usize, StoreError> {
    const SQL: &str = "SELECT COUNT(DISTINCT actor) FROM audit
        WHERE substr(actor, 1, 6) = 'staff:' AND at >= $1 AND event = 'signin.accepted' AND detail LIKE '%\"Passback.Approver\"%'";
    let since = since.as_millisecond();
    let (count,): (i64,) = select_one!(db, SQL, since)?;
    Ok(usize::try_from(count).unwrap_or(0))
}

/// Loads the number of actions per staff member since a time, and of how many people they concerned: the 50 most active
/// first.
pub(crate) async fn load_staff_workload(db: &Db, since: Timestamp) -> Result<Vec<(PersonKey, i64, i64)>, StoreError> {
    const SQL: &str = "SELECT actor, COUNT(*), COUNT(DISTINCT subject) FROM audit
        WHERE substr(actor, 1, 6) = 'staff:' AND at >= $1 AND subject IS NOT NULL AND event NOT IN ('signin.accepted', 'operator.linked')
        GROUP BY actor ORDER BY 2 DESC, 1 LIMIT 50";
    let since = since.as_millisecond();
    let rows: Vec<(String, i64, i64)> = select_all!(db, SQL, since)?;
    Ok(rows.into_iter().filter_map(|(actor, acts, people)| Some((parse_staff_key(&actor)?, acts, people))).collect())
}

/// Loads the username of a staff member's last sign-in, unless retention has erased it.
pub(crate) async fn load_staff_upn(db: &Db, agent: PersonKey) -> Result<Option<String>, StoreError> {
    const SQL: &str = "SELECT p.data FROM audit a JOIN audit_personal p ON p.seq = a.seq
        WHERE substr(a.actor, 1, 6) = 'staff:' AND a.actor = $1 AND a.event = 'signin.accepted' ORDER BY a.seq DESC LIMIT 1";
    let actor = format!("staff:{agent}");
    let row: Option<(String,)> = select_optional!(db, SQL, &actor)?;
    let data = row.and_then(|(data,)| serde_json::from_str::<serde_json::Value>(&data).ok());
    Ok(data.and_then(|data| data.get("upn")?.as_str().map(str::to_owned)))
}

fn parse_staff_key(actor: &str) -> Option<PersonKey> {
    actor.strip_prefix("staff:")?.parse().ok()
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;
    use crate::audit::{AuditActor, AuditEvent, AuditLog};
    use crate::base::{Clock, Random};
    use crate::store::testing::{test_databases, test_sealer, test_tenant};

    fn person_key(n: usize) -> PersonKey {
        format!("{}/00000000-0000-4000-8000-{n:012}", test_tenant()).parse().unwrap()
    }

    #[tokio::test]
    async fn staff_actions_count_only_actions_on_others() {
        for engine in test_databases().await {
            let clock = Clock::system();
            let audit_log = AuditLog::new(engine.db.clone(), test_sealer(), clock.clone(), Random::system());
            let note = async |kind: &'static str, actor: AuditActor, subject: PersonKey| {
                audit_log
                    .append(AuditEvent::new(kind, actor).with_subject(subject).with_personal_detail("upn", "hugo@x"))
                    .await
                    .unwrap();
            };
            note("signin.accepted", AuditActor::Staff(person_key(1)), person_key(1)).await;
            note("desk.note", AuditActor::Staff(person_key(1)), person_key(11)).await;
            note("desk.note", AuditActor::Staff(person_key(1)), person_key(11)).await;
            note("desk.note", AuditActor::Staff(person_key(1)), person_key(12)).await;
            note("desk.note", AuditActor::Staff(person_key(2)), person_key(12)).await;
            note("operator.linked", AuditActor::Staff(person_key(2)), person_key(13)).await;
            note("reset.requested", AuditActor::Person(person_key(3)), person_key(3)).await;
            let hour_ago = clock.now() - SignedDuration::from_hours(1);
            let acts = load_staff_actions(&engine.db, hour_ago).await.unwrap();
            assert_eq!(acts.iter().filter(|act| act.agent == person_key(1)).count(), 3, "{acts:?}");
            assert_eq!(
                load_staff_workload(&engine.db, hour_ago).await.unwrap(),
                [(person_key(1), 3, 2), (person_key(2), 1, 1)]
            );
            let later = clock.now() + SignedDuration::from_hours(1);
            assert_eq!(load_staff_actions(&engine.db, later).await.unwrap(), []);
            assert_eq!(load_staff_workload(&engine.db, later).await.unwrap(), []);
            assert_eq!(load_staff_upn(&engine.db, person_key(1)).await.unwrap().as_deref(), Some("hugo@x"));
            assert_eq!(load_staff_upn(&engine.db, person_key(2)).await.unwrap(), None);
        }
    }
}
