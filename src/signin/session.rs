//! Login sessions, and the extractors that require one.
//!
//! A handler without such an extractor is public, and its signature shows it.

use axum::extract::{FromRequestParts, OptionalFromRequestParts};
use axum::http::Method;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Redirect, Response};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use tower_sessions::Session;

use super::permissions::{StaffPermission as _, StaffRole, ViewHelpdesk, is_staff_network};
use super::refusals::SignInRefusal;
use crate::base::{PersonKey, TimestampExt as _};
use crate::entra::VerifiedIdentity;
use crate::state::AppState;
use crate::store::{SessionData, StoreError, is_session_from_cache};
use crate::web::WebError;

const LOGIN_KEY: &str = "login";
const BROWSER_KEY: &str = "browser";
/// Minimum time between two updates of a session's last request.
const TOUCH_INTERVAL: SignedDuration = SignedDuration::from_secs(120);

/// Maximum difference between the clocks of two replicas.
const MAX_CLOCK_SKEW: SignedDuration = SignedDuration::from_mins(5);

/// Kind of a session, by the purpose of its sign-in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SessionKind {
    /// For the person's own reset. Grants no staff permission.
    Person,
    /// For staff work, with the staff authentication context.
    Staff,
}

/// What caused a request with a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SessionActivity {
    /// The person. Updates the session's last request.
    Person,
    /// A script of the page. Does not count as activity.
    AutoRefresh,
}

/// Signed-in person. Stored as JSON in the session, so the field names are part of the format.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct LoginSession {
    pub(crate) key: PersonKey,
    pub(crate) name: String,
    pub(crate) upn: String,
    roles: Vec<String>,
    /// Whether the person signed in for staff work, with the staff authentication context.
    staff: bool,
    /// Time of the sign-in at Entra (`auth_time`).
    pub(crate) authenticated_at: Timestamp,
    since: Timestamp,
    seen_at: Timestamp,
    hint: Option<String>,
}

impl LoginSession {
    pub(super) fn new(who: &VerifiedIdentity, kind: SessionKind, now: Timestamp) -> Self {
        Self {
            key: who.key,
            name: who.name.clone(),
            upn: who.upn.clone(),
            roles: who.roles.clone(),
            staff: kind == SessionKind::Staff,
            authenticated_at: who.signed_in_at,
            since: now,
            seen_at: now,
            hint: who.login_hint.clone(),
        }
    }

    pub(super) fn login_hint(&self) -> Option<&str> {
        self.hint.as_deref()
    }

    /// Returns whether the session has one of the roles *and* was started for staff work. A person's own session grants
    /// no staff permission.
    pub(crate) fn has_any_role(&self, roles: &[StaffRole]) -> bool {
        self.staff && roles.iter().any(|role| self.roles.iter().any(|held| held == role.as_str()))
    }

    pub(crate) fn is_staff(&self) -> bool {
        self.staff
    }

    /// Returns whether the session is within its idle and absolute timeouts.
    fn is_active(&self, app: &AppState) -> bool {
        let now = app.now();
        let (idle, absolute) = self.timeout_seconds(app);
        // A last request in the future means that the clock was set back, so the session's age is unknown.
        self.seen_at <= now.later(MAX_CLOCK_SKEW)
            && now.duration_since(self.seen_at).as_secs() < idle
            && now.duration_since(self.since).as_secs() < absolute
    }

    /// Returns the idle and the absolute timeout in seconds. Staff sessions have shorter ones, because a shared
    /// workplace is left unattended more often than a phone.
    fn timeout_seconds(&self, app: &AppState) -> (i64, i64) {
        let (signin, desk) = (&app.config.signin, &app.config.helpdesk);
        if self.staff {
            (desk.idle_seconds.min(signin.idle_seconds), desk.absolute_seconds.min(signin.absolute_seconds))
        } else {
            (signin.idle_seconds, signin.absolute_seconds)
        }
    }

