//! Measures start time and memory: idle, and with thousands of open status pages.

use std::time::{Duration, Instant};

use passback_emulator::{FaultEffect, FaultTarget, InjectedFault};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::control_server::ControlServer;
use super::report::{BenchmarkReport, median_value};
use super::support::fleet::{FleetSettings, PortalFleet, free_port, person_upn, seed_with_people};
use super::support::portal::{DatabaseEngine, VALID_PASSWORD};

fn resident_kib(pid: u32) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|l| l.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

async fn wait_until_answered(port: u16, path: &str) {
    loop {
        if let Ok(mut stream) = TcpStream::connect(("127.0.0.1", port)).await {
            let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
            let mut said = String::new();
            if stream.write_all(request.as_bytes()).await.is_ok()
                && stream.read_to_string(&mut said).await.is_ok()
                && said.contains(" 200 ")
            {
                return;
            }
        }
        tokio::time::sleep(Duration::from_micros(500)).await;
    }
}

/// Measures the time to the first 200 response and the idle memory, against an empty axum server. `make bench` builds
/// the binary of the container image first and names it in `PASSBACK_IMAGE_BINARY`; without that variable, the binary
/// that includes the emulator is measured.
pub(crate) async fn measure_idle(figures: &mut BenchmarkReport) {
    let mut fleet = PortalFleet::new(DatabaseEngine::Sqlite, seed_with_people(1)).await;
    let image = std::env::var_os("PASSBACK_IMAGE_BINARY").map(std::path::PathBuf::from);
    let of = if image.is_some() { "as the image holds it" } else { "with the emulator; the image's is built without" };
    if let Some(binary) = image {
        fleet.binary = binary;
    }
    let (mut ours, mut bare, mut memory) = (Vec::new(), Vec::new(), Vec::new());
    let mut theirs = 0.0;
    for _ in 0..5 {
        let port = free_port();
        let began = Instant::now();
        let portal = fleet.spawn_replica(std::process::Command::new("env"), port, &[("PASSBACK_LOG", "warn")]);
        wait_until_answered(port, "/healthz").await;
        ours.push(began.elapsed().as_secs_f64() * 1e3);
        let port = free_port();
        let began = Instant::now();
        let control = ControlServer::start(port, std::path::Path::new("/dev/null"), "");
        wait_until_answered(port, "/").await;
        bare.push(began.elapsed().as_secs_f64() * 1e3);
        tokio::time::sleep(Duration::from_secs(1)).await;
        memory.push(resident_kib(portal.pid()) / 1024.0);
        theirs = resident_kib(control.0.id()) / 1024.0;
    }
    let (start, control) = (median_value(&mut ours), median_value(&mut bare));
    figures.add("start_ms", start, "100", start <= 100.0, &format!("an empty axum server {control:.0} ms"));
    let memory = median_value(&mut memory);
    figures.add("idle_mib", memory, "25", memory <= 25.0, &format!("an empty axum server {theirs:.1} MiB"));
    let size = std::fs::metadata(&fleet.binary).unwrap().len() as f64 / 1024.0 / 1024.0;
    figures.add_untargeted("binary_mib", size, of);
    fleet.emulator.stop().await;
}

/// Measures the growth of memory from 1,000 to 10,000 open status pages, over HTTP/1.1.
pub(crate) async fn measure_streams(figures: &mut BenchmarkReport) {
    let fleet = PortalFleet::new(DatabaseEngine::Sqlite, seed_with_people(1)).await;
    let server = "max_connections = 30000\nmax_connections_per_address = 30000";
    fleet.write_config(&FleetSettings { server_lines: server, ..FleetSettings::default() });
    fleet.add_fault(InjectedFault::new(FaultTarget::Writeback, FaultEffect::Slow { ms: 3_600_000 }));
    let portal = fleet.start_replica(fleet.port, &[("PASSBACK_LOG", "warn")]).await;
    fleet.link_operator().await;
    let mut browser = fleet.signed_in(&person_upn(0)).await;
    let reference = browser.submit_reset(VALID_PASSWORD).await.reference();
    browser.wait_for_state(&reference, "writing").await;
    let host = format!("127.0.0.1:{}", fleet.port);
    let cookie = browser.cookie_header();
    let request = format!(
        "GET /resets/{reference}/events HTTP/1.1\r\nHost: {host}\r\nCookie: {cookie}\r\nAccept: text/event-stream\r\n\r\n"
    );
    let mut open = Vec::new();
    let mut at = Vec::new();
    for wanted in [1_000, 10_000] {
        while open.len() < wanted {
            let mut stream = TcpStream::connect(("127.0.0.1", fleet.port)).await.unwrap();
            stream.write_all(request.as_bytes()).await.unwrap();
            let mut said = [0_u8; 2_048];
            let read = stream.read(&mut said).await.unwrap();
            assert!(String::from_utf8_lossy(&said[..read]).starts_with("HTTP/1.1 200"));
            open.push(stream);
        }
        tokio::time::sleep(Duration::from_secs(3)).await;
        at.push(resident_kib(portal.pid()));
    }
    let each = (at[1] - at[0]) / 9_000.0;
    let detail = format!("{:.0} MiB with 1,000, {:.0} MiB with 10,000; target 16", at[0] / 1024.0, at[1] / 1024.0);
    figures.add("kib_per_open_timeline", each, "<= 24", each <= 24.0, &detail);
    drop(open);
    fleet.emulator.stop().await;
}
