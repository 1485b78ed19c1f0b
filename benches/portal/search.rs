//! Compares the helpdesk's search with 1,000,000 stored resets and with 10,000, on SQLite and PostgreSQL.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use sqlx::Connection as _;

use super::report::BenchmarkReport;
use super::support::fleet::{FleetSetup, PortalFleet, seed_with_people};
use super::support::portal::HttpBrowser;
use super::support::postgres::PostgresCluster;

const STORED_COUNTS: [i64; 2] = [10_000, 1_000_000];
/// People with resets. In the large database each has many.
const PERSON_COUNT: i64 = 20_000;
/// The stored resets are spread over 3 years.
const STORED_SPAN_MS: i64 = 3 * 365 * 86_400_000;
const ROUNDS: usize = 60;

const FIRST_NAMES: [&str; 40] = [
    "Anna",
    "Andreas",
    "Antje",
    "Anneliese",
    "Bea",
    "Bernd",
    "Carla",
    "Chloé",
    "Dario",
    "Dörte",
    "Elif",
    "Emil",
    "Fatima",
    "Finn",
    "Greta",
    "Günter",
    "Hanna",
    "Henrik",
    "Ines",
    "Ivo",
    "Jana",
    "Jörg",
    "Katrin",
    "Kemal",
    "Lena",
    "Lukas",
    "Maria",
    "Mehmet",
    "Nora",
    "Noah",
    "Olga",
    "Oskar",
    "Paula",
    "Piotr",
    "Rosa",
    "René",
    "Sofia",
    "Søren",
    "Tanja",
    "Yusuf",
];
const SURNAME_STARTS: [&str; 20] = [
    "Berg", "Feld", "Stein", "Kirch", "Mühl", "Schwarz", "Neu", "Alt", "Ober", "Nieder", "Wald", "Bach", "Rosen",
    "Linden", "Eichen", "Gold", "Silber", "Kauf", "Lange", "Hoch",
];
const SURNAME_ENDS: [&str; 20] = [
    "mann", "er", "bach", "burg", "hof", "meier", "feld", "stein", "wald", "thal", "hagen", "dorf", "au", "brunn",
    "kamp", "horst", "see", "holz", "berg", "huber",
];

fn person_name(n: i64) -> String {
    if n == 7 {
        return "Xaver Quitzow".to_owned();
    }
    let at = |names: &'static [&'static str], n: i64| names[usize::try_from(n).unwrap() % names.len()];
    // One person in ten has this first name.
    let first = if n % 10 == 3 { "Anna" } else { at(&FIRST_NAMES, n * 7_919 % 1_009) };
    format!("{first} {}{}", at(&SURNAME_STARTS, n * 31 % 997), at(&SURNAME_ENDS, n * 17 % 983).to_lowercase())
}

fn person_upn(n: i64) -> String {
    let plain: String = person_name(n).to_lowercase().replace(' ', ".").chars().filter(char::is_ascii).collect();
    format!("{plain}{n}@contoso.example")
}

pub(crate) async fn run(figures: &mut BenchmarkReport) {
    let dir = tempfile::tempdir().unwrap();
    let urls = STORED_COUNTS.map(|stored| format!("sqlite://{}", dir.path().join(format!("{stored}.db")).display()));
    measure_engine(figures, "sqlite", urls, dir.path()).await;
    drop(dir);
    if !std::path::Path::new("/usr/lib/postgresql").exists() {
        println!("PostgreSQL is not installed: the search was measured on SQLite alone");
        return;
    }
    let cluster = PostgresCluster::start();
    let mut database = sqlx::PgConnection::connect(&cluster.url()).await.unwrap();
    let server = cluster.url().rsplit_once('/').unwrap().0.to_owned();
    let urls = STORED_COUNTS.map(|stored| format!("{server}/stock{stored}"));
    for stored in STORED_COUNTS {
        let sql = format!("CREATE DATABASE stock{stored}");
        sqlx::query(sqlx::AssertSqlSafe(sql)).execute(&mut database).await.unwrap();
    }
    measure_engine(figures, "postgres", urls, cluster.data_dir()).await;
}