    /// Returns when the session expires without another request.
    pub(crate) fn expires_at(&self, app: &AppState) -> Timestamp {
        let (idle, absolute) = self.timeout_seconds(app);
        let after = |at: Timestamp, seconds| at.later(SignedDuration::from_secs(seconds));
        after(self.seen_at, idle).min(after(self.since, absolute))
    }
}

/// Part of a login that names its person. Separate, so that a login of another release still has an owner.
#[derive(Deserialize)]
struct LoginOwner {
    key: PersonKey,
}

/// Returns the person who is signed in to a session, for the session store.
pub(crate) fn read_session_owner(data: &SessionData) -> Option<PersonKey> {
    LoginOwner::deserialize(data.get(LOGIN_KEY)?).ok().map(|owner| owner.key)
}

fn session_store_error(error: &tower_sessions::session::Error) -> WebError {
    WebError::unavailable(error)
}

/// Loads the login of a session that has not timed out, and updates its last request.
pub(super) async fn load_and_touch_login(session: &Session, app: &AppState) -> Result<Option<LoginSession>, WebError> {
    load_login(session, app, SessionActivity::Person).await
}

/// Loads the login of a session that has not timed out. Activity of the person updates the last request.
pub(super) async fn load_login(
    session: &Session,
    app: &AppState,
    activity: SessionActivity,
) -> Result<Option<LoginSession>, WebError> {
    let remembered = session.id().and_then(|id| app.sessions.cached_value(id, LOGIN_KEY));
    let read = match remembered {
        Some(login) => Some(login),
        None => session.get::<LoginSession>(LOGIN_KEY).await.map_err(|e| session_store_error(&e))?,
    };
    let Some(mut login) = read else { return Ok(None) };
    if !login.is_active(app) {
        session.flush().await.map_err(|e| session_store_error(&e))?;
        return Ok(None);
    }
    let now = app.now();
    // A cached copy is not written back. It is loaded again within 30 seconds.
    if activity == SessionActivity::Person
        && now.duration_since(login.seen_at) > TOUCH_INTERVAL
        && !is_session_from_cache()
    {
        login.seen_at = now;
        session.insert(LOGIN_KEY, &login).await.map_err(|e| session_store_error(&e))?;
    }
    Ok(Some(login))
}

/// Stores the login under a new session id, which prevents session fixation.
pub(super) async fn begin_session(session: &Session, login: &LoginSession) -> Result<(), WebError> {
    session.cycle_id().await.map_err(|e| session_store_error(&e))?;
    session.insert(LOGIN_KEY, login).await.map_err(|e| session_store_error(&e))
}

/// Returns the id that binds sign-in attempts to this browser, and creates it if it is missing.
pub(super) async fn ensure_browser_id(session: &Session, app: &AppState) -> Result<String, WebError> {
    if let Some(known) = load_browser_id(session).await? {
        return Ok(known);
    }
    let fresh = app.random.token();
    session.insert(BROWSER_KEY, &fresh).await.map_err(|e| session_store_error(&e))?;
    Ok(fresh)
}

/// Loads the id that binds sign-in attempts to this browser, if there is one.
pub(super) async fn load_browser_id(session: &Session) -> Result<Option<String>, WebError> {
    session.get(BROWSER_KEY).await.map_err(|e| session_store_error(&e))
}

/// Ends the session, and with it every event stream that depends on it.
pub(crate) async fn end_session(session: &Session) -> Result<(), WebError> {
    session.flush().await.map_err(|e| session_store_error(&e))
}

/// Loads when a session expires without another request, for open event streams. Returns `None` if it has ended.
pub(super) async fn load_session_expiry(app: &AppState, row: &str) -> Result<Option<Timestamp>, StoreError> {
    let data = app.sessions.load_data(row).await?;
    let login =
        data.and_then(|data| data.get(LOGIN_KEY).cloned()).and_then(|v| serde_json::from_value::<LoginSession>(v).ok());
    Ok(login.filter(|login| login.is_active(app)).map(|login| login.expires_at(app)))
}

