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

use super::acting::{self, ActionHandler};
use super::attempt::{self, SignInAttempt, SignInPurpose};
use super::finish;
use super::refusals::SignInRefusal;
use super::session::{self, LoginSession};
use super::staff::{StaffPermission as _, StaffRole, ViewHelpdesk};
use super::verdict::{PersonCoverage, PolicyAssessor};
use crate::audit::{AuditActor, AuditEvent};
use crate::base::Secret;
use crate::entra::{AuthorizedSignIn, SignInError, VerifiedIdentity, aadsts_codes};
use crate::state::AppState;
use crate::web::{ClientAddress, WebError};

/// Maximum time that `auth_time` can be ahead of the portal's clock.
const SKEW: SignedDuration = SignedDuration::from_secs(300);

#[derive(Deserialize)]
pub(super) struct CallbackQuery {
    state: Option<String>,
    code: Option<Secret>,
    error: Option<String>,
    error_description: Option<String>,
}

pub(super) async fn callback(
    State(app): State<AppState>,
    session: Session,
    address: ClientAddress,
    Query(back): Query<CallbackQuery>,
    (Extension(action_handler), parts): (Extension<ActionHandler>, Parts),
) -> Result<Response, WebError> {
    address.count(&app, "signin").await?;
    let attempt = find_attempt(&app, &session, back.state.as_deref()).await?;
    if let Some(error) = back.error {
        let code = aadsts_codes(back.error_description.as_deref().unwrap_or("")).first().copied();
        tracing::info!(error, aadsts = code, "sign-in rejected by Entra");
        if let Some(finishing) = &attempt.finishing {
            return Ok(Redirect::to(&finishing.page()).into_response());
        }
        return refuse(&app, SignInRefusal::from_error(&error, code), None, code).await;
    }
    let code = back.code.ok_or(SignInRefusal::Attempt)?;
    let verifier = Secret::new(attempt.verifier.clone());
    let proof = (attempt.nonce.as_str(), &verifier);
    let who = match app.entra.oidc.redeem(code.expose_secret(), proof, attempt.claims.as_deref()).await {
        Ok(who) => who,
        Err(error) => {
            tracing::warn!(error = ?error, "sign-in callback failed: code exchange or id token rejected");
            let refused = match &error {
                SignInError::Token(error) => SignInRefusal::from(error),
                SignInError::Identity(error) => SignInRefusal::from(error),
            };
            let code = if let SignInError::Token(error) = &error { error.code() } else { None };
            return refuse(&app, refused, None, code).await;
        }
    };
    if attempt.purpose == SignInPurpose::Finish {
        return finished(&app, &attempt, &who.identity).await;
    }
    match judge(&app, &attempt, &who.identity).await? {
        CallbackDecision::Good if attempt.purpose == SignInPurpose::Act => {
            acting::returned(app, session, parts, (attempt.acting, who), action_handler).await
        }
        CallbackDecision::Good => go_on(&app, &session, attempt.purpose, who).await,
        CallbackDecision::StepUp => {
            Ok(attempt::step_up(&app, &session, attempt, &who.identity.upn).await?.into_response())
        }
        CallbackDecision::Refused(refused) => refuse(&app, refused, Some(&who.identity), None).await,
    }
}

/// Takes the stored attempt of this browser. Each attempt can be used once.
async fn find_attempt(app: &AppState, session: &Session, state: Option<&str>) -> Result<SignInAttempt, WebError> {
    let browser = session::known_browser(session).await?.ok_or(SignInRefusal::Attempt)?;
    let stored = app.attempts.take(state.unwrap_or(""), &browser, app.now()).await?.ok_or(SignInRefusal::Attempt)?;
    serde_json::from_slice(&stored.data).map_err(|e| WebError::internal(&e))
}

/// Completes a finishing sign-in. Does not change the session, so the person keeps the rights that they had before.
async fn finished(app: &AppState, attempt: &SignInAttempt, who: &VerifiedIdentity) -> Result<Response, WebError> {
    let Some(finishing) = &attempt.finishing else { return Err(SignInRefusal::Attempt.into()) };
    if who.key != finishing.person {
        return refuse(app, SignInRefusal::SomebodyElse, Some(who), None).await;
    }
    let event = AuditEvent::new("finish.returned", AuditActor::Person(who.key)).about(who.key).reset(finishing.reset);
    app.auditor.note(event).await?;
    finish::returned(&app.db, finishing.reset, app.now()).await?;
    Ok(Redirect::to(&finishing.page()).into_response())
}

