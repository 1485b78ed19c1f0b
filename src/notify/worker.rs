//! Delivers due mail. Each round loads its work from the database and may run on several replicas.

use std::time::Duration;

use jiff::SignedDuration;

use super::email::{self, EmailMessage};
use super::not_me;
use super::recipient::MailRecipient;
use super::store::{self, DueEventNotice, DueResetNotice, QueuedMail};
use super::transport::{MailEnvelope, MailError, MailSender};
use crate::audit::{AuditActor, AuditEvent};
use crate::base::{TimestampExt as _, crash_point, run_every};
use crate::state::AppState;
use crate::store::{StoreError, hash_id};
use crate::web::WebError;

/// Time between two rounds.
const POLL_INTERVAL: Duration = Duration::from_millis(500);
/// Time after the first attempt at which delivery is abandoned, because the notice is out of date.
const MAX_RETRY_PERIOD: SignedDuration = SignedDuration::from_hours(24);

/// Composes one mail for a recipient.
type ComposeEmail<'a> = dyn Fn(&MailRecipient) -> Result<EmailMessage, WebError> + Sync + 'a;
/// Creates the audit event of a delivery from the event kind.
type DeliveryEvent<'a> = dyn Fn(&'static str) -> AuditEvent + Sync + 'a;

/// Returns the delay before the next attempt, after this number of attempts.
fn retry_delay(tries: i64) -> SignedDuration {
    match tries {
        ..=1 => SignedDuration::from_secs(30),
        2 => SignedDuration::from_mins(2),
        3 => SignedDuration::from_mins(5),
        4 => SignedDuration::from_mins(15),
        5 => SignedDuration::from_mins(30),
        6 => SignedDuration::from_hours(1),
        7 => SignedDuration::from_hours(2),
        _ => SignedDuration::from_hours(4),
    }
}

/// Deletes expired notices of both tables.
pub(crate) async fn delete_expired_mail(app: &AppState) -> Result<(), StoreError> {
    store::delete_expired_event_notices(&app.db, app.now()).await?;
    store::delete_expired_reset_notices(&app.db, app.now()).await
}

/// Delivers queued mail.
pub(crate) struct MailWorker {
    app: AppState,
    sender: MailSender,
}

impl MailWorker {
    /// Creates the worker, or returns `None` if mail is off.
    pub(crate) fn new(app: &AppState) -> Result<Option<Self>, MailError> {
        Ok(MailSender::new(app)?.map(|post| Self { app: app.clone(), sender: post }))
    }

    /// Delivers mail until shutdown.
    pub(crate) async fn run(self) {
        let rounds = self.app.metrics.background_rounds("mail-delivery");
        run_every(&self.app.shutdown, &rounds, POLL_INTERVAL, || async {
            if let Err(error) = self.run_once().await {
                tracing::error!(error = ?error, "loading queued mail failed: retrying");
            }
        })
        .await;
    }

