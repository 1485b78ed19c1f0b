//! The case page: status, verification, decision, executions, notes and the text for the ticket.

use std::fmt::Write as _;

use askama::Template;
use axum::extract::{FromRef as _, Path, Query, State};
use axum::response::Response;
use jiff::Timestamp;
use serde::Deserialize;

use super::decide::{self, CaseStatus};
use super::lines::{ActionOption, ExecutionItem, action_options, action_text, build_execution_item};
use super::rules::{CallerVerification, CaseAction, MissingVerification, VerificationMethod};
use super::store::{
    self, ActionExecution, CaseNote, CaseOrigin, CaseState, HelpdeskCase, RecordedDecision, VerificationReply,
    VerificationRequest,
};
use super::words::CallCheckWords;
use super::{CaseRefusal, load_case, open};
use crate::base::ObjectId;
use crate::people::{PeopleService, PhoneNumber};
use crate::signin::{
    ApproveActions, StaffMember, StaffPermission as _, ViewHelpdesk, WorkCases, with_staff_navigation,
};
use crate::state::AppState;
use crate::web::{ClientAddress, PageContext, WebError, format_timestamp, render_page};

/// A verification of the caller, as the page shows it.
struct VerificationItem {
    text: String,
    by: String,
    points: i64,
    until: String,
}

/// A verification request, as the agent sees it.
struct VerificationRequestItem {
    text: String,
    /// `open`, `over`, or the reply.
    state: &'static str,
    state_text: String,
    words: Vec<String>,
    at: String,
}

/// A verification method that is available now.
struct MethodOption {
    method: &'static str,
    title: String,
    text: String,
    points: i64,
    /// The agent attests it; no one else signs in for it.
    is_attested: bool,
}

/// A registered phone number, with its eligibility for a callback.
struct CallbackNumberItem {
    text: String,
    since: String,
    callback_eligible: bool,
}

/// A decision that needs or has an approval.
struct PendingApproval {
    text: String,
    override_reason: Option<String>,
    is_approved: bool,
    /// The viewer made the decision, so they cannot approve it.
    is_own_request: bool,
}

#[expect(clippy::struct_excessive_bools, reason = "each flag controls a part of the page")]
#[derive(Template)]
#[template(path = "helpdesk/case_detail.html")]
struct CaseDetailPage {
    ctx: PageContext,
    reference: String,
    change: i64,
    name: String,
    upn: String,
    person: Option<String>,
    internet: bool,
    request_count: i64,
    state: &'static str,
    state_text: String,
    action: String,
    actions: Vec<ActionOption>,
    begun: String,
    owner: String,
    is_owner: bool,
    ticket: String,
    risks: Vec<String>,
    /// Text such as "2 of 3 points". `None` if the requirements are unknown.
    points: Option<String>,
    missing: Option<String>,
    is_verified: bool,
    /// An execution used up the verifications, and there is no new one since.
    is_used_up: bool,
    verifications: Vec<VerificationItem>,
    requests: Vec<VerificationRequestItem>,
    methods: Vec<MethodOption>,
    callback_numbers: Vec<CallbackNumberItem>,
    pending: Option<PendingApproval>,
    two_people: bool,
    is_pass: bool,
    /// The viewer may verify the caller and execute the action.
    can_work_cases: bool,
    can_approve: bool,
    executions: Vec<ExecutionItem>,
    notes: Vec<CaseNote>,
    summary: String,
    /// The risk could not be assessed, because Graph is unavailable.
    risk_unavailable: bool,
    notice: Option<(bool, String)>,
}

#[derive(Deserialize)]
pub(in crate::helpdesk) struct CaseDetailQuery {
    said: Option<String>,
}

/// Codes that a form handler may return in `?said=`.
const RESULT_CODES: [&str; 16] = [
    "taken",
    "saved",
    "noted",
    "empty",
    "closed",
    "asked",
    "attested",
    "approval-asked",
    "approved",
    "granted",
    "thawed",
    "revoked",
    "unlocked",
    "pass-waits",
    "failed",
    "frozen",
];

