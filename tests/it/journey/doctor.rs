//! `passback doctor` detects every kind of problem and changes nothing.

use std::collections::BTreeMap;

use passback_emulator::{FaultEffect, FaultTarget, InjectedFault, TenantSeed};
use serde_json::Value;

use crate::support::domain::SambaDomain;
use crate::support::fleet::{FleetSettings, OPERATOR, PortalFleet};
use crate::support::portal::{DatabaseEngine, engines, upn};

fn contoso(change: impl Fn(&str) -> String) -> TenantSeed {
    TenantSeed::parse(&change(passback_emulator::CONTOSO_SEED)).unwrap()
}

/// Exit code and findings of one run.
struct DoctorOutput {
    code: i32,
    findings: Vec<Value>,
}

impl DoctorOutput {
    fn of(&self, check: &str, level: &str) -> Vec<String> {
        let fits = |finding: &&Value| finding["check"] == check && finding["level"] == level;
        self.findings.iter().filter(fits).map(|finding| finding["says"].as_str().unwrap().to_owned()).collect()
    }

    fn has(&self, check: &str, level: &str, part: &str) {
        let said = self.of(check, level);
        assert!(said.iter().any(|text| text.contains(part)), "{check} {level} {part}: {:#?}", self.findings);
        // Every problem has a remedy.
        for finding in self.findings.iter().filter(|finding| finding["check"] == check && finding["level"] == level) {
            if level != "ok" {
                assert!(finding["remedy"].as_str().is_some_and(|text| text.len() > 5), "{finding}");
            }
        }
    }
}

/// Blocks this thread. The emulator runs in the other thread of the runtime.
fn doctor(fleet: &PortalFleet) -> DoctorOutput {
    let done = fleet.command(&["doctor", "--json"]).env("PASSBACK_LOG", "off").output().unwrap();
    let said = String::from_utf8(done.stdout).unwrap();
    let read: Value = serde_json::from_str(&said).unwrap_or_else(|_| {
        panic!("{said} {}", String::from_utf8_lossy(&done.stderr));
    });
    DoctorOutput { code: done.status.code().unwrap(), findings: read["findings"].as_array().unwrap().clone() }
}

/// Returns a fleet whose portal was started once, had its operator linked, and is stopped.
async fn ran_once(engine: DatabaseEngine, seed: TenantSeed) -> PortalFleet {
    let fleet = PortalFleet::new(engine, seed).await;
    let mut portal = fleet.start(fleet.port, &[]).await;
    fleet.link().await;
    portal.stop();
    fleet
}

