//! Queries and actions on resets for helpdesk, insights and cases.
//!
//! The helpdesk sees the same progress as the person, and in addition every Graph response. [`EvidenceStatus`] is
//! computed from the checkpoints here and cannot be set.

use jiff::Timestamp;

use super::device_checklist::{DeviceChecklist, has_checklist};
use super::record::EvidenceRecord;
use super::store;
use crate::audit::{AuditEvent, ResetHistoryEntry, load_reset_history};
use crate::base::{PersonKey, ReferenceCode, ResetId};
use crate::signin::{StaffMember, StaffPermission};
use crate::state::AppState;
use crate::store::{Db, StoreError, Tx};

pub(crate) use super::cause::ResetCause;
pub(crate) use super::record::{EvidenceCheckpoint, PasswordReset};
pub(crate) use super::search_terms::SearchText;
pub(crate) use super::state::ResetState;
use super::store::search::TicketScope;
pub(crate) use super::store::search::{ResetQuery, ResetSearchPage, SearchContinuation};
pub(crate) use super::store::{EndedReset, GraphResponseRecord, ListCursor, ResetGauges, ResetNote, ResetSummary};

/// Maximum number of other resets of the same person in the detail.
const MAX_OTHER_RESETS: usize = 10;

/// One reset with everything that is stored about it.
pub(crate) struct ResetDetail {
    pub(crate) reset: PasswordReset,
    pub(crate) name: String,
    pub(crate) upn: String,
    /// Graph's own text about the outcome.
    pub(crate) status_detail: Option<String>,
    pub(crate) evidence: Vec<EvidenceRecord>,
    pub(crate) graph_responses: Vec<GraphResponseRecord>,
    pub(crate) notes: Vec<ResetNote>,
    pub(crate) history: Vec<ResetHistoryEntry>,
    /// Other resets of the same person, newest first.
    pub(crate) other_resets: Vec<ResetSummary>,
    checklist: DeviceChecklist,
}

/// Result of the evidence: whether it proves that the password is set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum EvidenceStatus {
    Proved,
    /// Missing checkpoints: every one of the first list, and one of the second.
    NotProved {
        all_of: Vec<EvidenceCheckpoint>,
        one_of: Vec<EvidenceCheckpoint>,
    },
}

impl ResetDetail {
    pub(crate) fn evidence_status(&self) -> EvidenceStatus {
        let reached: Vec<EvidenceCheckpoint> = self.evidence.iter().map(|known| known.checkpoint).collect();
        let expected = ExpectedEvidence {
            from_directory: self.reset.synced,
            from_domain_controller: self.reset.password_baseline.is_some(),
        };
        assess_evidence(self.reset.state, expected, &reached)
    }

    /// Returns the steps of the person's device checklist: code and whether the person marked it as done.
    pub(crate) fn checklist_steps(&self) -> Vec<(&'static str, bool)> {
        if !has_checklist(self.reset.state) {
            return Vec::new();
        }
        self.checklist
            .applicable_steps()
            .into_iter()
            .map(|step| (step.as_str(), self.checklist.completed_at(step).is_some()))
            .collect()
    }
}

/// Evidence that a reset can have besides Microsoft's confirmation.
#[derive(Clone, Copy)]
struct ExpectedEvidence {
    /// The password is stored in the directory.
    from_directory: bool,
    /// A domain controller is checked.
    from_domain_controller: bool,
}

/// Computes the evidence status. A sign-in with the new password proves everything. Without it, Microsoft's
/// confirmation is required and, if the password is stored in the directory, also the writeback agent or a domain
/// controller. If the log shows that no agent carried the password, a sign-in at Microsoft proves nothing about the
/// directory.
fn assess_evidence(state: ResetState, expected: ExpectedEvidence, reached: &[EvidenceCheckpoint]) -> EvidenceStatus {
    let counts = |checkpoint: &EvidenceCheckpoint| {
        !matches!(checkpoint, EvidenceCheckpoint::Landed | EvidenceCheckpoint::Works) || state != ResetState::CloudOnly
    };
    let has = |checkpoint: &EvidenceCheckpoint| reached.contains(checkpoint) && counts(checkpoint);
    let from_directory = [EvidenceCheckpoint::Carried, EvidenceCheckpoint::Landed, EvidenceCheckpoint::Works];
    let is_missing = expected.from_directory && !from_directory.iter().any(has);
    // Without a directory probe the domain controller is not missing.
    let can_come = |checkpoint: &EvidenceCheckpoint| {
        counts(checkpoint) && (expected.from_domain_controller || *checkpoint != EvidenceCheckpoint::Landed)
    };
    let one_of: Vec<EvidenceCheckpoint> =
        from_directory.into_iter().filter(|checkpoint| is_missing && can_come(checkpoint)).collect();
    let all_of = if has(&EvidenceCheckpoint::Written) || has(&EvidenceCheckpoint::Works) {
        Vec::new()
    } else {
        vec![EvidenceCheckpoint::Written]
    };
    if all_of.is_empty() && one_of.is_empty() {
        EvidenceStatus::Proved
    } else {
        EvidenceStatus::NotProved { all_of, one_of }
    }
}

