//! Sends hostile requests to every route, with and without a session: no server error, and no growth of memory or open
//! files.

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use reqwest::header::{HeaderName, HeaderValue};
use reqwest::{Method, Url};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::support::fleet::{PortalFleet, person_upn, seed_with_people};
use crate::support::portal::DatabaseEngine;
use crate::support::wait::{in_time, wait_for_value};

const ROUTE_TEMPLATES: [&str; 15] = [
    "/",
    "/signin",
    "/signin/callback",
    "/signout",
    "/reset",
    "/reset/check",
    "/resets/{}",
    "/resets/{}/events",
    "/admin/operator",
    "/admin/operator/link",
    "/admin/operator/confirm",
    "/admin/pause",
    "/readyz",
    "/static/{}/{}",
    "/{}",
];
const HEADER_NAMES: [&str; 14] = [
    "accept",
    "accept-language",
    "content-type",
    "cookie",
    "host",
    "if-none-match",
    "last-event-id",
    "origin",
    "range",
    "referer",
    "sec-fetch-site",
    "transfer-encoding-x",
    "x-forwarded-for",
    "x-forwarded-host",
];

#[derive(Clone, Debug)]
struct HostileRequest {
    method: Method,
    path: String,
    query: String,
    headers: Vec<(usize, Vec<u8>)>,
    body: Vec<u8>,
    signed_in: bool,
}

/// Text that is known to break parsers.
fn hostile_text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[0-9A-Z]{4}-[0-9A-Z]{4}",
        "\\PC{0,40}",
        Just("../../etc/passwd".to_owned()),
        Just("%00".to_owned()),
        Just("%ff%fe".to_owned()),
        Just("' OR 1=1 --".to_owned()),
        Just("{{7*7}}<script>alert(1)</script>".to_owned()),
        Just("a".repeat(4_000)),
        Just("\u{202e}\u{0}\u{feff}".to_owned()),
        Just("-9223372036854775808".to_owned()),
        Just("application/json, text/html;q=NaN".to_owned()),
        Just("bytes=0-18446744073709551615".to_owned()),
    ]
}

fn hostile_form() -> impl Strategy<Value = Vec<u8>> {
    let names = prop_oneof![
        Just("password"),
        Just("again"),
        Just("tried"),
        Just("state"),
        Just("code"),
        Just("error"),
        Just("id_token"),
        Just("unused"),
        Just("purpose"),
    ];
    let fields = prop::collection::vec((names, hostile_text()), 0..6).prop_map(|fields| {
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        form.extend_pairs(fields);
        form.finish().into_bytes()
    });
    prop_oneof![3 => fields, 1 => prop::collection::vec(any::<u8>(), 0..600), 1 => Just(b"password=%zz&again=%".to_vec())]
}

fn hostile_request() -> impl Strategy<Value = HostileRequest> {
    let method = prop_oneof![
        4 => Just(Method::GET),
        4 => Just(Method::POST),
        1 => Just(Method::HEAD),
        1 => Just(Method::PUT),
        1 => Just(Method::DELETE),
        1 => Just(Method::OPTIONS),
        1 => Just(Method::from_bytes(b"PROPFIND").unwrap()),
    ];
    let headers = prop::collection::vec((0..HEADER_NAMES.len(), prop::collection::vec(any::<u8>(), 0..60)), 0..4);
    (method, 0..ROUTE_TEMPLATES.len(), hostile_text(), hostile_form(), headers, hostile_form(), any::<bool>()).prop_map(
        |(method, path, piece, query, headers, body, signed_in)| HostileRequest {
            method,
            path: ROUTE_TEMPLATES[path]
                .replace("{}", &url::form_urlencoded::byte_serialize(piece.as_bytes()).collect::<String>()),
            query: String::from_utf8_lossy(&query).into_owned(),
            headers,
            body,
            signed_in,
        },
    )
}

