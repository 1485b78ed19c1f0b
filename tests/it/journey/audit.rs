//! The audit log: searched, exported, its head exported daily, and personal data erased while the chain stays valid.
//! Someone who changes the database with SQL is detected.

use std::path::Path;
use std::process::Command;

use passback::config::Config;
use passback_emulator::{FaultEffect, FaultTarget, InjectedFault};
use reqwest::StatusCode;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::cases::{AgentCase, outcome_code};
use crate::support::portal::{
    DatabaseEngine, HttpBrowser, PortalSetup, ResponsePage, TestPortal, VALID_PASSWORD, available_engines, full_upn,
};
use crate::support::wait::{in_time, wait_for_value, wait_until};

async fn sign_in_staff(portal: &TestPortal, name: &str) -> HttpBrowser {
    let mut browser = portal.browser();
    let page = browser.sign_in("/signin?purpose=staff", &full_upn(name), "passkey", "").await;
    assert!(page.status.is_success(), "{name}: {}", page.body);
    browser
}

async fn reset_until(portal: &TestPortal, name: &str, state: &str) -> String {
    let mut browser = portal.signed_in(name).await;
    let reference = browser.submit_reset(VALID_PASSWORD).await.reference();
    browser.wait_for_state(&reference, state).await;
    reference
}

/// Counts the rows with this event on the page.
fn count_events(page: &ResponsePage, event: &str) -> usize {
    page.body.matches(&format!("<bdi dir=\"ltr\">{event}</bdi>")).count()
}

/// Returns the sequence numbers of the rows in page order.
fn row_numbers(page: &ResponsePage) -> Vec<i64> {
    page.body.split("<li id=\"a-").skip(1).map(|rest| rest.split('"').next().unwrap().parse().unwrap()).collect()
}

async fn download_export(browser: &mut HttpBrowser, query: &str) -> String {
    let answer = browser.get_once(&format!("/helpdesk/audit/export?{query}")).await;
    assert_eq!(answer.status(), StatusCode::OK);
    let name = answer.headers()["content-disposition"].to_str().unwrap().to_owned();
    assert!(name.starts_with("attachment; filename=\"passback-audit-"), "{name}");
    answer.text().await.unwrap()
}

async fn execute_sql(portal: &TestPortal, engine: DatabaseEngine, sql: &'static str) {
    match engine {
        DatabaseEngine::Sqlite => {
            let pool = sqlx::SqlitePool::connect(&portal.database).await.unwrap();
            sqlx::query(sql).execute(&pool).await.unwrap();
        }
        DatabaseEngine::Postgres => {
            let pool = sqlx::PgPool::connect(&portal.database).await.unwrap();
            sqlx::query(sql).execute(&pool).await.unwrap();
        }
    }
}

async fn count_rows(portal: &TestPortal, engine: DatabaseEngine, sql: &'static str) -> i64 {
    match engine {
        DatabaseEngine::Sqlite => {
            let pool = sqlx::SqlitePool::connect(&portal.database).await.unwrap();
            sqlx::query_scalar(sql).fetch_one(&pool).await.unwrap()
        }
        DatabaseEngine::Postgres => {
            let pool = sqlx::PgPool::connect(&portal.database).await.unwrap();
            sqlx::query_scalar(sql).fetch_one(&pool).await.unwrap()
        }
    }
}

/// Runs `passback audit verify` on this portal's database, offline. Returns success and output.
fn verify_chain(portal: &TestPortal, heads: &[&Path]) -> (bool, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_passback"));
    command.args(["audit", "verify", "--database", &portal.database]);
    for head in heads {
        command.arg("--head").arg(head);
    }
    let done = command.output().unwrap();
    (done.status.success(), String::from_utf8(done.stdout).unwrap())
}

/// Verifies the audit log with the portal's keys, and returns what is broken.
async fn verify_with_keys(portal: &TestPortal) -> Vec<String> {
    passback::verify_audit(&portal.database, Some(portal.demo.config()), None).await.unwrap().breaks
}

