//! Status page of one reset: where the password is, the evidence for it, and what to do.

use std::time::Duration;

use askama::Template;
use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, header};
use axum::response::{Html, IntoResponse, Response};
use bytes::Bytes;
use jiff::SignedDuration;
use serde::Deserialize;

use super::aftercare::page::{self as aftercare, ChecklistView};
use super::cause::ResetCause;
use super::found::{PageVariant, ResetPageRequest, SubmitNotice, VisibleReset, load_visible_reset};
use super::record::{DeliveryLogGap, EvidenceCheckpoint, EvidenceRecord, PasswordReset, ResetStatusResponse};
use super::state::ResetState;
use super::store::FinishingStatus;
use super::{finish, store, throttle_queue};
use crate::base::ReferenceCode;
use crate::state::AppState;
use crate::store::StoreError;
use crate::web::{PageContext, WebError, format_duration, format_time, json_not_found, render_page};

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

/// Progress step as the page shows it.
struct ProgressStep {
    checkpoint: &'static str,
    /// `done`, `now`, `ahead`, `bad`, `off` (after a `bad` one), or the name of a [`DeliveryLogGap`].
    status: &'static str,
    title: String,
    text: String,
    at: Option<String>,
    at_iso: Option<String>,
}

#[derive(Template)]
#[template(path = "reset/status.html")]
struct ResetStatusPage {
    ctx: PageContext,
    reference: String,
    spelled_reference: String,
    state: &'static str,
    is_final: bool,
    /// The page updates automatically.
    is_live: bool,
    revision: i64,
    title: String,
    text: String,
    advice: Vec<String>,
    cause: Option<&'static str>,
    steps: Vec<ProgressStep>,
    started: String,
    started_iso: String,
    duration_text: Option<String>,
    typical_duration: Option<String>,
    queue_notice: Option<String>,
    /// Notice from submitting the form: ARIA role and text.
    notice: Option<(&'static str, String)>,
    finishing: Option<FinishingPrompt>,
    checklist: Option<ChecklistView>,
    /// Label of the retry button, if another attempt makes sense.
    retry_label: Option<String>,
    tone: &'static str,
}

/// Prompt for the finishing sign-in.
struct FinishingPrompt {
    title: String,
    text: String,
    /// Outcome of the last attempt.
    notice: Option<String>,
    /// Label of the button, or `None` while Entra is being checked.
    button_label: Option<String>,
}

impl FinishingPrompt {
    fn new(ctx: &PageContext, state: ResetState, finished: FinishingStatus) -> Self {
        let unknown = state == ResetState::Unknown;
        let note = match finished {
            FinishingStatus::Checking => Some("finish-asking"),
            FinishingStatus::Unchanged => Some("finish-unchanged"),
            FinishingStatus::NotReturned | FinishingStatus::Used => None,
        };
        Self {
            title: ctx.t(if unknown { "finish-title-unknown" } else { "finish-title" }),
            text: ctx.t("finish-text"),
            notice: note.map(|key| ctx.t(key)),
            button_label: (finished != FinishingStatus::Checking).then(|| ctx.t("finish-button")),
        }
    }
}

/// Content of the page besides the reset itself.
#[derive(Default)]
struct StatusPageExtras {
    typical_duration: Option<String>,
    queue_position: Option<throttle_queue::QueuePosition>,
    notice: Option<SubmitNotice>,
    finishing: Option<FinishingStatus>,
    /// The person's domain is managed, so the finishing sign-in is a step for them.
    is_finishing_possible: bool,
    checklist: Option<ChecklistView>,
}

/// `GET /resets/{reference}`: shows the status page, or the JSON status if the client accepts JSON.
pub(super) async fn show_status(
    State(app): State<AppState>,
    frame: PageContext,
    mut asking: ResetPageRequest,
    Path(reference): Path<String>,
    Query(asked): Query<StatusPageQuery>,
    headers: HeaderMap,
) -> Result<Response, WebError> {
    let json = headers
        .get(header::ACCEPT)
        .and_then(|v| v.to_str().ok())
        .is_some_and(|accept| accept.contains("application/json"));
    // JSON clients get the current state, never a cached one.
    asking.min_revision =
        if json || asked.back.is_some() { i64::MAX } else { asked.revision.and_then(|r| r.parse().ok()).unwrap_or(0) };
    let Some((viewer, found)) = load_visible_reset(&app, asking, &reference).await? else {
        return if json { Ok(json_not_found()) } else { Err(WebError::NotFound) };
    };
    let VisibleReset { reset, evidence: proofs, finishing: finished, checklist: care, .. } = &*found;
    if json {
        return Ok(Json(ResetStatusResponse::new(reset, proofs, app.now())).into_response());
    }
    let ctx = frame.with_signed_in_name(&viewer.login.name);
    let note = match (asked.unused, asked.unasked) {
        (Some(_), _) => Some(SubmitNotice::PasswordNotUsed),
        (None, Some(_)) => Some(SubmitNotice::PrecheckSkipped),
        (None, None) => None,
    };
    let finish = finish::can_finish(&viewer, reset, &app.config.signin).then_some(*finished);
    let possible = finish::is_in_managed_domain(&viewer.login.upn, &app.config.signin);
    if reset.state.is_open() {
        let usual = cached_typical_duration(&app)
            .await?
            .map(|span| ctx.tv("timeline-usual", "span", &format_duration(&ctx.lang, span)));
        let place = throttle_queue::load_queue_position(&app.db, reset, app.now()).await?;
        let more = StatusPageExtras {
            typical_duration: usual,
            queue_position: place,
            notice: note,
            finishing: finish,
            is_finishing_possible: possible,
            checklist: None,
        };
        return Ok(render_page(&build_page(&app, ctx, reset, proofs, more)));
    }
    let drawn = PageVariant {
        language: ctx.lang.clone(),
        viewer_name: viewer.login.name.clone(),
        is_own: aftercare::is_own_reset(&viewer, reset),
        notice: note,
        is_final: reset.is_final(app.now()),
    };
    if let Some(page) = found.cached_page(&drawn) {
        return Ok(Html(page).into_response());
    }
    let care =
        aftercare::has_checklist(reset.state).then(|| aftercare::build_checklist_view(&ctx, care, &viewer, reset));
    let more = StatusPageExtras {
        notice: note,
        finishing: finish,
        is_finishing_possible: possible,
        checklist: care,
        ..StatusPageExtras::default()
    };
    let page = build_page(&app, ctx, reset, proofs, more).render().map_err(|e| WebError::internal(&e))?;
    let page = Bytes::from(page);
    found.cache_page(drawn, page.clone());
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

fn build_page(
    app: &AppState,
    ctx: PageContext,
    reset: &PasswordReset,
    proofs: &[EvidenceRecord],
    more: StatusPageExtras,
) -> ResetStatusPage {
    let StatusPageExtras {
        typical_duration: usual,
        queue_position: place,
        notice: note,
        finishing: finish,
        is_finishing_possible: possible,
        checklist: care,
    } = more;
    let state = reset.state;
    let key = |part: &str| format!("state-{}-{part}", state.as_str().replace('_', "-"));
    let now = app.now();
    let line = place.map(|place| {
        let number = ctx.tv("timeline-line", "n", &place.number.to_string());
        format!("{number} {}", ctx.tv("timeline-line-wait", "span", &format_duration(&ctx.lang, place.expected_wait)))
    });
    let took = reset
        .settled_at
        .map(|at| ctx.tv("timeline-took", "span", &format_duration(&ctx.lang, at.duration_since(reset.created_at))));
    let cause_text = reset.cause.map(|cause| ctx.t(&format!("cause-{}-person", cause.as_str().to_lowercase())));
    let text = match (&cause_text, state) {
        (
            Some(cause),
            ResetState::Refused | ResetState::Failed | ResetState::Split | ResetState::CloudOnly | ResetState::Unknown,
        ) => cause.clone(),
        _ => ctx.t(&key("text")),
    };
    ResetStatusPage {
        reference: reset.reference.to_string(),
        spelled_reference: spell_reference(&reset.reference),
        state: state.as_str(),
        is_final: reset.is_final(now),
        is_live: !reset.is_final(now),
        revision: reset.revision,
        title: ctx.t(&key("title")),
        text,
        advice: (1..=3).filter_map(|n| ctx.optional_text(&key(&format!("do{n}")))).collect(),
        cause: reset.cause.map(ResetCause::as_str),
        steps: build_steps(&ctx, reset, proofs, possible, finish.is_some()),
        started: format_time(&ctx.lang, reset.created_at),
        started_iso: reset.created_at.to_string(),
        duration_text: took,
        typical_duration: usual,
        queue_notice: line,
        notice: note.map(|note| match note {
            SubmitNotice::PasswordNotUsed => ("alert", ctx.t("timeline-unused")),
            SubmitNotice::PrecheckSkipped => ("status", ctx.t("timeline-unasked")),
        }),
        checklist: care,
        finishing: finish.map(|finished| FinishingPrompt::new(&ctx, state, finished)),
        retry_label: retry_label_key(state, reset.cause).map(|key| ctx.t(key)),
        tone: page_tone(state),
        ctx,
    }
}

/// Returns the message key of the retry button: another password, or the same one again.
fn retry_label_key(state: ResetState, cause: Option<ResetCause>) -> Option<&'static str> {
    let chooses = matches!(cause, Some(ResetCause::Policy | ResetCause::Banned | ResetCause::Rejected))
        || state == ResetState::Unknown;
    let repeats = matches!(cause, Some(ResetCause::NotSent | ResetCause::Throttled | ResetCause::AgentOffline));
    match (chooses, repeats) {
        (true, _) => Some("timeline-again"),
        (_, true) => Some("timeline-retry"),
        _ => None,
    }
}

fn page_tone(state: ResetState) -> &'static str {
    match state {
        ResetState::Sending | ResetState::Writing => "wait",
        ResetState::Written | ResetState::Finished => "good",
        ResetState::Refused | ResetState::Split | ResetState::Unknown => "care",
        ResetState::Failed | ResetState::CloudOnly => "bad",
    }
}

