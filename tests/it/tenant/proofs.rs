//! Client authentication at the emulator, and rejected credentials.

use jsonwebtoken::{Algorithm, Header};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::support::proofs::{EXCHANGE, TestCertificate, TokenIssuer, contoso_with};
use crate::support::raw::{CLIENT, EmulatorClient};

fn now() -> i64 {
    jiff::Timestamp::now().as_second()
}

fn token_endpoint(entra: &EmulatorClient) -> String {
    format!("{}/{}/oauth2/v2.0/token", entra.running.url(), entra.running.tenant_id())
}

/// Requests an app token with this assertion. Returns the first AADSTS code, or 0.
async fn proves(entra: &EmulatorClient, assertion: &str) -> i64 {
    let fields = [
        ("client_id", CLIENT),
        ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
        ("client_assertion", assertion),
        ("grant_type", "client_credentials"),
        ("scope", "https://graph.microsoft.com/.default"),
    ];
    let answer = entra.http.post(token_endpoint(entra)).form(&fields).send().await.unwrap();
    let status = answer.status();
    let body: Value = answer.json().await.unwrap();
    let code = body["error_codes"][0].as_i64().unwrap_or(0);
    assert_eq!(status == StatusCode::OK, code == 0, "{body}");
    code
}

#[tokio::test]
async fn an_app_proves_itself_with_its_certificate_and_nothing_less() {
    let (known, stranger) = (TestCertificate::issue(), TestCertificate::issue());
    let entra = EmulatorClient::with(contoso_with(&[&known], None)).await;
    let claims = json!({
        "aud": token_endpoint(&entra), "iss": CLIENT, "sub": CLIENT, "jti": "1", "nbf": now(), "iat": now(), "exp": now() + 300,
    });
    let header = |algorithm, thumbprint: &str| Header { x5t_s256: Some(thumbprint.into()), ..Header::new(algorithm) };
    let right = header(Algorithm::PS256, &known.thumbprint);
    assert_eq!(proves(&entra, &known.sign(&right, &claims)).await, 0);
    for (name, value, code) in [
        ("aud", json!("https://elsewhere.example"), 700_027),
        ("sub", json!("another"), 700_027),
        ("jti", json!(""), 700_027),
        ("exp", json!(now() - 301), 700_024),
        ("nbf", json!(now() + 400), 700_024),
    ] {
        let mut claims = claims.clone();
        claims[name] = value;
        assert_eq!(proves(&entra, &known.sign(&right, &claims)).await, code, "{name}");
    }
    for (algorithm, thumbprint) in [
        (Algorithm::PS384, &known.thumbprint),
        (Algorithm::PS256, &stranger.thumbprint),
        (Algorithm::PS256, &String::new()),
    ] {
        assert_eq!(proves(&entra, &known.sign(&header(algorithm, thumbprint), &claims)).await, 700_027);
    }
    assert_eq!(proves(&entra, &stranger.sign(&right, &claims)).await, 700_027, "the right name, another key");
    assert_eq!(proves(&entra, "nonsense").await, 50_027);
}

#[tokio::test]
async fn a_token_of_an_issuer_the_app_trusts_is_a_proof() {
    let (issuer, stranger) = (TokenIssuer::new(), TokenIssuer::new());
    let entra = EmulatorClient::with(contoso_with(&[], Some(&issuer))).await;
    let claims = TokenIssuer::claims(now(), "1");
    assert_eq!(proves(&entra, &issuer.with(Algorithm::RS256, &claims)).await, 0);
    for (name, value, code) in [
        ("iss", json!("https://oidc.cluster.example"), 700_211),
        ("aud", json!(["https://kubernetes.default.svc"]), 700_212),
        ("sub", json!("system:serviceaccount:passback:Portal"), 700_213),
        ("exp", json!(now() - 301), 700_024),
        ("nbf", json!(now() + 400), 700_024),
    ] {
        let mut claims = claims.clone();
        claims[name] = value;
        assert_eq!(proves(&entra, &issuer.with(Algorithm::RS256, &claims)).await, code, "{name}");
    }
    let mut one = claims.clone();
    one["aud"] = json!(EXCHANGE);
    assert_eq!(proves(&entra, &issuer.with(Algorithm::RS256, &one)).await, 0, "one audience, not in a list");
    assert_eq!(proves(&entra, &issuer.with(Algorithm::PS256, &claims)).await, 700_027, "RS256 alone");
    assert_eq!(proves(&entra, &stranger.with(Algorithm::RS256, &claims)).await, 700_027, "another key");
}