#[tokio::test]
async fn audrey_searches_audit_log_and_her_search_is_recorded() {
    for engine in available_engines() {
        let portal = TestPortal::start_on(engine).await;
        let wanda = reset_until(&portal, "wanda", "written").await;
        reset_until(&portal, "rita", "refused").await;
        sign_in_staff(&portal, "hugo")
            .await
            .post(&format!("/helpdesk/resets/{wanda}/note"), &[("text", "Hello")])
            .await;
        let mut audrey = sign_in_staff(&portal, "audrey").await;
        let page = audrey.get("/helpdesk/audit").await;
        let all = row_numbers(&page);
        assert!(all.len() > 10 && all.is_sorted_by(|a, b| a > b), "the newest first: {all:?}");
        assert!(count_events(&page, "audit.searched") > 0, "her own look: {}", page.main_text());
        let page = audrey.get("/helpdesk/audit?event=desk.note").await;
        assert_eq!(row_numbers(&page).len(), 1, "{}", page.main_text());
        let hugo = portal.demo.tenant.object_id(&full_upn("hugo")).unwrap();
        assert!(page.body.contains(&format!("staff {hugo}")), "{}", page.main_text());
        for query in [format!("actor={}", full_upn("hugo")), format!("actor={hugo}&person={}", full_upn("wanda"))] {
            let page = audrey.get(&format!("/helpdesk/audit?{query}")).await;
            assert!(count_events(&page, "desk.note") > 0, "{query}: {}", page.main_text());
            assert!(count_events(&page, "reset.requested") == 0, "{query}: {}", page.main_text());
        }
        let page = audrey.get(&format!("/helpdesk/audit?reference={}", wanda.to_lowercase())).await;
        assert!(
            count_events(&page, "reset.requested") == 1 && page.body.contains(&full_upn("wanda")),
            "{}",
            page.main_text()
        );
        assert!(!page.body.contains(&full_upn("rita")), "{}", page.main_text());
        assert!(row_numbers(&audrey.get("/helpdesk/audit?to=2020-01-01").await).is_empty());
        for (query, said) in [
            ("actor=xyzzy", "There is nobody of this user name."),
            ("reference=7KQ4-M2ZD", "There is no reset of this reference."),
            ("from=tomorrow", "A day looks like"),
        ] {
            let page = audrey.get(&format!("/helpdesk/audit?{query}")).await;
            assert!(page.body.contains(said) && row_numbers(&page).is_empty(), "{query}: {}", page.main_text());
        }
        // Each row shows its own hash and the one before it.
        let page = audrey.get("/helpdesk/audit").await;
        let hashes: Vec<&str> = page
            .body
            .split("<code>")
            .map(|rest| rest.split("</code>").next().unwrap())
            .filter(|c| c.len() == 64 && c.chars().all(|c| c.is_ascii_hexdigit()))
            .collect();
        for pair in hashes.chunks(2).collect::<Vec<_>>().windows(2) {
            assert_eq!(pair[0][1], pair[1][0], "the hash before is that of the row below");
        }
        // A repeated search is recorded once, a different search again.
        let searches = async |audrey: &mut HttpBrowser| {
            count_events(&audrey.get("/helpdesk/audit?event=audit.searched").await, "audit.searched")
        };
        let before = searches(&mut audrey).await;
        assert_eq!(searches(&mut audrey).await, before);
        audrey.get("/helpdesk/audit?event=desk.refused").await;
        assert_eq!(searches(&mut audrey).await, before + 1);
        portal.demo.stop().await;
    }
}

