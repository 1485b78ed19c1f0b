//! Evidence checkpoint *carried*: Entra's directory audit log names the writeback agent.
//!
//! Records arrive minutes late, and Graph admits five requests in ten seconds per app and tenant. One request therefore
//! serves all waiting resets, and its rate limit is in the database, shared with all other readers of the log.

use jiff::{SignedDuration, Timestamp};

use super::{LATE, SKEW, note, prove, settle, took};
use crate::base::ObjectId;
use crate::entra::{AUDIT_LOOKS, DirectoryAuditRecord, GraphError};
use crate::reset::details::ending;
use crate::reset::reading::{DeliveryLogGap, EvidenceCheckpoint, EvidenceRecord, PasswordReset};
use crate::reset::state::{EvidenceFinding, OperationFailure, ResetEvent};
use crate::reset::store;
use crate::reset::submit::ResetService;
use crate::store::StoreError;
use crate::troubles;

/// Minimum delay before the next attempt if Graph did not answer.
const SOON: SignedDuration = SignedDuration::from_secs(3);
/// Tenant fact: this tenant writes audit records of resets. Its time says since when that is known.
pub(crate) const LOGS: &str = "audit_logs_resets";

/// Match of one reset against the audit log.
#[derive(Debug, PartialEq, Eq)]
enum AuditLogMatch {
    Nothing,
    /// Several records match: no conclusion is drawn.
    Ambiguous,
    Row {
        at: Timestamp,
        success: bool,
        agent: String,
        reason: String,
    },
}

/// Result of a request to the audit log.
pub(super) enum AuditLogRead {
    Rows(Vec<DirectoryAuditRecord>),
    /// The log is not available now: read it again after this delay.
    NotNow(SignedDuration),
}

/// Fetches the audit records from the period in which these resets were sent.
pub(super) async fn read(resets: &ResetService, due: &[PasswordReset]) -> Result<AuditLogRead, StoreError> {
    let (app, now) = (&resets.app, resets.app.now());
    if let Err(refused) = app.limits.take("graph:audits", AUDIT_LOOKS, now).await? {
        // All rejected callers retry at the same time, and one request then serves them.
        return Ok(AuditLogRead::NotNow(refused.wait));
    }
    let skew = app.entra.graph.skew();
    let first = due.iter().filter_map(|r| r.dispatched_at).min().unwrap_or(now);
    let from = first.saturating_sub(SKEW + skew.min(SignedDuration::ZERO).abs()).unwrap_or(first);
    let to = now.saturating_add(SKEW + skew.max(SignedDuration::ZERO)).unwrap_or(now);
    match app.entra.graph.reset_audits(from, to).await {
        Ok(rows) => {
            if !rows.is_empty() && troubles::read_signal(&app.db, LOGS).await?.is_none() {
                troubles::signal(&app.db, LOGS, "1", now).await?;
            }
            Ok(AuditLogRead::Rows(rows))
        }
        Err(error) => {
            tracing::warn!(error = ?error, "directory audit log request failed: retrying");
            let wait = match &error {
                GraphError::Answered(refusal) => refusal.retry_after,
                _ => None,
            };
            Ok(AuditLogRead::NotNow(wait.unwrap_or(SOON).max(SOON)))
        }
    }
}

/// Matches one reset against the records and applies the result. `true`: no further check of the log is needed.
pub(super) async fn look(
    resets: &ResetService,
    rows: &[DirectoryAuditRecord],
    reset: &PasswordReset,
) -> Result<bool, StoreError> {
    let app = &resets.app;
    if store::proofs(&app.db, reset.id).await?.iter().any(|proof| proof.rung == EvidenceCheckpoint::Carried) {
        return Ok(true);
    }
    let now = app.now();
    match find_own(resets, rows, reset, now).await? {
        AuditLogMatch::Row { at, success, agent, reason } => {
            conclude(resets, reset, at, success, &agent, &reason).await
        }
        AuditLogMatch::Ambiguous => {
            note(resets, reset, DeliveryLogGap::Ambiguous).await?;
            Ok(false)
        }
        AuditLogMatch::Nothing => {
            let waited = now.duration_since(reset.settled_at.unwrap_or(reset.created_at));
            if reset.synced && waited > LATE && troubles::read_signal(&app.db, LOGS).await?.is_none() {
                note(resets, reset, DeliveryLogGap::Unavailable).await?;
            }
            Ok(false)
        }
    }
}

