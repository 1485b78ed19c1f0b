//! Verification status of a case: its risk, the requirements, and what is still missing.

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::digest::digest_json;
use super::duties::{AssignedDuty, CaseDuty};
use super::error::{CaseError, CaseRefusal};
use super::participants::StaffActor;
use super::person_snapshot::PersonSnapshot;
use super::policy::{CallerVerification, CaseRisk, MissingVerification, VerificationRequirements, select_sufficient};
use super::store::{self, CaseOrigin, HelpdeskCase, RecordedDecision};
use crate::base::{PersonKey, TimestampExt as _};
use crate::eligibility;
use crate::state::AppState;
use crate::store::StoreError;

/// Verification status of a case: its risk, the requirements, the valid verifications, and what is missing.
pub(crate) struct CaseStatus {
    pub(crate) risk: CaseRisk,
    pub(crate) requirements: VerificationRequirements,
    pub(crate) verifications: Vec<CallerVerification>,
    pub(crate) missing: Option<MissingVerification>,
    /// Newest usable decision about the case's action.
    pub(crate) decision: Option<RecordedDecision>,
}

impl CaseStatus {
    /// Returns the digest of what the page of this status shows to someone who decides.
    pub(crate) fn digest(&self, case: &HelpdeskCase) -> String {
        let mut evidence: Vec<&str> = self.verifications.iter().map(|one| one.id.as_str()).collect();
        evidence.sort_unstable();
        let decision = self.decision.as_ref();
        digest_json(&json!({
            "case": case.id.to_string(),
            "subject": case.person.map(|person| person.object.to_string()),
            "action": case.action.as_str(),
            "risk": self.risk.to_names(),
            "points": self.requirements.points,
            "two_people": self.requirements.two_people,
            "evidence": evidence,
            "decision": decision.map(|recorded| &recorded.decision.id),
            "approval": decision.and_then(|recorded| recorded.approval.as_ref()).map(|approval| &approval.id),
        }))
    }
}

/// Returns the duties of a decision that this member of staff makes and executes, without those who verify.
pub(super) fn own_duties(person: PersonKey, staff: PersonKey) -> Vec<AssignedDuty> {
    vec![(CaseDuty::Subject, person.object), (CaseDuty::Requester, staff.object), (CaseDuty::Executor, staff.object)]
}

/// Loads the current verification status of a case about this person, as far as this member of staff could act on it.
pub(crate) async fn load_status(
    app: &AppState,
    case: &HelpdeskCase,
    person: &PersonSnapshot,
    staff: PersonKey,
) -> Result<CaseStatus, CaseError> {
    let risk = assess_risk(app, case, person).await?;
    Ok(load_status_with_risk(app, case, (person.key, staff), risk).await?)
}

/// Loads the status again, under the lock of the case. The risk is that of the first time, because it comes from Graph.
///
/// Reading outside of the transaction is correct: every change of these rows locks the case first.
pub(super) async fn reload_status(
    app: &AppState,
    held: &HelpdeskCase,
    (person, staff): (PersonKey, PersonKey),
    before: &CaseStatus,
) -> Result<CaseStatus, StoreError> {
    load_status_with_risk(app, held, (person, staff), before.risk).await
}

/// Checks that the case is still as the member of staff read it.
pub(super) fn check_unchanged(status: &CaseStatus, case: &HelpdeskCase, seen: &str) -> Result<(), CaseRefusal> {
    if status.digest(case) == seen { Ok(()) } else { Err(CaseRefusal::Changed) }
}

async fn load_status_with_risk(
    app: &AppState,
    case: &HelpdeskCase,
    (person, staff): (PersonKey, PersonKey),
    risk: CaseRisk,
) -> Result<CaseStatus, StoreError> {
    let desk = &app.config.helpdesk;
    let needs = VerificationRequirements::for_action(case.action, risk, &desk.thresholds, &desk.raises);
    let now = app.now();
    // Nothing from before a No of the person counts any more, in any of their cases.
    let denied_at = store::load_last_denial(&app.db, person).await?;
    let is_valid = |at: Timestamp, until: Timestamp| now < until && denied_at.is_none_or(|denied| at > denied);
    let all = store::load_unused_verifications(&app.db, case.id).await?;
    let good: Vec<CallerVerification> = all
        .into_iter()
        .filter(|(action, one)| *action == case.action && is_valid(one.at, one.until))
        .map(|(_, one)| one)
        .collect();
    let decisions = store::load_decisions(&app.db, case.id).await?;
    let decision = decisions
        .into_iter()
        .find(|c| c.decision.action == case.action && c.is_usable(now) && is_valid(c.decision.at, c.decision.until));
    let missing = select_sufficient(needs, &good, &own_duties(person, staff)).err();
    Ok(CaseStatus { risk, requirements: needs, verifications: good, missing, decision })
}

/// Assesses the risk factors of a case.
async fn assess_risk(app: &AppState, case: &HelpdeskCase, person: &PersonSnapshot) -> Result<CaseRisk, CaseError> {
    Ok(CaseRisk {
        privileged: person.is_privileged().await?,
        from_internet: case.origin == CaseOrigin::Internet,
        on_hold: eligibility::is_on_hold(&app.db, person.key).await?,
        denied: has_denied_recently(app, person.key).await?,
    })
}

/// Returns whether the person said No to a question of the helpdesk within the configured time.
async fn has_denied_recently(app: &AppState, person: PersonKey) -> Result<bool, StoreError> {
    let since = app.now().earlier(SignedDuration::from_hours(app.config.helpdesk.denial_hours));
    Ok(store::load_last_denial(&app.db, person).await?.is_some_and(|at| at > since))
}

/// Returns the case's person after checking that they are identified and are not the staff member.
pub(super) fn check_subject(staff: &StaffActor, case: &HelpdeskCase) -> Result<PersonKey, CaseRefusal> {
    let person = case.person.ok_or(CaseRefusal::PersonUnknown)?;
    if person == staff.key { Err(CaseRefusal::AboutYourself) } else { Ok(person) }
}
