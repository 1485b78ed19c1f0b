//! Serves HTTP and TLS connections and applies faults before and after the handlers.
//!
//! Connections are served with hyper directly, because a fault may close a connection instead of responding, which
//! axum's own server does not support.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

use super::faults::{self, FaultEffect, FaultTarget, classify_request};
use super::graph::error::ODataError;
use super::state::RecordedCall;
use super::{EmulatedTenant, response_faults};

/// Public addresses of the emulator.
pub(super) struct EmulatorUrls {
    /// Scheme, host and port.
    pub(super) base: String,
    /// Graph's base address in `Location` and other responses, if a proxy is in front of Graph.
    pub(super) graph: Option<String>,
}

impl EmulatorUrls {
    pub(super) fn base_url(&self) -> &str {
        &self.base
    }

    /// Returns Graph's base address, including `/v1.0`.
    pub(super) fn graph_url(&self) -> String {
        self.graph.clone().unwrap_or_else(|| format!("{}/v1.0", self.base))
    }
}

/// Maximum size of a JSON request body. No call of the emulator needs more.
const MAX_BODY_BYTES: usize = 4 * 1024 * 1024;

/// Marks a response that must not be sent: the connection is closed instead.
#[derive(Clone, Copy)]
struct HangupMarker;

/// Tells hyper to close the connection.
#[derive(Debug, thiserror::Error)]
#[error("connection closed by an injected fault")]
struct ConnectionClosed;

/// Effects of the faults that apply to this request, for handlers that implement some of them.
#[derive(Clone, Default)]
pub(super) struct ActiveFaults(pub(super) Vec<FaultEffect>);

/// Records a request, applies the faults that are independent of it and passes the others to the handler.
pub(super) async fn apply_faults(State(tenant): State<EmulatedTenant>, mut request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    let (call, named) = classify_request(request.method(), &path);
    let named = named.map(percent_decode);
    let (at, method) = (tenant.clock().now(), request.method().to_string());
    // Recorded on arrival, so that a request whose caller stops before the response is counted too.
    let (effects, seen) = {
        let mut state = tenant.lock_state();
        // The person is not known yet at the token endpoint. Its handler takes the faults that depend on the person.
        let effects = if call == FaultTarget::Token {
            faults::take_effects(&mut state.faults, call, None, FaultEffect::is_request_independent)
        } else {
            state.take_faults(call, named.as_deref())
        };
        let person = named.as_deref().and_then(|n| state.find_account(n)).map(|a| a.seed.upn.clone());
        let query = request.uri().query().unwrap_or_default().to_owned();
        state.calls.push(RecordedCall { at, call, method, path, person, status: 0, query, body: None });
        (effects, state.calls.len() - 1)
    };
    request.extensions_mut().insert(ActiveFaults(effects.clone()));
    let response = match apply_before_handler(&effects, &tenant).await {
        Some(answer) => answer,
        None => match record_body(&tenant, seen, request).await {
            Ok(request) => apply_after_handler(&effects, next.run(request).await).await,
            Err(answer) => answer,
        },
    };
    // From the emulator's clock, not the machine's, because clients compare it with their own.
    let date = tenant.clock().now().strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
    let mut response = response;
    if let Ok(date) = HeaderValue::from_str(&date) {
        response.headers_mut().insert(header::DATE, date);
    }
    let status = if response.extensions().get::<HangupMarker>().is_some() { 0 } else { response.status().as_u16() };
    if let Some(seen) = tenant.lock_state().calls.get_mut(seen) {
        seen.status = status;
    }
    response
}

/// Records a JSON body with passwords replaced by `hidden`.
async fn record_body(tenant: &EmulatedTenant, seen: usize, request: Request) -> Result<Request, Response> {
    let json = request
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().starts_with(b"application/json"));
    if !json {
        return Ok(request);
    }
    let (head, body) = request.into_parts();
    let refused = |_| StatusCode::BAD_REQUEST.into_response();
    let bytes = axum::body::to_bytes(body, MAX_BODY_BYTES).await.map_err(refused)?;
    let mut read: Option<Value> = serde_json::from_slice(&bytes).ok();
    for name in ["newPassword", "password"] {
        if let Some(secret) = read.as_mut().and_then(|read| read.get_mut(name)) {
            *secret = Value::from("hidden");
        }
    }
    if let Some(seen) = tenant.lock_state().calls.get_mut(seen) {
        seen.body = read;
    }
    Ok(Request::from_parts(head, Body::from(bytes)))
}

