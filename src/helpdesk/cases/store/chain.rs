//! Verifications, decisions and approvals.
//!
//! A decision refers to its verifications, and an approval to its decision.
//!
//! - The tables enforce the same rules as the code, so neither is the only check.

use jiff::Timestamp;

use super::{parse_column, timestamp_from_millis};
use crate::base::{CaseId, ObjectId, PersonKey};
use crate::helpdesk::cases::rules::{CallerVerification, CaseAction, VerificationMethod, VerificationRequirements};
use crate::store::{Db, StoreError, Tx, exec_tx, on_tx, select_all, select_one_tx};

/// Inserts a verification. `check` is the id of the confirmed request and the person who confirmed it.
pub(crate) async fn insert_verification(
    tx: &mut Tx,
    (case, action): (CaseId, CaseAction),
    one: &CallerVerification,
    check: Option<(&str, ObjectId)>,
) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO case_verifications
        (id, case_id, action, method, points, agent, agent_name, check_id, check_state, witness, at, until)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
    exec_tx!(
        tx,
        SQL,
        &one.id,
        case.to_string(),
        action.as_str(),
        one.method.as_str(),
        one.points,
        one.agent.to_string(),
        &one.agent_name,
        check.map(|(id, _)| id),
        check.map(|_| "confirmed"),
        check.map(|(_, witness)| witness.to_string()),
        one.at.as_millisecond(),
        one.until.as_millisecond()
    )?;
    Ok(())
}

/// Returns whether this agent has already attested by this method, and the attestation is valid and unused.
pub(crate) async fn has_attested(
    tx: &mut Tx,
    (case, action): (CaseId, CaseAction),
    one: &CallerVerification,
) -> Result<bool, StoreError> {
    const SQL: &str = "SELECT COUNT(*) FROM case_verifications
        WHERE case_id = $1 AND action = $2 AND method = $3 AND agent = $4 AND until > $5
        AND id NOT IN (SELECT verification_id FROM case_parts)";
    let (id, agent, now) = (case.to_string(), one.agent.to_string(), one.at.as_millisecond());
    let (count,): (i64,) = select_one_tx!(tx, SQL, &id, action.as_str(), one.method.as_str(), &agent, now)?;
    Ok(count > 0)
}

type VerificationRow = (String, String, String, i64, String, String, i64, i64);

/// Loads the verifications of a case that no decision has used, with their action, oldest first.
pub(crate) async fn load_unused_verifications(
    db: &Db,
    case: CaseId,
) -> Result<Vec<(CaseAction, CallerVerification)>, StoreError> {
    const SQL: &str = "SELECT action, id, method, points, agent, agent_name, at, until
        FROM case_verifications WHERE case_id = $1 AND id NOT IN (SELECT verification_id FROM case_parts) ORDER BY at, id";
    let id = case.to_string();
    let rows: Vec<VerificationRow> = select_all!(db, SQL, &id)?;
    let bad = |what: &str| StoreError::InvalidRow { table: "case_verifications", problem: what.to_owned() };
    let one = |(action, id, method, points, agent, agent_name, made, until): VerificationRow| {
        let method = VerificationMethod::from_name(&method).ok_or_else(|| bad("method"))?;
        let action = CaseAction::from_name(&action).ok_or_else(|| bad("action"))?;
        let agent = parse_column(&agent, "agent")?;
        Ok((
            action,
            CallerVerification {
                id,
                method,
                points,
                agent,
                agent_name,
                at: timestamp_from_millis(made),
                until: timestamp_from_millis(until),
            },
        ))
    };
    rows.into_iter().map(one).collect()
}

/// A decision that an action may be executed, by sufficient verification or by override.
#[derive(Clone, Debug)]
pub(crate) struct CaseDecision {
    pub(crate) id: String,
    pub(crate) action: CaseAction,
    pub(crate) is_override: bool,
    pub(crate) requirements: VerificationRequirements,
    pub(crate) reason: String,
    pub(crate) agent: ObjectId,
    pub(crate) agent_name: String,
    pub(crate) at: Timestamp,
    pub(crate) until: Timestamp,
}

/// Inserts a decision and binds its verifications to it, so that no other decision can use them.
pub(crate) async fn insert_decision(
    tx: &mut Tx,
    case: CaseId,
    verdict: &CaseDecision,
    chosen: &[CallerVerification],
) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO case_verdicts (id, case_id, action, basis, threshold, two_people, reason, agent,
        agent_name, at, until, first_id, first_method, first_points, first_agent, first_until, second_id, second_method,
        second_points, second_agent, second_until, third_id, third_method, third_points, third_agent, third_until)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23,
        $24, $25, $26)";
    const PART_SQL: &str = "INSERT INTO case_parts (verification_id, verdict_id) VALUES ($1, $2)";
    for one in chosen {
        exec_tx!(&mut *tx, PART_SQL, &one.id, &verdict.id)?;
    }
    let basis = if verdict.is_override { "override" } else { "methods" };
    on_tx!(tx, |c| {
        let mut query = sqlx::query(SQL)
            .bind(&verdict.id)
            .bind(case.to_string())
            .bind(verdict.action.as_str())
            .bind(basis)
            .bind(verdict.requirements.points)
            .bind(i64::from(verdict.requirements.two_people))
            .bind(&verdict.reason)
            .bind(verdict.agent.to_string())
            .bind(&verdict.agent_name)
            .bind(verdict.at.as_millisecond())
            .bind(verdict.until.as_millisecond());
        for place in 0..3 {
            let one = chosen.get(place);
            query = query
                .bind(one.map(|one| one.id.clone()))
                .bind(one.map(|one| one.method.as_str()))
                .bind(one.map(|one| one.points))
                .bind(one.map(|one| one.agent.to_string()))
                .bind(one.map(|one| one.until.as_millisecond()));
        }
        query.execute(c).await.map(|_| ())
    })?;
    Ok(())
}