/// Returns one page of matching resets, newest first.
pub(crate) async fn search_resets(db: &Db, query: &ResetQuery) -> Result<ResetSearchPage, StoreError> {
    store::search::search_resets(db, query).await
}

/// Statistics of resets that started at a time or later, for the insights.
pub(crate) struct ResetStatistics {
    /// Day since 1970-01-01, state, count.
    pub(crate) outcomes_by_day: Vec<(i64, ResetState, i64)>,
    /// Day, checkpoint and milliseconds since the password was sent, of the newest resets.
    pub(crate) checkpoint_latencies: Vec<(i64, EvidenceCheckpoint, i64)>,
    /// Cause code and count, most frequent first.
    pub(crate) counts_by_cause: Vec<(String, i64)>,
}

pub(crate) async fn load_statistics(db: &Db, since: Timestamp) -> Result<ResetStatistics, StoreError> {
    Ok(ResetStatistics {
        outcomes_by_day: store::count_by_day(db, since).await?,
        checkpoint_latencies: store::load_checkpoint_latencies(db, since).await?,
        counts_by_cause: store::count_by_cause(db, since).await?,
    })
}

/// Loads the numbers of unfinished resets, for the metrics.
pub(crate) async fn load_reset_gauges(db: &Db) -> Result<ResetGauges, StoreError> {
    store::load_gauges(db).await
}

/// Loads resets that started at a time or later and have ended.
pub(crate) async fn load_ended(db: &Db, since: Timestamp) -> Result<Vec<EndedReset>, StoreError> {
    store::load_ended(db, since).await
}

/// Loads the newest reset of a person.
pub(crate) async fn load_newest(db: &Db, person: PersonKey) -> Result<Option<ResetSummary>, StoreError> {
    Ok(store::load_by_person(db, person).await?.into_iter().next())
}

/// Returns the change counter, which increases with every visible change of any reset.
pub(crate) async fn load_newest_change(db: &Db) -> Result<i64, StoreError> {
    store::load_newest_change(db).await
}

/// Indexes a case's ticket for a reset, or for the person's newest resets if no reset is given.
pub(crate) async fn index_ticket(
    tx: &mut Tx,
    reset: Option<ResetId>,
    person: PersonKey,
    ticket: &str,
) -> Result<(), StoreError> {
    let scope = reset.as_ref().map_or(TicketScope::Person(person), |id| TicketScope::Resets(std::slice::from_ref(id)));
    store::search::index_ticket(tx, scope, ticket).await
}

/// Loads the id and the person of a reset by its reference.
pub(crate) async fn load_id_and_person(
    db: &Db,
    reference: &ReferenceCode,
) -> Result<Option<(ResetId, PersonKey)>, StoreError> {
    Ok(store::load_by_reference(db, reference).await?.map(|reset| (reset.id, reset.person)))
}

/// Loads the id of a reset by its reference.
pub(crate) async fn load_id(db: &Db, reference: &ReferenceCode) -> Result<Option<ResetId>, StoreError> {
    Ok(load_id_and_person(db, reference).await?.map(|(id, _)| id))
}

/// Loads the newest resets of a person.
pub(crate) async fn load_by_person(db: &Db, person: PersonKey) -> Result<Vec<ResetSummary>, StoreError> {
    store::load_by_person(db, person).await
}

