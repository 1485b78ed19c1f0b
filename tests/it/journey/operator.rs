//! The operator over several days: it fails, is linked again, and is refreshed while there are no resets.

use jiff::SignedDuration;
use passback_emulator::{FaultEffect, FaultTarget, InjectedFault, TenantSeed};

use super::cases::{AgentCase, complete_call_check, outcome_code, sign_in_staff, sign_in_to_account};
use super::notices::smtp_config;
use super::temporary_access_passes::create_pass_for_manager;
use crate::support::mail_server::TestMailServer;
use crate::support::portal::{
    DatabaseEngine, HttpBrowser, PortalSetup, TestPortal, VALID_PASSWORD, available_engines, full_upn,
};
use crate::support::wait::{wait_for, wait_for_value};

const OPERATOR_UPN: &str = "svc-passback@contoso.example";
const GLOBAL_ADMINISTRATOR: &str = "62e90394-69f5-4237-9190-012177145e10";

/// Waits until the helpdesk shows this health issue, or no longer shows it.
async fn wait_for_health_issue(hugo: &mut HttpBrowser, kind: &str, shown: bool) -> String {
    let mark = format!("data-trouble=\"{kind}\"");
    let what = format!("{kind} is {}", if shown { "shown" } else { "over" });
    wait_for_value(what, async || hugo.get("/helpdesk").await.body, |body| body.contains(&mark) == shown).await
}

async fn relink_operator(portal: &TestPortal) {
    let mut adam = sign_in_staff(portal, "adam").await;
    adam.sign_in("/admin/operator/link", OPERATOR_UPN, "passkey", "").await;
    let page = adam.post("/admin/operator/confirm", &[]).await;
    assert!(page.body.contains("Linked and working"), "{}", page.main_text());
}

async fn operator_events(portal: &TestPortal, engine: DatabaseEngine) -> Vec<String> {
    const SQL: &str = "SELECT event FROM audit WHERE event LIKE 'trouble.%' OR event LIKE 'operator.%' ORDER BY seq";
    let rows: Vec<(String,)> = match engine {
        DatabaseEngine::Sqlite => {
            sqlx::query_as(SQL).fetch_all(&sqlx::SqlitePool::connect(&portal.database).await.unwrap()).await.unwrap()
        }
        DatabaseEngine::Postgres => {
            sqlx::query_as(SQL).fetch_all(&sqlx::PgPool::connect(&portal.database).await.unwrap()).await.unwrap()
        }
    };
    rows.into_iter().map(|(event,)| event).collect()
}

