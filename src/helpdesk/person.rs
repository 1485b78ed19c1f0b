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
use super::person_view::{PersonPage, view};
use crate::audit::Event;
use crate::base::{ObjectId, PersonKey};
use crate::guard::frozen_since;
use crate::people::{
    DeviceRead, Facts, GraphError, InDirectory, Number, People, Privilege, Reason, Registered, RiskRead,
};
use crate::reset::desk::{self as resets, Listed};
use crate::signin::{Assist, Look, Permission as _, Staff, at_work};
use crate::state::App;
use crate::store::{Limit, Limits, StoreError};
use crate::web::{ClientAddress, Error, Frame, draw};

/// Maximum number of person pages for one agent. Each page makes about 12 requests to Microsoft.
const VIEWS: Limit = Limit { count: 60, per: SignedDuration::from_mins(1) };
/// Limits the audit events for views of one person by one agent: reloading the page is not another view.
const AUDITED: Limit = Limit { count: 1, per: SignedDuration::from_mins(10) };
/// Maximum number of past resets on the page.
const RESETS: usize = 10;

/// Data from one source, or `None` if that source is unavailable now.
pub(super) type Part<T> = Option<T>;

/// Everything that the person page shows.
pub(super) struct Known {
    pub(super) key: PersonKey,
    pub(super) read_at: Timestamp,
    /// The inner `None` means that the tenant no longer has a person with this id.
    pub(super) facts: Part<Option<Facts>>,
    pub(super) directory: InDirectory,
    pub(super) privilege: Privilege,
    pub(super) numbers: Part<Vec<Number>>,
    pub(super) methods: Part<Option<Registered>>,
    pub(super) devices: Part<Vec<DeviceRead>>,
    pub(super) risk: Part<RiskRead>,
    pub(super) frozen_since: Option<Timestamp>,
    pub(super) resets: Vec<Listed>,
}

pub(super) async fn page(
    State(app): State<App>,
    frame: Frame,
    staff: Staff<Look>,
    address: ClientAddress,
    Path(object): Path<String>,
) -> Result<Response, Error> {
    let Ok(object) = object.parse::<ObjectId>() else { return missing(&app, &address).await };
    let limit = format!("person:{}", staff.login.key.object);
    app.limits.take(&limit, VIEWS, app.now()).await?.map_err(|refused| Error::Limited(refused.wait))?;
    let known = Box::pin(read(&app, object)).await?;
    if matches!(known.facts, Some(None)) && known.resets.is_empty() {
        return missing(&app, &address).await;
    }
    viewed(&app, &staff, known.key).await?;
    let f = at_work(frame, &staff.login);
    let cases = cases::of_person(&app, &f, known.key).await?;
    let assists = staff.login.may(Assist::ROLES) && known.key != staff.login.key;
    let mut page: PersonPage = view(f, known, app.now());
    (page.cases, page.assists) = (cases, assists);
    Ok(draw(&page))
}

async fn missing(app: &App, address: &ClientAddress) -> Result<Response, Error> {
    address.count(app, "miss").await?;
    Err(Error::NotFound)
}

/// Records in the audit log which agent viewed which person, at most once in 10 minutes.
async fn viewed(app: &App, staff: &Staff<Look>, person: PersonKey) -> Result<(), StoreError> {
    let mut ledger = app.auditor.begin().await?;
    let key = format!("viewed:{}:{}", staff.login.key.object, person.object);
    if Limits::take_in(ledger.tx(), &key, AUDITED, app.now()).await?.is_ok() {
        ledger.record(Event::new("desk.person_viewed", staff.actor()).about(person));
    }
    ledger.commit().await
}

/// Returns the data of a source. Logs a failure and leaves the section out.
fn part<T>(what: &str, read: Result<T, GraphError>) -> Part<T> {
    read.inspect_err(
        |error| tracing::warn!(section = what, error = ?error, "person detail incomplete: section unavailable"),
    )
    .ok()
}

/// Fetches all sources in parallel.
async fn read(app: &App, object: ObjectId) -> Result<Known, StoreError> {
    let people = People::from_ref(app);
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
    Ok(Known {
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
struct Account {
    facts: Part<Option<Facts>>,
    directory: InDirectory,
    privilege: Privilege,
    numbers: Part<Vec<Number>>,
}

async fn account(people: &People, object: ObjectId) -> Result<Account, StoreError> {
    let unknown = |facts, reasons| Account {
        facts,
        directory: InDirectory::NotAsked,
        privilege: Privilege { reasons },
        numbers: None,
    };
    let facts = match people.facts(object).await {
        Ok(facts) => facts,
        Err(GraphError::Answered(refusal)) if refusal.status.as_u16() == 404 => {
            return Ok(unknown(Some(None), Vec::new()));
        }
        // Without a profile, the person is treated as privileged.
        read => return Ok(unknown(part("account", read).map(Some), vec![Reason::Unreadable])),
    };
    let (directory, privilege, numbers) =
        tokio::join!(people.in_directory(&facts), people.privilege(&facts), people.numbers(&facts));
    Ok(Account { directory, privilege, numbers: Some(numbers?), facts: Some(Some(facts)) })
}

/// Splits an audit actor or subject, `staff:tenant/object` or `tenant/object`, into its kind and object id.
pub(super) fn parts_of(name: &str) -> (&str, Option<String>) {
    let (kind, key) = name.split_once(':').unwrap_or(if name.contains('/') { ("", name) } else { (name, "") });
    (kind, key.split_once('/').map(|(_, object)| object.to_owned()))
}
