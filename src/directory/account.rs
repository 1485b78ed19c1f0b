//! State of one Active Directory account, read from its LDAP attributes only.
//!
//! Sources: bits of `userAccountControl`: MS-ADTS 2.2.16; account lockout and password expiry: MS-ADTS 3.1.1.4.5.17
//! `msDS-User-Account-Control-Computed`; `adminCount`: MS-ADTS 3.1.1.6.1; the rest: MS-SAMR. Read 2026-11-23.

use jiff::Timestamp;
use serde::{Serialize, Serializer};

use super::descriptor::cannot_change;
use super::entry::LdapEntry;
use super::policy::DirectoryPasswordRules;
use super::sid::Sid;

/// Account disabled.
const DISABLED: i64 = 0x2;
/// Account locked. Only `msDS-User-Account-Control-Computed` has this bit.
const LOCKED: i64 = 0x10;
/// Password never expires.
const NEVER_EXPIRES: i64 = 0x1_0000;
/// Smart card required for sign-in, so the password is never used.
const SMARTCARD: i64 = 0x4_0000;

/// Attributes to request.
pub(super) const ATTRIBUTES: [&str; 9] = [
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
    pub(super) fn read(entry: &LdapEntry, rules: Option<DirectoryPasswordRules>, now: Timestamp) -> Option<Self> {
        let flags = entry.number("userAccountControl")?;
        let lock = AccountLockout::read(entry, rules.as_ref(), now);
        let exempt = flags & (NEVER_EXPIRES | SMARTCARD) != 0;
        Some(Self {
            sid: entry.bytes("objectSid").and_then(Sid::from_bytes),
            pwd_last_set: entry.time("pwdLastSet"),
            must_change: entry.number("pwdLastSet") == Some(0) && !exempt,
            locked: lock.closed,
            locked_until: lock.until,
            disabled: flags & DISABLED != 0,
            cannot_change: entry.bytes("nTSecurityDescriptor").and_then(cannot_change),
            protected: entry.number("adminCount") == Some(1),
            password_never_expires: flags & NEVER_EXPIRES != 0,
            expired: entry.time("accountExpires").is_some_and(|end| end <= now),
            rules,
        })
    }

    /// Returns when the owner may change the password again, while its minimum age has not passed.
    pub(crate) fn may_change_after(&self, now: Timestamp) -> Option<Timestamp> {
        let age = self.rules.as_ref()?.min_age;
        let end = self.pwd_last_set?.saturating_add(age).unwrap_or(Timestamp::MAX);
        (end > now).then_some(end)
    }
}

struct AccountLockout {
    closed: bool,
    until: Option<Timestamp>,
}

