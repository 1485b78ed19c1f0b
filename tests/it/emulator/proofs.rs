//! Client authentication at the emulator, and rejected credentials.

use jsonwebtoken::{Algorithm, Header};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::support::client_credentials::{TOKEN_AUDIENCE, TestCertificate, TokenIssuer, contoso_with_credentials};
use crate::support::raw_client::{CLIENT_ID, EmulatorClient};

fn unix_now() -> i64 {
    jiff::Timestamp::now().as_second()
}

fn token_endpoint_url(entra: &EmulatorClient) -> String {
    format!("{}/{}/oauth2/v2.0/token", entra.emulator.url(), entra.emulator.tenant_id())
}

/// Requests an app token with this assertion. Returns the first AADSTS code, or 0.
async fn authenticate_with_assertion(entra: &EmulatorClient, assertion: &str) -> i64 {
    let fields = [
        ("client_id", CLIENT_ID),
        ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
        ("client_assertion", assertion),
        ("grant_type", "client_credentials"),
        ("scope", "https://graph.microsoft.com/.default"),
    ];
    let answer = entra.http.post(token_endpoint_url(entra)).form(&fields).send().await.unwrap();
    let status = answer.status();
    let body: Value = answer.json().await.unwrap();
    let code = body["error_codes"][0].as_i64().unwrap_or(0);
    assert_eq!(status == StatusCode::OK, code == 0, "{body}");
    code
}

#[tokio::test]
async fn client_assertion_needs_registered_certificate() {
    let (known, stranger) = (TestCertificate::issue(), TestCertificate::issue());
    let entra = EmulatorClient::start_with(contoso_with_credentials(&[&known], None)).await;
    let claims = json!({
        "aud": token_endpoint_url(&entra), "iss": CLIENT_ID, "sub": CLIENT_ID, "jti": "1", "nbf": unix_now(), "iat": unix_now(), "exp": unix_now() + 300,
    });
    let header = |algorithm, thumbprint: &str| Header { x5t_s256: Some(thumbprint.into()), ..Header::new(algorithm) };
    let right = header(Algorithm::PS256, &known.thumbprint);
    assert_eq!(authenticate_with_assertion(&entra, &known.sign_assertion(&right, &claims)).await, 0);
    for (name, value, code) in [
        ("aud", json!("https://elsewhere.example"), 700_027),
        ("sub", json!("another"), 700_027),
        ("jti", json!(""), 700_027),
        ("exp", json!(unix_now() - 301), 700_024),
        ("nbf", json!(unix_now() + 400), 700_024),
    ] {
        let mut claims = claims.clone();
        claims[name] = value;
        assert_eq!(authenticate_with_assertion(&entra, &known.sign_assertion(&right, &claims)).await, code, "{name}");
    }
    for (algorithm, thumbprint) in [
        (Algorithm::PS384, &known.thumbprint),
        (Algorithm::PS256, &stranger.thumbprint),
        (Algorithm::PS256, &String::new()),
    ] {
        assert_eq!(
            authenticate_with_assertion(&entra, &known.sign_assertion(&header(algorithm, thumbprint), &claims)).await,
            700_027
        );
    }
    assert_eq!(
        authenticate_with_assertion(&entra, &stranger.sign_assertion(&right, &claims)).await,
        700_027,
        "the right name, another key"
    );
    assert_eq!(authenticate_with_assertion(&entra, "nonsense").await, 50_027);
}

#[tokio::test]
async fn federated_token_needs_trusted_issuer() {
    let (issuer, stranger) = (TokenIssuer::new(), TokenIssuer::new());
    let entra = EmulatorClient::start_with(contoso_with_credentials(&[], Some(&issuer))).await;
    let claims = TokenIssuer::token_claims(unix_now(), "1");
    assert_eq!(authenticate_with_assertion(&entra, &issuer.sign_claims(Algorithm::RS256, &claims)).await, 0);
    for (name, value, code) in [
        ("iss", json!("https://oidc.cluster.example"), 700_211),
        ("aud", json!(["https://kubernetes.default.svc"]), 700_212),
        ("sub", json!("system:serviceaccount:passback:Portal"), 700_213),
        ("exp", json!(unix_now() - 301), 700_024),
        ("nbf", json!(unix_now() + 400), 700_024),
    ] {
        let mut claims = claims.clone();
        claims[name] = value;
        assert_eq!(
            authenticate_with_assertion(&entra, &issuer.sign_claims(Algorithm::RS256, &claims)).await,
            code,
            "{name}"
        );
    }
    let mut one = claims.clone();
    one["aud"] = json!(TOKEN_AUDIENCE);
    assert_eq!(
        authenticate_with_assertion(&entra, &issuer.sign_claims(Algorithm::RS256, &one)).await,
        0,
        "one audience, not in a list"
    );
    assert_eq!(
        authenticate_with_assertion(&entra, &issuer.sign_claims(Algorithm::PS256, &claims)).await,
        700_027,
        "RS256 alone"
    );
    assert_eq!(
        authenticate_with_assertion(&entra, &stranger.sign_claims(Algorithm::RS256, &claims)).await,
        700_027,
        "another key"
    );
}
