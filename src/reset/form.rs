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
use super::microsoft::{self, PrecheckOutcome, PrecheckRefusal};
use super::submit::{PriorReset, ResetInitiator, ResetService, SubmitError};
use crate::base::Password;
use crate::guard::{BlockReason, EligibilityChecker};
use crate::people::{DirectoryLookup, PasswordSource, PeopleService, PersonProfile, remember_numbers};
use crate::policy::{NewPassword, PasswordProblem, PasswordRequirements, PasswordRule, RuleStatus};
use crate::signin::{LoginSession, SignedInPerson};
use crate::state::AppState;
use crate::store::RateLimit;
use crate::web::{ClientAddress, PageContext, WebError, clock_time, draw_with, duration, moment};

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
    why: String,
    standing: &'static str,
    standing_text: String,
    /// Microsoft's own message, in English.
    said: Option<String>,
}

#[derive(Template)]
#[template(path = "reset/form.html")]
struct ResetFormPage {
    f: PageContext,
    name: String,
    upn: String,
    home: String,
    rules: Vec<RuleItem>,
    /// Generated passphrase that meets the rules.
    phrase: Option<Password>,
    problem: Option<String>,
    /// Reference of an earlier reset with unknown outcome.
    unknown: Option<String>,
    locked: Option<String>,
    /// Notice that password writeback is known to be down (`true`) or slow (`false`).
    writeback: Option<(bool, String)>,
    /// Microsoft reports signs that someone else knows the password.
    at_risk: bool,
    /// Latest time to submit the form.
    until: String,
    until_iso: String,
}

#[derive(Template)]
#[template(path = "reset/stopped.html")]
struct ResetBlockedPage {
    f: PageContext,
    code: &'static str,
    title: String,
    text: String,
    todo: Option<String>,
}

/// Rate limit per person for opening the form.
const FORMS: RateLimit = RateLimit { count: 120, per: SignedDuration::from_mins(1) };

/// `GET /reset`: shows the form.
pub(super) async fn form(
    State(app): State<AppState>,
    frame: PageContext,
    session: Session,
    SignedInPerson(login): SignedInPerson,
) -> Result<Response, WebError> {
    if age(&app, &login) > app.config.signin.max_age_seconds {
        return Ok(Redirect::to("/signin").into_response());
    }
    // Each form costs several Graph requests.
    let taken = app.limits.take(&format!("form:{}", login.key.object), FORMS, app.now()).await?;
    taken.map_err(|refused| WebError::Limited(refused.wait))?;
    let facts = PeopleService::from_ref(&app).facts(login.key.object).await.map_err(|e| WebError::unavailable(&e))?;
    let (frame, hint) = frame.signed_in(&login.name).preferring(&app, facts.language.as_deref());
    Ok((hint, open(&app, frame, &session, &login, &facts).await?).into_response())
}

/// Renders the form, or the page with the block reason, or redirects to the reset that blocks a new one.
async fn open(
    app: &AppState,
    frame: PageContext,
    session: &Session,
    login: &LoginSession,
    facts: &PersonProfile,
) -> Result<Response, WebError> {
    let (guard, resets, people) =
        (EligibilityChecker::from_ref(app), ResetService::from_ref(app), PeopleService::from_ref(app));
    let directory = people.in_directory(facts).await;
    if let Some(stopped) = guard.look(facts, &directory).await? {
        return Ok(stop(frame, &stopped));
    }
    let before = resets.before(login.key).await?;
    Ok(match before {
        PriorReset::Running(reference) | PriorReset::Split(reference, _) => {
            Redirect::to(&format!("/resets/{reference}")).into_response()
        }
        PriorReset::Nothing | PriorReset::Unknown(_) => {
            let unknown = if let PriorReset::Unknown(reference) = before { Some(reference.to_string()) } else { None };
            let asked = asked_of(app, facts, &directory);
            // Here and not with the intent, whose transaction holds the shared write lock. Every person who submits the
            // form has opened it before.
            remember_numbers(app, facts).await?;
            session.insert(ASKED, &asked).await.map_err(|e| WebError::unavailable(&e))?;
            let locked = locked(&frame, &directory);
            let writeback = if facts.synced() { writeback(app, &frame).await? } else { None };
            let at_risk = at_risk(app, &people, facts).await;
            let shown = FormState { unknown, locked, writeback, at_risk, asked: Some(asked), ..FormState::default() };
            page(app, frame, login, facts, shown)
        }
    })
}

