//! Sends mail through an SMTP server or Graph.

use std::time::Duration;

use jiff::Timestamp;
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::{Address, AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor};

use super::email::EmailMessage;
use crate::config::{NotifyKind, SmtpConfig, SmtpTls};
use crate::entra::{GraphClient, GraphError, OutgoingMail};
use crate::state::AppState;
use crate::store::hash_id;

/// Maximum time to send one mail through Graph. The Graph client's own timeouts are shorter.
const GRAPH_SEND_TIMEOUT: Duration = Duration::from_mins(1);

/// Error while sending mail. Omits the text of the mail server's reply, because it may contain personal names.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MailError {
    #[error("notify.smtp.ca_file {path}: {problem}")]
    CaFile { path: String, problem: String },
    #[error("invalid sender or recipient address: check notify.from and the person's email addresses")]
    InvalidAddress,
    #[error("cannot build the message: {0}")]
    InvalidMessage(String),
    #[error("mail server replied with code {0}")]
    Rejected(String),
    #[error("cannot reach the mail server: {0}")]
    Unreachable(String),
    #[error("mail delivery timed out")]
    TimedOut,
    #[error("Graph rejected the mail: {0}")]
    Graph(String),
}

impl From<lettre::transport::smtp::Error> for MailError {
    fn from(error: lettre::transport::smtp::Error) -> Self {
        use std::error::Error as _;
        match error.status() {
            Some(code) => Self::Rejected(code.to_string()),
            None if error.is_timeout() => Self::TimedOut,
            None => Self::Unreachable(error.source().map_or_else(|| error.to_string(), ToString::to_string)),
        }
    }
}

impl From<GraphError> for MailError {
    fn from(error: GraphError) -> Self {
        Self::Graph(match error {
            GraphError::ErrorResponse(refusal) => {
                format!("{} {}", refusal.status.as_u16(), refusal.code.unwrap_or_default())
            }
            other => other.to_string(),
        })
    }
}

/// Transport that the configuration selects.
enum MailTransport {
    Smtp(AsyncSmtpTransport<Tokio1Executor>),
    Graph(GraphClient),
}

/// Sends mail from the configured sender.
pub(super) struct MailSender {
    transport: MailTransport,
    from: Mailbox,
    /// Maximum total time for one message.
    send_timeout: Duration,
}

/// Recipient, id and time of one message.
pub(super) struct MailEnvelope<'a> {
    pub(super) to: &'a str,
    /// Basis of the `Message-ID`. It is the same for each attempt, so that a mailbox can detect a duplicate.
    pub(super) id: &'a str,
    pub(super) at: Timestamp,
}

impl MailSender {
    /// Creates the sender that `notify` configures, or returns `None` if mail is off.
    pub(super) fn new(app: &AppState) -> Result<Option<Self>, MailError> {
        let settings = &app.config.notify;
        let (way, patience) = match (settings.kind, &settings.smtp) {
            (NotifyKind::Off, _) | (NotifyKind::Smtp, None) => return Ok(None),
            (NotifyKind::Smtp, Some(server)) => {
                (MailTransport::Smtp(smtp_transport(server)?), Duration::from_secs(server.timeout_seconds))
            }
            (NotifyKind::Graph, _) => (MailTransport::Graph(app.entra.graph.clone()), GRAPH_SEND_TIMEOUT),
        };
        let from = settings.from.parse::<Address>().map_err(|_| MailError::InvalidAddress)?;
        Ok(Some(Self {
            transport: way,
            from: Mailbox::new(Some(app.config.branding.name.clone()), from),
            send_timeout: patience,
        }))
    }

