//! The finishing sign-in: a person signs in at Entra with the new password, changes it if asked, and comes back.
//!
//! It belongs to one reset and proves nothing but that they came back as the same person: it never makes, renews or
//! raises a session. Whether the password was changed is asked of Entra afterwards (`reset/finish.rs`).

use axum::response::Redirect;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tower_sessions::Session;

use super::attempt;
use crate::base::{PersonKey, ResetId};
use crate::state::App;
use crate::store::{Db, StoreError, write_db};
use crate::web::Error;

/// Which reset is finished, and by whom. Sealed in the attempt.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Finishing {
    pub(crate) reset: ResetId,
    pub(crate) reference: String,
    pub(crate) person: PersonKey,
}

impl Finishing {
    /// The page they left from and come back to. `back`: it must not be shown from memory.
    pub(super) fn page(&self) -> String {
        format!("/resets/{}?back=1", self.reference)
    }
}

/// Sends the browser to Entra, with the person's name filled in.
pub(crate) async fn begin_finish(
    app: &App,
    session: &Session,
    finishing: Finishing,
    upn: &str,
) -> Result<Redirect, Error> {
    start(&app.db, finishing.reset, app.now()).await?;
    attempt::begin_finishing(app, session, finishing, upn).await
}

/// A new try; what an older one came to is forgotten.
async fn start(db: &Db, reset: ResetId, now: Timestamp) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO finishings (reset_id, started_at) VALUES ($1, $2)
        ON CONFLICT (reset_id) DO UPDATE SET started_at = $2, returned_at = NULL, look_at = NULL, outcome = NULL";
    let (id, now) = (reset.to_string(), now.as_millisecond());
    write_db!(db, |pool| sqlx::query(SQL).bind(&id).bind(now).execute(pool).await.map(|_| ()))?;
    Ok(())
}

/// They are back: from now on Entra is asked whether the password was changed.
pub(super) async fn returned(db: &Db, reset: ResetId, now: Timestamp) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE finishings SET returned_at = $2, look_at = $2 WHERE reset_id = $1";
    let (id, now) = (reset.to_string(), now.as_millisecond());
    write_db!(db, |pool| sqlx::query(SQL).bind(&id).bind(now).execute(pool).await.map(|_| ()))?;
    Ok(())
}
