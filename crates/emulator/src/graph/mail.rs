//! `sendMail`. No message leaves the emulator: messages are stored for tests.

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::caller::ApiCaller;
use super::error::ODataError;
use crate::{EmulatedTenant, SentMail};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SendMailBody {
    message: SendMailMessage,
    #[serde(default = "default_save_to_sent_items")]
    save_to_sent_items: bool,
}

fn default_save_to_sent_items() -> bool {
    true
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SendMailMessage {
    subject: String,
    body: SendMailContent,
    to_recipients: Vec<SendMailRecipient>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SendMailContent {
    content_type: String,
    content: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SendMailRecipient {
    email_address: SendMailAddress,
}

#[derive(Deserialize)]
struct SendMailAddress {
    address: String,
}

pub(super) async fn send_mail(
    State(tenant): State<EmulatedTenant>,
    caller: ApiCaller,
    Path(id): Path<String>,
    order: Result<Json<SendMailBody>, JsonRejection>,
) -> Response {
    let Ok(Json(order)) = order else {
        return ODataError::bad_request("The message is not valid.").to_response(&tenant);
    };
    let mut state = tenant.lock_state();
    let Some(sender) = state.find_account(&id).map(|account| (account.id, account.seed.upn.clone())) else {
        drop(state);
        return ODataError::not_found(&id).to_response(&tenant);
    };
    // With a delegated token, a person can send only as themselves.
    let theirs = caller.account_id.is_none_or(|account| account == sender.0);
    if !theirs || order.message.to_recipients.is_empty() {
        drop(state);
        return if theirs { ODataError::bad_request("No recipients.") } else { ODataError::denied() }
            .to_response(&tenant);
    }
    state.sent_mails.push(SentMail {
        from: sender.1,
        to: order.message.to_recipients.into_iter().map(|r| r.email_address.address).collect(),
        subject: order.message.subject,
        content_type: order.message.body.content_type,
        content: order.message.body.content,
        saved_to_sent_items: order.save_to_sent_items,
    });
    StatusCode::ACCEPTED.into_response()
}
