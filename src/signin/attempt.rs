//! Sign-in attempts: starts a sign-in at Entra and stores what its callback needs.
//!
//! An attempt is bound to one browser and has one purpose. The callback follows only this stored purpose.

use axum::response::Redirect;
use serde::{Deserialize, Serialize};
use tower_sessions::Session;

use super::acting::Acting;
use super::finish::Finishing;
use super::refusals::SignInRefused;
use super::session::browser;
use crate::base::Secret;
use crate::entra::{AGENT_SCOPES, Authorize, Challenge};
use crate::state::App;
use crate::store::StoredAttempt;
use crate::web::Error;

/// Purpose of a sign-in. The stored names are the lower-case variant names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Purpose {
    Person,
    Staff,
    Operator,
    /// Finishing sign-in of one reset. Never creates a session.
    Finish,
    /// Sign-in to answer a verification request of the helpdesk: as strong as [`Self::Person`], and leads to
    /// `/account`.
    Vouch,
    /// Sign-in of an agent for a token of their own, for one action of one case.
    Act,
}

impl Purpose {
    fn name(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Staff => "staff",
            Self::Operator => "operator",
            Self::Finish => "finish",
            Self::Vouch => "vouch",
            Self::Act => "act",
        }
    }

    /// Returns the authentication context that the sign-in must satisfy. The operator can sign in with any method,
    /// because its role is checked instead. A finishing sign-in uses the password.
    pub(super) fn context(self, app: &App) -> Option<&str> {
        match self {
            Self::Person | Self::Vouch => Some(&app.config.signin.required_context),
            Self::Staff | Self::Act => Some(&app.config.signin.staff_context),
            Self::Operator | Self::Finish => None,
        }
    }

    fn scopes(self, app: &App) -> &'static [&'static str] {
        match self {
            Self::Person | Self::Staff | Self::Finish | Self::Vouch => &[],
            Self::Operator => app.entra.operators.scopes(),
            Self::Act => &AGENT_SCOPES,
        }
    }

    /// Returns whether a user is present to answer a claims challenge to the resulting token.
    fn capable(self) -> bool {
        self == Self::Act
    }
}

/// State that the callback needs. Stored sealed as JSON, so the field names are part of the format.
#[derive(Serialize, Deserialize)]
pub(super) struct Attempt {
    pub(super) purpose: Purpose,
    pub(super) nonce: String,
    pub(super) verifier: String,
    /// Whether this attempt is the single repetition after a missing authentication context.
    pub(super) step_up: bool,
    /// Reset of a finishing sign-in.
    #[serde(default)]
    pub(super) finishing: Option<Finishing>,
    /// Pending action of an agent's sign-in.
    #[serde(default)]
    pub(super) acting: Option<Acting>,
    #[serde(default)]
    challenge: Option<Challenge>,
    /// Value of the `claims` parameter, sent again with the token request.
    #[serde(default)]
    pub(super) claims: Option<String>,
}

impl Attempt {
    fn new(app: &App, purpose: Purpose) -> Self {
        let (nonce, verifier) = (app.random.token(), app.random.token());
        Self { purpose, nonce, verifier, step_up: false, finishing: None, acting: None, challenge: None, claims: None }
    }
}

/// Starts a sign-in and returns the redirect to Entra.
pub(super) async fn begin(app: &App, session: &Session, purpose: Purpose) -> Result<Redirect, Error> {
    send_off(app, session, Attempt::new(app, purpose), None).await
}

/// Repeats a sign-in for the same purpose, after a missing authentication context.
pub(super) async fn step_up(app: &App, session: &Session, last: Attempt, upn: &str) -> Result<Redirect, Error> {
    let Attempt { purpose, acting, challenge, .. } = last;
    let attempt = Attempt { step_up: true, acting, challenge, ..Attempt::new(app, purpose) };
    send_off(app, session, attempt, Some(upn)).await
}

/// Redirects an agent to Entra for a token of their own. `challenge` is the claims challenge to the last token, if any.
pub(crate) async fn begin_acting(
    app: &App,
    session: &Session,
    acting: Acting,
    challenge: Option<Challenge>,
    upn: &str,
) -> Result<Redirect, Error> {
    let attempt = Attempt { acting: Some(acting), challenge, ..Attempt::new(app, Purpose::Act) };
    send_off(app, session, attempt, Some(upn)).await
}

/// Starts a finishing sign-in.
pub(super) async fn begin_finishing(
    app: &App,
    session: &Session,
    finishing: Finishing,
    upn: &str,
) -> Result<Redirect, Error> {
    let attempt = Attempt { finishing: Some(finishing), ..Attempt::new(app, Purpose::Finish) };
    send_off(app, session, attempt, Some(upn)).await
}

/// Stores the attempt and returns the redirect to Entra.
async fn send_off(app: &App, session: &Session, mut attempt: Attempt, hint: Option<&str>) -> Result<Redirect, Error> {
    let purpose = attempt.purpose;
    let browser = browser(session, app).await?;
    let state = app.random.token();
    let verifier = Secret::new(attempt.verifier.clone());
    let claims = Challenge::parameter(purpose.context(app), purpose.capable(), attempt.challenge.as_ref());
    let with = Authorize {
        state: &state,
        nonce: &attempt.nonce,
        verifier: &verifier,
        scopes: purpose.scopes(app),
        claims: claims.as_deref(),
        login_hint: hint,
    };
    let url = app.entra.oidc.authorize(&with).await.map_err(|error| {
        tracing::warn!(error = ?error, "redirect to Entra failed: discovery unavailable");
        Error::from(SignInRefused::Entra)
    })?;
    attempt.claims = claims.filter(|_| purpose.capable());
    let data = serde_json::to_vec(&attempt).map_err(|e| Error::internal(&e))?;
    app.attempts.add(&state, &browser, &StoredAttempt { purpose: purpose.name().to_owned(), data }, app.now()).await?;
    Ok(Redirect::to(url.as_str()))
}
