//! Runs the entire product on this machine: the emulated tenant, the portal, SQLite, and an operator that is linked
//! through the real pages automatically.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use reqwest::{Response, StatusCode, header};
use url::Url;

use crate::base::{Clock, Random, Secret, encode_hex};
use crate::config::{
    BrandingConfig, ClientCredentialKind, Config, CredentialConfig, DatabaseConfig, EntraConfig, ForwardedHeader,
    HelpdeskConfig, OperatorConfig, PasswordPolicyConfig, ResetConfig, SealingConfig, SealingKey, ServerConfig,
    SignInConfig,
};
use crate::entra::build_client;
use crate::serve::{PortalServer, ServeError, bind_listener};
pub(crate) use passback_emulator::TenantSeed;
use passback_emulator::{EmulatorError, EmulatorOptions, LdapsOptions, RunningEmulator, SeedError};
#[cfg(test)]
pub(crate) use passback_emulator::{FaultEffect, FaultTarget, InjectedFault};

/// Application and accounts of the seed that the demo uses.
const CLIENT_ID: &str = "a0000000-0000-4000-8000-0000000000a1";
const CLIENT_SECRET: &str = "demo-secret-of-the-emulator";
const ADMIN_UPN: &str = "adam@contoso.example";
const OPERATOR_UPN: &str = "svc-passback@contoso.example";

/// Change to the configuration.
pub type ConfigOverride = Box<dyn Fn(&mut Config) + Send + Sync>;

/// Options of a demo.
pub struct DemoOptions {
    pub port: u16,
    pub tenant_port: u16,
    /// Folder of the database and the sealing key. Default: a new temporary folder, removed at the end.
    pub data_dir: Option<PathBuf>,
    pub seed: Option<TenantSeed>,
    /// Database URL. Default: SQLite in the data folder.
    pub database: Option<String>,
    pub directory: Option<LdapsOptions>,
    pub clock: Clock,
    pub random: Random,
    /// Change to the configuration, for tests.
    pub config_override: ConfigOverride,
    /// Links the operator at start. Tests switch it off for the state in which no one can reset.
    pub link_operator: bool,
}

impl Default for DemoOptions {
    fn default() -> Self {
        Self {
            port: 0,
            tenant_port: 0,
            data_dir: None,
            seed: None,
            database: None,
            directory: None,
            clock: Clock::system(),
            random: Random::system(),
            config_override: Box::new(|_| {}),
            link_operator: true,
        }
    }
}

/// Running demo.
pub struct RunningDemo {
    pub tenant: RunningEmulator,
    portal: Option<PortalServer>,
    config: Config,
    clock: Clock,
    random: Random,
    temporary_dir: Option<PathBuf>,
    /// People of the seed: user principal name, name, and expected outcome of their reset.
    pub people: Vec<(String, String, String)>,
}

