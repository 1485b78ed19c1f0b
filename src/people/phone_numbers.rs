//! Records since when each phone number of a person has been unchanged.
//!
//! Graph returns a number but not when it was set, and an attacker who has changed a number will ask to be called back
//! on it. Each sighting of a number therefore stores a keyed digest and a time. A daily refresh detects changes between
//! requests of the helpdesk.
//!
//! - The number itself is never stored.
//! - A number that was removed and returns counts as new.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::PersonProfile;
use crate::base::{ObjectId, PersonKey, TimestampExt as _, run_every};
use crate::entra::GraphError;
use crate::state::AppState;
use crate::store::{
    Db, KeyPurpose, Sealer, StoreError, Tx, claim_daily_task, exec_db, exec_tx, select_all_tx, write_db,
};

/// Interval at which the numbers of every known person are refreshed, also without a request.
const REFRESH_INTERVAL: SignedDuration = SignedDuration::from_hours(24);
/// Time without a request after which a person is deleted: 400 days.
const PERSON_RETENTION: SignedDuration = SignedDuration::from_hours(24 * 400);
/// Maximum number of people in one refresh round. A delay follows each person, so the refresh puts little load on
/// Graph.
const REFRESH_BATCH_SIZE: i64 = 20;
const DELAY_BETWEEN_PEOPLE: Duration = Duration::from_millis(250);
const POLL_INTERVAL: Duration = Duration::from_secs(5);

/// Kind of phone number in Entra.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PhoneNumberKind {
    Mobile,
    Business,
}

impl PhoneNumberKind {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Mobile => "mobile",
            Self::Business => "business",
        }
    }
}

/// Phone number in Entra, with its age.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PhoneNumber {
    pub(crate) kind: PhoneNumberKind,
    /// The number as Entra spells it.
    pub(crate) display_text: String,
    /// Time since which the portal has seen no other number.
    pub(crate) unchanged_since: Timestamp,
    /// Whether the number has been unchanged for `helpdesk.phone_settle_days`, so that a callback is evidence.
    pub(crate) callback_eligible: bool,
}

/// Row of `person_numbers`: kind, digest, digest key, first seen (milliseconds).
type PhoneNumberRow = (String, String, String, i64);

/// Removes spaces and punctuation, because the same number is spelled in different ways.
fn normalise_number(number: &str) -> String {
    number.chars().filter(|c| c.is_alphanumeric() || *c == '+').flat_map(char::to_lowercase).collect()
}

/// Combines the numbers from Graph, without empty entries and duplicates.
pub(super) fn distinct_numbers(mobile: Option<String>, business: Vec<String>) -> Vec<(PhoneNumberKind, String)> {
    let business = business.into_iter().map(|number| (PhoneNumberKind::Business, number));
    let mut all: Vec<(PhoneNumberKind, String)> = Vec::new();
    for (kind, number) in mobile.map(|number| (PhoneNumberKind::Mobile, number)).into_iter().chain(business) {
        let known =
            all.iter().any(|(other, there)| *other == kind && normalise_number(there) == normalise_number(&number));
        if !known && !normalise_number(&number).is_empty() {
            all.push((kind, number.trim().to_owned()));
        }
    }
    all
}

/// Returns the input of the digest. It includes person and kind, so that equal numbers of two people have different
/// digests.
fn digest_input(person: PersonKey, kind: PhoneNumberKind, number: &str) -> Vec<u8> {
    format!("{person}:{}:{}", kind.as_str(), normalise_number(number)).into_bytes()
}

/// Reason for a sighting. Only a request extends the time for which a person is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum RefreshReason {
    Requested,
    Scheduled,
}

/// Records a sighting of the person's phone numbers.
pub(crate) async fn record_phone_numbers(app: &AppState, facts: &PersonProfile) -> Result<(), StoreError> {
    let person = PersonKey { tenant: app.config.tenant_id(), object: facts.id };
    let mut tx = app.db.begin().await?;
    record_first_seen(&mut tx, &app.sealer, person, &facts.phone_numbers, app.now()).await?;
    mark_known(&mut tx, person, RefreshReason::Requested, app.now()).await?;
    tx.commit().await
}

