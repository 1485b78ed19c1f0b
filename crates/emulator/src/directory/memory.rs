//! An in-memory directory with the rules of Active Directory that affect password changes: length, complexity, history,
//! minimum age, lockout, and disabled, protected and must-change accounts.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};

use super::{AdAccountStatus, AdError, DirectoryResetOptions};
use crate::password::PasswordDigest;
use crate::seed::{AdAccountSeed, DirectoryRulesSeed, TenantSeed};
use passback_foundation::{Clock, Random};

/// A directory of accounts by lower-case `sAMAccountName`.
pub(crate) struct MemoryDirectory {
    rules: DirectoryRulesSeed,
    clock: Clock,
    random: Random,
    accounts: Mutex<HashMap<String, MemoryAccount>>,
}

struct MemoryAccount {
    state: AdAccountSeed,
    display_name: String,
    /// Current and previous passwords, newest first.
    passwords: Vec<PasswordDigest>,
    password_set_at: Timestamp,
    bad_attempts: u32,
}

impl MemoryDirectory {
    pub(crate) fn new(seed: &TenantSeed, clock: Clock, random: Random) -> Self {
        let now = clock.now();
        let accounts = seed.people.iter().filter(|p| p.synced).map(|person| {
            let current = person.password.as_ref().unwrap_or(&seed.organization.initial_password);
            let passwords = std::iter::once(current)
                .chain(&person.old_passwords)
                .map(|p| PasswordDigest::new(p, &random))
                .collect();
            let age = SignedDuration::from_secs(person.ad.password_age_seconds.unwrap_or(40 * 86_400));
            let sam = person.upn.split('@').next().unwrap_or_default().to_lowercase();
            let set = now.saturating_sub(age).unwrap_or(Timestamp::MIN);
            (
                sam,
                MemoryAccount {
                    state: person.ad.clone(),
                    display_name: person.name.clone(),
                    passwords,
                    password_set_at: set,
                    bad_attempts: 0,
                },
            )
        });
        Self { rules: seed.directory.clone(), accounts: Mutex::new(accounts.collect()), clock, random }
    }

    fn lock_accounts(&self) -> MutexGuard<'_, HashMap<String, MemoryAccount>> {
        self.accounts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Resets a password. The agent sends the policy-hints control, so a reset obeys history and minimum age like a
    /// change (<https://learn.microsoft.com/entra/identity/authentication/concept-sspr-writeback>: a person's own reset
    /// must not bypass the policy).
    pub(super) fn reset_password(&self, sam: &str, new: &str, options: DirectoryResetOptions) -> Result<(), AdError> {
        let mut accounts = self.lock_accounts();
        let account = accounts.get_mut(&sam.to_lowercase()).ok_or(AdError::NotFound)?;
        if account.state.protected {
            return Err(AdError::Denied);
        }
        if account.state.disabled {
            return Err(AdError::Disabled);
        }
        if account.state.locked && !options.unlock {
            return Err(AdError::Locked);
        }
        self.check_policy(account, sam, new)?;
        self.store_password(account, new);
        account.state.locked = false;
        account.state.must_change = options.must_change && !account.state.password_never_expires;
        Ok(())
    }

    pub(super) fn change_password(&self, sam: &str, old: &str, new: &str) -> Result<(), AdError> {
        let mut accounts = self.lock_accounts();
        let account = accounts.get_mut(&sam.to_lowercase()).ok_or(AdError::NotFound)?;
        if account.state.disabled {
            return Err(AdError::Disabled);
        }
        if account.state.locked {
            return Err(AdError::Locked);
        }
        if !account.passwords.first().is_some_and(|current| current.matches(old)) {
            account.bad_attempts += 1;
            account.state.locked = account.bad_attempts >= self.rules.lockout_threshold;
            return Err(AdError::WrongPassword);
        }
        // AD does not apply the minimum age to a password that must be changed: `pwdLastSet` is 0 then.
        if account.state.must_change {
            account.password_set_at = Timestamp::MIN;
        }
        self.check_policy(account, sam, new)?;
        self.store_password(account, new);
        account.state.must_change = false;
        account.bad_attempts = 0;
        Ok(())
    }

    pub(super) fn is_current_password(&self, sam: &str, password: &str) -> Option<bool> {
        let accounts = self.lock_accounts();
        let account = accounts.get(&sam.to_lowercase())?;
        Some(account.passwords.first().is_some_and(|current| current.matches(password)))
    }

    pub(super) fn account_status(&self, sam: &str) -> Option<AdAccountStatus> {
        let accounts = self.lock_accounts();
        let AdAccountSeed { locked, disabled, must_change, .. } = accounts.get(&sam.to_lowercase())?.state;
        Some(AdAccountStatus { locked, disabled, must_change })
    }

