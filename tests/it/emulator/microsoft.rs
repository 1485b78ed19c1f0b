//! Microsoft's own client libraries work against the emulator, over TLS, for Entra and Graph.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::support::child_process::{ChildProcess, guarded_command};
use crate::support::raw_client;

#[test]
fn microsofts_client_libraries_work_against_emulator_over_tls() {
    let dir = tempfile::tempdir().unwrap();
    let (cert, key) = (dir.path().join("cert.pem"), dir.path().join("key.pem"));
    let pair = rcgen::KeyPair::generate().unwrap();
    let made = rcgen::CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap().self_signed(&pair).unwrap();
    std::fs::write(&cert, made.pem()).unwrap();
    std::fs::write(&key, pair.serialize_pem()).unwrap();

    // Microsoft's libraries read the person's own profile. This needs a consent that the portal does not need.
    let contoso = passback_emulator::CONTOSO_SEED;
    let contoso = contoso.replace("delegated = [", "delegated = [\"User.Read\", ");
    let seeded = dir.path().join("contoso.toml");
    std::fs::write(&seeded, contoso).unwrap();

    let mut tenant = guarded_command(env!("CARGO_BIN_EXE_passback"));
    tenant
        .arg("tenant")
        .arg("--seed")
        .arg(&seeded)
        .args(["--listen", "127.0.0.1:0", "--redirect", raw_client::REDIRECT_URI, "--tls"])
        .arg(&cert)
        .arg(&key)
        .stdout(Stdio::piped());
    let mut tenant = ChildProcess::spawn(tenant);
    let mut lines = BufReader::new(tenant.stdout.take().unwrap()).lines();
    let said: Value = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
    let (url, authority) = (said["url"].as_str().unwrap(), said["authority"].as_str().unwrap());
    assert!(url.starts_with("https://127.0.0.1:"), "{said}");

    let settings = json!({
        "url": url,
        "tenant": authority.strip_prefix(&format!("{url}/")).unwrap().split('/').next().unwrap(),
        "client_id": raw_client::CLIENT_ID,
        "client_secret": raw_client::CLIENT_SECRET,
        "redirect": raw_client::REDIRECT_URI,
        "graph_scope": url,
    });
    let answer = Command::new("node")
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/openid/microsoft.mjs"))
        .arg(settings.to_string())
        .env("NODE_EXTRA_CA_CERTS", &cert)
        .output()
        .expect("node is here: tests/run.sh installs it");
    assert!(answer.status.success(), "{}", String::from_utf8_lossy(&answer.stderr));
    let saw: Value = serde_json::from_slice(&answer.stdout).unwrap();

    assert_eq!(saw["people"], saw["count"], "all pages, and Graph's own count");
    assert!(saw["people"].as_i64().is_some_and(|people| people > 10), "{saw}");
    assert_eq!(saw["wanda"]["displayName"], "Wanda Writeback");
    assert_eq!((&saw["wanda"]["onPremisesSyncEnabled"], &saw["synchronised"]), (&json!(true), &json!(true)));
    assert_eq!(saw["policies"], json!(["enabled"]));
    assert_eq!(saw["nobody"], "404 Request_ResourceNotFound");
    assert_eq!(saw["not_permitted"], "403 Authorization_RequestDenied", "the application may not");
    assert_eq!((&saw["signed_in"], &saw["me"]), (&json!("wanda@contoso.example"), &json!("wanda@contoso.example")));
    assert_eq!((&saw["same_person"], &saw["renewed"]), (&json!(true), &json!(true)));
}
