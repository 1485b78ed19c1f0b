//! Finishing sign-in of a reset: who may start one, and whether Entra reports a password change after it.

use crate::base::TimestampExt as _;
use axum::extract::{FromRef as _, Path, State};
use axum::response::{IntoResponse as _, Redirect, Response};
use jiff::{SignedDuration, Timestamp};
use tower_sessions::Session;

use super::evidence;
use super::found::{ResetPageRequest, load_visible_reset};
use super::record::{EvidenceCheckpoint, EvidenceRecord, PasswordReset};
use super::state::{EvidenceFinding, ResetEvent, ResetState};
use super::store::{self, PendingFinishing, StateTransition};
use super::submission::ResetService;
use crate::audit::{AuditActor, AuditEvent};
use crate::config::SignInConfig;
use crate::people::PeopleService;
use crate::signin::{FinishingSignIn, ResetViewer, begin_finishing};
use crate::state::AppState;
use crate::store::StoreError;
use crate::web::WebError;

/// Time after the person's return for which Entra is checked for a password change.
pub(super) const FINISHING_TIMEOUT: SignedDuration = SignedDuration::from_secs(60);
/// Interval between two checks of a finishing sign-in.
const FINISHING_CHECK_INTERVAL: SignedDuration = SignedDuration::from_secs(2);

/// Returns whether the page offers the finishing sign-in: the password is or may be set, the reset is the viewer's own,
/// and the domain is managed.
pub(super) fn can_finish(viewer: &ResetViewer, reset: &PasswordReset, settings: &SignInConfig) -> bool {
    let mine = viewer.login.key == reset.person && !viewer.login.is_staff();
    let in_place = matches!(reset.state, ResetState::Written | ResetState::Unknown | ResetState::Split);
    in_place && mine && is_in_managed_domain(&viewer.login.upn, settings)
}

/// Returns whether Entra itself checks the password, which it does unless the domain is federated.
pub(super) fn is_in_managed_domain(upn: &str, settings: &SignInConfig) -> bool {
    let domain = upn.rsplit_once('@').map_or("", |(_, domain)| domain);
    !settings.federated_domains.iter().any(|d| d.eq_ignore_ascii_case(domain))
}

/// `GET /resets/{reference}/finish`: redirects to Entra with the person's UPN filled in.
pub(super) async fn start_finishing(
    State(app): State<AppState>,
    session: Session,
    asking: ResetPageRequest,
    Path(reference): Path<String>,
) -> Result<Response, WebError> {
    let Some((viewer, found)) = load_visible_reset(&app, asking, &reference).await? else {
        return Err(WebError::NotFound);
    };
    let reset = &found.reset;
    if !can_finish(&viewer, reset, &app.config.signin) {
        return Ok(Redirect::to(&format!("/resets/{}", reset.reference)).into_response());
    }
    let finishing = FinishingSignIn { reset: reset.id, reference: reset.reference.to_string(), person: reset.person };
    Ok(begin_finishing(&app, &session, finishing, &viewer.login.upn).await?.into_response())
}

/// Checks at Entra whether the password has changed, for each person who returned from the finishing sign-in.
pub(super) async fn check_finishings(resets: &ResetService) -> Result<(), StoreError> {
    let app = &resets.app;
    let again = app.now().later(FINISHING_CHECK_INTERVAL);
    for finish in store::claim_due_finishings(&app.db, app.now(), again).await? {
        let Some(reset) = store::load_by_id(&app.db, finish.reset_id).await? else { continue };
        let changed = match PeopleService::from_ref(app).fetch_password_changed_at(reset.person.object).await {
            // Entra's time is by Microsoft's clock.
            Ok(changed) => changed.filter(|at| *at > to_microsoft_clock(app, finish.started_at)),
            Err(error) => {
                tracing::warn!(error = ?error, "password change check failed: retrying");
                None
            }
        };
        match changed {
            Some(at) => apply_finishing(resets, &reset, at).await?,
            None if app.now().duration_since(finish.returned_at) > FINISHING_TIMEOUT => {
                record_finishing_outcome(resets, &reset, PendingFinishing::OUTCOME_UNCHANGED).await?;
            }
            None => {}
        }
    }
    Ok(())
}

/// Converts the start of a finishing sign-in to Microsoft's clock.
fn to_microsoft_clock(app: &AppState, started_at: Timestamp) -> Timestamp {
    started_at.later(app.entra.graph.clock_skew())
}

/// Applies a successful finishing sign-in: the person used the password, which is the last checkpoint.
async fn apply_finishing(resets: &ResetService, reset: &PasswordReset, at: Timestamp) -> Result<(), StoreError> {
    let app = &resets.app;
    let now = app.now();
    let mut transaction = app.audit_log.begin().await?;
    store::end_finishing(transaction.tx(), reset.id, PendingFinishing::OUTCOME_USED).await?;
    let proof = EvidenceRecord { checkpoint: EvidenceCheckpoint::Works, at, source: "graph".to_owned(), detail: None };
    if store::insert_evidence(transaction.tx(), reset.id, &proof).await?
        && let Some(sent) = reset.dispatched_at
    {
        app.metrics.observe_checkpoint(
            EvidenceCheckpoint::Works.as_str(),
            at.duration_since(sent).max(SignedDuration::ZERO).unsigned_abs(),
        );
    }
    let event = AuditEvent::new("reset.moved", AuditActor::Portal)
        .with_subject(reset.person)
        .with_reset(reset.id)
        .with_detail("by", "finish");
    if let Some((to, cause)) = reset.state.after_event(reset.cause, ResetEvent::Evidence(EvidenceFinding::PasswordUsed))
    {
        // Evidence of the writeback agent may still arrive.
        let look_at = evidence::first_check_at(to, cause, reset, now);
        store::update_state(
            transaction.tx(),
            &StateTransition { id: reset.id, from: reset.state, to, cause, detail: None, now, next_check_at: look_at },
        )
        .await?;
        transaction.record_event(event.with_detail("from", reset.state.as_str()).with_detail("to", to.as_str()));
        app.metrics.count_transition(to.as_str(), None);
    }
    store::mark_changed(transaction.tx(), reset.id, now).await?;
    transaction.commit().await?;
    app.reset_changed.notify_one();
    Ok(())
}

/// Records the outcome of a finishing sign-in that did not confirm the password.
async fn record_finishing_outcome(
    resets: &ResetService,
    reset: &PasswordReset,
    outcome: &'static str,
) -> Result<(), StoreError> {
    let app = &resets.app;
    let mut transaction = app.audit_log.begin().await?;
    store::end_finishing(transaction.tx(), reset.id, outcome).await?;
    store::mark_changed(transaction.tx(), reset.id, app.now()).await?;
    transaction.commit().await?;
    app.reset_changed.notify_one();
    Ok(())
}
