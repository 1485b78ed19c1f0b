//! Looks up a person's account at a domain controller.
//!
//! No page waits long for it. A controller that does not answer is skipped for 30 seconds, and resets continue without
//! the lookup.

use std::time::Duration;

use jiff::Timestamp;

use crate::directory::{AccountName, DirectoryAccount};
use crate::state::AppState;

use super::PersonProfile;

/// Maximum time that a page waits for the domain controller.
const DIRECTORY_TIMEOUT: Duration = Duration::from_millis(1_500);
/// Time without lookups after a domain controller did not answer.
const UNREACHABLE_BACKOFF: Duration = Duration::from_secs(30);

/// Result of looking up an account at a domain controller.
#[derive(Clone, Debug, Default)]
pub(crate) enum DirectoryLookup {
    /// No directory probe is configured, or the account exists only in the cloud.
    #[default]
    NotQueried,
    /// The controller did not answer or has no such account: nothing can be concluded.
    Unknown,
    Found(Box<DirectoryAccount>),
}

impl DirectoryLookup {
    pub(crate) fn account(&self) -> Option<&DirectoryAccount> {
        if let Self::Found(account) = self { Some(account) } else { None }
    }

    /// Returns when the current password reaches the minimum age, if it has not.
    pub(crate) fn minimum_age_ends_at(&self, now: Timestamp) -> Option<Timestamp> {
        self.account().and_then(|account| account.next_change_allowed_at(now))
    }
}

/// Time at which a password was last set, by Active Directory's `pwdLastSet`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PasswordLastSet {
    At(Timestamp),
    /// The password must be changed at the next sign-in. A reset by an administrator leaves this instead of a time.
    MustChange,
}

impl PasswordLastSet {
    /// Returns milliseconds since the Unix epoch, or 0 for [`Self::MustChange`] as in Active Directory.
    pub(crate) fn as_millis(self) -> i64 {
        match self {
            Self::At(at) => at.as_millisecond(),
            Self::MustChange => 0,
        }
    }

    pub(crate) fn from_millis(millis: i64) -> Self {
        match Timestamp::from_millisecond(millis) {
            Ok(at) if millis != 0 => Self::At(at),
            _ => Self::MustChange,
        }
    }

    /// Reads the time from an account, truncated to milliseconds as it is stored. Active Directory's times are finer,
    /// so an untruncated value would differ from its stored copy.
    fn from_account(account: &DirectoryAccount) -> Option<Self> {
        let at = account.pwd_last_set.map(|at| Self::from_millis(at.as_millisecond()));
        at.or(account.must_change.then_some(Self::MustChange))
    }
}

impl DirectoryLookup {
    /// Returns when the password was last set, if the controller returned it.
    pub(crate) fn password_last_set(&self) -> Option<PasswordLastSet> {
        self.account().and_then(PasswordLastSet::from_account)
    }
}

/// Fetches when the password was last set, for an account by its stored name. Returns `None` without an answer or
/// without such an account.
pub(super) async fn fetch_password_last_set(app: &AppState, kept: &str) -> Option<PasswordLastSet> {
    let Ok(name) = kept.parse::<AccountName>();
    let known = match &app.directory {
        Some(directory) => directory.fetch_account(&name).await,
        None => return None,
    };
    match known {
        Ok(account) => account.as_ref().and_then(PasswordLastSet::from_account),
        Err(error) => {
            tracing::warn!(error = %error, "domain controller check failed: retrying");
            None
        }
    }
}

/// Looks up the person's account, unless the controller was unreachable within the last [`UNREACHABLE_BACKOFF`].
pub(super) async fn query_directory(app: &AppState, facts: &PersonProfile) -> DirectoryLookup {
    let (Some(directory), Some(name)) = (&app.directory, &facts.account_name) else {
        return DirectoryLookup::NotQueried;
    };
    let elapsed = app.clock.elapsed();
    if app
        .directory_unreachable_since
        .lock()
        .await
        .is_some_and(|since| elapsed.saturating_sub(since) < UNREACHABLE_BACKOFF)
    {
        return DirectoryLookup::Unknown;
    }
    let problem = match tokio::time::timeout(DIRECTORY_TIMEOUT, directory.fetch_account(name)).await {
        Ok(Ok(Some(account))) => {
            *app.directory_unreachable_since.lock().await = None;
            return DirectoryLookup::Found(Box::new(account));
        }
        Ok(Ok(None)) => return DirectoryLookup::Unknown,
        Ok(Err(error)) => error.to_string(),
        Err(_) => "no answer in time".to_owned(),
    };
    tracing::warn!(error = problem, "domain controller unreachable: skipping directory lookups for 30 s");
    *app.directory_unreachable_since.lock().await = Some(app.clock.elapsed());
    DirectoryLookup::Unknown
}

/// Chooses the name for directory lookups: the SID, which survives a rename, or else the `sAMAccountName`.
pub(super) fn preferred_account_name(sid: Option<&str>, sam: Option<String>) -> Option<AccountName> {
    sid.and_then(|sid| sid.parse().ok()).map(AccountName::Sid).or_else(|| sam.map(AccountName::Sam))
}