#[tokio::test]
async fn export_contains_every_row_once_as_csv_and_json_lines() {
    for engine in available_engines() {
        let portal = TestPortal::start_on(engine).await;
        let wanda = reset_until(&portal, "wanda", "written").await;
        let mut audrey = sign_in_staff(&portal, "audrey").await;
        let lines: Vec<Value> = download_export(&mut audrey, "format=jsonl")
            .await
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert!(lines.iter().enumerate().all(|(n, line)| line["seq"] == n + 1), "all of them, in order");
        assert!(lines.windows(2).all(|pair| pair[1]["previous"] == pair[0]["hash"]));
        assert_eq!(lines.last().unwrap()["event"], "audit.exported", "and that it was exported");
        let requested = lines.iter().find(|line| line["event"] == "reset.requested").unwrap();
        assert_eq!(
            (&requested["personal"]["upn"], &requested["reference"]),
            (&full_upn("wanda").into(), &wanda.clone().into())
        );
        let csv = download_export(&mut audrey, &format!("format=csv&reference={wanda}")).await;
        let mut table = csv.lines();
        assert!(table.next().unwrap().starts_with("seq,at,event,actor,"), "{csv}");
        assert!(csv.contains(",reset.requested,") && csv.contains("\r\n"), "{csv}");
        assert!(!csv.contains("audit.exported"), "only what was asked for: {csv}");
        let none = download_export(&mut audrey, "format=csv&to=2020-01-01").await;
        assert_eq!(none.lines().count(), 1, "a table without rows: {none}");
        assert_eq!(audrey.get_once("/helpdesk/audit/export?format=xml").await.status(), StatusCode::NOT_FOUND);
        let wrong = audrey.get_once("/helpdesk/audit/export?format=csv&person=xyzzy").await;
        assert_eq!(wrong.status(), StatusCode::UNPROCESSABLE_ENTITY, "never everything instead");
        portal.demo.stop().await;
    }
}