impl AccountLockout {
    /// Reads whether the account is locked. `lockoutTime` keeps its value after the lockout has ended, so the domain
    /// controller's computed flag decides, and without it the policy's lockout duration.
    fn read(entry: &LdapEntry, rules: Option<&DirectoryPasswordRules>, now: Timestamp) -> Self {
        let since = entry.time("lockoutTime");
        let duration = rules.and_then(|rules| rules.lockout_duration);
        let until = since.zip(duration).map(|(at, length)| at.saturating_add(length).unwrap_or(Timestamp::MAX));
        let closed = match entry.number("msDS-User-Account-Control-Computed") {
            Some(computed) => computed & LOCKED != 0,
            None => since.is_some() && until.is_none_or(|end| end >= now),
        };
        Self { closed, until: until.filter(|_| closed) }
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
    const NEW_YEAR: i64 = 134_116_992_000_000_000;
    const MINUTE: i64 = 600_000_000;

    fn now() -> Timestamp {
        "2026-01-01T00:00:00Z".parse().unwrap()
    }

    fn rules(lockout: &str) -> Option<DirectoryPasswordRules> {
        DirectoryPasswordRules::of_domain(&LdapEntry::of(&[
            ("minPwdLength", "16"),
            ("pwdHistoryLength", "24"),
            ("minPwdAge", "-864000000000"),
            ("pwdProperties", "1"),
            ("lockoutThreshold", "10"),
            ("lockoutDuration", lockout),
        ]))
    }

    fn account(attributes: &[(&str, &str)]) -> DirectoryAccount {
        let all = [&[("userAccountControl", "512")], attributes].concat();
        DirectoryAccount::read(&LdapEntry::of(&all), rules("-18000000000"), now()).unwrap()
    }

    #[test]
    fn minimum_age_runs_from_the_last_change() {
        let hour_ago = (NEW_YEAR - 60 * MINUTE).to_string();
        let fresh = account(&[("pwdLastSet", &hour_ago)]);
        assert_eq!(fresh.may_change_after(now()).unwrap().to_string(), "2026-01-01T23:00:00Z");
        let later = now() + SignedDuration::from_hours(23);
        assert_eq!(fresh.may_change_after(later), None, "it ends with the minute it names");
        assert_eq!(account(&[("pwdLastSet", "0")]).may_change_after(now()), None, "who must change may change");
        assert_eq!(DirectoryAccount { rules: None, ..fresh }.may_change_after(now()), None);
    }

    #[test]
    fn zero_is_an_order_to_change_unless_the_password_is_exempt() {
        assert!(account(&[("pwdLastSet", "0")]).must_change);
        assert!(!account(&[]).must_change, "an unreadable attribute requires no change");
        let exempt = account(&[("pwdLastSet", "0"), ("userAccountControl", "66048")]);
        assert_eq!((exempt.must_change, exempt.password_never_expires), (false, true));
    }

    #[test]
    fn the_controllers_verdict_on_a_lock_counts_more_than_the_time() {
        let minute_ago = (NEW_YEAR - MINUTE).to_string();
        let computed = "msDS-User-Account-Control-Computed";
        let locked = account(&[("lockoutTime", &minute_ago), (computed, "16")]);
        assert_eq!((locked.locked, locked.locked_until.unwrap().to_string().as_str()), (true, "2026-01-01T00:29:00Z"));
        let open = account(&[("lockoutTime", &minute_ago), (computed, "8388608")]);
        assert_eq!((open.locked, open.locked_until), (false, None));
    }

    #[test]
    fn without_a_verdict_a_lock_lasts_as_long_as_the_policy_says() {
        let locked = |minutes: i64, lockout: &str| {
            let time = (NEW_YEAR - minutes * MINUTE).to_string();
            let entry = LdapEntry::of(&[("userAccountControl", "512"), ("lockoutTime", &time)]);
            let account = DirectoryAccount::read(&entry, rules(lockout), now()).unwrap();
            (account.locked, account.locked_until.is_some())
        };
        assert_eq!(locked(29, "-18000000000"), (true, true));
        assert_eq!(locked(30, "-18000000000"), (true, true), "including the last moment");
        assert_eq!(locked(31, "-18000000000"), (false, false));
        assert_eq!(locked(99_999, &i64::MIN.to_string()), (true, false), "until an administrator unlocks it");
        assert!(!account(&[("lockoutTime", "0")]).locked);
    }

    #[test]
    fn flags_are_single_bits() {
        let off = account(&[("userAccountControl", "514")]);
        assert_eq!((off.disabled, off.password_never_expires, account(&[]).disabled), (true, false, false));
        assert!(account(&[("adminCount", "1")]).protected && !account(&[("adminCount", "0")]).protected);
        assert_eq!(account(&[]).cannot_change, None, "unknown without a descriptor");
    }

    #[test]
    fn an_account_expires_at_its_time_and_never_by_default() {
        let expired = |value: &str| account(&[("accountExpires", value)]).expired;
        assert!(expired(&NEW_YEAR.to_string()) && !expired(&(NEW_YEAR + 1).to_string()));
        assert!(!expired("0") && !expired(&i64::MAX.to_string()));
    }

    proptest! {
        #[test]
        fn no_content_of_attributes_makes_it_panic(values in prop::collection::vec("(-?[0-9]{1,20})|\\PC{0,8}", ATTRIBUTES.len())) {
            let pairs: Vec<(&str, &str)> = ATTRIBUTES.into_iter().zip(values.iter().map(String::as_str)).collect();
            for policy in [rules(&i64::MIN.to_string()), rules("-18000000000"), None] {
                if let Some(account) = DirectoryAccount::read(&LdapEntry::of(&pairs), policy, now()) {
                    let _ = account.may_change_after(now());
                }
            }
        }
    }
}
