//! SQL of resets.
//!
//! Every visible change increments `change` by one for the entire table. Event streams wait for that number.

mod claims;
mod device_checklist;
mod dispatch;
mod finishings;
mod listing;
mod retention;
pub(crate) mod search;
mod statistics;
#[cfg(test)]
mod tests;
mod transitions;

pub(super) use claims::{
    DueWork, PollSchedule, SendingLease, claim_due, has_overlapping_reset, load_sending_leases,
    schedule_evidence_check, schedule_poll, take_over_lease,
};
pub(super) use device_checklist::{
    load_checklist, mark_signed_out, mark_was_locked, save_devices, update_laptop_answer, update_step,
};
pub(super) use dispatch::{
    clear_dispatched, count_ahead_in_queue, load_throttled_until, mark_dispatched, mark_queued, renew_lease,
    save_throttle_until,
};
pub(super) use finishings::{
    FinishingStatus, PendingFinishing, claim_due_finishings, end_finishing, load_finishing_status,
};
pub(crate) use listing::{GraphResponseRecord, ListCursor, ResetNote, ResetSummary};
pub(super) use listing::{
    insert_note, load_by_person, load_graph_responses, load_name_and_detail, load_notes, schedule_checks_now,
};
pub(super) use retention::{delete_notes, erase_name, load_named};
pub(crate) use statistics::EndedReset;
pub(super) use statistics::{count_by_cause, count_by_day, load_checkpoint_latencies, load_ended};
pub(super) use transitions::{
    NewGraphResponse, StateTransition, insert_evidence, insert_graph_response, update_accepted, update_state,
};

use jiff::{SignedDuration, Timestamp};

use super::cause::ResetCause;
use super::record::{DeliveryLogGap, EvidenceCheckpoint, EvidenceRecord, PasswordReset};
use super::state::ResetState;
use crate::base::{PersonKey, ReferenceCode, ResetId};
use crate::people::{PasswordLastSet, PersonProfile};
use crate::store::{Db, StoreError, Tx, exec_tx, select_all, select_one, select_one_tx, select_optional};

/// Builds SQL with the columns of a reset. A macro, because `concat!` accepts only literals.
macro_rules! with_reset_columns {
    ($before:literal, $after:literal) => {
        concat!(
            $before,
            "id, reference, tenant, object, synced, state, cause, created_at, updated_at, dispatched_at, accepted_at, \
             settled_at, location, polls, lost_since, down_since, down_total, line_since, revision, operator, account, \
             pwd_before, carried_note",
            $after
        )
    };
}
use with_reset_columns;

#[derive(sqlx::FromRow)]
struct ResetRow {
    id: String,
    reference: String,
    tenant: String,
    object: String,
    synced: i64,
    state: String,
    cause: Option<String>,
    created_at: i64,
    updated_at: i64,
    dispatched_at: Option<i64>,
    accepted_at: Option<i64>,
    settled_at: Option<i64>,
    location: Option<String>,
    polls: i64,
    lost_since: Option<i64>,
    down_since: Option<i64>,
    down_total: i64,
    line_since: Option<i64>,
    revision: i64,
    operator: Option<String>,
    account: Option<String>,
    pwd_before: Option<i64>,
    carried_note: Option<String>,
}

fn timestamp_from_millis(millis: i64) -> Timestamp {
    Timestamp::from_millisecond(millis).unwrap_or_default()
}

impl TryFrom<ResetRow> for PasswordReset {
    type Error = StoreError;

    fn try_from(row: ResetRow) -> Result<Self, StoreError> {
        let bad =
            |problem: &str| StoreError::InvalidRow { table: "resets", problem: format!("{problem} of {}", row.id) };
        Ok(Self {
            id: row.id.parse().map_err(|_| bad("id"))?,
            reference: row.reference.parse().map_err(|_| bad("reference"))?,
            person: PersonKey {
                tenant: row.tenant.parse().map_err(|_| bad("tenant"))?,
                object: row.object.parse().map_err(|_| bad("object"))?,
            },
            state: ResetState::from_name(&row.state).ok_or_else(|| bad("state"))?,
            cause: row
                .cause
                .as_deref()
                .map(|code| ResetCause::from_name(code).ok_or_else(|| bad("cause")))
                .transpose()?,
            synced: row.synced == 1,
            created_at: timestamp_from_millis(row.created_at),
            updated_at: timestamp_from_millis(row.updated_at),
            dispatched_at: row.dispatched_at.map(timestamp_from_millis),
            accepted_at: row.accepted_at.map(timestamp_from_millis),
            settled_at: row.settled_at.map(timestamp_from_millis),
            location: row.location,
            poll_count: row.polls,
            lost_since: row.lost_since.map(timestamp_from_millis),
            outage_since: row.down_since.map(timestamp_from_millis),
            outage_total_ms: row.down_total,
            queued_since: row.line_since.map(timestamp_from_millis),
            revision: row.revision,
            operator_id: row.operator.as_deref().and_then(|id| id.parse().ok()),
            directory_account: row.account,
            password_baseline: row.pwd_before.map(PasswordLastSet::from_millis),
            delivery_log_gap: row.carried_note.as_deref().and_then(DeliveryLogGap::from_name),
        })
    }
}

