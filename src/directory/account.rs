//! State of one Active Directory account, read from its LDAP attributes only.
//!
//! Sources: bits of `userAccountControl`: MS-ADTS 2.2.16; account lockout and password expiry: MS-ADTS 3.1.1.4.5.17
//! `msDS-User-Account-Control-Computed`; `adminCount`: MS-ADTS 3.1.1.6.1; the rest: MS-SAMR. Read 2026-11-23.

use crate::base::TimestampExt as _;
use jiff::Timestamp;
use serde::{Serialize, Serializer};

use super::ldap_entry::LdapEntry;
use super::password_rules::DirectoryPasswordRules;
use super::security_descriptor::denies_password_change;
use super::sid::Sid;

/// Account disabled.
const UF_ACCOUNTDISABLE: i64 = 0x2;
/// Account locked. Only `msDS-User-Account-Control-Computed` has this bit.
const UF_LOCKOUT: i64 = 0x10;
/// Password never expires.
const UF_DONT_EXPIRE_PASSWD: i64 = 0x1_0000;
/// Smart card required for sign-in, so the password is never used.
const UF_SMARTCARD_REQUIRED: i64 = 0x4_0000;

/// Attributes to request.
pub(super) const ACCOUNT_ATTRIBUTES: [&str; 9] = [
    "objectSid",
    "userAccountControl",
    // Constructed attributes: a domain controller sends these two only when they are requested by name.
    "msDS-User-Account-Control-Computed",
    "msDS-ResultantPSO",
    "pwdLastSet",
    "lockoutTime",
    "accountExpires",
    "adminCount",
    "nTSecurityDescriptor",
];

/// Active Directory account at the time of the lookup.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "independent account properties, any of which can occur together")]
pub(crate) struct DirectoryAccount {
    #[serde(serialize_with = "as_text")]
    pub(crate) sid: Option<Sid>,
    /// Time at which the password was set. `None`: it must be changed at the next sign-in, or the time cannot be read.
    pub(crate) pwd_last_set: Option<Timestamp>,
    pub(crate) must_change: bool,
    pub(crate) locked: bool,
    /// Time at which the lockout ends automatically. `None` while locked: only an administrator can unlock the account,
    /// or the time is unknown.
    pub(crate) locked_until: Option<Timestamp>,
    pub(crate) disabled: bool,
    /// "User cannot change password". `None`: unknown to the probe.
    pub(crate) cannot_change: Option<bool>,
    /// Protected administrator account (`adminCount` 1). The domain keeps resetting its permissions, so the writeback
    /// agent has no right to change it. The value remains after the account leaves the group.
    pub(crate) protected: bool,
    pub(crate) password_never_expires: bool,
    /// Account expired, independently of its password.
    pub(crate) expired: bool,
    /// Password rules of the account. `None`: they cannot be read and are unknown, not absent.
    pub(crate) rules: Option<DirectoryPasswordRules>,
}

impl DirectoryAccount {
    /// Reads an account from its attributes. `None` without `userAccountControl`, on which most fields depend.
    pub(super) fn from_entry(entry: &LdapEntry, rules: Option<DirectoryPasswordRules>, now: Timestamp) -> Option<Self> {
        let flags = entry.number("userAccountControl")?;
        let lock = AccountLockout::from_entry(entry, rules.as_ref(), now);
        let exempt = flags & (UF_DONT_EXPIRE_PASSWD | UF_SMARTCARD_REQUIRED) != 0;
        Some(Self {
            sid: entry.bytes("objectSid").and_then(Sid::from_bytes),
            pwd_last_set: entry.timestamp("pwdLastSet"),
            must_change: entry.number("pwdLastSet") == Some(0) && !exempt,
            locked: lock.is_locked,
            locked_until: lock.locked_until,
            disabled: flags & UF_ACCOUNTDISABLE != 0,
            cannot_change: entry.bytes("nTSecurityDescriptor").and_then(denies_password_change),
            protected: entry.number("adminCount") == Some(1),
            password_never_expires: flags & UF_DONT_EXPIRE_PASSWD != 0,
            expired: entry.timestamp("accountExpires").is_some_and(|end| end <= now),
            rules,
        })
    }

    /// Returns when the owner may change the password again, while its minimum age has not passed.
    pub(crate) fn next_change_allowed_at(&self, now: Timestamp) -> Option<Timestamp> {
        let age = self.rules.as_ref()?.min_age;
        let end = self.pwd_last_set?.later(age);
        (end > now).then_some(end)
    }
}

struct AccountLockout {
    is_locked: bool,
    locked_until: Option<Timestamp>,
}

impl AccountLockout {
    /// Reads whether the account is locked. `lockoutTime` keeps its value after the lockout has ended, so the domain
    /// controller's computed flag decides, and without it the policy's lockout duration.
    fn from_entry(entry: &LdapEntry, rules: Option<&DirectoryPasswordRules>, now: Timestamp) -> Self {
        let since = entry.timestamp("lockoutTime");
        let duration = rules.and_then(|rules| rules.lockout_duration);
        let until = since.zip(duration).map(|(at, length)| at.later(length));
        let closed = match entry.number("msDS-User-Account-Control-Computed") {
            Some(computed) => computed & UF_LOCKOUT != 0,
            None => since.is_some() && until.is_none_or(|end| end >= now),
        };
        Self { is_locked: closed, locked_until: until.filter(|_| closed) }
    }
}

