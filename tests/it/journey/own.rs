//! Agents who act at Microsoft with their own permission, so that Entra's audit log names them and not the operator.

use passback::config::ActAs;
use passback_emulator::{FaultEffect, FaultTarget, InjectedFault, TenantSeed};

use super::cases::{AgentCase, account, call_check, said, staff};
use crate::support::portal::{DatabaseEngine, PortalSetup, ResponsePage, TestPortal, engines, upn};

/// Contoso with agents who hold the role in Entra, for the same administrative unit as the operator.
pub(crate) fn contoso() -> TenantSeed {
    let role = "roles = [{ template = \"c4e39bd9-1100-46d3-8c65-fb160da0071f\", scope = \"/administrativeUnits/a0000000-0000-4000-8000-0000000000af\" }]";
    let with =
        |text: &str, name: &str| text.replace(&format!("name = \"{name}\""), &format!("name = \"{name}\"\n{role}"));
    let text = with(passback_emulator::CONTOSO_SEED, "Hugo Helpdesk");
    TenantSeed::parse(&with(&text, "Hana Helpdesk")).unwrap().hurry()
}

/// Starts a portal without an operator: every action at Microsoft uses the agent's own permission.
pub(crate) async fn portal(engine: DatabaseEngine, seed: TenantSeed) -> TestPortal {
    let wish = PortalSetup::adjusted(|config| config.helpdesk.act_as = ActAs::Agent);
    TestPortal::with(PortalSetup { engine, seed, link: false, ..wish }).await
}

/// Verifies Omar and executes the action. Returns the case and Microsoft's sign-in page.
async fn presses(portal: &TestPortal, agent: &str) -> (AgentCase, ResponsePage) {
    let mut desk = AgentCase::begins(portal, agent, "omar", "revoke").await;
    call_check(&mut desk, &mut account(portal, "omar").await).await;
    let away = desk.press("act", &[]).await;
    assert!(away.url.contains("/oauth2/v2.0/authorize"), "{} {}", away.url, away.body);
    (desk, away)
}

async fn signs_in(desk: &mut AgentCase, away: &ResponsePage, name: &str) -> ResponsePage {
    desk.agent.post(&away.url, &[("account", &upn(name)), ("method", "passkey")]).await
}

fn asked_of_entra(away: &ResponsePage) -> String {
    let url = url::Url::parse(&away.url).unwrap();
    url.query_pairs().find(|(name, _)| name == "claims").map(|(_, claims)| claims.into_owned()).unwrap()
}

fn challenge(on: FaultTarget, times: u32) -> InjectedFault {
    InjectedFault::on(on, FaultEffect::ClaimsChallenge).for_person(&upn("omar")).times(times)
}

#[tokio::test]
async fn hugo_ends_omars_sessions_with_his_own_permission_and_no_operator() {
    for engine in engines() {
        let portal = portal(engine, contoso()).await;
        let (mut hugo, away) = presses(&portal, "hugo").await;
        let claims = asked_of_entra(&away);
        assert!(claims.contains("cp1") && claims.contains("\"acrs\""), "{claims}");
        assert!(!away.url.contains("offline_access"), "there is nothing to keep");
        assert_eq!(portal.demo.tenant.calls(FaultTarget::Revoke, None), 0, "nothing is done before he is back");
        let back = signs_in(&mut hugo, &away, "hugo").await;
        assert_eq!(said(&back), "revoked");
        assert_eq!(portal.demo.tenant.calls(FaultTarget::Revoke, Some(&upn("omar"))), 1);
        assert!(portal.demo.tenant.claims_asked().iter().all(|claims| claims.contains("cp1")));
        // His session is unchanged.
        assert!(hugo.agent.get("/helpdesk").await.status.is_success());
        portal.demo.stop().await;
    }
}

#[tokio::test]
async fn microsoft_asks_hugo_to_sign_in_again_once_and_the_work_goes_on_where_it_was() {
    for engine in engines() {
        let portal = portal(engine, contoso()).await;
        portal.demo.tenant.add_fault(challenge(FaultTarget::Revoke, 1));
        let (mut hugo, away) = presses(&portal, "hugo").await;
        let again = signs_in(&mut hugo, &away, "hugo").await;
        assert!(again.url.contains("/oauth2/v2.0/authorize"), "{} {}", again.url, again.body);
        let claims = asked_of_entra(&again);
        assert!(claims.contains("\"nbf\"") && claims.contains("cp1"), "what Graph asked for goes to Entra: {claims}");
        assert!(hugo.page().await.body.contains("waits until the agent has signed in at Microsoft again"));
        let back = signs_in(&mut hugo, &again, "hugo").await;
        assert_eq!(said(&back), "revoked", "nothing has to be verified or approved anew");
        let page = hugo.page().await;
        assert_eq!(page.body.matches("data-outcome=\"done\"").count(), 1, "{}", page.main());
        assert!(!page.body.contains("data-outcome=\"waiting\""), "{}", page.main());
        portal.demo.stop().await;
    }
}

