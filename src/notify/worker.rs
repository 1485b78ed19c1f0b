//! Sends what is due. A `tick` reads everything from the database and may run on several replicas.

use std::time::Duration;

use jiff::SignedDuration;

use super::addressee::Addressee;
use super::link;
use super::message::{self, Letter};
use super::post::{Envelope, Post, PostError};
use super::store::{self, Due};
use crate::audit::{Actor, Event};
use crate::base::crash_point;
use crate::state::App;
use crate::store::{StoreError, hash_id};

const EVERY: Duration = Duration::from_millis(500);
/// A mail server that was away so long since the first try is not waited for any more: the news is old.
const GIVEN_UP: SignedDuration = SignedDuration::from_hours(24);

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
        let due = store::due(&self.app.db, self.app.now()).await?;
        let all = due.into_iter().map(|due| async move { self.deliver(&due).await });
        for done in futures_util::future::join_all(all).await {
            match done {
                // Another replica has it, or had it in the meantime.
                Ok(()) | Err(StoreError::NoRow) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    async fn deliver(&self, due: &Due) -> Result<(), StoreError> {
        let app = &self.app;
        let now = app.now();
        let token = link::token(&app.sealer, due.reset);
        if !store::claim(&app.db, due, &app.me, &hash_id(&token), now).await? {
            return Ok(());
        }
        let addressee = match Addressee::open(&app.sealer, due.reset, &due.sealed) {
            Ok(addressee) => addressee,
            Err(error) => return self.end(due, "given_up", &error.to_string()).await,
        };
        if addressee.to.is_empty() {
            return self.end(due, "nobody", "the directory knew no address").await;
        }
        let link = link::address(&app.config.server.public_url, &token);
        let letter = match message::write(due, &addressee.name, &link, &app.config.branding) {
            Ok(letter) => letter,
            Err(error) => return self.end(due, "given_up", &format!("{error:?}")).await,
        };
        let Some(problem) = self.send(due, &letter, addressee).await? else { return self.end(due, "sent", "").await };
        if now.duration_since(due.first_try_at.unwrap_or(now)) >= GIVEN_UP {
            return self.end(due, "given_up", &problem.to_string()).await;
        }
        tracing::warn!(reset.id = %due.reset, tries = due.tries + 1, %problem, "a notice was not sent; it goes again later");
        let until = app.now().saturating_add(pause_after(due.tries + 1)).unwrap_or(now);
        store::put_off(&app.db, due.reset, &app.me, until).await
    }

    /// One message for each address: the person's home address is nothing their employer's mail server must learn from
    /// a header, and one that is refused does not hold up the others. Who has it is written down at once: only a crash
    /// between the server's OK and this commit sends a message twice, with the same `Message-ID`.
    async fn send(&self, due: &Due, letter: &Letter, mut left: Addressee) -> Result<Option<PostError>, StoreError> {
        let (app, id) = (&self.app, due.reset.to_string());
        let mut problem = None;
        for to in left.to.clone() {
            match self.post.send(letter, &Envelope { to: &to, id: &id, at: app.now() }).await {
                Ok(()) => {
                    crash_point("notice-sent");
                    left.to.retain(|address| *address != to);
                    store::keep(&app.db, due.reset, &app.me, &left.seal(&app.sealer, due.reset)?).await?;
                }
                Err(error) => problem = Some(error),
            }
        }
        Ok(problem)
    }

    async fn end(&self, due: &Due, outcome: &'static str, problem: &str) -> Result<(), StoreError> {
        let mut ledger = self.app.auditor.begin().await?;
        store::end(ledger.tx(), due.reset, &self.app.me, outcome, self.app.now()).await?;
        let kind = match outcome {
            "sent" => "notice.sent",
            "nobody" => "notice.nobody",
            _ => "notice.given_up",
        };
        let event = Event::new(kind, Actor::Portal).about(due.person).reset(due.reset).with("told", due.state.as_str());
        ledger.record(if problem.is_empty() { event } else { event.with("problem", problem) });
        ledger.commit().await?;
        if outcome != "sent" {
            tracing::error!(reset.id = %due.reset, outcome, problem, "a person was not told of a reset");
        }
        Ok(())
    }
}