    async fn run_once(&self) -> Result<(), StoreError> {
        let (app, now) = (&self.app, self.app.now());
        let notices = store::load_due_reset_notices(&app.db, now).await?;
        let letters = store::load_due_event_notices(&app.db, now).await?;
        let notices = notices.into_iter().map(|due| async move { self.deliver_reset_notice(&due).await });
        let letters = letters.into_iter().map(|due| async move { self.deliver_event_notice(&due).await });
        let (notices, letters) = futures_util::future::join(
            futures_util::future::join_all(notices),
            futures_util::future::join_all(letters),
        )
        .await;
        for done in notices.into_iter().chain(letters) {
            match done {
                // Another replica claimed the mail.
                Ok(()) | Err(StoreError::RowNotFound) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    async fn deliver_reset_notice(&self, due: &DueResetNotice) -> Result<(), StoreError> {
        let (app, now) = (&self.app, self.app.now());
        if !store::claim_mail(&app.db, &due.mail, &app.instance_id, now).await? {
            return Ok(());
        }
        let token = not_me::not_me_token(&app.sealer, due.reset);
        store::mark_sending(&app.db, due, &app.instance_id, &hash_id(&token), now).await?;
        let link = not_me::not_me_url(&app.config.server.public_url, &token);
        let write = |to: &MailRecipient| email::compose_reset_notice(due, &to.name, &link, &app.config.branding);
        let delivery_event = |kind| {
            AuditEvent::new(kind, AuditActor::Portal)
                .with_subject(due.person)
                .with_reset(due.reset)
                .with_detail("told", &*due.state)
        };
        self.deliver_claimed(&due.mail, &write, &delivery_event).await
    }

    async fn deliver_event_notice(&self, due: &DueEventNotice) -> Result<(), StoreError> {
        let app = &self.app;
        if !store::claim_mail(&app.db, &due.mail, &app.instance_id, app.now()).await? {
            return Ok(());
        }
        let write = |to: &MailRecipient| {
            email::compose_event_notice(due, to, &app.config.branding, &app.config.server.public_url)
        };
        let delivery_event =
            |kind| AuditEvent::new(kind, AuditActor::Portal).with_subject(due.person).with_detail("told", &*due.kind);
        self.deliver_claimed(&due.mail, &write, &delivery_event).await
    }

    /// Delivers a claimed mail: sends it, reschedules it, or abandons it.
    async fn deliver_claimed(
        &self,
        mail: &QueuedMail,
        write: &ComposeEmail<'_>,
        delivery_event: &DeliveryEvent<'_>,
    ) -> Result<(), StoreError> {
        let (app, now) = (&self.app, self.app.now());
        let addressee = match MailRecipient::open(&app.sealer, mail.queue, &mail.id, &mail.sealed) {
            Ok(addressee) => addressee,
            Err(error) => return self.finish_delivery(mail, delivery_event, "given_up", &error.to_string()).await,
        };
        if addressee.to.is_empty() {
            return self.finish_delivery(mail, delivery_event, "nobody", "no valid email address in the profile").await;
        }
        let letter = match write(&addressee) {
            Ok(letter) => letter,
            Err(error) => return self.finish_delivery(mail, delivery_event, "given_up", &format!("{error:?}")).await,
        };
        let Some(problem) = self.send_to_each_address(mail, &letter, addressee).await? else {
            return self.finish_delivery(mail, delivery_event, "sent", "").await;
        };
        if now.duration_since(mail.first_attempt_at.unwrap_or(now)) >= MAX_RETRY_PERIOD {
            return self.finish_delivery(mail, delivery_event, "given_up", &problem.to_string()).await;
        }
        tracing::warn!(
            mail.id = %mail.id,
            attempts = mail.attempts + 1,
            error = %problem,
            "mail delivery failed: retrying later"
        );
        let until = app.now().later(retry_delay(mail.attempts + 1));
        store::reschedule_mail(&app.db, mail, &app.instance_id, until).await
    }

    /// Sends one message per address and returns the last error.
    ///
    /// Separate messages keep a private address out of the headers that the employer's mail server sees, and one
    /// rejected address does not delay the others. Each delivery is committed immediately: only a crash between the
    /// server's reply and this commit sends a message twice, with the same `Message-ID`.
    async fn send_to_each_address(
        &self,
        mail: &QueuedMail,
        letter: &EmailMessage,
        mut remaining: MailRecipient,
    ) -> Result<Option<MailError>, StoreError> {
        let app = &self.app;
        let mut problem = None;
        for to in remaining.to.clone() {
            match self.sender.send(letter, &MailEnvelope { to: &to, id: &mail.id, at: app.now() }).await {
                Ok(()) => {
                    crash_point("notice-sent");
                    remaining.to.retain(|address| *address != to);
                    store::update_recipients(
                        &app.db,
                        mail,
                        &app.instance_id,
                        &remaining.seal(&app.sealer, mail.queue, &mail.id)?,
                    )
                    .await?;
                }
                Err(error) => problem = Some(error),
            }
        }
        Ok(problem)
    }

    /// Ends a delivery with an outcome and an audit event.
    async fn finish_delivery(
        &self,
        mail: &QueuedMail,
        delivery_event: &DeliveryEvent<'_>,
        outcome: &'static str,
        problem: &str,
    ) -> Result<(), StoreError> {
        let mut transaction = self.app.audit_log.begin().await?;
        store::mark_ended(transaction.tx(), mail, &self.app.instance_id, outcome, self.app.now()).await?;
        let event = delivery_event(match outcome {
            "sent" => "notice.sent",
            "nobody" => "notice.nobody",
            _ => "notice.given_up",
        });
        transaction.record_event(if problem.is_empty() { event } else { event.with_detail("problem", problem) });
        transaction.commit().await?;
        if outcome != "sent" {
            tracing::error!(
                mail.id = %mail.id,
                outcome,
                error = problem,
                "mail delivery abandoned: recipient not notified"
            );
        }
        Ok(())
    }
}
