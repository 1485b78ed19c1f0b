//! Users: reading, search, managers, devices and session revocation.

use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use super::caller::ApiCaller;
use super::error::{ODataError, success_response};
use super::odata_query::{FilterComparison, ODataOptions, select_properties};
use crate::EmulatedTenant;
use crate::seed::TenantSeed;
use crate::state::{CloudAccount, TenantState};

/// Properties that Graph returns without `$select`.
const DEFAULT_PROPERTIES: &[&str] = &[
    "businessPhones",
    "displayName",
    "givenName",
    "id",
    "jobTitle",
    "mail",
    "mobilePhone",
    "officeLocation",
    "preferredLanguage",
    "surname",
    "userPrincipalName",
];

pub(super) async fn get_me(
    State(tenant): State<EmulatedTenant>,
    caller: ApiCaller,
    Query(options): Query<ODataOptions>,
) -> Response {
    let Some(id) = caller.account_id else {
        return ODataError::bad_request("/me request is only valid with delegated authentication flow.")
            .to_response(&tenant);
    };
    user_response(&tenant, &caller, &options, &id.to_string())
}

pub(super) async fn get_user(
    State(tenant): State<EmulatedTenant>,
    caller: ApiCaller,
    Path(id): Path<String>,
    Query(options): Query<ODataOptions>,
) -> Response {
    user_response(&tenant, &caller, &options, &id)
}

fn user_response(tenant: &EmulatedTenant, caller: &ApiCaller, options: &ODataOptions, name: &str) -> Response {
    let select = options.selected_properties();
    if let Err(error) = caller.check_selected_properties(select.as_deref()) {
        return error.to_response(tenant);
    }
    let now = tenant.clock().now();
    let body = {
        let state = tenant.lock_state();
        state.find_account(name).map(|account| {
            select_properties(user_properties(&state, account, now), select.as_deref(), DEFAULT_PROPERTIES)
        })
    };
    let Some(mut body) = body else { return ODataError::not_found(name).to_response(tenant) };
    if let Some(map) = body.as_object_mut() {
        map.insert(
            "@odata.context".to_owned(),
            json!(format!("{}/$metadata#users/$entity", tenant.0.urls.graph_url())),
        );
    }
    success_response(tenant, StatusCode::OK, &body)
}

pub(super) async fn list_users(
    State(tenant): State<EmulatedTenant>,
    caller: ApiCaller,
    Query(options): Query<ODataOptions>,
) -> Response {
    let select = options.selected_properties();
    let alternatives =
        match caller.check_selected_properties(select.as_deref()).and_then(|()| options.parse_alternatives()) {
            Ok(alternatives) => alternatives,
            Err(error) => return error.to_response(&tenant),
        };
    if let Some(unknown) = alternatives.iter().flatten().find(|c| !is_filterable(c)) {
        return ODataError::unsupported_filter(&unknown.property).to_response(&tenant);
    }
    let now = tenant.clock().now();
    let found: Vec<Value> = {
        let state = tenant.lock_state();
        let all = state.accounts.iter().map(|account| user_properties(&state, account, now));
        let holds = |person: &Map<String, Value>, c: &FilterComparison| {
            let value = person.get(&c.property).and_then(Value::as_str).unwrap_or_default().to_lowercase();
            let asked = c.value.to_lowercase();
            if c.operator == "startswith" { value.starts_with(&asked) } else { value == asked }
        };
        let kept = all.filter(|person| {
            alternatives.is_empty() || alternatives.iter().any(|every| every.iter().all(|c| holds(person, c)))
        });
        kept.map(|person| select_properties(person, select.as_deref(), DEFAULT_PROPERTIES)).collect()
    };
    success_response(
        &tenant,
        StatusCode::OK,
        &options.build_page(found, &format!("{}/users", tenant.0.urls.graph_url()), "users"),
    )
}

/// Returns whether a list of users can be filtered by this comparison without an advanced query, as far as emulated
/// (<https://learn.microsoft.com/graph/aad-advanced-queries>, user properties, read 2026-11-24).
fn is_filterable(c: &FilterComparison) -> bool {
    let known = ["id", "displayName", "givenName", "surname", "userPrincipalName", "mail"];
    known.contains(&c.property.as_str())
        && matches!(
            (c.operator.as_str(), c.property.as_str()),
            ("eq", _) | ("startswith", "displayName" | "givenName" | "surname" | "userPrincipalName" | "mail")
        )
}

/// Returns the number of users. `$count` is an advanced query, which Graph permits with `ConsistencyLevel: eventual`
/// only.
pub(super) async fn count_users(
    State(tenant): State<EmulatedTenant>,
    _caller: ApiCaller,
    headers: HeaderMap,
) -> Response {
    if headers.get("consistencylevel").is_none_or(|v| v != "eventual") {
        return ODataError::new(StatusCode::BAD_REQUEST, "Request_BadRequest", "$count is not currently supported.")
            .to_response(&tenant);
    }
    tenant.lock_state().accounts.len().to_string().into_response()
}

pub(super) async fn get_manager(
    State(tenant): State<EmulatedTenant>,
    _caller: ApiCaller,
    Path(id): Path<String>,
    Query(options): Query<ODataOptions>,
) -> Response {
    let now = tenant.clock().now();
    let found = {
        let state = tenant.lock_state();
        let manager =
            state.find_account(&id).and_then(|a| a.seed.manager.as_deref()).and_then(|upn| state.find_account(upn));
        manager.map(|account| {
            select_properties(
                user_properties(&state, account, now),
                options.selected_properties().as_deref(),
                DEFAULT_PROPERTIES,
            )
        })
    };
    let Some(mut body) = found else { return ODataError::not_found("manager").to_response(&tenant) };
    if let Some(map) = body.as_object_mut() {
        map.insert("@odata.type".to_owned(), json!("#microsoft.graph.user"));
    }
    success_response(&tenant, StatusCode::OK, &body)
}

