//! The reset form with a directory probe against a real domain controller (Samba AD).

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use passback_emulator::{FaultTarget, TenantSeed};

use passback::{Clock, directory_probe};
use serde_json::json;

use super::cases::{AgentCase, account, call_check, said};
use crate::directory::domain;
use crate::support::domain::{ProbeSettings, SambaDomain};
use crate::support::portal::{GOOD, PortalSetup, TestPortal};

/// Returns a user principal name whose part before the `@` is the name of the AD account. Some of these names also
/// exist among Contoso's own people.
fn at_corp(name: &str) -> String {
    format!("{name}@corp.contoso.example")
}

/// Contoso with the people whose special state exists only in the directory.
fn people() -> TenantSeed {
    let mut text = passback_emulator::CONTOSO_SEED.to_owned();
    for name in ["fina", "lena", "dora", "carla", "paula"] {
        let upn = at_corp(name);
        write!(text, "\n[[people]]\nupn = \"{upn}\"\nname = \"Some Body\"\noutcome = \"written\"\n").unwrap();
    }
    TenantSeed::parse(&text).unwrap().hurry()
}

async fn portal(probe: &ProbeSettings) -> TestPortal {
    let settings = probe.settings();
    let asks = PortalSetup::adjusted(move |config| config.directory = Some(settings.clone()));
    TestPortal::with(PortalSetup { seed: people(), ..asks }).await
}

#[tokio::test]
async fn what_the_directory_would_refuse_is_said_before_anybody_types() {
    let domain = domain().await;
    let portal = portal(&domain.probe()).await;
    for (name, code) in
        [("dora", "G-DISABLED"), ("carla", "G-CANNOT-CHANGE"), ("paula", "G-PROTECTED-AD"), ("fina", "G-TOO-YOUNG")]
    {
        let mut person = portal.signed_in(&at_corp(name)).await;
        let page = person.get("/reset").await;
        assert_eq!(page.code(), code, "{name}: {}", page.main());
        assert_eq!(person.reset("Amber-Kettle-Sailing-Copper-4").await.code(), code, "also for who knows the address");
    }
    let mut fina = portal.signed_in(&at_corp("fina")).await;
    assert!(fina.get("/reset").await.body.contains("again after"), "with the time from which it goes");
    assert_eq!(portal.demo.tenant.calls(FaultTarget::ResetPassword, None), 0);
    portal.demo.stop().await;
}

#[tokio::test]
async fn the_rules_on_the_form_are_those_of_the_domain() {
    let domain = domain().await;
    let portal = portal(&domain.probe()).await;
    let mut wanda = portal.signed_in("wanda").await;
    let form = wanda.get("/reset").await;
    assert!(form.body.contains("At least 16 characters"), "the domain asks for more than the portal: {}", form.main());
    let short = wanda.post_once("/reset/check", &[("password", "Short-Pass-91x")]).await.text().await.unwrap();
    assert!(short.contains("\"length\":\"failed\""), "also while she types: {short}");
    assert!(wanda.reset("Short-Pass-91x").await.body.contains("data-rule=\"length\" data-standing=\"failed\""));
    let reference = wanda.reset("Amber-Kettle-Sailing-4").await.reference();
    wanda.until_state(&reference, "written").await;
    portal.demo.stop().await;
}

#[tokio::test]
async fn a_locked_person_may_go_on_and_hears_what_to_do_first() {
    let domain = domain().await;
    let portal = portal(&domain.probe()).await;
    let mut lena = portal.signed_in(&at_corp("lena")).await;
    let form = lena.get("/reset").await;
    assert_eq!(form.status, 200);
    assert!(form.body.contains("remove the old password from your phone") && form.body.contains("opens by itself at"));
    portal.demo.stop().await;
}

#[tokio::test]
async fn a_controller_that_is_away_stops_nobody_and_is_waited_for_once() {
    let domain = domain().await;
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ldaps://{}", silent.local_addr().unwrap());
    let portal = portal(&ProbeSettings { url, ..domain.probe() }).await;
    let mut wanda = portal.signed_in("wanda").await;
    let began = Instant::now();
    for _ in 0..5 {
        assert_eq!(wanda.get("/reset").await.status, 200);
    }
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
    let reference = wanda.reset(GOOD).await.reference();
    wanda.until_state(&reference, "written").await;
    portal.demo.stop().await;
}

#[tokio::test]
async fn the_desk_sees_what_the_directory_knows_of_a_person() {
    let domain = domain().await;
    let portal = portal(&domain.probe()).await;
    let mut hugo = portal.browser();
    hugo.sign_in("/signin?purpose=staff", "hugo@contoso.example", "passkey", "").await;
    for (name, fact) in [("dora", "Disabled"), ("carla", "May not change it"), ("paula", "Protected (administrator)")] {
        let id = portal.demo.tenant.object_id(&at_corp(name)).unwrap();
        let page = hugo.get(&format!("/helpdesk/people/{id}")).await;
        assert!(page.body.contains(&format!("<dt>{fact}</dt><dd>yes</dd>")), "{name}: {}", page.main());
    }
    portal.demo.stop().await;
}

#[tokio::test]
async fn hugo_unlocks_a_verified_person_in_the_real_directory() {
    let domain = SambaDomain::start("Old-River-Stone-7").await;
    let locked = async || {
        let found = directory_probe(&domain.probe().settings(), Clock::system(), "lena").await.unwrap().unwrap();
        found["account"]["locked"] == json!(true)
    };
    assert!(locked().await);
    for (probe, outcome) in
        [(domain.probe_that_should_not_unlock(), "failed"), (domain.probe_that_unlocks(), "unlocked")]
    {
        let portal = portal(&probe).await;
        let mut lena = account(&portal, &at_corp("lena")).await;
        let mut hugo = AgentCase::begins(&portal, "hugo", &at_corp("lena"), "unlock").await;
        assert_eq!(said(&hugo.press("act", &[]).await), "c-not-enough");
        call_check(&mut hugo, &mut lena).await;
        assert_eq!(said(&hugo.press("act", &[]).await), outcome);
        assert_eq!(locked().await, outcome == "failed", "as the controller itself says");
        let page = hugo.page().await;
        assert_eq!(page.attribute("data-outcome"), if outcome == "failed" { "failed" } else { "done" });
        portal.demo.stop().await;
    }
}
