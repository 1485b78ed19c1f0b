//! User risk: a person at risk resets a password that an attacker may know, and the helpdesk dismisses the risk at
//! Microsoft.

use passback::config::{Config, RiskConfig, RiskLevel};
use passback_emulator::{FaultEffect, FaultTarget, InjectedFault, TenantSeed};

use super::cases::sign_in_staff;
use crate::support::portal::{
    HttpBrowser, PortalSetup, TestPortal, VALID_PASSWORD, available_engines, full_upn, reached_checkpoints,
};

const READ_PERMISSION: &str = "IdentityRiskyUser.Read.All";
const WRITE_PERMISSION: &str = "IdentityRiskyUser.ReadWrite.All";

async fn start_portal(level: Option<RiskLevel>, permissions: &[&str], wish: PortalSetup) -> TestPortal {
    let text = passback_emulator::CONTOSO_SEED;
    let name = "name = \"Wanda Writeback\"";
    let seed = TenantSeed::parse(&text.replace(name, &format!("{name}\nrisk = \"high\""))).unwrap().with_short_delays();
    let seed = permissions.iter().fold(seed, |seed, permission| seed.with_application_permission(permission));
    let adjust = move |config: &mut Config| config.risk = Some(RiskConfig { approval_from: level });
    TestPortal::start_with(PortalSetup { seed, configure: Box::new(adjust), ..wish }).await
}

async fn open_form(portal: &TestPortal, name: &str) -> (HttpBrowser, String, bool) {
    let mut browser = portal.signed_in(name).await;
    let page = browser.get("/reset").await;
    let code = if page.body.contains("data-code=") { page.code() } else { String::new() };
    (browser, code, page.body.contains("id=\"at-risk\""))
}

#[tokio::test]
async fn wanda_resets_at_risk_and_hugo_dismisses_the_risk() {
    for engine in available_engines() {
        let portal = start_portal(None, &[WRITE_PERMISSION], PortalSetup { engine, ..PortalSetup::default() }).await;
        let (mut wanda, code, told) = open_form(&portal, "wanda").await;
        assert_eq!((code.as_str(), told), ("", true), "she is told, and may go on");
        let (_, _, told) = open_form(&portal, "mona").await;
        assert!(!told, "Mona is not at risk");

        let reference = wanda.submit_reset(VALID_PASSWORD).await.reference();
        wanda.wait_until(&reference, |status| reached_checkpoints(status).iter().any(|rung| rung == "carried")).await;
        let mut hugo = sign_in_staff(&portal, "hugo").await;
        let page = hugo.get(&format!("/helpdesk/resets/{reference}")).await;
        assert!(page.body.contains("id=\"risk\""), "{}", page.main_text());
        let page = hugo.post(&format!("/helpdesk/resets/{reference}/risk"), &[]).await;
        assert!(page.body.contains("Microsoft was told that the risk is over."), "{}", page.main_text());
        assert!(!page.body.contains("id=\"risk\"") && page.body.contains("risk.dismissed"), "once, and in the trail");
        let object = portal.demo.tenant.object_id(&full_upn("wanda")).unwrap();
        let page = hugo.get(&format!("/helpdesk/people/{object}")).await;
        assert!(!page.body.contains("At risk"), "{}", page.main_text());
        let page = hugo.post(&format!("/helpdesk/resets/{reference}/risk"), &[]).await;
        assert!(page.body.contains("There is no risk from before this reset"), "{}", page.main_text());
        let mut audrey = sign_in_staff(&portal, "audrey").await;
        let refused = audrey.post(&format!("/helpdesk/resets/{reference}/risk"), &[]).await;
        assert!(!refused.status.is_success(), "an auditor only looks");
        portal.demo.stop().await;
    }
}

