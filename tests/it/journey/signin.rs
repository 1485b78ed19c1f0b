//! Sign-in, and every way in which it ends without a session.

use jiff::SignedDuration;
use passback_emulator::{FaultEffect, FaultTarget, InjectedFault, TenantSeed};
use reqwest::StatusCode;

use crate::support::portal::{PortalSetup, TestPortal, VALID_PASSWORD, full_upn};
use crate::support::wait::{wait_for_value, wait_until};

const OLD_PASSWORD: &str = "Old-River-Stone-7";

fn edited_contoso(change: impl Fn(&str) -> String) -> TenantSeed {
    TenantSeed::parse(&change(passback_emulator::CONTOSO_SEED)).unwrap().with_short_delays()
}

#[tokio::test]
async fn password_sign_in_is_blocked_by_entra() {
    let portal = TestPortal::start().await;
    let mut wanda = portal.browser();
    let page = wanda.sign_in("/signin", &full_upn("wanda"), "password", OLD_PASSWORD).await;
    assert!(page.url.contains("/authorize"), "Entra keeps her: {}", page.url);
    assert!(page.body.contains("AADSTS53003"));
}

#[tokio::test]
async fn guest_and_excluded_person_are_refused() {
    let portal = TestPortal::start().await;
    for (who, code) in
        [("gus_fabrikam.example#EXT#@contoso.example", "S-GUEST"), ("dora@contoso.example", "S-EXCLUDED")]
    {
        let page = portal.browser().sign_in("/signin", who, "passkey", "").await;
        assert_eq!((page.status, page.code()), (StatusCode::FORBIDDEN, code.to_owned()), "{who}");
    }
}

#[tokio::test]
async fn excluded_person_with_password_is_refused_despite_context() {
    let portal = TestPortal::start().await;
    let page = portal.browser().sign_in("/signin", &full_upn("dora"), "password", OLD_PASSWORD).await;
    assert_eq!(page.code(), "S-EXCLUDED");
}

#[tokio::test]
async fn disabled_policy_refuses_sign_in() {
    for state in ["disabled", "enabledForReportingButNotEnforced"] {
        let seed = edited_contoso(|text| text.replace("state = \"enabled\"", &format!("state = \"{state}\"")));
        // The administrator could not sign in to link the operator. The test does not get that far.
        let portal = TestPortal::start_with(PortalSetup { seed, link_operator: false, ..PortalSetup::default() }).await;
        let page = portal.browser().sign_in("/signin", &full_upn("wanda"), "password", OLD_PASSWORD).await;
        assert_eq!(page.code(), "S-POLICY", "{state}: Entra fails open, the portal does not");
    }
}

#[tokio::test]
async fn policy_allowing_password_refuses_sign_in() {
    let seed = edited_contoso(|text| {
        text.replace(
            "strength = \"5e1f0000-0000-4000-8000-000000000001\"",
            "strength = \"00000000-0000-0000-0000-000000000002\"",
        )
    });
    let portal = TestPortal::start_with(PortalSetup { seed, link_operator: false, ..PortalSetup::default() }).await;
    assert_eq!(portal.browser().sign_in("/signin", &full_upn("wanda"), "passkey", "").await.code(), "S-POLICY");
}

#[tokio::test]
async fn policy_with_bypass_refuses_sign_in_despite_context() {
    let rule = "every_time = true";
    for way_round in [
        "conditions = { locations = { includeLocations = [\"All\"], excludeLocations = [\"AllTrusted\"] } }",
        "conditions = { platforms = { includePlatforms = [\"iOS\"], excludePlatforms = [] } }",
        "conditions = { devices = { deviceFilter = { mode = \"exclude\", rule = \"device.isCompliant -eq True\" } } }",
        "conditions = { clientAppTypes = [\"mobileAppsAndDesktopClients\"] }",
        "conditions = { signInRiskLevels = [\"high\"] }",
        "or_controls = [\"compliantDevice\"]",
    ] {
        let seed = edited_contoso(|text| text.replace(rule, &format!("{rule}\n{way_round}")));
        let portal = TestPortal::start_with(PortalSetup { seed, link_operator: false, ..PortalSetup::default() }).await;
        let page = portal.browser().sign_in("/signin", &full_upn("wanda"), "password", OLD_PASSWORD).await;
        assert_eq!(page.code(), "S-POLICY", "{way_round}: Entra let the password in, the portal does not");
        portal.demo.stop().await;
    }
}

