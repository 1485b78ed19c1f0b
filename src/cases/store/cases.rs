//! Cases, the references of help requests, and notes.

use jiff::Timestamp;

use crate::base::{CaseId, ObjectId, PersonKey, ReferenceCode, ResetId, TenantId};
use crate::cases::case_state::CaseState;
use crate::cases::participants::{CasePerson, StaffActor};
use crate::cases::policy::CaseAction;
use crate::store::{Db, StoreError, StoredTime, Tx, exec_tx, on_tx, select_all, select_optional, select_optional_tx};

/// Origin of a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CaseOrigin {
    Helpdesk,
    /// A request at `/help` without a sign-in, so the requester is unknown.
    Internet,
}

impl CaseOrigin {
    pub(crate) const ALL: [Self; 2] = [Self::Helpdesk, Self::Internet];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Helpdesk => "desk",
            Self::Internet => "internet",
        }
    }

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|origin| origin.as_str() == name)
    }
}

/// A helpdesk case.
#[derive(Clone, Debug)]
pub(crate) struct HelpdeskCase {
    pub(crate) id: CaseId,
    pub(crate) reference: ReferenceCode,
    /// `None` until an agent has identified the person.
    pub(crate) person: Option<PersonKey>,
    pub(crate) name: String,
    pub(crate) upn: String,
    pub(crate) origin: CaseOrigin,
    /// Number of requests at `/help` for this case.
    pub(crate) request_count: i64,
    pub(crate) reset: Option<ResetId>,
    pub(crate) action: CaseAction,
    pub(crate) state: CaseState,
    pub(crate) ticket: String,
    pub(crate) owner: Option<ObjectId>,
    pub(crate) owner_name: String,
    pub(crate) failures: i64,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
}

macro_rules! case_sql {
    ($before:literal, $after:literal) => {
        concat!(
            $before,
            "id, reference, tenant, object, name, upn, origin, asks, reset_id, action, state, ticket, owner, owner_name, \
             failures, created_at, updated_at",
            $after
        )
    };
}

#[derive(sqlx::FromRow)]
struct CaseRow {
    id: CaseId,
    reference: String,
    tenant: Option<TenantId>,
    object: Option<ObjectId>,
    name: String,
    upn: String,
    origin: CaseOrigin,
    asks: i64,
    reset_id: Option<ResetId>,
    action: CaseAction,
    state: CaseState,
    ticket: String,
    owner: Option<ObjectId>,
    owner_name: String,
    failures: i64,
    created_at: StoredTime,
    updated_at: StoredTime,
}

/// Parses a stored reference. Text that is no reference means that the row is corrupt.
pub(super) fn parse_reference(text: &str) -> Result<ReferenceCode, StoreError> {
    text.parse().map_err(|_| StoreError::InvalidRow { table: "cases", problem: "reference".to_owned() })
}

impl TryFrom<CaseRow> for HelpdeskCase {
    type Error = StoreError;

    fn try_from(row: CaseRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id,
            reference: parse_reference(&row.reference)?,
            person: row.tenant.zip(row.object).map(|(tenant, object)| PersonKey { tenant, object }),
            name: row.name,
            upn: row.upn,
            origin: row.origin,
            request_count: row.asks,
            reset: row.reset_id,
            action: row.action,
            state: row.state,
            ticket: row.ticket,
            owner: row.owner,
            owner_name: row.owner_name,
            failures: row.failures,
            created_at: row.created_at.0,
            updated_at: row.updated_at.0,
        })
    }
}

/// Parameters of a new case.
pub(crate) struct NewCase<'a> {
    pub(crate) id: CaseId,
    pub(crate) reference: &'a ReferenceCode,
    pub(crate) subject: CaseSubject<'a>,
    pub(crate) reset: Option<ResetId>,
    pub(crate) action: CaseAction,
    pub(crate) now: Timestamp,
}

/// What is known about the person of a new case, which depends on its origin.
pub(crate) enum CaseSubject<'a> {
    /// An agent opened the case and becomes its owner.
    Identified { person: CasePerson<'a>, owner: &'a StaffActor },
    /// Someone requested help: the text that they entered, and its keyed digest.
    Unidentified { typed: &'a str, key: &'a str },
}

