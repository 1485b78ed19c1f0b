//! Clients for Microsoft: sign-in with Entra, Graph, and the operator's tokens.
//!
//! No other module sends requests to Microsoft. Production, demo and tests differ only in base URLs.
//!
//! - The application's token reads, sends mail and dismisses risks.
//! - The operator's token resets passwords and polls operations. It also manages passes and revokes sessions unless
//!   agents act with their own tokens.
//! - An agent's own token makes only calls for that agent's case action and is not stored. A person's token is
//!   never stored.
//! - Wire formats stay inside this module.

mod about;
mod acting_identity;
mod app_token;
mod conditional_access;
mod credential;
mod graph;
mod http_client;
mod mail;
mod oidc;
mod operation_url;
mod operator;
mod permissions;
mod reads;
mod token_endpoint;

pub(crate) use about::{MAX_SEARCH_RESULTS, RegistrationDetails, RiskLookup, RiskyUser, UserSummary};
pub(crate) use acting_identity::{AGENT_SCOPES, ActingIdentity, AgentToken, ClaimsChallenge};
#[cfg(test)]
pub(crate) use conditional_access::parse_policy_for_test;
pub(crate) use conditional_access::{ConditionalAccessPolicy, SignInFrequency};
pub(crate) use credential::{ClientCredential, CredentialError};
pub(crate) use graph::{AUDIT_LOG_RATE_LIMIT, GraphClient, GraphError, GraphRefusal};
pub(crate) use http_client::HttpError;
#[cfg(feature = "emulator")]
pub(crate) use http_client::build_client;
pub(crate) use mail::OutgoingMail;
pub(crate) use oidc::{AuthorizeRequest, AuthorizedSignIn, IdentityError, OidcClient, SignInError, VerifiedIdentity};
pub(crate) use operator::{
    DispatchOutcome, DispatchPermit, LinkRefusal, LinkedOperator, OperationPoll, OperatorCandidate, OperatorClient,
    OperatorError, OperatorFault, PassStatus, PasswordValidation, TemporaryAccessPass,
};
pub(crate) use operator::{find_reset_role, is_overprivileged};
pub(crate) use permissions::{
    APPLICATION_PERMISSIONS, DELEGATED_PERMISSIONS, FORBIDDEN_APPLICATION_PERMISSIONS, PermissionReview,
    review_application_permissions, review_operator_permissions,
};
pub(crate) use reads::{DirectoryAuditRecord, GraphDevice, GraphUser, RoleAssignment};
pub(crate) use token_endpoint::{TokenError, parse_aadsts_codes};

use std::sync::Arc;

use crate::base::{Clock, Random};
use crate::config;
use crate::store::{Db, Sealer};

/// Failure to create the clients for Microsoft at startup.
#[derive(Debug, thiserror::Error)]
pub(crate) enum EntraSetupError {
    #[error("cannot create the clients for Microsoft")]
    Http(#[from] HttpError),
    #[error(transparent)]
    Credential(#[from] CredentialError),
}

/// All clients that send requests to Microsoft, for one tenant.
#[derive(Clone)]
pub(crate) struct EntraClients {
    pub(crate) credential: Arc<ClientCredential>,
    pub(crate) oidc: Arc<OidcClient>,
    pub(crate) graph: GraphClient,
    pub(crate) operator: OperatorClient,
}

impl EntraClients {
    pub(crate) fn new(
        settings: &config::Config,
        db: &Db,
        sealer: &Sealer,
        clock: &Clock,
        random: &Random,
    ) -> Result<Self, EntraSetupError> {
        let credential = Arc::new(ClientCredential::load(&settings.entra, clock.clone(), random.clone())?);
        let oidc = Arc::new(OidcClient::new(settings, Arc::clone(&credential), clock.clone())?);
        let graph = GraphClient::new(&settings.entra, Arc::clone(&oidc), clock.clone(), random.clone())?;
        let operators = OperatorClient::new(graph.clone(), db.clone(), sealer.clone(), settings);
        Ok(Self { credential, oidc, graph, operator: operators })
    }
}
