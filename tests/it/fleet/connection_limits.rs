//! Connections of the portal process: TLS, limits per client and request, and the separate listener for metrics.

use std::io::ErrorKind;

use reqwest::{Client, StatusCode, Version, redirect};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};

use super::notices::smtp_environment;
use crate::support::fleet::{
    FleetSettings, FleetSetup, PortalFleet, PortalReplica, free_port, person_upn, seed_with_people,
};
use crate::support::mail_server::TestMailServer;
use crate::support::portal::{DatabaseEngine, HttpBrowser, VALID_PASSWORD};
use crate::support::wait::{in_time, wait_for_value, wait_until};

/// Writes a certificate for `localhost` and returns it as PEM.
fn write_certificate(fleet: &PortalFleet) -> String {
    let key = rcgen::KeyPair::generate().unwrap();
    let made = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap().self_signed(&key).unwrap();
    // The key is written first: a reload between the two must not find a new certificate with the old key for long.
    std::fs::write(fleet.data_path().join("key.pem"), key.serialize_pem()).unwrap();
    std::fs::write(fleet.data_path().join("cert.pem"), made.pem()).unwrap();
    made.pem()
}

fn client_trusting(pem: &str) -> Client {
    let root = reqwest::Certificate::from_pem(pem.as_bytes()).unwrap();
    Client::builder().add_root_certificate(root).redirect(redirect::Policy::none()).build().unwrap()
}

async fn start_with_tls() -> (PortalFleet, PortalReplica, String) {
    let dir = tempfile::tempdir().unwrap();
    let database = format!("sqlite://{}", dir.path().join("passback.db").display());
    let fleet =
        PortalFleet::with_setup(FleetSetup { database, seed: seed_with_people(1), uses_https: true, dir }).await;
    let pem = write_certificate(&fleet);
    let folder = fleet.data_path().display();
    let server = format!("tls_cert = \"{folder}/cert.pem\"\ntls_key = \"{folder}/key.pem\"");
    fleet.write_config(&FleetSettings { server_lines: &server, ..FleetSettings::default() });
    let portal = fleet.start_replica(fleet.port, &[]).await;
    (fleet, portal, pem)
}

#[tokio::test]
async fn tls_listener_serves_http2_and_host_only_cookies() {
    let (fleet, _portal, pem) = start_with_tls().await;
    let mut browser = HttpBrowser { http: client_trusting(&pem), portal_url: fleet.url(), cookies: Vec::new() };
    let landing = browser.get_once("/").await;
    assert_eq!((landing.status(), landing.version()), (StatusCode::OK, Version::HTTP_2));
    assert!(landing.headers()["strict-transport-security"].to_str().unwrap().contains("max-age=63072000"));
    let begun = browser.get_once("/signin").await;
    let cookie = begun.headers()["set-cookie"].to_str().unwrap();
    assert!(cookie.starts_with("__Host-passback="), "{cookie}");
    for part in ["Secure", "HttpOnly", "SameSite=Lax", "Path=/"] {
        assert!(cookie.contains(part), "{part}: {cookie}");
    }
    assert!(!cookie.contains("Domain"), "{cookie}");
}

#[tokio::test]
async fn tls_listener_rejects_old_versions_and_ciphers() {
    let (fleet, _portal, _) = start_with_tls().await;
    for (arguments, works) in [
        ("-tls1_3", true),
        ("-tls1_2", true),
        ("-tls1_2 -cipher ECDHE-ECDSA-AES128-GCM-SHA256", true),
        ("-tls1_2 -cipher AES128-SHA", false),
        ("-tls1_2 -cipher ECDHE-ECDSA-AES128-SHA", false),
        ("-tls1_1 -cipher ALL:@SECLEVEL=0", false),
    ] {
        let line = format!("openssl s_client -connect 127.0.0.1:{} {arguments} </dev/null", fleet.port);
        let done = std::process::Command::new("sh").args(["-c", &line]).output().unwrap();
        assert_eq!(done.status.success(), works, "{line}: {}", String::from_utf8_lossy(&done.stderr));
    }
}

