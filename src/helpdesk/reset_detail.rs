//! The reset page for staff: Graph's responses, the evidence, and the history of one reset.

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use axum_extra::extract::Form;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use super::cases::{self, CaseListItem};
use super::reset_access::{load_reset_detail, redirect_to_reset};
use super::reset_list::{ResetListItem, build_reset_item, display_name, state_text};
use super::risk_dismissal;
use super::select_option::{SelectOption, action_options};
use crate::audit::ResetHistoryEntry;
use crate::base::ObjectId;
use crate::reset::queries::{
    self as resets, EvidenceCheckpoint, EvidenceStatus, GraphResponseRecord, ResetDetail, ResetNote, ResetState,
};
use crate::signin::{StaffMember, StaffPermission as _, ViewHelpdesk, WorkCases, with_staff_navigation};
use crate::state::AppState;
use crate::store::RateLimit;
use crate::web::{ClientAddress, PageContext, WebError, format_timestamp, render_page};

/// Maximum length of a note.
const MAX_NOTE_CHARS: usize = 2_000;
/// Maximum number of manual checks of one reset by one agent. More requests to Graph do not speed up a reset.
const CHECK_NOW_LIMIT: RateLimit = RateLimit { count: 6, window: SignedDuration::from_mins(1) };

/// Whether the viewer may do an agent's work on the page, or only view it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum CaseWork {
    Allowed,
    NotAllowed,
}

struct CheckpointItem {
    name: &'static str,
    title: String,
    reached: bool,
    at: String,
    at_iso: String,
    source: String,
    /// Reason why the checkpoint will not be reached.
    note: Option<String>,
}

struct ChecklistItem {
    title: String,
    done: bool,
}

