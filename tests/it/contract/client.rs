//! Every request of ours, against Microsoft's description: known calls only, and the permissions we ask for suffice.

use passback::tenant::{Call, Effect, Fault, Seed};

use super::schema::{Contract, Exchange};
use crate::support::portal::{GOOD, Portal, Wish, rungs, upn};

/// What the setup grants: `docs/entra-setup.md`; the last two only for notices by Graph and for risk at the helpdesk.
const APPLICATION: [&str; 9] = [
    "User.Read.All",
    "Organization.Read.All",
    "AuditLog.Read.All",
    "Policy.Read.All",
    "RoleManagement.Read.Directory",
    "GroupMember.Read.All",
    "Device.Read.All",
    "Mail.Send",
    "IdentityRiskyUser.Read.All",
];
/// The last only for `policy.microsoft_check`.
const OPERATOR: [&str; 3] = ["UserAuthenticationMethod.ReadWrite.All", "User.RevokeSessions.All", "User.ReadWrite"];

#[tokio::test]
async fn the_portal_makes_only_calls_that_microsoft_describes() {
    let Some(contract) = Contract::load() else { return };
    let lost = Fault::on(
        Call::Operation,
        Effect::Status { status: 503, code: "x".into(), retry_after: Some(1), graph_body: true },
    )
    .times(1);
    let seed = Seed::contoso().unwrap().hurry().with_fault(lost).granting("Mail.Send").consenting("User.ReadWrite");
    let by_graph = |config: &mut passback::config::Config| {
        config.policy.microsoft_check = true;
        config.notify = toml::from_str("kind = \"graph\"\nfrom = \"mona@contoso.example\"").unwrap();
    };
    let portal = Portal::with(Wish { seed, ..Wish::adjusted(by_graph) }).await;
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
    let mut kinds = std::collections::BTreeSet::new();
    for (method, path, status) in portal.demo.tenant.seen() {
        let beta = path.starts_with("/beta/").then_some(path.as_str());
        let Some(path) = path.strip_prefix("/v1.0").or(beta) else { continue };
        let exchange = Exchange { method: &method, path, request: None, status, response: None };
        assert_eq!(contract.problems(&exchange), Vec::<String>::new(), "{method} {path} -> {status}");
        kinds.insert((method, contract.template(path).unwrap_or_else(|| panic!("{path} has no template"))));
    }
    assert!(kinds.iter().any(|(_, template)| template == "/beta/users/validatePassword"), "{kinds:?}");
    assert!(kinds.len() >= 8, "the journey covers our calls: {kinds:?}");
    for (method, template) in kinds {
        let resets = template.contains("/authentication/") || template.ends_with("/validatePassword");
        let (kind, granted): (_, &[&str]) =
            if resets { ("delegated", &OPERATOR) } else { ("application", &APPLICATION) };
        let takes = contract.permissions(&method, &template, kind).unwrap();
        assert!(takes.iter().any(|p| granted.contains(&p.as_str())), "{method} {template} takes {kind} {takes:?}");
    }
}