/// Inserts an open case.
pub(crate) async fn insert_case(tx: &mut Tx, new: &NewCase<'_>) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO cases (id, reference, tenant, object, name, upn, origin, asked_key, asks, reset_id,
        action, state, ticket, owner, owner_name, failures, created_at, updated_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 'open', '', $12, $13, 0, $14, $14)";
    let (origin, person, owner, request_key, requests) = match new.subject {
        CaseSubject::Identified { person, owner } => (CaseOrigin::Helpdesk, Some(person), Some(owner), None, 0_i64),
        CaseSubject::Unidentified { key, .. } => (CaseOrigin::Internet, None, None, Some(key), 1),
    };
    let (name, upn) = match new.subject {
        CaseSubject::Identified { person, .. } => (person.name, person.upn),
        CaseSubject::Unidentified { typed, .. } => (typed, ""),
    };
    exec_tx!(
        tx,
        SQL,
        new.id,
        new.reference.as_str(),
        person.map(|person| person.key.tenant),
        person.map(|person| person.key.object),
        name,
        upn,
        origin,
        request_key,
        requests,
        new.reset,
        new.action,
        owner.map(|owner| owner.key.object),
        owner.map_or("", |owner| owner.name.as_str()),
        StoredTime(new.now)
    )?;
    Ok(())
}

/// Counts another request for the same name. Returns `None` if there is no open case for it.
pub(crate) async fn count_repeated_request(
    tx: &mut Tx,
    key: &str,
    now: Timestamp,
) -> Result<Option<CaseId>, StoreError> {
    const SQL: &str =
        "UPDATE cases SET asks = asks + 1, updated_at = $2 WHERE asked_key = $1 AND state = 'open' RETURNING id";
    let row: Option<(CaseId,)> = select_optional_tx!(tx, SQL, key, StoredTime(now))?;
    Ok(row.map(|(id,)| id))
}

/// Inserts the reference that a requester received.
pub(crate) async fn insert_request_reference(
    tx: &mut Tx,
    case: CaseId,
    reference: &ReferenceCode,
    now: Timestamp,
) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO case_requests (reference, case_id, at) VALUES ($1, $2, $3)";
    exec_tx!(tx, SQL, reference.as_str(), case, StoredTime(now))?;
    Ok(())
}

/// Loads a case by its own reference, or by a reference that a requester received.
pub(crate) async fn load_case_by_reference(
    db: &Db,
    reference: &ReferenceCode,
) -> Result<Option<HelpdeskCase>, StoreError> {
    const SQL: &str = case_sql!(
        "SELECT ",
        " FROM cases WHERE id = COALESCE((SELECT id FROM cases WHERE reference = $1),
        (SELECT case_id FROM case_requests WHERE reference = $1))"
    );
    let row: Option<CaseRow> = select_optional!(db, SQL, reference.as_str())?;
    row.map(HelpdeskCase::try_from).transpose()
}

/// Position of a case in the list, as the cursor of the next page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ListPosition {
    pub(crate) origin: CaseOrigin,
    pub(crate) at: Timestamp,
    pub(crate) id: CaseId,
}

/// Loads one page of the cases in a state: helpdesk cases first, then requests from `/help`, newest first in each.
///
/// `after` is the last case on the previous page.
pub(crate) async fn load_case_page(
    db: &Db,
    state: CaseState,
    after: Option<ListPosition>,
) -> Result<Vec<HelpdeskCase>, StoreError> {
    const SQL: &str = case_sql!(
        "SELECT ",
        " FROM cases WHERE state = $1 AND (origin > $2 OR (origin = $2 AND (created_at, id) < ($3, $4)))
        ORDER BY origin, created_at DESC, id DESC LIMIT 51"
    );
    let (origin, before, id) = after.map_or((CaseOrigin::Helpdesk, i64::MAX, String::new()), |last| {
        (last.origin, last.at.as_millisecond(), last.id.to_string())
    });
    let rows: Vec<CaseRow> = select_all!(db, SQL, state, origin, before, &id)?;
    rows.into_iter().map(HelpdeskCase::try_from).collect()
}

/// Loads the newest cases of a person.
pub(crate) async fn load_cases_of_person(db: &Db, person: PersonKey) -> Result<Vec<HelpdeskCase>, StoreError> {
    const SQL: &str = case_sql!(
        "SELECT ",
        " FROM cases WHERE tenant = $1 AND object = $2 ORDER BY created_at DESC, id DESC LIMIT 20"
    );
    let rows: Vec<CaseRow> = select_all!(db, SQL, person.tenant, person.object)?;
    rows.into_iter().map(HelpdeskCase::try_from).collect()
}

