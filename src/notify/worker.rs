//! Sends what is due. A `tick` reads everything from the database and may run on several replicas.

use std::time::Duration;

use jiff::SignedDuration;

use super::addressee::Addressee;
use super::link;
use super::message::{self, Letter};
use super::post::{Envelope, Post, PostError};
use super::store::{self, Due, LetterDue, Waiting};
use crate::audit::{Actor, Event};
use crate::base::crash_point;
use crate::state::App;
use crate::store::{StoreError, hash_id};
use crate::web::Error;

const EVERY: Duration = Duration::from_millis(500);
/// A mail server that was away so long since the first try is not waited for any more: the news is old.
const GIVEN_UP: SignedDuration = SignedDuration::from_hours(24);

/// Writes a piece of mail to somebody.
type Write<'a> = dyn Fn(&Addressee) -> Result<Letter, Error> + Sync + 'a;
/// What the audit says of it, by the kind of its end.
type Told<'a> = dyn Fn(&'static str) -> Event + Sync + 'a;

/// Until the next try, after so many.
fn pause_after(tries: i64) -> SignedDuration {
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

/// Forgets what is over.
pub(crate) async fn sweep(app: &App) -> Result<(), StoreError> {
    store::sweep_letters(&app.db, app.now()).await?;
    store::sweep(&app.db, app.now()).await
}

/// Sends notices.
pub(crate) struct Worker {
    app: App,
    post: Post,
}

impl Worker {
    /// `None`: notices are off.
    pub(crate) fn new(app: &App) -> Result<Option<Self>, PostError> {
        Ok(Post::new(app)?.map(|post| Self { app: app.clone(), post }))
    }

    /// Ticks until the process stops.
    pub(crate) async fn run(self) {
        loop {
            if let Err(error) = self.tick().await {
                tracing::error!(cause = ?error, "notices cannot be looked for; it goes on in a moment");
            }
            tokio::select! {
                () = self.app.stop.cancelled() => return,
                () = tokio::time::sleep(EVERY) => {}
            }
        }
    }

    async fn tick(&self) -> Result<(), StoreError> {
        let (app, now) = (&self.app, self.app.now());
        let notices = store::due(&app.db, now).await?;
        let letters = store::due_letters(&app.db, now).await?;
        let notices = notices.into_iter().map(|due| async move { self.notice(&due).await });
        let letters = letters.into_iter().map(|due| async move { self.letter(&due).await });
        let (notices, letters) = futures_util::future::join(
            futures_util::future::join_all(notices),
            futures_util::future::join_all(letters),
        )
        .await;
        for done in notices.into_iter().chain(letters) {
            match done {
                // Another replica has it, or had it in the meantime.
                Ok(()) | Err(StoreError::NoRow) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    async fn notice(&self, due: &Due) -> Result<(), StoreError> {
        let (app, now) = (&self.app, self.app.now());
        if !store::claim(&app.db, &due.mail, &app.me, now).await? {
            return Ok(());
        }
        let token = link::token(&app.sealer, due.reset);
        store::mark(&app.db, due, &app.me, &hash_id(&token), now).await?;
        let link = link::address(&app.config.server.public_url, &token);
        let write = |to: &Addressee| message::notice(due, &to.name, &link, &app.config.branding);
        let told = |kind| Event::new(kind, Actor::Portal).about(due.person).reset(due.reset).with("told", &*due.state);
        self.deliver(&due.mail, &write, &told).await
    }

    async fn letter(&self, due: &LetterDue) -> Result<(), StoreError> {
        let app = &self.app;
        if !store::claim(&app.db, &due.mail, &app.me, app.now()).await? {
            return Ok(());
        }
        let write = |to: &Addressee| message::letter(due, to, &app.config.branding, &app.config.server.public_url);
        let told = |kind| Event::new(kind, Actor::Portal).about(due.person).with("told", &*due.kind);
        self.deliver(&due.mail, &write, &told).await
    }

    /// A claimed piece of mail: sent, put off, or given up.
    async fn deliver(&self, mail: &Waiting, write: &Write<'_>, told: &Told<'_>) -> Result<(), StoreError> {
        let (app, now) = (&self.app, self.app.now());
        let addressee = match Addressee::open(&app.sealer, mail.queue, &mail.id, &mail.sealed) {
            Ok(addressee) => addressee,
            Err(error) => return self.end(mail, told, "given_up", &error.to_string()).await,
        };
        if addressee.to.is_empty() {
            return self.end(mail, told, "nobody", "the directory knew no address").await;
        }
        let letter = match write(&addressee) {
            Ok(letter) => letter,
            Err(error) => return self.end(mail, told, "given_up", &format!("{error:?}")).await,
        };
        let Some(problem) = self.send(mail, &letter, addressee).await? else {
            return self.end(mail, told, "sent", "").await;
        };
        if now.duration_since(mail.first_try_at.unwrap_or(now)) >= GIVEN_UP {
            return self.end(mail, told, "given_up", &problem.to_string()).await;
        }
        tracing::warn!(mail.id = %mail.id, tries = mail.tries + 1, %problem, "mail was not sent; it goes again later");
        let until = app.now().saturating_add(pause_after(mail.tries + 1)).unwrap_or(now);
        store::put_off(&app.db, mail, &app.me, until).await
    }

    /// One message for each address: the person's home address is nothing their employer's mail server must learn from
    /// a header, and one that is refused does not hold up the others. Who has it is written down at once: only a crash
    /// between the server's OK and this commit sends a message twice, with the same `Message-ID`.
    async fn send(
        &self,
        mail: &Waiting,
        letter: &Letter,
        mut left: Addressee,
    ) -> Result<Option<PostError>, StoreError> {
        let app = &self.app;
        let mut problem = None;
        for to in left.to.clone() {
            match self.post.send(letter, &Envelope { to: &to, id: &mail.id, at: app.now() }).await {
                Ok(()) => {
                    crash_point("notice-sent");
                    left.to.retain(|address| *address != to);
                    store::keep(&app.db, mail, &app.me, &left.seal(&app.sealer, mail.queue, &mail.id)?).await?;
                }
                Err(error) => problem = Some(error),
            }
        }
        Ok(problem)
    }

    async fn end(
        &self,
        mail: &Waiting,
        told: &Told<'_>,
        outcome: &'static str,
        problem: &str,
    ) -> Result<(), StoreError> {
        let mut ledger = self.app.auditor.begin().await?;
        store::end(ledger.tx(), mail, &self.app.me, outcome, self.app.now()).await?;
        let event = told(match outcome {
            "sent" => "notice.sent",
            "nobody" => "notice.nobody",
            _ => "notice.given_up",
        });
        ledger.record(if problem.is_empty() { event } else { event.with("problem", problem) });
        ledger.commit().await?;
        if outcome != "sent" {
            tracing::error!(mail.id = %mail.id, outcome, problem, "a person was not told by mail");
        }
        Ok(())
    }
}
