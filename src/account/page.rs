//! The account page: the person's or manager's side of a case.
//!
//! The person, or their manager, signs in with their own account, replies to verification requests, and sees what the
//! helpdesk did. A manager also takes a Temporary Access Pass here.
//!
//! - A reply never creates or raises a session.
//! - A pass is created when the manager takes it, is shown once and is never stored.

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum_extra::extract::Form;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use super::case_view::{CaseNotice, ExecutionItem, action_text, build_execution_item};
use super::pass_page::render_pass;
use crate::base::{PersonKey, TimestampExt as _};
use crate::cases::{
    self, CallCheckWords, CaseError, CaseRefusal, DENIAL_LIFETIME, ReplyOutcome, SubmittedReply, VerificationMethod,
    VerificationReply, VerificationRequest,
};
use crate::signin::{LoginSession, SignedInPerson};
use crate::state::AppState;
use crate::store::RateLimit;
use crate::web::{PageContext, WebError, format_timestamp, render_page};

/// Maximum number of replies by one person per time window. A person never has many open requests.
const REPLY_LIMIT: RateLimit = RateLimit { count: 20, window: SignedDuration::from_mins(10) };

/// An open verification request, as the account page shows it.
struct OpenRequestItem {
    id: String,
    /// Verification method: `call_check`, `push` or `manager`.
    method: &'static str,
    title: String,
    action: String,
    words: Vec<String>,
}

/// A Temporary Access Pass that the manager can take.
struct WaitingPassItem {
    execution_id: String,
    name: String,
}

/// A verification request that was answered or has expired.
struct PastRequestItem {
    id: String,
    /// The person can still say No.
    can_deny: bool,
    agent: String,
    action: String,
    state_text: String,
    at: String,
    at_iso: String,
}

#[derive(Template)]
#[template(path = "account/account.html")]
struct AccountPage {
    ctx: PageContext,
    change: String,
    open_requests: Vec<OpenRequestItem>,
    waiting_passes: Vec<WaitingPassItem>,
    past_requests: Vec<PastRequestItem>,
    executions: Vec<ExecutionItem>,
    notice: Option<CaseNotice>,
}

/// Message of the account page after a form submission. The catalogue holds its text as `account-said-<name>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum AccountMessage {
    Confirmed,
    Wrong,
    Refused,
    /// The request or the pass is no longer open.
    Over,
    /// The operator is unavailable now.
    Later,
}

impl AccountMessage {
    const ALL: [Self; 5] = [Self::Confirmed, Self::Wrong, Self::Refused, Self::Over, Self::Later];

    fn as_str(self) -> &'static str {
        match self {
            Self::Confirmed => "confirmed",
            Self::Wrong => "wrong",
            Self::Refused => "refused",
            Self::Over => "over",
            Self::Later => "later",
        }
    }

    /// Returns the notice for a name in the address. An unknown name has none.
    fn notice_for(ctx: &PageContext, name: &str) -> Option<CaseNotice> {
        let message = Self::ALL.into_iter().find(|message| message.as_str() == name)?;
        let text = ctx.t(&format!("account-said-{}", message.as_str()));
        Some(CaseNotice { is_problem: message != Self::Confirmed, text })
    }

    fn redirect(self) -> Response {
        Redirect::to(&format!("/account?said={}", self.as_str())).into_response()
    }
}

#[derive(Deserialize)]
pub(crate) struct AccountQuery {
    said: Option<String>,
}

/// Shows the account page: open requests, waiting passes and the history. `GET /account`.
pub(crate) async fn show_account(
    State(app): State<AppState>,
    ctx: PageContext,
    SignedInPerson(login): SignedInPerson,
    Query(back): Query<AccountQuery>,
) -> Result<Response, WebError> {
    let asked = cases::load_requests_to(&app.db, login.key).await?;
    let passes = cases::load_waiting_passes(&app.db, login.key.object, cases::waiting_pass_cutoff(&app)).await?;
    let ctx = ctx.with_signed_in_name(&login.name);
    let now = app.now();
    let notice = back.said.as_deref().and_then(|name| AccountMessage::notice_for(&ctx, name));
    let page = AccountPage {
        change: load_change_token(&app, &login).await?,
        open_requests: asked
            .iter()
            .filter(|check| check.is_open(now))
            .filter_map(|check| build_open_request(&app, &ctx, check))
            .collect(),
        waiting_passes: passes
            .into_iter()
            .map(|pass| WaitingPassItem { execution_id: pass.execution_id, name: pass.name })
            .collect(),
        past_requests: asked
            .iter()
            .filter(|check| !check.is_open(now))
            .map(|check| build_past_request(&ctx, check, login.key, now))
            .collect(),
        executions: cases::load_executions_of_person(&app.db, login.key)
            .await?
            .iter()
            .map(|acted| build_execution_item(&ctx, acted))
            .collect(),
        notice,
        ctx,
    };
    Ok(render_page(&page))
}

/// Returns a token that changes when a request or a pass arrives, for the page's automatic refresh.
/// `GET /account/change`.
pub(crate) async fn show_account_change(
    State(app): State<AppState>,
    SignedInPerson(login): SignedInPerson,
) -> Result<String, WebError> {
    load_change_token(&app, &login).await
}