/// Builds the progress steps, with the time of the evidence for each checkpoint.
fn build_steps(
    ctx: &PageContext,
    reset: &PasswordReset,
    proofs: &[EvidenceRecord],
    finishes: bool,
    offered: bool,
) -> Vec<ProgressStep> {
    let proof = |rung: EvidenceCheckpoint| proofs.iter().find(|p| p.checkpoint == rung);
    let ended = !reset.state.is_open();
    let good = matches!(reset.state, ResetState::Written | ResetState::Finished);
    // A checkpoint is shown only if this reset can reach it.
    let shown = |rung: &EvidenceCheckpoint| match rung {
        EvidenceCheckpoint::Carried => reset.synced,
        // Only if a domain controller is checked.
        EvidenceCheckpoint::Landed => reset.password_baseline.is_some() || proof(EvidenceCheckpoint::Landed).is_some(),
        EvidenceCheckpoint::Works => finishes || proof(EvidenceCheckpoint::Works).is_some(),
        EvidenceCheckpoint::Accepted | EvidenceCheckpoint::Written => true,
    };
    let rungs = EvidenceCheckpoint::ALL.into_iter().filter(shown);
    let mut before_done = true;
    let mut steps = Vec::new();
    for rung in rungs {
        let reached = proof(rung);
        let look = match reached {
            Some(_) => "done",
            // The audit log arrives late, and so does the finishing sign-in: waiting for either is not a failure.
            None if rung == EvidenceCheckpoint::Carried && reset.delivery_log_gap.is_some() => {
                reset.delivery_log_gap.map_or("now", DeliveryLogGap::as_str)
            }
            None if good
                && matches!(
                    rung,
                    EvidenceCheckpoint::Carried | EvidenceCheckpoint::Landed | EvidenceCheckpoint::Works
                )
                || offered && rung == EvidenceCheckpoint::Works =>
            {
                "now"
            }
            None if !before_done && ended => "off",
            None if !before_done => "ahead",
            None if !ended => "now",
            None => "bad",
        };
        before_done = reached.is_some();
        let source = reached.map_or("", |p| p.source.as_str());
        let text = ctx.tv(&format!("rung-{}-{look}", rung.as_str()), "agent", source);
        steps.push(ProgressStep {
            checkpoint: rung.as_str(),
            status: look,
            title: ctx.t(&format!("rung-{}", rung.as_str())),
            text,
            at: reached.map(|p| format_time(&ctx.lang, p.at)),
            at_iso: reached.map(|p| p.at.to_string()),
        });
    }
    steps
}

