//! A real Active Directory domain controller (Samba) on its own loopback address. It stops with the test.

use std::ffi::OsStr;
use std::io::Write as _;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};

use passback::Random;
use passback_emulator::LdapsOptions;
use serde_json::Value;

use super::child_process::{ChildProcess, guarded_command, guarded_tree_command};
use super::wait::wait_until;

/// Password of the domain's people. It is the demo's, because they exist in both.
pub(crate) const PEOPLE_PASSWORD: &str = "Old-River-Stone-7";

/// Folder of the domain that every test copies: to provision one takes six seconds of computing. `tests/run.sh` removes it
/// with the other temporary files.
static TEMPLATE: tokio::sync::OnceCell<PathBuf> = tokio::sync::OnceCell::const_new();

/// Runs `tests/samba/domain.py`, and returns what it prints.
async fn run_domain_script(arguments: &[&OsStr]) -> String {
    let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/samba/domain.py");
    // Debian's own Python has Samba's modules.
    let mut command = guarded_command("/usr/bin/python3");
    command.arg(script).args(arguments).stdin(Stdio::null());
    let done = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).unwrap()
}

async fn provision_template() -> PathBuf {
    let dir = tempfile::tempdir().unwrap().keep();
    run_domain_script(&["template".as_ref(), dir.as_os_str(), PEOPLE_PASSWORD.as_ref()]).await;
    dir
}

pub(crate) struct SambaDomain {
    ip: String,
    provisioning: Value,
    // Ends before its folder is removed: fields are dropped in this order.
    _server: ChildProcess,
    _dir: tempfile::TempDir,
}