#[tokio::test]
async fn large_export_streams_and_aborts_after_sign_out() {
    let portal = TestPortal::start().await;
    let reference = reset_until(&portal, "wanda", "written").await;
    let mut audrey = sign_in_staff(&portal, "audrey").await;
    audrey.get("/helpdesk/audit").await;
    // So many rows that no buffer holds all of them. This test does not verify the chain.
    execute_sql(&portal, DatabaseEngine::Sqlite, "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60000)
        INSERT INTO audit (seq, at, event, actor, detail, personal, previous, hash, mac, mac_key)
        SELECT (SELECT MAX(seq) FROM audit) + i, i, 'bulk', 'portal', printf('{\"text\":\"%.2000c\"}', 'x'), '', '', '', '', '' FROM n").await;
    execute_sql(&portal, DatabaseEngine::Sqlite, "UPDATE audit_head SET count = (SELECT MAX(seq) FROM audit)").await;
    let mut answer = audrey.get_once("/helpdesk/audit/export?format=jsonl").await;
    let first = answer.chunk().await.unwrap().unwrap();
    assert!(first.starts_with(b"{\"actor\""), "{first:?}");
    // A stream of the same session ends when the portal sees that the session has ended.
    let mut events = audrey.get_once(&format!("/resets/{reference}/events")).await;
    assert_eq!(events.status(), StatusCode::OK);
    audrey.post_once("/signout", &[]).await;
    in_time("the end of the session", async { while let Ok(Some(_)) = events.chunk().await {} }).await;
    let mut got = first.len();
    let broke = loop {
        match answer.chunk().await {
            Ok(Some(chunk)) => got += chunk.len(),
            Ok(None) => break false,
            Err(_) => break true,
        }
    };
    assert!(broke, "half an export never looks whole");
    assert!(got < 60_000 * 2_000, "{got} bytes after signing out");
    portal.demo.stop().await;
}

#[tokio::test]
async fn head_exported_daily_reveals_truncated_chain() {
    for engine in available_engines() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().to_owned();
        let kept = move |config: &mut Config| config.audit.head_dir = Some(folder.clone());
        let portal = TestPortal::start_with(PortalSetup { engine, ..PortalSetup::with_config(kept) }).await;
        reset_until(&portal, "wanda", "written").await;
        let heads = || {
            let mut names: Vec<_> = std::fs::read_dir(dir.path()).unwrap().map(|e| e.unwrap().path()).collect();
            names.retain(|path| path.extension().is_some_and(|e| e == "txt"));
            names.sort();
            names
        };
        // Whether the first day brings a head depends on whether rows existed. The next day brings one.
        let had_round = async || portal.demo.background_rounds("audit-maintenance") > 0;
        wait_until("the first round of audit-maintenance", had_round).await;
        let before = heads().len();
        portal.clock.advance(jiff::SignedDuration::from_hours(25));
        wait_for_value("the head of the next day", async || heads(), |heads| heads.len() > before).await;
        portal.wait_for_round("audit-maintenance").await;
        let head = heads().pop().unwrap();
        assert_eq!(heads().len(), before + 1, "once a day");
        let text = std::fs::read_to_string(&head).unwrap();
        assert!(text.trim().split(' ').nth(1).is_some_and(|hash| hash.len() == 64), "{text}");
        let (first, folder) = (heads().remove(0), dir.path());
        let groups: [&[&Path]; 3] = [&[&head], &[&first, &head], &[folder]];
        for given in groups {
            let (whole, said) = verify_chain(&portal, given);
            assert!(whole && said.contains("The chain is whole."), "{said}");
        }
        assert_eq!(verify_with_keys(&portal).await, Vec::<String>::new());
        // Someone with access to the database truncates the chain before the exported head and resets the head row.
        execute_sql(&portal, engine, "DELETE FROM audit_personal").await;
        execute_sql(&portal, engine, "DELETE FROM audit WHERE seq > 4").await;
        execute_sql(&portal, engine, "UPDATE audit_head SET count = 4, hash = (SELECT hash FROM audit WHERE seq = 4)")
            .await;
        let (_, said) = verify_chain(&portal, &[]);
        assert!(!said.contains("rolled back"), "the chain alone cannot know: {said}");
        let kept = dir.path().join("kept.txt");
        std::fs::write(&kept, first_hashes(&portal, engine).await).unwrap();
        let (_, said) = verify_chain(&portal, &[&kept]);
        assert!(!said.contains("rolled back"), "these heads are in the chain: {said}");
        let groups: [&[&Path]; 3] = [&[&head], &[&kept, &head], &[folder]];
        for given in groups {
            let (whole, said) = verify_chain(&portal, given);
            assert!(!whole && said.contains("rolled back or rewritten: this chain does not go through"), "{said}");
            assert!(said.contains(head.to_str().unwrap()), "{said}");
        }
        let found = verify_with_keys(&portal).await;
        assert!(found.iter().any(|line| line.starts_with("rolled back")), "audit.head_dir by default: {found:?}");
        portal.demo.stop().await;
    }
}