/// Returns every row of every table as text.
async fn dump(fleet: &PortalFleet) -> BTreeMap<String, Vec<String>> {
    let sqlite = fleet.database.starts_with("sqlite");
    let mut all = BTreeMap::new();
    if sqlite {
        let pool = sqlx::SqlitePool::connect(&fleet.database).await.unwrap();
        let tables: Vec<(String,)> =
            sqlx::query_as("SELECT name FROM sqlite_master WHERE type = 'table'").fetch_all(&pool).await.unwrap();
        for (table,) in tables {
            let columns: Vec<(String,)> =
                sqlx::query_as("SELECT name FROM pragma_table_info($1)").bind(&table).fetch_all(&pool).await.unwrap();
            let columns: Vec<String> = columns.into_iter().map(|(c,)| format!("quote(\"{c}\")")).collect();
            let sql = format!("SELECT {} FROM \"{table}\"", columns.join(" || '|' || "));
            let rows: Vec<(String,)> = sqlx::query_as(sqlx::AssertSqlSafe(sql)).fetch_all(&pool).await.unwrap();
            all.insert(table, rows.into_iter().map(|(row,)| row).collect());
        }
        pool.close().await;
    } else {
        let pool = sqlx::PgPool::connect(&fleet.database).await.unwrap();
        let tables: Vec<(String,)> =
            sqlx::query_as("SELECT tablename::text FROM pg_tables WHERE schemaname = current_schema()")
                .fetch_all(&pool)
                .await
                .unwrap();
        for (table,) in tables {
            let sql = format!("SELECT CAST(t.* AS TEXT) FROM \"{table}\" t");
            let rows: Vec<(String,)> = sqlx::query_as(sqlx::AssertSqlSafe(sql)).fetch_all(&pool).await.unwrap();
            all.insert(table, rows.into_iter().map(|(row,)| row).collect());
        }
        pool.close().await;
    }
    all
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_portal_that_is_well_is_told_so_and_nothing_is_changed_by_looking() {
    for engine in engines() {
        let fleet = ran_once(engine, contoso(str::to_owned)).await;
        let (before, asked) = (dump(&fleet).await, fleet.tenant.seen().len());
        let found = doctor(&fleet);
        assert_eq!(dump(&fleet).await, before, "not a row");
        let posts: Vec<String> = fleet.tenant.seen()[asked..]
            .iter()
            .filter(|(method, path, _)| method != "GET" && !path.ends_with("/token"))
            .map(|(method, path, _)| format!("{method} {path}"))
            .collect();
        assert!(posts.is_empty(), "{posts:?}");
        for (check, part) in [
            ("names", "127.0.0.1"),
            ("database", "all tables"),
            ("discovery", "signing keys"),
            ("permissions", "the application has exactly what it needs"),
            ("permissions", "the operator has exactly what it needs"),
            ("clock", "agrees"),
            ("operator", "Authentication Administrator for /administrativeUnits/"),
            ("sealing-keys", "open"),
            ("policy", "c1: \"Password reset: sign in without the password\" proves"),
            ("policy", "c2:"),
            ("synchronisation", "12 minutes ago"),
        ] {
            found.has(check, "ok", part);
        }
        found.has("configuration", "warning", "tenant emulator");
        found.has("policy", "warning", "1 accounts are excluded");
        found.has("directory", "warning", "no domain controller");
        found.has("mail", "warning", "off");
        found.has("canary", "warning", "no test account");
        found.has("approvers", "warning", "0 people");
        found.has("credential", "warning", "client secret");
        assert!(found.findings.iter().all(|finding| finding["level"] != "error"), "{:#?}", found.findings);
        assert_eq!(found.code, 2);
        let said = fleet.command(&["doctor"]).env("PASSBACK_LOG", "off").output().unwrap();
        let said = String::from_utf8(said.stdout).unwrap();
        assert!(said.contains("WARNING mail: is off") && said.contains("        do: set up [notify]"), "{said}");
        fleet.tenant.stop().await;
    }
}

/// Writes the default configuration with more lines at its end.
fn and(fleet: &PortalFleet, more: &str) {
    fleet.configure(&FleetSettings::default());
    let text = std::fs::read_to_string(&fleet.config).unwrap();
    std::fs::write(&fleet.config, format!("{text}{more}\n")).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_is_wrong_with_the_settings_is_named_with_what_to_do() {
    let fleet = ran_once(DatabaseEngine::Sqlite, contoso(str::to_owned)).await;
    let whole = std::fs::read_to_string(&fleet.config).unwrap();
    let with = |from: &str, to: &str| {
        assert!(whole.contains(from), "{from}");
        std::fs::write(&fleet.config, whole.replace(from, to)).unwrap();
        doctor(&fleet)
    };
    let found = with("[reset]", "[signin]\naccept_unverified_policy = true\n[reset]");
    found.has("configuration", "error", "accept_unverified_policy");
    assert_eq!(found.code, 1);
    with("credential =", "allow_other_hosts = true\ncredential =").has("configuration", "error", "allow_other_hosts");
    with("[reset]", "[operator]\ntenant_wide = true\n[reset]").has("configuration", "warning", "tenant_wide");
    with("[reset]", "[reset]\nper_persn_hour = 3").has("configuration", "error", "per_persn_hour");
    with("secret = \"", "secret = \"wrong-").has("permissions", "error", "7000215");
    let lost = with("seal-k1-7", "seal-k1-9");
    lost.has("sealing-keys", "error", "seal-k1-9");
    let gone = with("passback.db", "nothing-here.db");
    gone.has("database", "error", "");
    // A key other than the one that sealed the tokens.
    fleet.configure(&FleetSettings { keys: &[("k1", 9)], ..FleetSettings::default() });
    doctor(&fleet).has("sealing-keys", "error", "operator's tokens");
    and(
        &fleet,
        "[notify]\nkind = \"smtp\"\nfrom = \"p@contoso.example\"\n[notify.smtp]\nhost = \"127.0.0.1\"\nport = 9\ntls = \"none\"",
    );
    doctor(&fleet).has("mail", "error", "cannot be reached");
    and(&fleet, "[canary]\nperson = \"omar@contoso.example\"");
    doctor(&fleet).has("canary", "warning", "never reset so far");
    fleet.tenant.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_is_wrong_at_microsoft_is_named_with_what_to_do() {
    let strength = "strength = \"5e1f0000-0000-4000-8000-000000000001\"";
    let mfa = "strength = \"00000000-0000-0000-0000-000000000002\"";
    let fleet = ran_once(DatabaseEngine::Sqlite, contoso(str::to_owned)).await;
    let fault = |call, effect| {
        fleet.tenant.clear_faults();
        fleet.tenant.add_fault(InjectedFault::on(call, effect));
        doctor(&fleet)
    };
    fault(FaultTarget::Policies, FaultEffect::Hangup).has("policy", "unknown", "cannot be read");
    fault(FaultTarget::Roles, FaultEffect::Hangup).has("operator", "unknown", "roles cannot be read");
    let dead = fault(
        FaultTarget::Token,
        FaultEffect::Status { status: 503, code: "x".into(), retry_after: None, graph_body: false },
    );
    dead.has("permissions", "error", "no token");
    fleet.tenant.clear_faults();
    fleet.tenant.set_sync_age(5 * 3600);
    doctor(&fleet).has("synchronisation", "warning", "300 minutes");
    fleet.tenant.give_role(OPERATOR, "62e90394-69f5-4237-9190-012177145e10".parse().unwrap());
    doctor(&fleet).has("operator", "error", "Global Administrator");
    let text = std::fs::read_to_string(&fleet.config).unwrap();
    std::fs::write(&fleet.config, text.replace(&fleet.tenant.authority(), "http://127.0.0.1:9/nobody/v2.0")).unwrap();
    let found = doctor(&fleet);
    found.has("discovery", "error", "");
    assert_eq!(found.code, 1);
    fleet.tenant.stop().await;

    for (seed, check, level, part) in [
        (
            contoso(|t| t.replace("state = \"enabled\"", "state = \"enabledForReportingButNotEnforced\"")),
            "policy",
            "error",
            "only reports",
        ),
        (contoso(|t| t.replace(strength, mfa)), "policy", "error", "forgotten password"),
        (contoso(|t| t.replace("every_time = true", "every_time = false")), "policy", "warning", "every time"),
        (contoso(|t| t.replace("contexts = [\"c1\", \"c2\"]", "contexts = [\"c1\"]")), "policy", "error", "c2"),
        (contoso(str::to_owned).without("Device.Read.All"), "permissions", "error", "lacks Device.Read.All"),
        (
            contoso(str::to_owned).granting("Directory.ReadWrite.All"),
            "permissions",
            "warning",
            "also has Directory.ReadWrite.All",
        ),
        (
            contoso(str::to_owned).granting("User-PasswordProfile.ReadWrite.All"),
            "permissions",
            "error",
            "User-PasswordProfile.ReadWrite.All",
        ),
    ] {
        let fleet = PortalFleet::new(DatabaseEngine::Sqlite, seed).await;
        let mut portal = fleet.start(fleet.port, &[]).await;
        assert_eq!(fleet.browser().get("/readyz").await.status, 200, "its tables are there");
        portal.stop();
        let found = doctor(&fleet);
        found.has(check, level, part);
        found.has("operator", "error", "none is linked");
        fleet.tenant.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_real_domain_controller_is_looked_at_with_the_probes_own_rights() {
    let domain = SambaDomain::start("Old-River-Stone-7").await;
    let fleet = ran_once(DatabaseEngine::Sqlite, contoso(str::to_owned)).await;
    let section = |probe: &crate::support::domain::ProbeSettings| {
        format!(
            "[directory]\nurl = \"{}\"\nbind_dn = \"{}\"\npassword_file = \"{}\"\nbase_dn = \"{}\"\nca_file = \"{}\"\n",
            probe.url,
            probe.bind_dn,
            probe.password_file.display(),
            probe.base_dn,
            probe.ca_file.display()
        )
    };
    let canary = "[canary]\nperson = \"fina@contoso.example\"";
    and(&fleet, &format!("{}{canary}", section(&domain.probe())));
    let found = doctor(&fleet);
    found.has("directory", "ok", "answers the probe");
    found.has("directory", "ok", "clock is");
    and(&fleet, &format!("{}{canary}", section(&domain.probe_without_rights())));
    doctor(&fleet).has("directory", "warning", "fine-grained policy");
    let mut wrong = domain.probe();
    wrong.base_dn = "OU=Nowhere,DC=corp,DC=example".to_owned();
    and(&fleet, &section(&wrong));
    doctor(&fleet).has("directory", "error", "refused to search");
    fleet.tenant.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn approvers_are_counted_by_their_sign_ins() {
    let fleet = PortalFleet::new(DatabaseEngine::Sqlite, contoso(str::to_owned)).await;
    let mut portal = fleet.start(fleet.port, &[]).await;
    for name in ["april", "hana", "april", "hugo"] {
        let mut browser = fleet.browser();
        browser.sign_in("/signin?purpose=staff", &upn(name), "passkey", "").await;
    }
    portal.stop();
    doctor(&fleet).has("approvers", "warning", "2 people");
    fleet.tenant.stop().await;
}
