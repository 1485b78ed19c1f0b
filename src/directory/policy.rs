//! What the domain asks of a password: the fine-grained policy that applies to somebody, else the domain's own.
//!
//! Which attribute means what, in both: MS-SAMR 3.1.1.5; which policy applies: MS-ADTS 3.1.1.4.5.36 `msDS-ResultantPSO`. Read
//! 2026-11-23.

use jiff::SignedDuration;
use serde::Serialize;

use super::entry::{Entry, Interval};

/// The rules that hold for one account.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub(crate) struct Rules {
    /// Characters at least.
    pub(crate) min_length: u32,
    /// How many former passwords may not come back.
    pub(crate) history: u32,
    /// How old a password must be before its owner may change it. Resets by an administrator need not wait.
    pub(crate) min_age: SignedDuration,
    /// Three of the classes of characters, and nothing of the name.
    pub(crate) complexity: bool,
    /// Wrong passwords until the account is locked. 0: it never is.
    pub(crate) lockout_threshold: u32,
    /// How long it stays locked. None: until somebody unlocks it.
    pub(crate) lockout_duration: Option<SignedDuration>,
    pub(crate) source: Source,
}

/// Where rules come from.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Source {
    Domain,
    /// By its name.
    FineGrained(String),
}

/// `DOMAIN_PASSWORD_COMPLEX` in `pwdProperties`.
const COMPLEX: i64 = 1;

pub(super) const OF_DOMAIN: [&str; 6] =
    ["minPwdLength", "pwdHistoryLength", "minPwdAge", "pwdProperties", "lockoutThreshold", "lockoutDuration"];

pub(super) const OF_FINE_GRAINED: [&str; 7] = [
    "name",
    "msDS-MinimumPasswordLength",
    "msDS-PasswordHistoryLength",
    "msDS-MinimumPasswordAge",
    "msDS-PasswordComplexityEnabled",
    "msDS-LockoutThreshold",
    "msDS-LockoutDuration",
];

impl Rules {
    /// The rules of a domain. None when a part of them cannot be read: half a policy would be told as a whole one.
    pub(super) fn of_domain(head: &Entry) -> Option<Self> {
        Some(Self {
            min_length: head.count("minPwdLength")?,
            history: head.count("pwdHistoryLength")?,
            min_age: age(head.interval("minPwdAge")?),
            complexity: head.number("pwdProperties")? & COMPLEX != 0,
            lockout_threshold: head.count("lockoutThreshold")?,
            lockout_duration: lockout(head.interval("lockoutDuration")?),
            source: Source::Domain,
        })
    }

    /// The rules of a fine-grained policy. None when the probe's account may not read it, as by default.
    pub(super) fn of_fine_grained(policy: &Entry) -> Option<Self> {
        Some(Self {
            min_length: policy.count("msDS-MinimumPasswordLength")?,
            history: policy.count("msDS-PasswordHistoryLength")?,
            min_age: age(policy.interval("msDS-MinimumPasswordAge")?),
            complexity: policy.truth("msDS-PasswordComplexityEnabled")?,
            lockout_threshold: policy.count("msDS-LockoutThreshold")?,
            lockout_duration: lockout(policy.interval("msDS-LockoutDuration")?),
            source: Source::FineGrained(policy.text("name")?.to_owned()),
        })
    }
}

fn age(interval: Interval) -> SignedDuration {
    match interval {
        Interval::Lasts(length) => length,
        Interval::ForEver => SignedDuration::MAX,
    }
}

/// No length means until somebody unlocks it, as "for ever" does (MS-ADTS 3.1.1.4.5.17, the first condition of LO).
fn lockout(interval: Interval) -> Option<SignedDuration> {
    match interval {
        Interval::Lasts(length) if !length.is_zero() => Some(length),
        Interval::Lasts(_) | Interval::ForEver => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: [(&str, &str); 6] = [
        ("minPwdLength", "16"),
        ("pwdHistoryLength", "24"),
        ("minPwdAge", "-864000000000"),
        ("pwdProperties", "17"),
        ("lockoutThreshold", "10"),
        ("lockoutDuration", "-18000000000"),
    ];

    fn head(but: (&str, &str)) -> Entry {
        Entry::of(&HEAD.map(|(name, value)| if name == but.0 { but } else { (name, value) }))
    }

    #[test]
    fn a_domain_says_its_rules_in_six_attributes() {
        let rules = Rules::of_domain(&Entry::of(&HEAD)).unwrap();
        assert_eq!((rules.min_length, rules.history, rules.complexity, rules.lockout_threshold), (16, 24, true, 10));
        assert_eq!(rules.min_age, SignedDuration::from_hours(24));
        assert_eq!(rules.lockout_duration, Some(SignedDuration::from_mins(30)));
        assert_eq!(rules.source, Source::Domain);
        assert!(!Rules::of_domain(&head(("pwdProperties", "16"))).unwrap().complexity, "other bits are not this one");
    }

    #[test]
    fn for_ever_is_a_length_too() {
        let never = i64::MIN.to_string();
        for raw in [never.as_str(), "0", "5"] {
            assert_eq!(Rules::of_domain(&head(("lockoutDuration", raw))).unwrap().lockout_duration, None, "{raw}");
        }
        assert_eq!(Rules::of_domain(&head(("minPwdAge", &never))).unwrap().min_age, SignedDuration::MAX);
        assert_eq!(Rules::of_domain(&head(("minPwdAge", "0"))).unwrap().min_age, SignedDuration::ZERO);
    }

    #[test]
    fn half_a_policy_is_none() {
        for (name, _) in HEAD {
            assert_eq!(Rules::of_domain(&head((name, "nonsense"))), None, "{name}");
        }
        assert_eq!(Rules::of_domain(&head(("minPwdLength", "-1"))), None);
        assert_eq!(
            Rules::of_fine_grained(&Entry::of(&[("name", "Long and slow")])),
            None,
            "its name alone is not enough"
        );
    }
}
