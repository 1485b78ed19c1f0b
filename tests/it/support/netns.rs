//! Network namespaces for a portal on a separate host. One link leads to the database and can be cut. The host has its
//! own name resolution, which can be disabled. Every process still listens only on loopback or on the link.

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

/// Two namespaces and the link between them: the portal runs in the first, the database is reached in the second.
pub(crate) struct NetworkLink {
    host: String,
    data: String,
    helpers: Vec<Child>,
    etc: PathBuf,
}

/// The address of the database as the portal's host reaches it.
pub(crate) const DATABASE_AT: &str = "10.231.77.2";

fn run(line: &str) {
    let done = Command::new("sh").args(["-c", line]).output().unwrap();
    assert!(done.status.success(), "{line}: {}", String::from_utf8_lossy(&done.stderr));
}

impl NetworkLink {
    pub(crate) fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let id = format!("{}x{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let (host, data) = (format!("pbh{id}"), format!("pbd{id}"));
        for ns in [&host, &data] {
            run(&format!("ip netns add {ns} && ip -n {ns} link set lo up"));
        }
        run(&format!(
            "ip -n {host} link add cable type veth peer name cable netns {data} \
             && ip -n {host} addr add 10.231.77.1/30 dev cable && ip -n {host} link set cable up \
             && ip -n {data} addr add {DATABASE_AT}/30 dev cable && ip -n {data} link set cable up"
        ));
        let etc = PathBuf::from("/etc/netns").join(&host);
        std::fs::create_dir_all(&etc).unwrap();
        std::fs::write(etc.join("resolv.conf"), "nameserver 127.0.0.53\n").unwrap();
        std::fs::write(etc.join("hosts"), "127.0.0.1 localhost\n").unwrap();
        Self { host, data, helpers: Vec::new(), etc }
    }

    /// Returns a command that runs on the portal's host.
    pub(crate) fn on_host(&self) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.host]);
        command
    }

    /// Forwards connections on the portal's host. The next two functions do the same in the database's namespace and on
    /// this machine.
    pub(crate) fn forward_on_host(&mut self, pair: &str) {
        let command = self.on_host();
        self.forward(command, pair);
    }

    pub(crate) fn forward_on_data(&mut self, pair: &str) {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.data]);
        self.forward(command, pair);
    }

    pub(crate) fn forward_here(&mut self, pair: &str) {
        self.forward(Command::new("env"), pair);
    }

    fn forward(&mut self, mut command: Command, pair: &str) {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/net/forward.py");
        let mut child = command.args(["/usr/bin/python3", script, pair]).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line, "ready\n", "{pair}");
        self.helpers.push(child);
    }

    /// Cuts the link. Packets are lost without an error.
    pub(crate) fn cut(&self) {
        run(&format!("ip -n {} link set cable down", self.data));
    }

    pub(crate) fn mend(&self) {
        run(&format!("ip -n {} link set cable up", self.data));
    }

    /// Disables name resolution on the portal's host. The file is written in place, because it is mounted there.
    pub(crate) fn forget_names(&self) {
        std::fs::write(self.etc.join("hosts"), "\n").unwrap();
    }

    pub(crate) fn know_names(&self) {
        std::fs::write(self.etc.join("hosts"), "127.0.0.1 localhost\n").unwrap();
    }
}

impl Drop for NetworkLink {
    fn drop(&mut self) {
        for helper in &mut self.helpers {
            let _ = helper.kill();
            let _ = helper.wait();
        }
        for ns in [&self.host, &self.data] {
            let _ = Command::new("ip").args(["netns", "del", ns]).status();
        }
        let _ = std::fs::remove_dir_all(&self.etc);
    }
}
