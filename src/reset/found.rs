//! Access to the requested reset, if the viewer may see it. Used by the page, the JSON response and the event stream.

use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::{FromRequestParts, OptionalFromRequestParts};
use axum::http::request::Parts;
use bytes::Bytes;

use super::aftercare::AfterCare;
use super::reading::{Proof, Reset};
use super::store::{self, Finished};
use crate::base::{Known, Reference};
use crate::signin::Viewer;
use crate::state::App;
use crate::store::StoreError;
use crate::web::{ClientAddress, Error, Lang};

/// Reset with its evidence, finishing status and device checklist, as loaded at one time.
pub(crate) struct Found {
    pub(super) reset: Reset,
    pub(super) proofs: Vec<Proof>,
    pub(super) finished: Finished,
    pub(super) care: AfterCare,
    /// Last rendered page and its variant: the page of a settled reset is the same at every reload.
    drawn: Mutex<Option<(Drawn, Bytes)>>,
}

/// Notice from submitting the form, shown on the status page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Note {
    /// Another reset was unfinished, so the password was not used.
    Unused,
    /// Microsoft could not check the password beforehand.
    Unasked,
}

/// Everything that the page of a settled reset depends on besides the reset itself.
#[derive(PartialEq, Eq)]
pub(super) struct Drawn {
    pub(super) language: Lang,
    pub(super) viewer: String,
    /// The page is the person's own, and not the helpdesk view of an agent with the same name.
    pub(super) mine: bool,
    pub(super) note: Option<Note>,
    pub(super) is_final: bool,
}

impl Found {
    fn new(reset: Reset, proofs: Vec<Proof>, finished: Finished, care: AfterCare) -> Self {
        Self { reset, proofs, finished, care, drawn: Mutex::default() }
    }

    /// Returns the cached page if it was rendered for the same variant.
    pub(super) fn drawn(&self, like: &Drawn) -> Option<Bytes> {
        let drawn = self.drawn.lock().unwrap_or_else(PoisonError::into_inner);
        drawn.as_ref().filter(|(known, _)| known == like).map(|(_, page)| page.clone())
    }

    pub(super) fn keep(&self, drawn: Drawn, page: Bytes) {
        *self.drawn.lock().unwrap_or_else(PoisonError::into_inner) = Some((drawn, page));
    }
}

/// Cache of visible resets, by reference.
pub(crate) type Shown = Known<Found>;

/// Request for a reset: viewer, client address and page cache.
pub(super) struct Asking {
    viewer: Option<Viewer>,
    address: ClientAddress,
    shown: Option<Shown>,
    /// Minimum revision: an older one from the cache is not used.
    pub(super) at_least: i64,
}

impl FromRequestParts<App> for Asking {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Error> {
        let viewer = <Viewer as OptionalFromRequestParts<App>>::from_request_parts(parts, app).await?;
        let Ok(address) = ClientAddress::from_request_parts(parts, app).await;
        Ok(Self { viewer, address, shown: parts.extensions.get().cloned(), at_least: 0 })
    }
}

/// Loads the reset, if this viewer may see it. An unknown reference and another person's reset give the same answer and
/// cost the same single database query. Both count against a rate limit, so references cannot be guessed.
pub(super) async fn allowed(app: &App, asking: Asking, reference: &str) -> Result<Option<(Viewer, Arc<Found>)>, Error> {
    let found = match reference.parse::<Reference>() {
        Ok(reference) => find(app, &asking, &reference).await?,
        Err(_) => None,
    };
    let seen = asking.viewer.zip(found);
    if seen.is_none() {
        asking.address.count(app, "miss").await?;
    }
    Ok(seen)
}

/// Returns the reset from the cache, if it is new enough and this viewer may see it, else from the database.
async fn find(app: &App, asking: &Asking, reference: &Reference) -> Result<Option<Arc<Found>>, StoreError> {
    let may_see = |reset: &Reset| asking.viewer.as_ref().is_some_and(|viewer| viewer.may_see(reset.person));
    let shown = asking.shown.as_ref();
    let remembered = shown.and_then(|shown| shown.get(reference.as_str()));
    let will_do = |found: &Arc<Found>| may_see(&found.reset) && found.reset.revision >= asking.at_least;
    if let Some(found) = remembered.filter(will_do) {
        return Ok(Some(found));
    }
    let began = shown.map(Known::begin);
    let read = store::by_reference(&app.db, reference).await?;
    let Some(reset) = read.filter(may_see) else { return Ok(None) };
    let proofs = store::proofs(&app.db, reset.id).await?;
    let finished = store::finished(&app.db, reset.id).await?;
    let care = store::aftercare(&app.db, reset.id).await?;
    let care = super::aftercare::page::with_devices(app, &reset, care).await?;
    let found = Arc::new(Found::new(reset, proofs, finished, care));
    if let Some((shown, began)) = shown.zip(began) {
        shown.put(reference.as_str(), Arc::clone(&found), began);
    }
    Ok(Some(found))
}
