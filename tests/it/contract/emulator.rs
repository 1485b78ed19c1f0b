//! Compares the emulator's responses and its permission table with Microsoft's description.

use passback_emulator::PERMISSION_RULES;
use serde_json::{Value, json};

use super::schema::{GraphContract, GraphExchange};
use crate::support::raw_client::{EmulatorClient, PASSWORD_METHOD_ID};
use crate::support::wait::wait_until;

const WANDA_UPN: &str = "wanda@contoso.example";
const USER_SELECT: &str = "?$select=id,displayName,userPrincipalName,accountEnabled,userType,onPremisesSyncEnabled,onPremisesDomainName,\
                      onPremisesSamAccountName,onPremisesLastSyncDateTime,lastPasswordChangeDateTime,isManagementRestricted,preferredLanguage,mail,otherMails";

#[test]
fn permission_table_matches_microsofts_list() {
    let Some(contract) = GraphContract::load() else { return };
    for (method, path, delegated, application) in PERMISSION_RULES {
        for (kind, ours) in [("delegated", delegated), ("application", application)] {
            let theirs = contract
                .listed_permissions(method, path, kind)
                .unwrap_or_else(|| panic!("{method} {path} is in neither list"));
            for permission in *ours {
                assert!(
                    theirs.iter().any(|p| p == permission),
                    "{method} {path}: {permission} is not among {kind} {theirs:?}"
                );
            }
            assert_eq!(ours.is_empty(), theirs.is_empty(), "{method} {path}: {kind} is {theirs:?}");
        }
    }
}

#[test]
fn contract_addition_names_source_and_date() {
    let Some(contract) = GraphContract::load() else { return };
    for call in contract.additional_calls() {
        for field in ["call", "source", "date"] {
            assert!(call[field].is_string(), "{field} is missing in {call}");
        }
        assert_eq!(call["ours"], json!(true), "{call}");
    }
    println!("{} calls are described by us, not by Microsoft's files", contract.additional_calls().len());
}

fn mail_request() -> Value {
    json!({
        "message": {
            "subject": "Hello",
            "body": { "contentType": "html", "content": "<p>Hello</p>" },
            "toRecipients": [{ "emailAddress": { "address": "wanda@home.example" } }],
        },
        "saveToSentItems": false,
    })
}