/// Returns the phone numbers with their ages, and records the sighting.
pub(super) async fn load_phone_numbers(app: &AppState, facts: &PersonProfile) -> Result<Vec<PhoneNumber>, StoreError> {
    let (person, now) = (PersonKey { tenant: app.config.tenant_id(), object: facts.id }, app.now());
    let settle = SignedDuration::from_hours(24 * app.config.helpdesk.phone_settle_days);
    let mut tx = app.db.begin().await?;
    let since = record_first_seen(&mut tx, &app.sealer, person, &facts.phone_numbers, now).await?;
    mark_known(&mut tx, person, RefreshReason::Requested, now).await?;
    tx.commit().await?;
    let number = |((kind, shown), unchanged_since): (&(PhoneNumberKind, String), Timestamp)| PhoneNumber {
        kind: *kind,
        display_text: shown.clone(),
        unchanged_since,
        callback_eligible: now.duration_since(unchanged_since) >= settle,
    };
    Ok(facts.phone_numbers.iter().zip(since).map(number).collect())
}

/// Records a sighting and returns the time since which each number has been seen. Deletes numbers that are no longer
/// there, so that one that returns is new.
async fn record_first_seen(
    tx: &mut Tx,
    sealer: &Sealer,
    person: PersonKey,
    numbers: &[(PhoneNumberKind, String)],
    now: Timestamp,
) -> Result<Vec<Timestamp>, StoreError> {
    let mut before = load_rows(tx, person).await?;
    let mut since = Vec::new();
    for (kind, number) in numbers {
        let data = digest_input(person, *kind, number);
        // A digest whose key was removed cannot be compared, so its number counts as new.
        let is = |row: &PhoneNumberRow| {
            row.0 == kind.as_str() && sealer.verify_mac(KeyPurpose::PhoneNumber, &data, &row.1, &row.2) == Some(true)
        };
        let fresh = sealer.compute_mac(KeyPurpose::PhoneNumber, &data);
        let known = before.iter().position(is).map(|at| before.swap_remove(at));
        let at = known.as_ref().map_or(now.as_millisecond(), |row| row.3);
        if known.as_ref().is_none_or(|row| row.2 != fresh.1) {
            insert_digest(tx, person, *kind, &fresh, at).await?;
            before.extend(known);
        }
        since.push(Timestamp::from_millisecond(at).unwrap_or_default());
    }
    for row in before {
        delete_digest(tx, person, &row).await?;
    }
    Ok(since)
}

/// Loads the stored digests of a person.
async fn load_rows(tx: &mut Tx, person: PersonKey) -> Result<Vec<PhoneNumberRow>, StoreError> {
    const SQL: &str =
        "SELECT kind, digest, digest_key, first_seen_at FROM person_numbers WHERE tenant = $1 AND object = $2";
    let (tenant, object) = (person.tenant.to_string(), person.object.to_string());
    Ok(select_all_tx!(tx, SQL, &tenant, &object)?)
}

async fn insert_digest(
    tx: &mut Tx,
    person: PersonKey,
    kind: PhoneNumberKind,
    digest: &(String, String),
    at: i64,
) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO person_numbers (tenant, object, kind, digest, digest_key, first_seen_at)
        VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (tenant, object, kind, digest) DO NOTHING";
    let (tenant, object) = (person.tenant.to_string(), person.object.to_string());
    exec_tx!(tx, SQL, &tenant, &object, kind.as_str(), &digest.0, &digest.1, at)?;
    Ok(())
}

async fn delete_digest(tx: &mut Tx, person: PersonKey, row: &PhoneNumberRow) -> Result<(), StoreError> {
    const SQL: &str = "DELETE FROM person_numbers WHERE tenant = $1 AND object = $2 AND kind = $3 AND digest = $4 AND digest_key = $5";
    let (tenant, object) = (person.tenant.to_string(), person.object.to_string());
    exec_tx!(tx, SQL, &tenant, &object, &row.0, &row.1, &row.2)?;
    Ok(())
}

