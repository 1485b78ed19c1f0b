//! Helpdesk cases: an agent verifies a caller, obtains an approval if one is needed, and executes one action.
//!
//! Rules and storage only. `helpdesk` has the pages for staff, `account` those for the person and their manager.
//!
//! - Verification, approval and execution happen only in this order.
//! - No staff member verifies, approves or executes an action for themselves.
//! - Every step and every refusal is in the audit log.

mod acting_permission;
mod action_outcome;
mod call_check;
mod case_access;
mod case_events;
mod case_state;
mod decision;
mod denial;
mod digest;
mod duties;
mod error;
mod execution;
mod execution_state;
mod lifecycle;
mod microsoft_actions;
mod participants;
mod pass_monitor;
mod pass_viewer;
mod person_snapshot;
mod policy;
mod status;
mod store;
mod verification;

pub(crate) use action_outcome::{CaseActionOutcome, ReplyOutcome};
pub(crate) use call_check::CallCheckWords;
pub(crate) use case_access::load_case;
pub(crate) use case_events::record_refusal;
pub(crate) use case_state::CaseState;
pub(crate) use decision::{SeenDecision, SeenStatus, approve_decision, request_approval, request_override};
pub(crate) use denial::DENIAL_LIFETIME;
pub(crate) use error::{CaseError, CaseRefusal, CaseResult};
pub(crate) use execution::{
    claim_pass, execute_action, needs_agent_token, prepare_execution, resume_execution, waiting_pass_cutoff,
};
pub(crate) use execution_state::ExecutionStatus;
pub(crate) use lifecycle::{
    add_note, change_action, close_case, identify_person, open_case, place_hold, request_help, set_ticket, take_over,
};
pub(crate) use microsoft_actions::{ExecutionResult, SIGN_IN_DETAIL};
pub(crate) use participants::StaffActor;
pub(crate) use pass_monitor::run_pass_monitor;
pub(crate) use pass_viewer::PassViewer;
pub(crate) use person_snapshot::PersonSnapshot;
pub(crate) use policy::{CallerVerification, CaseAction, CaseRisk, MissingVerification, VerificationMethod};
pub(crate) use status::{CaseStatus, load_status};
pub(crate) use store::{
    ActionExecution, CaseNote, CaseOrigin, ExecutionViewer, HelpdeskCase, IncompleteRecords, ListPosition,
    RecordedDecision, VerificationReply, VerificationRequest, count_open_requests_to, erase_old_cases,
    load_audited_records, load_case_page, load_cases_of_person, load_cases_of_reset, load_decisions, load_evidence,
    load_executions, load_executions_of_person, load_incomplete_records, load_notes, load_request_to, load_requests,
    load_requests_to, load_waiting_passes,
};
pub(crate) use verification::{SubmittedReply, record_attestation, record_reply, request_verification};