/// Reason why the demo does not start.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    #[error(transparent)]
    Serve(#[from] ServeError),
    #[error(transparent)]
    Tenant(#[from] EmulatorError),
    #[error(transparent)]
    Seed(#[from] SeedError),
    #[error("cannot use the data folder {path}", path = .path.display())]
    Data { path: PathBuf, source: std::io::Error },
    #[error("cannot link the operator: {0}")]
    Link(String),
}

impl RunningDemo {
    /// Starts emulator and portal and links the operator.
    ///
    /// # Errors
    /// When a port is taken, a folder cannot be written, or the operator cannot be linked.
    pub async fn start(options: DemoOptions) -> Result<Self, DemoError> {
        let loopback = |port| SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port);
        let listener = bind_listener(loopback(options.port))?;
        let address = listener.local_addr().map_err(|e| ServeError::Listen(loopback(options.port), e))?;
        let seed = options
            .seed
            .map_or_else(TenantSeed::contoso, Ok)?
            .with_redirect_uri(&format!("http://{address}/signin/callback"));
        let people = seed
            .demo_outcomes()
            .map(|(upn, name, outcome)| (upn.to_owned(), name.to_owned(), outcome.to_owned()))
            .collect();
        let mut start = EmulatorOptions::new(seed, options.clock.with_own_wall_clock(), options.random.clone());
        start.listen = loopback(options.tenant_port);
        start.directory = options.directory;
        let tenant = start.start().await?;
        let (folder, temporary) = prepare_data_dir(options.data_dir, &options.random)?;
        let mut config = demo_config(address, &tenant, &folder, options.database, &options.random)?;
        (options.config_override)(&mut config);
        let portal =
            PortalServer::start(config.clone(), listener, options.clock.clone(), options.random.clone()).await?;
        let demo = Self {
            tenant,
            portal: Some(portal),
            config,
            clock: options.clock,
            random: options.random,
            temporary_dir: temporary,
            people,
        };
        if options.link_operator {
            link_operator(&demo.url()).await?;
        }
        Ok(demo)
    }

    /// Returns the URL of the portal, without a trailing slash.
    #[must_use]
    pub fn url(&self) -> String {
        self.config.server.public_url.as_str().trim_end_matches('/').to_owned()
    }

    /// Returns the portal, for tests of state that no page shows.
    #[cfg(test)]
    pub(crate) fn portal(&self) -> &PortalServer {
        self.portal.as_ref().unwrap()
    }

    /// Returns the number of rounds that a background task of the portal has ended, for tests that wait for one.
    #[must_use]
    pub fn background_rounds(&self, task: &'static str) -> u64 {
        self.portal.as_ref().map_or(0, |portal| portal.background_rounds(task))
    }

    /// Returns the configuration of the portal.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Ends the portal as a crash would and starts it again with the same data and port.
    ///
    /// # Errors
    /// As [`RunningDemo::start`].
    pub async fn crash_and_restart(&mut self) -> Result<(), DemoError> {
        if let Some(portal) = self.portal.take() {
            portal.kill().await;
        }
        let listener = bind_listener(self.config.server.listen)?;
        self.portal =
            Some(PortalServer::start(self.config.clone(), listener, self.clock.clone(), self.random.clone()).await?);
        Ok(())
    }

    /// Serves until the process receives SIGTERM or Ctrl-C, then cleans up.
    ///
    /// # Errors
    /// When the portal ends without such a signal.
    pub async fn run(mut self) -> Result<(), DemoError> {
        let ended = match self.portal.take() {
            Some(portal) => portal.run().await,
            None => Ok(()),
        };
        self.stop().await;
        Ok(ended?)
    }

    /// Stops portal and emulator and removes a temporary folder.
    pub async fn stop(mut self) {
        if let Some(portal) = self.portal.take() {
            portal.stop().await;
        }
        if let Some(folder) = self.temporary_dir.take() {
            let _ = std::fs::remove_dir_all(folder);
        }
        self.tenant.stop().await;
    }
}

/// Creates the data folder. Returns its path, and the path again if the folder is temporary and must be removed.
fn prepare_data_dir(given: Option<PathBuf>, random: &Random) -> Result<(PathBuf, Option<PathBuf>), DemoError> {
    use std::os::unix::fs::DirBuilderExt as _;
    let temporary = given.is_none();
    let folder =
        given.unwrap_or_else(|| std::env::temp_dir().join(format!("passback-demo-{}", random.uuid().simple())));
    let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder);
    made.map_err(|source| DemoError::Data { path: folder.clone(), source })?;
    let remove = temporary.then(|| folder.clone());
    Ok((folder, remove))
}

fn demo_config(
    address: SocketAddr,
    tenant: &RunningEmulator,
    folder: &std::path::Path,
    database: Option<String>,
    random: &Random,
) -> Result<Config, DemoError> {
    let broken = |what: &str| DemoError::Link(format!("the emulator's {what} is not valid"));
    let url = |text: String, what: &str| Url::parse(&text).map_err(|_| broken(what));
    let database = database.unwrap_or_else(|| format!("sqlite://{}", folder.join("passback.db").display()));
    Ok(Config {
        server: ServerConfig {
            listen: address,
            public_url: url(format!("http://{address}"), "portal")?,
            trusted_proxies: Vec::new(),
            forwarded_header: ForwardedHeader::default(),
            metrics_listen: None,
            tls_cert: None,
            tls_key: None,
            max_connections: 16_384,
            max_connections_per_address: 512,
        },
        database: DatabaseConfig { url: Secret::new(database), url_file: None },
        sealing: SealingConfig { keys: vec![load_or_create_sealing_key(folder, random)?] },
        branding: BrandingConfig {
            name: "Contoso".to_owned(),
            support_phone: "+44 20 7946 0100".to_owned(),
            support_hours: "Mon–Fri 7:00–19:00".to_owned(),
            ..BrandingConfig::default()
        },
        entra: EntraConfig {
            cloud: crate::config::NationalCloud::Global,
            tenant_id: tenant.tenant_id().parse().map_err(|_| broken("tenant id"))?,
            client_id: CLIENT_ID.parse().map_err(|_| broken("client id"))?,
            authority: Some(url(tenant.authority(), "authority")?),
            graph_url: Some(url(tenant.graph_url(), "Graph")?),
            allow_other_hosts: false,
            credential: CredentialConfig {
                kind: ClientCredentialKind::Secret,
                secret: Some(Secret::new(CLIENT_SECRET.to_owned())),
                secret_file: None,
                certificate_file: None,
                key_file: None,
                token_file: None,
            },
        },
        signin: SignInConfig::default(),
        operator: OperatorConfig::default(),
        reset: ResetConfig::default(),
        policy: PasswordPolicyConfig::default(),
        breach: crate::config::BreachCheckConfig::default(),
        directory: None,
        helpdesk: HelpdeskConfig::default(),
        audit: crate::config::AuditConfig::default(),
        notify: crate::config::NotifyConfig::default(),
        canary: None,
        risk: None,
    })
}