async fn load_change_token(app: &AppState, login: &LoginSession) -> Result<String, WebError> {
    let open = cases::count_open_requests_to(&app.db, login.key, app.now()).await?;
    let passes = cases::load_waiting_passes(&app.db, login.key.object, cases::waiting_pass_cutoff(app)).await?.len();
    Ok(format!("{open}.{passes}"))
}

/// Builds the item of an open request. Returns `None` if the words of a call check cannot be unsealed.
fn build_open_request(app: &AppState, ctx: &PageContext, check: &VerificationRequest) -> Option<OpenRequestItem> {
    let words = match check.method {
        // The sealing key was removed, so this request can no longer be answered.
        VerificationMethod::CallCheck => CallCheckWords::open(&app.sealer, check).ok()?.shown,
        _ => Vec::new(),
    };
    let title = if check.method == VerificationMethod::Manager {
        ctx.tv2("account-vouch", ("agent", &check.agent_name), ("person", &check.person_name))
    } else {
        ctx.tv("account-asks", "agent", &check.agent_name)
    };
    let action = action_text(ctx, check.action);
    Some(OpenRequestItem { id: check.id.clone(), method: check.method.as_str(), title, action, words })
}

fn build_past_request(
    ctx: &PageContext,
    check: &VerificationRequest,
    me: PersonKey,
    now: Timestamp,
) -> PastRequestItem {
    let is_recent = now < check.asked_at.later(DENIAL_LIFETIME);
    // A manager's No ends only their own vouching, so it is no use later.
    let is_mine = check.recipient == me && check.method != VerificationMethod::Manager;
    PastRequestItem {
        id: check.id.clone(),
        can_deny: is_mine && is_recent && check.reply != Some(VerificationReply::Refused),
        agent: check.agent_name.clone(),
        action: action_text(ctx, check.action),
        state_text: ctx.t(&format!("case-check-{}", check.reply.map_or("over", VerificationReply::as_str))),
        at: format_timestamp(&ctx.lang, &check.asked_at),
        at_iso: check.asked_at.to_string(),
    }
}

#[derive(Deserialize)]
pub(crate) struct ReplyForm {
    says: String,
    #[serde(default)]
    word: Vec<String>,
}

/// Submits a reply to a verification request. A reply never creates or raises a session. `POST /account/checks/{id}`.
pub(crate) async fn submit_reply(
    State(app): State<AppState>,
    SignedInPerson(login): SignedInPerson,
    Path(id): Path<String>,
    Form(answers): Form<ReplyForm>,
) -> Result<Response, WebError> {
    let key = format!("answer:{}", login.key.object);
    app.rate_limiter
        .try_acquire(&key, REPLY_LIMIT, app.now())
        .await?
        .map_err(|refused| WebError::RateLimited(refused.retry_after))?;
    let check = cases::load_request_to(&app.db, &id, login.key).await?.ok_or(WebError::NotFound)?;
    let age = app.now().duration_since(login.authenticated_at).as_secs();
    let says = match answers.says.as_str() {
        // A confirmation needs a recent sign-in, because it is only as trustworthy as that. A denial always counts.
        "yes" if age > app.config.signin.max_age_seconds => {
            return Ok(Redirect::to("/signin?purpose=vouch").into_response());
        }
        "yes" => SubmittedReply::Yes(answers.word),
        "no" => SubmittedReply::No,
        _ => return Err(WebError::NotFound),
    };
    let message = match cases::record_reply(&app, &check, &says).await? {
        ReplyOutcome::Confirmed => AccountMessage::Confirmed,
        ReplyOutcome::Wrong => AccountMessage::Wrong,
        ReplyOutcome::Refused => AccountMessage::Refused,
        ReplyOutcome::Closed => AccountMessage::Over,
    };
    Ok(message.redirect())
}

/// Creates the pass that waits for this manager and shows it once, only in this response.
/// `POST /account/passes/{action}`.
pub(crate) async fn claim_waiting_pass(
    State(app): State<AppState>,
    ctx: PageContext,
    SignedInPerson(login): SignedInPerson,
    Path(action): Path<String>,
) -> Result<Response, WebError> {
    let waiting = cases::load_waiting_passes(&app.db, login.key.object, cases::waiting_pass_cutoff(&app)).await?;
    let Some(name) = waiting.into_iter().find(|pass| pass.execution_id == action).map(|pass| pass.name) else {
        return Err(WebError::NotFound);
    };
    let work = {
        let (app, manager) = (app.clone(), login.key);
        async move { cases::claim_pass(&app, manager, &action).await }
    };
    // Runs as a background task: if the browser disconnects, the execution row must still get its final status.
    let taken = app.background_tasks.spawn(work).await.map_err(|error| WebError::internal(&error))?;
    match taken {
        Ok(Some(pass)) => Ok(render_pass(ctx.with_signed_in_name(&login.name), &name, &pass, "/account".to_owned())),
        Err(CaseError::Refused(CaseRefusal::OperatorUnavailable)) => Ok(AccountMessage::Later.redirect()),
        Ok(None) | Err(CaseError::Refused(_)) => Ok(AccountMessage::Over.redirect()),
        Err(error) => Err(error.into()),
    }
}
