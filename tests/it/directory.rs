//! Tests the directory probe against a real Active Directory domain controller (Samba), over LDAPS with its CA pinned.

use std::net::TcpListener;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use passback::{Clock, directory_probe};
use serde_json::{Value, json};
use tokio::sync::Mutex;

use crate::support::domain::{ProbeSettings, SambaDomain};

const PASSWORD: &str = "Old-River-Stone-7";

/// Returns one domain controller that concurrent tests share, because no test changes it. It stops with the last of
/// them.
pub(crate) async fn domain() -> Arc<SambaDomain> {
    static SHARED: Mutex<Weak<SambaDomain>> = Mutex::const_new(Weak::new());
    let mut shared = SHARED.lock().await;
    if let Some(running) = shared.upgrade() {
        return running;
    }
    let started = Arc::new(SambaDomain::start(PASSWORD).await);
    *shared = Arc::downgrade(&started);
    started
}

async fn ask(probe: &ProbeSettings, name: &str) -> Value {
    let found = directory_probe(&probe.settings(), Clock::system(), name).await;
    found.unwrap().unwrap_or_else(|| panic!("{name} was not found"))
}

/// Returns the kind of the error (the start of its `Debug` form) and the text that an administrator reads.
async fn refusal(probe: &ProbeSettings) -> (String, String) {
    let error = directory_probe(&probe.settings(), Clock::system(), "wanda").await.unwrap_err();
    let kind = format!("{error:?}").chars().take_while(char::is_ascii_alphabetic).collect();
    (kind, error.to_string())
}

fn time(value: &Value) -> Timestamp {
    value.as_str().unwrap_or_else(|| panic!("{value} is no time")).parse().unwrap()
}

fn is_about(value: &Value, expected: Timestamp) -> bool {
    time(value).duration_since(expected).abs() < SignedDuration::from_mins(5)
}

#[tokio::test]
async fn an_ordinary_account_follows_the_rules_of_its_domain() {
    let domain = domain().await;
    let wanda = ask(&domain.probe(), "wanda").await;
    let rules = json!({
        "min_length": 16, "history": 24, "min_age": "PT0S", "complexity": true,
        "lockout_threshold": 0, "lockout_duration": "PT30M", "source": "domain",
    });
    assert_eq!(wanda["account"]["rules"], rules);
    for fact in ["must_change", "locked", "disabled", "cannot_change", "protected", "expired"] {
        assert_eq!(wanda["account"][fact], json!(false), "{fact}");
    }
    assert!(is_about(&wanda["account"]["pwd_last_set"], Clock::system().now()));
    assert_eq!(wanda["may_change_after"], Value::Null, "this domain has no minimum age");
}

#[tokio::test]
async fn a_fine_grained_policy_replaces_the_domains_and_tells_when_its_minimum_age_ends() {
    let domain = domain().await;
    let fina = ask(&domain.probe(), "fina").await;
    let rules = json!({
        "min_length": 20, "history": 5, "min_age": "PT24H", "complexity": false,
        "lockout_threshold": 7, "lockout_duration": "PT1H", "source": { "fine_grained": "Long and slow" },
    });
    assert_eq!(fina["account"]["rules"], rules);
    assert_eq!(
        time(&fina["may_change_after"]),
        time(&fina["account"]["pwd_last_set"]) + SignedDuration::from_hours(24),
        "a day after she set it"
    );
}

#[tokio::test]
async fn a_fine_grained_policy_that_may_not_be_read_is_not_mistaken_for_the_domains() {
    let domain = domain().await;
    let probe = domain.probe_without_rights();
    assert_eq!(ask(&probe, "fina").await["account"]["rules"], Value::Null, "unknown");
    assert_eq!(
        ask(&probe, "wanda").await["account"]["rules"]["min_length"],
        16,
        "the domain's are for everybody to read"
    );
}

#[tokio::test]
async fn a_locked_account_is_told_with_the_time_when_it_opens() {
    let domain = domain().await;
    let lena = ask(&domain.probe(), "lena").await;
    assert_eq!(lena["account"]["locked"], true);
    assert!(is_about(&lena["account"]["locked_until"], Clock::system().now() + SignedDuration::from_mins(30)));
}

#[tokio::test]
async fn a_disabled_account_is_told() {
    let domain = domain().await;
    let dora = ask(&domain.probe(), "dora").await;
    assert_eq!((&dora["account"]["disabled"], &dora["account"]["locked"]), (&json!(true), &json!(false)));
}

