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

use crate::audit::{AuditActor, AuditEvent};
use crate::base::Secret;
use crate::conditional_access::{PersonCoverage, PolicyAssessor};
use crate::entra::{
    AadstsCode, AuthorizedSignIn, CodeRedemption, OauthErrorCode, SignInError, VerifiedIdentity, parse_aadsts_codes,
};
use crate::signin::agent_action::{self, AgentReturn};
use crate::signin::attempt::{self, SignInAttempt, SignInPurpose};
use crate::signin::finishing_store;
use crate::signin::handlers::{CallbackHandlers, OperatorSignIn};
use crate::signin::permissions::{StaffPermission as _, StaffRole, ViewHelpdesk};
use crate::signin::refusals::{SignInRefusal, refuse_sign_in};
use crate::signin::session::{self, LoginSession, SessionKind};
use crate::state::AppState;
use crate::web::{ClientAddress, WebError};

/// Maximum time that `auth_time` can be ahead of the portal's clock.
const MAX_CLOCK_SKEW: SignedDuration = SignedDuration::from_secs(300);

#[derive(Deserialize)]
pub(super) struct CallbackQuery {
    state: Option<String>,
    code: Option<Secret>,
    error: Option<OauthErrorCode>,
    error_description: Option<String>,
}

pub(super) async fn handle_callback(
    State(app): State<AppState>,
    session: Session,
    address: ClientAddress,
    Query(back): Query<CallbackQuery>,
    Extension(handlers): Extension<CallbackHandlers>,
    parts: Parts,
) -> Result<Response, WebError> {
    address.check_rate_limit(&app, "signin").await?;
    let attempt = take_attempt(&app, &session, back.state.as_deref()).await?;
    if let Some(error) = back.error {
        let code = parse_aadsts_codes(back.error_description.as_deref().unwrap_or("")).first().copied();
        tracing::info!(error = error.as_str(), aadsts = code.map(AadstsCode::number), "sign-in rejected by Entra");
        if let Some(finishing) = &attempt.finishing {
            return Ok(Redirect::to(&finishing.return_path()).into_response());
        }
        return refuse_sign_in(&app, SignInRefusal::from_oauth_error(&error, code), None, code).await;
    }
    let code = back.code.ok_or(SignInRefusal::NoAttempt)?;
    let verifier = Secret::new(attempt.verifier.clone());
    let redemption = CodeRedemption {
        code: &code,
        nonce: &attempt.nonce,
        pkce_verifier: &verifier,
        claims: attempt.claims.as_deref(),
    };
    let who = match app.entra.oidc.redeem_code(redemption).await {
        Ok(who) => who,
        Err(error) => {
            tracing::warn!(error = ?error, "sign-in callback failed: code exchange or id token rejected");
            let refused = match &error {
                SignInError::Token(error) => SignInRefusal::from(error),
                SignInError::Identity(error) => SignInRefusal::from(error),
            };
            let code = if let SignInError::Token(error) = &error { error.aadsts_code() } else { None };
            return refuse_sign_in(&app, refused, None, code).await;
        }
    };
    if attempt.purpose == SignInPurpose::Finish {
        return complete_finishing(&app, &attempt, &who.identity).await;
    }
    match check_sign_in(&app, &attempt, &who.identity).await? {
        CallbackDecision::Accept if attempt.purpose == SignInPurpose::Act => {
            let pending = attempt.acting.ok_or(SignInRefusal::NoAttempt)?;
            agent_action::resume_action(app, AgentReturn { session, parts, pending, who }, handlers).await
        }
        CallbackDecision::Accept if attempt.purpose == SignInPurpose::Operator => {
            let sign_in = build_operator_sign_in(&app, &session, who).await?;
            (handlers.propose_operator)(app, sign_in).await
        }
        CallbackDecision::Accept => complete_sign_in(&app, &session, attempt.purpose, who).await,
        CallbackDecision::StepUp => {
            Ok(attempt::begin_step_up(&app, &session, attempt, &who.identity.upn).await?.into_response())
        }
        CallbackDecision::Refuse(refused) => refuse_sign_in(&app, refused, Some(&who.identity), None).await,
    }
}

/// Takes the stored attempt of this browser. Each attempt can be used once.
async fn take_attempt(app: &AppState, session: &Session, state: Option<&str>) -> Result<SignInAttempt, WebError> {
    let browser = session::load_browser_id(session).await?.ok_or(SignInRefusal::NoAttempt)?;
    let stored = app
        .sign_in_attempts
        .consume(state.unwrap_or(""), &browser, app.now())
        .await?
        .ok_or(SignInRefusal::NoAttempt)?;
    serde_json::from_slice(&stored.data).map_err(|e| WebError::internal(&e))
}

/// Completes a finishing sign-in. Does not change the session, so the person keeps the rights that they had before.
async fn complete_finishing(
    app: &AppState,
    attempt: &SignInAttempt,
    who: &VerifiedIdentity,
) -> Result<Response, WebError> {
    let Some(finishing) = &attempt.finishing else { return Err(SignInRefusal::NoAttempt.into()) };
    if who.key != finishing.person {
        return refuse_sign_in(app, SignInRefusal::DifferentPerson, Some(who), None).await;
    }
    let event = AuditEvent::new("finish.returned", AuditActor::Person(who.key))
        .with_subject(who.key)
        .with_reset(finishing.reset);
    app.audit_log.append(event).await?;
    finishing_store::mark_returned(&app.db, finishing.reset, app.now()).await?;
    Ok(Redirect::to(&finishing.return_path()).into_response())
}

