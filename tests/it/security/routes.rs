//! Permissions of every route: without a session, for the person, for another person, and for each role. The table must
//! contain every route.

use std::time::{Duration, Instant};

use reqwest::StatusCode;

use crate::support::portal::{HttpBrowser, PortalSetup, TestPortal, VALID_PASSWORD, full_upn};
use crate::support::wait::wait_for_value;

/// Reads the routes from the source.
fn declared_routes() -> Vec<(String, String)> {
    let mut found = Vec::new();
    for file in [
        "src/ops/probes.rs",
        "src/signin/pages/mod.rs",
        "src/admin/mod.rs",
        "src/notify/pages/mod.rs",
        "src/reset/pages/mod.rs",
        "src/serve/mod.rs",
        "src/helpdesk/mod.rs",
        "src/account/mod.rs",
    ] {
        let text = std::fs::read_to_string(format!("{}/{file}", env!("CARGO_MANIFEST_DIR"))).unwrap();
        for part in text.split(".route(\"").skip(1) {
            let (path, rest) = part.split_once('"').unwrap();
            let handlers = rest.split(".route(").next().unwrap().lines().next().unwrap();
            for method in ["get", "post"] {
                if handlers.contains(&format!("{method}(")) {
                    found.push((method.to_uppercase(), path.to_owned()));
                }
            }
        }
    }
    found
}

/// Routes are declared only in the scanned files.
#[test]
fn every_route_is_declared_in_a_scanned_file() {
    fn count_routes(dir: &std::path::Path) -> usize {
        let entries = std::fs::read_dir(dir).unwrap().map(|e| e.unwrap().path());
        entries
            .filter(|path| !path.ends_with("tenant") && !path.ends_with("ops/metrics.rs"))
            .map(|path| {
                if path.is_dir() {
                    count_routes(&path)
                } else {
                    std::fs::read_to_string(path).unwrap().matches(".route(\"").count()
                }
            })
            .sum()
    }
    let src = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut paths: Vec<String> = declared_routes().into_iter().map(|(_, path)| path).collect();
    paths.dedup();
    assert_eq!(paths.len(), count_routes(&src));
}

/// The expected response: a status and, for a redirect, its target.
type ExpectedResponse = &'static str;

struct RouteExpectation {
    method: &'static str,
    path: &'static str,
    anonymous: ExpectedResponse,
    person: ExpectedResponse,
    other_person: ExpectedResponse,
    agent: ExpectedResponse,
    approver: ExpectedResponse,
    auditor: ExpectedResponse,
    admin: ExpectedResponse,
}

const fn expect_route(method: &'static str, path: &'static str, all: [ExpectedResponse; 7]) -> RouteExpectation {
    let [nobody, person, other, agent, approver, auditor, admin] = all;
    RouteExpectation { method, path, anonymous: nobody, person, other_person: other, agent, approver, auditor, admin }
}

const SIGN_IN: ExpectedResponse = "303 /signin";
const STAFF: ExpectedResponse = "303 /signin?purpose=staff";
const ENTRA: ExpectedResponse = "303 entra";
/// To the reset detail.
const DETAIL: ExpectedResponse = "303 the desk";
/// To the case.
const CASE: ExpectedResponse = "303 the case";
/// To the sign-in for the person's own page.
const ACCOUNT: ExpectedResponse = "303 /signin?purpose=vouch";
/// To the status page: only its person can finish a reset.
const PAGE: ExpectedResponse = "303 the page";

