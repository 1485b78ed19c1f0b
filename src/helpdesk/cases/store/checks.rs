//! Verification requests, which the recipient must sign in to answer.
//!
//! - The words of a call check are stored sealed while the request is open, and deleted with the reply.

use jiff::Timestamp;

use super::{parse_column, timestamp_from_millis};
use crate::base::{CaseId, ObjectId, PersonKey};
use crate::helpdesk::cases::rules::{CaseAction, VerificationMethod};
use crate::store::{Db, StoreError, Tx, exec_tx, select_all, select_one, select_one_tx, select_optional};

/// Reply to a verification request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum VerificationReply {
    Confirmed,
    /// The picked words are not the ones that the agent read out.
    Wrong,
    Refused,
}

impl VerificationReply {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Confirmed => "confirmed",
            Self::Wrong => "wrong",
            Self::Refused => "refused",
        }
    }
}

/// A verification request.
#[derive(Clone, Debug)]
pub(crate) struct VerificationRequest {
    pub(crate) id: String,
    pub(crate) case: CaseId,
    /// Name of the person of the case.
    pub(crate) person_name: String,
    pub(crate) action: CaseAction,
    pub(crate) method: VerificationMethod,
    pub(crate) agent: ObjectId,
    pub(crate) agent_name: String,
    /// Recipient: the person or their manager.
    pub(crate) recipient: PersonKey,
    pub(super) sealed_words: String,
    /// `None` while the request is open, and after it expired without a reply.
    pub(crate) reply: Option<VerificationReply>,
    pub(crate) asked_at: Timestamp,
    pub(crate) until: Timestamp,
}

impl VerificationRequest {
    pub(crate) fn is_open(&self, now: Timestamp) -> bool {
        self.reply.is_none() && now < self.until
    }

    pub(crate) fn sealed_words(&self) -> &str {
        &self.sealed_words
    }
}

/// Parameters of a new verification request.
pub(crate) struct NewVerificationRequest<'a> {
    pub(crate) id: &'a str,
    pub(crate) case: CaseId,
    pub(crate) action: CaseAction,
    pub(crate) method: VerificationMethod,
    pub(crate) agent: (ObjectId, &'a str),
    pub(crate) recipient: PersonKey,
    pub(crate) sealed_words: &'a str,
    pub(crate) now: Timestamp,
    pub(crate) until: Timestamp,
}

pub(crate) async fn insert_request(tx: &mut Tx, asking: &NewVerificationRequest<'_>) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO case_checks
        (id, case_id, action, method, agent, agent_name, tenant, object, sealed, state, asked_at, until)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'waiting', $10, $11)";
    exec_tx!(
        tx,
        SQL,
        asking.id,
        asking.case.to_string(),
        asking.action.as_str(),
        asking.method.as_str(),
        asking.agent.0.to_string(),
        asking.agent.1,
        asking.recipient.tenant.to_string(),
        asking.recipient.object.to_string(),
        asking.sealed_words,
        asking.now.as_millisecond(),
        asking.until.as_millisecond()
    )?;
    Ok(())
}

#[derive(sqlx::FromRow)]
struct VerificationRequestRow {
    id: String,
    case_id: String,
    name: String,
    action: String,
    method: String,
    agent: String,
    agent_name: String,
    tenant: String,
    object: String,
    sealed: String,
    state: String,
    asked_at: i64,
    until: i64,
}

impl TryFrom<VerificationRequestRow> for VerificationRequest {
    type Error = StoreError;

    fn try_from(row: VerificationRequestRow) -> Result<Self, StoreError> {
        let bad =
            |what: &str| StoreError::InvalidRow { table: "case_checks", problem: format!("{what} of {}", row.id) };
        Ok(Self {
            case: parse_column(&row.case_id, "case")?,
            person_name: row.name,
            action: CaseAction::from_name(&row.action).ok_or_else(|| bad("action"))?,
            method: VerificationMethod::from_name(&row.method).ok_or_else(|| bad("method"))?,
            agent: parse_column(&row.agent, "agent")?,
            agent_name: row.agent_name,
            recipient: PersonKey {
                tenant: parse_column(&row.tenant, "tenant")?,
                object: parse_column(&row.object, "object")?,
            },
            sealed_words: row.sealed,
            reply: match row.state.as_str() {
                "waiting" => None,
                "confirmed" => Some(VerificationReply::Confirmed),
                "wrong" => Some(VerificationReply::Wrong),
                _ => Some(VerificationReply::Refused),
            },
            asked_at: timestamp_from_millis(row.asked_at),
            until: timestamp_from_millis(row.until),
            id: row.id,
        })
    }
}

