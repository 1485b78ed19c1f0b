//! Evidence for the password: each checkpoint comes only from a source that can observe it.

use std::fmt::Write as _;

use jiff::SignedDuration;
use passback_emulator::{FaultEffect, FaultTarget, InjectedFault, TenantSeed};

use super::cases::sign_in_staff;
use crate::support::portal::{HttpBrowser, PortalSetup, TestPortal, VALID_PASSWORD, full_upn, reached_checkpoints};
use crate::support::samba_domain::{KerberosResult, SambaDomain};
use crate::support::wait::wait_for_value;

const OLD_PASSWORD: &str = "Old-River-Stone-7";
const NEW_PASSWORD: &str = "Amber-Kettle-Sailing-4";

fn edited_contoso(change: impl Fn(&str) -> String) -> TenantSeed {
    TenantSeed::parse(&change(passback_emulator::CONTOSO_SEED)).unwrap().with_short_delays()
}

async fn wait_for_checkpoint(browser: &mut HttpBrowser, reference: &str, rung: &str) -> serde_json::Value {
    browser.wait_until(reference, |status| reached_checkpoints(status).iter().any(|known| known == rung)).await
}

#[tokio::test]
async fn real_domain_controller_confirms_landed_password() {
    let domain = SambaDomain::start().await;
    let settings = domain.probe_settings().to_config();
    // The tenant does not log resets here, so only the domain controller can tell.
    let seed = edited_contoso(|text| text.replace("opted_in = true", "opted_in = false"));
    let wish = PortalSetup::with_config(move |config| config.directory = Some(settings.clone()));
    let portal = TestPortal::start_with(PortalSetup { seed, directory: Some(domain.ldaps_options()), ..wish }).await;
    let mut wanda = portal.signed_in("wanda").await;
    let reference = wanda.submit_reset(NEW_PASSWORD).await.reference();
    let status = wait_for_checkpoint(&mut wanda, &reference, "landed").await;
    assert_eq!(reached_checkpoints(&status), ["accepted", "written", "landed"]);
    assert_eq!(domain.kinit("wanda", NEW_PASSWORD), KerberosResult::MustChange, "and Kerberos agrees");
    let page = wanda.get(&format!("/resets/{reference}")).await;
    assert!(page.body.contains("A domain controller of your organisation has it."), "{}", page.main_text());
    let mut hugo = sign_in_staff(&portal, "hugo").await;
    let page = hugo.get(&format!("/helpdesk/resets/{reference}")).await;
    assert!(page.body.contains("data-rung=\"landed\" data-reached=\"true\""), "{}", page.main_text());
    assert!(page.body.contains("data-tone=\"good\""), "with Microsoft's word that is proof: {}", page.main_text());
    portal.demo.stop().await;
}

#[tokio::test]
async fn lost_answer_is_resolved_by_domain_controller() {
    let domain = SambaDomain::start().await;
    let settings = domain.probe_settings().to_config();
    let seed = edited_contoso(|text| text.replace("opted_in = true", "opted_in = false"));
    let wish = PortalSetup::with_config(move |config| config.directory = Some(settings.clone()));
    let portal = TestPortal::start_with(PortalSetup { seed, directory: Some(domain.ldaps_options()), ..wish }).await;
    portal.demo.tenant.add_fault(
        InjectedFault::new(FaultTarget::ResetPassword, FaultEffect::DropAnswer).for_person(&full_upn("wanda")),
    );
    let mut wanda = portal.signed_in("wanda").await;
    let reference = wanda.submit_reset(NEW_PASSWORD).await.reference();
    let status = wanda.wait_for_state(&reference, "written").await;
    assert_eq!(reached_checkpoints(&status), ["landed"], "nobody else said anything");
    portal.demo.stop().await;
}

#[tokio::test]
async fn cloud_only_password_never_reaches_landed_checkpoint() {
    let domain = SambaDomain::start().await;
    let settings = domain.probe_settings().to_config();
    let wish = PortalSetup::with_config(move |config| config.directory = Some(settings.clone()));
    let portal = TestPortal::start_with(PortalSetup { directory: Some(domain.ldaps_options()), ..wish }).await;
    portal
        .demo
        .tenant
        .add_fault(InjectedFault::new(FaultTarget::Writeback, FaultEffect::CloudOnly).for_person(&full_upn("wanda")));
    let mut wanda = portal.signed_in("wanda").await;
    let reference = wanda.submit_reset(NEW_PASSWORD).await.reference();
    let status = wanda.wait_for_state(&reference, "cloud_only").await;
    assert!(!reached_checkpoints(&status).contains(&"landed".to_owned()), "{status}");
    assert_eq!(domain.kinit("wanda", OLD_PASSWORD), KerberosResult::Granted);
    portal.demo.stop().await;
}

