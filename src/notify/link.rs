//! "This was not me": a page with one button. Opening it changes nothing, because mail scanners open every link.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use url::Url;

use super::store::{self, Linked};
use crate::base::ResetId;
use crate::guard::{Frozen, freeze};
use crate::state::App;
use crate::store::{Purpose, Sealer, hash_id};
use crate::web::{ClientAddress, Error, Frame, draw, moment};

/// The secret in a link: the same for every try to send a notice, and only its hash is in the database.
pub(super) fn token(sealer: &Sealer, reset: ResetId) -> String {
    sealer.mac(Purpose::NotMe, reset.to_string().as_bytes()).0
}

/// The link. From `public_url`, never from a request.
pub(super) fn address(public: &Url, token: &str) -> String {
    format!("{}/not-me/{token}", public.as_str().trim_end_matches('/'))
}

#[derive(Template)]
#[template(path = "notify/not_me.html")]
struct NotMePage {
    f: Frame,
    reference: String,
    text: String,
    /// The button was pressed.
    done: bool,
}

impl NotMePage {
    fn of(f: Frame, linked: &Linked, done: bool) -> Self {
        let reference = linked.reference.to_string();
        let text = f.tv2("notice-page-text", ("time", &moment(&f.lang, &linked.asked_at)), ("reference", &reference));
        Self { f, reference, text, done }
    }
}

/// What the link leads to. One that never was, and one that is over, look alike and are counted.
async fn find(app: &App, address: &ClientAddress, hash: &str) -> Result<Linked, Error> {
    if let Some(linked) = store::by_link(&app.db, hash, app.now()).await? {
        return Ok(linked);
    }
    address.count(app, "not-me").await?;
    Err(Error::NotFound)
}

/// `GET /not-me/{token}`: shows the button.
pub(super) async fn page(
    State(app): State<App>,
    frame: Frame,
    address: ClientAddress,
    Path(token): Path<String>,
) -> Result<Response, Error> {
    let linked = find(&app, &address, &hash_id(&token)).await?;
    Ok(draw(&NotMePage::of(frame, &linked, false)))
}

/// `POST /not-me/{token}`: no new reset for this person until the desk has looked, and an alarm. The answer is always
/// the same: it tells nobody whether the person was frozen before.
pub(super) async fn report(
    State(app): State<App>,
    frame: Frame,
    address: ClientAddress,
    Path(token): Path<String>,
) -> Result<Response, Error> {
    let hash = hash_id(&token);
    let linked = find(&app, &address, &hash).await?;
    let now = app.now();
    let mut ledger = app.auditor.begin().await?;
    if store::use_link(ledger.tx(), &hash, now).await? {
        let frozen = freeze(&mut ledger, linked.person, linked.reset, now).await?;
        ledger.commit().await?;
        app.metrics.froze();
        let blocked = frozen == Frozen::Now;
        tracing::error!(reset.id = %linked.reset, blocked, "alarm: somebody says that a reset was not theirs");
    } else {
        // Writes nothing, and waits for the press before this one.
        ledger.commit().await?;
    }
    Ok(draw(&NotMePage::of(frame, &linked, true)))
}
