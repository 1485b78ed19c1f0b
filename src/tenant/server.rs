//! Listening and answering, with the faults in front: a connection can be closed instead of answered, which a
//! framework's own server would not do.

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

use super::faults::{self, Call, Effect, classify};
use super::graph::error::ODataError;
use super::world::Seen;
use super::{Tenant, body};

/// Scheme, host and port where the emulator is reached.
pub(super) struct PublicUrl {
    pub(super) base: String,
    /// What stands in `Location` instead, for a proxy in front of Graph.
    pub(super) graph: Option<String>,
}

impl PublicUrl {
    pub(super) fn get(&self) -> &str {
        &self.base
    }

    /// Graph's address, with `/v1.0`.
    pub(super) fn graph(&self) -> String {
        self.graph.clone().unwrap_or_else(|| format!("{}/v1.0", self.base))
    }
}

/// More than any call takes.
const LONGEST_BODY: usize = 4 * 1024 * 1024;

/// Marks an answer that must not be sent.
#[derive(Clone, Copy)]
struct Hangup;

#[derive(Debug, thiserror::Error)]
#[error("a fault closed the connection")]
struct Closed;

/// What the handlers need to know of this request's faults.
#[derive(Clone, Default)]
pub(super) struct Faults(pub(super) Vec<Effect>);

/// Takes the faults of a request, plays those that any request can have, hands on the rest, and counts the call.
pub(super) async fn play_faults(State(tenant): State<Tenant>, mut request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    let (call, named) = classify(request.method(), &path);
    let named = named.map(percent_decode);
    let (at, method) = (tenant.clock().now(), request.method().to_string());
    // Counted as it arrives: a caller that dies before the answer has called all the same.
    let (effects, seen) = {
        let mut world = tenant.world();
        // Tokens are asked for by an app, not for a person: what depends on the person the handler takes when it knows
        // whose.
        let effects = if call == Call::Token {
            faults::take(&mut world.faults, call, None, Effect::is_on_the_way)
        } else {
            world.take_faults(call, named.as_deref())
        };
        let person = named.as_deref().and_then(|n| world.find(n)).map(|a| a.seed.upn.clone());
        let query = request.uri().query().unwrap_or_default().to_owned();
        world.calls.push(Seen { at, call, method, path, person, status: 0, query, body: None });
        (effects, world.calls.len() - 1)
    };
    request.extensions_mut().insert(Faults(effects.clone()));
    let response = match before(&effects, &tenant).await {
        Some(answer) => answer,
        None => match keep_body(&tenant, seen, request).await {
            Ok(request) => after(&effects, next.run(request).await).await,
            Err(answer) => answer,
        },
    };
    // By the emulated tenant's clock, not the machine's: clients hold it against their own.
    let date = tenant.clock().now().strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
    let mut response = response;
    if let Ok(date) = HeaderValue::from_str(&date) {
        response.headers_mut().insert(header::DATE, date);
    }
    let status = if response.extensions().get::<Hangup>().is_some() { 0 } else { response.status().as_u16() };
    if let Some(seen) = tenant.world().calls.get_mut(seen) {
        seen.status = status;
    }
    response
}

/// Keeps what a call sends, without its passwords.
async fn keep_body(tenant: &Tenant, seen: usize, request: Request) -> Result<Request, Response> {
    let json = request
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().starts_with(b"application/json"));
    if !json {
        return Ok(request);
    }
    let (head, body) = request.into_parts();
    let refused = |_| StatusCode::BAD_REQUEST.into_response();
    let bytes = axum::body::to_bytes(body, LONGEST_BODY).await.map_err(refused)?;
    let mut read: Option<Value> = serde_json::from_slice(&bytes).ok();
    for name in ["newPassword", "password"] {
        if let Some(secret) = read.as_mut().and_then(|read| read.get_mut(name)) {
            *secret = Value::from("hidden");
        }
    }
    if let Some(seen) = tenant.world().calls.get_mut(seen) {
        seen.body = read;
    }
    Ok(Request::from_parts(head, Body::from(bytes)))
}

