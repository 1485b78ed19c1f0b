//! Evidence checkpoint *carried*: Entra's directory audit log names the writeback agent.
//!
//! Records arrive minutes late, and Graph admits five requests in ten seconds per app and tenant. One request therefore
//! serves all waiting resets, and its rate limit is in the database, shared with all other readers of the log.

use jiff::{SignedDuration, Timestamp};

use super::{
    CLOCK_TOLERANCE, LOG_EXPECTED_WITHIN, apply_evidence, observe_checkpoint, record_evidence, record_log_gap,
};
use crate::base::{ObjectId, TimestampExt as _};
use crate::entra::{AUDIT_LOG_RATE_LIMIT, AuditResult, DirectoryAuditRecord, GraphError, OnPremisesAgent};
use crate::health;
use crate::reset::record::{DeliveryLogGap, EvidenceCheckpoint, EvidenceRecord, PasswordReset};
use crate::reset::state::{EvidenceFinding, OperationFailure, ResetEvent};
use crate::reset::status_detail::classify_status_detail;
use crate::reset::store;
use crate::reset::submission::ResetService;
use crate::store::StoreError;

/// Minimum delay before the next attempt if Graph did not answer.
const MIN_RETRY_DELAY: SignedDuration = SignedDuration::from_secs(3);
/// Tenant fact: this tenant writes audit records of resets. Its time says since when that is known.
pub(crate) const LOGS_RESETS_FACT: &str = "audit_logs_resets";

/// Match of one reset against the audit log.
#[derive(Debug, PartialEq, Eq)]
enum AuditLogMatch {
    NoRecord,
    /// Several records match: no conclusion is drawn.
    Ambiguous,
    Record {
        at: Timestamp,
        success: bool,
        agent: OnPremisesAgent,
        reason: String,
    },
}

/// Result of a request to the audit log.
pub(super) enum AuditLogRead {
    Records(Vec<DirectoryAuditRecord>),
    /// The log is not available now: read it again after this delay.
    RetryAfter(SignedDuration),
}

