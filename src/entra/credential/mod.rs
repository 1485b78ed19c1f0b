//! How the application proves itself at the token endpoint: a secret, a JWT signed with its certificate's key, or a
//! token of an issuer that Entra was told to trust.

mod certificate;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio_util::sync::CancellationToken;
use zeroize::Zeroizing;

use self::certificate::Certificate;
use crate::base::{Clock, Random, Secret};
use crate::config::{self, CredentialKind};

/// <https://learn.microsoft.com/entra/identity-platform/certificate-credentials> (read 2026-11-23); the same for federated
/// tokens: <https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow>.
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// How often the files are looked at when nobody asks for a token.
const LOOKS: Duration = Duration::from_mins(1);

/// Why the application cannot prove itself. Nothing of a key or token stands in it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CredentialError {
    #[error("entra.credential.{key} {path} cannot be read")]
    Read { key: &'static str, path: String, source: std::io::Error },
    #[error("entra.credential.key_file {path} can be read by group or others: chmod 600 it")]
    Permissions { path: String },
    #[error("entra.credential.{key} {path}: {problem}")]
    Shape { key: &'static str, path: String, problem: &'static str },
    #[error("entra.credential: key_file is not the key of certificate_file")]
    Mismatch,
    #[error("entra.credential.certificate_file {path} is valid from {from} until {until}, which is not now")]
    NotNow { path: String, from: Timestamp, until: Timestamp },
    #[error("entra.credential: nothing could be signed")]
    Sign,
    #[error("entra.credential: kind and keys do not go together")]
    Incomplete,
}

/// The application's credential.
pub(crate) struct Credential {
    kind: Kind,
    clock: Clock,
}

enum Kind {
    Secret(Secret),
    Certificate(Certificate),
    Federated(PathBuf),
}

/// What goes into one token request: names and values of its form.
pub(super) struct Proof(Vec<(&'static str, Secret)>);

impl Proof {
    fn assertion(assertion: Secret) -> Self {
        let kind = Secret::new(ASSERTION_TYPE.to_owned());
        Self(vec![("client_assertion_type", kind), ("client_assertion", assertion)])
    }

    pub(super) fn fields(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.0.iter().map(|(name, value)| (*name, value.expose_secret()))
    }
}

impl Credential {
    /// Reads what must be there from the start.
    pub(super) fn load(settings: &config::Entra, clock: Clock, random: Random) -> Result<Self, CredentialError> {
        let given = &settings.credential;
        let kind = match given.kind {
            CredentialKind::Secret => Kind::Secret(given.secret.clone().ok_or(CredentialError::Incomplete)?),
            CredentialKind::Certificate => {
                let files = given.certificate_file.clone().zip(given.key_file.clone());
                let (certificate, key) = files.ok_or(CredentialError::Incomplete)?;
                let files = certificate::Files { certificate, key };
                let client = settings.client_id.to_string();
                Kind::Certificate(Certificate::load(files, client, clock.clone(), random)?)
            }
            CredentialKind::Federated => Kind::Federated(given.token_file.clone().ok_or(CredentialError::Incomplete)?),
        };
        Ok(Self { kind, clock })
    }

    /// A proof for one request to this token endpoint.
    pub(super) async fn proof(&self, token_endpoint: &str) -> Result<Proof, CredentialError> {
        Ok(match &self.kind {
            Kind::Secret(secret) => Proof(vec![("client_secret", secret.clone())]),
            Kind::Certificate(certificate) => Proof::assertion(certificate.assertion(token_endpoint).await?),
            // The platform writes a new one long before the old one ends: what is kept would end unnoticed.
            Kind::Federated(file) => Proof::assertion(federated(file).await?),
        })
    }

    /// When the certificate in use ends. Of the other kinds we cannot know.
    pub(crate) fn ends_at(&self) -> Option<Timestamp> {
        if let Kind::Certificate(certificate) = &self.kind { Some(certificate.ends_at()) } else { None }
    }

    /// Whole days until then; less than zero when it is over.
    pub(crate) fn days_left(&self) -> Option<i64> {
        let left = self.ends_at()?.duration_since(self.clock.now());
        Some(left.as_hours().div_euclid(24))
    }

    /// Takes up renewed files also while nobody signs in, and warns once a day when the end is near.
    pub(crate) async fn watch(self: Arc<Self>, stop: CancellationToken) {
        let Kind::Certificate(certificate) = &self.kind else { return };
        let mut warned_at = None;
        loop {
            certificate.look().await;
            self.warn(&mut warned_at);
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(LOOKS) => {}
            }
        }
    }

    /// Gives the days that were said.
    fn warn(&self, warned_at: &mut Option<Timestamp>) -> Option<i64> {
        const NEAR: i64 = 30;
        let (now, days) = (self.clock.now(), self.days_left()?);
        let today = warned_at.is_some_and(|at| now.duration_since(at) < SignedDuration::from_hours(24) && at <= now);
        if days >= NEAR || today {
            return None;
        }
        *warned_at = Some(now);
        tracing::warn!(
            days,
            "the certificate that proves the portal to Entra ends soon: without it nobody can sign in"
        );
        Some(days)
    }
}

/// A token that somebody else keeps fresh.
async fn federated(file: &PathBuf) -> Result<Secret, CredentialError> {
    let (key, path) = ("token_file", file.display().to_string());
    let read = tokio::fs::read_to_string(file).await.map(Zeroizing::new);
    let text = read.map_err(|source| CredentialError::Read { key, path: path.clone(), source })?;
    match text.trim() {
        "" => Err(CredentialError::Shape { key, path, problem: "is empty" }),
        token => Ok(Secret::new(token.to_owned())),
    }
}

#[cfg(feature = "tenant")]
#[cfg(test)]
mod tests;
