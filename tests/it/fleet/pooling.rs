//! The portal behind the real `pgbouncer`: it starts in session mode, and refuses the modes that mix up statements.

use std::str::FromStr as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use sqlx::ConnectOptions as _;
use sqlx::postgres::PgConnectOptions;

use crate::support::fleet::{FleetSettings, FleetSetup, PortalFleet, free_port, person_upn, seed_with_people};
use crate::support::pgbouncer::ConnectionPooler;
use crate::support::portal::VALID_PASSWORD;
use crate::support::postgres::PostgresCluster;
use crate::support::wait::{wait_for_value, wait_until};

/// Number of other clients that keep the pooler busy.
const OTHER_CLIENTS: usize = 6;

async fn fleet_on(database: String) -> PortalFleet {
    let dir = tempfile::tempdir().unwrap();
    PortalFleet::with_setup(FleetSetup { database, seed: seed_with_people(2), uses_https: false, dir }).await
}

/// Clients that run statements one after the other until they are dropped.
struct BusyClients(Arc<AtomicBool>);

impl BusyClients {
    /// Starts them and waits until each has run a statement.
    async fn start(url: &str) -> Self {
        let stopped = Arc::new(AtomicBool::new(false));
        let options = PgConnectOptions::from_str(url).unwrap().extra_float_digits(None);
        let (ran, mut seen) = tokio::sync::mpsc::unbounded_channel();
        for _ in 0..OTHER_CLIENTS {
            let (options, stopped, ran) = (options.clone(), stopped.clone(), ran.clone());
            tokio::spawn(async move {
                let mut connection = options.connect().await.unwrap();
                while !stopped.load(Ordering::Relaxed)
                    && sqlx::raw_sql("SELECT 1").execute(&mut connection).await.is_ok()
                {
                    let _ = ran.send(());
                }
            });
        }
        let mut count = 0;
        wait_until("other clients keep the pooler busy", async || {
            while seen.try_recv().is_ok() {
                count += 1;
            }
            count > OTHER_CLIENTS * 10
        })
        .await;
        Self(stopped)
    }
}

impl Drop for BusyClients {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Returns how many tables the portal has made.
async fn count_tables(cluster: &PostgresCluster) -> i64 {
    let mut connection = PgConnectOptions::from_str(&cluster.url()).unwrap().connect().await.unwrap();
    let sql = "SELECT COUNT(*) FROM pg_tables WHERE schemaname = 'public'";
    sqlx::query_scalar(sql).fetch_one(&mut connection).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pooler_that_changes_connections_is_refused_with_reason() {
    let cluster = PostgresCluster::start();
    for (pool_mode, more) in [
        ("transaction", ""),
        ("transaction", "server_round_robin = 1"),
        ("statement", ""),
        ("statement", "server_round_robin = 1"),
    ] {
        let pooler = ConnectionPooler::start(&cluster, pool_mode, more).await;
        let fleet = fleet_on(pooler.url()).await;
        for is_busy in [false, true] {
            let _others = if is_busy { Some(BusyClients::start(&pooler.url()).await) } else { None };
            let port = free_port();
            let mut portal = fleet.spawn_replica(std::process::Command::new("env"), port, &[]);
            portal.wait_until_exited().await;
            let log = fleet.read_log(port);
            for part in ["database.url: ", "pool_mode = session", "connect to PostgreSQL directly"] {
                assert!(log.contains(part), "{pool_mode} {more} {is_busy} {part}: {log}");
            }
        }
        for command in [&["pause", "--reason", "test"][..], &["doctor"][..]] {
            let done = fleet.cli_command(command).output().unwrap();
            let said = format!("{}{}", String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
            assert!(!done.status.success() && said.contains("pool_mode = session"), "{command:?}: {said}");
        }
        assert_eq!(count_tables(&cluster).await, 0, "nothing was written before the refusal");
        fleet.emulator.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pooler_in_session_mode_serves_beside_direct_connection() {
    let cluster = PostgresCluster::start();
    let pooler = ConnectionPooler::start(&cluster, "session", "").await;
    let mut fleet = fleet_on(pooler.url()).await;
    let _portal = fleet.start_replica(fleet.port, &[]).await;
    let direct = free_port();
    let _direct = fleet.start_replica(direct, &[("PASSBACK__DATABASE__URL", &cluster.url())]).await;
    fleet.link_operator().await;
    let mut anna = fleet.signed_in(&person_upn(0)).await;
    let reference = anna.submit_reset(VALID_PASSWORD).await.reference();
    anna.wait_for_state(&reference, "written").await;
    let mut berta = fleet.signed_in(&person_upn(1)).await;
    let mut there = fleet.browser_at(&berta, direct);
    let other = there.submit_reset(VALID_PASSWORD).await.reference();
    let state = async || berta.fetch_status(&other).await["state"].as_str().unwrap().to_owned();
    wait_for_value("the reset ends at both", state, |state| state == "written").await;
    let paused = fleet.cli_command(&["pause", "--reason", "test"]).output().unwrap();
    assert!(paused.status.success(), "{paused:?}");
    fleet.database = cluster.url();
    fleet.write_config(&FleetSettings::default());
    fleet.verify_audit();
    fleet.emulator.stop().await;
}
