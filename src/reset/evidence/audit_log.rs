//! Evidence checkpoint *carried*: Entra's directory audit log names the writeback agent.
//!
//! Records arrive minutes late, and Graph admits five requests in ten seconds per app and tenant. One request therefore
//! serves all waiting resets, and its rate limit is in the database, shared with all other readers of the log.

use jiff::{SignedDuration, Timestamp};

use super::log_match::{AuditLogMatch, ClockReading, MatchedRecord, RecordedOutcome, match_records, record_window};
use crate::base::TimestampExt as _;
use crate::entra::{AUDIT_LOG_RATE_LIMIT, DirectoryAuditRecord, GraphError, OnPremisesAgent};
use crate::health;
use crate::reset::record::{DeliveryLogGap, EvidenceCheckpoint, PasswordReset};
use crate::reset::state::{CLOCK_TOLERANCE, EvidenceFinding, OperationFailure, ResetEvent, SourceStatus};
use crate::reset::status_detail::classify_status_detail;
use crate::reset::store;
use crate::reset::transition::{self, TransitionBasis};
use crate::state::AppState;
use crate::store::StoreError;

/// Minimum delay before the next attempt if Graph did not answer.
const MIN_RETRY_DELAY: SignedDuration = SignedDuration::from_secs(3);
/// Time after a reset settled within which its audit record is expected. A tenant that never logged a reset by then is
/// assumed not to log this one.
const LOG_EXPECTED_WITHIN: SignedDuration = SignedDuration::from_hours(1);
/// Tenant fact: this tenant writes audit records of resets. Its time says since when that is known.
pub(crate) const LOGS_RESETS_FACT: &str = "audit_logs_resets";

/// Result of a request to the audit log.
pub(super) enum AuditLogRead {
    Records(Vec<DirectoryAuditRecord>),
    /// The log is not available now: read it again after this delay.
    RetryAfter(SignedDuration),
}

/// Fetches the audit records from the period in which these resets were sent.
pub(super) async fn fetch_audit_log(app: &AppState, due: &[PasswordReset]) -> Result<AuditLogRead, StoreError> {
    let now = app.now();
    if let Err(refused) = app.rate_limiter.try_acquire("graph:audits", AUDIT_LOG_RATE_LIMIT, now).await? {
        // All rejected callers retry at the same time, and one request then serves them.
        return Ok(AuditLogRead::RetryAfter(refused.retry_after));
    }
    let skew = app.entra.graph.clock_skew();
    let first = due.iter().filter_map(|r| r.dispatched_at).min().unwrap_or(now);
    let from = first.earlier(CLOCK_TOLERANCE + skew.min(SignedDuration::ZERO).abs());
    let to = now.later(CLOCK_TOLERANCE + skew.max(SignedDuration::ZERO));
    match app.entra.graph.fetch_reset_audits(from, to).await {
        Ok(rows) => {
            if !rows.is_empty() && health::load_tenant_fact(&app.db, LOGS_RESETS_FACT).await?.is_none() {
                health::save_tenant_fact(&app.db, LOGS_RESETS_FACT, "1", now).await?;
            }
            Ok(AuditLogRead::Records(rows))
        }
        Err(error) => {
            tracing::warn!(error = ?error, "directory audit log request failed: retrying");
            let wait = match &error {
                GraphError::ErrorResponse(refusal) => refusal.retry_after,
                _ => None,
            };
            Ok(AuditLogRead::RetryAfter(wait.unwrap_or(MIN_RETRY_DELAY).max(MIN_RETRY_DELAY)))
        }
    }
}

