//! Helpdesk cases: callers are verified, actions approved and executed. A deceived or dishonest agent cannot skip a
//! step.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use passback::config::ApprovalRequirement;
use passback_emulator::TenantSeed;
use reqwest::StatusCode;

use crate::support::portal::{
    DatabaseEngine, HttpBrowser, PortalSetup, ResponsePage, TestPortal, VALID_PASSWORD, available_engines, full_upn,
};

pub(crate) async fn sign_in_staff(portal: &TestPortal, name: &str) -> HttpBrowser {
    let mut browser = portal.browser();
    let page = browser.sign_in("/signin?purpose=staff", &full_upn(name), "passkey", "").await;
    assert!(page.status.is_success(), "{name}: {}", page.body);
    browser
}

/// A case as an agent sees it: the agent's browser and the path of the case.
pub(crate) struct AgentCase {
    pub(crate) agent: HttpBrowser,
    pub(crate) path: String,
}

impl AgentCase {
    pub(crate) async fn open(portal: &TestPortal, agent: &str, person: &str, action: &str) -> Self {
        let mut agent = sign_in_staff(portal, agent).await;
        let page = agent.post("/helpdesk/cases", &[("person", &full_upn(person)), ("action", action)]).await;
        assert!(page.url.contains("/helpdesk/cases/"), "{}: {}", page.url, page.body);
        let at = format!("/helpdesk/cases/{}", page.url.rsplit('/').next().unwrap());
        Self { agent, path: at }
    }

    /// Loads the page, and sends one of its forms with these fields and those that the page put into it.
    pub(crate) async fn post_action(&mut self, what: &str, fields: &[(&str, &str)]) -> ResponsePage {
        let page = self.load_page().await;
        self.post_action_from(&page, what, fields).await
    }

    /// Sends a form of a page that was loaded before.
    pub(crate) async fn post_action_from(
        &mut self,
        page: &ResponsePage,
        what: &str,
        fields: &[(&str, &str)],
    ) -> ResponsePage {
        let hidden: Vec<(&str, String)> = match what {
            "approve" => vec![
                ("decision", value_after(page, "data-decision=\"")),
                ("digest", value_after(page, "data-digest=\"")),
            ],
            "act" | "second" | "override" => vec![("seen", value_after(page, "name=\"seen\" value=\""))],
            _ => Vec::new(),
        };
        let mut all: Vec<(&str, &str)> = hidden.iter().map(|(name, value)| (*name, value.as_str())).collect();
        all.extend(fields);
        self.agent.post(&format!("{}/{what}", self.path), &all).await
    }

    pub(crate) async fn request_verification(&mut self, method: &str) -> ResponsePage {
        self.post_action("verify", &[("method", method)]).await
    }

    pub(crate) async fn load_page(&mut self) -> ResponsePage {
        self.agent.get(&self.path).await
    }

    /// Returns the words that the agent has to say.
    pub(crate) async fn call_check_words(&mut self) -> Vec<String> {
        let page = self.load_page().await;
        let said = page.body.split("<p class=\"words\"").nth(1).unwrap_or_else(|| panic!("{}", page.main_text()));
        let said = said.split("</p>").next().unwrap();
        said.split("<strong>").skip(1).map(|word| word.split('<').next().unwrap().to_owned()).collect()
    }
}

/// Returns the attribute value after this text on a page, or nothing.
fn value_after(page: &ResponsePage, text: &str) -> String {
    page.body.split_once(text).map(|(_, rest)| rest.split('"').next().unwrap().to_owned()).unwrap_or_default()
}

/// Returns the code of the outcome, from the query parameter `said`.
pub(crate) fn outcome_code(page: &ResponsePage) -> String {
    page.url.split("said=").nth(1).unwrap_or_else(|| panic!("nothing said: {} {}", page.url, page.body)).to_owned()
}

/// Signs the person or the manager in to their own page.
pub(crate) async fn sign_in_to_account(portal: &TestPortal, name: &str) -> HttpBrowser {
    let mut browser = portal.browser();
    let page = browser.sign_in("/account", &full_upn(name), "passkey", "").await;
    assert!(page.url.ends_with("/account"), "{}", page.url);
    browser
}

/// Returns the id of the open verification request on that page.
pub(crate) async fn open_request(who: &mut HttpBrowser) -> (String, ResponsePage) {
    let page = who.get("/account").await;
    let id = page.body.split("id=\"q-").nth(1).unwrap_or_else(|| panic!("no question: {}", page.main_text()));
    (id.split('"').next().unwrap().to_owned(), page)
}

