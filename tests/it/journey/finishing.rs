//! The finishing sign-in: only the person's own sign-in with the new password finishes a reset.

use jiff::SignedDuration;
use passback_emulator::{FaultEffect, FaultTarget, InjectedFault};

use crate::support::portal::{
    HttpBrowser, PortalSetup, ResponsePage, TestPortal, VALID_PASSWORD, available_engines, full_upn,
    reached_checkpoints,
};
use crate::support::wait::{wait_for_value, wait_until};

const FINAL_PASSWORD: &str = "Copper-Lantern-Sails-8";

/// Resets until the state is written.
async fn reset_until_written(portal: &TestPortal, name: &str) -> (HttpBrowser, String) {
    let mut browser = portal.signed_in(name).await;
    let reference = browser.submit_reset(VALID_PASSWORD).await.reference();
    browser.wait_for_state(&reference, "written").await;
    (browser, reference)
}

/// Goes to Entra by the page's button. Advances the clock, because Entra's times have a precision of 1 second and a
/// person is slower.
async fn go_to_entra(portal: &TestPortal, browser: &mut HttpBrowser, reference: &str) -> ResponsePage {
    let entra = browser.get(&format!("/resets/{reference}/finish")).await;
    assert!(entra.url.contains("/oauth2/v2.0/authorize"), "{}", entra.url);
    portal.clock.advance(SignedDuration::from_secs(2));
    entra
}

async fn change_password_at_entra(
    browser: &mut HttpBrowser,
    entra: &ResponsePage,
    name: &str,
    new: &str,
) -> ResponsePage {
    let fields = [
        ("account", &*full_upn(name)),
        ("method", "password"),
        ("password", VALID_PASSWORD),
        ("new_password", new),
        ("tap", ""),
    ]
    .map(|(k, v)| (k.to_owned(), v.to_owned()));
    let fields: Vec<(&str, &str)> = fields.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
    browser.post(&entra.url, &fields).await
}

#[tokio::test]
async fn wanda_signs_in_with_new_password_and_finishes() {
    for engine in available_engines() {
        let portal = TestPortal::start_on(engine).await;
        let (mut wanda, reference) = reset_until_written(&portal, "wanda").await;
        let page = wanda.get(&format!("/resets/{reference}")).await;
        assert!(page.body.contains(&format!("href=\"/resets/{reference}/finish\"")), "the last step is offered");
        let entra = go_to_entra(&portal, &mut wanda, &reference).await;
        assert!(entra.url.contains("login_hint=wanda"), "her name is filled in");
        let back = change_password_at_entra(&mut wanda, &entra, "wanda", FINAL_PASSWORD).await;
        assert!(back.url.contains(&format!("/resets/{reference}")), "{}", back.url);
        let status = wanda.wait_for_state(&reference, "finished").await;
        assert!(reached_checkpoints(&status).contains(&"works".to_owned()), "{status}");
        let page = wanda.get(&format!("/resets/{reference}")).await;
        assert!(!page.body.contains("/finish\""), "there is nothing left to do");
        assert!(!page.body.contains(FINAL_PASSWORD));
        portal.demo.stop().await;
    }
}

#[tokio::test]
async fn passkey_sign_in_leaves_reset_written_and_says_so() {
    let portal = TestPortal::start().await;
    let (mut wanda, reference) = reset_until_written(&portal, "wanda").await;
    let entra = go_to_entra(&portal, &mut wanda, &reference).await;
    let back = wanda.post(&entra.url, &[("account", &full_upn("wanda")), ("method", "passkey")]).await;
    assert!(back.body.contains("We are asking Microsoft whether your password was changed"), "{}", back.main_text());
    assert!(!back.body.contains("id=\"finish\""), "no second try while the first is looked at");
    portal.clock.advance(SignedDuration::from_secs(61));
    let at = format!("/resets/{reference}?back=1");
    let told = |body: &String| body.contains("Microsoft has not seen a change");
    let body = wait_for_value("she is told", async || wanda.get(&at).await.body, told).await;
    assert!(body.contains("data-state=\"written\"") && body.contains("id=\"finish\""), "she may try again");
    portal.demo.stop().await;
}

#[tokio::test]
async fn finishing_sign_in_never_changes_session() {
    let portal = TestPortal::start().await;
    let (mut wanda, reference) = reset_until_written(&portal, "wanda").await;
    let id = |b: &HttpBrowser| b.cookies.iter().find(|(_, c)| c.starts_with("passback=")).unwrap().1.clone();
    let before = id(&wanda);
    let entra = go_to_entra(&portal, &mut wanda, &reference).await;
    // After 10 minutes her sign-in is too old for a new reset.
    portal.clock.advance(SignedDuration::from_secs(700));
    change_password_at_entra(&mut wanda, &entra, "wanda", FINAL_PASSWORD).await;
    assert_eq!(id(&wanda), before, "the session is the one she had");
    let form = wanda.get("/reset").await;
    assert!(form.url.contains("/oauth2/v2.0/authorize"), "the sign-in was not renewed: {}", form.url);
    // After 31 minutes the session has expired, and the callback does not revive it.
    let (mut omar, reference) = reset_until_written(&portal, "omar").await;
    let entra = go_to_entra(&portal, &mut omar, &reference).await;
    portal.clock.advance(SignedDuration::from_mins(31));
    let back = change_password_at_entra(&mut omar, &entra, "omar", FINAL_PASSWORD).await;
    assert_eq!(back.status, 400, "the attempt was too old as well: {}", back.code());
    assert!(omar.get("/reset").await.url.contains("/oauth2/v2.0/authorize"));
    portal.demo.stop().await;
}

