//! Resets of the seeded people, on both database engines: each ends as the demo documents.

use jiff::SignedDuration;
use passback_emulator::FaultTarget;
use reqwest::StatusCode;

use crate::support::portal::{
    DatabaseEngine, TestPortal, VALID_PASSWORD, available_engines, full_upn, reached_checkpoints,
};
use crate::support::wait::wait_until;

/// Resets, waits for the state, and checks cause, page and number of requests.
async fn assert_reset_ends(engine: DatabaseEngine, name: &str, state: &str, cause: Option<&str>) {
    let portal = TestPortal::start_on(engine).await;
    let mut person = portal.signed_in(name).await;
    let page = person.submit_reset(VALID_PASSWORD).await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.body);
    let reference = page.reference();
    let status = person.wait_for_state(&reference, state).await;
    assert_eq!(status["cause"].as_str(), cause, "{name} on {engine:?}: {status}");
    let page = person.get(&format!("/resets/{reference}")).await;
    assert_eq!(page.attribute("data-state"), state);
    assert_eq!(portal.demo.tenant.count_calls(FaultTarget::ResetPassword, Some(&full_upn(name))), 1, "sent once");
    portal.demo.stop().await;
}

#[tokio::test]
async fn wandas_password_is_written_carried_and_landed() {
    for engine in available_engines() {
        let portal = TestPortal::start_on(engine).await;
        let mut wanda = portal.signed_in("wanda").await;
        let reference = wanda.submit_reset(VALID_PASSWORD).await.reference();
        wanda.wait_for_state(&reference, "written").await;
        let status = wanda.wait_until(&reference, |s| reached_checkpoints(s).len() == 3).await;
        assert_eq!(reached_checkpoints(&status), ["accepted", "written", "carried"]);
        assert_eq!(status["evidence"][2]["source"], "Microsoft Entra Connect");
        assert_eq!(portal.demo.tenant.is_directory_password(&full_upn("wanda"), VALID_PASSWORD), Some(true));
        portal.demo.stop().await;
    }
}

#[tokio::test]
async fn omars_slow_writeback_succeeds() {
    for engine in available_engines() {
        assert_reset_ends(engine, "omar", "written", None).await;
    }
}

#[tokio::test]
async fn lucas_locked_account_is_written() {
    for engine in available_engines() {
        assert_reset_ends(engine, "luca", "written", None).await;
    }
}

#[tokio::test]
async fn carls_cloud_account_is_written() {
    for engine in available_engines() {
        assert_reset_ends(engine, "carl", "written", None).await;
    }
}

#[tokio::test]
async fn ritas_reset_is_refused_by_directory_policy() {
    for engine in available_engines() {
        assert_reset_ends(engine, "rita", "refused", Some("R-POLICY")).await;
    }
}

#[tokio::test]
async fn olafs_reset_fails_with_writeback_agent_offline() {
    for engine in available_engines() {
        assert_reset_ends(engine, "olaf", "failed", Some("F-AGENT-OFFLINE")).await;
    }
}

#[tokio::test]
async fn svens_reset_ends_split() {
    for engine in available_engines() {
        assert_reset_ends(engine, "sven", "split", Some("X-SPLIT")).await;
    }
}

#[tokio::test]
async fn claras_reset_ends_cloud_only() {
    for engine in available_engines() {
        assert_reset_ends(engine, "clara", "cloud_only", Some("X-CLOUD-ONLY")).await;
    }
}

#[tokio::test]
async fn pauls_reset_fails_for_protected_account() {
    for engine in available_engines() {
        assert_reset_ends(engine, "paul", "failed", Some("F-ADMIN-ACTION")).await;
    }
}

#[tokio::test]
async fn dinas_reset_fails_for_disabled_account() {
    for engine in available_engines() {
        assert_reset_ends(engine, "dina", "failed", Some("F-DISABLED")).await;
    }
}

#[tokio::test]
async fn ninas_reset_fails_with_unrecognised_cause() {
    for engine in available_engines() {
        assert_reset_ends(engine, "nina", "failed", Some("F-UNRECOGNISED")).await;
    }
}

#[tokio::test]
async fn lottes_lost_operation_is_resolved_by_audit_log() {
    for engine in available_engines() {
        let portal = TestPortal::start_on(engine).await;
        let mut lotte = portal.signed_in("lotte").await;
        let reference = lotte.submit_reset(VALID_PASSWORD).await.reference();
        // The portal has asked for the operation once, and stored that it was not found.
        let count = || portal.demo.tenant.count_calls(FaultTarget::Operation, Some(&full_upn("lotte")));
        wait_until("the operation is requested", async || count() > 0).await;
        portal.wait_for_round("reset-tracker").await;
        portal.clock.advance(SignedDuration::from_secs(70));
        let status = lotte.wait_until(&reference, |s| s["state"] == "unknown" || s["state"] == "written").await;
        if status["state"] == "unknown" {
            assert_eq!(status["cause"], "U-LOST");
        }
        let status = lotte.wait_for_state(&reference, "written").await;
        assert!(reached_checkpoints(&status).contains(&"carried".to_owned()), "settled by evidence: {status}");
        portal.demo.stop().await;
    }
}

#[tokio::test]
async fn theos_throttled_reset_is_sent_again_once() {
    for engine in available_engines() {
        let portal = TestPortal::start_on(engine).await;
        let mut theo = portal.signed_in("theo").await;
        let reference = theo.submit_reset(VALID_PASSWORD).await.reference();
        theo.wait_for_state(&reference, "written").await;
        assert_eq!(
            portal.demo.tenant.count_calls(FaultTarget::ResetPassword, Some(&full_upn("theo"))),
            2,
            "429, then once more"
        );
        portal.demo.stop().await;
    }
}

#[tokio::test]
async fn protected_people_are_told_before_typing() {
    for engine in available_engines() {
        let portal = TestPortal::start_on(engine).await;
        for (name, code) in [("gloria", "G-PROTECTED"), ("petra", "G-PROTECTED")] {
            let mut browser = portal.browser();
            let page = browser.sign_in("/signin", &full_upn(name), "passkey", "").await;
            assert_eq!(page.code(), code, "{name}");
            assert!(!page.body.contains("name=\"password\""), "there is nothing to type");
            let tried = browser.submit_reset(VALID_PASSWORD).await;
            assert_eq!(tried.code(), code, "and a form sent all the same goes nowhere");
        }
        assert_eq!(portal.demo.tenant.count_calls(FaultTarget::ResetPassword, None), 0);
        portal.demo.stop().await;
    }
}
