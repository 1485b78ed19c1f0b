//! Snapshots of the main part of the pages in every state.

use insta::assert_snapshot;
use jiff::SignedDuration;
use passback_emulator::{Call, Effect, Fault, Seed};

use crate::support::portal::{GOOD, Page, Portal, Wish, rungs, upn};

async fn after_reset(portal: &Portal, name: &str, state: &str) -> Page {
    let mut person = portal.signed_in(name).await;
    let reference = person.reset(GOOD).await.reference();
    person.until_state(&reference, state).await;
    person.get(&format!("/resets/{reference}")).await
}

#[tokio::test]
async fn the_landing_page() {
    let portal = Portal::start().await;
    assert_snapshot!(portal.browser().get("/").await.main());
}

#[tokio::test]
async fn the_form_and_its_refusal() {
    let portal = Portal::start().await;
    let mut wanda = portal.signed_in("wanda").await;
    assert_snapshot!("form", wanda.get("/reset").await.main());
    assert_snapshot!("form_refused", wanda.reset("wanda").await.main());
}

#[tokio::test]
async fn the_timeline_of_a_reset_that_was_written_and_carried() {
    let portal = Portal::start().await;
    let mut wanda = portal.signed_in("wanda").await;
    let reference = wanda.reset(GOOD).await.reference();
    wanda.until(&reference, |s| rungs(s).len() == 3).await;
    assert_snapshot!(wanda.get(&format!("/resets/{reference}")).await.main());
}

#[tokio::test]
async fn the_timeline_in_every_other_state() {
    let slow = |call| Fault::on(call, Effect::Delay { ms: 4_000 }).for_person(&upn("carl"));
    let stuck = Fault::on(Call::Writeback, Effect::Slow { ms: 60_000 }).for_person(&upn("wanda"));
    let silent = Fault::on(
        Call::ResetPassword,
        Effect::Status { status: 504, code: "x".into(), retry_after: None, graph_body: false },
    )
    .for_person(&upn("luca"));
    let seed =
        Seed::contoso().unwrap().hurry().with_fault(slow(Call::ResetPassword)).with_fault(stuck).with_fault(silent);
    let portal = Portal::with(Wish { seed, ..Wish::default() }).await;
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
    let silent = Fault::on(
        Call::ResetPassword,
        Effect::Status { status: 504, code: "x".into(), retry_after: None, graph_body: false },
    );
    let portal =
        Portal::with(Wish { seed: Seed::contoso().unwrap().hurry().with_fault(silent), ..Wish::default() }).await;
    let mut luca = portal.signed_in("luca").await;
    let reference = luca.reset(GOOD).await.reference();
    luca.until_state(&reference, "unknown").await;
    assert_snapshot!(luca.get("/reset").await.main());
}

#[tokio::test]
async fn refusals_and_pauses() {
    let portal = Portal::start().await;
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
    let portal = Portal::with(Wish { link: false, ..Wish::default() }).await;
    let mut adam = portal.browser();
    assert_snapshot!("operator_none", adam.sign_in("/signin?purpose=staff", &upn("adam"), "passkey", "").await.main());
    assert_snapshot!(
        "operator_candidate",
        adam.sign_in("/admin/operator/link", &upn("svc-passback"), "passkey", "").await.main()
    );
    assert_snapshot!("operator_linked", adam.post("/admin/operator/confirm", &[]).await.main());
    portal.demo.tenant.add_fault(Fault::on(Call::Token, Effect::DeadToken));
    portal.clock.advance(SignedDuration::from_mins(64));
    let mut wanda = portal.browser();
    wanda.sign_in("/signin", &upn("wanda"), "passkey", "").await;
    assert_snapshot!("operator_dead", adam.sign_in("/signin?purpose=staff", &upn("adam"), "passkey", "").await.main());
}

#[tokio::test]
async fn when_graph_is_away_the_page_says_that_nothing_was_changed() {
    let portal = Portal::start().await;
    let mut wanda = portal.signed_in("wanda").await;
    let away = Effect::Status { status: 503, code: "serviceUnavailable".into(), retry_after: None, graph_body: true };
    portal.demo.tenant.add_fault(Fault::on(Call::User, away));
    let page = wanda.get("/reset").await;
    assert_eq!(page.status, reqwest::StatusCode::SERVICE_UNAVAILABLE);
    assert_snapshot!(page.main());
}
