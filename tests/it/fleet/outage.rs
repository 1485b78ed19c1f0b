//! Failures of the machine: a full disk, and name resolution that stops working.

use std::process::Command;

use reqwest::StatusCode;

use crate::support::fleet::{FleetSettings, FleetSetup, PortalFleet, free_port, person_upn, seed_with_people};
use crate::support::network_link::NetworkLink;
use crate::support::portal::{HttpBrowser, VALID_PASSWORD};
use crate::support::wait::wait_until;

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
async fn full_disk_shows_error_and_keeps_accepted_reset() {
    let disk = SmallDisk::new();
    let database = format!("sqlite://{}", disk.0.path().join("passback.db").display());
    let dir = tempfile::tempdir().unwrap();
    let fleet =
        PortalFleet::with_setup(FleetSetup { database, seed: seed_with_people(3), uses_https: false, dir }).await;
    // The portal stops with Graph's answer in its hands, and goes on when the disk is full.
    let mut portal = fleet.start_replica(fleet.port, &[("PASSBACK_STOP_AT", "answered")]).await;
    fleet.link_operator().await;
    let (mut anna, mut berta) = (fleet.signed_in(&person_upn(0)).await, fleet.signed_in(&person_upn(1)).await);
    let submitted = tokio::spawn(anna.reset_request(VALID_PASSWORD).send());
    portal.wait_until_stopped().await;
    let reference = fleet.load_resets().await[0].reference.clone();
    disk.fill();
    portal.send_signal("CONT");
    assert!(submitted.await.unwrap().unwrap().status().is_redirection(), "it was accepted before the disk was full");
    let refused = berta.submit_reset(VALID_PASSWORD).await;
    assert_eq!(refused.status, StatusCode::SERVICE_UNAVAILABLE, "{}", refused.body);
    assert!(refused.body.contains("Nothing was changed"), "{}", refused.body);
    fleet.wait_for_log(fleet.port, &["storing the reset outcome failed: retrying"]).await;
    assert_eq!(anna.fetch_status(&reference).await["state"], "sending", "what is known can still be read");
    assert_eq!(fleet.count_reset_posts(&person_upn(0)), 1);
    disk.free();
    anna.wait_for_state(&reference, "written").await;
    let again = berta.submit_reset(VALID_PASSWORD).await;
    assert!(again.url.contains("/resets/"), "{}", fleet.read_log(fleet.port));
    let again = again.reference();
    berta.wait_for_state(&again, "written").await;
    assert_eq!((fleet.count_reset_posts(&person_upn(0)), fleet.count_reset_posts(&person_upn(1))), (1, 1));
    assert!(!portal.has_exited());
    fleet.verify_audit();
    portal.kill();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn failed_name_resolution_sends_no_password() {
    let mut cable = NetworkLink::new();
    let dir = tempfile::tempdir().unwrap();
    let database = format!("sqlite://{}", dir.path().join("passback.db").display());
    let fleet =
        PortalFleet::with_setup(FleetSetup { database, seed: seed_with_people(3), uses_https: false, dir }).await;
    let (port, entra) = (free_port(), fleet.emulator.url().rsplit(':').next().unwrap().to_owned());
    // Graph's address uses a name, which the host's own resolver may or may not find.
    let graph_url = Some(format!("http://localhost:{entra}/v1.0"));
    fleet.write_config(&FleetSettings { graph_url, ..FleetSettings::default() });
    let (to_entra, to_portal) = (fleet.data_path().join("entra.sock"), fleet.data_path().join("portal.sock"));
    cable.forward_locally(&format!("unix:{}=tcp:127.0.0.1:{entra}", to_entra.display()));
    cable.forward_on_host(&format!("tcp:127.0.0.1:{entra}=unix:{}", to_entra.display()));
    cable.forward_on_host(&format!("unix:{}=tcp:127.0.0.1:{port}", to_portal.display()));
    cable.forward_locally(&format!("tcp:127.0.0.1:{}=unix:{}", fleet.port, to_portal.display()));
    let mut portal = fleet.spawn_replica(cable.host_command(), port, &[]);
    let mut nobody = fleet.browser();
    wait_until_healthy(&mut nobody).await;
    fleet.link_operator().await;
    let (mut anna, mut berta) = (fleet.signed_in(&person_upn(0)).await, fleet.signed_in(&person_upn(1)).await);
    let form = anna.get("/reset").await;
    assert!(form.body.contains("name=\"password\""), "{}", form.body);
    cable.disable_name_resolution();
    // The reset opens a new connection, which needs the name. It ends as not sent.
    let page = anna.submit_reset(VALID_PASSWORD).await;
    assert!(page.status.is_success() || page.status == StatusCode::SERVICE_UNAVAILABLE, "{}", page.status);
    if page.url.contains("/resets/") {
        let status = anna.wait_for_state(&page.reference(), "refused").await;
        assert_eq!(status["cause"], "R-NOT-SENT");
    }
    assert_eq!(fleet.count_reset_posts(&person_upn(0)), 0);
    cable.enable_name_resolution();
    let form_opens = async || berta.get("/reset").await.body.contains("name=\"password\"");
    wait_until("the form opens again by itself", form_opens).await;
    let reference = berta.submit_reset(VALID_PASSWORD).await.reference();
    berta.wait_for_state(&reference, "written").await;
    portal.kill();
}

async fn wait_until_healthy(browser: &mut HttpBrowser) {
    let url = format!("{}/healthz", browser.portal_url);
    let is_healthy = async || browser.http.get(&url).send().await.is_ok_and(|answer| answer.status().is_success());
    wait_until("the portal answers", is_healthy).await;
}
