//! Portals as separate processes on one database and one emulated tenant. Unlike a portal inside the test, they can be
//! killed, stopped and cut off.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};

use jiff::SignedDuration;
use passback::{Clock, Random};
use passback_emulator::{EmulatorOptions, FaultEffect, FaultTarget, InjectedFault, RunningEmulator, TenantSeed};
use sqlx::Connection as _;

use super::balancer::LoadBalancer;
use super::child_process::{ChildProcess, guarded_command};
use super::portal::{DatabaseEngine, HttpBrowser, create_schema};
use super::raw_client;
use super::wait::{block_until, wait_for, wait_for_value, wait_until};

const ADMIN_UPN: &str = "adam@contoso.example";
pub(crate) const OPERATOR_UPN: &str = "svc-passback@contoso.example";
/// Time for which [`PortalFleet::hold_writeback`] holds a writeback. Entra's clock is set forward by it, and a portal
/// accepts a difference of five minutes: a test may do so twice.
const HOLD_DURATION: SignedDuration = SignedDuration::from_mins(2);

/// Contoso with more people, `p0000@contoso.example` and so on. Their resets end as written unless a fault says
/// otherwise.
pub(crate) fn seed_with_people(people: usize) -> TenantSeed {
    let mut text = passback_emulator::CONTOSO_SEED.to_owned();
    for n in 0..people {
        let _ = write!(
            text,
            "\n[[people]]\nupn = \"{}\"\nname = \"Person {n:04}\"\noutcome = \"written\"\n",
            person_upn(n)
        );
    }
    TenantSeed::parse(&text).unwrap().with_short_delays()
}

pub(crate) fn person_upn(n: usize) -> String {
    format!("p{n:04}@contoso.example")
}

/// Returns a port that no process listens on now. It lies below the ports that the kernel gives to outgoing connections,
/// so that none of them takes it before it is used. Test processes that run at the same time begin at random ports.
pub(crate) fn free_port() -> u16 {
    const FIRST_PORT: u32 = 10_000;
    const PORT_COUNT: u32 = 22_000;
    static NEXT: LazyLock<AtomicU32> = LazyLock::new(|| AtomicU32::new(Random::system().number_below(PORT_COUNT)));
    let mut candidates = (0..PORT_COUNT).map(|_| {
        let n = NEXT.fetch_add(1, Ordering::Relaxed);
        u16::try_from(FIRST_PORT + n % PORT_COUNT).unwrap()
    });
    candidates.find(|port| std::net::TcpListener::bind(("127.0.0.1", *port)).is_ok()).expect("a port is free")
}

/// One running portal process.
pub(crate) struct PortalReplica {
    child: ChildProcess,
}

impl PortalReplica {
    pub(crate) fn send_signal(&self, name: &str) {
        let sent = Command::new("kill").args([&format!("-{name}"), &self.child.id().to_string()]).status().unwrap();
        assert!(sent.success(), "SIG{name}");
    }

    /// Sends SIGKILL and waits for the exit.
    pub(crate) fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn has_exited(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// Waits until the process has ended by itself, as it does at `PASSBACK_CRASH_AT`.
    pub(crate) async fn wait_until_exited(&mut self) {
        wait_until("the portal ends by itself", async || self.has_exited()).await;
    }

    /// Waits until the process has stopped itself, as it does at `PASSBACK_STOP_AT`.
    pub(crate) async fn wait_until_stopped(&self) {
        let stat = format!("/proc/{}/stat", self.pid());
        // The state follows the name of the program, which is in parentheses.
        let is_stopped = async || std::fs::read_to_string(&stat).unwrap().rsplit(')').next().unwrap().starts_with(" T");
        wait_until("the portal stops itself", is_stopped).await;
    }

    /// Sends SIGTERM and waits until the process has finished its work.
    pub(crate) fn stop(&mut self) {
        self.send_signal("TERM");
        block_until("the portal stops", || self.has_exited());
    }
}

/// A running portal with a metrics listener, through which a test can wait for its background tasks.
pub(crate) struct ObservedReplica {
    pub(crate) portal: PortalReplica,
    metrics_url: String,
}

impl ObservedReplica {
    async fn count_rounds(&self, task: &str) -> u64 {
        let scrape = async || raw_client::http_client().get(&self.metrics_url).send().await.ok()?.text().await.ok();
        let metrics = wait_for(format!("metrics at {}", self.metrics_url), scrape).await;
        let name = format!("passback_background_rounds_total{{task=\"{task}\"}} ");
        metrics.lines().find_map(|line| line.strip_prefix(&name)?.parse().ok()).unwrap_or(0)
    }

