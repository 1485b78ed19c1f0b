//! Helpdesk cases: callers are verified, actions approved and executed. A deceived or dishonest agent cannot skip a
//! step.

use std::collections::BTreeSet;

use passback::config::ApprovalRequirement;
use passback_emulator::TenantSeed;
use reqwest::StatusCode;

use crate::support::portal::{DatabaseEngine, GOOD, HttpBrowser, PortalSetup, ResponsePage, TestPortal, engines, upn};

pub(crate) async fn staff(portal: &TestPortal, name: &str) -> HttpBrowser {
    let mut browser = portal.browser();
    let page = browser.sign_in("/signin?purpose=staff", &upn(name), "passkey", "").await;
    assert!(page.status.is_success(), "{name}: {}", page.body);
    browser
}

/// A case as an agent sees it: the agent's browser and the path of the case.
pub(crate) struct AgentCase {
    pub(crate) agent: HttpBrowser,
    pub(crate) at: String,
}

impl AgentCase {
    pub(crate) async fn begins(portal: &TestPortal, agent: &str, person: &str, action: &str) -> Self {
        let mut agent = staff(portal, agent).await;
        let page = agent.post("/helpdesk/cases", &[("person", &upn(person)), ("action", action)]).await;
        assert!(page.url.contains("/helpdesk/cases/"), "{}: {}", page.url, page.body);
        let at = format!("/helpdesk/cases/{}", page.url.rsplit('/').next().unwrap());
        Self { agent, at }
    }

    pub(crate) async fn press(&mut self, what: &str, fields: &[(&str, &str)]) -> ResponsePage {
        self.agent.post(&format!("{}/{what}", self.at), fields).await
    }

    pub(crate) async fn verifies(&mut self, method: &str) -> ResponsePage {
        self.press("verify", &[("method", method)]).await
    }

    pub(crate) async fn page(&mut self) -> ResponsePage {
        self.agent.get(&self.at).await
    }

    /// Returns the words that the agent has to say.
    pub(crate) async fn words(&mut self) -> Vec<String> {
        let page = self.page().await;
        let said = page.body.split("<p class=\"words\"").nth(1).unwrap_or_else(|| panic!("{}", page.main()));
        let said = said.split("</p>").next().unwrap();
        said.split("<strong>").skip(1).map(|word| word.split('<').next().unwrap().to_owned()).collect()
    }
}

/// Returns the code of the outcome, from the query parameter `said`.
pub(crate) fn said(page: &ResponsePage) -> String {
    page.url.split("said=").nth(1).unwrap_or_else(|| panic!("nothing said: {} {}", page.url, page.body)).to_owned()
}

/// Signs the person or the manager in to their own page.
pub(crate) async fn account(portal: &TestPortal, name: &str) -> HttpBrowser {
    let mut browser = portal.browser();
    let page = browser.sign_in("/account", &upn(name), "passkey", "").await;
    assert!(page.url.ends_with("/account"), "{}", page.url);
    browser
}

/// Returns the id of the open verification request on that page.
pub(crate) async fn question(who: &mut HttpBrowser) -> (String, ResponsePage) {
    let page = who.get("/account").await;
    let id = page.body.split("id=\"q-").nth(1).unwrap_or_else(|| panic!("no question: {}", page.main()));
    (id.split('"').next().unwrap().to_owned(), page)
}

pub(crate) async fn answers(who: &mut HttpBrowser, says: &str, words: &[String]) -> String {
    let (id, _) = question(who).await;
    let mut fields = vec![("says", says)];
    fields.extend(words.iter().map(|word| ("word", word.as_str())));
    said(&who.post(&format!("/account/checks/{id}"), &fields).await)
}

/// Completes a successful call check.
pub(crate) async fn call_check(desk: &mut AgentCase, person: &mut HttpBrowser) {
    assert_eq!(said(&desk.verifies("call_check").await), "asked");
    let words = desk.words().await;
    assert_eq!(answers(person, "yes", &words).await, "confirmed");
}

