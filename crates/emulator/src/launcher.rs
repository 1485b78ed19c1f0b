//! Starts the emulator and provides the handle to the running one.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::middleware::from_fn_with_state;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use super::directory::LdapsOptions;
use super::directory::{AdError, BackingDirectory, LdapsDirectory, MemoryDirectory};
use super::oidc::{self, SigningKeyError, SigningKeys, generate_signing_key};
use super::running::RunningEmulator;
use super::seed::TenantSeed;
use super::server::{self, EmulatorUrls};
use super::state::TenantState;
use super::{EmulatedTenant, TenantInner, fault_control, graph};
use passback_foundation::{Clock, Random};

/// Options for starting the emulator.
///
/// In a test, [`EmulatorOptions::new`] with a seed is enough:
///
/// ```ignore
/// let seed = TenantSeed::contoso()?.with_short_delays().with_redirect_uri("http://127.0.0.1:8080/callback");
/// let emulator = EmulatorOptions::new(seed, Clock::system(), Random::system()).start().await?;
/// ```
pub struct EmulatorOptions {
    pub seed: TenantSeed,
    pub clock: Clock,
    pub random: Random,
    /// Address of the main listener. Port 0 selects a free port.
    pub listen: SocketAddr,
    /// A real Active Directory in place of the in-memory directory. `listen` and its address must be loopback then.
    pub directory: Option<LdapsOptions>,
    /// Graph's base address in responses such as `Location`, including `/v1.0`, if a proxy is in front of Graph.
    pub graph_public_url: Option<String>,
    /// PEM files with the certificate chain and the private key. The main listener serves TLS if set.
    pub tls: Option<(PathBuf, PathBuf)>,
}

impl EmulatorOptions {
    /// Creates options for a free port on 127.0.0.1 without TLS, with the in-memory directory.
    #[must_use]
    pub fn new(seed: TenantSeed, clock: Clock, random: Random) -> Self {
        let listen = SocketAddr::from(([127, 0, 0, 1], 0));
        Self { seed, clock, random, listen, directory: None, graph_public_url: None, tls: None }
    }

    /// Starts the main listener, the fault control and the writeback agent.
    ///
    /// # Errors
    /// If an address is not available or not allowed, or if the TLS files, the directory's CA file or the signing key
    /// fail.
    pub async fn start(self) -> Result<RunningEmulator, EmulatorError> {
        let real = self.directory.is_some();
        if real && !self.listen.ip().is_loopback() {
            return Err(EmulatorError::NotLoopback(self.listen));
        }
        if let Some(options) = &self.directory
            && !passback_foundation::is_loopback_host(&options.url)
        {
            return Err(EmulatorError::DirectoryNotLoopback(options.url.to_string()));
        }
        let listener = TcpListener::bind(self.listen).await.map_err(|e| EmulatorError::Listen(self.listen, e))?;
        let address = listener.local_addr().map_err(|e| EmulatorError::Listen(self.listen, e))?;
        let tls = self
            .tls
            .as_ref()
            .map(|(cert, key)| server::tls_acceptor(cert, key))
            .transpose()
            .map_err(EmulatorError::Tls)?;
        let scheme = if tls.is_some() { "https" } else { "http" };
        let base = EmulatorUrls { base: format!("{scheme}://{address}"), graph: self.graph_public_url };
        let directory = match self.directory {
            Some(options) => {
                BackingDirectory::Ldaps(LdapsDirectory::new(options).map_err(|e| EmulatorError::Directory(e.into()))?)
            }
            None => BackingDirectory::Memory(MemoryDirectory::new(&self.seed, self.clock.clone(), self.random.clone())),
        };
        let key = generate_signing_key(&self.random).await?;
        let state = Mutex::new(TenantState::new(self.seed, &self.random, self.clock.now()));
        let tenant = EmulatedTenant(Arc::new(TenantInner {
            clock: self.clock,
            random: self.random,
            keys: SigningKeys::new(key),
            directory,
            urls: base,
            state,
        }));
        let control =
            fault_control::FaultControl::bind(&tenant).await.map_err(|e| EmulatorError::Listen(address, e))?;
        Ok(spawn_tasks(tenant, listener, tls, control))
    }
}

/// Spawns the listeners and the writeback agent, which runs every 25 ms.
fn spawn_tasks(
    tenant: EmulatedTenant,
    listener: TcpListener,
    tls: Option<tokio_rustls::TlsAcceptor>,
    control: fault_control::FaultControl,
) -> RunningEmulator {
    let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
    tasks.spawn(server::serve(listener, router(&tenant), tls, stop.clone()));
    let (control_url, control_token) = (control.url(), control.token());
    tasks.spawn(control.serve(stop.clone()));
    let (ticking, ended) = (tenant.clone(), stop.clone());
    tasks.spawn(async move {
        while tokio::time::timeout(Duration::from_millis(25), ended.cancelled()).await.is_err() {
            ticking.run_due_operations().await;
        }
    });
    tasks.close();
    RunningEmulator { tenant, shutdown: stop, background_tasks: tasks, control_url, control_token }
}

fn router(tenant: &EmulatedTenant) -> Router {
    let routes = Router::new().merge(oidc::router()).nest("/v1.0", graph::router()).nest("/beta", graph::beta_router());
    routes.layer(from_fn_with_state(tenant.clone(), server::apply_faults)).with_state(tenant.clone())
}

/// An error at the start of the emulator.
#[derive(Debug, thiserror::Error)]
pub enum EmulatorError {
    #[error("cannot listen on {0}: with a real directory the emulator may use loopback only")]
    NotLoopback(SocketAddr),
    #[error("directory address {0} not allowed: --directory takes a loopback address only")]
    DirectoryNotLoopback(String),
    #[error("cannot listen on {0}")]
    Listen(SocketAddr, #[source] io::Error),
    #[error("cannot load the TLS certificate or its key")]
    Tls(#[source] io::Error),
    #[error("cannot set up the directory connection")]
    Directory(#[source] DirectorySetupError),
    #[error(transparent)]
    Key(#[from] SigningKeyError),
}

/// An error in the options of a real directory.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct DirectorySetupError(String);

impl From<AdError> for DirectorySetupError {
    fn from(error: AdError) -> Self {
        Self(error.to_string())
    }
}
