//! Compares the duration of a reset with 1,000 and with 1,000,000 other resets in the database.

use std::time::Instant;

use sqlx::Connection as _;

use super::report::{BenchmarkReport, median_value};
use super::support::fleet::{PortalFleet, person_upn, seed_with_people};
use super::support::portal::{DatabaseEngine, VALID_PASSWORD};

const RESETS_PER_DATABASE: usize = 60;

pub(crate) async fn run(figures: &mut BenchmarkReport) {
    let mut fleets = Vec::new();
    for stored in [1_000, 1_000_000] {
        let fleet = PortalFleet::new(DatabaseEngine::Sqlite, seed_with_people(RESETS_PER_DATABASE)).await;
        // The first start creates the tables.
        drop(fleet.start_replica(fleet.port, &[("PASSBACK_LOG", "warn")]).await);
        fill_database(&fleet, stored).await;
        let portal = fleet.start_replica(fleet.port, &[("PASSBACK_LOG", "warn")]).await;
        fleet.link_operator().await;
        fleets.push((fleet, portal));
    }
    let (mut few, mut many) = (Vec::new(), Vec::new());
    for n in 0..RESETS_PER_DATABASE {
        // Alternates between the databases, so that both meet the same noise.
        for (at, times) in [(0, &mut few), (1, &mut many)] {
            let fleet = &fleets[at].0;
            let mut browser = fleet.signed_in(&person_upn(n)).await;
            let began = Instant::now();
            let reference = browser.submit_reset(VALID_PASSWORD).await.reference();
            while browser.fetch_status(&reference).await["state"] == "sending" {
                tokio::time::sleep(std::time::Duration::from_millis(1)).await;
            }
            times.push(began.elapsed().as_secs_f64() * 1e3);
        }
    }
    let (few, many) = (median_value(&mut few), median_value(&mut many));
    let detail = format!("{many:.1} ms with 1,000,000 stored, {few:.1} ms with 1,000");
    figures.add("million_stored_cost", many / few, "<= 1.2", many / few <= 1.2, &detail);
    for (fleet, portal) in fleets {
        drop(portal);
        fleet.emulator.stop().await;
    }
}

/// Stores written resets of the past months with their evidence.
async fn fill_database(fleet: &PortalFleet, count: i64) {
    let mut database = sqlx::SqliteConnection::connect(&fleet.database).await.unwrap();
    let now = passback::Clock::system().now().as_millisecond();
    let numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $1) ";
    let resets = format!(
        "{numbers} INSERT INTO resets (id, reference, tenant, object, upn, name, synced, state, created_at, updated_at, revision, change, dispatched_at, accepted_at, settled_at, polls, open)
         SELECT printf('01800000-0000-7000-8000-%012x', i), printf('%08X', i), 'c0de0000-7e5a-4f00-8000-00000000c0de', printf('00000000-0000-4000-9000-%012x', i % 50000),
            'x@contoso.example', 'X', 1, 'written', $2 - 7200000 - i * 8000, $2 - 7200000 - i * 8000 + 4000, 5, i, $2 - 7200000 - i * 8000, $2 - 7200000 - i * 8000 + 500, $2 - 7200000 - i * 8000 + 4000, 4, 0 FROM n"
    );
    sqlx::query(sqlx::AssertSqlSafe(resets)).bind(count).bind(now).execute(&mut database).await.unwrap();
    let evidence = format!(
        "{numbers} INSERT INTO evidence (reset_id, rung, at, source) SELECT printf('01800000-0000-7000-8000-%012x', i), 'written', 1, 'graph' FROM n"
    );
    sqlx::query(sqlx::AssertSqlSafe(evidence)).bind(count).execute(&mut database).await.unwrap();
    sqlx::query("UPDATE counters SET value = $1 WHERE name = 'change'")
        .bind(count)
        .execute(&mut database)
        .await
        .unwrap();
    sqlx::query("ANALYZE").execute(&mut database).await.unwrap();
}
