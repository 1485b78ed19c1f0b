//! Progress on the status page: one step per evidence checkpoint that the reset can reach.

use super::finishing::FinishingOffer;
use crate::reset::record::{DeliveryLogGap, EvidenceCheckpoint, EvidenceRecord, PasswordReset};
use crate::reset::state::ResetState;
use crate::web::{PageContext, format_time};

/// Progress step as the page shows it.
pub(super) struct ProgressStep {
    pub(super) checkpoint: &'static str,
    pub(super) status: &'static str,
    pub(super) title: String,
    pub(super) text: String,
    pub(super) at: Option<String>,
    pub(super) at_iso: Option<String>,
}

/// Status of a progress step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum StepProgress {
    Reached,
    Current,
    Ahead,
    Failed,
    /// Not reached, because an earlier step failed.
    Skipped,
    /// The audit log cannot show whether it was reached.
    Unknown(DeliveryLogGap),
}

impl StepProgress {
    fn as_str(self) -> &'static str {
        match self {
            Self::Reached => "done",
            Self::Current => "now",
            Self::Ahead => "ahead",
            Self::Failed => "bad",
            Self::Skipped => "off",
            Self::Unknown(gap) => gap.as_str(),
        }
    }
}

/// Builds the progress steps, with the time of the evidence for each checkpoint.
pub(super) fn build_steps(
    ctx: &PageContext,
    reset: &PasswordReset,
    evidence: &[EvidenceRecord],
    finishing: FinishingOffer,
) -> Vec<ProgressStep> {
    let find = |checkpoint: EvidenceCheckpoint| evidence.iter().find(|known| known.checkpoint == checkpoint);
    // A checkpoint is shown only if this reset can reach it.
    let is_shown = |checkpoint: &EvidenceCheckpoint| match checkpoint {
        EvidenceCheckpoint::Carried => reset.synced,
        // Only if a domain controller is checked.
        EvidenceCheckpoint::Landed => reset.password_baseline.is_some() || find(EvidenceCheckpoint::Landed).is_some(),
        EvidenceCheckpoint::Works => {
            finishing != FinishingOffer::Impossible || find(EvidenceCheckpoint::Works).is_some()
        }
        EvidenceCheckpoint::Accepted | EvidenceCheckpoint::Written => true,
    };
    let is_ended = !reset.state.is_open();
    let mut steps = Vec::new();
    let mut is_previous_reached = true;
    for checkpoint in EvidenceCheckpoint::ALL.into_iter().filter(is_shown) {
        let found = find(checkpoint);
        let status = match found {
            Some(_) => StepProgress::Reached,
            None => match late_status(reset, checkpoint, finishing) {
                Some(status) => status,
                None if is_ended && is_previous_reached => StepProgress::Failed,
                None if is_ended => StepProgress::Skipped,
                None if is_previous_reached => StepProgress::Current,
                None => StepProgress::Ahead,
            },
        };
        is_previous_reached = found.is_some();
        steps.push(build_step(ctx, checkpoint, status, found));
    }
    steps
}

/// Returns the status of a checkpoint that may still be reached after the reset ended. The audit log arrives late, and
/// so does the finishing sign-in: waiting for either is not a failure.
fn late_status(
    reset: &PasswordReset,
    checkpoint: EvidenceCheckpoint,
    finishing: FinishingOffer,
) -> Option<StepProgress> {
    let is_written = matches!(reset.state, ResetState::Written | ResetState::Finished);
    let is_late = match checkpoint {
        EvidenceCheckpoint::Carried => match reset.delivery_log_gap {
            Some(gap) => return Some(StepProgress::Unknown(gap)),
            None => is_written,
        },
        EvidenceCheckpoint::Landed => is_written,
        EvidenceCheckpoint::Works => is_written || matches!(finishing, FinishingOffer::Offered(_)),
        EvidenceCheckpoint::Accepted | EvidenceCheckpoint::Written => false,
    };
    is_late.then_some(StepProgress::Current)
}

fn build_step(
    ctx: &PageContext,
    checkpoint: EvidenceCheckpoint,
    status: StepProgress,
    found: Option<&EvidenceRecord>,
) -> ProgressStep {
    let (name, status) = (checkpoint.as_str(), status.as_str());
    let source = found.map_or("", |evidence| evidence.source.as_str());
    ProgressStep {
        checkpoint: name,
        status,
        title: ctx.t(&format!("rung-{name}")),
        text: ctx.tv(&format!("rung-{name}-{status}"), "agent", source),
        at: found.map(|evidence| format_time(&ctx.lang, evidence.at)),
        at_iso: found.map(|evidence| evidence.at.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::Lang;

    #[test]
    fn every_checkpoint_status_has_text() {
        let lang = Lang::english();
        for rung in EvidenceCheckpoint::ALL {
            // The last checkpoint is never `bad`: the person can still reach it by signing in.
            let looks = ["done", "now", "ahead", "off", "bad"].into_iter();
            let looks = looks.filter(|look| match rung {
                EvidenceCheckpoint::Accepted => *look != "off",
                EvidenceCheckpoint::Written | EvidenceCheckpoint::Carried | EvidenceCheckpoint::Landed => true,
                EvidenceCheckpoint::Works => *look != "bad",
            });
            for look in looks {
                let key = format!("rung-{}-{look}", rung.as_str());
                assert!(!lang.text_with(&key, &[("agent", "x")]).contains("localization"), "{key}");
            }
        }
    }
}