/// Matches one reset against the records and applies the result.
pub(super) async fn match_reset(
    app: &AppState,
    records: &[DirectoryAuditRecord],
    reset: &PasswordReset,
) -> Result<SourceStatus, StoreError> {
    let evidence = store::load_evidence(&app.db, reset.id).await?;
    if evidence.iter().any(|known| known.checkpoint == EvidenceCheckpoint::Carried) {
        return Ok(SourceStatus::Complete);
    }
    let now = app.now();
    match match_unambiguous(app, records, reset, now).await? {
        AuditLogMatch::Record(record) => apply_record(app, reset, &record).await,
        AuditLogMatch::Ambiguous => {
            transition::record_log_gap(app, reset, DeliveryLogGap::Ambiguous).await?;
            Ok(SourceStatus::Pending)
        }
        AuditLogMatch::NoRecord => {
            let waited = now.duration_since(reset.settled_at.unwrap_or(reset.created_at));
            if reset.synced
                && waited > LOG_EXPECTED_WITHIN
                && health::load_tenant_fact(&app.db, LOGS_RESETS_FACT).await?.is_none()
            {
                transition::record_log_gap(app, reset, DeliveryLogGap::Unavailable).await?;
            }
            Ok(SourceStatus::Pending)
        }
    }
}

/// Applies a matched record.
async fn apply_record(
    app: &AppState,
    reset: &PasswordReset,
    record: &MatchedRecord,
) -> Result<SourceStatus, StoreError> {
    let finding = match (&record.outcome, &record.agent) {
        (RecordedOutcome::Success, OnPremisesAgent::NotUsed) if reset.synced => EvidenceFinding::NoAgent,
        // The tenant may still record the agent of a synced account.
        (RecordedOutcome::Success, OnPremisesAgent::NotRecorded) if reset.synced => return Ok(SourceStatus::Pending),
        (RecordedOutcome::Success, OnPremisesAgent::NotUsed | OnPremisesAgent::NotRecorded) => {
            return Ok(SourceStatus::Complete);
        }
        (RecordedOutcome::Success, OnPremisesAgent::Named(_)) => EvidenceFinding::Carried,
        (RecordedOutcome::Failure { reason }, _) => match classify_status_detail(reason) {
            OperationFailure::Refused(cause) | OperationFailure::Failed(cause) => {
                EvidenceFinding::AuditLogFailure(cause)
            }
            OperationFailure::Split => return Ok(SourceStatus::Complete),
        },
    };
    transition::apply_evidence(app, reset, finding, record.at, record.agent.as_str()).await?;
    Ok(SourceStatus::Complete)
}

/// Resolves a reset that was accepted without an operation URL. `Complete`: the audit log settled it.
pub(in crate::reset) async fn resolve_from_audit_log(
    app: &AppState,
    reset: &PasswordReset,
) -> Result<SourceStatus, StoreError> {
    let AuditLogRead::Records(records) = fetch_audit_log(app, std::slice::from_ref(reset)).await? else {
        return Ok(SourceStatus::Pending);
    };
    let AuditLogMatch::Record(record) = match_unambiguous(app, &records, reset, app.now()).await? else {
        return Ok(SourceStatus::Pending);
    };
    let event = match record.outcome {
        RecordedOutcome::Success => ResetEvent::Succeeded,
        RecordedOutcome::Failure { reason } => ResetEvent::OperationFailed(classify_status_detail(&reason)),
    };
    transition::apply_event(app, reset, event, TransitionBasis::default()).await?;
    Ok(SourceStatus::Complete)
}

/// Returns the match of [`match_records`], or `Ambiguous` if the record may belong to another reset of the same person:
/// an earlier reset that was never sent must not count as written because a later one was.
async fn match_unambiguous(
    app: &AppState,
    records: &[DirectoryAuditRecord],
    reset: &PasswordReset,
    now: Timestamp,
) -> Result<AuditLogMatch, StoreError> {
    // Resets of older releases have no operator id.
    let operator = match reset.operator_id {
        Some(operator) => Some(operator),
        None => app.entra.operator.load_operator().await?.map(|operator| operator.object),
    };
    let clock = ClockReading { now, skew: app.entra.graph.clock_skew() };
    let found = match_records(records, reset, operator, clock);
    let (from, to) = record_window(reset, ClockReading { skew: SignedDuration::ZERO, ..clock });
    let (from, to) = (from.earlier(CLOCK_TOLERANCE), to.later(CLOCK_TOLERANCE));
    if matches!(found, AuditLogMatch::Record(_)) && store::has_overlapping_reset(&app.db, reset, from, to).await? {
        return Ok(AuditLogMatch::Ambiguous);
    }
    Ok(found)
}
