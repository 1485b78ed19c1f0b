//! Queries and actions on resets for helpdesk, insights and cases.
//!
//! The helpdesk sees the same progress as the person, and in addition every Graph response. [`EvidenceStatus`] is
//! computed from the checkpoints here and cannot be set.

use jiff::Timestamp;

use super::aftercare::AfterCare;
use super::reading::{Proof, Reset, Rung};
use super::store;
use crate::audit::{Event, Trace, trail};
use crate::base::{PersonKey, Reference, ResetId};
use crate::signin::{Permission, Staff};
use crate::state::App;
use crate::store::{Db, StoreError, Tx};

pub(crate) use super::causes::Cause;
pub(crate) use super::reading::{Reset as DeskReset, Rung as DeskRung};
pub(crate) use super::state::State as ResetState;
use super::store::search::About;
pub(crate) use super::store::search::{Found, Question, Rest};
pub(crate) use super::store::{Answered, Ended, Listed, Noted, Place};
pub(crate) use super::words::Text;

/// Maximum number of other resets of the same person in the detail.
const OTHERS: usize = 10;

/// One reset with everything that is stored about it.
pub(crate) struct File {
    pub(crate) reset: Reset,
    pub(crate) name: String,
    pub(crate) upn: String,
    /// Graph's own text about the outcome.
    pub(crate) detail: Option<String>,
    pub(crate) proofs: Vec<Proof>,
    pub(crate) answers: Vec<Answered>,
    pub(crate) notes: Vec<Noted>,
    pub(crate) trail: Vec<Trace>,
    /// Other resets of the same person, newest first.
    pub(crate) others: Vec<Listed>,
    care: AfterCare,
}

/// Result of the evidence: whether it proves that the password is set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verified {
    Yes,
    /// Missing checkpoints: every one of the first list, and one of the second.
    Missing {
        all: Vec<Rung>,
        any: Vec<Rung>,
    },
}