/// Marks the person as known and schedules the next refresh. [`RefreshReason::Scheduled`] changes only a person who is
/// already known. Returns whether a row was written.
async fn mark_known(tx: &mut Tx, person: PersonKey, why: RefreshReason, now: Timestamp) -> Result<bool, StoreError> {
    const UPSERT_REQUESTED: &str =
        "INSERT INTO people_known (tenant, object, asked_at, refresh_at) VALUES ($1, $2, $3, $4)
        ON CONFLICT (tenant, object) DO UPDATE SET asked_at = $3, refresh_at = $4";
    const UPDATE_REFRESHED: &str =
        "UPDATE people_known SET refresh_at = $4 WHERE tenant = $1 AND object = $2 AND asked_at <= $3";
    let sql = if why == RefreshReason::Requested { UPSERT_REQUESTED } else { UPDATE_REFRESHED };
    let (tenant, object) = (person.tenant.to_string(), person.object.to_string());
    let next = now.later(REFRESH_INTERVAL).as_millisecond();
    let now = now.as_millisecond();
    Ok(exec_tx!(tx, sql, &tenant, &object, now, next)? == 1)
}

/// Stores what a refresh has read, unless the person was erased while Graph was asked: nothing may come back.
async fn store_refreshed(
    db: &Db,
    sealer: &Sealer,
    person: PersonKey,
    numbers: &[(PhoneNumberKind, String)],
    now: Timestamp,
) -> Result<(), StoreError> {
    let mut tx = db.begin().await?;
    if mark_known(&mut tx, person, RefreshReason::Scheduled, now).await? {
        record_first_seen(&mut tx, sealer, person, numbers, now).await?;
    }
    tx.commit().await
}

/// Claims people who are due for a refresh, so that no other replica refreshes them.
async fn claim_due_people(db: &Db, now: Timestamp) -> Result<Vec<ObjectId>, StoreError> {
    const SQL: &str = "UPDATE people_known SET refresh_at = $2 WHERE refresh_at <= $1 AND (tenant, object) IN
        (SELECT tenant, object FROM people_known WHERE refresh_at <= $1 ORDER BY refresh_at LIMIT $3) RETURNING object";
    let next = now.later(REFRESH_INTERVAL).as_millisecond();
    let now = now.as_millisecond();
    let due: Vec<(String,)> =
        write_db!(db, |pool| sqlx::query_as(SQL).bind(now).bind(next).bind(REFRESH_BATCH_SIZE).fetch_all(pool).await)?;
    Ok(due.into_iter().filter_map(|(object,)| object.parse().ok()).collect())
}

/// Deletes what is stored about a person who no longer exists in Entra.
async fn delete_person(db: &Db, person: PersonKey) -> Result<(), StoreError> {
    let (tenant, object) = (person.tenant.to_string(), person.object.to_string());
    for sql in [
        "DELETE FROM person_numbers WHERE tenant = $1 AND object = $2",
        "DELETE FROM people_known WHERE tenant = $1 AND object = $2",
    ] {
        exec_db!(db, sql, &tenant, &object)?;
    }
    Ok(())
}

/// Deletes people without a request since a time, and returns their number.
pub(crate) async fn delete_people_not_requested_since(tx: &mut Tx, before: Timestamp) -> Result<u64, StoreError> {
    let (before, mut people) = (before.as_millisecond(), 0);
    for sql in [
        // Locks the rows, so that no refresh inserts numbers between the two deletions.
        "UPDATE people_known SET refresh_at = refresh_at WHERE asked_at < $1",
        "DELETE FROM person_numbers WHERE (tenant, object) IN (SELECT tenant, object FROM people_known WHERE asked_at < $1)",
        "DELETE FROM people_known WHERE asked_at < $1",
    ] {
        people = exec_tx!(&mut *tx, sql, before)?;
    }
    Ok(people)
}

