//! SQL of cases.
//!
//! - Every change locks the case row first, and only while the case is open. Requests of two agents, two replicas or a
//!   repeated form submission therefore run one after the other.

mod audited_records;
mod cases;
mod column_types;
mod decisions;
mod denials;
mod execution_viewer;
mod executions;
mod pass_watches;
mod requests;
mod retention;
#[cfg(test)]
mod tests;

pub(crate) use audited_records::{IncompleteRecords, load_audited_records, load_incomplete_records};
pub(super) use cases::{
    CaseChange, CaseSubject, NewCase, apply_change, count_repeated_request, insert_case, insert_note,
    insert_request_reference, load_case_by_reference, lock_if_open, mark_changed,
};
pub(crate) use cases::{
    CaseNote, CaseOrigin, HelpdeskCase, ListPosition, load_case_page, load_cases_of_person, load_cases_of_reset,
    load_notes,
};
pub(crate) use decisions::{CaseDecision, DecisionBasis, RecordedDecision, load_decisions, load_evidence};
pub(super) use decisions::{
    NewApproval, has_attested, has_reciprocal_approval, insert_approval, insert_decision, insert_verification,
    load_duties, load_unused_verifications,
};
pub(super) use denials::{
    has_denied_since, insert_denial, load_last_denial, mark_denied, mark_withdrawn, request_withdrawal,
    request_withdrawal_of, withdraw_waiting_executions,
};
pub(crate) use execution_viewer::ExecutionViewer;
pub(crate) use executions::{ActionExecution, load_executions, load_executions_of_person, load_waiting_passes};
pub(super) use executions::{NewExecution, insert_execution, set_execution_status};
pub(super) use pass_watches::{
    PassWatch, insert_watch, load_watches, load_withdrawals, mark_method_registered, mark_used,
};
pub(super) use requests::{
    NewVerificationRequest, count_failures_since, has_open_request, insert_request, mark_answered,
};
pub(crate) use requests::{
    VerificationReply, VerificationRequest, count_open_requests_to, load_request_to, load_requests, load_requests_to,
};
pub(crate) use retention::erase_old_cases;
