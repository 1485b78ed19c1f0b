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
use super::causes::ResetCause;
use super::found::{PageVariant, ResetPageRequest, SubmitNotice, VisibleReset, allowed};
use super::reading::{DeliveryLogGap, EvidenceCheckpoint, EvidenceRecord, PasswordReset, ResetStatusResponse};
use super::state::ResetState;
use super::store::FinishingStatus;
use super::{finish, line, store};
use crate::base::ReferenceCode;
use crate::state::AppState;
use crate::store::StoreError;
use crate::web::{PageContext, WebError, clock_time, draw, duration, json_not_found};

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
    name: &'static str,
    /// `done`, `now`, `ahead`, `bad`, `off` (after a `bad` one), or the name of a [`DeliveryLogGap`].
    look: &'static str,
    title: String,
    text: String,
    at: Option<String>,
    at_iso: Option<String>,
}

#[derive(Template)]
#[template(path = "reset/timeline.html")]
struct ResetStatusPage {
    f: PageContext,
    reference: String,
    spelled: String,
    state: &'static str,
    is_final: bool,
    /// The page updates automatically.
    live: bool,
    revision: i64,
    title: String,
    text: String,
    advice: Vec<String>,
    cause: Option<&'static str>,
    steps: Vec<ProgressStep>,
    begun: String,
    begun_iso: String,
    took: Option<String>,
    usual: Option<String>,
    line: Option<String>,
    /// Notice from submitting the form: ARIA role and text.
    note: Option<(&'static str, String)>,
    finish: Option<FinishingPrompt>,
    care: Option<ChecklistView>,
    /// Label of the retry button, if another attempt makes sense.
    again: Option<String>,
    tone: &'static str,
}

/// Prompt for the finishing sign-in.
struct FinishingPrompt {
    title: String,
    text: String,
    /// Outcome of the last attempt.
    note: Option<String>,
    /// Label of the button, or `None` while Entra is being checked.
    button: Option<String>,
}

impl FinishingPrompt {
    fn of(f: &PageContext, state: ResetState, finished: FinishingStatus) -> Self {
        let unknown = state == ResetState::Unknown;
        let note = match finished {
            FinishingStatus::Asking => Some("finish-asking"),
            FinishingStatus::Unchanged => Some("finish-unchanged"),
            FinishingStatus::Not | FinishingStatus::Used => None,
        };
        Self {
            title: f.t(if unknown { "finish-title-unknown" } else { "finish-title" }),
            text: f.t("finish-text"),
            note: note.map(|key| f.t(key)),
            button: (finished != FinishingStatus::Asking).then(|| f.t("finish-button")),
        }
    }
}

/// Content of the page besides the reset itself.
#[derive(Default)]
struct StatusPageExtras {
    usual: Option<String>,
    place: Option<line::QueuePosition>,
    note: Option<SubmitNotice>,
    finish: Option<FinishingStatus>,
    /// The person's domain is managed, so the finishing sign-in is a step for them.
    possible: bool,
    care: Option<ChecklistView>,
}

/// `GET /resets/{reference}`: shows the status page, or the JSON status if the client accepts JSON.
pub(super) async fn page(
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
    asking.at_least =
        if json || asked.back.is_some() { i64::MAX } else { asked.revision.and_then(|r| r.parse().ok()).unwrap_or(0) };
    let Some((viewer, found)) = allowed(&app, asking, &reference).await? else {
        return if json { Ok(json_not_found()) } else { Err(WebError::NotFound) };
    };
    let VisibleReset { reset, proofs, finished, care, .. } = &*found;
    if json {
        return Ok(Json(ResetStatusResponse::of(reset, proofs, app.now())).into_response());
    }
    let f = frame.signed_in(&viewer.login.name);
    let note = match (asked.unused, asked.unasked) {
        (Some(_), _) => Some(SubmitNotice::Unused),
        (None, Some(_)) => Some(SubmitNotice::Unasked),
        (None, None) => None,
    };
    let finish = finish::offered(&viewer, reset, &app.config.signin).then_some(*finished);
    let possible = finish::possible(&viewer.login.upn, &app.config.signin);
    if reset.state.is_open() {
        let usual = usual(&app).await?.map(|span| f.tv("timeline-usual", "span", &duration(&f.lang, span)));
        let place = line::place(&app.db, reset, app.now()).await?;
        let more = StatusPageExtras { usual, place, note, finish, possible, care: None };
        return Ok(draw(&view(&app, f, reset, proofs, more)));
    }
    let drawn = PageVariant {
        language: f.lang.clone(),
        viewer: viewer.login.name.clone(),
        mine: aftercare::is_mine(&viewer, reset),
        note,
        is_final: reset.is_final(app.now()),
    };
    if let Some(page) = found.drawn(&drawn) {
        return Ok(Html(page).into_response());
    }
    let care = aftercare::due(reset.state).then(|| aftercare::draw(&f, care, &viewer, reset));
    let more = StatusPageExtras { note, finish, possible, care, ..StatusPageExtras::default() };
    let page = view(&app, f, reset, proofs, more).render().map_err(|e| WebError::internal(&e))?;
    let page = Bytes::from(page);
    found.keep(drawn, page.clone());
    Ok(Html(page).into_response())
}

/// Returns how long a reset usually takes, cached for 20 seconds.
async fn usual(app: &AppState) -> Result<Option<SignedDuration>, StoreError> {
    const GOOD_FOR: Duration = Duration::from_secs(20);
    let mut known = app.usual.lock().await;
    let elapsed = app.clock.elapsed();
    if let Some((span, at)) = *known
        && elapsed.saturating_sub(at) < GOOD_FOR
    {
        return Ok(span);
    }
    let span = store::usual_span(&app.db).await?;
    *known = Some((span, elapsed));
    Ok(span)
}

fn view(
    app: &AppState,
    f: PageContext,
    reset: &PasswordReset,
    proofs: &[EvidenceRecord],
    more: StatusPageExtras,
) -> ResetStatusPage {
    let StatusPageExtras { usual, place, note, finish, possible, care } = more;
    let state = reset.state;
    let key = |part: &str| format!("state-{}-{part}", state.name().replace('_', "-"));
    let now = app.now();
    let line = place.map(|place| {
        let number = f.tv("timeline-line", "n", &place.number.to_string());
        format!("{number} {}", f.tv("timeline-line-wait", "span", &duration(&f.lang, place.wait)))
    });
    let took = reset
        .settled_at
        .map(|at| f.tv("timeline-took", "span", &duration(&f.lang, at.duration_since(reset.created_at))));
    let cause_text = reset.cause.map(|cause| f.t(&format!("cause-{}-person", cause.code().to_lowercase())));
    let text = match (&cause_text, state) {
        (
            Some(cause),
            ResetState::Refused | ResetState::Failed | ResetState::Split | ResetState::CloudOnly | ResetState::Unknown,
        ) => cause.clone(),
        _ => f.t(&key("text")),
    };
    ResetStatusPage {
        reference: reset.reference.to_string(),
        spelled: spelled(&reset.reference),
        state: state.name(),
        is_final: reset.is_final(now),
        live: !reset.is_final(now),
        revision: reset.revision,
        title: f.t(&key("title")),
        text,
        advice: (1..=3).filter_map(|n| f.maybe(&key(&format!("do{n}")))).collect(),
        cause: reset.cause.map(ResetCause::code),
        steps: steps(&f, reset, proofs, possible, finish.is_some()),
        begun: clock_time(&f.lang, reset.created_at),
        begun_iso: reset.created_at.to_string(),
        took,
        usual,
        line,
        note: note.map(|note| match note {
            SubmitNotice::Unused => ("alert", f.t("timeline-unused")),
            SubmitNotice::Unasked => ("status", f.t("timeline-unasked")),
        }),
        care,
        finish: finish.map(|finished| FinishingPrompt::of(&f, state, finished)),
        again: again(state, reset.cause).map(|key| f.t(key)),
        tone: tone(state),
        f,
    }
}

/// Returns the message key of the retry button: another password, or the same one again.
fn again(state: ResetState, cause: Option<ResetCause>) -> Option<&'static str> {
    let chooses = matches!(cause, Some(ResetCause::Policy | ResetCause::Banned | ResetCause::Rejected))
        || state == ResetState::Unknown;
    let repeats = matches!(cause, Some(ResetCause::NotSent | ResetCause::Throttled | ResetCause::AgentOffline));
    match (chooses, repeats) {
        (true, _) => Some("timeline-again"),
        (_, true) => Some("timeline-retry"),
        _ => None,
    }
}

