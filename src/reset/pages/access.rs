//! Access to the requested reset, if the viewer may see it. Used by the page, the JSON response and the event stream.

use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::{FromRequestParts, OptionalFromRequestParts};
use axum::http::request::Parts;
use bytes::Bytes;

use crate::base::{ChangeTrackedCache, ReferenceCode};
use crate::reset::checklist_actions::fetch_devices_once;
use crate::reset::device_checklist::DeviceChecklist;
use crate::reset::record::{EvidenceRecord, PasswordReset};
use crate::reset::store;
use crate::signin::{FinishingStatus, ResetViewer, load_finishing_status};
use crate::state::AppState;
use crate::store::StoreError;
use crate::web::{ClientAddress, Lang, WebError};

/// Reset with its evidence, finishing status and device checklist, as loaded at one time.
pub(crate) struct VisibleReset {
    pub(super) reset: PasswordReset,
    pub(super) evidence: Vec<EvidenceRecord>,
    pub(super) finishing: FinishingStatus,
    pub(super) checklist: DeviceChecklist,
    /// Last rendered page and its variant: the page of a settled reset is the same at every reload.
    cached_page: Mutex<Option<(PageVariant, Bytes)>>,
}

/// Notice from submitting the form, shown on the status page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SubmitNotice {
    /// Another reset was unfinished, so the password was not used.
    PasswordNotUsed,
    /// Microsoft could not check the password beforehand.
    PrecheckSkipped,
}

/// Everything that the page of a settled reset depends on besides the reset itself.
#[derive(PartialEq, Eq)]
pub(super) struct PageVariant {
    pub(super) language: Lang,
    pub(super) viewer_name: String,
    /// The page is the person's own, and not the helpdesk view of an agent with the same name.
    pub(super) is_own: bool,
    pub(super) notice: Option<SubmitNotice>,
    pub(super) is_final: bool,
}

impl VisibleReset {
    /// Returns the cached page if it was rendered for the same variant.
    pub(super) fn cached_page(&self, variant: &PageVariant) -> Option<Bytes> {
        let cached = self.cached_page.lock().unwrap_or_else(PoisonError::into_inner);
        cached.as_ref().filter(|(known, _)| known == variant).map(|(_, page)| page.clone())
    }

    pub(super) fn cache_page(&self, variant: PageVariant, page: Bytes) {
        *self.cached_page.lock().unwrap_or_else(PoisonError::into_inner) = Some((variant, page));
    }
}

/// Cache of visible resets, by reference.
pub(crate) type PageCache = ChangeTrackedCache<VisibleReset>;

/// Request for a reset: viewer, client address and page cache.
pub(super) struct ResetPageRequest {
    viewer: Option<ResetViewer>,
    address: ClientAddress,
    page_cache: Option<PageCache>,
    /// Minimum revision: an older one from the cache is not used.
    pub(super) min_revision: i64,
}

impl FromRequestParts<AppState> for ResetPageRequest {
    type Rejection = WebError;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, WebError> {
        let viewer = <ResetViewer as OptionalFromRequestParts<AppState>>::from_request_parts(parts, app).await?;
        let Ok(address) = ClientAddress::from_request_parts(parts, app).await;
        Ok(Self { viewer, address, page_cache: parts.extensions.get().cloned(), min_revision: 0 })
    }
}

/// Returns whether the viewer is the person of the reset and not signed in as staff.
pub(super) fn is_own_reset(viewer: &ResetViewer, reset: &PasswordReset) -> bool {
    viewer.login.key == reset.person && !viewer.login.is_staff()
}

/// Loads the reset, if this viewer may see it. An unknown reference and another person's reset give the same answer and
/// cost the same single database query. Both count against a rate limit, so references cannot be guessed.
pub(super) async fn load_visible_reset(
    app: &AppState,
    request: ResetPageRequest,
    reference: &str,
) -> Result<Option<(ResetViewer, Arc<VisibleReset>)>, WebError> {
    let found = match reference.parse::<ReferenceCode>() {
        Ok(reference) => load_from_cache_or_database(app, &request, &reference).await?,
        Err(_) => None,
    };
    let visible = request.viewer.zip(found);
    if visible.is_none() {
        request.address.check_rate_limit(app, "miss").await?;
    }
    Ok(visible)
}

/// Returns the reset from the cache, if it is new enough and this viewer may see it, else from the database.
async fn load_from_cache_or_database(
    app: &AppState,
    request: &ResetPageRequest,
    reference: &ReferenceCode,
) -> Result<Option<Arc<VisibleReset>>, StoreError> {
    let can_view = |reset: &PasswordReset| request.viewer.as_ref().is_some_and(|viewer| viewer.can_view(reset.person));
    let cache = request.page_cache.as_ref();
    let cached = cache.and_then(|cache| cache.get(reference.as_str()));
    let is_usable = |found: &Arc<VisibleReset>| can_view(&found.reset) && found.reset.revision >= request.min_revision;
    if let Some(found) = cached.filter(is_usable) {
        return Ok(Some(found));
    }
    let read_started = cache.map(ChangeTrackedCache::read_started);
    let Some(reset) = store::load_by_reference(&app.db, reference).await?.filter(can_view) else { return Ok(None) };
    let evidence = store::load_evidence(&app.db, reset.id).await?;
    let finishing = load_finishing_status(&app.db, reset.id).await?;
    let checklist = store::load_checklist(&app.db, reset.id).await?;
    let checklist = fetch_devices_once(app, &reset, checklist).await?;
    let found = Arc::new(VisibleReset { reset, evidence, finishing, checklist, cached_page: Mutex::default() });
    if let Some((cache, read_started)) = cache.zip(read_started) {
        cache.insert(reference.as_str(), Arc::clone(&found), read_started);
    }
    Ok(Some(found))
}
