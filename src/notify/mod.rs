//! Notifies people by mail of resets and Temporary Access Passes, and administrators of health issues.
//!
//! The intent of a reset inserts a row with its recipient ([`enqueue_reset_notice`]). The worker loads rows whose reset
//! changed the password, or may have, and sends the mail to the addresses that the person had before the reset. Notices
//! about passes work in the same way ([`PassAudience`]): one when a pass is created, one when it is first used, and one
//! when a sign-in method is registered after it.
//!
//! Each reset notice has a link for "this was not me", which places a hold on the person and raises an alert.
//!
//! - A crash loses no mail, because only the database says what is left to send.
//! - A notice contains no password, because no password can reach this module.
//! - The link undoes nothing and ends no session, so a stolen link is only a nuisance.

mod email;
mod not_me;
mod pages;
mod pass_audience;
mod recipient;
mod store;
mod transport;
mod worker;

pub(crate) use pages::router;
pub(crate) use pass_audience::{PassAudience, PassEvent, enqueue_operations_notice};
pub(crate) use recipient::enqueue_reset_notice;
pub(crate) use transport::{MailError, check_mail_server};
pub(crate) use worker::{MailWorker, delete_expired_mail};
