//! A client of the emulator that uses no code of the product. It sends what an independent client would send.

use passback::{Clock, Random};
use passback_emulator::{EmulatorOptions, RunningEmulator, TenantSeed};
use reqwest::{Client, Response, StatusCode, header, redirect};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use url::Url;

use super::wait::wait_for;

pub(crate) const CLIENT_ID: &str = "a0000000-0000-4000-8000-0000000000a1";
pub(crate) const CLIENT_SECRET: &str = "demo-secret-of-the-emulator";
pub(crate) const REDIRECT_URI: &str = "http://127.0.0.1:9/back";
pub(crate) const OPERATOR_UPN: &str = "svc-passback@contoso.example";
pub(crate) const PASSWORD_METHOD_ID: &str = "28c10230-6103-485e-b985-444c60001490";
const PKCE_VERIFIER: &str = "a-verifier-of-at-least-forty-three-characters-for-pkce";

pub(crate) struct EmulatorClient {
    pub(crate) emulator: RunningEmulator,
    pub(crate) http: Client,
}

/// The account that signs in, with method and secret.
pub(crate) struct SignInCredentials<'a> {
    pub(crate) account: &'a str,
    pub(crate) method: &'a str,
    pub(crate) secret: &'a str,
}

impl<'a> SignInCredentials<'a> {
    pub(crate) fn passkey(account: &'a str) -> Self {
        Self { account, method: "passkey", secret: "" }
    }

    pub(crate) fn password(account: &'a str, secret: &'a str) -> Self {
        Self { account, method: "password", secret }
    }
}

pub(crate) fn contoso_seed() -> TenantSeed {
    TenantSeed::contoso().unwrap().with_short_delays().with_redirect_uri(REDIRECT_URI)
}

pub(crate) fn install_crypto() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    // `PASSBACK_LOG` shows the log of the product during a test.
    if let Ok(filter) = std::env::var("PASSBACK_LOG") {
        let _ = tracing_subscriber::fmt().with_env_filter(filter).with_test_writer().try_init();
    }
}

pub(crate) fn http_client() -> Client {
    install_crypto();
    Client::builder().redirect(redirect::Policy::none()).build().unwrap()
}

/// Returns a client that requests these languages.
pub(crate) fn http_client_with_languages(languages: &str) -> Client {
    install_crypto();
    let headers = [(header::ACCEPT_LANGUAGE, languages.parse().unwrap())].into_iter().collect();
    Client::builder().redirect(redirect::Policy::none()).default_headers(headers).build().unwrap()
}

pub(crate) fn base64_url(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes)
}

impl EmulatorClient {
    pub(crate) async fn start() -> Self {
        Self::start_with(contoso_seed()).await
    }

    pub(crate) async fn start_with(seed: TenantSeed) -> Self {
        install_crypto();
        let running = EmulatorOptions::new(seed, Clock::system(), Random::system()).start().await.unwrap();
        Self { emulator: running, http: http_client() }
    }

    fn oauth_url(&self, what: &str) -> String {
        format!("{}/{}/oauth2/v2.0/{what}", self.emulator.url(), self.emulator.tenant_id())
    }

    /// Returns an authorize URL. `more` overrides or adds parameters.
    pub(crate) fn authorize_url(&self, more: &[(&str, &str)]) -> Url {
        let challenge = base64_url(&Sha256::digest(PKCE_VERIFIER));
        let mut fields = vec![
            ("client_id", CLIENT_ID),
            ("response_type", "code"),
            ("redirect_uri", REDIRECT_URI),
            ("scope", "openid profile offline_access UserAuthenticationMethod.ReadWrite.All User.RevokeSessions.All"),
            ("state", "st"),
            ("nonce", "no"),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ];
        for (name, value) in more {
            fields.retain(|(n, _)| n != name);
            if !value.is_empty() {
                fields.push((name, value));
            }
        }
        Url::parse_with_params(&self.oauth_url("authorize"), fields).unwrap()
    }

    pub(crate) async fn post_sign_in(&self, at: Url, who: &SignInCredentials<'_>) -> Response {
        let fields = [("account", who.account), ("method", who.method), ("password", who.secret), ("tap", who.secret)];
        self.http.post(at).form(&fields).send().await.unwrap()
    }

