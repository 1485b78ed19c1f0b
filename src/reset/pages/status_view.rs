//! Content of the status page: where the password is, the evidence for it, and what to do.

use askama::Template;

use super::access::{SubmitNotice, VisibleReset};
use super::device_checklist::ChecklistView;
use super::finishing::FinishingOffer;
use super::progress::{ProgressStep, build_steps};
use crate::base::ReferenceCode;
use crate::eligibility::{BlockReason, PauseReason};
use crate::reset::cause::ResetCause;
use crate::reset::state::ResetState;
use crate::reset::throttle_queue::QueuePosition;
use crate::signin::FinishingStatus;
use crate::state::AppState;
use crate::web::{PageContext, format_duration, format_time};

#[derive(Template)]
#[template(path = "reset/status.html")]
pub(super) struct ResetStatusPage {
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
    /// Notice from submitting the form.
    notice: Option<NoticeItem>,
    finishing: Option<FinishingPrompt>,
    checklist: Option<ChecklistView>,
    /// Label of the retry button, if another attempt makes sense.
    retry_label: Option<String>,
    tone: &'static str,
}

/// Notice from submitting the form, as the page shows it.
struct NoticeItem {
    /// ARIA role.
    role: &'static str,
    text: String,
}

impl NoticeItem {
    fn new(ctx: &PageContext, notice: SubmitNotice) -> Self {
        match notice {
            SubmitNotice::PasswordNotUsed => Self { role: "alert", text: ctx.t("timeline-unused") },
            SubmitNotice::PrecheckSkipped => Self { role: "status", text: ctx.t("timeline-unasked") },
        }
    }
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
    fn new(ctx: &PageContext, state: ResetState, offer: FinishingOffer) -> Option<Self> {
        let FinishingOffer::Offered(status) = offer else { return None };
        let notice = match status {
            FinishingStatus::Checking => Some("finish-asking"),
            FinishingStatus::Unchanged => Some("finish-unchanged"),
            FinishingStatus::NotReturned | FinishingStatus::Used => None,
        };
        let title = if state == ResetState::Unknown { "finish-title-unknown" } else { "finish-title" };
        Some(Self {
            title: ctx.t(title),
            text: ctx.t("finish-text"),
            notice: notice.map(|key| ctx.t(key)),
            button_label: (status != FinishingStatus::Checking).then(|| ctx.t("finish-button")),
        })
    }
}

/// Content of the page besides the reset itself.
pub(super) struct StatusPageExtras {
    pub(super) typical_duration: Option<String>,
    pub(super) queue_position: Option<QueuePosition>,
    pub(super) notice: Option<SubmitNotice>,
    pub(super) finishing: FinishingOffer,
    pub(super) checklist: Option<ChecklistView>,
    /// The hourly limit was reached before the reset was sent.
    pub(super) is_stopped_by_limit: bool,
}

pub(super) fn build_page(
    app: &AppState,
    ctx: PageContext,
    found: &VisibleReset,
    extras: StatusPageExtras,
) -> ResetStatusPage {
    let reset = &found.reset;
    let state = reset.state;
    let key = |part: &str| format!("state-{}-{part}", state.as_str().replace('_', "-"));
    let is_final = reset.is_final(app.now());
    let duration_text = reset
        .settled_at
        .map(|at| ctx.tv("timeline-took", "span", &format_duration(&ctx.lang, at.duration_since(reset.created_at))));
    let cause_text = reset.cause.map(|cause| ctx.t(&format!("cause-{}-person", cause.as_str().to_lowercase())));
    let text = match (cause_text, state) {
        _ if extras.is_stopped_by_limit => ctx.t("stopped-g-ceiling-text"),
        (
            Some(cause),
            ResetState::Refused | ResetState::Failed | ResetState::Split | ResetState::CloudOnly | ResetState::Unknown,
        ) => cause,
        _ => ctx.t(&key("text")),
    };
    ResetStatusPage {
        reference: reset.reference.to_string(),
        spelled_reference: spell_reference(&reset.reference),
        state: state.as_str(),
        is_final,
        is_live: !is_final,
        revision: reset.revision,
        title: ctx.t(&key("title")),
        text,
        advice: (1..=3).filter_map(|n| ctx.optional_text(&key(&format!("do{n}")))).collect(),
        cause: if extras.is_stopped_by_limit { Some(limit_code()) } else { reset.cause.map(ResetCause::as_str) },
        steps: build_steps(&ctx, reset, &found.evidence, extras.finishing),
        started: format_time(&ctx.lang, reset.created_at),
        started_iso: reset.created_at.to_string(),
        duration_text,
        typical_duration: extras.typical_duration,
        queue_notice: extras.queue_position.map(|position| queue_notice(&ctx, position)),
        notice: extras.notice.map(|notice| NoticeItem::new(&ctx, notice)),
        checklist: extras.checklist,
        finishing: FinishingPrompt::new(&ctx, state, extras.finishing),
        retry_label: retry_label_key(state, reset.cause).map(|key| ctx.t(key)),
        tone: page_tone(state),
        ctx,
    }
}

/// Returns the code of a reset that the hourly limit stopped, as on the page that blocks the form.
fn limit_code() -> &'static str {
    BlockReason::Paused(PauseReason::HourlyLimit).as_str()
}

fn queue_notice(ctx: &PageContext, position: QueuePosition) -> String {
    let number = ctx.tv("timeline-line", "n", &position.number.to_string());
    let wait = format_duration(&ctx.lang, position.expected_wait);
    format!("{number} {}", ctx.tv("timeline-line-wait", "span", &wait))
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