async fn events(portal: &TestPortal) -> Vec<String> {
    const SQL: &str = "SELECT event, detail FROM audit WHERE event LIKE 'case.%' OR event LIKE 'guard.%' ORDER BY seq";
    let rows: Vec<(String, String)> = if portal.database.starts_with("sqlite") {
        sqlx::query_as(SQL).fetch_all(&sqlx::SqlitePool::connect(&portal.database).await.unwrap()).await.unwrap()
    } else {
        sqlx::query_as(SQL).fetch_all(&sqlx::PgPool::connect(&portal.database).await.unwrap()).await.unwrap()
    };
    let code = |detail: &str| {
        let detail: serde_json::Value = serde_json::from_str(detail).unwrap();
        detail["code"].as_str().map(|code| format!(" {code}")).unwrap_or_default()
    };
    rows.into_iter().map(|(event, detail)| format!("{event}{}", code(&detail))).collect()
}

#[tokio::test]
async fn wanda_may_reset_once_after_hugo_has_checked_that_it_is_her_who_calls() {
    for engine in engines() {
        let always = PortalSetup {
            engine,
            ..PortalSetup::adjusted(|config| config.reset.approval = ApprovalRequirement::Always)
        };
        let portal = TestPortal::with(always).await;
        let mut wanda = portal.signed_in("wanda").await;
        assert_eq!(wanda.get("/reset").await.code(), "G-APPROVAL");
        let mut hugo = AgentCase::begins(&portal, "hugo", "wanda", "grant").await;
        assert_eq!(said(&hugo.press("act", &[]).await), "c-not-enough");
        assert_eq!(said(&hugo.verifies("call_check").await), "asked");
        assert_eq!(said(&hugo.verifies("call_check").await), "c-waiting");
        let words = hugo.words().await;
        let (_, page) = question(&mut wanda).await;
        for part in
            ["Hugo Helpdesk from the helpdesk asks to verify you", "Allow a password reset", "Did you call them?"]
        {
            assert!(page.body.contains(part), "{part}: {}", page.main());
        }
        assert_eq!(page.body.matches("name=\"word\"").count(), 9);
        assert_eq!(answers(&mut wanda, "yes", &words).await, "confirmed");
        let page = hugo.page().await;
        assert_eq!(page.attribute("data-enough"), "true", "{}", page.main());
        assert!(!page.body.contains("class=\"words\""), "answered: the words are gone");
        assert_eq!(said(&hugo.press("act", &[]).await), "granted");
        assert_eq!(said(&hugo.press("act", &[]).await), "c-not-enough", "one verification, one action");
        let reference = wanda.reset(GOOD).await.reference();
        wanda.until_state(&reference, "written").await;
        assert_eq!(wanda.get("/reset").await.code(), "G-APPROVAL", "used up");
        let page = wanda.get("/account").await;
        assert!(page.body.contains("Allow a password reset") && page.body.contains("Hugo Helpdesk"), "{}", page.main());
        assert_eq!(
            events(&portal).await,
            [
                "case.opened",
                "case.refused C-NOT-ENOUGH",
                "case.asked",
                "case.refused C-WAITING",
                "case.answered",
                "case.verified",
                "case.acted",
                "case.refused C-NOT-ENOUGH",
                "guard.grant_used",
            ]
        );
        portal.demo.stop().await;
    }
}

#[tokio::test]
async fn who_did_not_call_says_no_and_the_case_is_locked() {
    for engine in engines() {
        let portal = TestPortal::on(engine).await;
        let mut wanda = account(&portal, "wanda").await;
        let mut hugo = AgentCase::begins(&portal, "hugo", "wanda", "revoke").await;
        hugo.verifies("push").await;
        let (id, _) = question(&mut wanda).await;
        assert_eq!(answers(&mut wanda, "no", &[]).await, "refused");
        let page = hugo.page().await;
        assert_eq!(page.attribute("data-state"), "locked");
        assert!(page.body.contains("Tell your security team"), "{}", page.main());
        for what in ["act", "verify", "second", "take", "close"] {
            let page = hugo.press(what, &[("method", "in_person")]).await;
            assert_eq!(said(&page), "c-not-open", "{what}");
        }
        let again = wanda.post(&format!("/account/checks/{id}"), &[("says", "yes")]).await;
        assert_eq!(said(&again), "over", "a no stays");
        assert!(events(&portal).await.contains(&"case.locked".to_owned()));
        portal.demo.stop().await;
    }
}

