//! The finishing sign-in: a person signs in at Entra with the new password, changes it if required, and returns.
//!
//! - It belongs to one reset and proves only that the same person returned.
//! - It never creates, extends or elevates a session.
//! - The reset code checks with Entra afterwards whether the password was changed.

use axum::response::Redirect;
use serde::{Deserialize, Serialize};
use tower_sessions::Session;

use super::attempt;
use super::finishing_store::insert_finishing;
use crate::base::{PersonKey, ResetId};
use crate::state::AppState;
use crate::web::WebError;

/// Reset of a finishing sign-in, and its person. Stored sealed in the sign-in attempt as JSON, so the field names are
/// part of the format.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct FinishingSignIn {
    pub(crate) reset: ResetId,
    pub(crate) reference: String,
    pub(crate) person: PersonKey,
}

impl FinishingSignIn {
    /// Returns the path of the status page, to which the person returns. `back` bypasses the page cache.
    pub(super) fn return_path(&self) -> String {
        format!("/resets/{}?back=1", self.reference)
    }
}

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
