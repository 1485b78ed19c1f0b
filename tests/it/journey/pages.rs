//! Snapshots of the main part of the pages in every state.

use insta::assert_snapshot;
use jiff::SignedDuration;
use passback_emulator::{FaultEffect, FaultTarget, InjectedFault, TenantSeed};

use crate::support::portal::{PortalSetup, ResponsePage, TestPortal, VALID_PASSWORD, full_upn, reached_checkpoints};

async fn status_page_after_reset(portal: &TestPortal, name: &str, state: &str) -> ResponsePage {
    let mut person = portal.signed_in(name).await;
    let reference = person.submit_reset(VALID_PASSWORD).await.reference();
    person.wait_for_state(&reference, state).await;
    person.get(&format!("/resets/{reference}")).await
}

#[tokio::test]
async fn landing_page_matches_snapshot() {
    let portal = TestPortal::start().await;
    assert_snapshot!(portal.browser().get("/").await.main_text());
}

#[tokio::test]
async fn reset_form_and_its_rejection_match_snapshots() {
    let portal = TestPortal::start().await;
    let mut wanda = portal.signed_in("wanda").await;
    assert_snapshot!("form", wanda.get("/reset").await.main_text());
    assert_snapshot!("form_refused", wanda.submit_reset("wanda").await.main_text());
}

#[tokio::test]
async fn status_page_of_carried_reset_matches_snapshot() {
    let portal = TestPortal::start().await;
    let mut wanda = portal.signed_in("wanda").await;
    let reference = wanda.submit_reset(VALID_PASSWORD).await.reference();
    wanda.wait_until(&reference, |s| reached_checkpoints(s).len() == 3).await;
    assert_snapshot!(wanda.get(&format!("/resets/{reference}")).await.main_text());
}

#[tokio::test]
async fn status_page_in_other_states_matches_snapshots() {
    // Shorter than the portal's time limit for an answer, and far longer than the page takes.
    let slow = |call| InjectedFault::new(call, FaultEffect::Delay { ms: 18_000 }).for_person(&full_upn("carl"));
    let stuck =
        InjectedFault::new(FaultTarget::Writeback, FaultEffect::Slow { ms: 3_600_000 }).for_person(&full_upn("wanda"));
    let silent = InjectedFault::new(
        FaultTarget::ResetPassword,
        FaultEffect::Status { status: 504, code: "x".into(), retry_after: None, graph_body: false },
    )
    .for_person(&full_upn("luca"));
    let seed = TenantSeed::contoso()
        .unwrap()
        .with_short_delays()
        .with_fault(slow(FaultTarget::ResetPassword))
        .with_fault(stuck)
        .with_fault(silent);
    let portal = TestPortal::start_with(PortalSetup { seed, ..PortalSetup::default() }).await;
    for (name, state) in [
        ("carl", "sending"),
        ("wanda", "writing"),
        ("rita", "refused"),
        ("olaf", "failed"),
        ("sven", "split"),
        ("luca", "unknown"),
    ] {
        assert_snapshot!(format!("timeline_{state}"), status_page_after_reset(&portal, name, state).await.main_text());
    }
    assert_snapshot!("timeline_cloud_only", status_page_after_reset(&portal, "clara", "cloud_only").await.main_text());
}

#[tokio::test]
async fn reset_form_after_unknown_outcome_matches_snapshot() {
    let silent = InjectedFault::new(
        FaultTarget::ResetPassword,
        FaultEffect::Status { status: 504, code: "x".into(), retry_after: None, graph_body: false },
    );
    let portal = TestPortal::start_with(PortalSetup {
        seed: TenantSeed::contoso().unwrap().with_short_delays().with_fault(silent),
        ..PortalSetup::default()
    })
    .await;
    let mut luca = portal.signed_in("luca").await;
    let reference = luca.submit_reset(VALID_PASSWORD).await.reference();
    luca.wait_for_state(&reference, "unknown").await;
    assert_snapshot!(luca.get("/reset").await.main_text());
}

#[tokio::test]
async fn refusal_pages_match_snapshots() {
    let portal = TestPortal::start().await;
    let mut browser = portal.browser();
    assert_snapshot!("not_found", browser.get("/resets/7KQ4-M2ZD").await.main_text());
    assert_snapshot!("refused_attempt", browser.get("/signin/callback?state=x&code=y").await.main_text());
    assert_snapshot!(
        "stopped_protected",
        portal.browser().sign_in("/signin", &full_upn("gloria"), "passkey", "").await.main_text()
    );
    assert_snapshot!(
        "refused_excluded",
        portal.browser().sign_in("/signin", &full_upn("dora"), "passkey", "").await.main_text()
    );
}

#[tokio::test]
async fn operator_page_matches_snapshots() {
    let portal = TestPortal::start_with(PortalSetup { link_operator: false, ..PortalSetup::default() }).await;
    let mut adam = portal.browser();
    assert_snapshot!(
        "operator_none",
        adam.sign_in("/signin?purpose=staff", &full_upn("adam"), "passkey", "").await.main_text()
    );
    assert_snapshot!(
        "operator_candidate",
        adam.sign_in("/admin/operator/link", &full_upn("svc-passback"), "passkey", "").await.main_text()
    );
    assert_snapshot!("operator_linked", adam.post("/admin/operator/confirm", &[]).await.main_text());
    portal.demo.tenant.add_fault(InjectedFault::new(FaultTarget::Token, FaultEffect::DeadToken));
    portal.clock.advance(SignedDuration::from_mins(64));
    let mut wanda = portal.browser();
    wanda.sign_in("/signin", &full_upn("wanda"), "passkey", "").await;
    assert_snapshot!(
        "operator_dead",
        adam.sign_in("/signin?purpose=staff", &full_upn("adam"), "passkey", "").await.main_text()
    );
}

#[tokio::test]
async fn pause_page_matches_snapshots() {
    let portal = TestPortal::start().await;
    let mut adam = portal.browser();
    adam.sign_in("/signin?purpose=staff", &full_upn("adam"), "passkey", "").await;
    assert_snapshot!("pause", adam.get("/admin/pause").await.main_text());
    let refused = adam.post("/admin/pause", &[("action", "pause"), ("reason", "too short")]).await;
    assert_snapshot!("pause_refused", refused.main_text());
}

#[tokio::test]
async fn reset_form_without_graph_matches_snapshot() {
    let portal = TestPortal::start().await;
    let mut wanda = portal.signed_in("wanda").await;
    let away =
        FaultEffect::Status { status: 503, code: "serviceUnavailable".into(), retry_after: None, graph_body: true };
    portal.demo.tenant.add_fault(InjectedFault::new(FaultTarget::User, away));
    let page = wanda.get("/reset").await;
    assert_eq!(page.status, reqwest::StatusCode::SERVICE_UNAVAILABLE);
    assert_snapshot!(page.main_text());
}