#[tokio::test]
async fn excluded_role_holder_is_refused_and_others_sign_in() {
    let rule = "every_time = true";
    let except = "exclude_roles = [\"62e90394-69f5-4237-9190-012177145e10\"]";
    let seed = edited_contoso(|text| text.replace(rule, &format!("{rule}\n{except}")));
    let portal = TestPortal::start_with(PortalSetup { seed, ..PortalSetup::default() }).await;
    assert_eq!(portal.browser().sign_in("/signin", &full_upn("gloria"), "passkey", "").await.code(), "S-EXCLUDED");
    assert!(portal.browser().sign_in("/signin", &full_upn("wanda"), "passkey", "").await.url.ends_with("/reset"));
    portal.demo.stop().await;
}

#[tokio::test]
async fn concurrent_first_sign_ins_share_policy_assessment() {
    // Microsoft's own limit: 1 request per second, and 429 without `Retry-After`.
    let seed = TenantSeed::parse(passback_emulator::CONTOSO_SEED).unwrap();
    let portal = TestPortal::start_with(PortalSetup { seed, link_operator: false, ..PortalSetup::default() }).await;
    let names = ["wanda", "omar", "theo", "luca"];
    let all = names.map(|name| {
        let mut browser = portal.browser();
        async move { browser.sign_in("/signin", &full_upn(name), "passkey", "").await }
    });
    for page in futures_util::future::join_all(all).await {
        // No operator is linked here. This code appears only after the policy was assessed as enforced.
        assert_eq!(page.code(), "G-OPERATOR", "{}", page.body);
    }
    let asked = portal.demo.tenant.count_calls(FaultTarget::Policies, None);
    assert!(asked <= 2, "{asked} questions");
    portal.demo.stop().await;
}

#[tokio::test]
async fn policy_is_assessed_at_start_and_audited() {
    let portal = TestPortal::start_with(PortalSetup { link_operator: false, ..PortalSetup::default() }).await;
    let history = async || {
        let pool = sqlx::SqlitePool::connect(&portal.database).await.unwrap();
        let sql = "SELECT detail FROM audit WHERE event = 'policy.verdict' ORDER BY seq";
        let rows: Vec<(String,)> = sqlx::query_as(sql).fetch_all(&pool).await.unwrap();
        pool.close().await;
        rows.into_iter().map(|(detail,)| detail).collect::<Vec<_>>()
    };
    let first = wait_for_value("both contexts are assessed, with nobody there", history, |rows| rows.len() == 2).await;
    assert!(first.iter().all(|row| row.contains("\"good\":true") && row.contains("excludes-people")), "{first:?}");
    portal.demo.stop().await;
}

#[tokio::test]
async fn entra_error_shows_matching_refusal() {
    let portal = TestPortal::start().await;
    for (aadsts, error, code) in [
        (50105, "access_denied", "S-NOT-ASSIGNED"),
        (53001, "interaction_required", "S-DEVICE"),
        (50079, "interaction_required", "S-ENROL"),
        (50135, "interaction_required", "S-RISK"),
        (50144, "invalid_grant", "S-PASSWORD"),
        (80002, "server_error", "S-ON-PREMISES"),
        (90055, "temporarily_unavailable", "S-BUSY"),
        (65001, "consent_required", "S-SETUP"),
        (70043, "invalid_grant", "S-ATTEMPT"),
    ] {
        let fault = FaultEffect::Aadsts { code: aadsts, error: error.to_owned() };
        portal.demo.tenant.add_fault(InjectedFault::new(FaultTarget::Authorize, fault.clone()).times(1));
        let page = portal.browser().sign_in("/signin", &full_upn("wanda"), "passkey", "").await;
        assert_eq!(page.code(), code, "AADSTS{aadsts} at the sign-in");
        portal
            .demo
            .tenant
            .add_fault(InjectedFault::new(FaultTarget::Token, fault).for_person(&full_upn("wanda")).times(1));
        let page = portal.browser().sign_in("/signin", &full_upn("wanda"), "passkey", "").await;
        assert_eq!(page.code(), code, "AADSTS{aadsts} at the token endpoint");
    }
    portal.demo.stop().await;
}

