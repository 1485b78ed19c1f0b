//! Rules for sufficient verification of a caller. Pure functions.
//!
//! The configuration gives each method its points and each action its threshold. This module selects the verifications
//! for a decision.
//!
//! - The tables enforce the same rules as foreign keys and check constraints (`migrations/0009_cases.sql`).

use jiff::Timestamp;

use crate::base::ObjectId;
use crate::config::{ActionThresholds, ThresholdIncreases, VerificationPoints};

/// The action that a case asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CaseAction {
    /// Allows the person to reset their password once.
    Grant,
    /// Issues a Temporary Access Pass.
    Pass,
    /// Revokes every sign-in session of the person.
    Revoke,
    /// Unlocks the account in Active Directory.
    Unlock,
    /// Lifts the hold on the person's resets.
    Thaw,
}

impl CaseAction {
    pub(crate) const ALL: [Self; 5] = [Self::Grant, Self::Pass, Self::Revoke, Self::Unlock, Self::Thaw];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Grant => "grant",
            Self::Pass => "pass",
            Self::Revoke => "revoke",
            Self::Unlock => "unlock",
            Self::Thaw => "thaw",
        }
    }

    pub(crate) fn read(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.name() == name)
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

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::CallCheck => "call_check",
            Self::Push => "push",
            Self::Manager => "manager",
            Self::CallBack => "call_back",
            Self::InPerson => "in_person",
        }
    }

    pub(crate) fn read(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|method| method.name() == name)
    }

    /// Returns whether someone other than the agent signs in to confirm.
    pub(crate) fn witnessed(self) -> bool {
        matches!(self, Self::CallCheck | Self::Push | Self::Manager)
    }

    /// Returns whether the method only proves that the caller has access to the person's session.
    fn own_session(self) -> bool {
        matches!(self, Self::CallCheck | Self::Push)
    }

    pub(super) fn points(self, points: &VerificationPoints) -> i64 {
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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct CaseRisk {
    pub(crate) privileged: bool,
    /// The case came from `/help`, where the requester did not sign in.
    pub(crate) internet: bool,
    /// The person's resets are on hold, for example after a reset that they reported as not requested.
    pub(crate) frozen: bool,
}

/// Verification requirements of an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct VerificationRequirements {
    pub(crate) points: i64,
    /// A second person must approve.
    pub(crate) two_people: bool,
    /// Confirmations from the caller's own session alone are not sufficient.
    pub(crate) beyond_session: bool,
}

impl VerificationRequirements {
    pub(crate) fn of(
        action: CaseAction,
        risk: CaseRisk,
        thresholds: &ActionThresholds,
        raises: &ThresholdIncreases,
    ) -> Self {
        let base = match action {
            CaseAction::Grant => thresholds.grant,
            CaseAction::Pass => thresholds.pass,
            CaseAction::Revoke => thresholds.revoke,
            CaseAction::Unlock => thresholds.unlock,
            CaseAction::Thaw => thresholds.thaw,
        };
        let raise = |is: bool, by: i64| if is { by.max(0) } else { 0 };
        // Lifting a hold always concerns a person on hold, so the hold is no additional risk there.
        let frozen = risk.frozen && action != CaseAction::Thaw;
        let points = base.max(1)
            + raise(risk.privileged, raises.privileged)
            + raise(risk.internet, raises.internet)
            + raise(frozen, raises.frozen);
        Self { points, two_people: risk.privileged, beyond_session: risk.privileged || action == CaseAction::Pass }
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
    pub(crate) at: Timestamp,
    pub(crate) until: Timestamp,
}

/// What is still missing for sufficient verification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct MissingVerification {
    pub(crate) points: i64,
    /// No one signed in to confirm, and no second agent attested.
    pub(crate) witness: bool,
    /// All verifications came from the caller's own session.
    pub(crate) beyond_session: bool,
}

/// Selects the smallest sufficient set of verifications, at most 3, in the order that the tables require.
pub(crate) fn enough(
    needs: VerificationRequirements,
    have: &[CallerVerification],
) -> Result<Vec<CallerVerification>, MissingVerification> {
    let mut best: Option<Vec<&CallerVerification>> = None;
    for chosen in choices(have) {
        let fits = good(needs, &chosen) && best.as_ref().is_none_or(|best| chosen.len() < best.len());
        if fits {
            best = Some(chosen);
        }
    }
    best.map(|chosen| ordered(&chosen)).ok_or_else(|| missing(needs, have))
}

