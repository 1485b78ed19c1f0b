//! Submitting the form: the password is sent once and the true state is shown, whatever fails.

use std::time::Duration;

use jiff::SignedDuration;
use passback_emulator::{FaultEffect, FaultTarget, InjectedFault, TenantSeed};
use reqwest::StatusCode;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use crate::support::portal::{
    HttpBrowser, PortalSetup, TestPortal, VALID_PASSWORD, available_engines, full_upn, reached_checkpoints,
};
use crate::support::wait::{wait_for_value, wait_until};

fn setup_with_fault(fault: InjectedFault) -> PortalSetup {
    PortalSetup { seed: TenantSeed::contoso().unwrap().with_short_delays().with_fault(fault), ..PortalSetup::default() }
}

#[tokio::test]
async fn concurrent_submits_create_one_reset() {
    for engine in available_engines() {
        // The first reset is still open when the second form arrives: it ends when the clock is advanced.
        let slow = TenantSeed::contoso()
            .unwrap()
            .with_short_delays()
            .with_fault(InjectedFault::new(FaultTarget::ResetPassword, FaultEffect::Delay { ms: 300 }))
            .with_fault(InjectedFault::new(FaultTarget::Writeback, FaultEffect::Slow { ms: 300_000 }));
        let portal = TestPortal::start_with(PortalSetup { engine, seed: slow, ..PortalSetup::default() }).await;
        let (mut one, mut two) = (portal.signed_in("wanda").await, portal.signed_in("wanda").await);
        let (first, second) = tokio::join!(one.submit_reset(VALID_PASSWORD), two.submit_reset("Other-Lantern-31"));
        assert_eq!(first.reference(), second.reference());
        assert!(
            first.url.contains("unused") != second.url.contains("unused"),
            "one of them is told: {} {}",
            first.url,
            second.url
        );
        one.wait_for_state(&first.reference(), "writing").await;
        portal.clock.advance(SignedDuration::from_mins(5));
        one.wait_for_state(&first.reference(), "written").await;
        assert_eq!(portal.demo.tenant.count_calls(FaultTarget::ResetPassword, None), 1);
        portal.demo.stop().await;
    }
}

#[tokio::test]
async fn disconnected_client_does_not_abort_reset() {
    let portal = TestPortal::start_with(setup_with_fault(InjectedFault::new(
        FaultTarget::ResetPassword,
        FaultEffect::Delay { ms: 1_000 },
    )))
    .await;
    let body = format!("password={VALID_PASSWORD}&again={VALID_PASSWORD}");
    for (name, cut) in [
        ("omar", ConnectionCut::InsideRequest),
        ("luca", ConnectionCut::RightAfterRequest),
        ("carl", ConnectionCut::WhileGraphAnswers),
        ("wanda", ConnectionCut::WhileGraphAnswers),
    ] {
        let mut person = portal.signed_in(name).await;
        let count = || portal.demo.tenant.count_calls(FaultTarget::ResetPassword, Some(&full_upn(name)));
        let mut stream = TcpStream::connect(portal.demo.url().replace("http://", "")).await.unwrap();
        let request = raw_reset_request(&portal, &person, &body);
        let length = if cut == ConnectionCut::InsideRequest { 40 } else { request.len() };
        stream.write_all(&request.as_bytes()[..length]).await.unwrap();
        if cut == ConnectionCut::WhileGraphAnswers {
            wait_until("the request to Graph", async || count() > 0).await;
        }
        drop(stream);
        match cut {
            ConnectionCut::InsideRequest => {
                // No event says that nothing happens, so the next page is the check.
                let page = person.get("/reset").await;
                assert!(page.body.contains("name=\"password\""), "{name}: nothing began, the form is there");
                assert_eq!(count(), 0, "{name}");
            }
            // The portal may or may not have read the request, but it never sends it twice.
            ConnectionCut::RightAfterRequest => {
                person.get("/reset").await;
                assert!(count() <= 1, "{name}");
            }
            ConnectionCut::WhileGraphAnswers => {
                let reference = load_reference(&portal, &full_upn(name)).await;
                person.wait_for_state(&reference, "written").await;
                assert_eq!(count(), 1, "{name}");
                let accepts = portal.demo.tenant.is_directory_password(&full_upn(name), VALID_PASSWORD);
                assert!(accepts.unwrap_or(true), "{name}");
            }
        }
    }
}

