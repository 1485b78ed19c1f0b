//! Password rules before a password is sent, and failed checks that must not block a reset.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::get;
use passback::config::BreachCheckKind;
use passback_emulator::{FaultEffect, FaultTarget, InjectedFault, TenantSeed};
use serde_json::Value;
use sha1::{Digest as _, Sha1};

use crate::support::portal::{HttpBrowser, PortalSetup, ResponsePage, TestPortal, VALID_PASSWORD, full_upn};
use crate::support::wait::in_time;

/// Meets every rule that needs no list.
const BREACHED_PASSWORD: &str = "Velvet-Trombone-Gravel-3";

fn sha1_hex(text: &str) -> String {
    use std::fmt::Write as _;
    Sha1::digest(text).iter().fold(String::new(), |mut digits, byte| {
        write!(digits, "{byte:02X}").unwrap();
        digits
    })
}

async fn check_password(browser: &mut HttpBrowser, password: &str) -> Value {
    let answer = browser.post_once("/reset/check", &[("password", password)]).await;
    answer.json::<Value>().await.unwrap()["rules"].clone()
}

/// A fake breach range API that knows one password and counts the requests.
#[derive(Clone)]
struct FakeRangeService {
    url: String,
    request_count: Arc<AtomicUsize>,
    is_healthy: bool,
}

async fn start_range_service(well: bool) -> FakeRangeService {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/range/", listener.local_addr().unwrap());
    let service = FakeRangeService { url, request_count: Arc::default(), is_healthy: well };
    let router = Router::new().route("/range/{prefix}", get(serve_range)).with_state(service.clone());
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    service
}

async fn serve_range(
    State(service): State<FakeRangeService>,
    Path(prefix): Path<String>,
    headers: HeaderMap,
) -> (StatusCode, String) {
    service.request_count.fetch_add(1, Ordering::SeqCst);
    assert_eq!((prefix.len(), headers["add-padding"].to_str().unwrap()), (5, "true"), "no more than five digits leave");
    if !service.is_healthy {
        return (StatusCode::SERVICE_UNAVAILABLE, String::new());
    }
    let (stolen, padding) = (sha1_hex(BREACHED_PASSWORD), sha1_hex(VALID_PASSWORD));
    let lines = format!("{}:17\r\n{}:0\r\n", &stolen[5..], &padding[5..]);
    (StatusCode::OK, lines)
}

/// Starts a portal with a breach check. `with` is the address of a range API or the path of a breach list file.
async fn start_with_breach_check(with: &str) -> TestPortal {
    let with = with.to_owned();
    TestPortal::start_with(PortalSetup::with_config(move |config| {
        if with.starts_with("http") {
            config.breach.kind = BreachCheckKind::RangeApi;
            config.breach.url = with.parse().unwrap();
        } else {
            config.breach.kind = BreachCheckKind::File;
            config.breach.file = Some(with.clone().into());
        }
    }))
    .await
}

#[tokio::test]
async fn rules_are_checked_while_typing() {
    let portal = TestPortal::start().await;
    let mut wanda = portal.signed_in("wanda").await;
    let rules = check_password(&mut wanda, "Wanda-1").await;
    assert_eq!(
        (&rules["length"], &rules["name"], &rules["characters"]),
        (&"failed".into(), &"failed".into(), &"met".into())
    );
    assert!(rules.get("breach").is_none(), "off is not shown");
    let rules = check_password(&mut wanda, VALID_PASSWORD).await;
    assert!(rules.as_object().unwrap().values().all(|standing| standing == "met"), "{rules}");
    let rules = check_password(&mut wanda, "").await;
    assert!(rules.as_object().unwrap().values().all(|standing| standing == "pending"), "{rules}");
    portal.demo.stop().await;
}

#[tokio::test]
async fn offered_passphrase_is_accepted() {
    let portal = TestPortal::start().await;
    let mut wanda = portal.signed_in("wanda").await;
    let form = wanda.get("/reset").await;
    let offered =
        form.body.split_once("id=\"phrase\"").unwrap().1.split_once('>').unwrap().1.split('<').next().unwrap();
    let another = wanda.post_once("/reset/check", &[("password", ""), ("phrase", "1")]).await;
    let another = another.json::<Value>().await.unwrap()["phrase"].as_str().unwrap().to_owned();
    assert_ne!(another, offered);
    let reference = wanda.submit_reset(&another).await.reference();
    wanda.wait_for_state(&reference, "written").await;
    assert_eq!(portal.demo.tenant.is_directory_password(&full_upn("wanda"), &another), Some(true));
    portal.demo.stop().await;
}