#[tokio::test]
async fn somebody_who_cannot_change_the_password_is_told() {
    let domain = domain().await;
    assert_eq!(ask(&domain.probe(), "carla").await["account"]["cannot_change"], true);
}

#[tokio::test]
async fn a_protected_account_is_told() {
    let domain = domain().await;
    assert_eq!(ask(&domain.probe(), "paula").await["account"]["protected"], true);
}

#[tokio::test]
async fn the_identifier_that_graph_gives_finds_the_same_account() {
    let domain = domain().await;
    let by_name = ask(&domain.probe(), "carla").await;
    let sid = by_name["account"]["sid"].as_str().unwrap();
    assert!(sid.starts_with("S-1-5-21-"), "{sid}");
    assert_eq!(ask(&domain.probe(), sid).await, by_name);
}

#[tokio::test]
async fn a_name_that_nobody_has_finds_nobody_and_is_never_a_pattern() {
    let domain = domain().await;
    for name in
        ["nobody", "w*", "*", "wanda)(sAMAccountName=*", "", "svc-probe$", "S-1-5-21-1-2-3-4", "DC1$", "Domain Users"]
    {
        let found = directory_probe(&domain.probe().settings(), Clock::system(), name).await.unwrap();
        assert_eq!(found, None, "{name}");
    }
}

#[tokio::test]
async fn a_controller_whose_certificate_another_ca_signed_is_not_spoken_to() {
    let domain = domain().await;
    let key = rcgen::KeyPair::generate().unwrap();
    let other = rcgen::CertificateParams::new(vec![]).unwrap().self_signed(&key).unwrap();
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), other.pem()).unwrap();
    let (kind, text) = refusal(&ProbeSettings { ca_file: file.path().into(), ..domain.probe() }).await;
    assert_eq!(kind, "Tls", "{text}");
    assert!(text.contains("directory.ca_file"), "it says where to look: {text}");
}

#[tokio::test]
async fn a_ca_file_without_a_certificate_is_an_error_before_anything_is_sent() {
    let domain = domain().await;
    let empty = tempfile::NamedTempFile::new().unwrap();
    for ca_file in [empty.path().to_path_buf(), "/missing/ca.pem".into()] {
        let (kind, text) = refusal(&ProbeSettings { ca_file: ca_file.clone(), ..domain.probe() }).await;
        assert_eq!(kind, "CaFile", "{text}");
        assert!(text.contains(ca_file.to_str().unwrap()), "{text}");
    }
}

#[tokio::test]
async fn a_wrong_bind_password_is_told_as_such() {
    let domain = domain().await;
    let wrong = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(wrong.path(), "not-the-password").unwrap();
    let (kind, text) = refusal(&ProbeSettings { password_file: wrong.path().into(), ..domain.probe() }).await;
    assert_eq!(kind, "Bind", "{text}");
    assert!(text.contains("LDAP 49") && text.contains("52e"), "{text}");
}

#[tokio::test]
async fn a_base_that_does_not_exist_is_told_as_such() {
    let domain = domain().await;
    let (kind, text) =
        refusal(&ProbeSettings { base_dn: "OU=Nowhere,DC=corp,DC=example".into(), ..domain.probe() }).await;
    assert_eq!(kind, "Refused", "{text}");
    assert!(text.contains("directory.base_dn"), "{text}");
}

#[tokio::test]
async fn a_controller_that_does_not_answer_costs_no_more_than_the_time_limit() {
    let domain = domain().await;
    // The kernel accepts the connection, and no process ever answers.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("ldaps://{}", silent.local_addr().unwrap());
    let began = Instant::now();
    let (kind, text) = refusal(&ProbeSettings { url, timeout_seconds: 1, ..domain.probe() }).await;
    assert_eq!(kind, "TimedOut", "{text}");
    let took = began.elapsed();
    assert!(took >= Duration::from_secs(1) && took < Duration::from_millis(1_900), "it took {took:?}");
}

#[tokio::test]
async fn a_controller_that_is_off_is_told_at_once() {
    let domain = domain().await;
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let (kind, text) = refusal(&ProbeSettings { url: format!("ldaps://{nobody}"), ..domain.probe() }).await;
    assert_eq!(kind, "Unreachable", "{text}");
}