    /// Waits until this background task has begun and ended a round after this call: what it could do, it has done.
    pub(crate) async fn wait_for_round(&self, task: &str) {
        // The round that runs now may have begun before the call, so it does not count.
        let wanted = self.count_rounds(task).await + 2;
        let what = format!("a round of {task}");
        wait_for_value(what, async || self.count_rounds(task).await, |rounds| *rounds >= wanted).await;
    }
}

/// An emulator, a database, and the configuration to start portals on them.
pub(crate) struct PortalFleet {
    pub(crate) emulator: RunningEmulator,
    /// Entra's clock. The portals have the system's.
    entra_clock: Clock,
    pub(crate) database: String,
    pub(crate) config: PathBuf,
    /// The port of the public URL.
    pub(crate) port: u16,
    uses_https: bool,
    /// The binary to start as a portal.
    pub(crate) binary: PathBuf,
    dir: tempfile::TempDir,
}

/// The parts of a new fleet.
pub(crate) struct FleetSetup {
    pub(crate) database: String,
    pub(crate) seed: TenantSeed,
    pub(crate) uses_https: bool,
    pub(crate) dir: tempfile::TempDir,
}

/// Settings that differ between tests.
pub(crate) struct FleetSettings<'a> {
    /// More lines for `[server]`; more lines for `[reset]`, which may continue with other sections.
    pub(crate) server_lines: &'a str,
    pub(crate) reset_lines: &'a str,
    /// Sealing keys: id, and the byte that fills the key.
    pub(crate) sealing_keys: &'a [(&'a str, u8)],
    /// Graph's address, if it is not the emulator's own.
    pub(crate) graph_url: Option<String>,
}

impl Default for FleetSettings<'_> {
    fn default() -> Self {
        let reset = "hourly_ceiling = 100000\nper_person_hour = 1000\nper_address_minute = 100000";
        Self { server_lines: "", reset_lines: reset, sealing_keys: &[("k1", 7)], graph_url: None }
    }
}

