//! The helpdesk's person search and person page: data of Microsoft and of the portal, and nothing that a caller could
//! be asked to confirm.

use std::fmt::Write as _;

use jiff::SignedDuration;
use passback_emulator::{FaultEffect, FaultTarget, InjectedFault, TenantSeed};
use reqwest::StatusCode;

use crate::support::portal::{
    DatabaseEngine, HttpBrowser, PortalSetup, ResponsePage, TestPortal, VALID_PASSWORD, available_engines, full_upn,
};

async fn sign_in_staff(portal: &TestPortal, name: &str) -> HttpBrowser {
    let mut browser = portal.browser();
    let page = browser.sign_in("/signin?purpose=staff", &full_upn(name), "passkey", "").await;
    assert!(page.status.is_success(), "{name}: {}", page.body);
    browser
}

fn person_path(portal: &TestPortal, name: &str) -> String {
    format!("/helpdesk/people/{}", portal.demo.tenant.object_id(&full_upn(name)).unwrap())
}

/// Returns a section of the person page by its id.
fn page_section<'p>(page: &'p ResponsePage, id: &str) -> &'p str {
    let rest = page
        .body
        .split_once(&format!("<section id=\"{id}\""))
        .unwrap_or_else(|| panic!("{id}: {}", page.main_text()))
        .1;
    rest.split_once("</section>").unwrap().0
}

