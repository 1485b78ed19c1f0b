//! Evidence for the password: each checkpoint comes only from a source that can observe it.

use std::fmt::Write as _;

use jiff::SignedDuration;
use passback_emulator::{FaultEffect, FaultTarget, InjectedFault, TenantSeed};

use super::cases::staff;
use crate::support::domain::{KerberosResult, SambaDomain};
use crate::support::portal::{GOOD, HttpBrowser, PortalSetup, TestPortal, rungs, upn};

const OLD: &str = "Old-River-Stone-7";
const NEW: &str = "Amber-Kettle-Sailing-4";

fn contoso(change: impl Fn(&str) -> String) -> TenantSeed {
    TenantSeed::parse(&change(passback_emulator::CONTOSO_SEED)).unwrap().hurry()
}

async fn until_rung(browser: &mut HttpBrowser, reference: &str, rung: &str) -> serde_json::Value {
    browser.until(reference, |status| rungs(status).iter().any(|known| known == rung)).await
}

#[tokio::test]
async fn a_real_domain_controller_says_that_the_password_landed() {
    let domain = SambaDomain::start(OLD).await;
    let settings = domain.probe().settings();
    // The tenant does not log resets here, so only the domain controller can tell.
    let seed = contoso(|text| text.replace("opted_in = true", "opted_in = false"));
    let wish = PortalSetup::adjusted(move |config| config.directory = Some(settings.clone()));
    let portal = TestPortal::with(PortalSetup { seed, directory: Some(domain.options()), ..wish }).await;
    let mut wanda = portal.signed_in("wanda").await;
    let reference = wanda.reset(NEW).await.reference();
    let status = until_rung(&mut wanda, &reference, "landed").await;
    assert_eq!(rungs(&status), ["accepted", "written", "landed"]);
    assert_eq!(domain.kinit("wanda", NEW), KerberosResult::MustChange, "and Kerberos agrees");
    let page = wanda.get(&format!("/resets/{reference}")).await;
    assert!(page.body.contains("A domain controller of your organisation has it."), "{}", page.main());
    let mut hugo = staff(&portal, "hugo").await;
    let page = hugo.get(&format!("/helpdesk/resets/{reference}")).await;
    assert!(page.body.contains("data-rung=\"landed\" data-reached=\"true\""), "{}", page.main());
    assert!(page.body.contains("data-tone=\"good\""), "with Microsoft's word that is proof: {}", page.main());
    portal.demo.stop().await;
}

#[tokio::test]
async fn an_answer_that_got_lost_is_settled_by_the_domain_controller() {
    let domain = SambaDomain::start(OLD).await;
    let settings = domain.probe().settings();
    let seed = contoso(|text| text.replace("opted_in = true", "opted_in = false"));
    let wish = PortalSetup::adjusted(move |config| config.directory = Some(settings.clone()));
    let portal = TestPortal::with(PortalSetup { seed, directory: Some(domain.options()), ..wish }).await;
    portal
        .demo
        .tenant
        .add_fault(InjectedFault::on(FaultTarget::ResetPassword, FaultEffect::DropAnswer).for_person(&upn("wanda")));
    let mut wanda = portal.signed_in("wanda").await;
    let reference = wanda.reset(NEW).await.reference();
    let status = wanda.until_state(&reference, "written").await;
    assert_eq!(rungs(&status), ["landed"], "nobody else said anything");
    portal.demo.stop().await;
}

#[tokio::test]
async fn a_password_that_the_directory_did_not_get_never_landed() {
    let domain = SambaDomain::start(OLD).await;
    let settings = domain.probe().settings();
    let wish = PortalSetup::adjusted(move |config| config.directory = Some(settings.clone()));
    let portal = TestPortal::with(PortalSetup { directory: Some(domain.options()), ..wish }).await;
    portal
        .demo
        .tenant
        .add_fault(InjectedFault::on(FaultTarget::Writeback, FaultEffect::CloudOnly).for_person(&upn("wanda")));
    let mut wanda = portal.signed_in("wanda").await;
    let reference = wanda.reset(NEW).await.reference();
    let status = wanda.until_state(&reference, "cloud_only").await;
    assert!(!rungs(&status).contains(&"landed".to_owned()), "{status}");
    assert_eq!(domain.kinit("wanda", OLD), KerberosResult::Granted);
    portal.demo.stop().await;
}

