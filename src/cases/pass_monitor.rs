//! Monitors Temporary Access Passes and notifies the person and their manager.
//!
//! Both are notified when a pass is created, when it is first used, and of every sign-in method that is registered
//! within 24 hours after it was created. The case shows the same events.
//!
//! - One replica runs the monitor at a time (lease `passes`).
//! - A pass event and its notification are stored in one transaction.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::case_events::{raise_helpdesk_alert, with_case};
use super::error::CaseError;
use super::person_snapshot::PersonSnapshot;
use super::store::{self, HelpdeskCase, PassWatch};
use crate::audit::{AuditActor, AuditEvent, AuditedTransaction};
use crate::base::{ObjectId, TimestampExt as _, run_every};
use crate::eligibility;
use crate::entra::{ActingIdentity, OperatorError, PassStatus, TemporaryAccessPass};
use crate::notify::{PassAudience, PassEvent};
use crate::people::{MethodRegistrationReader, PeopleService, fetch_method_registrations};
use crate::state::AppState;
use crate::store::{StoreError, acquire_lease};

const SEAL_TABLE: &str = "pass_watches";
/// Period after the creation of a pass in which new sign-in methods are reported.
const METHOD_WATCH_DURATION: SignedDuration = SignedDuration::from_hours(24);
/// Additional time to detect a pass that was used just before it expired.
const LATE_USE_MARGIN: SignedDuration = SignedDuration::from_mins(15);
/// Maximum assumed clock difference between Graph and the portal. Graph reports whole seconds.
const CLOCK_SKEW: SignedDuration = SignedDuration::from_secs(120);

/// Fetches who must be notified of a pass.
///
/// Runs before the pass is created, so that no pass exists without the person's knowledge.
pub(super) async fn fetch_audience(app: &AppState, person: &PersonSnapshot) -> Result<PassAudience, CaseError> {
    let profile = person.profile().await?;
    let manager = match person.manager().await? {
        Some(found) => Some(PeopleService::new(app).fetch_profile(found.id).await?),
        None => None,
    };
    Ok(PassAudience::new(app, profile, manager.as_ref()))
}

/// Starts monitoring a new pass and enqueues its notification, in the transaction that records it.
pub(super) async fn watch_new_pass(
    app: &AppState,
    transaction: &mut AuditedTransaction,
    (action, case): (&str, &HelpdeskCase),
    pass: &TemporaryAccessPass,
    audience: &PassAudience,
) -> Result<(), StoreError> {
    let (Some(person), now) = (case.person, app.now()) else { return Ok(()) };
    let lasts = SignedDuration::from_mins(pass.lifetime_minutes);
    let watch = PassWatch {
        execution_id: action.to_owned(),
        case: case.id,
        person,
        pass_id: pass.id.clone(),
        created_at: now,
        expires_at: now.later(lasts),
        used_at: None,
        method_registered_at: None,
        sealed_audience: audience.seal(&app.sealer, SEAL_TABLE, action)?,
    };
    store::insert_watch(transaction.tx(), &watch).await?;
    audience.enqueue_pass_notice(transaction.tx(), app, PassEvent::Created, (person, now)).await
}

/// Runs the monitor until shutdown.
pub(crate) async fn run_pass_monitor(app: AppState) {
    let pause = Duration::from_secs(app.config.helpdesk.alarms.every_seconds.max(1));
    let rounds = app.metrics.background_rounds("pass-monitor");
    run_every(&app.shutdown, &rounds, pause, || async {
        if let Err(error) = run_once(&app).await {
            tracing::warn!(error = ?error, "Temporary Access Pass monitor failed: retrying");
        }
    })
    .await;
}

async fn run_once(app: &AppState) -> Result<(), StoreError> {
    let now = app.now();
    if !acquire_lease(&app.db, "passes", &app.instance_id, now).await? {
        return Ok(());
    }
    withdraw_passes(app).await?;
    let since = now.earlier(METHOD_WATCH_DURATION);
    let watches = store::load_watches(&app.db, since).await?;
    let Some(first) = watches.iter().map(|watch| watch.created_at).min() else { return Ok(()) };
    let (from, until) = (first.earlier(CLOCK_SKEW), now.later(CLOCK_SKEW));
    let registered = fetch_method_registrations(app, MethodRegistrationReader::PassMonitor, from, until).await?;
    for watch in &watches {
        if watch.used_at.is_none() && now < watch.expires_at.later(LATE_USE_MARGIN) {
            check_use(app, watch).await?;
        }
        check_new_method(app, watch, &registered).await?;
    }
    Ok(())
}