macro_rules! requests_where {
    ($condition:literal) => {
        concat!(
            "SELECT k.id, k.case_id, c.name, k.action, k.method, k.agent, k.agent_name, k.tenant, k.object, \
             k.sealed, k.state, k.asked_at, k.until FROM case_checks k JOIN cases c ON c.id = k.case_id WHERE ",
            $condition,
            " ORDER BY k.asked_at DESC, k.id DESC LIMIT 50"
        )
    };
}

/// Loads the requests of a case, newest first.
pub(crate) async fn load_requests(db: &Db, case: CaseId) -> Result<Vec<VerificationRequest>, StoreError> {
    let id = case.to_string();
    let rows: Vec<VerificationRequestRow> = select_all!(db, requests_where!("k.case_id = $1"), &id)?;
    rows.into_iter().map(VerificationRequest::try_from).collect()
}

/// Loads the requests to a recipient, open and answered, newest first.
pub(crate) async fn load_requests_to(db: &Db, who: PersonKey) -> Result<Vec<VerificationRequest>, StoreError> {
    let (tenant, object) = (who.tenant.to_string(), who.object.to_string());
    let rows: Vec<VerificationRequestRow> =
        select_all!(db, requests_where!("k.tenant = $1 AND k.object = $2"), &tenant, &object)?;
    rows.into_iter().map(VerificationRequest::try_from).collect()
}

/// Loads a request to a recipient by its id. A request to another recipient is not found.
pub(crate) async fn load_request_to(
    db: &Db,
    id: &str,
    who: PersonKey,
) -> Result<Option<VerificationRequest>, StoreError> {
    let (tenant, object) = (who.tenant.to_string(), who.object.to_string());
    let sql = requests_where!("k.id = $1 AND k.tenant = $2 AND k.object = $3");
    let row: Option<VerificationRequestRow> = select_optional!(db, sql, id, &tenant, &object)?;
    row.map(VerificationRequest::try_from).transpose()
}

/// Counts the open requests to a recipient in open cases.
pub(crate) async fn count_open_requests_to(db: &Db, who: PersonKey, now: Timestamp) -> Result<i64, StoreError> {
    const SQL: &str = "SELECT COUNT(*) FROM case_checks k JOIN cases c ON c.id = k.case_id
        WHERE k.tenant = $1 AND k.object = $2 AND k.state = 'waiting' AND k.until > $3 AND c.state = 'open'";
    let (tenant, object, now) = (who.tenant.to_string(), who.object.to_string(), now.as_millisecond());
    let (count,): (i64,) = select_one!(db, SQL, &tenant, &object, now)?;
    Ok(count)
}

/// Returns whether a request by this method is open in a case.
pub(crate) async fn has_open_request(
    tx: &mut Tx,
    case: CaseId,
    method: VerificationMethod,
    now: Timestamp,
) -> Result<bool, StoreError> {
    const SQL: &str =
        "SELECT COUNT(*) FROM case_checks WHERE case_id = $1 AND method = $2 AND state = 'waiting' AND until > $3";
    let (id, now) = (case.to_string(), now.as_millisecond());
    let (count,): (i64,) = select_one_tx!(tx, SQL, &id, method.as_str(), now)?;
    Ok(count > 0)
}

/// Stores the reply to an open request and deletes its words.
///
/// Returns false if the request was already answered or has expired.
pub(crate) async fn mark_answered(
    tx: &mut Tx,
    id: &str,
    answer: VerificationReply,
    now: Timestamp,
) -> Result<bool, StoreError> {
    const SQL: &str = "UPDATE case_checks SET state = $2, sealed = '', answered_at = $3
        WHERE id = $1 AND state = 'waiting' AND until > $3";
    let now = now.as_millisecond();
    let rows = exec_tx!(tx, SQL, id, answer.as_str(), now)?;
    Ok(rows == 1)
}

/// Counts the requests about this person that failed since a time, for any recipient.
///
/// A request failed if the reply was incorrect or a denial.
pub(crate) async fn count_failures_since(db: &Db, person: PersonKey, since: Timestamp) -> Result<i64, StoreError> {
    const SQL: &str = "SELECT COUNT(*) FROM case_checks k JOIN cases c ON c.id = k.case_id
        WHERE c.tenant = $1 AND c.object = $2 AND k.asked_at >= $3 AND k.state IN ('wrong', 'refused')";
    let (tenant, object, since) = (person.tenant.to_string(), person.object.to_string(), since.as_millisecond());
    let (count,): (i64,) = select_one!(db, SQL, &tenant, &object, since)?;
    Ok(count)
}
