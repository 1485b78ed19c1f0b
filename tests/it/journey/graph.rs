//! Faults of Microsoft Graph, one test for each kind. In every case the person reads the true state, and the password
//! is sent once.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use jiff::SignedDuration;
use passback_emulator::{FaultEffect, FaultTarget, InjectedFault, TenantSeed};
use reqwest::StatusCode;
use tokio::io::AsyncWriteExt as _;

use super::submission::wait_for_unanswered_reset;
use crate::support::portal::{DatabaseEngine, PortalSetup, TestPortal, VALID_PASSWORD, available_engines};
use crate::support::wait::{wait_for_value, wait_until};

/// Starts a portal whose Graph has this fault once.
async fn start_with_fault_once(call: FaultTarget, effect: FaultEffect) -> TestPortal {
    let seed = TenantSeed::contoso().unwrap().with_short_delays().with_fault(InjectedFault::new(call, effect).times(1));
    TestPortal::start_with(PortalSetup { seed, ..PortalSetup::default() }).await
}

fn status_effect(status: u16, graph_body: bool, retry_after: Option<u64>) -> FaultEffect {
    FaultEffect::Status { status, code: "SomethingHappened".into(), retry_after, graph_body }
}

fn count_reset_posts(portal: &TestPortal) -> usize {
    portal.demo.tenant.count_calls(FaultTarget::ResetPassword, None)
}

/// Resets Wanda's password and checks state, cause and the number of requests.
async fn assert_reset_ends(portal: &TestPortal, state: &str, cause: Option<&str>, requests: usize) {
    let mut wanda = portal.signed_in("wanda").await;
    let reference = wanda.submit_reset(VALID_PASSWORD).await.reference();
    let status = wanda.wait_for_state(&reference, state).await;
    assert_eq!(status["cause"].as_str(), cause, "{status}");
    assert_eq!(count_reset_posts(portal), requests);
    let page = wanda.get(&format!("/resets/{reference}")).await;
    assert!(page.status.is_success());
    if state != "written" {
        assert!(page.body.contains("class=\"advice\"") || page.body.contains("class=\"button\""), "{}", page.body);
    }
}

#[tokio::test]
async fn graph_401_is_retried_with_new_token() {
    assert_reset_ends(
        &start_with_fault_once(FaultTarget::ResetPassword, status_effect(401, true, None)).await,
        "written",
        None,
        2,
    )
    .await;
}

#[tokio::test]
async fn proxy_401_refuses_reset_without_retry() {
    assert_reset_ends(
        &start_with_fault_once(FaultTarget::ResetPassword, status_effect(401, false, None)).await,
        "refused",
        Some("R-OPERATOR"),
        1,
    )
    .await;
}

#[tokio::test]
async fn graph_429_with_retry_after_is_waited_out() {
    assert_reset_ends(
        &start_with_fault_once(FaultTarget::ResetPassword, status_effect(429, true, Some(1))).await,
        "written",
        None,
        2,
    )
    .await;
}

#[tokio::test]
async fn graph_429_without_retry_after_is_waited_out() {
    assert_reset_ends(
        &start_with_fault_once(FaultTarget::ResetPassword, status_effect(429, true, None)).await,
        "written",
        None,
        2,
    )
    .await;
}

#[tokio::test]
async fn proxy_429_refuses_reset_without_waiting() {
    assert_reset_ends(
        &start_with_fault_once(FaultTarget::ResetPassword, status_effect(429, false, None)).await,
        "refused",
        Some("R-THROTTLED"),
        1,
    )
    .await;
}

#[tokio::test]
async fn server_error_leaves_reset_unknown() {
    for code in [500, 502, 503, 504] {
        assert_reset_ends(
            &start_with_fault_once(FaultTarget::ResetPassword, status_effect(code, code == 500, None)).await,
            "unknown",
            Some("U-NO-ANSWER"),
            1,
        )
        .await;
    }
}

#[tokio::test]
async fn connection_closed_before_answer_leaves_reset_unknown() {
    assert_reset_ends(
        &start_with_fault_once(FaultTarget::ResetPassword, FaultEffect::Hangup).await,
        "unknown",
        Some("U-NO-ANSWER"),
        1,
    )
    .await;
}

#[tokio::test]
async fn lost_answer_is_resolved_by_audit_log() {
    assert_reset_ends(
        &start_with_fault_once(FaultTarget::ResetPassword, FaultEffect::DropAnswer).await,
        "written",
        None,
        1,
    )
    .await;
}