#[expect(clippy::ref_option, reason = "signature required by serde")]
fn as_text<S: Serializer>(sid: &Option<Sid>, to: S) -> Result<S::Ok, S::Error> {
    sid.as_ref().map(ToString::to_string).serialize(to)
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;
    use proptest::prelude::*;

    use super::*;

    /// 2026-01-01T00:00:00Z as a FILETIME, in units of 100 ns since 1601.
    const NEW_YEAR_FILETIME: i64 = 134_116_992_000_000_000;
    const MINUTE_FILETIME_UNITS: i64 = 600_000_000;

    fn fixed_now() -> Timestamp {
        "2026-01-01T00:00:00Z".parse().unwrap()
    }

    fn domain_rules(lockout: &str) -> Option<DirectoryPasswordRules> {
        DirectoryPasswordRules::from_domain(&LdapEntry::from_pairs(&[
            ("minPwdLength", "16"),
            ("pwdHistoryLength", "24"),
            ("minPwdAge", "-864000000000"),
            ("pwdProperties", "1"),
            ("lockoutThreshold", "10"),
            ("lockoutDuration", lockout),
        ]))
    }

    fn parse_account(attributes: &[(&str, &str)]) -> DirectoryAccount {
        let all = [&[("userAccountControl", "512")], attributes].concat();
        DirectoryAccount::from_entry(&LdapEntry::from_pairs(&all), domain_rules("-18000000000"), fixed_now()).unwrap()
    }

    #[test]
    fn minimum_age_runs_from_the_last_change() {
        let hour_ago = (NEW_YEAR_FILETIME - 60 * MINUTE_FILETIME_UNITS).to_string();
        let fresh = parse_account(&[("pwdLastSet", &hour_ago)]);
        assert_eq!(fresh.next_change_allowed_at(fixed_now()).unwrap().to_string(), "2026-01-01T23:00:00Z");
        let later = fixed_now() + SignedDuration::from_hours(23);
        assert_eq!(fresh.next_change_allowed_at(later), None, "it ends with the minute it names");
        assert_eq!(
            parse_account(&[("pwdLastSet", "0")]).next_change_allowed_at(fixed_now()),
            None,
            "who must change may change"
        );
        assert_eq!(DirectoryAccount { rules: None, ..fresh }.next_change_allowed_at(fixed_now()), None);
    }

    #[test]
    fn zero_pwd_last_set_requires_change_unless_exempt() {
        assert!(parse_account(&[("pwdLastSet", "0")]).must_change);
        assert!(!parse_account(&[]).must_change, "an unreadable attribute requires no change");
        let exempt = parse_account(&[("pwdLastSet", "0"), ("userAccountControl", "66048")]);
        assert_eq!((exempt.must_change, exempt.password_never_expires), (false, true));
    }

    #[test]
    fn computed_lockout_flag_overrides_lockout_time() {
        let minute_ago = (NEW_YEAR_FILETIME - MINUTE_FILETIME_UNITS).to_string();
        let computed = "msDS-User-Account-Control-Computed";
        let locked = parse_account(&[("lockoutTime", &minute_ago), (computed, "16")]);
        assert_eq!((locked.locked, locked.locked_until.unwrap().to_string().as_str()), (true, "2026-01-01T00:29:00Z"));
        let open = parse_account(&[("lockoutTime", &minute_ago), (computed, "8388608")]);
        assert_eq!((open.locked, open.locked_until), (false, None));
    }

    #[test]
    fn lockout_without_computed_flag_lasts_policy_duration() {
        let locked = |minutes: i64, lockout: &str| {
            let time = (NEW_YEAR_FILETIME - minutes * MINUTE_FILETIME_UNITS).to_string();
            let entry = LdapEntry::from_pairs(&[("userAccountControl", "512"), ("lockoutTime", &time)]);
            let account = DirectoryAccount::from_entry(&entry, domain_rules(lockout), fixed_now()).unwrap();
            (account.locked, account.locked_until.is_some())
        };
        assert_eq!(locked(29, "-18000000000"), (true, true));
        assert_eq!(locked(30, "-18000000000"), (true, true), "including the last moment");
        assert_eq!(locked(31, "-18000000000"), (false, false));
        assert_eq!(locked(99_999, &i64::MIN.to_string()), (true, false), "until an administrator unlocks it");
        assert!(!parse_account(&[("lockoutTime", "0")]).locked);
    }

    #[test]
    fn account_flags_are_read_as_single_bits() {
        let off = parse_account(&[("userAccountControl", "514")]);
        assert_eq!((off.disabled, off.password_never_expires, parse_account(&[]).disabled), (true, false, false));
        assert!(parse_account(&[("adminCount", "1")]).protected && !parse_account(&[("adminCount", "0")]).protected);
        assert_eq!(parse_account(&[]).cannot_change, None, "unknown without a descriptor");
    }

    #[test]
    fn account_expires_at_its_time_and_never_by_default() {
        let expired = |value: &str| parse_account(&[("accountExpires", value)]).expired;
        assert!(expired(&NEW_YEAR_FILETIME.to_string()) && !expired(&(NEW_YEAR_FILETIME + 1).to_string()));
        assert!(!expired("0") && !expired(&i64::MAX.to_string()));
    }

    proptest! {
        #[test]
        fn arbitrary_attribute_values_never_panic(values in prop::collection::vec("(-?[0-9]{1,20})|\\PC{0,8}", ACCOUNT_ATTRIBUTES.len())) {
            let pairs: Vec<(&str, &str)> = ACCOUNT_ATTRIBUTES.into_iter().zip(values.iter().map(String::as_str)).collect();
            for policy in [domain_rules(&i64::MIN.to_string()), domain_rules("-18000000000"), None] {
                if let Some(account) = DirectoryAccount::from_entry(&LdapEntry::from_pairs(&pairs), policy, fixed_now()) {
                    let _ = account.next_change_allowed_at(fixed_now());
                }
            }
        }
    }
}