/// Returns every set of 1 to 3 verifications in which no agent appears twice with the same method.
fn choices(have: &[CallerVerification]) -> Vec<Vec<&CallerVerification>> {
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

fn good(needs: VerificationRequirements, set: &[&CallerVerification]) -> bool {
    let missing = short(needs, set);
    missing.points <= 0 && !missing.witness && !missing.beyond_session
}

fn short(needs: VerificationRequirements, set: &[&CallerVerification]) -> MissingVerification {
    let points: i64 = set.iter().map(|one| one.points).sum();
    let witnessed = set.iter().any(|one| one.method.witnessed());
    let agents = set.iter().any(|one| set.iter().any(|other| other.agent != one.agent));
    MissingVerification {
        points: needs.points - points,
        witness: !witnessed && !agents,
        beyond_session: needs.beyond_session && set.iter().all(|one| one.method.own_session()),
    }
}

/// Puts a witnessed verification first. Without one, the first two are by different agents.
fn ordered(set: &[&CallerVerification]) -> Vec<CallerVerification> {
    let mut set: Vec<CallerVerification> = set.iter().map(|one| (*one).clone()).collect();
    set.sort_by_key(|one| !one.method.witnessed());
    let different = |one: &CallerVerification, first: &CallerVerification| one.agent != first.agent;
    if let Some(first) = set.first().cloned()
        && !first.method.witnessed()
        && let Some(at) = set.iter().position(|one| different(one, &first))
    {
        set.swap(1, at);
    }
    set
}

fn missing(needs: VerificationRequirements, have: &[CallerVerification]) -> MissingVerification {
    // Counts each method of an agent once.
    let mut counted: Vec<&CallerVerification> = Vec::new();
    for one in have {
        if !counted.iter().any(|other| other.method == one.method && other.agent == one.agent) {
            counted.push(one);
        }
    }
    let mut missing = short(needs, &counted);
    missing.points = missing.points.max(0);
    missing
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn agent(n: u128) -> ObjectId {
        uuid::Uuid::from_u128(n + 1).to_string().parse().unwrap()
    }

    fn by(method: VerificationMethod, who: u128) -> CallerVerification {
        let at = Timestamp::UNIX_EPOCH;
        let points = method.points(&VerificationPoints::default());
        let id = format!("{}-{who}", method.name());
        CallerVerification { id, method, points, agent: agent(who), agent_name: String::new(), at, until: at }
    }

    fn needs(action: CaseAction, risk: CaseRisk) -> VerificationRequirements {
        VerificationRequirements::of(action, risk, &ActionThresholds::default(), &ThresholdIncreases::default())
    }

    const USUAL: CaseRisk = CaseRisk { privileged: false, internet: false, frozen: false };
    const PRIVILEGED: CaseRisk = CaseRisk { privileged: true, ..USUAL };

    #[test]
    fn a_call_check_lets_somebody_reset_and_gives_nobody_a_pass() {
        let check = [by(VerificationMethod::CallCheck, 1)];
        assert!(enough(needs(CaseAction::Grant, USUAL), &check).is_ok());
        assert!(enough(needs(CaseAction::Thaw, CaseRisk { frozen: true, ..USUAL }), &check).is_ok());
        let missing = enough(needs(CaseAction::Pass, USUAL), &check).unwrap_err();
        assert_eq!(missing, MissingVerification { points: 1, witness: false, beyond_session: true });
        let both = [by(VerificationMethod::CallCheck, 1), by(VerificationMethod::Push, 1)];
        let missing = enough(needs(CaseAction::Pass, USUAL), &both).unwrap_err();
        assert_eq!(
            missing,
            MissingVerification { points: 0, witness: false, beyond_session: true },
            "both use the same session"
        );
        let manager = [by(VerificationMethod::CallCheck, 1), by(VerificationMethod::Manager, 1)];
        assert!(enough(needs(CaseAction::Pass, USUAL), &manager).is_ok());
        assert!(enough(needs(CaseAction::Grant, PRIVILEGED), &both).is_err());
    }

    #[test]
    fn one_agents_word_is_never_enough_and_two_agents_words_can_be() {
        let alone = [by(VerificationMethod::InPerson, 1), by(VerificationMethod::CallBack, 1)];
        let missing = enough(needs(CaseAction::Grant, USUAL), &alone).unwrap_err();
        assert_eq!(missing, MissingVerification { points: 0, witness: true, beyond_session: false });
        let two = [
            by(VerificationMethod::InPerson, 1),
            by(VerificationMethod::CallBack, 1),
            by(VerificationMethod::InPerson, 2),
        ];
        let chosen = enough(needs(CaseAction::Pass, USUAL), &two).unwrap();
        assert!(chosen[0].agent != chosen[1].agent, "{chosen:?}");
        let twice = [by(VerificationMethod::CallBack, 1), by(VerificationMethod::CallBack, 1)];
        let missing = enough(needs(CaseAction::Grant, USUAL), &twice).unwrap_err();
        assert_eq!(
            missing,
            MissingVerification { points: 1, witness: true, beyond_session: false },
            "a repetition counts once"
        );
    }

    #[test]
    fn risk_raises_what_is_needed() {
        assert_eq!(needs(CaseAction::Grant, USUAL).points, 2);
        assert_eq!(needs(CaseAction::Grant, CaseRisk { internet: true, ..USUAL }).points, 3);
        assert_eq!(needs(CaseAction::Grant, CaseRisk { privileged: true, internet: true, frozen: true }).points, 5);
        assert!(needs(CaseAction::Revoke, PRIVILEGED).two_people);
    }

    fn any_verification() -> impl Strategy<Value = CallerVerification> {
        (0..5usize, 0..3u128, 1..4i64).prop_map(|(method, who, points)| {
            let mut one = by(VerificationMethod::ALL[method], who);
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
            let needs = VerificationRequirements { points, two_people: strict, beyond_session: strict };
            match enough(needs, &have) {
                Ok(chosen) => {
                    prop_assert!((1..=3).contains(&chosen.len()));
                    prop_assert!(chosen.iter().map(|c| c.points).sum::<i64>() >= points);
                    prop_assert!(chosen[0].method.witnessed() || chosen[1].agent != chosen[0].agent);
                    prop_assert!(!strict || chosen.iter().any(|c| !c.method.own_session()));
                    for (n, one) in chosen.iter().enumerate() {
                        prop_assert!(!chosen[..n].iter().any(|o| o.method == one.method && o.agent == one.agent));
                    }
                }
                Err(missing) => {
                    // Either more than 3 verifications were needed, or a part is missing.
                    let some = missing.points > 0 || missing.witness || missing.beyond_session;
                    prop_assert!(some || have.len() > 3, "{missing:?}");
                }
            }
        }
    }
}
