//! Starting the emulator, and what whoever started it holds.

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

pub use super::ad::LdapsOptions;
use super::ad::{AdError, Directory, LdapsDirectory, MemoryDirectory};
use super::faults::{Call, Fault};
use super::oidc::{self, KeyError, Keys, SigningKey};
use super::seed::{Role, Seed};
use super::server::{self, PublicUrl};
use super::world::{AuditRow, Seen, SentMail, SentRequest, World, derived_id};
use super::{Inner, Tenant, control, graph};
use crate::base::{Clock, Random};

/// How to start.
pub struct Start {
    pub seed: Seed,
    pub clock: Clock,
    pub random: Random,
    /// Where to listen; port 0 picks one.
    pub listen: SocketAddr,
    /// A real AD instead of the one in memory. Then every listener must be loopback.
    pub directory: Option<LdapsOptions>,
    /// What goes into `Location` (with `/v1.0`), when a proxy stands in front of Graph.
    pub graph_public_url: Option<String>,
    /// Certificate and key files.
    pub tls: Option<(PathBuf, PathBuf)>,
}

impl Start {
    /// On a free loopback port, with the directory in memory.
    #[must_use]
    pub fn new(seed: Seed, clock: Clock, random: Random) -> Self {
        let listen = SocketAddr::from(([127, 0, 0, 1], 0));
        Self { seed, clock, random, listen, directory: None, graph_public_url: None, tls: None }
    }

    /// Starts the emulator and its control listener.
    ///
    /// # Errors
    /// When an address is not to be had, or not allowed.
    pub async fn run(self) -> Result<Running, StartError> {
        let real = self.directory.is_some();
        if real && !self.listen.ip().is_loopback() {
            return Err(StartError::NotLoopback(self.listen));
        }
        if let Some(options) = &self.directory
            && !crate::base::is_loopback_host(&options.url)
        {
            return Err(StartError::DirectoryNotLoopback(options.url.to_string()));
        }
        let listener = TcpListener::bind(self.listen).await.map_err(|e| StartError::Listen(self.listen, e))?;
        let address = listener.local_addr().map_err(|e| StartError::Listen(self.listen, e))?;
        let tls =
            self.tls.as_ref().map(|(cert, key)| server::acceptor(cert, key)).transpose().map_err(StartError::Tls)?;
        let scheme = if tls.is_some() { "https" } else { "http" };
        let base = PublicUrl { base: format!("{scheme}://{address}"), graph: self.graph_public_url };
        let directory = match self.directory {
            Some(options) => {
                Directory::Ldaps(LdapsDirectory::new(options).map_err(|e| StartError::Directory(e.into()))?)
            }
            None => Directory::Memory(MemoryDirectory::new(&self.seed, self.clock.clone(), self.random.clone())),
        };
        let key = signing_key(&self.random).await?;
        let world = Mutex::new(World::new(self.seed, &self.random, self.clock.now()));
        let tenant = Tenant(Arc::new(Inner {
            clock: self.clock,
            random: self.random,
            keys: Keys::new(key),
            directory,
            base,
            world,
        }));
        let control = control::Control::bind(&tenant).await.map_err(|e| StartError::Listen(address, e))?;
        Ok(launch(tenant, listener, tls, control))
    }
}

pub(super) async fn signing_key(random: &Random) -> Result<SigningKey, KeyError> {
    let kid = random.token();
    let made = tokio::task::spawn_blocking(move || SigningKey::generate(kid)).await;
    made.unwrap_or_else(|error| Err(KeyError::interrupted(&error)))
}

fn launch(
    tenant: Tenant,
    listener: TcpListener,
    tls: Option<tokio_rustls::TlsAcceptor>,
    control: control::Control,
) -> Running {
    let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
    tasks.spawn(server::serve(listener, router(&tenant), tls, stop.clone()));
    let (control_url, control_token) = (control.url(), control.token());
    tasks.spawn(control.serve(stop.clone()));
    let (ticking, ended) = (tenant.clone(), stop.clone());
    tasks.spawn(async move {
        while tokio::time::timeout(Duration::from_millis(25), ended.cancelled()).await.is_err() {
            ticking.run_due().await;
        }
    });
    tasks.close();
    Running { tenant, stop, tasks, control_url, control_token }
}

fn router(tenant: &Tenant) -> Router {
    let routes = Router::new().merge(oidc::router()).nest("/v1.0", graph::router()).nest("/beta", graph::beta());
    routes.layer(from_fn_with_state(tenant.clone(), server::play_faults)).with_state(tenant.clone())
}

