//! Client for Graph calls with the operator's token: its role, its faults, and claims challenges.

use jiff::Timestamp;

use super::account::LinkedOperator;
use super::error::{OperatorError, OperatorFault};
use super::store::{FaultRecord, OperatorStore, mark_fault};
use crate::audit::{AuditActor, AuditEvent, AuditLog};
use crate::base::Secret;
use crate::config::Config;
use crate::entra::aadsts::AadstsCode;
use crate::entra::acting_identity::ActingIdentity;
use crate::entra::graph::GraphClient;
use crate::entra::graph_error::{GraphError, GraphRefusal};
use crate::entra::roles::{find_reset_role, is_overprivileged};
use crate::store::{Db, Sealer, StoreError};

/// Whether the operator holds more power than resets need.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OperatorPrivilege {
    Appropriate,
    /// See [`is_overprivileged`].
    Excessive,
}

/// Client for Graph calls with the operator's token, or with an agent's own.
#[derive(Clone)]
pub(crate) struct OperatorClient {
    pub(super) graph: GraphClient,
    pub(super) store: OperatorStore,
    pub(super) audit_log: AuditLog,
    pub(super) allows_tenant_wide_role: bool,
    /// Passwords are checked with Microsoft before a reset begins.
    pub(super) microsoft_check: bool,
    pub(super) instance_id: String,
}

impl OperatorClient {
    pub(in crate::entra) fn new(graph: GraphClient, db: Db, sealer: Sealer, settings: &Config) -> Self {
        let (clock, random) = (graph.clock.clone(), graph.random.clone());
        let audit_log = AuditLog::new(db.clone(), sealer.clone(), clock, random.clone());
        let (tenant_wide, microsoft_check) = (settings.operator.tenant_wide, settings.policy.microsoft_check);
        Self {
            graph,
            store: OperatorStore::new(db, sealer),
            audit_log,
            allows_tenant_wide_role: tenant_wide,
            microsoft_check,
            instance_id: random.token(),
        }
    }

    pub(super) fn now(&self) -> Timestamp {
        self.graph.clock.now()
    }

    /// Loads the linked operator. `None` if no operator is linked.
    pub(crate) async fn load_operator(&self) -> Result<Option<LinkedOperator>, StoreError> {
        self.store.load_operator().await
    }

    /// Fetches the operator's roles and stores the one that may reset passwords.
    ///
    /// Without such a role it stores [`OperatorFault::Role`] and returns an error.
    pub(crate) async fn check_role(&self) -> Result<OperatorPrivilege, OperatorError> {
        let operator = self.store.load_operator().await?.ok_or(OperatorError::NotLinked)?;
        let held = self.graph.fetch_role_assignments(operator.object).await?;
        let Some(reset_role) = find_reset_role(&held) else {
            self.mark_fault(&operator, OperatorFault::Role, None).await?;
            return Err(OperatorError::Fault(OperatorFault::Role));
        };
        self.store.update_role(&operator, &reset_role).await?;
        Ok(if is_overprivileged(&held) { OperatorPrivilege::Excessive } else { OperatorPrivilege::Appropriate })
    }

    /// Renews the tokens and checks the operator's role.
    ///
    /// A refresh token expires after 90 days without use, so this must run regularly.
    pub(crate) async fn refresh_and_check_role(&self) -> Result<OperatorPrivilege, OperatorError> {
        self.store.mark_access_expired().await?;
        self.access_token().await?;
        self.check_role().await
    }

    /// Detects a claims challenge and stores [`OperatorFault::Relink`].
    ///
    /// The operator does not declare the client capability `cp1`, because no person is present to answer a challenge.
    /// Graph should therefore not send one. If it does, an administrator must link the operator again.
    pub(super) async fn detect_challenge(
        &self,
        operator: &LinkedOperator,
        error: &GraphError,
    ) -> Result<(), OperatorError> {
        if matches!(error, GraphError::ErrorResponse(refusal) if refusal.challenge.is_some()) {
            tracing::error!("operator token challenged: resets unavailable until linked again");
            self.mark_fault(operator, OperatorFault::Relink, None).await?;
        }
        Ok(())
    }

    /// Returns the token of the acting identity, and the operator if it is the one that acts.
    pub(super) async fn token_for(
        &self,
        identity: ActingIdentity<'_>,
    ) -> Result<(Option<LinkedOperator>, Secret), OperatorError> {
        match identity {
            ActingIdentity::Operator => self.access_token().await.map(|(operator, token)| (Some(operator), token)),
            ActingIdentity::Agent(agent) => Ok((None, agent.token.clone())),
        }
    }

    /// Maps the result of a Graph call, handling a claims challenge to the operator or to the agent.
    pub(super) async fn map_result<T>(
        &self,
        operator: Option<&LinkedOperator>,
        answer: Result<T, GraphError>,
    ) -> Result<T, OperatorError> {
        match (operator, answer) {
            (_, Ok(done)) => Ok(done),
            (Some(operator), Err(error)) => {
                self.detect_challenge(operator, &error).await?;
                Err(error.into())
            }
            (None, Err(GraphError::ErrorResponse(GraphRefusal { challenge: Some(challenge), .. }))) => {
                Err(OperatorError::Challenged(*challenge))
            }
            (None, Err(error)) => Err(error.into()),
        }
    }

    /// Stores a fault of the operator and records it in the audit log, unless one is stored already.
    pub(super) async fn mark_fault(
        &self,
        operator: &LinkedOperator,
        trouble: OperatorFault,
        code: Option<AadstsCode>,
    ) -> Result<(), StoreError> {
        let mut transaction = self.audit_log.begin().await?;
        if mark_fault(transaction.tx(), operator, trouble, self.now()).await? == FaultRecord::Stored {
            let event = AuditEvent::new("operator.trouble", AuditActor::Portal)
                .with_detail("trouble", trouble.as_str())
                .with_detail("aadsts", code.map(AadstsCode::number));
            transaction.record_event(event.with_detail("operator", operator.object.to_string()));
        }
        transaction.commit().await
    }
}
