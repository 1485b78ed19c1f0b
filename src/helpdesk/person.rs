//! One person, whoever they are in the tenant and whether or not they ever reset: what Microsoft, the domain controller
//! and our own tables say, each with its age. Every read fails on its own, and the page still comes.
//!
//! Nothing is shown that an agent could be asked to read out or to compare: no birthday, no employee number, no names of
//! devices, no manager.

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

/// Each page costs a dozen questions to Microsoft.
const VIEWS: Limit = Limit { count: 60, per: SignedDuration::from_mins(1) };
/// Loading a page again is not looking again.
const AUDITED: Limit = Limit { count: 1, per: SignedDuration::from_mins(10) };
/// So many past resets are listed.
const RESETS: usize = 10;

/// A part of what is known, or that it cannot be read now.
pub(super) type Part<T> = Option<T>;

/// Everything the page is made of.
pub(super) struct Known {
    pub(super) key: PersonKey,
    pub(super) read_at: Timestamp,
    /// The inner one: there is nobody of this id in the tenant any more.
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

/// Who looked at whom is in the audit: once for a while.
async fn viewed(app: &App, staff: &Staff<Look>, person: PersonKey) -> Result<(), StoreError> {
    let mut ledger = app.auditor.begin().await?;
    let key = format!("viewed:{}:{}", staff.login.key.object, person.object);
    if Limits::take_in(ledger.tx(), &key, AUDITED, app.now()).await?.is_ok() {
        ledger.record(Event::new("desk.person_viewed", staff.actor()).about(person));
    }
    ledger.commit().await
}

/// What fails is left out and told in the log.
fn part<T>(what: &str, read: Result<T, GraphError>) -> Part<T> {
    read.inspect_err(|error| tracing::warn!(what, cause = ?error, "a part of a person's page cannot be read")).ok()
}

/// Asks everybody side by side.
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

/// What hangs on the account itself.
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
        // Unreadable: everybody is privileged.
        read => return Ok(unknown(part("account", read).map(Some), vec![Reason::Unreadable])),
    };
    let (directory, privilege, numbers) =
        tokio::join!(people.in_directory(&facts), people.privilege(&facts), people.numbers(&facts));
    Ok(Account { directory, privilege, numbers: Some(numbers?), facts: Some(Some(facts)) })
}

/// `staff:tenant/object`, or `tenant/object`, as a kind and an object id.
pub(super) fn parts_of(name: &str) -> (&str, Option<String>) {
    let (kind, key) = name.split_once(':').unwrap_or(if name.contains('/') { ("", name) } else { (name, "") });
    (kind, key.split_once('/').map(|(_, object)| object.to_owned()))
}
