//! Queries and actions on resets for helpdesk, insights and cases.
//!
//! The helpdesk sees the same progress as the person, and in addition every Graph response. [`EvidenceStatus`] is
//! computed from the checkpoints here and cannot be set.

use jiff::Timestamp;

use super::aftercare::DeviceChecklist;
use super::reading::{EvidenceCheckpoint, EvidenceRecord, PasswordReset};
use super::store;
use crate::audit::{AuditEvent, ResetHistoryEntry, trail};
use crate::base::{PersonKey, ReferenceCode, ResetId};
use crate::signin::{StaffMember, StaffPermission};
use crate::state::AppState;
use crate::store::{Db, StoreError, Tx};

pub(crate) use super::causes::ResetCause;
pub(crate) use super::reading::{EvidenceCheckpoint as DeskRung, PasswordReset as DeskReset};
pub(crate) use super::state::ResetState;
use super::store::search::TicketScope;
pub(crate) use super::store::search::{ResetQuery, ResetSearchPage, SearchContinuation};
pub(crate) use super::store::{EndedReset, GraphResponseRecord, ListCursor, ResetNote, ResetSummary};
pub(crate) use super::words::SearchText;

/// Maximum number of other resets of the same person in the detail.
const OTHERS: usize = 10;

/// One reset with everything that is stored about it.
pub(crate) struct ResetDetail {
    pub(crate) reset: PasswordReset,
    pub(crate) name: String,
    pub(crate) upn: String,
    /// Graph's own text about the outcome.
    pub(crate) detail: Option<String>,
    pub(crate) proofs: Vec<EvidenceRecord>,
    pub(crate) answers: Vec<GraphResponseRecord>,
    pub(crate) notes: Vec<ResetNote>,
    pub(crate) trail: Vec<ResetHistoryEntry>,
    /// Other resets of the same person, newest first.
    pub(crate) others: Vec<ResetSummary>,
    care: DeviceChecklist,
}

/// Result of the evidence: whether it proves that the password is set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum EvidenceStatus {
    Yes,
    /// Missing checkpoints: every one of the first list, and one of the second.
    Missing {
        all: Vec<EvidenceCheckpoint>,
        any: Vec<EvidenceCheckpoint>,
    },
}

impl ResetDetail {
    pub(crate) fn verified(&self) -> EvidenceStatus {
        let reached: Vec<EvidenceCheckpoint> = self.proofs.iter().map(|proof| proof.rung).collect();
        verified(self.reset.state, (self.reset.synced, self.reset.set_before.is_some()), &reached)
    }

    /// Returns the steps of the person's device checklist: code and whether the person marked it as done.
    pub(crate) fn steps(&self) -> Vec<(&'static str, bool)> {
        if !super::aftercare::page::due(self.reset.state) {
            return Vec::new();
        }
        self.care.steps().into_iter().map(|step| (step.code(), self.care.done(step).is_some())).collect()
    }
}

/// Computes the evidence status. A sign-in with the new password proves everything. Without it, Microsoft's
/// confirmation is required and, if the password is stored in the directory, also the writeback agent or a domain
/// controller. If the log shows that no agent carried the password, a sign-in at Microsoft proves nothing about the
/// directory.
fn verified(state: ResetState, (synced, probed): (bool, bool), reached: &[EvidenceCheckpoint]) -> EvidenceStatus {
    let counts = |rung: &EvidenceCheckpoint| {
        !matches!(rung, EvidenceCheckpoint::Landed | EvidenceCheckpoint::Works) || state != ResetState::CloudOnly
    };
    let has = |rung: &EvidenceCheckpoint| reached.contains(rung) && counts(rung);
    let any = if synced {
        vec![EvidenceCheckpoint::Carried, EvidenceCheckpoint::Landed, EvidenceCheckpoint::Works]
    } else {
        Vec::new()
    };
    let any: Vec<EvidenceCheckpoint> = any.into_iter().filter(counts).collect();
    let proven = any.iter().any(has);
    // Without a directory probe the domain controller is not missing.
    let any: Vec<EvidenceCheckpoint> =
        any.into_iter().filter(|rung| !proven && (probed || *rung != EvidenceCheckpoint::Landed)).collect();
    let all = if has(&EvidenceCheckpoint::Written) || has(&EvidenceCheckpoint::Works) {
        Vec::new()
    } else {
        vec![EvidenceCheckpoint::Written]
    };
    if all.is_empty() && any.is_empty() { EvidenceStatus::Yes } else { EvidenceStatus::Missing { all, any } }
}

/// Returns one page of matching resets, newest first.
pub(crate) async fn search(db: &Db, asked: &ResetQuery) -> Result<ResetSearchPage, StoreError> {
    store::search::search(db, asked).await
}

/// Statistics of resets that started at a time or later, for the insights.
pub(crate) struct ResetStatistics {
    /// Day since 1970-01-01, state, count.
    pub(crate) days: Vec<(i64, ResetState, i64)>,
    /// Day, checkpoint and milliseconds since the password was sent, of the newest resets.
    pub(crate) spans: Vec<(i64, EvidenceCheckpoint, i64)>,
    /// Cause code and count, most frequent first.
    pub(crate) causes: Vec<(String, i64)>,
}

pub(crate) async fn figures(db: &Db, since: Timestamp) -> Result<ResetStatistics, StoreError> {
    let (days, spans) = (store::days(db, since).await?, store::spans(db, since).await?);
    Ok(ResetStatistics { days, spans, causes: store::causes(db, since).await? })
}

