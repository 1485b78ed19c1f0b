//! A real Active Directory, changed like the writeback agent does: one LDAP modify of `unicodePwd` over LDAPS.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use ldap3::controls::RawControl;
use ldap3::{Ldap, LdapConnAsync, LdapConnSettings, LdapError, Mod, Scope, SearchEntry};
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use url::Url;

use super::{AdError, DirectoryResetOptions};
use passback_foundation::Secret;

/// OIDs of the policy-hints control: `LDAP_SERVER_POLICY_HINTS_OID`, and the one that Windows Server 2008 R2 used
/// before.
const POLICY_HINTS_OIDS: [&str; 2] = ["1.2.840.113556.1.4.2239", "1.2.840.113556.1.4.2066"];
/// Maximum time for the connection and for each LDAP operation.
const LDAP_TIMEOUT: Duration = Duration::from_secs(10);

/// Address and credentials of a domain controller.
#[derive(Clone, Debug)]
pub struct LdapsOptions {
    /// Address such as `ldaps://127.0.0.53:636`. Must be loopback.
    pub url: Url,
    /// Distinguished name of the account that resets passwords.
    pub bind_dn: String,
    pub(crate) password: Secret,
    /// Base of the search for accounts.
    pub base_dn: String,
    /// PEM file with the CA certificates that the domain controller's certificate is verified with.
    pub ca_file: PathBuf,
}

impl LdapsOptions {
    /// Creates options with the bind password from a file, so that it is on no command line.
    ///
    /// # Errors
    /// If the password file cannot be read.
    pub fn new(
        url: Url,
        bind_dn: String,
        password_file: &std::path::Path,
        base_dn: String,
        ca_file: PathBuf,
    ) -> std::io::Result<Self> {
        let password = Secret::new(std::fs::read_to_string(password_file)?.trim_end_matches(['\r', '\n']).to_owned());
        Ok(Self { url, bind_dn, password, base_dn, ca_file })
    }
}

/// A domain controller that is connected to for each change.
pub(crate) struct LdapsDirectory {
    options: LdapsOptions,
    tls: Arc<ClientConfig>,
}

impl LdapsDirectory {
    pub(crate) fn new(options: LdapsOptions) -> Result<Self, AdError> {
        let unusable = |e: &dyn std::fmt::Display| AdError::Unreachable(format!("cannot load the CA file: {e}"));
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_file_iter(&options.ca_file).map_err(|e| unusable(&e))? {
            roots.add(certificate.map_err(|e| unusable(&e))?).map_err(|e| unusable(&e))?;
        }
        let tls = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
        Ok(Self { options, tls: Arc::new(tls) })
    }

    pub(super) async fn reset_password(
        &self,
        sam: &str,
        new: &str,
        options: DirectoryResetOptions,
    ) -> Result<(), AdError> {
        let mut ldap = self.connect_and_bind().await?;
        let dn = self.find_user_dn(&mut ldap, sam).await?;
        let mut changes = vec![replace_attribute("unicodePwd", encode_password(new))];
        if options.unlock {
            changes.push(replace_attribute("lockoutTime", b"0".to_vec()));
        }
        if options.must_change {
            changes.push(replace_attribute("pwdLastSet", b"0".to_vec()));
        }
        if let Some(control) = fetch_policy_hints_control(&mut ldap).await? {
            tracing::info!("policy hints supported: password history and age enforced");
            ldap.with_controls(control);
        } else {
            tracing::info!("policy hints not supported: password history and age not enforced");
        }
        let answer = ldap.modify(&dn, changes).await;
        unbind_and_map_result(ldap, answer).await
    }

    pub(super) async fn change_password(&self, sam: &str, old: &str, new: &str) -> Result<(), AdError> {
        let mut ldap = self.connect_and_bind().await?;
        let dn = self.find_user_dn(&mut ldap, sam).await?;
        let changes = vec![
            Mod::Delete(b"unicodePwd".to_vec(), HashSet::from([encode_password(old)])),
            Mod::Add(b"unicodePwd".to_vec(), HashSet::from([encode_password(new)])),
        ];
        let answer = ldap.modify(&dn, changes).await;
        unbind_and_map_result(ldap, answer).await
    }

