//! Options of select elements.

use crate::account::action_text;
use crate::cases::CaseAction;
use crate::web::PageContext;

/// One option of a select element.
pub(super) struct SelectOption {
    pub(super) value: &'static str,
    pub(super) text: String,
    pub(super) chosen: bool,
}

/// Builds one option for each value. `option` returns its stable name and its text.
pub(super) fn build_options<T: Copy + PartialEq>(
    values: impl IntoIterator<Item = T>,
    chosen: Option<T>,
    option: impl Fn(T) -> (&'static str, String),
) -> Vec<SelectOption> {
    let build = |one: T| {
        let (value, text) = option(one);
        SelectOption { value, text, chosen: chosen == Some(one) }
    };
    values.into_iter().map(build).collect()
}

/// Builds the options for the action of a case.
pub(super) fn action_options(ctx: &PageContext, chosen: Option<CaseAction>) -> Vec<SelectOption> {
    build_options(CaseAction::ALL, chosen, |action| (action.as_str(), action_text(ctx, action)))
}
