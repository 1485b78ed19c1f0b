//! Content of the form for a new password: account, password source, notices and password rules.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use jiff::SignedDuration;

use crate::base::{Password, ReferenceCode, TimestampExt as _};
use crate::eligibility::BlockReason;
use crate::password_policy::{PasswordProblem, PasswordRequirements, PasswordRule, RuleStatus};
use crate::people::{DirectoryLookup, PasswordSource, PersonProfile};
use crate::reset::canary::{self, WritebackHealth};
use crate::signin::LoginSession;
use crate::state::AppState;
use crate::web::{PageContext, WebError, format_duration, format_time, format_timestamp, render_page_with_status};

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
    /// Reference of an earlier reset with unknown outcome, empty if the person has tried its password.
    unknown_reference: Option<String>,
    lockout_notice: Option<String>,
    writeback_notice: Option<WritebackNotice>,
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

/// Notice about a problem with password writeback.
pub(super) struct WritebackNotice {
    /// Writeback is down, not only slow.
    is_down: bool,
    text: String,
}

/// Problem with the form that was submitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FormProblem {
    Empty,
    /// The two entries differ.
    Mismatch,
    RulesNotMet,
    /// The person must try the password of an earlier reset first.
    TryFirst,
    /// The sign-in is too old to submit the form.
    SignInTooOld,
}

impl FormProblem {
    fn message_key(self) -> &'static str {
        match self {
            Self::Empty => "problem-empty",
            Self::Mismatch => "problem-different",
            Self::RulesNotMet => "problem-rules",
            Self::TryFirst => "problem-try-first",
            Self::SignInTooOld => "problem-late",
        }
    }

    fn status_code(self) -> StatusCode {
        match self {
            Self::SignInTooOld => StatusCode::UNAUTHORIZED,
            _ => StatusCode::UNPROCESSABLE_ENTITY,
        }
    }
}

/// Earlier reset with unknown outcome, whose password the person should try first.
pub(super) enum UnknownReset {
    NotTried(ReferenceCode),
    /// The person ticked that the password does not work.
    Tried,
}

/// Variable content of the form.
#[derive(Default)]
pub(super) struct FormState {
    pub(super) problem: Option<FormProblem>,
    pub(super) rule_statuses: Vec<(PasswordRule, RuleStatus)>,
    pub(super) unknown_reset: Option<UnknownReset>,
    pub(super) requirements: Option<PasswordRequirements>,
    /// Notice that the account is locked in the directory, and what to do.
    pub(super) lockout_notice: Option<String>,
    /// Microsoft's own message about a refused password.
    pub(super) microsoft_message: Option<String>,
    pub(super) writeback_notice: Option<WritebackNotice>,
    pub(super) is_at_risk: bool,
}

impl From<PasswordProblem> for FormState {
    fn from(problem: PasswordProblem) -> Self {
        let (problem, rule_statuses) = match problem {
            PasswordProblem::Empty => (FormProblem::Empty, Vec::new()),
            PasswordProblem::Mismatch => (FormProblem::Mismatch, Vec::new()),
            PasswordProblem::RulesNotMet(rules) => (FormProblem::RulesNotMet, rules),
        };
        Self { problem: Some(problem), rule_statuses, ..Self::default() }
    }
}

pub(super) fn render_form(
    app: &AppState,
    ctx: PageContext,
    login: &LoginSession,
    profile: &PersonProfile,
    state: FormState,
) -> Response {
    let signin = &app.config.signin;
    let until = login.authenticated_at.later(SignedDuration::from_secs(signin.max_age_seconds + signin.submit_seconds));
    let status = state.problem.map_or(StatusCode::OK, FormProblem::status_code);
    let requirements = state
        .requirements
        .clone()
        .unwrap_or_else(|| app.password_policy.requirements_for(profile.name_parts.clone(), None));
    let rules = app.password_policy.active_rules().into_iter();
    let page = ResetFormPage {
        name: profile.name.clone(),
        upn: profile.upn.clone(),
        password_source: describe_password_source(app, &ctx, profile),
        rules: rules.map(|rule| build_rule_item(&ctx, rule, &requirements, &state)).collect(),
        phrase: app.password_policy.suggest_passphrase(&app.random, &requirements),
        problem: state.problem.map(|problem| ctx.t(problem.message_key())),
        unknown_reference: state.unknown_reset.map(|reset| match reset {
            UnknownReset::NotTried(reference) => reference.to_string(),
            UnknownReset::Tried => String::new(),
        }),
        lockout_notice: state.lockout_notice,
        writeback_notice: state.writeback_notice,
        at_risk: state.is_at_risk,
        submit_by: format_time(&ctx.lang, until),
        submit_by_iso: until.to_string(),
        ctx,
    };
    render_page_with_status(status, &page)
}

fn build_rule_item(
    ctx: &PageContext,
    rule: PasswordRule,
    requirements: &PasswordRequirements,
    state: &FormState,
) -> RuleItem {
    let known = state.rule_statuses.iter().find(|(of, _)| *of == rule);
    let status = known.map_or(RuleStatus::Pending, |(_, status)| *status);
    let amount = if rule == PasswordRule::Classes { requirements.classes } else { requirements.min_length };
    let message = state.microsoft_message.clone();
    RuleItem {
        code: rule.as_str(),
        text: ctx.tv(&format!("rule-{}", rule.as_str()), "n", &amount.to_string()),
        explanation: ctx.t(&format!("rule-{}-why", rule.as_str())),
        status: status.as_str(),
        status_text: ctx.t(&format!("rule-standing-{}", status.as_str())),
        microsoft_message: message.filter(|message| rule == PasswordRule::Microsoft && !message.is_empty()),
    }
}

fn describe_password_source(app: &AppState, ctx: &PageContext, profile: &PersonProfile) -> String {
    match &profile.password_source {
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

pub(super) async fn load_writeback_notice(
    app: &AppState,
    ctx: &PageContext,
) -> Result<Option<WritebackNotice>, WebError> {
    Ok(canary::load_writeback_health(app).await?.map(|health| match health {
        WritebackHealth::Down(since) => WritebackNotice {
            is_down: true,
            text: ctx.tv("form-writeback-down", "time", &format_timestamp(&ctx.lang, &since)),
        },
        WritebackHealth::Slow(took) => WritebackNotice {
            is_down: false,
            text: ctx.tv("form-writeback-slow", "span", &format_duration(&ctx.lang, took)),
        },
    }))
}

pub(super) fn lockout_notice(ctx: &PageContext, directory: &DirectoryLookup) -> Option<String> {
    let account = directory.account().filter(|account| account.locked)?;
    let until = account.locked_until.map(|until| ctx.tv("form-locked-until", "time", &format_time(&ctx.lang, until)));
    Some(until.map_or_else(|| ctx.t("form-locked"), |until| format!("{} {until}", ctx.t("form-locked"))))
}

pub(super) fn render_block_page(ctx: PageContext, reason: &BlockReason) -> Response {
    let code = reason.as_str();
    let key = |part: &str| format!("stopped-{}-{part}", code.to_lowercase());
    let text = match reason {
        BlockReason::PasswordTooYoung(until) => ctx.tv(&key("text"), "time", &format_timestamp(&ctx.lang, until)),
        _ => ctx.t(&key("text")),
    };
    let page = ResetBlockedPage { code, title: ctx.t(&key("title")), text, todo: ctx.optional_text(&key("do")), ctx };
    render_page_with_status(StatusCode::SERVICE_UNAVAILABLE, &page)
}
