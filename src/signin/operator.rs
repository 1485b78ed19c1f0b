//! The operator page: links the reset operator, the service account that calls `resetPassword`.
//!
//! The page needs the role `Passback.Admin` and a recent staff sign-in.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use tower_sessions::Session;

use super::attempt::{self, SignInPurpose};
use super::refusals::SignInRefusal;
use super::session;
use super::staff::{ManageOperator, StaffMember, StaffRole, at_work};
use crate::entra::{AuthorizedSignIn, LinkRefusal, LinkedOperator, OperatorCandidate, OperatorError};
use crate::state::AppState;
use crate::web::{CodedRefusal, PageContext, WebError, draw};

#[derive(Template)]
#[template(path = "admin/operator.html")]
struct OperatorPage {
    f: PageContext,
    current: Option<LinkedOperator>,
    candidate: Option<OperatorCandidate>,
    tenant_wide: bool,
}

pub(super) async fn page(
    State(app): State<AppState>,
    frame: PageContext,
    admin: StaffMember<ManageOperator>,
) -> Result<Response, WebError> {
    let candidate = app.entra.operators.proposed(&admin.session).await?;
    let tenant_wide = candidate.as_ref().is_some_and(|c| c.scope == "/");
    let current = app.entra.operators.current().await?;
    Ok(draw(&OperatorPage { f: at_work(frame, &admin.login), current, candidate, tenant_wide }))
}

/// Redirects to Entra to sign in as the operator. A GET, like every redirect to Entra.
pub(super) async fn link(
    State(app): State<AppState>,
    session: Session,
    _admin: StaffMember<ManageOperator>,
) -> Result<Redirect, WebError> {
    attempt::begin(&app, &session, SignInPurpose::Operator).await
}

/// Completes a sign-in with purpose `operator` and stores the account as candidate. The session stays the
/// administrator's and must still be valid.
pub(super) async fn signed_in(app: &AppState, session: &Session, who: AuthorizedSignIn) -> Result<Response, WebError> {
    let admin = session::login(session, app)
        .await?
        .filter(|login| login.may(&[StaffRole::Admin]))
        .ok_or(SignInRefusal::NotStaff)?;
    let id = session.id().map(|id| id.to_string()).unwrap_or_default();
    app.entra.operators.propose(&id, admin.key, who).await.map_err(refused)?;
    Ok(Redirect::to("/admin/operator").into_response())
}

pub(super) async fn confirm(
    State(app): State<AppState>,
    admin: StaffMember<ManageOperator>,
) -> Result<Redirect, WebError> {
    app.entra.operators.confirm(&admin.session, admin.login.key).await.map_err(refused)?;
    Ok(Redirect::to("/admin/operator"))
}

fn refused(error: LinkRefusal) -> WebError {
    let code = match error {
        LinkRefusal::Yourself => "L-YOURSELF",
        LinkRefusal::GlobalAdministrator => "L-GLOBAL-ADMIN",
        LinkRefusal::NoRole => "L-NO-ROLE",
        LinkRefusal::TenantWide => "L-TENANT-WIDE",
        LinkRefusal::NoRefreshToken => "L-NO-TOKEN",
        LinkRefusal::NoCandidate => "L-NOBODY",
        LinkRefusal::Operator(OperatorError::Store(error)) => return error.into(),
        LinkRefusal::Operator(error) => return WebError::unavailable(&error),
    };
    WebError::Refused(CodedRefusal { code, status: axum::http::StatusCode::CONFLICT, again: Some("/admin/operator") })
}
