//! Upgrade from the release before and back: people stay signed in, a running reset ends, and what the other release
//! stored can still be read.

use crate::journey::cases::outcome_code;
use crate::support::fleet::{PortalFleet, PortalReplica, person_upn, seed_with_people};
use crate::support::portal::{DatabaseEngine, HttpBrowser, VALID_PASSWORD, available_engines};

/// Sign-in that has left the portal and waits at Entra.
struct WaitingSignIn {
    browser: HttpBrowser,
    entra_url: String,
}

impl WaitingSignIn {
    async fn begin(fleet: &PortalFleet) -> Self {
        let mut browser = fleet.browser();
        let entra = browser.get("/signin").await;
        assert!(entra.url.contains("/oauth2/v2.0/authorize"), "{}", entra.url);
        Self { browser, entra_url: entra.url }
    }

    async fn complete(mut self, upn: &str) {
        let fields = [("account", upn), ("method", "passkey"), ("password", ""), ("tap", "")];
        let page = self.browser.post(&self.entra_url, &fields).await;
        assert!(page.status.is_success() && page.url.ends_with("/reset"), "{} {}", page.url, page.body);
    }
}

/// Work that one release leaves to the other.
struct OpenWork {
    anna: HttpBrowser,
    reference: String,
    berta: HttpBrowser,
    hugo: HttpBrowser,
    case_path: String,
    words: Vec<String>,
    carla: HttpBrowser,
    waiting: WaitingSignIn,
}

impl OpenWork {
    /// Starts a reset that is still running, a call check and a sign-in. `first` is the number of the first of four
    /// people who take part.
    async fn begin(fleet: &PortalFleet, first: usize) -> Self {
        fleet.hold_writeback(&person_upn(first));
        let mut anna = fleet.signed_in(&person_upn(first)).await;
        let berta = fleet.signed_in(&person_upn(first + 1)).await;
        let carla = fleet.signed_in(&person_upn(first + 2)).await;
        let mut hugo = fleet.browser();
        hugo.sign_in("/signin?purpose=staff", "hugo@contoso.example", "passkey", "").await;
        let person = person_upn(first + 2);
        let page = hugo.post("/helpdesk/cases", &[("person", &person), ("action", "grant")]).await;
        let case_path = format!("/helpdesk/cases/{}", page.url.rsplit('/').next().unwrap());
        let asked = hugo.post(&format!("{case_path}/verify"), &[("method", "call_check")]).await;
        assert_eq!(outcome_code(&asked), "asked", "{}", asked.body);
        let page = hugo.get(&case_path).await;
        let words = page.body.split("<p class=\"words\"").nth(1).unwrap().split("</p>").next().unwrap();
        let words = words.split("<strong>").skip(1).map(|word| word.split('<').next().unwrap().to_owned()).collect();
        let waiting = WaitingSignIn::begin(fleet).await;
        let reference = anna.submit_reset(VALID_PASSWORD).await.reference();
        let status = anna.wait_until(&reference, |status| status["state"] != "sending").await;
        assert_eq!(status["state"], "writing");
        Self { anna, reference, berta, hugo, case_path, words, carla, waiting }
    }

    /// Completes all of it on the release that runs now. `first` as in [`OpenWork::begin`].
    async fn complete(mut self, fleet: &PortalFleet, first: usize) {
        fleet.end_held_writebacks();
        self.anna.wait_for_state(&self.reference, "written").await;
        assert_eq!(fleet.count_reset_posts(&person_upn(first)), 1, "the other release did not send it again");
        let page = self.carla.get("/account").await;
        let id = page.body.split("id=\"q-").nth(1).unwrap().split('"').next().unwrap();
        let mut fields = vec![("says", "yes")];
        fields.extend(self.words.iter().map(|word| ("word", word.as_str())));
        let answered = self.carla.post(&format!("/account/checks/{id}"), &fields).await;
        assert_eq!(outcome_code(&answered), "confirmed", "the words of the call check were read");
        let page = self.hugo.get(&self.case_path).await;
        let seen = page.body.split_once("name=\"seen\" value=\"").map(|(_, rest)| rest.split('"').next().unwrap());
        let done = self.hugo.post(&format!("{}/act", self.case_path), &[("seen", seen.unwrap_or_default())]).await;
        if seen.is_some() {
            assert_eq!(outcome_code(&done), "granted", "{}", done.body);
        } else {
            // The release before knows no separation of duties. Its decisions are refused by the tables.
            assert!(done.status.is_server_error(), "{} {}", done.status, done.url);
        }
        let reset = self.berta.submit_reset(VALID_PASSWORD).await.reference();
        self.berta.wait_for_state(&reset, "written").await;
        self.waiting.complete(&person_upn(first + 3)).await;
    }
}

/// Stops a portal and starts another release in its place.
async fn replace(fleet: &PortalFleet, mut running: PortalReplica) -> PortalReplica {
    running.stop();
    fleet.start_replica(fleet.port, &[]).await
}

async fn upgrade_and_go_back(engine: DatabaseEngine, release_before: &str) {
    let mut fleet = PortalFleet::new(engine, seed_with_people(12)).await;
    let release = fleet.binary.clone();
    fleet.binary = release_before.into();
    let running = fleet.start_replica(fleet.port, &[]).await;
    fleet.link_operator().await;

    let work = OpenWork::begin(&fleet, 0).await;
    fleet.binary = release;
    let running = replace(&fleet, running).await;
    work.complete(&fleet, 0).await;
    fleet.verify_audit();

    let work = OpenWork::begin(&fleet, 4).await;
    fleet.binary = release_before.into();
    let mut running = replace(&fleet, running).await;
    work.complete(&fleet, 4).await;
    fleet.wait_until_settled().await;
    running.stop();
    fleet.verify_audit();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_stay_signed_in_and_resets_end_across_an_upgrade_and_back() {
    let Some(release_before) = std::env::var("PASSBACK_RELEASE_BEFORE").ok().filter(|path| !path.is_empty()) else {
        println!("SKIPPED: PASSBACK_RELEASE_BEFORE is not set, because this clone does not hold the release before");
        return;
    };
    for engine in available_engines() {
        upgrade_and_go_back(engine, &release_before).await;
    }
}