async fn measure_engine(figures: &mut BenchmarkReport, engine: &str, urls: [String; 2], folder: &std::path::Path) {
    let mut stocks = Vec::new();
    for (stored, database) in STORED_COUNTS.into_iter().zip(urls) {
        let setup =
            FleetSetup { database, seed: seed_with_people(1), uses_https: false, dir: tempfile::tempdir().unwrap() };
        let fleet = PortalFleet::with_setup(setup).await;
        let began = Instant::now();
        fill_database(&fleet, stored).await;
        println!("{engine}: {stored} resets stored in {:.0} s", began.elapsed().as_secs_f64());
        let portal = fleet.start_replica(fleet.port, &[("PASSBACK_LOG", "warn")]).await;
        let mut hugo = fleet.browser();
        let page = hugo.sign_in("/signin?purpose=staff", "hugo@contoso.example", "passkey", "").await;
        assert!(page.status.is_success(), "{}", page.body);
        let references = load_references(&fleet).await;
        stocks.push((fleet, portal, hugo, references, stored));
    }
    // A production server has its database in memory. Other processes on this machine may have evicted it.
    let read = std::process::Command::new("find")
        .arg(folder)
        .args(["-type", "f", "-exec", "cat", "{}", "+"])
        .stdout(std::process::Stdio::null())
        .status();
    assert!(read.unwrap().success());
    let mut times: [BTreeMap<&str, Vec<f64>>; 2] = Default::default();
    for round in 0..ROUNDS {
        for kind in QUERY_KINDS {
            // Alternates between the databases, so that both meet the same noise.
            for (at, (fleet, _, hugo, references, stored)) in stocks.iter().enumerate() {
                let path = search_path(kind, i64::try_from(round).unwrap(), references, *stored);
                let took = time_request(fleet, hugo, &path).await;
                if round >= 5 {
                    times[at].entry(kind).or_default().push(took);
                }
            }
        }
    }
    for kind in QUERY_KINDS {
        let (few, many) = (percentile_95(&mut times[0][kind].clone()), percentile_95(&mut times[1][kind].clone()));
        println!("  {engine} {kind:<22} p95 {many:>6.1} ms with 1,000,000, {few:>6.1} ms with 10,000");
    }
    let all =
        |times: &BTreeMap<&str, Vec<f64>>| percentile_95(&mut times.values().flatten().copied().collect::<Vec<_>>());
    let (few, many) = (all(&times[0]), all(&times[1]));
    let detail = format!("p95 {many:.1} ms with 1,000,000 stored, {few:.1} ms with 10,000");
    figures.add(
        &format!("search_p95_million_over_ten_thousand_{engine}"),
        many / few,
        "<= 2",
        many / few <= 2.0,
        &detail,
    );
    for (fleet, portal, ..) in stocks {
        drop(portal);
        fleet.emulator.stop().await;
    }
}

fn percentile_95(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() * 95 / 100]
}

const QUERY_KINDS: [&str; 17] = [
    "newest",
    "common first name",
    "two beginnings",
    "whole name",
    "one letter",
    "rare name",
    "nobody",
    "upn",
    "upn beginning",
    "reference",
    "state",
    "state, cause, time",
    "all with text",
    "rare state, letter",
    "finds nothing",
    "deep, name",
    "deep, state",
];

/// Returns the path of a search. Both databases get the same ones.
fn search_path(kind: &str, round: i64, references: &[String], stored: i64) -> String {
    let person = round * 331 % PERSON_COUNT.min(stored);
    let who = person_name(person);
    let words: Vec<&str> = who.split(' ').collect();
    let begin = |word: &str, letters: usize| word.chars().take(letters).collect::<String>();
    let now = passback::Clock::system().now().as_millisecond();
    let day = |back: i64| {
        let at = jiff::Timestamp::from_millisecond(now - STORED_SPAN_MS * back / 100).unwrap();
        at.strftime("%Y-%m-%d").to_string()
    };
    let deep = now - STORED_SPAN_MS * (30 + round) / 100;
    let after = format!("{deep}.{:08x}-{:04x}-7000-8000-000000000000", deep >> 16, deep & 0xffff);
    let q = |text: &str| format!("/helpdesk?q={}", text.replace(' ', "+"));
    match kind {
        "newest" => "/helpdesk".to_owned(),
        "common first name" => q("anna"),
        "two beginnings" => q(&format!("{} {}", begin(words[0], 2), begin(words[1], 3))),
        "whole name" => q(&who),
        "one letter" => q(&begin(words[usize::try_from(round % 2).unwrap()], 1)),
        "rare name" => q("quitzow"),
        "nobody" => q("zzyzx"),
        "upn" => q(&person_upn(person)),
        "upn beginning" => q(&begin(&person_upn(person), 9)),
        "reference" => q(&references[usize::try_from(round).unwrap() % references.len()][..5]
            .to_lowercase()
            .replace('0', "o")
            .replace('1', "l")),
        "state" => "/helpdesk?state=failed".to_owned(),
        "state, cause, time" => format!("/helpdesk?state=refused&cause=R-POLICY&from={}&to={}", day(60), day(40)),
        "all with text" => format!("/helpdesk?q=anna+be&state=refused&cause=R-POLICY&from={}&to={}", day(90), day(10)),
        "rare state, letter" => "/helpdesk?q=g&state=unknown".to_owned(),
        "finds nothing" => q("an z"),
        "deep, name" => format!("{}&after={after}", q("anna")),
        "deep, state" => format!("/helpdesk?state=refused&after={after}"),
        other => unreachable!("{other}"),
    }
}