#[tokio::test]
async fn a_second_challenge_ends_it_and_says_so() {
    let portal = portal(DatabaseEngine::Sqlite, contoso()).await;
    portal.demo.tenant.add_fault(challenge(FaultTarget::Revoke, 2));
    let (mut hugo, away) = presses(&portal, "hugo").await;
    let again = signs_in(&mut hugo, &away, "hugo").await;
    let back = signs_in(&mut hugo, &again, "hugo").await;
    assert_eq!(said(&back), "c-again-asked");
    assert!(hugo.page().await.body.contains("data-outcome=\"failed\""));
    // The callback is accepted once.
    let late = signs_in(&mut hugo, &again, "hugo").await;
    assert_eq!(late.code(), "S-ATTEMPT");
    portal.demo.stop().await;
}

#[tokio::test]
async fn hana_gets_a_pass_for_wanda_with_her_own_permission_once_another_has_approved_it() {
    let portal = portal(DatabaseEngine::Sqlite, contoso()).await;
    portal.demo.tenant.add_fault(
        InjectedFault::on(FaultTarget::Pass, FaultEffect::ClaimsChallenge).for_person(&upn("wanda")).times(1),
    );
    let mut hana = AgentCase::begins(&portal, "hana", "wanda", "pass").await;
    call_check(&mut hana, &mut account(&portal, "wanda").await).await;
    hana.verifies("in_person").await;
    assert_eq!(said(&hana.press("act", &[("to", "me")]).await), "c-needs-approval", "refused before she leaves");
    assert_eq!(said(&hana.press("second", &[]).await), "approval-asked");
    let mut april = AgentCase { agent: staff(&portal, "april").await, at: hana.at.clone() };
    assert_eq!(said(&april.press("approve", &[]).await), "approved");
    let away = hana.press("act", &[("to", "me")]).await;
    let again = signs_in(&mut hana, &away, "hana").await;
    let shown = signs_in(&mut hana, &again, "hana").await;
    assert!(shown.body.contains("class=\"pass\""), "{} {}", shown.url, shown.body);
    portal.demo.stop().await;
}

#[tokio::test]
async fn only_whoever_pressed_can_come_back_and_only_with_a_role_that_may() {
    let portal = portal(DatabaseEngine::Sqlite, contoso()).await;
    let (mut hugo, away) = presses(&portal, "hugo").await;
    let back = signs_in(&mut hugo, &away, "hana").await;
    assert_eq!(back.code(), "S-SOMEBODY-ELSE");
    assert_eq!(portal.demo.tenant.calls(FaultTarget::Revoke, None), 0);
    // The agent signed out of the portal meanwhile. The token from Microsoft does not replace the session.
    let away = hugo.press("act", &[]).await;
    hugo.agent.post_once("/signout", &[]).await;
    let back = signs_in(&mut hugo, &away, "hugo").await;
    assert!(
        back.url.contains("/oauth2/v2.0/authorize") || back.body.contains("data-code"),
        "{} {}",
        back.url,
        back.body
    );
    assert_eq!(portal.demo.tenant.calls(FaultTarget::Revoke, None), 0);
    portal.demo.stop().await;

    // An agent without a role in Entra is not redirected there.
    let without = TenantSeed::contoso().unwrap().hurry();
    let portal = self::portal(DatabaseEngine::Sqlite, without).await;
    let mut hugo = AgentCase::begins(&portal, "hugo", "omar", "revoke").await;
    call_check(&mut hugo, &mut account(&portal, "omar").await).await;
    assert_eq!(said(&hugo.press("act", &[]).await), "c-own-role");
    portal.demo.stop().await;
}

#[tokio::test]
async fn what_was_verified_for_one_thing_is_good_for_no_other_while_the_agent_is_away() {
    let portal = portal(DatabaseEngine::Sqlite, contoso()).await;
    // The action was to revoke sessions. Then the case action changes to a pass.
    let (mut hugo, away) = presses(&portal, "hugo").await;
    hugo.press("for", &[("action", "pass")]).await;
    let back = signs_in(&mut hugo, &away, "hugo").await;
    assert_eq!(said(&back), "c-expired");
    // The same during the action, after Microsoft has asked for another sign-in.
    hugo.press("for", &[("action", "revoke")]).await;
    portal.demo.tenant.add_fault(challenge(FaultTarget::Revoke, 1));
    let away = hugo.press("act", &[]).await;
    let again = signs_in(&mut hugo, &away, "hugo").await;
    hugo.press("for", &[("action", "pass")]).await;
    let back = signs_in(&mut hugo, &again, "hugo").await;
    assert_eq!(said(&back), "revoked", "what was verified is done, and nothing else");
    assert_eq!(portal.demo.tenant.calls(FaultTarget::Pass, None), 0, "no pass was made");
    portal.demo.stop().await;
}
