//! Compares every request of the portal with Microsoft's description: only known calls, and the requested permissions
//! are sufficient.

use std::collections::BTreeSet;

use passback::config::RiskConfig;
use passback_emulator::{FaultEffect, FaultTarget, InjectedFault, ReceivedRequest, TenantSeed};

use super::schema::{GraphContract, GraphExchange};
use crate::journey::cases::{AgentCase, complete_call_check, outcome_code, sign_in_to_account};
use crate::journey::temporary_access_passes::create_pass_for_manager;
use crate::support::portal::{PortalSetup, TestPortal, VALID_PASSWORD, full_upn, reached_checkpoints};
use crate::support::wait::wait_until;

/// Application permissions of the setup (`docs/entra-setup.md`). The last two are needed only for notices by Graph and
/// for user risk.
const APPLICATION_PERMISSIONS: [&str; 9] = [
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
const OPERATOR_PERMISSIONS: [&str; 3] =
    ["UserAuthenticationMethod.ReadWrite.All", "User.RevokeSessions.All", "User.ReadWrite"];

#[tokio::test]
async fn portal_requests_match_microsofts_description() {
    let Some(contract) = GraphContract::load() else { return };
    let lost = InjectedFault::new(
        FaultTarget::Operation,
        FaultEffect::Status { status: 503, code: "x".into(), retry_after: Some(1), graph_body: true },
    )
    .times(1);
    let text = passback_emulator::CONTOSO_SEED;
    let name = "name = \"Wanda Writeback\"";
    let seed = TenantSeed::parse(&text.replace(name, &format!("{name}\nrisk = \"high\"")))
        .unwrap()
        .with_short_delays()
        .with_fault(lost);
    let seed = seed
        .with_application_permission("Mail.Send")
        .with_application_permission("IdentityRiskyUser.ReadWrite.All")
        .with_delegated_permission("User.ReadWrite");
    let by_graph = |config: &mut passback::config::Config| {
        config.policy.microsoft_check = true;
        config.risk = Some(RiskConfig { approval_from: None });
        config.helpdesk.alarms.every_seconds = 1;
        config.notify = toml::from_str("kind = \"graph\"\nfrom = \"mona@contoso.example\"").unwrap();
    };
    let portal = TestPortal::start_with(PortalSetup { seed, ..PortalSetup::with_config(by_graph) }).await;
    let mut wanda = portal.signed_in("wanda").await;
    let reference = wanda.submit_reset(VALID_PASSWORD).await.reference();
    wanda.wait_until(&reference, |status| reached_checkpoints(status).len() == 3).await;
    portal.signed_in("gloria").await;
    wait_until("the notice", async || !portal.demo.tenant.sent_mails().is_empty()).await;
    portal.browser().sign_in("/signin?purpose=staff", &full_upn("adam"), "passkey", "").await;
    let mut hugo = portal.browser();
    hugo.sign_in("/signin?purpose=staff", &full_upn("hugo"), "passkey", "").await;
    assert!(hugo.get("/helpdesk/people?q=gloria").await.body.contains("Gloria Global"));
    let gloria = portal.demo.tenant.object_id(&full_upn("gloria")).unwrap();
    assert!(hugo.get(&format!("/helpdesk/people/{gloria}")).await.body.contains("Global Administrator"));
    // The helpdesk's actions: revoke sessions, create, check and delete a Temporary Access Pass, dismiss a risk.
    let mut revoke = AgentCase::open(&portal, "hugo", "omar", "revoke").await;
    complete_call_check(&mut revoke, &mut sign_in_to_account(&portal, "omar").await).await;
    assert_eq!(outcome_code(&revoke.post_action("act", &[]).await), "revoked");
    let mut pass = AgentCase::open(&portal, "hugo", "wanda", "pass").await;
    let (mut mona, at) = create_pass_for_manager(&portal, &mut pass).await;
    assert!(mona.post(&at, &[]).await.body.contains("class=\"pass\""));
    wait_for_request(&portal, "GET", "/temporaryAccessPassMethods/").await;
    pass.post_action("close", &[]).await;
    wait_for_request(&portal, "DELETE", "/temporaryAccessPassMethods/").await;
    let page = hugo.post(&format!("/helpdesk/resets/{reference}/risk"), &[]).await;
    assert!(page.body.contains("Microsoft was told that the risk is over."), "{}", page.main_text());
    let kinds = validate_requests(&contract, &portal.demo.tenant.received_requests());
    assert_permissions_suffice(&contract, kinds);
}

/// Checks that the journey made the expected kinds of requests, and that our permissions are enough for each.
fn assert_permissions_suffice(contract: &GraphContract, kinds: BTreeSet<(String, String)>) {
    for wanted in ["/beta/users/validatePassword", "/identityProtection/riskyUsers/dismiss"] {
        assert!(kinds.iter().any(|(_, template)| template == wanted), "{wanted}: {kinds:?}");
    }
    assert!(kinds.len() >= 16, "the journey covers our calls: {kinds:?}");
    for (method, template) in kinds {
        let resets = template.contains("/authentication/")
            || template.ends_with("/validatePassword")
            || template.ends_with("/revokeSignInSessions");
        let (kind, granted): (_, &[&str]) =
            if resets { ("delegated", &OPERATOR_PERMISSIONS) } else { ("application", &APPLICATION_PERMISSIONS) };
        let takes = contract.listed_permissions(&method, &template, kind).unwrap();
        assert!(takes.iter().any(|p| granted.contains(&p.as_str())), "{method} {template} takes {kind} {takes:?}");
    }
}

async fn wait_for_request(portal: &TestPortal, method: &str, part: &str) {
    let is_wanted = |(m, path, _): &(String, String, u16)| m == method && path.contains(part);
    let arrived = async || portal.demo.tenant.request_lines().iter().any(is_wanted);
    wait_until(format!("{method} {part}"), arrived).await;
}

/// Validates every request, its body and its `$select` against Microsoft's description. Returns method and template of
/// each.
fn validate_requests(contract: &GraphContract, requests: &[ReceivedRequest]) -> BTreeSet<(String, String)> {
    let mut kinds = BTreeSet::new();
    let mut bodies = BTreeSet::new();
    for sent in requests {
        let beta = sent.path.starts_with("/beta/").then_some(sent.path.as_str());
        let Some(path) = sent.path.strip_prefix("/v1.0").or(beta) else { continue };
        let (method, status) = (sent.method.as_str(), sent.status);
        let exchange = GraphExchange { method, path, request: sent.body.as_ref(), status, response: None };
        assert_eq!(
            contract.find_problems(&exchange),
            Vec::<String>::new(),
            "{method} {path} -> {status} {:?}",
            sent.body
        );
        assert_eq!(
            contract.unknown_selected_properties(&exchange, &sent.query),
            Vec::<String>::new(),
            "{path}?{}",
            sent.query
        );
        let template = contract.matching_template(path).unwrap_or_else(|| panic!("{path} has no template"));
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