#[tokio::test]
async fn session_ended_during_finishing_stays_ended() {
    let portal = TestPortal::start_with(PortalSetup {
        configure: Box::new(|c| c.signin.idle_seconds = 600),
        ..PortalSetup::default()
    })
    .await;
    let (mut wanda, reference) = reset_until_written(&portal, "wanda").await;
    let entra = go_to_entra(&portal, &mut wanda, &reference).await;
    portal.clock.advance(SignedDuration::from_mins(15));
    let back = change_password_at_entra(&mut wanda, &entra, "wanda", FINAL_PASSWORD).await;
    assert_eq!(back.status, 404, "the reset is nobody's page without a session");
    assert!(wanda.get("/reset").await.url.contains("/oauth2/v2.0/authorize"), "and there is none");
    portal.demo.stop().await;
}

#[tokio::test]
async fn finishing_sign_in_by_other_person_is_refused() {
    let portal = TestPortal::start().await;
    let (mut wanda, reference) = reset_until_written(&portal, "wanda").await;
    let entra = go_to_entra(&portal, &mut wanda, &reference).await;
    let back = wanda.post(&entra.url, &[("account", &full_upn("omar")), ("method", "passkey")]).await;
    assert_eq!(back.code(), "S-SOMEBODY-ELSE");
    let page = wanda.get(&format!("/resets/{reference}")).await;
    assert!(page.body.contains("Wanda") && page.body.contains("data-state=\"written\""), "she is still Wanda");
    let mut other = portal.signed_in("omar").await;
    assert_eq!(other.get(&format!("/resets/{reference}/finish")).await.status, 404);
    portal.demo.stop().await;
}

#[tokio::test]
async fn finishing_callback_in_other_browser_is_refused() {
    let portal = TestPortal::start().await;
    let (mut wanda, reference) = reset_until_written(&portal, "wanda").await;
    let entra = go_to_entra(&portal, &mut wanda, &reference).await;
    // The code of a finishing sign-in gives no session in a browser that did not start it.
    let mut thief = portal.browser();
    let back = thief.post(&entra.url, &[("account", &full_upn("wanda")), ("method", "passkey")]).await;
    assert_eq!(back.code(), "S-ATTEMPT");
    assert!(thief.get("/reset").await.url.contains("/oauth2/v2.0/authorize"));
    portal.demo.stop().await;
}

#[tokio::test]
async fn federated_domain_hides_finishing_step() {
    let federated = PortalSetup {
        configure: Box::new(|c| c.signin.federated_domains = vec!["Contoso.Example".into()]),
        ..PortalSetup::default()
    };
    let portal = TestPortal::start_with(federated).await;
    let (mut wanda, reference) = reset_until_written(&portal, "wanda").await;
    let page = wanda.get(&format!("/resets/{reference}")).await;
    assert!(!page.body.contains("/finish\"") && !page.body.contains("data-rung=\"works\""));
    let asked = wanda.get(&format!("/resets/{reference}/finish")).await;
    assert!(asked.url.ends_with(&format!("/resets/{reference}")), "{}", asked.url);
    portal.demo.stop().await;
}

#[tokio::test]
async fn finishing_sign_in_resolves_unknown_outcome() {
    let portal = TestPortal::start().await;
    portal.demo.tenant.add_fault(
        InjectedFault::new(FaultTarget::ResetPassword, FaultEffect::DropAnswer).for_person(&full_upn("wanda")),
    );
    portal.demo.tenant.add_fault(InjectedFault::new(FaultTarget::Audits, FaultEffect::Hangup).times(1_000));
    let mut wanda = portal.signed_in("wanda").await;
    let reference = wanda.submit_reset(VALID_PASSWORD).await.reference();
    wanda.wait_for_state(&reference, "unknown").await;
    let has_new_password =
        async || portal.demo.tenant.is_directory_password(&full_upn("wanda"), VALID_PASSWORD) == Some(true);
    wait_until("the password is written", has_new_password).await;
    let entra = go_to_entra(&portal, &mut wanda, &reference).await;
    change_password_at_entra(&mut wanda, &entra, "wanda", FINAL_PASSWORD).await;
    let status = wanda.wait_for_state(&reference, "finished").await;
    assert!(reached_checkpoints(&status).contains(&"works".to_owned()));
    portal.demo.stop().await;
}