impl File {
    pub(crate) fn verified(&self) -> Verified {
        let reached: Vec<Rung> = self.proofs.iter().map(|proof| proof.rung).collect();
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
fn verified(state: ResetState, (synced, probed): (bool, bool), reached: &[Rung]) -> Verified {
    let counts = |rung: &Rung| !matches!(rung, Rung::Landed | Rung::Works) || state != ResetState::CloudOnly;
    let has = |rung: &Rung| reached.contains(rung) && counts(rung);
    let any = if synced { vec![Rung::Carried, Rung::Landed, Rung::Works] } else { Vec::new() };
    let any: Vec<Rung> = any.into_iter().filter(counts).collect();
    let proven = any.iter().any(has);
    // Without a directory probe the domain controller is not missing.
    let any: Vec<Rung> = any.into_iter().filter(|rung| !proven && (probed || *rung != Rung::Landed)).collect();
    let all = if has(&Rung::Written) || has(&Rung::Works) { Vec::new() } else { vec![Rung::Written] };
    if all.is_empty() && any.is_empty() { Verified::Yes } else { Verified::Missing { all, any } }
}

/// Returns one page of matching resets, newest first.
pub(crate) async fn search(db: &Db, asked: &Question) -> Result<Found, StoreError> {
    store::search::search(db, asked).await
}

/// Statistics of resets that started at a time or later, for the insights.
pub(crate) struct Figures {
    /// Day since 1970-01-01, state, count.
    pub(crate) days: Vec<(i64, ResetState, i64)>,
    /// Day, checkpoint and milliseconds since the password was sent, of the newest resets.
    pub(crate) spans: Vec<(i64, Rung, i64)>,
    /// Cause code and count, most frequent first.
    pub(crate) causes: Vec<(String, i64)>,
}

pub(crate) async fn figures(db: &Db, since: Timestamp) -> Result<Figures, StoreError> {
    let (days, spans) = (store::days(db, since).await?, store::spans(db, since).await?);
    Ok(Figures { days, spans, causes: store::causes(db, since).await? })
}

/// Loads resets that started at a time or later and have ended.
pub(crate) async fn ended(db: &Db, since: Timestamp) -> Result<Vec<Ended>, StoreError> {
    store::ended(db, since).await
}

/// Loads the newest reset of a person.
pub(crate) async fn newest(db: &Db, person: PersonKey) -> Result<Option<Listed>, StoreError> {
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
    let about = reset.as_ref().map_or(About::Person(person), |id| About::Resets(std::slice::from_ref(id)));
    store::search::index_ticket(tx, about, ticket).await
}

/// Loads the id and the person of a reset by its reference.
pub(crate) async fn whose(db: &Db, reference: &Reference) -> Result<Option<(ResetId, PersonKey)>, StoreError> {
    Ok(store::by_reference(db, reference).await?.map(|reset| (reset.id, reset.person)))
}

/// Loads the id of a reset by its reference.
pub(crate) async fn id_of(db: &Db, reference: &Reference) -> Result<Option<ResetId>, StoreError> {
    Ok(store::by_reference(db, reference).await?.map(|reset| reset.id))
}

/// Loads the newest resets of a person.
pub(crate) async fn of_person(db: &Db, person: PersonKey) -> Result<Vec<Listed>, StoreError> {
    store::of_person(db, person).await
}

pub(crate) async fn file(app: &App, reference: &Reference) -> Result<Option<File>, StoreError> {
    let db = &app.db;
    let Some(reset) = store::by_reference(db, reference).await? else { return Ok(None) };
    let (name, upn, detail) = store::about(db, reset.id).await?;
    let mut others = store::of_person(db, reset.person).await?;
    others.retain(|other| other.id != reset.id);
    others.truncate(OTHERS);
    Ok(Some(File {
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
pub(crate) async fn note<P: Permission>(
    app: &App,
    staff: &Staff<P>,
    reset: &Reset,
    text: &str,
) -> Result<(), StoreError> {
    let mut ledger = app.auditor.begin().await?;
    let by = (staff.login.key, staff.login.name.as_str());
    store::note(ledger.tx(), reset.id, by, text, app.now()).await?;
    ledger.record(Event::new("desk.note", staff.actor()).about(reset.person).reset(reset.id));
    ledger.commit().await
}

/// Makes the next poll and evidence check due now. Returns `false` if there is nothing left to check.
pub(crate) async fn ask_now<P: Permission>(app: &App, staff: &Staff<P>, reset: &Reset) -> Result<bool, StoreError> {
    let mut ledger = app.auditor.begin().await?;
    let asked = store::ask_now(ledger.tx(), reset.id, app.now()).await?;
    ledger
        .record(Event::new("desk.asked_again", staff.actor()).about(reset.person).reset(reset.id).with("open", asked));
    ledger.commit().await?;
    Ok(asked)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verified_is_what_the_rungs_say() {
        use Rung::{Accepted, Carried, Landed, Works, Written};
        let missing = |all: &[Rung], any: &[Rung]| Verified::Missing { all: all.to_vec(), any: any.to_vec() };
        let cloud_only = verified(ResetState::CloudOnly, (true, true), &[Accepted, Written, Landed, Works]);
        assert_eq!(cloud_only, missing(&[], &[Carried]), "Microsoft has it, the directory does not");
        for (synced, reached, expected) in [
            (true, vec![], missing(&[Written], &[Carried, Works])),
            (true, vec![Accepted], missing(&[Written], &[Carried, Works])),
            (true, vec![Accepted, Written], missing(&[], &[Carried, Works])),
            (true, vec![Accepted, Carried], missing(&[Written], &[])),
            (true, vec![Accepted, Written, Carried], Verified::Yes),
            (true, vec![Accepted, Works], Verified::Yes),
            (false, vec![Accepted], missing(&[Written], &[])),
            (false, vec![Accepted, Written], Verified::Yes),
        ] {
            assert_eq!(verified(ResetState::Finished, (synced, false), &reached), expected, "{synced} {reached:?}");
        }
        let probed = |reached: &[Rung]| verified(ResetState::Written, (true, true), reached);
        assert_eq!(probed(&[Accepted, Written]), missing(&[], &[Carried, Landed, Works]));
        assert_eq!(probed(&[Accepted, Written, Landed]), Verified::Yes);
        assert_eq!(probed(&[Accepted, Landed]), missing(&[Written], &[]));
    }
}