impl PortalFleet {
    pub(crate) async fn new(engine: DatabaseEngine, seed: TenantSeed) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let database = match engine {
            DatabaseEngine::Sqlite => format!("sqlite://{}", dir.path().join("passback.db").display()),
            DatabaseEngine::Postgres => create_schema().await,
        };
        Self::with_setup(FleetSetup { database, seed, uses_https: false, dir }).await
    }

    pub(crate) async fn with_setup(setup: FleetSetup) -> Self {
        raw_client::install_crypto();
        let port = free_port();
        let scheme = if setup.uses_https { "https" } else { "http" };
        let host = if setup.uses_https { "localhost" } else { "127.0.0.1" };
        let seed = setup.seed.with_redirect_uri(&format!("{scheme}://{host}:{port}/signin/callback"));
        let entra_clock = Clock::system();
        let tenant = EmulatorOptions::new(seed, entra_clock.clone(), Random::system()).start().await.unwrap();
        let config = setup.dir.path().join("passback.toml");
        let binary = PathBuf::from(env!("CARGO_BIN_EXE_passback"));
        let fleet = Self {
            emulator: tenant,
            entra_clock,
            database: setup.database,
            config,
            port,
            uses_https: setup.uses_https,
            binary,
            dir: setup.dir,
        };
        fleet.write_config(&FleetSettings::default());
        fleet
    }

    /// Writes the settings.
    pub(crate) fn write_config(&self, settings: &FleetSettings<'_>) {
        let keys: Vec<String> = settings
            .sealing_keys
            .iter()
            .map(|(id, byte)| {
                let file = self.dir.path().join(format!("seal-{id}-{byte}"));
                write_key(&file, *byte);
                format!("{{ id = \"{id}\", file = \"{}\" }}", file.display())
            })
            .collect();
        let text = format!(
            "[server]\npublic_url = \"{}\"\n{}\n[database]\nurl = \"{}\"\n[sealing]\nkeys = [{}]\n\
             [entra]\ntenant_id = \"{}\"\nclient_id = \"{}\"\nauthority = \"{}\"\ngraph_url = \"{}\"\n\
             credential = {{ kind = \"secret\", secret = \"{}\" }}\n\
             [reset]\n{}\n",
            self.url(),
            settings.server_lines,
            self.database,
            keys.join(", "),
            self.emulator.tenant_id(),
            raw_client::CLIENT_ID,
            self.emulator.authority(),
            settings.graph_url.clone().unwrap_or_else(|| self.emulator.graph_url()),
            raw_client::CLIENT_SECRET,
            settings.reset_lines,
        );
        std::fs::write(&self.config, text).unwrap();
    }

    pub(crate) fn data_path(&self) -> &Path {
        self.dir.path()
    }

    pub(crate) fn url(&self) -> String {
        if self.uses_https {
            format!("https://localhost:{}", self.port)
        } else {
            format!("http://127.0.0.1:{}", self.port)
        }
    }

    /// Returns a command of the binary with this configuration.
    pub(crate) fn cli_command(&self, arguments: &[&str]) -> Command {
        let mut command = guarded_command(env!("CARGO_BIN_EXE_passback"));
        command.args(arguments).arg("--config").arg(&self.config).stdin(Stdio::null());
        command
    }

    /// Starts a portal and waits until its port is open.
    pub(crate) async fn start_replica(&self, port: u16, environment: &[(&str, &str)]) -> PortalReplica {
        let mut replica = self.spawn_replica(Command::new("env"), port, environment);
        let is_open = async || {
            assert!(!replica.has_exited(), "{}", self.read_log(port));
            tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_ok()
        };
        wait_until(format!("the portal listens on {port}"), is_open).await;
        replica
    }

    /// As [`Self::start_replica`], with a metrics listener.
    pub(crate) async fn start_observed_replica(&self, port: u16, environment: &[(&str, &str)]) -> ObservedReplica {
        let address = format!("127.0.0.1:{}", free_port());
        let environment = [environment, &[("PASSBACK__SERVER__METRICS_LISTEN", &*address)]].concat();
        let portal = self.start_replica(port, &environment).await;
        ObservedReplica { portal, metrics_url: format!("http://{address}/metrics") }
    }

    /// Starts a portal through a program that executes it, such as `env` or `ip netns exec`. Does not wait.
    pub(crate) fn spawn_replica(&self, mut through: Command, port: u16, environment: &[(&str, &str)]) -> PortalReplica {
        let path = self.dir.path().join(format!("{port}.log"));
        let log = std::fs::OpenOptions::new().create(true).append(true).open(path).unwrap();
        through
            .args(["setpriv", "--pdeathsig", "KILL"])
            .arg(&self.binary)
            .arg("serve")
            .arg("--config")
            .arg(&self.config);
        through.env("PASSBACK__SERVER__LISTEN", format!("127.0.0.1:{port}")).env("PASSBACK_LOG", "passback=debug,warn");
        through.envs(environment.iter().copied()).stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        PortalReplica { child: ChildProcess::spawn(through) }
    }

    pub(crate) fn read_log(&self, port: u16) -> String {
        std::fs::read_to_string(self.dir.path().join(format!("{port}.log"))).unwrap_or_default()
    }

    /// Waits until the portal at this port has logged a line with one of these texts.
    pub(crate) async fn wait_for_log(&self, port: u16, texts: &[&str]) {
        let is_logged = async || {
            let log = self.read_log(port);
            texts.iter().any(|text| log.contains(text))
        };
        wait_until(format!("the portal at {port} logs one of {texts:?}"), is_logged).await;
    }

    /// Links the operator through the portal's pages.
    pub(crate) async fn link_operator(&self) {
        let mut adam = self.browser();
        adam.sign_in("/signin?purpose=staff", ADMIN_UPN, "passkey", "").await;
        adam.sign_in("/admin/operator/link", OPERATOR_UPN, "passkey", "").await;
        let done = adam.post_once("/admin/operator/confirm", &[]).await;
        assert!(done.status().is_redirection(), "{}", done.status());
    }

    pub(crate) fn browser(&self) -> HttpBrowser {
        HttpBrowser { http: raw_client::http_client(), portal_url: self.url(), cookies: Vec::new() }
    }

    pub(crate) async fn signed_in(&self, upn: &str) -> HttpBrowser {
        let mut browser = self.browser();
        let page = browser.sign_in("/signin", upn, "passkey", "").await;
        assert!(page.status.is_success(), "{upn}: {} {}", page.status, page.body);
        browser
    }

    /// Signs in through one replica.
    pub(crate) async fn signed_in_at(&self, upn: &str, balancer: &LoadBalancer, port: u16) -> HttpBrowser {
        balancer.set_replicas(&[port]);
        self.signed_in(upn).await
    }

    /// Returns the same person's browser, directed to one replica.
    pub(crate) fn browser_at(&self, browser: &HttpBrowser, port: u16) -> HttpBrowser {
        let (all, one) = (format!("127.0.0.1:{}", self.port), format!("127.0.0.1:{port}"));
        let cookies = browser.cookies.iter().map(|(h, c)| (if *h == all { one.clone() } else { h.clone() }, c.clone()));
        HttpBrowser { http: browser.http.clone(), portal_url: format!("http://{one}"), cookies: cookies.collect() }
    }

    pub(crate) fn count_reset_posts(&self, upn: &str) -> usize {
        self.emulator.count_calls(FaultTarget::ResetPassword, Some(upn))
    }

    pub(crate) fn add_fault(&self, fault: InjectedFault) {
        self.emulator.add_fault(fault);
    }

    /// Holds this person's resets in state writing until [`Self::end_held_writebacks`].
    pub(crate) fn hold_writeback(&self, upn: &str) {
        let ms = u64::try_from(HOLD_DURATION.as_millis()).unwrap();
        self.add_fault(InjectedFault::new(FaultTarget::Writeback, FaultEffect::Slow { ms }).for_person(upn));
    }

    /// Ends all writebacks that are held. At most twice in a test, because Entra's clock is set forward.
    pub(crate) fn end_held_writebacks(&self) {
        self.entra_clock.advance(HOLD_DURATION);
    }

    /// Loads all resets from the database.
    pub(crate) async fn load_resets(&self) -> Vec<StoredReset> {
        const SQL: &str =
            "SELECT reference, upn, state, cause, dispatched_at, polls FROM resets ORDER BY created_at, id";
        if self.database.starts_with("sqlite") {
            let mut one = sqlx::SqliteConnection::connect(&self.database).await.unwrap();
            return sqlx::query_as(SQL).fetch_all(&mut one).await.unwrap();
        }
        let mut one = sqlx::PgConnection::connect(&self.database).await.unwrap();
        sqlx::query_as(SQL).fetch_all(&mut one).await.unwrap()
    }

    /// Waits until no reset is in state sending or writing.
    pub(crate) async fn wait_until_settled(&self) -> Vec<StoredReset> {
        let settled =
            |rows: &Vec<StoredReset>| rows.iter().all(|r| !["sending", "writing"].contains(&r.state.as_str()));
        wait_for_value("all resets end", async || self.load_resets().await, settled).await
    }

    /// Runs `passback audit verify` with the MACs.
    pub(crate) fn verify_audit(&self) {
        let done = self.cli_command(&["audit", "verify", "--database", &self.database]).output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stdout));
    }
}

/// A row of the table `resets`.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(crate) struct StoredReset {
    pub(crate) reference: String,
    pub(crate) upn: String,
    pub(crate) state: String,
    pub(crate) cause: Option<String>,
    pub(crate) dispatched_at: Option<i64>,
    /// Number of requests for the operation's status that did not end the reset.
    pub(crate) polls: i64,
}

/// Writes a sealing key with the format and the file mode that the documentation requires.
pub(crate) fn write_key(file: &Path, byte: u8) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::write(file, format!("{byte:02x}").repeat(32)).unwrap();
    std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o600)).unwrap();
}