#[derive(Template)]
#[template(path = "helpdesk/reset_detail.html")]
struct ResetDetailPage {
    ctx: PageContext,
    reference: String,
    object: ObjectId,
    name: String,
    upn: String,
    password_source: String,
    state: &'static str,
    state_text: String,
    begun: String,
    begun_iso: String,
    cause: Option<(&'static str, String, String)>,
    detail: Option<String>,
    is_proved: bool,
    missing: Option<String>,
    checkpoints: Vec<CheckpointItem>,
    /// The viewer may request a check, because the reset is not final.
    can_check_now: bool,
    steps: Vec<ChecklistItem>,
    graph_responses: Vec<GraphResponseRecord>,
    history: Vec<ResetHistoryEntry>,
    notes: Vec<ResetNote>,
    other_resets: Vec<ResetListItem>,
    /// Object id of the person, for the form that opens a case.
    person: String,
    cases: Vec<CaseListItem>,
    actions: Vec<SelectOption>,
    /// Advice about a user risk that Microsoft detected before this reset.
    risk: Option<String>,
    /// The viewer may add notes and request checks.
    can_work_cases: bool,
    /// Result of the last form submission.
    notice: Option<String>,
}

impl ResetDetailPage {
    /// Returns whether the reset was refused, so that there is nothing to prove.
    fn has_nothing_to_prove(&self) -> bool {
        self.state == ResetState::Refused.as_str()
    }
}

#[derive(Deserialize)]
pub(super) struct ResetDetailQuery {
    said: Option<String>,
}

pub(super) async fn show_reset(
    State(app): State<AppState>,
    ctx: PageContext,
    staff: StaffMember<ViewHelpdesk>,
    address: ClientAddress,
    Path(reference): Path<String>,
    Query(back): Query<ResetDetailQuery>,
) -> Result<Response, WebError> {
    let file = load_reset_detail(&app, &address, &reference).await?;
    let said = back.said.as_deref().and_then(|said| match said {
        "asked" => Some(ctx.t("desk-asked")),
        "final" => Some(ctx.t("desk-asked-final")),
        "noted" => Some(ctx.t("desk-noted")),
        "empty" => Some(ctx.t("desk-note-empty")),
        "risk-told" => Some(ctx.t("desk-risk-told")),
        "risk-not" => Some(ctx.t("desk-risk-not")),
        "risk-kept" => Some(ctx.t("desk-risk-kept")),
        _ => None,
    });
    let ctx = with_staff_navigation(ctx, &staff.login);
    let cases = cases::load_reset_items(&app, &ctx, file.reset.id).await?;
    let access = if staff.login.has_any_role(WorkCases::ROLES) { CaseWork::Allowed } else { CaseWork::NotAllowed };
    let over = access == CaseWork::Allowed && risk_dismissal::has_dismissible_risk(&app, &file).await;
    let risk = over.then(|| ctx.t("desk-risk-before"));
    let page = build_page(ctx, file, access, said, app.now());
    Ok(render_page(&ResetDetailPage { cases, risk, ..page }))
}

/// Checks the reset at Graph now instead of at its scheduled time. `POST …/ask`.
pub(super) async fn check_reset_now(
    State(app): State<AppState>,
    staff: StaffMember<WorkCases>,
    address: ClientAddress,
    Path(reference): Path<String>,
) -> Result<Response, WebError> {
    let file = load_reset_detail(&app, &address, &reference).await?;
    let key = format!("ask:{}:{}", staff.login.key.object, file.reset.id);
    app.rate_limiter
        .try_acquire(&key, CHECK_NOW_LIMIT, app.now())
        .await?
        .map_err(|refused| WebError::RateLimited(refused.retry_after))?;
    let asked = resets::check_now(&app, &staff, &file.reset).await?;
    Ok(redirect_to_reset(&file.reset, if asked { "asked" } else { "final" }))
}

#[derive(Deserialize)]
pub(super) struct NoteForm {
    text: String,
}

/// Adds a note to the reset. `POST …/note`.
pub(super) async fn add_reset_note(
    State(app): State<AppState>,
    staff: StaffMember<WorkCases>,
    address: ClientAddress,
    Path(reference): Path<String>,
    Form(written): Form<NoteForm>,
) -> Result<Response, WebError> {
    let file = load_reset_detail(&app, &address, &reference).await?;
    let kept = |c: &char| !c.is_control() || *c == '\n';
    let text: String = written.text.trim().chars().filter(kept).take(MAX_NOTE_CHARS).collect();
    if text.is_empty() {
        return Ok(redirect_to_reset(&file.reset, "empty"));
    }
    resets::add_note(&app, &staff, &file.reset, &text).await?;
    Ok(redirect_to_reset(&file.reset, "noted"))
}

fn checkpoint_title(ctx: &PageContext, rung: EvidenceCheckpoint) -> String {
    ctx.t(&format!("desk-rung-{}", rung.as_str()))
}

/// Describes which evidence is missing.
fn missing_text(ctx: &PageContext, verified: &EvidenceStatus) -> Option<String> {
    let EvidenceStatus::NotProved { all_of: all, one_of: any } = verified else { return None };
    let names = |rungs: &[EvidenceCheckpoint], between: &str| {
        rungs.iter().map(|rung| checkpoint_title(ctx, *rung)).collect::<Vec<_>>().join(between)
    };
    let either = (!any.is_empty()).then(|| names(any, &format!(" {} ", ctx.t("desk-or"))));
    let parts = [(!all.is_empty()).then(|| names(all, ", ")), either];
    Some(ctx.tv("desk-missing", "rungs", &parts.into_iter().flatten().collect::<Vec<_>>().join("; ")))
}

/// Builds the checkpoints that were reached or can still be reached. A final reset reaches no further checkpoint.
fn build_checkpoints(ctx: &PageContext, file: &ResetDetail, now: Timestamp) -> Vec<CheckpointItem> {
    let reached = |rung: EvidenceCheckpoint| file.evidence.iter().any(|proof| proof.checkpoint == rung);
    let comes = |rung: EvidenceCheckpoint| match rung {
        _ if file.reset.is_final(now) => false,
        EvidenceCheckpoint::Carried => file.reset.synced,
        EvidenceCheckpoint::Landed => file.reset.password_baseline.is_some(),
        _ => true,
    };
    let shown = |rung: &EvidenceCheckpoint| reached(*rung) || comes(*rung);
    let row = |rung: EvidenceCheckpoint| {
        let proof = file.evidence.iter().find(|proof| proof.checkpoint == rung);
        CheckpointItem {
            name: rung.as_str(),
            title: checkpoint_title(ctx, rung),
            reached: proof.is_some(),
            at: proof.map(|p| format_timestamp(&ctx.lang, &p.at)).unwrap_or_default(),
            at_iso: proof.map(|p| p.at.to_string()).unwrap_or_default(),
            source: proof.map(|p| p.source.clone()).unwrap_or_default(),
            note: file
                .reset
                .delivery_log_gap
                .filter(|_| rung == EvidenceCheckpoint::Carried && proof.is_none())
                .map(|note| ctx.t(&format!("desk-carried-{}", note.as_str()))),
        }
    };
    EvidenceCheckpoint::ALL.into_iter().filter(shown).map(row).collect()
}

fn build_page(
    ctx: PageContext,
    file: ResetDetail,
    access: CaseWork,
    said: Option<String>,
    now: Timestamp,
) -> ResetDetailPage {
    let verified = file.evidence_status();
    let can_work_cases = access == CaseWork::Allowed;
    let cause = file.reset.cause.map(|cause| {
        let text = |whom: &str| ctx.t(&format!("cause-{}-{whom}", cause.as_str().to_lowercase()));
        (cause.as_str(), text("agent"), text("admin"))
    });
    let step = |(code, done)| ChecklistItem { title: ctx.t(&format!("care-{code}-title")), done };
    ResetDetailPage {
        reference: file.reset.reference.to_string(),
        object: file.reset.person.object,
        password_source: ctx.t(if file.reset.synced { "desk-home-directory" } else { "desk-home-cloud" }),
        state: file.reset.state.as_str(),
        state_text: state_text(&ctx, file.reset.state),
        begun: format_timestamp(&ctx.lang, &file.reset.created_at),
        begun_iso: file.reset.created_at.to_string(),
        is_proved: verified == EvidenceStatus::Proved,
        missing: if file.reset.state == ResetState::Refused { None } else { missing_text(&ctx, &verified) },
        checkpoints: build_checkpoints(&ctx, &file, now),
        can_check_now: can_work_cases && !file.reset.is_final(now),
        steps: file.checklist_steps().into_iter().map(step).collect(),
        name: display_name(&ctx, file.name),
        upn: file.upn,
        detail: file.status_detail,
        graph_responses: file.graph_responses,
        history: file.history,
        notes: file.notes,
        person: file.reset.person.object.to_string(),
        cases: Vec::new(),
        risk: None,
        actions: action_options(&ctx, None),
        other_resets: file.other_resets.into_iter().map(|other| build_reset_item(&ctx, other, now)).collect(),
        cause,
        can_work_cases,
        notice: said,
        ctx,
    }
}