#[tokio::test]
async fn expired_personal_data_is_erased_and_chain_stays_valid() {
    for engine in available_engines() {
        let kept = |config: &mut Config| config.audit.keep_personal_days = Some(30);
        let portal = TestPortal::start_with(PortalSetup { engine, ..PortalSetup::with_config(kept) }).await;
        let wanda = reset_until(&portal, "wanda", "written").await;
        let mut case = AgentCase::open(&portal, "hana", "omar", "grant").await;
        let reason = [("text", "He stands in front of me, and his phone is at home.")];
        assert_eq!(outcome_code(&case.post_action("override", &reason).await), "approval-asked");
        portal.browser().post("/help", &[("name", "theo@contoso.example")]).await;
        let path = format!("/helpdesk/resets/{wanda}");
        let mut hugo = sign_in_staff(&portal, "hugo").await;
        hugo.post(&format!("{path}/note"), &[("text", "Called at nine.")]).await;
        hugo.get("/helpdesk/people?q=wanda").await;
        // What would store personal data at the same time as it is erased has ended: the search index is complete, and
        // Graph no longer tells phone numbers for their daily refresh.
        let unindexed =
            async || count_rows(&portal, engine, "SELECT COUNT(*) FROM resets WHERE searchable IS NULL").await;
        wait_for_value("the search index", unindexed, |rows| *rows == 0).await;
        portal.demo.tenant.add_fault(InjectedFault::new(FaultTarget::User, FaultEffect::Hangup));
        for sql in [
            "UPDATE resets SET created_at = created_at - 2678400000, open = 0",
            "UPDATE reset_notes SET at = at - 2678400000",
            "UPDATE people_known SET asked_at = asked_at - 2678400000",
            "UPDATE cases SET updated_at = updated_at - 2678400000",
        ] {
            execute_sql(&portal, engine, sql).await;
        }
        // Rows of a chain cannot be backdated. So the clock is advanced, and sessions expire with it.
        portal.clock.advance(jiff::SignedDuration::from_hours(24 * 31));
        portal.wait_for_round("audit-maintenance").await;
        let (whole, said) = verify_chain(&portal, &[]);
        assert!(whole && said.contains("they were erased"), "{said}");
        assert_eq!(verify_with_keys(&portal).await, Vec::<String>::new(), "the MACs, too");
        for sql in [
            "SELECT COUNT(*) FROM resets WHERE name <> '' OR upn <> ''",
            "SELECT COUNT(*) FROM reset_notes",
            "SELECT COUNT(*) FROM search_words",
            "SELECT COUNT(*) FROM person_numbers",
            "SELECT COUNT(*) FROM cases WHERE name <> ''",
            "SELECT COUNT(*) FROM audit_personal",
        ] {
            assert_eq!(count_rows(&portal, engine, sql).await, 0, "{sql}");
        }
        let erasures = "SELECT COUNT(*) FROM audit WHERE event = 'audit.personal_erased'";
        assert!(count_rows(&portal, engine, erasures).await > 0);
        portal.demo.stop().await;
    }
}

/// Returns the first 4 rows as exported heads.
async fn first_hashes(portal: &TestPortal, engine: DatabaseEngine) -> String {
    let rows = load_rows(portal, engine).await;
    let lines: Vec<String> = rows.iter().take(4).map(|row| format!("{} {}\n", row.seq, row.hash)).collect();
    lines.concat()
}

/// Row of the chain as stored.
#[derive(sqlx::FromRow)]
struct ChainRow {
    seq: i64,
    at: i64,
    event: String,
    actor: String,
    subject: Option<String>,
    reset_id: Option<String>,
    detail: String,
    personal: String,
    hash: String,
}

async fn load_rows(portal: &TestPortal, engine: DatabaseEngine) -> Vec<ChainRow> {
    const SQL: &str = "SELECT seq, at, event, actor, subject, reset_id, detail, personal, hash FROM audit ORDER BY seq";
    match engine {
        DatabaseEngine::Sqlite => {
            let pool = sqlx::SqlitePool::connect(&portal.database).await.unwrap();
            sqlx::query_as(SQL).fetch_all(&pool).await.unwrap()
        }
        DatabaseEngine::Postgres => {
            let pool = sqlx::PgPool::connect(&portal.database).await.unwrap();
            sqlx::query_as(SQL).fetch_all(&pool).await.unwrap()
        }
    }
}

impl ChainRow {
    /// Computes the row's hash as the portal does, which needs no key.
    fn compute_hash(&self, previous: &str) -> String {
        let optional = |text: &Option<String>| text.as_deref().map_or_else(|| "-".to_owned(), |t| format!("+{t}"));
        let (seq, at) = (self.seq.to_string(), self.at.to_string());
        let (subject, reset) = (optional(&self.subject), optional(&self.reset_id));
        let parts = ["passback audit row v1", &seq, &at, &self.event, &self.actor, &subject, &reset, &self.detail];
        let mut hasher = Sha256::new();
        for part in parts.into_iter().chain([self.personal.as_str(), previous]) {
            hasher.update((part.len() as u64).to_le_bytes());
            hasher.update(part.as_bytes());
        }
        let digits: Vec<String> = hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        digits.concat()
    }
}

