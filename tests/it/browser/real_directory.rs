//! The exit test of Microsoft's deployment guide: change the password in the cloud, then use the new one on-premises.

use passback::Clock;
use passback::demo::{DemoOptions, RunningDemo};
use passback_emulator::TenantSeed;

use crate::support::chromium::{ChromiumBrowser, PHONE};
use crate::support::raw_client;
use crate::support::samba_domain::{KerberosResult, SambaDomain};

const OLD_PASSWORD: &str = "Old-River-Stone-7";
const NEW_PASSWORD: &str = "Amber-Kettle-Sailing-4";
/// The password that Wanda chooses at Entra in the last step.
const FINAL_PASSWORD: &str = "Copper-Lantern-Sails-8";
/// Long enough for the portal, too short for this domain.
const TOO_SHORT_PASSWORD: &str = "Short-Pass-91";

async fn start_demo(domain: &SambaDomain, clock: &Clock) -> RunningDemo {
    raw_client::install_crypto();
    // In this test the policy of the real domain refuses Rita's password.
    let options = DemoOptions {
        seed: Some(TenantSeed::contoso().unwrap().with_short_delays()),
        directory: Some(domain.ldaps_options()),
        clock: clock.clone(),
        ..DemoOptions::default()
    };
    RunningDemo::start(options).await.unwrap()
}

#[tokio::test]
async fn remote_reset_reaches_real_active_directory() {
    let domain = SambaDomain::start().await;
    let clock = Clock::system();
    let demo = start_demo(&domain, &clock).await;
    assert_eq!(domain.kinit("wanda", OLD_PASSWORD), KerberosResult::Granted, "the old password works before");
    let browser = ChromiumBrowser::start(PHONE).await;
    browser.sign_in(&demo.url(), "wanda@contoso.example").await;
    browser.submit_reset(NEW_PASSWORD).await;
    browser.wait_for("[data-state=written]").await;
    assert_eq!(browser.text("#verdict").await, "Your new password is in place");
    browser.wait_for("[data-rung=carried][data-look=done]").await;
    assert_eq!(
        domain.kinit("wanda", NEW_PASSWORD),
        KerberosResult::MustChange,
        "an administrator's reset asks for a change"
    );
    assert_eq!(domain.kinit("wanda", OLD_PASSWORD), KerberosResult::Refused, "the old one is dead");
    // The last step: Wanda signs in with the new password and has to choose another one. That one works without a
    // further prompt.
    browser.click("#finish").await;
    browser.wait_for("#m-password").await;
    // Entra tells the time of a change in whole seconds, and this one must be later than the step to Entra.
    clock.advance(jiff::SignedDuration::from_secs(2));
    browser.type_into("#password", NEW_PASSWORD).await;
    browser.click("button[type=submit]").await;
    browser.wait_for("#new_password").await;
    browser.type_into("#password", NEW_PASSWORD).await;
    browser.type_into("#new_password", FINAL_PASSWORD).await;
    browser.click("button[type=submit]").await;
    browser.wait_for("[data-state=finished]").await;
    browser.wait_for("[data-rung=works][data-look=done]").await;
    assert_eq!(
        domain.kinit("wanda", FINAL_PASSWORD),
        KerberosResult::Granted,
        "the final password works, and nothing asks for more"
    );
    assert_eq!(domain.kinit("wanda", NEW_PASSWORD), KerberosResult::Refused, "the one in between is dead");
    browser.close().await;
    demo.stop().await;
}

#[tokio::test]
async fn password_rejected_by_domain_changes_nothing() {
    let domain = SambaDomain::start().await;
    let demo = start_demo(&domain, &Clock::system()).await;
    let browser = ChromiumBrowser::start(PHONE).await;
    browser.sign_in(&demo.url(), "rita@contoso.example").await;
    browser.submit_reset(TOO_SHORT_PASSWORD).await;
    browser.wait_for("[data-state=refused]").await;
    assert!(browser.text("#timeline").await.contains("R-POLICY"), "0000052D is told as its cause");
    assert_eq!(domain.kinit("rita", OLD_PASSWORD), KerberosResult::Granted, "the old password still works");
    assert_eq!(domain.kinit("rita", TOO_SHORT_PASSWORD), KerberosResult::Refused);
    browser.close().await;
    demo.stop().await;
}