/// Approval of a decision by a second person.
#[derive(Clone, Debug)]
pub(crate) struct ApprovalRecord {
    pub(crate) id: String,
    pub(crate) approver_name: String,
    pub(crate) until: Timestamp,
}

/// A stored decision with its approval, if there is one, and whether an execution has used it.
#[derive(Clone, Debug)]
pub(crate) struct RecordedDecision {
    pub(crate) decision: CaseDecision,
    pub(crate) approval: Option<ApprovalRecord>,
    pub(crate) is_used: bool,
}

impl RecordedDecision {
    /// Returns whether the decision is unused and neither it nor its approval has expired.
    pub(crate) fn is_usable(&self, now: Timestamp) -> bool {
        !self.is_used && now < self.decision.until && self.approval.as_ref().is_none_or(|approved| now < approved.until)
    }
}

#[derive(sqlx::FromRow)]
struct DecisionRow {
    id: String,
    action: String,
    basis: String,
    threshold: i64,
    two_people: i64,
    reason: String,
    agent: String,
    agent_name: String,
    at: i64,
    until: i64,
    approval_id: Option<String>,
    approver_name: Option<String>,
    approved_until: Option<i64>,
    acted: Option<String>,
}

impl TryFrom<DecisionRow> for RecordedDecision {
    type Error = StoreError;

    fn try_from(row: DecisionRow) -> Result<Self, StoreError> {
        let bad = |what: &str| StoreError::InvalidRow { table: "case_verdicts", problem: what.to_owned() };
        let two_people = row.two_people == 1;
        let approved = row.approval_id.zip(row.approver_name).map(|(id, name)| ApprovalRecord {
            id,
            approver_name: name,
            until: timestamp_from_millis(row.approved_until.unwrap_or(0)),
        });
        Ok(Self {
            decision: CaseDecision {
                action: CaseAction::from_name(&row.action).ok_or_else(|| bad("action"))?,
                is_override: row.basis == "override",
                requirements: VerificationRequirements {
                    points: row.threshold,
                    two_people,
                    beyond_own_session: two_people,
                },
                agent: parse_column(&row.agent, "agent")?,
                agent_name: row.agent_name,
                at: timestamp_from_millis(row.at),
                until: timestamp_from_millis(row.until),
                id: row.id,
                reason: row.reason,
            },
            approval: approved,
            is_used: row.acted.is_some(),
        })
    }
}

/// Loads the decisions of a case, newest first.
pub(crate) async fn load_decisions(db: &Db, case: CaseId) -> Result<Vec<RecordedDecision>, StoreError> {
    const SQL: &str =
        "SELECT v.id, v.action, v.basis, v.threshold, v.two_people, v.reason, v.agent, v.agent_name, v.at,
        v.until, p.id AS approval_id, p.approver_name, p.until AS approved_until, a.id AS acted
        FROM case_verdicts v LEFT JOIN case_approvals p ON p.verdict_id = v.id
        LEFT JOIN case_actions a ON a.verdict_id = v.id WHERE v.case_id = $1 ORDER BY v.at DESC, v.id DESC LIMIT 50";
    let id = case.to_string();
    let rows: Vec<DecisionRow> = select_all!(db, SQL, &id)?;
    rows.into_iter().map(RecordedDecision::try_from).collect()
}

/// Returns whether `agent` approved a decision of `approver` about this person since a time.
///
/// Two agents must not approve each other's decisions.
pub(crate) async fn has_reciprocal_approval(
    tx: &mut Tx,
    (approver, agent): (ObjectId, ObjectId),
    person: PersonKey,
    since: Timestamp,
) -> Result<bool, StoreError> {
    const SQL: &str = "SELECT COUNT(*) FROM case_approvals
        WHERE tenant = $1 AND object = $2 AND approver = $3 AND agent = $4 AND at > $5";
    let (tenant, object) = (person.tenant.to_string(), person.object.to_string());
    let (one, other) = (agent.to_string(), approver.to_string());
    let since = since.as_millisecond();
    let (count,): (i64,) = select_one_tx!(tx, SQL, &tenant, &object, &one, &other, since)?;
    Ok(count > 0)
}

/// Inserts the approval of a decision by a second person.
pub(crate) async fn insert_approval(
    tx: &mut Tx,
    (id, verdict): (&str, &CaseDecision),
    person: PersonKey,
    (approver, name): (ObjectId, &str),
    (now, until): (Timestamp, Timestamp),
) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO case_approvals
        (id, verdict_id, agent, approver, approver_name, tenant, object, at, until)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    exec_tx!(
        tx,
        SQL,
        id,
        &verdict.id,
        verdict.agent.to_string(),
        approver.to_string(),
        name,
        person.tenant.to_string(),
        person.object.to_string(),
        now.as_millisecond(),
        until.as_millisecond()
    )?;
    Ok(())
}