async fn before(effects: &[Effect], tenant: &Tenant) -> Option<Response> {
    for effect in effects {
        match effect {
            Effect::Delay { ms } => tokio::time::sleep(Duration::from_millis(*ms)).await,
            Effect::Hangup => return Some(hangup()),
            Effect::Redirect { to } => return Some(Redirect::temporary(to).into_response()),
            Effect::ClaimsChallenge => {
                return Some(ODataError::challenge(tenant.clock().now().as_second()).answer(tenant));
            }
            Effect::Status { status, code, retry_after, graph_body } => {
                let status = StatusCode::from_u16(*status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
                let mut response = if *graph_body {
                    ODataError::new(status, code, "The emulator was told to answer this.").answer(tenant)
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

async fn after(effects: &[Effect], mut response: Response) -> Response {
    for effect in effects {
        match effect {
            Effect::LateAnswer { ms } => tokio::time::sleep(Duration::from_millis(*ms)).await,
            Effect::Drip { ms } => response = body::drip(response, Duration::from_millis(*ms)).await,
            Effect::Truncate => response = body::truncate(response).await,
            Effect::Huge { bytes } => response = body::huge(response, *bytes),
            Effect::DropAnswer => return hangup(),
            Effect::Body { status, content_type, text } => {
                let status = StatusCode::from_u16(*status).unwrap_or(StatusCode::OK);
                return (status, [(header::CONTENT_TYPE, content_type.clone())], text.clone()).into_response();
            }
            _ => {}
        }
    }
    response
}

fn hangup() -> Response {
    let mut response = Response::new(Body::empty());
    response.extensions_mut().insert(Hangup);
    response
}

fn percent_decode(text: &str) -> String {
    // A path segment has no `+` for a space, so it is protected from the form decoder.
    let form = format!("v={}", text.replace('+', "%2B"));
    url::form_urlencoded::parse(form.as_bytes()).next().map_or_else(String::new, |(_, v)| v.into_owned())
}

/// Serves until `stop`. With TLS, every connection is TLS.
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
                        outcome = connection(stream, peer, router, tls) => {
                            if let Err(error) = outcome { tracing::trace!(%error, "a connection ended"); }
                        }
                    }
                });
            }
            Err(error) => tracing::warn!(%error, "the emulator cannot accept a connection"),
        }
    }
}

type Failure = Box<dyn std::error::Error + Send + Sync>;

async fn connection(
    stream: tokio::net::TcpStream,
    _peer: SocketAddr,
    router: Router,
    tls: Option<TlsAcceptor>,
) -> Result<(), Failure> {
    stream.set_nodelay(true)?;
    let service = hyper::service::service_fn(move |request: hyper::Request<hyper::body::Incoming>| {
        let router = router.clone();
        async move {
            let answer: Result<Response, Infallible> = router.oneshot(request.map(Body::new)).await;
            let answer = answer.unwrap_or_else(|never| match never {});
            if answer.extensions().get::<Hangup>().is_some() { Err(Closed) } else { Ok(answer) }
        }
    });
    let builder = hyper_util::server::conn::auto::Builder::new(TokioExecutor::new());
    match tls {
        None => builder.serve_connection(TokioIo::new(stream), service).await,
        Some(tls) => builder.serve_connection(TokioIo::new(tls.accept(stream).await?), service).await,
    }
}

/// A TLS acceptor from PEM files.
pub(super) fn acceptor(certificate: &std::path::Path, key: &std::path::Path) -> io::Result<TlsAcceptor> {
    use rustls_pki_types::pem::PemObject as _;
    let invalid = |e: &dyn std::fmt::Display| io::Error::new(io::ErrorKind::InvalidData, e.to_string());
    let chain = rustls_pki_types::CertificateDer::pem_file_iter(certificate).map_err(|e| invalid(&e))?;
    let chain = chain.collect::<Result<Vec<_>, _>>().map_err(|e| invalid(&e))?;
    let key = rustls_pki_types::PrivateKeyDer::from_pem_file(key).map_err(|e| invalid(&e))?;
    let config =
        rustls::ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key).map_err(|e| invalid(&e))?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}
