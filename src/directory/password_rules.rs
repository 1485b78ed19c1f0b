//! Password rules of Active Directory: the fine-grained policy that applies to an account, or else the domain's rules.
//!
//! Sources: meaning of the attributes in both: MS-SAMR 3.1.1.5; which policy applies: MS-ADTS 3.1.1.4.5.36
//! `msDS-ResultantPSO`. Read 2026-11-23.

use jiff::SignedDuration;
use serde::Serialize;

use super::ldap_entry::{LdapEntry, PolicyInterval};

/// Password rules that apply to an account.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub(crate) struct DirectoryPasswordRules {
    /// Minimum number of characters.
    pub(crate) min_length: u32,
    /// Number of previous passwords that must not be reused.
    pub(crate) history: u32,
    /// Minimum age of a password before its owner may change it. It does not apply to resets by an administrator.
    pub(crate) min_age: SignedDuration,
    /// Requires 3 character classes and no part of the name.
    pub(crate) complexity: bool,
    /// Number of wrong passwords after which the account is locked. 0: never.
    pub(crate) lockout_threshold: u32,
    /// Duration of a lockout. `None`: until an administrator unlocks the account.
    pub(crate) lockout_duration: Option<SignedDuration>,
    pub(crate) source: RulesSource,
}

/// Source of password rules.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RulesSource {
    Domain,
    /// Fine-grained policy with its name.
    FineGrained(String),
}

/// Complexity bit of `pwdProperties`.
const DOMAIN_PASSWORD_COMPLEX: i64 = 1;

pub(super) const DOMAIN_ATTRIBUTES: [&str; 6] =
    ["minPwdLength", "pwdHistoryLength", "minPwdAge", "pwdProperties", "lockoutThreshold", "lockoutDuration"];

pub(super) const FINE_GRAINED_ATTRIBUTES: [&str; 7] = [
    "name",
    "msDS-MinimumPasswordLength",
    "msDS-PasswordHistoryLength",
    "msDS-MinimumPasswordAge",
    "msDS-PasswordComplexityEnabled",
    "msDS-LockoutThreshold",
    "msDS-LockoutDuration",
];

impl DirectoryPasswordRules {
    /// Reads the rules of a domain. `None` if any of them cannot be read: an incomplete policy must not be shown as a
    /// complete one.
    pub(super) fn from_domain(head: &LdapEntry) -> Option<Self> {
        Some(Self {
            min_length: head.unsigned_number("minPwdLength")?,
            history: head.unsigned_number("pwdHistoryLength")?,
            min_age: minimum_age(head.interval("minPwdAge")?),
            complexity: head.number("pwdProperties")? & DOMAIN_PASSWORD_COMPLEX != 0,
            lockout_threshold: head.unsigned_number("lockoutThreshold")?,
            lockout_duration: lockout_duration(head.interval("lockoutDuration")?),
            source: RulesSource::Domain,
        })
    }

    /// Reads the rules of a fine-grained policy. `None` if the probe's account has no right to read it, which is the
    /// default.
    pub(super) fn from_fine_grained_policy(policy: &LdapEntry) -> Option<Self> {
        Some(Self {
            min_length: policy.unsigned_number("msDS-MinimumPasswordLength")?,
            history: policy.unsigned_number("msDS-PasswordHistoryLength")?,
            min_age: minimum_age(policy.interval("msDS-MinimumPasswordAge")?),
            complexity: policy.boolean("msDS-PasswordComplexityEnabled")?,
            lockout_threshold: policy.unsigned_number("msDS-LockoutThreshold")?,
            lockout_duration: lockout_duration(policy.interval("msDS-LockoutDuration")?),
            source: RulesSource::FineGrained(policy.text("name")?.to_owned()),
        })
    }
}

fn minimum_age(interval: PolicyInterval) -> SignedDuration {
    match interval {
        PolicyInterval::Finite(length) => length,
        PolicyInterval::Forever => SignedDuration::MAX,
    }
}

/// Converts a lockout duration. Zero means until an administrator unlocks the account, as forever does (MS-ADTS
/// 3.1.1.4.5.17, the first condition of LO).
fn lockout_duration(interval: PolicyInterval) -> Option<SignedDuration> {
    match interval {
        PolicyInterval::Finite(length) if !length.is_zero() => Some(length),
        PolicyInterval::Finite(_) | PolicyInterval::Forever => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOMAIN_VALUES: [(&str, &str); 6] = [
        ("minPwdLength", "16"),
        ("pwdHistoryLength", "24"),
        ("minPwdAge", "-864000000000"),
        ("pwdProperties", "17"),
        ("lockoutThreshold", "10"),
        ("lockoutDuration", "-18000000000"),
    ];

    fn domain_entry_with(but: (&str, &str)) -> LdapEntry {
        LdapEntry::from_pairs(&DOMAIN_VALUES.map(|(name, value)| if name == but.0 { but } else { (name, value) }))
    }

    #[test]
    fn domain_rules_are_read_from_six_attributes() {
        let rules = DirectoryPasswordRules::from_domain(&LdapEntry::from_pairs(&DOMAIN_VALUES)).unwrap();
        assert_eq!((rules.min_length, rules.history, rules.complexity, rules.lockout_threshold), (16, 24, true, 10));
        assert_eq!(rules.min_age, SignedDuration::from_hours(24));
        assert_eq!(rules.lockout_duration, Some(SignedDuration::from_mins(30)));
        assert_eq!(rules.source, RulesSource::Domain);
        assert!(
            !DirectoryPasswordRules::from_domain(&domain_entry_with(("pwdProperties", "16"))).unwrap().complexity,
            "other bits are ignored"
        );
    }

    #[test]
    fn forever_and_zero_intervals_are_read() {
        let never = i64::MIN.to_string();
        for raw in [never.as_str(), "0", "5"] {
            assert_eq!(
                DirectoryPasswordRules::from_domain(&domain_entry_with(("lockoutDuration", raw)))
                    .unwrap()
                    .lockout_duration,
                None,
                "{raw}"
            );
        }
        assert_eq!(
            DirectoryPasswordRules::from_domain(&domain_entry_with(("minPwdAge", &never))).unwrap().min_age,
            SignedDuration::MAX
        );
        assert_eq!(
            DirectoryPasswordRules::from_domain(&domain_entry_with(("minPwdAge", "0"))).unwrap().min_age,
            SignedDuration::ZERO
        );
    }

    #[test]
    fn incomplete_policy_is_unknown() {
        for (name, _) in DOMAIN_VALUES {
            assert_eq!(DirectoryPasswordRules::from_domain(&domain_entry_with((name, "nonsense"))), None, "{name}");
        }
        assert_eq!(DirectoryPasswordRules::from_domain(&domain_entry_with(("minPwdLength", "-1"))), None);
        assert_eq!(
            DirectoryPasswordRules::from_fine_grained_policy(&LdapEntry::from_pairs(&[("name", "Long and slow")])),
            None,
            "a name alone is not a policy"
        );
    }
}