/// Applies the effects that come before the handler. Returns a response if the handler must not be called.
async fn apply_before_handler(effects: &[FaultEffect], tenant: &EmulatedTenant) -> Option<Response> {
    for effect in effects {
        match effect {
            FaultEffect::Delay { ms } => tokio::time::sleep(Duration::from_millis(*ms)).await,
            FaultEffect::Hangup => return Some(hangup_response()),
            FaultEffect::Redirect { to } => return Some(Redirect::temporary(to).into_response()),
            FaultEffect::ClaimsChallenge => {
                return Some(ODataError::claims_challenge(tenant.clock().now().as_second()).to_response(tenant));
            }
            FaultEffect::Status { status, code, retry_after, graph_body } => {
                let status = StatusCode::from_u16(*status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
                let mut response = if *graph_body {
                    ODataError::new(status, code, "The emulator was told to answer this.").to_response(tenant)
                } else {
                    (status, "<html><body>Gateway</body></html>").into_response()
                };
                if let Some(seconds) = retry_after {
                    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(*seconds));
                }
                return Some(response);
            }
            _ => {}
        }
    }
    None
}

/// Applies the effects that change or replace the handler's response.
async fn apply_after_handler(effects: &[FaultEffect], mut response: Response) -> Response {
    for effect in effects {
        match effect {
            FaultEffect::LateAnswer { ms } => tokio::time::sleep(Duration::from_millis(*ms)).await,
            FaultEffect::Drip { ms } => {
                response = response_faults::drip_body(response, Duration::from_millis(*ms)).await;
            }
            FaultEffect::Truncate => response = response_faults::truncate_body(response).await,
            FaultEffect::Huge { bytes } => response = response_faults::replace_with_filler(response, *bytes),
            FaultEffect::DropAnswer => return hangup_response(),
            FaultEffect::Body { status, content_type, text } => {
                let status = StatusCode::from_u16(*status).unwrap_or(StatusCode::OK);
                return (status, [(header::CONTENT_TYPE, content_type.clone())], text.clone()).into_response();
            }
            _ => {}
        }
    }
    response
}

/// Returns a response that closes the connection.
fn hangup_response() -> Response {
    let mut response = Response::new(Body::empty());
    response.extensions_mut().insert(HangupMarker);
    response
}

fn percent_decode(text: &str) -> String {
    // In a path `+` is a plus sign. It is escaped here, because the form decoder reads it as a space.
    let form = format!("v={}", text.replace('+', "%2B"));
    url::form_urlencoded::parse(form.as_bytes()).next().map_or_else(String::new, |(_, v)| v.into_owned())
}

/// Accepts and serves connections until `stop` is cancelled. With `tls`, every connection must use TLS.
pub(super) async fn serve(listener: TcpListener, router: Router, tls: Option<TlsAcceptor>, stop: CancellationToken) {
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => {
                let (router, tls, stop) = (router.clone(), tls.clone(), stop.clone());
                tokio::spawn(async move {
                    tokio::select! {
                        () = stop.cancelled() => {}
                        outcome = serve_connection(stream, peer, router, tls) => {
                            if let Err(error) = outcome { tracing::trace!(%error, "connection closed"); }
                        }
                    }
                });
            }
            Err(error) => tracing::warn!(%error, "accepting a connection failed"),
        }
    }
}

type ConnectionFailure = Box<dyn std::error::Error + Send + Sync>;

async fn serve_connection(
    stream: tokio::net::TcpStream,
    _peer: SocketAddr,
    router: Router,
    tls: Option<TlsAcceptor>,
) -> Result<(), ConnectionFailure> {
    stream.set_nodelay(true)?;
    let service = hyper::service::service_fn(move |request: hyper::Request<hyper::body::Incoming>| {
        let router = router.clone();
        async move {
            let answer: Result<Response, Infallible> = router.oneshot(request.map(Body::new)).await;
            let answer = answer.unwrap_or_else(|never| match never {});
            if answer.extensions().get::<HangupMarker>().is_some() { Err(ConnectionClosed) } else { Ok(answer) }
        }
    });
    let builder = hyper_util::server::conn::auto::Builder::new(TokioExecutor::new());
    match tls {
        None => builder.serve_connection(TokioIo::new(stream), service).await,
        Some(tls) => builder.serve_connection(TokioIo::new(tls.accept(stream).await?), service).await,
    }
}

/// Creates a TLS acceptor from a certificate chain and a private key, both PEM files.
pub(super) fn tls_acceptor(certificate: &std::path::Path, key: &std::path::Path) -> io::Result<TlsAcceptor> {
    use rustls_pki_types::pem::PemObject as _;
    let invalid = |e: &dyn std::fmt::Display| io::Error::new(io::ErrorKind::InvalidData, e.to_string());
    let chain = rustls_pki_types::CertificateDer::pem_file_iter(certificate).map_err(|e| invalid(&e))?;
    let chain = chain.collect::<Result<Vec<_>, _>>().map_err(|e| invalid(&e))?;
    let key = rustls_pki_types::PrivateKeyDer::from_pem_file(key).map_err(|e| invalid(&e))?;
    let config =
        rustls::ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key).map_err(|e| invalid(&e))?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}
