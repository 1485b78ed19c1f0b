//! Creates all clients that send requests to Microsoft.

use std::sync::Arc;

use super::credential::{ClientCredential, CredentialError};
use super::graph::GraphClient;
use super::http_client::HttpError;
use super::oidc::OidcClient;
use super::operator::OperatorClient;
use crate::base::{Clock, Random};
use crate::config::Config;
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
        settings: &Config,
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
