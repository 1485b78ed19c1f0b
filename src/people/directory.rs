//! What a domain controller knows of a person. No page waits for it for long: a controller that is away is left alone for
//! a while, and everything goes on without it.

use std::time::Duration;

use jiff::Timestamp;

use crate::directory::{Account, AccountName};
use crate::state::App;

use super::Facts;

/// A page waits no longer for it.
const PATIENCE: Duration = Duration::from_millis(1_500);
/// A controller that did not answer is not asked again for so long.
const LEFT_ALONE: Duration = Duration::from_secs(30);

/// What is known, if anything.
#[derive(Clone, Debug, Default)]
pub(crate) enum InDirectory {
    /// No probe is set up, or the person lives in the cloud.
    #[default]
    NotAsked,
    /// It did not answer, or knows nobody of this name: nothing is concluded.
    NotKnown,
    Known(Box<Account>),
}

impl InDirectory {
    pub(crate) fn account(&self) -> Option<&Account> {
        if let Self::Known(account) = self { Some(account) } else { None }
    }

    /// Until when the minimum age of the present password runs.
    pub(crate) fn too_young_until(&self, now: Timestamp) -> Option<Timestamp> {
        self.account().and_then(|account| account.may_change_after(now))
    }
}

/// When a password was last set, by the directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PasswordSet {
    At(Timestamp),
    /// It must be changed at the next sign-in: an administrator's reset leaves this, and no time.
    MustChange,
}

impl PasswordSet {
    /// Milliseconds; 0 for [`Self::MustChange`], as AD itself has it.
    pub(crate) fn millis(self) -> i64 {
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

    /// To the millisecond, as it is kept: AD's own times are finer, and would differ from themselves.
    fn of(account: &Account) -> Option<Self> {
        let at = account.pwd_last_set.map(|at| Self::from_millis(at.as_millisecond()));
        at.or(account.must_change.then_some(Self::MustChange))
    }
}

impl InDirectory {
    /// When the password was last set, if the controller could say.
    pub(crate) fn password_set(&self) -> Option<PasswordSet> {
        self.account().and_then(PasswordSet::of)
    }
}

/// The same for an account by what was kept of its name. `None`: no answer, or nobody of this name.
pub(super) async fn password_set(app: &App, kept: &str) -> Option<PasswordSet> {
    let Ok(name) = kept.parse::<AccountName>();
    let known = match &app.directory {
        Some(directory) => directory.account(&name).await,
        None => return None,
    };
    match known {
        Ok(account) => account.as_ref().and_then(PasswordSet::of),
        Err(error) => {
            tracing::warn!(problem = %error, "the directory was not asked whether a password landed; again later");
            None
        }
    }
}

pub(super) async fn ask(app: &App, facts: &Facts) -> InDirectory {
    let (Some(directory), Some(name)) = (&app.directory, &facts.account) else { return InDirectory::NotAsked };
    let elapsed = app.clock.elapsed();
    if app.directory_away.lock().await.is_some_and(|since| elapsed.saturating_sub(since) < LEFT_ALONE) {
        return InDirectory::NotKnown;
    }
    let problem = match tokio::time::timeout(PATIENCE, directory.account(name)).await {
        Ok(Ok(Some(account))) => {
            *app.directory_away.lock().await = None;
            return InDirectory::Known(Box::new(account));
        }
        Ok(Ok(None)) => return InDirectory::NotKnown,
        Ok(Err(error)) => error.to_string(),
        Err(_) => "no answer in time".to_owned(),
    };
    tracing::warn!(problem, "the directory probe gave no answer; it is left alone for a while");
    *app.directory_away.lock().await = Some(app.clock.elapsed());
    InDirectory::NotKnown
}

/// How AD knows somebody: by what outlives a rename, else by name.
pub(super) fn account_name(sid: Option<&str>, sam: Option<String>) -> Option<AccountName> {
    sid.and_then(|sid| sid.parse().ok()).map(AccountName::Sid).or_else(|| sam.map(AccountName::Sam))
}
