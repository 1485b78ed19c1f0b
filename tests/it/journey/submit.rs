//! Submitting the form: the password is sent once and the true state is shown, whatever fails.

use std::time::Duration;

use jiff::SignedDuration;
use passback_emulator::{FaultEffect, FaultTarget, InjectedFault, TenantSeed};
use reqwest::StatusCode;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use crate::support::portal::{GOOD, PortalSetup, TestPortal, engines, rungs, upn};

fn with_fault(fault: InjectedFault) -> PortalSetup {
    PortalSetup { seed: TenantSeed::contoso().unwrap().hurry().with_fault(fault), ..PortalSetup::default() }
}

#[tokio::test]
async fn two_submits_at_once_are_one_reset() {
    for engine in engines() {
        let slow = TenantSeed::contoso()
            .unwrap()
            .hurry()
            .with_fault(InjectedFault::on(FaultTarget::ResetPassword, FaultEffect::Delay { ms: 300 }));
        let portal = TestPortal::with(PortalSetup { engine, seed: slow, ..PortalSetup::default() }).await;
        let (mut one, mut two) = (portal.signed_in("wanda").await, portal.signed_in("wanda").await);
        let (first, second) = tokio::join!(one.reset(GOOD), two.reset("Other-Lantern-31"));
        assert_eq!(first.reference(), second.reference());
        assert!(
            first.url.contains("unused") != second.url.contains("unused"),
            "one of them is told: {} {}",
            first.url,
            second.url
        );
        one.until_state(&first.reference(), "written").await;
        assert_eq!(portal.demo.tenant.calls(FaultTarget::ResetPassword, None), 1);
        portal.demo.stop().await;
    }
}

#[tokio::test]
async fn a_client_that_hangs_up_at_any_step_does_not_cut_the_reset() {
    let portal =
        TestPortal::with(with_fault(InjectedFault::on(FaultTarget::ResetPassword, FaultEffect::Delay { ms: 200 })))
            .await;
    let body = format!("password={GOOD}&again={GOOD}");
    // Cut the connection after this many bytes of the request, or after this long without reading the response.
    for (name, bytes, pause) in
        [("omar", 40, 0), ("luca", usize::MAX, 0), ("carl", usize::MAX, 5), ("wanda", usize::MAX, 120)]
    {
        let mut person = portal.signed_in(name).await;
        let cookie = person.cookies.iter().find(|(_, c)| c.starts_with("passback=")).unwrap().1.clone();
        let host = portal.demo.url().replace("http://", "");
        let text = format!(
            "POST /reset HTTP/1.1\r\nHost: {host}\r\nCookie: {cookie}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let cut = text.len().min(bytes);
        let mut stream = TcpStream::connect(&host).await.unwrap();
        stream.write_all(&text.as_bytes()[..cut]).await.unwrap();
        tokio::time::sleep(Duration::from_millis(pause)).await;
        drop(stream);
        tokio::time::sleep(Duration::from_millis(900)).await;
        let posts = portal.demo.tenant.calls(FaultTarget::ResetPassword, Some(&upn(name)));
        let page = person.get("/reset").await;
        if posts == 0 {
            assert!(page.body.contains("name=\"password\""), "{name}: nothing began, the form is there");
        } else {
            assert_eq!(posts, 1, "{name}");
        }
        if bytes == usize::MAX && pause > 0 {
            assert_eq!(posts, 1, "{name}: a whole request is carried out");
            assert!(portal.demo.tenant.directory_accepts(&upn(name), GOOD).unwrap_or(true), "{name}");
        }
    }
}

#[tokio::test]
async fn an_answer_that_never_comes_is_unknown_and_evidence_settles_it() {
    for effect in [
        FaultEffect::DropAnswer,
        FaultEffect::Body { status: 502, content_type: "text/html".into(), text: "bad gateway".into() },
    ] {
        let portal = TestPortal::with(with_fault(InjectedFault::on(FaultTarget::ResetPassword, effect))).await;
        let mut wanda = portal.signed_in("wanda").await;
        let reference = wanda.reset(GOOD).await.reference();
        let status = wanda.until(&reference, |s| s["state"] != "sending").await;
        assert!(status["state"] == "unknown" || status["state"] == "written", "{status}");
        let status = wanda.until_state(&reference, "written").await;
        assert!(rungs(&status).contains(&"carried".to_owned()));
        assert_eq!(portal.demo.tenant.calls(FaultTarget::ResetPassword, None), 1, "never sent again");
    }
}

#[tokio::test]
async fn after_an_unknown_outcome_the_new_password_is_tried_first() {
    let status = |status| FaultEffect::Status { status, code: "x".into(), retry_after: None, graph_body: true };
    let portal =
        TestPortal::with(with_fault(InjectedFault::on(FaultTarget::ResetPassword, status(503)).times(1))).await;
    let mut wanda = portal.signed_in("wanda").await;
    let reference = wanda.reset(GOOD).await.reference();
    wanda.until_state(&reference, "unknown").await;
    let refused = wanda.reset("Other-Lantern-31").await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.body.contains("I tried it"), "{}", refused.body);
    let again = wanda.post("/reset", &[("password", GOOD), ("again", GOOD), ("tried", "1")]).await;
    assert_ne!(again.reference(), reference);
    wanda.until_state(&again.reference(), "written").await;
    assert_eq!(portal.demo.tenant.calls(FaultTarget::ResetPassword, None), 2);
}

