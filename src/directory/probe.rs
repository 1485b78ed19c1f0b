//! Client of a domain controller: looks up one account, its password rules, and the controller's clock.

use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use rustls::ClientConfig;
use tokio::sync::Semaphore;
use tokio_util::task::AbortOnDropHandle;

use super::account::{ACCOUNT_ATTRIBUTES, DirectoryAccount};
use super::connection::{self, LdapConnection};
use super::error::DirectoryError;
use super::ldap_entry::LdapEntry;
use super::password_rules::{self, DirectoryPasswordRules};
use super::sid::Sid;
use crate::base::{Clock, Secret};
use crate::config;

/// Maximum number of concurrent connections. More would only wait for the same domain controller.
const MAX_CONNECTIONS: usize = 8;

/// Identifier of the account to look up.
#[derive(Clone, Debug)]
pub(crate) enum AccountName {
    /// Graph's `onPremisesSecurityIdentifier`. Preferred, because it survives every rename.
    Sid(Sid),
    /// `sAMAccountName`, unique in its domain (MS-SAMR).
    Sam(String),
}

impl fmt::Display for AccountName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sid(sid) => sid.fmt(f),
            Self::Sam(name) => f.write_str(name),
        }
    }
}

impl FromStr for AccountName {
    type Err = Infallible;

    /// Parses a security identifier, and takes any other text as a `sAMAccountName`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(text.parse().map_or_else(|_| Self::Sam(text.to_owned()), Self::Sid))
    }
}

impl AccountName {
    /// Returns an LDAP filter that matches people only. A computer has `objectClass=user` too, but another category.
    pub(super) fn search_filter(&self) -> String {
        let which = match self {
            // Every byte is escaped, so none of them can act as filter syntax (RFC 4515 section 3).
            Self::Sid(sid) => {
                sid.as_bytes().iter().fold("objectSid=".to_owned(), |text, byte| text + &format!("\\{byte:02x}"))
            }
            Self::Sam(name) => format!("sAMAccountName={}", ldap3::ldap_escape(name.as_str())),
        };
        format!("(&(objectCategory=person)(objectClass=user)({which}))")
    }
}

/// Client of a domain controller. Clones share its settings and connection limit.
#[derive(Clone)]
pub(crate) struct DirectoryProbe(pub(super) Arc<ProbeInner>);

pub(super) struct ProbeInner {
    pub(super) settings: config::DirectoryConfig,
    pub(super) password: Secret,
    pub(super) tls: Arc<ClientConfig>,
    pub(super) clock: Clock,
    pub(super) slots: Semaphore,
}

impl DirectoryProbe {
    /// Loads the CA certificate. Sends nothing yet.
    pub(crate) fn new(settings: &config::DirectoryConfig, clock: Clock) -> Result<Self, DirectoryError> {
        let (settings, tls) = (settings.clone(), connection::pinned_tls_config(&settings.ca_file)?);
        // `config::load` requires the password.
        let password = settings.password.clone().unwrap_or_else(|| Secret::new(String::new()));
        Ok(Self(Arc::new(ProbeInner { settings, password, tls, clock, slots: Semaphore::new(MAX_CONNECTIONS) })))
    }

    /// Fetches the account's attributes and password rules. `None`: no such account exists below `directory.base_dn`.
    /// Each call uses its own connection, which is closed when this returns.
    pub(crate) async fn fetch_account(&self, name: &AccountName) -> Result<Option<DirectoryAccount>, DirectoryError> {
        let (inner, name) = (Arc::clone(&self.0), name.clone());
        self.run_limited(async move { inner.fetch_account(&name).await }).await
    }

    /// Fetches the domain controller's current time. `None`: it does not report one.
    pub(crate) async fn fetch_controller_time(&self) -> Result<Option<Timestamp>, DirectoryError> {
        let inner = Arc::clone(&self.0);
        self.run_limited(async move { inner.fetch_controller_time().await }).await
    }