#[tokio::test]
async fn renewed_certificate_is_loaded_and_broken_one_ignored() {
    let (fleet, _portal, old) = start_with_tls().await;
    let url = format!("{}/healthz", fleet.url());
    assert!(client_trusting(&old).get(&url).send().await.is_ok());
    std::fs::write(fleet.data_path().join("cert.pem"), "no certificate").unwrap();
    fleet.wait_for_log(fleet.port, &["TLS certificate reload failed"]).await;
    assert!(client_trusting(&old).get(&url).send().await.is_ok(), "the old one stays in use");
    let new = write_certificate(&fleet);
    let is_in_use = async || client_trusting(&new).get(&url).send().await.is_ok();
    wait_until("the new certificate is in use", is_in_use).await;
    assert!(client_trusting(&old).get(&url).send().await.is_err());
}

/// Connects from another loopback address of this machine.
async fn connect_from(address: &str, port: u16) -> std::io::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    socket.bind(format!("{address}:0").parse().unwrap())?;
    socket.connect(format!("127.0.0.1:{port}").parse().unwrap()).await
}

/// A connection, and what the portal has said on it so far.
struct IdleConnection {
    stream: TcpStream,
    heard: Vec<u8>,
    is_closed: bool,
}

impl IdleConnection {
    async fn open(port: u16, begun: &str) -> Self {
        let mut stream = connect_from("127.0.0.66", port).await.unwrap();
        let _ = stream.write_all(begun.as_bytes()).await;
        Self { stream, heard: Vec::new(), is_closed: false }
    }

    /// Reads what has arrived, without waiting for more. Returns `true` if the portal has closed the connection.
    fn check_closed(&mut self) -> bool {
        let mut bytes = [0_u8; 512];
        while !self.is_closed {
            match self.stream.try_read(&mut bytes) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Ok(0) | Err(_) => self.is_closed = true,
                Ok(count) => self.heard.extend_from_slice(&bytes[..count]),
            }
        }
        self.is_closed
    }
}

#[tokio::test]
async fn idle_connections_from_one_address_do_not_block_others() {
    const ALLOWED: usize = 40;
    let fleet = PortalFleet::new(DatabaseEngine::Sqlite, seed_with_people(1)).await;
    fleet.write_config(&FleetSettings { server_lines: "max_connections_per_address = 40", ..FleetSettings::default() });
    let portal = fleet.start_replica(fleet.port, &[]).await;
    let whole = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";
    let mut slow = Vec::new();
    for n in 0..3 * ALLOWED {
        let begun = ["", "G", "GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ", whole][n % 4];
        slow.push(IdleConnection::open(fleet.port, begun).await);
    }
    let count_closed = async || slow.iter_mut().filter_map(|one| one.check_closed().then_some(())).count();
    let refused = |closed: &usize| *closed >= 2 * ALLOWED;
    let closed = wait_for_value("beyond its share it is refused at once", count_closed, refused).await;
    assert_eq!(closed, 2 * ALLOWED, "its share stays open");
    assert!(slow.iter().all(|one| !one.is_closed || one.heard.is_empty()), "what is refused is not answered");
    let are_answered = async || {
        let mut whole_ones = slow.iter_mut().skip(3).step_by(4);
        whole_ones.all(|one| one.check_closed() || one.heard.starts_with(b"HTTP/1.1 200"))
    };
    wait_until("the whole requests within its share are answered", are_answered).await;
    assert!(slow.iter().any(|one| !one.heard.is_empty()));
    assert!(fleet.browser().get("/").await.status.is_success(), "everybody else is served");
    // Half-sent heads and silence are closed after a while. Single bytes must not keep a half-sent head alive, so they
    // are sent until then.
    let are_all_closed = async || {
        let mut open = 0;
        for one in &mut slow {
            if !one.check_closed() {
                let _ = one.stream.write_all(b"a").await;
                open += 1;
            }
        }
        open == 0
    };
    wait_until("single bytes keep no connection open", are_all_closed).await;
    assert!(connect_from("127.0.0.66", fleet.port).await.is_ok());
    drop(portal);
}

/// Sends raw bytes and returns the response.
async fn send_raw_request(port: u16, request: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let _ = stream.write_all(request.as_bytes()).await;
    let mut said = Vec::new();
    // An error after the answer is a connection that was reset: what it said is what counts.
    let _ = in_time("the portal ends the connection", stream.read_to_end(&mut said)).await;
    String::from_utf8_lossy(&said).into_owned()
}

