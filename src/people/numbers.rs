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
use crate::base::{ObjectId, PersonKey};
use crate::entra::GraphError;
use crate::state::AppState;
use crate::store::{Db, KeyPurpose, Sealer, StoreError, Tx, claim_daily, on_tx, write_db};

/// Interval at which the numbers of every known person are refreshed, also without a request.
const REFRESH: SignedDuration = SignedDuration::from_hours(24);
/// Time without a request after which a person is deleted: 400 days.
const FORGET: SignedDuration = SignedDuration::from_hours(24 * 400);
/// Maximum number of people in one refresh round. A delay follows each person, so the refresh puts little load on
/// Graph.
const BATCH: i64 = 20;
const PAUSE: Duration = Duration::from_millis(250);
const REST: Duration = Duration::from_secs(5);

/// Kind of phone number in Entra.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PhoneNumberKind {
    Mobile,
    Business,
}

impl PhoneNumberKind {
    pub(crate) fn name(self) -> &'static str {
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
    pub(crate) shown: String,
    /// Time since which the portal has seen no other number.
    pub(crate) unchanged_since: Timestamp,
    /// Whether the number has been unchanged for `helpdesk.phone_settle_days`, so that a callback is evidence.
    pub(crate) settled: bool,
}

/// Row of `person_numbers`: kind, digest, digest key, first seen (milliseconds).
type PhoneNumberRow = (String, String, String, i64);

/// Removes spaces and punctuation, because the same number is spelled in different ways.
fn plain(number: &str) -> String {
    number.chars().filter(|c| c.is_alphanumeric() || *c == '+').flat_map(char::to_lowercase).collect()
}

/// Combines the numbers from Graph, without empty entries and duplicates.
pub(super) fn on_record(mobile: Option<String>, business: Vec<String>) -> Vec<(PhoneNumberKind, String)> {
    let business = business.into_iter().map(|number| (PhoneNumberKind::Business, number));
    let mut all: Vec<(PhoneNumberKind, String)> = Vec::new();
    for (kind, number) in mobile.map(|number| (PhoneNumberKind::Mobile, number)).into_iter().chain(business) {
        let known = all.iter().any(|(other, there)| *other == kind && plain(there) == plain(&number));
        if !known && !plain(&number).is_empty() {
            all.push((kind, number.trim().to_owned()));
        }
    }
    all
}

/// Returns the input of the digest. It includes person and kind, so that equal numbers of two people have different
/// digests.
fn bytes(person: PersonKey, kind: PhoneNumberKind, number: &str) -> Vec<u8> {
    format!("{person}:{}:{}", kind.name(), plain(number)).into_bytes()
}

/// Reason for a sighting. Only a request extends the time for which a person is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum RefreshReason {
    Asked,
    Refresh,
}

/// Records a sighting of the person's phone numbers.
pub(crate) async fn remember_numbers(app: &AppState, facts: &PersonProfile) -> Result<(), StoreError> {
    let person = PersonKey { tenant: app.config.tenant(), object: facts.id };
    let mut tx = app.db.begin().await?;
    seen(&mut tx, &app.sealer, person, &facts.numbers, app.now()).await?;
    know(&mut tx, person, RefreshReason::Asked, app.now()).await?;
    tx.commit().await
}

/// Returns the phone numbers with their ages, and records the sighting.
pub(super) async fn look(app: &AppState, facts: &PersonProfile) -> Result<Vec<PhoneNumber>, StoreError> {
    let (person, now) = (PersonKey { tenant: app.config.tenant(), object: facts.id }, app.now());
    let settle = SignedDuration::from_hours(24 * app.config.helpdesk.phone_settle_days);
    let mut tx = app.db.begin().await?;
    let since = seen(&mut tx, &app.sealer, person, &facts.numbers, now).await?;
    know(&mut tx, person, RefreshReason::Asked, now).await?;
    tx.commit().await?;
    let number = |((kind, shown), unchanged_since): (&(PhoneNumberKind, String), Timestamp)| PhoneNumber {
        kind: *kind,
        shown: shown.clone(),
        unchanged_since,
        settled: now.duration_since(unchanged_since) >= settle,
    };
    Ok(facts.numbers.iter().zip(since).map(number).collect())
}

