//! Detectors of security alerts. Pure functions from recent activity to findings.
//!
//! Each detector is a weak signal and does not show intent: an agent who helped many people may have had a busy day. An
//! alert only asks a staff member to check it and to write a note.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use crate::base::PersonKey;

const HOUR: SignedDuration = SignedDuration::from_hours(1);
const DAY: SignedDuration = SignedDuration::from_hours(24);
/// Maximum assumed clock difference between Graph and the portal.
const SKEW: SignedDuration = SignedDuration::from_secs(120);

/// Kind of a security alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum AlertKind {
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

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::ManyPeople => "many-people",
            Self::ManyAgents => "many-agents",
            Self::FailuresThenSuccess => "failures-then-success",
            Self::NewMethod => "new-method",
            Self::OddHour => "odd-hour",
        }
    }

    pub(super) fn read(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Returns whether the subject is a staff member instead of a person with a reset.
    pub(super) fn is_about_staff(self) -> bool {
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
    pub(super) went_through: bool,
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
    pub(super) acts: Vec<ObservedAction>,
    pub(super) ends: Vec<ObservedOutcome>,
    pub(super) registered: Vec<MethodRegistration>,
}

/// Thresholds of the detectors: the number from which an alert is raised. 0 disables a detector.
#[derive(Clone, Copy, Debug)]
pub(super) struct DetectorThresholds {
    pub(super) people: usize,
    pub(super) agents: usize,
    pub(super) failures: usize,
    pub(super) method: SignedDuration,
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
pub(super) fn find(
    lately: &RecentActivity,
    thresholds: DetectorThresholds,
    covered: &AcknowledgedUntil,
) -> Vec<AlertFinding> {
    let new = |kind, subject, at: Timestamp| covered.get(&(kind, subject)).is_none_or(|until| at > *until);
    let mut found = Vec::new();
    let by_agent = grouped(&lately.acts, AlertKind::ManyPeople, |act| (act.agent, act.at, act.person), &new);
    found.extend(crowds(by_agent, AlertKind::ManyPeople, HOUR, thresholds.people));
    let by_person = grouped(&lately.acts, AlertKind::ManyAgents, |act| (act.person, act.at, act.agent), &new);
    found.extend(crowds(by_person, AlertKind::ManyAgents, DAY, thresholds.agents));
    found.extend(failures(&lately.ends, thresholds.failures, &new));
    found.extend(methods(lately, thresholds.method, &new));
    let odd: Vec<ObservedAction> = lately.acts.iter().filter(|act| act.odd_hour).copied().collect();
    for (agent, acts) in grouped(&odd, AlertKind::OddHour, |act| (act.agent, act.at, act.person), &new) {
        found.extend(finding(AlertKind::OddHour, agent, acts.len(), acts.iter().map(|(at, _)| *at)));
    }
    found
}

type ContactsBySubject = BTreeMap<PersonKey, Vec<(Timestamp, PersonKey)>>;

/// Groups actions by subject. Each group lists when the subject had contact with whom, in order of time.
fn grouped(
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
fn crowds(groups: ContactsBySubject, kind: AlertKind, span: SignedDuration, threshold: usize) -> Vec<AlertFinding> {
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
        finding(kind, subject, others, times.into_iter()).filter(|_| odd)
    });
    found.collect()
}

/// Detects people whose reset succeeded within an hour after at least `threshold` failures.
fn failures(
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
                !end.went_through && end.at <= success.at && success.at.duration_since(end.at) <= HOUR
            };
            ends.iter().filter(near).map(|end| end.at).chain([success.at]).collect::<Vec<_>>()
        };
        let times = ends.iter().filter(|end| end.went_through).map(before).max_by_key(Vec::len)?;
        let failures = times.len() - 1;
        let odd = threshold > 0 && failures >= threshold;
        finding(kind, person, failures, times.into_iter()).filter(|_| odd)
    });
    found.collect()
}

/// Detects people who registered a sign-in method soon after a successful reset.
fn methods(
    lately: &RecentActivity,
    span: SignedDuration,
    new: &impl Fn(AlertKind, PersonKey, Timestamp) -> bool,
) -> Vec<AlertFinding> {
    let kind = AlertKind::NewMethod;
    let mut by_person: BTreeMap<PersonKey, Vec<Timestamp>> = BTreeMap::new();
    for registered in lately.registered.iter().filter(|r| new(kind, r.person, r.at)) {
        let soon = |end: &&ObservedOutcome| {
            let after = registered.at.duration_since(end.at);
            end.person == registered.person && end.went_through && after >= -SKEW && after <= span
        };
        if span > SignedDuration::ZERO && lately.ends.iter().any(|end| soon(&end)) {
            by_person.entry(registered.person).or_default().push(registered.at);
        }
    }
    let found =
        by_person.into_iter().filter_map(|(person, times)| finding(kind, person, times.len(), times.into_iter()));
    found.collect()
}