async fn count_audit_events(portal: &TestPortal, engine: DatabaseEngine, event: &str) -> usize {
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
async fn hugo_finds_wanda_and_sees_her_details() {
    for engine in available_engines() {
        let portal = TestPortal::start_on(engine).await;
        let mut hugo = sign_in_staff(&portal, "hugo").await;
        let page = hugo.get("/helpdesk/people?q=wanda").await;
        let wanda = person_path(&portal, "wanda");
        assert!(page.body.contains(&format!("href=\"{wanda}\"")), "{}", page.main_text());
        let page = hugo.get(&wanda).await;
        assert!(page.body.contains("Wanda Writeback") && page.body.contains("Not privileged."), "{}", page.main_text());
        let account = page_section(&page, "account");
        assert!(account.contains("in the directory, corp.example") && account.contains(" minutes ago)"), "{account}");
        assert!(page_section(&page, "methods").contains("Passkey"), "{}", page_section(&page, "methods"));
        assert!(page_section(&page, "methods").contains(" hours ago"), "{}", page_section(&page, "methods"));
        assert!(page_section(&page, "devices").contains("Windows · joined to the directory"), "{}", page.main_text());
        assert!(page_section(&page, "risk").contains("Not available"), "{}", page.main_text());
        assert!(page_section(&page, "resets").contains("No reset yet."), "{}", page.main_text());
        for told in ["LAP-WANDA", "Mona", "mona@"] {
            assert!(!page.body.contains(told), "nothing an agent could be asked for: {told}");
        }
        // The view is audited once, however often the page is loaded.
        hugo.get(&wanda).await;
        assert_eq!(count_audit_events(&portal, engine, "desk.person_viewed").await, 1);
        sign_in_staff(&portal, "audrey").await.get(&wanda).await;
        assert_eq!(count_audit_events(&portal, engine, "desk.person_viewed").await, 2, "somebody else's look");
        portal.clock.advance(SignedDuration::from_mins(11));
        hugo.get(&wanda).await;
        assert_eq!(count_audit_events(&portal, engine, "desk.person_viewed").await, 3);
        assert_eq!(count_audit_events(&portal, engine, "desk.people_searched").await, 1);
        portal.demo.stop().await;
    }
}

/// Backdates the stored phone numbers. The clock cannot be advanced that far, because the browser sessions would
/// expire.
async fn age_phone_numbers(portal: &TestPortal, days: i64) {
    let pool = sqlx::SqlitePool::connect(&portal.database).await.unwrap();
    let sql = "UPDATE person_numbers SET first_seen_at = first_seen_at - $1";
    let rows = sqlx::query(sql).bind(days * 86_400_000).execute(&pool).await.unwrap().rows_affected();
    assert!(rows > 0, "nothing is written down");
}

#[tokio::test]
async fn phone_number_is_callback_eligible_after_fourteen_days() {
    let portal = TestPortal::start().await;
    let wanda = person_path(&portal, "wanda");
    let look = async |portal: &TestPortal| {
        let page = sign_in_staff(portal, "hugo").await.get(&wanda).await;
        page_section(&page, "numbers").to_owned()
    };
    let numbers = look(&portal).await;
    assert!(numbers.contains("+44 20 7946 0101") && numbers.contains("too new to call back"), "{numbers}");
    age_phone_numbers(&portal, 15).await;
    let numbers = look(&portal).await;
    assert!(!numbers.contains("too new") && numbers.contains("<strong>settled</strong>"), "{numbers}");
    assert!(numbers.contains("15 days ago"), "{numbers}");
    portal.demo.tenant.set_mobile_number(&full_upn("wanda"), Some("+44 20 7946 0666"));
    let numbers = look(&portal).await;
    let (mobile, office) = numbers.split_once("</li>").unwrap();
    assert!(mobile.contains("0666") && mobile.contains("too new"), "{mobile}");
    assert!(office.contains("0900") && office.contains(">settled<"), "{office}");
    portal.demo.stop().await;
}

#[tokio::test]
async fn reset_records_phone_numbers() {
    let portal = TestPortal::start().await;
    let mut wanda = portal.signed_in("wanda").await;
    let reference = wanda.submit_reset(VALID_PASSWORD).await.reference();
    wanda.wait_for_state(&reference, "written").await;
    age_phone_numbers(&portal, 15).await;
    let page = sign_in_staff(&portal, "hugo").await.get(&person_path(&portal, "wanda")).await;
    assert!(page_section(&page, "numbers").contains(">settled<"), "{}", page_section(&page, "numbers"));
    assert!(page_section(&page, "resets").contains(&reference), "{}", page.main_text());
    portal.demo.stop().await;
}

#[tokio::test]
async fn gloria_is_shown_as_privileged_with_reason() {
    let portal =
        TestPortal::start_with(PortalSetup::with_config(|config| config.helpdesk.privileged = vec![full_upn("omar")]))
            .await;
    let mut hugo = sign_in_staff(&portal, "hugo").await;
    for (name, why) in [
        ("gloria", "Holds the role Global Administrator."),
        ("petra", "Belongs to the group Cloud administrators, which can hold roles."),
        ("svc-passback", "Holds the role Authentication Administrator in a part of the tenant."),
        ("omar", "Is on the organisation’s list."),
    ] {
        let page = hugo.get(&person_path(&portal, name)).await;
        assert_eq!(page.attribute("data-privileged"), "true", "{name}");
        assert!(page.body.contains(why), "{name}: {}", page.main_text());
    }
    portal.demo.stop().await;
}

#[tokio::test]
async fn unreadable_section_does_not_hide_the_others() {
    let portal = TestPortal::start().await;
    let mut hugo = sign_in_staff(&portal, "hugo").await;
    let wanda = person_path(&portal, "wanda");
    for (call, id) in [
        (FaultTarget::Methods, "methods"),
        (FaultTarget::Devices, "devices"),
        (FaultTarget::Risk, "risk"),
        (FaultTarget::User, "account"),
    ] {
        portal.demo.tenant.add_fault(InjectedFault::new(call, FaultEffect::Hangup));
        let page = hugo.get(&wanda).await;
        assert_eq!(page.status, StatusCode::OK);
        assert!(page_section(&page, id).contains("This could not be read."), "{id}: {}", page.main_text());
        let others = ["methods", "devices", "risk", "account"].into_iter().filter(|other| *other != id);
        for other in others {
            assert!(!page_section(&page, other).contains("could not be read"), "{id} took {other} with it");
        }
        assert_eq!(page.attribute("data-privileged"), if id == "account" { "true" } else { "false" });
        portal.demo.tenant.clear_faults();
    }
    for call in [FaultTarget::Roles, FaultTarget::Groups] {
        portal.demo.tenant.add_fault(InjectedFault::new(call, FaultEffect::Hangup));
        let page = hugo.get(&wanda).await;
        assert!(page.body.contains("so everybody counts as privileged"), "{}", page.main_text());
        portal.demo.tenant.clear_faults();
    }
    portal.demo.stop().await;
}

#[tokio::test]
async fn risk_is_shown_when_permission_is_granted() {
    let seed =
        TenantSeed::contoso().unwrap().with_short_delays().with_application_permission("IdentityRiskyUser.Read.All");
    let portal = TestPortal::start_with(PortalSetup { seed, ..PortalSetup::default() }).await;
    let mut hugo = sign_in_staff(&portal, "hugo").await;
    let page = hugo.get(&person_path(&portal, "rita")).await;
    assert!(page_section(&page, "risk").contains("At risk, high:"), "{}", page_section(&page, "risk"));
    let page = hugo.get(&person_path(&portal, "wanda")).await;
    assert!(page_section(&page, "risk").contains("Microsoft has seen no risk."), "{}", page_section(&page, "risk"));
    portal.demo.stop().await;
}

#[tokio::test]
async fn person_search_explains_result_and_is_limited_per_agent() {
    let mut text = passback_emulator::CONTOSO_SEED.to_owned();
    for n in 0..25 {
        let _ = write!(text, "\n[[people]]\nupn = \"many{n}@contoso.example\"\nname = \"Many <b>{n}\"\n");
    }
    let portal = TestPortal::start_with(PortalSetup {
        seed: TenantSeed::parse(&text).unwrap().with_short_delays(),
        ..PortalSetup::default()
    })
    .await;
    let mut hugo = sign_in_staff(&portal, "hugo").await;
    for (typed, said) in [
        ("", "How a name begins"),
        ("w", "Type at least two letters."),
        ("xyzzy", "There is nobody of this name."),
        ("%27)%20or%20startsWith(mail,%27w", "There is nobody of this name."),
        ("many", "More than 20 people"),
    ] {
        let page = hugo.get(&format!("/helpdesk/people?q={typed}")).await;
        assert!(page.body.contains(said), "{typed}: {}", page.main_text());
    }
    let page = hugo.get("/helpdesk/people?q=many").await;
    assert_eq!(page.body.matches("href=\"/helpdesk/people/").count(), 20);
    assert!(page.body.contains("Many &#60;b&#62;"), "{}", page.main_text());
    let page = hugo.get(&format!("/helpdesk/people?q={}", full_upn("adam"))).await;
    assert_eq!(page.body.matches("href=\"/helpdesk/people/").count(), 1, "a whole address: {}", page.main_text());
    portal.demo.tenant.add_fault(InjectedFault::new(FaultTarget::User, FaultEffect::Hangup).times(1));
    portal.demo.tenant.add_fault(InjectedFault::new(FaultTarget::Other, FaultEffect::Hangup).times(1));
    let page = hugo.get("/helpdesk/people?q=many").await;
    assert_eq!(page.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(page.body.contains("Microsoft did not answer"), "{}", page.main_text());
    portal.demo.tenant.clear_faults();
    // All at once: one after the other on a slow machine, the limit would be regained meanwhile.
    let search = async |_| hugo.clone().get_once("/helpdesk/people?q=many").await.status();
    let statuses = futures_util::future::join_all((0..60).map(search)).await;
    assert!(statuses.contains(&StatusCode::TOO_MANY_REQUESTS), "{statuses:?}");
    let again = sign_in_staff(&portal, "audrey").await.get_once("/helpdesk/people?q=many").await;
    assert_eq!(again.status(), StatusCode::OK, "each agent's own limit");
    portal.demo.stop().await;
}

#[tokio::test]
async fn unknown_person_is_not_found_and_deleted_person_keeps_resets() {
    let portal = TestPortal::start().await;
    let mut hugo = sign_in_staff(&portal, "hugo").await;
    for nobody in ["0", "00000000-0000-4000-8000-000000000000", &full_upn("wanda")] {
        assert_eq!(
            hugo.get_once(&format!("/helpdesk/people/{nobody}")).await.status(),
            StatusCode::NOT_FOUND,
            "{nobody}"
        );
    }
    let mut wanda = portal.signed_in("wanda").await;
    let reference = wanda.submit_reset(VALID_PASSWORD).await.reference();
    wanda.wait_for_state(&reference, "written").await;
    let gone = FaultEffect::Status {
        status: 404,
        code: "Request_ResourceNotFound".into(),
        retry_after: None,
        graph_body: true,
    };
    portal.demo.tenant.add_fault(InjectedFault::new(FaultTarget::User, gone));
    let page = hugo.get(&person_path(&portal, "wanda")).await;
    assert!(page.body.contains("no longer in the tenant") && page.body.contains(&reference), "{}", page.main_text());
    assert!(page.body.contains("Wanda Writeback"), "as the reset knew her: {}", page.main_text());
    portal.demo.stop().await;
}
