//! Verifications, decisions and approvals.
//!
//! A decision refers to its verifications, and an approval to its decision.
//!
//! - The tables enforce the same rules as the code, so neither is the only check.

use jiff::Timestamp;
use serde_json::json;

use super::cases::HelpdeskCase;
use super::execution_viewer::ExecutionViewer;
use super::requests::VerificationRequest;
use crate::base::{CaseId, ObjectId, PersonKey};
use crate::cases::digest::digest_json;
use crate::cases::duties::{AssignedDuty, CaseDuty};
use crate::cases::participants::StaffActor;
use crate::cases::policy::{CallerVerification, CaseAction, CaseRisk, VerificationMethod, VerificationRequirements};
use crate::store::{Db, StoreError, StoredTime, Tx, exec_tx, on_tx, select_all, select_all_tx, select_one_tx};

/// Inserts a verification for the case's action. A witnessed one comes with the request that was confirmed.
pub(crate) async fn insert_verification(
    tx: &mut Tx,
    case: &HelpdeskCase,
    one: &CallerVerification,
    confirmed: Option<&VerificationRequest>,
) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO case_verifications
        (id, case_id, action, method, points, agent, agent_name, check_id, check_state, witness, at, until)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
    exec_tx!(
        tx,
        SQL,
        &one.id,
        case.id,
        case.action,
        one.method,
        one.points,
        one.agent,
        &one.agent_name,
        confirmed.map(|request| &request.id),
        confirmed.map(|_| "confirmed"),
        confirmed.map(|request| request.recipient.object),
        StoredTime(one.at),
        StoredTime(one.until)
    )?;
    Ok(())
}

/// Returns whether this agent has already attested by this method, and the attestation is valid and unused.
pub(crate) async fn has_attested(
    tx: &mut Tx,
    case: &HelpdeskCase,
    one: &CallerVerification,
) -> Result<bool, StoreError> {
    const SQL: &str = "SELECT COUNT(*) FROM case_verifications
        WHERE case_id = $1 AND action = $2 AND method = $3 AND agent = $4 AND until > $5
        AND id NOT IN (SELECT verification_id FROM case_parts)";
    let (count,): (i64,) = select_one_tx!(tx, SQL, case.id, case.action, one.method, one.agent, StoredTime(one.at))?;
    Ok(count > 0)
}

#[derive(sqlx::FromRow)]
struct VerificationRow {
    witness: Option<ObjectId>,
    action: CaseAction,
    id: String,
    method: VerificationMethod,
    points: i64,
    agent: ObjectId,
    agent_name: String,
    at: StoredTime,
    until: StoredTime,
}

/// Loads the verifications of a case that no decision has used, with their action, oldest first.
pub(crate) async fn load_unused_verifications(
    db: &Db,
    case: CaseId,
) -> Result<Vec<(CaseAction, CallerVerification)>, StoreError> {
    const SQL: &str = "SELECT action, id, method, points, agent, agent_name, witness, at, until
        FROM case_verifications WHERE case_id = $1 AND id NOT IN (SELECT verification_id FROM case_parts) ORDER BY at, id";
    let rows: Vec<VerificationRow> = select_all!(db, SQL, case)?;
    Ok(rows.into_iter().map(|row| (row.action, CallerVerification::from(row))).collect())
}

/// Loads the verifications that a decision has used.
pub(crate) async fn load_evidence(db: &Db, decision: &str) -> Result<Vec<CallerVerification>, StoreError> {
    const SQL: &str = "SELECT action, id, method, points, agent, agent_name, witness, at, until
        FROM case_verifications WHERE id IN (SELECT verification_id FROM case_parts WHERE verdict_id = $1) ORDER BY at, id";
    let rows: Vec<VerificationRow> = select_all!(db, SQL, decision)?;
    Ok(rows.into_iter().map(CallerVerification::from).collect())
}

impl From<VerificationRow> for CallerVerification {
    fn from(row: VerificationRow) -> Self {
        let vouched_by = row.witness.filter(|_| row.method == VerificationMethod::Manager);
        let VerificationRow { id, method, points, agent, agent_name, at, until, .. } = row;
        Self { id, method, points, agent, agent_name, vouched_by, at: at.0, until: until.0 }
    }
}

/// What a decision is based on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DecisionBasis {
    /// Sufficient verification of the caller.
    Verification,
    /// A stated reason, which a second person must approve.
    Override,
}

impl DecisionBasis {
    const ALL: [Self; 2] = [Self::Verification, Self::Override];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Verification => "methods",
            Self::Override => "override",
        }
    }

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|basis| basis.as_str() == name)
    }
}