/// Returns the seconds since the person signed in at Entra.
fn age(app: &AppState, login: &LoginSession) -> i64 {
    app.now().duration_since(login.authenticated_at).as_secs()
}

/// `POST /reset`: starts a reset. The work runs in its own task, so it completes even if the browser disconnects.
pub(super) async fn submit(
    State(app): State<AppState>,
    frame: PageContext,
    SignedInPerson(login): SignedInPerson,
    address: ClientAddress,
    Form(typed): Form<ResetForm>,
) -> Result<Response, WebError> {
    address.count(&app, "reset").await?;
    let work = app.tasks.spawn(begin(app.clone(), frame.signed_in(&login.name), login, typed));
    work.await.unwrap_or_else(|error| Err(WebError::internal(&error)))
}

async fn begin(app: AppState, frame: PageContext, login: LoginSession, typed: ResetForm) -> Result<Response, WebError> {
    let (guard, resets, people) =
        (EligibilityChecker::from_ref(&app), ResetService::from_ref(&app), PeopleService::from_ref(&app));
    let mut facts = people.facts(login.key.object).await.map_err(|e| WebError::unavailable(&e))?;
    let signin = &app.config.signin;
    if age(&app, &login) > signin.max_age_seconds + signin.submit_seconds {
        let late =
            FormState { problem: Some("problem-late"), status: Some(StatusCode::UNAUTHORIZED), ..FormState::default() };
        return Ok(page(&app, frame, &login, &facts, late));
    }
    let tried = typed.tried.is_some();
    match resets.before(login.key).await? {
        PriorReset::Running(reference) => return Ok(running(&reference.to_string())),
        PriorReset::Split(reference, _) => return Ok(Redirect::to(&format!("/resets/{reference}")).into_response()),
        PriorReset::Unknown(reference) if !tried => {
            let shown = FormState {
                unknown: Some(reference.to_string()),
                problem: Some("problem-try-first"),
                ..FormState::default()
            };
            return Ok(page(&app, frame, &login, &facts, shown));
        }
        PriorReset::Unknown(_) | PriorReset::Nothing => {}
    }
    let again = typed.again.unwrap_or_else(|| Password::new(String::new()));
    let directory = people.in_directory(&facts).await;
    facts.locked = directory.account().is_some_and(|account| account.locked);
    facts.set_before = directory.password_set();
    let asked = asked_of(&app, &facts, &directory);
    let password = match NewPassword::parse(typed.password, &again, &app.policy, &asked).await {
        Ok(password) => password,
        Err(not_yet) => {
            let shown = FormState { asked: Some(asked), ..FormState::not_yet(not_yet, tried) };
            return Ok(page(&app, frame, &login, &facts, shown));
        }
    };
    if let Some(stopped) = guard.look(&facts, &directory).await? {
        return Ok(stop(frame, &stopped));
    }
    let unasked = match microsoft::ask(&app, &password).await {
        PrecheckOutcome::Refused(PrecheckRefusal { standings, words }) => {
            let shown = FormState {
                asked: Some(asked),
                said: Some(words),
                ..FormState::not_yet(PasswordProblem::Rules(standings), tried)
            };
            return Ok(page(&app, frame, &login, &facts, shown));
        }
        PrecheckOutcome::Unasked => "?unasked=1",
        PrecheckOutcome::Nothing => "",
    };
    match resets.submit(ResetInitiator::Person, login.key, &facts, password).await {
        Ok(reference) => {
            guard.check_ceiling().await?;
            Ok(Redirect::to(&format!("/resets/{reference}{unasked}")).into_response())
        }
        Err(SubmitError::Running(reference)) => Ok(running(&reference.to_string())),
        Err(SubmitError::Limited(refused)) => Err(WebError::Limited(refused.wait)),
        Err(SubmitError::NotGranted) => Ok(stop(frame, &BlockReason::Approval)),
        Err(SubmitError::Store(error)) => Err(error.into()),
    }
}