async fn time_request(fleet: &PortalFleet, hugo: &HttpBrowser, path: &str) -> f64 {
    let request = hugo
        .http
        .get(format!("{}{path}", fleet.url()))
        .header("cookie", hugo.cookie_header())
        .header("accept", "text/html");
    let began = Instant::now();
    let answer = request.send().await.unwrap();
    let status = answer.status();
    let body = answer.text().await.unwrap();
    let took = began.elapsed().as_secs_f64() * 1e3;
    assert!(status.is_success() && body.contains("id=\"queue\""), "{path}: {status}");
    took
}

async fn execute_sql(fleet: &PortalFleet, sql: &str) {
    let sql = sqlx::AssertSqlSafe(sql.to_owned());
    if fleet.database.starts_with("sqlite") {
        let mut one = sqlx::SqliteConnection::connect(&fleet.database).await.unwrap();
        sqlx::raw_sql(sql).execute(&mut one).await.unwrap();
    } else {
        let mut one = sqlx::PgConnection::connect(&fleet.database).await.unwrap();
        sqlx::raw_sql(sql).execute(&mut one).await.unwrap();
    }
}

async fn select_texts(fleet: &PortalFleet, sql: &'static str) -> Vec<String> {
    let rows: Vec<(String,)> = if fleet.database.starts_with("sqlite") {
        let mut one = sqlx::SqliteConnection::connect(&fleet.database).await.unwrap();
        sqlx::query_as(sql).fetch_all(&mut one).await.unwrap()
    } else {
        let mut one = sqlx::PgConnection::connect(&fleet.database).await.unwrap();
        sqlx::query_as(sql).fetch_all(&mut one).await.unwrap()
    };
    rows.into_iter().map(|(text,)| text).collect()
}

async fn load_references(fleet: &PortalFleet) -> Vec<String> {
    select_texts(fleet, "SELECT reference FROM resets ORDER BY reference LIMIT 60").await
}

