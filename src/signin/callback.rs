//! Handles the callback from Entra.
//!
//! The stored attempt decides the purpose of the sign-in. Nothing in the request can change it.

use axum::Extension;
use axum::extract::{FromRef as _, Query, State};
use axum::http::request::Parts;
use axum::response::{IntoResponse, Redirect, Response};
use jiff::SignedDuration;
use serde::Deserialize;
use tower_sessions::Session;

use super::acting::{self, CarryOut};
use super::attempt::{self, Attempt, Purpose};
use super::finish;
use super::refusals::SignInRefused;
use super::session::{self, Login};
use super::staff::{Look, Permission as _, Role};
use super::verdict::{Covered, Verdicts};
use crate::audit::{Actor, Event};
use crate::base::Secret;
use crate::entra::{Authorized, Identity, SignInFailed, aadsts_codes};
use crate::state::App;
use crate::web::{ClientAddress, Error};

/// Maximum time that `auth_time` can be ahead of the portal's clock.
const SKEW: SignedDuration = SignedDuration::from_secs(300);

#[derive(Deserialize)]
pub(super) struct Callback {
    state: Option<String>,
    code: Option<Secret>,
    error: Option<String>,
    error_description: Option<String>,
}

pub(super) async fn callback(
    State(app): State<App>,
    session: Session,
    address: ClientAddress,
    Query(back): Query<Callback>,
    (Extension(action_handler), parts): (Extension<CarryOut>, Parts),
) -> Result<Response, Error> {
    address.count(&app, "signin").await?;
    let attempt = find_attempt(&app, &session, back.state.as_deref()).await?;
    if let Some(error) = back.error {
        let code = aadsts_codes(back.error_description.as_deref().unwrap_or("")).first().copied();
        tracing::info!(error, aadsts = code, "sign-in rejected by Entra");
        if let Some(finishing) = &attempt.finishing {
            return Ok(Redirect::to(&finishing.page()).into_response());
        }
        return refuse(&app, SignInRefused::from_error(&error, code), None, code).await;
    }
    let code = back.code.ok_or(SignInRefused::Attempt)?;
    let verifier = Secret::new(attempt.verifier.clone());
    let proof = (attempt.nonce.as_str(), &verifier);
    let who = match app.entra.oidc.redeem(code.expose_secret(), proof, attempt.claims.as_deref()).await {
        Ok(who) => who,
        Err(error) => {
            tracing::warn!(error = ?error, "sign-in callback failed: code exchange or id token rejected");
            let refused = match &error {
                SignInFailed::Token(error) => SignInRefused::from(error),
                SignInFailed::Identity(error) => SignInRefused::from(error),
            };
            let code = if let SignInFailed::Token(error) = &error { error.code() } else { None };
            return refuse(&app, refused, None, code).await;
        }
    };
    if attempt.purpose == Purpose::Finish {
        return finished(&app, &attempt, &who.identity).await;
    }
    match judge(&app, &attempt, &who.identity).await? {
        Judged::Good if attempt.purpose == Purpose::Act => {
            acting::returned(app, session, parts, (attempt.acting, who), action_handler).await
        }
        Judged::Good => go_on(&app, &session, attempt.purpose, who).await,
        Judged::StepUp => Ok(attempt::step_up(&app, &session, attempt, &who.identity.upn).await?.into_response()),
        Judged::Refused(refused) => refuse(&app, refused, Some(&who.identity), None).await,
    }
}

/// Takes the stored attempt of this browser. Each attempt can be used once.
async fn find_attempt(app: &App, session: &Session, state: Option<&str>) -> Result<Attempt, Error> {
    let browser = session::known_browser(session).await?.ok_or(SignInRefused::Attempt)?;
    let stored = app.attempts.take(state.unwrap_or(""), &browser, app.now()).await?.ok_or(SignInRefused::Attempt)?;
    serde_json::from_slice(&stored.data).map_err(|e| Error::internal(&e))
}

/// Completes a finishing sign-in. Does not change the session, so the person keeps the rights that they had before.
async fn finished(app: &App, attempt: &Attempt, who: &Identity) -> Result<Response, Error> {
    let Some(finishing) = &attempt.finishing else { return Err(SignInRefused::Attempt.into()) };
    if who.key != finishing.person {
        return refuse(app, SignInRefused::SomebodyElse, Some(who), None).await;
    }
    let event = Event::new("finish.returned", Actor::Person(who.key)).about(who.key).reset(finishing.reset);
    app.auditor.note(event).await?;
    finish::returned(&app.db, finishing.reset, app.now()).await?;
    Ok(Redirect::to(&finishing.page()).into_response())
}

