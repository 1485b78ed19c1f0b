//! Tests of `PeopleService` against the emulated tenant.
#![cfg(feature = "emulator")]

use crate::store::select_one;
use axum::extract::FromRef as _;
use jiff::SignedDuration;

use super::*;
use crate::base::Clock;
use crate::demo::{ConfigOverride, DemoOptions, FaultEffect, FaultTarget, InjectedFault, RunningDemo, TenantSeed};

struct PeopleFixture {
    demo: RunningDemo,
    people: PeopleService,
    clock: Clock,
}

impl PeopleFixture {
    async fn start(adjust: ConfigOverride) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let clock = Clock::system();
        let seed = Some(TenantSeed::contoso().unwrap().with_short_delays());
        let options = DemoOptions {
            seed,
            clock: clock.clone(),
            config_override: adjust,
            link_operator: false,
            ..DemoOptions::default()
        };
        let demo = RunningDemo::start(options).await.unwrap();
        let people = PeopleService::from_ref(demo.portal().app());
        Self { demo, people, clock }
    }

    fn object_id(&self, name: &str) -> ObjectId {
        self.demo.tenant.object_id(&format!("{name}@contoso.example")).unwrap().parse().unwrap()
    }

    async fn fetch_profile(&self, name: &str) -> PersonProfile {
        self.people.fetch_profile(self.object_id(name)).await.unwrap()
    }

    async fn privilege_reasons(&self, name: &str) -> Vec<(&'static str, Option<String>)> {
        let privilege = self.people.assess_privilege(&self.fetch_profile(name).await).await;
        assert_eq!(privilege.is_privileged(), !privilege.reasons.is_empty());
        privilege
            .reasons
            .iter()
            .map(|reason| (reason.as_str(), reason.role_or_group_name().map(str::to_owned)))
            .collect()
    }

    async fn search_names(&self, typed: &str) -> Vec<String> {
        self.people.search(typed).await.unwrap().into_iter().map(|found| found.name).collect()
    }
}

#[tokio::test]
async fn role_holder_or_listed_person_is_privileged_and_unreadable_counts_as_privileged() {
    let world = PeopleFixture::start(Box::new(|config| {
        config.helpdesk.privileged = vec!["Mona@Contoso.Example ".to_owned()];
    }))
    .await;
    let named = |code, name: &str| (code, Some(name.to_owned()));
    assert_eq!(world.privilege_reasons("wanda").await, []);
    assert_eq!(world.privilege_reasons("gloria").await, [named("active-role", "Global Administrator")]);
    assert_eq!(world.privilege_reasons("svc-passback").await, [named("scoped-role", "Authentication Administrator")]);
    assert_eq!(world.privilege_reasons("petra").await, [named("group", "Cloud administrators")]);
    assert_eq!(world.privilege_reasons("mona").await, [("listed", None)]);
    let hangup = |call| world.demo.tenant.add_fault(InjectedFault::new(call, FaultEffect::Hangup));
    hangup(FaultTarget::Groups);
    assert_eq!(world.privilege_reasons("wanda").await, [("unreadable", None)]);
    world.demo.tenant.clear_faults();
    hangup(FaultTarget::Roles);
    assert_eq!(world.privilege_reasons("petra").await, [named("group", "Cloud administrators"), ("unreadable", None)]);
    world.demo.stop().await;
}

#[tokio::test]
async fn search_matches_name_prefix_or_full_address() {
    let world = PeopleFixture::start(Box::new(|_| {})).await;
    assert_eq!(world.search_names("wan").await, ["Wanda Writeback"]);
    assert_eq!(world.search_names(" WRITE").await, ["Wanda Writeback"], "surname prefix");
    assert_eq!(world.search_names("wanda@contoso.example").await, ["Wanda Writeback"]);
    assert_eq!(world.search_names("gus_fabrikam.example#EXT#@contoso.example").await, ["Gus Guest"]);
    assert_eq!(world.search_names("helpdesk").await, ["Hana Helpdesk", "Hugo Helpdesk"]);
    for nobody in ["w", "wanda@", "x'y", "wan') or (userPrincipalName ne '", "a&$top=999", "%25"] {
        assert!(world.search_names(nobody).await.is_empty(), "{nobody}");
    }
    world.demo.stop().await;
}

#[tokio::test]
async fn manager_and_registered_methods_are_fetched_when_present() {
    let world = PeopleFixture::start(Box::new(|_| {})).await;
    let manager = world.people.fetch_manager(world.object_id("wanda")).await.unwrap().unwrap();
    assert_eq!((manager.name.as_str(), manager.id), ("Mona Manager", world.object_id("mona")));
    assert_eq!(world.people.fetch_manager(world.object_id("hugo")).await.unwrap(), None);
    let methods = world.people.fetch_registration(world.object_id("wanda")).await.unwrap().unwrap();
    let names: Vec<&str> = methods.methods.iter().map(crate::entra::RegisteredMethod::as_str).collect();
    assert_eq!(names, ["passKeyDeviceBound", "temporaryAccessPass", "mobilePhone"]);
    assert!(methods.mfa_capable && methods.passwordless_capable && methods.updated_at.unwrap() < world.clock.now());
    world.demo.stop().await;
}

#[tokio::test]
async fn phone_number_is_callback_eligible_after_14_days_and_daily_refresh_detects_change() {
    let world = PeopleFixture::start(Box::new(|_| {})).await;
    let numbers = async || world.people.load_phone_numbers(&world.fetch_profile("wanda").await).await.unwrap();
    let shown = |numbers: &[PhoneNumber]| -> Vec<(String, bool)> {
        numbers.iter().map(|number| (number.display_text.clone(), number.callback_eligible)).collect()
    };
    let (mobile, office) = ("+44 20 7946 0101".to_owned(), "+44 20 7946 0900".to_owned());
    assert_eq!(shown(&numbers().await), [(mobile.clone(), false), (office.clone(), false)]);
    world.clock.advance(SignedDuration::from_hours(24 * 14));
    assert_eq!(shown(&numbers().await), [(mobile.clone(), true), (office.clone(), true)]);
    let app = world.demo.portal().app();
    let changed_at = app.now();
    // The number changes and changes back without a request from the helpdesk in between.
    world.demo.tenant.set_mobile_number("wanda@contoso.example", Some("+44 20 7946 0666"));
    world.clock.advance(SignedDuration::from_hours(25));
    phone_numbers::run_once(app).await.unwrap();
    // The portal's background refresh may have claimed the person first and still be running.
    for tries in 0.. {
        const SQL: &str = "SELECT COUNT(*) FROM person_numbers WHERE kind = 'mobile' AND first_seen_at >= $1";
        let at = changed_at.as_millisecond();
        let (seen,): (i64,) = select_one!(&app.db, SQL, at).unwrap();
        if seen > 0 {
            break;
        }
        assert!(tries < 1_200, "the refresh did not record the temporary number");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    world.demo.tenant.set_mobile_number("wanda@contoso.example", Some(&mobile));
    assert_eq!(shown(&numbers().await), [(mobile, false), (office, true)], "the number was different in between");
    world.demo.stop().await;
}
