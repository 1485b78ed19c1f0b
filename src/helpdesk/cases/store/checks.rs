//! Questions that somebody must sign in to answer. The words are sealed while a question is open, and gone afterwards.

use jiff::Timestamp;

use super::{at, read};
use crate::base::{CaseId, ObjectId, PersonKey};
use crate::helpdesk::cases::rules::{Action, Method};
use crate::store::{Db, StoreError, Tx, on_db, on_tx};

/// How a question was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Confirmed,
    /// Other words than the agent said.
    Wrong,
    Refused,
}

impl Answer {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Confirmed => "confirmed",
            Self::Wrong => "wrong",
            Self::Refused => "refused",
        }
    }
}

/// A question.
#[derive(Clone, Debug)]
pub(crate) struct Check {
    pub(crate) id: String,
    pub(crate) case: CaseId,
    /// Whom the case is about.
    pub(crate) about: String,
    pub(crate) action: Action,
    pub(crate) method: Method,
    pub(crate) agent: ObjectId,
    pub(crate) agent_name: String,
    /// Who is asked.
    pub(crate) asked: PersonKey,
    pub(super) sealed: String,
    /// `None`: still open, or over without an answer.
    pub(crate) answer: Option<Answer>,
    pub(crate) asked_at: Timestamp,
    pub(crate) until: Timestamp,
}

impl Check {
    pub(crate) fn open(&self, now: Timestamp) -> bool {
        self.answer.is_none() && now < self.until
    }

    pub(crate) fn sealed(&self) -> &str {
        &self.sealed
    }
}

/// A question to ask.
pub(crate) struct Asking<'a> {
    pub(crate) id: &'a str,
    pub(crate) case: CaseId,
    pub(crate) action: Action,
    pub(crate) method: Method,
    pub(crate) agent: (ObjectId, &'a str),
    pub(crate) asked: PersonKey,
    pub(crate) sealed: &'a str,
    pub(crate) now: Timestamp,
    pub(crate) until: Timestamp,
}

pub(crate) async fn ask(tx: &mut Tx, asking: &Asking<'_>) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO case_checks
        (id, case_id, action, method, agent, agent_name, tenant, object, sealed, state, asked_at, until)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'waiting', $10, $11)";
    on_tx!(tx, |c| sqlx::query(SQL)
        .bind(asking.id)
        .bind(asking.case.to_string())
        .bind(asking.action.name())
        .bind(asking.method.name())
        .bind(asking.agent.0.to_string())
        .bind(asking.agent.1)
        .bind(asking.asked.tenant.to_string())
        .bind(asking.asked.object.to_string())
        .bind(asking.sealed)
        .bind(asking.now.as_millisecond())
        .bind(asking.until.as_millisecond())
        .execute(c)
        .await
        .map(|_| ()))?;
    Ok(())
}

#[derive(sqlx::FromRow)]
struct Row {
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

impl TryFrom<Row> for Check {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let bad = |what: &str| StoreError::BadRow { table: "case_checks", problem: format!("{what} of {}", row.id) };
        Ok(Self {
            case: read(&row.case_id, "case")?,
            about: row.name,
            action: Action::read(&row.action).ok_or_else(|| bad("action"))?,
            method: Method::read(&row.method).ok_or_else(|| bad("method"))?,
            agent: read(&row.agent, "agent")?,
            agent_name: row.agent_name,
            asked: PersonKey { tenant: read(&row.tenant, "tenant")?, object: read(&row.object, "object")? },
            sealed: row.sealed,
            answer: match row.state.as_str() {
                "waiting" => None,
                "confirmed" => Some(Answer::Confirmed),
                "wrong" => Some(Answer::Wrong),
                _ => Some(Answer::Refused),
            },
            asked_at: at(row.asked_at),
            until: at(row.until),
            id: row.id,
        })
    }
}

macro_rules! checks_where {
    ($condition:literal) => {
        concat!(
            "SELECT k.id, k.case_id, c.name, k.action, k.method, k.agent, k.agent_name, k.tenant, k.object, \
             k.sealed, k.state, k.asked_at, k.until FROM case_checks k JOIN cases c ON c.id = k.case_id WHERE ",
            $condition,
            " ORDER BY k.asked_at DESC, k.id DESC LIMIT 50"
        )
    };
}