    /// Runs a lookup for at most `directory.timeout_seconds`, in a task of its own, because `ldap3` panics on responses
    /// that are not LDAP, which must not affect a page.
    async fn run_limited<T: Send + 'static>(
        &self,
        lookup: impl Future<Output = Result<T, DirectoryError>> + Send + 'static,
    ) -> Result<T, DirectoryError> {
        let limit = Duration::from_secs(u64::try_from(self.0.settings.timeout_seconds).unwrap_or(0));
        match tokio::time::timeout(limit, AbortOnDropHandle::new(tokio::spawn(lookup))).await {
            Ok(answered) => answered.unwrap_or(Err(DirectoryError::Unreadable("not LDAP"))),
            Err(_) => Err(DirectoryError::TimedOut(limit)),
        }
    }
}

/// Parses a `GeneralizedTime` such as `20261125190000.0Z`, the form of `currentTime` in the root DSE (MS-ADTS
/// 3.1.1.3.2.3).
fn parse_generalized_time(text: &str) -> Option<Timestamp> {
    let digits = text.get(..14)?;
    jiff::civil::DateTime::strptime("%Y%m%d%H%M%S", digits)
        .ok()?
        .to_zoned(jiff::tz::TimeZone::UTC)
        .ok()
        .map(|at| at.timestamp())
}

impl ProbeInner {
    async fn fetch_controller_time(&self) -> Result<Option<Timestamp>, DirectoryError> {
        let mut controller =
            LdapConnection::open(&self.settings.url, &self.settings.bind_dn, &self.password, Arc::clone(&self.tls))
                .await?;
        let root = controller.fetch_object("", &["currentTime"]).await?;
        controller.close().await;
        Ok(root.as_ref().and_then(|root| root.text("currentTime")).and_then(parse_generalized_time))
    }

    async fn fetch_account(&self, name: &AccountName) -> Result<Option<DirectoryAccount>, DirectoryError> {
        let Ok(_slot) = self.slots.acquire().await else { return Err(DirectoryError::Unreachable(String::new())) };
        let mut controller =
            LdapConnection::open(&self.settings.url, &self.settings.bind_dn, &self.password, Arc::clone(&self.tls))
                .await?;
        let found = controller
            .fetch_accounts(&self.settings.base_dn, &name.search_filter(), &ACCOUNT_ATTRIBUTES)
            .await?
            .into_iter();
        let account = match found.collect::<Vec<_>>().as_slice() {
            [] => None,
            [entry] => {
                let rules = fetch_rules(&mut controller, entry).await?;
                let read = DirectoryAccount::from_entry(entry, rules, self.clock.now());
                Some(read.ok_or(DirectoryError::Unreadable("bind_dn may not read userAccountControl"))?)
            }
            _ => return Err(DirectoryError::Unreadable("two accounts match this name")),
        };
        controller.close().await;
        Ok(account)
    }
}

/// Fetches the password rules that apply to the account. A fine-grained policy that cannot be read is not replaced by
/// the domain's rules, because those do not apply to this account.
async fn fetch_rules(
    controller: &mut LdapConnection,
    account: &LdapEntry,
) -> Result<Option<DirectoryPasswordRules>, DirectoryError> {
    if let Some(policy) = account.text("msDS-ResultantPSO") {
        let read = controller.fetch_object(policy, &password_rules::FINE_GRAINED_ATTRIBUTES).await?;
        return Ok(read.as_ref().and_then(DirectoryPasswordRules::from_fine_grained_policy));
    }
    let root = controller.fetch_object("", &["defaultNamingContext"]).await?;
    let Some(domain) = root.as_ref().and_then(|root| root.text("defaultNamingContext")) else { return Ok(None) };
    let head = controller.fetch_object(domain, &password_rules::DOMAIN_ATTRIBUTES).await?;
    Ok(head.as_ref().and_then(DirectoryPasswordRules::from_domain))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn account_name_is_escaped_in_search_filter() {
        let filter = AccountName::Sam("*)(objectClass=*\\\0".to_owned()).search_filter();
        assert_eq!(
            filter,
            "(&(objectCategory=person)(objectClass=user)(sAMAccountName=\\2a\\29\\28objectClass=\\2a\\5c\\00))"
        );
        let filter = AccountName::Sid("S-1-5-10".parse().unwrap()).search_filter();
        assert!(filter.ends_with("(objectSid=\\01\\01\\00\\00\\00\\00\\00\\05\\0a\\00\\00\\00))"), "{filter}");
        assert!(ldap3::parse_filter(filter).is_ok());
    }
}
