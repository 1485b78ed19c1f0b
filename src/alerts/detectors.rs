//! Detectors of security alerts. Pure functions from recent activity to findings.
//!
//! Each detector is a weak signal and does not show intent: an agent who helped many people may have had a busy day. An
//! alert only asks a staff member to check it and to write a note.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use crate::base::PersonKey;

const ONE_HOUR: SignedDuration = SignedDuration::from_hours(1);
const ONE_DAY: SignedDuration = SignedDuration::from_hours(24);
/// Maximum assumed clock difference between Graph and the portal.
const CLOCK_SKEW: SignedDuration = SignedDuration::from_secs(120);

/// Kind of a security alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum AlertKind {
    /// One agent acted on many people within an hour.
    ManyPeople,
    /// Many agents acted on one person within a day.
    ManyAgents,
    /// Several failed resets of a person, then a successful one within an hour.
    FailuresThenSuccess,
    /// A person registered a new sign-in method soon after a reset.
    NewMethod,
    /// An agent acted on a person outside working hours.
    OddHour,
}

impl AlertKind {
    pub(super) const ALL: [Self; 5] =
        [Self::ManyPeople, Self::ManyAgents, Self::FailuresThenSuccess, Self::NewMethod, Self::OddHour];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::ManyPeople => "many-people",
            Self::ManyAgents => "many-agents",
            Self::FailuresThenSuccess => "failures-then-success",
            Self::NewMethod => "new-method",
            Self::OddHour => "odd-hour",
        }
    }

    pub(super) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }

    /// Returns whether the subject is a staff member instead of a person with a reset.
    pub(crate) fn is_about_staff(self) -> bool {
        matches!(self, Self::ManyPeople | Self::OddHour)
    }
}

/// An action of a staff member on a person.
#[derive(Clone, Copy, Debug)]
pub(super) struct ObservedAction {
    pub(super) at: Timestamp,
    pub(super) agent: PersonKey,
    pub(super) person: PersonKey,
    /// The action happened outside working hours.
    pub(super) odd_hour: bool,
}

/// Outcome of an ended reset.
#[derive(Clone, Copy, Debug)]
pub(super) struct ObservedOutcome {
    pub(super) at: Timestamp,
    pub(super) person: PersonKey,
    pub(super) succeeded: bool,
}

/// Registration of a sign-in method by a person.
#[derive(Clone, Copy, Debug)]
pub(super) struct MethodRegistration {
    pub(super) at: Timestamp,
    pub(super) person: PersonKey,
}

/// Recent activity that the detectors examine.
#[derive(Default)]
pub(super) struct RecentActivity {
    pub(super) actions: Vec<ObservedAction>,
    pub(super) outcomes: Vec<ObservedOutcome>,
    pub(super) registrations: Vec<MethodRegistration>,
}

/// Thresholds of the detectors: the number from which an alert is raised. 0 disables a detector.
#[derive(Clone, Copy, Debug)]
pub(super) struct DetectorThresholds {
    pub(super) people_per_agent: usize,
    pub(super) agents_per_person: usize,
    pub(super) failures: usize,
    pub(super) method_window: SignedDuration,
}

/// Finding of a detector, from which an alert is raised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct AlertFinding {
    pub(super) kind: AlertKind,
    pub(super) subject: PersonKey,
    pub(super) amount: usize,
    pub(super) first_at: Timestamp,
    pub(super) seen_at: Timestamp,
}

/// Time until which the alerts of a kind and subject are acknowledged. Earlier events do not count again.
pub(super) type AcknowledgedUntil = BTreeMap<(AlertKind, PersonKey), Timestamp>;