/// Increments the table-wide change counter and returns it. Call it last in a transaction, because all writers share
/// its row.
async fn increment_change_counter(tx: &mut Tx) -> Result<i64, StoreError> {
    const SQL: &str = "UPDATE counters SET value = value + 1 WHERE name = 'change' RETURNING value";
    let (value,): (i64,) = select_one_tx!(tx, SQL)?;
    Ok(value)
}

/// Marks a reset as visibly changed, for event streams and caches.
pub(super) async fn mark_changed(tx: &mut Tx, id: ResetId, now: Timestamp) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE resets SET change = $2, revision = revision + 1, updated_at = $3 WHERE id = $1";
    let (id, change, now) = (id.to_string(), increment_change_counter(tx).await?, now.as_millisecond());
    exec_tx!(tx, SQL, &id, change, now)?;
    Ok(())
}

/// Insert parameters of a new reset.
pub(super) struct ResetIntent<'a> {
    pub(super) id: ResetId,
    pub(super) reference: &'a ReferenceCode,
    pub(super) person: PersonKey,
    pub(super) profile: &'a PersonProfile,
    pub(super) owner: &'a str,
    pub(super) lease_until: Timestamp,
    pub(super) now: Timestamp,
}

/// Saves the person's account name in the directory and the time at which the password was set there before.
pub(super) async fn save_password_baseline(
    tx: &mut Tx,
    id: ResetId,
    account: &str,
    before: PasswordLastSet,
) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE resets SET account = $2, pwd_before = $3 WHERE id = $1";
    let (id, before) = (id.to_string(), before.as_millis());
    exec_tx!(tx, SQL, &id, account, before)?;
    Ok(())
}

/// Marks a reset as a canary run.
pub(super) async fn mark_canary(tx: &mut Tx, id: ResetId) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE resets SET canary = 1 WHERE id = $1";
    let id = id.to_string();
    exec_tx!(tx, SQL, &id)?;
    Ok(())
}

/// Loads the newest canary resets.
pub(super) async fn load_canaries(db: &Db, count: i64) -> Result<Vec<PasswordReset>, StoreError> {
    const SQL: &str =
        with_reset_columns!("SELECT ", " FROM resets WHERE canary = 1 ORDER BY created_at DESC, id DESC LIMIT $1");
    let rows: Vec<ResetRow> = select_all!(db, SQL, count)?;
    rows.into_iter().map(PasswordReset::try_from).collect()
}

/// Updates the reason why the audit log cannot show who carried the password. Returns `false` if it is unchanged.
pub(super) async fn update_log_gap(tx: &mut Tx, id: ResetId, note: Option<DeliveryLogGap>) -> Result<bool, StoreError> {
    const SQL: &str =
        "UPDATE resets SET carried_note = $2 WHERE id = $1 AND COALESCE(carried_note, '') <> COALESCE($2, '')";
    let (id, note) = (id.to_string(), note.map(DeliveryLogGap::as_str));
    let rows = exec_tx!(tx, SQL, &id, note)?;
    Ok(rows == 1)
}

/// Inserts the intent of a reset. [`StoreError::Exists`]: the person has an unfinished reset.
pub(super) async fn insert_intent(tx: &mut Tx, intent: &ResetIntent<'_>) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO resets (id, reference, tenant, object, upn, name, synced, state, created_at, updated_at, revision, change,
            lease_owner, lease_until, open)
        VALUES ($1, $2, $3, $4, $5, $6, $7, 'sending', $8, $8, 1, 0, $9, $10, 1)";
    let (id, tenant, object) =
        (intent.id.to_string(), intent.person.tenant.to_string(), intent.person.object.to_string());
    let (now, until, synced) =
        (intent.now.as_millisecond(), intent.lease_until.as_millisecond(), i64::from(intent.profile.is_synced()));
    exec_tx!(
        tx,
        SQL,
        &id,
        intent.reference.as_str(),
        &tenant,
        &object,
        &intent.profile.upn,
        &intent.profile.name,
        synced,
        now,
        intent.owner,
        until
    )?;
    Ok(())
}

