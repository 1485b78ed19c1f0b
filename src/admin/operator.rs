//! The operator page: links the reset operator, the service account that calls `resetPassword`.
//!
//! The page needs the role `Passback.Admin` and a recent staff sign-in.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use tower_sessions::Session;

use crate::entra::{LinkRefusal, LinkedOperator, OperatorCandidate, OperatorError};
use crate::signin::{
    HandlerFuture, ManageOperator, OperatorSignIn, StaffMember, begin_operator_sign_in, with_staff_navigation,
};
use crate::state::AppState;
use crate::web::{CodedRefusal, PageContext, WebError, render_page};

#[derive(Template)]
#[template(path = "admin/operator.html")]
struct OperatorPage {
    ctx: PageContext,
    current: Option<LinkedOperator>,
    candidate: Option<OperatorCandidate>,
    tenant_wide: bool,
}

pub(super) async fn show_operator_page(
    State(app): State<AppState>,
    ctx: PageContext,
    admin: StaffMember<ManageOperator>,
) -> Result<Response, WebError> {
    let candidate = app.entra.operator.load_candidate(&admin.session).await?;
    let tenant_wide = candidate.as_ref().is_some_and(|c| c.reset_role.scope.is_entire_tenant());
    let current = app.entra.operator.load_operator().await?;
    Ok(render_page(&OperatorPage { ctx: with_staff_navigation(ctx, &admin.login), current, candidate, tenant_wide }))
}

/// Redirects to Entra to sign in as the operator. A GET, like every redirect to Entra.
pub(super) async fn begin_operator_link(
    State(app): State<AppState>,
    session: Session,
    _admin: StaffMember<ManageOperator>,
) -> Result<Redirect, WebError> {
    begin_operator_sign_in(&app, &session).await
}

/// Stores the account that signed in as candidate of the administrator's session.
pub(crate) fn handle_operator_sign_in(app: AppState, sign_in: OperatorSignIn) -> HandlerFuture {
    Box::pin(async move {
        let OperatorSignIn { admin, session, account } = sign_in;
        app.entra.operator.propose_candidate(&session, admin, account).await.map_err(link_refusal_error)?;
        Ok(Redirect::to("/admin/operator").into_response())
    })
}

pub(super) async fn confirm_operator(
    State(app): State<AppState>,
    admin: StaffMember<ManageOperator>,
) -> Result<Redirect, WebError> {
    app.entra.operator.confirm_candidate(&admin.session, admin.login.key).await.map_err(link_refusal_error)?;
    Ok(Redirect::to("/admin/operator"))
}

fn link_refusal_error(error: LinkRefusal) -> WebError {
    let code = match error {
        LinkRefusal::SameAccount => "L-YOURSELF",
        LinkRefusal::GlobalAdministrator => "L-GLOBAL-ADMIN",
        LinkRefusal::NoRole => "L-NO-ROLE",
        LinkRefusal::TenantWide => "L-TENANT-WIDE",
        LinkRefusal::NoRefreshToken => "L-NO-TOKEN",
        LinkRefusal::NoCandidate => "L-NOBODY",
        LinkRefusal::Operator(OperatorError::Store(error)) => return error.into(),
        LinkRefusal::Operator(error) => return WebError::unavailable(&error),
    };
    WebError::Refused(CodedRefusal {
        code,
        status: axum::http::StatusCode::CONFLICT,
        button_path: Some("/admin/operator"),
    })
}
