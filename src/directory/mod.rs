//! The directory probe: asks a domain controller what it knows of one account. It reads and never writes, trusts one CA,
//! and answers or fails within its time limit, so that no page has to wait for it longer. Whoever asks must be able to go on
//! without an answer.

mod account;
mod descriptor;
#[cfg(feature = "tenant")]
mod door;
mod entry;
mod ldap;
mod policy;
mod sid;
mod unlock;

use std::convert::Infallible;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use rustls::ClientConfig;
use tokio::sync::Semaphore;
use tokio_util::task::AbortOnDropHandle;

pub(crate) use account::Account;
#[cfg(feature = "tenant")]
pub use door::directory_probe;
pub(crate) use policy::Rules;
pub(crate) use sid::Sid;

use crate::base::{Clock, Secret};
use crate::config;
use entry::Entry;
use ldap::Connection;

/// Connections at once. More would wait for the same controller anyway.
const AT_ONCE: usize = 8;

/// Why there is no answer. None of it names anybody.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DirectoryError {
    #[error("directory.ca_file {path} cannot be used: {problem}", path = .path.display())]
    CaFile { path: PathBuf, problem: String },
    #[error("the domain controller cannot be reached: {0}")]
    Unreachable(String),
    #[error(
        "the domain controller did not prove who it is: {0}; directory.ca_file must hold the CA of its certificate"
    )]
    Tls(String),
    #[error("the domain controller refused directory.bind_dn and its password (LDAP {code}, data {reason})")]
    Bind { code: u32, reason: String },
    #[error("the domain controller refused to search (LDAP {code}); 32 means that directory.base_dn does not exist")]
    Refused { code: u32 },
    #[error("the domain controller did not answer within {} s", .0.as_secs())]
    TimedOut(Duration),
    #[error("the domain controller's answer cannot be read: {0}")]
    Unreadable(&'static str),
}

/// Whom to look for.
#[derive(Clone, Debug)]
pub(crate) enum AccountName {
    /// What Graph calls `onPremisesSecurityIdentifier`. It outlives every rename: prefer it.
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

    /// What is no identifier is a name.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(text.parse().map_or_else(|_| Self::Sam(text.to_owned()), Self::Sid))
    }
}

impl AccountName {
    /// People only: a computer is a user too, but its category is another.
    fn filter(&self) -> String {
        let which = match self {
            // Every byte is written by its number, so nothing in it can be syntax (RFC 4515 3).
            Self::Sid(sid) => {
                sid.as_bytes().iter().fold("objectSid=".to_owned(), |text, byte| text + &format!("\\{byte:02x}"))
            }
            Self::Sam(name) => format!("sAMAccountName={}", ldap3::ldap_escape(name.as_str())),
        };
        format!("(&(objectCategory=person)(objectClass=user)({which}))")
    }
}

/// A domain controller. Clones share it.
#[derive(Clone)]
pub(crate) struct Directory(Arc<Inner>);

struct Inner {
    settings: config::Directory,
    password: Secret,
    tls: Arc<ClientConfig>,
    clock: Clock,
    slots: Semaphore,
}

impl Directory {
    /// Reads the CA; nothing is sent yet.
    pub(crate) fn new(settings: &config::Directory, clock: Clock) -> Result<Self, DirectoryError> {
        let (settings, tls) = (settings.clone(), ldap::pinned(&settings.ca_file)?);
        // `config::load` has checked it.
        let password = settings.password.clone().unwrap_or_else(|| Secret::new(String::new()));
        Ok(Self(Arc::new(Inner { settings, password, tls, clock, slots: Semaphore::new(AT_ONCE) })))
    }

    /// What the controller knows of the account. None: there is no such account below `directory.base_dn`. Each call is a
    /// connection of its own, which has ended when this returns.
    pub(crate) async fn account(&self, name: &AccountName) -> Result<Option<Account>, DirectoryError> {
        let limit = Duration::from_secs(u64::try_from(self.0.settings.timeout_seconds).unwrap_or(0));
        let (inner, name) = (Arc::clone(&self.0), name.clone());
        // A task of its own: the LDAP library panics on answers that are no LDAP, which must not reach a page.
        let asked = AbortOnDropHandle::new(tokio::spawn(async move { inner.ask(&name).await }));
        match tokio::time::timeout(limit, asked).await {
            Ok(answered) => answered.unwrap_or(Err(DirectoryError::Unreadable("it is no LDAP"))),
            Err(_) => Err(DirectoryError::TimedOut(limit)),
        }
    }
}

