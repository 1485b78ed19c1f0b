//! Client authentication at Entra's token endpoint.
//!
//! Three kinds of credential are supported: a client secret, a JWT signed with the key of a certificate, and a token of
//! an issuer that the app registration trusts (federated credential).

mod certificate;
mod error;

pub(crate) use error::CredentialError;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio_util::sync::CancellationToken;
use zeroize::Zeroizing;

use self::certificate::CertificateCredential;
use crate::base::{Clock, Random, Secret};
use crate::config::{self, ClientCredentialKind};

/// Value of `client_assertion_type`.
///
/// <https://learn.microsoft.com/entra/identity-platform/certificate-credentials> (read 2026-11-23). Federated tokens
/// use the same value: <https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow>.
const CLIENT_ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// Interval at which the certificate files are checked, in addition to each token request.
const RELOAD_INTERVAL: Duration = Duration::from_mins(1);

/// Credential with which the portal authenticates to Entra.
pub(crate) struct ClientCredential {
    source: CredentialSource,
    clock: Clock,
}

enum CredentialSource {
    Secret(Secret),
    Certificate(CertificateCredential),
    Federated(PathBuf),
}

/// Form parameters that authenticate the client in one token request.
pub(super) struct ClientAuthentication(Vec<(&'static str, Secret)>);

impl ClientAuthentication {
    fn from_assertion(assertion: Secret) -> Self {
        let kind = Secret::new(CLIENT_ASSERTION_TYPE.to_owned());
        Self(vec![("client_assertion_type", kind), ("client_assertion", assertion)])
    }

    pub(super) fn form_fields(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.0.iter().map(|(name, value)| (*name, value.expose_secret()))
    }
}

impl ClientCredential {
    /// Loads the configured credential. The certificate and its key must be readable at startup.
    pub(super) fn load(settings: &config::EntraConfig, clock: Clock, random: Random) -> Result<Self, CredentialError> {
        let given = &settings.credential;
        let kind = match given.kind {
            ClientCredentialKind::Secret => {
                CredentialSource::Secret(given.secret.clone().ok_or(CredentialError::Incomplete)?)
            }
            ClientCredentialKind::Certificate => {
                let files = given.certificate_file.clone().zip(given.key_file.clone());
                let (certificate, key) = files.ok_or(CredentialError::Incomplete)?;
                let files = certificate::CertificateFiles { certificate, key };
                let client = settings.client_id.to_string();
                CredentialSource::Certificate(CertificateCredential::load(files, client, clock.clone(), random)?)
            }
            ClientCredentialKind::Federated => {
                CredentialSource::Federated(given.token_file.clone().ok_or(CredentialError::Incomplete)?)
            }
        };
        Ok(Self { source: kind, clock })
    }

    /// Builds the client authentication for one request to this token endpoint.
    pub(super) async fn build_authentication(
        &self,
        token_endpoint: &str,
    ) -> Result<ClientAuthentication, CredentialError> {
        Ok(match &self.source {
            CredentialSource::Secret(secret) => ClientAuthentication(vec![("client_secret", secret.clone())]),
            CredentialSource::Certificate(certificate) => {
                ClientAuthentication::from_assertion(certificate.build_assertion(token_endpoint).await?)
            }
            // Read again for each request: the platform replaces the token long before it expires, so a cached one
            // would expire unnoticed.
            CredentialSource::Federated(file) => {
                ClientAuthentication::from_assertion(read_federated_token(file).await?)
            }
        })
    }

    /// Returns when the certificate in use expires. `None` for other kinds, whose expiry is unknown.
    pub(crate) fn expires_at(&self) -> Option<Timestamp> {
        if let CredentialSource::Certificate(certificate) = &self.source {
            Some(certificate.expires_at())
        } else {
            None
        }
    }

    /// Returns whole days until the certificate expires. Negative after expiry.
    pub(crate) fn days_until_expiry(&self) -> Option<i64> {
        let left = self.expires_at()?.duration_since(self.clock.now());
        Some(left.as_hours().div_euclid(24))
    }

    /// Reloads renewed certificate files, also while no token is requested, and warns once a day before expiry.
    ///
    /// Runs until shutdown. Returns at once for other kinds of credential.
    pub(crate) async fn run_expiry_monitor(self: Arc<Self>, stop: CancellationToken) {
        let CredentialSource::Certificate(certificate) = &self.source else { return };
        let mut warned_at = None;
        loop {
            certificate.reload_if_changed().await;
            self.warn_before_expiry(&mut warned_at);
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(RELOAD_INTERVAL) => {}
            }
        }
    }

    /// Logs a warning at most once a day when the certificate expires soon. Returns the days left if it logged.
    fn warn_before_expiry(&self, warned_at: &mut Option<Timestamp>) -> Option<i64> {
        const EXPIRY_WARNING_DAYS: i64 = 30;
        let (now, days) = (self.clock.now(), self.days_until_expiry()?);
        let today = warned_at.is_some_and(|at| now.duration_since(at) < SignedDuration::from_hours(24) && at <= now);
        if days >= EXPIRY_WARNING_DAYS || today {
            return None;
        }
        *warned_at = Some(now);
        tracing::warn!(days, "client certificate expires soon: sign-in fails after expiry");
        Some(days)
    }
}

/// Reads a federated token from a file that the platform renews.
async fn read_federated_token(file: &PathBuf) -> Result<Secret, CredentialError> {
    let (key, path) = ("token_file", file.display().to_string());
    let read = tokio::fs::read_to_string(file).await.map(Zeroizing::new);
    let text = read.map_err(|source| CredentialError::Read { key, path: path.clone(), source })?;
    match text.trim() {
        "" => Err(CredentialError::InvalidContent { key, path, problem: "is empty" }),
        token => Ok(Secret::new(token.to_owned())),
    }
}

#[cfg(feature = "emulator")]
#[cfg(test)]
mod tests;