/// Loads the newest cases about a reset.
pub(crate) async fn load_cases_of_reset(db: &Db, reset: ResetId) -> Result<Vec<HelpdeskCase>, StoreError> {
    const SQL: &str =
        case_sql!("SELECT ", " FROM cases WHERE reset_id = $1 ORDER BY created_at DESC, id DESC LIMIT 20");
    let rows: Vec<CaseRow> = select_all!(db, SQL, reset)?;
    rows.into_iter().map(HelpdeskCase::try_from).collect()
}

/// Locks a case for the rest of the transaction and returns its current state. Returns `None` unless it is open.
pub(crate) async fn lock_if_open(tx: &mut Tx, id: CaseId, now: Timestamp) -> Result<Option<HelpdeskCase>, StoreError> {
    const SQL: &str = case_sql!("UPDATE cases SET updated_at = $2 WHERE id = $1 AND state = 'open' RETURNING ", "");
    let row: Option<CaseRow> = select_optional_tx!(tx, SQL, id, StoredTime(now))?;
    row.map(HelpdeskCase::try_from).transpose()
}

/// Updates the change time of a case in any state, so that open pages refresh.
pub(crate) async fn mark_changed(tx: &mut Tx, id: CaseId, now: Timestamp) -> Result<HelpdeskCase, StoreError> {
    const SQL: &str = case_sql!("UPDATE cases SET updated_at = $2 WHERE id = $1 RETURNING ", "");
    let row: Option<CaseRow> = select_optional_tx!(tx, SQL, id, StoredTime(now))?;
    row.ok_or(StoreError::RowNotFound)?.try_into()
}

/// A change to a locked case.
pub(crate) enum CaseChange<'a> {
    Owner(&'a StaffActor),
    Ticket(&'a str),
    Action(CaseAction),
    /// Identifies the person. Their name replaces the text that was entered at `/help`.
    Person(CasePerson<'a>),
    FailedReply,
    /// A state that [`CaseState::after_event`] returned.
    State(CaseState),
}

/// Applies a change to a locked case.
pub(crate) async fn apply_change(tx: &mut Tx, id: CaseId, change: &CaseChange<'_>) -> Result<(), StoreError> {
    let text = |text: &str| text.to_owned();
    let (sql, values) = match change {
        CaseChange::Owner(owner) => (
            "UPDATE cases SET owner = $2, owner_name = $3 WHERE id = $1",
            vec![owner.key.object.to_string(), text(&owner.name)],
        ),
        CaseChange::Ticket(ticket) => ("UPDATE cases SET ticket = $2 WHERE id = $1", vec![text(ticket)]),
        CaseChange::Action(action) => ("UPDATE cases SET action = $2 WHERE id = $1", vec![text(action.as_str())]),
        CaseChange::Person(CasePerson { key, name, upn }) => (
            "UPDATE cases SET tenant = $2, object = $3, name = $4, upn = $5 WHERE id = $1 AND object IS NULL",
            vec![key.tenant.to_string(), key.object.to_string(), text(name), text(upn)],
        ),
        CaseChange::FailedReply => ("UPDATE cases SET failures = failures + 1 WHERE id = $1", vec![]),
        CaseChange::State(state) => ("UPDATE cases SET state = $2 WHERE id = $1", vec![text(state.as_str())]),
    };
    on_tx!(tx, |c| {
        let all = values.iter().fold(sqlx::query(sql).bind(id), sqlx::query::Query::bind);
        all.execute(c).await.map(|_| ())
    })?;
    Ok(())
}

/// A note of an agent in a case.
#[derive(Clone, Debug)]
pub(crate) struct CaseNote {
    pub(crate) at: Timestamp,
    pub(crate) by: String,
    pub(crate) text: String,
}

pub(crate) async fn insert_note(
    tx: &mut Tx,
    id: CaseId,
    author: &StaffActor,
    text: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO case_notes (case_id, seq, at, by, by_name, text)
        SELECT $1, COALESCE(MAX(seq), 0) + 1, $2, $3, $4, $5 FROM case_notes WHERE case_id = $1";
    exec_tx!(tx, SQL, id, StoredTime(now), author.key.object, &author.name, text)?;
    Ok(())
}

pub(crate) async fn load_notes(db: &Db, id: CaseId) -> Result<Vec<CaseNote>, StoreError> {
    const SQL: &str = "SELECT at, by_name, text FROM case_notes WHERE case_id = $1 ORDER BY seq";
    let rows: Vec<(StoredTime, String, String)> = select_all!(db, SQL, id)?;
    Ok(rows.into_iter().map(|(at, by, text)| CaseNote { at: at.0, by, text }).collect())
}
