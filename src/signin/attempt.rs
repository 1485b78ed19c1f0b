//! One sign-in under way: bound to the browser, with one purpose, which is all its callback obeys.

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

/// What a sign-in is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Purpose {
    Person,
    Staff,
    Operator,
    /// Comes back to one reset and never to a session.
    Finish,
    /// To answer the helpdesk: as strong as a person's own, and it leads to the questions.
    Vouch,
    /// An agent's own permission, for one thing of one case.
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

    /// The context it must satisfy. The operator's account signs in with whatever it has: its role is judged instead.
    /// A finishing sign-in is made with the password.
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

    /// Whether somebody is there to answer a claims challenge to the token that comes of it.
    fn capable(self) -> bool {
        self == Self::Act
    }
}

/// What the callback needs to know again. Kept sealed.
#[derive(Serialize, Deserialize)]
pub(super) struct Attempt {
    pub(super) purpose: Purpose,
    pub(super) nonce: String,
    pub(super) verifier: String,
    /// This is the one repetition after a missing context.
    pub(super) step_up: bool,
    /// Of a finishing sign-in: what it finishes.
    #[serde(default)]
    pub(super) finishing: Option<Finishing>,
    /// Of an agent's: what is to be done.
    #[serde(default)]
    pub(super) acting: Option<Acting>,
    #[serde(default)]
    challenge: Option<Challenge>,
    /// What the token has to have, asked for again when it is fetched.
    #[serde(default)]
    pub(super) claims: Option<String>,
}

impl Attempt {
    fn new(app: &App, purpose: Purpose) -> Self {
        let (nonce, verifier) = (app.random.token(), app.random.token());
        Self { purpose, nonce, verifier, step_up: false, finishing: None, acting: None, challenge: None, claims: None }
    }
}

/// Begins an attempt and answers with the way to Entra.
pub(super) async fn begin(app: &App, session: &Session, purpose: Purpose) -> Result<Redirect, Error> {
    send_off(app, session, Attempt::new(app, purpose), None).await
}

/// Once more, after a missing context, for the same.
pub(super) async fn step_up(app: &App, session: &Session, last: Attempt, upn: &str) -> Result<Redirect, Error> {
    let Attempt { purpose, acting, challenge, .. } = last;
    let attempt = Attempt { step_up: true, acting, challenge, ..Attempt::new(app, purpose) };
    send_off(app, session, attempt, Some(upn)).await
}

/// Sends an agent, who acts with their own permission, to Entra for a token. `challenge`: what the last one lacked.
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

/// Begins a finishing sign-in.
pub(super) async fn begin_finishing(
    app: &App,
    session: &Session,
    finishing: Finishing,
    upn: &str,
) -> Result<Redirect, Error> {
    let attempt = Attempt { finishing: Some(finishing), ..Attempt::new(app, Purpose::Finish) };
    send_off(app, session, attempt, Some(upn)).await
}

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
        tracing::warn!(cause = ?error, "nobody can be sent to Entra");
        Error::from(SignInRefused::Entra)
    })?;
    attempt.claims = claims.filter(|_| purpose.capable());
    let data = serde_json::to_vec(&attempt).map_err(|e| Error::internal(&e))?;
    app.attempts.add(&state, &browser, &StoredAttempt { purpose: purpose.name().to_owned(), data }, app.now()).await?;
    Ok(Redirect::to(url.as_str()))
}
