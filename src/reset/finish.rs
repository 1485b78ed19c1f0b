//! Finishing sign-in of a reset: who may start one, and whether Entra reports a password change after it.

use axum::extract::{FromRef as _, Path, State};
use axum::response::{IntoResponse as _, Redirect, Response};
use jiff::{SignedDuration, Timestamp};
use tower_sessions::Session;

use super::evidence;
use super::found::{Asking, allowed};
use super::reading::{Proof, Reset, Rung};
use super::state::{Evidence, Report, State as ResetState};
use super::store::{self, Finish, Move};
use super::submit::Resets;
use crate::audit::{Actor, Event};
use crate::config::Signin;
use crate::people::People;
use crate::signin::{Finishing, Viewer, begin_finish};
use crate::state::App;
use crate::store::StoreError;
use crate::web::Error;

/// Time after the person's return for which Entra is checked for a password change.
pub(super) const ASKED_FOR: SignedDuration = SignedDuration::from_secs(60);
/// Interval between two checks of a finishing sign-in.
const PAUSE: SignedDuration = SignedDuration::from_secs(2);

/// Returns whether the page offers the finishing sign-in: the password is or may be set, the reset is the viewer's own,
/// and the domain is managed.
pub(super) fn offered(viewer: &Viewer, reset: &Reset, settings: &Signin) -> bool {
    let mine = viewer.login.key == reset.person && !viewer.login.is_staff();
    let in_place = matches!(reset.state, ResetState::Written | ResetState::Unknown | ResetState::Split);
    in_place && mine && possible(&viewer.login.upn, settings)
}

/// Returns whether Entra itself checks the password, which it does unless the domain is federated.
pub(super) fn possible(upn: &str, settings: &Signin) -> bool {
    let domain = upn.rsplit_once('@').map_or("", |(_, domain)| domain);
    !settings.federated_domains.iter().any(|d| d.eq_ignore_ascii_case(domain))
}

/// `GET /resets/{reference}/finish`: redirects to Entra with the person's UPN filled in.
pub(super) async fn begin(
    State(app): State<App>,
    session: Session,
    asking: Asking,
    Path(reference): Path<String>,
) -> Result<Response, Error> {
    let Some((viewer, found)) = allowed(&app, asking, &reference).await? else { return Err(Error::NotFound) };
    let reset = &found.reset;
    if !offered(&viewer, reset, &app.config.signin) {
        return Ok(Redirect::to(&format!("/resets/{}", reset.reference)).into_response());
    }
    let finishing = Finishing { reset: reset.id, reference: reset.reference.to_string(), person: reset.person };
    Ok(begin_finish(&app, &session, finishing, &viewer.login.upn).await?.into_response())
}

/// Checks at Entra whether the password has changed, for each person who returned from the finishing sign-in.
pub(super) async fn look(resets: &Resets) -> Result<(), StoreError> {
    let app = &resets.app;
    let again = app.now().saturating_add(PAUSE).unwrap_or_default();
    for finish in store::due_finishes(&app.db, app.now(), again).await? {
        let Some(reset) = store::by_id(&app.db, finish.reset).await? else { continue };
        let changed = match People::from_ref(app).password_changed_at(reset.person.object).await {
            // Entra's time is by Microsoft's clock.
            Ok(changed) => changed.filter(|at| *at > started_by_theirs(app, finish.started_at)),
            Err(error) => {
                tracing::warn!(error = ?error, "password change check failed: retrying");
                None
            }
        };
        match changed {
            Some(at) => conclude(resets, &reset, at).await?,
            None if app.now().duration_since(finish.returned_at) > ASKED_FOR => {
                note(resets, &reset, Finish::UNCHANGED).await?;
            }
            None => {}
        }
    }
    Ok(())
}

/// Converts the start of a finishing sign-in to Microsoft's clock.
fn started_by_theirs(app: &App, started_at: Timestamp) -> Timestamp {
    started_at.saturating_add(app.entra.graph.skew()).unwrap_or(started_at)
}

/// Applies a successful finishing sign-in: the person used the password, which is the last checkpoint.
async fn conclude(resets: &Resets, reset: &Reset, at: Timestamp) -> Result<(), StoreError> {
    let app = &resets.app;
    let now = app.now();
    let mut ledger = app.auditor.begin().await?;
    store::end_finish(ledger.tx(), reset.id, Finish::USED).await?;
    let proof = Proof { rung: Rung::Works, at, source: "graph".to_owned(), detail: None };
    if store::prove(ledger.tx(), reset.id, &proof).await?
        && let Some(sent) = reset.dispatched_at
    {
        app.metrics.reached(Rung::Works.name(), at.duration_since(sent).max(SignedDuration::ZERO).unsigned_abs());
    }
    let event = Event::new("reset.moved", Actor::Portal).about(reset.person).reset(reset.id).with("by", "finish");
    if let Some((to, cause)) = reset.state.after(reset.cause, Report::Evidence(Evidence::Used)) {
        // Evidence of the writeback agent may still arrive.
        let look_at = evidence::first_look(to, cause, reset, now);
        store::step(ledger.tx(), &Move { id: reset.id, from: reset.state, to, cause, detail: None, now, look_at })
            .await?;
        ledger.record(event.with("from", reset.state.name()).with("to", to.name()));
        app.metrics.moved(to.name(), None);
    }
    store::touch(ledger.tx(), reset.id, now).await?;
    ledger.commit().await?;
    app.changed.notify_one();
    Ok(())
}

/// Records the outcome of a finishing sign-in that did not confirm the password.
async fn note(resets: &Resets, reset: &Reset, outcome: &'static str) -> Result<(), StoreError> {
    let app = &resets.app;
    let mut ledger = app.auditor.begin().await?;
    store::end_finish(ledger.tx(), reset.id, outcome).await?;
    store::touch(ledger.tx(), reset.id, app.now()).await?;
    ledger.commit().await?;
    app.changed.notify_one();
    Ok(())
}