#[tokio::test]
async fn graph_202_with_broken_body_counts_as_accepted() {
    for effect in
        [FaultEffect::Drip { ms: 5_000 }, FaultEffect::Truncate, FaultEffect::Huge { bytes: 10 * 1024 * 1024 }]
    {
        assert_reset_ends(&start_with_fault_once(FaultTarget::ResetPassword, effect).await, "written", None, 1).await;
    }
}

#[tokio::test]
async fn slow_operation_body_is_polled_again() {
    assert_reset_ends(
        &start_with_fault_once(FaultTarget::Operation, FaultEffect::Drip { ms: 4 }).await,
        "written",
        None,
        1,
    )
    .await;
}

#[tokio::test]
async fn truncated_operation_body_is_polled_again() {
    assert_reset_ends(&start_with_fault_once(FaultTarget::Operation, FaultEffect::Truncate).await, "written", None, 1)
        .await;
}

#[tokio::test]
async fn operation_body_of_ten_megabytes_is_not_read() {
    assert_reset_ends(
        &start_with_fault_once(FaultTarget::Operation, FaultEffect::Huge { bytes: 10 * 1024 * 1024 }).await,
        "written",
        None,
        1,
    )
    .await;
}

#[tokio::test]
async fn html_operation_body_is_polled_again() {
    let page = FaultEffect::Body {
        status: 200,
        content_type: "text/html".into(),
        text: "<html>Sign in to Wi-Fi</html>".into(),
    };
    assert_reset_ends(&start_with_fault_once(FaultTarget::Operation, page).await, "written", None, 1).await;
}

#[tokio::test]
async fn operation_error_is_polled_again() {
    for effect in [
        status_effect(401, true, None),
        status_effect(401, false, None),
        status_effect(404, true, None),
        status_effect(429, true, Some(1)),
        status_effect(429, false, None),
        status_effect(500, true, None),
        status_effect(503, false, None),
        FaultEffect::Hangup,
    ] {
        assert_reset_ends(&start_with_fault_once(FaultTarget::Operation, effect).await, "written", None, 1).await;
    }
}

#[tokio::test]
async fn redirect_is_not_followed_with_access_token() {
    let visits = Arc::new(AtomicUsize::new(0));
    let evil = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let to = format!("http://{}/v1.0/users/1/authentication/operations/2", evil.local_addr().unwrap());
    let counted = Arc::clone(&visits);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = evil.accept().await {
            counted.fetch_add(1, Ordering::SeqCst);
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}").await;
        }
    });
    assert_reset_ends(
        &start_with_fault_once(FaultTarget::ResetPassword, FaultEffect::Redirect { to: to.clone() }).await,
        "unknown",
        Some("U-NO-ANSWER"),
        1,
    )
    .await;
    assert_reset_ends(
        &start_with_fault_once(FaultTarget::ResetPassword, FaultEffect::Location { url: to.clone() }).await,
        "written",
        None,
        1,
    )
    .await;
    for call in [FaultTarget::Operation, FaultTarget::Audits] {
        assert_reset_ends(
            &start_with_fault_once(call, FaultEffect::Redirect { to: to.clone() }).await,
            "written",
            None,
            1,
        )
        .await;
    }
    assert_eq!(visits.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn unreadable_profile_hides_form_until_graph_recovers() {
    let page = FaultEffect::Body { status: 200, content_type: "text/html".into(), text: "<html>".into() };
    for effect in [
        page,
        status_effect(503, true, None),
        FaultEffect::Hangup,
        FaultEffect::Truncate,
        FaultEffect::Huge { bytes: 10 * 1024 * 1024 },
    ] {
        let portal = TestPortal::start().await;
        let mut wanda = portal.signed_in("wanda").await;
        portal.demo.tenant.add_fault(InjectedFault::new(FaultTarget::User, effect.clone()).times(1));
        let refused = wanda.get("/reset").await;
        assert_eq!(refused.status, StatusCode::SERVICE_UNAVAILABLE, "{effect:?}: {}", refused.body);
        assert!(!refused.body.contains("name=\"password\""));
        assert!(wanda.get("/reset").await.body.contains("name=\"password\""), "{effect:?}");
    }
}

#[tokio::test]
async fn missing_token_hides_form_and_sends_nothing() {
    let portal = TestPortal::start().await;
    let mut wanda = portal.signed_in("wanda").await;
    portal.clock.advance(SignedDuration::from_mins(64));
    portal.demo.tenant.add_fault(InjectedFault::new(FaultTarget::Token, status_effect(503, false, None)).times(2));
    let mut wanda_again = wanda.clone();
    let page = wanda_again.sign_in("/signin", "wanda@contoso.example", "passkey", "").await;
    assert!(page.status.is_server_error(), "{}", page.body);
    assert!(!page.body.contains("name=\"password\""), "{}", page.body);
    let sign_in = async || wanda.sign_in("/signin", "wanda@contoso.example", "passkey", "").await.body;
    wait_for_value("it goes on by itself", sign_in, |body| body.contains("name=\"password\"")).await;
    assert_eq!(count_reset_posts(&portal), 0);
}

/// Returns the state of the only reset, if it has begun.
async fn load_state(portal: &TestPortal, engine: DatabaseEngine) -> Option<String> {
    const SQL: &str = "SELECT state FROM resets";
    match engine {
        DatabaseEngine::Sqlite => {
            let pool = sqlx::SqlitePool::connect(&portal.database).await.unwrap();
            sqlx::query_scalar(SQL).fetch_optional(&pool).await.unwrap()
        }
        DatabaseEngine::Postgres => {
            let pool = sqlx::PgPool::connect(&portal.database).await.unwrap();
            sqlx::query_scalar(SQL).fetch_optional(&pool).await.unwrap()
        }
    }
}

/// State of a reset in which the clock jumps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum JumpState {
    Sending,
    Writing,
}

