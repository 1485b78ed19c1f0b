//! The finishing sign-in: a person signs in at Entra with the new password, changes it if required, and returns.
//!
//! - It belongs to one reset and proves only that the same person returned.
//! - It never creates, extends or elevates a session.
//! - The reset code checks with Entra afterwards whether the password was changed.

use axum::response::Redirect;
use tower_sessions::Session;

use super::attempt::{self, FinishingSignIn};
use super::finishing_store::insert_finishing;
use crate::state::AppState;
use crate::web::WebError;

/// Redirects the browser to Entra, with the username filled in.
pub(crate) async fn begin_finishing(
    app: &AppState,
    session: &Session,
    finishing: FinishingSignIn,
    upn: &str,
) -> Result<Redirect, WebError> {
    insert_finishing(&app.db, finishing.reset, app.now()).await?;
    attempt::begin_finishing_attempt(app, session, finishing, upn).await
}
