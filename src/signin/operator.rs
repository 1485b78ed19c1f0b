//! The operator page: links the reset operator, the service account that calls `resetPassword`.
//!
//! The page needs the role `Passback.Admin` and a recent staff sign-in.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use tower_sessions::Session;

use super::attempt::{self, Purpose};
use super::refusals::SignInRefused;
use super::session;
use super::staff::{Administer, Role, Staff, at_work};
use crate::entra::{Authorized, Candidate, LinkRefused, Operator, OperatorError};
use crate::state::App;
use crate::web::{Error, Frame, Refusal, draw};

#[derive(Template)]
#[template(path = "admin/operator.html")]
struct OperatorPage {
    f: Frame,
    current: Option<Operator>,
    candidate: Option<Candidate>,
    tenant_wide: bool,
}

pub(super) async fn page(State(app): State<App>, frame: Frame, admin: Staff<Administer>) -> Result<Response, Error> {
    let candidate = app.entra.operators.proposed(&admin.session).await?;
    let tenant_wide = candidate.as_ref().is_some_and(|c| c.scope == "/");
    let current = app.entra.operators.current().await?;
    Ok(draw(&OperatorPage { f: at_work(frame, &admin.login), current, candidate, tenant_wide }))
}

/// Redirects to Entra to sign in as the operator. A GET, like every redirect to Entra.
pub(super) async fn link(
    State(app): State<App>,
    session: Session,
    _admin: Staff<Administer>,
) -> Result<Redirect, Error> {
    attempt::begin(&app, &session, Purpose::Operator).await
}

/// Completes a sign-in with purpose `operator` and stores the account as candidate. The session stays the
/// administrator's and must still be valid.
pub(super) async fn signed_in(app: &App, session: &Session, who: Authorized) -> Result<Response, Error> {
    let admin =
        session::login(session, app).await?.filter(|login| login.may(&[Role::Admin])).ok_or(SignInRefused::NotStaff)?;
    let id = session.id().map(|id| id.to_string()).unwrap_or_default();
    app.entra.operators.propose(&id, admin.key, who).await.map_err(refused)?;
    Ok(Redirect::to("/admin/operator").into_response())
}

pub(super) async fn confirm(State(app): State<App>, admin: Staff<Administer>) -> Result<Redirect, Error> {
    app.entra.operators.confirm(&admin.session, admin.login.key).await.map_err(refused)?;
    Ok(Redirect::to("/admin/operator"))
}

fn refused(error: LinkRefused) -> Error {
    let code = match error {
        LinkRefused::Yourself => "L-YOURSELF",
        LinkRefused::GlobalAdministrator => "L-GLOBAL-ADMIN",
        LinkRefused::NoRole => "L-NO-ROLE",
        LinkRefused::TenantWide => "L-TENANT-WIDE",
        LinkRefused::NoRefreshToken => "L-NO-TOKEN",
        LinkRefused::NoCandidate => "L-NOBODY",
        LinkRefused::Operator(OperatorError::Store(error)) => return error.into(),
        LinkRefused::Operator(error) => return Error::unavailable(&error),
    };
    Error::Refused(Refusal { code, status: axum::http::StatusCode::CONFLICT, again: Some("/admin/operator") })
}
