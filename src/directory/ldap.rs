//! One connection to a domain controller: TLS with one pinned CA, a simple bind, searches; and one write, which only
//! `unlock.rs` makes, as an account of its own.

use std::path::Path;
use std::sync::Arc;

use ldap3::controls::RawControl;
use ldap3::{Ldap, LdapConnAsync, LdapConnSettings, LdapError, LdapResult, Mod, Scope, SearchResult};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use tokio_util::task::AbortOnDropHandle;
use url::Url;

use super::DirectoryError;
use super::entry::Entry;
use crate::base::Secret;

/// `LDAP_SERVER_SD_FLAGS_OID` (MS-ADTS 3.1.1.3.4.1.11; read 2026-11-23). Without it a controller leaves a descriptor out
/// altogether, because part of it is for auditors only.
const PARTS_OF_DESCRIPTOR: &str = "1.2.840.113556.1.4.801";
/// SEQUENCE { INTEGER 4 }: the access list and nothing else.
const ACCESS_LIST: [u8; 5] = [0x30, 0x03, 0x02, 0x01, 0x04];
/// RFC 4511 4.1.9.
const NO_SUCH_OBJECT: u32 = 32;

/// Trust in the one CA of the file, and in nobody else.
pub(super) fn pinned(ca_file: &Path) -> Result<Arc<ClientConfig>, DirectoryError> {
    let unusable =
        |e: &dyn std::fmt::Display| DirectoryError::CaFile { path: ca_file.to_owned(), problem: e.to_string() };
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(ca_file).map_err(|e| unusable(&e))? {
        roots.add(certificate.map_err(|e| unusable(&e))?).map_err(|e| unusable(&e))?;
    }
    if roots.is_empty() {
        return Err(unusable(&"it holds no certificate in PEM form"));
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let versions = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    Ok(Arc::new(versions.map_err(|e| unusable(&e))?.with_root_certificates(roots).with_no_client_auth()))
}

/// A bound connection. It ends with this value, whatever the controller does.
pub(super) struct Connection {
    ldap: Ldap,
    _driver: AbortOnDropHandle<()>,
}

impl Connection {
    pub(super) async fn open(
        url: &Url,
        bind_dn: &str,
        password: &Secret,
        tls: Arc<ClientConfig>,
    ) -> Result<Self, DirectoryError> {
        let how = LdapConnSettings::new().set_config(tls);
        let (connection, ldap) = LdapConnAsync::from_url_with_settings(how, url).await.map_err(unreachable)?;
        let driver = tokio::spawn(async move {
            if let Err(error) = connection.drive().await {
                tracing::debug!(%error, "the connection to the domain controller ended");
            }
        });
        let mut open = Self { ldap, _driver: AbortOnDropHandle::new(driver) };
        let bound = open.ldap.simple_bind(bind_dn, password.expose_secret()).await.map_err(unreachable)?;
        if bound.rc == 0 { Ok(open) } else { Err(refused_bind(&bound)) }
    }

    /// The accounts that a filter finds; two are enough to know that it does not name one.
    pub(super) async fn accounts(
        &mut self,
        base: &str,
        filter: &str,
        attributes: &[&str],
    ) -> Result<Vec<Entry>, DirectoryError> {
        let parts = RawControl { ctype: PARTS_OF_DESCRIPTOR.to_owned(), crit: false, val: Some(ACCESS_LIST.to_vec()) };
        self.ldap.with_controls(parts);
        let SearchResult(found, end) =
            self.ldap.search(base, Scope::Subtree, filter, attributes).await.map_err(unreachable)?;
        if end.rc != 0 {
            return Err(DirectoryError::Refused { code: end.rc });
        }
        Ok(found.into_iter().map(|entry| Entry::read(entry.0)).collect())
    }

    /// One object by its name. None when it does not exist or may not be seen, which look the same.
    pub(super) async fn object(&mut self, dn: &str, attributes: &[&str]) -> Result<Option<Entry>, DirectoryError> {
        let SearchResult(found, end) =
            self.ldap.search(dn, Scope::Base, "(objectClass=*)", attributes).await.map_err(unreachable)?;
        match end.rc {
            0 => Ok(found.into_iter().next().map(|entry| Entry::read(entry.0))),
            NO_SUCH_OBJECT => Ok(None),
            code => Err(DirectoryError::Refused { code }),
        }
    }

    /// Writes one value. Only for unlocking.
    pub(super) async fn replace(&mut self, dn: &str, attribute: &str, value: &str) -> Result<(), DirectoryError> {
        let change = Mod::Replace(attribute, [value].into());
        let done = self.ldap.modify(dn, vec![change]).await.map_err(unreachable)?;
        if done.rc == 0 { Ok(()) } else { Err(DirectoryError::Refused { code: done.rc }) }
    }

    /// Says goodbye; a connection that is only dropped ends too.
    pub(super) async fn close(mut self) {
        let _ = self.ldap.unbind().await;
    }
}

/// Only AD's number of the reason is kept: `data 52e` (wrong), `775` (locked), `533` (disabled), `532` (expired). The rest of
/// the text is the controller's, and nobody knows what it holds.
fn refused_bind(result: &LdapResult) -> DirectoryError {
    let reason = result.text.split_once("data ").map_or("", |(_, rest)| rest);
    let reason = reason.chars().take_while(char::is_ascii_hexdigit).take(8).collect();
    DirectoryError::Bind { code: result.rc, reason }
}

fn unreachable(error: LdapError) -> DirectoryError {
    match error {
        // A failed handshake comes as an I/O error that carries rustls' own.
        LdapError::Io { source }
            if source.get_ref().is_some_and(<dyn std::error::Error + Send + Sync>::is::<rustls::Error>) =>
        {
            DirectoryError::Tls(source.to_string())
        }
        LdapError::Rustls { .. } | LdapError::DNSName { .. } => DirectoryError::Tls(error.to_string()),
        LdapError::FilterParsing => DirectoryError::Unreadable("the name of the account"),
        other => DirectoryError::Unreachable(other.to_string()),
    }
}
