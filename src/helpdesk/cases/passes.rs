//! Monitors Temporary Access Passes and notifies the person and their manager.
//!
//! Both are notified when a pass is created, when it is first used, and of every sign-in method that is registered
//! within 24 hours after it was created. The case shows the same events.
//!
//! - One replica runs the monitor at a time (lease `passes`).
//! - A pass event and its notification are stored in one transaction.

use std::time::Duration;

use axum::extract::FromRef as _;
use jiff::{SignedDuration, Timestamp};

use super::store::{self, HelpdeskCase, PassWatch};
use super::{CaseError, about};
use crate::audit::{AuditActor, AuditEvent, AuditedTransaction};
use crate::base::{ObjectId, PersonKey};
use crate::entra::{OperatorError, PassStatus, TemporaryAccessPass};
use crate::helpdesk::scans;
use crate::notify::{PassAudience, PassEvent};
use crate::people::{PeopleService, PersonProfile};
use crate::state::AppState;
use crate::store::{StoreError, lease};

const TABLE: &str = "pass_watches";
/// Period after the creation of a pass in which new sign-in methods are reported.
const METHODS: SignedDuration = SignedDuration::from_hours(24);
/// Additional time to detect a pass that was used just before it expired.
const LATE: SignedDuration = SignedDuration::from_mins(15);
/// Maximum assumed clock difference between Graph and the portal. Graph reports whole seconds.
const SKEW: SignedDuration = SignedDuration::from_secs(120);

/// Fetches who must be notified of a pass.
///
/// Runs before the pass is created, so that no pass exists without the person's knowledge.
pub(super) async fn audience(app: &AppState, person: PersonKey) -> Result<PassAudience, CaseError> {
    let people = PeopleService::from_ref(app);
    let facts = people.facts(person.object).await?;
    let manager: Option<PersonProfile> = match people.manager(person.object).await? {
        Some(found) => Some(people.facts(found.id).await?),
        None => None,
    };
    Ok(PassAudience::new(app, &facts, manager.as_ref()))
}

/// Starts monitoring a new pass and enqueues its notification, in the transaction that records it.
pub(super) async fn made(
    app: &AppState,
    ledger: &mut AuditedTransaction,
    (action, case): (&str, &HelpdeskCase),
    pass: &TemporaryAccessPass,
    audience: &PassAudience,
) -> Result<(), StoreError> {
    let (Some(person), now) = (case.person, app.now()) else { return Ok(()) };
    let lasts = SignedDuration::from_mins(pass.minutes);
    let watch = PassWatch {
        action: action.to_owned(),
        case: case.id,
        person,
        pass: pass.id.clone(),
        made_at: now,
        ends_at: now.saturating_add(lasts).unwrap_or(now),
        used_at: None,
        method_at: None,
        sealed: audience.seal(&app.sealer, TABLE, action)?,
    };
    store::watch(ledger.tx(), &watch).await?;
    audience.tell(ledger.tx(), app, PassEvent::Made, (person, now)).await
}

/// Runs the monitor until shutdown.
pub(crate) async fn run(app: AppState) {
    let pause = Duration::from_secs(app.config.helpdesk.alarms.every_seconds.max(1));
    loop {
        if let Err(error) = look(&app).await {
            tracing::warn!(error = ?error, "Temporary Access Pass monitor failed: retrying");
        }
        tokio::select! {
            () = app.stop.cancelled() => return,
            () = tokio::time::sleep(pause) => {}
        }
    }
}

async fn look(app: &AppState) -> Result<(), StoreError> {
    let now = app.now();
    if !lease(&app.db, "passes", &app.me, now).await? {
        return Ok(());
    }
    let since = now.saturating_sub(METHODS).unwrap_or_default();
    let watches = store::watches(&app.db, since).await?;
    let Some(first) = watches.iter().map(|watch| watch.made_at).min() else { return Ok(()) };
    let registered = registered(app, first, now).await?;
    for watch in &watches {
        if watch.used_at.is_none() && now < watch.ends_at.saturating_add(LATE).unwrap_or(now) {
            use_of(app, watch).await?;
        }
        method_after(app, watch, &registered).await?;
    }
    Ok(())
}

async fn use_of(app: &AppState, watch: &PassWatch) -> Result<(), StoreError> {
    match app.entra.operators.pass_stands(watch.person.object, &watch.pass).await {
        Ok(PassStatus::Used) => happened(app, watch, PassEvent::Used, app.now()).await,
        Ok(PassStatus::Waiting | PassStatus::Over) => Ok(()),
        Err(OperatorError::Store(error)) => Err(error),
        Err(error) => {
            tracing::warn!(error = ?error, "Temporary Access Pass status unavailable: retrying");
            Ok(())
        }
    }
}

/// Fetches who registered a sign-in method since a time, from the directory audit log, which is delayed.
async fn registered(
    app: &AppState,
    since: Timestamp,
    now: Timestamp,
) -> Result<Vec<(Timestamp, ObjectId)>, StoreError> {
    if !scans::turn(app, "passes").await? {
        return Ok(Vec::new());
    }
    let from = since.saturating_sub(SKEW).unwrap_or(since);
    Ok(app.entra.graph.registrations(from, now.saturating_add(SKEW).unwrap_or(now)).await.unwrap_or_else(|error| {
        tracing::warn!(error = ?error, "sign-in method log request failed: retrying");
        Vec::new()
    }))
}

async fn method_after(
    app: &AppState,
    watch: &PassWatch,
    registered: &[(Timestamp, ObjectId)],
) -> Result<(), StoreError> {
    let from = watch.method_at.unwrap_or_else(|| watch.made_at.saturating_sub(SKEW).unwrap_or(watch.made_at));
    let theirs = registered.iter().filter(|(at, object)| *object == watch.person.object && *at > from);
    match theirs.map(|(at, _)| *at).max() {
        Some(at) => happened(app, watch, PassEvent::Method, at).await,
        None => Ok(()),
    }
}

/// Records a pass event once and enqueues its notification.
async fn happened(app: &AppState, watch: &PassWatch, news: PassEvent, at: Timestamp) -> Result<(), StoreError> {
    let mut ledger = app.auditor.begin().await?;
    let case = store::touch(ledger.tx(), watch.case, app.now()).await?;
    let new = match news {
        PassEvent::Used => store::used(ledger.tx(), &watch.action, at).await?,
        _ => store::method_seen(ledger.tx(), &watch.action, watch.method_at, at).await?,
    };
    if !new {
        return Ok(());
    }
    let kind = if news == PassEvent::Used { "pass.used" } else { "pass.method_registered" };
    ledger.record(about(AuditEvent::new(kind, AuditActor::Portal), &case).with("at", at.to_string()));
    match PassAudience::open(&app.sealer, TABLE, &watch.action, &watch.sealed) {
        Ok(audience) => audience.tell(ledger.tx(), app, news, (watch.person, at)).await?,
        Err(error) => tracing::error!(%error, "pass notification skipped: sealing key missing"),
    }
    ledger.commit().await?;
    tracing::info!(case.reference = %case.reference, kind, "Temporary Access Pass event recorded");
    Ok(())
}