#[tokio::test]
async fn callback_is_accepted_once_in_same_browser() {
    let portal = TestPortal::start().await;
    let (mut wanda, mut thief) = (portal.browser(), portal.browser());
    let entra = wanda.get("/signin").await;
    let back = wanda.post_once(&entra.url, &[("account", &full_upn("wanda")), ("method", "passkey")]).await;
    let callback = back.headers()["location"].to_str().unwrap().to_owned();
    thief.get("/signin").await;
    assert_eq!(thief.get(&callback).await.code(), "S-ATTEMPT", "another browser");
    assert_eq!(wanda.get(&callback).await.status, StatusCode::OK);
    assert_eq!(wanda.get(&callback).await.code(), "S-ATTEMPT", "replayed");
    assert_eq!(wanda.get("/signin/callback?state=made-up&code=x").await.code(), "S-ATTEMPT");
}

#[tokio::test]
async fn slow_sign_in_succeeds_and_cancelled_one_is_reported() {
    let portal = TestPortal::start().await;
    let mut wanda = portal.browser();
    let entra = wanda.get("/signin").await;
    let back = wanda.post_once(&entra.url, &[("account", &full_upn("wanda")), ("method", "passkey")]).await;
    portal.clock.advance(SignedDuration::from_secs(560));
    let callback = back.headers()["location"].to_str().unwrap().to_owned();
    assert_eq!(wanda.get(&callback).await.status, StatusCode::OK, "within ten minutes");
    let mut late = portal.browser();
    let entra = late.get("/signin").await;
    let cancelled = late
        .get(&format!(
            "{}/signin/callback?error=access_denied&state={}",
            portal.demo.url(),
            state_parameter(&entra.url)
        ))
        .await;
    assert_eq!(cancelled.code(), "S-CANCELLED");
}

#[tokio::test]
async fn stale_sign_in_opens_no_session() {
    let adjust = |config: &mut passback::config::Config| config.signin.max_age_seconds = 300;
    let portal = TestPortal::start_with(PortalSetup::with_config(adjust)).await;
    for (waited, stale) in [(150, false), (450, true)] {
        let mut wanda = portal.browser();
        let entra = wanda.get("/signin").await;
        let back = wanda.post_once(&entra.url, &[("account", &full_upn("wanda")), ("method", "passkey")]).await;
        portal.clock.advance(SignedDuration::from_secs(waited));
        let page = wanda.get(back.headers()["location"].to_str().unwrap()).await;
        assert_eq!(page.body.contains("S-STALE"), stale, "{waited} s: {}", page.body);
        assert_eq!(wanda.get_once("/reset").await.status().is_redirection(), stale, "no session either");
    }
}

fn state_parameter(url: &str) -> String {
    url::Url::parse(url).unwrap().query_pairs().find(|(n, _)| n == "state").unwrap().1.into_owned()
}

#[tokio::test]
async fn sign_in_after_key_rotation_succeeds() {
    let portal = TestPortal::start().await;
    portal.signed_in("omar").await;
    portal.demo.tenant.rotate_signing_key().await.unwrap();
    portal.clock.advance(SignedDuration::from_secs(61));
    portal.signed_in("wanda").await;
}