/// Refreshes the phone numbers of every known person once a day, until shutdown.
pub(crate) async fn run_phone_number_refresh(app: AppState) {
    let rounds = app.metrics.background_rounds("phone-number-refresh");
    run_every(&app.shutdown, &rounds, POLL_INTERVAL, || async {
        if let Err(error) = run_once(&app).await {
            tracing::warn!(error = ?error, "phone number refresh failed: retrying");
        }
    })
    .await;
}

/// Deletes people past the retention once a day, and refreshes one batch of people who are due.
pub(super) async fn run_once(app: &AppState) -> Result<(), StoreError> {
    if claim_daily_task(&app.db, "people", app.now()).await? {
        let mut tx = app.db.begin().await?;
        delete_people_not_requested_since(&mut tx, app.now().earlier(PERSON_RETENTION)).await?;
        tx.commit().await?;
    }
    for object in claim_due_people(&app.db, app.now()).await? {
        let person = PersonKey { tenant: app.config.tenant_id(), object };
        match app.entra.graph.fetch_user(object).await {
            Ok(read) => {
                let numbers = super::profile_from_user(read).phone_numbers;
                store_refreshed(&app.db, &app.sealer, person, &numbers, app.now()).await?;
            }
            Err(GraphError::ErrorResponse(refusal)) if refusal.status.as_u16() == 404 => {
                delete_person(&app.db, person).await?;
            }
            // The claim made this person due again in 24 hours. A request before then also records a sighting.
            Err(error) => {
                tracing::warn!(error = ?error, "phone number refresh failed for one person: retrying in 24 h");
            }
        }
        tokio::select! {
            () = app.shutdown.cancelled() => return Ok(()),
            () = tokio::time::sleep(DELAY_BETWEEN_PEOPLE) => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Random;
    use crate::config::{SealingConfig, SealingKey};
    use crate::store::select_all;
    use crate::store::testing::{TestDatabase, test_databases, test_sealer, test_tenant, write_key_file};

    fn new_person() -> PersonKey {
        PersonKey { tenant: test_tenant(), object: Random::system().uuid().to_string().parse().unwrap() }
    }

    fn timestamp_of_day(n: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + n * 86_400).unwrap()
    }

    fn mobile_number(number: &str) -> Vec<(PhoneNumberKind, String)> {
        vec![(PhoneNumberKind::Mobile, number.to_owned())]
    }

    async fn first_seen_days(
        engine: &TestDatabase,
        sealer: &Sealer,
        who: PersonKey,
        numbers: &[(PhoneNumberKind, String)],
        n: i64,
    ) -> Vec<i64> {
        let mut tx = engine.db.begin().await.unwrap();
        let since = record_first_seen(&mut tx, sealer, who, numbers, timestamp_of_day(n)).await.unwrap();
        mark_known(&mut tx, who, RefreshReason::Requested, timestamp_of_day(n)).await.unwrap();
        tx.commit().await.unwrap();
        since.into_iter().map(|at| (at.as_second() - 1_800_000_000) / 86_400).collect()
    }

    #[tokio::test]
    async fn phone_number_age_starts_at_first_sighting_after_last_change() {
        for engine in test_databases().await {
            let (sealer, wanda, other) = (test_sealer(), new_person(), new_person());
            let at = async |who, numbers: &[_], n| first_seen_days(&engine, &sealer, who, numbers, n).await;
            assert_eq!(at(wanda, &mobile_number("+44 20 7946 0101"), 0).await, [0]);
            assert_eq!(
                at(wanda, &mobile_number("+44 (20) 79460101"), 20).await,
                [0],
                "the same number spelled differently"
            );
            assert_eq!(at(other, &mobile_number("+44 20 7946 0101"), 20).await, [20], "ages are per person");
            assert_eq!(at(wanda, &mobile_number("+44 20 7946 0666"), 21).await, [21], "changed");
            assert_eq!(at(wanda, &mobile_number("+44 20 7946 0101"), 22).await, [22], "a returned number is new");
            let both =
                [mobile_number("+44 20 7946 0101"), vec![(PhoneNumberKind::Business, "+44 20 7946 0101".to_owned())]];
            assert_eq!(at(wanda, &both.concat(), 30).await, [22, 30]);
            assert_eq!(at(wanda, &[], 31).await, [] as [i64; 0]);
            assert_eq!(at(wanda, &both.concat(), 32).await, [32, 32]);
        }
    }

    #[tokio::test]
    async fn database_holds_only_digests_and_key_rotation_keeps_number_age() {
        for engine in test_databases().await {
            let dir = tempfile::tempdir().unwrap();
            let load =
                |keys: Vec<SealingKey>| Sealer::load(&SealingConfig { keys }, test_tenant(), Random::system()).unwrap();
            let (old, new) = (write_key_file(dir.path(), "old", 1), write_key_file(dir.path(), "new", 2));
            let who = new_person();
            first_seen_days(&engine, &load(vec![old.clone()]), who, &mobile_number("020 79460101"), 0).await;
            let both = load(vec![new.clone(), old]);
            assert_eq!(first_seen_days(&engine, &both, who, &mobile_number("020 79460101"), 9).await, [0]);
            assert_eq!(
                first_seen_days(&engine, &load(vec![new]), who, &mobile_number("020 79460101"), 10).await,
                [0],
                "stored again"
            );
            let rows: Vec<(String, String)> =
                select_all!(&engine.db, "SELECT digest, digest_key FROM person_numbers").unwrap();
            assert_eq!((rows.len(), rows[0].1.as_str(), rows[0].0.len()), (1, "new", 64), "{rows:?}");
        }
    }

    async fn delete_people_before(engine: &TestDatabase, before: Timestamp) {
        let mut tx = engine.db.begin().await.unwrap();
        delete_people_not_requested_since(&mut tx, before).await.unwrap();
        tx.commit().await.unwrap();
    }

    #[tokio::test]
    async fn person_erased_during_refresh_stays_erased() {
        for engine in test_databases().await {
            let (sealer, wanda, numbers) = (test_sealer(), new_person(), mobile_number("+44 20 7946 0101"));
            first_seen_days(&engine, &sealer, wanda, &numbers, 0).await;
            claim_due_people(&engine.db, timestamp_of_day(1)).await.unwrap();
            delete_people_before(&engine, timestamp_of_day(1)).await;
            store_refreshed(&engine.db, &sealer, wanda, &numbers, timestamp_of_day(1)).await.unwrap();
            let rows: Vec<(String,)> = select_all!(&engine.db, "SELECT digest FROM person_numbers").unwrap();
            assert_eq!(rows, [], "a digest without a known person would never be erased");
        }
    }

    #[tokio::test]
    async fn known_person_is_due_daily_for_one_replica_until_deleted() {
        for engine in test_databases().await {
            let (sealer, wanda) = (test_sealer(), new_person());
            first_seen_days(&engine, &sealer, wanda, &mobile_number("+44 20 7946 0101"), 0).await;
            assert_eq!(claim_due_people(&engine.db, timestamp_of_day(0)).await.unwrap(), []);
            let (one, two) = tokio::join!(
                claim_due_people(&engine.db, timestamp_of_day(1)),
                claim_due_people(&engine.db, timestamp_of_day(1))
            );
            assert_eq!([one.unwrap(), two.unwrap()].concat(), [wanda.object], "only one replica claims the person");
            assert_eq!(claim_due_people(&engine.db, timestamp_of_day(2)).await.unwrap(), [wanda.object]);
            delete_people_before(&engine, timestamp_of_day(0)).await;
            assert_eq!(first_seen_days(&engine, &sealer, wanda, &mobile_number("+44 20 7946 0101"), 3).await, [0]);
            delete_people_before(&engine, timestamp_of_day(4)).await;
            assert_eq!(claim_due_people(&engine.db, timestamp_of_day(9)).await.unwrap(), []);
            assert_eq!(first_seen_days(&engine, &sealer, wanda, &mobile_number("+44 20 7946 0101"), 9).await, [9]);
            delete_person(&engine.db, wanda).await.unwrap();
            assert_eq!(first_seen_days(&engine, &sealer, wanda, &mobile_number("+44 20 7946 0101"), 10).await, [10]);
        }
    }
}
