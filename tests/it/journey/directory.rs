//! The reset form with a directory probe against a real domain controller (Samba AD).

use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use passback_emulator::{FaultTarget, TenantSeed};

use passback::{Clock, probe_directory_account};
use serde_json::json;

use super::cases::{AgentCase, complete_call_check, outcome_code, sign_in_to_account};
use crate::directory::shared_domain;
use crate::support::portal::{PortalSetup, TestPortal, VALID_PASSWORD};
use crate::support::samba_domain::{ProbeSettings, SambaDomain};

/// Returns a user principal name whose part before the `@` is the name of the AD account. Some of these names also
/// exist among Contoso's own people.
fn corp_upn(name: &str) -> String {
    format!("{name}@corp.contoso.example")
}

/// Contoso with the people whose special state exists only in the directory.
fn seed_with_directory_people() -> TenantSeed {
    let mut text = passback_emulator::CONTOSO_SEED.to_owned();
    for name in ["fina", "lena", "dora", "carla", "paula"] {
        let upn = corp_upn(name);
        write!(text, "\n[[people]]\nupn = \"{upn}\"\nname = \"Some Body\"\noutcome = \"written\"\n").unwrap();
    }
    TenantSeed::parse(&text).unwrap().with_short_delays()
}

async fn start_portal(probe: &ProbeSettings) -> TestPortal {
    let settings = probe.to_config();
    let asks = PortalSetup::with_config(move |config| config.directory = Some(settings.clone()));
    TestPortal::start_with(PortalSetup { seed: seed_with_directory_people(), ..asks }).await
}

#[tokio::test]
async fn person_blocked_by_directory_is_told_before_typing() {
    let domain = shared_domain().await;
    let portal = start_portal(&domain.probe_settings()).await;
    for (name, code) in
        [("dora", "G-DISABLED"), ("carla", "G-CANNOT-CHANGE"), ("paula", "G-PROTECTED-AD"), ("fina", "G-TOO-YOUNG")]
    {
        let mut person = portal.signed_in(&corp_upn(name)).await;
        let page = person.get("/reset").await;
        assert_eq!(page.code(), code, "{name}: {}", page.main_text());
        assert_eq!(
            person.submit_reset("Amber-Kettle-Sailing-Copper-4").await.code(),
            code,
            "also for who knows the address"
        );
    }
    let mut fina = portal.signed_in(&corp_upn("fina")).await;
    assert!(fina.get("/reset").await.body.contains("again after"), "with the time from which it goes");
    assert_eq!(portal.demo.tenant.count_calls(FaultTarget::ResetPassword, None), 0);
    portal.demo.stop().await;
}

#[tokio::test]
async fn reset_form_shows_domain_password_rules() {
    let domain = shared_domain().await;
    let portal = start_portal(&domain.probe_settings()).await;
    let mut wanda = portal.signed_in("wanda").await;
    let form = wanda.get("/reset").await;
    assert!(
        form.body.contains("At least 16 characters"),
        "the domain asks for more than the portal: {}",
        form.main_text()
    );
    let short = wanda.post_once("/reset/check", &[("password", "Short-Pass-91x")]).await.text().await.unwrap();
    assert!(short.contains("\"length\":\"failed\""), "also while she types: {short}");
    assert!(wanda.submit_reset("Short-Pass-91x").await.body.contains("data-rule=\"length\" data-standing=\"failed\""));
    let reference = wanda.submit_reset("Amber-Kettle-Sailing-4").await.reference();
    wanda.wait_for_state(&reference, "written").await;
    portal.demo.stop().await;
}

#[tokio::test]
async fn locked_person_may_reset_and_is_told_first_steps() {
    let domain = shared_domain().await;
    let portal = start_portal(&domain.probe_settings()).await;
    let mut lena = portal.signed_in(&corp_upn("lena")).await;
    let form = lena.get("/reset").await;
    assert_eq!(form.status, 200);
    assert!(form.body.contains("remove the old password from your phone") && form.body.contains("opens by itself at"));
    portal.demo.stop().await;
}

#[tokio::test]
async fn unreachable_controller_delays_only_first_request() {
    let domain = shared_domain().await;
    // It accepts connections and never answers.
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ldaps://{}", silent.local_addr().unwrap());
    let lookups = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&lookups);
    tokio::spawn(async move {
        let mut open = Vec::new();
        while let Ok((stream, _)) = silent.accept().await {
            open.push(stream);
            counted.fetch_add(1, Ordering::SeqCst);
        }
    });
    let portal = start_portal(&ProbeSettings { url, ..domain.probe_settings() }).await;
    let mut wanda = portal.signed_in("wanda").await;
    for _ in 0..5 {
        assert_eq!(wanda.get("/reset").await.status, 200);
    }
    assert_eq!(lookups.load(Ordering::SeqCst), 1, "the others do not wait for it");
    let reference = wanda.submit_reset(VALID_PASSWORD).await.reference();
    wanda.wait_for_state(&reference, "written").await;
    portal.demo.stop().await;
}

#[tokio::test]
async fn agent_sees_directory_account_flags() {
    let domain = shared_domain().await;
    let portal = start_portal(&domain.probe_settings()).await;
    let mut hugo = portal.browser();
    hugo.sign_in("/signin?purpose=staff", "hugo@contoso.example", "passkey", "").await;
    for (name, fact) in [("dora", "Disabled"), ("carla", "May not change it"), ("paula", "Protected (administrator)")] {
        let id = portal.demo.tenant.object_id(&corp_upn(name)).unwrap();
        let page = hugo.get(&format!("/helpdesk/people/{id}")).await;
        assert!(page.body.contains(&format!("<dt>{fact}</dt><dd>yes</dd>")), "{name}: {}", page.main_text());
    }
    portal.demo.stop().await;
}

#[tokio::test]
async fn hugo_unlocks_verified_lena_in_real_directory() {
    let domain = SambaDomain::start().await;
    let locked = async || {
        let found = probe_directory_account(&domain.probe_settings().to_config(), Clock::system(), "lena")
            .await
            .unwrap()
            .unwrap();
        found["account"]["locked"] == json!(true)
    };
    assert!(locked().await);
    for (probe, outcome) in [(domain.probe_with_read_only_unlock(), "failed"), (domain.probe_with_unlock(), "unlocked")]
    {
        let portal = start_portal(&probe).await;
        let mut lena = sign_in_to_account(&portal, &corp_upn("lena")).await;
        let mut hugo = AgentCase::open(&portal, "hugo", &corp_upn("lena"), "unlock").await;
        assert_eq!(outcome_code(&hugo.post_action("act", &[]).await), "c-not-enough");
        complete_call_check(&mut hugo, &mut lena).await;
        assert_eq!(outcome_code(&hugo.post_action("act", &[]).await), outcome);
        assert_eq!(locked().await, outcome == "failed", "as the controller itself says");
        let page = hugo.load_page().await;
        assert_eq!(page.attribute("data-outcome"), if outcome == "failed" { "failed" } else { "done" });
        portal.demo.stop().await;
    }
}
