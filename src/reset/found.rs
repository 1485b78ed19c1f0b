//! The reset somebody asks for, if they may see it: one door for the page, the JSON and the event stream.

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

/// A reset with its proofs, as one look found them.
pub(crate) struct Found {
    pub(super) reset: Reset,
    pub(super) proofs: Vec<Proof>,
    pub(super) finished: Finished,
    pub(super) care: AfterCare,
    /// The page as it was drawn last, and for whom: a settled reset's is the same at every reload.
    drawn: Mutex<Option<(Drawn, Bytes)>>,
}

/// What sending the form had to say on the way to the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Note {
    /// A reset was under way: the password was not used.
    Unused,
    /// Microsoft could not be asked about the password beforehand.
    Unasked,
}

/// All that a settled reset's page depends on besides the reset itself.
#[derive(PartialEq, Eq)]
pub(super) struct Drawn {
    pub(super) language: Lang,
    pub(super) viewer: String,
    /// The person's own page, and not the desk's by somebody of the same name.
    pub(super) mine: bool,
    pub(super) note: Option<Note>,
    pub(super) is_final: bool,
}

impl Found {
    fn new(reset: Reset, proofs: Vec<Proof>, finished: Finished, care: AfterCare) -> Self {
        Self { reset, proofs, finished, care, drawn: Mutex::default() }
    }

    /// The page as it was drawn for the same circumstances.
    pub(super) fn drawn(&self, like: &Drawn) -> Option<Bytes> {
        let drawn = self.drawn.lock().unwrap_or_else(PoisonError::into_inner);
        drawn.as_ref().filter(|(known, _)| known == like).map(|(_, page)| page.clone())
    }

    pub(super) fn keep(&self, drawn: Drawn, page: Bytes) {
        *self.drawn.lock().unwrap_or_else(PoisonError::into_inner) = Some((drawn, page));
    }
}

/// What pages show from memory, by reference.
pub(crate) type Shown = Known<Found>;

/// Who asks for a reset, from where, and what may be shown from memory.
pub(super) struct Asking {
    viewer: Option<Viewer>,
    address: ClientAddress,
    shown: Option<Shown>,
    /// An older revision from memory does not do.
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

/// The reset, if this viewer may see it. An unknown reference and somebody else's look the same, take the same one
/// question to the database, and are counted: nobody tries references for long.
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

/// From memory, if there is one that is new enough and this viewer may see it.
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