/// Waits for the migrations: the port is open before they have run.
async fn wait_until_ready(fleet: &PortalFleet) {
    let until = Instant::now() + Duration::from_secs(20);
    loop {
        let answer = fleet.browser().http.get(format!("{}/readyz", fleet.url())).send().await;
        if answer.is_ok_and(|answer| answer.status().is_success()) {
            return;
        }
        assert!(Instant::now() < until, "{}", fleet.read_log(fleet.port));
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Stores resets of the past 3 years. The portal itself indexes the first reset of each person; the search terms of the
/// others are copied from it in one statement.
async fn fill_database(fleet: &PortalFleet, stored: i64) {
    // The first start creates the tables.
    let portal = fleet.start_replica(fleet.port, &[("PASSBACK_LOG", "warn")]).await;
    wait_until_ready(fleet).await;
    drop(portal);
    let people: Vec<String> =
        (0..PERSON_COUNT).map(|n| format!("({n}, '{}', '{}')", person_name(n), person_upn(n))).collect();
    execute_sql(fleet, "CREATE TABLE people (n BIGINT PRIMARY KEY, name TEXT, upn TEXT)").await;
    for some in people.chunks(500) {
        execute_sql(fleet, &format!("INSERT INTO people VALUES {}", some.join(","))).await;
    }
    let first = PERSON_COUNT.min(stored);
    insert_resets(fleet, stored, (0, first), "NULL").await;
    let mut portal = fleet.start_replica(fleet.port, &[("PASSBACK_LOG", "warn")]).await;
    let until = Instant::now() + Duration::from_mins(3);
    while !select_texts(fleet, "SELECT id FROM resets WHERE searchable IS NULL LIMIT 1").await.is_empty() {
        assert!(Instant::now() < until, "the words are not kept: {}", fleet.read_log(fleet.port));
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    portal.stop();
    if stored > first {
        insert_resets(fleet, stored, (first, stored), "1").await;
        // Every referenced reset exists, so PostgreSQL does not have to check 16 million foreign keys.
        let trusting =
            if fleet.database.starts_with("sqlite") { "" } else { "SET session_replication_role = replica; " };
        execute_sql(
            fleet,
            &format!("{trusting}INSERT INTO search_words (word, reset_id)
            SELECT w.word, r.id FROM resets s JOIN search_words w ON w.reset_id = s.id JOIN resets r ON r.tenant = s.tenant AND r.object = s.object
            WHERE s.revision = 1 AND r.revision = 2 AND substr(w.word, 1, 1) <> '~' ORDER BY w.word, r.id"),
        )
        .await;
        execute_sql(
            fleet,
            &format!("{trusting}INSERT INTO search_words (word, reset_id) SELECT '~' || substr(reference, 1, 3), id FROM resets WHERE revision = 2 ORDER BY 1, 2"),
        )
        .await;
    }
    if !fleet.database.starts_with("sqlite") {
        // Autovacuum would have done this by then.
        execute_sql(fleet, "VACUUM ANALYZE").await;
    }
}

/// Inserts the resets `from..to`, counted from the newest. Revision 1 marks those that the portal indexes, revision 2
/// the others.
async fn insert_resets(fleet: &PortalFleet, stored: i64, (from, to): (i64, i64), searchable: &str) {
    let now = passback::Clock::system().now().as_millisecond();
    let sqlite = fleet.database.starts_with("sqlite");
    let numbers = if sqlite {
        format!("WITH RECURSIVE n(i) AS (SELECT {from} UNION ALL SELECT i + 1 FROM n WHERE i + 1 < {to})")
    } else {
        format!("WITH n(i) AS (SELECT generate_series({from}::BIGINT, {}::BIGINT))", to - 1)
    };
    let hex = |value: &str, digits: usize| {
        if sqlite { format!("printf('%0{digits}x', {value})") } else { format!("lpad(to_hex({value}), {digits}, '0')") }
    };
    let at = format!("({now} - 60000 - i * {} - i % 977)", STORED_SPAN_MS / stored);
    let id = |n: &str| {
        format!(
            "{} || '-' || {} || '-7000-8000-' || {}",
            hex(&format!("({at} / 65536)"), 8),
            hex(&format!("({at} % 65536)"), 4),
            hex(n, 12)
        )
    };
    let letter = |shift: i64| {
        format!(
            "substr('0123456789ABCDEFGHJKMNPQRSTVWXYZ', CAST(1 + (i * 2654435761 % 1099511627776) / {shift} % 32 AS INTEGER), 1)"
        )
    };
    let reference: Vec<String> = (0..8).map(|n| letter(1 << (5 * n))).collect();
    let kind = "(i * 7919 % 100)";
    let revision = if searchable == "NULL" { 1 } else { 2 };
    let sql = format!(
        "{numbers} INSERT INTO resets (id, reference, tenant, object, upn, name, synced, state, cause, created_at, updated_at, revision, change, open, searchable)
        SELECT {}, {}, 'c0de0000-7e5a-4f00-8000-00000000c0de', '00000000-0000-4000-9000-' || {}, people.upn, people.name, 1,
            CASE WHEN {kind} < 88 THEN 'written' WHEN {kind} < 92 THEN 'refused' WHEN {kind} < 95 THEN 'failed' WHEN {kind} < 96 THEN 'unknown' ELSE 'finished' END,
            CASE WHEN {kind} < 88 THEN NULL WHEN {kind} < 92 THEN 'R-POLICY' WHEN {kind} < 95 THEN 'F-AGENT-OFFLINE' WHEN {kind} < 96 THEN 'U-LOST' END,
            {at}, {at}, {revision}, i, 0, {searchable}
        FROM n JOIN people ON people.n = i % {PERSON_COUNT}",
        id("i"),
        reference.join(" || "),
        hex("people.n", 12),
    );
    execute_sql(fleet, &sql).await;
}
