//! A separate PostgreSQL server that a test may stop and start. It is never the one that other tests share.

use std::path::PathBuf;
use std::process::Command;

use super::fleet::free_port;

pub(crate) struct PostgresCluster {
    bin_dir: PathBuf,
    dir: tempfile::TempDir,
    pub(crate) port: u16,
}

impl PostgresCluster {
    pub(crate) fn start() -> Self {
        let versions = std::fs::read_dir("/usr/lib/postgresql").expect("PostgreSQL: tests/run.sh installs it");
        let bin = versions.map(|v| v.unwrap().path().join("bin")).max().unwrap();
        let dir = tempfile::tempdir().unwrap();
        let cluster = Self { bin_dir: bin, dir, port: free_port() };
        let owned = Command::new("chown").arg("postgres").arg(cluster.dir.path()).status().unwrap();
        assert!(owned.success());
        cluster.run_tool("initdb", "-A trust -E UTF8 -D {data}");
        cluster.start_server();
        cluster
    }

    pub(crate) fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }

    /// The folder of its files.
    pub(crate) fn data_dir(&self) -> &std::path::Path {
        self.dir.path()
    }

    /// Its Unix socket, for forwarders.
    pub(crate) fn socket_path(&self) -> PathBuf {
        self.data_dir().join(format!(".s.PGSQL.{}", self.port))
    }

    pub(crate) fn start_server(&self) {
        let options = format!("-p {} -k {} -c listen_addresses=127.0.0.1", self.port, self.dir.path().display());
        self.run_tool("pg_ctl", &format!("-D {{data}} -l {{data}}.log -w -o '{options}' start"));
    }

    /// Stops the server at once. Every connection breaks.
    pub(crate) fn stop_server(&self) {
        self.run_tool("pg_ctl", "-D {data} -m immediate -w stop");
    }

    /// Runs one of its programs as the user `postgres`, because they refuse to run as root.
    fn run_tool(&self, name: &str, arguments: &str) {
        let arguments = arguments.replace("{data}", &self.dir.path().join("db").display().to_string());
        let line = format!("cd / && {}/{name} {arguments} >/dev/null 2>&1", self.bin_dir.display());
        let done = Command::new("su").args(["postgres", "-s", "/bin/sh", "-c", &line]).status().unwrap();
        assert!(done.success(), "{line}");
    }

    /// Returns a client program, called as in the documentation.
    pub(crate) fn client_command(&self, name: &str) -> Command {
        Command::new(self.bin_dir.join(name))
    }
}

impl Drop for PostgresCluster {
    fn drop(&mut self) {
        let data = self.dir.path().join("db");
        let line = format!(
            "cd / && {}/pg_ctl -D {} -m immediate stop >/dev/null 2>&1",
            self.bin_dir.display(),
            data.display()
        );
        let _ = Command::new("su").args(["postgres", "-s", "/bin/sh", "-c", &line]).status();
    }
}