enum CallbackDecision {
    Accept,
    StepUp,
    Refuse(SignInRefusal),
}

/// Checks guest status, sign-in method and age, the authentication context, and the policy that enforces it.
async fn check_sign_in(
    app: &AppState,
    attempt: &SignInAttempt,
    who: &VerifiedIdentity,
) -> Result<CallbackDecision, WebError> {
    let settings = &app.config.signin;
    if who.is_guest && !settings.allow_guests {
        return Ok(CallbackDecision::Refuse(SignInRefusal::Guest));
    }
    if who.used_password && attempt.purpose != SignInPurpose::Operator {
        return Ok(CallbackDecision::Refuse(SignInRefusal::PasswordUsed));
    }
    let age = app.now().duration_since(who.signed_in_at);
    if age.as_secs() > settings.max_age_seconds || age < -MAX_CLOCK_SKEW {
        return Ok(CallbackDecision::Refuse(SignInRefusal::SignInTooOld));
    }
    let Some(context) = attempt.purpose.required_context(app) else { return Ok(CallbackDecision::Accept) };
    if !who.contexts.iter().any(|c| c == context) {
        return Ok(if attempt.step_up {
            CallbackDecision::Refuse(SignInRefusal::ContextMissing)
        } else {
            CallbackDecision::StepUp
        });
    }
    if settings.accept_unverified_policy {
        return Ok(CallbackDecision::Accept);
    }
    Ok(match PolicyAssessor::from_ref(app).check_coverage(context, who).await? {
        PersonCoverage::Covered => CallbackDecision::Accept,
        PersonCoverage::Excluded => CallbackDecision::Refuse(SignInRefusal::ExcludedFromPolicy),
        PersonCoverage::NotEnforced => CallbackDecision::Refuse(SignInRefusal::PolicyNotEnforced),
    })
}

/// Checks that the administrator's session, in which the operator signed in, is still valid. It stays the
/// administrator's.
async fn build_operator_sign_in(
    app: &AppState,
    session: &Session,
    account: AuthorizedSignIn,
) -> Result<OperatorSignIn, WebError> {
    let login = session::load_and_touch_login(session, app)
        .await?
        .filter(|login| login.has_any_role(&[StaffRole::Admin]))
        .ok_or(SignInRefusal::NotStaff)?;
    let session = session.id().map(|id| id.to_string()).unwrap_or_default();
    Ok(OperatorSignIn { admin: login.key, session, account })
}

/// Starts the session of an accepted sign-in of a person or staff and redirects by purpose.
async fn complete_sign_in(
    app: &AppState,
    session: &Session,
    purpose: SignInPurpose,
    who: AuthorizedSignIn,
) -> Result<Response, WebError> {
    match purpose {
        SignInPurpose::Person => {
            accept_sign_in(app, session, &who.identity, SessionKind::Person).await?;
            Ok(Redirect::to("/reset").into_response())
        }
        SignInPurpose::Vouch => {
            accept_sign_in(app, session, &who.identity, SessionKind::Person).await?;
            Ok(Redirect::to("/account").into_response())
        }
        SignInPurpose::Staff
            if StaffRole::ALL.iter().any(|role| who.identity.roles.iter().any(|r| r == role.as_str())) =>
        {
            let login = accept_sign_in(app, session, &who.identity, SessionKind::Staff).await?;
            let first = if login.has_any_role(ViewHelpdesk::ROLES) { "/helpdesk" } else { "/admin/operator" };
            Ok(Redirect::to(first).into_response())
        }
        SignInPurpose::Staff => refuse_sign_in(app, SignInRefusal::NoRole, Some(&who.identity), None).await,
        SignInPurpose::Operator | SignInPurpose::Finish | SignInPurpose::Act => Err(SignInRefusal::NoAttempt.into()),
    }
}

/// Records the accepted sign-in in the audit log and starts the session.
async fn accept_sign_in(
    app: &AppState,
    session: &Session,
    who: &VerifiedIdentity,
    kind: SessionKind,
) -> Result<LoginSession, WebError> {
    let login = LoginSession::new(who, kind, app.now());
    let staff = kind == SessionKind::Staff;
    let actor = if staff { AuditActor::Staff(who.key) } else { AuditActor::Person(who.key) };
    let event = AuditEvent::new("signin.accepted", actor)
        .with_subject(who.key)
        .with_detail("staff", staff)
        .with_personal_detail("upn", who.upn.clone());
    // The audit log keeps which roles a staff member held. `doctor` counts the approvers from it.
    let held: Vec<&str> = StaffRole::ALL
        .iter()
        .map(|role| role.as_str())
        .filter(|claim| who.roles.iter().any(|role| role == claim))
        .collect();
    app.audit_log.append(if staff { event.with_detail("roles", held) } else { event }).await?;
    session::begin_session(session, &login).await?;
    Ok(login)
}
