//! The finishing sign-in: a person signs in at Entra with the new password, changes it if required, and returns.
//!
//! - It belongs to one reset and proves only that the same person returned.
//! - It never creates, extends or elevates a session.
//! - The reset code checks with Entra afterwards whether the password was changed.

use axum::response::Redirect;
use jiff::Timestamp;
use tower_sessions::Session;

use super::attempt::{self, FinishingSignIn};
use crate::base::ResetId;
use crate::state::AppState;
use crate::store::{Db, StoreError, exec_db};
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

/// Inserts the finishing sign-in, or replaces an earlier one and its outcome.
async fn insert_finishing(db: &Db, reset: ResetId, now: Timestamp) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO finishings (reset_id, started_at) VALUES ($1, $2)
        ON CONFLICT (reset_id) DO UPDATE SET started_at = $2, returned_at = NULL, look_at = NULL, outcome = NULL";
    let (id, now) = (reset.to_string(), now.as_millisecond());
    exec_db!(db, SQL, &id, now)?;
    Ok(())
}

/// Marks that the person returned, and schedules the first check of the password change.
pub(super) async fn mark_returned(db: &Db, reset: ResetId, now: Timestamp) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE finishings SET returned_at = $2, look_at = $2 WHERE reset_id = $1";
    let (id, now) = (reset.to_string(), now.as_millisecond());
    exec_db!(db, SQL, &id, now)?;
    Ok(())
}
