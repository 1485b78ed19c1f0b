//! The person page: data from Microsoft, the domain controller and the portal's own tables, each with its age.
//!
//! It works for every person of the tenant, also for people who never used the portal.
//!
//! - Each source fails separately, and the page still renders.
//! - The page shows nothing that a caller could ask an agent to read out or compare: no birthday, no employee number,
//!   no device names, no manager.

use axum::extract::{FromRef as _, Path, State};
use axum::response::Response;
use jiff::{SignedDuration, Timestamp};

use super::cases;
use super::person_view::{PersonDetailPage, view};
use crate::audit::AuditEvent;
use crate::base::{ObjectId, PersonKey};
use crate::guard::frozen_since;
use crate::people::{
    DirectoryLookup, GraphDevice, GraphError, PeopleService, PersonProfile, PhoneNumber, PrivilegeAssessment,
    PrivilegeReason, RegistrationDetails, RiskLookup,
};
use crate::reset::desk::{self as resets, ResetSummary};
use crate::signin::{StaffMember, StaffPermission as _, ViewHelpdesk, WorkCases, at_work};
use crate::state::AppState;
use crate::store::{RateLimit, RateLimiter, StoreError};
use crate::web::{ClientAddress, PageContext, WebError, draw};

/// Maximum number of person pages for one agent. Each page makes about 12 requests to Microsoft.
const VIEWS: RateLimit = RateLimit { count: 60, per: SignedDuration::from_mins(1) };
/// Limits the audit events for views of one person by one agent: reloading the page is not another view.
const AUDITED: RateLimit = RateLimit { count: 1, per: SignedDuration::from_mins(10) };
/// Maximum number of past resets on the page.
const RESETS: usize = 10;

/// Data from one source, or `None` if that source is unavailable now.
pub(super) type Fetched<T> = Option<T>;

/// Everything that the person page shows.
pub(super) struct PersonDetail {
    pub(super) key: PersonKey,
    pub(super) read_at: Timestamp,
    /// The inner `None` means that the tenant no longer has a person with this id.
    pub(super) facts: Fetched<Option<PersonProfile>>,
    pub(super) directory: DirectoryLookup,
    pub(super) privilege: PrivilegeAssessment,
    pub(super) numbers: Fetched<Vec<PhoneNumber>>,
    pub(super) methods: Fetched<Option<RegistrationDetails>>,
    pub(super) devices: Fetched<Vec<GraphDevice>>,
    pub(super) risk: Fetched<RiskLookup>,
    pub(super) frozen_since: Option<Timestamp>,
    pub(super) resets: Vec<ResetSummary>,
}

pub(super) async fn page(
    State(app): State<AppState>,
    frame: PageContext,
    staff: StaffMember<ViewHelpdesk>,
    address: ClientAddress,
    Path(object): Path<String>,
) -> Result<Response, WebError> {
    let Ok(object) = object.parse::<ObjectId>() else { return missing(&app, &address).await };
    let limit = format!("person:{}", staff.login.key.object);
    app.limits.take(&limit, VIEWS, app.now()).await?.map_err(|refused| WebError::Limited(refused.wait))?;
    let known = Box::pin(read(&app, object)).await?;
    if matches!(known.facts, Some(None)) && known.resets.is_empty() {
        return missing(&app, &address).await;
    }
    viewed(&app, &staff, known.key).await?;
    let f = at_work(frame, &staff.login);
    let cases = cases::of_person(&app, &f, known.key).await?;
    let assists = staff.login.may(WorkCases::ROLES) && known.key != staff.login.key;
    let mut page: PersonDetailPage = view(f, known, app.now());
    (page.cases, page.assists) = (cases, assists);
    Ok(draw(&page))
}

async fn missing(app: &AppState, address: &ClientAddress) -> Result<Response, WebError> {
    address.count(app, "miss").await?;
    Err(WebError::NotFound)
}

/// Records in the audit log which agent viewed which person, at most once in 10 minutes.
async fn viewed(app: &AppState, staff: &StaffMember<ViewHelpdesk>, person: PersonKey) -> Result<(), StoreError> {
    let mut ledger = app.auditor.begin().await?;
    let key = format!("viewed:{}:{}", staff.login.key.object, person.object);
    if RateLimiter::take_in(ledger.tx(), &key, AUDITED, app.now()).await?.is_ok() {
        ledger.record(AuditEvent::new("desk.person_viewed", staff.actor()).about(person));
    }
    ledger.commit().await
}

/// Returns the data of a source. Logs a failure and leaves the section out.
fn part<T>(what: &str, read: Result<T, GraphError>) -> Fetched<T> {
    read.inspect_err(
        |error| tracing::warn!(section = what, error = ?error, "person detail incomplete: section unavailable"),
    )
    .ok()
}

/// Fetches all sources in parallel.
async fn read(app: &AppState, object: ObjectId) -> Result<PersonDetail, StoreError> {
    let people = PeopleService::from_ref(app);
    let key = PersonKey { tenant: app.config.tenant(), object };
    let (account, methods, devices, risk, frozen, resets) = tokio::join!(
        account(&people, object),
        people.methods(object),
        people.devices(object),
        people.risk(object),
        frozen_since(&app.db, key),
        resets::of_person(&app.db, key),
    );
    let account = account?;
    let mut resets = resets?;
    resets.truncate(RESETS);
    Ok(PersonDetail {
        key,
        read_at: app.now(),
        facts: account.facts,
        directory: account.directory,
        privilege: account.privilege,
        numbers: account.numbers,
        methods: part("methods", methods),
        devices: part("devices", devices),
        risk: part("risk", risk),
        frozen_since: frozen?,
        resets,
    })
}

/// Data that depends on the account itself.
struct AccountDetail {
    facts: Fetched<Option<PersonProfile>>,
    directory: DirectoryLookup,
    privilege: PrivilegeAssessment,
    numbers: Fetched<Vec<PhoneNumber>>,
}

async fn account(people: &PeopleService, object: ObjectId) -> Result<AccountDetail, StoreError> {
    let unknown = |facts, reasons| AccountDetail {
        facts,
        directory: DirectoryLookup::NotAsked,
        privilege: PrivilegeAssessment { reasons },
        numbers: None,
    };
    let facts = match people.facts(object).await {
        Ok(facts) => facts,
        Err(GraphError::Answered(refusal)) if refusal.status.as_u16() == 404 => {
            return Ok(unknown(Some(None), Vec::new()));
        }
        // Without a profile, the person is treated as privileged.
        read => return Ok(unknown(part("account", read).map(Some), vec![PrivilegeReason::Unreadable])),
    };
    let (directory, privilege, numbers) =
        tokio::join!(people.in_directory(&facts), people.privilege(&facts), people.numbers(&facts));
    Ok(AccountDetail { directory, privilege, numbers: Some(numbers?), facts: Some(Some(facts)) })
}

/// Splits an audit actor or subject, `staff:tenant/object` or `tenant/object`, into its kind and object id.
pub(super) fn parts_of(name: &str) -> (&str, Option<String>) {
    let (kind, key) = name.split_once(':').unwrap_or(if name.contains('/') { ("", name) } else { (name, "") });
    (kind, key.split_once('/').map(|(_, object)| object.to_owned()))
}
