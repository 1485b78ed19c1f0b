//! SQL of security alerts (table `insight_alarms`).
//!
//! - An alert is open until a staff member acknowledges it with a note.
//! - At most one alert per kind and subject is open.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::detectors::{AcknowledgedUntil, AlertFinding, AlertKind};
use crate::base::PersonKey;
use crate::store::{Db, StoreError, StoredTime, Tx, exec_tx, select_all, select_one, select_optional_tx};

/// A stored security alert.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SecurityAlert {
    pub(crate) id: String,
    pub(crate) kind: AlertKind,
    pub(crate) subject: PersonKey,
    pub(crate) amount: i64,
    pub(crate) first_at: Timestamp,
    pub(crate) seen_at: Timestamp,
    pub(crate) acknowledgement: Option<AlertAcknowledgement>,
}

/// Acknowledgement of an alert: who, when, and the note.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AlertAcknowledgement {
    pub(crate) at: Timestamp,
    pub(crate) agent_name: String,
    pub(crate) note: String,
}

type AlertRow =
    (String, String, String, i64, StoredTime, StoredTime, Option<StoredTime>, Option<String>, Option<String>);

fn alert_from_row(
    (id, kind, subject, amount, first, seen, acknowledged, by, note): AlertRow,
) -> Result<SecurityAlert, StoreError> {
    let bad = |problem: &str| StoreError::InvalidRow { table: "insight_alarms", problem: problem.to_owned() };
    let acknowledged = acknowledged.map(|at| AlertAcknowledgement {
        at: at.0,
        agent_name: by.unwrap_or_default(),
        note: note.unwrap_or_default(),
    });
    let kind = AlertKind::from_name(&kind).ok_or_else(|| bad(&kind))?;
    let subject = subject.parse().map_err(|_| bad(&subject))?;
    Ok(SecurityAlert { id, kind, subject, amount, first_at: first.0, seen_at: seen.0, acknowledgement: acknowledged })
}

/// Loads the open alerts, newest first, and the acknowledged alerts that were raised since a time.
pub(crate) async fn load_alerts(
    db: &Db,
    since: Timestamp,
) -> Result<(Vec<SecurityAlert>, Vec<SecurityAlert>), StoreError> {
    const OPEN_SQL: &str =
        "SELECT id, kind, subject, amount, first_at, seen_at, acknowledged_at, by_name, note FROM insight_alarms
        WHERE acknowledged_at IS NULL ORDER BY seen_at DESC, id LIMIT 200";
    const PAST_SQL: &str =
        "SELECT id, kind, subject, amount, first_at, seen_at, acknowledged_at, by_name, note FROM insight_alarms
        WHERE raised_at >= $1 AND acknowledged_at IS NOT NULL ORDER BY acknowledged_at DESC, id LIMIT 100";
    let open: Vec<AlertRow> = select_all!(db, OPEN_SQL)?;
    let past: Vec<AlertRow> = select_all!(db, PAST_SQL, StoredTime(since))?;
    let all = |rows: Vec<AlertRow>| rows.into_iter().map(alert_from_row).collect::<Result<Vec<_>, _>>();
    Ok((all(open)?, all(past)?))
}

/// Loads until when the alerts of each kind and subject are acknowledged, from alerts with an event since a time.
pub(super) async fn load_acknowledged(db: &Db, since: Timestamp) -> Result<AcknowledgedUntil, StoreError> {
    const SQL: &str = "SELECT kind, subject, MAX(seen_at) FROM insight_alarms
        WHERE seen_at >= $1 AND acknowledged_at IS NOT NULL GROUP BY kind, subject";
    let rows: Vec<(String, String, StoredTime)> = select_all!(db, SQL, StoredTime(since))?;
    let read = |(kind, subject, seen): (String, String, StoredTime)| {
        Some(((AlertKind::from_name(&kind)?, subject.parse().ok()?), seen.0))
    };
    Ok(rows.into_iter().filter_map(read).collect::<BTreeMap<_, _>>())
}

