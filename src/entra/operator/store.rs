//! SQL for the linked operator and its candidates (tables `operator` and `operator_candidates`).

use jiff::{SignedDuration, Timestamp};

use super::account::{LinkedOperator, OperatorCandidate};
use super::error::OperatorFault;
use crate::base::{ObjectId, Secret, TimestampExt as _};
use crate::entra::roles::{DirectoryScope, ResetRole, ResetRoleAssignment};
use crate::store::{
    Db, KeyPurpose, SealContext, Sealer, StoreError, StoredTime, Tx, exec_db, exec_tx, hash_id, one_row,
    select_optional,
};

/// Outcome of claiming the right to refresh the tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RefreshClaim {
    Acquired,
    HeldByOther,
}

/// Outcome of recording a fault of the operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FaultRecord {
    Stored,
    /// A fault is stored already, or the operator has been linked again since.
    Ignored,
}

#[derive(sqlx::FromRow)]
struct OperatorRow {
    object: ObjectId,
    upn: String,
    name: String,
    #[sqlx(try_from = "String")]
    role: ResetRole,
    #[sqlx(try_from = "String")]
    scope: DirectoryScope,
    linked_at: StoredTime,
    refreshed_at: StoredTime,
    access_until: StoredTime,
    sealed_refresh: String,
    sealed_access: String,
    trouble: Option<String>,
}

#[derive(Clone)]
pub(super) struct OperatorStore {
    db: Db,
    sealer: Sealer,
}