/// Returns the sealing key of this data folder. Creates it at the first start.
fn load_or_create_sealing_key(folder: &std::path::Path, random: &Random) -> Result<SealingKey, DemoError> {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    let file = folder.join("sealing.key");
    if !file.exists() {
        let digits = encode_hex(&random.bytes::<32>());
        let made = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&file);
        made.and_then(|mut f| f.write_all(digits.as_bytes()))
            .map_err(|source| DemoError::Data { path: file.clone(), source })?;
    }
    Ok(SealingKey { id: "demo".to_owned(), file })
}

/// Links the operator. Right after the start the Conditional Access policies may not have been assessed yet, and then
/// sign-ins are refused, so this retries as an administrator would.
async fn link_operator(portal: &str) -> Result<(), DemoError> {
    let mut last = String::new();
    for _ in 0..5 {
        match sign_in_and_confirm(portal).await {
            Ok(StatusCode::SEE_OTHER) => return Ok(()),
            Ok(status) => last = format!("the portal returned {status}"),
            Err(error) => last = error.to_string(),
        }
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    }
    Err(DemoError::Link(last))
}

/// Performs an administrator's steps: sign in, sign the operator in, confirm.
async fn sign_in_and_confirm(portal: &str) -> Result<StatusCode, crate::entra::HttpError> {
    let mut browser = DemoBrowser::new()?;
    browser.sign_in(&format!("{portal}/signin?purpose=staff"), ADMIN_UPN).await?;
    browser.sign_in(&format!("{portal}/admin/operator/link"), OPERATOR_UPN).await?;
    Ok(browser.post(&format!("{portal}/admin/operator/confirm"), &[]).await?.status())
}

/// Minimal browser for these steps: cookies by host and port, and redirects.
struct DemoBrowser {
    http: reqwest::Client,
    cookies: Vec<(String, String)>,
}

impl DemoBrowser {
    fn new() -> Result<Self, crate::entra::HttpError> {
        Ok(Self { http: build_client()?, cookies: Vec::new() })
    }

    /// Signs an account in with a passkey, from a page of the portal through Entra and back. Returns the last response.
    async fn sign_in(&mut self, from: &str, account: &str) -> Result<Response, crate::entra::HttpError> {
        let (at, _) = self.follow_redirects(from.to_owned()).await?;
        let back = self.post(&at, &[("account", account), ("method", "passkey")]).await?;
        let to = redirect_target(&back).unwrap_or(at);
        Ok(self.follow_redirects(to).await?.1)
    }

    /// Follows up to 6 redirects. Returns the last URL and response.
    async fn follow_redirects(&mut self, from: String) -> Result<(String, Response), crate::entra::HttpError> {
        let mut at = from;
        for _ in 0..6 {
            let answer = self.send(self.http.get(&at), &at).await?;
            match redirect_target(&answer) {
                Some(to) => at = Url::parse(&at).and_then(|base| base.join(&to)).map_or(to, String::from),
                None => return Ok((at, answer)),
            }
        }
        let answer = self.send(self.http.get(&at), &at).await?;
        Ok((at, answer))
    }

    async fn post(&mut self, at: &str, fields: &[(&str, &str)]) -> Result<Response, crate::entra::HttpError> {
        self.send(self.http.post(at).form(fields), at).await
    }

    async fn send(&mut self, request: reqwest::RequestBuilder, at: &str) -> Result<Response, crate::entra::HttpError> {
        let host = Url::parse(at).map(|u| u.authority().to_owned()).unwrap_or_default();
        let mine: Vec<String> = self.cookies.iter().filter(|(h, _)| *h == host).map(|(_, c)| c.clone()).collect();
        let answer = request.header(header::COOKIE, mine.join("; ")).send().await?;
        for cookie in answer.headers().get_all(header::SET_COOKIE).iter().filter_map(|v| v.to_str().ok()) {
            let pair = cookie.split(';').next().unwrap_or_default().to_owned();
            let name = pair.split('=').next().unwrap_or_default().to_owned();
            self.cookies.retain(|(h, c)| *h != host || !c.starts_with(&format!("{name}=")));
            self.cookies.push((host.clone(), pair));
        }
        Ok(answer)
    }
}

fn redirect_target(answer: &Response) -> Option<String> {
    answer.headers().get(header::LOCATION)?.to_str().ok().map(str::to_owned)
}
