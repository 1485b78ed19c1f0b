//! Composition root: combines all routes, starts all background tasks and stops the portal gracefully.

mod connection_limit;
mod listener_warnings;
mod process;
mod tls;

pub use process::prepare_process;

use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use axum::Router;
use axum::extract::FromRef as _;
use axum::routing::{get, post};
use axum_server::tls_rustls::RustlsAcceptor;
use axum_server::{Handle, Server};
use hyper_util::rt::TokioTimer;
use tokio::task::JoinHandle;

use self::connection_limit::ConnectionLimiter;
use self::listener_warnings::log_listener_warnings;
use self::process::shutdown_signal;
use crate::base::{BoxedError, Clock, Random, run_every};
use crate::config::Config;
use crate::entra::{EntraClients, EntraSetupError};
use crate::notify::{MailError, MailWorker};
use crate::people::run_phone_number_refresh;
use crate::reset::{ResetTracker, run_change_feed, run_indexer, run_tracker};
use crate::signin::CallbackHandlers;
use crate::state::{AppSetupError, AppState};
use crate::store::{Db, SealError, Sealer, SessionRecordStore, StoreError};
use crate::web::{apply_middleware, serve_asset, serve_brand_asset, switch_language};
use crate::{account, admin, alerts, cases, conditional_access, helpdesk, notify, ops, reset, signin};

/// Maximum time for the TLS handshake and for the head of a request. An incomplete request is closed after it.
const REQUEST_HEADER_TIMEOUT: Duration = Duration::from_secs(10);
/// Maximum size of a request's head. Entra's sign-in response is about 2 KiB.
const MAX_HEADER_BYTES: usize = 16 * 1024;
/// Maximum number of header lines of a request.
const MAX_HEADER_LINES: usize = 64;
/// Maximum number of resets whose status page is cached.
const PAGE_CACHE_CAPACITY: usize = 10_000;
/// Maximum time that a graceful stop waits for resets that are being sent.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(35);

/// Combines the routes of all features.
fn routes(shown: reset::PageCache) -> Router<AppState> {
    Router::new()
        .merge(signin::router(CallbackHandlers {
            resume_action: helpdesk::handle_agent_return,
            propose_operator: admin::handle_operator_sign_in,
        }))
        .merge(admin::router())
        .merge(reset::router(shown))
        .merge(helpdesk::router())
        .merge(account::router())
        .merge(notify::router())
        .merge(ops::router())
        .route("/static/{hash}/{name}", get(serve_asset))
        .route("/brand/{hash}/{name}", get(serve_brand_asset))
        .route("/language", post(switch_language))
}

/// Running portal.
pub struct PortalServer {
    app: AppState,
    handle: Handle<SocketAddr>,
    server: JoinHandle<std::io::Result<()>>,
    address: SocketAddr,
}

