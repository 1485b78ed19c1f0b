//! The whole product on this machine: the emulated tenant, the portal, SQLite, and an operator linked through the
//! real pages, without a click.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use reqwest::{Response, StatusCode, header};
use url::Url;

use crate::base::{Clock, Random, Secret, hex};
use crate::config::{
    Branding, Config, Credential, CredentialKind, Database, Entra, Helpdesk, OperatorSettings, Policy, Reset, Sealing,
    SealingKey, Server, Signin,
};
use crate::entra::client;
use crate::serve::{Portal, ServeError, listen};
use crate::tenant::{LdapsOptions, Running, Seed, SeedError, Start, StartError};

/// The application and the accounts the seed gives the demo.
const CLIENT_ID: &str = "a0000000-0000-4000-8000-0000000000a1";
const CLIENT_SECRET: &str = "demo-secret-of-the-emulator";
const ADMIN: &str = "adam@contoso.example";
const OPERATOR: &str = "svc-passback@contoso.example";

/// A change to the settings.
pub type Adjust = Box<dyn Fn(&mut Config) + Send + Sync>;

/// How to start.
pub struct DemoOptions {
    pub port: u16,
    pub tenant_port: u16,
    /// Where the database and the sealing key live; a fresh temporary folder, removed at the end, if not given.
    pub data_dir: Option<PathBuf>,
    pub seed: Option<Seed>,
    /// Another database than SQLite in the data folder.
    pub database: Option<String>,
    pub directory: Option<LdapsOptions>,
    pub clock: Clock,
    pub random: Random,
    /// Changes to the settings, for tests.
    pub adjust: Adjust,
    /// Without it nobody can reset: tests of that state.
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
            adjust: Box::new(|_| {}),
            link_operator: true,
        }
    }
}

/// A running demo.
pub struct Demo {
    pub tenant: Running,
    portal: Option<Portal>,
    config: Config,
    clock: Clock,
    random: Random,
    temporary: Option<PathBuf>,
    pub people: Vec<(String, String, String)>,
}

/// Why the demo does not start.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    #[error(transparent)]
    Serve(#[from] ServeError),
    #[error(transparent)]
    Tenant(#[from] StartError),
    #[error(transparent)]
    Seed(#[from] SeedError),
    #[error("the data folder {path} cannot be used: {source}", path = .path.display())]
    Data { path: PathBuf, source: std::io::Error },
    #[error("the operator could not be linked: {0}")]
    Link(String),
}

impl Demo {
    /// Starts everything.
    ///
    /// # Errors
    /// When a port is taken, a folder cannot be written, or the operator cannot be linked.
    pub async fn start(options: DemoOptions) -> Result<Self, DemoError> {
        let loopback = |port| SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port);
        let listener = listen(loopback(options.port))?;
        let address = listener.local_addr().map_err(|e| ServeError::Listen(loopback(options.port), e))?;
        let seed =
            options.seed.map_or_else(Seed::contoso, Ok)?.with_redirect(&format!("http://{address}/signin/callback"));
        let people =
            seed.outcomes().map(|(upn, name, outcome)| (upn.to_owned(), name.to_owned(), outcome.to_owned())).collect();
        let mut start = Start::new(seed, options.clock.beside(), options.random.clone());
        start.listen = loopback(options.tenant_port);
        start.directory = options.directory;
        let tenant = start.run().await?;
        let (folder, temporary) = data_folder(options.data_dir, &options.random)?;
        let mut config = config(address, &tenant, &folder, options.database, &options.random)?;
        (options.adjust)(&mut config);
        let portal = Portal::start(config.clone(), listener, options.clock.clone(), options.random.clone()).await?;
        let demo = Self {
            tenant,
            portal: Some(portal),
            config,
            clock: options.clock,
            random: options.random,
            temporary,
            people,
        };
        if options.link_operator {
            link_operator(&demo.url()).await?;
        }
        Ok(demo)
    }

    /// Where the portal is.
    #[must_use]
    pub fn url(&self) -> String {
        self.config.server.public_url.as_str().trim_end_matches('/').to_owned()
    }

    /// For tests of what no page shows.
    #[cfg(test)]
    pub(crate) fn portal(&self) -> &Portal {
        self.portal.as_ref().unwrap()
    }

    /// The settings it runs with.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Ends the portal as a crash would and starts it again on the same data and port.
    ///
    /// # Errors
    /// As [`Demo::start`].
    pub async fn crash_and_restart(&mut self) -> Result<(), DemoError> {
        if let Some(portal) = self.portal.take() {
            portal.kill().await;
        }
        let listener = listen(self.config.server.listen)?;
        self.portal =
            Some(Portal::start(self.config.clone(), listener, self.clock.clone(), self.random.clone()).await?);
        Ok(())
    }

    /// Serves until the process is told to stop, then cleans up.
    ///
    /// # Errors
    /// When the portal ends by itself.
    pub async fn run(mut self) -> Result<(), DemoError> {
        let ended = match self.portal.take() {
            Some(portal) => portal.run().await,
            None => Ok(()),
        };
        self.stop().await;
        Ok(ended?)
    }

    /// Stops everything and removes a temporary folder.
    pub async fn stop(mut self) {
        if let Some(portal) = self.portal.take() {
            portal.stop().await;
        }
        if let Some(folder) = self.temporary.take() {
            let _ = std::fs::remove_dir_all(folder);
        }
        self.tenant.stop().await;
    }
}

/// The folder, and the same again if it is ours to remove.
fn data_folder(given: Option<PathBuf>, random: &Random) -> Result<(PathBuf, Option<PathBuf>), DemoError> {
    use std::os::unix::fs::DirBuilderExt as _;
    let temporary = given.is_none();
    let folder =
        given.unwrap_or_else(|| std::env::temp_dir().join(format!("passback-demo-{}", random.uuid().simple())));
    let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder);
    made.map_err(|source| DemoError::Data { path: folder.clone(), source })?;
    let remove = temporary.then(|| folder.clone());
    Ok((folder, remove))
}