#[tokio::test]
async fn three_wrong_answers_lock_the_case_and_five_a_day_the_person() {
    let portal = TestPortal::start().await;
    let mut wanda = account(&portal, "wanda").await;
    for (locked_after, last) in [(3, "open"), (2, "open")] {
        let mut hugo = AgentCase::begins(&portal, "hugo", "wanda", "grant").await;
        for _ in 0..locked_after {
            assert_eq!(hugo.page().await.attribute("data-state"), last);
            assert_eq!(said(&hugo.verifies("call_check").await), "asked");
            let words = hugo.words().await;
            // Two of the three words are as wrong as any other choice.
            assert_eq!(answers(&mut wanda, "yes", &words[..2]).await, "wrong");
        }
        let expected = if locked_after == 3 { "locked" } else { "open" };
        assert_eq!(hugo.page().await.attribute("data-state"), expected);
        if expected == "open" {
            assert_eq!(said(&hugo.verifies("push").await), "c-too-often");
        }
    }
    let mut hana = staff(&portal, "hana").await;
    let page = hana.post("/helpdesk/cases", &[("person", &upn("wanda")), ("action", "grant")]).await;
    assert_eq!(page.code(), "C-TOO-OFTEN");
    portal.demo.stop().await;
}

#[tokio::test]
async fn one_agents_word_moves_nothing_and_a_second_agents_does() {
    let portal = TestPortal::start().await;
    let mut hugo = AgentCase::begins(&portal, "hugo", "omar", "revoke").await;
    assert_eq!(said(&hugo.verifies("in_person").await), "attested");
    assert_eq!(said(&hugo.verifies("in_person").await), "c-said-already");
    let page = hugo.page().await;
    assert!(page.body.contains("Somebody has to sign in and confirm"), "{}", page.main());
    assert_eq!(said(&hugo.press("act", &[]).await), "c-not-enough");
    let mut hana = AgentCase { agent: staff(&portal, "hana").await, at: hugo.at.clone() };
    assert_eq!(said(&hana.verifies("in_person").await), "attested");
    let mut omar = account(&portal, "omar").await;
    assert_eq!(said(&hugo.press("act", &[]).await), "revoked");
    assert_eq!(omar.once("/account").await.status(), StatusCode::SEE_OTHER, "our own sessions end, too");
    assert!(portal.demo.tenant.seen().iter().any(|(_, path, _)| path.ends_with("/revokeSignInSessions")));
    portal.demo.stop().await;
}

#[tokio::test]
async fn a_number_that_just_changed_proves_nothing() {
    let portal = TestPortal::start().await;
    let mut hugo = AgentCase::begins(&portal, "hugo", "wanda", "grant").await;
    assert!(hugo.page().await.body.contains("+44 20 7946 0101"));
    assert_eq!(said(&hugo.verifies("call_back").await), "c-number-new");
    // 15 days later.
    let pool = sqlx::SqlitePool::connect(&portal.database).await.unwrap();
    let sql = "UPDATE person_numbers SET first_seen_at = first_seen_at - 1296000000";
    assert!(sqlx::query(sql).execute(&pool).await.unwrap().rows_affected() > 0);
    assert_eq!(said(&hugo.verifies("call_back").await), "attested");
    portal.demo.stop().await;
}

#[tokio::test]
async fn a_pass_is_seen_by_the_manager_once_and_by_nobody_else() {
    for engine in engines() {
        let portal = TestPortal::on(engine).await;
        let mut wanda = account(&portal, "wanda").await;
        let mut mona = account(&portal, "mona").await;
        let mut hugo = AgentCase::begins(&portal, "hugo", "wanda", "pass").await;
        call_check(&mut hugo, &mut wanda).await;
        assert_eq!(said(&hugo.press("act", &[]).await), "c-not-enough", "a call check gives no pass");
        assert_eq!(said(&hugo.verifies("manager").await), "asked");
        let (_, page) = question(&mut mona).await;
        assert!(page.body.contains("asks you to vouch for Wanda Writeback"), "{}", page.main());
        assert_eq!(answers(&mut mona, "yes", &[]).await, "confirmed");
        assert_eq!(said(&hugo.press("act", &[("to", "me")]).await), "c-needs-approval");
        assert_eq!(said(&hugo.press("act", &[]).await), "pass-waits");
        let page = mona.get("/account").await;
        let action = page.body.split("/account/passes/").nth(1).unwrap().split('"').next().unwrap().to_owned();
        let at = format!("/account/passes/{action}");
        assert_eq!(wanda.post_once(&at, &[]).await.status(), StatusCode::NOT_FOUND, "not for others");
        let shown = mona.post(&at, &[]).await;
        let code = shown.body.split("<p class=\"pass\"").nth(1).unwrap().split("<bdi>").nth(1).unwrap();
        let code = code.split('<').next().unwrap().to_owned();
        assert!(code.len() >= 8, "{code}");
        assert_eq!(mona.post_once(&at, &[]).await.status(), StatusCode::NOT_FOUND, "shown once");
        assert!(!hugo.page().await.body.contains(&code) && !mona.get("/account").await.body.contains(&code));
        assert!(!dump(&portal).await.contains(&code), "it is kept nowhere");
        let mut newcomer = portal.browser();
        let page = newcomer.sign_in("/signin", &upn("wanda"), "tap", &code).await;
        assert!(page.url.ends_with("/reset"), "{}", page.url);
        let page = portal.browser().sign_in("/signin", &upn("wanda"), "tap", &code).await;
        assert!(!page.url.ends_with("/reset"), "good for one sign-in");
        portal.demo.stop().await;
    }
}

