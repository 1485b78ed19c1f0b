//! SQL of cases.
//!
//! - Every change locks the case row first, and only while the case is open. Requests of two agents, two replicas or a
//!   repeated form submission therefore run one after the other.

mod acts;
mod chain;
mod checks;
mod forget;
#[cfg(test)]
mod tests;
mod watches;

pub(super) use acts::{
    ActionExecution, NewExecution, PassViewer, insert_execution, load_executions, load_executions_of_person,
    load_waiting_passes, set_execution_status,
};
pub(super) use chain::{
    CaseDecision, RecordedDecision, has_attested, has_reciprocal_approval, insert_approval, insert_decision,
    insert_verification, load_decisions, load_unused_verifications,
};
pub(super) use checks::{
    NewVerificationRequest, VerificationReply, VerificationRequest, count_failures_since, count_open_requests_to,
    has_open_request, insert_request, load_request_to, load_requests, load_requests_to, mark_answered,
};
pub(super) use watches::{PassWatch, insert_watch, load_watches, mark_method_registered, mark_used};

pub(crate) use forget::erase_old_cases;

use jiff::Timestamp;

use super::rules::CaseAction;
use crate::base::{CaseId, ObjectId, PersonKey, ReferenceCode, ResetId};
use crate::store::{Db, StoreError, Tx, exec_tx, on_tx, select_all, select_optional, select_optional_tx};

/// Origin of a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CaseOrigin {
    Helpdesk,
    /// A request at `/help` without a sign-in, so the requester is unknown.
    Internet,
}

impl CaseOrigin {
    fn as_str(self) -> &'static str {
        match self {
            Self::Helpdesk => "desk",
            Self::Internet => "internet",
        }
    }
}

/// State of a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CaseState {
    Open,
    /// The person denied a request, or too many replies failed. No further action is possible.
    Locked,
    Closed,
}

impl CaseState {
    pub(crate) const ALL: [Self; 3] = [Self::Open, Self::Locked, Self::Closed];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Locked => "locked",
            Self::Closed => "closed",
        }
    }

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == name)
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
    id: String,
    reference: String,
    tenant: Option<String>,
    object: Option<String>,
    name: String,
    upn: String,
    origin: String,
    asks: i64,
    reset_id: Option<String>,
    action: String,
    state: String,
    ticket: String,
    owner: Option<String>,
    owner_name: String,
    failures: i64,
    created_at: i64,
    updated_at: i64,
}

pub(super) fn timestamp_from_millis(millis: i64) -> Timestamp {
    Timestamp::from_millisecond(millis).unwrap_or_default()
}

/// Parses a stored value. A value that does not parse is a corrupt row.
pub(super) fn parse_column<T: std::str::FromStr>(text: &str, what: &str) -> Result<T, StoreError> {
    text.parse().map_err(|_| StoreError::InvalidRow { table: "cases", problem: what.to_owned() })
}

impl TryFrom<CaseRow> for HelpdeskCase {
    type Error = StoreError;

    fn try_from(row: CaseRow) -> Result<Self, StoreError> {
        let bad = |what: &str| StoreError::InvalidRow { table: "cases", problem: format!("{what} of {}", row.id) };
        let person = match (&row.tenant, &row.object) {
            (Some(tenant), Some(object)) => {
                Some(PersonKey { tenant: parse_column(tenant, "tenant")?, object: parse_column(object, "object")? })
            }
            _ => None,
        };
        Ok(Self {
            id: parse_column(&row.id, "id")?,
            reference: parse_column(&row.reference, "reference")?,
            person,
            origin: if row.origin == "desk" { CaseOrigin::Helpdesk } else { CaseOrigin::Internet },
            request_count: row.asks,
            reset: row.reset_id.as_deref().map(|id| parse_column(id, "reset")).transpose()?,
            action: CaseAction::from_name(&row.action).ok_or_else(|| bad("action"))?,
            state: CaseState::from_name(&row.state).ok_or_else(|| bad("state"))?,
            owner: row.owner.as_deref().map(|id| parse_column(id, "owner")).transpose()?,
            failures: row.failures,
            created_at: timestamp_from_millis(row.created_at),
            updated_at: timestamp_from_millis(row.updated_at),
            name: row.name,
            upn: row.upn,
            ticket: row.ticket,
            owner_name: row.owner_name,
        })
    }
}

