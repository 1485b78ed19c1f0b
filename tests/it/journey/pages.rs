//! Snapshots of the main part of the pages in every state.

use insta::assert_snapshot;
use jiff::SignedDuration;
use passback_emulator::{FaultEffect, FaultTarget, InjectedFault, TenantSeed};

use crate::support::portal::{GOOD, PortalSetup, ResponsePage, TestPortal, rungs, upn};

async fn after_reset(portal: &TestPortal, name: &str, state: &str) -> ResponsePage {
    let mut person = portal.signed_in(name).await;
    let reference = person.reset(GOOD).await.reference();
    person.until_state(&reference, state).await;
    person.get(&format!("/resets/{reference}")).await
}

#[tokio::test]
async fn the_landing_page() {
    let portal = TestPortal::start().await;
    assert_snapshot!(portal.browser().get("/").await.main());
}

#[tokio::test]
async fn the_form_and_its_refusal() {
    let portal = TestPortal::start().await;
    let mut wanda = portal.signed_in("wanda").await;
    assert_snapshot!("form", wanda.get("/reset").await.main());
    assert_snapshot!("form_refused", wanda.reset("wanda").await.main());
}

#[tokio::test]
async fn the_timeline_of_a_reset_that_was_written_and_carried() {
    let portal = TestPortal::start().await;
    let mut wanda = portal.signed_in("wanda").await;
    let reference = wanda.reset(GOOD).await.reference();
    wanda.until(&reference, |s| rungs(s).len() == 3).await;
    assert_snapshot!(wanda.get(&format!("/resets/{reference}")).await.main());
}

#[tokio::test]
async fn the_timeline_in_every_other_state() {
    let slow = |call| InjectedFault::on(call, FaultEffect::Delay { ms: 4_000 }).for_person(&upn("carl"));
    let stuck = InjectedFault::on(FaultTarget::Writeback, FaultEffect::Slow { ms: 60_000 }).for_person(&upn("wanda"));
    let silent = InjectedFault::on(
        FaultTarget::ResetPassword,
        FaultEffect::Status { status: 504, code: "x".into(), retry_after: None, graph_body: false },
    )
    .for_person(&upn("luca"));
    let seed = TenantSeed::contoso()
        .unwrap()
        .hurry()
        .with_fault(slow(FaultTarget::ResetPassword))
        .with_fault(stuck)
        .with_fault(silent);
    let portal = TestPortal::with(PortalSetup { seed, ..PortalSetup::default() }).await;
    for (name, state) in [
        ("carl", "sending"),
        ("wanda", "writing"),
        ("rita", "refused"),
        ("olaf", "failed"),
        ("sven", "split"),
        ("luca", "unknown"),
    ] {
        assert_snapshot!(format!("timeline_{state}"), after_reset(&portal, name, state).await.main());
    }
    assert_snapshot!("timeline_cloud_only", after_reset(&portal, "clara", "cloud_only").await.main());
}

#[tokio::test]
async fn the_form_after_an_unknown_outcome() {
    let silent = InjectedFault::on(
        FaultTarget::ResetPassword,
        FaultEffect::Status { status: 504, code: "x".into(), retry_after: None, graph_body: false },
    );
    let portal = TestPortal::with(PortalSetup {
        seed: TenantSeed::contoso().unwrap().hurry().with_fault(silent),
        ..PortalSetup::default()
    })
    .await;
    let mut luca = portal.signed_in("luca").await;
    let reference = luca.reset(GOOD).await.reference();
    luca.until_state(&reference, "unknown").await;
    assert_snapshot!(luca.get("/reset").await.main());
}

#[tokio::test]
async fn refusals_and_pauses() {
    let portal = TestPortal::start().await;
    let mut browser = portal.browser();
    assert_snapshot!("not_found", browser.get("/resets/7KQ4-M2ZD").await.main());
    assert_snapshot!("refused_attempt", browser.get("/signin/callback?state=x&code=y").await.main());
    assert_snapshot!(
        "stopped_protected",
        portal.browser().sign_in("/signin", &upn("gloria"), "passkey", "").await.main()
    );
    assert_snapshot!("refused_excluded", portal.browser().sign_in("/signin", &upn("dora"), "passkey", "").await.main());
}

#[tokio::test]
async fn the_operators_page() {
    let portal = TestPortal::with(PortalSetup { link: false, ..PortalSetup::default() }).await;
    let mut adam = portal.browser();
    assert_snapshot!("operator_none", adam.sign_in("/signin?purpose=staff", &upn("adam"), "passkey", "").await.main());
    assert_snapshot!(
        "operator_candidate",
        adam.sign_in("/admin/operator/link", &upn("svc-passback"), "passkey", "").await.main()
    );
    assert_snapshot!("operator_linked", adam.post("/admin/operator/confirm", &[]).await.main());
    portal.demo.tenant.add_fault(InjectedFault::on(FaultTarget::Token, FaultEffect::DeadToken));
    portal.clock.advance(SignedDuration::from_mins(64));
    let mut wanda = portal.browser();
    wanda.sign_in("/signin", &upn("wanda"), "passkey", "").await;
    assert_snapshot!("operator_dead", adam.sign_in("/signin?purpose=staff", &upn("adam"), "passkey", "").await.main());
}

#[tokio::test]
async fn when_graph_is_away_the_page_says_that_nothing_was_changed() {
    let portal = TestPortal::start().await;
    let mut wanda = portal.signed_in("wanda").await;
    let away =
        FaultEffect::Status { status: 503, code: "serviceUnavailable".into(), retry_after: None, graph_body: true };
    portal.demo.tenant.add_fault(InjectedFault::on(FaultTarget::User, away));
    let page = wanda.get("/reset").await;
    assert_eq!(page.status, reqwest::StatusCode::SERVICE_UNAVAILABLE);
    assert_snapshot!(page.main());
}