#[tokio::test]
async fn risk_from_configured_level_requires_helpdesk_approval() {
    for (level, code) in [(RiskLevel::High, "G-APPROVAL"), (RiskLevel::Low, "G-APPROVAL")] {
        let portal = start_portal(Some(level), &[READ_PERMISSION], PortalSetup::default()).await;
        assert_eq!(open_form(&portal, "wanda").await.1, code, "hers is high");
        assert_eq!(open_form(&portal, "mona").await.1, "", "and hers is none");
        portal.demo.stop().await;
    }
    let text = passback_emulator::CONTOSO_SEED.replace("risk = \"high\"", "risk = \"low\"");
    let seed = TenantSeed::parse(&text).unwrap().with_short_delays().with_application_permission(READ_PERMISSION);
    let medium = |config: &mut Config| config.risk = Some(RiskConfig { approval_from: Some(RiskLevel::Medium) });
    let portal = TestPortal::start_with(PortalSetup { seed, ..PortalSetup::with_config(medium) }).await;
    assert_eq!(open_form(&portal, "rita").await.1, "", "low is below medium");
    portal.demo.stop().await;
}

#[tokio::test]
async fn unreadable_risk_requires_helpdesk_approval() {
    let portal = start_portal(Some(RiskLevel::High), &[READ_PERMISSION], PortalSetup::default()).await;
    portal.demo.tenant.add_fault(InjectedFault::new(FaultTarget::Risk, FaultEffect::Hangup));
    assert_eq!(open_form(&portal, "mona").await.1, "G-APPROVAL");
    portal.demo.stop().await;
    let portal = self::start_portal(Some(RiskLevel::High), &[], PortalSetup::default()).await;
    assert_eq!(open_form(&portal, "mona").await.1, "G-APPROVAL", "without the permission nobody knows");
    portal.demo.stop().await;
}

#[tokio::test]
async fn rejected_risk_dismissal_changes_nothing() {
    let portal = start_portal(None, &[READ_PERMISSION], PortalSetup::default()).await;
    let (mut wanda, _, _) = open_form(&portal, "wanda").await;
    let reference = wanda.submit_reset(VALID_PASSWORD).await.reference();
    let mut hugo = sign_in_staff(&portal, "hugo").await;
    let early = hugo.post(&format!("/helpdesk/resets/{reference}/risk"), &[]).await;
    assert!(early.body.contains("the reset is not proved"), "{}", early.main_text());
    wanda.wait_until(&reference, |status| reached_checkpoints(status).iter().any(|rung| rung == "carried")).await;
    let page = hugo.post(&format!("/helpdesk/resets/{reference}/risk"), &[]).await;
    assert!(page.body.contains("Microsoft did not take it"), "it may only read: {}", page.main_text());
    assert!(page.body.contains("id=\"risk\"") && !page.body.contains("risk.dismissed"), "{}", page.main_text());
    portal.demo.stop().await;
}

#[tokio::test]
async fn concurrent_risk_lookups_stay_within_microsofts_limit() {
    let text = passback_emulator::CONTOSO_SEED;
    let mut seed = text.to_owned();
    for name in ["Wanda Writeback", "Omar Slow", "Mona Manager"] {
        let line = format!("name = \"{name}\"");
        assert!(seed.contains(&line), "{name}");
        seed = seed.replacen(&line, &format!("{line}\nrisk = \"high\""), 1);
    }
    let seed = TenantSeed::parse(&seed)
        .unwrap()
        .with_short_delays()
        .with_application_permission(READ_PERMISSION)
        .with_risk_throttling();
    let adjust = move |config: &mut Config| config.risk = Some(RiskConfig { approval_from: None });
    let portal =
        TestPortal::start_with(PortalSetup { seed, configure: Box::new(adjust), ..PortalSetup::default() }).await;
    let all = ["wanda", "omar", "mona"].map(|name| open_form(&portal, name));
    let told = futures_util::future::join_all(all).await;
    assert!(told.iter().all(|(_, _, told)| *told), "each waits for a turn");
    let refused = portal
        .demo
        .tenant
        .request_lines()
        .iter()
        .filter(|(_, path, status)| path.contains("riskyUsers") && *status == 429)
        .count();
    assert_eq!(refused, 0, "Microsoft never had to say no");
    portal.demo.stop().await;
}
