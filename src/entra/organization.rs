//! Graph resource `organization`: the state of the tenant's synchronisation with its on-premises directory.

use jiff::Timestamp;
use serde::Deserialize;

use super::graph::GraphClient;
use super::graph_error::{GraphError, UnreadableResponse};

/// State of the tenant's synchronisation with its on-premises directory.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OrganizationSync {
    #[serde(default)]
    pub(crate) on_premises_sync_enabled: Option<bool>,
    #[serde(default)]
    pub(crate) on_premises_last_sync_date_time: Option<Timestamp>,
}

impl GraphClient {
    /// Fetches the state of the tenant's directory synchronisation.
    pub(crate) async fn fetch_organization_sync(&self) -> Result<OrganizationSync, GraphError> {
        let mut url = self.url(&["organization"]);
        url.query_pairs_mut().append_pair("$select", "id,onPremisesSyncEnabled,onPremisesLastSyncDateTime");
        let found: Vec<OrganizationSync> = self.get_first_page(url).await?;
        found.into_iter().next().ok_or(GraphError::Unreadable(UnreadableResponse::Empty("organization")))
    }
}
