//! The way a notice leaves: a mail server, or Graph.

use std::time::Duration;

use jiff::Timestamp;
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::{Address, AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor};

use super::message::Letter;
use crate::config::{NotifyKind, Smtp, SmtpTls};
use crate::entra::{Graph, GraphError, Mail};
use crate::state::App;
use crate::store::hash_id;

/// Graph's own limits are shorter.
const GRAPH_PATIENCE: Duration = Duration::from_mins(1);

/// Why a notice did not leave. No text of a mail server is kept: it may name people.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PostError {
    #[error("notify.smtp.ca_file {path} cannot be used: {problem}")]
    Ca { path: String, problem: String },
    #[error("notify.from or an address of a person cannot be written to")]
    Address,
    #[error("the message cannot be made: {0}")]
    Message(String),
    #[error("the mail server answered {0}")]
    Refused(String),
    #[error("the mail server cannot be reached: {0}")]
    Away(String),
    #[error("no answer in time")]
    Late,
    #[error("Graph did not take it: {0}")]
    Graph(String),
}

impl From<lettre::transport::smtp::Error> for PostError {
    fn from(error: lettre::transport::smtp::Error) -> Self {
        use std::error::Error as _;
        match error.status() {
            Some(code) => Self::Refused(code.to_string()),
            None if error.is_timeout() => Self::Late,
            None => Self::Away(error.source().map_or_else(|| error.to_string(), ToString::to_string)),
        }
    }
}

impl From<GraphError> for PostError {
    fn from(error: GraphError) -> Self {
        Self::Graph(match error {
            GraphError::Answered(said) => format!("{} {}", said.status.as_u16(), said.code.unwrap_or_default()),
            other => other.to_string(),
        })
    }
}

enum Way {
    Smtp(AsyncSmtpTransport<Tokio1Executor>),
    Graph(Graph),
}

/// Takes messages away.
pub(super) struct Post {
    way: Way,
    from: Mailbox,
    /// One message takes no longer in all.
    patience: Duration,
}

/// What tells two messages apart.
pub(super) struct Envelope<'a> {
    pub(super) to: &'a str,
    /// The same for each try, so that a mailbox can know a message it has already.
    pub(super) id: &'a str,
    pub(super) at: Timestamp,
}

impl Post {
    /// `None`: notices are off.
    pub(super) fn new(app: &App) -> Result<Option<Self>, PostError> {
        let settings = &app.config.notify;
        let (way, patience) = match (settings.kind, &settings.smtp) {
            (NotifyKind::Off, _) | (NotifyKind::Smtp, None) => return Ok(None),
            (NotifyKind::Smtp, Some(server)) => {
                (Way::Smtp(transport(server)?), Duration::from_secs(server.timeout_seconds))
            }
            (NotifyKind::Graph, _) => (Way::Graph(app.entra.graph.clone()), GRAPH_PATIENCE),
        };
        let from = settings.from.parse::<Address>().map_err(|_| PostError::Address)?;
        Ok(Some(Self { way, from: Mailbox::new(Some(app.config.branding.name.clone()), from), patience }))
    }

    /// Sends to one address.
    pub(super) async fn send(&self, letter: &Letter, envelope: &Envelope<'_>) -> Result<(), PostError> {
        let sent = async {
            match &self.way {
                Way::Smtp(server) => {
                    server.send(self.message(letter, envelope)?).await?;
                }
                Way::Graph(graph) => {
                    let from = self.from.email.to_string();
                    let mail = Mail { from: &from, to: envelope.to, subject: &letter.subject, html: &letter.html };
                    graph.send_mail(&mail).await?;
                }
            }
            Ok(())
        };
        tokio::time::timeout(self.patience, sent).await.unwrap_or(Err(PostError::Late))
    }

    fn message(&self, letter: &Letter, envelope: &Envelope<'_>) -> Result<Message, PostError> {
        let to = envelope.to.parse::<Address>().map_err(|_| PostError::Address)?;
        let name: String = hash_id(envelope.to).chars().take(12).collect();
        let id = format!("<notice.{}.{name}@{}>", envelope.id, self.from.email.domain());
        // No out-of-office answer comes back (RFC 3834).
        let machine = HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".to_owned());
        let message = Message::builder().from(self.from.clone()).to(Mailbox::new(None, to)).subject(&letter.subject);
        let message = message.date(envelope.at.into()).message_id(Some(id)).raw_header(machine);
        let body = MultiPart::alternative_plain_html(letter.text.clone(), letter.html.clone());
        message.multipart(body).map_err(|e| PostError::Message(e.to_string()))
    }
}

/// Says hello to the mail server and goes again, for doctor. True: it took us. False: mail goes by Graph, which has no hello.
/// `None`: mail is off.
pub(crate) async fn probe(app: &App) -> Result<Option<bool>, String> {
    let post = Post::new(app).map_err(|error| error.to_string())?;
    let Some(post) = post else { return Ok(None) };
    let Way::Smtp(server) = &post.way else { return Ok(Some(false)) };
    match tokio::time::timeout(post.patience, server.test_connection()).await {
        Ok(Ok(true)) => Ok(Some(true)),
        Ok(Ok(false)) => Err("the mail server does not take us".to_owned()),
        Ok(Err(error)) => Err(PostError::from(error).to_string()),
        Err(_) => Err(PostError::Late.to_string()),
    }
}

/// A connection for each message: they are few, and a kept one would be stale by the next.
fn transport(server: &Smtp) -> Result<AsyncSmtpTransport<Tokio1Executor>, PostError> {
    let tls = match server.tls {
        SmtpTls::None => Tls::None,
        SmtpTls::Starttls => Tls::Required(tls(server)?),
        SmtpTls::Tls => Tls::Wrapper(tls(server)?),
    };
    let builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(server.host.clone());
    let builder = builder.port(server.port()).tls(tls).timeout(Some(Duration::from_secs(server.timeout_seconds)));
    let builder = match server.username.clone().zip(server.password.as_ref()) {
        Some((name, password)) => builder.credentials(Credentials::new(name, password.expose_secret().to_owned())),
        None => builder,
    };
    Ok(builder.build())
}

fn tls(server: &Smtp) -> Result<TlsParameters, PostError> {
    let path = server.ca_file.as_ref().map_or_else(String::new, |p| p.display().to_string());
    let broken = |problem: &dyn std::fmt::Display| PostError::Ca { path: path.clone(), problem: problem.to_string() };
    let mut builder = TlsParameters::builder(server.host.clone());
    if let Some(file) = &server.ca_file {
        let pem = std::fs::read(file).map_err(|e| broken(&e))?;
        if !String::from_utf8_lossy(&pem).contains("-----BEGIN CERTIFICATE-----") {
            return Err(broken(&"there is no certificate in it (PEM)"));
        }
        builder = builder.add_root_certificate(Certificate::from_pem(&pem).map_err(|e| broken(&e))?);
    }
    builder.build().map_err(|e| broken(&e))
}
