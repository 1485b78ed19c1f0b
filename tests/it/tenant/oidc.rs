//! Sign-in at the emulator.

use passback_emulator::{FaultEffect, FaultTarget, InjectedFault};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::support::raw::{BACK, EmulatorClient, OPERATOR, SignInCredentials, back, claims, field, text};

const WANDA: &str = "wanda@contoso.example";
const CONTEXT: &str = r#"{"id_token":{"acrs":{"essential":true,"value":"c1"}}}"#;

#[tokio::test]
async fn the_sign_in_page_opens_on_the_password_and_takes_the_hint() {
    let entra = EmulatorClient::start().await;
    let page = entra.http.get(entra.authorize(&[("login_hint", WANDA)])).send().await.unwrap();
    assert_eq!(page.status(), StatusCode::OK);
    let html = page.text().await.unwrap();
    assert!(html.contains(r#"value="password" id="m-password" checked"#), "{html}");
    assert!(html.contains(&format!(r#"value="{WANDA}" autocomplete="username""#)), "{html}");
}

#[tokio::test]
async fn a_passkey_satisfies_the_context_and_a_password_does_not() {
    let entra = EmulatorClient::start().await;
    let back = entra.sign_in(&[("claims", CONTEXT)], &SignInCredentials::passkey(WANDA)).await;
    assert_eq!(field(&back, "state"), "st");
    let (_, body) = entra.token(&[("grant_type", "authorization_code"), ("code", &field(&back, "code"))]).await;
    let id = claims(&text(&body, "id_token"));
    assert_eq!(id["acrs"], json!(["c1"]));
    assert_eq!((&id["nonce"], &id["ver"], &id["acct"]), (&json!("no"), &json!("2.0"), &json!(0)));
    assert!(id.get("amr").is_none(), "version 2.0 tokens never say how somebody signed in");

    let refused = entra
        .post_sign_in(entra.authorize(&[("claims", CONTEXT)]), &SignInCredentials::password(WANDA, "Old-River-Stone-7"))
        .await;
    assert_eq!(refused.status(), StatusCode::OK);
    assert!(refused.text().await.unwrap().contains("AADSTS53003"));
}

#[tokio::test]
async fn the_context_fails_open_without_a_policy_and_for_those_excluded() {
    let entra = EmulatorClient::start().await;
    for (who, context) in [("dora@contoso.example", "c1"), (WANDA, "c99")] {
        let claims_wanted = CONTEXT.replace("c1", context);
        let back =
            entra.sign_in(&[("claims", &claims_wanted)], &SignInCredentials::password(who, "Old-River-Stone-7")).await;
        let (_, body) = entra.token(&[("grant_type", "authorization_code"), ("code", &field(&back, "code"))]).await;
        assert_eq!(claims(&text(&body, "id_token"))["acrs"], json!([context]), "{who} with a password alone");
    }
}

#[tokio::test]
async fn codes_work_once_with_their_verifier_and_their_address() {
    let entra = EmulatorClient::start().await;
    let redeem = async |code: &str, more: &[(&str, &str)]| {
        let mut fields = vec![("grant_type", "authorization_code"), ("code", code)];
        fields.extend_from_slice(more);
        let (status, body) = entra.token(&fields).await;
        (status, body["error_codes"][0].clone())
    };
    let code = async || field(&entra.sign_in(&[], &SignInCredentials::passkey(WANDA)).await, "code");
    let bad = StatusCode::BAD_REQUEST;
    assert_eq!(redeem(&code().await, &[("code_verifier", "another")]).await, (bad, json!(501_481)));
    assert_eq!(redeem(&code().await, &[("redirect_uri", "http://127.0.0.1:9/other")]).await, (bad, json!(50011)));
    let once = code().await;
    assert_eq!(redeem(&once, &[]).await, (StatusCode::OK, Value::Null));
    assert_eq!(redeem(&once, &[]).await, (bad, json!(54005)));
    let (status, body) = entra.token(&[("grant_type", "authorization_code"), ("client_secret", "wrong")]).await;
    assert_eq!((status, &body["error_codes"][0]), (StatusCode::UNAUTHORIZED, &json!(7_000_215)));
    for name in ["error", "error_description", "timestamp", "trace_id", "correlation_id", "error_uri"] {
        assert!(body[name].is_string(), "{name} in {body}");
    }
}

#[tokio::test]
async fn what_is_missing_or_foreign_is_refused_where_it_is_safe() {
    let entra = EmulatorClient::start().await;
    let foreign = entra.http.get(entra.authorize(&[("redirect_uri", "https://evil.example/")])).send().await.unwrap();
    assert_eq!(foreign.status(), StatusCode::BAD_REQUEST, "never sent to an address nobody registered");
    assert!(foreign.text().await.unwrap().contains("AADSTS50011"));
    for (more, code) in [
        (("code_challenge", ""), "AADSTS50147"),
        (("code_challenge_method", "plain"), "AADSTS50147"),
        (("prompt", "none"), "AADSTS50058"),
        (("prompt", "sometimes"), "AADSTS90023"),
        (("response_type", "token"), "AADSTS700054"),
    ] {
        let answer = entra.http.get(entra.authorize(&[more])).send().await.unwrap();
        let said = field(&back(&answer), "error_description");
        assert!(said.starts_with(code), "{more:?}: {said}");
        assert!(answer.headers()["location"].to_str().unwrap().starts_with(BACK));
    }
}

#[tokio::test]
async fn a_signed_in_browser_is_not_asked_again_unless_the_app_wants_it() {
    let entra = EmulatorClient::start().await;
    let first = entra.post_sign_in(entra.authorize(&[]), &SignInCredentials::passkey(WANDA)).await;
    let cookie = first.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    let get = async |more: &[(&str, &str)]| {
        entra.http.get(entra.authorize(more)).header("cookie", &cookie).send().await.unwrap().status()
    };
    assert_eq!(get(&[]).await, StatusCode::SEE_OTHER);
    assert_eq!(get(&[("prompt", "none")]).await, StatusCode::SEE_OTHER);
    assert_eq!(get(&[("prompt", "login")]).await, StatusCode::OK);
    assert_eq!(get(&[("login_hint", "omar@contoso.example")]).await, StatusCode::OK);
}

#[tokio::test]
async fn refresh_tokens_are_replaced_and_die_with_the_grant() {
    let entra = EmulatorClient::start().await;
    let first = text(&entra.tokens_of(&SignInCredentials::passkey(OPERATOR)).await, "refresh_token");
    let (status, body) = entra.token(&[("grant_type", "refresh_token"), ("refresh_token", &first)]).await;
    assert_eq!(status, StatusCode::OK, "{body}");
    let second = text(&body, "refresh_token");
    assert_ne!(first, second);
    entra.running.add_fault(InjectedFault::on(FaultTarget::Token, FaultEffect::DeadToken).for_person(OPERATOR));
    let (status, body) = entra.token(&[("grant_type", "refresh_token"), ("refresh_token", &second)]).await;
    assert_eq!(
        (status, text(&body, "error"), &body["error_codes"][0]),
        (StatusCode::BAD_REQUEST, "invalid_grant".to_owned(), &json!(50173))
    );
}

#[tokio::test]
async fn keys_roll_and_old_tokens_stay_good() {
    let entra = EmulatorClient::start().await;
    let token = entra.application().await;
    entra.running.rotate_keys().await.unwrap();
    let keys = format!("{}/{}/discovery/v2.0/keys", entra.running.url(), entra.running.tenant_id());
    let body: Value = entra.http.get(keys).send().await.unwrap().json().await.unwrap();
    assert_eq!(body["keys"].as_array().unwrap().len(), 2);
    assert_eq!(entra.graph("GET", "/organization", &token, None).await.status(), StatusCode::OK);
    assert_ne!(header(&token), header(&entra.application().await));
}

fn header(token: &str) -> String {
    token.split('.').next().unwrap().to_owned()
}
