//! Resets at the emulator: permissions, outcomes and faults.

use jiff::SignedDuration;
use passback::{Clock, Random};
use passback_emulator::{EmulatorOptions, FaultEffect, FaultTarget, InjectedFault, TenantSeed};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::support::raw_client::{
    EmulatorClient, OPERATOR_UPN, SignInCredentials, contoso_seed, http_client, json_text, param_value,
};
use crate::support::wait::wait_until;

const VALID_PASSWORD: &str = "Quiet-Harbour-92";

/// Starts an emulator whose time passes only when the test advances its clock.
async fn start_with_manual_clock(seed: TenantSeed) -> (EmulatorClient, Clock) {
    let http = http_client();
    let clock = Clock::manual(jiff::Timestamp::now());
    let emulator = EmulatorOptions::new(seed, clock.clone(), Random::system()).start().await.unwrap();
    (EmulatorClient { emulator, http }, clock)
}

#[tokio::test]
async fn every_seeded_person_ends_as_declared() {
    let entra = EmulatorClient::start().await;
    let token = entra.operator_token().await;
    let succeeded = |detail: &str| ("succeeded".to_owned(), detail.to_owned());
    let failed = |detail: &str| ("failed".to_owned(), detail.to_owned());
    for (name, expected) in [
        ("wanda", succeeded("ResetSuccess")),
        ("omar", succeeded("ResetSuccess")),
        ("luca", succeeded("ResetSuccess")),
        ("rita", failed("OnPremisesPolicyViolation")),
        ("olaf", failed("OnPremisesConnectivityError")),
        ("lotte", ("404 Not Found".to_owned(), String::new())),
        ("sven", failed("OnPremisesSuccessCloudFailure")),
        ("clara", succeeded("ResetSuccess")),
        ("paul", failed("OnPremisesAdminActionRequired")),
        ("dina", failed("OnPremUserAccountDisabled")),
        ("nina", failed("SomethingNobodyHasSeenYet")),
    ] {
        let upn = format!("{name}@contoso.example");
        let accepted = entra.reset_password(&token, &upn, VALID_PASSWORD).await;
        assert_eq!(accepted.status(), StatusCode::ACCEPTED, "{name}");
        assert_eq!(entra.wait_for_outcome(&token, &accepted).await, expected, "{name}");
    }
    for (name, written) in
        [("wanda", true), ("sven", true), ("clara", false), ("rita", false), ("paul", false), ("lotte", true)]
    {
        let upn = format!("{name}@contoso.example");
        assert_eq!(
            entra.emulator.is_directory_password(&upn, VALID_PASSWORD),
            Some(written),
            "what the directory holds for {name}"
        );
    }
}

