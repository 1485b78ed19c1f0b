//! Finds the reset of a staff page, and returns to that page after a form submission.

use axum::response::{IntoResponse, Redirect, Response};

use crate::base::ReferenceCode;
use crate::reset::queries::{self as resets, PasswordReset, ResetDetail};
use crate::state::AppState;
use crate::web::{ClientAddress, WebError};

/// Loads a reset by its reference. Counts an unknown reference against the client address.
pub(super) async fn load_reset_detail(
    app: &AppState,
    address: &ClientAddress,
    reference: &str,
) -> Result<ResetDetail, WebError> {
    let file = match reference.parse::<ReferenceCode>() {
        Ok(reference) => resets::load_detail(app, &reference).await?,
        Err(_) => None,
    };
    if file.is_none() {
        address.check_rate_limit(app, "miss").await?;
    }
    file.ok_or(WebError::NotFound)
}

/// Redirects to the page of the reset, with a message.
pub(super) fn redirect_to_reset(reset: &PasswordReset, said: &str) -> Response {
    Redirect::to(&format!("/helpdesk/resets/{}?said={said}", reset.reference)).into_response()
}
