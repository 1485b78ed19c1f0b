//! Tests the directory probe against a real Active Directory domain controller (Samba), over LDAPS with its CA pinned.

use std::net::TcpListener;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use passback::{Clock, probe_directory_account};
use serde_json::{Value, json};
use tokio::sync::Mutex;

use crate::support::samba_domain::{ProbeSettings, SambaDomain};
use crate::support::wait::in_time;

/// Returns one domain controller that concurrent tests share, because no test changes it. It stops with the last of
/// them.
pub(crate) async fn shared_domain() -> Arc<SambaDomain> {
    static SHARED_DOMAIN: Mutex<Weak<SambaDomain>> = Mutex::const_new(Weak::new());
    let mut shared = SHARED_DOMAIN.lock().await;
    if let Some(running) = shared.upgrade() {
        return running;
    }
    let started = Arc::new(SambaDomain::start().await);
    *shared = Arc::downgrade(&started);
    started
}

async fn probe_account(probe: &ProbeSettings, name: &str) -> Value {
    let found = probe_directory_account(&probe.to_config(), Clock::system(), name).await;
    found.unwrap().unwrap_or_else(|| panic!("{name} was not found"))
}

/// Returns the kind of the error (the start of its `Debug` form) and the text that an administrator reads.
async fn probe_error(probe: &ProbeSettings) -> (String, String) {
    let error = probe_directory_account(&probe.to_config(), Clock::system(), "wanda").await.unwrap_err();
    let kind = format!("{error:?}").chars().take_while(char::is_ascii_alphabetic).collect();
    (kind, error.to_string())
}

fn parse_timestamp(value: &Value) -> Timestamp {
    value.as_str().unwrap_or_else(|| panic!("{value} is no time")).parse().unwrap()
}

fn is_within_five_minutes(value: &Value, expected: Timestamp) -> bool {
    parse_timestamp(value).duration_since(expected).abs() < SignedDuration::from_mins(5)
}

#[tokio::test]
async fn ordinary_account_has_domain_password_rules() {
    let domain = shared_domain().await;
    let wanda = probe_account(&domain.probe_settings(), "wanda").await;
    let rules = json!({
        "min_length": 16, "history": 24, "min_age": "PT0S", "complexity": true,
        "lockout_threshold": 0, "lockout_duration": "PT30M", "source": "domain",
    });
    assert_eq!(wanda["account"]["rules"], rules);
    for fact in ["must_change", "locked", "disabled", "cannot_change", "protected", "expired"] {
        assert_eq!(wanda["account"][fact], json!(false), "{fact}");
    }
    assert!(is_within_five_minutes(&wanda["account"]["pwd_last_set"], Clock::system().now()));
    assert_eq!(wanda["may_change_after"], Value::Null, "this domain has no minimum age");
}

#[tokio::test]
async fn fine_grained_policy_overrides_domain_rules_and_minimum_age() {
    let domain = shared_domain().await;
    let fina = probe_account(&domain.probe_settings(), "fina").await;
    let rules = json!({
        "min_length": 20, "history": 5, "min_age": "PT24H", "complexity": false,
        "lockout_threshold": 7, "lockout_duration": "PT1H", "source": { "fine_grained": "Long and slow" },
    });
    assert_eq!(fina["account"]["rules"], rules);
    assert_eq!(
        parse_timestamp(&fina["may_change_after"]),
        parse_timestamp(&fina["account"]["pwd_last_set"]) + SignedDuration::from_hours(24),
        "a day after she set it"
    );
}

#[tokio::test]
async fn unreadable_fine_grained_policy_yields_no_rules() {
    let domain = shared_domain().await;
    let probe = domain.probe_without_policy_rights();
    assert_eq!(probe_account(&probe, "fina").await["account"]["rules"], Value::Null, "unknown");
    assert_eq!(
        probe_account(&probe, "wanda").await["account"]["rules"]["min_length"],
        16,
        "the domain's are for everybody to read"
    );
}

#[tokio::test]
async fn locked_account_reports_unlock_time() {
    let domain = shared_domain().await;
    let lena = probe_account(&domain.probe_settings(), "lena").await;
    assert_eq!(lena["account"]["locked"], true);
    assert!(is_within_five_minutes(
        &lena["account"]["locked_until"],
        Clock::system().now() + SignedDuration::from_mins(30)
    ));
}

