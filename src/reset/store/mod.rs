//! SQL of resets.
//!
//! Every visible change increments `change` by one for the entire table. Event streams wait for that number.

mod changes;
mod claims;
mod device_checklist;
mod dispatch;
#[cfg(test)]
mod hourly_limit_tests;
mod intent;
mod listing;
mod reset_row;
mod resets;
mod retention;
pub(crate) mod search;
mod statistics;
#[cfg(test)]
mod tests;
mod transitions;

pub(super) use changes::{ChangedReset, MAX_CHANGES_PER_READ, load_changed_since, load_newest_change, mark_changed};
pub(super) use claims::{
    DueWork, PollSchedule, SendingLease, claim_due, has_overlapping_reset, load_sending_leases,
    schedule_evidence_check, schedule_poll, take_over_lease,
};
pub(super) use device_checklist::{
    load_checklist, mark_signed_out, mark_was_locked, save_devices, update_laptop_answer, update_step,
};
pub(super) use dispatch::{
    HeldLease, clear_dispatched, count_ahead_in_queue, load_throttled_until, mark_dispatched, mark_queued, renew_lease,
    save_throttle_until,
};
pub(super) use intent::{ResetIntent, insert_intent, mark_canary, save_password_baseline};
pub(crate) use listing::{GraphResponseRecord, ListCursor, ResetNote, ResetSummary};
pub(super) use listing::{
    NewNote, insert_note, load_by_person, load_graph_responses, load_notes, load_texts, schedule_checks_now,
};
pub(super) use resets::{load_by_id, load_by_reference, load_canaries, load_evidence, load_latest};
pub(crate) use retention::erase_reset_names;
pub(crate) use statistics::{EndedReset, ResetGauges};
pub(super) use statistics::{
    count_by_cause, count_by_day, load_checkpoint_latencies, load_ended, load_gauges, load_typical_duration,
};
pub(super) use transitions::{
    GraphCall, NewGraphResponse, StateTransition, insert_evidence, insert_graph_response, update_accepted,
    update_log_gap, update_state,
};
