//! Sign-in, and every way in which it ends without a session.

use jiff::SignedDuration;
use passback_emulator::{FaultEffect, FaultTarget, InjectedFault, TenantSeed};
use reqwest::StatusCode;

use crate::support::portal::{GOOD, PortalSetup, TestPortal, upn};

const PASSWORD: &str = "Old-River-Stone-7";

fn contoso(change: impl Fn(&str) -> String) -> TenantSeed {
    TenantSeed::parse(&change(passback_emulator::CONTOSO_SEED)).unwrap().hurry()
}

#[tokio::test]
async fn a_password_does_not_open_the_portal() {
    let portal = TestPortal::start().await;
    let mut wanda = portal.browser();
    let page = wanda.sign_in("/signin", &upn("wanda"), "password", PASSWORD).await;
    assert!(page.url.contains("/authorize"), "Entra keeps her: {}", page.url);
    assert!(page.body.contains("AADSTS53003"));
}

#[tokio::test]
async fn a_guest_and_an_excluded_person_are_refused_by_name() {
    let portal = TestPortal::start().await;
    for (who, code) in
        [("gus_fabrikam.example#EXT#@contoso.example", "S-GUEST"), ("dora@contoso.example", "S-EXCLUDED")]
    {
        let page = portal.browser().sign_in("/signin", who, "passkey", "").await;
        assert_eq!((page.status, page.code()), (StatusCode::FORBIDDEN, code.to_owned()), "{who}");
    }
}

#[tokio::test]
async fn someone_excluded_by_password_alone_is_refused_although_entra_says_the_context_is_met() {
    let portal = TestPortal::start().await;
    let page = portal.browser().sign_in("/signin", &upn("dora"), "password", PASSWORD).await;
    assert_eq!(page.code(), "S-EXCLUDED");
}

#[tokio::test]
async fn without_an_enabled_policy_resets_are_paused() {
    for state in ["disabled", "enabledForReportingButNotEnforced"] {
        let seed = contoso(|text| text.replace("state = \"enabled\"", &format!("state = \"{state}\"")));
        // The administrator could not sign in to link the operator. The test does not get that far.
        let portal = TestPortal::with(PortalSetup { seed, link: false, ..PortalSetup::default() }).await;
        let page = portal.browser().sign_in("/signin", &upn("wanda"), "password", PASSWORD).await;
        assert_eq!(page.code(), "S-POLICY", "{state}: Entra fails open, the portal does not");
    }
}

#[tokio::test]
async fn a_policy_that_allows_the_password_proves_nothing() {
    let seed = contoso(|text| {
        text.replace(
            "strength = \"5e1f0000-0000-4000-8000-000000000001\"",
            "strength = \"00000000-0000-0000-0000-000000000002\"",
        )
    });
    let portal = TestPortal::with(PortalSetup { seed, link: false, ..PortalSetup::default() }).await;
    assert_eq!(portal.browser().sign_in("/signin", &upn("wanda"), "passkey", "").await.code(), "S-POLICY");
}

#[tokio::test]
async fn a_policy_with_a_way_round_it_proves_nothing_although_entra_gives_the_context() {
    let rule = "every_time = true";
    for way_round in [
        "conditions = { locations = { includeLocations = [\"All\"], excludeLocations = [\"AllTrusted\"] } }",
        "conditions = { platforms = { includePlatforms = [\"iOS\"], excludePlatforms = [] } }",
        "conditions = { devices = { deviceFilter = { mode = \"exclude\", rule = \"device.isCompliant -eq True\" } } }",
        "conditions = { clientAppTypes = [\"mobileAppsAndDesktopClients\"] }",
        "conditions = { signInRiskLevels = [\"high\"] }",
        "or_controls = [\"compliantDevice\"]",
    ] {
        let seed = contoso(|text| text.replace(rule, &format!("{rule}\n{way_round}")));
        let portal = TestPortal::with(PortalSetup { seed, link: false, ..PortalSetup::default() }).await;
        let page = portal.browser().sign_in("/signin", &upn("wanda"), "password", PASSWORD).await;
        assert_eq!(page.code(), "S-POLICY", "{way_round}: Entra let the password in, the portal does not");
        portal.demo.stop().await;
    }
}

#[tokio::test]
async fn whoever_holds_an_excluded_role_is_not_covered_and_everybody_else_is() {
    let rule = "every_time = true";
    let except = "exclude_roles = [\"62e90394-69f5-4237-9190-012177145e10\"]";
    let seed = contoso(|text| text.replace(rule, &format!("{rule}\n{except}")));
    let portal = TestPortal::with(PortalSetup { seed, ..PortalSetup::default() }).await;
    assert_eq!(portal.browser().sign_in("/signin", &upn("gloria"), "passkey", "").await.code(), "S-EXCLUDED");
    assert!(portal.browser().sign_in("/signin", &upn("wanda"), "passkey", "").await.url.ends_with("/reset"));
    portal.demo.stop().await;
}