/// Spells the reference in the spelling alphabet, for reading it out on the phone.
fn spell_reference(reference: &ReferenceCode) -> String {
    const SPELLING_ALPHABET: [(char, &str); 32] = [
        ('0', "Zero"),
        ('1', "One"),
        ('2', "Two"),
        ('3', "Three"),
        ('4', "Four"),
        ('5', "Five"),
        ('6', "Six"),
        ('7', "Seven"),
        ('8', "Eight"),
        ('9', "Nine"),
        ('A', "Alfa"),
        ('B', "Bravo"),
        ('C', "Charlie"),
        ('D', "Delta"),
        ('E', "Echo"),
        ('F', "Foxtrot"),
        ('G', "Golf"),
        ('H', "Hotel"),
        ('J', "Juliett"),
        ('K', "Kilo"),
        ('M', "Mike"),
        ('N', "November"),
        ('P', "Papa"),
        ('Q', "Quebec"),
        ('R', "Romeo"),
        ('S', "Sierra"),
        ('T', "Tango"),
        ('V', "Victor"),
        ('W', "Whiskey"),
        ('X', "X-ray"),
        ('Y', "Yankee"),
        ('Z', "Zulu"),
    ];
    let word = |letter: char| SPELLING_ALPHABET.iter().find(|(l, _)| *l == letter).map_or("", |(_, word)| *word);
    reference.as_str().chars().map(word).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::Lang;

    #[test]
    fn every_checkpoint_status_has_text() {
        let lang = Lang::english();
        for rung in EvidenceCheckpoint::ALL {
            // The last checkpoint is never `bad`: the person can still reach it by signing in.
            let looks = ["done", "now", "ahead", "off", "bad"].into_iter();
            let looks = looks.filter(|look| match rung {
                EvidenceCheckpoint::Accepted => *look != "off",
                EvidenceCheckpoint::Written | EvidenceCheckpoint::Carried | EvidenceCheckpoint::Landed => true,
                EvidenceCheckpoint::Works => *look != "bad",
            });
            for look in looks {
                let key = format!("rung-{}-{look}", rung.as_str());
                assert!(!lang.text_with(&key, &[("agent", "x")]).contains("localization"), "{key}");
            }
        }
    }
}
