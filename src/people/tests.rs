//! Tests of `PeopleService` against the emulated tenant.
#![cfg(feature = "emulator")]

use axum::extract::FromRef as _;
use jiff::SignedDuration;

use super::*;
use crate::base::Clock;
use crate::demo::{ConfigOverride, DemoOptions, FaultEffect, FaultTarget, InjectedFault, RunningDemo, TenantSeed};
use crate::store::on_db;

struct PeopleFixture {
    demo: RunningDemo,
    people: PeopleService,
    clock: Clock,
}

impl PeopleFixture {
    async fn start(adjust: ConfigOverride) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let clock = Clock::system();
        let seed = Some(TenantSeed::contoso().unwrap().hurry());
        let options =
            DemoOptions { seed, clock: clock.clone(), adjust, link_operator: false, ..DemoOptions::default() };
        let demo = RunningDemo::start(options).await.unwrap();
        let people = PeopleService::from_ref(demo.portal().app());
        Self { demo, people, clock }
    }

    fn id(&self, name: &str) -> ObjectId {
        self.demo.tenant.object_id(&format!("{name}@contoso.example")).unwrap().parse().unwrap()
    }

    async fn facts(&self, name: &str) -> PersonProfile {
        self.people.facts(self.id(name)).await.unwrap()
    }

    async fn reasons(&self, name: &str) -> Vec<(&'static str, Option<String>)> {
        let privilege = self.people.privilege(&self.facts(name).await).await;
        assert_eq!(privilege.privileged(), !privilege.reasons.is_empty());
        privilege.reasons.iter().map(|reason| (reason.code(), reason.name().map(str::to_owned))).collect()
    }

    async fn names(&self, typed: &str) -> Vec<String> {
        self.people.find(typed).await.unwrap().into_iter().map(|found| found.name).collect()
    }
}

#[tokio::test]
async fn privileged_is_whoever_holds_a_role_or_is_listed_and_everybody_when_it_cannot_be_read() {
    let world = PeopleFixture::start(Box::new(|config| {
        config.helpdesk.privileged = vec!["Mona@Contoso.Example ".to_owned()];
    }))
    .await;
    let named = |code, name: &str| (code, Some(name.to_owned()));
    assert_eq!(world.reasons("wanda").await, []);
    assert_eq!(world.reasons("gloria").await, [named("active-role", "Global Administrator")]);
    assert_eq!(world.reasons("svc-passback").await, [named("scoped-role", "Authentication Administrator")]);
    assert_eq!(world.reasons("petra").await, [named("group", "Cloud administrators")]);
    assert_eq!(world.reasons("mona").await, [("listed", None)]);
    let hangup = |call| world.demo.tenant.add_fault(InjectedFault::on(call, FaultEffect::Hangup));
    hangup(FaultTarget::Groups);
    assert_eq!(world.reasons("wanda").await, [("unreadable", None)]);
    world.demo.tenant.clear_faults();
    hangup(FaultTarget::Roles);
    assert_eq!(world.reasons("petra").await, [named("group", "Cloud administrators"), ("unreadable", None)]);
    world.demo.stop().await;
}

#[tokio::test]
async fn people_are_found_by_how_their_name_begins_or_by_their_whole_address() {
    let world = PeopleFixture::start(Box::new(|_| {})).await;
    assert_eq!(world.names("wan").await, ["Wanda Writeback"]);
    assert_eq!(world.names(" WRITE").await, ["Wanda Writeback"], "surname prefix");
    assert_eq!(world.names("wanda@contoso.example").await, ["Wanda Writeback"]);
    assert_eq!(world.names("gus_fabrikam.example#EXT#@contoso.example").await, ["Gus Guest"]);
    assert_eq!(world.names("helpdesk").await, ["Hana Helpdesk", "Hugo Helpdesk"]);
    for nobody in ["w", "wanda@", "x'y", "wan') or (userPrincipalName ne '", "a&$top=999", "%25"] {
        assert!(world.names(nobody).await.is_empty(), "{nobody}");
    }
    world.demo.stop().await;
}

#[tokio::test]
async fn a_manager_and_the_registered_methods_are_read_if_there_are_any() {
    let world = PeopleFixture::start(Box::new(|_| {})).await;
    let manager = world.people.manager(world.id("wanda")).await.unwrap().unwrap();
    assert_eq!((manager.name.as_str(), manager.id), ("Mona Manager", world.id("mona")));
    assert_eq!(world.people.manager(world.id("hugo")).await.unwrap(), None);
    let methods = world.people.methods(world.id("wanda")).await.unwrap().unwrap();
    assert_eq!(methods.methods, ["passKeyDeviceBound", "temporaryAccessPass", "mobilePhone"]);
    assert!(methods.mfa_capable && methods.passwordless_capable && methods.updated_at.unwrap() < world.clock.now());
    world.demo.stop().await;
}

#[tokio::test]
async fn a_number_settles_after_fourteen_days_and_the_daily_look_sees_a_change() {
    let world = PeopleFixture::start(Box::new(|_| {})).await;
    let numbers = async || world.people.numbers(&world.facts("wanda").await).await.unwrap();
    let shown = |numbers: &[PhoneNumber]| -> Vec<(String, bool)> {
        numbers.iter().map(|number| (number.shown.clone(), number.settled)).collect()
    };
    let (mobile, office) = ("+44 20 7946 0101".to_owned(), "+44 20 7946 0900".to_owned());
    assert_eq!(shown(&numbers().await), [(mobile.clone(), false), (office.clone(), false)]);
    world.clock.advance(SignedDuration::from_hours(24 * 14));
    assert_eq!(shown(&numbers().await), [(mobile.clone(), true), (office.clone(), true)]);
    // The number changes and changes back without a request from the helpdesk in between.
    world.demo.tenant.set_mobile("wanda@contoso.example", Some("+44 20 7946 0666"));
    world.clock.advance(SignedDuration::from_hours(25));
    let app = world.demo.portal().app();
    let changed_at = app.now();
    numbers::round(app).await.unwrap();
    // The portal's background refresh may have claimed the person first and still be running.
    for tries in 0.. {
        const SQL: &str = "SELECT COUNT(*) FROM person_numbers WHERE kind = 'mobile' AND first_seen_at >= $1";
        let at = changed_at.as_millisecond();
        let (seen,): (i64,) = on_db!(&app.db, |db| sqlx::query_as(SQL).bind(at).fetch_one(db).await).unwrap();
        if seen > 0 {
            break;
        }
        assert!(tries < 200, "the refresh did not record the temporary number");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    world.demo.tenant.set_mobile("wanda@contoso.example", Some(&mobile));
    assert_eq!(shown(&numbers().await), [(mobile, false), (office, true)], "the number was different in between");
    world.demo.stop().await;
}