/// Redirects to the unfinished reset, with the notice that this password was not used.
fn running(reference: &str) -> Response {
    Redirect::to(&format!("/resets/{reference}?unused=1")).into_response()
}

/// Session key of the password requirements, stored when the form is opened, so that a rule check while typing asks
/// neither Graph nor the directory.
const ASKED: &str = "asked";

/// `POST /reset/check`: returns the rule statuses for the password typed so far. Nothing is logged or stored.
pub(super) async fn check(
    State(app): State<AppState>,
    session: Session,
    SignedInPerson(login): SignedInPerson,
    Form(typed): Form<ResetForm>,
) -> Result<Json<Value>, WebError> {
    let known = session.get::<PasswordRequirements>(ASKED).await.map_err(|e| WebError::unavailable(&e))?;
    let asked = known.unwrap_or_else(|| app.policy.asked(name_parts(&login), None));
    let standings = app.policy.judge(&typed.password, &asked, async || may_look_up(&app, &login).await).await;
    let rules: serde_json::Map<String, Value> =
        standings.into_iter().map(|(r, s)| (r.code().to_owned(), json!(s.name()))).collect();
    let phrase = typed.phrase.and_then(|_| app.policy.phrase(&app.random, &asked));
    Ok(Json(json!({ "rules": rules, "phrase": phrase.as_ref().map(Password::expose_password) })))
}

/// Rate limit per person for breach lookups over the network while typing. Beyond it the rule is shown as unchecked. It
/// is checked at submit in any case, which has its own limits.
const LOOKUPS: RateLimit = RateLimit { count: 20, per: SignedDuration::from_mins(1) };

async fn may_look_up(app: &AppState, login: &LoginSession) -> bool {
    match app.limits.take(&format!("breach:{}", login.key.object), LOOKUPS, app.now()).await {
        Ok(taken) => taken.is_ok(),
        Err(error) => {
            tracing::warn!(error = ?error, "breach lookup skipped: rate limiter unavailable");
            false
        }
    }
}

/// Returns the parts of the name that the session has, for a rule check without requirements in the session.
fn name_parts(login: &LoginSession) -> Vec<String> {
    let words = login.name.split(' ').chain(login.upn.split('@').take(1));
    words.filter(|w| w.chars().count() >= 4).map(str::to_lowercase).collect()
}

/// Variable content of the form.
#[derive(Default)]
struct FormState {
    problem: Option<&'static str>,
    standings: Vec<(PasswordRule, RuleStatus)>,
    unknown: Option<String>,
    status: Option<StatusCode>,
    asked: Option<PasswordRequirements>,
    /// Notice that the account is locked in the directory, and what to do.
    locked: Option<String>,
    /// Microsoft's own message about a refused password.
    said: Option<String>,
    /// Notice that password writeback is down (`true`) or slow (`false`).
    writeback: Option<(bool, String)>,
    at_risk: bool,
}

impl FormState {
    fn not_yet(not_yet: PasswordProblem, tried: bool) -> Self {
        let problem = match &not_yet {
            PasswordProblem::Empty => "problem-empty",
            PasswordProblem::Different => "problem-different",
            PasswordProblem::Rules(_) => "problem-rules",
        };
        let standings = if let PasswordProblem::Rules(rules) = not_yet { rules } else { Vec::new() };
        // Keeps the checkbox ticked if the person has ticked it before.
        let unknown = tried.then(String::new);
        Self { problem: Some(problem), standings, unknown, ..Self::default() }
    }
}

