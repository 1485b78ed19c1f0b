//! Agents who act at Microsoft with their own permission, so that Entra's audit log names them and not the operator.

use passback::config::ActAs;
use passback_emulator::{FaultEffect, FaultTarget, InjectedFault, TenantSeed};

use super::cases::{AgentCase, complete_call_check, outcome_code, sign_in_staff, sign_in_to_account};
use crate::support::portal::{DatabaseEngine, PortalSetup, ResponsePage, TestPortal, available_engines, full_upn};

/// Contoso with agents who hold the role in Entra, for the same administrative unit as the operator.
pub(crate) fn seed_with_agent_roles() -> TenantSeed {
    let role = "roles = [{ template = \"c4e39bd9-1100-46d3-8c65-fb160da0071f\", scope = \"/administrativeUnits/a0000000-0000-4000-8000-0000000000af\" }]";
    let with =
        |text: &str, name: &str| text.replace(&format!("name = \"{name}\""), &format!("name = \"{name}\"\n{role}"));
    let text = with(passback_emulator::CONTOSO_SEED, "Hugo Helpdesk");
    TenantSeed::parse(&with(&text, "Hana Helpdesk")).unwrap().with_short_delays()
}

/// Starts a portal without an operator: every action at Microsoft uses the agent's own permission.
pub(crate) async fn start_portal(engine: DatabaseEngine, seed: TenantSeed) -> TestPortal {
    let wish = PortalSetup::with_config(|config| config.helpdesk.act_as = ActAs::Agent);
    TestPortal::start_with(PortalSetup { engine, seed, link_operator: false, ..wish }).await
}

/// Verifies Omar and executes the action. Returns the case and Microsoft's sign-in page.
async fn execute_revocation(portal: &TestPortal, agent: &str) -> (AgentCase, ResponsePage) {
    let mut desk = AgentCase::open(portal, agent, "omar", "revoke").await;
    complete_call_check(&mut desk, &mut sign_in_to_account(portal, "omar").await).await;
    let away = desk.post_action("act", &[]).await;
    assert!(away.url.contains("/oauth2/v2.0/authorize"), "{} {}", away.url, away.body);
    (desk, away)
}

async fn sign_in_at_microsoft(desk: &mut AgentCase, away: &ResponsePage, name: &str) -> ResponsePage {
    desk.agent.post(&away.url, &[("account", &full_upn(name)), ("method", "passkey")]).await
}

fn requested_claims(away: &ResponsePage) -> String {
    let url = url::Url::parse(&away.url).unwrap();
    url.query_pairs().find(|(name, _)| name == "claims").map(|(_, claims)| claims.into_owned()).unwrap()
}

fn challenge_fault(on: FaultTarget, times: u32) -> InjectedFault {
    InjectedFault::new(on, FaultEffect::ClaimsChallenge).for_person(&full_upn("omar")).times(times)
}

#[tokio::test]
async fn hugo_revokes_omars_sessions_with_own_permission() {
    for engine in available_engines() {
        let portal = start_portal(engine, seed_with_agent_roles()).await;
        let (mut hugo, away) = execute_revocation(&portal, "hugo").await;
        let claims = requested_claims(&away);
        assert!(claims.contains("cp1") && claims.contains("\"acrs\""), "{claims}");
        assert!(!away.url.contains("offline_access"), "there is nothing to keep");
        assert_eq!(portal.demo.tenant.count_calls(FaultTarget::Revoke, None), 0, "nothing is done before he is back");
        let back = sign_in_at_microsoft(&mut hugo, &away, "hugo").await;
        assert_eq!(outcome_code(&back), "revoked");
        assert_eq!(portal.demo.tenant.count_calls(FaultTarget::Revoke, Some(&full_upn("omar"))), 1);
        assert!(portal.demo.tenant.requested_claims().iter().all(|claims| claims.contains("cp1")));
        // His session is unchanged.
        assert!(hugo.agent.get("/helpdesk").await.status.is_success());
        portal.demo.stop().await;
    }
}

#[tokio::test]
async fn hugo_answers_claims_challenge_and_action_resumes() {
    for engine in available_engines() {
        let portal = start_portal(engine, seed_with_agent_roles()).await;
        portal.demo.tenant.add_fault(challenge_fault(FaultTarget::Revoke, 1));
        let (mut hugo, away) = execute_revocation(&portal, "hugo").await;
        let again = sign_in_at_microsoft(&mut hugo, &away, "hugo").await;
        assert!(again.url.contains("/oauth2/v2.0/authorize"), "{} {}", again.url, again.body);
        let claims = requested_claims(&again);
        assert!(claims.contains("\"nbf\"") && claims.contains("cp1"), "what Graph asked for goes to Entra: {claims}");
        assert!(hugo.load_page().await.body.contains("waits until the agent has signed in at Microsoft again"));
        let back = sign_in_at_microsoft(&mut hugo, &again, "hugo").await;
        assert_eq!(outcome_code(&back), "revoked", "nothing has to be verified or approved anew");
        let page = hugo.load_page().await;
        assert_eq!(page.body.matches("data-outcome=\"done\"").count(), 1, "{}", page.main_text());
        assert!(!page.body.contains("data-outcome=\"waiting\""), "{}", page.main_text());
        portal.demo.stop().await;
    }
}