#[tokio::test]
async fn breached_password_is_refused_and_only_hash_prefix_is_sent() {
    let service = start_range_service(true).await;
    let portal = start_with_breach_check(&service.url).await;
    let mut wanda = portal.signed_in("wanda").await;
    let rules = check_password(&mut wanda, "short").await;
    assert_eq!(rules["breach"], "pending", "what cannot be sent anyway is nobody's business");
    assert_eq!(service.request_count.load(Ordering::SeqCst), 0);
    assert_eq!(check_password(&mut wanda, BREACHED_PASSWORD).await["breach"], "failed");
    let page = wanda.submit_reset(BREACHED_PASSWORD).await;
    assert_eq!(page.status, 422);
    assert!(page.body.contains("data-rule=\"breach\" data-standing=\"failed\""), "{}", page.main_text());
    assert_eq!(portal.demo.tenant.count_calls(FaultTarget::ResetPassword, None), 0);
    assert_eq!(check_password(&mut wanda, VALID_PASSWORD).await["breach"], "met", "padding is not a match");
    portal.demo.stop().await;
}

#[tokio::test]
async fn breach_lookups_are_limited_per_person() {
    let service = start_range_service(true).await;
    let portal = start_with_breach_check(&service.url).await;
    let mut wanda = portal.signed_in("wanda").await;
    let mut standings = Vec::new();
    for _ in 0..30 {
        standings.push(check_password(&mut wanda, BREACHED_PASSWORD).await["breach"].as_str().unwrap().to_owned());
    }
    let asked = service.request_count.load(Ordering::SeqCst);
    // The limit refills by one request every 3 seconds.
    assert!((20..=25).contains(&asked), "{asked}");
    assert_eq!(standings[..20], vec!["failed"; 20], "{standings:?}");
    assert_eq!(standings.iter().filter(|standing| *standing == "unchecked").count(), 30 - asked, "{standings:?}");
    let page = wanda.submit_reset(BREACHED_PASSWORD).await;
    assert_eq!(page.status, 422, "at submit it is asked");
    assert!(page.body.contains("data-rule=\"breach\" data-standing=\"failed\""), "{}", page.main_text());
    assert_eq!(
        check_password(&mut portal.signed_in("omar").await, BREACHED_PASSWORD).await["breach"],
        "failed",
        "nobody else is limited"
    );
    portal.clock.advance(jiff::SignedDuration::from_mins(1));
    assert_eq!(check_password(&mut wanda, BREACHED_PASSWORD).await["breach"], "failed");
    portal.demo.stop().await;
}

#[tokio::test]
async fn unavailable_breach_list_allows_reset_unchecked() {
    let away = start_with_breach_check("http://127.0.0.1:1/range/").await;
    let ill = start_with_breach_check(&start_range_service(false).await.url).await;
    for portal in [away, ill] {
        let mut wanda = portal.signed_in("wanda").await;
        assert_eq!(check_password(&mut wanda, BREACHED_PASSWORD).await["breach"], "unchecked");
        let reference = wanda.submit_reset(BREACHED_PASSWORD).await.reference();
        wanda.wait_for_state(&reference, "written").await;
        portal.demo.stop().await;
    }
}

#[tokio::test]
async fn breach_list_file_is_built_and_queried_offline() {
    let dir = tempfile::tempdir().unwrap();
    let mut hashes: Vec<String> = [BREACHED_PASSWORD, "hunter2"].map(|p| format!("{}:4", sha1_hex(p))).into();
    hashes.sort();
    std::fs::write(dir.path().join("list.txt"), hashes.join("\n")).unwrap();
    let run = || {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_passback"));
        command.args(["breach", "build", "--from"]).arg(dir.path().join("list.txt"));
        command.arg("--to").arg(dir.path().join("hashes.fst")).output().unwrap()
    };
    let built = run();
    assert!(String::from_utf8_lossy(&built.stdout).contains("holds 2 hashes"), "{built:?}");
    assert!(String::from_utf8_lossy(&run().stderr).contains("nothing was overwritten"));
    let file = dir.path().join("hashes.fst").display().to_string();
    let portal = start_with_breach_check(&file).await;
    let mut wanda = portal.signed_in("wanda").await;
    assert_eq!(check_password(&mut wanda, BREACHED_PASSWORD).await["breach"], "failed");
    assert_eq!(check_password(&mut wanda, VALID_PASSWORD).await["breach"], "met");
    portal.demo.stop().await;
}