fn seal_context(column: &'static str) -> SealContext<'static> {
    SealContext { table: "operator", column, row: "1" }
}

impl OperatorStore {
    pub(super) fn new(db: Db, sealer: Sealer) -> Self {
        Self { db, sealer }
    }

    pub(super) async fn load_operator(&self) -> Result<Option<LinkedOperator>, StoreError> {
        const SQL: &str = "SELECT object, upn, name, role, scope, linked_at, refreshed_at, access_until, sealed_refresh, sealed_access, trouble
            FROM operator WHERE slot = 1";
        let row: Option<OperatorRow> = select_optional!(&self.db, SQL)?;
        Ok(row.map(LinkedOperator::from))
    }

    pub(super) fn access_token(&self, operator: &LinkedOperator) -> Result<Secret, StoreError> {
        self.open_token("sealed_access", &operator.sealed_access)
    }

    pub(super) fn refresh_token(&self, operator: &LinkedOperator) -> Result<Secret, StoreError> {
        self.open_token("sealed_refresh", &operator.sealed_refresh)
    }

    fn open_token(&self, column: &'static str, sealed: &str) -> Result<Secret, StoreError> {
        let plain = self.sealer.open(KeyPurpose::Operator, seal_context(column), sealed)?;
        let text = std::str::from_utf8(&plain)
            .map_err(|e| StoreError::InvalidRow { table: "operator", problem: e.to_string() })?;
        Ok(Secret::new(text.to_owned()))
    }

    fn seal_token(&self, column: &'static str, token: &Secret) -> Result<String, StoreError> {
        Ok(self.sealer.seal(KeyPurpose::Operator, seal_context(column), token.expose_secret().as_bytes())?)
    }

    /// Claims the right to refresh the tokens.
    ///
    /// A claim that expires later than any current one could was made before the clock was set back, and is ignored.
    pub(super) async fn claim_refresh(
        &self,
        owner: &str,
        now: Timestamp,
        lasts: SignedDuration,
    ) -> Result<RefreshClaim, StoreError> {
        const SQL: &str = "UPDATE operator SET refresh_owner = $1, refresh_until = $3
            WHERE slot = 1 AND (refresh_owner IS NULL OR refresh_until < $2 OR refresh_until > $4)";
        let (until, furthest) = (StoredTime(now.later(lasts)), StoredTime(now.later(lasts * 2)));
        let rows = exec_db!(&self.db, SQL, owner, StoredTime(now), until, furthest)?;
        Ok(if rows == 1 { RefreshClaim::Acquired } else { RefreshClaim::HeldByOther })
    }

    /// Releases the claim to refresh, if this replica holds it.
    pub(super) async fn release_refresh(&self, owner: &str) -> Result<(), StoreError> {
        const SQL: &str =
            "UPDATE operator SET refresh_owner = NULL, refresh_until = NULL WHERE slot = 1 AND refresh_owner = $1";
        exec_db!(&self.db, SQL, owner)?;
        Ok(())
    }

    /// Stores new tokens and releases the claim. Fails if this replica no longer holds it.
    pub(super) async fn update_tokens(
        &self,
        owner: &str,
        refresh: &Secret,
        access: &Secret,
        until: Timestamp,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        const SQL: &str =
            "UPDATE operator SET sealed_refresh = $2, sealed_access = $3, access_until = $4, refreshed_at = $5,
            refresh_owner = NULL, refresh_until = NULL WHERE slot = 1 AND refresh_owner = $1";
        let (refresh, access) =
            (self.seal_token("sealed_refresh", refresh)?, self.seal_token("sealed_access", access)?);
        let rows = exec_db!(&self.db, SQL, owner, &refresh, &access, StoredTime(until), StoredTime(now))?;
        one_row(rows)
    }

    /// Marks the access token as expired.
    pub(super) async fn mark_access_expired(&self) -> Result<(), StoreError> {
        const SQL: &str = "UPDATE operator SET access_until = 0 WHERE slot = 1";
        exec_db!(&self.db, SQL)?;
        Ok(())
    }

    /// Stores the operator's current role and scope.
    pub(super) async fn update_role(
        &self,
        operator: &LinkedOperator,
        held: &ResetRoleAssignment,
    ) -> Result<(), StoreError> {
        const SQL: &str = "UPDATE operator SET role = $3, scope = $4 WHERE slot = 1 AND object = $1 AND linked_at = $2";
        let linked_at = StoredTime(operator.linked_at);
        exec_db!(&self.db, SQL, operator.object, linked_at, held.role.as_str(), held.scope.as_str())?;
        Ok(())
    }

    /// Replaces the operator with a confirmed candidate.
    pub(super) async fn replace_operator(
        &self,
        tx: &mut Tx,
        candidate: &OperatorCandidate,
        by: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        const SQL: &str = "INSERT INTO operator (slot, tenant, object, upn, name, role, scope, linked_by, linked_at, sealed_refresh, sealed_access, access_until, refreshed_at)
            VALUES (1, $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $8)
            ON CONFLICT (slot) DO UPDATE SET tenant = $1, object = $2, upn = $3, name = $4, role = $5, scope = $6, linked_by = $7, linked_at = $8,
                sealed_refresh = $9, sealed_access = $10, access_until = $11, refreshed_at = $8,
                refresh_owner = NULL, refresh_until = NULL, trouble = NULL, trouble_at = NULL";
        let refresh = self.seal_token("sealed_refresh", &Secret::new(candidate.refresh.clone()))?;
        let access = self.seal_token("sealed_access", &Secret::new(candidate.access.clone()))?;
        let reset_role = &candidate.reset_role;
        exec_tx!(
            tx,
            SQL,
            candidate.key.tenant,
            candidate.key.object,
            &candidate.upn,
            &candidate.name,
            reset_role.role.as_str(),
            reset_role.scope.as_str(),
            by,
            StoredTime(now),
            &refresh,
            &access,
            StoredTime(candidate.access_expires_at)
        )?;
        Ok(())
    }

    /// Stores a candidate, sealed, for the administrator's own session. It replaces a previous one.
    pub(super) async fn insert_candidate(
        &self,
        session: &str,
        candidate: &OperatorCandidate,
        until: Timestamp,
    ) -> Result<(), StoreError> {
        const SQL: &str = "INSERT INTO operator_candidates (session_hash, sealed, expires_at) VALUES ($1, $2, $3)
            ON CONFLICT (session_hash) DO UPDATE SET sealed = $2, expires_at = $3";
        let row = hash_id(session);
        let plain = serde_json::to_vec(candidate)
            .map_err(|e| StoreError::InvalidRow { table: "operator_candidates", problem: e.to_string() })?;
        let place = SealContext { table: "operator_candidates", column: "sealed", row: &row };
        let sealed = self.sealer.seal(KeyPurpose::Operator, place, &plain)?;
        exec_db!(&self.db, SQL, &row, &sealed, StoredTime(until))?;
        Ok(())
    }

    pub(super) async fn load_candidate(
        &self,
        session: &str,
        now: Timestamp,
    ) -> Result<Option<OperatorCandidate>, StoreError> {
        const SQL: &str = "SELECT sealed FROM operator_candidates WHERE session_hash = $1 AND expires_at > $2";
        let row = hash_id(session);
        let found: Option<(String,)> = select_optional!(&self.db, SQL, &row, StoredTime(now))?;
        let Some((sealed,)) = found else { return Ok(None) };
        let place = SealContext { table: "operator_candidates", column: "sealed", row: &row };
        let plain = self.sealer.open(KeyPurpose::Operator, place, &sealed)?;
        serde_json::from_slice(&plain)
            .map(Some)
            .map_err(|e| StoreError::InvalidRow { table: "operator_candidates", problem: e.to_string() })
    }

    /// Deletes the candidate of a session, and all expired ones.
    pub(super) async fn delete_candidate(&self, session: &str, now: Timestamp) -> Result<(), StoreError> {
        const SQL: &str = "DELETE FROM operator_candidates WHERE session_hash = $1 OR expires_at < $2";
        let row = hash_id(session);
        exec_db!(&self.db, SQL, &row, StoredTime(now))?;
        Ok(())
    }
}

/// Stores a fault of the operator.
///
/// A late response to an old token does not concern an operator that has been linked again since.
pub(super) async fn mark_fault(
    tx: &mut Tx,
    operator: &LinkedOperator,
    trouble: OperatorFault,
    now: Timestamp,
) -> Result<FaultRecord, StoreError> {
    const SQL: &str = "UPDATE operator SET trouble = $2, trouble_at = $3, refresh_owner = NULL, refresh_until = NULL
        WHERE slot = 1 AND object = $1 AND linked_at = $4 AND trouble IS NULL";
    let linked_at = StoredTime(operator.linked_at);
    let rows = exec_tx!(tx, SQL, operator.object, trouble.as_str(), StoredTime(now), linked_at)?;
    Ok(if rows == 1 { FaultRecord::Stored } else { FaultRecord::Ignored })
}

impl From<OperatorRow> for LinkedOperator {
    fn from(row: OperatorRow) -> Self {
        Self {
            object: row.object,
            upn: row.upn,
            name: row.name,
            reset_role: ResetRoleAssignment { role: row.role, scope: row.scope },
            linked_at: row.linked_at.0,
            refreshed_at: row.refreshed_at.0,
            access_expires_at: row.access_until.0,
            sealed_refresh: row.sealed_refresh,
            sealed_access: row.sealed_access,
            fault: row.trouble.as_deref().map(OperatorFault::from_name),
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::audit::AuditLog;
    use crate::base::{Clock, PersonKey, Random};
    use crate::store::testing::{test_databases, test_sealer, test_tenant};

    pub(in crate::entra::operator) fn test_candidate() -> OperatorCandidate {
        let key = PersonKey { tenant: test_tenant(), object: "5e000000-0000-4000-8000-000000000001".parse().unwrap() };
        let text = |t: &str| t.to_owned();
        OperatorCandidate {
            key,
            upn: text("svc@x"),
            name: text("Svc"),
            reset_role: reset_role("r", "/a"),
            refresh: text("refresh-1"),
            access: text("access-1"),
            access_expires_at: Timestamp::from_millisecond(5).unwrap(),
        }
    }

    fn reset_role(role: &str, scope: &str) -> ResetRoleAssignment {
        ResetRoleAssignment { role: role.to_owned().into(), scope: scope.to_owned().into() }
    }

    #[tokio::test]
    async fn tokens_are_sealed_and_only_claim_owner_updates_them() {
        for engine in test_databases().await {
            let store = OperatorStore::new(engine.db.clone(), test_sealer());
            let audit_log = AuditLog::new(engine.db.clone(), test_sealer(), Clock::system(), Random::system());
            let now = Timestamp::from_second(1_800_000_000).unwrap();
            let mut transaction = audit_log.begin().await.unwrap();
            store.replace_operator(transaction.tx(), &test_candidate(), "somebody", now).await.unwrap();
            transaction.commit().await.unwrap();
            let operator = store.load_operator().await.unwrap().unwrap();
            assert_eq!(store.refresh_token(&operator).unwrap().expose_secret(), "refresh-1");
            assert!(!format!("{operator:?}").contains("refresh-1"));
            let (span, new) = (SignedDuration::from_secs(30), Secret::new("2".to_owned()));
            let later = now + span;
            assert_eq!(store.claim_refresh("a", now, span).await.unwrap(), RefreshClaim::Acquired);
            let behind = now - SignedDuration::from_secs(2);
            assert_eq!(
                store.claim_refresh("b", behind, span).await.unwrap(),
                RefreshClaim::HeldByOther,
                "one at a time, also by a clock that is behind"
            );
            assert!(matches!(store.update_tokens("b", &new, &new, later, now).await, Err(StoreError::RowNotFound)));
            store.update_tokens("a", &new, &new, later, now).await.unwrap();
            assert_eq!(
                store.refresh_token(&store.load_operator().await.unwrap().unwrap()).unwrap().expose_secret(),
                "2"
            );
            assert_eq!(store.claim_refresh("b", now, span).await.unwrap(), RefreshClaim::Acquired);
            let passed_over = store.claim_refresh("c", later + SignedDuration::from_secs(1), span).await.unwrap();
            assert_eq!(passed_over, RefreshClaim::Acquired, "a dead claimant is passed over");
            let set_back = now - SignedDuration::from_hours(2);
            assert_eq!(
                store.claim_refresh("c", set_back, span).await.unwrap(),
                RefreshClaim::Acquired,
                "and one from before the clock was set back"
            );
            store.release_refresh("c").await.unwrap();
            store.mark_access_expired().await.unwrap();
            let mut transaction = audit_log.begin().await.unwrap();
            let linked = store.load_operator().await.unwrap().unwrap();
            let before = LinkedOperator { linked_at: now - SignedDuration::from_secs(1), ..linked.clone() };
            assert_eq!(
                mark_fault(transaction.tx(), &before, OperatorFault::Token, now).await.unwrap(),
                FaultRecord::Ignored,
                "an older link of the same account"
            );
            let first = mark_fault(transaction.tx(), &linked, OperatorFault::Role, now).await.unwrap();
            let second = mark_fault(transaction.tx(), &linked, OperatorFault::Token, now).await.unwrap();
            assert_eq!((first, second), (FaultRecord::Stored, FaultRecord::Ignored));
            transaction.commit().await.unwrap();
            store.update_role(&linked, &reset_role("Another role", "/administrativeUnits/2")).await.unwrap();
            store.update_role(&before, &reset_role("Old news", "/")).await.unwrap();
            let read = store.load_operator().await.unwrap().unwrap();
            assert_eq!(read.reset_role, reset_role("Another role", "/administrativeUnits/2"));
            assert_eq!(store.load_operator().await.unwrap().unwrap().fault, Some(OperatorFault::Role));
        }
    }

    #[tokio::test]
    async fn candidate_is_bound_to_one_session_and_expires() {
        for engine in test_databases().await {
            let store = OperatorStore::new(engine.db.clone(), test_sealer());
            let now = Timestamp::from_second(1_800_000_000).unwrap();
            let until = now + jiff::SignedDuration::from_mins(10);
            store.insert_candidate("mine", &test_candidate(), until).await.unwrap();
            assert!(store.load_candidate("other", now).await.unwrap().is_none());
            assert_eq!(store.load_candidate("mine", now).await.unwrap().unwrap().refresh, "refresh-1");
            assert!(store.load_candidate("mine", until).await.unwrap().is_none());
            store.delete_candidate("mine", now).await.unwrap();
            assert!(store.load_candidate("mine", now).await.unwrap().is_none());
        }
    }
}
