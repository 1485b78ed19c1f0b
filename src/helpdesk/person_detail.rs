//! The person page: data from Microsoft, the domain controller and the portal's own tables, each with its age.
//!
//! It works for every person of the tenant, also for people who never used the portal.
//!
//! - Each source fails separately, and the page still renders.
//! - The page shows nothing that a caller could ask an agent to read out or compare: no birthday, no employee number,
//!   no device names, no manager.

use axum::extract::{FromRef as _, Path, State};
use axum::response::Response;
use jiff::SignedDuration;

use super::cases;
use super::person_view::{FetchedSection, PersonDetail, PersonDetailPage, build_page};
use crate::audit::AuditEvent;
use crate::base::{ObjectId, PersonKey};
use crate::eligibility::on_hold_since;
use crate::people::{
    DirectoryLookup, GraphError, PeopleService, PersonProfile, PhoneNumber, PrivilegeAssessment, PrivilegeReason,
};
use crate::reset::queries as resets;
use crate::signin::{StaffMember, StaffPermission as _, ViewHelpdesk, WorkCases, with_staff_navigation};
use crate::state::AppState;
use crate::store::{RateLimit, RateLimiter, StoreError};
use crate::web::{ClientAddress, PageContext, WebError, render_page};

/// Maximum number of person pages for one agent. Each page makes about 12 requests to Microsoft.
const PERSON_VIEW_LIMIT: RateLimit = RateLimit { count: 60, window: SignedDuration::from_mins(1) };
/// Limits the audit events for views of one person by one agent: reloading the page is not another view.
const VIEW_AUDIT_LIMIT: RateLimit = RateLimit { count: 1, window: SignedDuration::from_mins(10) };
/// Maximum number of past resets on the page.
const MAX_LISTED_RESETS: usize = 10;

pub(super) async fn show_person(
    State(app): State<AppState>,
    ctx: PageContext,
    staff: StaffMember<ViewHelpdesk>,
    address: ClientAddress,
    Path(object): Path<String>,
) -> Result<Response, WebError> {
    let Ok(object) = object.parse::<ObjectId>() else { return count_unknown_person(&app, &address).await };
    let limit = format!("person:{}", staff.login.key.object);
    app.rate_limiter
        .try_acquire(&limit, PERSON_VIEW_LIMIT, app.now())
        .await?
        .map_err(|refused| WebError::RateLimited(refused.retry_after))?;
    let known = Box::pin(fetch_detail(&app, object)).await?;
    if matches!(known.profile, Some(None)) && known.resets.is_empty() {
        return count_unknown_person(&app, &address).await;
    }
    record_view(&app, &staff, known.key).await?;
    let ctx = with_staff_navigation(ctx, &staff.login);
    let cases = cases::load_person_items(&app, &ctx, known.key).await?;
    let assists = staff.login.has_any_role(WorkCases::ROLES) && known.key != staff.login.key;
    let mut page: PersonDetailPage = build_page(ctx, known, app.now());
    (page.cases, page.can_work_cases) = (cases, assists);
    Ok(render_page(&page))
}

async fn count_unknown_person(app: &AppState, address: &ClientAddress) -> Result<Response, WebError> {
    address.check_rate_limit(app, "miss").await?;
    Err(WebError::NotFound)
}

/// Records in the audit log which agent viewed which person, at most once in 10 minutes.
async fn record_view(app: &AppState, staff: &StaffMember<ViewHelpdesk>, person: PersonKey) -> Result<(), StoreError> {
    let mut transaction = app.audit_log.begin().await?;
    let key = format!("viewed:{}:{}", staff.login.key.object, person.object);
    if RateLimiter::try_acquire_in(transaction.tx(), &key, VIEW_AUDIT_LIMIT, app.now()).await?.is_ok() {
        transaction.record_event(AuditEvent::new("desk.person_viewed", staff.audit_actor()).with_subject(person));
    }
    transaction.commit().await
}

/// Returns the data of a source. Logs a failure and leaves the section out.
fn log_and_skip<T>(what: &str, read: Result<T, GraphError>) -> FetchedSection<T> {
    read.inspect_err(
        |error| tracing::warn!(section = what, error = ?error, "person detail incomplete: section unavailable"),
    )
    .ok()
}

/// Fetches all sources in parallel.
async fn fetch_detail(app: &AppState, object: ObjectId) -> Result<PersonDetail, StoreError> {
    let people = PeopleService::from_ref(app);
    let key = PersonKey { tenant: app.config.tenant_id(), object };
    let (account, methods, devices, risk, frozen, resets) = tokio::join!(
        fetch_account(&people, object),
        people.fetch_registration(object),
        people.fetch_devices(object),
        people.fetch_risk(object),
        on_hold_since(&app.db, key),
        resets::load_by_person(&app.db, key),
    );
    let account = account?;
    let mut resets = resets?;
    resets.truncate(MAX_LISTED_RESETS);
    Ok(PersonDetail {
        key,
        fetched_at: app.now(),
        profile: account.profile,
        directory: account.directory,
        privilege: account.privilege,
        numbers: account.numbers,
        methods: log_and_skip("methods", methods),
        devices: log_and_skip("devices", devices),
        risk: log_and_skip("risk", risk),
        on_hold_since: frozen?,
        resets,
    })
}

/// Data that depends on the account itself.
struct AccountDetail {
    profile: FetchedSection<Option<PersonProfile>>,
    directory: DirectoryLookup,
    privilege: PrivilegeAssessment,
    numbers: FetchedSection<Vec<PhoneNumber>>,
}

async fn fetch_account(people: &PeopleService, object: ObjectId) -> Result<AccountDetail, StoreError> {
    let unknown = |facts, reasons| AccountDetail {
        profile: facts,
        directory: DirectoryLookup::NotQueried,
        privilege: PrivilegeAssessment { reasons },
        numbers: None,
    };
    let facts = match people.fetch_profile(object).await {
        Ok(facts) => facts,
        Err(GraphError::ErrorResponse(refusal)) if refusal.status.as_u16() == 404 => {
            return Ok(unknown(Some(None), Vec::new()));
        }
        // Without a profile, the person is treated as privileged.
        read => return Ok(unknown(log_and_skip("account", read).map(Some), vec![PrivilegeReason::Unreadable])),
    };
    let (directory, privilege, numbers) = tokio::join!(
        people.query_directory(&facts),
        people.assess_privilege(&facts),
        people.load_phone_numbers(&facts)
    );
    Ok(AccountDetail { directory, privilege, numbers: Some(numbers?), profile: Some(Some(facts)) })
}

/// Splits an audit actor or subject, `staff:tenant/object` or `tenant/object`, into its kind and object id.
pub(super) fn split_actor(name: &str) -> (&str, Option<String>) {
    let (kind, key) = name.split_once(':').unwrap_or(if name.contains('/') { ("", name) } else { (name, "") });
    (kind, key.split_once('/').map(|(_, object)| object.to_owned()))
}