/// Returns the content of the case tables and the audit tables as text.
async fn dump(portal: &TestPortal) -> String {
    let mut all = String::new();
    for table in ["cases", "case_checks", "case_verdicts", "case_actions", "case_notes", "audit", "audit_personal"] {
        let sql = if portal.database.starts_with("sqlite") {
            let columns: Vec<(String,)> = sqlx::query_as("SELECT name FROM pragma_table_info($1)")
                .bind(table)
                .fetch_all(&sqlx::SqlitePool::connect(&portal.database).await.unwrap())
                .await
                .unwrap();
            let columns: Vec<String> = columns.into_iter().map(|(c,)| format!("COALESCE({c}, '')")).collect();
            format!("SELECT CAST({} AS TEXT) FROM {table}", columns.join(" || ' ' || "))
        } else {
            format!("SELECT CAST({table}.* AS TEXT) FROM {table}")
        };
        let sql = sqlx::AssertSqlSafe(sql);
        let rows: Vec<(String,)> = if portal.database.starts_with("sqlite") {
            sqlx::query_as(sql).fetch_all(&sqlx::SqlitePool::connect(&portal.database).await.unwrap()).await.unwrap()
        } else {
            sqlx::query_as(sql).fetch_all(&sqlx::PgPool::connect(&portal.database).await.unwrap()).await.unwrap()
        };
        all.extend(rows.into_iter().map(|(row,)| row + "\n"));
    }
    assert!(all.contains("case.opened"), "{all}");
    all
}

#[tokio::test]
async fn an_agent_sees_a_pass_only_after_a_second_person_and_two_agents_do_not_take_turns() {
    let portal = TestPortal::start().await;
    let mut wanda = account(&portal, "wanda").await;
    let mut hana = AgentCase::begins(&portal, "hana", "wanda", "pass").await;
    call_check(&mut hana, &mut wanda).await;
    hana.verifies("in_person").await;
    assert_eq!(said(&hana.press("second", &[]).await), "approval-asked");
    assert_eq!(said(&hana.press("approve", &[]).await), "c-own-approval", "although she is an approver");
    let mut april = AgentCase { agent: staff(&portal, "april").await, at: hana.at.clone() };
    assert!(april.page().await.body.contains("Approve: Give a Temporary Access Pass"));
    assert_eq!(said(&april.press("approve", &[]).await), "approved");
    assert_eq!(said(&april.press("approve", &[]).await), "c-expired", "once");
    let shown = hana.press("act", &[("to", "me")]).await;
    assert!(shown.body.contains("<p class=\"pass\""), "{}", shown.body);
    assert_eq!(said(&hana.press("act", &[("to", "me")]).await), "c-needs-approval", "used up");
    portal.demo.stop().await;
}

#[tokio::test]
async fn who_was_approved_for_does_not_approve_back_about_the_same_person() {
    // Hugo and Hana are agents and approvers.
    let seed = passback_emulator::CONTOSO_SEED.to_owned();
    let both = "app_roles = [\"Passback.Agent\", \"Passback.Approver\"]";
    let seed = seed.replace("app_roles = [\"Passback.Agent\"]", both);
    let portal =
        TestPortal::with(PortalSetup { seed: TenantSeed::parse(&seed).unwrap().hurry(), ..PortalSetup::default() })
            .await;
    let reason = [("text", "Her laptop is broken and nobody else is in.")];
    for (agent, approver, expected) in
        [("hugo", "hana", "approved"), ("hana", "hugo", "c-turns"), ("hana", "april", "approved")]
    {
        let mut desk = AgentCase::begins(&portal, agent, "wanda", "grant").await;
        assert_eq!(said(&desk.press("override", &reason).await), "approval-asked");
        let mut second = AgentCase { agent: staff(&portal, approver).await, at: desk.at.clone() };
        assert!(second.page().await.body.contains("Her laptop is broken"));
        assert_eq!(said(&second.press("approve", &[]).await), expected, "{approver} for {agent}");
        let came = if expected == "approved" { "granted" } else { "c-not-enough" };
        assert_eq!(said(&desk.press("act", &[]).await), came);
    }
    portal.demo.stop().await;
}

