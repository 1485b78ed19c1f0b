//! The directory behind the writeback agent: in memory, or a real Active Directory over LDAPS.

mod ldaps;
mod memory;

pub(super) use ldaps::LdapsDirectory;
pub use ldaps::LdapsOptions;
pub(super) use memory::MemoryDirectory;

/// Why a directory did not take a password. The wire decides: AD's hex code, never the LDAP result, which differs
/// between Windows (53) and Samba (19).
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub(super) enum AdError {
    #[error("0000052D: the password does not meet length, complexity, age or history")]
    Policy,
    #[error("00000056: the current password is wrong")]
    WrongPassword,
    #[error("00000005: access is denied")]
    Denied,
    #[error("the account does not exist")]
    NotFound,
    #[error("00000533: the account is disabled")]
    Disabled,
    #[error("00000775: the account is locked")]
    Locked,
    #[error("the directory does not answer: {0}")]
    Unreachable(String),
}

/// What an agent sends with an administrator's reset.
#[derive(Clone, Copy)]
pub(super) struct ResetOptions {
    pub(super) unlock: bool,
    pub(super) must_change: bool,
}

/// What can be read of an account.
#[derive(Clone, Debug, serde::Serialize)]
pub(super) struct AdAccount {
    pub(super) locked: bool,
    pub(super) disabled: bool,
    pub(super) must_change: bool,
}

/// Two directories that really exist: no trait, an enum.
pub(super) enum Directory {
    Memory(MemoryDirectory),
    Ldaps(LdapsDirectory),
}

impl Directory {
    /// An administrator's reset, as the writeback agent does it.
    pub(super) async fn reset(&self, sam: &str, new: &str, options: ResetOptions) -> Result<(), AdError> {
        match self {
            Self::Memory(directory) => directory.reset(sam, new, options),
            Self::Ldaps(directory) => directory.reset(sam, new, options).await,
        }
    }

    /// A change with the current password, as a person at a changed sign-in does it.
    pub(super) async fn change(&self, sam: &str, old: &str, new: &str) -> Result<(), AdError> {
        match self {
            Self::Memory(directory) => directory.change(sam, old, new),
            Self::Ldaps(directory) => directory.change(sam, old, new).await,
        }
    }

    /// Whether `password` opens the account. Only the directory in memory can say: a bind against AD accepts the
    /// old password for an hour.
    pub(super) fn check(&self, sam: &str, password: &str) -> Option<bool> {
        match self {
            Self::Memory(directory) => directory.check(sam, password),
            Self::Ldaps(_) => None,
        }
    }

    pub(super) fn account(&self, sam: &str) -> Option<AdAccount> {
        match self {
            Self::Memory(directory) => directory.account(sam),
            Self::Ldaps(_) => None,
        }
    }
}
