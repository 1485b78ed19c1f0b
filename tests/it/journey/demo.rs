//! Resets of the seeded people, on both database engines: each ends as the demo documents.

use std::time::Duration;

use jiff::SignedDuration;
use passback_emulator::FaultTarget;
use reqwest::StatusCode;

use crate::support::portal::{DatabaseEngine, GOOD, TestPortal, engines, rungs, upn};

/// Resets, waits for the state, and checks cause, page and number of requests.
async fn ends_as(engine: DatabaseEngine, name: &str, state: &str, cause: Option<&str>) {
    let portal = TestPortal::on(engine).await;
    let mut person = portal.signed_in(name).await;
    let page = person.reset(GOOD).await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.body);
    let reference = page.reference();
    let status = person.until_state(&reference, state).await;
    assert_eq!(status["cause"].as_str(), cause, "{name} on {engine:?}: {status}");
    let page = person.get(&format!("/resets/{reference}")).await;
    assert_eq!(page.attribute("data-state"), state);
    assert_eq!(portal.demo.tenant.calls(FaultTarget::ResetPassword, Some(&upn(name))), 1, "sent once");
    portal.demo.stop().await;
}

#[tokio::test]
async fn wandas_password_is_written_and_carried_and_lands() {
    for engine in engines() {
        let portal = TestPortal::on(engine).await;
        let mut wanda = portal.signed_in("wanda").await;
        let reference = wanda.reset(GOOD).await.reference();
        wanda.until_state(&reference, "written").await;
        let status = wanda.until(&reference, |s| rungs(s).len() == 3).await;
        assert_eq!(rungs(&status), ["accepted", "written", "carried"]);
        assert_eq!(status["evidence"][2]["source"], "Microsoft Entra Connect");
        assert_eq!(portal.demo.tenant.directory_accepts(&upn("wanda"), GOOD), Some(true));
        portal.demo.stop().await;
    }
}

#[tokio::test]
async fn omars_writeback_takes_its_time_and_arrives() {
    for engine in engines() {
        ends_as(engine, "omar", "written", None).await;
    }
}

#[tokio::test]
async fn lucas_locked_account_is_unlocked_by_it() {
    for engine in engines() {
        ends_as(engine, "luca", "written", None).await;
    }
}

#[tokio::test]
async fn carls_password_lives_in_the_cloud_alone_and_is_written_there() {
    for engine in engines() {
        ends_as(engine, "carl", "written", None).await;
    }
}

#[tokio::test]
async fn ritas_directory_refuses_and_her_old_password_still_works() {
    for engine in engines() {
        ends_as(engine, "rita", "refused", Some("R-POLICY")).await;
    }
}

#[tokio::test]
async fn olafs_writeback_agent_is_offline() {
    for engine in engines() {
        ends_as(engine, "olaf", "failed", Some("F-AGENT-OFFLINE")).await;
    }
}

#[tokio::test]
async fn svens_outcome_is_split_until_the_cloud_catches_up() {
    for engine in engines() {
        ends_as(engine, "sven", "split", Some("X-SPLIT")).await;
    }
}

#[tokio::test]
async fn claras_password_never_left_the_cloud() {
    for engine in engines() {
        ends_as(engine, "clara", "cloud_only", Some("X-CLOUD-ONLY")).await;
    }
}

#[tokio::test]
async fn pauls_account_is_protected_in_the_directory() {
    for engine in engines() {
        ends_as(engine, "paul", "failed", Some("F-ADMIN-ACTION")).await;
    }
}

#[tokio::test]
async fn dinas_account_is_disabled_in_the_directory() {
    for engine in engines() {
        ends_as(engine, "dina", "failed", Some("F-DISABLED")).await;
    }
}

#[tokio::test]
async fn ninas_reset_fails_for_a_reason_nobody_knows_and_stays_open_to_evidence() {
    for engine in engines() {
        ends_as(engine, "nina", "failed", Some("F-UNRECOGNISED")).await;
    }
}

#[tokio::test]
async fn lottes_operation_is_lost_and_the_audit_log_finds_it_again() {
    for engine in engines() {
        let portal = TestPortal::on(engine).await;
        let mut lotte = portal.signed_in("lotte").await;
        let reference = lotte.reset(GOOD).await.reference();
        lotte.until_state(&reference, "writing").await;
        tokio::time::sleep(Duration::from_millis(1_500)).await;
        portal.clock.advance(SignedDuration::from_secs(70));
        let status = lotte.until(&reference, |s| s["state"] == "unknown" || s["state"] == "written").await;
        if status["state"] == "unknown" {
            assert_eq!(status["cause"], "U-LOST");
        }
        let status = lotte.until_state(&reference, "written").await;
        assert!(rungs(&status).contains(&"carried".to_owned()), "settled by evidence: {status}");
        portal.demo.stop().await;
    }
}

#[tokio::test]
async fn theo_waits_in_line_and_his_password_is_sent_again_once() {
    for engine in engines() {
        let portal = TestPortal::on(engine).await;
        let mut theo = portal.signed_in("theo").await;
        let reference = theo.reset(GOOD).await.reference();
        theo.until_state(&reference, "written").await;
        assert_eq!(portal.demo.tenant.calls(FaultTarget::ResetPassword, Some(&upn("theo"))), 2, "429, then once more");
        portal.demo.stop().await;
    }
}

#[tokio::test]
async fn people_the_operator_may_not_reset_are_told_before_they_type() {
    for engine in engines() {
        let portal = TestPortal::on(engine).await;
        for (name, code) in [("gloria", "G-PROTECTED"), ("petra", "G-PROTECTED")] {
            let mut browser = portal.browser();
            let page = browser.sign_in("/signin", &upn(name), "passkey", "").await;
            assert_eq!(page.code(), code, "{name}");
            assert!(!page.body.contains("name=\"password\""), "there is nothing to type");
            let tried = browser.reset(GOOD).await;
            assert_eq!(tried.code(), code, "and a form sent all the same goes nowhere");
        }
        assert_eq!(portal.demo.tenant.calls(FaultTarget::ResetPassword, None), 0);
        portal.demo.stop().await;
    }
}