/// A decision that an action may be executed, by sufficient verification or by override.
#[derive(Clone, Debug)]
pub(crate) struct CaseDecision {
    pub(crate) id: String,
    pub(crate) action: CaseAction,
    pub(crate) basis: DecisionBasis,
    pub(crate) requirements: VerificationRequirements,
    pub(crate) reason: String,
    /// Whom the decision is about. `None` in rows of the release before.
    pub(crate) subject: Option<ObjectId>,
    /// Who will see a pass.
    pub(crate) viewer: ExecutionViewer,
    pub(crate) risk: CaseRisk,
    /// Ids of the verifications, in the order of the row.
    pub(crate) evidence: Vec<String>,
    pub(crate) agent: ObjectId,
    pub(crate) agent_name: String,
    pub(crate) at: Timestamp,
    pub(crate) until: Timestamp,
}

impl CaseDecision {
    pub(crate) fn is_override(&self) -> bool {
        self.basis == DecisionBasis::Override
    }

    /// Returns the digest over everything that the decision says.
    pub(crate) fn digest(&self, case: CaseId) -> String {
        digest_json(&json!({
            "case": case.to_string(),
            "id": self.id,
            "subject": self.subject.map(|subject| subject.to_string()),
            "action": self.action.as_str(),
            "basis": self.basis.as_str(),
            "reason": self.reason,
            "evidence": self.evidence,
            "risk": self.risk.to_names(),
            "points": self.requirements.points,
            "two_people": self.requirements.two_people,
            "requester": self.agent.to_string(),
            "shown_to": self.viewer.as_str(),
            "viewer": self.viewer.manager().map(|manager| manager.to_string()),
            "until": self.until.as_millisecond(),
        }))
    }
}

/// Inserts a duty of a decision. The schema refuses one that its holder's other duties do not go with.
pub(crate) async fn insert_duty(tx: &mut Tx, decision: &str, duty: AssignedDuty) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO case_duties (verdict_id, duty, object) VALUES ($1, $2, $3)
        ON CONFLICT (verdict_id, duty, object) DO NOTHING";
    exec_tx!(tx, SQL, decision, duty.0.as_str(), duty.1)?;
    Ok(())
}

/// Loads the duties of a decision.
pub(crate) async fn load_duties(tx: &mut Tx, decision: &str) -> Result<Vec<AssignedDuty>, StoreError> {
    const SQL: &str = "SELECT duty, object FROM case_duties WHERE verdict_id = $1";
    let rows: Vec<(String, ObjectId)> = select_all_tx!(tx, SQL, decision)?;
    Ok(rows.into_iter().filter_map(|(duty, holder)| Some((CaseDuty::from_name(&duty)?, holder))).collect())
}

