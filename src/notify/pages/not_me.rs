//! Page behind the "this was not me" link of a reset notice.
//!
//! The page has one button. Opening it changes nothing, because mail scanners open every link.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;

use crate::notify::not_me::{find_linked_reset, report_not_me};
use crate::notify::store::LinkedReset;
use crate::state::AppState;
use crate::store::hash_id;
use crate::web::{ClientAddress, PageContext, WebError, format_timestamp, render_page};

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
    if let Some(linked) = find_linked_reset(app, hash).await? {
        return Ok(linked);
    }
    address.check_rate_limit(app, "not-me").await?;
    Err(WebError::NotFound)
}

/// Handles `GET /not-me/{token}`: shows the button.
pub(super) async fn show_not_me_page(
    State(app): State<AppState>,
    ctx: PageContext,
    address: ClientAddress,
    Path(token): Path<String>,
) -> Result<Response, WebError> {
    let linked = load_linked_reset(&app, &address, &hash_id(&token)).await?;
    Ok(render_page(&NotMePage::new(ctx, &linked)))
}

/// Handles `POST /not-me/{token}`. The response is always the same, so it does not reveal whether the person was already
/// on hold.
pub(super) async fn submit_not_me(
    State(app): State<AppState>,
    ctx: PageContext,
    address: ClientAddress,
    Path(token): Path<String>,
) -> Result<Response, WebError> {
    let hash = hash_id(&token);
    let linked = load_linked_reset(&app, &address, &hash).await?;
    report_not_me(&app, &hash, &linked).await?;
    Ok(render_page(&NotMePage { done: true, ..NotMePage::new(ctx, &linked) }))
}