/// Parameters of a new case.
pub(super) struct NewCase<'a> {
    pub(super) id: CaseId,
    pub(super) reference: &'a ReferenceCode,
    /// The person of the case: key, name and UPN.
    pub(super) person: Option<(PersonKey, &'a str, &'a str)>,
    pub(super) reset: Option<ResetId>,
    pub(super) action: CaseAction,
    pub(super) owner: Option<(ObjectId, &'a str)>,
    /// The text entered at `/help` and its keyed digest.
    pub(super) help_request: Option<(&'a str, &'a str)>,
    pub(super) now: Timestamp,
}

/// Inserts an open case.
pub(super) async fn insert_case(tx: &mut Tx, new: &NewCase<'_>) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO cases (id, reference, tenant, object, name, upn, origin, asked_key, asks, reset_id,
        action, state, ticket, owner, owner_name, failures, created_at, updated_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 'open', '', $12, $13, 0, $14, $14)";
    let origin = if new.help_request.is_some() { CaseOrigin::Internet } else { CaseOrigin::Helpdesk };
    let (name, upn) =
        new.person.map_or((new.help_request.map_or("", |(typed, _)| typed), ""), |(_, name, upn)| (name, upn));
    exec_tx!(
        tx,
        SQL,
        new.id.to_string(),
        new.reference.as_str(),
        new.person.map(|(key, ..)| key.tenant.to_string()),
        new.person.map(|(key, ..)| key.object.to_string()),
        name,
        upn,
        origin.as_str(),
        new.help_request.map(|(_, key)| key),
        i64::from(new.help_request.is_some()),
        new.reset.map(|id| id.to_string()),
        new.action.as_str(),
        new.owner.map(|(key, _)| key.to_string()),
        new.owner.map_or("", |(_, name)| name),
        new.now.as_millisecond()
    )?;
    Ok(())
}

/// Counts another request for the same name. Returns `None` if there is no open case for it.
pub(super) async fn count_repeated_request(
    tx: &mut Tx,
    key: &str,
    now: Timestamp,
) -> Result<Option<CaseId>, StoreError> {
    const SQL: &str =
        "UPDATE cases SET asks = asks + 1, updated_at = $2 WHERE asked_key = $1 AND state = 'open' RETURNING id";
    let row: Option<(String,)> = select_optional_tx!(tx, SQL, key, now.as_millisecond())?;
    row.map(|(id,)| parse_column(&id, "id")).transpose()
}

/// Inserts the reference that a requester received.
pub(super) async fn insert_request_reference(
    tx: &mut Tx,
    case: CaseId,
    reference: &ReferenceCode,
    now: Timestamp,
) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO case_requests (reference, case_id, at) VALUES ($1, $2, $3)";
    let (id, now) = (case.to_string(), now.as_millisecond());
    exec_tx!(tx, SQL, reference.as_str(), &id, now)?;
    Ok(())
}

