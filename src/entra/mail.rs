//! Sends email through Graph with the application's token.
//!
//! Needs `Mail.Send`, which Exchange can limit to one mailbox.

use reqwest::StatusCode;
use serde_json::json;

use super::graph::GraphClient;
use super::graph_error::GraphError;

/// Email message to one recipient.
pub(crate) struct OutgoingMail<'a> {
    pub(crate) from: &'a str,
    pub(crate) to: &'a str,
    pub(crate) subject: &'a str,
    pub(crate) html: &'a str,
}

impl GraphClient {
    /// Sends an email. Success (HTTP 202) means that Graph accepted it. After HTTP 401 it retries once with a new
    /// token.
    ///
    /// Exchange creates the plain text part itself. The message is not saved in the sender's mailbox, because anyone
    /// who reads that mailbox could follow its link.
    pub(crate) async fn send_mail(&self, mail: &OutgoingMail<'_>) -> Result<(), GraphError> {
        match self.send_mail_once(mail).await {
            Err(GraphError::ErrorResponse(refusal)) if refusal.status == StatusCode::UNAUTHORIZED => {
                self.app_token.invalidate().await;
                self.send_mail_once(mail).await
            }
            other => other,
        }
    }

    async fn send_mail_once(&self, mail: &OutgoingMail<'_>) -> Result<(), GraphError> {
        let token = self.app_token.access_token().await.map_err(GraphError::Token)?;
        let body = json!({
            "message": {
                "subject": mail.subject,
                "body": { "contentType": "html", "content": mail.html },
                "toRecipients": [{ "emailAddress": { "address": mail.to } }],
            },
            "saveToSentItems": false,
        });
        let request = self.unpooled_http.post(self.url(&["users", mail.from, "sendMail"])).json(&body);
        self.send_ignoring_body(request, &token).await.map(|_| ())
    }
}