    /// Returns the parameters of the redirect back to the app.
    pub(crate) async fn sign_in(&self, more: &[(&str, &str)], who: &SignInCredentials<'_>) -> Vec<(String, String)> {
        let answer = self.post_sign_in(self.authorize_url(more), who).await;
        assert_eq!(answer.status(), StatusCode::SEE_OTHER, "{}", answer.text().await.unwrap());
        redirect_params(&answer)
    }

    pub(crate) async fn request_token(&self, fields: &[(&str, &str)]) -> (StatusCode, Value) {
        let mut all = vec![
            ("client_id", CLIENT_ID),
            ("client_secret", CLIENT_SECRET),
            ("redirect_uri", REDIRECT_URI),
            ("code_verifier", PKCE_VERIFIER),
        ];
        for (name, value) in fields {
            all.retain(|(n, _)| n != name);
            all.push((name, value));
        }
        let answer = self.http.post(self.oauth_url("token")).form(&all).send().await.unwrap();
        (answer.status(), answer.json().await.unwrap())
    }

    pub(crate) async fn sign_in_for_tokens(&self, who: &SignInCredentials<'_>) -> Value {
        let back = self.sign_in(&[], who).await;
        let (status, body) =
            self.request_token(&[("grant_type", "authorization_code"), ("code", &param_value(&back, "code"))]).await;
        assert_eq!(status, StatusCode::OK, "{body}");
        body
    }

    pub(crate) async fn operator_token(&self) -> String {
        json_text(&self.sign_in_for_tokens(&SignInCredentials::passkey(OPERATOR_UPN)).await, "access_token")
    }

    pub(crate) async fn app_token(&self) -> String {
        let scope = "https://graph.microsoft.com/.default";
        let (status, body) = self.request_token(&[("grant_type", "client_credentials"), ("scope", scope)]).await;
        assert_eq!(status, StatusCode::OK, "{body}");
        json_text(&body, "access_token")
    }

    pub(crate) async fn graph_request(&self, method: &str, path: &str, token: &str, body: Option<Value>) -> Response {
        let url = format!("{}{path}", self.emulator.graph_url());
        let mut request = self.http.request(method.parse().unwrap(), url).bearer_auth(token);
        if path.contains("$count") {
            request = request.header("ConsistencyLevel", "eventual");
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        request.send().await.unwrap()
    }

    pub(crate) async fn reset_password(&self, token: &str, person: &str, password: &str) -> Response {
        let path = format!("/users/{person}/authentication/methods/{PASSWORD_METHOD_ID}/resetPassword");
        self.graph_request("POST", &path, token, Some(serde_json::json!({ "newPassword": password }))).await
    }

    /// Polls an operation to its end. Returns `status` and `statusDetail`.
    pub(crate) async fn wait_for_outcome(&self, token: &str, accepted: &Response) -> (String, String) {
        let location = accepted.headers()["location"].to_str().unwrap().to_owned();
        let poll = async || {
            let answer = self.http.get(&location).bearer_auth(token).send().await.unwrap();
            if !answer.status().is_success() {
                return Some((answer.status().to_string(), String::new()));
            }
            let body: Value = answer.json().await.unwrap();
            let ended = matches!(body["status"].as_str(), Some("succeeded" | "failed"));
            ended.then(|| (json_text(&body, "status"), json_text(&body, "statusDetail")))
        };
        wait_for("the operation ends", poll).await
    }
}

pub(crate) fn redirect_params(answer: &Response) -> Vec<(String, String)> {
    let to = Url::parse(answer.headers()["location"].to_str().unwrap()).unwrap();
    to.query_pairs().into_owned().collect()
}

pub(crate) fn param_value(fields: &[(String, String)], name: &str) -> String {
    fields.iter().find(|(n, _)| n == name).map_or_else(|| panic!("no {name} in {fields:?}"), |(_, v)| v.clone())
}

pub(crate) fn json_text(body: &Value, name: &str) -> String {
    body[name].as_str().unwrap_or_else(|| panic!("no {name} in {body}")).to_owned()
}

/// Returns the claims of a token without verifying it.
pub(crate) fn token_claims(token: &str) -> Value {
    use base64::Engine as _;
    let middle = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(middle).unwrap()).unwrap()
}