#[tokio::test]
async fn oversized_headers_and_bodies_are_rejected() {
    let fleet = PortalFleet::new(DatabaseEngine::Sqlite, seed_with_people(1)).await;
    let _portal = fleet.start_replica(fleet.port, &[]).await;
    let port = fleet.port;
    let huge = format!("GET / HTTP/1.1\r\nHost: x\r\nX-A: {}\r\n\r\n", "a".repeat(40_000));
    let many = format!("GET / HTTP/1.1\r\nHost: x\r\n{}\r\n", "X-A: 1\r\n".repeat(100));
    let long = format!("GET /{} HTTP/1.1\r\nHost: x\r\n\r\n", "a".repeat(40_000));
    for (request, status) in [(&huge, "431"), (&many, "431"), (&long, "431")] {
        let said = send_raw_request(port, request).await;
        assert!(said.starts_with(&format!("HTTP/1.1 {status}")), "{status}: {said}");
    }
    let form = "POST /reset HTTP/1.1\r\nHost: x\r\nConnection: close\r\nSec-Fetch-Site: same-origin\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 20000\r\n\r\n";
    let said = send_raw_request(port, &format!("{form}{}", "a".repeat(20_000))).await;
    assert!(said.starts_with("HTTP/1.1 413"), "{said}");
}

#[tokio::test]
async fn unfinished_body_times_out() {
    let fleet = PortalFleet::new(DatabaseEngine::Sqlite, seed_with_people(1)).await;
    let _portal = fleet.start_replica(fleet.port, &[]).await;
    fleet.link_operator().await;
    let browser = fleet.signed_in(&person_upn(0)).await;
    let cookie = browser.cookie_header();
    let head = format!(
        "POST /reset HTTP/1.1\r\nHost: x\r\nConnection: close\r\nSec-Fetch-Site: same-origin\r\nCookie: {cookie}\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 40\r\n\r\npassword="
    );
    let said = send_raw_request(fleet.port, &head).await;
    assert!(said.starts_with("HTTP/1.1 408"), "{said}");
    assert!(fleet.load_resets().await.is_empty());
}

#[tokio::test]
async fn metrics_use_own_listener_and_contain_no_personal_data() {
    let fleet = PortalFleet::new(DatabaseEngine::Sqlite, seed_with_people(1)).await;
    let inside = free_port();
    let server = format!("metrics_listen = \"127.0.0.1:{inside}\"");
    fleet.write_config(&FleetSettings { server_lines: &server, ..FleetSettings::default() });
    let mailbox = TestMailServer::start().await;
    let _portal = fleet.start_replica(fleet.port, &smtp_environment(&mailbox.port.to_string())).await;
    fleet.link_operator().await;
    let mut wanda = fleet.signed_in(&person_upn(0)).await;
    let reference = wanda.submit_reset(VALID_PASSWORD).await.reference();
    wanda.wait_for_state(&reference, "written").await;
    assert_eq!(wanda.get_once("/metrics").await.status(), StatusCode::NOT_FOUND);
    let scrape = || async {
        wanda.http.get(format!("http://127.0.0.1:{inside}/metrics")).send().await.unwrap().text().await.unwrap()
    };
    // The portal counts a change after it has stored it, so what the page shows may not be counted yet.
    let is_counted = |text: &String| text.contains("passback_writeback_seconds_count 1");
    let text = wait_for_value("the writeback is counted", scrape, is_counted).await;
    for line in [
        "passback_reset_moves_total{state=\"written\",cause=\"\"} 1",
        "passback_operator_ready 1",
        "passback_paused 0",
        "passback_database_up 1",
        "passback_writeback_seconds_count 1",
        "passback_graph_calls_total{status=\"202\"} 1",
        "passback_freezes_total 0",
    ] {
        assert!(text.contains(line), "{line}: {text}");
    }
    for secret in [&reference, &person_upn(0), "Person", VALID_PASSWORD] {
        assert!(!text.contains(secret), "{secret}");
    }
    let link = mailbox.wait_for_mails(1).await[0].not_me_link();
    // Opening the link does nothing, and pressing the button twice counts once.
    assert_eq!(fleet.browser().get(&link).await.code(), "N-ASK");
    for _ in 0..2 {
        assert_eq!(fleet.browser().post(&link, &[]).await.code(), "N-DONE");
    }
    assert!(scrape().await.contains("passback_freezes_total 1"), "an alarm");
    let paused = fleet.cli_command(&["pause"]).status().unwrap();
    assert!(paused.success());
    assert!(scrape().await.contains("passback_paused 1"));
}