/// Deletes the passes that must not be used at Microsoft. What fails is tried again in the next round.
///
/// A pass that was used already cannot be taken back: the person's resets are put on hold, and their sessions end.
pub(super) async fn withdraw_passes(app: &AppState) -> Result<(), StoreError> {
    for watch in store::load_withdrawals(&app.db).await? {
        let object = watch.person.object;
        let is_used = match app.entra.operator.fetch_pass_status(object, &watch.pass_id).await {
            Ok(status) => status == PassStatus::Used,
            // Deleting it answers more.
            Err(_) => watch.used_at.is_some(),
        };
        let done = if is_used {
            app.entra.operator.revoke_sessions(object, ActingIdentity::Operator).await
        } else {
            app.entra.operator.delete_pass(object, &watch.pass_id).await
        };
        match done {
            Ok(()) => record_withdrawal(app, &watch, is_used).await?,
            Err(OperatorError::Store(error)) => return Err(error),
            Err(error) => {
                tracing::warn!(error = ?error, "Temporary Access Pass withdrawal failed: retrying");
            }
        }
    }
    Ok(())
}

/// Records that a pass can no longer be used, or that its use was answered by a hold and by ending all sessions.
async fn record_withdrawal(app: &AppState, watch: &PassWatch, is_used: bool) -> Result<(), StoreError> {
    let now = app.now();
    let mut transaction = app.audit_log.begin().await?;
    let case = store::mark_changed(transaction.tx(), watch.case, now).await?;
    if !store::mark_withdrawn(transaction.tx(), &watch.execution_id, now).await? {
        return Ok(());
    }
    if is_used {
        eligibility::place_hold_by_staff(&mut transaction, watch.person, AuditActor::Portal, now).await?;
    }
    let event = AuditEvent::new("pass.withdrawn", AuditActor::Portal).with_detail("used", is_used);
    transaction.record_event(with_case(event, &case));
    transaction.commit().await?;
    if is_used {
        app.sessions.end_sessions_of(watch.person).await?;
        raise_helpdesk_alert(app, "pass_used_after_denial", &case);
    }
    tracing::info!(case.reference = %case.reference, used = is_used, "Temporary Access Pass withdrawn");
    Ok(())
}

async fn check_use(app: &AppState, watch: &PassWatch) -> Result<(), StoreError> {
    match app.entra.operator.fetch_pass_status(watch.person.object, &watch.pass_id).await {
        Ok(PassStatus::Used) => record_pass_event(app, watch, PassEvent::Used, app.now()).await,
        Ok(PassStatus::Usable | PassStatus::Ended) => Ok(()),
        Err(OperatorError::Store(error)) => Err(error),
        Err(OperatorError::RefreshTimedOut) => Err(StoreError::RowNotFound),
        Err(error) => {
            tracing::warn!(error = ?error, "Temporary Access Pass status unavailable: retrying");
            Ok(())
        }
    }
}

async fn check_new_method(
    app: &AppState,
    watch: &PassWatch,
    registered: &[(Timestamp, ObjectId)],
) -> Result<(), StoreError> {
    let from = watch.method_registered_at.unwrap_or_else(|| watch.created_at.earlier(CLOCK_SKEW));
    let theirs = registered.iter().filter(|(at, object)| *object == watch.person.object && *at > from);
    match theirs.map(|(at, _)| *at).max() {
        Some(at) => record_pass_event(app, watch, PassEvent::MethodRegistered, at).await,
        None => Ok(()),
    }
}

/// Records a pass event once and enqueues its notification.
async fn record_pass_event(
    app: &AppState,
    watch: &PassWatch,
    news: PassEvent,
    at: Timestamp,
) -> Result<(), StoreError> {
    let mut transaction = app.audit_log.begin().await?;
    let case = store::mark_changed(transaction.tx(), watch.case, app.now()).await?;
    let new = match news {
        PassEvent::Used => store::mark_used(transaction.tx(), &watch.execution_id, at).await?,
        _ => {
            store::mark_method_registered(transaction.tx(), &watch.execution_id, watch.method_registered_at, at).await?
        }
    };
    if !new {
        return Ok(());
    }
    let kind = if news == PassEvent::Used { "pass.used" } else { "pass.method_registered" };
    transaction
        .record_event(with_case(AuditEvent::new(kind, AuditActor::Portal), &case).with_detail("at", at.to_string()));
    match PassAudience::open(&app.sealer, SEAL_TABLE, &watch.execution_id, &watch.sealed_audience) {
        Ok(audience) => audience.enqueue_pass_notice(transaction.tx(), app, news, (watch.person, at)).await?,
        Err(error) => tracing::error!(%error, "pass notification skipped: sealing key missing"),
    }
    transaction.commit().await?;
    tracing::info!(case.reference = %case.reference, kind, "Temporary Access Pass event recorded");
    Ok(())
}