/// Returns the message for a code in the address, and whether it reports a refusal or failure.
///
/// Unknown codes have no message.
fn notice_for(ctx: &PageContext, word: &str) -> Option<(bool, String)> {
    let text = |word: &str| ctx.t(&format!("case-said-{word}"));
    let done = RESULT_CODES.into_iter().find(|known| *known == word).map(|known| (known == "failed", text(known)));
    done.or_else(|| {
        let why = CaseRefusal::ALL.into_iter().find(|why| why.as_str().eq_ignore_ascii_case(word))?;
        Some((true, text(&why.as_str().to_lowercase())))
    })
}

pub(in crate::helpdesk) async fn show_case(
    State(app): State<AppState>,
    frame: PageContext,
    staff: StaffMember<ViewHelpdesk>,
    address: ClientAddress,
    Path(reference): Path<String>,
    Query(back): Query<CaseDetailQuery>,
) -> Result<Response, WebError> {
    let case = match load_case(&app, &reference).await {
        Err(WebError::NotFound) => {
            address.check_rate_limit(&app, "miss").await?;
            return Err(WebError::NotFound);
        }
        found => found?,
    };
    let ctx = with_staff_navigation(frame, &staff.login);
    let said = back.said.as_deref().and_then(|word| notice_for(&ctx, word));
    let seen = Box::pin(CaseDetail::load(&app, case)).await?;
    Ok(render_page(&seen.into_page(&app, ctx, &staff, said)))
}

/// Returns a number that grows with every change of the case, for the automatic refresh. `GET …/change`.
pub(in crate::helpdesk) async fn show_case_change(
    State(app): State<AppState>,
    _staff: StaffMember<ViewHelpdesk>,
    Path(reference): Path<String>,
) -> Result<String, WebError> {
    Ok(load_case(&app, &reference).await?.updated_at.as_millisecond().to_string())
}

/// Everything that the case page shows.
struct CaseDetail {
    case: HelpdeskCase,
    status: Option<CaseStatus>,
    requests: Vec<VerificationRequest>,
    executions: Vec<ActionExecution>,
    notes: Vec<CaseNote>,
    numbers: Vec<PhoneNumber>,
}

impl CaseDetail {
    async fn load(app: &AppState, case: HelpdeskCase) -> Result<Self, WebError> {
        let open = case.state == CaseState::Open;
        // The page also renders when Graph is unavailable, and marks the missing parts.
        let standing = if case.person.is_some() && open { decide::load_status(app, &case).await.ok() } else { None };
        let numbers = match case.person.filter(|_| open) {
            Some(person) => match open::fetch_profile(app, person.object).await {
                Ok(facts) => PeopleService::from_ref(app).load_phone_numbers(&facts).await?,
                Err(_) => Vec::new(),
            },
            None => Vec::new(),
        };
        Ok(Self {
            status: standing,
            numbers,
            requests: store::load_requests(&app.db, case.id).await?,
            executions: store::load_executions(&app.db, case.id).await?,
            notes: store::load_notes(&app.db, case.id).await?,
            case,
        })
    }