/// Resolves a reset that was accepted without an operation URL. Returns whether the audit log settled it.
pub(in crate::reset) async fn settles_writing(
    resets: &ResetService,
    reset: &PasswordReset,
) -> Result<bool, StoreError> {
    let AuditLogRead::Rows(rows) = read(resets, std::slice::from_ref(reset)).await? else { return Ok(false) };
    let report = match find_own(resets, &rows, reset, resets.app.now()).await? {
        AuditLogMatch::Row { success: true, .. } => ResetEvent::Succeeded,
        AuditLogMatch::Row { success: false, reason, .. } => ResetEvent::Ended(ending(&reason)),
        AuditLogMatch::Nothing | AuditLogMatch::Ambiguous => return Ok(false),
    };
    crate::reset::send::finish(resets, reset, report, crate::reset::send::TransitionBasis::default()).await?;
    Ok(true)
}

/// Returns the period in which a record of this reset may be dated, by a clock that is `skew` ahead of the portal's.
fn span(reset: &PasswordReset, (now, skew): (Timestamp, SignedDuration)) -> (Timestamp, Timestamp) {
    let theirs = |at: Timestamp| at.saturating_add(skew).unwrap_or(at);
    let from = theirs(reset.dispatched_at.unwrap_or(reset.created_at)).saturating_sub(SKEW).unwrap_or_default();
    (from, theirs(reset.settled_at.unwrap_or(now)).saturating_add(SKEW).unwrap_or(now))
}

/// Returns the match of [`match_records`], or `Ambiguous` if the record may belong to another reset of the same person:
/// an earlier reset that was never sent must not count as written because a later one was.
async fn find_own(
    resets: &ResetService,
    rows: &[DirectoryAuditRecord],
    reset: &PasswordReset,
    now: Timestamp,
) -> Result<AuditLogMatch, StoreError> {
    let app = &resets.app;
    // Resets of older releases have no operator id.
    let operator = match reset.operator {
        Some(operator) => Some(operator),
        None => app.entra.operators.current().await?.map(|operator| operator.object),
    };
    let found = find(rows, reset, operator, (now, app.entra.graph.skew()));
    let (from, to) = span(reset, (now, SignedDuration::ZERO));
    let (from, to) = (from.saturating_sub(SKEW).unwrap_or(from), to.saturating_add(SKEW).unwrap_or(to));
    if matches!(found, AuditLogMatch::Row { .. }) && store::has_neighbour(&app.db, reset, from, to).await? {
        return Ok(AuditLogMatch::Ambiguous);
    }
    Ok(found)
}

/// Finds the only record with this target, initiated by the reset operator, in the period of this reset.
fn find(
    rows: &[DirectoryAuditRecord],
    reset: &PasswordReset,
    operator: Option<ObjectId>,
    clocks: (Timestamp, SignedDuration),
) -> AuditLogMatch {
    // By Microsoft's clock as measured now, and by the portal's, which may have been set since.
    let spans = [span(reset, clocks), span(reset, (clocks.0, SignedDuration::ZERO))];
    let in_time = |at: Timestamp| spans.iter().any(|(from, to)| at >= *from && at <= *to);
    let (target, operator) = (reset.person.object.to_string(), operator.map(|o| o.to_string()));
    let fits = |row: &&DirectoryAuditRecord| {
        let by = row.initiated_by.as_ref().and_then(|i| i.user.as_ref()).and_then(|u| u.id.clone());
        let on = row.target_resources.iter().any(|t| t.id.as_deref() == Some(&target));
        on && by.is_some() && by == operator && in_time(row.activity_date_time)
    };
    let mut found = rows.iter().filter(fits);
    match (found.next(), found.next()) {
        (None, _) => AuditLogMatch::Nothing,
        (Some(_), Some(_)) => AuditLogMatch::Ambiguous,
        (Some(row), None) => {
            let agent = row
                .additional_details
                .iter()
                .find(|d| d.key.as_deref() == Some("OnPremisesAgent"))
                .and_then(|d| d.value.clone());
            AuditLogMatch::Row {
                at: row.activity_date_time,
                success: row.result == "success",
                agent: agent.unwrap_or_default(),
                reason: row.result_reason.clone().unwrap_or_default(),
            }
        }
    }
}

