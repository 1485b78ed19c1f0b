//! Sign-in at the emulator.

use passback_emulator::{FaultEffect, FaultTarget, InjectedFault};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::support::raw_client::{
    EmulatorClient, OPERATOR_UPN, REDIRECT_URI, SignInCredentials, json_text, param_value, redirect_params,
    token_claims,
};

const WANDA_UPN: &str = "wanda@contoso.example";
const CONTEXT_CLAIMS: &str = r#"{"id_token":{"acrs":{"essential":true,"value":"c1"}}}"#;

#[tokio::test]
async fn sign_in_page_defaults_to_password_and_login_hint() {
    let entra = EmulatorClient::start().await;
    let page = entra.http.get(entra.authorize_url(&[("login_hint", WANDA_UPN)])).send().await.unwrap();
    assert_eq!(page.status(), StatusCode::OK);
    let html = page.text().await.unwrap();
    assert!(html.contains(r#"value="password" id="m-password" checked"#), "{html}");
    assert!(html.contains(&format!(r#"value="{WANDA_UPN}" autocomplete="username""#)), "{html}");
}

#[tokio::test]
async fn passkey_satisfies_context_and_password_does_not() {
    let entra = EmulatorClient::start().await;
    let back = entra.sign_in(&[("claims", CONTEXT_CLAIMS)], &SignInCredentials::passkey(WANDA_UPN)).await;
    assert_eq!(param_value(&back, "state"), "st");
    let (_, body) =
        entra.request_token(&[("grant_type", "authorization_code"), ("code", &param_value(&back, "code"))]).await;
    let id = token_claims(&json_text(&body, "id_token"));
    assert_eq!(id["acrs"], json!(["c1"]));
    assert_eq!((&id["nonce"], &id["ver"], &id["acct"]), (&json!("no"), &json!("2.0"), &json!(0)));
    assert!(id.get("amr").is_none(), "version 2.0 tokens never say how somebody signed in");

    let refused = entra
        .post_sign_in(
            entra.authorize_url(&[("claims", CONTEXT_CLAIMS)]),
            &SignInCredentials::password(WANDA_UPN, "Old-River-Stone-7"),
        )
        .await;
    assert_eq!(refused.status(), StatusCode::OK);
    assert!(refused.text().await.unwrap().contains("AADSTS53003"));
}

#[tokio::test]
async fn context_without_policy_or_for_excluded_person_fails_open() {
    let entra = EmulatorClient::start().await;
    for (who, context) in [("dora@contoso.example", "c1"), (WANDA_UPN, "c99")] {
        let claims_wanted = CONTEXT_CLAIMS.replace("c1", context);
        let back =
            entra.sign_in(&[("claims", &claims_wanted)], &SignInCredentials::password(who, "Old-River-Stone-7")).await;
        let (_, body) =
            entra.request_token(&[("grant_type", "authorization_code"), ("code", &param_value(&back, "code"))]).await;
        assert_eq!(
            token_claims(&json_text(&body, "id_token"))["acrs"],
            json!([context]),
            "{who} with a password alone"
        );
    }
}

#[tokio::test]
async fn code_is_redeemed_once_with_its_verifier_and_redirect() {
    let entra = EmulatorClient::start().await;
    let redeem = async |code: &str, more: &[(&str, &str)]| {
        let mut fields = vec![("grant_type", "authorization_code"), ("code", code)];
        fields.extend_from_slice(more);
        let (status, body) = entra.request_token(&fields).await;
        (status, body["error_codes"][0].clone())
    };
    let code = async || param_value(&entra.sign_in(&[], &SignInCredentials::passkey(WANDA_UPN)).await, "code");
    let bad = StatusCode::BAD_REQUEST;
    assert_eq!(redeem(&code().await, &[("code_verifier", "another")]).await, (bad, json!(501_481)));
    assert_eq!(redeem(&code().await, &[("redirect_uri", "http://127.0.0.1:9/other")]).await, (bad, json!(50011)));
    let once = code().await;
    assert_eq!(redeem(&once, &[]).await, (StatusCode::OK, Value::Null));
    assert_eq!(redeem(&once, &[]).await, (bad, json!(54005)));
    let (status, body) = entra.request_token(&[("grant_type", "authorization_code"), ("client_secret", "wrong")]).await;
    assert_eq!((status, &body["error_codes"][0]), (StatusCode::UNAUTHORIZED, &json!(7_000_215)));
    for name in ["error", "error_description", "timestamp", "trace_id", "correlation_id", "error_uri"] {
        assert!(body[name].is_string(), "{name} in {body}");
    }
}

#[tokio::test]
async fn invalid_authorize_request_is_refused_safely() {
    let entra = EmulatorClient::start().await;
    let foreign =
        entra.http.get(entra.authorize_url(&[("redirect_uri", "https://evil.example/")])).send().await.unwrap();
    assert_eq!(foreign.status(), StatusCode::BAD_REQUEST, "never sent to an address nobody registered");
    assert!(foreign.text().await.unwrap().contains("AADSTS50011"));
    for (more, code) in [
        (("code_challenge", ""), "AADSTS50147"),
        (("code_challenge_method", "plain"), "AADSTS50147"),
        (("prompt", "none"), "AADSTS50058"),
        (("prompt", "sometimes"), "AADSTS90023"),
        (("response_type", "token"), "AADSTS700054"),
    ] {
        let answer = entra.http.get(entra.authorize_url(&[more])).send().await.unwrap();
        let said = param_value(&redirect_params(&answer), "error_description");
        assert!(said.starts_with(code), "{more:?}: {said}");
        assert!(answer.headers()["location"].to_str().unwrap().starts_with(REDIRECT_URI));
    }
}

#[tokio::test]
async fn signed_in_browser_skips_prompt_unless_requested() {
    let entra = EmulatorClient::start().await;
    let first = entra.post_sign_in(entra.authorize_url(&[]), &SignInCredentials::passkey(WANDA_UPN)).await;
    let cookie = first.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    let get = async |more: &[(&str, &str)]| {
        entra.http.get(entra.authorize_url(more)).header("cookie", &cookie).send().await.unwrap().status()
    };
    assert_eq!(get(&[]).await, StatusCode::SEE_OTHER);
    assert_eq!(get(&[("prompt", "none")]).await, StatusCode::SEE_OTHER);
    assert_eq!(get(&[("prompt", "login")]).await, StatusCode::OK);
    assert_eq!(get(&[("login_hint", "omar@contoso.example")]).await, StatusCode::OK);
}

#[tokio::test]
async fn refresh_token_is_rotated_and_ends_with_grant() {
    let entra = EmulatorClient::start().await;
    let first = json_text(&entra.sign_in_for_tokens(&SignInCredentials::passkey(OPERATOR_UPN)).await, "refresh_token");
    let (status, body) = entra.request_token(&[("grant_type", "refresh_token"), ("refresh_token", &first)]).await;
    assert_eq!(status, StatusCode::OK, "{body}");
    let second = json_text(&body, "refresh_token");
    assert_ne!(first, second);
    entra.emulator.add_fault(InjectedFault::new(FaultTarget::Token, FaultEffect::DeadToken).for_person(OPERATOR_UPN));
    let (status, body) = entra.request_token(&[("grant_type", "refresh_token"), ("refresh_token", &second)]).await;
    assert_eq!(
        (status, json_text(&body, "error"), &body["error_codes"][0]),
        (StatusCode::BAD_REQUEST, "invalid_grant".to_owned(), &json!(50173))
    );
}

#[tokio::test]
async fn key_rotation_keeps_old_tokens_valid() {
    let entra = EmulatorClient::start().await;
    let token = entra.app_token().await;
    entra.emulator.rotate_signing_key().await.unwrap();
    let keys = format!("{}/{}/discovery/v2.0/keys", entra.emulator.url(), entra.emulator.tenant_id());
    let body: Value = entra.http.get(keys).send().await.unwrap().json().await.unwrap();
    assert_eq!(body["keys"].as_array().unwrap().len(), 2);
    assert_eq!(entra.graph_request("GET", "/organization", &token, None).await.status(), StatusCode::OK);
    assert_ne!(token_header(&token), token_header(&entra.app_token().await));
}

fn token_header(token: &str) -> String {
    token.split('.').next().unwrap().to_owned()
}
