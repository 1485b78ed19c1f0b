//! Lines that several pages have: what a case may be for, and what was done.

use super::own::SIGN_IN;
use super::rules::Action;
use super::store::Acted;
use crate::web::{Frame, moment};

/// Something to choose.
pub(in crate::helpdesk) struct Choice {
    pub(in crate::helpdesk) value: &'static str,
    pub(in crate::helpdesk) text: String,
    pub(in crate::helpdesk) chosen: bool,
}

/// What was done.
pub(super) struct Deed {
    pub(super) text: String,
    pub(super) by: String,
    pub(super) at: String,
    pub(super) at_iso: String,
    pub(super) outcome: String,
    pub(super) outcome_text: String,
    /// Why it failed, for whoever mends it.
    pub(super) problem: String,
    /// What became of a pass.
    pub(super) after: Vec<String>,
}

pub(super) fn action_text(f: &Frame, action: Action) -> String {
    f.t(&format!("case-action-{}", action.name()))
}

pub(super) fn actions(f: &Frame, chosen: Option<Action>) -> Vec<Choice> {
    let choice =
        |action: Action| Choice { value: action.name(), text: action_text(f, action), chosen: chosen == Some(action) };
    Action::ALL.into_iter().map(choice).collect()
}

/// What a case may be for, to begin one from another page.
pub(in crate::helpdesk) fn all_actions(f: &Frame) -> Vec<Choice> {
    actions(f, None)
}

pub(super) fn outcome_text(f: &Frame, acted: &Acted) -> String {
    match (acted.outcome.as_str(), acted.detail.as_str()) {
        ("waiting", SIGN_IN) => f.t("case-outcome-sign-in"),
        (outcome, _) => f.t(&format!("case-outcome-{outcome}")),
    }
}

pub(super) fn deed(f: &Frame, acted: &Acted) -> Deed {
    let after = [("case-pass-used", acted.used_at), ("case-pass-method", acted.method_at)];
    let after = after.into_iter().filter_map(|(key, at)| Some(f.tv(key, "time", &moment(&f.lang, &at?))));
    Deed {
        after: after.collect(),
        text: action_text(f, acted.action),
        by: acted.agent_name.clone(),
        at: moment(&f.lang, &acted.at),
        at_iso: acted.at.to_string(),
        problem: if acted.outcome == "failed" { acted.detail.clone() } else { String::new() },
        outcome: acted.outcome.clone(),
        outcome_text: outcome_text(f, acted),
    }
}