/// Recomputes the chain and names a key that the portal does not have, as someone with only the database can.
async fn rewrite_chain(portal: &TestPortal, engine: DatabaseEngine) {
    const ROW_SQL: &str = "UPDATE audit SET previous = $2, hash = $3, mac = $4, mac_key = 'k0' WHERE seq = $1";
    const HEAD_SQL: &str = "UPDATE audit_head SET count = $1, hash = $2, mac = $3, mac_key = 'k0'";
    let mac = "00".repeat(32);
    let (mut previous, mut count) = ("0".repeat(64), 0);
    for row in load_rows(portal, engine).await {
        let hash = row.compute_hash(&previous);
        match engine {
            DatabaseEngine::Sqlite => {
                let pool = sqlx::SqlitePool::connect(&portal.database).await.unwrap();
                let query = sqlx::query(ROW_SQL).bind(row.seq).bind(&previous).bind(&hash).bind(&mac);
                query.execute(&pool).await.unwrap();
            }
            DatabaseEngine::Postgres => {
                let pool = sqlx::PgPool::connect(&portal.database).await.unwrap();
                let query = sqlx::query(ROW_SQL).bind(row.seq).bind(&previous).bind(&hash).bind(&mac);
                query.execute(&pool).await.unwrap();
            }
        }
        (previous, count) = (hash, row.seq);
    }
    match engine {
        DatabaseEngine::Sqlite => {
            let pool = sqlx::SqlitePool::connect(&portal.database).await.unwrap();
            sqlx::query(HEAD_SQL).bind(count).bind(&previous).bind(&mac).execute(&pool).await.unwrap();
        }
        DatabaseEngine::Postgres => {
            let pool = sqlx::PgPool::connect(&portal.database).await.unwrap();
            sqlx::query(HEAD_SQL).bind(count).bind(&previous).bind(&mac).execute(&pool).await.unwrap();
        }
    }
}

#[tokio::test]
async fn chain_rewritten_with_unknown_key_id_is_found() {
    for engine in available_engines() {
        let portal = TestPortal::start_on(engine).await;
        reset_until(&portal, "wanda", "written").await;
        assert_eq!(verify_with_keys(&portal).await, Vec::<String>::new());
        execute_sql(&portal, engine, "UPDATE audit SET actor = 'portal' WHERE event = 'reset.requested'").await;
        rewrite_chain(&portal, engine).await;
        let (whole, said) = verify_chain(&portal, &[]);
        assert!(whole && said.contains("proves nothing against someone who can write the database"), "{said}");
        let found = verify_with_keys(&portal).await;
        assert_eq!(found.len(), 1, "one line for the key: {found:?}");
        // The head may be the portal's own again, if it has appended a row.
        assert!(found[0].starts_with("key \"k0\" signed"), "{found:?}");
        portal.demo.stop().await;
    }
}

/// Inserts an approval of each decision by April. The owner of a database can remove triggers, too.
fn forged_approval_sql(engine: DatabaseEngine) -> [&'static str; 2] {
    const INSERT_SQL: &str =
        "INSERT INTO case_approvals (id, verdict_id, agent, approver, approver_name, tenant, object, at, until)
        SELECT 'forged', v.id, v.agent, 'april', 'April', c.tenant, c.object, v.at, v.until
        FROM case_verdicts v JOIN cases c ON c.id = v.case_id";
    match engine {
        DatabaseEngine::Sqlite => ["DROP TRIGGER IF EXISTS case_approvals_duties", INSERT_SQL],
        DatabaseEngine::Postgres => ["DROP TRIGGER IF EXISTS case_approvals_duties ON case_approvals", INSERT_SQL],
    }
}