    async fn connect_and_bind(&self) -> Result<Ldap, AdError> {
        let settings = LdapConnSettings::new().set_conn_timeout(LDAP_TIMEOUT).set_config(Arc::clone(&self.tls));
        let (connection, mut ldap) =
            LdapConnAsync::from_url_with_settings(settings, &self.options.url).await.map_err(unreachable_error)?;
        tokio::spawn(async move {
            if let Err(error) = connection.drive().await {
                tracing::debug!(%error, "LDAP connection closed");
            }
        });
        ldap.with_timeout(LDAP_TIMEOUT);
        let bound = ldap.simple_bind(&self.options.bind_dn, self.options.password.expose_secret()).await;
        bound.and_then(ldap3::LdapResult::success).map_err(unreachable_error)?;
        Ok(ldap)
    }

    /// Finds an account's distinguished name. Fails with [`AdError::Disabled`] for a disabled account.
    async fn find_user_dn(&self, ldap: &mut Ldap, sam: &str) -> Result<String, AdError> {
        let filter = format!("(&(objectClass=user)(sAMAccountName={}))", ldap3::ldap_escape(sam));
        ldap.with_timeout(LDAP_TIMEOUT);
        let found = ldap.search(&self.options.base_dn, Scope::Subtree, &filter, vec!["userAccountControl"]).await;
        let (entries, _) = found.and_then(ldap3::SearchResult::success).map_err(unreachable_error)?;
        let entry =
            entries.into_iter().map(SearchEntry::construct).find(|e| !e.dn.is_empty()).ok_or(AdError::NotFound)?;
        let flags = entry.attrs.get("userAccountControl").and_then(|v| v.first()).and_then(|v| v.parse::<u32>().ok());
        if flags.is_some_and(|flags| flags & 0x2 != 0) {
            return Err(AdError::Disabled);
        }
        ldap.with_timeout(LDAP_TIMEOUT);
        Ok(entry.dn)
    }
}

/// Returns the policy-hints control if the domain controller's root DSE lists it. Sending it otherwise fails with LDAP
/// result 12.
async fn fetch_policy_hints_control(ldap: &mut Ldap) -> Result<Option<RawControl>, AdError> {
    ldap.with_timeout(LDAP_TIMEOUT);
    let root = ldap.search("", Scope::Base, "(objectClass=*)", vec!["supportedControl"]).await;
    let (entries, _) = root.and_then(ldap3::SearchResult::success).map_err(unreachable_error)?;
    let offered: Vec<String> = entries
        .into_iter()
        .map(SearchEntry::construct)
        .flat_map(|mut e| e.attrs.remove("supportedControl").unwrap_or_default())
        .collect();
    ldap.with_timeout(LDAP_TIMEOUT);
    // The value is SEQUENCE { INTEGER 1 }: enforce the password policy as for a change.
    let control =
        |oid: &&str| RawControl { ctype: (*oid).to_owned(), crit: true, val: Some(vec![0x30, 0x03, 0x02, 0x01, 0x01]) };
    Ok(POLICY_HINTS_OIDS.iter().find(|oid| offered.iter().any(|o| o == *oid)).map(control))
}

async fn unbind_and_map_result(
    mut ldap: Ldap,
    answer: ldap3::result::Result<ldap3::LdapResult>,
) -> Result<(), AdError> {
    let outcome = match answer.map_err(unreachable_error) {
        Ok(result) => map_ldap_result(&result),
        Err(error) => Err(error),
    };
    let _ = ldap.unbind().await;
    outcome
}

/// Maps an LDAP result to the reason for the rejection.
fn map_ldap_result(result: &ldap3::LdapResult) -> Result<(), AdError> {
    if result.rc == 0 {
        return Ok(());
    }
    let text = result.text.to_uppercase();
    tracing::info!(code = result.rc, "domain controller rejected the password change");
    Err(match text.as_str() {
        t if t.contains("0000052D") => AdError::Policy,
        t if t.contains("00000056") => AdError::WrongPassword,
        _ if result.rc == 50 => AdError::Denied,
        _ if result.rc == 32 => AdError::NotFound,
        _ => AdError::Unreachable(format!("LDAP {}: {}", result.rc, result.text)),
    })
}

#[expect(clippy::needless_pass_by_value, reason = "used with map_err")]
fn unreachable_error(error: LdapError) -> AdError {
    AdError::Unreachable(error.to_string())
}

fn replace_attribute(attribute: &str, value: Vec<u8>) -> Mod<Vec<u8>> {
    Mod::Replace(attribute.as_bytes().to_vec(), HashSet::from([value]))
}

/// Encodes a password for `unicodePwd`: UTF-16LE, in quotation marks.
fn encode_password(password: &str) -> Vec<u8> {
    format!("\"{password}\"").encode_utf16().flat_map(u16::to_le_bytes).collect()
}
