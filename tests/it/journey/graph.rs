//! Faults of Microsoft Graph, one test for each kind. In every case the person reads the true state, and the password
//! is sent once.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use jiff::SignedDuration;
use passback_emulator::{FaultEffect, FaultTarget, InjectedFault, TenantSeed};
use reqwest::StatusCode;
use tokio::io::AsyncWriteExt as _;

use crate::support::portal::{DatabaseEngine, GOOD, PortalSetup, TestPortal, engines};

/// Starts a portal whose Graph has this fault once.
async fn once(call: FaultTarget, effect: FaultEffect) -> TestPortal {
    let seed = TenantSeed::contoso().unwrap().hurry().with_fault(InjectedFault::on(call, effect).times(1));
    TestPortal::with(PortalSetup { seed, ..PortalSetup::default() }).await
}

fn status(status: u16, graph_body: bool, retry_after: Option<u64>) -> FaultEffect {
    FaultEffect::Status { status, code: "SomethingHappened".into(), retry_after, graph_body }
}

fn posts(portal: &TestPortal) -> usize {
    portal.demo.tenant.calls(FaultTarget::ResetPassword, None)
}

/// Resets Wanda's password and checks state, cause and the number of requests.
async fn ends(portal: &TestPortal, state: &str, cause: Option<&str>, requests: usize) {
    let mut wanda = portal.signed_in("wanda").await;
    let reference = wanda.reset(GOOD).await.reference();
    let status = wanda.until_state(&reference, state).await;
    assert_eq!(status["cause"].as_str(), cause, "{status}");
    assert_eq!(posts(portal), requests);
    let page = wanda.get(&format!("/resets/{reference}")).await;
    assert!(page.status.is_success());
    if state != "written" {
        assert!(page.body.contains("class=\"advice\"") || page.body.contains("class=\"button\""), "{}", page.body);
    }
}

#[tokio::test]
async fn a_401_that_is_graphs_own_is_answered_with_a_new_token() {
    ends(&once(FaultTarget::ResetPassword, status(401, true, None)).await, "written", None, 2).await;
}

#[tokio::test]
async fn a_401_of_some_proxy_took_nothing_and_is_not_repeated() {
    ends(&once(FaultTarget::ResetPassword, status(401, false, None)).await, "refused", Some("R-OPERATOR"), 1).await;
}

#[tokio::test]
async fn a_429_that_says_how_long_is_waited_out() {
    ends(&once(FaultTarget::ResetPassword, status(429, true, Some(1))).await, "written", None, 2).await;
}

#[tokio::test]
async fn a_429_that_does_not_say_how_long_is_waited_out_too() {
    ends(&once(FaultTarget::ResetPassword, status(429, true, None)).await, "written", None, 2).await;
}

#[tokio::test]
async fn a_429_of_some_proxy_is_not_waited_for() {
    ends(&once(FaultTarget::ResetPassword, status(429, false, None)).await, "refused", Some("R-THROTTLED"), 1).await;
}

#[tokio::test]
async fn a_server_error_may_have_taken_it() {
    for code in [500, 502, 503, 504] {
        ends(
            &once(FaultTarget::ResetPassword, status(code, code == 500, None)).await,
            "unknown",
            Some("U-NO-ANSWER"),
            1,
        )
        .await;
    }
}

#[tokio::test]
async fn a_connection_reset_before_the_answer_may_have_taken_it() {
    ends(&once(FaultTarget::ResetPassword, FaultEffect::Hangup).await, "unknown", Some("U-NO-ANSWER"), 1).await;
}

#[tokio::test]
async fn an_answer_that_was_lost_is_settled_by_the_log() {
    ends(&once(FaultTarget::ResetPassword, FaultEffect::DropAnswer).await, "written", None, 1).await;
}

#[tokio::test]
async fn a_202_whose_body_drips_breaks_off_or_never_ends_is_a_202() {
    for effect in
        [FaultEffect::Drip { ms: 5_000 }, FaultEffect::Truncate, FaultEffect::Huge { bytes: 10 * 1024 * 1024 }]
    {
        ends(&once(FaultTarget::ResetPassword, effect).await, "written", None, 1).await;
    }
}

#[tokio::test]
async fn an_operation_that_drips_is_asked_again() {
    ends(&once(FaultTarget::Operation, FaultEffect::Drip { ms: 4 }).await, "written", None, 1).await;
}

#[tokio::test]
async fn an_operation_that_breaks_off_is_asked_again() {
    ends(&once(FaultTarget::Operation, FaultEffect::Truncate).await, "written", None, 1).await;
}

#[tokio::test]
async fn an_operation_of_ten_megabytes_is_not_read() {
    ends(&once(FaultTarget::Operation, FaultEffect::Huge { bytes: 10 * 1024 * 1024 }).await, "written", None, 1).await;
}

#[tokio::test]
async fn an_operation_that_is_a_web_page_is_asked_again() {
    let page = FaultEffect::Body {
        status: 200,
        content_type: "text/html".into(),
        text: "<html>Sign in to Wi-Fi</html>".into(),
    };
    ends(&once(FaultTarget::Operation, page).await, "written", None, 1).await;
}

#[tokio::test]
async fn an_operation_that_answers_anything_at_all_is_asked_again() {
    for effect in [
        status(401, true, None),
        status(401, false, None),
        status(404, true, None),
        status(429, true, Some(1)),
        status(429, false, None),
        status(500, true, None),
        status(503, false, None),
        FaultEffect::Hangup,
    ] {
        ends(&once(FaultTarget::Operation, effect).await, "written", None, 1).await;
    }
}

