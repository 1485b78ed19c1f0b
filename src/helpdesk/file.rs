//! The reset page for staff: Graph's responses, the evidence, and the history of one reset.

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum_extra::extract::Form;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use super::cases::{self, ActionOption, CaseRow};
use super::queue::{ResetListItem, named, row, state_text};
use super::risk;
use crate::audit::ResetHistoryEntry;
use crate::base::{ObjectId, ReferenceCode};
use crate::reset::desk::{
    self as resets, DeskReset, DeskRung, EvidenceStatus, GraphResponseRecord, ResetDetail, ResetNote, ResetState,
};
use crate::signin::{StaffMember, StaffPermission as _, ViewHelpdesk, WorkCases, at_work};
use crate::state::AppState;
use crate::store::RateLimit;
use crate::web::{ClientAddress, PageContext, WebError, draw, moment};

/// Maximum length of a note.
const NOTE_LETTERS: usize = 2_000;
/// Maximum number of manual checks of one reset by one agent. More requests to Graph do not speed up a reset.
const ASKS: RateLimit = RateLimit { count: 6, per: SignedDuration::from_mins(1) };

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
#[template(path = "helpdesk/reset.html")]
struct ResetDetailPage {
    f: PageContext,
    reference: String,
    object: ObjectId,
    name: String,
    upn: String,
    home: String,
    state: &'static str,
    state_text: String,
    begun: String,
    begun_iso: String,
    cause: Option<(&'static str, String, String)>,
    detail: Option<String>,
    verified: bool,
    missing: Option<String>,
    rungs: Vec<CheckpointItem>,
    /// The viewer may request a check, because the reset is not final.
    asks: bool,
    steps: Vec<ChecklistItem>,
    answers: Vec<GraphResponseRecord>,
    trail: Vec<ResetHistoryEntry>,
    notes: Vec<ResetNote>,
    others: Vec<ResetListItem>,
    /// Object id of the person, for the form that opens a case.
    person: String,
    cases: Vec<CaseRow>,
    actions: Vec<ActionOption>,
    /// Advice about a user risk that Microsoft detected before this reset.
    risk: Option<String>,
    /// The viewer may add notes and request checks.
    assists: bool,
    /// Result of the last form submission.
    said: Option<String>,
}

impl ResetDetailPage {
    /// Returns whether the reset was refused, so that there is nothing to prove.
    fn nothing_changed(&self) -> bool {
        self.state == ResetState::Refused.name()
    }
}

#[derive(Deserialize)]
pub(super) struct ResetDetailQuery {
    said: Option<String>,
}

pub(super) async fn page(
    State(app): State<AppState>,
    frame: PageContext,
    staff: StaffMember<ViewHelpdesk>,
    address: ClientAddress,
    Path(reference): Path<String>,
    Query(back): Query<ResetDetailQuery>,
) -> Result<Response, WebError> {
    let file = find(&app, &address, &reference).await?;
    let said = back.said.as_deref().and_then(|said| match said {
        "asked" => Some(frame.t("desk-asked")),
        "final" => Some(frame.t("desk-asked-final")),
        "noted" => Some(frame.t("desk-noted")),
        "empty" => Some(frame.t("desk-note-empty")),
        "risk-told" => Some(frame.t("desk-risk-told")),
        "risk-not" => Some(frame.t("desk-risk-not")),
        "risk-kept" => Some(frame.t("desk-risk-kept")),
        _ => None,
    });
    let f = at_work(frame, &staff.login);
    let cases = cases::of_reset(&app, &f, file.reset.id).await?;
    let assists = staff.login.may(WorkCases::ROLES);
    let over = assists && risk::may_be_over(&app, &file).await;
    let risk = over.then(|| f.t("desk-risk-before"));
    let page = view(f, file, assists, said, app.now());
    Ok(draw(&ResetDetailPage { cases, risk, ..page }))
}

pub(super) async fn find(app: &AppState, address: &ClientAddress, reference: &str) -> Result<ResetDetail, WebError> {
    let file = match reference.parse::<ReferenceCode>() {
        Ok(reference) => resets::file(app, &reference).await?,
        Err(_) => None,
    };
    if file.is_none() {
        address.count(app, "miss").await?;
    }
    file.ok_or(WebError::NotFound)
}

/// Checks the reset at Graph now instead of at its scheduled time. `POST …/ask`.
pub(super) async fn ask(
    State(app): State<AppState>,
    staff: StaffMember<WorkCases>,
    address: ClientAddress,
    Path(reference): Path<String>,
) -> Result<Response, WebError> {
    let file = find(&app, &address, &reference).await?;
    let key = format!("ask:{}:{}", staff.login.key.object, file.reset.id);
    app.limits.take(&key, ASKS, app.now()).await?.map_err(|refused| WebError::Limited(refused.wait))?;
    let asked = resets::ask_now(&app, &staff, &file.reset).await?;
    Ok(to_page(&file.reset, if asked { "asked" } else { "final" }))
}

#[derive(Deserialize)]
pub(super) struct NoteForm {
    text: String,
}

/// Adds a note to the reset. `POST …/note`.
pub(super) async fn note(
    State(app): State<AppState>,
    staff: StaffMember<WorkCases>,
    address: ClientAddress,
    Path(reference): Path<String>,
    Form(written): Form<NoteForm>,
) -> Result<Response, WebError> {
    let file = find(&app, &address, &reference).await?;
    let kept = |c: &char| !c.is_control() || *c == '\n';
    let text: String = written.text.trim().chars().filter(kept).take(NOTE_LETTERS).collect();
    if text.is_empty() {
        return Ok(to_page(&file.reset, "empty"));
    }
    resets::note(&app, &staff, &file.reset, &text).await?;
    Ok(to_page(&file.reset, "noted"))
}

pub(super) fn to_page(reset: &DeskReset, said: &str) -> Response {
    Redirect::to(&format!("/helpdesk/resets/{}?said={said}", reset.reference)).into_response()
}

fn title(f: &PageContext, rung: DeskRung) -> String {
    f.t(&format!("desk-rung-{}", rung.name()))
}

/// Describes which evidence is missing.
fn missing(f: &PageContext, verified: &EvidenceStatus) -> Option<String> {
    let EvidenceStatus::Missing { all, any } = verified else { return None };
    let names =
        |rungs: &[DeskRung], between: &str| rungs.iter().map(|rung| title(f, *rung)).collect::<Vec<_>>().join(between);
    let either = (!any.is_empty()).then(|| names(any, &format!(" {} ", f.t("desk-or"))));
    let parts = [(!all.is_empty()).then(|| names(all, ", ")), either];
    Some(f.tv("desk-missing", "rungs", &parts.into_iter().flatten().collect::<Vec<_>>().join("; ")))
}

/// Builds the checkpoints that were reached or can still be reached. A final reset reaches no further checkpoint.
fn rungs(f: &PageContext, file: &ResetDetail, ended: bool) -> Vec<CheckpointItem> {
    let reached = |rung: DeskRung| file.proofs.iter().any(|proof| proof.rung == rung);
    let comes = |rung: DeskRung| match rung {
        _ if ended => false,
        DeskRung::Carried => file.reset.synced,
        DeskRung::Landed => file.reset.set_before.is_some(),
        _ => true,
    };
    let shown = |rung: &DeskRung| reached(*rung) || comes(*rung);
    let row = |rung: DeskRung| {
        let proof = file.proofs.iter().find(|proof| proof.rung == rung);
        CheckpointItem {
            name: rung.name(),
            title: title(f, rung),
            reached: proof.is_some(),
            at: proof.map(|p| moment(&f.lang, &p.at)).unwrap_or_default(),
            at_iso: proof.map(|p| p.at.to_string()).unwrap_or_default(),
            source: proof.map(|p| p.source.clone()).unwrap_or_default(),
            note: file
                .reset
                .carried_note
                .filter(|_| rung == DeskRung::Carried && proof.is_none())
                .map(|note| f.t(&format!("desk-carried-{}", note.name()))),
        }
    };
    DeskRung::ALL.into_iter().filter(shown).map(row).collect()
}

fn view(f: PageContext, file: ResetDetail, assists: bool, said: Option<String>, now: Timestamp) -> ResetDetailPage {
    let verified = file.verified();
    let ended = file.reset.is_final(now);
    let cause = file.reset.cause.map(|cause| {
        let text = |whom: &str| f.t(&format!("cause-{}-{whom}", cause.code().to_lowercase()));
        (cause.code(), text("agent"), text("admin"))
    });
    let step = |(code, done)| ChecklistItem { title: f.t(&format!("care-{code}-title")), done };
    ResetDetailPage {
        reference: file.reset.reference.to_string(),
        object: file.reset.person.object,
        home: f.t(if file.reset.synced { "desk-home-directory" } else { "desk-home-cloud" }),
        state: file.reset.state.name(),
        state_text: state_text(&f, file.reset.state),
        begun: moment(&f.lang, &file.reset.created_at),
        begun_iso: file.reset.created_at.to_string(),
        verified: verified == EvidenceStatus::Yes,
        missing: if file.reset.state == ResetState::Refused { None } else { missing(&f, &verified) },
        rungs: rungs(&f, &file, ended),
        asks: assists && !ended,
        steps: file.steps().into_iter().map(step).collect(),
        name: named(&f, file.name),
        upn: file.upn,
        detail: file.detail,
        answers: file.answers,
        trail: file.trail,
        notes: file.notes,
        person: file.reset.person.object.to_string(),
        cases: Vec::new(),
        risk: None,
        actions: cases::all_actions(&f),
        others: file.others.into_iter().map(|other| row(&f, other, now)).collect(),
        cause,
        assists,
        said,
        f,
    }
}