#[tokio::test]
async fn approval_inserted_and_case_deleted_by_sql_are_found() {
    for engine in available_engines() {
        let portal = TestPortal::start_on(engine).await;
        let mut hugo = AgentCase::open(&portal, "hugo", "omar", "grant").await;
        let reason = [("text", "He stands in front of me, and his phone is at home.")];
        assert_eq!(outcome_code(&hugo.post_action("override", &reason).await), "approval-asked");
        let theo = AgentCase::open(&portal, "hugo", "theo", "grant").await;
        portal.browser().post("/help", &[("name", "wanda")]).await;
        assert_eq!(verify_with_keys(&portal).await, Vec::<String>::new());

        for sql in forged_approval_sql(engine) {
            execute_sql(&portal, engine, sql).await;
        }
        let found = verify_with_keys(&portal).await;
        let case = hugo.path.rsplit('/').next().unwrap().replace('-', "");
        assert!(found.len() == 1 && found[0].contains("has no audit row"), "{found:?}");
        assert!(
            found[0].starts_with("approval forged/") && found[0].contains(&format!(" in case {case} of ")),
            "{found:?}"
        );
        let (whole, said) = verify_chain(&portal, &[]);
        assert!(!whole && said.contains("BROKEN: approval forged/"), "keys are not needed: {said}");
        execute_sql(&portal, engine, "DELETE FROM case_approvals").await;
        assert_eq!(verify_with_keys(&portal).await, Vec::<String>::new());

        execute_sql(&portal, engine, "DELETE FROM case_requests").await;
        execute_sql(
            &portal,
            engine,
            "DELETE FROM cases WHERE NOT EXISTS (SELECT 1 FROM case_verdicts v WHERE v.case_id = cases.id)",
        )
        .await;
        let found = verify_with_keys(&portal).await;
        let gone = theo.path.rsplit('/').next().unwrap().replace('-', "");
        assert_eq!(found.len(), 2, "a case and a help request: {found:?}");
        assert!(found[0].contains(&format!("reports case {gone} of ")), "{found:?}");
        assert!(found[1].contains("reports help request"), "{found:?}");
        portal.demo.stop().await;
    }
}

#[tokio::test]
async fn complete_case_reconciles_on_every_step() {
    for engine in available_engines() {
        let portal = TestPortal::start_on(engine).await;
        let mut hugo = AgentCase::open(&portal, "hugo", "wanda", "grant").await;
        let reason = [("text", "She stands in front of me, and her phone is at home.")];
        assert_eq!(outcome_code(&hugo.post_action("override", &reason).await), "approval-asked");
        let mut april = AgentCase { agent: sign_in_staff(&portal, "april").await, path: hugo.path.clone() };
        assert_eq!(outcome_code(&april.post_action("approve", &[]).await), "approved");
        assert_eq!(outcome_code(&hugo.post_action("act", &[]).await), "granted");
        assert_eq!(verify_with_keys(&portal).await, Vec::<String>::new());
        for (sql, expected) in [
            ("UPDATE grants SET object = '00000000-0000-4000-8000-000000000001'", "has no execution for its person"),
            ("DELETE FROM grants", "allowed a reset and has no grant"),
            ("DELETE FROM case_actions", "reports execution "),
            ("DELETE FROM case_approvals", "reports approval "),
            ("DELETE FROM case_verdicts", "reports decision "),
        ] {
            execute_sql(&portal, engine, sql).await;
            let found = verify_with_keys(&portal).await;
            assert!(found.iter().any(|line| line.contains(expected)), "{sql}: {found:?}");
        }
        portal.demo.stop().await;
    }
}

