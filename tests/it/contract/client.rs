//! Compares every request of the portal with Microsoft's description: only known calls, and the requested permissions
//! are sufficient.

use std::collections::BTreeSet;

use passback::config::RiskConfig;
use passback_emulator::{FaultEffect, FaultTarget, InjectedFault, ReceivedRequest, TenantSeed};

use super::schema::{GraphContract, GraphExchange};
use crate::journey::cases::{AgentCase, account, call_check, said};
use crate::journey::passes::waits_for_the_manager;
use crate::support::portal::{GOOD, PortalSetup, TestPortal, rungs, upn};

/// Application permissions of the setup (`docs/entra-setup.md`). The last two are needed only for notices by Graph and
/// for user risk.
const APPLICATION: [&str; 9] = [
    "User.Read.All",
    "Organization.Read.All",
    "AuditLog.Read.All",
    "Policy.Read.All",
    "RoleManagement.Read.Directory",
    "GroupMember.Read.All",
    "Device.Read.All",
    "Mail.Send",
    "IdentityRiskyUser.ReadWrite.All",
];
/// Delegated permissions of the operator. The last is needed only for `policy.microsoft_check`.
const OPERATOR: [&str; 3] = ["UserAuthenticationMethod.ReadWrite.All", "User.RevokeSessions.All", "User.ReadWrite"];

#[tokio::test]
async fn the_portal_makes_only_calls_that_microsoft_describes() {
    let Some(contract) = GraphContract::load() else { return };
    let lost = InjectedFault::on(
        FaultTarget::Operation,
        FaultEffect::Status { status: 503, code: "x".into(), retry_after: Some(1), graph_body: true },
    )
    .times(1);
    let text = passback_emulator::CONTOSO_SEED;
    let name = "name = \"Wanda Writeback\"";
    let seed =
        TenantSeed::parse(&text.replace(name, &format!("{name}\nrisk = \"high\""))).unwrap().hurry().with_fault(lost);
    let seed = seed.granting("Mail.Send").granting("IdentityRiskyUser.ReadWrite.All").consenting("User.ReadWrite");
    let by_graph = |config: &mut passback::config::Config| {
        config.policy.microsoft_check = true;
        config.risk = Some(RiskConfig { approval_from: None });
        config.helpdesk.alarms.every_seconds = 1;
        config.notify = toml::from_str("kind = \"graph\"\nfrom = \"mona@contoso.example\"").unwrap();
    };
    let portal = TestPortal::with(PortalSetup { seed, ..PortalSetup::adjusted(by_graph) }).await;
    let mut wanda = portal.signed_in("wanda").await;
    let reference = wanda.reset(GOOD).await.reference();
    wanda.until(&reference, |status| rungs(status).len() == 3).await;
    portal.signed_in("gloria").await;
    while portal.demo.tenant.mails().is_empty() {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    portal.browser().sign_in("/signin?purpose=staff", &upn("adam"), "passkey", "").await;
    let mut hugo = portal.browser();
    hugo.sign_in("/signin?purpose=staff", &upn("hugo"), "passkey", "").await;
    assert!(hugo.get("/helpdesk/people?q=gloria").await.body.contains("Gloria Global"));
    let gloria = portal.demo.tenant.object_id(&upn("gloria")).unwrap();
    assert!(hugo.get(&format!("/helpdesk/people/{gloria}")).await.body.contains("Global Administrator"));
    // The helpdesk's actions: revoke sessions, create, check and delete a Temporary Access Pass, dismiss a risk.
    let mut revoke = AgentCase::begins(&portal, "hugo", "omar", "revoke").await;
    call_check(&mut revoke, &mut account(&portal, "omar").await).await;
    assert_eq!(said(&revoke.press("act", &[]).await), "revoked");
    let mut pass = AgentCase::begins(&portal, "hugo", "wanda", "pass").await;
    let (mut mona, at) = waits_for_the_manager(&portal, &mut pass).await;
    assert!(mona.post(&at, &[]).await.body.contains("class=\"pass\""));
    until_asked(&portal, "GET", "/temporaryAccessPassMethods/").await;
    pass.press("close", &[]).await;
    until_asked(&portal, "DELETE", "/temporaryAccessPassMethods/").await;
    let page = hugo.post(&format!("/helpdesk/resets/{reference}/risk"), &[]).await;
    assert!(page.body.contains("Microsoft was told that the risk is over."), "{}", page.main());
    let kinds = held_against(&contract, &portal.demo.tenant.requests());
    for wanted in ["/beta/users/validatePassword", "/identityProtection/riskyUsers/dismiss"] {
        assert!(kinds.iter().any(|(_, template)| template == wanted), "{wanted}: {kinds:?}");
    }
    assert!(kinds.len() >= 16, "the journey covers our calls: {kinds:?}");
    for (method, template) in kinds {
        let resets = template.contains("/authentication/")
            || template.ends_with("/validatePassword")
            || template.ends_with("/revokeSignInSessions");
        let (kind, granted): (_, &[&str]) =
            if resets { ("delegated", &OPERATOR) } else { ("application", &APPLICATION) };
        let takes = contract.permissions(&method, &template, kind).unwrap();
        assert!(takes.iter().any(|p| granted.contains(&p.as_str())), "{method} {template} takes {kind} {takes:?}");
    }
}

async fn until_asked(portal: &TestPortal, method: &str, part: &str) {
    for _ in 0..200 {
        if portal.demo.tenant.seen().iter().any(|(m, path, _)| m == method && path.contains(part)) {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("nobody asked {method} {part}");
}

/// Validates every request, its body and its `$select` against Microsoft's description. Returns method and template of
/// each.
fn held_against(contract: &GraphContract, requests: &[ReceivedRequest]) -> BTreeSet<(String, String)> {
    let mut kinds = BTreeSet::new();
    let mut bodies = BTreeSet::new();
    for sent in requests {
        let beta = sent.path.starts_with("/beta/").then_some(sent.path.as_str());
        let Some(path) = sent.path.strip_prefix("/v1.0").or(beta) else { continue };
        let (method, status) = (sent.method.as_str(), sent.status);
        let exchange = GraphExchange { method, path, request: sent.body.as_ref(), status, response: None };
        assert_eq!(contract.problems(&exchange), Vec::<String>::new(), "{method} {path} -> {status} {:?}", sent.body);
        assert_eq!(contract.unknown_selected(&exchange, &sent.query), Vec::<String>::new(), "{path}?{}", sent.query);
        let template = contract.template(path).unwrap_or_else(|| panic!("{path} has no template"));
        if sent.body.is_some() {
            bodies.insert(template.clone());
        }
        kinds.insert((method.to_owned(), template));
    }
    for part in ["resetPassword", "temporaryAccessPassMethods", "sendMail", "dismiss", "validatePassword"] {
        assert!(
            bodies.iter().any(|template| template.ends_with(part)),
            "no body of {part} was held against it: {bodies:?}"
        );
    }
    kinds
}
