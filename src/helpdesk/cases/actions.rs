//! Handlers of the forms on the case page. Each one redirects back to the page with a result code.

use axum_extra::extract::Form;
use serde::Deserialize;
use tower_sessions::Session;

use super::agent_sign_in::redirect_to_sign_in;
use super::list::resolve_person;
use super::response::{CaseRequest, CaseResponse, respond_with_result};
use crate::cases::{
    self, CaseAction, CaseError, CaseRefusal, PassViewer, SeenDecision, SeenStatus, VerificationMethod,
};
use crate::entra::ActingIdentity;
use crate::signin::{ApproveActions, WorkCases};
use crate::web::{PageContext, WebError};

#[derive(Deserialize)]
pub(in crate::helpdesk) struct CaseTextForm {
    text: String,
}

#[derive(Deserialize)]
pub(in crate::helpdesk) struct VerifyForm {
    method: String,
}

#[derive(Deserialize)]
pub(in crate::helpdesk) struct ChangeActionForm {
    action: String,
}

#[derive(Deserialize)]
pub(in crate::helpdesk) struct IdentifyPersonForm {
    person: String,
}

/// Form of somebody who decides about the case as the page showed it.
#[derive(Deserialize)]
pub(in crate::helpdesk) struct DecideForm {
    /// `me` if the agent is to see a pass.
    #[serde(default)]
    to: String,
    /// Digest of the status on the page.
    #[serde(default)]
    seen: String,
    /// Reason of an override.
    #[serde(default)]
    text: String,
}

impl DecideForm {
    fn viewer(&self) -> PassViewer {
        if self.to == "me" { PassViewer::Agent } else { PassViewer::Manager }
    }

    fn seen_status(&self) -> SeenStatus<'_> {
        SeenStatus { viewer: self.viewer(), digest: &self.seen }
    }
}

#[derive(Deserialize)]
pub(in crate::helpdesk) struct ApproveForm {
    /// Id and digest of the decision on the page.
    #[serde(default)]
    decision: String,
    #[serde(default)]
    digest: String,
}

pub(in crate::helpdesk) async fn take_over_case(request: CaseRequest<WorkCases>) -> CaseResponse {
    let done = cases::take_over(&request.app, &request.actor, &request.case).await;
    request.redirect(done).await
}

pub(in crate::helpdesk) async fn close_case(request: CaseRequest<WorkCases>) -> CaseResponse {
    let done = cases::close_case(&request.app, &request.actor, &request.case).await;
    request.redirect(done).await
}

pub(in crate::helpdesk) async fn place_hold(request: CaseRequest<WorkCases>) -> CaseResponse {
    let done = cases::place_hold(&request.app, &request.actor, &request.case).await;
    request.redirect(done).await
}

pub(in crate::helpdesk) async fn request_approval(
    request: CaseRequest<WorkCases>,
    Form(form): Form<DecideForm>,
) -> CaseResponse {
    let done = cases::request_approval(&request.app, &request.actor, &request.case, &form.seen_status()).await;
    request.redirect(done).await
}

pub(in crate::helpdesk) async fn approve_decision(
    request: CaseRequest<ApproveActions>,
    Form(form): Form<ApproveForm>,
) -> CaseResponse {
    let seen = SeenDecision { id: &form.decision, digest: &form.digest };
    let done = cases::approve_decision(&request.app, &request.actor, &request.case, &seen).await;
    if matches!(&done, Err(CaseError::Refused(CaseRefusal::Changed))) {
        return request.redirect_to_review(&form.decision).await;
    }
    request.redirect(done).await
}

pub(in crate::helpdesk) async fn set_ticket(
    request: CaseRequest<WorkCases>,
    Form(typed): Form<CaseTextForm>,
) -> CaseResponse {
    let done = cases::set_ticket(&request.app, &request.actor, &request.case, &typed.text).await;
    request.redirect(done).await
}

pub(in crate::helpdesk) async fn add_case_note(
    request: CaseRequest<WorkCases>,
    Form(typed): Form<CaseTextForm>,
) -> CaseResponse {
    let done = cases::add_note(&request.app, &request.actor, &request.case, &typed.text).await;
    request.redirect(done).await
}

pub(in crate::helpdesk) async fn request_override(
    request: CaseRequest<WorkCases>,
    Form(form): Form<DecideForm>,
) -> CaseResponse {
    let seen = form.seen_status();
    let done = cases::request_override(&request.app, &request.actor, &request.case, &seen, &form.text).await;
    request.redirect(done).await
}

pub(in crate::helpdesk) async fn change_action(
    request: CaseRequest<WorkCases>,
    Form(wanted): Form<ChangeActionForm>,
) -> CaseResponse {
    let action = CaseAction::from_name(&wanted.action).ok_or(WebError::NotFound)?;
    let done = cases::change_action(&request.app, &request.actor, &request.case, action).await;
    request.redirect(done).await
}

pub(in crate::helpdesk) async fn identify_person(
    request: CaseRequest<WorkCases>,
    Form(whom): Form<IdentifyPersonForm>,
) -> CaseResponse {
    let done = match resolve_person(&request.app, &whom.person).await? {
        Some(object) => cases::identify_person(&request.app, &request.actor, &request.case, object).await,
        None => Err(CaseRefusal::PersonUnknown.into()),
    };
    request.redirect(done).await
}

pub(in crate::helpdesk) async fn verify_caller(
    request: CaseRequest<WorkCases>,
    Form(by): Form<VerifyForm>,
) -> CaseResponse {
    let method = VerificationMethod::from_name(&by.method).ok_or(WebError::NotFound)?;
    let done = if method.is_witnessed() {
        cases::request_verification(&request.app, &request.actor, &request.case, method).await
    } else {
        cases::record_attestation(&request.app, &request.actor, &request.case, method).await
    };
    request.redirect(done).await
}

pub(in crate::helpdesk) async fn execute_action(
    request: CaseRequest<WorkCases>,
    (ctx, session): (PageContext, Session),
    Form(form): Form<DecideForm>,
) -> CaseResponse {
    let CaseRequest { app, staff, actor, case } = request;
    if cases::needs_agent_token(&app, case.action, form.viewer()) {
        return redirect_to_sign_in(&app, &session, &staff, &case, &form.seen_status()).await;
    }
    let work = {
        let (app, case) = (app.clone(), case.clone());
        async move {
            let seen = form.seen_status();
            cases::execute_action(&app, &actor, &case, &seen, ActingIdentity::Operator).await
        }
    };
    // Runs as a background task of the process: it completes even if the browser disconnects.
    let result = app.background_tasks.spawn(work).await.map_err(|error| WebError::internal(&error))?;
    respond_with_result(&app, ctx, &staff, &case, result).await
}