/// Records a sighting and returns the time since which each number has been seen. Deletes numbers that are no longer
/// there, so that one that returns is new.
async fn seen(
    tx: &mut Tx,
    sealer: &Sealer,
    person: PersonKey,
    numbers: &[(PhoneNumberKind, String)],
    now: Timestamp,
) -> Result<Vec<Timestamp>, StoreError> {
    let mut before = rows(tx, person).await?;
    let mut since = Vec::new();
    for (kind, number) in numbers {
        let data = bytes(person, *kind, number);
        // A digest whose key was removed cannot be compared, so its number counts as new.
        let is = |row: &PhoneNumberRow| {
            row.0 == kind.name() && sealer.verify(KeyPurpose::Number, &data, &row.1, &row.2) == Some(true)
        };
        let fresh = sealer.mac(KeyPurpose::Number, &data);
        let known = before.iter().position(is).map(|at| before.swap_remove(at));
        let at = known.as_ref().map_or(now.as_millisecond(), |row| row.3);
        if known.as_ref().is_none_or(|row| row.2 != fresh.1) {
            insert(tx, person, *kind, &fresh, at).await?;
            before.extend(known);
        }
        since.push(Timestamp::from_millisecond(at).unwrap_or_default());
    }
    for row in before {
        delete(tx, person, &row).await?;
    }
    Ok(since)
}

/// Loads the stored digests of a person.
async fn rows(tx: &mut Tx, person: PersonKey) -> Result<Vec<PhoneNumberRow>, StoreError> {
    const SQL: &str =
        "SELECT kind, digest, digest_key, first_seen_at FROM person_numbers WHERE tenant = $1 AND object = $2";
    let (tenant, object) = (person.tenant.to_string(), person.object.to_string());
    Ok(on_tx!(tx, |c| sqlx::query_as(SQL).bind(&tenant).bind(&object).fetch_all(c).await)?)
}

async fn insert(
    tx: &mut Tx,
    person: PersonKey,
    kind: PhoneNumberKind,
    digest: &(String, String),
    at: i64,
) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO person_numbers (tenant, object, kind, digest, digest_key, first_seen_at)
        VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (tenant, object, kind, digest) DO NOTHING";
    let (tenant, object) = (person.tenant.to_string(), person.object.to_string());
    on_tx!(tx, |c| sqlx::query(SQL)
        .bind(&tenant)
        .bind(&object)
        .bind(kind.name())
        .bind(&digest.0)
        .bind(&digest.1)
        .bind(at)
        .execute(c)
        .await
        .map(|_| ()))?;
    Ok(())
}

async fn delete(tx: &mut Tx, person: PersonKey, row: &PhoneNumberRow) -> Result<(), StoreError> {
    const SQL: &str = "DELETE FROM person_numbers WHERE tenant = $1 AND object = $2 AND kind = $3 AND digest = $4 AND digest_key = $5";
    let (tenant, object) = (person.tenant.to_string(), person.object.to_string());
    on_tx!(tx, |c| sqlx::query(SQL)
        .bind(&tenant)
        .bind(&object)
        .bind(&row.0)
        .bind(&row.1)
        .bind(&row.2)
        .execute(c)
        .await
        .map(|_| ()))?;
    Ok(())
}

/// Marks the person as known and schedules the next refresh. [`RefreshReason::Scheduled`] changes only a person who is
/// already known.
async fn know(tx: &mut Tx, person: PersonKey, why: RefreshReason, now: Timestamp) -> Result<(), StoreError> {
    const ASKED: &str = "INSERT INTO people_known (tenant, object, asked_at, refresh_at) VALUES ($1, $2, $3, $4)
        ON CONFLICT (tenant, object) DO UPDATE SET asked_at = $3, refresh_at = $4";
    const REFRESHED: &str =
        "UPDATE people_known SET refresh_at = $4 WHERE tenant = $1 AND object = $2 AND asked_at <= $3";
    let sql = if why == RefreshReason::Asked { ASKED } else { REFRESHED };
    let (tenant, object) = (person.tenant.to_string(), person.object.to_string());
    let next = now.saturating_add(REFRESH).unwrap_or(now).as_millisecond();
    let now = now.as_millisecond();
    on_tx!(tx, |c| sqlx::query(sql).bind(&tenant).bind(&object).bind(now).bind(next).execute(c).await.map(|_| ()))?;
    Ok(())
}