#[tokio::test]
async fn operator_revoked_during_work_loses_nothing() {
    for engine in available_engines() {
        let mailbox = TestMailServer::start().await;
        let mail = smtp_config(mailbox.port, "tls = \"none\"");
        let wish = PortalSetup::with_config(move |config| {
            mail(config);
            config.notify.alarms_to = vec!["it@contoso.example".to_owned()];
        });
        let portal = TestPortal::start_with(PortalSetup { engine, ..wish }).await;
        let tenant = &portal.demo.tenant;

        // At that time Omar's reset is in state writing, Wanda has the form open, and a pass waits for her manager.
        // Omar's password is written when the clock is advanced.
        tenant.add_fault(
            InjectedFault::new(FaultTarget::Writeback, FaultEffect::Slow { ms: 300_000 }).for_person(&full_upn("omar")),
        );
        let mut omar = portal.signed_in("omar").await;
        let on_its_way = omar.submit_reset(VALID_PASSWORD).await.reference();
        omar.wait_for_state(&on_its_way, "writing").await;
        let mut wanda = portal.signed_in("wanda").await;
        assert!(wanda.get("/reset").await.body.contains("name=\"password\""));
        let mut desk = AgentCase::open(&portal, "hugo", "wanda", "pass").await;
        let (mut mona, pass) = create_pass_for_manager(&portal, &mut desk).await;

        // An administrator of the tenant revokes all sessions of the operator.
        tenant.revoke_sessions(OPERATOR_UPN);
        // The operator's access token cannot be challenged and remains valid until it expires, which happens next.
        tenant.expire_access_tokens(OPERATOR_UPN);
        let mut hana = sign_in_staff(&portal, "hana").await;
        let shown = wait_for_health_issue(&mut hana, "operator", true).await;
        assert!(shown.contains("Nobody can reset: the reset operator cannot work"), "{shown}");
        let told = mailbox.wait_for_mails(1).await.remove(0);
        assert_eq!(told.to, ["it@contoso.example"]);
        assert!(told.text.contains("Password resets at Contoso need somebody"), "{}", told.text);
        assert!(told.text.contains("link the operator again") && told.text.contains("/helpdesk"), "{}", told.text);
        let page = wanda.submit_reset(VALID_PASSWORD).await;
        assert_eq!(page.code(), "G-OPERATOR", "she is told before anything is sent");
        assert_eq!(omar.fetch_status(&on_its_way).await["state"], "writing", "what Graph took before waits");
        assert_eq!(outcome_code(&mona.post(&pass, &[]).await), "later", "the pass still waits for her");
        let mut revoke = AgentCase::open(&portal, "hana", "omar", "revoke").await;
        complete_call_check(&mut revoke, &mut sign_in_to_account(&portal, "omar").await).await;
        assert_eq!(outcome_code(&revoke.post_action("act", &[]).await), "c-operator");

        // The operator is linked again, and everything continues.
        relink_operator(&portal).await;
        wait_for_health_issue(&mut hana, "operator", false).await;
        portal.clock.advance(SignedDuration::from_mins(5));
        omar.wait_for_state(&on_its_way, "written").await;
        assert!(mona.post(&pass, &[]).await.body.contains("<p class=\"pass\""));
        assert_eq!(outcome_code(&revoke.post_action("act", &[]).await), "revoked", "what was verified was not used up");
        let reference = wanda.submit_reset(VALID_PASSWORD).await.reference();
        wanda.wait_for_state(&reference, "written").await;
        assert_eq!(tenant.count_calls(FaultTarget::ResetPassword, None), 2, "each password was sent once");
        let expected = ["operator.linked", "operator.trouble", "trouble.began", "operator.linked", "trouble.ended"];
        assert_eq!(operator_events(&portal, engine).await, expected);
        let mails = mailbox.mails_after_round(&portal).await;
        let told = mails.iter().filter(|mail| mail.to == ["it@contoso.example"]).count();
        assert_eq!(told, 1, "told once");
        portal.demo.stop().await;
    }
}

#[tokio::test]
async fn idle_portal_refreshes_operator_and_detects_new_role() {
    let portal = TestPortal::start().await;
    let refreshed = async || {
        let pool = sqlx::SqlitePool::connect(&portal.database).await.unwrap();
        let row: (i64,) = sqlx::query_as("SELECT refreshed_at FROM operator").fetch_one(&pool).await.unwrap();
        pool.close().await;
        row.0
    };
    portal.wait_for_round("health-monitor").await;
    let first = refreshed().await;
    portal.demo.tenant.assign_role(OPERATOR_UPN, GLOBAL_ADMINISTRATOR.parse().unwrap());
    portal.clock.advance(SignedDuration::from_hours(25));
    wait_for_value("nobody resets anything, and it is renewed", refreshed, |at| *at > first).await;
    // Browser sessions expire with the advanced clock, so the table is read instead of the helpdesk's page.
    let stands = async |kind: &'static str| {
        let load = async || {
            let pool = sqlx::SqlitePool::connect(&portal.database).await.unwrap();
            let sql = "SELECT detail FROM troubles WHERE kind = $1 AND ended_at IS NULL";
            let detail: Option<String> = sqlx::query_scalar(sql).bind(kind).fetch_optional(&pool).await.unwrap();
            pool.close().await;
            detail
        };
        wait_for(format!("the health issue {kind}"), load).await
    };
    assert_eq!(stands("operator-power").await, "global-administrator");

    // Entra does not answer for more than a week. The health issue opens long before the refresh token expires.
    portal.demo.tenant.add_fault(InjectedFault::new(FaultTarget::Token, FaultEffect::Hangup));
    portal.clock.advance(SignedDuration::from_hours(24 * 8));
    assert_eq!(stands("operator-old").await, "8 d");
    portal.demo.stop().await;
}

