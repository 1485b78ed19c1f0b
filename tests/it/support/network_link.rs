//! Network namespaces for a portal on a separate host. One link leads to the database and can be cut. The host has its
//! own name resolution, which can be disabled. Every process still listens only on loopback or on the link.

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use passback::Random;

use super::child_process::ChildProcess;

/// Two namespaces and the link between them: the portal runs in the first, the database is reached in the second.
pub(crate) struct NetworkLink {
    host_namespace: String,
    data_namespace: String,
    forwarders: Vec<ChildProcess>,
    etc_dir: PathBuf,
}

/// The address of the database as the portal's host reaches it.
pub(crate) const DATABASE_ADDRESS: &str = "10.231.77.2";

fn run_shell(line: &str) {
    let done = Command::new("sh").args(["-c", line]).output().unwrap();
    assert!(done.status.success(), "{line}: {}", String::from_utf8_lossy(&done.stderr));
}

impl NetworkLink {
    pub(crate) fn new() -> Self {
        let id = &Random::system().uuid().simple().to_string()[..8];
        let (host, data) = (format!("pbh{id}"), format!("pbd{id}"));
        for ns in [&host, &data] {
            run_shell(&format!("ip netns add {ns} && ip -n {ns} link set lo up"));
        }
        run_shell(&format!(
            "ip -n {host} link add cable type veth peer name cable netns {data} \
             && ip -n {host} addr add 10.231.77.1/30 dev cable && ip -n {host} link set cable up \
             && ip -n {data} addr add {DATABASE_ADDRESS}/30 dev cable && ip -n {data} link set cable up"
        ));
        let etc = PathBuf::from("/etc/netns").join(&host);
        std::fs::create_dir_all(&etc).unwrap();
        std::fs::write(etc.join("resolv.conf"), "nameserver 127.0.0.53\n").unwrap();
        std::fs::write(etc.join("hosts"), "127.0.0.1 localhost\n").unwrap();
        Self { host_namespace: host, data_namespace: data, forwarders: Vec::new(), etc_dir: etc }
    }

    /// Returns a command that runs on the portal's host.
    pub(crate) fn host_command(&self) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.host_namespace]);
        command
    }

    /// Forwards connections on the portal's host. The next two functions do the same in the database's namespace and on
    /// this machine.
    pub(crate) fn forward_on_host(&mut self, pair: &str) {
        let command = self.host_command();
        self.spawn_forwarder(command, pair);
    }

    pub(crate) fn forward_on_data(&mut self, pair: &str) {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.data_namespace]);
        self.spawn_forwarder(command, pair);
    }

    pub(crate) fn forward_locally(&mut self, pair: &str) {
        self.spawn_forwarder(Command::new("env"), pair);
    }

    fn spawn_forwarder(&mut self, mut command: Command, pair: &str) {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/net/forward.py");
        command.args(["setpriv", "--pdeathsig", "KILL", "/usr/bin/python3", script, pair]).stdout(Stdio::piped());
        let mut child = ChildProcess::spawn(command);
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line, "ready\n", "{pair}");
        self.forwarders.push(child);
    }

    /// Cuts the link. Packets are lost without an error.
    pub(crate) fn cut(&self) {
        run_shell(&format!("ip -n {} link set cable down", self.data_namespace));
    }

    pub(crate) fn restore(&self) {
        run_shell(&format!("ip -n {} link set cable up", self.data_namespace));
    }

    /// Disables name resolution on the portal's host. The file is written in place, because it is mounted there.
    pub(crate) fn disable_name_resolution(&self) {
        std::fs::write(self.etc_dir.join("hosts"), "\n").unwrap();
    }

    pub(crate) fn enable_name_resolution(&self) {
        std::fs::write(self.etc_dir.join("hosts"), "127.0.0.1 localhost\n").unwrap();
    }
}

impl Drop for NetworkLink {
    fn drop(&mut self) {
        self.forwarders.clear();
        for ns in [&self.host_namespace, &self.data_namespace] {
            let _ = Command::new("ip").args(["netns", "del", ns]).status();
        }
        let _ = std::fs::remove_dir_all(&self.etc_dir);
    }
}
