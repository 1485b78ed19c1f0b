//! Measures complete resets per second (session, checks, POST, rows and audit events) against the same commits plus one
//! POST on loopback.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};

use super::report::{BenchmarkReport, median_value};
use super::support::fleet::{PortalFleet, person_upn, seed_with_people};
use super::support::portal::{DatabaseEngine, HttpBrowser, VALID_PASSWORD};

const PERSON_COUNT: usize = 2_100;
const ROUNDS: usize = 7;
const CONCURRENCY: usize = 24;

pub(crate) async fn run(figures: &mut BenchmarkReport) {
    let fleet = PortalFleet::new(DatabaseEngine::Sqlite, seed_with_people(PERSON_COUNT)).await;
    let all_from_here = ("PASSBACK__SERVER__MAX_CONNECTIONS_PER_ADDRESS", "20000");
    let _portal = fleet.start_replica(fleet.port, &[("PASSBACK_LOG", "warn"), all_from_here]).await;
    fleet.link_operator().await;
    let http = super::support::raw_client::http_client();
    let mut browsers = Vec::new();
    for n in 0..PERSON_COUNT {
        browsers.push(HttpBrowser { http: http.clone(), ..fleet.signed_in(&person_upn(n)).await });
    }
    let (mut ratios, mut rates, mut controls) = (Vec::new(), Vec::new(), Vec::new());
    for (round, people) in browsers.chunks(PERSON_COUNT / ROUNDS).enumerate() {
        let control = measure_control(&fleet, people.len(), round).await;
        let rate = measure_resets(&fleet, people).await;
        ratios.push(rate / control);
        rates.push(rate);
        controls.push(control);
    }
    let (ratio, rate, control) = (median_value(&mut ratios), median_value(&mut rates), median_value(&mut controls));
    let detail = format!("{rate:.0}/s against {control:.0}/s of the same commits and one POST");
    figures.add("whole_resets_ratio", ratio, ">= 0.35", ratio >= 0.35, &detail);
    figures.add("whole_resets_per_s", rate, "200", rate >= 200.0, "Graph admits about 20 a second per tenant");
    fleet.emulator.stop().await;
}

/// Submits the form for every person, `CONCURRENCY` at a time. The measurement ends when Graph has accepted the last
/// reset and its row says so.
async fn measure_resets(fleet: &PortalFleet, people: &[HttpBrowser]) -> f64 {
    let next = Arc::new(AtomicUsize::new(0));
    let people: Arc<Vec<HttpBrowser>> = Arc::new(people.to_vec());
    let began = Instant::now();
    let tasks: Vec<_> = (0..CONCURRENCY)
        .map(|_| {
            let (next, people) = (Arc::clone(&next), Arc::clone(&people));
            tokio::spawn(async move {
                while let Some(browser) = people.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let answer = browser.reset_request(VALID_PASSWORD).send().await.unwrap();
                    assert!(answer.status().is_redirection(), "{}", answer.status());
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    while fleet.load_resets().await.iter().any(|row| row.state == "sending") {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    people.len() as f64 / began.elapsed().as_secs_f64()
}

/// Measures the work that every portal has to do: three commits with `synchronous=FULL` and one POST. The commits are
/// the intent with audit row and head, the dispatch mark before the POST, and the outcome with audit row and head.
async fn measure_control(fleet: &PortalFleet, count: usize, round: usize) -> f64 {
    let file = fleet.data_path().join(format!("control-{round}.db"));
    let options = SqliteConnectOptions::new()
        .filename(&file)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(std::time::Duration::from_secs(30));
    let pool = SqlitePoolOptions::new().max_connections(8).connect_with(options).await.unwrap();
    for sql in [
        "CREATE TABLE resets (id TEXT PRIMARY KEY, state TEXT, data TEXT, at BIGINT)",
        "CREATE TABLE audit (seq INTEGER PRIMARY KEY, data TEXT)",
        "CREATE TABLE head (slot BIGINT PRIMARY KEY, count BIGINT)",
        "INSERT INTO head VALUES (1, 0)",
    ] {
        sqlx::query(sql).execute(&pool).await.unwrap();
    }
    let sink = start_sink().await;
    let http = reqwest::Client::builder().pool_max_idle_per_host(0).build().unwrap();
    let next = Arc::new(AtomicUsize::new(0));
    let began = Instant::now();
    let tasks: Vec<_> = (0..CONCURRENCY)
        .map(|_| {
            let (pool, http, next, sink) = (pool.clone(), http.clone(), Arc::clone(&next), sink.clone());
            tokio::spawn(async move {
                loop {
                    let n = next.fetch_add(1, Ordering::Relaxed);
                    if n >= count {
                        return;
                    }
                    let id = format!("reset-{n}");
                    let line = "x".repeat(400);
                    let audited = async |sql: &'static str| {
                        let mut tx = pool.begin_with("BEGIN IMMEDIATE").await.unwrap();
                        sqlx::query(sql).bind(&id).bind(&line).execute(&mut *tx).await.unwrap();
                        sqlx::query("INSERT INTO audit (data) VALUES ($1)")
                            .bind(&line)
                            .execute(&mut *tx)
                            .await
                            .unwrap();
                        sqlx::query("UPDATE head SET count = count + 1").execute(&mut *tx).await.unwrap();
                        tx.commit().await.unwrap();
                    };
                    audited("INSERT INTO resets VALUES ($1, 'sending', $2, 0)").await;
                    sqlx::query("UPDATE resets SET at = 1 WHERE id = $1").bind(&id).execute(&pool).await.unwrap();
                    let sent = http.post(&sink).body("{\"newPassword\":\"x\"}").send().await.unwrap();
                    assert!(sent.status().is_success());
                    audited("UPDATE resets SET state = 'writing', data = $2 WHERE id = $1").await;
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    count as f64 / began.elapsed().as_secs_f64()
}

/// Starts a server that answers every POST with 202.
async fn start_sink() -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let router = axum::Router::new().route("/", axum::routing::post(|| async { axum::http::StatusCode::ACCEPTED }));
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    url
}