pub(super) async fn load_by_reference(db: &Db, reference: &ReferenceCode) -> Result<Option<PasswordReset>, StoreError> {
    const SQL: &str = with_reset_columns!("SELECT ", " FROM resets WHERE reference = $1");
    let row: Option<ResetRow> = select_optional!(db, SQL, reference.as_str())?;
    row.map(PasswordReset::try_from).transpose()
}

pub(super) async fn load_by_id(db: &Db, id: ResetId) -> Result<Option<PasswordReset>, StoreError> {
    const SQL: &str = with_reset_columns!("SELECT ", " FROM resets WHERE id = $1");
    let id = id.to_string();
    let row: Option<ResetRow> = select_optional!(db, SQL, &id)?;
    row.map(PasswordReset::try_from).transpose()
}

/// Loads the newest reset of a person.
pub(super) async fn load_latest(db: &Db, person: PersonKey) -> Result<Option<PasswordReset>, StoreError> {
    const SQL: &str = with_reset_columns!(
        "SELECT ",
        " FROM resets WHERE tenant = $1 AND object = $2 ORDER BY created_at DESC, id DESC LIMIT 1"
    );
    let (tenant, object) = (person.tenant.to_string(), person.object.to_string());
    let row: Option<ResetRow> = select_optional!(db, SQL, &tenant, &object)?;
    row.map(PasswordReset::try_from).transpose()
}

pub(super) async fn load_evidence(db: &Db, id: ResetId) -> Result<Vec<EvidenceRecord>, StoreError> {
    const SQL: &str = "SELECT rung, at, source, detail FROM evidence WHERE reset_id = $1";
    let id = id.to_string();
    let rows: Vec<(String, i64, String, Option<String>)> = select_all!(db, SQL, &id)?;
    // A checkpoint that only a newer release has is skipped and is no error: both releases run during an upgrade.
    let read = rows.into_iter().filter_map(|(rung, when, source, detail)| {
        Some(EvidenceRecord {
            checkpoint: EvidenceCheckpoint::from_name(&rung)?,
            at: timestamp_from_millis(when),
            source,
            detail,
        })
    });
    // Sorted by checkpoint: Microsoft's times have whole seconds, so by time *carried* could come before *written*.
    let mut proofs: Vec<EvidenceRecord> = read.collect();
    proofs.sort_by_key(|proof| proof.checkpoint);
    Ok(proofs)
}

/// Reset that changed, with its value of the change counter.
pub(super) struct ChangedReset {
    pub(super) id: ResetId,
    pub(super) reference: String,
    pub(super) change: i64,
}

/// Maximum number of changes per read.
pub(super) const MAX_CHANGES_PER_READ: usize = 1_000;

/// Loads resets that changed after a counter value, oldest change first, at most [`MAX_CHANGES_PER_READ`].
pub(super) async fn load_changed_since(db: &Db, change: i64) -> Result<Vec<ChangedReset>, StoreError> {
    const SQL: &str = "SELECT id, reference, change FROM resets WHERE change > $1 ORDER BY change LIMIT 1000";
    let rows: Vec<(String, String, i64)> = select_all!(db, SQL, change)?;
    let read = rows.into_iter();
    Ok(read
        .filter_map(|(id, reference, change)| Some(ChangedReset { id: id.parse().ok()?, reference, change }))
        .collect())
}

pub(super) async fn load_newest_change(db: &Db) -> Result<i64, StoreError> {
    const SQL: &str = "SELECT value FROM counters WHERE name = 'change'";
    let (value,): (i64,) = select_one!(db, SQL)?;
    Ok(value)
}

/// Loads the median time from the 202 response to *written* of the newest 50 resets.
pub(super) async fn load_typical_duration(db: &Db) -> Result<Option<SignedDuration>, StoreError> {
    const SQL: &str = "SELECT settled_at - accepted_at FROM resets
        WHERE state IN ('written', 'finished') AND accepted_at IS NOT NULL AND settled_at IS NOT NULL AND canary IS NULL ORDER BY created_at DESC LIMIT 50";
    let rows: Vec<(i64,)> = select_all!(db, SQL)?;
    let mut spans: Vec<i64> = rows.into_iter().map(|(span,)| span).collect();
    spans.sort_unstable();
    Ok(spans.get(spans.len() / 2).map(|millis| SignedDuration::from_millis(*millis)))
}