pub(super) async fn list_devices(
    State(tenant): State<EmulatedTenant>,
    _caller: ApiCaller,
    Path(id): Path<String>,
    Query(options): Query<ODataOptions>,
) -> Response {
    let found: Option<Vec<Value>> = {
        let state = tenant.lock_state();
        state.find_account(&id).map(|account| {
            let device = |d: &crate::seed::DeviceSeed| {
                json!({
                    "@odata.type": "#microsoft.graph.device",
                    "id": crate::state::derive_object_id(&state.seed, &format!("{}/{}", account.seed.upn, d.name)),
                    "displayName": d.name, "operatingSystem": d.os, "trustType": d.trust, "accountEnabled": true,
                })
            };
            account.seed.devices.iter().map(device).collect()
        })
    };
    let Some(found) = found else { return ODataError::not_found(&id).to_response(&tenant) };
    let url = format!("{}/users/{id}/registeredDevices", tenant.0.urls.graph_url());
    success_response(&tenant, StatusCode::OK, &options.build_page(found, &url, "directoryObjects"))
}

/// Revokes a person's sessions. It takes minutes in Entra and is immediate here.
pub(super) async fn revoke_sessions(
    State(tenant): State<EmulatedTenant>,
    caller: ApiCaller,
    Path(id): Path<String>,
) -> Response {
    let now = tenant.clock().now();
    let mut state = tenant.lock_state();
    let seed_allows = caller.account_id.is_none_or(|by| super::role_reach::check_may_reset(&state, by, &id).is_ok());
    let Some(account) = state.find_account_mut(&id) else { return ODataError::not_found(&id).to_response(&tenant) };
    if account.seed.guest || (!seed_allows && caller.account_id != Some(account.id)) {
        drop(state);
        return ODataError::denied().to_response(&tenant);
    }
    account.sessions_valid_from = now.saturating_add(SignedDuration::from_secs(1)).unwrap_or(now);
    drop(state);
    let body =
        json!({ "@odata.context": format!("{}/$metadata#Edm.Boolean", tenant.0.urls.graph_url()), "value": true });
    success_response(&tenant, StatusCode::OK, &body)
}

/// Returns all user properties that are emulated.
pub(super) fn user_properties(state: &TenantState, account: &CloudAccount, now: Timestamp) -> Map<String, Value> {
    let (given, surname) = account.seed.name.split_once(' ').unwrap_or((&account.seed.name, ""));
    let mut person = json!({
        "id": account.id,
        "displayName": account.seed.name,
        "givenName": given,
        "surname": surname,
        "userPrincipalName": account.seed.upn,
        "mail": account.seed.mail.as_deref().unwrap_or(&account.seed.upn),
        "otherMails": account.seed.other_mails,
        "businessPhones": account.seed.business_phones,
        "mobilePhone": account.seed.mobile,
        "jobTitle": null,
        "officeLocation": null,
        "preferredLanguage": account.seed.language,
        "accountEnabled": account.seed.enabled,
        "userType": if account.seed.guest { "Guest" } else { "Member" },
        "isManagementRestricted": account.seed.restricted,
        "lastPasswordChangeDateTime": format_timestamp(account.last_password_change.min(now.max(account.last_password_change))),
        "signInSessionsValidFromDateTime": format_timestamp(account.sessions_valid_from),
        "passwordPolicies": if account.seed.synced { json!("DisablePasswordExpiration") } else { Value::Null },
    });
    // After a split outcome the change becomes visible with the next password hash synchronisation.
    if account.last_password_change > now
        && let Some(map) = person.as_object_mut()
    {
        map.insert("lastPasswordChangeDateTime".to_owned(), json!(format_timestamp(account.sessions_valid_from)));
    }
    let mut map = match person {
        Value::Object(map) => map,
        _ => Map::new(),
    };
    map.extend(on_premises_properties(&state.seed, account, now));
    map
}

fn on_premises_properties(seed: &TenantSeed, account: &CloudAccount, now: Timestamp) -> Map<String, Value> {
    let on = account.seed.synced;
    let organization = &seed.organization;
    let of = |text: String| if on { json!(text) } else { Value::Null };
    let synced_at = now.saturating_sub(SignedDuration::from_secs(organization.sync_age_seconds)).unwrap_or(now);
    let domain =
        organization.on_premises_domain.split('.').map(|part| format!("DC={part}")).collect::<Vec<_>>().join(",");
    [
        ("onPremisesSyncEnabled", if on { json!(true) } else { Value::Null }),
        ("onPremisesDomainName", of(organization.on_premises_domain.clone())),
        ("onPremisesSamAccountName", of(account.sam_account_name().to_owned())),
        (
            "onPremisesUserPrincipalName",
            of(format!("{}@{}", account.sam_account_name(), organization.on_premises_domain)),
        ),
        ("onPremisesDistinguishedName", of(format!("CN={},OU=People,{domain}", account.seed.name))),
        ("onPremisesLastSyncDateTime", of(format_timestamp(synced_at))),
        ("onPremisesProvisioningErrors", json!([])),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value))
    .collect()
}

/// Formats a time with whole seconds, as Graph does.
pub(super) fn format_timestamp(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
