//! The finishing sign-in on the status page: who is offered one, and its start.

use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Redirect, Response};
use tower_sessions::Session;

use super::access::{ResetPageRequest, is_own_reset, load_visible_reset};
use crate::config::SignInConfig;
use crate::reset::record::PasswordReset;
use crate::reset::state::ResetState;
use crate::signin::{FinishingSignIn, FinishingStatus, ResetViewer, begin_finishing};
use crate::state::AppState;
use crate::web::WebError;

/// What the page says about the finishing sign-in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FinishingOffer {
    /// The person cannot finish, because Entra does not check the password of this domain.
    Impossible,
    /// It is the last step, and not offered yet or not to this viewer.
    NotOffered,
    Offered(FinishingStatus),
}

impl FinishingOffer {
    pub(super) fn new(
        viewer: &ResetViewer,
        reset: &PasswordReset,
        status: FinishingStatus,
        settings: &SignInConfig,
    ) -> Self {
        if !is_in_managed_domain(&viewer.login.upn, settings) {
            return Self::Impossible;
        }
        let is_in_place = matches!(reset.state, ResetState::Written | ResetState::Unknown | ResetState::Split);
        if is_in_place && is_own_reset(viewer, reset) { Self::Offered(status) } else { Self::NotOffered }
    }
}

/// Returns whether Entra itself checks the password, which it does unless the domain is federated.
fn is_in_managed_domain(upn: &str, settings: &SignInConfig) -> bool {
    let domain = upn.rsplit_once('@').map_or("", |(_, domain)| domain);
    !settings.federated_domains.iter().any(|d| d.eq_ignore_ascii_case(domain))
}

/// `GET /resets/{reference}/finish`: redirects to Entra with the person's UPN filled in.
pub(super) async fn start_finishing(
    State(app): State<AppState>,
    session: Session,
    request: ResetPageRequest,
    Path(reference): Path<String>,
) -> Result<Response, WebError> {
    let Some((viewer, found)) = load_visible_reset(&app, request, &reference).await? else {
        return Err(WebError::NotFound);
    };
    let reset = &found.reset;
    let FinishingOffer::Offered(_) = FinishingOffer::new(&viewer, reset, found.finishing, &app.config.signin) else {
        return Ok(Redirect::to(&format!("/resets/{}", reset.reference)).into_response());
    };
    let finishing = FinishingSignIn { reset: reset.id, reference: reset.reference.to_string(), person: reset.person };
    Ok(begin_finishing(&app, &session, finishing, &viewer.login.upn).await?.into_response())
}
