//! Backups, restored databases, and rotated or lost sealing keys.

use std::process::Command;

use crate::support::fleet::{FleetSettings, FleetSetup, PortalFleet, person_upn, seed_with_people};
use crate::support::portal::{DatabaseEngine, VALID_PASSWORD};
use crate::support::postgres::PostgresCluster;

const BOTH_KEYS: &[(&str, u8)] = &[("k2", 8), ("k1", 7)];
const NEW_KEY: &[(&str, u8)] = &[("k2", 8)];

#[tokio::test]
async fn backup_during_resets_restores_completely() {
    let fleet = PortalFleet::new(DatabaseEngine::Sqlite, seed_with_people(12)).await;
    let portal = fleet.start_replica(fleet.port, &[]).await;
    fleet.link_operator().await;
    let mut first = fleet.signed_in(&person_upn(0)).await;
    let reference = first.submit_reset(VALID_PASSWORD).await.reference();
    first.wait_for_state(&reference, "written").await;
    let mut others = Vec::new();
    for n in 1..12 {
        let browser = fleet.signed_in(&person_upn(n)).await;
        others.push(tokio::spawn(async move { browser.reset_request(VALID_PASSWORD).send().await.unwrap().status() }));
    }
    let copy = fleet.data_path().join("backup.db");
    let done = fleet.cli_command(&["backup"]).arg("--to").arg(&copy).output().unwrap();
    assert!(done.status.success(), "{done:?}");
    for other in others {
        assert!(other.await.unwrap().is_redirection());
    }
    let again = fleet.cli_command(&["backup"]).arg("--to").arg(&copy).output().unwrap();
    assert!(String::from_utf8_lossy(&again.stderr).contains("never overwrites"), "{again:?}");
    drop(portal);
    for end in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(fleet.data_path().join(format!("passback.db{end}")));
    }
    std::fs::copy(&copy, fleet.data_path().join("passback.db")).unwrap();
    let _portal = fleet.start_replica(fleet.port, &[]).await;
    fleet.verify_audit();
    assert_eq!(first.fetch_status(&reference).await["state"], "written", "she is still signed in and sees her reset");
    let mut late = fleet.signed_in(&person_upn(11)).await;
    let posts = fleet.count_reset_posts(&person_upn(11));
    assert!(late.get("/reset").await.status.is_success());
    assert_eq!(
        fleet.count_reset_posts(&person_upn(11)),
        posts,
        "a restored intent is never sent: its password is gone"
    );
}

#[tokio::test]
async fn postgres_dump_restores_as_documented() {
    let cluster = PostgresCluster::start();
    let dir = tempfile::tempdir().unwrap();
    let mut fleet = PortalFleet::with_setup(FleetSetup {
        database: cluster.url(),
        seed: seed_with_people(2),
        uses_https: false,
        dir,
    })
    .await;
    let portal = fleet.start_replica(fleet.port, &[]).await;
    fleet.link_operator().await;
    let mut first = fleet.signed_in(&person_upn(0)).await;
    let reference = first.submit_reset(VALID_PASSWORD).await.reference();
    first.wait_for_state(&reference, "written").await;
    let dump = fleet.data_path().join("passback.dump");
    run_command(cluster.client_command("pg_dump").arg("--format=custom").arg("--file").arg(&dump).arg(cluster.url()));
    drop(portal);
    let restored = cluster.url().replace("/postgres", "/restored").replace("//restored@", "//postgres@");
    run_command(cluster.client_command("createdb").arg("--maintenance-db").arg(cluster.url()).arg("restored"));
    run_command(cluster.client_command("pg_restore").arg("--dbname").arg(&restored).arg(&dump));
    fleet.database = restored;
    fleet.write_config(&FleetSettings::default());
    let _portal = fleet.start_replica(fleet.port, &[]).await;
    fleet.verify_audit();
    assert_eq!(first.fetch_status(&reference).await["state"], "written");
}

fn run_command(command: &mut Command) {
    let done = command.output().unwrap();
    assert!(done.status.success(), "{command:?}: {}", String::from_utf8_lossy(&done.stderr));
}

#[tokio::test]
async fn sealing_key_rotation_keeps_sessions_and_operator() {
    let fleet = PortalFleet::new(DatabaseEngine::Sqlite, seed_with_people(2)).await;
    let portal = fleet.start_replica(fleet.port, &[]).await;
    fleet.link_operator().await;
    let mut wanda = fleet.signed_in(&person_upn(0)).await;
    drop(portal);
    fleet.write_config(&FleetSettings { sealing_keys: BOTH_KEYS, ..FleetSettings::default() });
    let _portal = fleet.start_replica(fleet.port, &[]).await;
    let reference = wanda.submit_reset(VALID_PASSWORD).await.reference();
    wanda.wait_for_state(&reference, "written").await;
    fleet.verify_audit();
}

#[tokio::test]
async fn lost_sealing_key_requires_only_sign_in_and_operator_link() {
    let fleet = PortalFleet::new(DatabaseEngine::Sqlite, seed_with_people(2)).await;
    let portal = fleet.start_replica(fleet.port, &[]).await;
    fleet.link_operator().await;
    let mut wanda = fleet.signed_in(&person_upn(0)).await;
    let reference = wanda.submit_reset(VALID_PASSWORD).await.reference();
    wanda.wait_for_state(&reference, "written").await;
    drop(portal);
    fleet.write_config(&FleetSettings { sealing_keys: NEW_KEY, ..FleetSettings::default() });
    let _portal = fleet.start_replica(fleet.port, &[]).await;
    let gone = wanda.get_once("/reset").await;
    assert_eq!(gone.headers()["location"], "/signin", "her session is over, and that is all");
    let page = wanda.sign_in("/signin", &person_upn(0), "passkey", "").await;
    assert_eq!(page.code(), "G-OPERATOR", "{}", page.body);
    fleet.link_operator().await;
    assert_eq!(wanda.fetch_status(&reference).await["state"], "written", "her reset is still there");
    let other = fleet.signed_in(&person_upn(1)).await;
    assert!(other.reset_request(VALID_PASSWORD).send().await.unwrap().status().is_redirection());
    let report = fleet.cli_command(&["audit", "verify", "--database", &fleet.database]).output().unwrap();
    let said = String::from_utf8_lossy(&report.stdout);
    assert!(report.status.success() && said.contains("key k1 is not here"), "it says what it could not check: {said}");
}
