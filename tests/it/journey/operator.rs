//! The operator over several days: it fails, is linked again, and is refreshed while there are no resets.

use std::time::Duration;

use jiff::SignedDuration;
use passback_emulator::{FaultEffect, FaultTarget, InjectedFault, TenantSeed};

use super::cases::{AgentCase, account, call_check, said, staff};
use super::notices::by;
use super::passes::waits_for_the_manager;
use crate::support::mailbox::TestMailServer;
use crate::support::portal::{DatabaseEngine, GOOD, HttpBrowser, PortalSetup, TestPortal, engines, upn};

const OPERATOR: &str = "svc-passback@contoso.example";
const GLOBAL_ADMINISTRATOR: &str = "62e90394-69f5-4237-9190-012177145e10";

/// Waits until the helpdesk shows this health issue, or no longer shows it.
async fn until_desk(hugo: &mut HttpBrowser, kind: &str, shown: bool) -> String {
    let mark = format!("data-trouble=\"{kind}\"");
    for _ in 0..150 {
        let page = hugo.get("/helpdesk").await;
        if page.body.contains(&mark) == shown {
            return page.body;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("{kind} is not {}", if shown { "shown" } else { "over" });
}

async fn relink(portal: &TestPortal) {
    let mut adam = staff(portal, "adam").await;
    adam.sign_in("/admin/operator/link", OPERATOR, "passkey", "").await;
    let page = adam.post("/admin/operator/confirm", &[]).await;
    assert!(page.body.contains("Linked and working"), "{}", page.main());
}

async fn history(portal: &TestPortal, engine: DatabaseEngine) -> Vec<String> {
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
async fn the_operators_permission_ends_in_the_middle_of_the_day_and_nothing_is_lost() {
    for engine in engines() {
        let mailbox = TestMailServer::start().await;
        let mail = by(mailbox.port, "tls = \"none\"");
        let wish = PortalSetup::adjusted(move |config| {
            mail(config);
            config.notify.alarms_to = vec!["it@contoso.example".to_owned()];
        });
        let portal = TestPortal::with(PortalSetup { engine, ..wish }).await;
        let tenant = &portal.demo.tenant;

        // At that time Omar's reset is in state writing, Wanda has the form open, and a pass waits for her manager.
        tenant.add_fault(
            InjectedFault::on(FaultTarget::Writeback, FaultEffect::Slow { ms: 2_500 }).for_person(&upn("omar")),
        );
        let mut omar = portal.signed_in("omar").await;
        let on_its_way = omar.reset(GOOD).await.reference();
        omar.until_state(&on_its_way, "writing").await;
        let mut wanda = portal.signed_in("wanda").await;
        assert!(wanda.get("/reset").await.body.contains("name=\"password\""));
        let mut desk = AgentCase::begins(&portal, "hugo", "wanda", "pass").await;
        let (mut mona, pass) = waits_for_the_manager(&portal, &mut desk).await;

        // An administrator of the tenant revokes all sessions of the operator.
        tenant.revoke(OPERATOR);
        // The operator's access token cannot be challenged and remains valid until it expires, which happens next.
        tenant.end_tokens(OPERATOR);
        let mut hana = staff(&portal, "hana").await;
        let shown = until_desk(&mut hana, "operator", true).await;
        assert!(shown.contains("Nobody can reset: the reset operator cannot work"), "{shown}");
        let told = mailbox.wait(1).await.remove(0);
        assert_eq!(told.to, ["it@contoso.example"]);
        assert!(told.text.contains("Password resets at Contoso need somebody"), "{}", told.text);
        assert!(told.text.contains("link the operator again") && told.text.contains("/helpdesk"), "{}", told.text);
        let page = wanda.reset(GOOD).await;
        assert_eq!(page.code(), "G-OPERATOR", "she is told before anything is sent");
        assert_eq!(omar.json(&on_its_way).await["state"], "writing", "what Graph took before waits");
        assert_eq!(said(&mona.post(&pass, &[]).await), "later", "the pass still waits for her");
        let mut revoke = AgentCase::begins(&portal, "hana", "omar", "revoke").await;
        call_check(&mut revoke, &mut account(&portal, "omar").await).await;
        assert_eq!(said(&revoke.press("act", &[]).await), "c-operator");

        // The operator is linked again, and everything continues.
        relink(&portal).await;
        until_desk(&mut hana, "operator", false).await;
        omar.until_state(&on_its_way, "written").await;
        assert!(mona.post(&pass, &[]).await.body.contains("<p class=\"pass\""));
        assert_eq!(said(&revoke.press("act", &[]).await), "revoked", "what was verified was not used up");
        let reference = wanda.reset(GOOD).await.reference();
        wanda.until_state(&reference, "written").await;
        assert_eq!(tenant.calls(FaultTarget::ResetPassword, None), 2, "each password was sent once");
        let expected = ["operator.linked", "operator.trouble", "trouble.began", "operator.linked", "trouble.ended"];
        assert_eq!(history(&portal, engine).await, expected);
        assert_eq!(mailbox.mails_to("it@contoso.example").await, 1, "told once");
        portal.demo.stop().await;
    }
}

#[tokio::test]
async fn a_portal_that_nobody_uses_keeps_its_operator_alive_and_sees_what_became_of_it() {
    let portal = TestPortal::start().await;
    let refreshed = async || {
        let pool = sqlx::SqlitePool::connect(&portal.database).await.unwrap();
        let row: (i64,) = sqlx::query_as("SELECT refreshed_at FROM operator").fetch_one(&pool).await.unwrap();
        pool.close().await;
        row.0
    };
    tokio::time::sleep(Duration::from_millis(2_500)).await;
    let first = refreshed().await;
    portal.demo.tenant.give_role(OPERATOR, GLOBAL_ADMINISTRATOR.parse().unwrap());
    portal.clock.advance(SignedDuration::from_hours(25));
    for _ in 0..100 {
        if refreshed().await > first {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(refreshed().await > first, "nobody reset anything, and it was renewed");
    // Browser sessions expire with the advanced clock, so the table is read instead of the helpdesk's page.
    let stands = async |kind: &'static str| {
        for _ in 0..150 {
            let pool = sqlx::SqlitePool::connect(&portal.database).await.unwrap();
            let sql = "SELECT detail FROM troubles WHERE kind = $1 AND ended_at IS NULL";
            let row: Option<(String,)> = sqlx::query_as(sql).bind(kind).fetch_optional(&pool).await.unwrap();
            pool.close().await;
            if let Some((detail,)) = row {
                return detail;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("{kind} was never told");
    };
    assert_eq!(stands("operator-power").await, "global-administrator");

    // Entra does not answer for more than a week. The health issue opens long before the refresh token expires.
    portal.demo.tenant.add_fault(InjectedFault::on(FaultTarget::Token, FaultEffect::Hangup));
    portal.clock.advance(SignedDuration::from_hours(24 * 8));
    assert_eq!(stands("operator-old").await, "8 d");
    portal.demo.stop().await;
}

#[tokio::test]
async fn whoever_is_outside_of_the_operators_unit_reads_so_before_typing() {
    let except = "except = [\"breakglass@contoso.example\", ";
    let text = passback_emulator::CONTOSO_SEED;
    let seed =
        TenantSeed::parse(&text.replace(except, &format!("{except}\"omar@contoso.example\", "))).unwrap().hurry();
    let portal = TestPortal::with(PortalSetup { seed, ..PortalSetup::default() }).await;
    assert!(portal.signed_in("wanda").await.get("/reset").await.body.contains("name=\"password\""));
    let mut omar = portal.browser();
    let page = omar.sign_in("/signin", &upn("omar"), "passkey", "").await;
    assert_eq!(page.code(), "G-OUTSIDE");
    assert_eq!(omar.reset(GOOD).await.code(), "G-OUTSIDE");
    let mut desk = AgentCase::begins(&portal, "hugo", "omar", "revoke").await;
    call_check(&mut desk, &mut account(&portal, "omar").await).await;
    assert_eq!(said(&desk.press("act", &[]).await), "c-protected");
    assert_eq!(portal.demo.tenant.calls(FaultTarget::ResetPassword, Some(&upn("omar"))), 0);
    assert_eq!(portal.demo.tenant.calls(FaultTarget::Revoke, None), 0);
    portal.demo.stop().await;
}

#[tokio::test]
async fn however_entra_ends_the_operators_permission_people_read_so_and_the_audit_says_why() {
    for (aadsts, error) in [
        (50173, "invalid_grant"),
        (700_082, "invalid_grant"),
        (70043, "invalid_grant"),
        (50076, "interaction_required"),
        (53003, "interaction_required"),
    ] {
        let portal = TestPortal::start().await;
        let fault = FaultEffect::Aadsts { code: aadsts, error: error.to_owned() };
        portal.demo.tenant.add_fault(InjectedFault::on(FaultTarget::Token, fault).for_person(OPERATOR));
        portal.clock.advance(SignedDuration::from_mins(64));
        let page = portal.browser().sign_in("/signin", &upn("wanda"), "passkey", "").await;
        assert_eq!(page.code(), "G-OPERATOR", "AADSTS{aadsts}");
        let pool = sqlx::SqlitePool::connect(&portal.database).await.unwrap();
        let sql = "SELECT detail FROM audit WHERE event = 'operator.trouble'";
        let (detail,): (String,) = sqlx::query_as(sql).fetch_one(&pool).await.unwrap();
        assert!(detail.contains(&format!("\"aadsts\":{aadsts}")), "{detail}");
        portal.demo.stop().await;
    }
}

#[tokio::test]
async fn the_operator_resets_and_helps_everybody_but_itself() {
    let portal = TestPortal::start().await;
    let mut operator = portal.browser();
    let page = operator.sign_in("/signin", OPERATOR, "passkey", "").await;
    assert_eq!(page.code(), "G-OPERATOR-ACCOUNT");
    assert_eq!(operator.reset(GOOD).await.code(), "G-OPERATOR-ACCOUNT");
    assert_eq!(portal.demo.tenant.calls(FaultTarget::ResetPassword, None), 0);
    portal.demo.stop().await;
}

#[tokio::test]
async fn a_directory_that_was_not_synchronised_for_hours_is_told_at_the_desk() {
    let portal = TestPortal::start().await;
    let mut hugo = staff(&portal, "hugo").await;
    until_desk(&mut hugo, "sync", false).await;
    portal.demo.tenant.set_sync_age(4 * 3600);
    portal.clock.advance(SignedDuration::from_mins(11));
    let shown = until_desk(&mut hugo, "sync", true).await;
    assert!(shown.contains("(4 h)"), "{shown}");
    portal.demo.tenant.set_sync_age(600);
    portal.clock.advance(SignedDuration::from_mins(11));
    until_desk(&mut hugo, "sync", false).await;
    portal.demo.stop().await;
}