#[tokio::test]
async fn reset_needs_role_and_never_reaches_self() {
    let entra = EmulatorClient::start().await;
    let operator = entra.operator_token().await;
    let status = async |token: &str, person: &str| entra.reset_password(token, person, VALID_PASSWORD).await.status();
    let forbidden = StatusCode::FORBIDDEN;
    assert_eq!(status(&entra.app_token().await, "wanda@contoso.example").await, forbidden, "an application never may");
    assert_eq!(status(&operator, OPERATOR_UPN).await, forbidden, "oneself");
    assert_eq!(status(&operator, "gloria@contoso.example").await, forbidden, "a Global Administrator");
    assert_eq!(status(&operator, "petra@contoso.example").await, forbidden, "a member of a role-assignable group");
    let plain =
        json_text(&entra.sign_in_for_tokens(&SignInCredentials::passkey("omar@contoso.example")).await, "access_token");
    assert_eq!(status(&plain, "wanda@contoso.example").await, forbidden, "somebody without a role");
    assert_eq!(status("nonsense", "wanda@contoso.example").await, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn reset_body_accepts_only_documented_shape() {
    let entra = EmulatorClient::start().await;
    let token = entra.operator_token().await;
    let path = |method: &str| format!("/users/wanda@contoso.example/authentication/methods/{method}/resetPassword");
    let right = path(crate::support::raw_client::PASSWORD_METHOD_ID);
    for (path, body) in [
        (right.clone(), json!({ "newPassword": VALID_PASSWORD, "requireChangeOnNextSignIn": false })),
        (right.clone(), json!({})),
        (path("3179e48a-750b-4051-897c-87b9720928f7"), json!({ "newPassword": VALID_PASSWORD })),
    ] {
        let answer = entra.graph_request("POST", &path, &token, Some(body)).await;
        assert_eq!(answer.status(), StatusCode::BAD_REQUEST);
        let error: Value = answer.json().await.unwrap();
        assert!(error["error"]["innerError"]["request-id"].is_string(), "{error}");
    }
}

#[tokio::test]
async fn banned_word_fails_operation() {
    let entra = EmulatorClient::start().await;
    let token = entra.operator_token().await;
    for banned in ["Lighthouse1", "Wanda-on-a-hill-3", "Kürzlich-neu-12"] {
        let accepted = entra.reset_password(&token, "wanda@contoso.example", banned).await;
        assert_eq!(
            entra.wait_for_outcome(&token, &accepted).await.1,
            "FuzzyPolicyViolationInvalidPassword",
            "{banned}"
        );
    }
}

#[tokio::test]
async fn audit_log_is_delayed_and_names_writeback_agent() {
    let (entra, clock) = start_with_manual_clock(contoso_seed()).await;
    let (token, app) = (entra.operator_token().await, entra.app_token().await);
    let agents = async || {
        let path = "/auditLogs/directoryAudits?$filter=activityDisplayName eq 'Reset password (by admin)'";
        let body: Value = entra.graph_request("GET", path, &app, None).await.json().await.unwrap();
        let rows = body["value"].as_array().unwrap().clone();
        rows.iter()
            .map(|r| {
                (
                    json_text(&r["targetResources"][0], "userPrincipalName"),
                    json_text(&r["additionalDetails"][0], "value"),
                )
            })
            .collect::<Vec<_>>()
    };
    for person in ["wanda@contoso.example", "clara@contoso.example"] {
        let accepted = entra.reset_password(&token, person, VALID_PASSWORD).await;
        clock.advance(SignedDuration::from_millis(150));
        entra.wait_for_outcome(&token, &accepted).await;
    }
    assert!(agents().await.len() < 2, "the newest line is not there yet");
    clock.advance(SignedDuration::from_millis(150));
    let mut seen = agents().await;
    seen.sort();
    assert_eq!(seen[0], ("clara@contoso.example".to_owned(), "None".to_owned()));
    assert_eq!(seen[1], ("wanda@contoso.example".to_owned(), "Microsoft Entra Connect".to_owned()));
}

#[tokio::test]
async fn reset_password_must_be_changed_at_next_sign_in() {
    let entra = EmulatorClient::start().await;
    let token = entra.operator_token().await;
    let accepted = entra.reset_password(&token, "wanda@contoso.example", VALID_PASSWORD).await;
    entra.wait_for_outcome(&token, &accepted).await;
    let at = entra.authorize_url(&[]);
    let asked =
        entra.post_sign_in(at.clone(), &SignInCredentials::password("wanda@contoso.example", VALID_PASSWORD)).await;
    assert_eq!(asked.status(), StatusCode::OK);
    assert!(asked.text().await.unwrap().contains("new_password"));
    let fields = [
        ("account", "wanda@contoso.example"),
        ("method", "password"),
        ("password", VALID_PASSWORD),
        ("new_password", "Third-Lantern-11"),
    ];
    let done = entra.http.post(at).form(&fields).send().await.unwrap();
    assert_eq!(done.status(), StatusCode::SEE_OTHER, "{}", done.text().await.unwrap());
    assert_eq!(
        entra.emulator.is_directory_password("wanda@contoso.example", "Third-Lantern-11"),
        Some(true),
        "the change is written back"
    );
}

#[tokio::test]
async fn on_premises_properties_need_select_and_permission() {
    let entra = EmulatorClient::start().await;
    let app = entra.app_token().await;
    let path = "/users/wanda@contoso.example?$select=id,onPremisesSyncEnabled,lastPasswordChangeDateTime";
    let body: Value = entra.graph_request("GET", path, &app, None).await.json().await.unwrap();
    assert_eq!(body["onPremisesSyncEnabled"], json!(true));
    let bare: Value =
        entra.graph_request("GET", "/users/wanda@contoso.example", &app, None).await.json().await.unwrap();
    assert!(bare.get("onPremisesSyncEnabled").is_none(), "only with $select");
    let operator = entra.operator_token().await;
    assert_eq!(entra.graph_request("GET", path, &operator, None).await.status(), StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn faults_are_added_at_runtime_only_with_control_secret() {
    let entra = EmulatorClient::start().await;
    let token = entra.operator_token().await;
    let (control, secret) = entra.emulator.fault_control();
    let fault =
        json!({ "on": "reset_password", "effect": "status", "status": 503, "code": "serviceUnavailable", "times": 1 });
    let send = |secret: &str, host: Option<&str>| {
        let request = entra.http.post(format!("{control}/faults")).bearer_auth(secret).json(&fault);
        host.map_or_else(|| request.try_clone().unwrap(), |h| request.try_clone().unwrap().header("host", h)).send()
    };
    assert_eq!(send("guess", None).await.unwrap().status(), StatusCode::UNAUTHORIZED);
    assert_eq!(send(secret, Some("rebound.example")).await.unwrap().status(), StatusCode::MISDIRECTED_REQUEST);
    assert_eq!(send(secret, None).await.unwrap().status(), StatusCode::CREATED);
    assert_eq!(
        entra.reset_password(&token, "wanda@contoso.example", VALID_PASSWORD).await.status(),
        StatusCode::SERVICE_UNAVAILABLE
    );
    assert_eq!(
        entra.reset_password(&token, "wanda@contoso.example", VALID_PASSWORD).await.status(),
        StatusCode::ACCEPTED
    );
}

#[tokio::test]
async fn connection_fault_closes_before_or_after_reset() {
    for (effect, is_reset) in [(FaultEffect::Hangup, false), (FaultEffect::DropAnswer, true)] {
        let entra = EmulatorClient::start_with(
            crate::support::raw_client::contoso_seed()
                .with_fault(InjectedFault::new(FaultTarget::ResetPassword, effect).times(1)),
        )
        .await;
        let token = entra.operator_token().await;
        let path = format!(
            "{}/users/wanda@contoso.example/authentication/methods/{}/resetPassword",
            entra.emulator.graph_url(),
            crate::support::raw_client::PASSWORD_METHOD_ID
        );
        let sent =
            entra.http.post(path).bearer_auth(&token).json(&json!({ "newPassword": VALID_PASSWORD })).send().await;
        assert!(sent.is_err(), "the connection was closed");
        // Without an operation nothing can write the password later.
        let has_operation = entra.emulator.last_operation_times("wanda@contoso.example").is_some();
        assert_eq!(has_operation, is_reset);
        let is_written = || entra.emulator.is_directory_password("wanda@contoso.example", VALID_PASSWORD);
        wait_until("the password is written or not", async || is_written() == Some(is_reset)).await;
    }
}

#[tokio::test]
async fn real_directory_requires_loopback() {
    let refused = |listen: &str, directory: &str| {
        let dir = tempfile::tempdir().unwrap();
        let secret = dir.path().join("p");
        std::fs::write(&secret, "x").unwrap();
        let options = passback_emulator::LdapsOptions::new(
            directory.parse().unwrap(),
            "cn=x".into(),
            &secret,
            "dc=x".into(),
            secret.clone(),
        )
        .unwrap();
        let mut start = passback_emulator::EmulatorOptions::new(
            crate::support::raw_client::contoso_seed(),
            passback::Clock::system(),
            passback::Random::system(),
        );
        start.listen = listen.parse().unwrap();
        start.directory = Some(options);
        start.start()
    };
    let said = refused("0.0.0.0:0", "ldaps://127.0.0.53").await.err().unwrap().to_string();
    assert!(said.contains("loopback only"), "{said}");
    let said = refused("127.0.0.1:0", "ldaps://dc1.corp.example").await.err().unwrap().to_string();
    assert!(said.contains("loopback address only"), "{said}");
}

#[tokio::test]
async fn published_limits_apply_with_and_without_retry_after() {
    let entra = EmulatorClient::start_with(
        passback_emulator::TenantSeed::contoso()
            .unwrap()
            .with_application_permission("IdentityRiskyUser.Read.All")
            .with_redirect_uri(crate::support::raw_client::REDIRECT_URI),
    )
    .await;
    let app = entra.app_token().await;
    let mut last = None;
    for _ in 0..6 {
        last = Some(entra.graph_request("GET", "/auditLogs/directoryAudits", &app, None).await);
    }
    let audits = last.unwrap();
    assert_eq!(audits.status(), StatusCode::TOO_MANY_REQUESTS);
    assert!(audits.headers().contains_key("retry-after"));
    let path = "/identity/conditionalAccess/policies";
    assert_eq!(entra.graph_request("GET", path, &app, None).await.status(), StatusCode::OK);
    let policies = entra.graph_request("GET", path, &app, None).await;
    assert_eq!(policies.status(), StatusCode::TOO_MANY_REQUESTS);
    assert!(!policies.headers().contains_key("retry-after"), "Conditional Access does not say when");
    let path = "/identityProtection/riskyUsers/00000000-0000-4000-8000-000000000001";
    assert_eq!(entra.graph_request("GET", path, &app, None).await.status(), StatusCode::NOT_FOUND);
    let risks = entra.graph_request("GET", path, &app, None).await;
    assert_eq!(risks.status(), StatusCode::TOO_MANY_REQUESTS);
    assert!(!risks.headers().contains_key("retry-after"), "nor does Identity Protection");
}

#[tokio::test]
async fn one_time_pass_signs_in_once_and_satisfies_context() {
    let entra = EmulatorClient::start().await;
    let operator = entra.operator_token().await;
    let path = "/users/omar@contoso.example/authentication/temporaryAccessPassMethods";
    let wish = json!({ "isUsableOnce": true, "lifetimeInMinutes": 30 });
    let pass: Value = entra.graph_request("POST", path, &operator, Some(wish)).await.json().await.unwrap();
    let code = json_text(&pass, "temporaryAccessPass");
    let shown: Value = entra.graph_request("GET", path, &operator, None).await.json().await.unwrap();
    assert!(shown["value"][0]["temporaryAccessPass"].is_null(), "its code is shown once");
    let tap = SignInCredentials { account: "omar@contoso.example", method: "tap", secret: &code };
    let context = r#"{"id_token":{"acrs":{"essential":true,"value":"c1"}}}"#;
    assert_eq!(
        entra.post_sign_in(entra.authorize_url(&[("claims", context)]), &tap).await.status(),
        StatusCode::SEE_OTHER
    );
    let again = entra.post_sign_in(entra.authorize_url(&[]), &tap).await;
    assert!(again.text().await.unwrap().contains("AADSTS130503"));
    let denied = entra
        .graph_request(
            "POST",
            "/users/gloria@contoso.example/authentication/temporaryAccessPassMethods",
            &operator,
            Some(json!({})),
        )
        .await;
    assert_eq!(denied.status(), StatusCode::FORBIDDEN, "not for whom the role does not reach");
}

#[tokio::test]
async fn revoking_sessions_ends_tokens() {
    let entra = EmulatorClient::start().await;
    let operator = entra.operator_token().await;
    let omar = entra.sign_in_for_tokens(&SignInCredentials::passkey("omar@contoso.example")).await;
    let path = "/users/omar@contoso.example/revokeSignInSessions";
    let done: Value = entra.graph_request("POST", path, &operator, None).await.json().await.unwrap();
    assert_eq!(done["value"], json!(true));
    let refused = entra
        .request_token(&[("grant_type", "refresh_token"), ("refresh_token", &json_text(&omar, "refresh_token"))])
        .await;
    assert_eq!((refused.0, &refused.1["error_codes"][0]), (StatusCode::BAD_REQUEST, &json!(50173)));
}

#[tokio::test]
async fn operation_goes_from_not_started_through_running_to_succeeded() {
    let slow = InjectedFault::new(FaultTarget::Writeback, FaultEffect::Slow { ms: 1_000 });
    let (entra, clock) = start_with_manual_clock(contoso_seed().with_fault(slow)).await;
    let token = entra.operator_token().await;
    let accepted = entra.reset_password(&token, "wanda@contoso.example", VALID_PASSWORD).await;
    let location = accepted.headers()["location"].to_str().unwrap().to_owned();
    assert!(location.contains("?aadgdc=") && location.contains("&aadgsu="), "{location}");
    for (advance, expected) in [(0, "notStarted"), (199, "notStarted"), (1, "running"), (799, "running")] {
        clock.advance(SignedDuration::from_millis(advance));
        let body: Value = entra.http.get(&location).bearer_auth(&token).send().await.unwrap().json().await.unwrap();
        assert_eq!(body["status"], expected, "{advance} ms later: {body}");
    }
    clock.advance(SignedDuration::from_millis(1));
    assert_eq!(entra.wait_for_outcome(&token, &accepted).await.0, "succeeded");
}

/// Microsoft publishes the format and one example. The emulator judges by its own copy of the published scoring.
#[tokio::test]
async fn validate_password_needs_delegated_permission() {
    let entra = EmulatorClient::start_with(
        crate::support::raw_client::contoso_seed().with_delegated_permission("User.ReadWrite"),
    )
    .await;
    let with = "openid profile offline_access User.ReadWrite";
    let ask = async |token: &str, body: Value| {
        let url = format!("{}/beta/users/validatePassword", entra.emulator.url());
        entra.http.post(url).bearer_auth(token).json(&body).send().await.unwrap()
    };
    let back = entra.sign_in(&[("scope", with)], &SignInCredentials::passkey(OPERATOR_UPN)).await;
    let code = [("grant_type", "authorization_code"), ("code", &param_value(&back, "code"))];
    let token = json_text(&entra.request_token(&code).await.1, "access_token");
    let contract = crate::contract::schema::GraphContract::load();
    for (password, rule) in [
        ("short-1", "password_too_short"),
        ("all lower case words", "password_not_meet_complexity"),
        ("Gr\u{fc}\u{df}e-aus-Bremen-9", "password_not_meet_complexity"),
        ("Contoso-1", "password_banned"),
        ("P@ssword1", "password_banned"),
        (VALID_PASSWORD, "AllChecks"),
    ] {
        let answer = ask(&token, json!({ "password": password })).await;
        assert_eq!(answer.status(), StatusCode::OK);
        let body: Value = answer.json().await.unwrap();
        let result = &body["validationResults"][0];
        assert_eq!((&result["ruleName"], &body["isValid"]), (&json!(rule), &json!(rule == "AllChecks")), "{password}");
        assert_eq!(body["isValid"], result["validationPassed"]);
        if let Some(contract) = &contract {
            let path = "/beta/users/validatePassword";
            let exchange = crate::contract::schema::GraphExchange {
                method: "POST",
                path,
                request: None,
                status: 200,
                response: Some(&body),
            };
            assert_eq!(contract.find_problems(&exchange), Vec::<String>::new(), "{body}");
        }
    }
    assert_eq!(ask(&token, json!({ "newPassword": VALID_PASSWORD })).await.status(), StatusCode::BAD_REQUEST);
    let (operator, application) = (entra.operator_token().await, entra.app_token().await);
    for (who, token) in [("without the scope", operator), ("an application", application)] {
        assert_eq!(ask(&token, json!({ "password": VALID_PASSWORD })).await.status(), StatusCode::FORBIDDEN, "{who}");
    }
}