/// Loads a case by its own reference, or by a reference that a requester received.
pub(super) async fn load_case_by_reference(
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

/// Loads one page of the cases in a state: helpdesk cases first, then requests from `/help`, newest first in each.
///
/// `after` is the cursor: origin, time and id of the last case on the previous page.
pub(super) async fn load_case_page(
    db: &Db,
    state: CaseState,
    after: Option<(CaseOrigin, Timestamp, CaseId)>,
) -> Result<Vec<HelpdeskCase>, StoreError> {
    const SQL: &str = case_sql!(
        "SELECT ",
        " FROM cases WHERE state = $1 AND (origin > $2 OR (origin = $2 AND (created_at, id) < ($3, $4)))
        ORDER BY origin, created_at DESC, id DESC LIMIT 51"
    );
    let (origin, before, id) = after.map_or(("desk", i64::MAX, String::new()), |(origin, when, id)| {
        (origin.as_str(), when.as_millisecond(), id.to_string())
    });
    let state = state.as_str();
    let rows: Vec<CaseRow> = select_all!(db, SQL, state, origin, before, &id)?;
    rows.into_iter().map(HelpdeskCase::try_from).collect()
}

/// Loads the newest cases of a person.
pub(super) async fn load_cases_of_person(db: &Db, person: PersonKey) -> Result<Vec<HelpdeskCase>, StoreError> {
    const SQL: &str = case_sql!(
        "SELECT ",
        " FROM cases WHERE tenant = $1 AND object = $2 ORDER BY created_at DESC, id DESC LIMIT 20"
    );
    let (tenant, object) = (person.tenant.to_string(), person.object.to_string());
    let rows: Vec<CaseRow> = select_all!(db, SQL, &tenant, &object)?;
    rows.into_iter().map(HelpdeskCase::try_from).collect()
}

/// Loads the newest cases about a reset.
pub(super) async fn load_cases_of_reset(db: &Db, reset: ResetId) -> Result<Vec<HelpdeskCase>, StoreError> {
    const SQL: &str =
        case_sql!("SELECT ", " FROM cases WHERE reset_id = $1 ORDER BY created_at DESC, id DESC LIMIT 20");
    let id = reset.to_string();
    let rows: Vec<CaseRow> = select_all!(db, SQL, &id)?;
    rows.into_iter().map(HelpdeskCase::try_from).collect()
}

/// Locks a case for the rest of the transaction and returns its current state. Returns `None` unless it is open.
pub(super) async fn lock_if_open(tx: &mut Tx, id: CaseId, now: Timestamp) -> Result<Option<HelpdeskCase>, StoreError> {
    const SQL: &str = case_sql!("UPDATE cases SET updated_at = $2 WHERE id = $1 AND state = 'open' RETURNING ", "");
    let (id, now) = (id.to_string(), now.as_millisecond());
    let row: Option<CaseRow> = select_optional_tx!(tx, SQL, &id, now)?;
    row.map(HelpdeskCase::try_from).transpose()
}

/// Updates the change time of a case in any state, so that open pages refresh.
pub(super) async fn mark_changed(tx: &mut Tx, id: CaseId, now: Timestamp) -> Result<HelpdeskCase, StoreError> {
    const SQL: &str = case_sql!("UPDATE cases SET updated_at = $2 WHERE id = $1 RETURNING ", "");
    let (id, now) = (id.to_string(), now.as_millisecond());
    let row: Option<CaseRow> = select_optional_tx!(tx, SQL, &id, now)?;
    row.ok_or(StoreError::RowNotFound)?.try_into()
}

/// A change to a locked case.
pub(super) enum CaseChange<'a> {
    Owner(ObjectId, &'a str),
    Ticket(&'a str),
    Action(CaseAction),
    /// Identifies the person. Their name replaces the text that was entered at `/help`.
    Person(PersonKey, &'a str, &'a str),
    FailedReply,
    State(CaseState),
}

/// Applies a change to a locked case.
pub(super) async fn apply_change(tx: &mut Tx, id: CaseId, change: &CaseChange<'_>) -> Result<(), StoreError> {
    let text = |text: &str| text.to_owned();
    let (sql, values) = match change {
        CaseChange::Owner(key, name) => {
            ("UPDATE cases SET owner = $2, owner_name = $3 WHERE id = $1", vec![key.to_string(), text(name)])
        }
        CaseChange::Ticket(ticket) => ("UPDATE cases SET ticket = $2 WHERE id = $1", vec![text(ticket)]),
        CaseChange::Action(action) => ("UPDATE cases SET action = $2 WHERE id = $1", vec![text(action.as_str())]),
        CaseChange::Person(key, name, upn) => (
            "UPDATE cases SET tenant = $2, object = $3, name = $4, upn = $5 WHERE id = $1 AND object IS NULL",
            vec![key.tenant.to_string(), key.object.to_string(), text(name), text(upn)],
        ),
        CaseChange::FailedReply => ("UPDATE cases SET failures = failures + 1 WHERE id = $1", vec![]),
        CaseChange::State(state) => ("UPDATE cases SET state = $2 WHERE id = $1", vec![text(state.as_str())]),
    };
    let id = id.to_string();
    on_tx!(tx, |c| {
        let all = values.iter().fold(sqlx::query(sql).bind(&id), sqlx::query::Query::bind);
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

pub(super) async fn insert_note(
    tx: &mut Tx,
    id: CaseId,
    (by, name): (ObjectId, &str),
    text: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO case_notes (case_id, seq, at, by, by_name, text)
        SELECT $1, COALESCE(MAX(seq), 0) + 1, $2, $3, $4, $5 FROM case_notes WHERE case_id = $1";
    let (id, by, now) = (id.to_string(), by.to_string(), now.as_millisecond());
    exec_tx!(tx, SQL, &id, now, &by, name, text)?;
    Ok(())
}

pub(super) async fn load_notes(db: &Db, id: CaseId) -> Result<Vec<CaseNote>, StoreError> {
    const SQL: &str = "SELECT at, by_name, text FROM case_notes WHERE case_id = $1 ORDER BY seq";
    let id = id.to_string();
    let rows: Vec<(i64, String, String)> = select_all!(db, SQL, &id)?;
    Ok(rows.into_iter().map(|(when, by, text)| CaseNote { at: timestamp_from_millis(when), by, text }).collect())
}
