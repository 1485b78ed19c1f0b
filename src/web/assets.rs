//! Style, scripts and pictures, part of the binary. Addresses carry a hash of the content, so they may be kept for ever.

use std::sync::LazyLock;

use axum::extract::{Path, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use rust_embed::RustEmbed;

use crate::state::App;

#[derive(RustEmbed)]
#[folder = "static/"]
struct Static;

const KEPT: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");

static ADDRESSES: LazyLock<Vec<(String, String)>> = LazyLock::new(|| {
    let address = |name: &str| {
        let hash = Static::get(name).map(|file| file.metadata.sha256_hash()).unwrap_or_default();
        let short: String = hash.iter().take(6).fold(String::new(), |text, byte| format!("{text}{byte:02x}"));
        format!("/static/{short}/{name}")
    };
    Static::iter().map(|name| (name.to_string(), address(&name))).collect()
});

/// Where an asset is found.
pub(super) fn address(name: &str) -> &'static str {
    ADDRESSES.iter().find(|(known, _)| known == name).map_or("", |(_, address)| address.as_str())
}

/// `GET /static/{hash}/{name}`. Another hash than today's is another file: not found.
pub(crate) async fn serve(Path((_, name)): Path<(String, String)>, uri: axum::http::Uri) -> Response {
    let Some(file) = Static::get(&name).filter(|_| uri.path() == address(&name)) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let kind =
        HeaderValue::from_str(file.metadata.mimetype()).unwrap_or(HeaderValue::from_static("application/octet-stream"));
    ([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, KEPT)], file.data).into_response()
}

/// `GET /brand/{hash}/{name}`: the organisation's logo and colours.
pub(crate) async fn serve_brand(State(app): State<App>, Path((hash, name)): Path<(String, String)>) -> Response {
    let Some(file) = app.brand.file(&hash, &name) else { return StatusCode::NOT_FOUND.into_response() };
    let kind = HeaderValue::from_static(file.kind);
    ([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, KEPT)], file.bytes.clone()).into_response()
}
