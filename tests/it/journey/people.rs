//! The helpdesk's person search and person page: data of Microsoft and of the portal, and nothing that a caller could
//! be asked to confirm.

use std::fmt::Write as _;

use jiff::SignedDuration;
use passback_emulator::{FaultEffect, FaultTarget, InjectedFault, TenantSeed};
use reqwest::StatusCode;

use crate::support::portal::{DatabaseEngine, GOOD, HttpBrowser, PortalSetup, ResponsePage, TestPortal, engines, upn};

async fn staff(portal: &TestPortal, name: &str) -> HttpBrowser {
    let mut browser = portal.browser();
    let page = browser.sign_in("/signin?purpose=staff", &upn(name), "passkey", "").await;
    assert!(page.status.is_success(), "{name}: {}", page.body);
    browser
}

fn address(portal: &TestPortal, name: &str) -> String {
    format!("/helpdesk/people/{}", portal.demo.tenant.object_id(&upn(name)).unwrap())
}

/// Returns a section of the person page by its id.
fn section<'p>(page: &'p ResponsePage, id: &str) -> &'p str {
    let rest =
        page.body.split_once(&format!("<section id=\"{id}\"")).unwrap_or_else(|| panic!("{id}: {}", page.main())).1;
    rest.split_once("</section>").unwrap().0
}

async fn audited(portal: &TestPortal, engine: DatabaseEngine, event: &str) -> usize {
    const SQL: &str = "SELECT event FROM audit WHERE event = $1";
    match engine {
        DatabaseEngine::Sqlite => {
            let pool = sqlx::SqlitePool::connect(&portal.database).await.unwrap();
            sqlx::query(SQL).bind(event).fetch_all(&pool).await.unwrap().len()
        }
        DatabaseEngine::Postgres => {
            let pool = sqlx::PgPool::connect(&portal.database).await.unwrap();
            sqlx::query(SQL).bind(event).fetch_all(&pool).await.unwrap().len()
        }
    }
}

#[tokio::test]
async fn hugo_finds_wanda_before_her_first_reset_and_sees_what_is_known_of_her() {
    for engine in engines() {
        let portal = TestPortal::on(engine).await;
        let mut hugo = staff(&portal, "hugo").await;
        let page = hugo.get("/helpdesk/people?q=wanda").await;
        let wanda = address(&portal, "wanda");
        assert!(page.body.contains(&format!("href=\"{wanda}\"")), "{}", page.main());
        let page = hugo.get(&wanda).await;
        assert!(page.body.contains("Wanda Writeback") && page.body.contains("Not privileged."), "{}", page.main());
        let account = section(&page, "account");
        assert!(account.contains("in the directory, corp.example") && account.contains(" minutes ago)"), "{account}");
        assert!(section(&page, "methods").contains("Passkey"), "{}", section(&page, "methods"));
        assert!(section(&page, "methods").contains(" hours ago"), "{}", section(&page, "methods"));
        assert!(section(&page, "devices").contains("Windows · joined to the directory"), "{}", page.main());
        assert!(section(&page, "risk").contains("Not available"), "{}", page.main());
        assert!(section(&page, "resets").contains("No reset yet."), "{}", page.main());
        for told in ["LAP-WANDA", "Mona", "mona@"] {
            assert!(!page.body.contains(told), "nothing an agent could be asked for: {told}");
        }
        // The view is audited once, however often the page is loaded.
        hugo.get(&wanda).await;
        assert_eq!(audited(&portal, engine, "desk.person_viewed").await, 1);
        staff(&portal, "audrey").await.get(&wanda).await;
        assert_eq!(audited(&portal, engine, "desk.person_viewed").await, 2, "somebody else's look");
        portal.clock.advance(SignedDuration::from_mins(11));
        hugo.get(&wanda).await;
        assert_eq!(audited(&portal, engine, "desk.person_viewed").await, 3);
        assert_eq!(audited(&portal, engine, "desk.people_searched").await, 1);
        portal.demo.stop().await;
    }
}

/// Backdates the stored phone numbers. The clock cannot be advanced that far, because the browser sessions would
/// expire.
async fn days_pass(portal: &TestPortal, days: i64) {
    let pool = sqlx::SqlitePool::connect(&portal.database).await.unwrap();
    let sql = "UPDATE person_numbers SET first_seen_at = first_seen_at - $1";
    let rows = sqlx::query(sql).bind(days * 86_400_000).execute(&pool).await.unwrap().rows_affected();
    assert!(rows > 0, "nothing is written down");
}