impl SambaDomain {
    pub(crate) async fn start() -> Self {
        assert!(
            PathBuf::from("/usr/sbin/samba").exists(),
            "samba is not installed: `make test` installs what the tests need"
        );
        let template = TEMPLATE.get_or_init(provision_template).await;
        let dir = tempfile::tempdir().unwrap();
        let ip = free_address();
        let said =
            run_domain_script(&["copy".as_ref(), template.as_os_str(), dir.path().as_os_str(), ip.as_ref()]).await;
        let facts: Value = serde_json::from_str(said.lines().last().unwrap()).unwrap();
        let conf = facts["conf"].as_str().unwrap();
        let mut command = guarded_tree_command("/usr/sbin/samba");
        command.args(["-s", conf, "-F", "--no-process-group", "-M", "single"]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let server = ChildProcess::spawn(command);
        let domain = Self { ip, provisioning: facts, _server: server, _dir: dir };
        domain.wait_until_ready().await;
        domain
    }

    async fn wait_until_ready(&self) {
        let is_open = async |port: u16| tokio::net::TcpStream::connect((self.ip.as_str(), port)).await.is_ok();
        wait_until("the domain controller listens", async || is_open(636).await && is_open(88).await).await;
    }

    fn provisioned_value(&self, name: &str) -> &str {
        self.provisioning[name].as_str().unwrap()
    }

    pub(crate) fn ldaps_options(&self) -> LdapsOptions {
        let url = format!("ldaps://{}:636", self.ip).parse().unwrap();
        let password = PathBuf::from(self.provisioned_value("password_file"));
        LdapsOptions::new(
            url,
            self.provisioned_value("bind").into(),
            &password,
            self.provisioned_value("base").into(),
            self.provisioned_value("ca").into(),
        )
        .unwrap()
    }

    /// Returns the settings of `[directory]` for this domain, with the read-only account and the CA.
    pub(crate) fn probe_settings(&self) -> ProbeSettings {
        ProbeSettings {
            url: format!("ldaps://{}", self.ip),
            bind_dn: self.provisioned_value("probe").into(),
            password_file: self.provisioned_value("probe_password_file").into(),
            base_dn: self.provisioned_value("base").into(),
            ca_file: self.provisioned_value("ca").into(),
            timeout_seconds: 10,
            unlock: None,
        }
    }

    /// Adds the account that may write `lockoutTime`.
    pub(crate) fn probe_with_unlock(&self) -> ProbeSettings {
        let unlock =
            Some((self.provisioned_value("unlock").into(), self.provisioned_value("unlock_password_file").into()));
        ProbeSettings { unlock, ..self.probe_settings() }
    }

    /// Adds an account for unlocking that may only read.
    pub(crate) fn probe_with_read_only_unlock(&self) -> ProbeSettings {
        let unlock =
            Some((self.provisioned_value("probe").into(), self.provisioned_value("probe_password_file").into()));
        ProbeSettings { unlock, ..self.probe_settings() }
    }

    /// Binds as the writeback agent, which may read people but no fine-grained policy.
    pub(crate) fn probe_without_policy_rights(&self) -> ProbeSettings {
        let (bind_dn, password_file) =
            (self.provisioned_value("bind").into(), self.provisioned_value("password_file").into());
        ProbeSettings { bind_dn, password_file, ..self.probe_settings() }
    }

    /// Returns what the domain controller answers to a Kerberos sign-in. The old password still binds over LDAP for an
    /// hour, so only Kerberos shows whether it is invalid.
    pub(crate) fn kinit(&self, sam: &str, password: &str) -> KerberosResult {
        let cache = tempfile::NamedTempFile::new().unwrap();
        let mut kinit = Command::new("kinit")
            .arg(format!("{sam}@CORP.EXAMPLE"))
            .env("KRB5_CONFIG", self.provisioned_value("krb5"))
            .env("KRB5CCNAME", format!("FILE:{}", cache.path().display()))
            .env("LC_ALL", "C")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        kinit.stdin.take().unwrap().write_all(format!("{password}\n").as_bytes()).unwrap();
        let done = kinit.wait_with_output().unwrap();
        let said = format!("{}{}", String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
        match () {
            () if said.contains("Password expired") => KerberosResult::MustChange,
            () if done.status.success() => KerberosResult::Granted,
            () if said.contains("Password incorrect") || said.contains("Preauthentication failed") => {
                KerberosResult::Refused
            }
            () => panic!("kinit said {said}"),
        }
    }
}

/// Values for a `[directory]` section, which tests can change.
pub(crate) struct ProbeSettings {
    pub(crate) url: String,
    pub(crate) bind_dn: String,
    pub(crate) password_file: PathBuf,
    pub(crate) base_dn: String,
    pub(crate) ca_file: PathBuf,
    pub(crate) timeout_seconds: u32,
    /// Account for unlocking: bind DN and password file.
    pub(crate) unlock: Option<(String, PathBuf)>,
}

impl ProbeSettings {
    /// Loads the section from a file, as in production.
    pub(crate) fn to_config(&self) -> passback::config::DirectoryConfig {
        let file = tempfile::NamedTempFile::new().unwrap();
        let Self { url, bind_dn, base_dn, timeout_seconds, .. } = self;
        let unlock = self.unlock.as_ref().map_or_else(String::new, |(name, password)| {
            format!("unlock = {{ bind_dn = \"{name}\", password_file = \"{}\" }}", password.display())
        });
        let text = format!(
            r#"
            server = {{ public_url = "http://127.0.0.1:8080" }}
            sealing = {{ keys = [{{ id = "k1", file = "/nowhere" }}] }}
            [entra]
            tenant_id = "c0de0000-7e5a-4f00-8000-00000000c0de"
            client_id = "a0000000-0000-4000-8000-0000000000a1"
            credential = {{ kind = "secret", secret = "none" }}
            [directory]
            url = "{url}"
            bind_dn = "{bind_dn}"
            password_file = "{}"
            base_dn = "{base_dn}"
            ca_file = "{}"
            timeout_seconds = {timeout_seconds}
            {unlock}
            "#,
            self.password_file.display(),
            self.ca_file.display(),
        );
        std::fs::write(file.path(), text).unwrap();
        passback::config::load_config(file.path()).unwrap().directory.unwrap()
    }
}

/// Result of a Kerberos sign-in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum KerberosResult {
    Granted,
    /// The password is right, but must be changed because an administrator reset it.
    MustChange,
    Refused,
}

/// Returns a free loopback address. The LDAP ports are fixed, so each domain controller needs its own.
fn free_address() -> String {
    const FIRST_ADDRESS: u32 = 60;
    const ADDRESS_COUNT: u32 = 190;
    // Test processes that run at the same time begin at random addresses. Each address is offered once per process: a test
    // whose domain controller is still starting has not bound its ports yet.
    static NEXT: LazyLock<AtomicU32> = LazyLock::new(|| AtomicU32::new(Random::system().number_below(ADDRESS_COUNT)));
    let taken = |ip: &str| [88, 389, 636].iter().any(|port| TcpListener::bind((ip, *port)).is_err());
    (0..ADDRESS_COUNT)
        .map(|_| FIRST_ADDRESS + NEXT.fetch_add(1, Ordering::Relaxed) % ADDRESS_COUNT)
        .map(|n| format!("127.0.0.{n}"))
        .find(|ip| !taken(ip))
        .expect("a free loopback address; ports below 1024 need root")
}
