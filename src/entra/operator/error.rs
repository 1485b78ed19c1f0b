//! Faults of the operator, and failures of calls with its token.

use crate::entra::claims_challenge::ClaimsChallenge;
use crate::entra::graph_error::GraphError;
use crate::entra::token_endpoint::TokenError;
use crate::store::StoreError;

/// Fault that stops the operator until an administrator acts. People see that resets are unavailable.
///
/// The stored names (`token`, `role`, `relink`) are also used by audit events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OperatorFault {
    /// The refresh token is rejected or unreadable: sessions revoked, password reset by an administrator, unused for 90
    /// days, or sealed with a missing key.
    Token,
    /// The operator holds no role that may reset passwords.
    Role,
    /// Graph sent a claims challenge: the operator must sign in again. A new token from the same refresh token would be
    /// challenged too.
    Relink,
}

impl OperatorFault {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::Role => "role",
            Self::Relink => "relink",
        }
    }

    pub(super) fn from_name(name: &str) -> Self {
        match name {
            "role" => Self::Role,
            "relink" => Self::Relink,
            _ => Self::Token,
        }
    }
}

/// Failure of a call with the operator's or an agent's token.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OperatorError {
    #[error("no operator is linked: link one at /admin/operator")]
    NotLinked,
    #[error("operator unavailable ({}): link it again or restore its role", .0.as_str())]
    Fault(OperatorFault),
    #[error("cannot get an access token for the operator")]
    Token(#[source] TokenError),
    #[error("the operator cannot reset its own password")]
    SelfReset,
    #[error("Microsoft did not respond in time")]
    TimedOut,
    /// Another replica is refreshing the operator's tokens and did not finish in time.
    #[error("another replica did not finish refreshing the operator's token in time")]
    RefreshTimedOut,
    /// Claims challenge to an agent's own token. The action resumes after the agent has signed in again.
    #[error("Graph requires the agent to sign in again")]
    Challenged(ClaimsChallenge),
    #[error(transparent)]
    Graph(#[from] GraphError),
    #[error(transparent)]
    Store(#[from] StoreError),
}