pub(crate) async fn answer_request(who: &mut HttpBrowser, says: &str, words: &[String]) -> String {
    let (id, _) = open_request(who).await;
    let mut fields = vec![("says", says)];
    fields.extend(words.iter().map(|word| ("word", word.as_str())));
    outcome_code(&who.post(&format!("/account/checks/{id}"), &fields).await)
}

/// Completes a successful call check.
pub(crate) async fn complete_call_check(desk: &mut AgentCase, person: &mut HttpBrowser) {
    assert_eq!(outcome_code(&desk.request_verification("call_check").await), "asked");
    let words = desk.call_check_words().await;
    assert_eq!(answer_request(person, "yes", &words).await, "confirmed");
}

pub(crate) async fn case_events(portal: &TestPortal) -> Vec<String> {
    const SQL: &str = "SELECT event, detail FROM audit WHERE event LIKE 'case.%' OR event LIKE 'guard.%' OR event = 'pass.withdrawn' ORDER BY seq";
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
async fn wanda_resets_once_after_hugo_verifies_her() {
    for engine in available_engines() {
        let always = PortalSetup {
            engine,
            ..PortalSetup::with_config(|config| config.reset.approval = ApprovalRequirement::Always)
        };
        let portal = TestPortal::start_with(always).await;
        let mut wanda = portal.signed_in("wanda").await;
        assert_eq!(wanda.get("/reset").await.code(), "G-APPROVAL");
        let mut hugo = AgentCase::open(&portal, "hugo", "wanda", "grant").await;
        assert_eq!(outcome_code(&hugo.post_action("act", &[]).await), "c-not-enough");
        assert_eq!(outcome_code(&hugo.request_verification("call_check").await), "asked");
        assert_eq!(outcome_code(&hugo.request_verification("call_check").await), "c-waiting");
        let words = hugo.call_check_words().await;
        let (_, page) = open_request(&mut wanda).await;
        for part in
            ["Hugo Helpdesk from the helpdesk asks to verify you", "Allow a password reset", "Did you call them?"]
        {
            assert!(page.body.contains(part), "{part}: {}", page.main_text());
        }
        assert_eq!(page.body.matches("name=\"word\"").count(), 9);
        assert_eq!(answer_request(&mut wanda, "yes", &words).await, "confirmed");
        let page = hugo.load_page().await;
        assert_eq!(page.attribute("data-enough"), "true", "{}", page.main_text());
        assert!(!page.body.contains("class=\"words\""), "answered: the words are gone");
        assert_eq!(outcome_code(&hugo.post_action("act", &[]).await), "granted");
        assert_eq!(outcome_code(&hugo.post_action("act", &[]).await), "c-not-enough", "one verification, one action");
        let reference = wanda.submit_reset(VALID_PASSWORD).await.reference();
        wanda.wait_for_state(&reference, "written").await;
        assert_eq!(wanda.get("/reset").await.code(), "G-APPROVAL", "used up");
        let page = wanda.get("/account").await;
        assert!(
            page.body.contains("Allow a password reset") && page.body.contains("Hugo Helpdesk"),
            "{}",
            page.main_text()
        );
        assert_eq!(
            case_events(&portal).await,
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
async fn denied_call_check_locks_case() {
    for engine in available_engines() {
        let portal = TestPortal::start_on(engine).await;
        let mut wanda = sign_in_to_account(&portal, "wanda").await;
        let mut hugo = AgentCase::open(&portal, "hugo", "wanda", "revoke").await;
        hugo.request_verification("push").await;
        let (id, _) = open_request(&mut wanda).await;
        assert_eq!(answer_request(&mut wanda, "no", &[]).await, "refused");
        let page = hugo.load_page().await;
        assert_eq!(page.attribute("data-state"), "locked");
        assert!(page.body.contains("Tell your security team"), "{}", page.main_text());
        for what in ["act", "verify", "second", "take", "close"] {
            let page = hugo.post_action(what, &[("method", "in_person")]).await;
            assert_eq!(outcome_code(&page), "c-not-open", "{what}");
        }
        let again = wanda.post(&format!("/account/checks/{id}"), &[("says", "yes")]).await;
        assert_eq!(outcome_code(&again), "over", "a no stays");
        assert!(case_events(&portal).await.contains(&"case.locked".to_owned()));
        portal.demo.stop().await;
    }
}

#[tokio::test]
async fn three_wrong_answers_lock_case_and_five_block_person() {
    let portal = TestPortal::start().await;
    let mut wanda = sign_in_to_account(&portal, "wanda").await;
    for (locked_after, last) in [(3, "open"), (2, "open")] {
        let mut hugo = AgentCase::open(&portal, "hugo", "wanda", "grant").await;
        for _ in 0..locked_after {
            assert_eq!(hugo.load_page().await.attribute("data-state"), last);
            assert_eq!(outcome_code(&hugo.request_verification("call_check").await), "asked");
            let words = hugo.call_check_words().await;
            // Two of the three words are as wrong as any other choice.
            assert_eq!(answer_request(&mut wanda, "yes", &words[..2]).await, "wrong");
        }
        let expected = if locked_after == 3 { "locked" } else { "open" };
        assert_eq!(hugo.load_page().await.attribute("data-state"), expected);
        if expected == "open" {
            assert_eq!(outcome_code(&hugo.request_verification("push").await), "c-too-often");
        }
    }
    let mut hana = sign_in_staff(&portal, "hana").await;
    let page = hana.post("/helpdesk/cases", &[("person", &full_upn("wanda")), ("action", "grant")]).await;
    assert_eq!(page.code(), "C-TOO-OFTEN");
    portal.demo.stop().await;
}

#[tokio::test]
async fn attestation_by_one_agent_is_insufficient_and_by_two_suffices() {
    let portal = TestPortal::start().await;
    let mut hugo = AgentCase::open(&portal, "hugo", "omar", "revoke").await;
    assert_eq!(outcome_code(&hugo.request_verification("in_person").await), "attested");
    assert_eq!(outcome_code(&hugo.request_verification("in_person").await), "c-said-already");
    let page = hugo.load_page().await;
    assert!(page.body.contains("Somebody has to sign in and confirm"), "{}", page.main_text());
    assert_eq!(outcome_code(&hugo.post_action("act", &[]).await), "c-not-enough");
    let mut hana = AgentCase { agent: sign_in_staff(&portal, "hana").await, path: hugo.path.clone() };
    assert_eq!(outcome_code(&hana.request_verification("in_person").await), "attested");
    let mut omar = sign_in_to_account(&portal, "omar").await;
    assert_eq!(outcome_code(&hugo.post_action("act", &[]).await), "revoked");
    assert_eq!(omar.get_once("/account").await.status(), StatusCode::SEE_OTHER, "our own sessions end, too");
    assert!(portal.demo.tenant.request_lines().iter().any(|(_, path, _)| path.ends_with("/revokeSignInSessions")));
    portal.demo.stop().await;
}

#[tokio::test]
async fn recently_changed_number_cannot_be_called_back() {
    let portal = TestPortal::start().await;
    let mut hugo = AgentCase::open(&portal, "hugo", "wanda", "grant").await;
    assert!(hugo.load_page().await.body.contains("+44 20 7946 0101"));
    assert_eq!(outcome_code(&hugo.request_verification("call_back").await), "c-number-new");
    // 15 days later.
    let pool = sqlx::SqlitePool::connect(&portal.database).await.unwrap();
    let sql = "UPDATE person_numbers SET first_seen_at = first_seen_at - 1296000000";
    assert!(sqlx::query(sql).execute(&pool).await.unwrap().rows_affected() > 0);
    assert_eq!(outcome_code(&hugo.request_verification("call_back").await), "attested");
    portal.demo.stop().await;
}

#[tokio::test]
async fn manager_alone_sees_pass_once() {
    for engine in available_engines() {
        let portal = TestPortal::start_on(engine).await;
        let mut wanda = sign_in_to_account(&portal, "wanda").await;
        let mut mona = sign_in_to_account(&portal, "mona").await;
        let mut hugo = AgentCase::open(&portal, "hugo", "wanda", "pass").await;
        complete_call_check(&mut hugo, &mut wanda).await;
        assert_eq!(outcome_code(&hugo.post_action("act", &[]).await), "c-not-enough", "a call check gives no pass");
        assert_eq!(outcome_code(&hugo.request_verification("manager").await), "asked");
        let (_, page) = open_request(&mut mona).await;
        assert!(page.body.contains("asks you to vouch for Wanda Writeback"), "{}", page.main_text());
        assert_eq!(answer_request(&mut mona, "yes", &[]).await, "confirmed");
        assert_eq!(outcome_code(&hugo.post_action("act", &[("to", "me")]).await), "c-needs-approval");
        assert_eq!(outcome_code(&hugo.post_action("act", &[]).await), "pass-waits");
        let page = mona.get("/account").await;
        let action = page.body.split("/account/passes/").nth(1).unwrap().split('"').next().unwrap().to_owned();
        let at = format!("/account/passes/{action}");
        assert_eq!(wanda.post_once(&at, &[]).await.status(), StatusCode::NOT_FOUND, "not for others");
        let shown = mona.post(&at, &[]).await;
        let code = shown.body.split("<p class=\"pass\"").nth(1).unwrap().split("<bdi>").nth(1).unwrap();
        let code = code.split('<').next().unwrap().to_owned();
        assert!(code.len() >= 8, "{code}");
        assert_eq!(mona.post_once(&at, &[]).await.status(), StatusCode::NOT_FOUND, "shown once");
        assert!(!hugo.load_page().await.body.contains(&code) && !mona.get("/account").await.body.contains(&code));
        assert!(!dump_case_tables(&portal).await.contains(&code), "it is kept nowhere");
        let mut newcomer = portal.browser();
        let page = newcomer.sign_in("/signin", &full_upn("wanda"), "tap", &code).await;
        assert!(page.url.ends_with("/reset"), "{}", page.url);
        let page = portal.browser().sign_in("/signin", &full_upn("wanda"), "tap", &code).await;
        assert!(!page.url.ends_with("/reset"), "good for one sign-in");
        portal.demo.stop().await;
    }
}

/// Returns the content of the case tables and the audit tables as text.
async fn dump_case_tables(portal: &TestPortal) -> String {
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
async fn hana_sees_pass_once_after_april_approves() {
    let portal = TestPortal::start().await;
    let mut wanda = sign_in_to_account(&portal, "wanda").await;
    let mut hana = AgentCase::open(&portal, "hana", "wanda", "pass").await;
    complete_call_check(&mut hana, &mut wanda).await;
    hana.request_verification("in_person").await;
    assert_eq!(outcome_code(&hana.post_action("second", &[("to", "me")]).await), "approval-asked");
    assert_eq!(outcome_code(&hana.post_action("approve", &[]).await), "c-own-approval", "although she is an approver");
    let mut april = AgentCase { agent: sign_in_staff(&portal, "april").await, path: hana.path.clone() };
    assert!(april.load_page().await.body.contains("Approve: Give a Temporary Access Pass"));
    assert_eq!(outcome_code(&april.post_action("approve", &[]).await), "approved");
    assert_eq!(outcome_code(&april.post_action("approve", &[]).await), "c-expired", "once");
    let shown = hana.post_action("act", &[("to", "me")]).await;
    assert!(shown.body.contains("<p class=\"pass\""), "{}", shown.body);
    assert_eq!(outcome_code(&hana.post_action("act", &[("to", "me")]).await), "c-needs-approval", "used up");
    portal.demo.stop().await;
}

#[tokio::test]
async fn agents_cannot_approve_each_other_about_same_person() {
    // Hugo and Hana are agents and approvers.
    let seed = passback_emulator::CONTOSO_SEED.to_owned();
    let both = "app_roles = [\"Passback.Agent\", \"Passback.Approver\"]";
    let seed = seed.replace("app_roles = [\"Passback.Agent\"]", both);
    let portal = TestPortal::start_with(PortalSetup {
        seed: TenantSeed::parse(&seed).unwrap().with_short_delays(),
        ..PortalSetup::default()
    })
    .await;
    let reason = [("text", "Her laptop is broken and nobody else is in.")];
    for (agent, approver, expected) in
        [("hugo", "hana", "approved"), ("hana", "hugo", "c-turns"), ("hana", "april", "approved")]
    {
        let mut desk = AgentCase::open(&portal, agent, "wanda", "grant").await;
        assert_eq!(outcome_code(&desk.post_action("override", &reason).await), "approval-asked");
        let mut second = AgentCase { agent: sign_in_staff(&portal, approver).await, path: desk.path.clone() };
        assert!(second.load_page().await.body.contains("Her laptop is broken"));
        assert_eq!(outcome_code(&second.post_action("approve", &[]).await), expected, "{approver} for {agent}");
        let came = if expected == "approved" { "granted" } else { "c-not-enough" };
        assert_eq!(outcome_code(&desk.post_action("act", &[]).await), came);
    }
    portal.demo.stop().await;
}

#[tokio::test]
async fn override_needs_reason_and_approval_and_expires() {
    let portal =
        TestPortal::start_with(PortalSetup::with_config(|config| config.helpdesk.approval_seconds = 300)).await;
    let mut hugo = AgentCase::open(&portal, "hugo", "omar", "grant").await;
    assert_eq!(outcome_code(&hugo.post_action("override", &[("text", "please")]).await), "c-no-reason");
    let reason = [("text", "He stands in front of me, and his phone is at home.")];
    assert_eq!(outcome_code(&hugo.post_action("override", &reason).await), "approval-asked");
    assert_eq!(outcome_code(&hugo.post_action("act", &[]).await), "c-not-enough");
    let mut april = AgentCase { agent: sign_in_staff(&portal, "april").await, path: hugo.path.clone() };
    april.post_action("approve", &[]).await;
    // The person may ask who did what. The reason is personal data and erasable.
    assert!(case_events(&portal).await.contains(&"case.override_asked".to_owned()));
    portal.clock.advance(SignedDuration::from_secs(301));
    assert_eq!(outcome_code(&hugo.post_action("act", &[]).await), "c-not-enough", "an approval does not wait for ever");
    portal.demo.stop().await;
}

#[tokio::test]
async fn privileged_account_needs_approval_despite_verification() {
    let portal = TestPortal::start().await;
    let mut gloria = sign_in_to_account(&portal, "gloria").await;
    let mut hugo = AgentCase::open(&portal, "hugo", "gloria", "grant").await;
    assert!(hugo.load_page().await.body.contains("This person has power in the organisation"));
    complete_call_check(&mut hugo, &mut gloria).await;
    let page = hugo.load_page().await;
    assert!(page.body.contains("own session alone is not enough"), "{}", page.main_text());
    hugo.request_verification("in_person").await;
    assert_eq!(outcome_code(&hugo.post_action("act", &[]).await), "c-needs-approval");
    assert_eq!(outcome_code(&hugo.post_action("second", &[]).await), "approval-asked");
    let mut april = AgentCase { agent: sign_in_staff(&portal, "april").await, path: hugo.path.clone() };
    assert_eq!(outcome_code(&april.post_action("approve", &[]).await), "approved");
    assert_eq!(outcome_code(&hugo.post_action("act", &[]).await), "granted");
    portal.demo.stop().await;
}

#[tokio::test]
async fn action_on_protected_account_is_refused_without_graph_call() {
    let portal = TestPortal::start().await;
    for (who, action) in [("gloria", "revoke"), ("petra", "pass"), ("svc-passback", "revoke")] {
        let mut hugo = AgentCase::open(&portal, "hugo", who, action).await;
        assert_eq!(outcome_code(&hugo.post_action("act", &[]).await), "c-protected", "{who}: Microsoft's own table");
    }
    let asked = portal.demo.tenant.request_lines();
    assert!(!asked.iter().any(|(method, path, _)| method == "POST" && path.contains("/v1.0/users/")), "{asked:?}");
    portal.demo.stop().await;
}

#[tokio::test]
async fn agent_cannot_work_case_about_self() {
    let portal = TestPortal::start().await;
    let mut hugo = sign_in_staff(&portal, "hugo").await;
    let page = hugo.post("/helpdesk/cases", &[("person", &full_upn("hugo")), ("action", "grant")]).await;
    assert_eq!(page.code(), "C-YOURSELF");
    // A case that a colleague opened is refused as well.
    let hana = AgentCase::open(&portal, "hana", "hugo", "grant").await;
    let mut hugo = AgentCase { agent: hugo, path: hana.path };
    for (what, fields) in [("verify", vec![("method", "in_person")]), ("act", vec![]), ("second", vec![])] {
        assert_eq!(outcome_code(&hugo.post_action(what, &fields).await), "c-yourself", "{what}");
    }
    assert_eq!(case_events(&portal).await.iter().filter(|e| *e == "case.refused C-YOURSELF").count(), 4);
    portal.demo.stop().await;
}

#[tokio::test]
async fn hold_is_lifted_only_by_verified_case() {
    for engine in available_engines() {
        let portal = TestPortal::start_on(engine).await;
        let mut wanda = sign_in_to_account(&portal, "wanda").await;
        let mut hugo = AgentCase::open(&portal, "hugo", "wanda", "thaw").await;
        assert_eq!(outcome_code(&hugo.post_action("freeze", &[]).await), "frozen");
        assert_eq!(wanda.get("/reset").await.code(), "G-FROZEN");
        assert_eq!(outcome_code(&hugo.post_action("act", &[]).await), "c-not-enough");
        complete_call_check(&mut hugo, &mut wanda).await;
        assert_eq!(outcome_code(&hugo.post_action("act", &[]).await), "thawed");
        let page = hugo.load_page().await;
        assert!(
            page.body.contains("is used up") && !page.body.contains("Not enough is verified"),
            "{}",
            page.main_text()
        );
        assert!(wanda.get("/reset").await.body.contains("name=\"password\""));
        portal.demo.stop().await;
    }
}

#[tokio::test]
async fn verification_does_not_carry_over_to_changed_action() {
    let portal = TestPortal::start().await;
    let mut wanda = sign_in_to_account(&portal, "wanda").await;
    let mut hugo = AgentCase::open(&portal, "hugo", "wanda", "revoke").await;
    complete_call_check(&mut hugo, &mut wanda).await;
    assert_eq!(hugo.load_page().await.attribute("data-enough"), "true");
    assert_eq!(outcome_code(&hugo.post_action("for", &[("action", "grant")]).await), "saved");
    assert_eq!(hugo.load_page().await.attribute("data-enough"), "false");
    assert_eq!(outcome_code(&hugo.post_action("act", &[]).await), "c-not-enough");
    // A reply that arrives after the change does not count either.
    assert_eq!(outcome_code(&hugo.request_verification("push").await), "asked");
    hugo.post_action("for", &[("action", "thaw")]).await;
    assert_eq!(answer_request(&mut wanda, "yes", &[]).await, "over");
    portal.demo.stop().await;
}

#[tokio::test]
async fn hana_takes_over_case_with_ticket_and_notes() {
    let portal = TestPortal::start().await;
    let mut wanda = portal.signed_in("wanda").await;
    let reference = wanda.submit_reset(VALID_PASSWORD).await.reference();
    let mut hugo = AgentCase::open(&portal, "hugo", "wanda", "grant").await;
    assert_eq!(outcome_code(&hugo.post_action("ticket", &[("text", " INC-4711\n")]).await), "saved");
    assert_eq!(outcome_code(&hugo.post_action("note", &[("text", "Calls again at <b>nine</b>.")]).await), "noted");
    assert_eq!(outcome_code(&hugo.post_action("note", &[("text", "  ")]).await), "empty");
    let mut hana = AgentCase { agent: sign_in_staff(&portal, "hana").await, path: hugo.path.clone() };
    let found = hana.agent.get("/helpdesk?q=inc-4711").await;
    assert!(found.body.contains(&reference), "her reset is found by the ticket: {}", found.main_text());
    assert_eq!(outcome_code(&hana.post_action("take", &[]).await), "taken");
    let page = hana.load_page().await;
    for part in ["handled by Hana Helpdesk", "INC-4711", "Calls again at &#60;b&#62;nine", "Case: "] {
        assert!(page.body.contains(part), "{part}: {}", page.main_text());
    }
    assert_eq!(outcome_code(&hana.post_action("close", &[]).await), "closed");
    assert!(hana.agent.get("/helpdesk/cases?state=closed").await.body.contains("Wanda"));
    assert!(!hana.agent.get("/helpdesk/cases").await.body.contains("Wanda"));
    portal.demo.stop().await;
}

#[tokio::test]
async fn confirming_request_needs_fresh_sign_in_but_denying_does_not() {
    let portal = TestPortal::start().await;
    let mut wanda = sign_in_to_account(&portal, "wanda").await;
    let mut hugo = AgentCase::open(&portal, "hugo", "wanda", "grant").await;
    portal.clock.advance(SignedDuration::from_secs(601));
    hugo.request_verification("push").await;
    let (id, _) = open_request(&mut wanda).await;
    let at = format!("/account/checks/{id}");
    let to = wanda.post_once(&at, &[("says", "yes")]).await.headers()["location"].to_str().unwrap().to_owned();
    assert_eq!(to, "/signin?purpose=vouch");
    assert_eq!(outcome_code(&wanda.post(&at, &[("says", "no")]).await), "refused");
    let mut omar = sign_in_to_account(&portal, "omar").await;
    assert_eq!(omar.post_once(&at, &[("says", "no")]).await.status(), StatusCode::NOT_FOUND, "not his question");
    portal.demo.stop().await;
}

#[tokio::test]
async fn help_request_without_sign_in_reveals_no_account() {
    for engine in available_engines() {
        let portal = TestPortal::start_on(engine).await;
        let mut desk = AgentCase::open(&portal, "hugo", "omar", "grant").await;
        let mut references = BTreeSet::new();
        let mut pages = BTreeSet::new();
        for name in ["wanda@contoso.example", " Wanda@CONTOSO.example", "nobody@contoso.example"] {
            let mut somebody = portal.browser();
            let page = somebody.post("/help", &[("name", name)]).await;
            let reference = page.url.rsplit('/').next().unwrap().to_owned();
            pages.insert(page.main_text().replace(&reference, "…"));
            references.insert(reference);
        }
        assert_eq!((references.len(), pages.len()), (3, 1), "each its own reference, all the same page");
        let page = desk.agent.get("/helpdesk/cases").await;
        let order: Vec<&str> = page.body.split("<li id=\"c-").skip(1).collect();
        assert_eq!(order.len(), 3, "two who asked for Wanda are one case: {}", page.main_text());
        assert!(order[0].contains("Omar") && order[1].contains("unverified, internet"), "{}", page.main_text());
        let first = references.first().unwrap();
        let mut case = AgentCase { agent: desk.agent, path: format!("/helpdesk/cases/{first}") };
        let page = case.load_page().await;
        assert!(
            page.body.contains("Somebody, not known yet") && page.body.contains("They wrote:"),
            "{}",
            page.main_text()
        );
        assert_eq!(
            outcome_code(&case.request_verification("in_person").await),
            "c-nobody",
            "nobody is verified before it is known who"
        );
        assert_eq!(
            outcome_code(&case.post_action("person", &[("person", "nobody@contoso.example")]).await),
            "c-nobody"
        );
        assert_eq!(outcome_code(&case.post_action("person", &[("person", &full_upn("wanda"))]).await), "saved");
        assert_eq!(outcome_code(&case.post_action("person", &[("person", &full_upn("omar"))]).await), "c-said-already");
        let page = case.load_page().await;
        assert!(page.body.contains("asked for on the internet: it takes more"), "{}", page.main_text());
        portal.demo.stop().await;
    }
}

#[tokio::test]
async fn help_requests_are_limited_per_address() {
    let portal = TestPortal::start_with(PortalSetup { engine: DatabaseEngine::Sqlite, ..PortalSetup::default() }).await;
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
async fn help_request_timing_does_not_reveal_account() {
    let behind_proxy = |config: &mut passback::config::Config| {
        config.server.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
    };
    let portal = TestPortal::start_with(PortalSetup::with_config(behind_proxy)).await;
    // A difference in the work shows in every measurement, and the noise of a busy machine does not.
    let mut ratios = Vec::new();
    for round in 0..10 {
        ratios.push(measure_help_timing_ratio(&portal, round).await);
        if ratios.last() < Some(&1.25) {
            portal.demo.stop().await;
            return;
        }
    }
    panic!("a known name takes longer or shorter than an unknown one: {ratios:?}");
}

/// Returns the ratio of the median times of help requests for a known and for an unknown name; at least 1.
async fn measure_help_timing_ratio(portal: &TestPortal, round: u8) -> f64 {
    let somebody = portal.browser();
    let (mut known, mut unknown) = (Vec::new(), Vec::new());
    for n in 0..120 {
        // Alternates, so that noise on the machine affects both alike. Each request has its own address.
        for (name, times) in [("wanda@contoso.example", &mut known), ("nobody@contoso.example", &mut unknown)] {
            let request =
                somebody.http.post(format!("{}/help", somebody.portal_url)).header("sec-fetch-site", "same-origin");
            let address = format!("10.{}.{n}.{round}", u8::from(name.starts_with('w')));
            let request = request.header("x-forwarded-for", address).form(&[("name", name)]);
            let began = std::time::Instant::now();
            assert_eq!(request.send().await.unwrap().status(), StatusCode::SEE_OTHER);
            times.push(began.elapsed());
        }
    }
    let mut medians = [known, unknown].map(|mut times| {
        times.sort_unstable();
        times[times.len() / 2].as_secs_f64()
    });
    medians.sort_by(f64::total_cmp);
    medians[1] / medians[0]
}

/// H1: another agent puts an override in the place of the request that the approver reads.
#[tokio::test]
async fn april_approves_only_what_she_read() {
    for engine in available_engines() {
        let portal = TestPortal::start_on(engine).await;
        let mut wanda = sign_in_to_account(&portal, "wanda").await;
        let mut hugo = AgentCase::open(&portal, "hugo", "wanda", "pass").await;
        complete_call_check(&mut hugo, &mut wanda).await;
        hugo.request_verification("in_person").await;
        assert_eq!(outcome_code(&hugo.post_action("second", &[("to", "me")]).await), "approval-asked");
        let mut april = AgentCase { agent: sign_in_staff(&portal, "april").await, path: hugo.path.clone() };
        let read = april.load_page().await;
        for part in ["Who sees the pass", "Hugo Helpdesk, the agent", "Call check", "Seen in person"] {
            assert!(read.body.contains(part), "{part}: {}", read.main_text());
        }
        let mut hana = AgentCase { agent: sign_in_staff(&portal, "hana").await, path: hugo.path.clone() };
        let reason = [("text", "He is in a hurry, please."), ("to", "me")];
        assert_eq!(outcome_code(&hana.post_action("override", &reason).await), "approval-asked");
        let page = april.post_action_from(&read, "approve", &[]).await;
        assert!(page.url.contains("said=c-changed"), "{}", page.url);
        let compare = page.body.split_once("id=\"compare\"").unwrap_or_else(|| panic!("{}", page.main_text())).1;
        for part in ["What you read", "Hugo Helpdesk, the agent", "What is waiting now", "Hana", "He is in a hurry"] {
            assert!(compare.contains(part), "{part}: {}", page.main_text());
        }
        assert!(!page.body.contains("/approve\""), "she reads both before she can decide");
        let refused = hana.post_action("act", &[("to", "me")]).await;
        assert_eq!(outcome_code(&refused), "c-needs-approval");
        assert!(!case_events(&portal).await.contains(&"case.approved".to_owned()));
        portal.demo.stop().await;
    }
}

/// H1, the variant: the case gets another action between reading and pressing.
#[tokio::test]
async fn approval_of_harmless_action_does_not_open_a_pass() {
    let portal = TestPortal::start().await;
    let mut hugo = AgentCase::open(&portal, "hugo", "wanda", "revoke").await;
    let reason = [("text", "She lost her phone in the train.")];
    assert_eq!(outcome_code(&hugo.post_action("override", &reason).await), "approval-asked");
    let mut april = AgentCase { agent: sign_in_staff(&portal, "april").await, path: hugo.path.clone() };
    let read = april.load_page().await;
    let own = hugo.load_page().await;
    assert_eq!(outcome_code(&hugo.post_action("for", &[("action", "pass")]).await), "saved");
    assert_eq!(outcome_code(&hugo.post_action("override", &reason).await), "approval-asked");
    assert!(april.post_action_from(&read, "approve", &[]).await.url.contains("said=c-changed"));
    assert_eq!(outcome_code(&hugo.post_action_from(&own, "act", &[]).await), "c-changed", "his own old button");
    portal.demo.stop().await;
}

/// H2: one person vouches as the manager, attests, and acts.
#[tokio::test]
async fn manager_who_is_an_agent_cannot_vouch_attest_and_act() {
    let seed = passback_emulator::CONTOSO_SEED
        .replace("manager = \"mona@contoso.example\"", "manager = \"hugo@contoso.example\"");
    let seed = TenantSeed::parse(&seed).unwrap().with_short_delays();
    let portal = TestPortal::start_with(PortalSetup { seed, ..PortalSetup::default() }).await;
    let mut hana = AgentCase::open(&portal, "hana", "wanda", "pass").await;
    assert_eq!(outcome_code(&hana.request_verification("manager").await), "asked");
    let mut manager = sign_in_to_account(&portal, "hugo").await;
    assert_eq!(answer_request(&mut manager, "yes", &[]).await, "confirmed");
    let mut hugo = AgentCase { agent: sign_in_staff(&portal, "hugo").await, path: hana.path.clone() };
    assert_eq!(outcome_code(&hugo.request_verification("in_person").await), "attested");
    assert_eq!(outcome_code(&hugo.post_action("act", &[]).await), "c-needs-approval", "he would see the pass himself");
    assert_eq!(outcome_code(&hugo.post_action("second", &[]).await), "c-duties");
    assert_eq!(
        outcome_code(&hana.post_action("act", &[]).await),
        "c-duties",
        "his word counts once, as witness or as agent"
    );
    portal.demo.stop().await;
}

/// H3: the manager who vouched approves as the second person.
#[tokio::test]
async fn manager_who_vouched_cannot_approve() {
    let seed = passback_emulator::CONTOSO_SEED
        .replace("manager = \"mona@contoso.example\"", "manager = \"april@contoso.example\"");
    let seed = TenantSeed::parse(&seed).unwrap().with_short_delays();
    let portal = TestPortal::start_with(PortalSetup { seed, ..PortalSetup::default() }).await;
    let mut wanda = sign_in_to_account(&portal, "wanda").await;
    let mut hugo = AgentCase::open(&portal, "hugo", "wanda", "pass").await;
    complete_call_check(&mut hugo, &mut wanda).await;
    assert_eq!(outcome_code(&hugo.request_verification("manager").await), "asked");
    let mut manager = sign_in_to_account(&portal, "april").await;
    assert_eq!(answer_request(&mut manager, "yes", &[]).await, "confirmed");
    assert_eq!(outcome_code(&hugo.post_action("second", &[("to", "me")]).await), "approval-asked");
    let mut april = AgentCase { agent: sign_in_staff(&portal, "april").await, path: hugo.path.clone() };
    assert_eq!(outcome_code(&april.post_action("approve", &[]).await), "c-duties");
    assert!(!case_events(&portal).await.contains(&"case.approved".to_owned()));
    portal.demo.stop().await;
}

/// M9: nobody works on a case about themselves, whatever they press.
#[tokio::test]
async fn agent_changes_nothing_in_case_about_themselves() {
    let portal = TestPortal::start().await;
    let hana = AgentCase::open(&portal, "hana", "hugo", "grant").await;
    let mut hugo = AgentCase { agent: sign_in_staff(&portal, "hugo").await, path: hana.path.clone() };
    for (what, fields) in [
        ("take", vec![]),
        ("note", vec![("text", "all is well")]),
        ("ticket", vec![("text", "INC1")]),
        ("for", vec![("action", "pass")]),
        ("freeze", vec![]),
        ("close", vec![]),
    ] {
        assert_eq!(outcome_code(&hugo.post_action(what, &fields).await), "c-yourself", "{what}");
    }
    assert_eq!(case_events(&portal).await.iter().filter(|event| *event == "case.refused C-YOURSELF").count(), 6);
    portal.demo.stop().await;
}
