//! View model of the case page, and the text for the ticket.

use std::fmt::Write as _;

use askama::Template;
use jiff::Timestamp;

use super::detail_items::{
    CallbackNumberItem, MethodOption, PendingApproval, PresentedDecision, VerificationItem, VerificationRequestItem,
    build_callback_number, build_method_options, build_pending_approval, build_request, build_verification, method_key,
    missing_text, request_state, risk_texts,
};
use crate::account::{CaseNotice, ExecutionItem, action_text, build_execution_item, outcome_text};
use crate::base::ObjectId;
use crate::cases::{
    ActionExecution, CallerVerification, CaseAction, CaseNote, CaseOrigin, CaseState, CaseStatus, ExecutionViewer,
    HelpdeskCase, VerificationRequest,
};
use crate::helpdesk::select_option::{SelectOption, action_options};
use crate::people::PhoneNumber;
use crate::signin::{ApproveActions, StaffMember, StaffPermission as _, ViewHelpdesk, WorkCases};
use crate::state::AppState;
use crate::web::{PageContext, format_timestamp};

#[expect(clippy::struct_excessive_bools, reason = "each flag controls a part of the page")]
#[derive(Template)]
#[template(path = "helpdesk/case_detail.html")]
pub(super) struct CaseDetailPage {
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
    actions: Vec<SelectOption>,
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
    /// The decision that the viewer read before, if another one waits now.
    read: Option<PendingApproval>,
    /// Digest of the status, which the forms of those who decide carry. Empty if the status is unknown.
    digest: String,
    two_people: bool,
    is_pass: bool,
    /// The viewer may verify the caller and execute the action.
    can_work_cases: bool,
    can_approve: bool,
    /// The action can be executed now; below, with the pass shown to the viewer of the page.
    can_act: bool,
    can_show_pass: bool,
    executions: Vec<ExecutionItem>,
    notes: Vec<CaseNote>,
    summary: String,
    /// The risk could not be assessed, because Graph is unavailable.
    risk_unavailable: bool,
    notice: Option<CaseNotice>,
}

/// Everything that the case page shows.
pub(super) struct CaseDetail {
    pub(super) case: HelpdeskCase,
    pub(super) status: Option<CaseStatus>,
    /// The decision that waits for an approval or is approved.
    pub(super) pending: Option<PresentedDecision>,
    /// The decision that the viewer tried to approve.
    pub(super) read: Option<PresentedDecision>,
    pub(super) requests: Vec<VerificationRequest>,
    pub(super) executions: Vec<ActionExecution>,
    pub(super) notes: Vec<CaseNote>,
    pub(super) numbers: Vec<PhoneNumber>,
}

/// Builds the page for this viewer.
pub(super) fn build_page(
    app: &AppState,
    ctx: PageContext,
    staff: &StaffMember<ViewHelpdesk>,
    detail: CaseDetail,
    notice: Option<CaseNotice>,
) -> CaseDetailPage {
    let (case, now) = (&detail.case, app.now());
    let open = case.state == CaseState::Open;
    let me = staff.login.key;
    let status = detail.status.as_ref();
    let good: &[CallerVerification] = status.map_or(&[], |s| &s.verifications);
    let not_me = case.person.is_some_and(|person| person != me);
    let can_work_cases = open && not_me && staff.login.has_any_role(WorkCases::ROLES);
    // A pending decision has used up the verifications that were sufficient for it.
    let decision = status.and_then(|s| s.decision.as_ref()).map(|c| &c.decision);
    let is_decided = decision.is_some_and(|decision| !decision.is_override());
    let used = !is_decided && good.is_empty() && !detail.executions.is_empty();
    let present = |one: &PresentedDecision| build_pending_approval(&ctx, one, me.object);
    let (pending, read) = (detail.pending.as_ref().map(present), detail.read.as_ref().map(present));
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
        risks: status.map(|s| risk_texts(&ctx, s.risk)).unwrap_or_default(),
        digest: status.map(|s| s.digest(case)).unwrap_or_default(),
        points: status.map(|s| points_text(&ctx, s)),
        missing: status.and_then(|s| s.missing).filter(|_| !is_decided && !used).map(|m| missing_text(&ctx, m)),
        is_used_up: used,
        is_verified: is_decided || status.is_some_and(|s| s.missing.is_none()),
        verifications: good.iter().map(|one| build_verification(&ctx, one)).collect(),
        requests: detail.requests.iter().map(|check| build_request(app, &ctx, check, now, me.object)).collect(),
        methods: if can_work_cases { build_method_options(app, &ctx) } else { Vec::new() },
        callback_numbers: detail.numbers.iter().map(|number| build_callback_number(&ctx, number)).collect(),
        two_people: status.is_some_and(|s| s.requirements.two_people),
        is_pass: case.action == CaseAction::IssuePass,
        can_approve: open
            && not_me
            && staff.login.has_any_role(ApproveActions::ROLES)
            && pending.as_ref().is_some_and(|p| !p.is_own_request),
        can_act: status.is_some_and(|s| can_act(s, me.object)),
        can_show_pass: status.is_some_and(|s| is_approved_for(s, me.object, true)),
        pending,
        read,
        can_work_cases,
        executions: detail.executions.iter().map(|acted| build_execution_item(&ctx, acted)).collect(),
        summary: ticket_summary(&ctx, &detail, now),
        risk_unavailable: open && case.person.is_some() && status.is_none(),
        notes: detail.notes,
        notice,
        ctx,
    }
}

fn points_text(ctx: &PageContext, status: &CaseStatus) -> String {
    let got: i64 = status.verifications.iter().map(|one| one.points).sum();
    ctx.tv2("case-points", ("got", &got.to_string()), ("needed", &status.requirements.points.to_string()))
}

/// Returns whether the agent's own decision is approved, and for a pass that the agent sees or for something else.
fn is_approved_for(status: &CaseStatus, agent: ObjectId, shows_pass: bool) -> bool {
    let mine = status.decision.as_ref().filter(|recorded| recorded.decision.agent == agent);
    mine.is_some_and(|recorded| {
        recorded.approval.is_some() && (recorded.decision.viewer == ExecutionViewer::Agent) == shows_pass
    })
}

/// Returns whether the agent can execute the action now, without seeing a pass.
fn can_act(status: &CaseStatus, agent: ObjectId) -> bool {
    let is_verified = status.missing.is_none() && !status.requirements.two_people;
    is_verified || is_approved_for(status, agent, false)
}

/// Returns the plain text to copy into a ticket. It contains nothing that would help an attacker who reads the ticket.
fn ticket_summary(ctx: &PageContext, detail: &CaseDetail, now: Timestamp) -> String {
    let case = &detail.case;
    let mut text = String::new();
    let mut line = |key: &str, value: &str| {
        let _ = writeln!(text, "{}: {value}", ctx.t(key));
    };
    line("case-copy-case", &case.reference.to_string());
    line("case-copy-person", &case.upn);
    line("case-copy-for", &action_text(ctx, case.action));
    line("case-copy-state", &ctx.t(&format!("case-state-{}", case.state.as_str())));
    for check in &detail.requests {
        let state = request_state(check, now);
        line(&method_key(check.method), &format!("{} ({})", ctx.t(&format!("case-check-{state}")), check.asked_at));
    }
    for acted in &detail.executions {
        let outcome = outcome_text(ctx, acted);
        line(
            "case-copy-done",
            &format!("{}, {}, {outcome} ({})", action_text(ctx, acted.action), acted.agent_name, acted.at),
        );
    }
    text
}
