//! Runs `passback operator link`: links the operator by device code, where no browser with an administrator's session
//! is available. Anyone who can run it has the portal's configuration and keys, which give more access than the
//! administrator's role.

use crate::base::{BoxedError, Clock, Random};
use crate::config::Config;
use crate::entra::{
    AadstsCode, EntraClients, EntraSetupError, LinkRefusal, OauthErrorCode, OperatorCandidate, ResetRoleAssignment,
    SignInError, TokenError,
};
use crate::store::{Db, SealError, Sealer, StoreError};

/// AADSTS codes for an app that needs a client credential for a device code, or must not send one.
const CLIENT_AUTHENTICATION_ERRORS: [AadstsCode; 2] =
    [AadstsCode::ClientCredentialMissing, AadstsCode::PublicClientWithCredential];

/// Instructions for the operator's sign-in.
#[derive(Debug)]
pub struct DevicePrompt {
    /// Address to open in any browser.
    pub address: String,
    /// Code to enter there.
    pub code: String,
}

/// Account that signed in and must be confirmed.
#[derive(Debug)]
pub struct ProposedOperator {
    pub name: String,
    pub upn: String,
    pub role: String,
    /// Part of the tenant for which it holds the role.
    pub scope: String,
}

/// Reason why no operator was linked. The previous one stays linked.
#[derive(Debug, thiserror::Error)]
pub enum OperatorLinkError {
    #[error("operator not linked")]
    Store(#[source] BoxedError),
    #[error("operator not linked")]
    Sealing(#[source] BoxedError),
    #[error("operator not linked")]
    Entra(#[source] BoxedError),
    /// The account that signed in cannot be the operator.
    #[error("operator not linked")]
    Refused(#[source] BoxedError),
    #[error("operator not linked")]
    SignIn(#[source] BoxedError),
    #[error("operator not linked: no one signed in with the code in time. Run the command again")]
    CodeExpired,
    #[error("operator not linked: the person with the code chose not to sign in")]
    Declined,
    #[error(
        "operator not linked: Entra does not issue tokens for a device code to this app (AADSTS{0}). Link the operator in a browser instead, at /admin/operator"
    )]
    DeviceCodeNotAllowed(u32),
    #[error("operator not linked: {upn} signed in, but {wanted} was named")]
    WrongAccount { upn: String, wanted: String },
    #[error(
        "operator not linked: the database lacks tables of this release. Start the portal once with this configuration"
    )]
    SchemaOutdated,
    #[error("operator not linked, as you chose")]
    NotConfirmed,
}

macro_rules! impl_link_error_from {
    ($($error:ty => $variant:ident),* $(,)?) => {$(impl From<$error> for OperatorLinkError {
        fn from(error: $error) -> Self {
            Self::$variant(error.into())
        }
    })*};
}
impl_link_error_from!(StoreError => Store, SealError => Sealing, EntraSetupError => Entra, LinkRefusal => Refused);

impl From<SignInError> for OperatorLinkError {
    fn from(error: SignInError) -> Self {
        let SignInError::Token(token) = &error else { return Self::SignIn(error.into()) };
        if let Some(code) = token.aadsts_code().filter(|code| CLIENT_AUTHENTICATION_ERRORS.contains(code)) {
            return Self::DeviceCodeNotAllowed(code.number());
        }
        match token {
            TokenError::Refused { error: OauthErrorCode::ExpiredToken, .. } => Self::CodeExpired,
            TokenError::Refused { error: OauthErrorCode::AuthorizationDeclined, .. } => Self::Declined,
            _ => Self::SignIn(error.into()),
        }
    }
}

/// Links an operator: shows a code, waits for a sign-in with it, and asks for confirmation of the account.
///
/// # Errors
/// When no one signs in, when the account cannot be the operator, when it is not confirmed, or when configuration,
/// database, keys or Entra cannot be used.
pub async fn link_operator(
    config: &Config,
    clock: Clock,
    random: Random,
    wanted: Option<&str>,
    show: impl FnOnce(&DevicePrompt),
    confirm: impl FnOnce(&ProposedOperator) -> bool,
) -> Result<ProposedOperator, OperatorLinkError> {
    let db = Db::open_existing(&config.database.url).await?;
    if db.count_missing_migrations().await.unwrap_or(1) > 0 {
        return Err(OperatorLinkError::SchemaOutdated);
    }
    let sealer = Sealer::load(&config.sealing, config.tenant_id(), random.clone())?;
    let entra = EntraClients::new(config, &db, &sealer, &clock, &random)?;
    let code = entra.oidc.request_device_code(entra.operator.scopes()).await.map_err(SignInError::from)?;
    show(&DevicePrompt { address: code.verification_url.clone(), code: code.user_code.clone() });
    let who = entra.oidc.await_device_sign_in(&code).await?;
    let candidate = entra.operator.assess_candidate(who).await?;
    let proposed = to_proposed_operator(&candidate);
    match wanted {
        Some(wanted) if !wanted.eq_ignore_ascii_case(&candidate.upn) => {
            return Err(OperatorLinkError::WrongAccount { upn: proposed.upn, wanted: wanted.to_owned() });
        }
        None if !confirm(&proposed) => return Err(OperatorLinkError::NotConfirmed),
        _ => {}
    }
    entra.operator.link_from_cli(candidate).await?;
    Ok(proposed)
}

fn to_proposed_operator(candidate: &OperatorCandidate) -> ProposedOperator {
    let ResetRoleAssignment { role, scope } = &candidate.reset_role;
    ProposedOperator {
        name: candidate.name.clone(),
        upn: candidate.upn.clone(),
        role: role.to_string(),
        scope: if scope.is_entire_tenant() { "the whole tenant".to_owned() } else { scope.to_string() },
    }
}
