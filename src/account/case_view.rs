//! View models of cases that the pages of staff and of people share.

use jiff::Timestamp;

use crate::cases::{ActionExecution, CaseAction, ExecutionStatus, SIGN_IN_DETAIL};
use crate::web::{PageContext, format_timestamp};

/// Message about the last form submission.
pub(crate) struct CaseNotice {
    /// A refusal or a failure.
    pub(crate) is_problem: bool,
    pub(crate) text: String,
}

/// An executed case action, as pages show it.
pub(crate) struct ExecutionItem {
    pub(crate) text: String,
    pub(crate) by: String,
    pub(crate) at: String,
    pub(crate) at_iso: String,
    pub(crate) outcome: &'static str,
    pub(crate) outcome_text: String,
    /// Error text of a failed execution, for the staff who fix it. Empty otherwise.
    pub(crate) problem: String,
    /// Later events of a pass: its first use and newly registered sign-in methods.
    pub(crate) pass_events: Vec<String>,
}

pub(crate) fn action_text(ctx: &PageContext, action: CaseAction) -> String {
    ctx.t(&format!("case-action-{}", action.as_str()))
}

pub(crate) fn outcome_text(ctx: &PageContext, execution: &ActionExecution) -> String {
    match (execution.status, execution.detail.as_str()) {
        (ExecutionStatus::Waiting, SIGN_IN_DETAIL) => ctx.t("case-outcome-sign-in"),
        (status, _) => ctx.t(&format!("case-outcome-{}", status.as_str())),
    }
}

pub(crate) fn build_execution_item(ctx: &PageContext, execution: &ActionExecution) -> ExecutionItem {
    let events = [("case-pass-used", execution.pass_used_at), ("case-pass-method", execution.method_registered_at)];
    let event_text =
        |(key, at): (&str, Option<Timestamp>)| Some(ctx.tv(key, "time", &format_timestamp(&ctx.lang, &at?)));
    ExecutionItem {
        pass_events: events.into_iter().filter_map(event_text).collect(),
        text: action_text(ctx, execution.action),
        by: execution.agent_name.clone(),
        at: format_timestamp(&ctx.lang, &execution.at),
        at_iso: execution.at.to_string(),
        problem: if execution.status == ExecutionStatus::Failed { execution.detail.clone() } else { String::new() },
        outcome: execution.status.as_str(),
        outcome_text: outcome_text(ctx, execution),
    }
}
