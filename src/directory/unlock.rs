//! Unlocking of Active Directory accounts, if `directory.unlock` is configured.
//!
//! Writing 0 to `lockoutTime` unlocks an account (MS-ADA1 2.352, MS-SAMR 3.1.1.8.x; read 2026-11-23).
//!
//! Invariants:
//! - Unlocking binds with its own account, which should have the right to write `lockoutTime` and nothing else.
//! - The probe's account never writes.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::task::AbortOnDropHandle;

use super::connection::LdapConnection;
use super::error::DirectoryError;
use super::probe::{AccountName, DirectoryProbe, ProbeInner};

impl DirectoryProbe {
    /// Returns whether unlocking is configured.
    pub(crate) fn can_unlock(&self) -> bool {
        self.0.settings.unlock.is_some()
    }

    /// Unlocks an account. Returns `false` if no such account exists or unlocking is not configured.
    pub(crate) async fn unlock_account(&self, name: &AccountName) -> Result<bool, DirectoryError> {
        let limit = Duration::from_secs(u64::try_from(self.0.settings.timeout_seconds).unwrap_or(0));
        let (inner, name) = (Arc::clone(&self.0), name.clone());
        let done = AbortOnDropHandle::new(tokio::spawn(async move { inner.unlock_account(&name).await }));
        match tokio::time::timeout(limit, done).await {
            Ok(done) => done.unwrap_or(Err(DirectoryError::Unreadable("not LDAP"))),
            Err(_) => Err(DirectoryError::TimedOut(limit)),
        }
    }
}

impl ProbeInner {
    async fn unlock_account(&self, name: &AccountName) -> Result<bool, DirectoryError> {
        let Some(unlock) = &self.settings.unlock else { return Ok(false) };
        let Some(password) = &unlock.password else { return Ok(false) };
        let Ok(_slot) = self.slots.acquire().await else { return Err(DirectoryError::Unreachable(String::new())) };
        let tls = Arc::clone(&self.tls);
        let mut controller = LdapConnection::open(&self.settings.url, &unlock.bind_dn, password, tls).await?;
        let found =
            controller.fetch_accounts(&self.settings.base_dn, &name.search_filter(), &["distinguishedName"]).await?;
        let dn = match found.as_slice() {
            [] => return Ok(false),
            [entry] => entry.text("distinguishedName").ok_or(DirectoryError::Unreadable("account without a name"))?,
            _ => return Err(DirectoryError::Unreadable("two accounts match this name")),
        };
        controller.replace_attribute(dn, "lockoutTime", "0").await?;
        controller.close().await;
        Ok(true)
    }
}