#[tokio::test]
async fn disabled_account_is_reported() {
    let domain = shared_domain().await;
    let dora = probe_account(&domain.probe_settings(), "dora").await;
    assert_eq!((&dora["account"]["disabled"], &dora["account"]["locked"]), (&json!(true), &json!(false)));
}

#[tokio::test]
async fn account_that_cannot_change_password_is_reported() {
    let domain = shared_domain().await;
    assert_eq!(probe_account(&domain.probe_settings(), "carla").await["account"]["cannot_change"], true);
}

#[tokio::test]
async fn protected_account_is_reported() {
    let domain = shared_domain().await;
    assert_eq!(probe_account(&domain.probe_settings(), "paula").await["account"]["protected"], true);
}

#[tokio::test]
async fn lookup_by_sid_finds_same_account() {
    let domain = shared_domain().await;
    let by_name = probe_account(&domain.probe_settings(), "carla").await;
    let sid = by_name["account"]["sid"].as_str().unwrap();
    assert!(sid.starts_with("S-1-5-21-"), "{sid}");
    assert_eq!(probe_account(&domain.probe_settings(), sid).await, by_name);
}

#[tokio::test]
async fn unknown_or_wildcard_name_finds_no_account() {
    let domain = shared_domain().await;
    for name in
        ["nobody", "w*", "*", "wanda)(sAMAccountName=*", "", "svc-probe$", "S-1-5-21-1-2-3-4", "DC1$", "Domain Users"]
    {
        let found = probe_directory_account(&domain.probe_settings().to_config(), Clock::system(), name).await.unwrap();
        assert_eq!(found, None, "{name}");
    }
}

#[tokio::test]
async fn certificate_from_other_ca_is_rejected() {
    let domain = shared_domain().await;
    let key = rcgen::KeyPair::generate().unwrap();
    let other = rcgen::CertificateParams::new(vec![]).unwrap().self_signed(&key).unwrap();
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), other.pem()).unwrap();
    let (kind, text) = probe_error(&ProbeSettings { ca_file: file.path().into(), ..domain.probe_settings() }).await;
    assert_eq!(kind, "Tls", "{text}");
    assert!(text.contains("directory.ca_file"), "it says where to look: {text}");
}

#[tokio::test]
async fn ca_file_without_certificate_fails_before_connecting() {
    let domain = shared_domain().await;
    let empty = tempfile::NamedTempFile::new().unwrap();
    for ca_file in [empty.path().to_path_buf(), "/missing/ca.pem".into()] {
        let (kind, text) = probe_error(&ProbeSettings { ca_file: ca_file.clone(), ..domain.probe_settings() }).await;
        assert_eq!(kind, "CaFile", "{text}");
        assert!(text.contains(ca_file.to_str().unwrap()), "{text}");
    }
}

#[tokio::test]
async fn wrong_bind_password_is_reported() {
    let domain = shared_domain().await;
    let wrong = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(wrong.path(), "not-the-password").unwrap();
    let (kind, text) =
        probe_error(&ProbeSettings { password_file: wrong.path().into(), ..domain.probe_settings() }).await;
    assert_eq!(kind, "Bind", "{text}");
    assert!(text.contains("LDAP 49") && text.contains("52e"), "{text}");
}

#[tokio::test]
async fn missing_base_dn_is_reported() {
    let domain = shared_domain().await;
    let (kind, text) =
        probe_error(&ProbeSettings { base_dn: "OU=Nowhere,DC=corp,DC=example".into(), ..domain.probe_settings() })
            .await;
    assert_eq!(kind, "Refused", "{text}");
    assert!(text.contains("directory.base_dn"), "{text}");
}

#[tokio::test]
async fn silent_controller_is_given_up() {
    let domain = shared_domain().await;
    // The kernel accepts the connection, and no process ever answers.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("ldaps://{}", silent.local_addr().unwrap());
    let began = Instant::now();
    let probe = ProbeSettings { url, timeout_seconds: 1, ..domain.probe_settings() };
    let (kind, text) = in_time("the timeout of the probe", probe_error(&probe)).await;
    assert_eq!(kind, "TimedOut", "{text}");
    assert!(began.elapsed() >= Duration::from_secs(1), "it took {:?}", began.elapsed());
}

#[tokio::test]
async fn unreachable_controller_fails_immediately() {
    let domain = shared_domain().await;
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let (kind, text) =
        probe_error(&ProbeSettings { url: format!("ldaps://{nobody}"), ..domain.probe_settings() }).await;
    assert_eq!(kind, "Unreachable", "{text}");
}
