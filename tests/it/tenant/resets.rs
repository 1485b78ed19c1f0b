//! Resets at the emulator: permissions, outcomes and faults.

use passback_emulator::{FaultEffect, FaultTarget, InjectedFault};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::support::raw::{EmulatorClient, OPERATOR, SignInCredentials, field, text};

const GOOD: &str = "Quiet-Harbour-92";

#[tokio::test]
async fn every_person_of_the_demo_ends_as_the_seed_says() {
    let entra = EmulatorClient::start().await;
    let token = entra.operator().await;
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
        let accepted = entra.reset(&token, &upn, GOOD).await;
        assert_eq!(accepted.status(), StatusCode::ACCEPTED, "{name}");
        assert_eq!(entra.outcome(&token, &accepted).await, expected, "{name}");
    }
    for (name, written) in
        [("wanda", true), ("sven", true), ("clara", false), ("rita", false), ("paul", false), ("lotte", true)]
    {
        let upn = format!("{name}@contoso.example");
        assert_eq!(entra.running.directory_accepts(&upn, GOOD), Some(written), "what the directory holds for {name}");
    }
}

#[tokio::test]
async fn only_a_person_with_the_right_role_may_reset_and_never_himself() {
    let entra = EmulatorClient::start().await;
    let operator = entra.operator().await;
    let status = async |token: &str, person: &str| entra.reset(token, person, GOOD).await.status();
    let forbidden = StatusCode::FORBIDDEN;
    assert_eq!(
        status(&entra.application().await, "wanda@contoso.example").await,
        forbidden,
        "an application never may"
    );
    assert_eq!(status(&operator, OPERATOR).await, forbidden, "oneself");
    assert_eq!(status(&operator, "gloria@contoso.example").await, forbidden, "a Global Administrator");
    assert_eq!(status(&operator, "petra@contoso.example").await, forbidden, "a member of a role-assignable group");
    let plain = text(&entra.tokens_of(&SignInCredentials::passkey("omar@contoso.example")).await, "access_token");
    assert_eq!(status(&plain, "wanda@contoso.example").await, forbidden, "somebody without a role");
    assert_eq!(status("nonsense", "wanda@contoso.example").await, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn the_body_is_microsofts_and_nothing_else() {
    let entra = EmulatorClient::start().await;
    let token = entra.operator().await;
    let path = |method: &str| format!("/users/wanda@contoso.example/authentication/methods/{method}/resetPassword");
    let right = path(crate::support::raw::PASSWORD_METHOD);
    for (path, body) in [
        (right.clone(), json!({ "newPassword": GOOD, "requireChangeOnNextSignIn": false })),
        (right.clone(), json!({})),
        (path("3179e48a-750b-4051-897c-87b9720928f7"), json!({ "newPassword": GOOD })),
    ] {
        let answer = entra.graph("POST", &path, &token, Some(body)).await;
        assert_eq!(answer.status(), StatusCode::BAD_REQUEST);
        let error: Value = answer.json().await.unwrap();
        assert!(error["error"]["innerError"]["request-id"].is_string(), "{error}");
    }
}

#[tokio::test]
async fn banned_words_fail_the_operation() {
    let entra = EmulatorClient::start().await;
    let token = entra.operator().await;
    for banned in ["Lighthouse1", "Wanda-on-a-hill-3", "Kürzlich-neu-12"] {
        let accepted = entra.reset(&token, "wanda@contoso.example", banned).await;
        assert_eq!(entra.outcome(&token, &accepted).await.1, "FuzzyPolicyViolationInvalidPassword", "{banned}");
    }
}

#[tokio::test]
async fn the_audit_log_arrives_late_and_names_the_agent() {
    let entra = EmulatorClient::start().await;
    let (token, app) = (entra.operator().await, entra.application().await);
    let agents = async || {
        let path = "/auditLogs/directoryAudits?$filter=activityDisplayName eq 'Reset password (by admin)'";
        let body: Value = entra.graph("GET", path, &app, None).await.json().await.unwrap();
        let rows = body["value"].as_array().unwrap().clone();
        rows.iter()
            .map(|r| (text(&r["targetResources"][0], "userPrincipalName"), text(&r["additionalDetails"][0], "value")))
            .collect::<Vec<_>>()
    };
    for person in ["wanda@contoso.example", "clara@contoso.example"] {
        let accepted = entra.reset(&token, person, GOOD).await;
        entra.outcome(&token, &accepted).await;
    }
    assert!(agents().await.len() < 2, "the newest line is not there yet");
    tokio::time::sleep(std::time::Duration::from_millis(400)).await;
    let mut seen = agents().await;
    seen.sort();
    assert_eq!(seen[0], ("clara@contoso.example".to_owned(), "None".to_owned()));
    assert_eq!(seen[1], ("wanda@contoso.example".to_owned(), "Microsoft Entra Connect".to_owned()));
}

#[tokio::test]
async fn a_reset_password_must_be_changed_at_the_next_sign_in() {
    let entra = EmulatorClient::start().await;
    let token = entra.operator().await;
    let accepted = entra.reset(&token, "wanda@contoso.example", GOOD).await;
    entra.outcome(&token, &accepted).await;
    let at = entra.authorize(&[]);
    let asked = entra.post_sign_in(at.clone(), &SignInCredentials::password("wanda@contoso.example", GOOD)).await;
    assert_eq!(asked.status(), StatusCode::OK);
    assert!(asked.text().await.unwrap().contains("new_password"));
    let fields = [
        ("account", "wanda@contoso.example"),
        ("method", "password"),
        ("password", GOOD),
        ("new_password", "Third-Lantern-11"),
    ];
    let done = entra.http.post(at).form(&fields).send().await.unwrap();
    assert_eq!(done.status(), StatusCode::SEE_OTHER, "{}", done.text().await.unwrap());
    assert_eq!(
        entra.running.directory_accepts("wanda@contoso.example", "Third-Lantern-11"),
        Some(true),
        "the change is written back"
    );
}

#[tokio::test]
async fn properties_of_the_directory_need_more_than_user_read() {
    let entra = EmulatorClient::start().await;
    let app = entra.application().await;
    let path = "/users/wanda@contoso.example?$select=id,onPremisesSyncEnabled,lastPasswordChangeDateTime";
    let body: Value = entra.graph("GET", path, &app, None).await.json().await.unwrap();
    assert_eq!(body["onPremisesSyncEnabled"], json!(true));
    let bare: Value = entra.graph("GET", "/users/wanda@contoso.example", &app, None).await.json().await.unwrap();
    assert!(bare.get("onPremisesSyncEnabled").is_none(), "only with $select");
    let operator = entra.operator().await;
    assert_eq!(entra.graph("GET", path, &operator, None).await.status(), StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn faults_can_be_set_while_it_runs_but_only_by_who_started_it() {
    let entra = EmulatorClient::start().await;
    let token = entra.operator().await;
    let (control, secret) = entra.running.control();
    let fault =
        json!({ "on": "reset_password", "effect": "status", "status": 503, "code": "serviceUnavailable", "times": 1 });
    let send = |secret: &str, host: Option<&str>| {
        let request = entra.http.post(format!("{control}/faults")).bearer_auth(secret).json(&fault);
        host.map_or_else(|| request.try_clone().unwrap(), |h| request.try_clone().unwrap().header("host", h)).send()
    };
    assert_eq!(send("guess", None).await.unwrap().status(), StatusCode::UNAUTHORIZED);
    assert_eq!(send(secret, Some("rebound.example")).await.unwrap().status(), StatusCode::MISDIRECTED_REQUEST);
    assert_eq!(send(secret, None).await.unwrap().status(), StatusCode::CREATED);
    assert_eq!(entra.reset(&token, "wanda@contoso.example", GOOD).await.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(entra.reset(&token, "wanda@contoso.example", GOOD).await.status(), StatusCode::ACCEPTED);
}

#[tokio::test]
async fn connections_can_be_closed_before_or_after_the_work() {
    for (effect, operations) in [(FaultEffect::Hangup, 0), (FaultEffect::DropAnswer, 1)] {
        let entra = EmulatorClient::with(
            crate::support::raw::contoso().with_fault(InjectedFault::on(FaultTarget::ResetPassword, effect).times(1)),
        )
        .await;
        let token = entra.operator().await;
        let path = format!(
            "{}/users/wanda@contoso.example/authentication/methods/{}/resetPassword",
            entra.running.graph_url(),
            crate::support::raw::PASSWORD_METHOD
        );
        let sent = entra.http.post(path).bearer_auth(&token).json(&json!({ "newPassword": GOOD })).send().await;
        assert!(sent.is_err(), "the connection was closed");
        tokio::time::sleep(std::time::Duration::from_millis(400)).await;
        assert_eq!(entra.running.directory_accepts("wanda@contoso.example", GOOD), Some(operations == 1));
    }
}

#[tokio::test]
async fn a_real_directory_allows_loopback_only() {
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
            crate::support::raw::contoso(),
            passback::Clock::system(),
            passback::Random::system(),
        );
        start.listen = listen.parse().unwrap();
        start.directory = Some(options);
        start.run()
    };
    let said = refused("0.0.0.0:0", "ldaps://127.0.0.53").await.err().unwrap().to_string();
    assert!(said.contains("loopback only"), "{said}");
    let said = refused("127.0.0.1:0", "ldaps://dc1.corp.example").await.err().unwrap().to_string();
    assert!(said.contains("loopback address only"), "{said}");
}

#[tokio::test]
async fn microsofts_published_limits_hold_with_and_without_a_time_to_wait() {
    let entra = EmulatorClient::with(
        passback_emulator::TenantSeed::contoso()
            .unwrap()
            .granting("IdentityRiskyUser.Read.All")
            .with_redirect(crate::support::raw::BACK),
    )
    .await;
    let app = entra.application().await;
    let mut last = None;
    for _ in 0..6 {
        last = Some(entra.graph("GET", "/auditLogs/directoryAudits", &app, None).await);
    }
    let audits = last.unwrap();
    assert_eq!(audits.status(), StatusCode::TOO_MANY_REQUESTS);
    assert!(audits.headers().contains_key("retry-after"));
    let path = "/identity/conditionalAccess/policies";
    assert_eq!(entra.graph("GET", path, &app, None).await.status(), StatusCode::OK);
    let policies = entra.graph("GET", path, &app, None).await;
    assert_eq!(policies.status(), StatusCode::TOO_MANY_REQUESTS);
    assert!(!policies.headers().contains_key("retry-after"), "Conditional Access does not say when");
    let path = "/identityProtection/riskyUsers/00000000-0000-4000-8000-000000000001";
    assert_eq!(entra.graph("GET", path, &app, None).await.status(), StatusCode::NOT_FOUND);
    let risks = entra.graph("GET", path, &app, None).await;
    assert_eq!(risks.status(), StatusCode::TOO_MANY_REQUESTS);
    assert!(!risks.headers().contains_key("retry-after"), "nor does Identity Protection");
}

#[tokio::test]
async fn a_one_time_pass_opens_once_and_satisfies_the_context() {
    let entra = EmulatorClient::start().await;
    let operator = entra.operator().await;
    let path = "/users/omar@contoso.example/authentication/temporaryAccessPassMethods";
    let wish = json!({ "isUsableOnce": true, "lifetimeInMinutes": 30 });
    let pass: Value = entra.graph("POST", path, &operator, Some(wish)).await.json().await.unwrap();
    let code = text(&pass, "temporaryAccessPass");
    let shown: Value = entra.graph("GET", path, &operator, None).await.json().await.unwrap();
    assert!(shown["value"][0]["temporaryAccessPass"].is_null(), "its code is shown once");
    let tap = SignInCredentials { account: "omar@contoso.example", method: "tap", secret: &code };
    let context = r#"{"id_token":{"acrs":{"essential":true,"value":"c1"}}}"#;
    assert_eq!(entra.post_sign_in(entra.authorize(&[("claims", context)]), &tap).await.status(), StatusCode::SEE_OTHER);
    let again = entra.post_sign_in(entra.authorize(&[]), &tap).await;
    assert!(again.text().await.unwrap().contains("AADSTS130503"));
    let denied = entra
        .graph(
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
    let operator = entra.operator().await;
    let omar = entra.tokens_of(&SignInCredentials::passkey("omar@contoso.example")).await;
    let path = "/users/omar@contoso.example/revokeSignInSessions";
    let done: Value = entra.graph("POST", path, &operator, None).await.json().await.unwrap();
    assert_eq!(done["value"], json!(true));
    let refused =
        entra.token(&[("grant_type", "refresh_token"), ("refresh_token", &text(&omar, "refresh_token"))]).await;
    assert_eq!((refused.0, &refused.1["error_codes"][0]), (StatusCode::BAD_REQUEST, &json!(50173)));
}

#[tokio::test]
async fn an_operation_goes_from_not_started_through_running_to_its_end() {
    let slow = InjectedFault::on(FaultTarget::Writeback, FaultEffect::Slow { ms: 1_000 });
    let entra = EmulatorClient::with(crate::support::raw::contoso().with_fault(slow)).await;
    let token = entra.operator().await;
    let accepted = entra.reset(&token, "wanda@contoso.example", GOOD).await;
    let location = accepted.headers()["location"].to_str().unwrap().to_owned();
    assert!(location.contains("?aadgdc=") && location.contains("&aadgsu="), "{location}");
    let mut seen = Vec::new();
    while seen.last().map(String::as_str) != Some("succeeded") {
        let body: Value = entra.http.get(&location).bearer_auth(&token).send().await.unwrap().json().await.unwrap();
        seen.push(text(&body, "status"));
        seen.dedup();
        tokio::time::sleep(std::time::Duration::from_millis(30)).await;
    }
    assert_eq!(seen, ["notStarted", "running", "succeeded"]);
}

/// Microsoft publishes the format and one example. The emulator judges by its own copy of the published scoring.
#[tokio::test]
async fn a_password_can_be_asked_about_with_a_persons_token_that_allows_it() {
    let entra = EmulatorClient::with(crate::support::raw::contoso().consenting("User.ReadWrite")).await;
    let with = "openid profile offline_access User.ReadWrite";
    let ask = async |token: &str, body: Value| {
        let url = format!("{}/beta/users/validatePassword", entra.running.url());
        entra.http.post(url).bearer_auth(token).json(&body).send().await.unwrap()
    };
    let back = entra.sign_in(&[("scope", with)], &SignInCredentials::passkey(OPERATOR)).await;
    let code = [("grant_type", "authorization_code"), ("code", &field(&back, "code"))];
    let token = text(&entra.token(&code).await.1, "access_token");
    let contract = crate::contract::schema::GraphContract::load();
    for (password, rule) in [
        ("short-1", "password_too_short"),
        ("all lower case words", "password_not_meet_complexity"),
        ("Gr\u{fc}\u{df}e-aus-Bremen-9", "password_not_meet_complexity"),
        ("Contoso-1", "password_banned"),
        ("P@ssword1", "password_banned"),
        (GOOD, "AllChecks"),
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
            assert_eq!(contract.problems(&exchange), Vec::<String>::new(), "{body}");
        }
    }
    assert_eq!(ask(&token, json!({ "newPassword": GOOD })).await.status(), StatusCode::BAD_REQUEST);
    let (operator, application) = (entra.operator().await, entra.application().await);
    for (who, token) in [("without the scope", operator), ("an application", application)] {
        assert_eq!(ask(&token, json!({ "password": GOOD })).await.status(), StatusCode::FORBIDDEN, "{who}");
    }
}