/// Inserts an alert. Returns false if one is already open, which is then updated with the new events.
pub(super) async fn upsert_alert(
    tx: &mut Tx,
    id: &str,
    found: &AlertFinding,
    now: Timestamp,
) -> Result<bool, StoreError> {
    const INSERT_SQL: &str = "INSERT INTO insight_alarms (id, kind, subject, amount, first_at, seen_at, raised_at) VALUES ($1, $2, $3, $4, $5, $6, $7)
        ON CONFLICT (kind, subject) WHERE acknowledged_at IS NULL DO NOTHING";
    const UPDATE_SQL: &str =
        "UPDATE insight_alarms SET amount = CASE WHEN amount < $3 THEN $3 ELSE amount END, seen_at = $4
        WHERE kind = $1 AND subject = $2 AND acknowledged_at IS NULL AND seen_at < $4";
    let (kind, subject) = (found.kind.as_str(), found.subject.to_string());
    let amount = i64::try_from(found.amount).unwrap_or(i64::MAX);
    let (first, seen) = (StoredTime(found.first_at), StoredTime(found.seen_at));
    let raised = exec_tx!(&mut *tx, INSERT_SQL, id, kind, &subject, amount, first, seen, StoredTime(now))?;
    if raised == 0 {
        exec_tx!(tx, UPDATE_SQL, kind, &subject, amount, seen)?;
    }
    Ok(raised == 1)
}

/// Acknowledgement of an alert by a staff member, with a note.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AlertNote<'a> {
    pub(crate) alert: &'a str,
    pub(crate) agent: PersonKey,
    pub(crate) agent_name: &'a str,
    pub(crate) text: &'a str,
}

/// Marks an alert as acknowledged and returns its kind and subject.
///
/// Returns `None` if the alert does not exist or is already acknowledged.
pub(crate) async fn mark_acknowledged(
    tx: &mut Tx,
    note: AlertNote<'_>,
    now: Timestamp,
) -> Result<Option<(String, PersonKey)>, StoreError> {
    const SQL: &str = "UPDATE insight_alarms SET acknowledged_at = $2, acknowledged_by = $3, by_name = $4, note = $5
        WHERE id = $1 AND acknowledged_at IS NULL RETURNING kind, subject";
    let agent = note.agent.to_string();
    let row: Option<(String, String)> =
        select_optional_tx!(tx, SQL, note.alert, StoredTime(now), &agent, note.agent_name, note.text)?;
    Ok(row.and_then(|(kind, subject)| Some((kind, subject.parse().ok()?))))
}

/// Deletes the alerts that were acknowledged before a time, with their subject and note. An open alert stays.
pub(crate) async fn delete_expired_alerts(tx: &mut Tx, before: Timestamp) -> Result<u64, StoreError> {
    const SQL: &str = "DELETE FROM insight_alarms WHERE acknowledged_at < $1";
    Ok(exec_tx!(tx, SQL, StoredTime(before))?)
}