/// Jumps the portal's clock while Wanda's reset is in this state, and corrects it after all due work was done.
async fn reset_across_clock_jump(state: JumpState, hours: i64) {
    let fault = match state {
        JumpState::Sending => InjectedFault::new(FaultTarget::ResetPassword, FaultEffect::LateAnswer { ms: 1_000 }),
        // The password is written when the clock is advanced.
        JumpState::Writing => InjectedFault::new(FaultTarget::Writeback, FaultEffect::Slow { ms: 300_000 }),
    };
    for engine in available_engines() {
        let seed = TenantSeed::contoso().unwrap().with_short_delays().with_fault(fault.clone());
        let portal = TestPortal::start_with(PortalSetup { engine, seed, ..PortalSetup::default() }).await;
        let mut wanda = portal.signed_in("wanda").await;
        let jump = async {
            match state {
                JumpState::Sending => wait_for_unanswered_reset(&portal).await,
                JumpState::Writing => {
                    let load = async || load_state(&portal, engine).await;
                    wait_for_value("the state writing", load, |state| state.as_deref() == Some("writing")).await;
                }
            }
            portal.clock.adjust_wall_clock(SignedDuration::from_hours(hours));
        };
        let (sent, ()) = tokio::join!(wanda.reset_request(VALID_PASSWORD).send(), jump);
        let location = sent.unwrap().headers()["location"].to_str().unwrap().to_owned();
        let reference = location.split('/').next_back().unwrap().to_owned();
        if state == JumpState::Writing {
            portal.wait_for_round("reset-tracker").await;
            portal.clock.advance(SignedDuration::from_mins(5));
        }
        // By that clock her session has expired or not yet begun, so the row is read from the database.
        let is_written = async || load_state(&portal, engine).await.as_deref() == Some("written");
        wait_until(format!("{state:?} {hours} h: the state written"), is_written).await;
        portal.clock.adjust_wall_clock(SignedDuration::from_hours(-hours));
        assert_eq!(wanda.fetch_status(&reference).await["state"], "written", "{state:?} {hours} h");
        assert_eq!(count_reset_posts(&portal), 1);
        let mut omar = portal.signed_in("omar").await;
        let reference = omar.submit_reset(VALID_PASSWORD).await.reference();
        if state == JumpState::Writing {
            omar.wait_for_state(&reference, "writing").await;
            portal.clock.advance(SignedDuration::from_mins(5));
        }
        omar.wait_for_state(&reference, "written").await;
        portal.demo.stop().await;
    }
}

#[tokio::test]
async fn clock_jump_forward_while_sending_keeps_reset() {
    reset_across_clock_jump(JumpState::Sending, 5).await;
}

#[tokio::test]
async fn clock_jump_forward_while_writing_keeps_reset() {
    reset_across_clock_jump(JumpState::Writing, 5).await;
}

#[tokio::test]
async fn clock_jump_back_while_sending_keeps_reset() {
    reset_across_clock_jump(JumpState::Sending, -5).await;
}

#[tokio::test]
async fn clock_jump_back_while_writing_keeps_reset() {
    reset_across_clock_jump(JumpState::Writing, -5).await;
}