/// `{reference}` is the person's reset. A staff session cannot reset a password, and a person's own session grants no
/// staff permission, whichever roles they hold.
const ROUTE_TABLE: [RouteExpectation; 59] = [
    // Columns: anonymous, person, other person, agent, approver, auditor, admin.
    expect_route("GET", "/", ["200", "200", "200", "200", "200", "200", "200"]),
    expect_route("GET", "/signin", [ENTRA, ENTRA, ENTRA, ENTRA, ENTRA, ENTRA, ENTRA]),
    expect_route("GET", "/signin/callback", ["400", "400", "400", "400", "400", "400", "400"]),
    expect_route("GET", "/reset", [SIGN_IN, "200", "200", SIGN_IN, SIGN_IN, SIGN_IN, SIGN_IN]),
    expect_route("POST", "/reset", ["401", "422", "422", "401", "401", "401", "401"]),
    expect_route("POST", "/reset/check", ["401", "200", "200", "401", "401", "401", "401"]),
    expect_route("GET", "/resets/{reference}", ["404", "200", "404", "200", "200", "200", "404"]),
    expect_route("GET", "/resets/{reference}/events", ["404", "200", "404", "200", "200", "200", "404"]),
    expect_route("GET", "/resets/{reference}/finish", ["404", ENTRA, "404", PAGE, PAGE, PAGE, "404"]),
    expect_route("POST", "/resets/{reference}/aftercare", ["404", PAGE, "404", "404", "404", "404", "404"]),
    expect_route("POST", "/resets/{reference}/signout-everywhere", ["404", PAGE, "404", "404", "404", "404", "404"]),
    expect_route("GET", "/not-me/{token}", ["404", "404", "404", "404", "404", "404", "404"]),
    expect_route("POST", "/not-me/{token}", ["404", "404", "404", "404", "404", "404", "404"]),
    expect_route("GET", "/admin/operator", [STAFF, "403", "403", "403", "403", "403", "200"]),
    expect_route("GET", "/admin/operator/link", [STAFF, "403", "403", "403", "403", "403", ENTRA]),
    expect_route("POST", "/admin/operator/confirm", ["401", "403", "403", "403", "403", "403", "409"]),
    expect_route("GET", "/admin/pause", [STAFF, "403", "403", "403", "403", "403", "200"]),
    expect_route("POST", "/admin/pause", ["401", "403", "403", "403", "403", "403", "422"]),
    expect_route("GET", "/helpdesk", [STAFF, "403", "403", "200", "200", "200", "403"]),
    expect_route("GET", "/helpdesk/change", [STAFF, "403", "403", "200", "200", "200", "403"]),
    expect_route("GET", "/helpdesk/audit", [STAFF, "403", "403", "403", "403", "200", "200"]),
    expect_route("GET", "/helpdesk/audit/export", [STAFF, "403", "403", "403", "403", "404", "404"]),
    expect_route("GET", "/helpdesk/people", [STAFF, "403", "403", "200", "200", "200", "403"]),
    expect_route("GET", "/helpdesk/people/{object}", [STAFF, "403", "403", "200", "200", "200", "403"]),
    expect_route("GET", "/helpdesk/insights", [STAFF, "403", "403", "200", "200", "200", "200"]),
    expect_route("POST", "/helpdesk/insights/canary", ["401", "403", "403", "404", "403", "403", "404"]),
    expect_route("POST", "/helpdesk/insights/alarms/{id}", ["401", "403", "403", "422", "403", "403", "422"]),
    expect_route("GET", "/helpdesk/resets/{reference}", [STAFF, "403", "403", "200", "200", "200", "403"]),
    expect_route("POST", "/helpdesk/resets/{reference}/ask", ["401", "403", "403", DETAIL, "403", "403", "403"]),
    expect_route("POST", "/helpdesk/resets/{reference}/risk", ["401", "403", "403", DETAIL, "403", "403", "403"]),
    expect_route("POST", "/helpdesk/resets/{reference}/note", ["401", "403", "403", "422", "403", "403", "403"]),
    expect_route("GET", "/helpdesk/cases", [STAFF, "403", "403", "200", "200", "200", "403"]),
    expect_route("POST", "/helpdesk/cases", ["401", "403", "403", "422", "403", "403", "403"]),
    expect_route("GET", "/helpdesk/cases/{case}", [STAFF, "403", "403", "200", "200", "200", "403"]),
    expect_route("GET", "/helpdesk/cases/{case}/change", [STAFF, "403", "403", "200", "200", "200", "403"]),
    expect_route("POST", "/helpdesk/cases/{case}/take", ["401", "403", "403", CASE, "403", "403", "403"]),
    expect_route("POST", "/helpdesk/cases/{case}/ticket", ["401", "403", "403", "422", "403", "403", "403"]),
    expect_route("POST", "/helpdesk/cases/{case}/note", ["401", "403", "403", "422", "403", "403", "403"]),
    expect_route("POST", "/helpdesk/cases/{case}/for", ["401", "403", "403", "422", "403", "403", "403"]),
    expect_route("POST", "/helpdesk/cases/{case}/person", ["401", "403", "403", "422", "403", "403", "403"]),
    expect_route("POST", "/helpdesk/cases/{case}/verify", ["401", "403", "403", "422", "403", "403", "403"]),
    expect_route("POST", "/helpdesk/cases/{case}/second", ["401", "403", "403", CASE, "403", "403", "403"]),
    expect_route("POST", "/helpdesk/cases/{case}/override", ["401", "403", "403", CASE, "403", "403", "403"]),
    expect_route("POST", "/helpdesk/cases/{case}/approve", ["401", "403", "403", "403", CASE, "403", "403"]),
    expect_route("POST", "/helpdesk/cases/{case}/act", ["401", "403", "403", CASE, "403", "403", "403"]),
    expect_route("POST", "/helpdesk/cases/{case}/freeze", ["401", "403", "403", CASE, "403", "403", "403"]),
    expect_route("POST", "/helpdesk/cases/{case}/close", ["401", "403", "403", CASE, "403", "403", "403"]),
    expect_route("GET", "/help", ["200", "200", "200", "200", "200", "200", "200"]),
    expect_route("POST", "/help", ["422", "422", "422", "422", "422", "422", "422"]),
    expect_route("GET", "/help/{reference}", ["200", "200", "200", "200", "200", "200", "200"]),
    expect_route("GET", "/account", [ACCOUNT, "200", "200", ACCOUNT, ACCOUNT, ACCOUNT, ACCOUNT]),
    expect_route("GET", "/account/change", [ACCOUNT, "200", "200", ACCOUNT, ACCOUNT, ACCOUNT, ACCOUNT]),
    expect_route("POST", "/account/checks/{id}", ["401", "422", "422", "401", "401", "401", "401"]),
    expect_route("POST", "/account/passes/{action}", ["401", "404", "404", "401", "401", "401", "401"]),
    expect_route("POST", "/language", ["303 /", "303 /", "303 /", "303 /", "303 /", "303 /", "303 /"]),
    expect_route("GET", "/brand/{hash}/{name}", ["404", "404", "404", "404", "404", "404", "404"]),
    expect_route("GET", "/healthz", ["200", "200", "200", "200", "200", "200", "200"]),
    expect_route("GET", "/readyz", ["200", "200", "200", "200", "200", "200", "200"]),
    expect_route("GET", "/static/{hash}/{name}", ["404", "404", "404", "404", "404", "404", "404"]),
];