#[tokio::test]
async fn second_claims_challenge_fails_action() {
    let portal = start_portal(DatabaseEngine::Sqlite, seed_with_agent_roles()).await;
    portal.demo.tenant.add_fault(challenge_fault(FaultTarget::Revoke, 2));
    let (mut hugo, away) = execute_revocation(&portal, "hugo").await;
    let again = sign_in_at_microsoft(&mut hugo, &away, "hugo").await;
    let back = sign_in_at_microsoft(&mut hugo, &again, "hugo").await;
    assert_eq!(outcome_code(&back), "c-again-asked");
    assert!(hugo.load_page().await.body.contains("data-outcome=\"failed\""));
    // The callback is accepted once.
    let late = sign_in_at_microsoft(&mut hugo, &again, "hugo").await;
    assert_eq!(late.code(), "S-ATTEMPT");
    portal.demo.stop().await;
}

#[tokio::test]
async fn hana_creates_approved_pass_with_own_permission() {
    let portal = start_portal(DatabaseEngine::Sqlite, seed_with_agent_roles()).await;
    portal.demo.tenant.add_fault(
        InjectedFault::new(FaultTarget::Pass, FaultEffect::ClaimsChallenge).for_person(&full_upn("wanda")).times(1),
    );
    let mut hana = AgentCase::open(&portal, "hana", "wanda", "pass").await;
    complete_call_check(&mut hana, &mut sign_in_to_account(&portal, "wanda").await).await;
    hana.request_verification("in_person").await;
    assert_eq!(
        outcome_code(&hana.post_action("act", &[("to", "me")]).await),
        "c-needs-approval",
        "refused before she leaves"
    );
    assert_eq!(outcome_code(&hana.post_action("second", &[("to", "me")]).await), "approval-asked");
    let mut april = AgentCase { agent: sign_in_staff(&portal, "april").await, path: hana.path.clone() };
    assert_eq!(outcome_code(&april.post_action("approve", &[]).await), "approved");
    let away = hana.post_action("act", &[("to", "me")]).await;
    let again = sign_in_at_microsoft(&mut hana, &away, "hana").await;
    let shown = sign_in_at_microsoft(&mut hana, &again, "hana").await;
    assert!(shown.body.contains("class=\"pass\""), "{} {}", shown.url, shown.body);
    portal.demo.stop().await;
}

#[tokio::test]
async fn pending_action_is_resumed_only_by_same_signed_in_agent() {
    let portal = start_portal(DatabaseEngine::Sqlite, seed_with_agent_roles()).await;
    let (mut hugo, away) = execute_revocation(&portal, "hugo").await;
    let back = sign_in_at_microsoft(&mut hugo, &away, "hana").await;
    assert_eq!(back.code(), "S-SOMEBODY-ELSE");
    assert_eq!(portal.demo.tenant.count_calls(FaultTarget::Revoke, None), 0);
    // The agent signed out of the portal meanwhile. The token from Microsoft does not replace the session.
    let away = hugo.post_action("act", &[]).await;
    hugo.agent.post_once("/signout", &[]).await;
    let back = sign_in_at_microsoft(&mut hugo, &away, "hugo").await;
    assert!(
        back.url.contains("/oauth2/v2.0/authorize") || back.body.contains("data-code"),
        "{} {}",
        back.url,
        back.body
    );
    assert_eq!(portal.demo.tenant.count_calls(FaultTarget::Revoke, None), 0);
    portal.demo.stop().await;

    // An agent without a role in Entra is not redirected there.
    let without = TenantSeed::contoso().unwrap().with_short_delays();
    let portal = self::start_portal(DatabaseEngine::Sqlite, without).await;
    let mut hugo = AgentCase::open(&portal, "hugo", "omar", "revoke").await;
    complete_call_check(&mut hugo, &mut sign_in_to_account(&portal, "omar").await).await;
    assert_eq!(outcome_code(&hugo.post_action("act", &[]).await), "c-own-role");
    portal.demo.stop().await;
}

#[tokio::test]
async fn case_action_changed_during_sign_in_is_not_executed() {
    let portal = start_portal(DatabaseEngine::Sqlite, seed_with_agent_roles()).await;
    // The action was to revoke sessions. Then the case action changes to a pass.
    let (mut hugo, away) = execute_revocation(&portal, "hugo").await;
    hugo.post_action("for", &[("action", "pass")]).await;
    let back = sign_in_at_microsoft(&mut hugo, &away, "hugo").await;
    assert_eq!(outcome_code(&back), "c-expired");
    // The same during the action, after Microsoft has asked for another sign-in.
    hugo.post_action("for", &[("action", "revoke")]).await;
    portal.demo.tenant.add_fault(challenge_fault(FaultTarget::Revoke, 1));
    let away = hugo.post_action("act", &[]).await;
    let again = sign_in_at_microsoft(&mut hugo, &away, "hugo").await;
    hugo.post_action("for", &[("action", "pass")]).await;
    let back = sign_in_at_microsoft(&mut hugo, &again, "hugo").await;
    assert_eq!(outcome_code(&back), "revoked", "what was verified is done, and nothing else");
    assert_eq!(portal.demo.tenant.count_calls(FaultTarget::Pass, None), 0, "no pass was made");
    portal.demo.stop().await;
}
