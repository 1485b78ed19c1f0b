//! Identities that act at Graph.
//!
//! A call with an agent's own token makes Microsoft's directory audit log name the agent. The token exists during one
//! request and is never stored. It declares that its owner can answer a claims challenge, which the operator cannot.

use super::oidc::AuthorizedSignIn;
use super::permissions::GraphScope;
use crate::base::Secret;

/// Scopes of an agent's sign-in. Without `offline_access`, because no refresh token is stored.
pub(crate) static AGENT_SCOPES: [GraphScope; 2] =
    [GraphScope::UserAuthenticationMethodReadWriteAll, GraphScope::UserRevokeSessionsAll];

/// Identity whose delegated permission a Graph call uses.
#[derive(Clone, Copy)]
pub(crate) enum ActingIdentity<'a> {
    Operator,
    Agent(&'a AgentToken),
}

/// Access token of an agent who just signed in.
pub(crate) struct AgentToken {
    pub(super) token: Secret,
}

impl From<AuthorizedSignIn> for AgentToken {
    fn from(sign_in: AuthorizedSignIn) -> Self {
        Self { token: sign_in.access_token }
    }
}
