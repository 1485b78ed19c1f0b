//! Parts of the case page: verifications, requests, methods, callback numbers and the pending approval.

use jiff::Timestamp;

use crate::base::ObjectId;
use crate::cases::{
    CallCheckWords, CallerVerification, CaseStatus, MissingVerification, RecordedDecision, VerificationMethod,
    VerificationReply, VerificationRequest,
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

/// A decision that needs or has an approval.
pub(super) struct PendingApproval {
    pub(super) text: String,
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

pub(super) fn risk_texts(ctx: &PageContext, status: &CaseStatus) -> Vec<String> {
    let risk = status.risk;
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

pub(super) fn build_pending_approval(ctx: &PageContext, recorded: &RecordedDecision, me: ObjectId) -> PendingApproval {
    let decision = &recorded.decision;
    let agent = ("agent", decision.agent_name.as_str());
    PendingApproval {
        text: match &recorded.approval {
            Some(approved) => ctx.tv2("case-approved-by", agent, ("name", &approved.approver_name)),
            None => ctx.tv("case-waits", agent.0, agent.1),
        },
        override_reason: decision.is_override().then(|| decision.reason.clone()),
        is_approved: recorded.approval.is_some(),
        is_own_request: decision.agent == me,
    }
}