/// Claims people who are due for a refresh, so that no other replica refreshes them.
async fn claim(db: &Db, now: Timestamp) -> Result<Vec<ObjectId>, StoreError> {
    const SQL: &str = "UPDATE people_known SET refresh_at = $2 WHERE refresh_at <= $1 AND (tenant, object) IN
        (SELECT tenant, object FROM people_known WHERE refresh_at <= $1 ORDER BY refresh_at LIMIT $3) RETURNING object";
    let next = now.saturating_add(REFRESH).unwrap_or(now).as_millisecond();
    let now = now.as_millisecond();
    let due: Vec<(String,)> =
        write_db!(db, |pool| sqlx::query_as(SQL).bind(now).bind(next).bind(BATCH).fetch_all(pool).await)?;
    Ok(due.into_iter().filter_map(|(object,)| object.parse().ok()).collect())
}

/// Deletes what is stored about a person who no longer exists in Entra.
async fn forget(db: &Db, person: PersonKey) -> Result<(), StoreError> {
    let (tenant, object) = (person.tenant.to_string(), person.object.to_string());
    for sql in [
        "DELETE FROM person_numbers WHERE tenant = $1 AND object = $2",
        "DELETE FROM people_known WHERE tenant = $1 AND object = $2",
    ] {
        write_db!(db, |pool| sqlx::query(sql).bind(&tenant).bind(&object).execute(pool).await.map(|_| ()))?;
    }
    Ok(())
}

/// Deletes people without a request since a time, and returns their number.
pub(crate) async fn forget_people_before(tx: &mut Tx, before: Timestamp) -> Result<u64, StoreError> {
    let (before, mut people) = (before.as_millisecond(), 0);
    for sql in [
        "DELETE FROM person_numbers WHERE (tenant, object) IN (SELECT tenant, object FROM people_known WHERE asked_at < $1)",
        "DELETE FROM people_known WHERE asked_at < $1",
    ] {
        people = on_tx!(&mut *tx, |c| sqlx::query(sql).bind(before).execute(c).await.map(|d| d.rows_affected()))?;
    }
    Ok(people)
}

/// Refreshes the phone numbers of every known person once a day, until shutdown.
pub(crate) async fn refresh_people(app: AppState) {
    loop {
        if let Err(error) = round(&app).await {
            tracing::warn!(error = ?error, "phone number refresh failed: retrying");
        }
        tokio::select! {
            () = app.stop.cancelled() => return,
            () = tokio::time::sleep(REST) => {}
        }
    }
}