/// Returns the resident memory in KiB and the number of open files.
fn process_usage(pid: u32) -> (u64, usize) {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let rss = status.lines().find_map(|l| l.strip_prefix("VmRSS:")).unwrap();
    let kib = rss.trim().trim_end_matches(" kB").parse().unwrap();
    (kib, std::fs::read_dir(format!("/proc/{pid}/fd")).unwrap().count())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hostile_requests_are_answered_without_leaks() {
    let fleet = PortalFleet::new(DatabaseEngine::Sqlite, seed_with_people(1)).await;
    let mut portal = fleet.start_replica(fleet.port, &[]).await;
    fleet.link_operator().await;
    let browser = fleet.signed_in(&person_upn(0)).await;
    let cookie = browser.cookie_header();
    let entra = format!("{}/", fleet.emulator.url());
    let mut runner = TestRunner::deterministic();
    let strategy = hostile_request();
    let (mut begun, mut at_half) = (0, (0, 0));
    for n in 0..1_600 {
        if n == 800 {
            at_half = process_usage(portal.pid());
        }
        let case = strategy.new_tree(&mut runner).unwrap().current();
        let Ok(mut url) = Url::parse(&format!("{}{}", fleet.url(), case.path)) else { continue };
        url.set_query(Some(&case.query));
        let mut request = browser.http.request(case.method.clone(), url);
        request =
            request.header("sec-fetch-site", "same-origin").header("content-type", "application/x-www-form-urlencoded");
        for (name, value) in &case.headers {
            if let Ok(value) = HeaderValue::from_bytes(value) {
                request = request.header(HeaderName::from_static(HEADER_NAMES[*name]), value);
            }
        }
        if case.signed_in {
            request = request.header("cookie", &cookie);
        }
        // Requests that the client cannot send are skipped.
        let sent = request.body(case.body.clone()).send();
        let Ok(answer) = in_time(format!("the answer to {case:?}"), sent).await else { continue };
        begun += 1;
        assert!(answer.status().as_u16() < 500, "{} for {case:?}", answer.status());
        if let Some(to) = answer.headers().get("location") {
            let to = to.to_str().unwrap();
            let ours = to.starts_with('/') && !to.starts_with("//");
            assert!(ours || to.starts_with(&entra), "nobody is sent elsewhere: {to} for {case:?}");
        }
        if answer.headers().get("content-type").is_none_or(|t| t != "text/event-stream") {
            let text = in_time(format!("the page for {case:?}"), answer.text()).await.unwrap_or_default();
            assert!(!text.contains("<script>alert(1)"), "{case:?}");
        }
    }
    assert!(begun > 1_200, "most of it was sent: {begun}");
    // The portal closes a connection some time after its client has.
    let are_closed = |after: &(u64, usize)| after.1 < at_half.1 + 20;
    let what = format!("open files: at half {at_half:?}");
    let after = wait_for_value(what, async || process_usage(portal.pid()), are_closed).await;
    assert!(after.0 < at_half.0 + 8 * 1_024, "memory: {at_half:?} {after:?}");
    assert!(!portal.has_exited() && !fleet.read_log(fleet.port).contains("panicked"), "{}", fleet.read_log(fleet.port));
    assert!(fleet.load_resets().await.len() <= 1, "nonsense is no password");
}

#[tokio::test]
async fn invalid_http_is_rejected_without_crash() {
    let fleet = PortalFleet::new(DatabaseEngine::Sqlite, seed_with_people(1)).await;
    let mut portal = fleet.start_replica(fleet.port, &[]).await;
    let mut runner = TestRunner::deterministic();
    let bytes = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..400),
        "(GET|POST|PRI) [^ ]{0,20} HTTP/[0-9.]{0,4}\r\n[ -~]{0,60}\r\n\r\n".prop_map(String::into_bytes),
        Just(
            b"POST /reset HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
                .to_vec()
        ),
        Just(b"POST /reset HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef".to_vec()),
        Just(b"GET / HTTP/1.1\r\nHost: x\r\n folded\r\n\r\n".to_vec()),
    ];
    for _ in 0..150 {
        let case = bytes.new_tree(&mut runner).unwrap().current();
        let mut stream = tokio::net::TcpStream::connect(("127.0.0.1", fleet.port)).await.unwrap();
        let _ = stream.write_all(&case).await;
        let _ = stream.shutdown().await;
        let mut said = Vec::new();
        let what = format!("the portal ends the connection after {:?}", String::from_utf8_lossy(&case));
        let _ = in_time(what, stream.read_to_end(&mut said)).await;
        let said = String::from_utf8_lossy(&said);
        assert!(!said.contains("HTTP/1.1 5"), "{said} for {:?}", String::from_utf8_lossy(&case));
    }
    assert!(!portal.has_exited() && !fleet.read_log(fleet.port).contains("panicked"));
}