#[tokio::test]
async fn password_with_banned_words_fails_banned_rule() {
    let portal = TestPortal::start_with(PortalSetup::with_config(|c| {
        c.policy.banned_words = vec!["harbour".into(), "quiet".into()];
    }))
    .await;
    let mut wanda = portal.signed_in("wanda").await;
    assert_eq!(check_password(&mut wanda, "Qu1et-H@rbour").await["banned"], "met", "five points are enough");
    let page = wanda.submit_reset("QuietH@rb0ur").await;
    assert!(page.body.contains("data-rule=\"banned\" data-standing=\"failed\""), "{}", page.main_text());
    portal.demo.stop().await;
}

/// Meets the rules for classes, length and strength. Two words that only the tenant bans leave 4 of the 5 required
/// points.
const BANNED_PASSWORD: &str = "QuietHarbour92";

/// Starts a portal that validates passwords at Microsoft, in a tenant that bans two words more than the portal.
async fn start_with_microsoft_check() -> TestPortal {
    let text = passback_emulator::CONTOSO_SEED;
    let seed =
        TenantSeed::parse(&text.replace("\"lighthouse\"", "\"quiet\", \"harbour\"")).unwrap().with_short_delays();
    let on = PortalSetup::with_config(|config| config.policy.microsoft_check = true);
    TestPortal::start_with(PortalSetup { seed: seed.with_delegated_permission("User.ReadWrite"), ..on }).await
}

fn rule_status(page: &ResponsePage, rule: &str) -> String {
    let row =
        page.body.split_once(&format!("data-rule=\"{rule}\" data-standing=\"")).unwrap_or_else(|| panic!("{rule}"));
    row.1.split('"').next().unwrap().to_owned()
}

#[tokio::test]
async fn microsoft_check_runs_on_submit_and_not_while_typing() {
    let portal = start_with_microsoft_check().await;
    let mut wanda = portal.signed_in("wanda").await;
    assert_eq!(rule_status(&wanda.get("/reset").await, "microsoft"), "pending");
    for typed in ["Quie", BANNED_PASSWORD, VALID_PASSWORD] {
        assert_eq!(check_password(&mut wanda, typed).await["microsoft"], "pending");
    }
    let broken = wanda.post("/reset", &[("password", BANNED_PASSWORD), ("again", "other")]).await;
    assert_eq!((broken.status, wanda.submit_reset("short").await.status), (422.try_into().unwrap(), broken.status));
    assert_eq!(
        portal.demo.tenant.count_calls(FaultTarget::ValidatePassword, None),
        0,
        "nor what could not be sent anyway"
    );
    let page = wanda.submit_reset(BANNED_PASSWORD).await;
    assert_eq!(page.status, 422);
    assert_eq!(
        ["length", "banned", "microsoft"].map(|rule| rule_status(&page, rule)),
        ["met", "failed", "failed"].map(str::to_owned)
    );
    assert!(page.body.contains("Password is too weak and can not be used."), "{}", page.main_text());
    assert!(!page.body.contains(BANNED_PASSWORD), "it is not drawn again");
    assert_eq!(portal.demo.tenant.count_calls(FaultTarget::ResetPassword, None), 0);
    assert_eq!(wanda.get("/reset").await.status, 200, "no intent was written: the form opens");
    let page = wanda.submit_reset(VALID_PASSWORD).await;
    assert!(!page.body.contains("could not be asked beforehand"));
    wanda.wait_for_state(&page.reference(), "written").await;
    assert_eq!(portal.demo.tenant.count_calls(FaultTarget::ValidatePassword, None), 2, "once for each");
    portal.demo.stop().await;
}

