//! SQL that inserts the intent of a reset and what is known before it is sent.

use jiff::Timestamp;

use crate::base::{PersonKey, ReferenceCode, ResetId};
use crate::people::{PasswordLastSet, PersonProfile};
use crate::store::{StoreError, StoredTime, Tx, exec_tx};

/// Insert parameters of a new reset.
pub(in crate::reset) struct ResetIntent<'a> {
    pub(in crate::reset) id: ResetId,
    pub(in crate::reset) reference: &'a ReferenceCode,
    pub(in crate::reset) person: PersonKey,
    pub(in crate::reset) profile: &'a PersonProfile,
    pub(in crate::reset) owner: &'a str,
    pub(in crate::reset) lease_until: Timestamp,
    pub(in crate::reset) now: Timestamp,
}

/// Inserts the intent of a reset. [`StoreError::AlreadyExists`]: the person has an unfinished reset.
pub(in crate::reset) async fn insert_intent(tx: &mut Tx, intent: &ResetIntent<'_>) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO resets (id, reference, tenant, object, upn, name, synced, state, created_at, updated_at, revision, change,
            lease_owner, lease_until, open)
        VALUES ($1, $2, $3, $4, $5, $6, $7, 'sending', $8, $8, 1, 0, $9, $10, 1)";
    exec_tx!(
        tx,
        SQL,
        intent.id,
        intent.reference.as_str(),
        intent.person.tenant,
        intent.person.object,
        &intent.profile.upn,
        &intent.profile.name,
        i64::from(intent.profile.is_synced()),
        StoredTime(intent.now),
        intent.owner,
        StoredTime(intent.lease_until)
    )?;
    Ok(())
}

/// Saves the person's account name in the directory and the time at which the password was set there before.
pub(in crate::reset) async fn save_password_baseline(
    tx: &mut Tx,
    id: ResetId,
    account: &str,
    before: PasswordLastSet,
) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE resets SET account = $2, pwd_before = $3 WHERE id = $1";
    exec_tx!(tx, SQL, id, account, before.as_millis())?;
    Ok(())
}

/// Marks a reset as a canary run.
pub(in crate::reset) async fn mark_canary(tx: &mut Tx, id: ResetId) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE resets SET canary = 1 WHERE id = $1";
    exec_tx!(tx, SQL, id)?;
    Ok(())
}