    fn into_page(
        self,
        app: &AppState,
        ctx: PageContext,
        staff: &StaffMember<ViewHelpdesk>,
        said: Option<(bool, String)>,
    ) -> CaseDetailPage {
        let (case, now) = (&self.case, app.now());
        let open = case.state == CaseState::Open;
        let me = staff.login.key;
        let standing = self.status.as_ref();
        let good: &[CallerVerification] = standing.map_or(&[], |s| &s.verifications);
        let counted = |one: &CallerVerification| one.points;
        let not_me = case.person.is_some_and(|person| person != me);
        let assists = open && not_me && staff.login.has_any_role(WorkCases::ROLES);
        // A pending decision has used up the verifications that were sufficient for it.
        let verdict = standing.and_then(|s| s.decision.as_ref()).map(|c| &c.decision);
        let concluded = verdict.is_some_and(|verdict| !verdict.is_override);
        let used = !concluded && good.is_empty() && !self.executions.is_empty();
        let pending = standing.and_then(|s| s.decision.as_ref()).map(|c| build_pending_approval(&ctx, c, me.object));
        CaseDetailPage {
            reference: case.reference.to_string(),
            change: case.updated_at.as_millisecond(),
            name: case.name.clone(),
            upn: case.upn.clone(),
            person: case.person.map(|person| person.object.to_string()),
            internet: case.origin == CaseOrigin::Internet,
            request_count: case.request_count,
            state: case.state.as_str(),
            state_text: ctx.t(&format!("case-state-{}", case.state.as_str())),
            action: action_text(&ctx, case.action),
            actions: action_options(&ctx, Some(case.action)),
            begun: format_timestamp(&ctx.lang, &case.created_at),
            owner: case.owner_name.clone(),
            is_owner: case.owner == Some(me.object),
            ticket: case.ticket.clone(),
            risks: standing.map(|s| risk_texts(&ctx, s)).unwrap_or_default(),
            points: standing.map(|s| {
                let got: i64 = good.iter().map(counted).sum();
                ctx.tv2("case-points", ("got", &got.to_string()), ("needed", &s.requirements.points.to_string()))
            }),
            missing: standing.and_then(|s| s.missing).filter(|_| !concluded && !used).map(|m| missing_text(&ctx, m)),
            is_used_up: used,
            is_verified: concluded || standing.is_some_and(|s| s.missing.is_none()),
            verifications: good.iter().map(|one| build_verification(&ctx, one)).collect(),
            requests: self.requests.iter().map(|check| build_request(app, &ctx, check, now, staff)).collect(),
            methods: if assists { build_method_options(app, &ctx) } else { Vec::new() },
            callback_numbers: self.numbers.iter().map(|number| build_callback_number(&ctx, number)).collect(),
            two_people: standing.is_some_and(|s| s.requirements.two_people),
            is_pass: case.action == CaseAction::IssuePass,
            can_approve: open
                && not_me
                && staff.login.has_any_role(ApproveActions::ROLES)
                && pending.as_ref().is_some_and(|p| !p.is_own_request),
            pending,
            can_work_cases: assists,
            executions: self.executions.iter().map(|acted| build_execution_item(&ctx, acted)).collect(),
            summary: ticket_summary(&ctx, &self, now),
            risk_unavailable: open && case.person.is_some() && standing.is_none(),
            notes: self.notes.clone(),
            notice: said,
            ctx,
        }
    }
}

fn method_key(method: VerificationMethod) -> String {
    format!("case-method-{}", method.as_str().replace('_', "-"))
}

fn risk_texts(ctx: &PageContext, standing: &CaseStatus) -> Vec<String> {
    let risk = standing.risk;
    [
        (risk.privileged, "case-risk-privileged"),
        (risk.from_internet, "case-risk-internet"),
        (risk.on_hold, "case-risk-frozen"),
    ]
    .into_iter()
    .filter(|(is, _)| *is)
    .map(|(_, key)| ctx.t(key))
    .collect()
}

fn missing_text(ctx: &PageContext, missing: MissingVerification) -> String {
    let mut parts = Vec::new();
    if missing.points > 0 {
        parts.push(ctx.tv("case-missing-points", "n", &missing.points.to_string()));
    }
    if missing.witness {
        parts.push(ctx.t("case-missing-witness"));
    }
    if missing.beyond_own_session {
        parts.push(ctx.t("case-missing-beyond"));
    }
    parts.join(" ")
}

fn build_verification(ctx: &PageContext, one: &CallerVerification) -> VerificationItem {
    VerificationItem {
        text: ctx.t(&method_key(one.method)),
        by: one.agent_name.clone(),
        points: one.points,
        until: format_timestamp(&ctx.lang, &one.until),
    }
}