/// Moment at which a browser closes its connection.
#[derive(Clone, Copy, PartialEq, Eq)]
enum ConnectionCut {
    InsideRequest,
    RightAfterRequest,
    WhileGraphAnswers,
}

fn raw_reset_request(portal: &TestPortal, person: &HttpBrowser, body: &str) -> String {
    let host = portal.demo.url().replace("http://", "");
    let cookie = person.cookies.iter().find(|(_, c)| c.starts_with("passback=")).unwrap().1.clone();
    format!(
        "POST /reset HTTP/1.1\r\nHost: {host}\r\nCookie: {cookie}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

async fn load_reference(portal: &TestPortal, upn: &str) -> String {
    const SQL: &str = "SELECT reference FROM resets WHERE upn = $1";
    if portal.database.starts_with("sqlite") {
        let pool = sqlx::SqlitePool::connect(&portal.database).await.unwrap();
        return sqlx::query_scalar(SQL).bind(upn).fetch_one(&pool).await.unwrap();
    }
    let pool = sqlx::PgPool::connect(&portal.database).await.unwrap();
    sqlx::query_scalar(SQL).bind(upn).fetch_one(&pool).await.unwrap()
}

/// Waits until Graph has a reset request and has not answered it. Portal, emulator and test share one thread, so what
/// the test does next without waiting comes before the answer.
pub(super) async fn wait_for_unanswered_reset(portal: &TestPortal) {
    let is_open = |(_, path, status): &(String, String, u16)| path.ends_with("/resetPassword") && *status == 0;
    wait_until("the request to Graph", async || portal.demo.tenant.request_lines().iter().any(is_open)).await;
}

#[tokio::test]
async fn missing_answer_is_unknown_until_evidence_resolves_it() {
    for effect in [
        FaultEffect::DropAnswer,
        FaultEffect::Body { status: 502, content_type: "text/html".into(), text: "bad gateway".into() },
    ] {
        let portal =
            TestPortal::start_with(setup_with_fault(InjectedFault::new(FaultTarget::ResetPassword, effect))).await;
        let mut wanda = portal.signed_in("wanda").await;
        let reference = wanda.submit_reset(VALID_PASSWORD).await.reference();
        let status = wanda.wait_until(&reference, |s| s["state"] != "sending").await;
        assert!(status["state"] == "unknown" || status["state"] == "written", "{status}");
        let status = wanda.wait_for_state(&reference, "written").await;
        assert!(reached_checkpoints(&status).contains(&"carried".to_owned()));
        assert_eq!(portal.demo.tenant.count_calls(FaultTarget::ResetPassword, None), 1, "never sent again");
    }
}

#[tokio::test]
async fn reset_after_unknown_outcome_requires_trying_new_password() {
    let status = |status| FaultEffect::Status { status, code: "x".into(), retry_after: None, graph_body: true };
    let portal =
        TestPortal::start_with(setup_with_fault(InjectedFault::new(FaultTarget::ResetPassword, status(503)).times(1)))
            .await;
    let mut wanda = portal.signed_in("wanda").await;
    let reference = wanda.submit_reset(VALID_PASSWORD).await.reference();
    wanda.wait_for_state(&reference, "unknown").await;
    let refused = wanda.submit_reset("Other-Lantern-31").await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.body.contains("I tried it"), "{}", refused.body);
    let again = wanda.post("/reset", &[("password", VALID_PASSWORD), ("again", VALID_PASSWORD), ("tried", "1")]).await;
    assert_ne!(again.reference(), reference);
    wanda.wait_for_state(&again.reference(), "written").await;
    assert_eq!(portal.demo.tenant.count_calls(FaultTarget::ResetPassword, None), 2);
}

#[tokio::test]
async fn graph_401_refreshes_token_once() {
    let unauthorised = FaultEffect::Status {
        status: 401,
        code: "InvalidAuthenticationToken".into(),
        retry_after: None,
        graph_body: true,
    };
    let portal = TestPortal::start_with(setup_with_fault(
        InjectedFault::new(FaultTarget::ResetPassword, unauthorised.clone()).times(1),
    ))
    .await;
    let mut wanda = portal.signed_in("wanda").await;
    let reference = wanda.submit_reset(VALID_PASSWORD).await.reference();
    wanda.wait_for_state(&reference, "written").await;
    assert_eq!(portal.demo.tenant.count_calls(FaultTarget::ResetPassword, None), 2);

    let portal =
        TestPortal::start_with(setup_with_fault(InjectedFault::new(FaultTarget::ResetPassword, unauthorised))).await;
    let mut wanda = portal.signed_in("wanda").await;
    let reference = wanda.submit_reset(VALID_PASSWORD).await.reference();
    let status = wanda.wait_for_state(&reference, "refused").await;
    assert_eq!(status["cause"], "R-OPERATOR");
    assert_eq!(portal.demo.tenant.count_calls(FaultTarget::ResetPassword, None), 2, "and not for ever");
}

#[tokio::test]
async fn proxy_429_with_retry_after_refuses_reset() {
    // A proxy answered. A status 4xx means that nothing was accepted.
    let proxy = FaultEffect::Status { status: 429, code: String::new(), retry_after: Some(1), graph_body: false };
    let portal = TestPortal::start_with(setup_with_fault(InjectedFault::new(FaultTarget::ResetPassword, proxy))).await;
    let mut wanda = portal.signed_in("wanda").await;
    let reference = wanda.submit_reset(VALID_PASSWORD).await.reference();
    let status = wanda.wait_for_state(&reference, "refused").await;
    assert_eq!(status["cause"], "R-THROTTLED");
    assert_eq!(portal.demo.tenant.count_calls(FaultTarget::ResetPassword, None), 1);
}

#[tokio::test]
async fn foreign_or_missing_location_is_resolved_by_audit_log() {
    for effect in [
        FaultEffect::NoLocation,
        FaultEffect::Location { url: "https://evil.example/v1.0/users/1/authentication/operations/2".into() },
    ] {
        let portal =
            TestPortal::start_with(setup_with_fault(InjectedFault::new(FaultTarget::ResetPassword, effect))).await;
        let mut wanda = portal.signed_in("wanda").await;
        let reference = wanda.submit_reset(VALID_PASSWORD).await.reference();
        wanda.wait_for_state(&reference, "written").await;
        assert_eq!(portal.demo.tenant.count_calls(FaultTarget::Operation, None), 0);
    }
}

#[tokio::test]
async fn unfinished_operation_is_unknown_after_time_limit() {
    let slow = InjectedFault::new(FaultTarget::Writeback, FaultEffect::Slow { ms: 3_600_000 });
    let portal = TestPortal::start_with(setup_with_fault(slow)).await;
    let mut wanda = portal.signed_in("wanda").await;
    let reference = wanda.submit_reset(VALID_PASSWORD).await.reference();
    wanda.wait_for_state(&reference, "writing").await;
    portal.clock.advance(SignedDuration::from_secs(540));
    portal.wait_for_round("reset-tracker").await;
    assert_eq!(wanda.fetch_status(&reference).await["state"], "writing");
    portal.clock.advance(SignedDuration::from_secs(80));
    let status = wanda.wait_for_state(&reference, "unknown").await;
    assert_eq!(status["cause"], "U-TIME-LIMIT");
}

#[tokio::test]
async fn crash_while_sending_never_sends_twice() {
    for engine in available_engines() {
        let slow = TenantSeed::contoso()
            .unwrap()
            .with_short_delays()
            .with_fault(InjectedFault::new(FaultTarget::ResetPassword, FaultEffect::Delay { ms: 1_000 }).times(1));
        let mut portal = TestPortal::start_with(PortalSetup { engine, seed: slow, ..PortalSetup::default() }).await;
        let mut wanda = portal.signed_in("wanda").await;
        drop(tokio::spawn(wanda.reset_request(VALID_PASSWORD).send()));
        wait_for_unanswered_reset(&portal).await;
        portal.demo.crash_and_restart().await.unwrap();
        // The new process has seen the lease. Then its owner does not renew it for a minute.
        portal.wait_for_round("reset-tracker").await;
        portal.clock.advance(SignedDuration::from_secs(60));
        let reference = load_reference(&portal, &full_upn("wanda")).await;
        let status = wanda.wait_until(&reference, |s| s["state"] != "sending").await;
        assert!(["unknown", "written"].contains(&status["state"].as_str().unwrap()), "{status}");
        wanda.wait_for_state(&reference, "written").await;
        assert_eq!(portal.demo.tenant.count_calls(FaultTarget::ResetPassword, None), 1);
        portal.demo.stop().await;
    }
}

#[tokio::test]
async fn weak_password_is_refused_and_not_sent() {
    let portal = TestPortal::start().await;
    let mut wanda = portal.signed_in("wanda").await;
    let page = wanda.submit_reset("wanda").await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    for rule in ["length", "classes", "name"] {
        assert!(page.body.contains(&format!("data-rule=\"{rule}\" data-standing=\"failed\"")), "{rule}: {}", page.body);
    }
    let differ = wanda.post("/reset", &[("password", VALID_PASSWORD), ("again", "Quiet-Harbour-93")]).await;
    assert!(differ.body.contains("not the same"));
    let live = wanda.post_once("/reset/check", &[("password", "Quiet")]).await;
    assert_eq!(live.json::<serde_json::Value>().await.unwrap()["rules"]["length"], "failed");
    assert_eq!(portal.demo.tenant.count_calls(FaultTarget::ResetPassword, None), 0);
}

#[tokio::test]
async fn late_submit_is_refused_and_not_sent() {
    let portal = TestPortal::start().await;
    let mut wanda = portal.signed_in("wanda").await;
    portal.clock.advance(SignedDuration::from_secs(1_400));
    assert!(wanda.submit_reset(VALID_PASSWORD).await.url.contains("/resets/"), "within 600 s + 900 s");
    let mut omar = portal.signed_in("omar").await;
    portal.clock.advance(SignedDuration::from_secs(1_510));
    let page = omar.submit_reset(VALID_PASSWORD).await;
    assert_eq!(page.status, StatusCode::UNAUTHORIZED);
    assert!(page.body.contains("Nothing was sent"), "{}", page.body);
}

#[tokio::test]
async fn endless_429_gives_up_within_queue_limit() {
    let busy =
        FaultEffect::Status { status: 429, code: "TooManyRequests".into(), retry_after: Some(0), graph_body: true };
    let seed = TenantSeed::contoso()
        .unwrap()
        .with_short_delays()
        .with_fault(InjectedFault::new(FaultTarget::ResetPassword, busy));
    let portal = TestPortal::start_with(PortalSetup { seed, ..PortalSetup::default() }).await;
    let mut wanda = portal.signed_in("wanda").await;
    let began = portal.clock.elapsed();
    let reference = wanda.submit_reset(VALID_PASSWORD).await.reference();
    let count = || portal.demo.tenant.count_calls(FaultTarget::ResetPassword, None);
    let posts = wait_for_value("the third attempt", async || count(), |posts| *posts >= 3).await;
    let took = portal.clock.elapsed().saturating_sub(began);
    assert!(took > Duration::from_millis(1_900), "once a second, not as fast as it can: {posts} in {took:?}");
    portal.clock.advance(SignedDuration::from_secs(60));
    let status = wanda.wait_for_state(&reference, "refused").await;
    assert_eq!(status["cause"], "R-THROTTLED");
    assert_eq!(count(), posts, "nothing is sent after the limit, also where it passed during a wait");
}