fn config(
    address: SocketAddr,
    tenant: &Running,
    folder: &std::path::Path,
    database: Option<String>,
    random: &Random,
) -> Result<Config, DemoError> {
    let broken = |what: &str| DemoError::Link(format!("the emulator's {what} is no address"));
    let url = |text: String, what: &str| Url::parse(&text).map_err(|_| broken(what));
    let database = database.unwrap_or_else(|| format!("sqlite://{}", folder.join("passback.db").display()));
    Ok(Config {
        server: Server {
            listen: address,
            public_url: url(format!("http://{address}"), "portal")?,
            trusted_proxies: Vec::new(),
            metrics_listen: None,
            tls_cert: None,
            tls_key: None,
            max_connections: 16_384,
            max_connections_per_address: 512,
        },
        database: Database { url: Secret::new(database), url_file: None },
        sealing: Sealing { keys: vec![sealing_key(folder, random)?] },
        branding: Branding {
            name: "Contoso".to_owned(),
            support_phone: "+44 20 7946 0100".to_owned(),
            support_hours: "Mon–Fri 7:00–19:00".to_owned(),
            ..Branding::default()
        },
        entra: Entra {
            cloud: crate::config::Cloud::Global,
            tenant_id: tenant.tenant_id().parse().map_err(|_| broken("tenant id"))?,
            client_id: CLIENT_ID.parse().map_err(|_| broken("client id"))?,
            authority: Some(url(tenant.authority(), "authority")?),
            graph_url: Some(url(tenant.graph_url(), "Graph")?),
            allow_other_hosts: false,
            credential: Credential {
                kind: CredentialKind::Secret,
                secret: Some(Secret::new(CLIENT_SECRET.to_owned())),
                secret_file: None,
                certificate_file: None,
                key_file: None,
                token_file: None,
            },
        },
        signin: Signin::default(),
        operator: OperatorSettings::default(),
        reset: Reset::default(),
        policy: Policy::default(),
        breach: crate::config::Breach::default(),
        directory: None,
        helpdesk: Helpdesk::default(),
        audit: crate::config::Audit::default(),
        notify: crate::config::Notify::default(),
        canary: None,
        risk: None,
    })
}

/// A key of this folder's own, made on the first start.
fn sealing_key(folder: &std::path::Path, random: &Random) -> Result<SealingKey, DemoError> {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    let file = folder.join("sealing.key");
    if !file.exists() {
        let digits = hex(&random.bytes::<32>());
        let made = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&file);
        made.and_then(|mut f| f.write_all(digits.as_bytes()))
            .map_err(|source| DemoError::Data { path: file.clone(), source })?;
    }
    Ok(SealingKey { id: "demo".to_owned(), file })
}

/// Links the operator. Right after the start the policies may not have been read yet, and then nobody is let in: so an administrator
/// would try again, too.
async fn link_operator(portal: &str) -> Result<(), DemoError> {
    let mut last = String::new();
    for _ in 0..5 {
        match click_through(portal).await {
            Ok(StatusCode::SEE_OTHER) => return Ok(()),
            Ok(status) => last = format!("the portal answered {status}"),
            Err(error) => last = error.to_string(),
        }
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    }
    Err(DemoError::Link(last))
}

/// What an administrator would click: sign in, sign the operator in, confirm.
async fn click_through(portal: &str) -> Result<StatusCode, crate::entra::HttpError> {
    let mut browser = Browser::new()?;
    browser.sign_in(&format!("{portal}/signin?purpose=staff"), ADMIN).await?;
    browser.sign_in(&format!("{portal}/admin/operator/link"), OPERATOR).await?;
    Ok(browser.post(&format!("{portal}/admin/operator/confirm"), &[]).await?.status())
}

/// As much of a browser as that takes: cookies by host and port, and redirects.
struct Browser {
    http: reqwest::Client,
    cookies: Vec<(String, String)>,
}

impl Browser {
    fn new() -> Result<Self, crate::entra::HttpError> {
        Ok(Self { http: client()?, cookies: Vec::new() })
    }

    /// From a page of ours through Entra's sign-in with a passkey and back, to where it ends.
    async fn sign_in(&mut self, from: &str, account: &str) -> Result<Response, crate::entra::HttpError> {
        let (at, _) = self.follow(from.to_owned()).await?;
        let back = self.post(&at, &[("account", account), ("method", "passkey")]).await?;
        let to = location(&back).unwrap_or(at);
        Ok(self.follow(to).await?.1)
    }

    async fn follow(&mut self, from: String) -> Result<(String, Response), crate::entra::HttpError> {
        let mut at = from;
        for _ in 0..6 {
            let answer = self.send(self.http.get(&at), &at).await?;
            match location(&answer) {
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

fn location(answer: &Response) -> Option<String> {
    answer.headers().get(header::LOCATION)?.to_str().ok().map(str::to_owned)
}
