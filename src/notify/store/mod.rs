//! SQL of queued mail: reset notices (table `notices`), event notices (table `letters`), and the queue operations of
//! both.

mod event_notices;
mod mail_queue;
mod reset_notices;
#[cfg(test)]
mod tests;

pub(super) use event_notices::{
    DueEventNotice, NewEventNotice, delete_expired_event_notices, insert_event_notice, load_due_event_notices,
};
pub(super) use mail_queue::{
    EVENT_NOTICES, MailQueue, QueuedMail, RESET_NOTICES, claim_mail, mark_ended, reschedule_mail, update_recipients,
};
pub(super) use reset_notices::{
    DueResetNotice, LinkedReset, delete_expired_reset_notices, insert_reset_notice, load_by_link,
    load_due_reset_notices, mark_link_used, mark_sending,
};