fn page(app: &AppState, f: PageContext, login: &LoginSession, facts: &PersonProfile, shown: FormState) -> Response {
    let signin = &app.config.signin;
    let until = login
        .authenticated_at
        .saturating_add(SignedDuration::from_secs(signin.max_age_seconds + signin.submit_seconds))
        .unwrap_or(login.authenticated_at);
    let refused = shown.problem.is_some();
    let status = shown.status.unwrap_or(if refused { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK });
    let asked = shown.asked.clone().unwrap_or_else(|| app.policy.asked(facts.name_parts.clone(), None));
    let rules = app.policy.rules().into_iter().map(|rule| rule_row(&f, rule, &asked, &shown)).collect();
    let page = ResetFormPage {
        name: facts.name.clone(),
        upn: facts.upn.clone(),
        home: home(app, &f, facts),
        rules,
        phrase: app.policy.phrase(&app.random, &asked),
        problem: shown.problem.map(|key| f.t(key)),
        unknown: shown.unknown,
        locked: shown.locked,
        writeback: shown.writeback,
        at_risk: shown.at_risk,
        until: clock_time(&f.lang, until),
        until_iso: until.to_string(),
        f,
    };
    draw_with(status, &page)
}

fn rule_row(f: &PageContext, rule: PasswordRule, asked: &PasswordRequirements, shown: &FormState) -> RuleItem {
    let standing =
        shown.standings.iter().find(|(r, _)| *r == rule).map_or(RuleStatus::Pending, |(_, standing)| *standing);
    let amount = if rule == PasswordRule::Classes { asked.classes } else { asked.min_length };
    RuleItem {
        code: rule.code(),
        text: f.tv(&format!("rule-{}", rule.code()), "n", &amount.to_string()),
        why: f.t(&format!("rule-{}-why", rule.code())),
        standing: standing.name(),
        standing_text: f.t(&format!("rule-standing-{}", standing.name())),
        said: shown.said.clone().filter(|words| rule == PasswordRule::Microsoft && !words.is_empty()),
    }
}

fn home(app: &AppState, f: &PageContext, facts: &PersonProfile) -> String {
    match &facts.home {
        PasswordSource::Cloud => f.t("home-cloud"),
        PasswordSource::Directory { domain, synced_at } => {
            let ago = synced_at.map(|at| duration(&f.lang, app.now().duration_since(at)));
            match ago {
                Some(ago) => f.tv2("home-directory", ("domain", domain), ("ago", &ago)),
                None => f.tv("home-directory-unsynced", "domain", domain),
            }
        }
    }
}

/// Returns whether Microsoft reports an active risk for the person. `false` if the risk is not readable.
async fn at_risk(app: &AppState, people: &PeopleService, facts: &PersonProfile) -> bool {
    app.config.risk.is_some() && matches!(people.standing_risk(facts.id).await, Ok(Some(_)))
}

async fn writeback(app: &AppState, f: &PageContext) -> Result<Option<(bool, String)>, WebError> {
    Ok(canary::writeback(app).await?.map(|known| match known {
        WritebackHealth::Down(since) => (true, f.tv("form-writeback-down", "time", &moment(&f.lang, &since))),
        WritebackHealth::Slow(took) => (false, f.tv("form-writeback-slow", "span", &duration(&f.lang, took))),
    }))
}

/// Returns the password requirements: the configured rules, or the directory's if they are stricter.
fn asked_of(app: &AppState, facts: &PersonProfile, directory: &DirectoryLookup) -> PasswordRequirements {
    let rules = directory.account().and_then(|account| account.rules.as_ref());
    app.policy.asked(facts.parts_under(rules), rules)
}

fn locked(f: &PageContext, directory: &DirectoryLookup) -> Option<String> {
    let account = directory.account().filter(|account| account.locked)?;
    let until = account.locked_until.map(|until| f.tv("form-locked-until", "time", &clock_time(&f.lang, until)));
    Some(until.map_or_else(|| f.t("form-locked"), |until| format!("{} {until}", f.t("form-locked"))))
}

fn stop(f: PageContext, stopped: &BlockReason) -> Response {
    let code = stopped.code();
    let key = |part: &str| format!("stopped-{}-{part}", code.to_lowercase());
    let text = match stopped {
        BlockReason::TooYoung(until) => f.tv(&key("text"), "time", &moment(&f.lang, until)),
        _ => f.t(&key("text")),
    };
    let page = ResetBlockedPage { code, title: f.t(&key("title")), text, todo: f.maybe(&key("do")), f };
    draw_with(StatusCode::SERVICE_UNAVAILABLE, &page)
}
