//! Rules for sufficient verification of a caller. Pure functions.
//!
//! The configuration gives each method its points and each action its threshold. This module selects the verifications
//! for a decision.
//!
//! - The tables enforce the same rules as foreign keys and check constraints (`migrations/0009_cases.sql`).

use jiff::Timestamp;

use super::duties::{AssignedDuty, CaseDuty, are_separated};
use crate::base::ObjectId;
use crate::config::{ActionThresholds, ThresholdIncreases, VerificationPoints};

/// The action that a case asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CaseAction {
    /// Allows the person to reset their password once.
    AllowReset,
    /// Issues a Temporary Access Pass.
    IssuePass,
    /// Revokes every sign-in session of the person.
    RevokeSessions,
    /// Unlocks the account in Active Directory.
    UnlockAccount,
    /// Lifts the hold on the person's resets.
    LiftHold,
}

impl CaseAction {
    pub(crate) const ALL: [Self; 5] =
        [Self::AllowReset, Self::IssuePass, Self::RevokeSessions, Self::UnlockAccount, Self::LiftHold];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::AllowReset => "grant",
            Self::IssuePass => "pass",
            Self::RevokeSessions => "revoke",
            Self::UnlockAccount => "unlock",
            Self::LiftHold => "thaw",
        }
    }

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.as_str() == name)
    }
}

/// Method to verify a caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum VerificationMethod {
    CallCheck,
    Push,
    Manager,
    CallBack,
    InPerson,
}

impl VerificationMethod {
    pub(crate) const ALL: [Self; 5] = [Self::CallCheck, Self::Push, Self::Manager, Self::CallBack, Self::InPerson];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::CallCheck => "call_check",
            Self::Push => "push",
            Self::Manager => "manager",
            Self::CallBack => "call_back",
            Self::InPerson => "in_person",
        }
    }

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|method| method.as_str() == name)
    }

    /// Returns whether someone other than the agent signs in to confirm.
    pub(crate) fn is_witnessed(self) -> bool {
        matches!(self, Self::CallCheck | Self::Push | Self::Manager)
    }

    /// Returns whether the method only proves that the caller has access to the person's session.
    fn is_own_session(self) -> bool {
        matches!(self, Self::CallCheck | Self::Push)
    }

    pub(crate) fn points(self, points: &VerificationPoints) -> i64 {
        match self {
            Self::CallCheck => points.call_check,
            Self::Push => points.push,
            Self::Manager => points.manager,
            Self::CallBack => points.call_back,
            Self::InPerson => points.in_person,
        }
    }
}

/// Risk factors of a case. Each one increases the required points.
#[expect(clippy::struct_excessive_bools, reason = "each factor stands for itself")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct CaseRisk {
    pub(crate) privileged: bool,
    /// The case came from `/help`, where the requester did not sign in.
    pub(crate) from_internet: bool,
    /// The person's resets are on hold, for example after a reset that they reported as not requested.
    pub(crate) on_hold: bool,
    /// The person said No to a question of the helpdesk within `helpdesk.denial_hours`.
    pub(crate) denied: bool,
}

impl CaseRisk {
    /// Returns the names of the factors, as the table stores them.
    pub(crate) fn to_names(self) -> String {
        let factors = [
            (self.privileged, "privileged"),
            (self.from_internet, "internet"),
            (self.on_hold, "hold"),
            (self.denied, "denied"),
        ];
        factors.into_iter().filter(|(is, _)| *is).map(|(_, name)| name).collect::<Vec<_>>().join(" ")
    }

    /// Reads the names of [`CaseRisk::to_names`].
    pub(crate) fn from_names(names: &str) -> Self {
        let has = |name: &str| names.split(' ').any(|part| part == name);
        Self {
            privileged: has("privileged"),
            from_internet: has("internet"),
            on_hold: has("hold"),
            denied: has("denied"),
        }
    }
}

/// Verification requirements of an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct VerificationRequirements {
    pub(crate) points: i64,
    /// A second person must approve.
    pub(crate) two_people: bool,
    /// Confirmations from the caller's own session alone are not sufficient.
    pub(crate) beyond_own_session: bool,
}