#[tokio::test]
async fn nobody_follows_a_redirect_with_a_token_in_hand() {
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
    ends(
        &once(FaultTarget::ResetPassword, FaultEffect::Redirect { to: to.clone() }).await,
        "unknown",
        Some("U-NO-ANSWER"),
        1,
    )
    .await;
    ends(&once(FaultTarget::ResetPassword, FaultEffect::Location { url: to.clone() }).await, "written", None, 1).await;
    for call in [FaultTarget::Operation, FaultTarget::Audits] {
        ends(&once(call, FaultEffect::Redirect { to: to.clone() }).await, "written", None, 1).await;
    }
    assert_eq!(visits.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn while_people_cannot_be_read_nobody_types_in_vain_and_it_goes_on_by_itself() {
    let page = FaultEffect::Body { status: 200, content_type: "text/html".into(), text: "<html>".into() };
    for effect in [
        page,
        status(503, true, None),
        FaultEffect::Hangup,
        FaultEffect::Truncate,
        FaultEffect::Huge { bytes: 10 * 1024 * 1024 },
    ] {
        let portal = TestPortal::start().await;
        let mut wanda = portal.signed_in("wanda").await;
        portal.demo.tenant.add_fault(InjectedFault::on(FaultTarget::User, effect.clone()).times(1));
        let refused = wanda.get("/reset").await;
        assert_eq!(refused.status, StatusCode::SERVICE_UNAVAILABLE, "{effect:?}: {}", refused.body);
        assert!(!refused.body.contains("name=\"password\""));
        assert!(wanda.get("/reset").await.body.contains("name=\"password\""), "{effect:?}");
    }
}

#[tokio::test]
async fn without_a_token_nothing_is_sent_and_the_person_is_told_before_typing() {
    let portal = TestPortal::start().await;
    let mut wanda = portal.signed_in("wanda").await;
    portal.clock.advance(SignedDuration::from_mins(64));
    portal.demo.tenant.add_fault(InjectedFault::on(FaultTarget::Token, status(503, false, None)).times(2));
    let mut wanda_again = wanda.clone();
    let page = wanda_again.sign_in("/signin", "wanda@contoso.example", "passkey", "").await;
    assert!(page.status.is_server_error(), "{}", page.body);
    assert!(!page.body.contains("name=\"password\""), "{}", page.body);
    let until = std::time::Instant::now() + Duration::from_secs(10);
    while !wanda.sign_in("/signin", "wanda@contoso.example", "passkey", "").await.body.contains("name=\"password\"") {
        assert!(std::time::Instant::now() < until, "it goes on by itself");
    }
    assert_eq!(posts(&portal), 0);
}

async fn state_of(portal: &TestPortal, engine: DatabaseEngine, reference: &str) -> String {
    const SQL: &str = "SELECT state FROM resets WHERE reference = $1";
    let plain = reference.replace('-', "");
    let row: (String,) = match engine {
        DatabaseEngine::Sqlite => {
            let pool = sqlx::SqlitePool::connect(&portal.database).await.unwrap();
            sqlx::query_as(SQL).bind(plain).fetch_one(&pool).await.unwrap()
        }
        DatabaseEngine::Postgres => {
            let pool = sqlx::PgPool::connect(&portal.database).await.unwrap();
            sqlx::query_as(SQL).bind(plain).fetch_one(&pool).await.unwrap()
        }
    };
    row.0
}

/// Jumps the portal's clock while Wanda's reset is in this state, and corrects it after all due work was done.
async fn clock_goes_wrong(state: &str, hours: i64, fault: InjectedFault) {
    for engine in engines() {
        let seed = TenantSeed::contoso().unwrap().hurry().with_fault(fault.clone());
        let portal = TestPortal::with(PortalSetup { engine, seed, ..PortalSetup::default() }).await;
        let mut wanda = portal.signed_in("wanda").await;
        let reference = wanda.reset(GOOD).await.reference();
        wanda.until_state(&reference, state).await;
        portal.clock.jump(SignedDuration::from_hours(hours));
        // By that clock her session has expired or not yet begun, so the row is read from the database.
        for _ in 0..200 {
            if state_of(&portal, engine, &reference).await == "written" {
                break;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        portal.clock.jump(SignedDuration::from_hours(-hours));
        assert_eq!(wanda.json(&reference).await["state"], "written", "{state} {hours} h");
        assert_eq!(posts(&portal), 1);
        let mut omar = portal.signed_in("omar").await;
        let reference = omar.reset(GOOD).await.reference();
        omar.until_state(&reference, "written").await;
        portal.demo.stop().await;
    }
}

#[tokio::test]
async fn the_clock_is_set_forward_by_hours_while_the_password_is_on_its_way() {
    clock_goes_wrong(
        "sending",
        5,
        InjectedFault::on(FaultTarget::ResetPassword, FaultEffect::LateAnswer { ms: 1_000 }),
    )
    .await;
}

#[tokio::test]
async fn the_clock_is_set_forward_by_hours_while_the_password_is_written() {
    clock_goes_wrong("writing", 5, InjectedFault::on(FaultTarget::Writeback, FaultEffect::Slow { ms: 1_000 })).await;
}

#[tokio::test]
async fn the_clock_is_set_back_by_hours_while_the_password_is_on_its_way() {
    clock_goes_wrong(
        "sending",
        -5,
        InjectedFault::on(FaultTarget::ResetPassword, FaultEffect::LateAnswer { ms: 1_000 }),
    )
    .await;
}

#[tokio::test]
async fn the_clock_is_set_back_by_hours_while_the_password_is_written() {
    clock_goes_wrong("writing", -5, InjectedFault::on(FaultTarget::Writeback, FaultEffect::Slow { ms: 1_000 })).await;
}
