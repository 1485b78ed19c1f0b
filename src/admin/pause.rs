//! The page that pauses and resumes all resets, each with a reason.
//!
//! The page needs the role `Passback.Admin` and a recent staff sign-in. A resume names the pause that the administrator
//! read, so that it cannot end a later one.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect, Response};
use axum_extra::extract::Form;
use jiff::Timestamp;
use serde::Deserialize;

use super::pause_notice::{PauseNotice, load_pause_notice, resume_text};
use crate::eligibility::{PauseActor, PauseChangeOutcome, ResetPause, StatedReason};
use crate::signin::{PauseResets, StaffMember, with_staff_navigation};
use crate::state::AppState;
use crate::web::{PageContext, WebError, render_page_with_status};

#[derive(Template)]
#[template(path = "admin/pause.html")]
struct PausePage {
    ctx: PageContext,
    pause: Option<PauseNotice>,
    last_resume: Option<String>,
    problem: Option<PauseProblem>,
    typed_reason: String,
}

impl PausePage {
    fn is_reason_invalid(&self) -> bool {
        self.problem == Some(PauseProblem::Reason)
    }
}

/// Reason why a press of the button changed nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum PauseProblem {
    /// The reason is too short or too long.
    Reason,
    /// Someone else was first.
    Raced,
}

impl PauseProblem {
    fn status_code(self) -> StatusCode {
        match self {
            Self::Reason => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Raced => StatusCode::CONFLICT,
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum PauseButton {
    Pause,
    Resume,
}

#[derive(Deserialize)]
pub(super) struct PauseForm {
    action: PauseButton,
    reason: String,
    /// Time of the pause that the administrator read, in milliseconds since 1970.
    #[serde(default)]
    began: i64,
}

pub(super) async fn show_pause_page(
    State(app): State<AppState>,
    ctx: PageContext,
    admin: StaffMember<PauseResets>,
) -> Result<Response, WebError> {
    render_pause_page(&app, with_staff_navigation(ctx, &admin.login), None, String::new()).await
}

/// Pauses or resumes all resets. `POST /admin/pause`.
pub(super) async fn change_pause(
    State(app): State<AppState>,
    ctx: PageContext,
    admin: StaffMember<PauseResets>,
    Form(form): Form<PauseForm>,
) -> Result<Response, WebError> {
    let ctx = with_staff_navigation(ctx, &admin.login);
    let Some(reason) = StatedReason::parse(&form.reason) else {
        return render_pause_page(&app, ctx, Some(PauseProblem::Reason), form.reason).await;
    };
    let (pause, by) = (ResetPause::new(app.db.clone()), PauseActor::Staff(admin.login.key, &reason));
    let outcome = match form.action {
        PauseButton::Pause => pause.pause(&app.audit_log, by, app.now()).await?,
        PauseButton::Resume => {
            let began = Timestamp::from_millisecond(form.began).unwrap_or_default();
            pause.resume(&app.audit_log, by, Some(began), app.now()).await?
        }
    };
    match outcome {
        PauseChangeOutcome::Changed => Ok(Redirect::to("/admin/pause").into_response()),
        // Without the reason: it was about another state than the one that the page shows now.
        PauseChangeOutcome::Unchanged => render_pause_page(&app, ctx, Some(PauseProblem::Raced), String::new()).await,
    }
}

async fn render_pause_page(
    app: &AppState,
    ctx: PageContext,
    problem: Option<PauseProblem>,
    typed_reason: String,
) -> Result<Response, WebError> {
    let pause = load_pause_notice(app, &ctx).await?;
    let resume = ResetPause::new(app.db.clone()).load_last_resume().await?;
    let last_resume = resume.filter(|_| pause.is_none()).map(|resume| resume_text(&ctx, &resume));
    let status = problem.map_or(StatusCode::OK, PauseProblem::status_code);
    Ok(render_page_with_status(status, &PausePage { ctx, pause, last_resume, problem, typed_reason }))
}
