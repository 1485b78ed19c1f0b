//! Evidence checkpoint *landed*: a domain controller reports that the password was set after the reset was sent.
//!
//! A reset by an administrator leaves no time in `pwdLastSet` but 0, "must change" (MS-SAMR 3.1.1.8.7; seen with Samba
//! 4.17, 2026-11-25). The value is therefore compared with the one from before the reset. If both are 0, the check is
//! inconclusive.

use crate::base::TimestampExt as _;
use axum::extract::FromRef as _;
use jiff::{SignedDuration, Timestamp};

use super::{CLOCK_TOLERANCE, apply_evidence, observe_checkpoint, record_evidence};
use crate::people::{PasswordLastSet, PeopleService};
use crate::reset::record::{EvidenceCheckpoint, EvidenceRecord, PasswordReset};
use crate::reset::state::EvidenceFinding;
use crate::reset::store;
use crate::reset::submission::ResetService;
use crate::store::StoreError;

/// Source name in the evidence records.
const SOURCE_NAME: &str = "domain controller";

/// Checks each reset at a domain controller. `true`: no further check is needed for that reset.
pub(super) async fn check_domain_controllers(
    resets: &ResetService,
    due: &[PasswordReset],
) -> Result<Vec<bool>, StoreError> {
    let all = due.iter().map(|reset| check_reset(resets, reset));
    futures_util::future::join_all(all).await.into_iter().collect()
}

async fn check_reset(resets: &ResetService, reset: &PasswordReset) -> Result<bool, StoreError> {
    let app = &resets.app;
    let (Some(account), Some(before), Some(_)) = (&reset.directory_account, reset.password_baseline, &app.directory)
    else {
        return Ok(true);
    };
    if store::load_evidence(&app.db, reset.id).await?.iter().any(|proof| proof.checkpoint == EvidenceCheckpoint::Landed)
    {
        return Ok(true);
    }
    let Some(set) = PeopleService::from_ref(app).fetch_password_last_set(account).await else { return Ok(false) };
    let now = app.now();
    let Some(at) = landed_at(reset, before, set, now) else { return Ok(false) };
    // A change that another reset of the same person may have caused is no evidence for this one.
    let from = reset.dispatched_at.unwrap_or(reset.created_at).earlier(CLOCK_TOLERANCE);
    if store::has_overlapping_reset(&app.db, reset, from, now).await? {
        return Ok(true);
    }
    let mut transaction = app.audit_log.begin().await?;
    let proof =
        EvidenceRecord { checkpoint: EvidenceCheckpoint::Landed, at, source: SOURCE_NAME.to_owned(), detail: None };
    if record_evidence(&mut transaction, reset, &proof, "reset.landed").await? {
        observe_checkpoint(resets, reset, EvidenceCheckpoint::Landed, at);
    }
    apply_evidence(resets, &mut transaction, reset, (EvidenceFinding::Landed, SOURCE_NAME)).await?;
    store::mark_changed(transaction.tx(), reset.id, now).await?;
    transaction.commit().await?;
    app.reset_changed.notify_one();
    Ok(true)
}

/// Returns the time at which the password was set, if `pwdLastSet` changed in a way that this reset causes.
fn landed_at(
    reset: &PasswordReset,
    before: PasswordLastSet,
    set: PasswordLastSet,
    now: Timestamp,
) -> Option<Timestamp> {
    let from = reset.dispatched_at?;
    let until = reset.settled_at.unwrap_or(now).later(SignedDuration::from_mins(10));
    match (before, set) {
        (PasswordLastSet::At(_), PasswordLastSet::MustChange) => Some(now),
        (_, PasswordLastSet::At(at)) if before != set => {
            let ours = at >= from.earlier(CLOCK_TOLERANCE) && at <= until.later(CLOCK_TOLERANCE);
            ours.then_some(at)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reset::evidence::audit_log::tests::sample_reset;

    fn timestamp(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn only_change_within_reset_period_counts_as_landed() {
        let now = timestamp("2026-11-23T10:00:30Z");
        let old = PasswordLastSet::At(timestamp("2026-08-01T09:00:00Z"));
        let told = |before, set| landed_at(&sample_reset(), before, set, now);
        assert_eq!(told(old, PasswordLastSet::MustChange), Some(now), "an administrator's reset");
        let new = timestamp("2026-11-23T10:00:03Z");
        assert_eq!(told(old, PasswordLastSet::At(new)), Some(new), "without a forced password change");
        assert_eq!(told(PasswordLastSet::MustChange, PasswordLastSet::At(new)), Some(new));
        assert_eq!(told(PasswordLastSet::MustChange, PasswordLastSet::MustChange), None, "inconclusive");
        assert_eq!(told(old, old), None);
        assert_eq!(told(old, PasswordLastSet::At(timestamp("2026-11-23T09:00:00Z"))), None, "another reset, before");
        assert_eq!(
            told(old, PasswordLastSet::At(timestamp("2026-11-23T11:00:00Z"))),
            None,
            "another reset, long after"
        );
    }
}
