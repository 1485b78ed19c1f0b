//! The directory that the writeback agent writes to: in memory, or a real Active Directory over LDAPS.

mod ldaps;
mod memory;

pub(super) use ldaps::LdapsDirectory;
pub use ldaps::LdapsOptions;
pub(super) use memory::MemoryDirectory;

/// A reason for which the directory rejects a password change. Policy and wrong-password errors are detected by AD's
/// hexadecimal code, because the LDAP result code differs between Windows (53) and Samba (19).
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub(super) enum AdError {
    #[error("0000052D: the password does not meet length, complexity, age or history")]
    Policy,
    #[error("00000056: the current password is wrong")]
    WrongPassword,
    #[error("00000005: access is denied")]
    Denied,
    #[error("account not found")]
    NotFound,
    #[error("00000533: the account is disabled")]
    Disabled,
    #[error("00000775: the account is locked")]
    Locked,
    #[error("directory not available: {0}")]
    Unreachable(String),
}

/// Options of an administrator's reset by the writeback agent.
#[derive(Clone, Copy)]
pub(super) struct DirectoryResetOptions {
    /// Also unlocks the account.
    pub(super) unlock: bool,
    /// Requires a password change at the next sign-in.
    pub(super) must_change: bool,
}

/// Status of a directory account, as the fault control returns it.
#[derive(Clone, Debug, serde::Serialize)]
pub(super) struct AdAccountStatus {
    pub(super) locked: bool,
    pub(super) disabled: bool,
    pub(super) must_change: bool,
}

/// The directory in use.
pub(super) enum BackingDirectory {
    Memory(MemoryDirectory),
    Ldaps(LdapsDirectory),
}

impl BackingDirectory {
    /// Resets a password as an administrator, like the writeback agent.
    pub(super) async fn reset_password(
        &self,
        sam: &str,
        new: &str,
        options: DirectoryResetOptions,
    ) -> Result<(), AdError> {
        match self {
            Self::Memory(directory) => directory.reset_password(sam, new, options),
            Self::Ldaps(directory) => directory.reset_password(sam, new, options).await,
        }
    }

    /// Changes a password with the current one, as a person who must change it at sign-in does.
    pub(super) async fn change_password(&self, sam: &str, old: &str, new: &str) -> Result<(), AdError> {
        match self {
            Self::Memory(directory) => directory.change_password(sam, old, new),
            Self::Ldaps(directory) => directory.change_password(sam, old, new).await,
        }
    }

    /// Returns whether `password` is the account's current password. Returns `None` for a real directory: AD accepts
    /// the old password in a bind for up to an hour, so a bind proves nothing.
    pub(super) fn is_current_password(&self, sam: &str, password: &str) -> Option<bool> {
        match self {
            Self::Memory(directory) => directory.is_current_password(sam, password),
            Self::Ldaps(_) => None,
        }
    }

    pub(super) fn account_status(&self, sam: &str) -> Option<AdAccountStatus> {
        match self {
            Self::Memory(directory) => directory.account_status(sam),
            Self::Ldaps(_) => None,
        }
    }
}
