//! Backups, restored databases, and rotated or lost sealing keys.

use std::process::Command;

use crate::support::fleet::{FleetSettings, FleetSetup, PortalFleet, crowded, person};
use crate::support::portal::{DatabaseEngine, GOOD};
use crate::support::postgres::PostgresCluster;

const BOTH_KEYS: &[(&str, u8)] = &[("k2", 8), ("k1", 7)];
const NEW_KEY: &[(&str, u8)] = &[("k2", 8)];

#[tokio::test]
async fn a_backup_taken_while_people_reset_is_restored_whole() {
    let fleet = PortalFleet::new(DatabaseEngine::Sqlite, crowded(12)).await;
    let portal = fleet.start(fleet.port, &[]).await;
    fleet.link().await;
    let mut first = fleet.signed_in(&person(0)).await;
    let reference = first.reset(GOOD).await.reference();
    first.until_state(&reference, "written").await;
    let mut others = Vec::new();
    for n in 1..12 {
        let browser = fleet.signed_in(&person(n)).await;
        others.push(tokio::spawn(async move { browser.submit(GOOD).send().await.unwrap().status() }));
    }
    let copy = fleet.path().join("backup.db");
    let done = fleet.command(&["backup"]).arg("--to").arg(&copy).output().unwrap();
    assert!(done.status.success(), "{done:?}");
    for other in others {
        assert!(other.await.unwrap().is_redirection());
    }
    let again = fleet.command(&["backup"]).arg("--to").arg(&copy).output().unwrap();
    assert!(String::from_utf8_lossy(&again.stderr).contains("never overwrites"), "{again:?}");
    drop(portal);
    for end in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(fleet.path().join(format!("passback.db{end}")));
    }
    std::fs::copy(&copy, fleet.path().join("passback.db")).unwrap();
    let _portal = fleet.start(fleet.port, &[]).await;
    fleet.verify_audit();
    assert_eq!(first.json(&reference).await["state"], "written", "she is still signed in and sees her reset");
    let mut late = fleet.signed_in(&person(11)).await;
    let posts = fleet.posts(&person(11));
    assert!(late.get("/reset").await.status.is_success());
    assert_eq!(fleet.posts(&person(11)), posts, "a restored intent is never sent: its password is gone");
}

#[tokio::test]
async fn a_postgres_dump_restores_as_documented() {
    let cluster = PostgresCluster::start();
    let dir = tempfile::tempdir().unwrap();
    let mut fleet =
        PortalFleet::with(FleetSetup { database: cluster.url(), seed: crowded(2), https: false, dir }).await;
    let portal = fleet.start(fleet.port, &[]).await;
    fleet.link().await;
    let mut first = fleet.signed_in(&person(0)).await;
    let reference = first.reset(GOOD).await.reference();
    first.until_state(&reference, "written").await;
    let dump = fleet.path().join("passback.dump");
    run(cluster.client("pg_dump").arg("--format=custom").arg("--file").arg(&dump).arg(cluster.url()));
    drop(portal);
    let restored = cluster.url().replace("/postgres", "/restored").replace("//restored@", "//postgres@");
    run(cluster.client("createdb").arg("--maintenance-db").arg(cluster.url()).arg("restored"));
    run(cluster.client("pg_restore").arg("--dbname").arg(&restored).arg(&dump));
    fleet.database = restored;
    fleet.configure(&FleetSettings::default());
    let _portal = fleet.start(fleet.port, &[]).await;
    fleet.verify_audit();
    assert_eq!(first.json(&reference).await["state"], "written");
}

fn run(command: &mut Command) {
    let done = command.output().unwrap();
    assert!(done.status.success(), "{command:?}: {}", String::from_utf8_lossy(&done.stderr));
}

#[tokio::test]
async fn a_key_is_rotated_without_anybody_noticing() {
    let fleet = PortalFleet::new(DatabaseEngine::Sqlite, crowded(2)).await;
    let portal = fleet.start(fleet.port, &[]).await;
    fleet.link().await;
    let mut wanda = fleet.signed_in(&person(0)).await;
    drop(portal);
    fleet.configure(&FleetSettings { keys: BOTH_KEYS, ..FleetSettings::default() });
    let _portal = fleet.start(fleet.port, &[]).await;
    let reference = wanda.reset(GOOD).await.reference();
    wanda.until_state(&reference, "written").await;
    fleet.verify_audit();
}

#[tokio::test]
async fn after_a_lost_key_people_sign_in_again_and_the_operator_is_linked_again_and_nothing_else_is_lost() {
    let fleet = PortalFleet::new(DatabaseEngine::Sqlite, crowded(2)).await;
    let portal = fleet.start(fleet.port, &[]).await;
    fleet.link().await;
    let mut wanda = fleet.signed_in(&person(0)).await;
    let reference = wanda.reset(GOOD).await.reference();
    wanda.until_state(&reference, "written").await;
    drop(portal);
    fleet.configure(&FleetSettings { keys: NEW_KEY, ..FleetSettings::default() });
    let _portal = fleet.start(fleet.port, &[]).await;
    let gone = wanda.once("/reset").await;
    assert_eq!(gone.headers()["location"], "/signin", "her session is over, and that is all");
    let page = wanda.sign_in("/signin", &person(0), "passkey", "").await;
    assert_eq!(page.code(), "G-OPERATOR", "{}", page.body);
    fleet.link().await;
    assert_eq!(wanda.json(&reference).await["state"], "written", "her reset is still there");
    let other = fleet.signed_in(&person(1)).await;
    assert!(other.submit(GOOD).send().await.unwrap().status().is_redirection());
    let report = fleet.command(&["audit", "verify", "--database", &fleet.database]).output().unwrap();
    let said = String::from_utf8_lossy(&report.stdout);
    assert!(report.status.success() && said.contains("key k1 is not here"), "it says what it could not check: {said}");
}
