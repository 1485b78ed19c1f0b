//! Form for a new password: account, password source, notices and password rules.

use askama::Template;
use axum::Json;
use axum::extract::{FromRef as _, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum_extra::extract::Form;
use jiff::SignedDuration;
use serde::Deserialize;
use serde_json::{Value, json};
use tower_sessions::Session;

use super::canary::{self, WritebackHealth};
use super::password_precheck::{self, PrecheckOutcome, PrecheckRefusal};
use super::submission::{PriorReset, ResetInitiator, ResetService, SubmitError};
use crate::base::{Password, TimestampExt as _};
use crate::eligibility::{BlockReason, EligibilityChecker};
use crate::password_policy::{NewPassword, PasswordProblem, PasswordRequirements, PasswordRule, RuleStatus};
use crate::people::{DirectoryLookup, PasswordSource, PeopleService, PersonProfile, record_phone_numbers};
use crate::signin::{LoginSession, SignedInPerson};
use crate::state::AppState;
use crate::store::RateLimit;
use crate::web::{
    ClientAddress, PageContext, WebError, format_duration, format_time, format_timestamp, render_page_with_status,
};

#[derive(Deserialize)]
pub(super) struct ResetForm {
    password: Password,
    again: Option<Password>,
    /// Checkbox "I tried the new password and it does not work", required after an unknown outcome.
    #[serde(default)]
    tried: Option<String>,
    /// Requests another passphrase with the rule check.
    #[serde(default)]
    phrase: Option<String>,
}

/// Password rule as the page shows it.
struct RuleItem {
    code: &'static str,
    text: String,
    explanation: String,
    status: &'static str,
    status_text: String,
    /// Microsoft's own message, in English.
    microsoft_message: Option<String>,
}

#[derive(Template)]
#[template(path = "reset/form.html")]
struct ResetFormPage {
    ctx: PageContext,
    name: String,
    upn: String,
    password_source: String,
    rules: Vec<RuleItem>,
    /// Generated passphrase that meets the rules.
    phrase: Option<Password>,
    problem: Option<String>,
    /// Reference of an earlier reset with unknown outcome.
    unknown_reference: Option<String>,
    lockout_notice: Option<String>,
    /// Notice that password writeback is known to be down (`true`) or slow (`false`).
    writeback_notice: Option<(bool, String)>,
    /// Microsoft reports signs that someone else knows the password.
    at_risk: bool,
    /// Latest time to submit the form.
    submit_by: String,
    submit_by_iso: String,
}

#[derive(Template)]
#[template(path = "reset/blocked.html")]
struct ResetBlockedPage {
    ctx: PageContext,
    code: &'static str,
    title: String,
    text: String,
    todo: Option<String>,
}

/// Rate limit per person for opening the form.
const FORM_LIMIT: RateLimit = RateLimit { count: 120, window: SignedDuration::from_mins(1) };

/// `GET /reset`: shows the form.
pub(super) async fn show_form(
    State(app): State<AppState>,
    frame: PageContext,
    session: Session,
    SignedInPerson(login): SignedInPerson,
) -> Result<Response, WebError> {
    if sign_in_age_seconds(&app, &login) > app.config.signin.max_age_seconds {
        return Ok(Redirect::to("/signin").into_response());
    }
    // Each form costs several Graph requests.
    let taken = app.rate_limiter.try_acquire(&format!("form:{}", login.key.object), FORM_LIMIT, app.now()).await?;
    taken.map_err(|refused| WebError::RateLimited(refused.retry_after))?;
    let facts =
        PeopleService::from_ref(&app).fetch_profile(login.key.object).await.map_err(|e| WebError::unavailable(&e))?;
    let (frame, hint) = frame.with_signed_in_name(&login.name).with_preferred_language(&app, facts.language.as_deref());
    Ok((hint, render_form_or_block(&app, frame, &session, &login, &facts).await?).into_response())
}

/// Renders the form, or the page with the block reason, or redirects to the reset that blocks a new one.
async fn render_form_or_block(
    app: &AppState,
    frame: PageContext,
    session: &Session,
    login: &LoginSession,
    facts: &PersonProfile,
) -> Result<Response, WebError> {
    let (guard, resets, people) =
        (EligibilityChecker::from_ref(app), ResetService::from_ref(app), PeopleService::from_ref(app));
    let directory = people.query_directory(facts).await;
    if let Some(stopped) = guard.check(facts, &directory).await? {
        return Ok(render_block_page(frame, &stopped));
    }
    let before = resets.load_prior_reset(login.key).await?;
    Ok(match before {
        PriorReset::Running(reference) | PriorReset::Split(reference, _) => {
            Redirect::to(&format!("/resets/{reference}")).into_response()
        }
        PriorReset::NotBlocking | PriorReset::Unknown(_) => {
            let unknown = if let PriorReset::Unknown(reference) = before { Some(reference.to_string()) } else { None };
            let asked = requirements_for(app, facts, &directory);
            // Here and not with the intent, whose transaction holds the shared write lock. Every person who submits the
            // form has opened it before.
            record_phone_numbers(app, facts).await?;
            session.insert(REQUIREMENTS_KEY, &asked).await.map_err(|e| WebError::unavailable(&e))?;
            let locked = lockout_notice(&frame, &directory);
            let writeback = if facts.is_synced() { load_writeback_notice(app, &frame).await? } else { None };
            let at_risk = is_at_risk(app, &people, facts).await;
            let shown = FormState {
                unknown_reference: unknown,
                lockout_notice: locked,
                writeback_notice: writeback,
                at_risk,
                requirements: Some(asked),
                ..FormState::default()
            };
            render_form(app, frame, login, facts, shown)
        }
    })
}

/// Returns the seconds since the person signed in at Entra.
fn sign_in_age_seconds(app: &AppState, login: &LoginSession) -> i64 {
    app.now().duration_since(login.authenticated_at).as_secs()
}

/// `POST /reset`: starts a reset. The work runs in its own task, so it completes even if the browser disconnects.
pub(super) async fn submit_form(
    State(app): State<AppState>,
    frame: PageContext,
    SignedInPerson(login): SignedInPerson,
    address: ClientAddress,
    Form(typed): Form<ResetForm>,
) -> Result<Response, WebError> {
    address.check_rate_limit(&app, "reset").await?;
    let work =
        app.background_tasks.spawn(begin_reset(app.clone(), frame.with_signed_in_name(&login.name), login, typed));
    work.await.unwrap_or_else(|error| Err(WebError::internal(&error)))
}

async fn begin_reset(
    app: AppState,
    frame: PageContext,
    login: LoginSession,
    typed: ResetForm,
) -> Result<Response, WebError> {
    let (guard, resets, people) =
        (EligibilityChecker::from_ref(&app), ResetService::from_ref(&app), PeopleService::from_ref(&app));
    let mut facts = people.fetch_profile(login.key.object).await.map_err(|e| WebError::unavailable(&e))?;
    let signin = &app.config.signin;
    if sign_in_age_seconds(&app, &login) > signin.max_age_seconds + signin.submit_seconds {
        let late = FormState {
            problem: Some("problem-late"),
            status_code: Some(StatusCode::UNAUTHORIZED),
            ..FormState::default()
        };
        return Ok(render_form(&app, frame, &login, &facts, late));
    }
    let tried = typed.tried.is_some();
    match resets.load_prior_reset(login.key).await? {
        PriorReset::Running(reference) => return Ok(redirect_to_running_reset(&reference.to_string())),
        PriorReset::Split(reference, _) => return Ok(Redirect::to(&format!("/resets/{reference}")).into_response()),
        PriorReset::Unknown(reference) if !tried => {
            let shown = FormState {
                unknown_reference: Some(reference.to_string()),
                problem: Some("problem-try-first"),
                ..FormState::default()
            };
            return Ok(render_form(&app, frame, &login, &facts, shown));
        }
        PriorReset::Unknown(_) | PriorReset::NotBlocking => {}
    }
    let again = typed.again.unwrap_or_else(|| Password::new(String::new()));
    let directory = people.query_directory(&facts).await;
    facts.locked_in_directory = directory.account().is_some_and(|account| account.locked);
    facts.previous_password_set = directory.password_last_set();
    let asked = requirements_for(&app, &facts, &directory);
    let password = match NewPassword::parse(typed.password, &again, &app.password_policy, &asked).await {
        Ok(password) => password,
        Err(not_yet) => {
            let shown = FormState { requirements: Some(asked), ..FormState::from_problem(not_yet, tried) };
            return Ok(render_form(&app, frame, &login, &facts, shown));
        }
    };
    if let Some(stopped) = guard.check(&facts, &directory).await? {
        return Ok(render_block_page(frame, &stopped));
    }
    let unasked = match password_precheck::precheck_password(&app, &password).await {
        PrecheckOutcome::Refused(PrecheckRefusal { rule_statuses: standings, message: words }) => {
            let shown = FormState {
                requirements: Some(asked),
                microsoft_message: Some(words),
                ..FormState::from_problem(PasswordProblem::RulesNotMet(standings), tried)
            };
            return Ok(render_form(&app, frame, &login, &facts, shown));
        }
        PrecheckOutcome::Unavailable => "?unasked=1",
        PrecheckOutcome::NoObjection => "",
    };
    match resets.submit(ResetInitiator::Person, login.key, &facts, password).await {
        Ok(reference) => {
            guard.enforce_hourly_limit().await?;
            Ok(Redirect::to(&format!("/resets/{reference}{unasked}")).into_response())
        }
        Err(SubmitError::AlreadyRunning(reference)) => Ok(redirect_to_running_reset(&reference.to_string())),
        Err(SubmitError::RateLimited(refused)) => Err(WebError::RateLimited(refused.retry_after)),
        Err(SubmitError::GrantMissing) => Ok(render_block_page(frame, &BlockReason::ApprovalRequired)),
        Err(SubmitError::Store(error)) => Err(error.into()),
    }
}

/// Redirects to the unfinished reset, with the notice that this password was not used.
fn redirect_to_running_reset(reference: &str) -> Response {
    Redirect::to(&format!("/resets/{reference}?unused=1")).into_response()
}

/// Session key of the password requirements, stored when the form is opened, so that a rule check while typing asks
/// neither Graph nor the directory.
const REQUIREMENTS_KEY: &str = "asked";

/// `POST /reset/check`: returns the rule statuses for the password typed so far. Nothing is logged or stored.
pub(super) async fn check_password(
    State(app): State<AppState>,
    session: Session,
    SignedInPerson(login): SignedInPerson,
    Form(typed): Form<ResetForm>,
) -> Result<Json<Value>, WebError> {
    let known = session.get::<PasswordRequirements>(REQUIREMENTS_KEY).await.map_err(|e| WebError::unavailable(&e))?;
    let asked = known.unwrap_or_else(|| app.password_policy.requirements_for(name_parts_from_login(&login), None));
    let standings = app
        .password_policy
        .check_password(&typed.password, &asked, async || try_acquire_breach_lookup(&app, &login).await)
        .await;
    let rules: serde_json::Map<String, Value> =
        standings.into_iter().map(|(r, s)| (r.as_str().to_owned(), json!(s.as_str()))).collect();
    let phrase = typed.phrase.and_then(|_| app.password_policy.suggest_passphrase(&app.random, &asked));
    Ok(Json(json!({ "rules": rules, "phrase": phrase.as_ref().map(Password::expose_password) })))
}

/// Rate limit per person for breach lookups over the network while typing. Beyond it the rule is shown as unchecked. It
/// is checked at submit in any case, which has its own limits.
const BREACH_LOOKUP_LIMIT: RateLimit = RateLimit { count: 20, window: SignedDuration::from_mins(1) };

async fn try_acquire_breach_lookup(app: &AppState, login: &LoginSession) -> bool {
    match app.rate_limiter.try_acquire(&format!("breach:{}", login.key.object), BREACH_LOOKUP_LIMIT, app.now()).await {
        Ok(taken) => taken.is_ok(),
        Err(error) => {
            tracing::warn!(error = ?error, "breach lookup skipped: rate limiter unavailable");
            false
        }
    }
}

/// Returns the parts of the name that the session has, for a rule check without requirements in the session.
fn name_parts_from_login(login: &LoginSession) -> Vec<String> {
    let words = login.name.split(' ').chain(login.upn.split('@').take(1));
    words.filter(|w| w.chars().count() >= 4).map(str::to_lowercase).collect()
}

/// Variable content of the form.
#[derive(Default)]
struct FormState {
    problem: Option<&'static str>,
    rule_statuses: Vec<(PasswordRule, RuleStatus)>,
    unknown_reference: Option<String>,
    status_code: Option<StatusCode>,
    requirements: Option<PasswordRequirements>,
    /// Notice that the account is locked in the directory, and what to do.
    lockout_notice: Option<String>,
    /// Microsoft's own message about a refused password.
    microsoft_message: Option<String>,
    /// Notice that password writeback is down (`true`) or slow (`false`).
    writeback_notice: Option<(bool, String)>,
    at_risk: bool,
}

impl FormState {
    fn from_problem(not_yet: PasswordProblem, tried: bool) -> Self {
        let problem = match &not_yet {
            PasswordProblem::Empty => "problem-empty",
            PasswordProblem::Mismatch => "problem-different",
            PasswordProblem::RulesNotMet(_) => "problem-rules",
        };
        let standings = if let PasswordProblem::RulesNotMet(rules) = not_yet { rules } else { Vec::new() };
        // Keeps the checkbox ticked if the person has ticked it before.
        let unknown = tried.then(String::new);
        Self { problem: Some(problem), rule_statuses: standings, unknown_reference: unknown, ..Self::default() }
    }
}

fn render_form(
    app: &AppState,
    ctx: PageContext,
    login: &LoginSession,
    facts: &PersonProfile,
    shown: FormState,
) -> Response {
    let signin = &app.config.signin;
    let until = login.authenticated_at.later(SignedDuration::from_secs(signin.max_age_seconds + signin.submit_seconds));
    let refused = shown.problem.is_some();
    let status = shown.status_code.unwrap_or(if refused { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK });
    let asked = shown
        .requirements
        .clone()
        .unwrap_or_else(|| app.password_policy.requirements_for(facts.name_parts.clone(), None));
    let rules = app
        .password_policy
        .active_rules()
        .into_iter()
        .map(|rule| build_rule_item(&ctx, rule, &asked, &shown))
        .collect();
    let page = ResetFormPage {
        name: facts.name.clone(),
        upn: facts.upn.clone(),
        password_source: describe_password_source(app, &ctx, facts),
        rules,
        phrase: app.password_policy.suggest_passphrase(&app.random, &asked),
        problem: shown.problem.map(|key| ctx.t(key)),
        unknown_reference: shown.unknown_reference,
        lockout_notice: shown.lockout_notice,
        writeback_notice: shown.writeback_notice,
        at_risk: shown.at_risk,
        submit_by: format_time(&ctx.lang, until),
        submit_by_iso: until.to_string(),
        ctx,
    };
    render_page_with_status(status, &page)
}

fn build_rule_item(ctx: &PageContext, rule: PasswordRule, asked: &PasswordRequirements, shown: &FormState) -> RuleItem {
    let standing =
        shown.rule_statuses.iter().find(|(r, _)| *r == rule).map_or(RuleStatus::Pending, |(_, standing)| *standing);
    let amount = if rule == PasswordRule::Classes { asked.classes } else { asked.min_length };
    RuleItem {
        code: rule.as_str(),
        text: ctx.tv(&format!("rule-{}", rule.as_str()), "n", &amount.to_string()),
        explanation: ctx.t(&format!("rule-{}-why", rule.as_str())),
        status: standing.as_str(),
        status_text: ctx.t(&format!("rule-standing-{}", standing.as_str())),
        microsoft_message: shown
            .microsoft_message
            .clone()
            .filter(|words| rule == PasswordRule::Microsoft && !words.is_empty()),
    }
}

fn describe_password_source(app: &AppState, ctx: &PageContext, facts: &PersonProfile) -> String {
    match &facts.password_source {
        PasswordSource::Cloud => ctx.t("home-cloud"),
        PasswordSource::Directory { domain, synced_at } => {
            let ago = synced_at.map(|at| format_duration(&ctx.lang, app.now().duration_since(at)));
            match ago {
                Some(ago) => ctx.tv2("home-directory", ("domain", domain), ("ago", &ago)),
                None => ctx.tv("home-directory-unsynced", "domain", domain),
            }
        }
    }
}

/// Returns whether Microsoft reports an active risk for the person. `false` if the risk is not readable.
async fn is_at_risk(app: &AppState, people: &PeopleService, facts: &PersonProfile) -> bool {
    app.config.risk.is_some() && matches!(people.fetch_active_risk(facts.id).await, Ok(Some(_)))
}

async fn load_writeback_notice(app: &AppState, ctx: &PageContext) -> Result<Option<(bool, String)>, WebError> {
    Ok(canary::load_writeback_health(app).await?.map(|known| match known {
        WritebackHealth::Down(since) => {
            (true, ctx.tv("form-writeback-down", "time", &format_timestamp(&ctx.lang, &since)))
        }
        WritebackHealth::Slow(took) => {
            (false, ctx.tv("form-writeback-slow", "span", &format_duration(&ctx.lang, took)))
        }
    }))
}

/// Returns the password requirements: the configured rules, or the directory's if they are stricter.
fn requirements_for(app: &AppState, facts: &PersonProfile, directory: &DirectoryLookup) -> PasswordRequirements {
    let rules = directory.account().and_then(|account| account.rules.as_ref());
    app.password_policy.requirements_for(facts.forbidden_name_parts(rules), rules)
}

fn lockout_notice(ctx: &PageContext, directory: &DirectoryLookup) -> Option<String> {
    let account = directory.account().filter(|account| account.locked)?;
    let until = account.locked_until.map(|until| ctx.tv("form-locked-until", "time", &format_time(&ctx.lang, until)));
    Some(until.map_or_else(|| ctx.t("form-locked"), |until| format!("{} {until}", ctx.t("form-locked"))))
}

fn render_block_page(ctx: PageContext, stopped: &BlockReason) -> Response {
    let code = stopped.as_str();
    let key = |part: &str| format!("stopped-{}-{part}", code.to_lowercase());
    let text = match stopped {
        BlockReason::PasswordTooYoung(until) => ctx.tv(&key("text"), "time", &format_timestamp(&ctx.lang, until)),
        _ => ctx.t(&key("text")),
    };
    let page = ResetBlockedPage { code, title: ctx.t(&key("title")), text, todo: ctx.optional_text(&key("do")), ctx };
    render_page_with_status(StatusCode::SERVICE_UNAVAILABLE, &page)
}
