//! A person's No always wins: whatever the helpdesk does after its question, and for what exists already.

use passback_emulator::{FaultEffect, FaultTarget, InjectedFault};

use super::cases::{
    AgentCase, answer_request, case_events, complete_call_check, open_request, outcome_code, sign_in_staff,
    sign_in_to_account,
};
use crate::support::portal::{HttpBrowser, TestPortal, available_engines, full_upn};
use crate::support::wait::wait_until;

/// Sends the No of a question that is no longer open.
async fn deny(person: &mut HttpBrowser, id: &str) -> String {
    outcome_code(&person.post(&format!("/account/checks/{id}"), &[("says", "no")]).await)
}

/// M1: the agent closes the case, or gives it another action, before the person answers.
#[tokio::test]
async fn no_counts_after_agent_closed_or_changed_the_case() {
    for engine in available_engines() {
        let portal = TestPortal::start_on(engine).await;
        for (person, what, fields) in [("wanda", "close", vec![]), ("omar", "for", vec![("action", "revoke")])] {
            let mut mine = sign_in_to_account(&portal, person).await;
            let mut hugo = AgentCase::open(&portal, "hugo", person, "pass").await;
            hugo.request_verification("push").await;
            let (id, _) = open_request(&mut mine).await;
            hugo.post_action(what, &fields).await;
            assert_eq!(deny(&mut mine, &id).await, "refused", "{what}");
            assert_eq!(hugo.load_page().await.attribute("data-state"), "locked", "{what}");
            assert_eq!(deny(&mut mine, &id).await, "over", "once");
        }
        assert_eq!(case_events(&portal).await.iter().filter(|event| *event == "case.locked").count(), 2);
        portal.demo.stop().await;
    }
}

/// The question has expired, or was answered with Yes by mistake: the No counts for a day.
#[tokio::test]
async fn no_counts_for_a_day_after_the_question() {
    let portal = TestPortal::start().await;
    let mut wanda = sign_in_to_account(&portal, "wanda").await;
    let mut hugo = AgentCase::open(&portal, "hugo", "wanda", "grant").await;
    complete_call_check(&mut hugo, &mut wanda).await;
    let page = wanda.get("/account").await;
    let id = page.body.split_once("/account/checks/").unwrap_or_else(|| panic!("{}", page.main_text())).1;
    let id = id.split('"').next().unwrap().to_owned();
    assert_eq!(outcome_code(&hugo.post_action("act", &[]).await), "granted");
    assert_eq!(deny(&mut wanda, &id).await, "refused");
    let page = hugo.load_page().await;
    assert_eq!(page.attribute("data-state"), "locked");

    let mut later = AgentCase::open(&portal, "hugo", "omar", "grant").await;
    let mut omar = sign_in_to_account(&portal, "omar").await;
    later.request_verification("push").await;
    let (id, _) = open_request(&mut omar).await;
    let pool = sqlx::SqlitePool::connect(&portal.database).await.unwrap();
    sqlx::query("UPDATE case_checks SET asked_at = asked_at - 90000000").execute(&pool).await.unwrap();
    pool.close().await;
    assert_eq!(deny(&mut omar, &id).await, "over", "not for ever");
    portal.demo.stop().await;
}

/// M2: a pass exists already. It is deleted at Microsoft, also if that fails at first.
#[tokio::test]
async fn no_withdraws_the_pass_and_makes_the_next_case_need_two_people() {
    for engine in available_engines() {
        let portal = TestPortal::start_on(engine).await;
        let mut wanda = sign_in_to_account(&portal, "wanda").await;
        let mut hana = AgentCase::open(&portal, "hana", "wanda", "pass").await;
        complete_call_check(&mut hana, &mut wanda).await;
        hana.request_verification("in_person").await;
        assert_eq!(outcome_code(&hana.post_action("second", &[("to", "me")]).await), "approval-asked");
        let mut april = AgentCase { agent: sign_in_staff(&portal, "april").await, path: hana.path.clone() };
        assert_eq!(outcome_code(&april.post_action("approve", &[]).await), "approved");
        assert!(hana.post_action("act", &[("to", "me")]).await.body.contains("<p class=\"pass\""));
        let page = wanda.get("/account").await;
        let id = page.body.split_once("/account/checks/").unwrap().1.split('"').next().unwrap().to_owned();
        assert!(portal.demo.tenant.has_pass(&full_upn("wanda")));
        let down = InjectedFault::new(FaultTarget::Pass, FaultEffect::Hangup).for_person(&full_upn("wanda"));
        portal.demo.tenant.add_fault(down);
        assert_eq!(deny(&mut wanda, &id).await, "refused");
        portal.demo.tenant.clear_faults();
        let is_withdrawn = async || case_events(&portal).await.contains(&"pass.withdrawn".to_owned());
        wait_until("the pass is deleted at Microsoft", is_withdrawn).await;
        assert!(!portal.demo.tenant.has_pass(&full_upn("wanda")), "nothing is left to sign in with");

        let mut next = AgentCase::open(&portal, "hana", "wanda", "grant").await;
        assert!(next.load_page().await.body.contains("No, I did not call"), "the agent sees the refusal");
        complete_call_check(&mut next, &mut wanda).await;
        next.request_verification("in_person").await;
        assert_eq!(outcome_code(&next.post_action("act", &[]).await), "c-needs-approval");
        portal.demo.stop().await;
    }
}

#[tokio::test]
async fn manager_no_ends_only_their_vouching() {
    let portal = TestPortal::start().await;
    let mut hugo = AgentCase::open(&portal, "hugo", "wanda", "pass").await;
    hugo.request_verification("manager").await;
    let mut mona = sign_in_to_account(&portal, "mona").await;
    assert_eq!(answer_request(&mut mona, "no", &[]).await, "refused");
    let page = hugo.load_page().await;
    assert_eq!(page.attribute("data-state"), "open", "{}", page.main_text());
    portal.demo.stop().await;
}

#[tokio::test]
async fn pause_stops_passes_too() {
    let portal = TestPortal::start().await;
    let mut wanda = sign_in_to_account(&portal, "wanda").await;
    let mut hugo = AgentCase::open(&portal, "hugo", "wanda", "pass").await;
    complete_call_check(&mut hugo, &mut wanda).await;
    hugo.request_verification("in_person").await;
    let pool = sqlx::SqlitePool::connect(&portal.database).await.unwrap();
    sqlx::query("INSERT INTO switches (name, reason, by, at) VALUES ('pause', 'attack', 'hand', 1)")
        .execute(&pool)
        .await
        .unwrap();
    pool.close().await;
    assert_eq!(outcome_code(&hugo.post_action("act", &[]).await), "c-paused");
    portal.demo.stop().await;
}