#[tokio::test]
async fn an_override_takes_a_reason_a_second_person_and_is_soon_over() {
    let portal = TestPortal::with(PortalSetup::adjusted(|config| config.helpdesk.approval_seconds = 3)).await;
    let mut hugo = AgentCase::begins(&portal, "hugo", "omar", "grant").await;
    assert_eq!(said(&hugo.press("override", &[("text", "please")]).await), "c-no-reason");
    let reason = [("text", "He stands in front of me, and his phone is at home.")];
    assert_eq!(said(&hugo.press("override", &reason).await), "approval-asked");
    assert_eq!(said(&hugo.press("act", &[]).await), "c-not-enough");
    let mut april = AgentCase { agent: staff(&portal, "april").await, at: hugo.at.clone() };
    april.press("approve", &[]).await;
    // The person may ask who did what. The reason is personal data and erasable.
    assert!(events(&portal).await.contains(&"case.override_asked".to_owned()));
    tokio::time::sleep(std::time::Duration::from_secs(4)).await;
    assert_eq!(said(&hugo.press("act", &[]).await), "c-not-enough", "an approval does not wait for ever");
    portal.demo.stop().await;
}

#[tokio::test]
async fn somebody_with_power_takes_two_people_however_well_they_are_verified() {
    let portal = TestPortal::start().await;
    let mut gloria = account(&portal, "gloria").await;
    let mut hugo = AgentCase::begins(&portal, "hugo", "gloria", "grant").await;
    assert!(hugo.page().await.body.contains("This person has power in the organisation"));
    call_check(&mut hugo, &mut gloria).await;
    let page = hugo.page().await;
    assert!(page.body.contains("own session alone is not enough"), "{}", page.main());
    hugo.verifies("in_person").await;
    assert_eq!(said(&hugo.press("act", &[]).await), "c-needs-approval");
    assert_eq!(said(&hugo.press("second", &[]).await), "approval-asked");
    let mut april = AgentCase { agent: staff(&portal, "april").await, at: hugo.at.clone() };
    assert_eq!(said(&april.press("approve", &[]).await), "approved");
    assert_eq!(said(&hugo.press("act", &[]).await), "granted");
    portal.demo.stop().await;
}

#[tokio::test]
async fn what_the_operator_may_not_do_is_said_before_anybody_is_asked() {
    let portal = TestPortal::start().await;
    for (who, action) in [("gloria", "revoke"), ("petra", "pass"), ("svc-passback", "revoke")] {
        let mut hugo = AgentCase::begins(&portal, "hugo", who, action).await;
        assert_eq!(said(&hugo.press("act", &[]).await), "c-protected", "{who}: Microsoft's own table");
    }
    let asked = portal.demo.tenant.seen();
    assert!(!asked.iter().any(|(method, path, _)| method == "POST" && path.contains("/v1.0/users/")), "{asked:?}");
    portal.demo.stop().await;
}

#[tokio::test]
async fn nobody_works_a_case_about_themselves() {
    let portal = TestPortal::start().await;
    let mut hugo = staff(&portal, "hugo").await;
    let page = hugo.post("/helpdesk/cases", &[("person", &upn("hugo")), ("action", "grant")]).await;
    assert_eq!(page.code(), "C-YOURSELF");
    // A case that a colleague opened is refused as well.
    let hana = AgentCase::begins(&portal, "hana", "hugo", "grant").await;
    let mut hugo = AgentCase { agent: hugo, at: hana.at };
    for (what, fields) in [("verify", vec![("method", "in_person")]), ("act", vec![]), ("second", vec![])] {
        assert_eq!(said(&hugo.press(what, &fields).await), "c-yourself", "{what}");
    }
    assert_eq!(events(&portal).await.iter().filter(|e| *e == "case.refused C-YOURSELF").count(), 4);
    portal.demo.stop().await;
}

