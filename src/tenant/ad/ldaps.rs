//! A real Active Directory, reached like the writeback agent reaches it: LDAPS, one modify of `unicodePwd`.

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

use super::{AdError, ResetOptions};
use crate::base::Secret;

/// `LDAP_SERVER_POLICY_HINTS_OID`, and the number Windows Server 2008 R2 used before.
const POLICY_HINTS: [&str; 2] = ["1.2.840.113556.1.4.2239", "1.2.840.113556.1.4.2066"];
const LIMIT: Duration = Duration::from_secs(10);

/// Where the domain controller is and who writes there.
#[derive(Clone, Debug)]
pub struct LdapsOptions {
    /// `ldaps://127.0.0.53:636`: loopback only.
    pub url: Url,
    pub bind_dn: String,
    pub(crate) password: Secret,
    pub base_dn: String,
    /// The CA that signed the controller's certificate, PEM.
    pub ca_file: PathBuf,
}

impl LdapsOptions {
    /// Reads the bind password from a file, so that it is on no command line.
    ///
    /// # Errors
    /// When the file cannot be read.
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

/// A domain controller.
pub(in crate::tenant) struct LdapsDirectory {
    options: LdapsOptions,
    tls: Arc<ClientConfig>,
}

impl LdapsDirectory {
    pub(in crate::tenant) fn new(options: LdapsOptions) -> Result<Self, AdError> {
        let unusable = |e: &dyn std::fmt::Display| AdError::Unreachable(format!("the CA file cannot be used: {e}"));
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_file_iter(&options.ca_file).map_err(|e| unusable(&e))? {
            roots.add(certificate.map_err(|e| unusable(&e))?).map_err(|e| unusable(&e))?;
        }
        let tls = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
        Ok(Self { options, tls: Arc::new(tls) })
    }

    pub(super) async fn reset(&self, sam: &str, new: &str, options: ResetOptions) -> Result<(), AdError> {
        let mut ldap = self.bind().await?;
        let dn = self.find(&mut ldap, sam).await?;
        let mut changes = vec![replace("unicodePwd", quoted(new))];
        if options.unlock {
            changes.push(replace("lockoutTime", b"0".to_vec()));
        }
        if options.must_change {
            changes.push(replace("pwdLastSet", b"0".to_vec()));
        }
        if let Some(control) = policy_hints(&mut ldap).await? {
            tracing::info!("the domain controller offers the policy-hints control: history and age are checked");
            ldap.with_controls(control);
        } else {
            tracing::info!(
                "the domain controller does not offer the policy-hints control: history and age are not checked"
            );
        }
        let answer = ldap.modify(&dn, changes).await;
        finish(ldap, answer).await
    }

    pub(super) async fn change(&self, sam: &str, old: &str, new: &str) -> Result<(), AdError> {
        let mut ldap = self.bind().await?;
        let dn = self.find(&mut ldap, sam).await?;
        let changes = vec![
            Mod::Delete(b"unicodePwd".to_vec(), HashSet::from([quoted(old)])),
            Mod::Add(b"unicodePwd".to_vec(), HashSet::from([quoted(new)])),
        ];
        let answer = ldap.modify(&dn, changes).await;
        finish(ldap, answer).await
    }

    async fn bind(&self) -> Result<Ldap, AdError> {
        let settings = LdapConnSettings::new().set_conn_timeout(LIMIT).set_config(Arc::clone(&self.tls));
        let (connection, mut ldap) =
            LdapConnAsync::from_url_with_settings(settings, &self.options.url).await.map_err(unreachable)?;
        tokio::spawn(async move {
            if let Err(error) = connection.drive().await {
                tracing::debug!(%error, "the connection to the domain controller ended");
            }
        });
        ldap.with_timeout(LIMIT);
        let bound = ldap.simple_bind(&self.options.bind_dn, self.options.password.expose_secret()).await;
        bound.and_then(ldap3::LdapResult::success).map_err(unreachable)?;
        Ok(ldap)
    }

    async fn find(&self, ldap: &mut Ldap, sam: &str) -> Result<String, AdError> {
        let filter = format!("(&(objectClass=user)(sAMAccountName={}))", ldap3::ldap_escape(sam));
        ldap.with_timeout(LIMIT);
        let found = ldap.search(&self.options.base_dn, Scope::Subtree, &filter, vec!["userAccountControl"]).await;
        let (entries, _) = found.and_then(ldap3::SearchResult::success).map_err(unreachable)?;
        let entry =
            entries.into_iter().map(SearchEntry::construct).find(|e| !e.dn.is_empty()).ok_or(AdError::NotFound)?;
        let flags = entry.attrs.get("userAccountControl").and_then(|v| v.first()).and_then(|v| v.parse::<u32>().ok());
        if flags.is_some_and(|flags| flags & 0x2 != 0) {
            return Err(AdError::Disabled);
        }
        ldap.with_timeout(LIMIT);
        Ok(entry.dn)
    }
}

/// The control, if the controller names it in its root entry: sending it otherwise is an error (12).
async fn policy_hints(ldap: &mut Ldap) -> Result<Option<RawControl>, AdError> {
    ldap.with_timeout(LIMIT);
    let root = ldap.search("", Scope::Base, "(objectClass=*)", vec!["supportedControl"]).await;
    let (entries, _) = root.and_then(ldap3::SearchResult::success).map_err(unreachable)?;
    let offered: Vec<String> = entries
        .into_iter()
        .map(SearchEntry::construct)
        .flat_map(|mut e| e.attrs.remove("supportedControl").unwrap_or_default())
        .collect();
    ldap.with_timeout(LIMIT);
    // The value is SEQUENCE { INTEGER 1 }: "obey the policy as for a change".
    let control =
        |oid: &&str| RawControl { ctype: (*oid).to_owned(), crit: true, val: Some(vec![0x30, 0x03, 0x02, 0x01, 0x01]) };
    Ok(POLICY_HINTS.iter().find(|oid| offered.iter().any(|o| o == *oid)).map(control))
}

async fn finish(mut ldap: Ldap, answer: ldap3::result::Result<ldap3::LdapResult>) -> Result<(), AdError> {
    let outcome = match answer.map_err(unreachable) {
        Ok(result) => judge(&result),
        Err(error) => Err(error),
    };
    let _ = ldap.unbind().await;
    outcome
}

fn judge(result: &ldap3::LdapResult) -> Result<(), AdError> {
    if result.rc == 0 {
        return Ok(());
    }
    let text = result.text.to_uppercase();
    tracing::info!(code = result.rc, "the domain controller refused the change");
    Err(match text.as_str() {
        t if t.contains("0000052D") => AdError::Policy,
        t if t.contains("00000056") => AdError::WrongPassword,
        _ if result.rc == 50 => AdError::Denied,
        _ if result.rc == 32 => AdError::NotFound,
        _ => AdError::Unreachable(format!("LDAP {}: {}", result.rc, result.text)),
    })
}

#[expect(clippy::needless_pass_by_value, reason = "used with map_err")]
fn unreachable(error: LdapError) -> AdError {
    AdError::Unreachable(error.to_string())
}

fn replace(attribute: &str, value: Vec<u8>) -> Mod<Vec<u8>> {
    Mod::Replace(attribute.as_bytes().to_vec(), HashSet::from([value]))
}

/// AD takes a password as UTF-16LE between quotation marks.
fn quoted(password: &str) -> Vec<u8> {
    format!("\"{password}\"").encode_utf16().flat_map(u16::to_le_bytes).collect()
}