    /// Sends a message to one address.
    pub(super) async fn send(&self, letter: &EmailMessage, envelope: &MailEnvelope<'_>) -> Result<(), MailError> {
        let sent = async {
            match &self.transport {
                MailTransport::Smtp(server) => {
                    server.send(self.build_message(letter, envelope)?).await?;
                }
                MailTransport::Graph(graph) => {
                    let from = self.from.email.to_string();
                    let mail =
                        OutgoingMail { from: &from, to: envelope.to, subject: &letter.subject, html: &letter.html };
                    graph.send_mail(&mail).await?;
                }
            }
            Ok(())
        };
        tokio::time::timeout(self.send_timeout, sent).await.unwrap_or(Err(MailError::TimedOut))
    }

    fn build_message(&self, letter: &EmailMessage, envelope: &MailEnvelope<'_>) -> Result<Message, MailError> {
        let to = envelope.to.parse::<Address>().map_err(|_| MailError::InvalidAddress)?;
        let name: String = hash_id(envelope.to).chars().take(12).collect();
        let id = format!("<notice.{}.{name}@{}>", envelope.id, self.from.email.domain());
        // Suppresses out-of-office replies (RFC 3834).
        let machine = HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".to_owned());
        let message = Message::builder().from(self.from.clone()).to(Mailbox::new(None, to)).subject(&letter.subject);
        let message = message.date(envelope.at.into()).message_id(Some(id)).raw_header(machine);
        let body = MultiPart::alternative_plain_html(letter.text.clone(), letter.html.clone());
        message.multipart(body).map_err(|e| MailError::InvalidMessage(e.to_string()))
    }
}

/// Checks the connection to the mail server without sending mail, for `doctor`. Returns true if the server accepted the
/// connection, false if mail goes through Graph and cannot be checked, and `None` if mail is off.
pub(crate) async fn check_mail_server(app: &AppState) -> Result<Option<bool>, String> {
    let post = MailSender::new(app).map_err(|error| error.to_string())?;
    let Some(post) = post else { return Ok(None) };
    let MailTransport::Smtp(server) = &post.transport else { return Ok(Some(false)) };
    match tokio::time::timeout(post.send_timeout, server.test_connection()).await {
        Ok(Ok(true)) => Ok(Some(true)),
        Ok(Ok(false)) => Err("mail server rejected the connection".to_owned()),
        Ok(Err(error)) => Err(MailError::from(error).to_string()),
        Err(_) => Err(MailError::TimedOut.to_string()),
    }
}

/// Creates a transport without a connection pool: messages are rare, and a pooled connection would be stale by the
/// next.
fn smtp_transport(server: &SmtpConfig) -> Result<AsyncSmtpTransport<Tokio1Executor>, MailError> {
    let tls = match server.tls {
        SmtpTls::None => Tls::None,
        SmtpTls::Starttls => Tls::Required(smtp_tls_parameters(server)?),
        SmtpTls::Tls => Tls::Wrapper(smtp_tls_parameters(server)?),
    };
    let builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(server.host.clone());
    let builder = builder.port(server.port()).tls(tls).timeout(Some(Duration::from_secs(server.timeout_seconds)));
    let builder = match server.username.clone().zip(server.password.as_ref()) {
        Some((name, password)) => builder.credentials(Credentials::new(name, password.expose_secret().to_owned())),
        None => builder,
    };
    Ok(builder.build())
}

fn smtp_tls_parameters(server: &SmtpConfig) -> Result<TlsParameters, MailError> {
    let path = server.ca_file.as_ref().map_or_else(String::new, |p| p.display().to_string());
    let broken =
        |problem: &dyn std::fmt::Display| MailError::CaFile { path: path.clone(), problem: problem.to_string() };
    let mut builder = TlsParameters::builder(server.host.clone());
    if let Some(file) = &server.ca_file {
        let pem = std::fs::read(file).map_err(|e| broken(&e))?;
        if !String::from_utf8_lossy(&pem).contains("-----BEGIN CERTIFICATE-----") {
            return Err(broken(&"not a PEM certificate"));
        }
        builder = builder.add_root_certificate(Certificate::from_pem(&pem).map_err(|e| broken(&e))?);
    }
    builder.build().map_err(|e| broken(&e))
}
