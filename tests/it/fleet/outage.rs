//! Failures of the machine: a full disk, and name resolution that stops working.

use std::process::Command;
use std::time::{Duration, Instant};

use passback_emulator::{FaultEffect, FaultTarget, InjectedFault};
use reqwest::StatusCode;

use crate::support::fleet::{FleetSettings, FleetSetup, PortalFleet, crowded, free_port, person};
use crate::support::netns::NetworkLink;
use crate::support::portal::{GOOD, HttpBrowser};

/// A mounted file system of 24 MiB.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let done =
            Command::new("mount").args(["-t", "tmpfs", "-o", "size=24m", "none"]).arg(dir.path()).status().unwrap();
        assert!(done.success(), "a small disk is mounted as root");
        Self(dir)
    }

    fn fill(&self) {
        let filler = std::fs::File::create(self.0.path().join("filler")).unwrap();
        let mut filler = std::io::BufWriter::new(filler);
        while std::io::Write::write_all(&mut filler, &[0_u8; 4096]).is_ok() {}
    }

    fn free(&self) {
        std::fs::remove_file(self.0.path().join("filler")).unwrap();
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0.path()).status();
    }
}

#[tokio::test]
async fn a_full_disk_is_a_clear_page_and_what_graph_took_is_not_forgotten() {
    let disk = SmallDisk::new();
    let database = format!("sqlite://{}", disk.0.path().join("passback.db").display());
    let dir = tempfile::tempdir().unwrap();
    let fleet = PortalFleet::with(FleetSetup { database, seed: crowded(3), https: false, dir }).await;
    fleet.fault(
        InjectedFault::on(FaultTarget::ResetPassword, FaultEffect::LateAnswer { ms: 1_500 }).for_person(&person(0)),
    );
    let mut portal = fleet.start(fleet.port, &[]).await;
    fleet.link().await;
    let (mut anna, mut berta) = (fleet.signed_in(&person(0)).await, fleet.signed_in(&person(1)).await);
    let reference = anna.reset(GOOD).await.reference();
    tokio::time::sleep(Duration::from_millis(500)).await;
    disk.fill();
    let refused = berta.reset(GOOD).await;
    assert_eq!(refused.status, StatusCode::SERVICE_UNAVAILABLE, "{}", refused.body);
    assert!(refused.body.contains("Nothing was changed"), "{}", refused.body);
    assert_eq!(anna.json(&reference).await["state"], "sending", "what is known can still be read");
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(fleet.posts(&person(0)), 1);
    disk.free();
    anna.until_state(&reference, "written").await;
    let again = berta.reset(GOOD).await;
    assert!(again.url.contains("/resets/"), "{}", fleet.log(fleet.port));
    let again = again.reference();
    berta.until_state(&again, "written").await;
    assert_eq!((fleet.posts(&person(0)), fleet.posts(&person(1))), (1, 1));
    assert!(!portal.is_dead());
    fleet.verify_audit();
    portal.kill();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn names_that_are_no_longer_found_cost_nobody_a_password() {
    let mut cable = NetworkLink::new();
    let dir = tempfile::tempdir().unwrap();
    let database = format!("sqlite://{}", dir.path().join("passback.db").display());
    let fleet = PortalFleet::with(FleetSetup { database, seed: crowded(3), https: false, dir }).await;
    let (port, entra) = (free_port(), fleet.tenant.url().rsplit(':').next().unwrap().to_owned());
    // Graph's address uses a name, which the host's own resolver may or may not find.
    let graph_url = Some(format!("http://localhost:{entra}/v1.0"));
    fleet.configure(&FleetSettings { graph_url, ..FleetSettings::default() });
    let (to_entra, to_portal) = (fleet.path().join("entra.sock"), fleet.path().join("portal.sock"));
    cable.forward_here(&format!("unix:{}=tcp:127.0.0.1:{entra}", to_entra.display()));
    cable.forward_on_host(&format!("tcp:127.0.0.1:{entra}=unix:{}", to_entra.display()));
    cable.forward_on_host(&format!("unix:{}=tcp:127.0.0.1:{port}", to_portal.display()));
    cable.forward_here(&format!("tcp:127.0.0.1:{}=unix:{}", fleet.port, to_portal.display()));
    let mut portal = fleet.start_with(cable.on_host(), port, &[]);
    let mut nobody = fleet.browser();
    up(&mut nobody).await;
    fleet.link().await;
    let (mut anna, mut berta) = (fleet.signed_in(&person(0)).await, fleet.signed_in(&person(1)).await);
    let form = anna.get("/reset").await;
    assert!(form.body.contains("name=\"password\""), "{}", form.body);
    cable.forget_names();
    // The reset opens a new connection, which needs the name. It ends as not sent.
    let page = anna.reset(GOOD).await;
    assert!(page.status.is_success() || page.status == StatusCode::SERVICE_UNAVAILABLE, "{}", page.status);
    if page.url.contains("/resets/") {
        let status = anna.until_state(&page.reference(), "refused").await;
        assert_eq!(status["cause"], "R-NOT-SENT");
    }
    assert_eq!(fleet.posts(&person(0)), 0);
    cable.know_names();
    let until = Instant::now() + Duration::from_secs(20);
    while !berta.get("/reset").await.body.contains("name=\"password\"") {
        assert!(Instant::now() < until, "it goes on by itself");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let reference = berta.reset(GOOD).await.reference();
    berta.until_state(&reference, "written").await;
    portal.kill();
}

async fn up(browser: &mut HttpBrowser) {
    let until = Instant::now() + Duration::from_secs(20);
    loop {
        let answer = browser.http.get(format!("{}/healthz", browser.portal)).send().await;
        if answer.is_ok_and(|a| a.status().is_success()) {
            return;
        }
        assert!(Instant::now() < until);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
