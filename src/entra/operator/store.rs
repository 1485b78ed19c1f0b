//! SQL for the linked operator and its candidates (tables `operator` and `operator_candidates`).

use jiff::{SignedDuration, Timestamp};

use super::OperatorFault;
use super::link::OperatorCandidate;
use crate::base::{ObjectId, Secret, TimestampExt as _};
use crate::store::{
    Db, KeyPurpose, SealContext, Sealer, StoreError, Tx, exec_db, exec_tx, hash_id, one_row, select_optional,
};

/// Linked operator. Its tokens are still sealed.
#[derive(Clone, Debug)]
pub(crate) struct LinkedOperator {
    pub(crate) object: ObjectId,
    pub(crate) upn: String,
    pub(crate) name: String,
    pub(crate) role: String,
    pub(crate) scope: String,
    pub(crate) linked_at: Timestamp,
    pub(crate) refreshed_at: Timestamp,
    pub(crate) fault: Option<OperatorFault>,
    pub(super) access_expires_at: Timestamp,
    sealed_refresh: String,
    sealed_access: String,
}

#[derive(sqlx::FromRow)]
struct OperatorRow {
    object: String,
    upn: String,
    name: String,
    role: String,
    scope: String,
    linked_at: i64,
    refreshed_at: i64,
    access_until: i64,
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

fn timestamp_from_millis(millis: i64) -> Timestamp {
    Timestamp::from_millisecond(millis).unwrap_or_default()
}

impl OperatorStore {
    pub(super) fn new(db: Db, sealer: Sealer) -> Self {
        Self { db, sealer }
    }