enum CallbackDecision {
    Good,
    StepUp,
    Refused(SignInRefusal),
}

/// Checks guest status, sign-in method and age, the authentication context, and the policy that enforces it.
async fn judge(app: &AppState, attempt: &SignInAttempt, who: &VerifiedIdentity) -> Result<CallbackDecision, WebError> {
    let settings = &app.config.signin;
    if who.guest && !settings.allow_guests {
        return Ok(CallbackDecision::Refused(SignInRefusal::Guest));
    }
    if who.by_password && attempt.purpose != SignInPurpose::Operator {
        return Ok(CallbackDecision::Refused(SignInRefusal::Password));
    }
    let age = app.now().duration_since(who.signed_in_at);
    if age.as_secs() > settings.max_age_seconds || age < -SKEW {
        return Ok(CallbackDecision::Refused(SignInRefusal::Stale));
    }
    let Some(context) = attempt.purpose.context(app) else { return Ok(CallbackDecision::Good) };
    if !who.contexts.iter().any(|c| c == context) {
        return Ok(if attempt.step_up {
            CallbackDecision::Refused(SignInRefusal::Context)
        } else {
            CallbackDecision::StepUp
        });
    }
    if settings.accept_unverified_policy {
        return Ok(CallbackDecision::Good);
    }
    Ok(match PolicyAssessor::from_ref(app).covers(context, who.key.object, who.guest).await? {
        PersonCoverage::Yes => CallbackDecision::Good,
        PersonCoverage::Excluded => CallbackDecision::Refused(SignInRefusal::Excluded),
        PersonCoverage::NoPolicy => CallbackDecision::Refused(SignInRefusal::Policy),
    })
}

/// Starts the session of an accepted sign-in and redirects by purpose.
async fn go_on(
    app: &AppState,
    session: &Session,
    purpose: SignInPurpose,
    who: AuthorizedSignIn,
) -> Result<Response, WebError> {
    match purpose {
        SignInPurpose::Person => {
            begin(app, session, &who.identity, false).await?;
            Ok(Redirect::to("/reset").into_response())
        }
        SignInPurpose::Vouch => {
            begin(app, session, &who.identity, false).await?;
            Ok(Redirect::to("/account").into_response())
        }
        SignInPurpose::Staff
            if StaffRole::ALL.iter().any(|role| who.identity.roles.iter().any(|r| r == role.claim())) =>
        {
            let login = begin(app, session, &who.identity, true).await?;
            let first = if login.may(ViewHelpdesk::ROLES) { "/helpdesk" } else { "/admin/operator" };
            Ok(Redirect::to(first).into_response())
        }
        SignInPurpose::Staff => refuse(app, SignInRefusal::NoRole, Some(&who.identity), None).await,
        SignInPurpose::Operator => super::operator::signed_in(app, session, who).await,
        SignInPurpose::Finish | SignInPurpose::Act => Err(SignInRefusal::Attempt.into()),
    }
}

/// Records the accepted sign-in in the audit log and starts the session.
async fn begin(
    app: &AppState,
    session: &Session,
    who: &VerifiedIdentity,
    staff: bool,
) -> Result<LoginSession, WebError> {
    let login = LoginSession::new(who, staff, app.now());
    let actor = if staff { AuditActor::Staff(who.key) } else { AuditActor::Person(who.key) };
    let event =
        AuditEvent::new("signin.accepted", actor).about(who.key).with("staff", staff).personal("upn", who.upn.clone());
    // The audit log keeps which roles a staff member held. `doctor` counts the approvers from it.
    let held: Vec<&str> = StaffRole::ALL
        .iter()
        .map(|role| role.claim())
        .filter(|claim| who.roles.iter().any(|role| role == claim))
        .collect();
    app.auditor.note(if staff { event.with("roles", held) } else { event }).await?;
    session::begin(session, &login).await?;
    Ok(login)
}

/// Records a refused sign-in in the audit log and returns the refusal.
pub(super) async fn refuse(
    app: &AppState,
    refused: SignInRefusal,
    who: Option<&VerifiedIdentity>,
    aadsts: Option<u32>,
) -> Result<Response, WebError> {
    let event = AuditEvent::new("signin.refused", who.map_or(AuditActor::Portal, |w| AuditActor::Person(w.key)))
        .with("code", refused.code())
        .with("aadsts", aadsts);
    let event = who.map_or(event.clone(), |w| event.about(w.key).personal("upn", w.upn.clone()));
    app.auditor.note(event).await?;
    Err(refused.into())
}
