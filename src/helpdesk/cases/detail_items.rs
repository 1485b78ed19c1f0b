//! Parts of the case page: verifications, requests, methods, callback numbers and the pending approval.

use jiff::Timestamp;

use crate::account::action_text;
use crate::base::ObjectId;
use crate::cases::{
    CallCheckWords, CallerVerification, CaseRisk, ExecutionViewer, MissingVerification, RecordedDecision,
    VerificationMethod, VerificationReply, VerificationRequest,
};
use crate::people::PhoneNumber;
use crate::state::AppState;
use crate::web::{PageContext, format_timestamp};

/// A verification of the caller, as the page shows it.
pub(super) struct VerificationItem {
    pub(super) text: String,
    pub(super) by: String,
    pub(super) points: i64,
    pub(super) until: String,
}

/// A verification request, as the agent sees it.
pub(super) struct VerificationRequestItem {
    pub(super) text: String,
    /// `open`, `over`, or the reply.
    pub(super) state: &'static str,
    pub(super) state_text: String,
    pub(super) words: Vec<String>,
    pub(super) at: String,
}

/// A verification method that is available now.
pub(super) struct MethodOption {
    pub(super) method: &'static str,
    pub(super) title: String,
    pub(super) text: String,
    pub(super) points: i64,
    /// The agent attests it; no one else signs in for it.
    pub(super) is_attested: bool,
}

/// A registered phone number, with its eligibility for a callback.
pub(super) struct CallbackNumberItem {
    pub(super) text: String,
    pub(super) since: String,
    pub(super) callback_eligible: bool,
}

/// A decision with everything that it rests on.
pub(super) struct PresentedDecision {
    pub(super) recorded: RecordedDecision,
    pub(super) evidence: Vec<CallerVerification>,
    /// Name of the manager who is to see a pass.
    pub(super) viewer_name: Option<String>,
}

/// A decision that needs or has an approval.
pub(super) struct PendingApproval {
    /// Id and digest, which the form of an approval carries.
    pub(super) id: String,
    pub(super) digest: String,
    pub(super) text: String,
    pub(super) action: String,
    /// Who will see the pass. `None` if there is no pass.
    pub(super) viewer: Option<String>,
    pub(super) evidence: Vec<VerificationItem>,
    pub(super) risks: Vec<String>,
    pub(super) until: String,
    pub(super) override_reason: Option<String>,
    pub(super) is_approved: bool,
    /// The viewer made the decision, so they cannot approve it.
    pub(super) is_own_request: bool,
}

pub(super) fn method_key(method: VerificationMethod) -> String {
    format!("case-method-{}", method.as_str().replace('_', "-"))
}

/// Returns the state of a request: the reply, `open`, or `over` if it expired.
pub(super) fn request_state(check: &VerificationRequest, now: Timestamp) -> &'static str {
    let unanswered = if check.is_open(now) { "open" } else { "over" };
    check.reply.map_or(unanswered, VerificationReply::as_str)
}

pub(super) fn risk_texts(ctx: &PageContext, risk: CaseRisk) -> Vec<String> {
    [
        (risk.privileged, "case-risk-privileged"),
        (risk.from_internet, "case-risk-internet"),
        (risk.on_hold, "case-risk-frozen"),
        (risk.denied, "case-risk-denied"),
    ]
    .into_iter()
    .filter(|(is, _)| *is)
    .map(|(_, key)| ctx.t(key))
    .collect()
}

pub(super) fn missing_text(ctx: &PageContext, missing: MissingVerification) -> String {
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
    if missing.separation {
        parts.push(ctx.t("case-missing-separation"));
    }
    parts.join(" ")
}

pub(super) fn build_verification(ctx: &PageContext, one: &CallerVerification) -> VerificationItem {
    VerificationItem {
        text: ctx.t(&method_key(one.method)),
        by: one.agent_name.clone(),
        points: one.points,
        until: format_timestamp(&ctx.lang, &one.until),
    }
}

pub(super) fn build_request(
    app: &AppState,
    ctx: &PageContext,
    check: &VerificationRequest,
    now: Timestamp,
    viewer: ObjectId,
) -> VerificationRequestItem {
    let state = request_state(check, now);
    // Only the agent who sent the request sees its words, so that two agents cannot read out different words.
    let shown = check.is_open(now) && check.method == VerificationMethod::CallCheck && check.agent == viewer;
    let words = shown.then(|| CallCheckWords::open(&app.sealer, check).ok()).flatten();
    VerificationRequestItem {
        text: ctx.t(&method_key(check.method)),
        state,
        state_text: ctx.t(&format!("case-check-{state}")),
        words: words.map(|words| words.spoken).unwrap_or_default(),
        at: format_timestamp(&ctx.lang, &check.asked_at),
    }
}

pub(super) fn build_method_options(app: &AppState, ctx: &PageContext) -> Vec<MethodOption> {
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

pub(super) fn build_callback_number(ctx: &PageContext, number: &PhoneNumber) -> CallbackNumberItem {
    CallbackNumberItem {
        text: number.display_text.clone(),
        since: format_timestamp(&ctx.lang, &number.unchanged_since),
        callback_eligible: number.callback_eligible,
    }
}

/// Returns who will see the pass of a decision, as an approver must know it.
fn viewer_text(ctx: &PageContext, presented: &PresentedDecision) -> Option<String> {
    let decision = &presented.recorded.decision;
    match (decision.viewer, &presented.viewer_name) {
        (ExecutionViewer::NoOne, _) => None,
        (ExecutionViewer::Agent, _) => Some(ctx.tv("case-viewer-agent", "name", &decision.agent_name)),
        (ExecutionViewer::Manager(_), Some(name)) => Some(ctx.tv("case-viewer-manager", "name", name)),
        (ExecutionViewer::Manager(manager), None) => Some(ctx.tv("case-viewer-manager", "name", &manager.to_string())),
    }
}

pub(super) fn build_pending_approval(
    ctx: &PageContext,
    presented: &PresentedDecision,
    me: ObjectId,
) -> PendingApproval {
    let recorded = &presented.recorded;
    let decision = &recorded.decision;
    let agent = ("agent", decision.agent_name.as_str());
    PendingApproval {
        id: decision.id.clone(),
        digest: recorded.digest.clone(),
        action: action_text(ctx, decision.action),
        viewer: viewer_text(ctx, presented),
        evidence: presented.evidence.iter().map(|one| build_verification(ctx, one)).collect(),
        risks: risk_texts(ctx, decision.risk),
        until: format_timestamp(&ctx.lang, &decision.until),
        text: match &recorded.approval {
            Some(approved) => ctx.tv2("case-approved-by", agent, ("name", &approved.approver_name)),
            None => ctx.tv("case-waits", agent.0, agent.1),
        },
        override_reason: decision.is_override().then(|| decision.reason.clone()),
        is_approved: recorded.approval.is_some(),
        is_own_request: decision.agent == me,
    }
}