#[expect(clippy::too_many_lines, reason = "most of it is the table of every call")]
#[tokio::test]
async fn emulator_responses_match_microsofts_description() {
    let Some(contract) = GraphContract::load() else { return };
    let entra = EmulatorClient::start_with(
        crate::support::raw_client::contoso_seed()
            .with_application_permission("Mail.Send")
            .with_application_permission("IdentityRiskyUser.Read.All"),
    )
    .await;
    let (operator, app) = (entra.operator_token().await, entra.app_token().await);
    let id = crate::support::raw_client::json_text(
        &entra.graph_request("GET", "/users/wanda@contoso.example", &app, None).await.json().await.unwrap(),
        "id",
    );
    let risky = entra.emulator.object_id("rita@contoso.example").unwrap();
    let accepted = entra.reset_password(&operator, WANDA_UPN, "Quiet-Harbour-92").await;
    assert!(accepted.text().await.unwrap().is_empty());
    let accepted = entra.reset_password(&operator, "omar@contoso.example", "Quiet-Harbour-92").await;
    let operation = accepted.headers()["location"].to_str().unwrap().split_once("/v1.0").unwrap().1.to_owned();
    // The audit log has entries, so that their form is compared as well.
    let has_audit_entries = async || {
        let log = entra.graph_request("GET", "/auditLogs/directoryAudits", &app, None).await;
        log.json::<Value>().await.unwrap()["value"].as_array().is_some_and(|entries| !entries.is_empty())
    };
    wait_until("the audit log has entries", has_audit_entries).await;
    let tap = json!({ "lifetimeInMinutes": 60, "isUsableOnce": true });
    let principal = format!("?$filter=principalId eq '{id}'");
    let calls: Vec<(&str, String, &str, Option<Value>)> = vec![
        ("GET", format!("/users/{WANDA_UPN}"), &app, None),
        ("GET", format!("/users/{WANDA_UPN}{USER_SELECT}"), &app, None),
        ("GET", "/users?$top=3".to_owned(), &app, None),
        ("GET", "/users?$filter=startsWith(displayName,'wan') or mail eq 'x'".to_owned(), &app, None),
        ("GET", "/users?$filter=jobTitle eq 'x'".to_owned(), &app, None),
        (
            "GET",
            "/roleManagement/directory/roleDefinitions/62e90394-69f5-4237-9190-012177145e10".to_owned(),
            &app,
            None,
        ),
        ("GET", format!("/reports/authenticationMethods/userRegistrationDetails/{id}"), &app, None),
        ("GET", format!("/identityProtection/riskyUsers/{risky}"), &app, None),
        ("GET", "/users/$count".to_owned(), &app, None),
        ("GET", format!("/users/{WANDA_UPN}/manager"), &app, None),
        ("GET", format!("/users/{WANDA_UPN}/registeredDevices"), &app, None),
        ("GET", "/users/petra@contoso.example/transitiveMemberOf".to_owned(), &app, None),
        (
            "GET",
            "/users/gloria@contoso.example/transitiveMemberOf/microsoft.graph.directoryRole".to_owned(),
            &app,
            None,
        ),
        ("GET", "/users/petra@contoso.example/transitiveMemberOf/microsoft.graph.group".to_owned(), &app, None),
        ("GET", format!("/users/{WANDA_UPN}/authentication/methods"), &operator, None),
        ("GET", operation, &operator, None),
        ("POST", format!("/users/{WANDA_UPN}/authentication/temporaryAccessPassMethods"), &operator, Some(tap)),
        ("GET", format!("/users/{WANDA_UPN}/authentication/temporaryAccessPassMethods"), &operator, None),
        ("POST", format!("/users/{WANDA_UPN}/revokeSignInSessions"), &operator, None),
        ("POST", format!("/users/{WANDA_UPN}/sendMail"), &app, Some(mail_request())),
        ("GET", "/organization".to_owned(), &app, None),
        ("GET", "/auditLogs/directoryAudits".to_owned(), &app, None),
        ("GET", format!("/roleManagement/directory/roleAssignments{principal}"), &app, None),
        ("GET", format!("/roleManagement/directory/roleEligibilityScheduleInstances{principal}"), &app, None),
        ("GET", "/identity/conditionalAccess/policies".to_owned(), &app, None),
        ("GET", "/policies/authenticationStrengthPolicies/5e1f0000-0000-4000-8000-000000000001".to_owned(), &app, None),
        // Error responses are validated as well.
        ("GET", "/users/nobody@contoso.example".to_owned(), &app, None),
        ("GET", "/organization".to_owned(), "nonsense", None),
        (
            "POST",
            format!("/users/gloria@contoso.example/authentication/methods/{PASSWORD_METHOD_ID}/resetPassword"),
            &operator,
            Some(json!({ "newPassword": "x" })),
        ),
    ];
    for (method, path, token, body) in calls {
        let answer = entra.graph_request(method, &path, token, body.clone()).await;
        let status = answer.status().as_u16();
        let text = answer.text().await.unwrap();
        let bare = path.split('?').next().unwrap();
        let response: Option<Value> = serde_json::from_str(&text).ok().filter(|v: &Value| v.is_object());
        let exchange =
            GraphExchange { method, path: bare, request: body.as_ref(), status, response: response.as_ref() };
        assert_eq!(contract.find_problems(&exchange), Vec::<String>::new(), "{method} {path} -> {status} {text}");
    }
}

#[test]
fn validator_rejects_wrong_property_and_unknown_call() {
    let Some(contract) = GraphContract::load() else { return };
    let body = json!({ "newPasword": "x" });
    let path = format!("/users/1/authentication/methods/{PASSWORD_METHOD_ID}/resetPassword");
    let wrong = GraphExchange { method: "POST", path: &path, request: Some(&body), status: 202, response: None };
    assert!(!contract.find_problems(&wrong).is_empty());
    let unknown = GraphExchange { method: "GET", path: "/users/1/photo", request: None, status: 200, response: None };
    assert!(!contract.find_problems(&unknown).is_empty());
}