#[tokio::test]
async fn a_frozen_person_is_thawed_by_a_verified_case_and_not_otherwise() {
    for engine in engines() {
        let portal = TestPortal::on(engine).await;
        let mut wanda = account(&portal, "wanda").await;
        let mut hugo = AgentCase::begins(&portal, "hugo", "wanda", "thaw").await;
        assert_eq!(said(&hugo.press("freeze", &[]).await), "frozen");
        assert_eq!(wanda.get("/reset").await.code(), "G-FROZEN");
        assert_eq!(said(&hugo.press("act", &[]).await), "c-not-enough");
        call_check(&mut hugo, &mut wanda).await;
        assert_eq!(said(&hugo.press("act", &[]).await), "thawed");
        let page = hugo.page().await;
        assert!(page.body.contains("is used up") && !page.body.contains("Not enough is verified"), "{}", page.main());
        assert!(wanda.get("/reset").await.body.contains("name=\"password\""));
        portal.demo.stop().await;
    }
}

#[tokio::test]
async fn what_was_verified_for_one_thing_counts_for_no_other() {
    let portal = TestPortal::start().await;
    let mut wanda = account(&portal, "wanda").await;
    let mut hugo = AgentCase::begins(&portal, "hugo", "wanda", "revoke").await;
    call_check(&mut hugo, &mut wanda).await;
    assert_eq!(hugo.page().await.attribute("data-enough"), "true");
    assert_eq!(said(&hugo.press("for", &[("action", "grant")]).await), "saved");
    assert_eq!(hugo.page().await.attribute("data-enough"), "false");
    assert_eq!(said(&hugo.press("act", &[]).await), "c-not-enough");
    // A reply that arrives after the change does not count either.
    assert_eq!(said(&hugo.verifies("push").await), "asked");
    hugo.press("for", &[("action", "thaw")]).await;
    assert_eq!(answers(&mut wanda, "yes", &[]).await, "over");
    portal.demo.stop().await;
}

#[tokio::test]
async fn a_colleague_takes_a_case_over_with_its_ticket_and_notes() {
    let portal = TestPortal::start().await;
    let mut wanda = portal.signed_in("wanda").await;
    let reference = wanda.reset(GOOD).await.reference();
    let mut hugo = AgentCase::begins(&portal, "hugo", "wanda", "grant").await;
    assert_eq!(said(&hugo.press("ticket", &[("text", " INC-4711\n")]).await), "saved");
    assert_eq!(said(&hugo.press("note", &[("text", "Calls again at <b>nine</b>.")]).await), "noted");
    assert_eq!(said(&hugo.press("note", &[("text", "  ")]).await), "empty");
    let mut hana = AgentCase { agent: staff(&portal, "hana").await, at: hugo.at.clone() };
    let found = hana.agent.get("/helpdesk?q=inc-4711").await;
    assert!(found.body.contains(&reference), "her reset is found by the ticket: {}", found.main());
    assert_eq!(said(&hana.press("take", &[]).await), "taken");
    let page = hana.page().await;
    for part in ["handled by Hana Helpdesk", "INC-4711", "Calls again at &#60;b&#62;nine", "Case: "] {
        assert!(page.body.contains(part), "{part}: {}", page.main());
    }
    assert_eq!(said(&hana.press("close", &[]).await), "closed");
    assert!(hana.agent.get("/helpdesk/cases?state=closed").await.body.contains("Wanda"));
    assert!(!hana.agent.get("/helpdesk/cases").await.body.contains("Wanda"));
    portal.demo.stop().await;
}

#[tokio::test]
async fn a_yes_takes_a_fresh_sign_in_and_a_no_does_not() {
    let portal = TestPortal::with(PortalSetup::adjusted(|config| config.signin.max_age_seconds = 2)).await;
    let mut wanda = account(&portal, "wanda").await;
    let mut hugo = AgentCase::begins(&portal, "hugo", "wanda", "grant").await;
    tokio::time::sleep(std::time::Duration::from_secs(4)).await;
    hugo.verifies("push").await;
    let (id, _) = question(&mut wanda).await;
    let at = format!("/account/checks/{id}");
    let to = wanda.post_once(&at, &[("says", "yes")]).await.headers()["location"].to_str().unwrap().to_owned();
    assert_eq!(to, "/signin?purpose=vouch");
    assert_eq!(said(&wanda.post(&at, &[("says", "no")]).await), "refused");
    let mut omar = account(&portal, "omar").await;
    assert_eq!(omar.post_once(&at, &[("says", "no")]).await.status(), StatusCode::NOT_FOUND, "not his question");
    portal.demo.stop().await;
}