    fn check_policy(&self, account: &MemoryAccount, sam: &str, new: &str) -> Result<(), AdError> {
        let min_age = account.state.min_age_seconds.unwrap_or(self.rules.min_age_seconds);
        let young = self.clock.now().duration_since(account.password_set_at).as_secs() < min_age;
        let short = new.chars().count() < self.rules.min_length;
        let simple = self.rules.complexity && !is_complex(new, sam, &account.display_name);
        let known = account.passwords.iter().take(self.rules.history).any(|old| old.matches(new));
        if young || short || simple || known { Err(AdError::Policy) } else { Ok(()) }
    }

    fn store_password(&self, account: &mut MemoryAccount, new: &str) {
        account.passwords.insert(0, PasswordDigest::new(new, &self.random));
        account.passwords.truncate(self.rules.history.max(1));
        account.password_set_at = self.clock.now();
    }
}

/// Checks AD's setting "Password must meet complexity requirements": at least 3 of 5 character classes, and no part of
/// the account's names that is longer than 2 characters
/// (<https://learn.microsoft.com/windows/security/threat-protection/security-policy-settings/password-must-meet-complexity-requirements>).
fn is_complex(password: &str, sam: &str, name: &str) -> bool {
    let lower = password.to_lowercase();
    let parts = name.split([',', '.', '-', '_', ' ', '#', '\t']).chain(std::iter::once(sam));
    if parts.filter(|p| p.chars().count() > 2).any(|p| lower.contains(&p.to_lowercase())) {
        return false;
    }
    let class = |test: fn(char) -> bool| usize::from(password.chars().any(test));
    class(char::is_uppercase)
        + class(char::is_lowercase)
        + class(|c| c.is_ascii_digit())
        + class(|c| c.is_ascii_punctuation() || c == ' ')
        + class(|c| c.is_alphabetic() && !c.is_uppercase() && !c.is_lowercase())
        >= 3
}

#[cfg(test)]
mod tests {
    use super::*;

    const UNLOCK_AND_MUST_CHANGE: DirectoryResetOptions = DirectoryResetOptions { unlock: true, must_change: true };

    fn contoso_directory() -> MemoryDirectory {
        let seed = TenantSeed::contoso().unwrap();
        MemoryDirectory::new(&seed, Clock::manual(Timestamp::UNIX_EPOCH), Random::seeded(1))
    }

    #[test]
    fn reset_requires_change_until_password_is_changed() {
        let ad = contoso_directory();
        ad.reset_password("wanda", "Quiet-Harbour-92", UNLOCK_AND_MUST_CHANGE).unwrap();
        assert!(ad.account_status("wanda").unwrap().must_change);
        assert_eq!(ad.change_password("wanda", "wrong", "Third-Lantern-11"), Err(AdError::WrongPassword));
        ad.change_password("wanda", "Quiet-Harbour-92", "Third-Lantern-11").unwrap();
        assert!(!ad.account_status("wanda").unwrap().must_change);
        assert_eq!(ad.is_current_password("wanda", "Third-Lantern-11"), Some(true));
    }

    #[test]
    fn policy_rejects_short_simple_personal_and_reused_passwords() {
        let ad = contoso_directory();
        for bad in ["Ab1-", "alllowercase", "Wanda-is-here-9", "Old-River-Stone-7"] {
            assert_eq!(ad.reset_password("wanda", bad, UNLOCK_AND_MUST_CHANGE), Err(AdError::Policy), "{bad}");
        }
    }

    #[test]
    fn protected_disabled_and_unknown_accounts_reject_reset() {
        let ad = contoso_directory();
        assert_eq!(ad.reset_password("paul", "Quiet-Harbour-92", UNLOCK_AND_MUST_CHANGE), Err(AdError::Denied));
        assert_eq!(ad.reset_password("dina", "Quiet-Harbour-92", UNLOCK_AND_MUST_CHANGE), Err(AdError::Disabled));
        assert_eq!(ad.reset_password("nobody", "Quiet-Harbour-92", UNLOCK_AND_MUST_CHANGE), Err(AdError::NotFound));
    }

    #[test]
    fn reset_unlocks_only_with_unlock_option() {
        let ad = contoso_directory();
        let keep = DirectoryResetOptions { unlock: false, must_change: true };
        assert_eq!(ad.reset_password("luca", "Quiet-Harbour-92", keep), Err(AdError::Locked));
        ad.reset_password("luca", "Quiet-Harbour-92", UNLOCK_AND_MUST_CHANGE).unwrap();
        assert!(!ad.account_status("luca").unwrap().locked);
    }
}
