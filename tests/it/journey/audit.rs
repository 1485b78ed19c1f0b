//! The audit log: searched, exported, its head exported daily, and personal data erased while the chain stays valid.

use std::path::Path;
use std::process::Command;

use passback::config::Config;
use passback_emulator::{FaultEffect, FaultTarget, InjectedFault};
use reqwest::StatusCode;
use serde_json::Value;

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
fn verify_chain(portal: &TestPortal, head: Option<&Path>) -> (bool, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_passback"));
    command.args(["audit", "verify", "--database", &portal.database]);
    if let Some(head) = head {
        command.arg("--head").arg(head);
    }
    let done = command.output().unwrap();
    (done.status.success(), String::from_utf8(done.stdout).unwrap())
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
        let (whole, said) = verify_chain(&portal, Some(&head));
        assert!(whole && said.contains("The chain is whole."), "{said}");
        // Someone with access to the database truncates the chain before the exported head and resets the head row.
        execute_sql(&portal, engine, "DELETE FROM audit_personal").await;
        execute_sql(&portal, engine, "DELETE FROM audit WHERE seq > 4").await;
        execute_sql(&portal, engine, "UPDATE audit_head SET count = 4, hash = (SELECT hash FROM audit WHERE seq = 4)")
            .await;
        assert!(verify_chain(&portal, None).0, "the chain alone cannot know");
        let (whole, said) = verify_chain(&portal, Some(&head));
        assert!(!whole && said.contains("does not go through the exported head"), "{said}");
        portal.demo.stop().await;
    }
}

#[tokio::test]
async fn expired_personal_data_is_erased_and_chain_stays_valid() {
    for engine in available_engines() {
        let kept = |config: &mut Config| config.audit.keep_personal_days = Some(30);
        let portal = TestPortal::start_with(PortalSetup { engine, ..PortalSetup::with_config(kept) }).await;
        let wanda = reset_until(&portal, "wanda", "written").await;
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
        ] {
            execute_sql(&portal, engine, sql).await;
        }
        // Rows of a chain cannot be backdated. So the clock is advanced, and sessions expire with it.
        portal.clock.advance(jiff::SignedDuration::from_hours(24 * 31));
        portal.wait_for_round("audit-maintenance").await;
        let (whole, said) = verify_chain(&portal, None);
        assert!(whole && said.contains("they were erased"), "{said}");
        let report = passback::verify_audit(&portal.database, Some(portal.demo.config()), None).await.unwrap();
        assert_eq!(report.breaks, Vec::<String>::new(), "the MACs, too");
        for sql in [
            "SELECT COUNT(*) FROM resets WHERE name <> '' OR upn <> ''",
            "SELECT COUNT(*) FROM reset_notes",
            "SELECT COUNT(*) FROM search_words",
            "SELECT COUNT(*) FROM person_numbers",
            "SELECT COUNT(*) FROM audit_personal",
        ] {
            assert_eq!(count_rows(&portal, engine, sql).await, 0, "{sql}");
        }
        let erasures = "SELECT COUNT(*) FROM audit WHERE event = 'audit.personal_erased'";
        assert!(count_rows(&portal, engine, erasures).await > 0);
        portal.demo.stop().await;
    }
}