/// Runs all detectors. Returns at most one finding per kind and subject.
pub(super) fn detect_alerts(
    lately: &RecentActivity,
    thresholds: DetectorThresholds,
    covered: &AcknowledgedUntil,
) -> Vec<AlertFinding> {
    let new = |kind, subject, at: Timestamp| covered.get(&(kind, subject)).is_none_or(|until| at > *until);
    let mut found = Vec::new();
    let by_agent = group_contacts(&lately.actions, AlertKind::ManyPeople, |act| (act.agent, act.at, act.person), &new);
    found.extend(detect_crowds(by_agent, AlertKind::ManyPeople, ONE_HOUR, thresholds.people_per_agent));
    let by_person = group_contacts(&lately.actions, AlertKind::ManyAgents, |act| (act.person, act.at, act.agent), &new);
    found.extend(detect_crowds(by_person, AlertKind::ManyAgents, ONE_DAY, thresholds.agents_per_person));
    found.extend(detect_failure_then_success(&lately.outcomes, thresholds.failures, &new));
    found.extend(detect_new_methods(lately, thresholds.method_window, &new));
    let odd: Vec<ObservedAction> = lately.actions.iter().filter(|act| act.odd_hour).copied().collect();
    for (agent, acts) in group_contacts(&odd, AlertKind::OddHour, |act| (act.agent, act.at, act.person), &new) {
        found.extend(new_finding(AlertKind::OddHour, agent, acts.len(), acts.iter().map(|(at, _)| *at)));
    }
    found
}

type ContactsBySubject = BTreeMap<PersonKey, Vec<(Timestamp, PersonKey)>>;

/// Groups actions by subject. Each group lists when the subject had contact with whom, in order of time.
fn group_contacts(
    acts: &[ObservedAction],
    kind: AlertKind,
    read: impl Fn(&ObservedAction) -> (PersonKey, Timestamp, PersonKey),
    new: &impl Fn(AlertKind, PersonKey, Timestamp) -> bool,
) -> ContactsBySubject {
    let mut groups = ContactsBySubject::new();
    for (subject, at, other) in acts.iter().map(read).filter(|(subject, at, _)| new(kind, *subject, *at)) {
        groups.entry(subject).or_default().push((at, other));
    }
    for group in groups.values_mut() {
        group.sort_unstable();
    }
    groups
}

/// Detects subjects that had contact with at least `threshold` others within a time span.
fn detect_crowds(
    groups: ContactsBySubject,
    kind: AlertKind,
    span: SignedDuration,
    threshold: usize,
) -> Vec<AlertFinding> {
    let most = |group: &[(Timestamp, PersonKey)]| {
        let within = |(from, _): &(Timestamp, PersonKey)| {
            let met = group.iter().filter(|(at, _)| at >= from && at.duration_since(*from) <= span);
            let (times, others): (Vec<Timestamp>, BTreeSet<PersonKey>) = met.copied().unzip();
            (others.len(), times)
        };
        group.iter().map(within).max_by_key(|(others, _)| *others).unwrap_or_default()
    };
    let found = groups.into_iter().filter_map(|(subject, group)| {
        let (others, times) = most(&group);
        let odd = threshold > 0 && others >= threshold;
        new_finding(kind, subject, others, times.into_iter()).filter(|_| odd)
    });
    found.collect()
}

/// Detects people whose reset succeeded within an hour after at least `threshold` failures.
fn detect_failure_then_success(
    ends: &[ObservedOutcome],
    threshold: usize,
    new: &impl Fn(AlertKind, PersonKey, Timestamp) -> bool,
) -> Vec<AlertFinding> {
    let kind = AlertKind::FailuresThenSuccess;
    let mut by_person: BTreeMap<PersonKey, Vec<ObservedOutcome>> = BTreeMap::new();
    for end in ends.iter().filter(|end| new(kind, end.person, end.at)) {
        by_person.entry(end.person).or_default().push(*end);
    }
    let found = by_person.into_iter().filter_map(|(person, mut ends)| {
        ends.sort_by_key(|end| end.at);
        let before = |success: &ObservedOutcome| {
            let near = |end: &&ObservedOutcome| {
                !end.succeeded && end.at <= success.at && success.at.duration_since(end.at) <= ONE_HOUR
            };
            ends.iter().filter(near).map(|end| end.at).chain([success.at]).collect::<Vec<_>>()
        };
        let times = ends.iter().filter(|end| end.succeeded).map(before).max_by_key(Vec::len)?;
        let failures = times.len() - 1;
        let odd = threshold > 0 && failures >= threshold;
        new_finding(kind, person, failures, times.into_iter()).filter(|_| odd)
    });
    found.collect()
}

