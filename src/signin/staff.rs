//! Extractor for staff.
//!
//! A handler that takes a [`StaffMember<P>`] runs only for staff who hold the permission `P`, in a session that was
//! started for staff work, from a staff network. Every refusal is audited.

use std::marker::PhantomData;

use axum::extract::{FromRequestParts, MatchedPath};
use axum::http::Method;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Redirect, Response};

use super::permissions::{
    ManageOperator, PauseResets, StaffPermission, ViewAuditLog, ViewHelpdesk, ViewInsights, is_staff_network,
};
use super::refusals::SignInRefusal;
use super::session::{self, LoginSession, SessionActivity};
use crate::audit::{AuditActor, AuditEvent};
use crate::state::AppState;
use crate::web::{ClientAddress, NavItem, PageContext, WebError};

/// Header that a page's script sends with automatic refreshes. They do not count as activity, so an unattended
/// workplace is signed out although the reset list is open. A client that omits the header only extends its own
/// session.
const AUTO_REFRESH_HEADER: &str = "x-passback-by-itself";

/// Extractor for a staff member who holds the permission `P`.
pub(crate) struct StaffMember<P> {
    pub(crate) login: LoginSession,
    pub(crate) session: String,
    permission: PhantomData<P>,
}

impl<P> StaffMember<P> {
    pub(crate) fn audit_actor(&self) -> AuditActor {
        AuditActor::Staff(self.login.key)
    }
}

impl<P: StaffPermission> FromRequestParts<AppState> for StaffMember<P> {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, Response> {
        let session = session::extract_session(parts, app).await.map_err(IntoResponse::into_response)?;
        let refreshes = parts.headers.contains_key(AUTO_REFRESH_HEADER);
        let activity = if refreshes { SessionActivity::AutoRefresh } else { SessionActivity::Person };
        let login = session::load_login(&session, app, activity).await.map_err(IntoResponse::into_response)?;
        let sign_in = |parts: &Parts| match parts.method {
            Method::GET => Redirect::to("/signin?purpose=staff").into_response(),
            _ => WebError::from(SignInRefusal::SessionExpired).into_response(),
        };
        let Some(login) = login else { return Err(sign_in(parts)) };
        let refused = match () {
            () if !login.has_any_role(P::ROLES) => Some(SignInRefusal::NotStaff),
            () if !is_staff_network(parts, app) => Some(SignInRefusal::NetworkNotAllowed),
            () => None,
        };
        if let Some(refused) = refused {
            return Err(refuse_access(parts, app, &login, refused).await.into_response());
        }
        let age = app.now().duration_since(login.authenticated_at).as_secs();
        if P::NEEDS_FRESH_SIGN_IN && age > app.config.signin.max_age_seconds {
            return Err(sign_in(parts));
        }
        let session = session.id().map(|id| id.to_string()).unwrap_or_default();
        Ok(Self { login, session, permission: PhantomData })
    }
}

/// Adds the staff member's name and the navigation that their roles allow to the page context.
pub(crate) fn with_staff_navigation(ctx: PageContext, login: &LoginSession) -> PageContext {
    let items = [
        ("/helpdesk", "desk-nav-resets", ViewHelpdesk::ROLES),
        ("/helpdesk/cases", "desk-nav-cases", ViewHelpdesk::ROLES),
        ("/helpdesk/people", "desk-nav-people", ViewHelpdesk::ROLES),
        ("/helpdesk/insights", "desk-nav-insights", ViewInsights::ROLES),
        ("/helpdesk/audit", "desk-nav-audit", ViewAuditLog::ROLES),
        ("/admin/operator", "desk-nav-operator", ManageOperator::ROLES),
        ("/admin/pause", "desk-nav-pause", PauseResets::ROLES),
    ];
    let nav = items
        .into_iter()
        .filter(|(_, _, roles)| login.has_any_role(roles))
        .map(|(path, key, _)| NavItem { path, text: ctx.t(key), is_current: ctx.path == path })
        .collect();
    ctx.with_signed_in_name(&login.name).with_nav(nav)
}

/// Audits a refused request. Counts it against the address's rate limit first, so that repeated requests cannot fill
/// the audit log.
async fn refuse_access(parts: &mut Parts, app: &AppState, login: &LoginSession, refused: SignInRefusal) -> WebError {
    let Ok(address) = ClientAddress::from_request_parts(parts, app).await;
    if let Err(limited) = address.check_rate_limit(app, "miss").await {
        return limited;
    }
    let route = parts.extensions.get::<MatchedPath>().map_or("", MatchedPath::as_str);
    let actor = if login.is_staff() { AuditActor::Staff(login.key) } else { AuditActor::Person(login.key) };
    let event = AuditEvent::new("desk.refused", actor)
        .with_detail("code", refused.as_str())
        .with_detail("method", parts.method.as_str())
        .with_detail("route", route)
        .with_personal_detail("address", address.0);
    match app.audit_log.append(event).await {
        Ok(()) => refused.into(),
        Err(error) => error.into(),
    }
}