impl VerificationRequirements {
    pub(crate) fn for_action(
        action: CaseAction,
        risk: CaseRisk,
        thresholds: &ActionThresholds,
        raises: &ThresholdIncreases,
    ) -> Self {
        let base = match action {
            CaseAction::AllowReset => thresholds.grant,
            CaseAction::IssuePass => thresholds.pass,
            CaseAction::RevokeSessions => thresholds.revoke,
            CaseAction::UnlockAccount => thresholds.unlock,
            CaseAction::LiftHold => thresholds.thaw,
        };
        let raise = |is: bool, by: i64| if is { by.max(0) } else { 0 };
        // Lifting a hold always concerns a person on hold, so the hold is no additional risk there.
        let frozen = risk.on_hold && action != CaseAction::LiftHold;
        let points = base.max(1)
            + raise(risk.privileged, raises.privileged)
            + raise(risk.from_internet, raises.internet)
            + raise(frozen, raises.frozen);
        Self {
            points,
            // After a No, what opens something takes two people. What protects the person never takes more.
            two_people: risk.privileged || (risk.denied && action != CaseAction::RevokeSessions),
            beyond_own_session: risk.privileged || action == CaseAction::IssuePass,
        }
    }
}

/// A verification of the caller by one method.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CallerVerification {
    pub(crate) id: String,
    pub(crate) method: VerificationMethod,
    pub(crate) points: i64,
    pub(crate) agent: ObjectId,
    pub(crate) agent_name: String,
    /// Who signed in to vouch: the manager. The person's own confirmation has none.
    pub(crate) vouched_by: Option<ObjectId>,
    pub(crate) at: Timestamp,
    pub(crate) until: Timestamp,
}

impl CallerVerification {
    /// Returns the duty that the verification gives to somebody other than the person.
    fn duty(&self) -> Option<AssignedDuty> {
        match self.vouched_by {
            Some(manager) => Some((CaseDuty::Witness, manager)),
            None if !self.method.is_witnessed() => Some((CaseDuty::Attester, self.agent)),
            None => None,
        }
    }
}

/// What is still missing for sufficient verification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct MissingVerification {
    pub(crate) points: i64,
    /// No one signed in to confirm, and no second agent attested.
    pub(crate) witness: bool,
    /// All verifications came from the caller's own session.
    pub(crate) beyond_own_session: bool,
    /// It would suffice, if those who vouched were not also those who attest or act.
    pub(crate) separation: bool,
}

/// Selects the smallest sufficient set of verifications, at most 3, in the order that the tables require.
///
/// `others` are the duties that the decision has besides: those of the agent who makes it, for example.
pub(crate) fn select_sufficient(
    needs: VerificationRequirements,
    have: &[CallerVerification],
    others: &[AssignedDuty],
) -> Result<Vec<CallerVerification>, MissingVerification> {
    let (mut best, mut is_separation_missing): (Option<Vec<&CallerVerification>>, bool) = (None, false);
    for chosen in candidate_sets(have).into_iter().filter(|chosen| is_sufficient(needs, chosen)) {
        let duties: Vec<AssignedDuty> =
            chosen.iter().filter_map(|one| one.duty()).chain(others.iter().copied()).collect();
        if !are_separated(&duties) {
            is_separation_missing = true;
        } else if best.as_ref().is_none_or(|best| chosen.len() < best.len()) {
            best = Some(chosen);
        }
    }
    let missing = || MissingVerification { separation: is_separation_missing, ..missing_verification(needs, have) };
    best.map(|chosen| order_for_storage(&chosen)).ok_or_else(missing)
}

/// Returns the duties of those who verified.
pub(crate) fn duties_of(verifications: &[CallerVerification]) -> Vec<AssignedDuty> {
    verifications.iter().filter_map(CallerVerification::duty).collect()
}

/// Returns every set of 1 to 3 verifications in which no agent appears twice with the same method.
fn candidate_sets(have: &[CallerVerification]) -> Vec<Vec<&CallerVerification>> {
    let mut sets: Vec<Vec<&CallerVerification>> = vec![Vec::new()];
    for one in have {
        let with: Vec<_> = sets
            .iter()
            .filter(|set| set.len() < 3 && !set.iter().any(|o| o.method == one.method && o.agent == one.agent))
            .map(|set| set.iter().copied().chain([one]).collect())
            .collect();
        sets.extend(with);
    }
    sets.retain(|set| !set.is_empty());
    sets
}

fn is_sufficient(needs: VerificationRequirements, set: &[&CallerVerification]) -> bool {
    let missing = shortfall_of(needs, set);
    missing.points <= 0 && !missing.witness && !missing.beyond_own_session
}

fn shortfall_of(needs: VerificationRequirements, set: &[&CallerVerification]) -> MissingVerification {
    let points: i64 = set.iter().map(|one| one.points).sum();
    let witnessed = set.iter().any(|one| one.method.is_witnessed());
    let agents = set.iter().any(|one| set.iter().any(|other| other.agent != one.agent));
    MissingVerification {
        points: needs.points - points,
        witness: !witnessed && !agents,
        beyond_own_session: needs.beyond_own_session && set.iter().all(|one| one.method.is_own_session()),
        separation: false,
    }
}

