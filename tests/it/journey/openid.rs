//! Sign-in at an independent, certified OpenID provider. This proves that the portal follows the standard and not only
//! the emulator's behaviour.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

use passback::config::Config;
use serde_json::{Value, json};
use url::Url;

use crate::support::portal::{HttpBrowser, PortalSetup, ResponsePage, TestPortal, upn};
use crate::support::raw;

type SharedProvider = Arc<Mutex<Option<ExternalProvider>>>;

struct ExternalProvider {
    process: Child,
    issuer: String,
}

impl Drop for ExternalProvider {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl ExternalProvider {
    /// Starts the provider with the portal's settings and makes it the portal's authority.
    fn start(config: &mut Config) -> Self {
        let emulator = config.entra.authority();
        let graph_tokens = format!("{}/oauth2/v2.0/token", emulator.as_str().trim_end_matches("/v2.0"));
        let settings = json!({
            "client_id": raw::CLIENT,
            "client_secret": raw::SECRET,
            "redirect": config.server.public_url.join("/signin/callback").unwrap(),
            "graph_tokens": graph_tokens,
            "claims": {
                "oid": "", "tid": config.entra.tenant_id, "acrs": ["c1"], "acct": 0,
                "name": "Wanda Writeback", "preferred_username": "wanda@contoso.example",
            },
        });
        let mut process = Command::new("node")
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/openid/provider.mjs"))
            .arg(settings.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("node is here: tests/run.sh installs it");
        let mut issuer = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut issuer).unwrap();
        let issuer = issuer.trim().to_owned();
        assert!(issuer.starts_with("http://127.0.0.1:"), "the provider did not start: run npm ci in tests/openid");
        config.entra.authority = Some(Url::parse(&issuer).unwrap());
        Self { process, issuer }
    }
}

struct ExternalProviderPortal {
    portal: TestPortal,
    provider: SharedProvider,
}

impl ExternalProviderPortal {
    async fn start() -> Self {
        let provider = SharedProvider::default();
        let slot = Arc::clone(&provider);
        let wish = PortalSetup::adjusted(move |config| {
            let mut slot = slot.lock().unwrap();
            // The portal starts again with the same settings.
            if slot.is_none() {
                *slot = Some(ExternalProvider::start(config));
            }
        });
        let portal = TestPortal::with(PortalSetup { link: false, ..wish }).await;
        let organisation = Self { portal, provider };
        let wanda = organisation.portal.demo.tenant.object_id(&upn("wanda")).unwrap();
        organisation.control(json!({ "claims": { "oid": wanda } })).await;
        organisation
    }

    async fn control(&self, wish: Value) {
        let issuer = self.provider.lock().unwrap().as_ref().unwrap().issuer.clone();
        let answer = raw::http().post(format!("{issuer}/control")).json(&wish).send().await.unwrap();
        assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
    }

    /// Signs Wanda in with a new browser and returns its last page.
    async fn signs_in(&self) -> (HttpBrowser, ResponsePage) {
        let mut browser = self.portal.browser();
        let page = browser.get("/signin").await;
        (browser, page)
    }

    async fn is_in(&self) -> bool {
        let (_, page) = self.signs_in().await;
        // No operator is linked here, so the form is blocked, but the person is signed in.
        page.url.ends_with("/reset") && page.code() == "G-OPERATOR"
    }

    async fn is_turned_away(&self) -> String {
        let (_, page) = self.signs_in().await;
        assert!(!page.url.ends_with("/reset"), "{}", page.body);
        page.code()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wanda_signs_in_at_a_provider_that_is_not_ours_and_out_again() {
    let organisation = ExternalProviderPortal::start().await;
    let (mut wanda, page) = organisation.signs_in().await;
    assert!(page.url.ends_with("/reset") && page.body.contains("Wanda Writeback"), "{} {}", page.url, page.body);
    let out = wanda.post_once("/signout", &[]).await;
    let to = out.headers()["location"].to_str().unwrap();
    let issuer = organisation.provider.lock().unwrap().as_ref().unwrap().issuer.clone();
    assert!(to.starts_with(&format!("{issuer}/session/end?")), "where its discovery says: {to}");
    organisation.portal.demo.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn its_keys_roll_while_people_sign_in_and_nobody_is_turned_away() {
    let organisation = ExternalProviderPortal::start().await;
    assert!(organisation.is_in().await);
    organisation.control(json!({ "sign": "RS256", "kid": "second", "keep": true })).await;
    let all = futures_util::future::join_all((0..5).map(|_| organisation.is_in())).await;
    assert_eq!(all, [true; 5], "the keys were read seconds ago, and are read again at once");
    // The old key is removed as well.
    organisation.portal.clock.advance(jiff::SignedDuration::from_secs(61));
    organisation.control(json!({ "sign": "RS256", "kid": "third" })).await;
    assert!(organisation.is_in().await);
    organisation.portal.demo.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn other_kinds_of_keys_and_keys_that_it_does_not_publish_let_nobody_in() {
    let organisation = ExternalProviderPortal::start().await;
    assert!(organisation.is_in().await);
    for algorithm in ["ES256", "PS256", "HS256"] {
        organisation.control(json!({ "sign": algorithm, "kid": algorithm, "keep": true })).await;
        assert_eq!(organisation.is_turned_away().await, "S-FORGED", "{algorithm}");
    }
    organisation.portal.clock.advance(jiff::SignedDuration::from_secs(61));
    organisation.control(json!({ "sign": "RS256", "kid": "stranger", "hide": true })).await;
    assert_eq!(organisation.is_turned_away().await, "S-FORGED", "a key that is not published");
    organisation.portal.clock.advance(jiff::SignedDuration::from_secs(61));
    organisation.control(json!({ "sign": "RS256", "kid": "fourth" })).await;
    assert!(organisation.is_in().await, "and the right kind lets her in again");
    organisation.portal.demo.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_it_says_of_a_person_is_checked() {
    let organisation = ExternalProviderPortal::start().await;
    for (claims, code) in [
        (json!({ "tid": "11111111-2222-4333-8444-555555555555" }), "S-TENANT"),
        (json!({ "acct": 1 }), "S-GUEST"),
        (json!({ "acrs": [] }), "S-CONTEXT"),
        (json!({ "acrs": ["c2"] }), "S-CONTEXT"),
    ] {
        let mut claims = claims;
        claims["oid"] = organisation.portal.demo.tenant.object_id(&upn("wanda")).into();
        organisation.control(json!({ "claims": claims })).await;
        assert_eq!(organisation.is_turned_away().await, code, "{claims}");
    }
    organisation.portal.demo.stop().await;
}
