//! Serves style sheet, scripts and images, which are part of the binary. URLs contain a hash of the content, so
//! browsers may cache them without limit.

use std::sync::LazyLock;

use axum::extract::{Path, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use rust_embed::RustEmbed;

use crate::state::AppState;

#[derive(RustEmbed)]
#[folder = "static/"]
struct StaticAssets;

const IMMUTABLE_CACHE_CONTROL: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");

static ASSET_URLS: LazyLock<Vec<(String, String)>> = LazyLock::new(|| {
    let address = |name: &str| {
        let hash = StaticAssets::get(name).map(|file| file.metadata.sha256_hash()).unwrap_or_default();
        let short: String = hash.iter().take(6).fold(String::new(), |text, byte| format!("{text}{byte:02x}"));
        format!("/static/{short}/{name}")
    };
    StaticAssets::iter().map(|name| (name.to_string(), address(&name))).collect()
});

/// Returns the URL path of an asset, or an empty string for an unknown name.
pub(super) fn asset_url(name: &str) -> &'static str {
    ASSET_URLS.iter().find(|(known, _)| known == name).map_or("", |(_, address)| address.as_str())
}

/// Handles `GET /static/{hash}/{name}`. A hash other than the current one is not found.
pub(crate) async fn serve_asset(Path((_, name)): Path<(String, String)>, uri: axum::http::Uri) -> Response {
    let Some(file) = StaticAssets::get(&name).filter(|_| uri.path() == asset_url(&name)) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let kind =
        HeaderValue::from_str(file.metadata.mimetype()).unwrap_or(HeaderValue::from_static("application/octet-stream"));
    ([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, IMMUTABLE_CACHE_CONTROL)], file.data).into_response()
}

/// Handles `GET /brand/{hash}/{name}`: the organisation's logo and colours.
pub(crate) async fn serve_brand_asset(
    State(app): State<AppState>,
    Path((hash, name)): Path<(String, String)>,
) -> Response {
    let Some(file) = app.brand.find_asset(&hash, &name) else { return StatusCode::NOT_FOUND.into_response() };
    let kind = HeaderValue::from_static(file.content_type);
    ([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, IMMUTABLE_CACHE_CONTROL)], file.bytes.clone())
        .into_response()
}
