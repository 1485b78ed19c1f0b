//! Access to the requested reset, if the viewer may see it. Used by the page, the JSON response and the event stream.

use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::{FromRequestParts, OptionalFromRequestParts};
use axum::http::request::Parts;
use bytes::Bytes;

use super::aftercare::DeviceChecklist;
use super::reading::{EvidenceRecord, PasswordReset};
use super::store::{self, FinishingStatus};
use crate::base::{ChangeTrackedCache, ReferenceCode};
use crate::signin::ResetViewer;
use crate::state::AppState;
use crate::store::StoreError;
use crate::web::{ClientAddress, Lang, WebError};

/// Reset with its evidence, finishing status and device checklist, as loaded at one time.
pub(crate) struct VisibleReset {
    pub(super) reset: PasswordReset,
    pub(super) proofs: Vec<EvidenceRecord>,
    pub(super) finished: FinishingStatus,
    pub(super) care: DeviceChecklist,
    /// Last rendered page and its variant: the page of a settled reset is the same at every reload.
    drawn: Mutex<Option<(PageVariant, Bytes)>>,
}

/// Notice from submitting the form, shown on the status page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SubmitNotice {
    /// Another reset was unfinished, so the password was not used.
    Unused,
    /// Microsoft could not check the password beforehand.
    Unasked,
}

/// Everything that the page of a settled reset depends on besides the reset itself.
#[derive(PartialEq, Eq)]
pub(super) struct PageVariant {
    pub(super) language: Lang,
    pub(super) viewer: String,
    /// The page is the person's own, and not the helpdesk view of an agent with the same name.
    pub(super) mine: bool,
    pub(super) note: Option<SubmitNotice>,
    pub(super) is_final: bool,
}

impl VisibleReset {
    fn new(
        reset: PasswordReset,
        proofs: Vec<EvidenceRecord>,
        finished: FinishingStatus,
        care: DeviceChecklist,
    ) -> Self {
        Self { reset, proofs, finished, care, drawn: Mutex::default() }
    }

    /// Returns the cached page if it was rendered for the same variant.
    pub(super) fn drawn(&self, like: &PageVariant) -> Option<Bytes> {
        let drawn = self.drawn.lock().unwrap_or_else(PoisonError::into_inner);
        drawn.as_ref().filter(|(known, _)| known == like).map(|(_, page)| page.clone())
    }

    pub(super) fn keep(&self, drawn: PageVariant, page: Bytes) {
        *self.drawn.lock().unwrap_or_else(PoisonError::into_inner) = Some((drawn, page));
    }
}

/// Cache of visible resets, by reference.
pub(crate) type PageCache = ChangeTrackedCache<VisibleReset>;

/// Request for a reset: viewer, client address and page cache.
pub(super) struct ResetPageRequest {
    viewer: Option<ResetViewer>,
    address: ClientAddress,
    shown: Option<PageCache>,
    /// Minimum revision: an older one from the cache is not used.
    pub(super) at_least: i64,
}

impl FromRequestParts<AppState> for ResetPageRequest {
    type Rejection = WebError;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, WebError> {
        let viewer = <ResetViewer as OptionalFromRequestParts<AppState>>::from_request_parts(parts, app).await?;
        let Ok(address) = ClientAddress::from_request_parts(parts, app).await;
        Ok(Self { viewer, address, shown: parts.extensions.get().cloned(), at_least: 0 })
    }
}

/// Loads the reset, if this viewer may see it. An unknown reference and another person's reset give the same answer and
/// cost the same single database query. Both count against a rate limit, so references cannot be guessed.
pub(super) async fn allowed(
    app: &AppState,
    asking: ResetPageRequest,
    reference: &str,
) -> Result<Option<(ResetViewer, Arc<VisibleReset>)>, WebError> {
    let found = match reference.parse::<ReferenceCode>() {
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
async fn find(
    app: &AppState,
    asking: &ResetPageRequest,
    reference: &ReferenceCode,
) -> Result<Option<Arc<VisibleReset>>, StoreError> {
    let may_see = |reset: &PasswordReset| asking.viewer.as_ref().is_some_and(|viewer| viewer.may_see(reset.person));
    let shown = asking.shown.as_ref();
    let remembered = shown.and_then(|shown| shown.get(reference.as_str()));
    let will_do = |found: &Arc<VisibleReset>| may_see(&found.reset) && found.reset.revision >= asking.at_least;
    if let Some(found) = remembered.filter(will_do) {
        return Ok(Some(found));
    }
    let began = shown.map(ChangeTrackedCache::begin);
    let read = store::by_reference(&app.db, reference).await?;
    let Some(reset) = read.filter(may_see) else { return Ok(None) };
    let proofs = store::proofs(&app.db, reset.id).await?;
    let finished = store::finished(&app.db, reset.id).await?;
    let care = store::aftercare(&app.db, reset.id).await?;
    let care = super::aftercare::page::with_devices(app, &reset, care).await?;
    let found = Arc::new(VisibleReset::new(reset, proofs, finished, care));
    if let Some((shown, began)) = shown.zip(began) {
        shown.put(reference.as_str(), Arc::clone(&found), began);
    }
    Ok(Some(found))
}
