//! A `pgbouncer` in front of a test's own PostgreSQL.

use super::child_process::{ChildProcess, guarded_command};
use super::fleet::free_port;
use super::postgres::PostgresCluster;
use super::wait::wait_until;

pub(crate) struct ConnectionPooler {
    _child: ChildProcess,
    port: u16,
}

impl ConnectionPooler {
    /// Starts it with this pool mode and more lines of its configuration. Waits until its port is open.
    pub(crate) async fn start(cluster: &PostgresCluster, pool_mode: &str, more: &str) -> Self {
        let port = free_port();
        let file = cluster.data_dir().join(format!("pgbouncer-{port}.ini"));
        let text = format!(
            "[databases]\npostgres = host=127.0.0.1 port={} dbname=postgres user=postgres\n\
             [pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\nauth_type = any\n\
             default_pool_size = 50\npool_mode = {pool_mode}\n{more}\n",
            cluster.port,
        );
        std::fs::write(&file, text).unwrap();
        // It refuses to run as root. The kernel forgets who may kill it when the user changes, so it is told again.
        let mut command = guarded_command("setpriv");
        command.args(["--reuid", "postgres", "--regid", "postgres", "--clear-groups", "--pdeathsig", "KILL", "--"]);
        command.args(["pgbouncer", "--quiet"]).arg(&file);
        let child = ChildProcess::spawn(command);
        let is_open = async || tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_ok();
        wait_until("pgbouncer listens", is_open).await;
        Self { _child: child, port }
    }

    pub(crate) fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }
}