#[tokio::test]
async fn a_number_is_called_settled_only_after_fourteen_days_without_a_change() {
    let portal = TestPortal::start().await;
    let wanda = address(&portal, "wanda");
    let look = async |portal: &TestPortal| {
        let page = staff(portal, "hugo").await.get(&wanda).await;
        section(&page, "numbers").to_owned()
    };
    let numbers = look(&portal).await;
    assert!(numbers.contains("+44 20 7946 0101") && numbers.contains("too new to call back"), "{numbers}");
    days_pass(&portal, 15).await;
    let numbers = look(&portal).await;
    assert!(!numbers.contains("too new") && numbers.contains("<strong>settled</strong>"), "{numbers}");
    assert!(numbers.contains("15 days ago"), "{numbers}");
    portal.demo.tenant.set_mobile(&upn("wanda"), Some("+44 20 7946 0666"));
    let numbers = look(&portal).await;
    let (mobile, office) = numbers.split_once("</li>").unwrap();
    assert!(mobile.contains("0666") && mobile.contains("too new"), "{mobile}");
    assert!(office.contains("0900") && office.contains(">settled<"), "{office}");
    portal.demo.stop().await;
}

#[tokio::test]
async fn the_number_of_a_reset_is_remembered_without_anybody_looking() {
    let portal = TestPortal::start().await;
    let mut wanda = portal.signed_in("wanda").await;
    let reference = wanda.reset(GOOD).await.reference();
    wanda.until_state(&reference, "written").await;
    days_pass(&portal, 15).await;
    let page = staff(&portal, "hugo").await.get(&address(&portal, "wanda")).await;
    assert!(section(&page, "numbers").contains(">settled<"), "{}", section(&page, "numbers"));
    assert!(section(&page, "resets").contains(&reference), "{}", page.main());
    portal.demo.stop().await;
}

#[tokio::test]
async fn gloria_is_privileged_and_the_page_says_why() {
    let portal = TestPortal::with(PortalSetup::adjusted(|config| config.helpdesk.privileged = vec![upn("omar")])).await;
    let mut hugo = staff(&portal, "hugo").await;
    for (name, why) in [
        ("gloria", "Holds the role Global Administrator."),
        ("petra", "Belongs to the group Cloud administrators, which can hold roles."),
        ("svc-passback", "Holds the role Authentication Administrator in a part of the tenant."),
        ("omar", "Is on the organisation’s list."),
    ] {
        let page = hugo.get(&address(&portal, name)).await;
        assert_eq!(page.attribute("data-privileged"), "true", "{name}");
        assert!(page.body.contains(why), "{name}: {}", page.main());
    }
    portal.demo.stop().await;
}

#[tokio::test]
async fn what_cannot_be_read_is_said_and_the_rest_of_the_page_comes() {
    let portal = TestPortal::start().await;
    let mut hugo = staff(&portal, "hugo").await;
    let wanda = address(&portal, "wanda");
    for (call, id) in [
        (FaultTarget::Methods, "methods"),
        (FaultTarget::Devices, "devices"),
        (FaultTarget::Risk, "risk"),
        (FaultTarget::User, "account"),
    ] {
        portal.demo.tenant.add_fault(InjectedFault::on(call, FaultEffect::Hangup));
        let page = hugo.get(&wanda).await;
        assert_eq!(page.status, StatusCode::OK);
        assert!(section(&page, id).contains("This could not be read."), "{id}: {}", page.main());
        let others = ["methods", "devices", "risk", "account"].into_iter().filter(|other| *other != id);
        for other in others {
            assert!(!section(&page, other).contains("could not be read"), "{id} took {other} with it");
        }
        assert_eq!(page.attribute("data-privileged"), if id == "account" { "true" } else { "false" });
        portal.demo.tenant.clear_faults();
    }
    for call in [FaultTarget::Roles, FaultTarget::Groups] {
        portal.demo.tenant.add_fault(InjectedFault::on(call, FaultEffect::Hangup));
        let page = hugo.get(&wanda).await;
        assert!(page.body.contains("so everybody counts as privileged"), "{}", page.main());
        portal.demo.tenant.clear_faults();
    }
    portal.demo.stop().await;
}

