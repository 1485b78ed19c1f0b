//! Staff permissions as types.
//!
//! A handler that takes a [`StaffMember<P>`] runs only for staff who hold the permission `P`, in a session that was
//! started for staff work, from a staff network. Every refusal is audited.

use std::marker::PhantomData;

use axum::extract::{FromRequestParts, MatchedPath};
use axum::http::Method;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Redirect, Response};

use super::refusals::SignInRefused;
use super::session::{self, Login};
use crate::audit::{Actor, Event};
use crate::state::App;
use crate::web::{ClientAddress, Error, Frame, NavItem, client_ip};

/// Header that a page's script sends with automatic refreshes. They do not count as activity, so an unattended
/// workplace is signed out although the reset list is open. A client that omits the header only extends its own
/// session.
const BY_ITSELF: &str = "x-passback-by-itself";

/// App role in the id token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Agent,
    Approver,
    Auditor,
    Admin,
}

impl Role {
    pub(crate) const ALL: [Self; 4] = [Self::Agent, Self::Approver, Self::Auditor, Self::Admin];

    pub(super) fn claim(self) -> &'static str {
        match self {
            Self::Agent => "Passback.Agent",
            Self::Approver => "Passback.Approver",
            Self::Auditor => "Passback.Auditor",
            Self::Admin => "Passback.Admin",
        }
    }
}

/// Permission that app roles grant.
pub(crate) trait Permission: Send + Sync {
    const ROLES: &'static [Role];
    /// Whether the sign-in must be as recent as for a reset (`signin.max_age_seconds`).
    const FRESH: bool = false;
}

/// Permission to view resets, cases and people.
pub(crate) struct Look;

impl Permission for Look {
    const ROLES: &'static [Role] = &[Role::Agent, Role::Approver, Role::Auditor];
}

/// Permission to do an agent's work: work on cases, write notes, check a reset again.
pub(crate) struct Assist;

impl Permission for Assist {
    const ROLES: &'static [Role] = &[Role::Agent];
}

/// Permission to approve actions as the second person.
pub(crate) struct Approve;

impl Permission for Approve {
    const ROLES: &'static [Role] = &[Role::Approver];
}

/// Permission to search and export the audit log.
pub(crate) struct Examine;

impl Permission for Examine {
    const ROLES: &'static [Role] = &[Role::Auditor, Role::Admin];
}

/// Permission to view the insights.
pub(crate) struct Watch;

impl Permission for Watch {
    const ROLES: &'static [Role] = &[Role::Agent, Role::Approver, Role::Auditor, Role::Admin];
}

/// Permission to acknowledge security alerts.
pub(crate) struct Acknowledge;

impl Permission for Acknowledge {
    const ROLES: &'static [Role] = &[Role::Agent, Role::Admin];
}

/// Permission to link the reset operator.
pub(crate) struct Administer;

impl Permission for Administer {
    const ROLES: &'static [Role] = &[Role::Admin];
    const FRESH: bool = true;
}

/// Extractor for a staff member who holds the permission `P`.
pub(crate) struct Staff<P> {
    pub(crate) login: Login,
    pub(crate) session: String,
    permission: PhantomData<P>,
}

impl<P> Staff<P> {
    pub(crate) fn actor(&self) -> Actor {
        Actor::Staff(self.login.key)
    }
}

/// Returns whether a request comes from a staff network. Without configured networks, every address is allowed.
pub(super) fn from_here(parts: &Parts, app: &App) -> bool {
    let networks = &app.config.helpdesk.networks;
    networks.is_empty() || client_ip(parts, app).is_some_and(|ip| networks.iter().any(|net| net.contains(&ip)))
}

impl<P: Permission> FromRequestParts<App> for Staff<P> {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Response> {
        let session = session::session_of(parts, app).await.map_err(IntoResponse::into_response)?;
        let touch = !parts.headers.contains_key(BY_ITSELF);
        let login = session::look(&session, app, touch).await.map_err(IntoResponse::into_response)?;
        let sign_in = |parts: &Parts| match parts.method {
            Method::GET => Redirect::to("/signin?purpose=staff").into_response(),
            _ => Error::from(SignInRefused::Expired).into_response(),
        };
        let Some(login) = login else { return Err(sign_in(parts)) };
        let refused = match () {
            () if !login.may(P::ROLES) => Some(SignInRefused::NotStaff),
            () if !from_here(parts, app) => Some(SignInRefused::Network),
            () => None,
        };
        if let Some(refused) = refused {
            return Err(refuse(parts, app, &login, refused).await.into_response());
        }
        let age = app.now().duration_since(login.authenticated_at).as_secs();
        if P::FRESH && age > app.config.signin.max_age_seconds {
            return Err(sign_in(parts));
        }
        let session = session.id().map(|id| id.to_string()).unwrap_or_default();
        Ok(Self { login, session, permission: PhantomData })
    }
}

/// Adds the staff member's name and the navigation that their roles allow to the page context.
pub(crate) fn at_work(frame: Frame, login: &Login) -> Frame {
    let items = [
        ("/helpdesk", "desk-nav-resets", Look::ROLES),
        ("/helpdesk/cases", "desk-nav-cases", Look::ROLES),
        ("/helpdesk/people", "desk-nav-people", Look::ROLES),
        ("/helpdesk/insights", "desk-nav-insights", Watch::ROLES),
        ("/helpdesk/audit", "desk-nav-audit", Examine::ROLES),
        ("/admin/operator", "desk-nav-operator", Administer::ROLES),
    ];
    let nav = items
        .into_iter()
        .filter(|(_, _, roles)| login.may(roles))
        .map(|(path, key, _)| NavItem { path, text: frame.t(key), here: frame.path == path })
        .collect();
    frame.signed_in(&login.name).with_nav(nav)
}

/// Audits a refused request. Counts it against the address's rate limit first, so that repeated requests cannot fill
/// the audit log.
async fn refuse(parts: &mut Parts, app: &App, login: &Login, refused: SignInRefused) -> Error {
    let Ok(address) = ClientAddress::from_request_parts(parts, app).await;
    if let Err(limited) = address.count(app, "miss").await {
        return limited;
    }
    let route = parts.extensions.get::<MatchedPath>().map_or("", MatchedPath::as_str);
    let actor = if login.is_staff() { Actor::Staff(login.key) } else { Actor::Person(login.key) };
    let event = Event::new("desk.refused", actor)
        .with("code", refused.code())
        .with("method", parts.method.as_str())
        .with("route", route)
        .personal("address", address.0);
    match app.auditor.note(event).await {
        Ok(()) => refused.into(),
        Err(error) => error.into(),
    }
}