/// Puts a witnessed verification first. Without one, the first two are by different agents.
fn order_for_storage(set: &[&CallerVerification]) -> Vec<CallerVerification> {
    let mut set: Vec<CallerVerification> = set.iter().map(|one| (*one).clone()).collect();
    set.sort_by_key(|one| !one.method.is_witnessed());
    let different = |one: &CallerVerification, first: &CallerVerification| one.agent != first.agent;
    if let Some(first) = set.first().cloned()
        && !first.method.is_witnessed()
        && let Some(at) = set.iter().position(|one| different(one, &first))
    {
        set.swap(1, at);
    }
    set
}

fn missing_verification(needs: VerificationRequirements, have: &[CallerVerification]) -> MissingVerification {
    // Counts each method of an agent once.
    let mut counted: Vec<&CallerVerification> = Vec::new();
    for one in have {
        if !counted.iter().any(|other| other.method == one.method && other.agent == one.agent) {
            counted.push(one);
        }
    }
    let mut missing = shortfall_of(needs, &counted);
    missing.points = missing.points.max(0);
    missing
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn agent_id(n: u128) -> ObjectId {
        uuid::Uuid::from_u128(n + 1).to_string().parse().unwrap()
    }

    fn verification_by(method: VerificationMethod, who: u128) -> CallerVerification {
        let at = Timestamp::UNIX_EPOCH;
        let points = method.points(&VerificationPoints::default());
        let id = format!("{}-{who}", method.as_str());
        CallerVerification {
            id,
            method,
            points,
            agent: agent_id(who),
            agent_name: String::new(),
            vouched_by: (method == VerificationMethod::Manager).then(|| agent_id(77)),
            at,
            until: at,
        }
    }

    fn requirements_for(action: CaseAction, risk: CaseRisk) -> VerificationRequirements {
        VerificationRequirements::for_action(action, risk, &ActionThresholds::default(), &ThresholdIncreases::default())
    }

    const NO_RISK: CaseRisk = CaseRisk { privileged: false, from_internet: false, on_hold: false, denied: false };
    const PRIVILEGED_RISK: CaseRisk = CaseRisk { privileged: true, ..NO_RISK };

    #[test]
    fn call_check_allows_reset_but_not_pass() {
        let check = [verification_by(VerificationMethod::CallCheck, 1)];
        assert!(select_sufficient(requirements_for(CaseAction::AllowReset, NO_RISK), &check, &[]).is_ok());
        assert!(
            select_sufficient(
                requirements_for(CaseAction::LiftHold, CaseRisk { on_hold: true, ..NO_RISK }),
                &check,
                &[]
            )
            .is_ok()
        );
        let missing = select_sufficient(requirements_for(CaseAction::IssuePass, NO_RISK), &check, &[]).unwrap_err();
        assert_eq!(
            missing,
            MissingVerification { points: 1, witness: false, beyond_own_session: true, separation: false }
        );
        let both = [verification_by(VerificationMethod::CallCheck, 1), verification_by(VerificationMethod::Push, 1)];
        let missing = select_sufficient(requirements_for(CaseAction::IssuePass, NO_RISK), &both, &[]).unwrap_err();
        assert_eq!(
            missing,
            MissingVerification { points: 0, witness: false, beyond_own_session: true, separation: false },
            "both use the same session"
        );
        let manager =
            [verification_by(VerificationMethod::CallCheck, 1), verification_by(VerificationMethod::Manager, 1)];
        assert!(select_sufficient(requirements_for(CaseAction::IssuePass, NO_RISK), &manager, &[]).is_ok());
        assert!(select_sufficient(requirements_for(CaseAction::AllowReset, PRIVILEGED_RISK), &both, &[]).is_err());
    }

    #[test]
    fn attestations_of_one_agent_are_insufficient_and_of_two_agents_can_suffice() {
        let alone =
            [verification_by(VerificationMethod::InPerson, 1), verification_by(VerificationMethod::CallBack, 1)];
        let missing = select_sufficient(requirements_for(CaseAction::AllowReset, NO_RISK), &alone, &[]).unwrap_err();
        assert_eq!(
            missing,
            MissingVerification { points: 0, witness: true, beyond_own_session: false, separation: false }
        );
        let two = [
            verification_by(VerificationMethod::InPerson, 1),
            verification_by(VerificationMethod::CallBack, 1),
            verification_by(VerificationMethod::InPerson, 2),
        ];
        let chosen = select_sufficient(requirements_for(CaseAction::IssuePass, NO_RISK), &two, &[]).unwrap();
        assert!(chosen[0].agent != chosen[1].agent, "{chosen:?}");
        let twice =
            [verification_by(VerificationMethod::CallBack, 1), verification_by(VerificationMethod::CallBack, 1)];
        let missing = select_sufficient(requirements_for(CaseAction::AllowReset, NO_RISK), &twice, &[]).unwrap_err();
        assert_eq!(
            missing,
            MissingVerification { points: 1, witness: true, beyond_own_session: false, separation: false },
            "a repetition counts once"
        );
    }

    #[test]
    fn manager_who_attests_or_acts_is_no_witness() {
        let manager = agent_id(2);
        let vouched =
            CallerVerification { vouched_by: Some(manager), ..verification_by(VerificationMethod::Manager, 1) };
        let needs = requirements_for(CaseAction::IssuePass, NO_RISK);
        let attested = [vouched.clone(), verification_by(VerificationMethod::InPerson, 2)];
        assert!(select_sufficient(needs, &attested, &[]).unwrap_err().separation, "they attest themselves");
        let with_call = [vouched, verification_by(VerificationMethod::CallCheck, 1)];
        assert!(select_sufficient(needs, &with_call, &[(CaseDuty::Requester, agent_id(1))]).is_ok());
        assert!(
            select_sufficient(needs, &with_call, &[(CaseDuty::Viewer, manager)]).is_ok(),
            "the manager sees the pass"
        );
        for duty in [CaseDuty::Requester, CaseDuty::Executor, CaseDuty::Approver] {
            assert!(select_sufficient(needs, &with_call, &[(duty, manager)]).unwrap_err().separation, "{duty:?}");
        }
    }

    #[test]
    fn risk_raises_required_points() {
        assert_eq!(requirements_for(CaseAction::AllowReset, NO_RISK).points, 2);
        assert_eq!(requirements_for(CaseAction::AllowReset, CaseRisk { from_internet: true, ..NO_RISK }).points, 3);
        assert_eq!(
            requirements_for(
                CaseAction::AllowReset,
                CaseRisk { privileged: true, from_internet: true, on_hold: true, denied: false }
            )
            .points,
            5
        );
        assert!(requirements_for(CaseAction::RevokeSessions, PRIVILEGED_RISK).two_people);
        for action in CaseAction::ALL {
            let needs = requirements_for(action, CaseRisk { denied: true, ..NO_RISK });
            assert_eq!(needs.two_people, action != CaseAction::RevokeSessions, "{action:?} after a No");
        }
    }

    #[test]
    fn risk_names_are_read_back() {
        for n in 0..16 {
            let risk =
                CaseRisk { privileged: n & 1 > 0, from_internet: n & 2 > 0, on_hold: n & 4 > 0, denied: n & 8 > 0 };
            assert_eq!(CaseRisk::from_names(&risk.to_names()), risk);
        }
    }

    fn any_verification() -> impl Strategy<Value = CallerVerification> {
        (0..5usize, 0..3u128, 1..4i64).prop_map(|(method, who, points)| {
            let mut one = verification_by(VerificationMethod::ALL[method], who);
            one.points = points;
            one
        })
    }

    proptest! {
        /// Every selected set satisfies the rules of the tables, and every refusal names something missing.
        #[test]
        fn selected_verifications_satisfy_table_rules(
            have in proptest::collection::vec(any_verification(), 0..7), points in 1..8i64, strict: bool,
        ) {
            let needs = VerificationRequirements { points, two_people: strict, beyond_own_session: strict };
            match select_sufficient(needs, &have, &[]) {
                Ok(chosen) => {
                    prop_assert!((1..=3).contains(&chosen.len()));
                    prop_assert!(chosen.iter().map(|c| c.points).sum::<i64>() >= points);
                    prop_assert!(chosen[0].method.is_witnessed() || chosen[1].agent != chosen[0].agent);
                    prop_assert!(!strict || chosen.iter().any(|c| !c.method.is_own_session()));
                    for (n, one) in chosen.iter().enumerate() {
                        prop_assert!(!chosen[..n].iter().any(|o| o.method == one.method && o.agent == one.agent));
                    }
                }
                Err(missing) => {
                    // Either more than 3 verifications were needed, or a part is missing.
                    let some = missing.points > 0 || missing.witness || missing.beyond_own_session;
                    prop_assert!(some || have.len() > 3, "{missing:?}");
                }
            }
        }
    }
}