#[tokio::test]
async fn two_people_who_sign_in_within_the_first_second_share_one_look_at_the_policy() {
    // Microsoft's own limit: 1 request per second, and 429 without `Retry-After`.
    let seed = TenantSeed::parse(passback_emulator::CONTOSO_SEED).unwrap();
    let portal = TestPortal::with(PortalSetup { seed, link: false, ..PortalSetup::default() }).await;
    let names = ["wanda", "omar", "theo", "luca"];
    let all = names.map(|name| {
        let mut browser = portal.browser();
        async move { browser.sign_in("/signin", &upn(name), "passkey", "").await }
    });
    for page in futures_util::future::join_all(all).await {
        // No operator is linked here. This code appears only after the policy was assessed as enforced.
        assert_eq!(page.code(), "G-OPERATOR", "{}", page.body);
    }
    let asked = portal.demo.tenant.calls(FaultTarget::Policies, None);
    assert!(asked <= 2, "{asked} questions");
    portal.demo.stop().await;
}

#[tokio::test]
async fn the_policy_is_looked_at_before_anybody_comes_and_a_turn_is_history() {
    let portal = TestPortal::with(PortalSetup { link: false, ..PortalSetup::default() }).await;
    let history = async || {
        let pool = sqlx::SqlitePool::connect(&portal.database).await.unwrap();
        let sql = "SELECT detail FROM audit WHERE event = 'policy.verdict' ORDER BY seq";
        let rows: Vec<(String,)> = sqlx::query_as(sql).fetch_all(&pool).await.unwrap();
        pool.close().await;
        rows.into_iter().map(|(detail,)| detail).collect::<Vec<_>>()
    };
    for _ in 0..100 {
        if history().await.len() == 2 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    let first = history().await;
    assert_eq!(first.len(), 2, "both contexts, with nobody there: {first:?}");
    assert!(first.iter().all(|row| row.contains("\"good\":true") && row.contains("excludes-people")), "{first:?}");
    portal.demo.stop().await;
}

#[tokio::test]
async fn what_entra_says_no_with_is_told_in_words_that_help() {
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
        portal.demo.tenant.add_fault(InjectedFault::on(FaultTarget::Authorize, fault.clone()).times(1));
        let page = portal.browser().sign_in("/signin", &upn("wanda"), "passkey", "").await;
        assert_eq!(page.code(), code, "AADSTS{aadsts} at the sign-in");
        portal.demo.tenant.add_fault(InjectedFault::on(FaultTarget::Token, fault).for_person(&upn("wanda")).times(1));
        let page = portal.browser().sign_in("/signin", &upn("wanda"), "passkey", "").await;
        assert_eq!(page.code(), code, "AADSTS{aadsts} at the token endpoint");
    }
    portal.demo.stop().await;
}

#[tokio::test]
async fn a_callback_counts_once_and_only_in_the_browser_that_began() {
    let portal = TestPortal::start().await;
    let (mut wanda, mut thief) = (portal.browser(), portal.browser());
    let entra = wanda.get("/signin").await;
    let back = wanda.post_once(&entra.url, &[("account", &upn("wanda")), ("method", "passkey")]).await;
    let callback = back.headers()["location"].to_str().unwrap().to_owned();
    thief.get("/signin").await;
    assert_eq!(thief.get(&callback).await.code(), "S-ATTEMPT", "another browser");
    assert_eq!(wanda.get(&callback).await.status, StatusCode::OK);
    assert_eq!(wanda.get(&callback).await.code(), "S-ATTEMPT", "replayed");
    assert_eq!(wanda.get("/signin/callback?state=made-up&code=x").await.code(), "S-ATTEMPT");
}

#[tokio::test]
async fn a_sign_in_that_took_too_long_is_asked_for_again() {
    let portal = TestPortal::start().await;
    let mut wanda = portal.browser();
    let entra = wanda.get("/signin").await;
    let back = wanda.post_once(&entra.url, &[("account", &upn("wanda")), ("method", "passkey")]).await;
    portal.clock.advance(SignedDuration::from_secs(560));
    let callback = back.headers()["location"].to_str().unwrap().to_owned();
    assert_eq!(wanda.get(&callback).await.status, StatusCode::OK, "within ten minutes");
    let mut late = portal.browser();
    let entra = late.get("/signin").await;
    let cancelled = late
        .get(&format!("{}/signin/callback?error=access_denied&state={}", portal.demo.url(), state(&entra.url)))
        .await;
    assert_eq!(cancelled.code(), "S-CANCELLED");
}

