//! Sign-in at an independent, certified OpenID provider. This proves that the portal follows the standard and not only
//! the emulator's behaviour.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;
use std::sync::{Arc, Mutex};

use passback::config::Config;
use serde_json::{Value, json};
use url::Url;

use crate::support::child_process::{ChildProcess, guarded_command};
use crate::support::portal::{HttpBrowser, PortalSetup, ResponsePage, TestPortal, full_upn};
use crate::support::raw_client;

type SharedProvider = Arc<Mutex<Option<ExternalProvider>>>;

struct ExternalProvider {
    _process: ChildProcess,
    issuer: String,
}

impl ExternalProvider {
    /// Starts the provider with the portal's settings and makes it the portal's authority.
    fn start(config: &mut Config) -> Self {
        let emulator = config.entra.authority();
        let graph_tokens = format!("{}/oauth2/v2.0/token", emulator.as_str().trim_end_matches("/v2.0"));
        let settings = json!({
            "client_id": raw_client::CLIENT_ID,
            "client_secret": raw_client::CLIENT_SECRET,
            "redirect": config.server.public_url.join("/signin/callback").unwrap(),
            "graph_tokens": graph_tokens,
            "claims": {
                "oid": "", "tid": config.entra.tenant_id, "acrs": ["c1"], "acct": 0,
                "name": "Wanda Writeback", "preferred_username": "wanda@contoso.example",
            },
        });
        // Node is installed by `tests/run.sh`.
        let mut command = guarded_command("node");
        command
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/openid/provider.mjs"))
            .arg(settings.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let mut process = ChildProcess::spawn(command);
        let mut issuer = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut issuer).unwrap();
        let issuer = issuer.trim().to_owned();
        assert!(issuer.starts_with("http://127.0.0.1:"), "the provider did not start: run npm ci in tests/openid");
        config.entra.authority = Some(Url::parse(&issuer).unwrap());
        Self { _process: process, issuer }
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
        let wish = PortalSetup::with_config(move |config| {
            let mut slot = slot.lock().unwrap();
            // The portal starts again with the same settings.
            if slot.is_none() {
                *slot = Some(ExternalProvider::start(config));
            }
        });
        let portal = TestPortal::start_with(PortalSetup { link_operator: false, ..wish }).await;
        let organisation = Self { portal, provider };
        let wanda = organisation.portal.demo.tenant.object_id(&full_upn("wanda")).unwrap();
        organisation.control_provider(json!({ "claims": { "oid": wanda } })).await;
        organisation
    }

    async fn control_provider(&self, wish: Value) {
        let issuer = self.provider.lock().unwrap().as_ref().unwrap().issuer.clone();
        let answer = raw_client::http_client().post(format!("{issuer}/control")).json(&wish).send().await.unwrap();
        assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
    }

    /// Signs Wanda in with a new browser and returns its last page.
    async fn sign_in(&self) -> (HttpBrowser, ResponsePage) {
        let mut browser = self.portal.browser();
        let page = browser.get("/signin").await;
        (browser, page)
    }

    async fn can_sign_in(&self) -> bool {
        let (_, page) = self.sign_in().await;
        // No operator is linked here, so the form is blocked, but the person is signed in.
        page.url.ends_with("/reset") && page.code() == "G-OPERATOR"
    }

    async fn refusal_code(&self) -> String {
        let (_, page) = self.sign_in().await;
        assert!(!page.url.ends_with("/reset"), "{}", page.body);
        page.code()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wanda_signs_in_and_out_at_external_provider() {
    let organisation = ExternalProviderPortal::start().await;
    let (mut wanda, page) = organisation.sign_in().await;
    assert!(page.url.ends_with("/reset") && page.body.contains("Wanda Writeback"), "{} {}", page.url, page.body);
    let out = wanda.post_once("/signout", &[]).await;
    let to = out.headers()["location"].to_str().unwrap();
    let issuer = organisation.provider.lock().unwrap().as_ref().unwrap().issuer.clone();
    assert!(to.starts_with(&format!("{issuer}/session/end?")), "where its discovery says: {to}");
    organisation.portal.demo.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn provider_key_rotation_rejects_no_sign_in() {
    let organisation = ExternalProviderPortal::start().await;
    assert!(organisation.can_sign_in().await);
    organisation.control_provider(json!({ "sign": "RS256", "kid": "second", "keep": true })).await;
    let all = futures_util::future::join_all((0..5).map(|_| organisation.can_sign_in())).await;
    assert_eq!(all, [true; 5], "the keys were read seconds ago, and are read again at once");
    // The old key is removed as well.
    organisation.portal.clock.advance(jiff::SignedDuration::from_secs(61));
    organisation.control_provider(json!({ "sign": "RS256", "kid": "third" })).await;
    assert!(organisation.can_sign_in().await);
    organisation.portal.demo.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_algorithm_or_unpublished_key_is_rejected() {
    let organisation = ExternalProviderPortal::start().await;
    assert!(organisation.can_sign_in().await);
    for algorithm in ["ES256", "PS256", "HS256"] {
        organisation.control_provider(json!({ "sign": algorithm, "kid": algorithm, "keep": true })).await;
        assert_eq!(organisation.refusal_code().await, "S-FORGED", "{algorithm}");
    }
    organisation.portal.clock.advance(jiff::SignedDuration::from_secs(61));
    organisation.control_provider(json!({ "sign": "RS256", "kid": "stranger", "hide": true })).await;
    assert_eq!(organisation.refusal_code().await, "S-FORGED", "a key that is not published");
    organisation.portal.clock.advance(jiff::SignedDuration::from_secs(61));
    organisation.control_provider(json!({ "sign": "RS256", "kid": "fourth" })).await;
    assert!(organisation.can_sign_in().await, "and the right kind lets her in again");
    organisation.portal.demo.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_identity_claims_are_rejected() {
    let organisation = ExternalProviderPortal::start().await;
    for (claims, code) in [
        (json!({ "tid": "11111111-2222-4333-8444-555555555555" }), "S-TENANT"),
        (json!({ "acct": 1 }), "S-GUEST"),
        (json!({ "acrs": [] }), "S-CONTEXT"),
        (json!({ "acrs": ["c2"] }), "S-CONTEXT"),
    ] {
        let mut claims = claims;
        claims["oid"] = organisation.portal.demo.tenant.object_id(&full_upn("wanda")).into();
        organisation.control_provider(json!({ "claims": claims })).await;
        assert_eq!(organisation.refusal_code().await, code, "{claims}");
    }
    organisation.portal.demo.stop().await;
}