    pub(super) async fn load_operator(&self) -> Result<Option<LinkedOperator>, StoreError> {
        const SQL: &str = "SELECT object, upn, name, role, scope, linked_at, refreshed_at, access_until, sealed_refresh, sealed_access, trouble
            FROM operator WHERE slot = 1";
        let row: Option<OperatorRow> = select_optional!(&self.db, SQL)?;
        row.map(LinkedOperator::try_from).transpose()
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

    /// Claims the right to refresh the tokens. Returns false if another replica holds it.
    ///
    /// A claim that expires later than any current one could was made before the clock was set back, and is ignored.
    pub(super) async fn claim_refresh(
        &self,
        owner: &str,
        now: Timestamp,
        lasts: SignedDuration,
    ) -> Result<bool, StoreError> {
        const SQL: &str = "UPDATE operator SET refresh_owner = $1, refresh_until = $3
            WHERE slot = 1 AND (refresh_owner IS NULL OR refresh_until < $2 OR refresh_until > $4)";
        let after = |span: SignedDuration| now.later(span).as_millisecond();
        let (until, furthest) = (after(lasts), after(lasts * 2));
        let now = now.as_millisecond();
        let rows = exec_db!(&self.db, SQL, owner, now, until, furthest)?;
        Ok(rows == 1)
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
        let (until, now) = (until.as_millisecond(), now.as_millisecond());
        let rows = exec_db!(&self.db, SQL, owner, &refresh, &access, until, now)?;
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
        role: &str,
        scope: &str,
    ) -> Result<(), StoreError> {
        const SQL: &str = "UPDATE operator SET role = $3, scope = $4 WHERE slot = 1 AND object = $1 AND linked_at = $2";
        let (object, linked) = (operator.object.to_string(), operator.linked_at.as_millisecond());
        exec_db!(&self.db, SQL, &object, linked, role, scope)?;
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
        let (tenant, object) = (candidate.key.tenant.to_string(), candidate.key.object.to_string());
        let (now, until) = (now.as_millisecond(), candidate.access_until);
        exec_tx!(
            tx,
            SQL,
            &tenant,
            &object,
            &candidate.upn,
            &candidate.name,
            &candidate.role,
            &candidate.scope,
            by,
            now,
            &refresh,
            &access,
            until
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
        let until = until.as_millisecond();
        exec_db!(&self.db, SQL, &row, &sealed, until)?;
        Ok(())
    }

    pub(super) async fn load_candidate(
        &self,
        session: &str,
        now: Timestamp,
    ) -> Result<Option<OperatorCandidate>, StoreError> {
        const SQL: &str = "SELECT sealed FROM operator_candidates WHERE session_hash = $1 AND expires_at > $2";
        let row = hash_id(session);
        let now = now.as_millisecond();
        let found: Option<(String,)> = select_optional!(&self.db, SQL, &row, now)?;
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
        let (row, now) = (hash_id(session), now.as_millisecond());
        exec_db!(&self.db, SQL, &row, now)?;
        Ok(())
    }
}

/// Stores a fault of the operator.
///
/// Returns false if a fault is stored already, or the operator has been linked again since: a late response to an old
/// token does not concern the new link.
pub(super) async fn mark_fault(
    tx: &mut Tx,
    operator: &LinkedOperator,
    trouble: OperatorFault,
    now: Timestamp,
) -> Result<bool, StoreError> {
    const SQL: &str = "UPDATE operator SET trouble = $2, trouble_at = $3, refresh_owner = NULL, refresh_until = NULL
        WHERE slot = 1 AND object = $1 AND linked_at = $4 AND trouble IS NULL";
    let (object, now) = (operator.object.to_string(), now.as_millisecond());
    let linked = operator.linked_at.as_millisecond();
    let rows = exec_tx!(tx, SQL, &object, trouble.as_str(), now, linked)?;
    Ok(rows == 1)
}

impl TryFrom<OperatorRow> for LinkedOperator {
    type Error = StoreError;

    fn try_from(row: OperatorRow) -> Result<Self, StoreError> {
        let object = row
            .object
            .parse()
            .map_err(|_| StoreError::InvalidRow { table: "operator", problem: "object is not a UUID".to_owned() })?;
        Ok(Self {
            object,
            upn: row.upn,
            name: row.name,
            role: row.role,
            scope: row.scope,
            linked_at: timestamp_from_millis(row.linked_at),
            refreshed_at: timestamp_from_millis(row.refreshed_at),
            access_expires_at: timestamp_from_millis(row.access_until),
            sealed_refresh: row.sealed_refresh,
            sealed_access: row.sealed_access,
            fault: row.trouble.as_deref().map(OperatorFault::from_name),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::AuditLog;
    use crate::base::{Clock, PersonKey, Random};
    use crate::store::testing::{test_databases, test_sealer, test_tenant};

    fn test_candidate() -> OperatorCandidate {
        let key = PersonKey { tenant: test_tenant(), object: "5e000000-0000-4000-8000-000000000001".parse().unwrap() };
        let text = |t: &str| t.to_owned();
        OperatorCandidate {
            key,
            upn: text("svc@x"),
            name: text("Svc"),
            role: text("r"),
            scope: text("/a"),
            refresh: text("refresh-1"),
            access: text("access-1"),
            access_until: 5,
        }
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
            assert!(store.claim_refresh("a", now, span).await.unwrap());
            let behind = now - SignedDuration::from_secs(2);
            assert!(
                !store.claim_refresh("b", behind, span).await.unwrap(),
                "one at a time, also by a clock that is behind"
            );
            assert!(matches!(store.update_tokens("b", &new, &new, later, now).await, Err(StoreError::RowNotFound)));
            store.update_tokens("a", &new, &new, later, now).await.unwrap();
            assert_eq!(
                store.refresh_token(&store.load_operator().await.unwrap().unwrap()).unwrap().expose_secret(),
                "2"
            );
            assert!(store.claim_refresh("b", now, span).await.unwrap());
            let passed_over = store.claim_refresh("c", later + SignedDuration::from_secs(1), span).await.unwrap();
            assert!(passed_over, "a dead claimant is passed over");
            let set_back = now - SignedDuration::from_hours(2);
            assert!(
                store.claim_refresh("c", set_back, span).await.unwrap(),
                "and one from before the clock was set back"
            );
            store.release_refresh("c").await.unwrap();
            store.mark_access_expired().await.unwrap();
            let mut transaction = audit_log.begin().await.unwrap();
            let linked = store.load_operator().await.unwrap().unwrap();
            let before = LinkedOperator { linked_at: now - SignedDuration::from_secs(1), ..linked.clone() };
            assert!(
                !mark_fault(transaction.tx(), &before, OperatorFault::Token, now).await.unwrap(),
                "an older link of the same account"
            );
            assert!(mark_fault(transaction.tx(), &linked, OperatorFault::Role, now).await.unwrap());
            assert!(!mark_fault(transaction.tx(), &linked, OperatorFault::Token, now).await.unwrap());
            transaction.commit().await.unwrap();
            store.update_role(&linked, "Another role", "/administrativeUnits/2").await.unwrap();
            store.update_role(&before, "Old news", "/").await.unwrap();
            let read = store.load_operator().await.unwrap().unwrap();
            assert_eq!((read.role.as_str(), read.scope.as_str()), ("Another role", "/administrativeUnits/2"));
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