enum Judged {
    Good,
    StepUp,
    Refused(SignInRefused),
}

/// Checks guest status, sign-in method and age, the authentication context, and the policy that enforces it.
async fn judge(app: &App, attempt: &Attempt, who: &Identity) -> Result<Judged, Error> {
    let settings = &app.config.signin;
    if who.guest && !settings.allow_guests {
        return Ok(Judged::Refused(SignInRefused::Guest));
    }
    if who.by_password && attempt.purpose != Purpose::Operator {
        return Ok(Judged::Refused(SignInRefused::Password));
    }
    let age = app.now().duration_since(who.signed_in_at);
    if age.as_secs() > settings.max_age_seconds || age < -SKEW {
        return Ok(Judged::Refused(SignInRefused::Stale));
    }
    let Some(context) = attempt.purpose.context(app) else { return Ok(Judged::Good) };
    if !who.contexts.iter().any(|c| c == context) {
        return Ok(if attempt.step_up { Judged::Refused(SignInRefused::Context) } else { Judged::StepUp });
    }
    if settings.accept_unverified_policy {
        return Ok(Judged::Good);
    }
    Ok(match Verdicts::from_ref(app).covers(context, who.key.object, who.guest).await? {
        Covered::Yes => Judged::Good,
        Covered::Excluded => Judged::Refused(SignInRefused::Excluded),
        Covered::NoPolicy => Judged::Refused(SignInRefused::Policy),
    })
}

/// Starts the session of an accepted sign-in and redirects by purpose.
async fn go_on(app: &App, session: &Session, purpose: Purpose, who: Authorized) -> Result<Response, Error> {
    match purpose {
        Purpose::Person => {
            begin(app, session, &who.identity, false).await?;
            Ok(Redirect::to("/reset").into_response())
        }
        Purpose::Vouch => {
            begin(app, session, &who.identity, false).await?;
            Ok(Redirect::to("/account").into_response())
        }
        Purpose::Staff if Role::ALL.iter().any(|role| who.identity.roles.iter().any(|r| r == role.claim())) => {
            let login = begin(app, session, &who.identity, true).await?;
            let first = if login.may(Look::ROLES) { "/helpdesk" } else { "/admin/operator" };
            Ok(Redirect::to(first).into_response())
        }
        Purpose::Staff => refuse(app, SignInRefused::NoRole, Some(&who.identity), None).await,
        Purpose::Operator => super::operator::signed_in(app, session, who).await,
        Purpose::Finish | Purpose::Act => Err(SignInRefused::Attempt.into()),
    }
}

/// Records the accepted sign-in in the audit log and starts the session.
async fn begin(app: &App, session: &Session, who: &Identity, staff: bool) -> Result<Login, Error> {
    let login = Login::new(who, staff, app.now());
    let actor = if staff { Actor::Staff(who.key) } else { Actor::Person(who.key) };
    let event =
        Event::new("signin.accepted", actor).about(who.key).with("staff", staff).personal("upn", who.upn.clone());
    // The audit log keeps which roles a staff member held. `doctor` counts the approvers from it.
    let held: Vec<&str> =
        Role::ALL.iter().map(|role| role.claim()).filter(|claim| who.roles.iter().any(|role| role == claim)).collect();
    app.auditor.note(if staff { event.with("roles", held) } else { event }).await?;
    session::begin(session, &login).await?;
    Ok(login)
}

/// Records a refused sign-in in the audit log and returns the refusal.
pub(super) async fn refuse(
    app: &App,
    refused: SignInRefused,
    who: Option<&Identity>,
    aadsts: Option<u32>,
) -> Result<Response, Error> {
    let event = Event::new("signin.refused", who.map_or(Actor::Portal, |w| Actor::Person(w.key)))
        .with("code", refused.code())
        .with("aadsts", aadsts);
    let event = who.map_or(event.clone(), |w| event.about(w.key).personal("upn", w.upn.clone()));
    app.auditor.note(event).await?;
    Err(refused.into())
}
