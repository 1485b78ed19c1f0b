//! Faulty response bodies: slow, truncated or oversized.

use std::io;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::http::header;
use axum::response::Response;
use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::stream;

/// A chunk of spaces, which [`replace_with_filler`] repeats.
const FILLER_CHUNK: &[u8] = &[b' '; 16 * 1024];

/// Splits a response into its head and its collected body.
async fn collect_body(response: Response) -> (axum::http::response::Parts, Bytes) {
    let (parts, body) = response.into_parts();
    (parts, to_bytes(body, usize::MAX).await.unwrap_or_default())
}

/// Sends the body one byte at a time, with `pause` before each.
pub(super) async fn drip_body(response: Response, pause: Duration) -> Response {
    let (parts, bytes) = collect_body(response).await;
    let slowly = stream::iter(bytes.to_vec()).then(move |byte| async move {
        tokio::time::sleep(pause).await;
        Ok::<_, io::Error>(Bytes::from(vec![byte]))
    });
    Response::from_parts(parts, Body::from_stream(slowly))
}

/// Sends half of the announced `Content-Length`, then fails the body so that the connection closes.
pub(super) async fn truncate_body(response: Response) -> Response {
    let (mut parts, bytes) = collect_body(response).await;
    parts.headers.insert(header::CONTENT_LENGTH, header::HeaderValue::from(bytes.len().max(2)));
    let half = Ok(bytes.slice(..bytes.len() / 2));
    let broken = stream::iter([half, Err(io::Error::other("response truncated by an injected fault"))]);
    Response::from_parts(parts, Body::from_stream(broken))
}

/// Replaces the body with at least `size` bytes of spaces, to test clients that read without a limit.
pub(super) fn replace_with_filler(response: Response, size: u64) -> Response {
    let (mut parts, _) = response.into_parts();
    parts.headers.remove(header::CONTENT_LENGTH);
    let pieces = usize::try_from(size).unwrap_or(usize::MAX) / FILLER_CHUNK.len() + 1;
    let all = stream::iter((0..pieces).map(|_| Ok::<_, io::Error>(Bytes::from_static(FILLER_CHUNK))));
    Response::from_parts(parts, Body::from_stream(all))
}