/// Why the emulator does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("with a real directory behind it the emulator listens on loopback only, not on {0}")]
    NotLoopback(SocketAddr),
    #[error("--directory takes a loopback address only, not {0}")]
    DirectoryNotLoopback(String),
    #[error("cannot listen on {0}")]
    Listen(SocketAddr, #[source] io::Error),
    #[error("the certificate or its key cannot be used")]
    Tls(#[source] io::Error),
    #[error("the directory cannot be used")]
    Directory(#[source] AdErrorText),
    #[error(transparent)]
    Key(#[from] KeyError),
}

/// An error of the directory, for people.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct AdErrorText(String);

impl From<AdError> for AdErrorText {
    fn from(error: AdError) -> Self {
        Self(error.to_string())
    }
}

/// A running emulator. It stops when this is dropped.
pub struct Running {
    tenant: Tenant,
    stop: CancellationToken,
    tasks: TaskTracker,
    control_url: String,
    control_token: String,
}

impl Running {
    /// Scheme, host and port.
    #[must_use]
    pub fn url(&self) -> &str {
        self.tenant.0.base.get()
    }

    /// What a client calls the authority: the issuer.
    #[must_use]
    pub fn authority(&self) -> String {
        format!("{}/{}/v2.0", self.url(), self.tenant.tenant_id())
    }

    /// Graph's base URL.
    #[must_use]
    pub fn graph_url(&self) -> String {
        self.tenant.0.base.graph()
    }

    #[must_use]
    pub fn tenant_id(&self) -> String {
        self.tenant.tenant_id().to_string()
    }

    /// The control listener and the token it wants.
    #[must_use]
    pub fn control(&self) -> (&str, &str) {
        (&self.control_url, &self.control_token)
    }

    /// From now on this goes wrong.
    pub fn add_fault(&self, fault: Fault) {
        self.tenant.world().faults.push(fault);
    }

    /// Forgets all faults.
    pub fn clear_faults(&self) {
        self.tenant.world().faults.clear();
    }

    /// How many requests of a kind arrived, for one person or all.
    #[must_use]
    pub fn calls(&self, call: Call, person: Option<&str>) -> usize {
        let world = self.tenant.world();
        world
            .calls
            .iter()
            .filter(|seen| seen.call == call && person.is_none_or(|p| seen.person.as_deref() == Some(p)))
            .count()
    }

    /// Every request that arrived, in order: method, path with query, status.
    #[must_use]
    pub fn seen(&self) -> Vec<(String, String, u16)> {
        self.tenant.world().calls.iter().map(|seen| (seen.method.clone(), seen.path.clone(), seen.status)).collect()
    }

    /// The same with query and body, but for passwords.
    #[must_use]
    pub fn requests(&self) -> Vec<SentRequest> {
        let world = self.tenant.world();
        let one = |seen: &Seen| SentRequest {
            method: seen.method.clone(),
            path: seen.path.clone(),
            query: seen.query.clone(),
            body: seen.body.clone(),
            status: seen.status,
        };
        world.calls.iter().map(one).collect()
    }

    /// Every token and code that was ever given out.
    #[must_use]
    pub fn issued(&self) -> Vec<String> {
        self.tenant.world().issued.clone()
    }

    /// The object id of a group.
    #[must_use]
    pub fn group_id(&self, name: &str) -> String {
        derived_id(&self.tenant.world().seed, name).to_string()
    }

    /// When this person's last operation came to its end, and when it was asked for.
    #[must_use]
    pub fn operation_of(&self, upn: &str) -> Option<(jiff::Timestamp, Vec<jiff::Timestamp>)> {
        let world = self.tenant.world();
        let account = world.find(upn)?.id;
        let operation = world.operations.iter().rev().find(|o| o.account == account)?;
        let asked = world.calls.iter().filter(|c| c.call == Call::Operation && c.person.as_deref() == Some(upn));
        Some((operation.last_action, asked.map(|c| c.at).collect()))
    }

    /// Whether this is the password AD would accept. `None` with a real directory: ask that.
    #[must_use]
    pub fn directory_accepts(&self, upn: &str, password: &str) -> Option<bool> {
        let sam = upn.split('@').next()?;
        self.tenant.0.directory.check(sam, password)
    }

    /// How apps proved themselves at the token endpoint, in order: `secret`, `certificate <thumbprint>`,
    /// `federated <subject> <jti>`.
    #[must_use]
    pub fn proofs(&self) -> Vec<String> {
        self.tenant.world().proofs.clone()
    }

    /// The parameter `claims` of each token request that had one: where client capabilities are declared.
    #[must_use]
    pub fn claims_asked(&self) -> Vec<String> {
        self.tenant.world().claims.clone()
    }

    /// Every message that was sent through Graph.
    #[must_use]
    pub fn mails(&self) -> Vec<SentMail> {
        self.tenant.world().mails.clone()
    }

    /// Lets a person register a sign-in method. The log's line names them both as who did it and as whose it is:
    /// <https://learn.microsoft.com/entra/identity/monitoring-health/reference-audit-activities> (read 2026-11-24).
    pub fn register_method(&self, upn: &str) {
        let now = self.tenant.clock().now();
        let ids: [uuid::Uuid; 2] = std::array::from_fn(|_| self.tenant.random().uuid());
        let mut world = self.tenant.world();
        let delay = jiff::SignedDuration::from_millis(i64::try_from(world.seed.audit.delay_ms).unwrap_or(0));
        let Some(person) = world.find(upn).map(|account| account.id) else { return };
        world.audits.push(AuditRow {
            id: ids[0],
            correlation: ids[1],
            at: now,
            shown_from: now.saturating_add(delay).unwrap_or(now),
            activity: "User registered security info",
            service: "Authentication Methods",
            initiator: person,
            target: person,
            success: true,
            reason: "User registered a method".to_owned(),
            agent: None,
        });
    }

    /// Changes a person's addresses, as an administrator or whoever took the account over would.
    pub fn set_addresses(&self, upn: &str, mail: &str, others: &[&str]) {
        if let Some(account) = self.tenant.world().find_mut(upn) {
            account.seed.mail = Some(mail.to_owned());
            account.seed.other_mails = others.iter().map(|&other| other.to_owned()).collect();
        }
    }

    /// Changes a person's mobile number, as whoever took the account over would.
    pub fn set_mobile(&self, upn: &str, number: Option<&str>) {
        if let Some(account) = self.tenant.world().find_mut(upn) {
            account.seed.mobile = number.map(str::to_owned);
        }
    }

    /// Ends everything somebody is signed in to, as an administrator would.
    pub fn revoke(&self, upn: &str) {
        let now = self.tenant.clock().now();
        if let Some(account) = self.tenant.world().find_mut(upn) {
            account.sessions_valid_from = now;
        }
    }

    /// Somebody's access tokens have ended, as they do by themselves after about an hour.
    pub fn end_tokens(&self, upn: &str) {
        let now = self.tenant.clock().now();
        if let Some(account) = self.tenant.world().find_mut(upn) {
            account.tokens_end_before = now.saturating_add(jiff::SignedDuration::from_secs(1)).unwrap_or(now);
        }
    }

    /// Conditional Access as another seed has it.
    pub fn set_policies(&self, of: Seed) {
        self.tenant.world().seed.policies = of.policies;
    }

    /// Gives somebody a role, tenant-wide.
    pub fn give_role(&self, upn: &str, template: uuid::Uuid) {
        if let Some(account) = self.tenant.world().find_mut(upn) {
            account.seed.roles.push(Role { template, scope: "/".to_owned(), eligible: false });
        }
    }

    /// The directory was last synchronised so long ago.
    pub fn set_sync_age(&self, seconds: i64) {
        self.tenant.world().seed.organization.sync_age_seconds = seconds;
    }

    /// The object id of somebody.
    #[must_use]
    pub fn object_id(&self, upn: &str) -> Option<String> {
        Some(self.tenant.world().find(upn)?.id.to_string())
    }

    /// Takes an administrator's consent to a delegated permission back.
    pub fn withdraw_consent(&self, permission: &str) {
        for app in &mut self.tenant.world().seed.apps {
            app.delegated.retain(|known| known != permission);
        }
    }

    /// Lets the app sign people in at one more address.
    pub fn add_redirect(&self, address: &str) {
        for app in &mut self.tenant.world().seed.apps {
            app.redirect_uris.push(address.to_owned());
        }
    }

    /// Rolls the signing key.
    ///
    /// # Errors
    /// When no key can be made.
    pub async fn rotate_keys(&self) -> Result<(), KeyError> {
        let key = signing_key(&self.tenant.0.random).await?;
        self.tenant.0.keys.rotate(key);
        Ok(())
    }

    /// Stops and waits until every listener is closed.
    pub async fn stop(self) {
        self.stop.cancel();
        self.tasks.wait().await;
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}