#[tokio::test]
async fn who_can_sign_in_with_nothing_asks_for_help_and_learns_nothing_about_anybody() {
    for engine in engines() {
        let portal = TestPortal::on(engine).await;
        let mut desk = AgentCase::begins(&portal, "hugo", "omar", "grant").await;
        let mut references = BTreeSet::new();
        let mut pages = BTreeSet::new();
        for name in ["wanda@contoso.example", " Wanda@CONTOSO.example", "nobody@contoso.example"] {
            let mut somebody = portal.browser();
            let page = somebody.post("/help", &[("name", name)]).await;
            let reference = page.url.rsplit('/').next().unwrap().to_owned();
            pages.insert(page.main().replace(&reference, "…"));
            references.insert(reference);
        }
        assert_eq!((references.len(), pages.len()), (3, 1), "each its own reference, all the same page");
        let page = desk.agent.get("/helpdesk/cases").await;
        let order: Vec<&str> = page.body.split("<li id=\"c-").skip(1).collect();
        assert_eq!(order.len(), 3, "two who asked for Wanda are one case: {}", page.main());
        assert!(order[0].contains("Omar") && order[1].contains("unverified, internet"), "{}", page.main());
        let first = references.first().unwrap();
        let mut case = AgentCase { agent: desk.agent, at: format!("/helpdesk/cases/{first}") };
        let page = case.page().await;
        assert!(page.body.contains("Somebody, not known yet") && page.body.contains("They wrote:"), "{}", page.main());
        assert_eq!(said(&case.verifies("in_person").await), "c-nobody", "nobody is verified before it is known who");
        assert_eq!(said(&case.press("person", &[("person", "nobody@contoso.example")]).await), "c-nobody");
        assert_eq!(said(&case.press("person", &[("person", &upn("wanda"))]).await), "saved");
        assert_eq!(said(&case.press("person", &[("person", &upn("omar"))]).await), "c-said-already");
        let page = case.page().await;
        assert!(page.body.contains("asked for on the internet: it takes more"), "{}", page.main());
        portal.demo.stop().await;
    }
}

#[tokio::test]
async fn requests_for_help_have_a_limit_by_address_that_says_when_it_ends() {
    let portal = TestPortal::with(PortalSetup { engine: DatabaseEngine::Sqlite, ..PortalSetup::default() }).await;
    let mut somebody = portal.browser();
    assert_eq!(somebody.post("/help", &[("name", "  ")]).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    for _ in 0..5 {
        assert!(somebody.post("/help", &[("name", "wanda")]).await.status.is_success());
    }
    let answer = somebody.post_once("/help", &[("name", "somebody else")]).await;
    assert_eq!(answer.status(), StatusCode::TOO_MANY_REQUESTS);
    assert!(answer.headers().contains_key("retry-after"));
    portal.demo.stop().await;
}

#[tokio::test]
async fn asking_for_help_takes_as_long_for_somebody_as_for_nobody() {
    let behind_proxy = |config: &mut passback::config::Config| {
        config.server.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
    };
    let portal = TestPortal::with(PortalSetup::adjusted(behind_proxy)).await;
    let somebody = portal.browser();
    let (mut known, mut unknown) = (Vec::new(), Vec::new());
    for n in 0..120 {
        // Alternates, so that noise on the machine affects both alike. Each request has its own address.
        for (name, times) in [("wanda@contoso.example", &mut known), ("nobody@contoso.example", &mut unknown)] {
            let request =
                somebody.http.post(format!("{}/help", somebody.portal)).header("sec-fetch-site", "same-origin");
            let address = format!("10.{}.{}.1", u8::from(name.starts_with('w')), n);
            let request = request.header("x-forwarded-for", address).form(&[("name", name)]);
            let began = std::time::Instant::now();
            assert_eq!(request.send().await.unwrap().status(), StatusCode::SEE_OTHER);
            times.push(began.elapsed());
        }
    }
    let mut median = [known, unknown].map(|mut times| {
        times.sort_unstable();
        times[times.len() / 2].as_secs_f64()
    });
    median.sort_by(f64::total_cmp);
    assert!(median[1] / median[0] < 1.25, "{median:?}");
    portal.demo.stop().await;
}
