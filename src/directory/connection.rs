//! LDAP connection to a domain controller: TLS with one pinned CA, a simple bind and searches. Only unlocking writes,
//! with an account of its own.

use std::path::Path;
use std::sync::Arc;

use ldap3::controls::RawControl;
use ldap3::{Ldap, LdapConnAsync, LdapConnSettings, LdapError, LdapResult, Mod, Scope, SearchResult};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use tokio_util::task::AbortOnDropHandle;
use url::Url;

use super::error::DirectoryError;
use super::ldap_entry::LdapEntry;
use crate::base::Secret;

/// `LDAP_SERVER_SD_FLAGS_OID` (MS-ADTS 3.1.1.3.4.1.11; read 2026-11-23). Without this control a domain controller omits
/// the entire security descriptor, because its SACL is readable by auditors only.
const SD_FLAGS_CONTROL_OID: &str = "1.2.840.113556.1.4.801";
/// `SEQUENCE { INTEGER 4 }`: requests the DACL only.
const DACL_ONLY_FLAGS: [u8; 5] = [0x30, 0x03, 0x02, 0x01, 0x04];
/// Result code `noSuchObject` (RFC 4511 section 4.1.9).
const NO_SUCH_OBJECT: u32 = 32;

/// Builds a TLS configuration that trusts only the CA certificates in the file.
pub(super) fn pinned_tls_config(ca_file: &Path) -> Result<Arc<ClientConfig>, DirectoryError> {
    let unusable =
        |e: &dyn std::fmt::Display| DirectoryError::CaFile { path: ca_file.to_owned(), problem: e.to_string() };
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(ca_file).map_err(|e| unusable(&e))? {
        roots.add(certificate.map_err(|e| unusable(&e))?).map_err(|e| unusable(&e))?;
    }
    if roots.is_empty() {
        return Err(unusable(&"no PEM certificate found"));
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let versions = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    Ok(Arc::new(versions.map_err(|e| unusable(&e))?.with_root_certificates(roots).with_no_client_auth()))
}

/// Bound LDAP connection. It is closed when this value is dropped, whatever the domain controller does.
pub(super) struct LdapConnection {
    ldap: Ldap,
    _driver: AbortOnDropHandle<()>,
}

impl LdapConnection {
    pub(super) async fn open(
        url: &Url,
        bind_dn: &str,
        password: &Secret,
        tls: Arc<ClientConfig>,
    ) -> Result<Self, DirectoryError> {
        let how = LdapConnSettings::new().set_config(tls);
        let (connection, ldap) = LdapConnAsync::from_url_with_settings(how, url).await.map_err(classify_ldap_error)?;
        let driver = tokio::spawn(async move {
            if let Err(error) = connection.drive().await {
                tracing::debug!(%error, "LDAP connection closed");
            }
        });
        let mut open = Self { ldap, _driver: AbortOnDropHandle::new(driver) };
        let bound = open.ldap.simple_bind(bind_dn, password.expose_secret()).await.map_err(classify_ldap_error)?;
        if bound.rc == 0 { Ok(open) } else { Err(bind_error(&bound)) }
    }

    /// Fetches the accounts that match a filter. The caller rejects more than one match.
    pub(super) async fn fetch_accounts(
        &mut self,
        base: &str,
        filter: &str,
        attributes: &[&str],
    ) -> Result<Vec<LdapEntry>, DirectoryError> {
        let parts =
            RawControl { ctype: SD_FLAGS_CONTROL_OID.to_owned(), crit: false, val: Some(DACL_ONLY_FLAGS.to_vec()) };
        self.ldap.with_controls(parts);
        let SearchResult(found, end) =
            self.ldap.search(base, Scope::Subtree, filter, attributes).await.map_err(classify_ldap_error)?;
        if end.rc != 0 {
            return Err(DirectoryError::Refused { code: end.rc });
        }
        Ok(found.into_iter().map(|entry| LdapEntry::from_tag(entry.0)).collect())
    }

    /// Fetches one object by its distinguished name. `None`: it does not exist or is not visible, which look the same.
    pub(super) async fn fetch_object(
        &mut self,
        dn: &str,
        attributes: &[&str],
    ) -> Result<Option<LdapEntry>, DirectoryError> {
        let SearchResult(found, end) =
            self.ldap.search(dn, Scope::Base, "(objectClass=*)", attributes).await.map_err(classify_ldap_error)?;
        match end.rc {
            0 => Ok(found.into_iter().next().map(|entry| LdapEntry::from_tag(entry.0))),
            NO_SUCH_OBJECT => Ok(None),
            code => Err(DirectoryError::Refused { code }),
        }
    }

    /// Replaces the value of an attribute. Used only for unlocking.
    pub(super) async fn replace_attribute(
        &mut self,
        dn: &str,
        attribute: &str,
        value: &str,
    ) -> Result<(), DirectoryError> {
        let change = Mod::Replace(attribute, [value].into());
        let done = self.ldap.modify(dn, vec![change]).await.map_err(classify_ldap_error)?;
        if done.rc == 0 { Ok(()) } else { Err(DirectoryError::Refused { code: done.rc }) }
    }

    /// Unbinds and closes the connection. Dropping it closes it too.
    pub(super) async fn close(mut self) {
        let _ = self.ldap.unbind().await;
    }
}

/// Converts a rejected bind. Keeps only AD's reason code: `data 52e` (wrong), `775` (locked), `533` (disabled), `532`
/// (expired). The rest of the domain controller's text has unknown content and is discarded.
fn bind_error(result: &LdapResult) -> DirectoryError {
    let reason = result.text.split_once("data ").map_or("", |(_, rest)| rest);
    let reason = reason.chars().take_while(char::is_ascii_hexdigit).take(8).collect();
    DirectoryError::Bind { code: result.rc, reason }
}

/// Classifies an error of the LDAP library.
fn classify_ldap_error(error: LdapError) -> DirectoryError {
    match error {
        // `ldap3` returns a failed TLS handshake as an I/O error that wraps a rustls error.
        LdapError::Io { source }
            if source.get_ref().is_some_and(<dyn std::error::Error + Send + Sync>::is::<rustls::Error>) =>
        {
            DirectoryError::Tls(source.to_string())
        }
        LdapError::Rustls { .. } | LdapError::DNSName { .. } => DirectoryError::Tls(error.to_string()),
        LdapError::FilterParsing => DirectoryError::Unreadable("account name rejected in the search filter"),
        other => DirectoryError::Unreachable(other.to_string()),
    }
}
