//! Entry point for handlers and loops that start resets.

use axum::extract::FromRef;
use jiff::{SignedDuration, Timestamp};

use super::state::ResetState;
use super::store;
use crate::base::{PersonKey, ReferenceCode, TimestampExt as _};
use crate::state::AppState;
use crate::store::StoreError;

/// Minimum time between a split reset and the next one. The cloud catches up within this time.
const SPLIT_RETRY_DELAY: SignedDuration = SignedDuration::from_mins(30);

/// Starts resets. `submission` adds the submit itself.
#[derive(Clone)]
pub(super) struct ResetService {
    pub(super) app: AppState,
}

impl FromRef<AppState> for ResetService {
    fn from_ref(app: &AppState) -> Self {
        Self { app: app.clone() }
    }
}

/// Effect of the person's newest reset on a new one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum PriorReset {
    NotBlocking,
    Running(ReferenceCode),
    /// The earlier password may be set: the person should try it first.
    Unknown(ReferenceCode),
    /// The directory has the password and the cloud does not yet. No new reset before this time.
    Split(ReferenceCode, Timestamp),
}

impl ResetService {
    /// Returns what the person's newest reset means for a new one.
    pub(super) async fn load_prior_reset(&self, person: PersonKey) -> Result<PriorReset, StoreError> {
        let Some(latest) = store::load_latest(&self.app.db, person).await? else { return Ok(PriorReset::NotBlocking) };
        let now = self.app.now();
        Ok(match latest.state {
            ResetState::Sending | ResetState::Writing => PriorReset::Running(latest.reference),
            ResetState::Unknown if !latest.is_final(now) => PriorReset::Unknown(latest.reference),
            ResetState::Split => {
                let until = latest.settled_at.unwrap_or(latest.updated_at).later(SPLIT_RETRY_DELAY);
                if now < until { PriorReset::Split(latest.reference, until) } else { PriorReset::NotBlocking }
            }
            _ => PriorReset::NotBlocking,
        })
    }
}
