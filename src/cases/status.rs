//! Verification status of a case: its risk, the requirements, and what is still missing.

use super::error::{CaseError, CaseRefusal};
use super::participants::StaffActor;
use super::person_snapshot::PersonSnapshot;
use super::policy::{CallerVerification, CaseRisk, MissingVerification, VerificationRequirements, select_sufficient};
use super::store::{self, CaseOrigin, HelpdeskCase, RecordedDecision};
use crate::base::PersonKey;
use crate::eligibility;
use crate::state::AppState;

/// Verification status of a case: its risk, the requirements, the valid verifications, and what is missing.
pub(crate) struct CaseStatus {
    pub(crate) risk: CaseRisk,
    pub(crate) requirements: VerificationRequirements,
    pub(crate) verifications: Vec<CallerVerification>,
    pub(crate) missing: Option<MissingVerification>,
    /// Newest usable decision about the case's action.
    pub(crate) decision: Option<RecordedDecision>,
}

/// Loads the current verification status of a case about this person.
pub(crate) async fn load_status(
    app: &AppState,
    case: &HelpdeskCase,
    person: &PersonSnapshot,
) -> Result<CaseStatus, CaseError> {
    let risk = assess_risk(app, case, person).await?;
    let desk = &app.config.helpdesk;
    let needs = VerificationRequirements::for_action(case.action, risk, &desk.thresholds, &desk.raises);
    let now = app.now();
    let all = store::load_unused_verifications(&app.db, case.id).await?;
    let good: Vec<CallerVerification> =
        all.into_iter().filter(|(action, one)| *action == case.action && now < one.until).map(|(_, one)| one).collect();
    let decisions = store::load_decisions(&app.db, case.id).await?;
    let decision = decisions.into_iter().find(|c| c.decision.action == case.action && c.is_usable(now));
    let missing = select_sufficient(needs, &good).err();
    Ok(CaseStatus { risk, requirements: needs, verifications: good, missing, decision })
}

/// Assesses the risk factors of a case.
async fn assess_risk(app: &AppState, case: &HelpdeskCase, person: &PersonSnapshot) -> Result<CaseRisk, CaseError> {
    Ok(CaseRisk {
        privileged: person.is_privileged().await?,
        from_internet: case.origin == CaseOrigin::Internet,
        on_hold: eligibility::is_on_hold(&app.db, person.key).await?,
    })
}

/// Returns the case's person after checking that they are identified and are not the staff member.
pub(super) fn check_subject(staff: &StaffActor, case: &HelpdeskCase) -> Result<PersonKey, CaseRefusal> {
    let person = case.person.ok_or(CaseRefusal::PersonUnknown)?;
    if person == staff.key { Err(CaseRefusal::AboutYourself) } else { Ok(person) }
}