#[tokio::test]
async fn graphs_own_401_renews_the_token_once() {
    let unauthorised = FaultEffect::Status {
        status: 401,
        code: "InvalidAuthenticationToken".into(),
        retry_after: None,
        graph_body: true,
    };
    let portal =
        TestPortal::with(with_fault(InjectedFault::on(FaultTarget::ResetPassword, unauthorised.clone()).times(1)))
            .await;
    let mut wanda = portal.signed_in("wanda").await;
    let reference = wanda.reset(GOOD).await.reference();
    wanda.until_state(&reference, "written").await;
    assert_eq!(portal.demo.tenant.calls(FaultTarget::ResetPassword, None), 2);

    let portal = TestPortal::with(with_fault(InjectedFault::on(FaultTarget::ResetPassword, unauthorised))).await;
    let mut wanda = portal.signed_in("wanda").await;
    let reference = wanda.reset(GOOD).await.reference();
    let status = wanda.until_state(&reference, "refused").await;
    assert_eq!(status["cause"], "R-OPERATOR");
    assert_eq!(portal.demo.tenant.calls(FaultTarget::ResetPassword, None), 2, "and not for ever");
}

#[tokio::test]
async fn a_429_that_is_not_graphs_proves_nothing_about_the_reset() {
    // A proxy answered. A status 4xx means that nothing was accepted.
    let proxy = FaultEffect::Status { status: 429, code: String::new(), retry_after: Some(1), graph_body: false };
    let portal = TestPortal::with(with_fault(InjectedFault::on(FaultTarget::ResetPassword, proxy))).await;
    let mut wanda = portal.signed_in("wanda").await;
    let reference = wanda.reset(GOOD).await.reference();
    let status = wanda.until_state(&reference, "refused").await;
    assert_eq!(status["cause"], "R-THROTTLED");
    assert_eq!(portal.demo.tenant.calls(FaultTarget::ResetPassword, None), 1);
}

#[tokio::test]
async fn a_foreign_or_missing_location_is_not_followed_and_the_audit_log_tells() {
    for effect in [
        FaultEffect::NoLocation,
        FaultEffect::Location { url: "https://evil.example/v1.0/users/1/authentication/operations/2".into() },
    ] {
        let portal = TestPortal::with(with_fault(InjectedFault::on(FaultTarget::ResetPassword, effect))).await;
        let mut wanda = portal.signed_in("wanda").await;
        let reference = wanda.reset(GOOD).await.reference();
        wanda.until_state(&reference, "written").await;
        assert_eq!(portal.demo.tenant.calls(FaultTarget::Operation, None), 0);
    }
}

#[tokio::test]
async fn an_operation_that_never_ends_is_unknown_after_the_time_limit() {
    let slow = InjectedFault::on(FaultTarget::Writeback, FaultEffect::Slow { ms: 3_600_000 });
    let portal = TestPortal::with(with_fault(slow)).await;
    let mut wanda = portal.signed_in("wanda").await;
    let reference = wanda.reset(GOOD).await.reference();
    wanda.until_state(&reference, "writing").await;
    portal.clock.advance(SignedDuration::from_secs(590));
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(wanda.json(&reference).await["state"], "writing");
    portal.clock.advance(SignedDuration::from_secs(30));
    let status = wanda.until_state(&reference, "unknown").await;
    assert_eq!(status["cause"], "U-TIME-LIMIT");
}