fn tone(state: ResetState) -> &'static str {
    match state {
        ResetState::Sending | ResetState::Writing => "wait",
        ResetState::Written | ResetState::Finished => "good",
        ResetState::Refused | ResetState::Split | ResetState::Unknown => "care",
        ResetState::Failed | ResetState::CloudOnly => "bad",
    }
}

/// Builds the progress steps, with the time of the evidence for each checkpoint.
fn steps(
    f: &PageContext,
    reset: &PasswordReset,
    proofs: &[EvidenceRecord],
    finishes: bool,
    offered: bool,
) -> Vec<ProgressStep> {
    let proof = |rung: EvidenceCheckpoint| proofs.iter().find(|p| p.rung == rung);
    let ended = !reset.state.is_open();
    let good = matches!(reset.state, ResetState::Written | ResetState::Finished);
    // A checkpoint is shown only if this reset can reach it.
    let shown = |rung: &EvidenceCheckpoint| match rung {
        EvidenceCheckpoint::Carried => reset.synced,
        // Only if a domain controller is checked.
        EvidenceCheckpoint::Landed => reset.set_before.is_some() || proof(EvidenceCheckpoint::Landed).is_some(),
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
            None if rung == EvidenceCheckpoint::Carried && reset.carried_note.is_some() => {
                reset.carried_note.map_or("now", DeliveryLogGap::name)
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
        let text = f.tv(&format!("rung-{}-{look}", rung.name()), "agent", source);
        steps.push(ProgressStep {
            name: rung.name(),
            look,
            title: f.t(&format!("rung-{}", rung.name())),
            text,
            at: reached.map(|p| clock_time(&f.lang, p.at)),
            at_iso: reached.map(|p| p.at.to_string()),
        });
    }
    steps
}

/// Spells the reference in the spelling alphabet, for reading it out on the phone.
fn spelled(reference: &ReferenceCode) -> String {
    const WORDS: [(char, &str); 32] = [
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
    let word = |letter: char| WORDS.iter().find(|(l, _)| *l == letter).map_or("", |(_, word)| *word);
    reference.as_str().chars().map(word).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::Lang;

    #[test]
    fn every_step_has_its_words_however_it_stands() {
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
                let key = format!("rung-{}-{look}", rung.name());
                assert!(!lang.with(&key, &[("agent", "x")]).contains("localization"), "{key}");
            }
        }
    }
}