impl Directory {
    /// The controller's own time. `None`: it does not say.
    pub(crate) async fn clock(&self) -> Result<Option<Timestamp>, DirectoryError> {
        let limit = Duration::from_secs(u64::try_from(self.0.settings.timeout_seconds).unwrap_or(0));
        let inner = Arc::clone(&self.0);
        let asked = AbortOnDropHandle::new(tokio::spawn(async move { inner.clock_of().await }));
        match tokio::time::timeout(limit, asked).await {
            Ok(answered) => answered.unwrap_or(Err(DirectoryError::Unreadable("it is no LDAP"))),
            Err(_) => Err(DirectoryError::TimedOut(limit)),
        }
    }
}

/// `20261125190000.0Z`: generalised time, as the root of the directory writes it (MS-ADTS 3.1.1.3.2.3).
fn generalised(text: &str) -> Option<Timestamp> {
    let digits = text.get(..14)?;
    jiff::civil::DateTime::strptime("%Y%m%d%H%M%S", digits)
        .ok()?
        .to_zoned(jiff::tz::TimeZone::UTC)
        .ok()
        .map(|at| at.timestamp())
}

impl Inner {
    async fn clock_of(&self) -> Result<Option<Timestamp>, DirectoryError> {
        let mut controller =
            Connection::open(&self.settings.url, &self.settings.bind_dn, &self.password, Arc::clone(&self.tls)).await?;
        let root = controller.object("", &["currentTime"]).await?;
        controller.close().await;
        Ok(root.as_ref().and_then(|root| root.text("currentTime")).and_then(generalised))
    }

    async fn ask(&self, name: &AccountName) -> Result<Option<Account>, DirectoryError> {
        let Ok(_slot) = self.slots.acquire().await else { return Err(DirectoryError::Unreachable(String::new())) };
        let mut controller =
            Connection::open(&self.settings.url, &self.settings.bind_dn, &self.password, Arc::clone(&self.tls)).await?;
        let found =
            controller.accounts(&self.settings.base_dn, &name.filter(), &account::ATTRIBUTES).await?.into_iter();
        let account = match found.collect::<Vec<_>>().as_slice() {
            [] => None,
            [entry] => {
                let rules = rules(&mut controller, entry).await?;
                let read = Account::read(entry, rules, self.clock.now());
                Some(read.ok_or(DirectoryError::Unreadable("bind_dn may not read userAccountControl"))?)
            }
            _ => return Err(DirectoryError::Unreadable("two accounts have this name")),
        };
        controller.close().await;
        Ok(account)
    }
}

/// The rules that hold for the account. A fine-grained policy that cannot be read is not replaced by the domain's: those
/// are not the ones that hold.
async fn rules(controller: &mut Connection, account: &Entry) -> Result<Option<Rules>, DirectoryError> {
    if let Some(policy) = account.text("msDS-ResultantPSO") {
        let read = controller.object(policy, &policy::OF_FINE_GRAINED).await?;
        return Ok(read.as_ref().and_then(Rules::of_fine_grained));
    }
    let root = controller.object("", &["defaultNamingContext"]).await?;
    let Some(domain) = root.as_ref().and_then(|root| root.text("defaultNamingContext")) else { return Ok(None) };
    let head = controller.object(domain, &policy::OF_DOMAIN).await?;
    Ok(head.as_ref().and_then(Rules::of_domain))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_change_the_question() {
        let filter = AccountName::Sam("*)(objectClass=*\\\0".to_owned()).filter();
        assert_eq!(
            filter,
            "(&(objectCategory=person)(objectClass=user)(sAMAccountName=\\2a\\29\\28objectClass=\\2a\\5c\\00))"
        );
        let filter = AccountName::Sid("S-1-5-10".parse().unwrap()).filter();
        assert!(filter.ends_with("(objectSid=\\01\\01\\00\\00\\00\\00\\00\\05\\0a\\00\\00\\00))"), "{filter}");
        assert!(ldap3::parse_filter(filter).is_ok());
    }
}