/// Extracts the session from a request.
pub(super) async fn extract_session(parts: &mut Parts, app: &AppState) -> Result<Session, WebError> {
    Session::from_request_parts(parts, app).await.map_err(|(_, text)| WebError::Internal(text.to_owned()))
}

/// Extractor for a person who is signed in as themselves. Without a login, a page redirects to the sign-in, and a form
/// returns the code `S-EXPIRED`.
pub(crate) struct SignedInPerson(pub(crate) LoginSession);

impl FromRequestParts<AppState> for SignedInPerson {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, Response> {
        let session = extract_session(parts, app).await.map_err(IntoResponse::into_response)?;
        // A staff session has another authentication context. To reset their own password, staff sign in as a person.
        match load_and_touch_login(&session, app)
            .await
            .map_err(IntoResponse::into_response)?
            .filter(|login| !login.staff)
        {
            Some(login) => Ok(Self(login)),
            // A person whom the helpdesk sent to `/account` returns there after signing in.
            None if parts.method == Method::GET && parts.uri.path().starts_with("/account") => {
                Err(Redirect::to("/signin?purpose=vouch").into_response())
            }
            None if parts.method == Method::GET => Err(Redirect::to("/signin").into_response()),
            None => Err(WebError::from(SignInRefusal::SessionExpired).into_response()),
        }
    }
}

/// Extractor for a viewer of resets: the person of the reset, or staff who can view the helpdesk. Anyone else gets the
/// same 404 as for an unknown reference.
pub(crate) struct ResetViewer {
    pub(crate) login: LoginSession,
    pub(crate) session: tower_sessions::session::Id,
    /// Whether the viewer is staff on a staff network.
    is_staff_viewer: bool,
}

impl ResetViewer {
    pub(crate) fn can_view(&self, person: PersonKey) -> bool {
        self.is_staff_viewer || self.login.key == person
    }
}

impl OptionalFromRequestParts<AppState> for ResetViewer {
    type Rejection = WebError;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Option<Self>, WebError> {
        let session = extract_session(parts, app).await?;
        let login = load_and_touch_login(&session, app).await?;
        Ok(login.zip(session.id()).map(|(login, session)| {
            let looks = login.has_any_role(ViewHelpdesk::ROLES) && is_staff_network(parts, app);
            Self { login, session, is_staff_viewer: looks }
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A login as the release before stored it in the session.
    const STORED_LOGIN: &str = r#"{
        "key": {"tenant": "c0de0000-7e5a-4f00-8000-00000000c0de", "object": "00000000-0000-4000-8000-000000000001"},
        "name": "Wanda", "upn": "wanda@contoso.example", "roles": ["Passback.Agent"], "staff": true,
        "authenticated_at": "2026-11-25T08:00:00Z", "since": "2026-11-25T08:00:01Z",
        "seen_at": "2026-11-25T08:05:00Z", "hint": null
    }"#;

    #[test]
    fn login_of_release_before_is_readable() {
        let login: LoginSession = serde_json::from_str(STORED_LOGIN).unwrap();
        assert!(
            login.is_staff() && login.has_any_role(&[StaffRole::Agent]) && !login.has_any_role(&[StaffRole::Admin])
        );
        assert_eq!(
            serde_json::to_value(&login).unwrap(),
            serde_json::from_str::<serde_json::Value>(STORED_LOGIN).unwrap()
        );
    }

    #[test]
    fn owner_is_read_from_login_only() {
        let stored: serde_json::Value = serde_json::from_str(STORED_LOGIN).unwrap();
        let owner = read_session_owner(&[(LOGIN_KEY.to_owned(), stored)].into()).unwrap();
        assert_eq!(owner.to_string(), "c0de0000-7e5a-4f00-8000-00000000c0de/00000000-0000-4000-8000-000000000001");
        assert_eq!(read_session_owner(&[(BROWSER_KEY.to_owned(), "x".into())].into()), None);
    }
}