#[tokio::test]
async fn risk_is_shown_where_the_portal_may_read_it() {
    let seed = TenantSeed::contoso().unwrap().hurry().granting("IdentityRiskyUser.Read.All");
    let portal = TestPortal::with(PortalSetup { seed, ..PortalSetup::default() }).await;
    let mut hugo = staff(&portal, "hugo").await;
    let page = hugo.get(&address(&portal, "rita")).await;
    assert!(section(&page, "risk").contains("At risk, high:"), "{}", section(&page, "risk"));
    let page = hugo.get(&address(&portal, "wanda")).await;
    assert!(section(&page, "risk").contains("Microsoft has seen no risk."), "{}", section(&page, "risk"));
    portal.demo.stop().await;
}

#[tokio::test]
async fn a_search_says_what_it_came_to_and_one_agent_cannot_read_out_the_directory() {
    let mut text = passback_emulator::CONTOSO_SEED.to_owned();
    for n in 0..25 {
        let _ = write!(text, "\n[[people]]\nupn = \"many{n}@contoso.example\"\nname = \"Many <b>{n}\"\n");
    }
    let portal =
        TestPortal::with(PortalSetup { seed: TenantSeed::parse(&text).unwrap().hurry(), ..PortalSetup::default() })
            .await;
    let mut hugo = staff(&portal, "hugo").await;
    for (typed, said) in [
        ("", "How a name begins"),
        ("w", "Type at least two letters."),
        ("xyzzy", "There is nobody of this name."),
        ("%27)%20or%20startsWith(mail,%27w", "There is nobody of this name."),
        ("many", "More than 20 people"),
    ] {
        let page = hugo.get(&format!("/helpdesk/people?q={typed}")).await;
        assert!(page.body.contains(said), "{typed}: {}", page.main());
    }
    let page = hugo.get("/helpdesk/people?q=many").await;
    assert_eq!(page.body.matches("href=\"/helpdesk/people/").count(), 20);
    assert!(page.body.contains("Many &#60;b&#62;"), "{}", page.main());
    let page = hugo.get(&format!("/helpdesk/people?q={}", upn("adam"))).await;
    assert_eq!(page.body.matches("href=\"/helpdesk/people/").count(), 1, "a whole address: {}", page.main());
    portal.demo.tenant.add_fault(InjectedFault::on(FaultTarget::User, FaultEffect::Hangup).times(1));
    portal.demo.tenant.add_fault(InjectedFault::on(FaultTarget::Other, FaultEffect::Hangup).times(1));
    let page = hugo.get("/helpdesk/people?q=many").await;
    assert_eq!(page.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(page.body.contains("Microsoft did not answer"), "{}", page.main());
    portal.demo.tenant.clear_faults();
    let mut statuses = Vec::new();
    for _ in 0..32 {
        statuses.push(hugo.once("/helpdesk/people?q=many").await.status());
    }
    assert!(statuses.contains(&StatusCode::TOO_MANY_REQUESTS), "{statuses:?}");
    let again = staff(&portal, "audrey").await.once("/helpdesk/people?q=many").await;
    assert_eq!(again.status(), StatusCode::OK, "each agent's own limit");
    portal.demo.stop().await;
}

#[tokio::test]
async fn nobody_is_nobody_and_a_person_who_left_still_has_their_resets() {
    let portal = TestPortal::start().await;
    let mut hugo = staff(&portal, "hugo").await;
    for nobody in ["0", "00000000-0000-4000-8000-000000000000", &upn("wanda")] {
        assert_eq!(hugo.once(&format!("/helpdesk/people/{nobody}")).await.status(), StatusCode::NOT_FOUND, "{nobody}");
    }
    let mut wanda = portal.signed_in("wanda").await;
    let reference = wanda.reset(GOOD).await.reference();
    wanda.until_state(&reference, "written").await;
    let gone = FaultEffect::Status {
        status: 404,
        code: "Request_ResourceNotFound".into(),
        retry_after: None,
        graph_body: true,
    };
    portal.demo.tenant.add_fault(InjectedFault::on(FaultTarget::User, gone));
    let page = hugo.get(&address(&portal, "wanda")).await;
    assert!(page.body.contains("no longer in the tenant") && page.body.contains(&reference), "{}", page.main());
    assert!(page.body.contains("Wanda Writeback"), "as the reset knew her: {}", page.main());
    portal.demo.stop().await;
}