#[tokio::test]
async fn person_outside_operators_unit_is_told_before_typing() {
    let except = "except = [\"breakglass@contoso.example\", ";
    let text = passback_emulator::CONTOSO_SEED;
    let seed = TenantSeed::parse(&text.replace(except, &format!("{except}\"omar@contoso.example\", ")))
        .unwrap()
        .with_short_delays();
    let portal = TestPortal::start_with(PortalSetup { seed, ..PortalSetup::default() }).await;
    assert!(portal.signed_in("wanda").await.get("/reset").await.body.contains("name=\"password\""));
    let mut omar = portal.browser();
    let page = omar.sign_in("/signin", &full_upn("omar"), "passkey", "").await;
    assert_eq!(page.code(), "G-OUTSIDE");
    assert_eq!(omar.submit_reset(VALID_PASSWORD).await.code(), "G-OUTSIDE");
    let mut desk = AgentCase::open(&portal, "hugo", "omar", "revoke").await;
    complete_call_check(&mut desk, &mut sign_in_to_account(&portal, "omar").await).await;
    assert_eq!(outcome_code(&desk.post_action("act", &[]).await), "c-protected");
    assert_eq!(portal.demo.tenant.count_calls(FaultTarget::ResetPassword, Some(&full_upn("omar"))), 0);
    assert_eq!(portal.demo.tenant.count_calls(FaultTarget::Revoke, None), 0);
    portal.demo.stop().await;
}

#[tokio::test]
async fn operator_token_error_is_shown_before_typing_and_audited() {
    for (aadsts, error) in [
        (50173, "invalid_grant"),
        (700_082, "invalid_grant"),
        (70043, "invalid_grant"),
        (50076, "interaction_required"),
        (53003, "interaction_required"),
    ] {
        let portal = TestPortal::start().await;
        let fault = FaultEffect::Aadsts { code: aadsts, error: error.to_owned() };
        portal.demo.tenant.add_fault(InjectedFault::new(FaultTarget::Token, fault).for_person(OPERATOR_UPN));
        portal.clock.advance(SignedDuration::from_mins(64));
        let page = portal.browser().sign_in("/signin", &full_upn("wanda"), "passkey", "").await;
        assert_eq!(page.code(), "G-OPERATOR", "AADSTS{aadsts}");
        let pool = sqlx::SqlitePool::connect(&portal.database).await.unwrap();
        let sql = "SELECT detail FROM audit WHERE event = 'operator.trouble'";
        let (detail,): (String,) = sqlx::query_as(sql).fetch_one(&pool).await.unwrap();
        assert!(detail.contains(&format!("\"aadsts\":{aadsts}")), "{detail}");
        portal.demo.stop().await;
    }
}

#[tokio::test]
async fn operator_cannot_reset_itself() {
    let portal = TestPortal::start().await;
    let mut operator = portal.browser();
    let page = operator.sign_in("/signin", OPERATOR_UPN, "passkey", "").await;
    assert_eq!(page.code(), "G-OPERATOR-ACCOUNT");
    assert_eq!(operator.submit_reset(VALID_PASSWORD).await.code(), "G-OPERATOR-ACCOUNT");
    assert_eq!(portal.demo.tenant.count_calls(FaultTarget::ResetPassword, None), 0);
    portal.demo.stop().await;
}

#[tokio::test]
async fn stale_directory_sync_opens_health_issue() {
    let portal = TestPortal::start().await;
    let mut hugo = sign_in_staff(&portal, "hugo").await;
    wait_for_health_issue(&mut hugo, "sync", false).await;
    portal.demo.tenant.set_sync_age(4 * 3600);
    portal.clock.advance(SignedDuration::from_mins(11));
    let shown = wait_for_health_issue(&mut hugo, "sync", true).await;
    assert!(shown.contains("(4 h)"), "{shown}");
    portal.demo.tenant.set_sync_age(600);
    portal.clock.advance(SignedDuration::from_mins(11));
    wait_for_health_issue(&mut hugo, "sync", false).await;
    portal.demo.stop().await;
}