#[tokio::test]
async fn a_sign_in_that_entra_saw_too_long_ago_opens_nothing() {
    let adjust = |config: &mut passback::config::Config| config.signin.max_age_seconds = 60;
    let portal = TestPortal::with(PortalSetup::adjusted(adjust)).await;
    for (waited, stale) in [(30, false), (90, true)] {
        let mut wanda = portal.browser();
        let entra = wanda.get("/signin").await;
        let back = wanda.post_once(&entra.url, &[("account", &upn("wanda")), ("method", "passkey")]).await;
        portal.clock.advance(SignedDuration::from_secs(waited));
        let page = wanda.get(back.headers()["location"].to_str().unwrap()).await;
        assert_eq!(page.body.contains("S-STALE"), stale, "{waited} s: {}", page.body);
        assert_eq!(wanda.once("/reset").await.status().is_redirection(), stale, "no session either");
    }
}

fn state(url: &str) -> String {
    url::Url::parse(url).unwrap().query_pairs().find(|(n, _)| n == "state").unwrap().1.into_owned()
}

#[tokio::test]
async fn keys_may_roll_while_somebody_signs_in() {
    let portal = TestPortal::start().await;
    portal.signed_in("omar").await;
    portal.demo.tenant.rotate_keys().await.unwrap();
    portal.clock.advance(SignedDuration::from_secs(61));
    portal.signed_in("wanda").await;
}

#[tokio::test]
async fn staff_pages_need_a_staff_sign_in_with_a_role() {
    let portal = TestPortal::start().await;
    let mut wanda = portal.browser();
    assert_eq!(wanda.sign_in("/signin?purpose=staff", &upn("wanda"), "passkey", "").await.code(), "S-NO-ROLE");
    let mut hugo = portal.browser();
    let page = hugo.sign_in("/signin?purpose=staff", &upn("hugo"), "passkey", "").await;
    assert!(page.url.ends_with("/helpdesk"), "{}", page.url);
    assert_eq!(hugo.get("/admin/operator").await.code(), "S-NOT-STAFF", "an agent is no administrator");
    let mut adam = portal.signed_in("adam").await;
    assert_eq!(adam.get("/admin/operator").await.code(), "S-NOT-STAFF", "his own session gives no power");
    let page = adam.sign_in("/signin?purpose=staff", &upn("adam"), "passkey", "").await;
    assert!(page.url.ends_with("/admin/operator"), "{}", page.url);
    assert!(page.body.contains("svc-passback@contoso.example"));
    assert_eq!(adam.once("/reset").await.headers()["location"], "/signin", "and a staff session is not his own");
}

#[tokio::test]
async fn signing_out_ends_it_here_and_at_entra() {
    let portal = TestPortal::start().await;
    let mut wanda = portal.signed_in("wanda").await;
    let kept = wanda.clone();
    let end = wanda.post("/signout", &[]).await;
    assert_eq!(end.url.trim_end_matches('/'), portal.demo.url(), "through Entra, back to the start");
    let mut old = kept;
    let again = old.once("/reset").await;
    assert_eq!(again.headers()["location"], "/signin", "the old cookie opens nothing");
    let silent = wanda.get("/signin").await;
    assert!(silent.body.contains("name=\"account\""), "Entra asks again");
}

#[tokio::test]
async fn a_session_ends_after_half_an_hour_of_silence() {
    let portal = TestPortal::start().await;
    let mut wanda = portal.signed_in("wanda").await;
    portal.clock.advance(SignedDuration::from_mins(31));
    let page = wanda.post_once("/reset", &[("password", GOOD), ("again", GOOD)]).await;
    assert_eq!(page.status(), StatusCode::UNAUTHORIZED);
    assert!(page.text().await.unwrap().contains("S-EXPIRED"));
    assert_eq!(portal.demo.tenant.calls(FaultTarget::ResetPassword, None), 0);
}

#[tokio::test]
async fn when_the_operators_grant_dies_people_read_so_before_they_type() {
    let portal = TestPortal::start().await;
    let mut wanda = portal.signed_in("wanda").await;
    portal.demo.tenant.add_fault(
        InjectedFault::on(FaultTarget::Token, FaultEffect::DeadToken).for_person("svc-passback@contoso.example"),
    );
    portal.clock.advance(SignedDuration::from_mins(64));
    let mut wanda_again = portal.browser();
    let page = wanda_again.sign_in("/signin", &upn("wanda"), "passkey", "").await;
    assert_eq!((page.status, page.code()), (StatusCode::SERVICE_UNAVAILABLE, "G-OPERATOR".to_owned()));
    assert!(!page.body.contains("name=\"password\""));
    let _ = wanda.get("/").await;

    // The administrator links the operator again, and resets work.
    portal.demo.tenant.clear_faults();
    let mut adam = portal.browser();
    let page = adam.sign_in("/signin?purpose=staff", &upn("adam"), "passkey", "").await;
    assert!(page.body.contains("Link it again"), "{}", page.body);
    let page = adam.sign_in("/admin/operator/link", &upn("svc-passback"), "passkey", "").await;
    assert!(page.body.contains("Make this account the operator?"), "{}", page.body);
    adam.post("/admin/operator/confirm", &[]).await;
    let page = wanda_again.get("/reset").await;
    assert!(page.body.contains("name=\"password\""), "{}", page.body);
}

