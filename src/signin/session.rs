//! The typed session, and the extractors that stand for a permission: a handler without one is visibly public.

use axum::extract::{FromRequestParts, OptionalFromRequestParts};
use axum::http::Method;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Redirect, Response};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use tower_sessions::Session;

use super::refusals::SignInRefused;
use super::staff::{self, Look, Permission as _, Role};
use crate::base::PersonKey;
use crate::state::App;
use crate::store::{StoreError, session_is_from_memory};
use crate::web::Error;

const LOGIN: &str = "login";
const BROWSER: &str = "browser";
/// The last request's time is written no more often than this.
const TOUCH: SignedDuration = SignedDuration::from_secs(120);

/// Clocks of replicas may differ by this.
const SKEW: SignedDuration = SignedDuration::from_mins(5);

/// Who is signed in.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Login {
    pub(crate) key: PersonKey,
    pub(crate) name: String,
    pub(crate) upn: String,
    roles: Vec<String>,
    /// Signed in for staff work, with the staff context.
    staff: bool,
    /// When Entra saw the person.
    pub(crate) authenticated_at: Timestamp,
    since: Timestamp,
    seen_at: Timestamp,
    hint: Option<String>,
}

impl Login {
    pub(super) fn new(who: &crate::entra::Identity, staff: bool, now: Timestamp) -> Self {
        Self {
            key: who.key,
            name: who.name.clone(),
            upn: who.upn.clone(),
            roles: who.roles.clone(),
            staff,
            authenticated_at: who.signed_in_at,
            since: now,
            seen_at: now,
            hint: who.login_hint.clone(),
        }
    }

    pub(super) fn hint(&self) -> Option<&str> {
        self.hint.as_deref()
    }

    /// Whether the session holds a role *and* was begun for staff work: a person's own session gives no power.
    pub(crate) fn may(&self, roles: &[Role]) -> bool {
        self.staff && roles.iter().any(|role| self.roles.iter().any(|held| held == role.claim()))
    }

    pub(crate) fn is_staff(&self) -> bool {
        self.staff
    }

    fn alive(&self, app: &App) -> bool {
        let now = app.now();
        let (idle, absolute) = self.limits(app);
        // Seen in the future: the clock was set back, and how old this is cannot be told.
        self.seen_at <= now.saturating_add(SKEW).unwrap_or(now)
            && now.duration_since(self.seen_at).as_secs() < idle
            && now.duration_since(self.since).as_secs() < absolute
    }

    /// Seconds without a request, and in all. A desk is left alone more often than a telephone.
    fn limits(&self, app: &App) -> (i64, i64) {
        let (signin, desk) = (&app.config.signin, &app.config.helpdesk);
        if self.staff {
            (desk.idle_seconds.min(signin.idle_seconds), desk.absolute_seconds.min(signin.absolute_seconds))
        } else {
            (signin.idle_seconds, signin.absolute_seconds)
        }
    }

    /// When it is over if nothing more is asked.
    pub(crate) fn ends(&self, app: &App) -> Timestamp {
        let (idle, absolute) = self.limits(app);
        let after = |at: Timestamp, seconds| at.saturating_add(SignedDuration::from_secs(seconds)).unwrap_or(at);
        after(self.seen_at, idle).min(after(self.since, absolute))
    }
}

fn backend(error: &tower_sessions::session::Error) -> Error {
    Error::unavailable(error)
}

/// The session's login, if it is there and within its limits by our clock.
pub(super) async fn login(session: &Session, app: &App) -> Result<Option<Login>, Error> {
    look(session, app, true).await
}

