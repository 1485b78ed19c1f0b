//! Verification requests, which the recipient must sign in to answer.
//!
//! - The words of a call check are stored sealed while the request is open, and deleted with the reply.

use jiff::Timestamp;

use crate::base::{CaseId, ObjectId, PersonKey, TenantId};
use crate::cases::participants::StaffActor;
use crate::cases::policy::{CaseAction, VerificationMethod};
use crate::store::{Db, StoreError, StoredTime, Tx, exec_tx, select_all, select_one, select_one_tx, select_optional};

/// Reply to a verification request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum VerificationReply {
    Confirmed,
    /// The picked words are not the ones that the agent read out.
    Wrong,
    Refused,
}

impl VerificationReply {
    const ALL: [Self; 3] = [Self::Confirmed, Self::Wrong, Self::Refused];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Confirmed => "confirmed",
            Self::Wrong => "wrong",
            Self::Refused => "refused",
        }
    }

    /// Returns the reply in a stored state. A request without a reply is `waiting`.
    fn from_state(state: &str) -> Option<Self> {
        let reply = Self::ALL.into_iter().find(|reply| reply.as_str() == state);
        // A name that this release lacks counts as a denial, so that it never counts as open.
        (state != "waiting").then(|| reply.unwrap_or(Self::Refused))
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
    sealed_words: String,
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
    pub(crate) agent: &'a StaffActor,
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
        asking.case,
        asking.action,
        asking.method,
        asking.agent.key.object,
        &asking.agent.name,
        asking.recipient.tenant,
        asking.recipient.object,
        asking.sealed_words,
        StoredTime(asking.now),
        StoredTime(asking.until)
    )?;
    Ok(())
}

#[derive(sqlx::FromRow)]
struct VerificationRequestRow {
    id: String,
    case_id: CaseId,
    name: String,
    action: CaseAction,
    method: VerificationMethod,
    agent: ObjectId,
    agent_name: String,
    tenant: TenantId,
    object: ObjectId,
    sealed: String,
    state: String,
    asked_at: StoredTime,
    until: StoredTime,
}

impl From<VerificationRequestRow> for VerificationRequest {
    fn from(row: VerificationRequestRow) -> Self {
        Self {
            id: row.id,
            case: row.case_id,
            person_name: row.name,
            action: row.action,
            method: row.method,
            agent: row.agent,
            agent_name: row.agent_name,
            recipient: PersonKey { tenant: row.tenant, object: row.object },
            sealed_words: row.sealed,
            reply: VerificationReply::from_state(&row.state),
            asked_at: row.asked_at.0,
            until: row.until.0,
        }
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
    let rows: Vec<VerificationRequestRow> = select_all!(db, requests_where!("k.case_id = $1"), case)?;
    Ok(rows.into_iter().map(VerificationRequest::from).collect())
}

/// Loads the requests to a recipient, open and answered, newest first.
pub(crate) async fn load_requests_to(db: &Db, who: PersonKey) -> Result<Vec<VerificationRequest>, StoreError> {
    let rows: Vec<VerificationRequestRow> =
        select_all!(db, requests_where!("k.tenant = $1 AND k.object = $2"), who.tenant, who.object)?;
    Ok(rows.into_iter().map(VerificationRequest::from).collect())
}

/// Loads a request to a recipient by its id. A request to another recipient is not found.
pub(crate) async fn load_request_to(
    db: &Db,
    id: &str,
    who: PersonKey,
) -> Result<Option<VerificationRequest>, StoreError> {
    let sql = requests_where!("k.id = $1 AND k.tenant = $2 AND k.object = $3");
    let row: Option<VerificationRequestRow> = select_optional!(db, sql, id, who.tenant, who.object)?;
    Ok(row.map(VerificationRequest::from))
}

/// Counts the open requests to a recipient in open cases.
pub(crate) async fn count_open_requests_to(db: &Db, who: PersonKey, now: Timestamp) -> Result<i64, StoreError> {
    const SQL: &str = "SELECT COUNT(*) FROM case_checks k JOIN cases c ON c.id = k.case_id
        WHERE k.tenant = $1 AND k.object = $2 AND k.state = 'waiting' AND k.until > $3 AND c.state = 'open'";
    let (count,): (i64,) = select_one!(db, SQL, who.tenant, who.object, StoredTime(now))?;
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
    let (count,): (i64,) = select_one_tx!(tx, SQL, case, method, StoredTime(now))?;
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
    Ok(exec_tx!(tx, SQL, id, answer.as_str(), StoredTime(now))? == 1)
}

/// Counts the requests about this person that failed since a time, for any recipient.
///
/// A request failed if the reply was incorrect or a denial.
pub(crate) async fn count_failures_since(db: &Db, person: PersonKey, since: Timestamp) -> Result<i64, StoreError> {
    const SQL: &str = "SELECT COUNT(*) FROM case_checks k JOIN cases c ON c.id = k.case_id
        WHERE c.tenant = $1 AND c.object = $2 AND k.asked_at >= $3 AND k.state IN ('wrong', 'refused')";
    let (count,): (i64,) = select_one!(db, SQL, person.tenant, person.object, StoredTime(since))?;
    Ok(count)
}