/// Inserts a decision with its duties and its digest, and binds its verifications to it, so that no other decision can use
/// them.
pub(crate) async fn insert_decision(
    tx: &mut Tx,
    case: CaseId,
    decision: &CaseDecision,
    chosen: &[CallerVerification],
    duties: &[AssignedDuty],
) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO case_verdicts (id, case_id, action, basis, threshold, two_people, reason, agent,
        agent_name, at, until, first_id, first_method, first_points, first_agent, first_until, second_id, second_method,
        second_points, second_agent, second_until, third_id, third_method, third_points, third_agent, third_until,
        subject, shown_to, viewer, risk, digest)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23,
        $24, $25, $26, $27, $28, $29, $30, $31)";
    const PART_SQL: &str = "INSERT INTO case_parts (verification_id, verdict_id) VALUES ($1, $2)";
    for one in chosen {
        exec_tx!(&mut *tx, PART_SQL, &one.id, &decision.id)?;
    }
    for duty in duties {
        insert_duty(tx, &decision.id, *duty).await?;
    }
    on_tx!(tx, |c| {
        let mut query = sqlx::query(SQL)
            .bind(&decision.id)
            .bind(case)
            .bind(decision.action)
            .bind(decision.basis)
            .bind(decision.requirements.points)
            .bind(i64::from(decision.requirements.two_people))
            .bind(&decision.reason)
            .bind(decision.agent)
            .bind(&decision.agent_name)
            .bind(StoredTime(decision.at))
            .bind(StoredTime(decision.until));
        for place in 0..3 {
            let one = chosen.get(place);
            query = query
                .bind(one.map(|one| &one.id))
                .bind(one.map(|one| one.method))
                .bind(one.map(|one| one.points))
                .bind(one.map(|one| one.agent))
                .bind(one.map(|one| StoredTime(one.until)));
        }
        query = query
            .bind(decision.subject)
            .bind(decision.viewer.as_str())
            .bind(decision.viewer.manager())
            .bind(decision.risk.to_names())
            .bind(decision.digest(case));
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
    /// Digest of the decision, which its approval and its execution name.
    pub(crate) digest: String,
    /// The stored digest is missing or another one: the row is of the release before, or was changed afterwards.
    pub(crate) is_void: bool,
}

impl RecordedDecision {
    /// Returns whether the decision is unused and valid, and neither it nor its approval has expired.
    pub(crate) fn is_usable(&self, now: Timestamp) -> bool {
        !self.is_used
            && !self.is_void
            && now < self.decision.until
            && self.approval.as_ref().is_none_or(|approved| now < approved.until)
    }
}

#[derive(sqlx::FromRow)]
struct DecisionRow {
    id: String,
    action: CaseAction,
    basis: DecisionBasis,
    threshold: i64,
    two_people: i64,
    reason: String,
    agent: ObjectId,
    agent_name: String,
    at: StoredTime,
    until: StoredTime,
    approval_id: Option<String>,
    approver_name: Option<String>,
    approved_until: Option<StoredTime>,
    acted: Option<String>,
    first_id: Option<String>,
    second_id: Option<String>,
    third_id: Option<String>,
    subject: Option<ObjectId>,
    shown_to: Option<String>,
    viewer: Option<ObjectId>,
    risk: Option<String>,
    digest: Option<String>,
}

impl DecisionRow {
    fn into_recorded(self, case: CaseId) -> RecordedDecision {
        let row = self;
        let two_people = row.two_people == 1;
        let approval = row.approval_id.zip(row.approver_name).map(|(id, approver_name)| ApprovalRecord {
            id,
            approver_name,
            until: row.approved_until.map_or(Timestamp::UNIX_EPOCH, |until| until.0),
        });
        let requirements =
            VerificationRequirements { points: row.threshold, two_people, beyond_own_session: two_people };
        let decision = CaseDecision {
            id: row.id,
            action: row.action,
            basis: row.basis,
            requirements,
            reason: row.reason,
            subject: row.subject,
            viewer: ExecutionViewer::from_columns(row.shown_to.as_deref(), row.viewer),
            risk: CaseRisk::from_names(row.risk.as_deref().unwrap_or_default()),
            evidence: [row.first_id, row.second_id, row.third_id].into_iter().flatten().collect(),
            agent: row.agent,
            agent_name: row.agent_name,
            at: row.at.0,
            until: row.until.0,
        };
        let digest = decision.digest(case);
        let is_void = row.digest.as_ref() != Some(&digest);
        RecordedDecision { decision, approval, is_used: row.acted.is_some(), digest, is_void }
    }
}

/// Loads the decisions of a case, newest first.
pub(crate) async fn load_decisions(db: &Db, case: CaseId) -> Result<Vec<RecordedDecision>, StoreError> {
    const SQL: &str =
        "SELECT v.id, v.action, v.basis, v.threshold, v.two_people, v.reason, v.agent, v.agent_name, v.at,
        v.until, v.first_id, v.second_id, v.third_id, v.subject, v.shown_to, v.viewer, v.risk, v.digest, p.id AS approval_id, p.approver_name, p.until AS approved_until, a.id AS acted
        FROM case_verdicts v LEFT JOIN case_approvals p ON p.verdict_id = v.id
        LEFT JOIN case_actions a ON a.verdict_id = v.id WHERE v.case_id = $1 ORDER BY v.at DESC, v.id DESC LIMIT 50";
    let rows: Vec<DecisionRow> = select_all!(db, SQL, case)?;
    Ok(rows.into_iter().map(|row| row.into_recorded(case)).collect())
}

/// Returns whether `agent` approved a decision of `approver` about this person since a time.
///
/// Two agents must not approve each other's decisions.
pub(crate) async fn has_reciprocal_approval(
    tx: &mut Tx,
    approver: ObjectId,
    agent: ObjectId,
    person: PersonKey,
    since: Timestamp,
) -> Result<bool, StoreError> {
    const SQL: &str = "SELECT COUNT(*) FROM case_approvals
        WHERE tenant = $1 AND object = $2 AND approver = $3 AND agent = $4 AND at > $5";
    let (count,): (i64,) = select_one_tx!(tx, SQL, person.tenant, person.object, agent, approver, StoredTime(since))?;
    Ok(count > 0)
}

/// Parameters of a new approval.
pub(crate) struct NewApproval<'a> {
    pub(crate) id: &'a str,
    pub(crate) decision: &'a CaseDecision,
    pub(crate) digest: &'a str,
    pub(crate) person: PersonKey,
    pub(crate) approver: &'a StaffActor,
    pub(crate) now: Timestamp,
    pub(crate) until: Timestamp,
}

/// Inserts the approval of a decision by a second person.
pub(crate) async fn insert_approval(tx: &mut Tx, new: &NewApproval<'_>) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO case_approvals
        (id, verdict_id, agent, approver, approver_name, tenant, object, at, until, digest)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    insert_duty(tx, &new.decision.id, (CaseDuty::Approver, new.approver.key.object)).await?;
    exec_tx!(
        tx,
        SQL,
        new.id,
        &new.decision.id,
        new.decision.agent,
        new.approver.key.object,
        &new.approver.name,
        new.person.tenant,
        new.person.object,
        StoredTime(new.now),
        StoredTime(new.until),
        new.digest
    )?;
    Ok(())
}