fn finding(
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

    const MINUTE: SignedDuration = SignedDuration::from_mins(1);

    fn who(n: usize) -> PersonKey {
        format!("c0de0000-7e5a-4f00-8000-00000000c0de/00000000-0000-4000-8000-{n:012}").parse().unwrap()
    }

    fn at(minutes: i32) -> Timestamp {
        Timestamp::from_second(1_800_000_000).unwrap() + MINUTE * minutes
    }

    fn act(minutes: i32, agent: usize, person: usize) -> ObservedAction {
        ObservedAction { at: at(minutes), agent: who(agent), person: who(person), odd_hour: false }
    }

    fn end(minutes: i32, person: usize, went_through: bool) -> ObservedOutcome {
        ObservedOutcome { at: at(minutes), person: who(person), went_through }
    }

    fn odd(lately: &RecentActivity, covered: &AcknowledgedUntil) -> Vec<(AlertKind, PersonKey, usize)> {
        let thresholds = DetectorThresholds { people: 3, agents: 3, failures: 2, method: HOUR };
        find(lately, thresholds, covered).into_iter().map(|f| (f.kind, f.subject, f.amount)).collect()
    }

    fn acts(acts: &[ObservedAction]) -> RecentActivity {
        RecentActivity { acts: acts.to_vec(), ..RecentActivity::default() }
    }

    fn ends(ends: &[ObservedOutcome]) -> RecentActivity {
        RecentActivity { ends: ends.to_vec(), ..RecentActivity::default() }
    }

    #[test]
    fn one_agent_with_many_people_within_an_hour_is_odd() {
        let none = AcknowledgedUntil::new();
        let many = [act(0, 1, 11), act(30, 1, 12), act(60, 1, 13)];
        assert_eq!(odd(&acts(&many), &none), [(AlertKind::ManyPeople, who(1), 3)]);
        assert_eq!(odd(&acts(&[act(0, 1, 11), act(30, 1, 12), act(61, 1, 13)]), &none), [], "over more than an hour");
        assert_eq!(odd(&acts(&[act(0, 1, 11), act(1, 1, 11), act(2, 1, 12)]), &none), [], "the same person twice");
        assert_eq!(odd(&acts(&[act(0, 1, 11), act(1, 2, 12), act(2, 1, 13)]), &none), [], "two agents");
        let looked = AcknowledgedUntil::from([((AlertKind::ManyPeople, who(1)), at(30))]);
        assert_eq!(odd(&acts(&many), &looked), [], "already acknowledged");
        let zero = DetectorThresholds { people: 0, agents: 0, failures: 0, method: SignedDuration::ZERO };
        assert_eq!(find(&acts(&many), zero, &none), [], "switched off");
    }

    #[test]
    fn many_agents_with_one_person_within_a_day_are_odd() {
        let none = AcknowledgedUntil::new();
        let many = [act(0, 1, 11), act(600, 2, 11), act(1_440, 3, 11)];
        assert_eq!(odd(&acts(&many), &none), [(AlertKind::ManyAgents, who(11), 3)]);
        assert_eq!(odd(&acts(&[act(0, 1, 11), act(600, 2, 11), act(1_441, 3, 11)]), &none), []);
        assert_eq!(odd(&acts(&[act(0, 1, 11), act(1, 2, 11), act(2, 1, 11)]), &none), []);
    }

    #[test]
    fn failures_and_then_success_within_an_hour_are_odd() {
        let none = AcknowledgedUntil::new();
        let one = [end(0, 1, false), end(20, 1, false), end(60, 1, true)];
        assert_eq!(odd(&ends(&one), &none), [(AlertKind::FailuresThenSuccess, who(1), 2)]);
        assert_eq!(odd(&ends(&[end(0, 1, false), end(20, 1, false), end(61, 1, true)]), &none), []);
        assert_eq!(
            odd(&ends(&[end(0, 1, true), end(20, 1, false), end(30, 1, false)]), &none),
            [],
            "the other way round"
        );
        assert_eq!(odd(&ends(&[end(0, 1, false), end(20, 2, false), end(30, 1, true)]), &none), [], "of two people");
    }

    #[test]
    fn a_new_sign_in_method_soon_after_a_reset_is_odd() {
        let none = AcknowledgedUntil::new();
        let registered = |minutes, went_through| RecentActivity {
            ends: vec![end(0, 1, went_through)],
            registered: vec![MethodRegistration { at: at(minutes), person: who(1) }],
            ..RecentActivity::default()
        };
        assert_eq!(odd(&registered(60, true), &none), [(AlertKind::NewMethod, who(1), 1)]);
        assert_eq!(odd(&registered(61, true), &none), []);
        assert_eq!(odd(&registered(-2, true), &none).len(), 1, "clocks differ");
        assert_eq!(odd(&registered(-3, true), &none), [], "before it");
        assert_eq!(odd(&registered(10, false), &none), [], "the reset failed");
        let looked = AcknowledgedUntil::from([((AlertKind::NewMethod, who(1)), at(60))]);
        assert_eq!(odd(&registered(60, true), &looked), []);
    }

    #[test]
    fn work_at_an_odd_hour_is_told_with_its_first_and_last_time() {
        let odd_act = |minutes| ObservedAction { odd_hour: true, ..act(minutes, 1, 11) };
        let found = find(
            &acts(&[odd_act(9), odd_act(3), act(20, 1, 11)]),
            DetectorThresholds { people: 9, agents: 9, failures: 9, method: HOUR },
            &AcknowledgedUntil::new(),
        );
        let expected =
            AlertFinding { kind: AlertKind::OddHour, subject: who(1), amount: 2, first_at: at(3), seen_at: at(9) };
        assert_eq!(found, [expected]);
    }
}