async fn request_route(browser: &mut HttpBrowser, method: &str, path: &str) -> String {
    let answer = if method == "GET" {
        browser.get_once(path).await
    } else {
        browser.post_once(path, &[("password", "short"), ("again", "short")]).await
    };
    let status = answer.status();
    let Some(to) = answer.headers().get("location").map(|l| l.to_str().unwrap().to_owned()) else {
        return status.as_u16().to_string();
    };
    let to = if to.contains("/oauth2/v2.0/authorize") { "entra" } else { &to };
    let to = if to.starts_with("/helpdesk/cases/") { "the case" } else { to };
    let to = if to.starts_with("/helpdesk/resets/") { "the desk" } else { to };
    let to = if to.starts_with("/resets/") { "the page" } else { to };
    format!("{} {to}", status.as_u16())
}

#[tokio::test]
async fn every_route_enforces_each_roles_permissions() {
    let listed: Vec<(String, String)> = ROUTE_TABLE.iter().map(|l| (l.method.to_owned(), l.path.to_owned())).collect();
    for route in declared_routes() {
        assert!(listed.contains(&route) || route.1 == "/signout", "{route:?} is not in the table");
    }
    // All requests come from one address, and many are refused.
    let portal =
        TestPortal::start_with(PortalSetup::with_config(|config| config.reset.per_address_minute = 100_000)).await;
    let mut wanda = portal.signed_in("wanda").await;
    let reference = wanda.submit_reset(VALID_PASSWORD).await.reference();
    wanda.wait_for_state(&reference, "written").await;
    let mut all = vec![portal.browser(), wanda, portal.signed_in("omar").await];
    for name in ["hugo", "april", "audrey", "adam"] {
        let mut staff = portal.browser();
        staff.sign_in("/signin?purpose=staff", &full_upn(name), "passkey", "").await;
        all.push(staff);
    }
    let mut hana = portal.browser();
    hana.sign_in("/signin?purpose=staff", &full_upn("hana"), "passkey", "").await;
    let case = hana.post("/helpdesk/cases", &[("person", &full_upn("luca")), ("action", "grant")]).await;
    let case = case.url.rsplit('/').next().unwrap().to_owned();
    for line in &ROUTE_TABLE {
        let path = line.path.replace("{case}", &case).replace("{id}", "x").replace("{action}", "x");
        let path = path.replace("{reference}", &reference).replace("{hash}", "0").replace("{name}", "x.css");
        let path = path.replace("{object}", &portal.demo.tenant.object_id(&full_upn("wanda")).unwrap());
        let expected =
            [line.anonymous, line.person, line.other_person, line.agent, line.approver, line.auditor, line.admin];
        for (n, (browser, expected)) in all.iter_mut().zip(expected).enumerate() {
            // A request must not change the session of the next one: each uses a copy of the cookies.
            let got = request_route(&mut browser.clone(), line.method, &path).await;
            assert_eq!(got, expected, "{} {} by the {n}th", line.method, line.path);
        }
    }
    // Everyone may sign out, and this ends the session.
    for browser in &mut all {
        assert!(browser.post_once("/signout", &[]).await.status().is_redirection());
        assert_eq!(request_route(browser, "GET", &format!("/resets/{reference}")).await, "404");
    }
}

