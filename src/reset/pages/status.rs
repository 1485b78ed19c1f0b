//! Status page of one reset, and its JSON status.

use std::time::Duration;

use askama::Template as _;
use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, header};
use axum::response::{Html, IntoResponse, Response};
use bytes::Bytes;
use jiff::SignedDuration;
use serde::Deserialize;

use super::access::{PageVariant, ResetPageRequest, SubmitNotice, VisibleReset, is_own_reset, load_visible_reset};
use super::device_checklist::build_checklist_view;
use super::finishing::FinishingOffer;
use super::status_view::{StatusPageExtras, build_page};
use crate::reset::cause::{LIMIT_REACHED_DETAIL, ResetCause};
use crate::reset::device_checklist::has_checklist;
use crate::reset::status_response::ResetStatusResponse;
use crate::reset::{store, throttle_queue};
use crate::signin::ResetViewer;
use crate::state::AppState;
use crate::store::StoreError;
use crate::web::{PageContext, WebError, format_duration, json_not_found, render_page};

#[derive(Deserialize)]
pub(super) struct StatusPageQuery {
    /// Set after a second submit, whose password was not used.
    unused: Option<String>,
    /// Set if Microsoft could not check the password beforehand.
    unasked: Option<String>,
    /// Set after the return from Entra or a checklist change: the cache is not used.
    back: Option<String>,
    /// Minimum revision of the page: its script has received an event with this revision.
    revision: Option<String>,
}

impl StatusPageQuery {
    /// Returns the minimum revision, by which a cached reset is too old.
    fn min_revision(&self) -> i64 {
        if self.back.is_some() { i64::MAX } else { self.revision.as_ref().and_then(|r| r.parse().ok()).unwrap_or(0) }
    }

    fn notice(&self) -> Option<SubmitNotice> {
        match (&self.unused, &self.unasked) {
            (Some(_), _) => Some(SubmitNotice::PasswordNotUsed),
            (None, Some(_)) => Some(SubmitNotice::PrecheckSkipped),
            (None, None) => None,
        }
    }
}

/// `GET /resets/{reference}`: shows the status page, or the JSON status if the client accepts JSON.
pub(super) async fn show_status(
    State(app): State<AppState>,
    ctx: PageContext,
    mut request: ResetPageRequest,
    Path(reference): Path<String>,
    Query(query): Query<StatusPageQuery>,
    headers: HeaderMap,
) -> Result<Response, WebError> {
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
    if accept.is_some_and(|accept| accept.contains("application/json")) {
        // JSON clients get the current state, never a cached one.
        request.min_revision = i64::MAX;
        return show_json_status(&app, request, &reference).await;
    }
    request.min_revision = query.min_revision();
    let Some((viewer, found)) = load_visible_reset(&app, request, &reference).await? else {
        return Err(WebError::NotFound);
    };
    let extras = StatusPageExtras {
        notice: query.notice(),
        finishing: FinishingOffer::new(&viewer, &found.reset, found.finishing, &app.config.signin),
        typical_duration: None,
        queue_position: None,
        checklist: None,
        is_stopped_by_limit: false,
    };
    let ctx = ctx.with_signed_in_name(&viewer.login.name);
    if found.reset.state.is_open() {
        render_open_reset(&app, ctx, &found, extras).await
    } else {
        render_settled_reset(&app, ctx, &viewer, &found, extras).await
    }
}

async fn show_json_status(app: &AppState, request: ResetPageRequest, reference: &str) -> Result<Response, WebError> {
    let Some((_, found)) = load_visible_reset(app, request, reference).await? else { return Ok(json_not_found()) };
    Ok(Json(ResetStatusResponse::new(&found.reset, &found.evidence, app.now())).into_response())
}

/// Renders the page of an unfinished reset, with its queue position and the usual duration.
async fn render_open_reset(
    app: &AppState,
    ctx: PageContext,
    found: &VisibleReset,
    extras: StatusPageExtras,
) -> Result<Response, WebError> {
    let typical_duration = cached_typical_duration(app)
        .await?
        .map(|span| ctx.tv("timeline-usual", "span", &format_duration(&ctx.lang, span)));
    let queue_position = throttle_queue::load_queue_position(&app.db, &found.reset, app.now()).await?;
    let extras = StatusPageExtras { typical_duration, queue_position, ..extras };
    Ok(render_page(&build_page(app, ctx, found, extras)))
}

/// Renders the page of a settled reset, or returns its cached copy.
async fn render_settled_reset(
    app: &AppState,
    ctx: PageContext,
    viewer: &ResetViewer,
    found: &VisibleReset,
    extras: StatusPageExtras,
) -> Result<Response, WebError> {
    let reset = &found.reset;
    let variant = PageVariant {
        language: ctx.lang.clone(),
        viewer_name: viewer.login.name.clone(),
        is_own: is_own_reset(viewer, reset),
        notice: extras.notice,
        is_final: reset.is_final(app.now()),
    };
    if let Some(page) = found.cached_page(&variant) {
        return Ok(Html(page).into_response());
    }
    let checklist = has_checklist(reset.state).then(|| build_checklist_view(&ctx, &found.checklist, viewer, reset));
    let is_stopped_by_limit = reset.cause == Some(ResetCause::NotSent)
        && store::load_texts(&app.db, reset.id).await?.detail.as_deref() == Some(LIMIT_REACHED_DETAIL);
    let page = build_page(app, ctx, found, StatusPageExtras { checklist, is_stopped_by_limit, ..extras });
    let page = Bytes::from(page.render().map_err(|error| WebError::internal(&error))?);
    found.cache_page(variant, page.clone());
    Ok(Html(page).into_response())
}

/// Returns how long a reset usually takes, cached for 20 seconds.
async fn cached_typical_duration(app: &AppState) -> Result<Option<SignedDuration>, StoreError> {
    const CACHE_TTL: Duration = Duration::from_secs(20);
    let mut known = app.typical_duration.lock().await;
    let elapsed = app.clock.elapsed();
    if let Some((span, at)) = *known
        && elapsed.saturating_sub(at) < CACHE_TTL
    {
        return Ok(span);
    }
    let span = store::load_typical_duration(&app.db).await?;
    *known = Some((span, elapsed));
    Ok(span)
}
