//! The binary as an administrator runs it.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::support::child_process::{ChildProcess, guarded_command};
use crate::support::portal::{HttpBrowser, full_upn};
use crate::support::raw_client;
use crate::support::secret_scan::{contains_bytes, encoded_forms, list_files};
use crate::support::wait::wait_until;

/// A password that must not appear in any log, file or table.
const PASSWORD_CANARY: &str = "Canary-Zx81-Quartz-Lamp";

struct DemoProcess {
    child: ChildProcess,
    portal_url: String,
    log: std::path::PathBuf,
}

/// Starts `passback demo --json` with everything logged.
fn start_demo(data: &Path) -> DemoProcess {
    let log = data.join("stderr.log");
    let mut command = guarded_command(env!("CARGO_BIN_EXE_passback"));
    command
        .args(["demo", "--json", "--port", "0", "--tenant-port", "0", "--data-dir"])
        .arg(data.join("data"))
        .env("PASSBACK_LOG", "trace")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(std::fs::File::create(&log).unwrap());
    let mut child = ChildProcess::spawn(command);
    let mut first = String::new();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    out.read_line(&mut first).unwrap();
    std::thread::spawn(move || std::io::copy(&mut out, &mut std::io::sink()));
    let line: Value = serde_json::from_str(&first).unwrap();
    assert_eq!(line["service"], "portal");
    DemoProcess { child, portal_url: line["url"].as_str().unwrap().to_owned(), log }
}

#[tokio::test]
async fn password_reaches_no_log_database_or_file() {
    let dir = tempfile::tempdir().unwrap();
    let mut demo = start_demo(dir.path());
    let mut wanda =
        HttpBrowser { http: raw_client::http_client(), portal_url: demo.portal_url.clone(), cookies: Vec::new() };
    let form = wanda.sign_in("/signin", &full_upn("wanda"), "passkey", "").await;
    assert!(form.status.is_success(), "{}", form.body);
    wanda.post_once("/reset/check", &[("password", PASSWORD_CANARY)]).await;
    wanda.submit_reset(&PASSWORD_CANARY.to_lowercase()[..8]).await;
    let reference = wanda.submit_reset(PASSWORD_CANARY).await.reference();
    wanda.wait_for_state(&reference, "written").await;
    // A graceful stop, so that all pending data is written.
    let stopped = Command::new("kill").args(["-TERM", &demo.child.id().to_string()]).status().unwrap();
    assert!(stopped.success());
    wait_until("the demo has stopped", async || demo.child.try_wait().unwrap().is_some()).await;
    // The other cookies hold a language, whose two letters appear everywhere.
    let sessions: Vec<&str> = wanda.cookies.iter().filter_map(|(_, cookie)| cookie.strip_prefix("passback=")).collect();
    assert_eq!(sessions.len(), 1, "{:?}", wanda.cookies);
    let mut looked = 0;
    for entry in list_files(dir.path()) {
        let mut bytes = Vec::new();
        std::fs::File::open(&entry).unwrap().read_to_end(&mut bytes).unwrap();
        looked += bytes.len();
        for form in encoded_forms(PASSWORD_CANARY) {
            assert!(!contains_bytes(&bytes, &form), "{} holds the password", entry.display());
        }
        for id in &sessions {
            assert!(id.len() > 15, "an id and no word");
            let kept = entry.extension().is_some_and(|e| e == "db") && contains_bytes(&bytes, id.as_bytes());
            assert!(!kept, "the session id stands in the database");
        }
    }
    assert!(looked > 100_000, "there was something to look through: {looked} bytes, log {}", demo.log.display());
}

#[tokio::test]
async fn core_dumps_and_ptrace_are_off() {
    let dir = tempfile::tempdir().unwrap();
    let demo = start_demo(dir.path());
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", demo.child.id())).unwrap();
    let core = limits.lines().find(|l| l.starts_with("Max core file size")).unwrap();
    assert_eq!(core.split_whitespace().nth(4), Some("0"), "{core}");
    // In `/proc`, a process that is not dumpable belongs to root, whichever user runs it: its memory is closed to its
    // own user.
    let status =
        Command::new("sh").arg("-c").arg(format!("stat -c %U /proc/{}/environ", demo.child.id())).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&status.stdout).trim(), "root");
}

#[test]
fn invalid_config_explains_what_to_do() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("passback.toml");
    std::fs::write(&file, "[server]\npublic_url = \"http://reset.example.org\"\n").unwrap();
    let done =
        Command::new(env!("CARGO_BIN_EXE_passback")).args(["config", "check", "--config"]).arg(&file).output().unwrap();
    assert!(!done.status.success());
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    assert!(said.contains("missing") && !said.contains("panicked"), "{said}");
    let gone = Command::new(env!("CARGO_BIN_EXE_passback"))
        .args(["audit", "verify", "--database", "mysql://x"])
        .output()
        .unwrap();
    assert!(String::from_utf8_lossy(&gone.stderr).contains("must start with sqlite:// or postgres://"), "{gone:?}");
}