#[tokio::test]
async fn missing_audit_log_entry_is_shown_with_remedy_for_agent() {
    let seed = edited_contoso(|text| text.replace("opted_in = true", "opted_in = false"));
    let portal = TestPortal::start_with(PortalSetup { seed, ..PortalSetup::default() }).await;
    let mut wanda = portal.signed_in("wanda").await;
    let reference = wanda.submit_reset(VALID_PASSWORD).await.reference();
    wanda.wait_for_state(&reference, "written").await;
    portal.clock.advance(SignedDuration::from_mins(61));
    let mut wanda = portal.signed_in("wanda").await;
    let at = format!("/resets/{reference}");
    let said = |text: &String| text.contains("log does not record this");
    wait_for_value("the page says that no entry will come", async || wanda.get(&at).await.main_text(), said).await;
    let mut hugo = sign_in_staff(&portal, "hugo").await;
    let page = hugo.get(&format!("/helpdesk/resets/{reference}")).await;
    assert!(page.body.contains("Somebody has to open"), "{}", page.main_text());
    portal.demo.stop().await;
}

#[tokio::test]
async fn reset_by_previous_operator_is_proved_after_relinking() {
    let second = "svc-second@contoso.example";
    let seed = edited_contoso(|text| {
        let role = "{ template = \"c4e39bd9-1100-46d3-8c65-fb160da0071f\", scope = \"/administrativeUnits/a0000000-0000-4000-8000-0000000000af\" }";
        let person =
            format!("[[people]]\nupn = \"{second}\"\nname = \"Second operator\"\nsynced = false\nroles = [{role}]\n\n");
        text.replace("# --- what goes wrong", &format!("{person}# --- what goes wrong"))
            .replace("[audit]\ndelay_ms = 4000", "[audit]\ndelay_ms = 3999")
    });
    let portal = TestPortal::start_with(PortalSetup { seed, ..PortalSetup::default() }).await;
    // The audit log is unavailable until the other operator is linked.
    portal.demo.tenant.add_fault(InjectedFault::new(FaultTarget::Audits, FaultEffect::Hangup));
    let mut wanda = portal.signed_in("wanda").await;
    let reference = wanda.submit_reset(VALID_PASSWORD).await.reference();
    wanda.wait_for_state(&reference, "written").await;
    let mut adam = sign_in_staff(&portal, "adam").await;
    adam.sign_in("/admin/operator/link", second, "passkey", "").await;
    assert!(adam.post("/admin/operator/confirm", &[]).await.body.contains("Second operator"));
    portal.demo.tenant.clear_faults();
    wait_for_checkpoint(&mut wanda, &reference, "carried").await;
    portal.demo.stop().await;
}

#[tokio::test]
async fn audit_log_requests_stay_within_microsofts_limit() {
    // Microsoft's own limit on the audit log: 5 requests in 10 seconds.
    let names: Vec<String> = (0..8).map(|n| format!("p{n}@contoso.example")).collect();
    let mut text = passback_emulator::CONTOSO_SEED.to_owned();
    for upn in &names {
        text.push_str("\n[[people]]\nname = \"Some Body\"\noutcome = \"written\"\nupn = ");
        writeln!(text, "\"{upn}\"").unwrap();
    }
    let portal =
        TestPortal::start_with(PortalSetup { seed: TenantSeed::parse(&text).unwrap(), ..PortalSetup::default() }).await;
    let mut waiting = Vec::new();
    for name in &names {
        let mut browser = portal.signed_in(name).await;
        waiting.push((browser.submit_reset(VALID_PASSWORD).await.reference(), browser));
    }
    for (reference, browser) in &mut waiting {
        wait_for_checkpoint(browser, reference, "carried").await;
    }
    let asked = portal.demo.tenant.request_lines();
    let log: Vec<u16> =
        asked.iter().filter(|(_, path, _)| path.contains("directoryAudits")).map(|(.., s)| *s).collect();
    assert!(log.iter().all(|status| *status == 200), "never told to wait: {log:?}");
    portal.demo.stop().await;
}