/// Questions of a case, the newest first.
pub(crate) async fn checks(db: &Db, case: CaseId) -> Result<Vec<Check>, StoreError> {
    let id = case.to_string();
    let rows: Vec<Row> =
        on_db!(db, |pool| sqlx::query_as(checks_where!("k.case_id = $1")).bind(&id).fetch_all(pool).await)?;
    rows.into_iter().map(Check::try_from).collect()
}

/// Questions to somebody, open and answered, the newest first.
pub(crate) async fn asked(db: &Db, who: PersonKey) -> Result<Vec<Check>, StoreError> {
    let (tenant, object) = (who.tenant.to_string(), who.object.to_string());
    let rows: Vec<Row> = on_db!(db, |pool| sqlx::query_as(checks_where!("k.tenant = $1 AND k.object = $2"))
        .bind(&tenant)
        .bind(&object)
        .fetch_all(pool)
        .await)?;
    rows.into_iter().map(Check::try_from).collect()
}

/// A question to somebody, by its id. Somebody else's is not found.
pub(crate) async fn check(db: &Db, id: &str, who: PersonKey) -> Result<Option<Check>, StoreError> {
    let (tenant, object) = (who.tenant.to_string(), who.object.to_string());
    let sql = checks_where!("k.id = $1 AND k.tenant = $2 AND k.object = $3");
    let row: Option<Row> =
        on_db!(db, |pool| sqlx::query_as(sql).bind(id).bind(&tenant).bind(&object).fetch_optional(pool).await)?;
    row.map(Check::try_from).transpose()
}

/// How many questions to somebody are open.
pub(crate) async fn waiting(db: &Db, who: PersonKey, now: Timestamp) -> Result<i64, StoreError> {
    const SQL: &str = "SELECT COUNT(*) FROM case_checks k JOIN cases c ON c.id = k.case_id
        WHERE k.tenant = $1 AND k.object = $2 AND k.state = 'waiting' AND k.until > $3 AND c.state = 'open'";
    let (tenant, object, now) = (who.tenant.to_string(), who.object.to_string(), now.as_millisecond());
    let (count,): (i64,) =
        on_db!(db, |pool| sqlx::query_as(SQL).bind(&tenant).bind(&object).bind(now).fetch_one(pool).await)?;
    Ok(count)
}

/// Whether such a question is open in a case.
pub(crate) async fn is_waiting(tx: &mut Tx, case: CaseId, method: Method, now: Timestamp) -> Result<bool, StoreError> {
    const SQL: &str =
        "SELECT COUNT(*) FROM case_checks WHERE case_id = $1 AND method = $2 AND state = 'waiting' AND until > $3";
    let (id, now) = (case.to_string(), now.as_millisecond());
    let (count,): (i64,) =
        on_tx!(tx, |c| sqlx::query_as(SQL).bind(&id).bind(method.name()).bind(now).fetch_one(c).await)?;
    Ok(count > 0)
}

/// Answers an open question; its words are gone. False: it was answered already, or its time is over.
pub(crate) async fn answer(tx: &mut Tx, id: &str, answer: Answer, now: Timestamp) -> Result<bool, StoreError> {
    const SQL: &str = "UPDATE case_checks SET state = $2, sealed = '', answered_at = $3
        WHERE id = $1 AND state = 'waiting' AND until > $3";
    let now = now.as_millisecond();
    let rows = on_tx!(tx, |c| sqlx::query(SQL)
        .bind(id)
        .bind(answer.name())
        .bind(now)
        .execute(c)
        .await
        .map(|done| done.rows_affected()))?;
    Ok(rows == 1)
}

/// How many questions about this person were answered wrongly or refused since a moment, whoever was asked.
pub(crate) async fn failed_lately(db: &Db, person: PersonKey, since: Timestamp) -> Result<i64, StoreError> {
    const SQL: &str = "SELECT COUNT(*) FROM case_checks k JOIN cases c ON c.id = k.case_id
        WHERE c.tenant = $1 AND c.object = $2 AND k.asked_at >= $3 AND k.state IN ('wrong', 'refused')";
    let (tenant, object, since) = (person.tenant.to_string(), person.object.to_string(), since.as_millisecond());
    let (count,): (i64,) =
        on_db!(db, |pool| sqlx::query_as(SQL).bind(&tenant).bind(&object).bind(since).fetch_one(pool).await)?;
    Ok(count)
}