#[tokio::test]
async fn a_crash_while_sending_ends_truthfully_and_nothing_is_sent_twice() {
    for engine in engines() {
        let slow = TenantSeed::contoso()
            .unwrap()
            .hurry()
            .with_fault(InjectedFault::on(FaultTarget::ResetPassword, FaultEffect::Delay { ms: 1_000 }).times(1));
        let mut portal = TestPortal::with(PortalSetup { engine, seed: slow, ..PortalSetup::default() }).await;
        let mut wanda = portal.signed_in("wanda").await;
        let reference = wanda.reset(GOOD).await.reference();
        tokio::time::sleep(Duration::from_millis(300)).await;
        portal.demo.crash_and_restart().await.unwrap();
        // The new process has seen the lease. Then its owner does not renew it for a minute.
        tokio::time::sleep(Duration::from_millis(600)).await;
        portal.clock.advance(SignedDuration::from_secs(60));
        let status = wanda.until(&reference, |s| s["state"] != "sending").await;
        assert!(["unknown", "written"].contains(&status["state"].as_str().unwrap()), "{status}");
        wanda.until_state(&reference, "written").await;
        assert_eq!(portal.demo.tenant.calls(FaultTarget::ResetPassword, None), 1);
        portal.demo.stop().await;
    }
}

#[tokio::test]
async fn a_weak_password_is_refused_by_name_and_nothing_is_sent() {
    let portal = TestPortal::start().await;
    let mut wanda = portal.signed_in("wanda").await;
    let page = wanda.reset("wanda").await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    for rule in ["length", "classes", "name"] {
        assert!(page.body.contains(&format!("data-rule=\"{rule}\" data-standing=\"failed\"")), "{rule}: {}", page.body);
    }
    let differ = wanda.post("/reset", &[("password", GOOD), ("again", "Quiet-Harbour-93")]).await;
    assert!(differ.body.contains("not the same"));
    let live = wanda.post_once("/reset/check", &[("password", "Quiet")]).await;
    assert_eq!(live.json::<serde_json::Value>().await.unwrap()["rules"]["length"], "failed");
    assert_eq!(portal.demo.tenant.calls(FaultTarget::ResetPassword, None), 0);
}

#[tokio::test]
async fn a_late_submit_says_that_nothing_was_sent() {
    let portal = TestPortal::start().await;
    let mut wanda = portal.signed_in("wanda").await;
    portal.clock.advance(SignedDuration::from_secs(1_400));
    assert!(wanda.reset(GOOD).await.url.contains("/resets/"), "within 600 s + 900 s");
    let mut omar = portal.signed_in("omar").await;
    portal.clock.advance(SignedDuration::from_secs(1_510));
    let page = omar.reset(GOOD).await;
    assert_eq!(page.status, StatusCode::UNAUTHORIZED);
    assert!(page.body.contains("Nothing was sent"), "{}", page.body);
}

#[tokio::test]
async fn a_429_without_end_gives_up_within_the_line_limit() {
    let busy =
        FaultEffect::Status { status: 429, code: "TooManyRequests".into(), retry_after: Some(0), graph_body: true };
    let adjust = |config: &mut passback::config::Config| config.reset.line_limit_seconds = 3;
    let seed = TenantSeed::contoso().unwrap().hurry().with_fault(InjectedFault::on(FaultTarget::ResetPassword, busy));
    let portal = TestPortal::with(PortalSetup { seed, ..PortalSetup::adjusted(adjust) }).await;
    let mut wanda = portal.signed_in("wanda").await;
    let reference = wanda.reset(GOOD).await.reference();
    let status = wanda.until_state(&reference, "refused").await;
    assert_eq!(status["cause"], "R-THROTTLED");
    let posts = portal.demo.tenant.calls(FaultTarget::ResetPassword, None);
    assert!((2..=4).contains(&posts), "once a second, not as fast as it can: {posts}");
}