#[tokio::test]
async fn role_without_staff_sign_in_grants_nothing() {
    let portal = TestPortal::start().await;
    let mut wanda = portal.signed_in("wanda").await;
    let reference = wanda.submit_reset(VALID_PASSWORD).await.reference();
    for name in ["hugo", "april", "audrey", "adam"] {
        let mut own = portal.browser();
        own.sign_in("/signin", &full_upn(name), "passkey", "").await;
        assert_eq!(request_route(&mut own, "GET", &format!("/resets/{reference}")).await, "404", "{name}");
        assert_eq!(request_route(&mut own, "GET", "/admin/operator").await, "403", "{name}");
    }
}

fn median_duration(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

/// Returns by which factor the first page takes longer than the others. The requests alternate, and so does their
/// order, so that noise on the machine affects both alike.
async fn measure_time_ratio(browser: &mut HttpBrowser, first: &str, others: &[String]) -> f64 {
    let (mut firsts, mut rest) = (Vec::new(), Vec::new());
    for (n, other) in others.iter().enumerate() {
        let mut pair = [(first, &mut firsts), (other.as_str(), &mut rest)];
        if n % 2 == 1 {
            pair.reverse();
        }
        for (path, times) in pair {
            let began = Instant::now();
            assert_eq!(browser.get_once(path).await.status(), StatusCode::NOT_FOUND);
            times.push(began.elapsed());
        }
    }
    median_duration(&mut firsts).as_secs_f64() / median_duration(&mut rest).as_secs_f64()
}

#[tokio::test]
async fn unknown_reference_timing_matches_other_persons() {
    // A difference shows in every measurement. Noise on the machine does not.
    const MEASUREMENTS: usize = 10;
    let adjust = |config: &mut passback::config::Config| config.reset.per_address_minute = 100_000;
    let portal = TestPortal::start_with(PortalSetup::with_config(adjust)).await;
    let mut wanda = portal.signed_in("wanda").await;
    let reference = wanda.submit_reset(VALID_PASSWORD).await.reference();
    wanda.wait_for_state(&reference, "written").await;
    let mut omar = portal.signed_in("omar").await;
    let (theirs, unknown) =
        (format!("/resets/{reference}"), (0..300).map(|n| format!("/resets/7KQ4-{n:04}")).collect::<Vec<_>>());
    let mut ratios = Vec::new();
    while ratios.last().is_none_or(|ratio| !(0.8..1.25).contains(ratio)) {
        assert!(ratios.len() < MEASUREMENTS, "someone else's reference takes longer or shorter: {ratios:?}");
        ratios.push(measure_time_ratio(&mut omar, &theirs, &unknown).await);
    }
}

#[tokio::test]
async fn guessing_references_is_limited_and_owner_is_not() {
    let portal = TestPortal::start().await;
    let mut wanda = portal.signed_in("wanda").await;
    let reference = wanda.submit_reset(VALID_PASSWORD).await.reference();
    let mut omar = portal.signed_in("omar").await;
    let began = Instant::now();
    let mut statuses = Vec::new();
    for n in 0..150 {
        statuses.push(omar.get_once(&format!("/resets/7KQ4-{n:04}")).await.status());
    }
    assert_eq!(statuses[..60], [StatusCode::NOT_FOUND; 60]);
    let count = |wanted: StatusCode| statuses.iter().filter(|status| **status == wanted).count();
    let missed = count(StatusCode::NOT_FOUND);
    // The limit is 60 a minute: on a slow machine some of the minute has passed meanwhile.
    let regained = usize::try_from(began.elapsed().as_secs()).unwrap() + 1;
    assert!(missed <= 60 + regained, "{missed} and {regained} regained: {statuses:?}");
    assert_eq!(missed + count(StatusCode::TOO_MANY_REQUESTS), statuses.len(), "{statuses:?}");
    // All look alike. One that was regained meanwhile is used up by asking.
    let theirs = format!("/resets/{reference}");
    let is_limited = |status: &StatusCode| *status == StatusCode::TOO_MANY_REQUESTS;
    wait_for_value("a real one is limited too", async || omar.get_once(&theirs).await.status(), is_limited).await;
    assert!(wanda.get_once(&theirs).await.status().is_success());
}

#[tokio::test]
async fn sign_in_attempt_serves_only_its_purpose() {
    let portal = TestPortal::start().await;
    // An administrator starts to link the operator. The account that signs in gets no session.
    let mut adam = portal.browser();
    adam.sign_in("/signin?purpose=staff", &full_upn("adam"), "passkey", "").await;
    let page = adam.sign_in("/admin/operator/link", "svc-passback@contoso.example", "passkey", "").await;
    assert!(page.status.is_success() && page.body.contains("Adam"), "{}", page.body);
    assert_eq!(
        request_route(&mut adam, "GET", "/reset").await,
        SIGN_IN,
        "still the administrator's staff session, not the operator's own"
    );
    // A person's sign-in in a browser with a staff session creates a person's session, never a staff session.
    let mut april = portal.browser();
    april.sign_in("/signin", &full_upn("april"), "passkey", "").await;
    assert_eq!(request_route(&mut april, "GET", "/admin/operator").await, "403");
}