/// The same; what a page asks for by itself is no sign of life, and `touch` is false.
pub(super) async fn look(session: &Session, app: &App, touch: bool) -> Result<Option<Login>, Error> {
    let remembered = session.id().and_then(|id| app.sessions.remembered(id, LOGIN));
    let read = match remembered {
        Some(login) => Some(login),
        None => session.get::<Login>(LOGIN).await.map_err(|e| backend(&e))?,
    };
    let Some(mut login) = read else { return Ok(None) };
    if !login.alive(app) {
        session.flush().await.map_err(|e| backend(&e))?;
        return Ok(None);
    }
    let now = app.now();
    // A copy from memory is not written back; it is read anew within half a minute.
    if touch && now.duration_since(login.seen_at) > TOUCH && !session_is_from_memory() {
        login.seen_at = now;
        session.insert(LOGIN, &login).await.map_err(|e| backend(&e))?;
    }
    Ok(Some(login))
}

/// A new session id for somebody who just proved who they are.
pub(super) async fn begin(session: &Session, login: &Login) -> Result<(), Error> {
    session.cycle_id().await.map_err(|e| backend(&e))?;
    session.insert(LOGIN, login).await.map_err(|e| backend(&e))
}

/// What binds attempts to this browser; made at need.
pub(super) async fn browser(session: &Session, app: &App) -> Result<String, Error> {
    if let Some(known) = known_browser(session).await? {
        return Ok(known);
    }
    let fresh = app.random.token();
    session.insert(BROWSER, &fresh).await.map_err(|e| backend(&e))?;
    Ok(fresh)
}

pub(super) async fn known_browser(session: &Session) -> Result<Option<String>, Error> {
    session.get(BROWSER).await.map_err(|e| backend(&e))
}

/// Ends the session, here and for every stream that hangs on it.
pub(crate) async fn end_session(session: &Session) -> Result<(), Error> {
    session.flush().await.map_err(|e| backend(&e))
}

/// Until when a login lives without another request; `None`: it is over. What open streams hang on.
pub(super) async fn session_ends(app: &App, row: &str) -> Result<Option<Timestamp>, StoreError> {
    let data = app.sessions.read(row).await?;
    let login = data.and_then(|data| data.get(LOGIN).cloned()).and_then(|v| serde_json::from_value::<Login>(v).ok());
    Ok(login.filter(|login| login.alive(app)).map(|login| login.ends(app)))
}

pub(super) async fn session_of(parts: &mut Parts, app: &App) -> Result<Session, Error> {
    Session::from_request_parts(parts, app).await.map_err(|(_, text)| Error::Internal(text.to_owned()))
}

/// Somebody signed in as themselves. Without: a page goes to sign in, a form says that nothing was sent.
pub(crate) struct SignedIn(pub(crate) Login);

impl FromRequestParts<App> for SignedIn {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Response> {
        let session = session_of(parts, app).await.map_err(IntoResponse::into_response)?;
        // A staff session was begun with another context: for one's own password one signs in as oneself.
        match login(&session, app).await.map_err(IntoResponse::into_response)?.filter(|login| !login.staff) {
            Some(login) => Ok(Self(login)),
            // Whoever was sent here by the helpdesk comes back here.
            None if parts.method == Method::GET && parts.uri.path().starts_with("/account") => {
                Err(Redirect::to("/signin?purpose=vouch").into_response())
            }
            None if parts.method == Method::GET => Err(Redirect::to("/signin").into_response()),
            None => Err(Error::from(SignInRefused::Expired).into_response()),
        }
    }
}

/// Somebody who may look at resets: the person themselves, or staff who may read. Everybody else gets the same 404
/// as for an unknown reference.
pub(crate) struct Viewer {
    pub(crate) login: Login,
    pub(crate) session: tower_sessions::session::Id,
    /// Staff, from where staff may work.
    looks: bool,
}

impl Viewer {
    pub(crate) fn may_see(&self, person: PersonKey) -> bool {
        self.looks || self.login.key == person
    }
}

impl OptionalFromRequestParts<App> for Viewer {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Option<Self>, Error> {
        let session = session_of(parts, app).await?;
        let login = login(&session, app).await?;
        Ok(login.zip(session.id()).map(|(login, session)| {
            let looks = login.may(Look::ROLES) && staff::from_here(parts, app);
            Self { login, session, looks }
        }))
    }
}