/// Counts the alerts that no one has acknowledged.
pub(crate) async fn count_open_alerts(db: &Db) -> Result<i64, StoreError> {
    const SQL: &str = "SELECT COUNT(*) FROM insight_alarms WHERE acknowledged_at IS NULL";
    let (count,): (i64,) = select_one!(db, SQL)?;
    Ok(count)
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;
    use crate::store::exec_db;
    use crate::store::testing::{test_databases, test_tenant};

    const ONE_MINUTE: SignedDuration = SignedDuration::from_mins(1);

    fn person_key(n: usize) -> PersonKey {
        format!("{}/00000000-0000-4000-8000-{n:012}", test_tenant()).parse().unwrap()
    }

    fn start_time() -> Timestamp {
        Timestamp::from_second(1_800_000_000).unwrap()
    }

    fn finding_for(n: usize, amount: usize, minutes: i32) -> AlertFinding {
        let seen_at = start_time() + ONE_MINUTE * minutes;
        AlertFinding { kind: AlertKind::ManyPeople, subject: person_key(n), amount, first_at: start_time(), seen_at }
    }

    async fn commit_alert(db: &Db, id: &str, finding: &AlertFinding) -> bool {
        let mut tx = db.begin().await.unwrap();
        let raised = upsert_alert(&mut tx, id, finding, start_time()).await.unwrap();
        tx.commit().await.unwrap();
        raised
    }

    async fn commit_acknowledgement(db: &Db, id: &str) -> Option<(String, PersonKey)> {
        let mut tx = db.begin().await.unwrap();
        let note = AlertNote { alert: id, agent: person_key(9), agent_name: "Audrey", text: "a fire drill" };
        let done = mark_acknowledged(&mut tx, note, start_time()).await.unwrap();
        tx.commit().await.unwrap();
        done
    }

    #[tokio::test]
    async fn alert_is_raised_once_grows_and_is_acknowledged_once() {
        for engine in test_databases().await {
            let db = &engine.db;
            assert!(commit_alert(db, "a", &finding_for(1, 20, 5)).await);
            assert!(!commit_alert(db, "b", &finding_for(1, 20, 5)).await, "open already");
            assert!(!commit_alert(db, "c", &finding_for(1, 25, 9)).await);
            assert!(!commit_alert(db, "d", &finding_for(1, 3, 10)).await, "the highest amount stays");
            assert!(commit_alert(db, "e", &finding_for(2, 20, 5)).await, "another subject");
            let (open, past) = load_alerts(db, start_time()).await.unwrap();
            let summary = |alarm: &SecurityAlert| (alarm.id.clone(), alarm.amount, alarm.seen_at);
            assert_eq!(summary(&open[0]), ("a".to_owned(), 25, start_time() + ONE_MINUTE * 10));
            assert_eq!((open.len(), past.len()), (2, 0));
            assert_eq!(commit_acknowledgement(db, "a").await, Some(("many-people".to_owned(), person_key(1))));
            assert_eq!(commit_acknowledgement(db, "a").await, None, "once");
            assert_eq!(commit_acknowledgement(db, "nothing").await, None);
            let (open, past) = load_alerts(db, start_time()).await.unwrap();
            assert_eq!((open.len(), past.len(), count_open_alerts(db).await.unwrap()), (1, 1, 1));
            let by = past[0].acknowledgement.clone().unwrap();
            assert_eq!((by.agent_name.as_str(), by.note.as_str()), ("Audrey", "a fire drill"));
            assert_eq!(
                load_acknowledged(db, start_time()).await.unwrap(),
                AcknowledgedUntil::from([((AlertKind::ManyPeople, person_key(1)), start_time() + ONE_MINUTE * 10)])
            );
            assert!(load_acknowledged(db, start_time() + ONE_MINUTE * 11).await.unwrap().is_empty());
            assert!(commit_alert(db, "f", &finding_for(1, 20, 99)).await, "again, later");
        }
    }

    #[tokio::test]
    async fn acknowledged_alert_expires_and_open_alert_stays() {
        for engine in test_databases().await {
            let db = &engine.db;
            assert!(
                commit_alert(db, "a", &finding_for(1, 20, 5)).await
                    && commit_alert(db, "b", &finding_for(2, 20, 5)).await
            );
            commit_acknowledgement(db, "a").await.unwrap();
            let forgotten = async |before| {
                let mut tx = db.begin().await.unwrap();
                let count = delete_expired_alerts(&mut tx, before).await.unwrap();
                tx.commit().await.unwrap();
                count
            };
            assert_eq!(forgotten(start_time()).await, 0, "not yet");
            assert_eq!(forgotten(start_time() + ONE_MINUTE).await, 1);
            let (open, past) = load_alerts(db, Timestamp::UNIX_EPOCH).await.unwrap();
            assert_eq!((open.len(), past.len()), (1, 0), "an open alert stays");
        }
    }

    #[tokio::test]
    async fn twelve_replicas_raise_one_alert() {
        for engine in test_databases().await {
            let tries = (0..12).map(|n| {
                let db = engine.db.clone();
                tokio::spawn(async move { commit_alert(&db, &format!("a{n}"), &finding_for(1, 20, n)).await })
            });
            let mut count = 0;
            for each in tries.collect::<Vec<_>>() {
                count += u32::from(each.await.unwrap());
            }
            assert_eq!(count, 1);
        }
    }

    #[tokio::test]
    async fn acknowledgement_requires_name_and_note() {
        for engine in test_databases().await {
            assert!(commit_alert(&engine.db, "a", &finding_for(1, 20, 5)).await);
            for sql in [
                "UPDATE insight_alarms SET acknowledged_at = 1, note = 'x'",
                "UPDATE insight_alarms SET acknowledged_at = 1, acknowledged_by = 'x'",
            ] {
                assert!(exec_db!(&engine.db, sql).map(|_| ()).is_err(), "{sql}");
            }
        }
    }
}
