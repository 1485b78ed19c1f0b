//! `passback operator link`: the operator is linked by device code, where no browser with an administrator's session is at
//! hand. Whoever runs it holds the portal's configuration and keys, which are worth more than the role.

use crate::base::{Clock, Random};
use crate::config::Config;
use crate::entra::{Candidate, Entra, LinkRefused, NoEntra, SignInFailed, TokenError};
use crate::store::{Db, SealError, Sealer, StoreError};

/// Entra's code for an app that may not do this without a proof, or may not prove itself.
const PROOF: [u32; 2] = [7_000_218, 700_025];

/// What somebody is asked to do.
#[derive(Debug)]
pub struct DevicePrompt {
    /// Where to go, in any browser.
    pub address: String,
    /// What to type there.
    pub code: String,
}

/// Who signed in, to be confirmed.
#[derive(Debug)]
pub struct ProposedOperator {
    pub name: String,
    pub upn: String,
    pub role: String,
    /// `/` or an administrative unit.
    pub scope: String,
}

/// Why no operator was linked. The one from before stays.
#[derive(Debug, thiserror::Error)]
pub enum OperatorLinkError {
    #[error("the operator was not linked: {0}")]
    Refused(String),
    #[error("the operator was not linked: nobody signed in with the code in time. Run the command again")]
    Late,
    #[error("the operator was not linked: whoever has the code chose not to sign in")]
    Declined,
    #[error(
        "the operator was not linked: Entra does not give this app tokens for a device code (AADSTS{0}). Link it in a browser instead, at /admin/operator"
    )]
    NotForThisApp(u32),
    #[error("the operator was not linked: {upn} signed in, and {wanted} was named")]
    SomebodyElse { upn: String, wanted: String },
    #[error(
        "the operator was not linked: the database has no tables of this release yet. Start the portal once with this configuration"
    )]
    NoTables,
    #[error("the operator was not linked, as you chose")]
    NotConfirmed,
}

macro_rules! refused {
    ($($error:ty),*) => {$(impl From<$error> for OperatorLinkError {
        fn from(error: $error) -> Self {
            Self::Refused(chain(&error))
        }
    })*};
}
refused!(StoreError, SealError, NoEntra, LinkRefused);

/// What, and why.
fn chain(error: &dyn std::error::Error) -> String {
    let because = std::iter::successors(Some(error), |error| error.source());
    because.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

impl From<SignInFailed> for OperatorLinkError {
    fn from(error: SignInFailed) -> Self {
        let SignInFailed::Token(token) = &error else { return Self::Refused(chain(&error)) };
        if let Some(code) = token.code().filter(|code| PROOF.contains(code)) {
            return Self::NotForThisApp(code);
        }
        match token {
            TokenError::Refused { error, .. } if error == "expired_token" => Self::Late,
            TokenError::Refused { error, .. } if error == "authorization_declined" => Self::Declined,
            _ => Self::Refused(chain(token)),
        }
    }
}

/// Links an operator: shows a code, waits for somebody to sign in with it, and asks whether it is the right account.
///
/// # Errors
/// When nobody signs in, when who does cannot be the operator, when it is not confirmed, and when configuration, database, keys
/// or Entra cannot be used.
pub async fn operator_link(
    config: &Config,
    (clock, random): (Clock, Random),
    wanted: Option<&str>,
    show: impl FnOnce(&DevicePrompt),
    confirm: impl FnOnce(&ProposedOperator) -> bool,
) -> Result<ProposedOperator, OperatorLinkError> {
    let db = Db::existing(&config.database.url).await?;
    if db.missing_migrations().await.unwrap_or(1) > 0 {
        return Err(OperatorLinkError::NoTables);
    }
    let sealer = Sealer::load(&config.sealing, config.tenant(), random.clone())?;
    let entra = Entra::new(config, &db, &sealer, &clock, &random)?;
    let code = entra.oidc.device_code(entra.operators.scopes()).await.map_err(SignInFailed::from)?;
    show(&DevicePrompt { address: code.address.clone(), code: code.code.clone() });
    let who = entra.oidc.device_sign_in(&code).await?;
    let candidate = entra.operators.candidate(who).await?;
    let proposed = proposed(&candidate);
    match wanted {
        Some(wanted) if !wanted.eq_ignore_ascii_case(&candidate.upn) => {
            return Err(OperatorLinkError::SomebodyElse { upn: proposed.upn, wanted: wanted.to_owned() });
        }
        None if !confirm(&proposed) => return Err(OperatorLinkError::NotConfirmed),
        _ => {}
    }
    entra.operators.link_by_command(candidate).await?;
    Ok(proposed)
}

fn proposed(candidate: &Candidate) -> ProposedOperator {
    ProposedOperator {
        name: candidate.name.clone(),
        upn: candidate.upn.clone(),
        role: candidate.role.clone(),
        scope: candidate.scope.clone(),
    }
}