fn build_request(
    app: &AppState,
    ctx: &PageContext,
    check: &VerificationRequest,
    now: Timestamp,
    staff: &StaffMember<ViewHelpdesk>,
) -> VerificationRequestItem {
    let state = match check.reply {
        Some(VerificationReply::Confirmed) => "confirmed",
        Some(VerificationReply::Wrong) => "wrong",
        Some(VerificationReply::Refused) => "refused",
        None if check.is_open(now) => "open",
        None => "over",
    };
    // Only the agent who sent the request sees its words, so that two agents cannot read out different words.
    let shown =
        check.is_open(now) && check.method == VerificationMethod::CallCheck && check.agent == staff.login.key.object;
    let words = shown.then(|| CallCheckWords::open(&app.sealer, check).ok()).flatten();
    VerificationRequestItem {
        text: ctx.t(&method_key(check.method)),
        state,
        state_text: ctx.t(&format!("case-check-{state}")),
        words: words.map(|words| words.spoken).unwrap_or_default(),
        at: format_timestamp(&ctx.lang, &check.asked_at),
    }
}

fn build_method_options(app: &AppState, ctx: &PageContext) -> Vec<MethodOption> {
    let points = &app.config.helpdesk.points;
    let way = |method: VerificationMethod| MethodOption {
        method: method.as_str(),
        title: ctx.t(&method_key(method)),
        text: ctx.t(&format!("{}-text", method_key(method))),
        points: method.points(points),
        is_attested: !method.is_witnessed(),
    };
    VerificationMethod::ALL.into_iter().filter(|method| method.points(points) > 0).map(way).collect()
}

fn build_callback_number(ctx: &PageContext, number: &PhoneNumber) -> CallbackNumberItem {
    CallbackNumberItem {
        text: number.display_text.clone(),
        since: format_timestamp(&ctx.lang, &number.unchanged_since),
        callback_eligible: number.callback_eligible,
    }
}

fn build_pending_approval(ctx: &PageContext, concluded: &RecordedDecision, me: ObjectId) -> PendingApproval {
    let verdict = &concluded.decision;
    let agent = ("agent", verdict.agent_name.as_str());
    PendingApproval {
        text: match &concluded.approval {
            Some(approved) => ctx.tv2("case-approved-by", agent, ("name", &approved.approver_name)),
            None => ctx.tv("case-waits", agent.0, agent.1),
        },
        override_reason: verdict.is_override.then(|| verdict.reason.clone()),
        is_approved: concluded.approval.is_some(),
        is_own_request: verdict.agent == me,
    }
}

/// Returns the plain text to copy into a ticket. It contains nothing that would help an attacker who reads the ticket.
fn ticket_summary(ctx: &PageContext, seen: &CaseDetail, now: Timestamp) -> String {
    let case = &seen.case;
    let mut text = String::new();
    let mut line = |key: &str, value: &str| {
        let _ = writeln!(text, "{}: {value}", ctx.t(key));
    };
    line("case-copy-case", &case.reference.to_string());
    line("case-copy-person", &case.upn);
    line("case-copy-for", &action_text(ctx, case.action));
    line("case-copy-state", &ctx.t(&format!("case-state-{}", case.state.as_str())));
    for check in &seen.requests {
        let state = check.reply.map_or(if check.is_open(now) { "open" } else { "over" }, VerificationReply::as_str);
        line(&method_key(check.method), &format!("{} ({})", ctx.t(&format!("case-check-{state}")), check.asked_at));
    }
    for acted in &seen.executions {
        let outcome = super::lines::outcome_text(ctx, acted);
        line(
            "case-copy-done",
            &format!("{}, {}, {outcome} ({})", action_text(ctx, acted.action), acted.agent_name, acted.at),
        );
    }
    text
}
