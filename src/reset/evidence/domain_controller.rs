//! Evidence checkpoint *landed*: a domain controller reports that the password was set after the reset was sent.
//!
//! A reset by an administrator leaves no time in `pwdLastSet` but 0, "must change" (MS-SAMR 3.1.1.8.7; seen with Samba
//! 4.17, 2026-11-25). The value is therefore compared with the one from before the reset. If both are 0, the check is
//! inconclusive.

use axum::extract::FromRef as _;
use jiff::{SignedDuration, Timestamp};

use crate::base::TimestampExt as _;
use crate::people::{PasswordLastSet, PeopleService};
use crate::reset::record::{EvidenceCheckpoint, PasswordReset};
use crate::reset::state::{CLOCK_TOLERANCE, EvidenceFinding, SourceStatus};
use crate::reset::{store, transition};
use crate::state::AppState;
use crate::store::StoreError;

/// Source name in the evidence records.
const SOURCE_NAME: &str = "domain controller";

/// Checks each reset at a domain controller.
pub(super) async fn check_domain_controllers(
    app: &AppState,
    due: &[PasswordReset],
) -> Result<Vec<SourceStatus>, StoreError> {
    let all = due.iter().map(|reset| check_reset(app, reset));
    futures_util::future::join_all(all).await.into_iter().collect()
}

async fn check_reset(app: &AppState, reset: &PasswordReset) -> Result<SourceStatus, StoreError> {
    let (Some(account), Some(before), Some(_)) = (&reset.directory_account, reset.password_baseline, &app.directory)
    else {
        return Ok(SourceStatus::Complete);
    };
    let evidence = store::load_evidence(&app.db, reset.id).await?;
    if evidence.iter().any(|known| known.checkpoint == EvidenceCheckpoint::Landed) {
        return Ok(SourceStatus::Complete);
    }
    let Some(set) = PeopleService::from_ref(app).fetch_password_last_set(account).await else {
        return Ok(SourceStatus::Pending);
    };
    let now = app.now();
    let Some(at) = landed_at(reset, before, set, now) else { return Ok(SourceStatus::Pending) };
    // A change that another reset of the same person may have caused is no evidence for this one.
    let from = reset.dispatched_at.unwrap_or(reset.created_at).earlier(CLOCK_TOLERANCE);
    if !store::has_overlapping_reset(&app.db, reset, from, now).await? {
        transition::apply_evidence(app, reset, EvidenceFinding::Landed, at, SOURCE_NAME).await?;
    }
    Ok(SourceStatus::Complete)
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
    use crate::reset::record::sample_reset;

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
