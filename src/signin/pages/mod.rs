//! Routes of the landing page, sign-in and sign-out.

mod callback;
mod landing;

use axum::extract::{Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Extension, Router};
use serde::Deserialize;
use tower_sessions::Session;

use super::attempt::{self, SignInPurpose};
use super::handlers::CallbackHandlers;
use super::session;
use crate::state::AppState;
use crate::web::{ClientAddress, WebError, clear_language_hint};

/// Creates the router.
pub(crate) fn router(handlers: CallbackHandlers) -> Router<AppState> {
    Router::new()
        .route("/", get(landing::show_landing_page))
        .route("/signin", get(handle_sign_in))
        .route("/signin/callback", get(callback::handle_callback).layer(Extension(handlers)))
        .route("/signout", post(sign_out))
}

#[derive(Deserialize)]
struct SignInQuery {
    purpose: Option<String>,
}

async fn handle_sign_in(
    State(app): State<AppState>,
    session: Session,
    address: ClientAddress,
    Query(asked): Query<SignInQuery>,
) -> Result<Redirect, WebError> {
    address.check_rate_limit(&app, "signin").await?;
    // Other purposes start elsewhere: linking the operator, for example, needs an administrator's session.
    let purpose = match asked.purpose.as_deref() {
        Some("staff") => SignInPurpose::Staff,
        Some("vouch") => SignInPurpose::Vouch,
        _ => SignInPurpose::Person,
    };
    attempt::begin_sign_in(&app, &session, purpose).await
}

/// Ends the portal's session first, so that it ends even if Entra is unavailable. Then redirects to Entra's sign-out,
/// which returns to the landing page.
async fn sign_out(State(app): State<AppState>, session: Session) -> Result<Response, WebError> {
    let login = session::load_and_touch_login(&session, &app).await?;
    session::end_session(&session).await?;
    let back = &app.config.server.public_url;
    let hint = login.as_ref().and_then(session::LoginSession::login_hint);
    let entra = app.entra.oidc.end_session_url(back, hint).await;
    Ok((clear_language_hint(&app), Redirect::to(entra.as_ref().map_or("/", url::Url::as_str))).into_response())
}
