//! User risk: a person at risk resets a password that an attacker may know, and the helpdesk dismisses the risk at
//! Microsoft.

use passback::config::{Config, RiskConfig, RiskLevel};
use passback_emulator::{FaultEffect, FaultTarget, InjectedFault, TenantSeed};

use super::cases::staff;
use crate::support::portal::{GOOD, HttpBrowser, PortalSetup, TestPortal, engines, rungs, upn};

const READ: &str = "IdentityRiskyUser.Read.All";
const WRITE: &str = "IdentityRiskyUser.ReadWrite.All";

async fn portal(level: Option<RiskLevel>, permissions: &[&str], wish: PortalSetup) -> TestPortal {
    let text = passback_emulator::CONTOSO_SEED;
    let name = "name = \"Wanda Writeback\"";
    let seed = TenantSeed::parse(&text.replace(name, &format!("{name}\nrisk = \"high\""))).unwrap().hurry();
    let seed = permissions.iter().fold(seed, |seed, permission| seed.granting(permission));
    let adjust = move |config: &mut Config| config.risk = Some(RiskConfig { approval_from: level });
    TestPortal::with(PortalSetup { seed, adjust: Box::new(adjust), ..wish }).await
}

async fn opens(portal: &TestPortal, name: &str) -> (HttpBrowser, String, bool) {
    let mut browser = portal.signed_in(name).await;
    let page = browser.get("/reset").await;
    let code = if page.body.contains("data-code=") { page.code() } else { String::new() };
    (browser, code, page.body.contains("id=\"at-risk\""))
}

#[tokio::test]
async fn wanda_is_told_of_her_risk_resets_and_the_desk_tells_microsoft_that_it_is_over() {
    for engine in engines() {
        let portal = portal(None, &[WRITE], PortalSetup { engine, ..PortalSetup::default() }).await;
        let (mut wanda, code, told) = opens(&portal, "wanda").await;
        assert_eq!((code.as_str(), told), ("", true), "she is told, and may go on");
        let (_, _, told) = opens(&portal, "mona").await;
        assert!(!told, "Mona is not at risk");

        let reference = wanda.reset(GOOD).await.reference();
        wanda.until(&reference, |status| rungs(status).iter().any(|rung| rung == "carried")).await;
        let mut hugo = staff(&portal, "hugo").await;
        let page = hugo.get(&format!("/helpdesk/resets/{reference}")).await;
        assert!(page.body.contains("id=\"risk\""), "{}", page.main());
        let page = hugo.post(&format!("/helpdesk/resets/{reference}/risk"), &[]).await;
        assert!(page.body.contains("Microsoft was told that the risk is over."), "{}", page.main());
        assert!(!page.body.contains("id=\"risk\"") && page.body.contains("risk.dismissed"), "once, and in the trail");
        let object = portal.demo.tenant.object_id(&upn("wanda")).unwrap();
        let page = hugo.get(&format!("/helpdesk/people/{object}")).await;
        assert!(!page.body.contains("At risk"), "{}", page.main());
        let page = hugo.post(&format!("/helpdesk/resets/{reference}/risk"), &[]).await;
        assert!(page.body.contains("There is no risk from before this reset"), "{}", page.main());
        let mut audrey = staff(&portal, "audrey").await;
        let refused = audrey.post(&format!("/helpdesk/resets/{reference}/risk"), &[]).await;
        assert!(!refused.status.is_success(), "an auditor only looks");
        portal.demo.stop().await;
    }
}

#[tokio::test]
async fn from_a_level_on_the_desk_has_to_allow_it_first() {
    for (level, code) in [(RiskLevel::High, "G-APPROVAL"), (RiskLevel::Low, "G-APPROVAL")] {
        let portal = portal(Some(level), &[READ], PortalSetup::default()).await;
        assert_eq!(opens(&portal, "wanda").await.1, code, "hers is high");
        assert_eq!(opens(&portal, "mona").await.1, "", "and hers is none");
        portal.demo.stop().await;
    }
    let text = passback_emulator::CONTOSO_SEED.replace("risk = \"high\"", "risk = \"low\"");
    let seed = TenantSeed::parse(&text).unwrap().hurry().granting(READ);
    let medium = |config: &mut Config| config.risk = Some(RiskConfig { approval_from: Some(RiskLevel::Medium) });
    let portal = TestPortal::with(PortalSetup { seed, ..PortalSetup::adjusted(medium) }).await;
    assert_eq!(opens(&portal, "rita").await.1, "", "low is below medium");
    portal.demo.stop().await;
}

#[tokio::test]
async fn a_risk_that_cannot_be_read_leaves_it_to_the_desk() {
    let portal = portal(Some(RiskLevel::High), &[READ], PortalSetup::default()).await;
    portal.demo.tenant.add_fault(InjectedFault::on(FaultTarget::Risk, FaultEffect::Hangup));
    assert_eq!(opens(&portal, "mona").await.1, "G-APPROVAL");
    portal.demo.stop().await;
    let portal = self::portal(Some(RiskLevel::High), &[], PortalSetup::default()).await;
    assert_eq!(opens(&portal, "mona").await.1, "G-APPROVAL", "without the permission nobody knows");
    portal.demo.stop().await;
}

#[tokio::test]
async fn what_microsoft_does_not_take_changes_nothing() {
    let portal = portal(None, &[READ], PortalSetup::default()).await;
    let (mut wanda, _, _) = opens(&portal, "wanda").await;
    let reference = wanda.reset(GOOD).await.reference();
    let mut hugo = staff(&portal, "hugo").await;
    let early = hugo.post(&format!("/helpdesk/resets/{reference}/risk"), &[]).await;
    assert!(early.body.contains("the reset is not proved"), "{}", early.main());
    wanda.until(&reference, |status| rungs(status).iter().any(|rung| rung == "carried")).await;
    let page = hugo.post(&format!("/helpdesk/resets/{reference}/risk"), &[]).await;
    assert!(page.body.contains("Microsoft did not take it"), "it may only read: {}", page.main());
    assert!(page.body.contains("id=\"risk\"") && !page.body.contains("risk.dismissed"), "{}", page.main());
    portal.demo.stop().await;
}

#[tokio::test]
async fn several_at_once_are_told_although_microsoft_takes_one_question_a_second() {
    let text = passback_emulator::CONTOSO_SEED;
    let mut seed = text.to_owned();
    for name in ["Wanda Writeback", "Omar Slow", "Mona Manager"] {
        let line = format!("name = \"{name}\"");
        assert!(seed.contains(&line), "{name}");
        seed = seed.replacen(&line, &format!("{line}\nrisk = \"high\""), 1);
    }
    let seed = TenantSeed::parse(&seed).unwrap().hurry().granting(READ).throttling_risks();
    let adjust = move |config: &mut Config| config.risk = Some(RiskConfig { approval_from: None });
    let portal = TestPortal::with(PortalSetup { seed, adjust: Box::new(adjust), ..PortalSetup::default() }).await;
    let all = ["wanda", "omar", "mona"].map(|name| opens(&portal, name));
    let told = futures_util::future::join_all(all).await;
    assert!(told.iter().all(|(_, _, told)| *told), "each waits for a turn");
    let refused = portal
        .demo
        .tenant
        .seen()
        .iter()
        .filter(|(_, path, status)| path.contains("riskyUsers") && *status == 429)
        .count();
    assert_eq!(refused, 0, "Microsoft never had to say no");
    portal.demo.stop().await;
}