#[tokio::test]
async fn a_tenant_that_logs_no_resets_is_said_to_and_the_desk_reads_what_to_do() {
    let seed = contoso(|text| text.replace("opted_in = true", "opted_in = false"));
    let portal = TestPortal::with(PortalSetup { seed, ..PortalSetup::default() }).await;
    let mut wanda = portal.signed_in("wanda").await;
    let reference = wanda.reset(GOOD).await.reference();
    wanda.until_state(&reference, "written").await;
    portal.clock.advance(SignedDuration::from_mins(61));
    let mut wanda = portal.signed_in("wanda").await;
    let at = format!("/resets/{reference}");
    let said = "log does not record this";
    let mut tries = 0;
    while !wanda.get(&at).await.body.contains(said) {
        tries += 1;
        assert!(tries < 100, "{}", wanda.get(&at).await.main());
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    let mut hugo = staff(&portal, "hugo").await;
    let page = hugo.get(&format!("/helpdesk/resets/{reference}")).await;
    assert!(page.body.contains("Somebody has to open"), "{}", page.main());
    portal.demo.stop().await;
}

#[tokio::test]
async fn what_the_old_operator_sent_is_proved_after_another_one_is_linked() {
    let second = "svc-second@contoso.example";
    let seed = contoso(|text| {
        let role = "{ template = \"c4e39bd9-1100-46d3-8c65-fb160da0071f\", scope = \"/administrativeUnits/a0000000-0000-4000-8000-0000000000af\" }";
        let person =
            format!("[[people]]\nupn = \"{second}\"\nname = \"Second operator\"\nsynced = false\nroles = [{role}]\n\n");
        text.replace("# --- what goes wrong", &format!("{person}# --- what goes wrong"))
            .replace("[audit]\ndelay_ms = 4000", "[audit]\ndelay_ms = 3999")
    });
    let portal = TestPortal::with(PortalSetup { seed, ..PortalSetup::default() }).await;
    // The audit log is unavailable until the other operator is linked.
    portal.demo.tenant.add_fault(InjectedFault::on(FaultTarget::Audits, FaultEffect::Hangup));
    let mut wanda = portal.signed_in("wanda").await;
    let reference = wanda.reset(GOOD).await.reference();
    wanda.until_state(&reference, "written").await;
    let mut adam = staff(&portal, "adam").await;
    adam.sign_in("/admin/operator/link", second, "passkey", "").await;
    assert!(adam.post("/admin/operator/confirm", &[]).await.body.contains("Second operator"));
    portal.demo.tenant.clear_faults();
    until_rung(&mut wanda, &reference, "carried").await;
    portal.demo.stop().await;
}

#[tokio::test]
async fn the_log_is_asked_no_more_often_than_microsoft_answers_however_many_wait() {
    // Microsoft's own limit on the audit log: 5 requests in 10 seconds.
    let names: Vec<String> = (0..8).map(|n| format!("p{n}@contoso.example")).collect();
    let mut text = passback_emulator::CONTOSO_SEED.to_owned();
    for upn in &names {
        text.push_str("\n[[people]]\nname = \"Some Body\"\noutcome = \"written\"\nupn = ");
        writeln!(text, "\"{upn}\"").unwrap();
    }
    let portal =
        TestPortal::with(PortalSetup { seed: TenantSeed::parse(&text).unwrap(), ..PortalSetup::default() }).await;
    let mut waiting = Vec::new();
    for name in &names {
        let mut browser = portal.signed_in(name).await;
        waiting.push((browser.reset(GOOD).await.reference(), browser));
    }
    for (reference, browser) in &mut waiting {
        until_rung(browser, reference, "carried").await;
    }
    let asked = portal.demo.tenant.seen();
    let log: Vec<u16> =
        asked.iter().filter(|(_, path, _)| path.contains("directoryAudits")).map(|(.., s)| *s).collect();
    assert!(log.iter().all(|status| *status == 200), "never told to wait: {log:?}");
    portal.demo.stop().await;
}