/// Loads resets that started at a time or later and have ended.
pub(crate) async fn ended(db: &Db, since: Timestamp) -> Result<Vec<EndedReset>, StoreError> {
    store::ended(db, since).await
}

/// Loads the newest reset of a person.
pub(crate) async fn newest(db: &Db, person: PersonKey) -> Result<Option<ResetSummary>, StoreError> {
    Ok(store::of_person(db, person).await?.into_iter().next())
}

/// Returns the change counter, which increases with every visible change of any reset.
pub(crate) async fn newest_change(db: &Db) -> Result<i64, StoreError> {
    store::newest_change(db).await
}

/// Indexes a case's ticket for a reset, or for the person's newest resets if no reset is given.
pub(crate) async fn index_ticket(
    tx: &mut Tx,
    reset: Option<ResetId>,
    person: PersonKey,
    ticket: &str,
) -> Result<(), StoreError> {
    let about = reset.as_ref().map_or(TicketScope::Person(person), |id| TicketScope::Resets(std::slice::from_ref(id)));
    store::search::index_ticket(tx, about, ticket).await
}

/// Loads the id and the person of a reset by its reference.
pub(crate) async fn whose(db: &Db, reference: &ReferenceCode) -> Result<Option<(ResetId, PersonKey)>, StoreError> {
    Ok(store::by_reference(db, reference).await?.map(|reset| (reset.id, reset.person)))
}

/// Loads the id of a reset by its reference.
pub(crate) async fn id_of(db: &Db, reference: &ReferenceCode) -> Result<Option<ResetId>, StoreError> {
    Ok(store::by_reference(db, reference).await?.map(|reset| reset.id))
}

/// Loads the newest resets of a person.
pub(crate) async fn of_person(db: &Db, person: PersonKey) -> Result<Vec<ResetSummary>, StoreError> {
    store::of_person(db, person).await
}

pub(crate) async fn file(app: &AppState, reference: &ReferenceCode) -> Result<Option<ResetDetail>, StoreError> {
    let db = &app.db;
    let Some(reset) = store::by_reference(db, reference).await? else { return Ok(None) };
    let (name, upn, detail) = store::about(db, reset.id).await?;
    let mut others = store::of_person(db, reset.person).await?;
    others.retain(|other| other.id != reset.id);
    others.truncate(OTHERS);
    Ok(Some(ResetDetail {
        others,
        proofs: store::proofs(db, reset.id).await?,
        answers: store::answers(db, reset.id).await?,
        notes: store::notes(db, reset.id).await?,
        trail: trail(db, reset.id).await?,
        care: store::aftercare(db, reset.id).await?,
        reset,
        name,
        upn,
        detail,
    }))
}

/// Adds a note to a reset. Its text is only in the table: the audit event says that a note was added and by whom.
pub(crate) async fn note<P: StaffPermission>(
    app: &AppState,
    staff: &StaffMember<P>,
    reset: &PasswordReset,
    text: &str,
) -> Result<(), StoreError> {
    let mut ledger = app.auditor.begin().await?;
    let by = (staff.login.key, staff.login.name.as_str());
    store::note(ledger.tx(), reset.id, by, text, app.now()).await?;
    ledger.record(AuditEvent::new("desk.note", staff.actor()).about(reset.person).reset(reset.id));
    ledger.commit().await
}

/// Makes the next poll and evidence check due now. Returns `false` if there is nothing left to check.
pub(crate) async fn ask_now<P: StaffPermission>(
    app: &AppState,
    staff: &StaffMember<P>,
    reset: &PasswordReset,
) -> Result<bool, StoreError> {
    let mut ledger = app.auditor.begin().await?;
    let asked = store::ask_now(ledger.tx(), reset.id, app.now()).await?;
    ledger.record(
        AuditEvent::new("desk.asked_again", staff.actor()).about(reset.person).reset(reset.id).with("open", asked),
    );
    ledger.commit().await?;
    Ok(asked)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verified_is_what_the_rungs_say() {
        use EvidenceCheckpoint::{Accepted, Carried, Landed, Works, Written};
        let missing = |all: &[EvidenceCheckpoint], any: &[EvidenceCheckpoint]| EvidenceStatus::Missing {
            all: all.to_vec(),
            any: any.to_vec(),
        };
        let cloud_only = verified(ResetState::CloudOnly, (true, true), &[Accepted, Written, Landed, Works]);
        assert_eq!(cloud_only, missing(&[], &[Carried]), "Microsoft has it, the directory does not");
        for (synced, reached, expected) in [
            (true, vec![], missing(&[Written], &[Carried, Works])),
            (true, vec![Accepted], missing(&[Written], &[Carried, Works])),
            (true, vec![Accepted, Written], missing(&[], &[Carried, Works])),
            (true, vec![Accepted, Carried], missing(&[Written], &[])),
            (true, vec![Accepted, Written, Carried], EvidenceStatus::Yes),
            (true, vec![Accepted, Works], EvidenceStatus::Yes),
            (false, vec![Accepted], missing(&[Written], &[])),
            (false, vec![Accepted, Written], EvidenceStatus::Yes),
        ] {
            assert_eq!(verified(ResetState::Finished, (synced, false), &reached), expected, "{synced} {reached:?}");
        }
        let probed = |reached: &[EvidenceCheckpoint]| verified(ResetState::Written, (true, true), reached);
        assert_eq!(probed(&[Accepted, Written]), missing(&[], &[Carried, Landed, Works]));
        assert_eq!(probed(&[Accepted, Written, Landed]), EvidenceStatus::Yes);
        assert_eq!(probed(&[Accepted, Landed]), missing(&[Written], &[]));
    }
}
