//! `passback doctor` detects every kind of problem and changes nothing.

use std::collections::BTreeMap;

use passback_emulator::{FaultEffect, FaultTarget, InjectedFault, TenantSeed};
use serde_json::Value;

use crate::support::fleet::{FleetSettings, OPERATOR_UPN, PortalFleet};
use crate::support::portal::{DatabaseEngine, available_engines, full_upn};
use crate::support::samba_domain::SambaDomain;

fn edited_contoso(change: impl Fn(&str) -> String) -> TenantSeed {
    TenantSeed::parse(&change(passback_emulator::CONTOSO_SEED)).unwrap()
}

/// Exit code and findings of one run.
struct DoctorOutput {
    exit_code: i32,
    findings: Vec<Value>,
}

impl DoctorOutput {
    fn finding_texts(&self, check: &str, level: &str) -> Vec<String> {
        let fits = |finding: &&Value| finding["check"] == check && finding["level"] == level;
        self.findings.iter().filter(fits).map(|finding| finding["says"].as_str().unwrap().to_owned()).collect()
    }

    fn assert_finding(&self, check: &str, level: &str, part: &str) {
        let said = self.finding_texts(check, level);
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
fn run_doctor(fleet: &PortalFleet) -> DoctorOutput {
    let done = fleet.cli_command(&["doctor", "--json"]).env("PASSBACK_LOG", "off").output().unwrap();
    let said = String::from_utf8(done.stdout).unwrap();
    let read: Value = serde_json::from_str(&said).unwrap_or_else(|_| {
        panic!("{said} {}", String::from_utf8_lossy(&done.stderr));
    });
    DoctorOutput { exit_code: done.status.code().unwrap(), findings: read["findings"].as_array().unwrap().clone() }
}

/// Returns a fleet whose portal was started once, had its operator linked, and is stopped.
async fn linked_fleet_after_first_start(engine: DatabaseEngine, seed: TenantSeed) -> PortalFleet {
    let fleet = PortalFleet::new(engine, seed).await;
    let mut portal = fleet.start_replica(fleet.port, &[]).await;
    fleet.link_operator().await;
    portal.stop();
    fleet
}

/// Returns every row of every table as text.
async fn dump_database(fleet: &PortalFleet) -> BTreeMap<String, Vec<String>> {
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
async fn healthy_portal_passes_doctor_unchanged() {
    for engine in available_engines() {
        let fleet = linked_fleet_after_first_start(engine, edited_contoso(str::to_owned)).await;
        let (before, asked) = (dump_database(&fleet).await, fleet.emulator.request_lines().len());
        let found = run_doctor(&fleet);
        assert_eq!(dump_database(&fleet).await, before, "not a row");
        let posts: Vec<String> = fleet.emulator.request_lines()[asked..]
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
            found.assert_finding(check, "ok", part);
        }
        found.assert_finding("configuration", "warning", "tenant emulator");
        found.assert_finding("policy", "warning", "1 accounts are excluded");
        found.assert_finding("directory", "warning", "no domain controller");
        found.assert_finding("mail", "warning", "off");
        found.assert_finding("canary", "warning", "no test account");
        found.assert_finding("approvers", "warning", "0 people");
        found.assert_finding("credential", "warning", "client secret");
        assert!(found.findings.iter().all(|finding| finding["level"] != "error"), "{:#?}", found.findings);
        assert_eq!(found.exit_code, 2);
        let said = fleet.cli_command(&["doctor"]).env("PASSBACK_LOG", "off").output().unwrap();
        let said = String::from_utf8(said.stdout).unwrap();
        assert!(said.contains("WARNING mail: is off") && said.contains("        do: set up [notify]"), "{said}");
        fleet.emulator.stop().await;
    }
}

/// Writes the default configuration with more lines at its end.
fn append_to_config(fleet: &PortalFleet, more: &str) {
    fleet.write_config(&FleetSettings::default());
    let text = std::fs::read_to_string(&fleet.config).unwrap();
    std::fs::write(&fleet.config, format!("{text}{more}\n")).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_setting_is_reported_with_remedy() {
    let fleet = linked_fleet_after_first_start(DatabaseEngine::Sqlite, edited_contoso(str::to_owned)).await;
    let whole = std::fs::read_to_string(&fleet.config).unwrap();
    let with = |from: &str, to: &str| {
        assert!(whole.contains(from), "{from}");
        std::fs::write(&fleet.config, whole.replace(from, to)).unwrap();
        run_doctor(&fleet)
    };
    let found = with("[reset]", "[signin]\naccept_unverified_policy = true\n[reset]");
    found.assert_finding("configuration", "error", "accept_unverified_policy");
    assert_eq!(found.exit_code, 1);
    with("credential =", "allow_other_hosts = true\ncredential =").assert_finding(
        "configuration",
        "error",
        "allow_other_hosts",
    );
    with("[reset]", "[operator]\ntenant_wide = true\n[reset]").assert_finding(
        "configuration",
        "warning",
        "tenant_wide",
    );
    let server = "[server]\nlisten = \"0.0.0.0:8080\"\ntrusted_proxies = [\"0.0.0.0/0\"]";
    let open = with("[server]", server);
    open.assert_finding("listener", "warning", "0.0.0.0:8080 is on the network, without TLS");
    open.assert_finding("proxy", "error", "contains every address");
    let https = with("public_url = \"http:", "public_url = \"https:");
    https.assert_finding("proxy", "warning", "server.trusted_proxies is empty");
    https.assert_finding("listener", "ok", "127.0.0.1:8080");
    with("[reset]", "[reset]\nper_persn_hour = 3").assert_finding("configuration", "error", "per_persn_hour");
    with("secret = \"", "secret = \"wrong-").assert_finding("permissions", "error", "7000215");
    let lost = with("seal-k1-7", "seal-k1-9");
    lost.assert_finding("sealing-keys", "error", "seal-k1-9");
    let gone = with("passback.db", "nothing-here.db");
    gone.assert_finding("database", "error", "");
    // A key other than the one that sealed the tokens.
    fleet.write_config(&FleetSettings { sealing_keys: &[("k1", 9)], ..FleetSettings::default() });
    run_doctor(&fleet).assert_finding("sealing-keys", "error", "operator's tokens");
    append_to_config(
        &fleet,
        "[notify]\nkind = \"smtp\"\nfrom = \"p@contoso.example\"\n[notify.smtp]\nhost = \"127.0.0.1\"\nport = 9\ntls = \"none\"",
    );
    run_doctor(&fleet).assert_finding("mail", "error", "cannot reach the mail server");
    append_to_config(&fleet, "[canary]\nperson = \"omar@contoso.example\"");
    run_doctor(&fleet).assert_finding("canary", "warning", "never reset so far");
    fleet.emulator.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fault_at_microsoft_is_reported_with_remedy() {
    let fleet = linked_fleet_after_first_start(DatabaseEngine::Sqlite, edited_contoso(str::to_owned)).await;
    let fault = |call, effect| {
        fleet.emulator.clear_faults();
        fleet.emulator.add_fault(InjectedFault::new(call, effect));
        run_doctor(&fleet)
    };
    fault(FaultTarget::Policies, FaultEffect::Hangup).assert_finding("policy", "unknown", "cannot be read");
    fault(FaultTarget::Roles, FaultEffect::Hangup).assert_finding("operator", "unknown", "roles cannot be read");
    let dead = fault(
        FaultTarget::Token,
        FaultEffect::Status { status: 503, code: "x".into(), retry_after: None, graph_body: false },
    );
    dead.assert_finding("permissions", "error", "no token");
    fleet.emulator.clear_faults();
    fleet.emulator.set_sync_age(5 * 3600);
    run_doctor(&fleet).assert_finding("synchronisation", "warning", "300 minutes");
    fleet.emulator.assign_role(OPERATOR_UPN, "62e90394-69f5-4237-9190-012177145e10".parse().unwrap());
    run_doctor(&fleet).assert_finding("operator", "error", "Global Administrator");
    let text = std::fs::read_to_string(&fleet.config).unwrap();
    std::fs::write(&fleet.config, text.replace(&fleet.emulator.authority(), "http://127.0.0.1:9/nobody/v2.0")).unwrap();
    let found = run_doctor(&fleet);
    found.assert_finding("discovery", "error", "");
    assert_eq!(found.exit_code, 1);
    fleet.emulator.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_tenant_setting_is_reported_with_remedy() {
    let strength = "strength = \"5e1f0000-0000-4000-8000-000000000001\"";
    let mfa = "strength = \"00000000-0000-0000-0000-000000000002\"";
    for (seed, check, level, part) in [
        (
            edited_contoso(|t| t.replace("state = \"enabled\"", "state = \"enabledForReportingButNotEnforced\"")),
            "policy",
            "error",
            "only reports",
        ),
        (edited_contoso(|t| t.replace(strength, mfa)), "policy", "error", "forgotten password"),
        (edited_contoso(|t| t.replace("every_time = true", "every_time = false")), "policy", "warning", "every time"),
        (edited_contoso(|t| t.replace("contexts = [\"c1\", \"c2\"]", "contexts = [\"c1\"]")), "policy", "error", "c2"),
        (
            edited_contoso(str::to_owned).without_application_permission("Device.Read.All"),
            "permissions",
            "error",
            "lacks Device.Read.All",
        ),
        (
            edited_contoso(str::to_owned).with_application_permission("Directory.ReadWrite.All"),
            "permissions",
            "warning",
            "also has Directory.ReadWrite.All",
        ),
        (
            edited_contoso(str::to_owned).with_application_permission("User-PasswordProfile.ReadWrite.All"),
            "permissions",
            "error",
            "User-PasswordProfile.ReadWrite.All",
        ),
    ] {
        let fleet = PortalFleet::new(DatabaseEngine::Sqlite, seed).await;
        let mut portal = fleet.start_replica(fleet.port, &[]).await;
        assert_eq!(fleet.browser().get("/readyz").await.status, 200, "its tables are there");
        portal.stop();
        let found = run_doctor(&fleet);
        found.assert_finding(check, level, part);
        found.assert_finding("operator", "error", "none is linked");
        fleet.emulator.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn real_domain_controller_is_checked_with_probe_account() {
    let domain = SambaDomain::start().await;
    let fleet = linked_fleet_after_first_start(DatabaseEngine::Sqlite, edited_contoso(str::to_owned)).await;
    let section = |probe: &crate::support::samba_domain::ProbeSettings| {
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
    append_to_config(&fleet, &format!("{}{canary}", section(&domain.probe_settings())));
    let found = run_doctor(&fleet);
    found.assert_finding("directory", "ok", "answers the probe");
    found.assert_finding("directory", "ok", "clock is");
    append_to_config(&fleet, &format!("{}{canary}", section(&domain.probe_without_policy_rights())));
    run_doctor(&fleet).assert_finding("directory", "warning", "fine-grained policy");
    let mut wrong = domain.probe_settings();
    wrong.base_dn = "OU=Nowhere,DC=corp,DC=example".to_owned();
    append_to_config(&fleet, &section(&wrong));
    run_doctor(&fleet).assert_finding("directory", "error", "rejected the request");
    fleet.emulator.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pause_is_reported_with_time_and_reason() {
    for engine in available_engines() {
        let fleet = linked_fleet_after_first_start(engine, edited_contoso(str::to_owned)).await;
        run_doctor(&fleet).assert_finding("pause", "ok", "not paused");
        assert!(fleet.cli_command(&["pause"]).status().unwrap().success());
        run_doctor(&fleet).assert_finding("pause", "error", "by the command line, without a reason");
        assert!(fleet.cli_command(&["resume"]).status().unwrap().success());
        assert!(fleet.cli_command(&["pause", "--reason", "a drill"]).status().unwrap().success());
        let found = run_doctor(&fleet);
        found.assert_finding("pause", "error", "by the command line, because: a drill");
        let since = format!("resets are paused since {}", &passback::Clock::system().now().to_string()[..10]);
        found.assert_finding("pause", "error", &since);
        fleet.emulator.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn approvers_are_counted_by_sign_ins() {
    let fleet = PortalFleet::new(DatabaseEngine::Sqlite, edited_contoso(str::to_owned)).await;
    let mut portal = fleet.start_replica(fleet.port, &[]).await;
    for name in ["april", "hana", "april", "hugo"] {
        let mut browser = fleet.browser();
        browser.sign_in("/signin?purpose=staff", &full_upn(name), "passkey", "").await;
    }
    portal.stop();
    run_doctor(&fleet).assert_finding("approvers", "warning", "2 people");
    fleet.emulator.stop().await;
}
