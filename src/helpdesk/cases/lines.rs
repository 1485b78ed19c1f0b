//! View models that several pages share: the options for case actions and the list of executed actions.

use super::own::SIGN_IN_DETAIL;
use super::rules::CaseAction;
use super::store::ActionExecution;
use crate::web::{PageContext, format_timestamp};

/// One option of a select element.
pub(in crate::helpdesk) struct ActionOption {
    pub(in crate::helpdesk) value: &'static str,
    pub(in crate::helpdesk) text: String,
    pub(in crate::helpdesk) chosen: bool,
}

/// An executed case action, as pages show it.
pub(super) struct ExecutionItem {
    pub(super) text: String,
    pub(super) by: String,
    pub(super) at: String,
    pub(super) at_iso: String,
    pub(super) outcome: String,
    pub(super) outcome_text: String,
    /// Error text of a failed execution, for the staff who fix it. Empty otherwise.
    pub(super) problem: String,
    /// Later events of a pass: its first use and newly registered sign-in methods.
    pub(super) pass_events: Vec<String>,
}

pub(super) fn action_text(ctx: &PageContext, action: CaseAction) -> String {
    ctx.t(&format!("case-action-{}", action.as_str()))
}

pub(super) fn action_options(ctx: &PageContext, chosen: Option<CaseAction>) -> Vec<ActionOption> {
    let choice = |action: CaseAction| ActionOption {
        value: action.as_str(),
        text: action_text(ctx, action),
        chosen: chosen == Some(action),
    };
    CaseAction::ALL.into_iter().map(choice).collect()
}

/// Returns every case action with none selected, for the form that opens a case from another page.
pub(in crate::helpdesk) fn all_action_options(ctx: &PageContext) -> Vec<ActionOption> {
    action_options(ctx, None)
}

pub(super) fn outcome_text(ctx: &PageContext, acted: &ActionExecution) -> String {
    match (acted.outcome.as_str(), acted.detail.as_str()) {
        ("waiting", SIGN_IN_DETAIL) => ctx.t("case-outcome-sign-in"),
        (outcome, _) => ctx.t(&format!("case-outcome-{outcome}")),
    }
}

pub(super) fn build_execution_item(ctx: &PageContext, acted: &ActionExecution) -> ExecutionItem {
    let after = [("case-pass-used", acted.pass_used_at), ("case-pass-method", acted.method_registered_at)];
    let after = after.into_iter().filter_map(|(key, at)| Some(ctx.tv(key, "time", &format_timestamp(&ctx.lang, &at?))));
    ExecutionItem {
        pass_events: after.collect(),
        text: action_text(ctx, acted.action),
        by: acted.agent_name.clone(),
        at: format_timestamp(&ctx.lang, &acted.at),
        at_iso: acted.at.to_string(),
        problem: if acted.outcome == "failed" { acted.detail.clone() } else { String::new() },
        outcome: acted.outcome.clone(),
        outcome_text: outcome_text(ctx, acted),
    }
}
