//! Page behind the "this was not me" link of a reset notice.
//!
//! The page has one button. Opening it changes nothing, because mail scanners open every link.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use url::Url;

use super::store::{self, LinkedReset};
use crate::base::ResetId;
use crate::eligibility::{HoldOutcome, place_hold};
use crate::state::AppState;
use crate::store::{KeyPurpose, Sealer, hash_id};
use crate::web::{ClientAddress, PageContext, WebError, format_timestamp, render_page};

/// Returns the secret of the link. It is the same for every attempt to send a notice. The database has only its hash.
pub(super) fn not_me_token(sealer: &Sealer, reset: ResetId) -> String {
    sealer.compute_mac(KeyPurpose::NotMeLink, reset.to_string().as_bytes()).0
}

/// Returns the address of the link, always from `server.public_url` and never from a request.
pub(super) fn not_me_url(public: &Url, token: &str) -> String {
    format!("{}/not-me/{token}", public.as_str().trim_end_matches('/'))
}

#[derive(Template)]
#[template(path = "notify/not_me.html")]
struct NotMePage {
    ctx: PageContext,
    reference: String,
    text: String,
    /// Whether the report was submitted.
    done: bool,
}

impl NotMePage {
    fn new(ctx: PageContext, linked: &LinkedReset) -> Self {
        let reference = linked.reference.to_string();
        let text = ctx.tv2(
            "notice-page-text",
            ("time", &format_timestamp(&ctx.lang, &linked.requested_at)),
            ("reference", &reference),
        );
        Self { ctx, reference, text, done: false }
    }
}

/// Loads the reset behind a link. Unknown and expired links return the same 404 and count against a rate limit.
async fn load_linked_reset(app: &AppState, address: &ClientAddress, hash: &str) -> Result<LinkedReset, WebError> {
    if let Some(linked) = store::load_by_link(&app.db, hash, app.now()).await? {
        return Ok(linked);
    }
    address.check_rate_limit(app, "not-me").await?;
    Err(WebError::NotFound)
}

/// Handles `GET /not-me/{token}`: shows the button.
pub(super) async fn show_not_me_page(
    State(app): State<AppState>,
    frame: PageContext,
    address: ClientAddress,
    Path(token): Path<String>,
) -> Result<Response, WebError> {
    let linked = load_linked_reset(&app, &address, &hash_id(&token)).await?;
    Ok(render_page(&NotMePage::new(frame, &linked)))
}

/// Handles `POST /not-me/{token}`: places a hold on the person and raises an alert. The response is always the same, so
/// it does not reveal whether the person was already on hold.
pub(super) async fn report_not_me(
    State(app): State<AppState>,
    frame: PageContext,
    address: ClientAddress,
    Path(token): Path<String>,
) -> Result<Response, WebError> {
    let hash = hash_id(&token);
    let linked = load_linked_reset(&app, &address, &hash).await?;
    let now = app.now();
    let mut transaction = app.audit_log.begin().await?;
    if store::mark_link_used(transaction.tx(), &hash, now).await? {
        let frozen = place_hold(&mut transaction, linked.person, linked.reset, now).await?;
        transaction.commit().await?;
        app.metrics.count_hold();
        let hold_placed = frozen == HoldOutcome::Placed;
        tracing::error!(reset.id = %linked.reset, hold_placed, "alarm: reset reported as not requested");
    } else {
        // Writes nothing, but waits for the concurrent report that used the link first.
        transaction.commit().await?;
    }
    Ok(render_page(&NotMePage { done: true, ..NotMePage::new(frame, &linked) }))
}
