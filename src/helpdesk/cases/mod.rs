//! Pages and forms of helpdesk cases. The rules are in `crate::cases`.

mod actions;
mod agent_sign_in;
mod detail;
mod detail_items;
mod detail_view;
mod list;
mod response;

pub(super) use actions::{
    add_case_note, approve_decision, change_action, close_case, execute_action, identify_person, place_hold,
    request_approval, request_override, set_ticket, take_over_case, verify_caller,
};
pub(crate) use agent_sign_in::handle_agent_return;
pub(super) use detail::{show_case, show_case_change};
pub(super) use list::{CaseListItem, load_person_items, load_reset_items, open_case, show_case_list};