#[tokio::test]
async fn not_everybody_can_become_the_operator() {
    let portal = TestPortal::with(PortalSetup { link: false, ..PortalSetup::default() }).await;
    let mut adam = portal.browser();
    let page = adam.sign_in("/signin?purpose=staff", &upn("adam"), "passkey", "").await;
    assert!(page.body.contains("No operator is linked"));
    for (who, code) in [("adam", "L-YOURSELF"), ("gloria", "L-GLOBAL-ADMIN"), ("wanda", "L-NO-ROLE")] {
        assert_eq!(adam.sign_in("/admin/operator/link", &upn(who), "passkey", "").await.code(), code);
    }
    assert_eq!(adam.post("/admin/operator/confirm", &[]).await.code(), "L-NOBODY");
    assert_eq!(portal.signed_in("wanda").await.get("/reset").await.code(), "G-OPERATOR");
}

#[tokio::test]
async fn a_tenant_wide_operator_must_be_meant() {
    let seed =
        contoso(|text| text.replace(", scope = \"/administrativeUnits/a0000000-0000-4000-8000-0000000000af\"", ""));
    let portal = TestPortal::with(PortalSetup { seed, link: false, ..PortalSetup::default() }).await;
    let mut adam = portal.browser();
    adam.sign_in("/signin?purpose=staff", &upn("adam"), "passkey", "").await;
    assert_eq!(adam.sign_in("/admin/operator/link", &upn("svc-passback"), "passkey", "").await.code(), "L-TENANT-WIDE");
}

#[tokio::test]
async fn no_session_is_older_than_eight_hours_however_busy() {
    let portal = TestPortal::start().await;
    let mut wanda = portal.signed_in("wanda").await;
    let reference = wanda.reset(GOOD).await.reference();
    wanda.until_state(&reference, "written").await;
    for _ in 0..17 {
        portal.clock.advance(SignedDuration::from_mins(28));
        assert_eq!(wanda.get(&format!("/resets/{reference}")).await.status, StatusCode::OK);
    }
    portal.clock.advance(SignedDuration::from_mins(10));
    assert_eq!(wanda.get(&format!("/resets/{reference}")).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn an_operator_that_lost_its_role_is_noticed_by_the_first_refusal() {
    let portal = TestPortal::start().await;
    let mut wanda = portal.signed_in("wanda").await;
    let denied = FaultEffect::Status {
        status: 403,
        code: "Authorization_RequestDenied".into(),
        retry_after: None,
        graph_body: true,
    };
    portal.demo.tenant.add_fault(InjectedFault::on(FaultTarget::ResetPassword, denied));
    portal.demo.tenant.add_fault(InjectedFault::on(
        FaultTarget::Roles,
        FaultEffect::Body { status: 200, content_type: "application/json".into(), text: "{\"value\":[]}".into() },
    ));
    let reference = wanda.reset(GOOD).await.reference();
    assert_eq!(wanda.until_state(&reference, "refused").await["cause"], "R-ROLE", "not this person: everybody");
    for _ in 0..50 {
        if wanda.get("/reset").await.status == StatusCode::SERVICE_UNAVAILABLE {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert_eq!(wanda.get("/reset").await.code(), "G-OPERATOR");
}

#[tokio::test]
async fn a_missing_context_is_asked_for_once_more_and_not_for_ever() {
    let omit = || InjectedFault::on(FaultTarget::Token, FaultEffect::OmitContext).for_person(&upn("wanda"));
    for (fault, let_in) in [(omit().times(1), true), (omit(), false)] {
        let portal = TestPortal::start().await;
        portal.demo.tenant.add_fault(fault);
        let mut wanda = portal.browser();
        let again = wanda.sign_in("/signin", &upn("wanda"), "passkey", "").await;
        assert!(
            again.url.contains("/oauth2/v2.0/authorize") && again.url.contains("acrs"),
            "one step-up: {}",
            again.url
        );
        let page = wanda.post(&again.url, &[("account", &upn("wanda")), ("method", "passkey")]).await;
        if let_in {
            assert!(page.body.contains("name=\"password\""), "{}", page.body);
        } else {
            assert_eq!(page.code(), "S-CONTEXT");
        }
    }
}