#[tokio::test]
async fn staff_pages_need_staff_sign_in_with_role() {
    let portal = TestPortal::start().await;
    let mut wanda = portal.browser();
    assert_eq!(wanda.sign_in("/signin?purpose=staff", &full_upn("wanda"), "passkey", "").await.code(), "S-NO-ROLE");
    let mut hugo = portal.browser();
    let page = hugo.sign_in("/signin?purpose=staff", &full_upn("hugo"), "passkey", "").await;
    assert!(page.url.ends_with("/helpdesk"), "{}", page.url);
    assert_eq!(hugo.get("/admin/operator").await.code(), "S-NOT-STAFF", "an agent is no administrator");
    let mut adam = portal.signed_in("adam").await;
    assert_eq!(adam.get("/admin/operator").await.code(), "S-NOT-STAFF", "his own session gives no power");
    let page = adam.sign_in("/signin?purpose=staff", &full_upn("adam"), "passkey", "").await;
    assert!(page.url.ends_with("/admin/operator"), "{}", page.url);
    assert!(page.body.contains("svc-passback@contoso.example"));
    assert_eq!(adam.get_once("/reset").await.headers()["location"], "/signin", "and a staff session is not his own");
}

#[tokio::test]
async fn signing_out_ends_session_here_and_at_entra() {
    let portal = TestPortal::start().await;
    let mut wanda = portal.signed_in("wanda").await;
    let kept = wanda.clone();
    let end = wanda.post("/signout", &[]).await;
    assert_eq!(end.url.trim_end_matches('/'), portal.demo.url(), "through Entra, back to the start");
    let mut old = kept;
    let again = old.get_once("/reset").await;
    assert_eq!(again.headers()["location"], "/signin", "the old cookie opens nothing");
    let silent = wanda.get("/signin").await;
    assert!(silent.body.contains("name=\"account\""), "Entra asks again");
}

#[tokio::test]
async fn idle_session_ends_after_half_an_hour() {
    let portal = TestPortal::start().await;
    let mut wanda = portal.signed_in("wanda").await;
    portal.clock.advance(SignedDuration::from_mins(31));
    let page = wanda.post_once("/reset", &[("password", VALID_PASSWORD), ("again", VALID_PASSWORD)]).await;
    assert_eq!(page.status(), StatusCode::UNAUTHORIZED);
    assert!(page.text().await.unwrap().contains("S-EXPIRED"));
    assert_eq!(portal.demo.tenant.count_calls(FaultTarget::ResetPassword, None), 0);
}

#[tokio::test]
async fn dead_operator_token_is_shown_before_typing() {
    let portal = TestPortal::start().await;
    let mut wanda = portal.signed_in("wanda").await;
    portal.demo.tenant.add_fault(
        InjectedFault::new(FaultTarget::Token, FaultEffect::DeadToken).for_person("svc-passback@contoso.example"),
    );
    portal.clock.advance(SignedDuration::from_mins(64));
    let mut wanda_again = portal.browser();
    let page = wanda_again.sign_in("/signin", &full_upn("wanda"), "passkey", "").await;
    assert_eq!((page.status, page.code()), (StatusCode::SERVICE_UNAVAILABLE, "G-OPERATOR".to_owned()));
    assert!(!page.body.contains("name=\"password\""));
    let _ = wanda.get("/").await;

    // The administrator links the operator again, and resets work.
    portal.demo.tenant.clear_faults();
    let mut adam = portal.browser();
    let page = adam.sign_in("/signin?purpose=staff", &full_upn("adam"), "passkey", "").await;
    assert!(page.body.contains("Link it again"), "{}", page.body);
    let page = adam.sign_in("/admin/operator/link", &full_upn("svc-passback"), "passkey", "").await;
    assert!(page.body.contains("Make this account the operator?"), "{}", page.body);
    adam.post("/admin/operator/confirm", &[]).await;
    let page = wanda_again.get("/reset").await;
    assert!(page.body.contains("name=\"password\""), "{}", page.body);
}

