//! Handlers of the form for a new password: show it, and start a reset.

use axum::extract::{FromRef as _, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum_extra::extract::Form;
use jiff::SignedDuration;
use serde::Deserialize;
use tower_sessions::Session;

use super::form_view::{
    FormProblem, FormState, UnknownReset, load_writeback_notice, lockout_notice, render_block_page, render_form,
};
use super::password_check::REQUIREMENTS_KEY;
use crate::base::{Password, ReferenceCode};
use crate::eligibility::{BlockReason, EligibilityChecker, PauseReason};
use crate::password_policy::{NewPassword, PasswordProblem, PasswordRequirements};
use crate::people::{DirectoryLookup, PeopleService, PersonProfile, record_phone_numbers};
use crate::reset::password_precheck::{PrecheckOutcome, precheck_password};
use crate::reset::service::{PriorReset, ResetService};
use crate::reset::submission::{ResetInitiator, SubmitError};
use crate::signin::{LoginSession, SignedInPerson};
use crate::state::AppState;
use crate::store::RateLimit;
use crate::web::{ClientAddress, PageContext, WebError};

#[derive(Deserialize)]
pub(super) struct ResetForm {
    password: Password,
    again: Option<Password>,
    /// Checkbox "I tried the new password and it does not work", required after an unknown outcome.
    #[serde(default)]
    tried: Option<String>,
}

/// Rate limit per person for opening the form.
const FORM_LIMIT: RateLimit = RateLimit { count: 120, window: SignedDuration::from_mins(1) };

/// `GET /reset`: shows the form.
pub(super) async fn show_form(
    State(app): State<AppState>,
    ctx: PageContext,
    session: Session,
    SignedInPerson(login): SignedInPerson,
) -> Result<Response, WebError> {
    if sign_in_age_seconds(&app, &login) > app.config.signin.max_age_seconds {
        return Ok(Redirect::to("/signin").into_response());
    }
    // Each form costs several Graph requests.
    let taken = app.rate_limiter.try_acquire(&format!("form:{}", login.key.object), FORM_LIMIT, app.now()).await?;
    taken.map_err(|refused| WebError::RateLimited(refused.retry_after))?;
    let profile =
        PeopleService::from_ref(&app).fetch_profile(login.key.object).await.map_err(|e| WebError::unavailable(&e))?;
    let (ctx, hint) = ctx.with_signed_in_name(&login.name).with_preferred_language(&app, profile.language.as_deref());
    Ok((hint, render_form_or_block(&app, ctx, &session, &login, &profile).await?).into_response())
}

/// Renders the form, or the page with the block reason, or redirects to the reset that blocks a new one.
async fn render_form_or_block(
    app: &AppState,
    ctx: PageContext,
    session: &Session,
    login: &LoginSession,
    profile: &PersonProfile,
) -> Result<Response, WebError> {
    let people = PeopleService::from_ref(app);
    let directory = people.query_directory(profile).await;
    if let Some(reason) = EligibilityChecker::from_ref(app).check(profile, &directory).await? {
        return Ok(render_block_page(ctx, &reason));
    }
    let unknown_reset = match ResetService::from_ref(app).load_prior_reset(login.key).await? {
        PriorReset::Running(reference) | PriorReset::Split(reference, _) => {
            return Ok(redirect_to_reset(&reference, ""));
        }
        PriorReset::Unknown(reference) => Some(UnknownReset::NotTried(reference)),
        PriorReset::NotBlocking => None,
    };
    let requirements = requirements_for(app, profile, &directory);
    // Here and not with the intent, whose transaction holds the shared write lock. Every person who submits the form has
    // opened it before.
    record_phone_numbers(app, profile).await?;
    session.insert(REQUIREMENTS_KEY, &requirements).await.map_err(|e| WebError::unavailable(&e))?;
    let state = FormState {
        unknown_reset,
        lockout_notice: lockout_notice(&ctx, &directory),
        writeback_notice: if profile.is_synced() { load_writeback_notice(app, &ctx).await? } else { None },
        is_at_risk: is_at_risk(app, &people, profile).await,
        requirements: Some(requirements),
        ..FormState::default()
    };
    Ok(render_form(app, ctx, login, profile, state))
}

/// Returns the seconds since the person signed in at Entra.
fn sign_in_age_seconds(app: &AppState, login: &LoginSession) -> i64 {
    app.now().duration_since(login.authenticated_at).as_secs()
}

/// Returns whether Microsoft reports an active risk for the person. `false` if the risk is not readable.
async fn is_at_risk(app: &AppState, people: &PeopleService, profile: &PersonProfile) -> bool {
    app.config.risk.is_some() && matches!(people.fetch_active_risk(profile.id).await, Ok(Some(_)))
}

/// Returns the password requirements: the configured rules, or the directory's if they are stricter.
fn requirements_for(app: &AppState, profile: &PersonProfile, directory: &DirectoryLookup) -> PasswordRequirements {
    let rules = directory.account().and_then(|account| account.rules.as_ref());
    app.password_policy.requirements_for(profile.forbidden_name_parts(rules), rules)
}

/// `POST /reset`: starts a reset. The work runs in its own task, so it completes even if the browser disconnects.
pub(super) async fn submit_form(
    State(app): State<AppState>,
    ctx: PageContext,
    SignedInPerson(login): SignedInPerson,
    address: ClientAddress,
    Form(form): Form<ResetForm>,
) -> Result<Response, WebError> {
    address.check_rate_limit(&app, "reset").await?;
    let work = app.background_tasks.spawn(begin_reset(app.clone(), ctx.with_signed_in_name(&login.name), login, form));
    work.await.unwrap_or_else(|error| Err(WebError::internal(&error)))
}

/// Starts a reset, or shows why there is none.
async fn begin_reset(
    app: AppState,
    ctx: PageContext,
    login: LoginSession,
    form: ResetForm,
) -> Result<Response, WebError> {
    let people = PeopleService::from_ref(&app);
    let mut profile = people.fetch_profile(login.key.object).await.map_err(|e| WebError::unavailable(&e))?;
    let signin = &app.config.signin;
    if sign_in_age_seconds(&app, &login) > signin.max_age_seconds + signin.submit_seconds {
        let state = FormState { problem: Some(FormProblem::SignInTooOld), ..FormState::default() };
        return Ok(render_form(&app, ctx, &login, &profile, state));
    }
    // Keeps the checkbox ticked if the person has ticked it before.
    let ticked = form.tried.is_some().then_some(UnknownReset::Tried);
    match ResetService::from_ref(&app).load_prior_reset(login.key).await? {
        PriorReset::Running(reference) => return Ok(redirect_to_reset(&reference, PASSWORD_NOT_USED)),
        PriorReset::Split(reference, _) => return Ok(redirect_to_reset(&reference, "")),
        PriorReset::Unknown(reference) if ticked.is_none() => {
            let state = FormState {
                unknown_reset: Some(UnknownReset::NotTried(reference)),
                problem: Some(FormProblem::TryFirst),
                ..FormState::default()
            };
            return Ok(render_form(&app, ctx, &login, &profile, state));
        }
        PriorReset::Unknown(_) | PriorReset::NotBlocking => {}
    }
    let again = form.again.unwrap_or_else(|| Password::new(String::new()));
    let directory = people.query_directory(&profile).await;
    profile.locked_in_directory = directory.account().is_some_and(|account| account.locked);
    profile.previous_password_set = directory.password_last_set();
    let requirements = requirements_for(&app, &profile, &directory);
    let refused = |problem: PasswordProblem, requirements| FormState {
        unknown_reset: ticked,
        requirements: Some(requirements),
        ..FormState::from(problem)
    };
    let password = match NewPassword::parse(form.password, &again, &app.password_policy, &requirements).await {
        Ok(password) => password,
        Err(problem) => return Ok(render_form(&app, ctx, &login, &profile, refused(problem, requirements))),
    };
    if let Some(reason) = EligibilityChecker::from_ref(&app).check(&profile, &directory).await? {
        return Ok(render_block_page(ctx, &reason));
    }
    let notice = match precheck_password(&app, &password).await {
        PrecheckOutcome::Refused(refusal) => {
            let state = refused(PasswordProblem::RulesNotMet(refusal.rule_statuses), requirements);
            let state = FormState { microsoft_message: Some(refusal.message), ..state };
            return Ok(render_form(&app, ctx, &login, &profile, state));
        }
        PrecheckOutcome::Unavailable => PRECHECK_SKIPPED,
        PrecheckOutcome::NoObjection => "",
    };
    submit_password(&app, ctx, &profile, login, password, notice).await
}

/// Submits a password that passed all checks.
async fn submit_password(
    app: &AppState,
    ctx: PageContext,
    profile: &PersonProfile,
    login: LoginSession,
    password: NewPassword,
    notice: &str,
) -> Result<Response, WebError> {
    match ResetService::from_ref(app).submit(ResetInitiator::Person, login.key, profile, password).await {
        Ok(reference) => Ok(redirect_to_reset(&reference, notice)),
        Err(SubmitError::AlreadyRunning(reference)) => Ok(redirect_to_reset(&reference, PASSWORD_NOT_USED)),
        Err(SubmitError::RateLimited(refused)) => Err(WebError::RateLimited(refused.retry_after)),
        Err(SubmitError::GrantMissing) => Ok(render_block_page(ctx, &BlockReason::ApprovalRequired)),
        Err(SubmitError::HourlyLimitReached) => {
            Ok(render_block_page(ctx, &BlockReason::Paused(PauseReason::HourlyLimit)))
        }
        Err(SubmitError::Store(error)) => Err(error.into()),
    }
}

/// Query of the status page: this password was not used, because another reset was unfinished.
const PASSWORD_NOT_USED: &str = "?unused=1";
/// Query of the status page: Microsoft could not check the password beforehand.
const PRECHECK_SKIPPED: &str = "?unasked=1";

/// Redirects to the status page of a reset.
fn redirect_to_reset(reference: &ReferenceCode, query: &str) -> Response {
    Redirect::to(&format!("/resets/{reference}{query}")).into_response()
}