/// Puts a backup of a SQLite database in its place, as the documentation says.
fn restore_backup(database: &str, backup: &Path) {
    let file = database.strip_prefix("sqlite://").unwrap();
    for end in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(format!("{file}{end}"));
    }
    std::fs::copy(backup, file).unwrap();
}

#[tokio::test]
async fn recorded_restore_is_accepted_and_unrecorded_one_is_not() {
    const FORGED_SQL: &str = "INSERT INTO audit (seq, at, event, actor, detail, personal, previous, hash, mac, mac_key)
        SELECT seq + 1, at, 'audit.restored', 'command', $1, '', hash, hash, mac, mac_key FROM audit
        ORDER BY seq DESC LIMIT 1";
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().to_owned();
    let kept = move |config: &mut Config| config.audit.head_dir = Some(folder.clone());
    let portal = TestPortal::start_with(PortalSetup::with_config(kept)).await;
    reset_until(&portal, "wanda", "written").await;
    let backup = dir.path().join("backup.db");
    passback::ops::backup_database(portal.demo.config(), &backup).await.unwrap();
    reset_until(&portal, "rita", "refused").await;
    let newest = load_rows(&portal, DatabaseEngine::Sqlite).await.pop().unwrap();
    let lost = format!("{} {}", newest.seq, newest.hash);
    std::fs::write(dir.path().join("passback-head-20261127T000000000Z.txt"), format!("{lost}\n")).unwrap();
    let (config, database) = (portal.demo.config().clone(), portal.database.clone());
    portal.demo.stop().await;
    let verify = async || passback::verify_audit(&database, Some(&config), None).await.unwrap();

    restore_backup(&database, &backup);
    let found = verify().await.breaks;
    assert!(found.len() == 1 && found[0].starts_with("rolled back or rewritten"), "{found:?}");

    // Someone with only the database can write the event, but not its MAC.
    let pool = sqlx::SqlitePool::connect(&database).await.unwrap();
    let detail = format!("{{\"count\":1,\"lost_heads\":[\"{lost}\"]}}");
    sqlx::query(FORGED_SQL).bind(&detail).execute(&pool).await.unwrap();
    pool.close().await;
    let found = verify().await;
    assert!(found.notices.is_empty() && found.breaks.iter().any(|line| line.starts_with("rolled back")), "{found:?}");
    assert!(passback::ops::record_restore(&config, None, "Forged.").await.is_err(), "a broken chain is no backup");

    restore_backup(&database, &backup);
    let recorded = passback::ops::record_restore(&config, None, "The disk failed.").await.unwrap();
    assert_eq!(recorded.lost_heads.last().map(|head| head.count), Some(newest.seq));
    let report = verify().await;
    assert_eq!(report.breaks, Vec::<String>::new());
    let missing = format!("rows {} to {} of the exported head are missing", recorded.count + 1, newest.seq);
    assert!(report.notices.len() == 1 && report.notices[0].contains(&missing), "{:?}", report.notices);

    restore_backup(&database, &backup);
    assert_eq!(verify().await.breaks.len(), 1, "restored once more, and not recorded");
}

#[tokio::test]
async fn execution_of_an_inserted_approval_is_found() {
    for engine in available_engines() {
        let portal = TestPortal::start_on(engine).await;
        let mut hugo = AgentCase::open(&portal, "hugo", "omar", "grant").await;
        let reason = [("text", "He stands in front of me, and his phone is at home.")];
        assert_eq!(outcome_code(&hugo.post_action("override", &reason).await), "approval-asked");
        for sql in forged_approval_sql(engine) {
            execute_sql(&portal, engine, sql).await;
        }
        hugo.post_action("act", &[]).await;
        let found = verify_with_keys(&portal).await;
        assert!(found.len() == 2 && found[0].starts_with("approval forged/"), "{found:?}");
        // The portal itself has written this row, which stays when the approval is deleted again.
        assert!(found[1].ends_with("and no row before it its approval"), "{found:?}");
        portal.demo.stop().await;
    }
}