/// Records the evidence of a matched record and applies it. `true`: no further check of the log is needed.
async fn conclude(
    resets: &ResetService,
    reset: &PasswordReset,
    at: Timestamp,
    success: bool,
    agent: &str,
    reason: &str,
) -> Result<bool, StoreError> {
    let evidence = match (success, agent) {
        (true, "None") if reset.synced => EvidenceFinding::NoAgent,
        (true, "None" | "") => return Ok(!reset.synced),
        (true, _) => EvidenceFinding::Carried,
        (false, _) => match ending(reason) {
            OperationFailure::Refused(cause) | OperationFailure::Failed(cause) => EvidenceFinding::AuditFailed(cause),
            OperationFailure::Split => return Ok(true),
        },
    };
    let app = &resets.app;
    let mut ledger = app.auditor.begin().await?;
    if evidence == EvidenceFinding::Carried {
        let proof = EvidenceRecord { rung: EvidenceCheckpoint::Carried, at, source: agent.to_owned(), detail: None };
        if prove(&mut ledger, reset, &proof, "reset.carried").await? {
            took(resets, reset, EvidenceCheckpoint::Carried, at);
        }
    }
    store::note_carried(ledger.tx(), reset.id, None).await?;
    settle(resets, &mut ledger, reset, (evidence, agent)).await?;
    store::touch(ledger.tx(), reset.id, app.now()).await?;
    ledger.commit().await?;
    app.changed.notify_one();
    Ok(true)
}

#[cfg(test)]
pub(in crate::reset) mod tests {
    use serde_json::json;

    use super::*;
    use crate::reset::state::ResetState;

    const TARGET: &str = "00000000-0000-4000-8000-000000000001";
    const OPERATOR: &str = "00000000-0000-4000-8000-000000000002";

    fn row(target: &str, by: &str, at: &str) -> DirectoryAuditRecord {
        serde_json::from_value(json!({
            "id": "1", "activityDateTime": at, "result": "success",
            "initiatedBy": { "user": { "id": by } }, "targetResources": [{ "id": target }],
            "additionalDetails": [{ "key": "OnPremisesAgent", "value": "CloudSync" }],
        }))
        .unwrap()
    }

    pub(in crate::reset) fn reset() -> PasswordReset {
        let at = |s: &str| s.parse::<Timestamp>().unwrap();
        PasswordReset {
            id: "01900000-0000-7000-8000-000000000000".parse().unwrap(),
            reference: "7KQ4M2ZD".parse().unwrap(),
            person: crate::base::PersonKey { tenant: crate::store::testing::tenant(), object: TARGET.parse().unwrap() },
            synced: true,
            state: ResetState::Written,
            cause: None,
            created_at: at("2026-11-23T10:00:00Z"),
            updated_at: at("2026-11-23T10:00:05Z"),
            dispatched_at: Some(at("2026-11-23T10:00:00Z")),
            accepted_at: Some(at("2026-11-23T10:00:01Z")),
            settled_at: Some(at("2026-11-23T10:00:05Z")),
            location: None,
            polls: 0,
            lost_since: None,
            down_since: None,
            down_total_ms: 0,
            line_since: None,
            revision: 1,
            operator: OPERATOR.parse().ok(),
            account: None,
            set_before: None,
            carried_note: None,
        }
    }

    const NONE: SignedDuration = SignedDuration::ZERO;

    #[test]
    fn one_row_of_ours_in_its_time_is_evidence_and_all_else_is_not() {
        let look = |rows: &[DirectoryAuditRecord]| {
            find(rows, &reset(), OPERATOR.parse().ok(), ("2026-11-23T10:05:00Z".parse().unwrap(), NONE))
        };
        let good = row(TARGET, OPERATOR, "2026-11-23T10:00:04Z");
        assert!(
            matches!(look(std::slice::from_ref(&good)), AuditLogMatch::Row { success: true, agent, .. } if agent == "CloudSync")
        );
        assert_eq!(look(&[]), AuditLogMatch::Nothing);
        assert_eq!(look(&[good.clone(), good.clone()]), AuditLogMatch::Ambiguous);
        assert_eq!(look(&[row(OPERATOR, OPERATOR, "2026-11-23T10:00:04Z")]), AuditLogMatch::Nothing, "another person");
        assert_eq!(
            look(&[row(TARGET, TARGET, "2026-11-23T10:00:04Z")]),
            AuditLogMatch::Nothing,
            "another administrator"
        );
        assert_eq!(look(&[row(TARGET, OPERATOR, "2026-11-23T09:50:00Z")]), AuditLogMatch::Nothing, "another time");
        assert!(
            matches!(look(&[row(TARGET, OPERATOR, "2026-11-23T09:58:30Z")]), AuditLogMatch::Row { .. }),
            "within the skew"
        );
    }
    #[test]
    fn a_log_whose_clock_is_an_hour_ahead_is_read_by_that_clock() {
        let now = "2026-11-23T10:05:00Z".parse().unwrap();
        let row = row(TARGET, OPERATOR, "2026-11-23T11:00:04Z");
        let by = |skew| find(std::slice::from_ref(&row), &reset(), OPERATOR.parse().ok(), (now, skew));
        assert_eq!(by(NONE), AuditLogMatch::Nothing);
        assert!(matches!(by(SignedDuration::from_hours(1)), AuditLogMatch::Row { .. }));
    }
}