/// Deletes people past the retention once a day, and refreshes one batch of people who are due.
pub(super) async fn round(app: &AppState) -> Result<(), StoreError> {
    if claim_daily(&app.db, "people", app.now()).await? {
        let mut tx = app.db.begin().await?;
        forget_people_before(&mut tx, app.now().saturating_sub(FORGET).unwrap_or_default()).await?;
        tx.commit().await?;
    }
    for object in claim(&app.db, app.now()).await? {
        let person = PersonKey { tenant: app.config.tenant(), object };
        match app.entra.graph.person(object).await {
            Ok(read) => {
                let facts = super::facts(read);
                let mut tx = app.db.begin().await?;
                seen(&mut tx, &app.sealer, person, &facts.numbers, app.now()).await?;
                know(&mut tx, person, RefreshReason::Refresh, app.now()).await?;
                tx.commit().await?;
            }
            Err(GraphError::Answered(refusal)) if refusal.status.as_u16() == 404 => forget(&app.db, person).await?,
            // The claim made this person due again in 24 hours. A request before then also records a sighting.
            Err(error) => {
                tracing::warn!(error = ?error, "phone number refresh failed for one person: retrying in 24 h");
            }
        }
        tokio::select! {
            () = app.stop.cancelled() => return Ok(()),
            () = tokio::time::sleep(PAUSE) => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Random;
    use crate::config::{SealingConfig, SealingKey};
    use crate::store::on_db;
    use crate::store::testing::{TestDatabase, engines, key_file, sealer, tenant};

    fn somebody() -> PersonKey {
        PersonKey { tenant: tenant(), object: Random::system().uuid().to_string().parse().unwrap() }
    }

    fn day(n: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + n * 86_400).unwrap()
    }

    fn mobile(number: &str) -> Vec<(PhoneNumberKind, String)> {
        vec![(PhoneNumberKind::Mobile, number.to_owned())]
    }

    async fn at(
        engine: &TestDatabase,
        sealer: &Sealer,
        who: PersonKey,
        numbers: &[(PhoneNumberKind, String)],
        n: i64,
    ) -> Vec<i64> {
        let mut tx = engine.db.begin().await.unwrap();
        let since = seen(&mut tx, sealer, who, numbers, day(n)).await.unwrap();
        know(&mut tx, who, RefreshReason::Asked, day(n)).await.unwrap();
        tx.commit().await.unwrap();
        since.into_iter().map(|at| (at.as_second() - 1_800_000_000) / 86_400).collect()
    }

    #[tokio::test]
    async fn a_number_is_as_old_as_the_first_look_that_saw_it_and_no_change_since() {
        for engine in engines().await {
            let (sealer, wanda, other) = (sealer(), somebody(), somebody());
            let at = async |who, numbers: &[_], n| at(&engine, &sealer, who, numbers, n).await;
            assert_eq!(at(wanda, &mobile("+44 20 7946 0101"), 0).await, [0]);
            assert_eq!(at(wanda, &mobile("+44 (20) 79460101"), 20).await, [0], "the same number spelled differently");
            assert_eq!(at(other, &mobile("+44 20 7946 0101"), 20).await, [20], "ages are per person");
            assert_eq!(at(wanda, &mobile("+44 20 7946 0666"), 21).await, [21], "changed");
            assert_eq!(at(wanda, &mobile("+44 20 7946 0101"), 22).await, [22], "a returned number is new");
            let both = [mobile("+44 20 7946 0101"), vec![(PhoneNumberKind::Business, "+44 20 7946 0101".to_owned())]];
            assert_eq!(at(wanda, &both.concat(), 30).await, [22, 30]);
            assert_eq!(at(wanda, &[], 31).await, [] as [i64; 0]);
            assert_eq!(at(wanda, &both.concat(), 32).await, [32, 32]);
        }
    }

    #[tokio::test]
    async fn no_number_is_in_the_database_and_a_new_key_forgets_none() {
        for engine in engines().await {
            let dir = tempfile::tempdir().unwrap();
            let load =
                |keys: Vec<SealingKey>| Sealer::load(&SealingConfig { keys }, tenant(), Random::system()).unwrap();
            let (old, new) = (key_file(dir.path(), "old", 1), key_file(dir.path(), "new", 2));
            let who = somebody();
            at(&engine, &load(vec![old.clone()]), who, &mobile("020 79460101"), 0).await;
            let both = load(vec![new.clone(), old]);
            assert_eq!(at(&engine, &both, who, &mobile("020 79460101"), 9).await, [0]);
            assert_eq!(at(&engine, &load(vec![new]), who, &mobile("020 79460101"), 10).await, [0], "stored again");
            let rows: Vec<(String, String)> =
                on_db!(&engine.db, |p| sqlx::query_as("SELECT digest, digest_key FROM person_numbers")
                    .fetch_all(p)
                    .await)
                .unwrap();
            assert_eq!((rows.len(), rows[0].1.as_str(), rows[0].0.len()), (1, "new", 64), "{rows:?}");
        }
    }

    async fn forgotten(engine: &TestDatabase, before: Timestamp) {
        let mut tx = engine.db.begin().await.unwrap();
        forget_people_before(&mut tx, before).await.unwrap();
        tx.commit().await.unwrap();
    }

    #[tokio::test]
    async fn whoever_is_known_is_due_once_a_day_for_one_replica_and_at_last_forgotten() {
        for engine in engines().await {
            let (sealer, wanda) = (sealer(), somebody());
            at(&engine, &sealer, wanda, &mobile("+44 20 7946 0101"), 0).await;
            assert_eq!(claim(&engine.db, day(0)).await.unwrap(), []);
            let (one, two) = tokio::join!(claim(&engine.db, day(1)), claim(&engine.db, day(1)));
            assert_eq!([one.unwrap(), two.unwrap()].concat(), [wanda.object], "only one replica claims the person");
            assert_eq!(claim(&engine.db, day(2)).await.unwrap(), [wanda.object]);
            forgotten(&engine, day(0)).await;
            assert_eq!(at(&engine, &sealer, wanda, &mobile("+44 20 7946 0101"), 3).await, [0]);
            forgotten(&engine, day(4)).await;
            assert_eq!(claim(&engine.db, day(9)).await.unwrap(), []);
            assert_eq!(at(&engine, &sealer, wanda, &mobile("+44 20 7946 0101"), 9).await, [9]);
            forget(&engine.db, wanda).await.unwrap();
            assert_eq!(at(&engine, &sealer, wanda, &mobile("+44 20 7946 0101"), 10).await, [10]);
        }
    }
}
