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
    let (whole, said) = verify_with_output(&fleet, &[]);
    assert!(!whole && said.contains("BROKEN: key \"k1\" signed"), "it cannot check these rows: {said}");
    assert_eq!(said.matches("k1").count(), 1, "one line for the key: {said}");
}

/// Runs `passback audit verify` with the MACs. Returns success and output.
fn verify_with_output(fleet: &PortalFleet, more: &[&str]) -> (bool, String) {
    let arguments = [&["audit", "verify", "--database", &fleet.database], more].concat();
    let done = fleet.cli_command(&arguments).output().unwrap();
    (done.status.success(), String::from_utf8(done.stdout).unwrap())
}

#[tokio::test]
async fn removed_sealing_key_still_verifies_as_verify_key() {
    let fleet = PortalFleet::new(DatabaseEngine::Sqlite, seed_with_people(2)).await;
    let portal = fleet.start_replica(fleet.port, &[]).await;
    fleet.link_operator().await;
    drop(portal);
    let old_key = fleet.data_path().join("seal-k1-7");
    let reset_lines = format!("[audit]\nverify_keys = [{{ id = \"k1\", file = \"{}\" }}]", old_key.display());
    let settings = FleetSettings { sealing_keys: NEW_KEY, reset_lines: &reset_lines, ..FleetSettings::default() };
    fleet.write_config(&settings);
    let _portal = fleet.start_replica(fleet.port, &[]).await;
    // The operator's token was under the old key. The sign-in itself is recorded under the new one.
    let page = fleet.browser().sign_in("/signin", &person_upn(0), "passkey", "").await;
    assert_eq!(page.code(), "G-OPERATOR", "{}", page.body);
    let (_, said) = verify_with_output(&fleet, &[]);
    assert!(said.contains("The chain is whole."), "rows of both keys: {said}");
}

#[tokio::test]
async fn restored_backup_is_recorded_before_the_portal_starts() {
    let fleet = PortalFleet::new(DatabaseEngine::Sqlite, seed_with_people(2)).await;
    let portal = fleet.start_replica(fleet.port, &[]).await;
    fleet.link_operator().await;
    let copy = fleet.data_path().join("backup.db");
    assert!(fleet.cli_command(&["backup"]).arg("--to").arg(&copy).output().unwrap().status.success());
    fleet.signed_in(&person_upn(0)).await;
    drop(portal);
    let (_, said) = verify_with_output(&fleet, &[]);
    let (count, hash) = said.lines().find_map(|line| line.split_once(" rows, head ")).unwrap();
    let head = fleet.data_path().join("head.txt");
    std::fs::write(&head, format!("{count} {hash}\n")).unwrap();
    let head = head.to_str().unwrap();
    for end in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(fleet.data_path().join(format!("passback.db{end}")));
    }
    std::fs::copy(&copy, fleet.data_path().join("passback.db")).unwrap();
    let (whole, said) = verify_with_output(&fleet, &["--head", head]);
    assert!(!whole && said.contains("BROKEN: rolled back or rewritten"), "{said}");
    let record = ["audit", "record-restore", "--reason", "The disk failed.", "--head", head];
    let done = fleet.cli_command(&record).output().unwrap();
    let said = String::from_utf8_lossy(&done.stdout);
    assert!(done.status.success() && said.contains("1 exported heads are missing"), "{done:?}");
    let _portal = fleet.start_replica(fleet.port, &[]).await;
    fleet.signed_in(&person_upn(1)).await;
    let (whole, said) = verify_with_output(&fleet, &["--head", head]);
    assert!(whole && said.contains("notice: restored at") && said.contains("recorded by row"), "{said}");
}