#[tokio::test]
async fn unsuitable_account_cannot_become_operator() {
    let portal = TestPortal::start_with(PortalSetup { link_operator: false, ..PortalSetup::default() }).await;
    let mut adam = portal.browser();
    let page = adam.sign_in("/signin?purpose=staff", &full_upn("adam"), "passkey", "").await;
    assert!(page.body.contains("No operator is linked"));
    for (who, code) in [("adam", "L-YOURSELF"), ("gloria", "L-GLOBAL-ADMIN"), ("wanda", "L-NO-ROLE")] {
        assert_eq!(adam.sign_in("/admin/operator/link", &full_upn(who), "passkey", "").await.code(), code);
    }
    assert_eq!(adam.post("/admin/operator/confirm", &[]).await.code(), "L-NOBODY");
    assert_eq!(portal.signed_in("wanda").await.get("/reset").await.code(), "G-OPERATOR");
}

#[tokio::test]
async fn tenant_wide_operator_needs_explicit_setting() {
    let seed = edited_contoso(|text| {
        text.replace(", scope = \"/administrativeUnits/a0000000-0000-4000-8000-0000000000af\"", "")
    });
    let portal = TestPortal::start_with(PortalSetup { seed, link_operator: false, ..PortalSetup::default() }).await;
    let mut adam = portal.browser();
    adam.sign_in("/signin?purpose=staff", &full_upn("adam"), "passkey", "").await;
    assert_eq!(
        adam.sign_in("/admin/operator/link", &full_upn("svc-passback"), "passkey", "").await.code(),
        "L-TENANT-WIDE"
    );
}

#[tokio::test]
async fn busy_session_ends_after_eight_hours() {
    let portal = TestPortal::start().await;
    let mut wanda = portal.signed_in("wanda").await;
    let reference = wanda.submit_reset(VALID_PASSWORD).await.reference();
    wanda.wait_for_state(&reference, "written").await;
    for _ in 0..17 {
        portal.clock.advance(SignedDuration::from_mins(28));
        assert_eq!(wanda.get(&format!("/resets/{reference}")).await.status, StatusCode::OK);
    }
    portal.clock.advance(SignedDuration::from_mins(10));
    assert_eq!(wanda.get(&format!("/resets/{reference}")).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn operator_without_role_is_detected_by_first_refusal() {
    let portal = TestPortal::start().await;
    let mut wanda = portal.signed_in("wanda").await;
    let denied = FaultEffect::Status {
        status: 403,
        code: "Authorization_RequestDenied".into(),
        retry_after: None,
        graph_body: true,
    };
    portal.demo.tenant.add_fault(InjectedFault::new(FaultTarget::ResetPassword, denied));
    portal.demo.tenant.add_fault(InjectedFault::new(
        FaultTarget::Roles,
        FaultEffect::Body { status: 200, content_type: "application/json".into(), text: "{\"value\":[]}".into() },
    ));
    let reference = wanda.submit_reset(VALID_PASSWORD).await.reference();
    assert_eq!(wanda.wait_for_state(&reference, "refused").await["cause"], "R-ROLE", "not this person: everybody");
    let is_blocked = async || wanda.get("/reset").await.status == StatusCode::SERVICE_UNAVAILABLE;
    wait_until("the form is blocked", is_blocked).await;
    assert_eq!(wanda.get("/reset").await.code(), "G-OPERATOR");
}

#[tokio::test]
async fn missing_context_triggers_one_step_up() {
    let omit = || InjectedFault::new(FaultTarget::Token, FaultEffect::OmitContext).for_person(&full_upn("wanda"));
    for (fault, let_in) in [(omit().times(1), true), (omit(), false)] {
        let portal = TestPortal::start().await;
        portal.demo.tenant.add_fault(fault);
        let mut wanda = portal.browser();
        let again = wanda.sign_in("/signin", &full_upn("wanda"), "passkey", "").await;
        assert!(
            again.url.contains("/oauth2/v2.0/authorize") && again.url.contains("acrs"),
            "one step-up: {}",
            again.url
        );
        let page = wanda.post(&again.url, &[("account", &full_upn("wanda")), ("method", "passkey")]).await;
        if let_in {
            assert!(page.body.contains("name=\"password\""), "{}", page.body);
        } else {
            assert_eq!(page.code(), "S-CONTEXT");
        }
    }
}