/// Detects people who registered a sign-in method soon after a successful reset.
fn detect_new_methods(
    lately: &RecentActivity,
    span: SignedDuration,
    new: &impl Fn(AlertKind, PersonKey, Timestamp) -> bool,
) -> Vec<AlertFinding> {
    let kind = AlertKind::NewMethod;
    let mut by_person: BTreeMap<PersonKey, Vec<Timestamp>> = BTreeMap::new();
    for registered in lately.registrations.iter().filter(|r| new(kind, r.person, r.at)) {
        let soon = |end: &&ObservedOutcome| {
            let after = registered.at.duration_since(end.at);
            end.person == registered.person && end.succeeded && after >= -CLOCK_SKEW && after <= span
        };
        if span > SignedDuration::ZERO && lately.outcomes.iter().any(|end| soon(&end)) {
            by_person.entry(registered.person).or_default().push(registered.at);
        }
    }
    let found =
        by_person.into_iter().filter_map(|(person, times)| new_finding(kind, person, times.len(), times.into_iter()));
    found.collect()
}

fn new_finding(
    kind: AlertKind,
    subject: PersonKey,
    amount: usize,
    times: impl Iterator<Item = Timestamp> + Clone,
) -> Option<AlertFinding> {
    Some(AlertFinding { kind, subject, amount, first_at: times.clone().min()?, seen_at: times.max()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE_MINUTE: SignedDuration = SignedDuration::from_mins(1);

    fn person_key(n: usize) -> PersonKey {
        format!("c0de0000-7e5a-4f00-8000-00000000c0de/00000000-0000-4000-8000-{n:012}").parse().unwrap()
    }

    fn time_at(minutes: i32) -> Timestamp {
        Timestamp::from_second(1_800_000_000).unwrap() + ONE_MINUTE * minutes
    }

    fn action_at(minutes: i32, agent: usize, person: usize) -> ObservedAction {
        ObservedAction { at: time_at(minutes), agent: person_key(agent), person: person_key(person), odd_hour: false }
    }

    fn outcome_at(minutes: i32, person: usize, went_through: bool) -> ObservedOutcome {
        ObservedOutcome { at: time_at(minutes), person: person_key(person), succeeded: went_through }
    }

    fn detected(lately: &RecentActivity, covered: &AcknowledgedUntil) -> Vec<(AlertKind, PersonKey, usize)> {
        let thresholds =
            DetectorThresholds { people_per_agent: 3, agents_per_person: 3, failures: 2, method_window: ONE_HOUR };
        detect_alerts(lately, thresholds, covered).into_iter().map(|ctx| (ctx.kind, ctx.subject, ctx.amount)).collect()
    }

    fn with_actions(acts: &[ObservedAction]) -> RecentActivity {
        RecentActivity { actions: acts.to_vec(), ..RecentActivity::default() }
    }

    fn with_outcomes(ends: &[ObservedOutcome]) -> RecentActivity {
        RecentActivity { outcomes: ends.to_vec(), ..RecentActivity::default() }
    }

    #[test]
    fn agent_with_many_people_within_an_hour_raises_alert() {
        let none = AcknowledgedUntil::new();
        let many = [action_at(0, 1, 11), action_at(30, 1, 12), action_at(60, 1, 13)];
        assert_eq!(detected(&with_actions(&many), &none), [(AlertKind::ManyPeople, person_key(1), 3)]);
        assert_eq!(
            detected(&with_actions(&[action_at(0, 1, 11), action_at(30, 1, 12), action_at(61, 1, 13)]), &none),
            [],
            "over more than an hour"
        );
        assert_eq!(
            detected(&with_actions(&[action_at(0, 1, 11), action_at(1, 1, 11), action_at(2, 1, 12)]), &none),
            [],
            "the same person twice"
        );
        assert_eq!(
            detected(&with_actions(&[action_at(0, 1, 11), action_at(1, 2, 12), action_at(2, 1, 13)]), &none),
            [],
            "two agents"
        );
        let looked = AcknowledgedUntil::from([((AlertKind::ManyPeople, person_key(1)), time_at(30))]);
        assert_eq!(detected(&with_actions(&many), &looked), [], "already acknowledged");
        let zero = DetectorThresholds {
            people_per_agent: 0,
            agents_per_person: 0,
            failures: 0,
            method_window: SignedDuration::ZERO,
        };
        assert_eq!(detect_alerts(&with_actions(&many), zero, &none), [], "switched off");
    }

    #[test]
    fn person_with_many_agents_within_a_day_raises_alert() {
        let none = AcknowledgedUntil::new();
        let many = [action_at(0, 1, 11), action_at(600, 2, 11), action_at(1_440, 3, 11)];
        assert_eq!(detected(&with_actions(&many), &none), [(AlertKind::ManyAgents, person_key(11), 3)]);
        assert_eq!(
            detected(&with_actions(&[action_at(0, 1, 11), action_at(600, 2, 11), action_at(1_441, 3, 11)]), &none),
            []
        );
        assert_eq!(
            detected(&with_actions(&[action_at(0, 1, 11), action_at(1, 2, 11), action_at(2, 1, 11)]), &none),
            []
        );
    }

    #[test]
    fn failures_then_success_within_an_hour_raise_alert() {
        let none = AcknowledgedUntil::new();
        let one = [outcome_at(0, 1, false), outcome_at(20, 1, false), outcome_at(60, 1, true)];
        assert_eq!(detected(&with_outcomes(&one), &none), [(AlertKind::FailuresThenSuccess, person_key(1), 2)]);
        assert_eq!(
            detected(
                &with_outcomes(&[outcome_at(0, 1, false), outcome_at(20, 1, false), outcome_at(61, 1, true)]),
                &none
            ),
            []
        );
        assert_eq!(
            detected(
                &with_outcomes(&[outcome_at(0, 1, true), outcome_at(20, 1, false), outcome_at(30, 1, false)]),
                &none
            ),
            [],
            "the other way round"
        );
        assert_eq!(
            detected(
                &with_outcomes(&[outcome_at(0, 1, false), outcome_at(20, 2, false), outcome_at(30, 1, true)]),
                &none
            ),
            [],
            "of two people"
        );
    }

    #[test]
    fn new_method_soon_after_successful_reset_raises_alert() {
        let none = AcknowledgedUntil::new();
        let registered = |minutes, went_through| RecentActivity {
            outcomes: vec![outcome_at(0, 1, went_through)],
            registrations: vec![MethodRegistration { at: time_at(minutes), person: person_key(1) }],
            ..RecentActivity::default()
        };
        assert_eq!(detected(&registered(60, true), &none), [(AlertKind::NewMethod, person_key(1), 1)]);
        assert_eq!(detected(&registered(61, true), &none), []);
        assert_eq!(detected(&registered(-2, true), &none).len(), 1, "clocks differ");
        assert_eq!(detected(&registered(-3, true), &none), [], "before it");
        assert_eq!(detected(&registered(10, false), &none), [], "the reset failed");
        let looked = AcknowledgedUntil::from([((AlertKind::NewMethod, person_key(1)), time_at(60))]);
        assert_eq!(detected(&registered(60, true), &looked), []);
    }

    #[test]
    fn odd_hour_alert_has_first_and_last_time() {
        let odd_act = |minutes| ObservedAction { odd_hour: true, ..action_at(minutes, 1, 11) };
        let found = detect_alerts(
            &with_actions(&[odd_act(9), odd_act(3), action_at(20, 1, 11)]),
            DetectorThresholds { people_per_agent: 9, agents_per_person: 9, failures: 9, method_window: ONE_HOUR },
            &AcknowledgedUntil::new(),
        );
        let expected = AlertFinding {
            kind: AlertKind::OddHour,
            subject: person_key(1),
            amount: 2,
            first_at: time_at(3),
            seen_at: time_at(9),
        };
        assert_eq!(found, [expected]);
    }
}