/// Reason why the portal does not start or stopped.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    #[error("cannot listen on {0}")]
    Listen(SocketAddr, #[source] std::io::Error),
    #[error(transparent)]
    Store(BoxedError),
    #[error(transparent)]
    Sealing(BoxedError),
    #[error("server.public_url: not usable as a trusted origin: {0}")]
    Origin(#[from] tower_http::csrf::ConfigError),
    #[error(transparent)]
    Entra(BoxedError),
    #[error(transparent)]
    Setup(#[from] AppSetupError),
    #[error("cannot load server.tls_cert and server.tls_key")]
    Tls(#[source] std::io::Error),
    #[error(transparent)]
    Notify(BoxedError),
    #[error("HTTP server stopped")]
    Stopped(#[source] std::io::Error),
}

macro_rules! impl_serve_error_from {
    ($($error:ty => $variant:ident),* $(,)?) => {$(impl From<$error> for ServeError {
        fn from(error: $error) -> Self {
            Self::$variant(error.into())
        }
    })*};
}
impl_serve_error_from!(StoreError => Store, SealError => Sealing, EntraSetupError => Entra, MailError => Notify);

/// Binds the portal's listener. This is separate from the start because the demo needs the port for `public_url`.
///
/// # Errors
/// When the address is in use or cannot be bound.
pub fn bind_listener(at: SocketAddr) -> Result<TcpListener, ServeError> {
    let listener = TcpListener::bind(at).map_err(|e| ServeError::Listen(at, e))?;
    listener.set_nonblocking(true).map_err(|e| ServeError::Listen(at, e))?;
    Ok(listener)
}

impl PortalServer {
    /// Opens the database, starts the background tasks and serves requests.
    ///
    /// # Errors
    /// When the database, the sealing keys, Entra, the TLS files, mail or another dependency cannot be used.
    pub async fn start(
        config: Config,
        listener: TcpListener,
        clock: Clock,
        random: Random,
    ) -> Result<Self, ServeError> {
        let address = listener.local_addr().map_err(|e| ServeError::Listen(config.server.listen, e))?;
        log_listener_warnings(&config.server);
        let sealer = Sealer::load(&config.sealing, config.tenant_id(), random.clone())?;
        let db = Db::open(&config.database.url).await?;
        let entra = EntraClients::new(&config, &db, &sealer, &clock, &random)?;
        let app = AppState::new(config, db, &sealer, entra, clock, random)?;
        let shown = reset::PageCache::new(app.clock.clone(), PAGE_CACHE_CAPACITY);
        let sessions = SessionRecordStore::new(app.sessions.clone(), signin::read_session_owner);
        let router = apply_middleware(routes(shown.clone()), &app, sessions)?;
        app.background_tasks.spawn(run_tracker(ResetTracker::from_ref(&app)));
        app.background_tasks.spawn(run_change_feed(app.clone(), shown));
        app.background_tasks.spawn(run_indexer(app.clone()));
        app.background_tasks.spawn(alerts::run_alert_scanner(app.clone()));
        app.background_tasks.spawn(cases::run_pass_monitor(app.clone()));
        app.background_tasks.spawn(signin::run_ended_session_watcher(app.clone()));
        app.background_tasks.spawn(conditional_access::run_policy_assessor(app.clone()));
        app.background_tasks.spawn(app.entra.credential.clone().run_expiry_monitor(app.shutdown.clone()));
        if let Some(worker) = MailWorker::new(&app)? {
            app.background_tasks.spawn(worker.run());
        }
        app.background_tasks.spawn(run_phone_number_refresh(app.clone()));
        app.background_tasks.spawn(ops::run_audit_maintenance(app.clone()));
        app.background_tasks.spawn(ops::run_health_monitor(app.clone()));
        app.background_tasks.spawn(ops::run_canary_schedule(app.clone()));
        app.background_tasks.spawn(run_cleanup(app.clone()));
        if let Some(at) = app.config.server.metrics_listen {
            spawn_metrics_server(&app, at).await?;
        }
        let handle = Handle::new();
        let server = spawn_server(&app, listener, router, &handle).await?;
        Ok(Self { app, handle, server, address })
    }

    #[cfg(test)]
    pub(crate) fn app(&self) -> &AppState {
        &self.app
    }

    /// Returns the address on which the portal listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns the number of rounds that a background task has ended, for tests that wait for one.
    #[must_use]
    pub fn background_rounds(&self, task: &'static str) -> u64 {
        self.app.metrics.background_rounds(task).get()
    }

    /// Serves until the process receives SIGTERM or Ctrl-C.
    ///
    /// # Errors
    /// When the server ends without such a signal.
    pub async fn run(mut self) -> Result<(), ServeError> {
        tokio::select! {
            () = shutdown_signal() => {}
            ended = &mut self.server => return ended.unwrap_or_else(|e| Err(std::io::Error::other(e))).map_err(ServeError::Stopped),
        }
        self.stop().await;
        Ok(())
    }

    /// Stops gracefully: accepts no new requests, then waits for resets that are being sent.
    pub async fn stop(self) {
        self.app.shutdown.cancel();
        self.handle.graceful_shutdown(Some(Duration::from_secs(5)));
        let _ = tokio::time::timeout(Duration::from_secs(6), self.server).await;
        self.app.background_tasks.close();
        if tokio::time::timeout(SHUTDOWN_TIMEOUT, self.app.background_tasks.wait()).await.is_err() {
            tracing::warn!("shutdown timed out: unfinished resets end as unknown");
        }
        self.app.db.close().await;
    }

    /// Stops immediately, as a crash would: unfinished work is not stored.
    pub async fn kill(self) {
        self.app.shutdown.cancel();
        self.handle.shutdown();
        self.server.abort();
        let _ = self.server.await;
        self.app.db.close().await;
    }
}

/// Sets the limits of every connection: bytes, lines and time of the head, HTTP/2 streams and keep-alive.
fn configure_http_limits<C>(server: &mut Server<SocketAddr, C>) {
    server.http_builder().http1().timer(TokioTimer::new()).header_read_timeout(REQUEST_HEADER_TIMEOUT);
    server.http_builder().http1().max_buf_size(MAX_HEADER_BYTES).max_headers(MAX_HEADER_LINES);
    let mut http2 = server.http_builder().http2();
    http2
        .timer(TokioTimer::new())
        .max_concurrent_streams(64)
        .max_header_list_size(u32::try_from(MAX_HEADER_BYTES).unwrap_or(u32::MAX));
    http2.keep_alive_interval(Some(Duration::from_secs(20))).keep_alive_timeout(Duration::from_secs(10));
}

async fn spawn_server(
    app: &AppState,
    listener: TcpListener,
    router: Router,
    handle: &Handle<SocketAddr>,
) -> Result<JoinHandle<std::io::Result<()>>, ServeError> {
    let settings = &app.config.server;
    let at = settings.listen;
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    let server = axum_server::from_tcp(listener).map_err(|e| ServeError::Listen(at, e))?;
    let mut server = server
        .handle(handle.clone())
        .first_request_timeout(REQUEST_HEADER_TIMEOUT)
        .acceptor(ConnectionLimiter::new(settings));
    configure_http_limits(&mut server);
    let Some((cert, key)) = settings.tls_cert.clone().zip(settings.tls_key.clone()) else {
        return Ok(tokio::spawn(server.serve(service)));
    };
    let files = tls::TlsFiles { cert, key };
    let config = files.load().await.map_err(ServeError::Tls)?;
    app.background_tasks.spawn(files.run_certificate_reload(config.clone(), app.shutdown.clone()));
    let server =
        server.map(|door| RustlsAcceptor::new(config).handshake_timeout(REQUEST_HEADER_TIMEOUT).acceptor(door));
    Ok(tokio::spawn(server.serve(service)))
}

/// Serves `/metrics` on a separate listener.
async fn spawn_metrics_server(app: &AppState, at: SocketAddr) -> Result<(), ServeError> {
    let listener = tokio::net::TcpListener::bind(at).await.map_err(|e| ServeError::Listen(at, e))?;
    let (router, stop) = (ops::metrics_router(app.clone()), app.shutdown.clone());
    app.background_tasks.spawn(async move {
        let served = axum::serve(listener, router).with_graceful_shutdown(async move { stop.cancelled().await });
        if let Err(error) = served.await {
            tracing::error!(%error, "metrics listener stopped");
        }
    });
    Ok(())
}

/// Deletes expired sessions, mail and rate limits once an hour until the process stops.
async fn run_cleanup(app: AppState) {
    let rounds = app.metrics.background_rounds("cleanup");
    run_every(&app.shutdown, &rounds, Duration::from_hours(1), || async {
        let swept = async {
            app.sessions.delete_expired().await?;
            notify::delete_expired_mail(&app).await?;
            app.rate_limiter.delete_expired(app.now()).await
        };
        if let Err(error) = swept.await {
            tracing::warn!(error = ?error, "cleanup of expired rows failed: retrying in 1 h");
        }
    })
    .await;
}