pub(crate) async fn load_detail(app: &AppState, reference: &ReferenceCode) -> Result<Option<ResetDetail>, StoreError> {
    let db = &app.db;
    let Some(reset) = store::load_by_reference(db, reference).await? else { return Ok(None) };
    let texts = store::load_texts(db, reset.id).await?;
    let mut other_resets = store::load_by_person(db, reset.person).await?;
    other_resets.retain(|other| other.id != reset.id);
    other_resets.truncate(MAX_OTHER_RESETS);
    Ok(Some(ResetDetail {
        other_resets,
        evidence: store::load_evidence(db, reset.id).await?,
        graph_responses: store::load_graph_responses(db, reset.id).await?,
        notes: store::load_notes(db, reset.id).await?,
        history: load_reset_history(db, reset.id).await?,
        checklist: store::load_checklist(db, reset.id).await?,
        reset,
        name: texts.name,
        upn: texts.upn,
        status_detail: texts.detail,
    }))
}

/// Adds a note to a reset. Its text is only in the table: the audit event says that a note was added and by whom.
pub(crate) async fn add_note<P: StaffPermission>(
    app: &AppState,
    staff: &StaffMember<P>,
    reset: &PasswordReset,
    text: &str,
) -> Result<(), StoreError> {
    let mut transaction = app.audit_log.begin().await?;
    let note = store::NewNote { author: staff.login.key, author_name: &staff.login.name, text };
    store::insert_note(transaction.tx(), reset.id, &note, app.now()).await?;
    transaction.record_event(
        AuditEvent::new("desk.note", staff.audit_actor()).with_subject(reset.person).with_reset(reset.id),
    );
    transaction.commit().await
}

/// Makes the next poll and evidence check due now. Returns `false` if there is nothing left to check.
pub(crate) async fn check_now<P: StaffPermission>(
    app: &AppState,
    staff: &StaffMember<P>,
    reset: &PasswordReset,
) -> Result<bool, StoreError> {
    let mut transaction = app.audit_log.begin().await?;
    let is_scheduled = store::schedule_checks_now(transaction.tx(), reset.id, app.now()).await?;
    transaction.record_event(
        AuditEvent::new("desk.asked_again", staff.audit_actor())
            .with_subject(reset.person)
            .with_reset(reset.id)
            .with_detail("open", is_scheduled),
    );
    transaction.commit().await?;
    Ok(is_scheduled)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn evidence_status_follows_from_checkpoints() {
        use EvidenceCheckpoint::{Accepted, Carried, Landed, Works, Written};
        let missing = |all: &[EvidenceCheckpoint], any: &[EvidenceCheckpoint]| EvidenceStatus::NotProved {
            all_of: all.to_vec(),
            one_of: any.to_vec(),
        };
        let expect =
            |from_directory, from_domain_controller| ExpectedEvidence { from_directory, from_domain_controller };
        let reached = [Accepted, Written, Landed, Works];
        let cloud_only = assess_evidence(ResetState::CloudOnly, expect(true, true), &reached);
        assert_eq!(cloud_only, missing(&[], &[Carried]), "Microsoft has it, the directory does not");
        for (synced, reached, expected) in [
            (true, vec![], missing(&[Written], &[Carried, Works])),
            (true, vec![Accepted], missing(&[Written], &[Carried, Works])),
            (true, vec![Accepted, Written], missing(&[], &[Carried, Works])),
            (true, vec![Accepted, Carried], missing(&[Written], &[])),
            (true, vec![Accepted, Written, Carried], EvidenceStatus::Proved),
            (true, vec![Accepted, Works], EvidenceStatus::Proved),
            (false, vec![Accepted], missing(&[Written], &[])),
            (false, vec![Accepted, Written], EvidenceStatus::Proved),
        ] {
            assert_eq!(
                assess_evidence(ResetState::Finished, expect(synced, false), &reached),
                expected,
                "{synced} {reached:?}"
            );
        }
        let probed = |reached: &[EvidenceCheckpoint]| assess_evidence(ResetState::Written, expect(true, true), reached);
        assert_eq!(probed(&[Accepted, Written]), missing(&[], &[Carried, Landed, Works]));
        assert_eq!(probed(&[Accepted, Written, Landed]), EvidenceStatus::Proved);
        assert_eq!(probed(&[Accepted, Landed]), missing(&[Written], &[]));
    }
}