#[tokio::test]
async fn unknown_microsoft_rule_shows_microsofts_message() {
    let portal = start_with_microsoft_check().await;
    let mut wanda = portal.signed_in("wanda").await;
    let text = r#"{"isValid":false,"validationResults":[
        {"ruleName":"AllOther","validationPassed":true,"message":"Fine so far."},
        {"ruleName":"password_of_a_weekday","validationPassed":false,"message":"No <b>weekdays</b>."}]}"#;
    let said = FaultEffect::Body { status: 200, content_type: "application/json".into(), text: text.into() };
    portal.demo.tenant.add_fault(InjectedFault::new(FaultTarget::ValidatePassword, said).times(1));
    let page = wanda.submit_reset(VALID_PASSWORD).await;
    assert_eq!((page.status, rule_status(&page, "microsoft").as_str()), (422.try_into().unwrap(), "failed"));
    assert_eq!(page.body.matches("data-standing=\"failed\"").count(), 1, "no rule of ours is blamed");
    assert!(page.body.contains("lang=\"en\"") && page.body.contains("weekdays"), "{}", page.main_text());
    assert!(!page.body.contains("<b>weekdays") && !page.body.contains("Fine so far"), "{}", page.main_text());
    portal.demo.stop().await;
}

#[tokio::test]
async fn failing_microsoft_check_allows_reset_with_note() {
    let portal = start_with_microsoft_check().await;
    let ill = FaultEffect::Status { status: 503, code: "x".into(), retry_after: None, graph_body: true };
    let nonsense = FaultEffect::Body { status: 200, content_type: "application/json".into(), text: "{}".into() };
    for (name, effect) in [
        ("wanda", ill),
        // Far longer than the deadline of a test: the portal does not wait for these answers.
        ("omar", FaultEffect::Delay { ms: 3_600_000 }),
        ("sven", FaultEffect::Drip { ms: 60_000 }),
        ("rita", FaultEffect::Hangup),
        ("luca", nonsense),
    ] {
        let mut browser = portal.signed_in(name).await;
        portal.demo.tenant.add_fault(InjectedFault::new(FaultTarget::ValidatePassword, effect).times(1));
        let page = in_time(format!("the reset of {name}"), browser.submit_reset(VALID_PASSWORD)).await;
        assert!(page.body.contains("could not be asked beforehand"), "{name}: {}", page.main_text());
        let again = browser.get(&format!("/resets/{}", page.reference())).await;
        assert!(!again.body.contains("could not be asked beforehand"), "{name}: said once");
        browser.wait_until(&page.reference(), |status| status["state"] != "sending").await;
        assert_eq!(portal.demo.tenant.count_calls(FaultTarget::ResetPassword, Some(&full_upn(name))), 1, "{name}");
    }
    portal.demo.stop().await;
}

#[tokio::test]
async fn withdrawn_consent_skips_check_and_allows_reset() {
    let portal = start_with_microsoft_check().await;
    portal.demo.tenant.withdraw_consent("User.ReadWrite");
    // The operator's token is refreshed without the scope.
    portal.clock.advance(jiff::SignedDuration::from_hours(2));
    let mut wanda = portal.signed_in("wanda").await;
    let page = wanda.submit_reset(VALID_PASSWORD).await;
    assert!(page.body.contains("could not be asked beforehand"), "{}", page.main_text());
    wanda.wait_for_state(&page.reference(), "written").await;
    let refused = portal.demo.tenant.request_lines();
    assert!(
        refused.iter().any(|(_, path, status)| path.ends_with("validatePassword") && *status == 403),
        "{refused:?}"
    );
    portal.demo.stop().await;
}

#[tokio::test]
async fn microsoft_check_is_off_by_default() {
    // This tenant granted no further consent, and the operator is linked.
    let portal = TestPortal::start().await;
    let mut wanda = portal.signed_in("wanda").await;
    assert!(!wanda.get("/reset").await.body.contains("data-rule=\"microsoft\""));
    let reference = wanda.submit_reset(VALID_PASSWORD).await.reference();
    wanda.wait_for_state(&reference, "written").await;
    assert_eq!(portal.demo.tenant.count_calls(FaultTarget::ValidatePassword, None), 0);
    portal.demo.stop().await;
}