/// Fetches the audit records from the period in which these resets were sent.
pub(super) async fn fetch_audit_log(resets: &ResetService, due: &[PasswordReset]) -> Result<AuditLogRead, StoreError> {
    let (app, now) = (&resets.app, resets.app.now());
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

/// Matches one reset against the records and applies the result. `true`: no further check of the log is needed.
pub(super) async fn match_reset(
    resets: &ResetService,
    rows: &[DirectoryAuditRecord],
    reset: &PasswordReset,
) -> Result<bool, StoreError> {
    let app = &resets.app;
    if store::load_evidence(&app.db, reset.id)
        .await?
        .iter()
        .any(|proof| proof.checkpoint == EvidenceCheckpoint::Carried)
    {
        return Ok(true);
    }
    let now = app.now();
    match match_unambiguous(resets, rows, reset, now).await? {
        AuditLogMatch::Record { at, success, agent, reason } => {
            record_delivery(resets, reset, at, success, &agent, &reason).await
        }
        AuditLogMatch::Ambiguous => {
            record_log_gap(resets, reset, DeliveryLogGap::Ambiguous).await?;
            Ok(false)
        }
        AuditLogMatch::NoRecord => {
            let waited = now.duration_since(reset.settled_at.unwrap_or(reset.created_at));
            if reset.synced
                && waited > LOG_EXPECTED_WITHIN
                && health::load_tenant_fact(&app.db, LOGS_RESETS_FACT).await?.is_none()
            {
                record_log_gap(resets, reset, DeliveryLogGap::Unavailable).await?;
            }
            Ok(false)
        }
    }
}

/// Resolves a reset that was accepted without an operation URL. Returns whether the audit log settled it.
pub(in crate::reset) async fn resolve_from_audit_log(
    resets: &ResetService,
    reset: &PasswordReset,
) -> Result<bool, StoreError> {
    let AuditLogRead::Records(rows) = fetch_audit_log(resets, std::slice::from_ref(reset)).await? else {
        return Ok(false);
    };
    let report = match match_unambiguous(resets, &rows, reset, resets.app.now()).await? {
        AuditLogMatch::Record { success: true, .. } => ResetEvent::Succeeded,
        AuditLogMatch::Record { success: false, reason, .. } => {
            ResetEvent::OperationFailed(classify_status_detail(&reason))
        }
        AuditLogMatch::NoRecord | AuditLogMatch::Ambiguous => return Ok(false),
    };
    crate::reset::dispatcher::apply_event(resets, reset, report, crate::reset::dispatcher::TransitionBasis::default())
        .await?;
    Ok(true)
}

/// Returns the period in which a record of this reset may be dated, by a clock that is `skew` ahead of the portal's.
fn record_window(reset: &PasswordReset, (now, skew): (Timestamp, SignedDuration)) -> (Timestamp, Timestamp) {
    let theirs = |at: Timestamp| at.later(skew);
    let from = theirs(reset.dispatched_at.unwrap_or(reset.created_at)).earlier(CLOCK_TOLERANCE);
    (from, theirs(reset.settled_at.unwrap_or(now)).later(CLOCK_TOLERANCE))
}

/// Returns the match of [`match_records`], or `Ambiguous` if the record may belong to another reset of the same person:
/// an earlier reset that was never sent must not count as written because a later one was.
async fn match_unambiguous(
    resets: &ResetService,
    rows: &[DirectoryAuditRecord],
    reset: &PasswordReset,
    now: Timestamp,
) -> Result<AuditLogMatch, StoreError> {
    let app = &resets.app;
    // Resets of older releases have no operator id.
    let operator = match reset.operator_id {
        Some(operator) => Some(operator),
        None => app.entra.operator.load_operator().await?.map(|operator| operator.object),
    };
    let found = match_records(rows, reset, operator, (now, app.entra.graph.clock_skew()));
    let (from, to) = record_window(reset, (now, SignedDuration::ZERO));
    let (from, to) = (from.earlier(CLOCK_TOLERANCE), to.later(CLOCK_TOLERANCE));
    if matches!(found, AuditLogMatch::Record { .. }) && store::has_overlapping_reset(&app.db, reset, from, to).await? {
        return Ok(AuditLogMatch::Ambiguous);
    }
    Ok(found)
}

/// Finds the only record with this target, initiated by the reset operator, in the period of this reset.
fn match_records(
    rows: &[DirectoryAuditRecord],
    reset: &PasswordReset,
    operator: Option<ObjectId>,
    clocks: (Timestamp, SignedDuration),
) -> AuditLogMatch {
    // By Microsoft's clock as measured now, and by the portal's, which may have been set since.
    let spans = [record_window(reset, clocks), record_window(reset, (clocks.0, SignedDuration::ZERO))];
    let in_time = |at: Timestamp| spans.iter().any(|(from, to)| at >= *from && at <= *to);
    let fits = |row: &&DirectoryAuditRecord| {
        row.has_target(reset.person.object)
            && operator.is_some_and(|operator| row.is_initiated_by(operator))
            && in_time(row.activity_date_time)
    };
    let mut found = rows.iter().filter(fits);
    match (found.next(), found.next()) {
        (None, _) => AuditLogMatch::NoRecord,
        (Some(_), Some(_)) => AuditLogMatch::Ambiguous,
        (Some(row), None) => AuditLogMatch::Record {
            at: row.activity_date_time,
            success: row.result == AuditResult::Success,
            agent: row.on_premises_agent(),
            reason: row.result_reason.clone().unwrap_or_default(),
        },
    }
}

/// Records the evidence of a matched record and applies it. `true`: no further check of the log is needed.
async fn record_delivery(
    resets: &ResetService,
    reset: &PasswordReset,
    at: Timestamp,
    success: bool,
    agent: &OnPremisesAgent,
    reason: &str,
) -> Result<bool, StoreError> {
    let evidence = match (success, agent) {
        (true, OnPremisesAgent::NotUsed) if reset.synced => EvidenceFinding::NoAgent,
        (true, OnPremisesAgent::NotUsed | OnPremisesAgent::NotRecorded) => return Ok(!reset.synced),
        (true, OnPremisesAgent::Named(_)) => EvidenceFinding::Carried,
        (false, _) => match classify_status_detail(reason) {
            OperationFailure::Refused(cause) | OperationFailure::Failed(cause) => {
                EvidenceFinding::AuditLogFailure(cause)
            }
            OperationFailure::Split => return Ok(true),
        },
    };
    let app = &resets.app;
    let mut transaction = app.audit_log.begin().await?;
    if evidence == EvidenceFinding::Carried {
        let proof = EvidenceRecord {
            checkpoint: EvidenceCheckpoint::Carried,
            at,
            source: agent.as_str().to_owned(),
            detail: None,
        };
        if record_evidence(&mut transaction, reset, &proof, "reset.carried").await? {
            observe_checkpoint(resets, reset, EvidenceCheckpoint::Carried, at);
        }
    }
    store::update_log_gap(transaction.tx(), reset.id, None).await?;
    apply_evidence(resets, &mut transaction, reset, (evidence, agent.as_str())).await?;
    store::mark_changed(transaction.tx(), reset.id, app.now()).await?;
    transaction.commit().await?;
    app.reset_changed.notify_one();
    Ok(true)
}

#[cfg(test)]
pub(in crate::reset) mod tests {
    use serde_json::json;

    use super::*;
    use crate::reset::state::ResetState;

    const PERSON_ID: &str = "00000000-0000-4000-8000-000000000001";
    const OPERATOR_ID: &str = "00000000-0000-4000-8000-000000000002";

    fn audit_record(target: &str, by: &str, at: &str) -> DirectoryAuditRecord {
        serde_json::from_value(json!({
            "id": "1", "activityDateTime": at, "result": "success",
            "initiatedBy": { "user": { "id": by } }, "targetResources": [{ "id": target }],
            "additionalDetails": [{ "key": "OnPremisesAgent", "value": "CloudSync" }],
        }))
        .unwrap()
    }

    pub(in crate::reset) fn sample_reset() -> PasswordReset {
        let at = |s: &str| s.parse::<Timestamp>().unwrap();
        PasswordReset {
            id: "01900000-0000-7000-8000-000000000000".parse().unwrap(),
            reference: "7KQ4M2ZD".parse().unwrap(),
            person: crate::base::PersonKey {
                tenant: crate::store::testing::test_tenant(),
                object: PERSON_ID.parse().unwrap(),
            },
            synced: true,
            state: ResetState::Written,
            cause: None,
            created_at: at("2026-11-23T10:00:00Z"),
            updated_at: at("2026-11-23T10:00:05Z"),
            dispatched_at: Some(at("2026-11-23T10:00:00Z")),
            accepted_at: Some(at("2026-11-23T10:00:01Z")),
            settled_at: Some(at("2026-11-23T10:00:05Z")),
            location: None,
            poll_count: 0,
            lost_since: None,
            outage_since: None,
            outage_total_ms: 0,
            queued_since: None,
            revision: 1,
            operator_id: OPERATOR_ID.parse().ok(),
            directory_account: None,
            password_baseline: None,
            delivery_log_gap: None,
        }
    }

    const NO_SKEW: SignedDuration = SignedDuration::ZERO;

    #[test]
    fn only_single_record_by_our_operator_within_window_matches() {
        let look = |rows: &[DirectoryAuditRecord]| {
            match_records(
                rows,
                &sample_reset(),
                OPERATOR_ID.parse().ok(),
                ("2026-11-23T10:05:00Z".parse().unwrap(), NO_SKEW),
            )
        };
        let good = audit_record(PERSON_ID, OPERATOR_ID, "2026-11-23T10:00:04Z");
        assert!(
            matches!(look(std::slice::from_ref(&good)), AuditLogMatch::Record { success: true, agent, .. } if agent.as_str() == "CloudSync")
        );
        assert_eq!(look(&[]), AuditLogMatch::NoRecord);
        assert_eq!(look(&[good.clone(), good.clone()]), AuditLogMatch::Ambiguous);
        assert_eq!(
            look(&[audit_record(OPERATOR_ID, OPERATOR_ID, "2026-11-23T10:00:04Z")]),
            AuditLogMatch::NoRecord,
            "another person"
        );
        assert_eq!(
            look(&[audit_record(PERSON_ID, PERSON_ID, "2026-11-23T10:00:04Z")]),
            AuditLogMatch::NoRecord,
            "another administrator"
        );
        assert_eq!(
            look(&[audit_record(PERSON_ID, OPERATOR_ID, "2026-11-23T09:50:00Z")]),
            AuditLogMatch::NoRecord,
            "another time"
        );
        assert!(
            matches!(
                look(&[audit_record(PERSON_ID, OPERATOR_ID, "2026-11-23T09:58:30Z")]),
                AuditLogMatch::Record { .. }
            ),
            "within the skew"
        );
    }
    #[test]
    fn record_window_follows_measured_clock_skew() {
        let now = "2026-11-23T10:05:00Z".parse().unwrap();
        let row = audit_record(PERSON_ID, OPERATOR_ID, "2026-11-23T11:00:04Z");
        let by =
            |skew| match_records(std::slice::from_ref(&row), &sample_reset(), OPERATOR_ID.parse().ok(), (now, skew));
        assert_eq!(by(NO_SKEW), AuditLogMatch::NoRecord);
        assert!(matches!(by(SignedDuration::from_hours(1)), AuditLogMatch::Record { .. }));
    }
}
