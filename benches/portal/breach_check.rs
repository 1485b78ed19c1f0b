//! Measures `/reset/check` with a breach list file of 10 million generated hashes, against the same route without one.

use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use passback::ops::{BreachList, build_breach_list_file};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

use super::report::{BenchmarkReport, median_value};
use super::support::fleet::{PortalFleet, person_upn, seed_with_people};
use super::support::portal::{DatabaseEngine, HttpBrowser};

const HASH_COUNT: u64 = 10_000_000;
const ROUNDS: usize = 5;
const CHECKS_PER_ROUND: usize = 2_000;
const CONCURRENCY: usize = 4;
/// Hashes that are not in the list. Looking them up gives the false positive rate.
const UNLISTED_HASH_COUNT: u32 = 20_000_000;

pub(crate) async fn run(figures: &mut BenchmarkReport) {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("hashes.fst");
    measure_breach_file(figures, dir.path(), &file);
    let (without, with) = (
        PortalFleet::new(DatabaseEngine::Sqlite, seed_with_people(1)).await,
        PortalFleet::new(DatabaseEngine::Sqlite, seed_with_people(1)).await,
    );
    let path = file.display().to_string();
    let _one = without.start_replica(without.port, &[("PASSBACK_LOG", "warn")]).await;
    let listed = [("PASSBACK_LOG", "warn"), ("PASSBACK__BREACH__KIND", "file"), ("PASSBACK__BREACH__FILE", &path)];
    let _two = with.start_replica(with.port, &listed).await;
    without.link_operator().await;
    with.link_operator().await;
    let (plain, asked) = (without.signed_in(&person_upn(0)).await, with.signed_in(&person_upn(0)).await);
    let (mut ratios, mut controls, mut times) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let control = measure_p99(&plain, round).await;
        let time = measure_p99(&asked, round).await;
        ratios.push(time / control);
        controls.push(control);
        times.push(time);
    }
    let (ratio, control, time) = (median_value(&mut ratios), median_value(&mut controls), median_value(&mut times));
    let detail = format!("p99 {time:.2} ms with the file, {control:.2} ms without");
    figures.add("breach_check_p99_ratio", ratio, "<= 1.5", ratio <= 1.5, &detail);
    without.emulator.stop().await;
    with.emulator.stop().await;
}

/// Builds the breach list file and reports its size per entry and its false positive rate.
fn measure_breach_file(figures: &mut BenchmarkReport, dir: &Path, file: &Path) {
    let list = dir.join("list.txt");
    let mut random = StdRng::seed_from_u64(1);
    let mut out = std::io::BufWriter::new(std::fs::File::create(&list).unwrap());
    let step = u64::MAX / HASH_COUNT;
    for n in 0..HASH_COUNT {
        let start = n * step + random.random_range(0..step);
        writeln!(out, "{start:016X}{:024X}:1", random.random::<u64>()).unwrap();
    }
    out.flush().unwrap();
    let began = Instant::now();
    let built = build_breach_list_file(&list, file).unwrap();
    let seconds = began.elapsed().as_secs_f64();
    let each = built.bytes as f64 / built.hashes as f64;
    let whole = format!("{} hashes in {:.1} s", built.hashes, seconds);
    figures.add_untargeted("breach_bytes_per_entry", each, &whole);
    let lookup = BreachList::open(file).unwrap();
    let stranger = |_: &u32| lookup.contains(&random.random::<[u8; 20]>());
    let wrong = (0..UNLISTED_HASH_COUNT).filter(stranger).count();
    let rate = wrong as f64 / f64::from(UNLISTED_HASH_COUNT);
    let detail = format!(
        "{wrong} of {UNLISTED_HASH_COUNT} strangers; by its length 1 in {:.0}",
        2_f64.powi(48) / HASH_COUNT as f64
    );
    figures.add("breach_false_positives", rate, "<= 0.00001", rate <= 1e-5, &detail);
}

/// Returns the 99th percentile in milliseconds. Each password is new and meets every other rule.
async fn measure_p99(browser: &HttpBrowser, round: usize) -> f64 {
    let next = Arc::new(AtomicUsize::new(0));
    let tasks: Vec<_> = (0..CONCURRENCY)
        .map(|_| {
            let (next, mut browser) = (Arc::clone(&next), browser.clone());
            tokio::spawn(async move {
                let mut times = Vec::new();
                loop {
                    let n = next.fetch_add(1, Ordering::Relaxed);
                    if n >= CHECKS_PER_ROUND {
                        return times;
                    }
                    let password = format!("Velvet-Trombone-{round}-Gravel-{n}");
                    let began = Instant::now();
                    let answer = browser.post_once("/reset/check", &[("password", &password)]).await;
                    assert!(answer.text().await.unwrap().contains("\"strength\":\"met\""));
                    times.push(began.elapsed().as_secs_f64() * 1e3);
                }
            })
        })
        .collect();
    let mut times = Vec::new();
    for task in tasks {
        times.extend(task.await.unwrap());
    }
    times.sort_by(f64::total_cmp);
    times[times.len() * 99 / 100]
}
