//! Client authentication at Entra by certificate or federated token, while people sign in and reset.

use std::path::Path;

use jiff::SignedDuration;
use passback::config::ClientCredentialKind;
use passback_emulator::{FaultEffect, FaultTarget, InjectedFault};
use reqwest::StatusCode;

use crate::support::client_credentials::{TOKEN_SUBJECT, TestCertificate, TokenIssuer, contoso_with_credentials};
use crate::support::fleet::free_port;
use crate::support::portal::{PortalSetup, TestPortal, VALID_PASSWORD, full_upn};
use crate::support::raw_client;
use crate::support::wait::wait_until;

fn setup_with_certificate(folder: &Path, metrics: u16) -> PortalSetup {
    let folder = folder.to_owned();
    PortalSetup::with_config(move |config| {
        config.server.metrics_listen = Some(([127, 0, 0, 1], metrics).into());
        config.entra.credential.kind = ClientCredentialKind::Certificate;
        config.entra.credential.certificate_file = Some(folder.join("cert.pem"));
        config.entra.credential.key_file = Some(folder.join("key.pem"));
    })
}

fn setup_with_federated_token(folder: &Path) -> PortalSetup {
    let file = folder.join("token");
    PortalSetup::with_config(move |config| {
        config.entra.credential.kind = ClientCredentialKind::Federated;
        config.entra.credential.token_file = Some(file.clone());
    })
}

/// A fault with which Graph rejects the operator's token once, so that the portal refreshes it.
fn rejected_token_fault() -> InjectedFault {
    let effect = FaultEffect::Status {
        status: 401,
        code: "InvalidAuthenticationToken".into(),
        retry_after: None,
        graph_body: true,
    };
    InjectedFault::new(FaultTarget::ResetPassword, effect).times(1)
}

/// Resets Wanda's password. This takes an app token and one refresh of the operator's token.
async fn reset_as_wanda(portal: &TestPortal) {
    portal.demo.tenant.add_fault(rejected_token_fault());
    let mut wanda = portal.signed_in("wanda").await;
    let reference = wanda.submit_reset(VALID_PASSWORD).await.reference();
    wanda.wait_for_state(&reference, "written").await;
    assert_eq!(portal.demo.tenant.count_calls(FaultTarget::ResetPassword, None), 2);
}

#[tokio::test]
async fn portal_with_certificate_needs_no_secret() {
    let (folder, certificate, metrics) = (tempfile::tempdir().unwrap(), TestCertificate::issue(), free_port());
    certificate.write_files(folder.path());
    let seed = contoso_with_credentials(&[&certificate], None);
    let portal = TestPortal::start_with(PortalSetup { seed, ..setup_with_certificate(folder.path(), metrics) }).await;
    reset_as_wanda(&portal).await;
    let proofs = portal.demo.tenant.client_authentications();
    // The administrator, the operator twice, the app token, Wanda, and the operator's refresh.
    assert!(proofs.len() >= 6, "{proofs:?}");
    assert!(proofs.iter().all(|proof| *proof == format!("certificate {}", certificate.thumbprint)), "{proofs:?}");
    let text = raw_client::http_client()
        .get(format!("http://127.0.0.1:{metrics}/metrics"))
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    let line = text.lines().find(|line| line.starts_with("passback_credential_expires_seconds ")).unwrap();
    assert!(line.split(' ').nth(1).unwrap().parse::<i64>().unwrap() > 86_400, "{line}");
}

#[tokio::test]
async fn client_certificate_renewed_during_sign_ins_is_used() {
    let (folder, old, new) = (tempfile::tempdir().unwrap(), TestCertificate::issue(), TestCertificate::issue());
    old.write_files(folder.path());
    let seed = contoso_with_credentials(&[&old, &new], None);
    let portal =
        TestPortal::start_with(PortalSetup { seed, ..setup_with_certificate(folder.path(), free_port()) }).await;
    let people = ["wanda", "omar", "luca", "carl", "sven", "nina", "lotte", "clara"];
    let signing = people.map(|name| portal.signed_in(name));
    let count_proofs = || portal.demo.tenant.client_authentications().len();
    let before = count_proofs();
    // The first of them has proved the client, and the others are on their way.
    let renewing = async {
        wait_until("the first sign-in", async || count_proofs() > before).await;
        new.write_files(folder.path());
    };
    // Every person must reach the form: `signed_in` fails otherwise.
    tokio::join!(futures_util::future::join_all(signing), renewing);
    portal.signed_in("mona").await;
    let proofs = portal.demo.tenant.client_authentications();
    assert_eq!(*proofs.first().unwrap(), format!("certificate {}", old.thumbprint));
    assert_eq!(*proofs.last().unwrap(), format!("certificate {}", new.thumbprint));
    reset_as_wanda(&portal).await;
}

#[tokio::test]
async fn changed_federated_token_is_read_again() {
    let (folder, issuer) = (tempfile::tempdir().unwrap(), TokenIssuer::new());
    let write = |portal: Option<&TestPortal>, id: &str| {
        let now = portal.map_or_else(jiff::Timestamp::now, |portal| portal.clock.now());
        std::fs::write(folder.path().join("token"), issuer.issue_token(now.as_second(), id)).unwrap();
    };
    write(None, "one");
    let seed = contoso_with_credentials(&[], Some(&issuer));
    let portal = TestPortal::start_with(PortalSetup { seed, ..setup_with_federated_token(folder.path()) }).await;
    reset_as_wanda(&portal).await;
    assert!(
        portal
            .demo
            .tenant
            .client_authentications()
            .iter()
            .all(|proof| *proof == format!("federated {TOKEN_SUBJECT} one"))
    );
    write(Some(&portal), "two");
    portal.signed_in("luca").await;
    assert_eq!(*portal.demo.tenant.client_authentications().last().unwrap(), format!("federated {TOKEN_SUBJECT} two"));
}

#[tokio::test]
async fn rejected_credential_keeps_operator_link() {
    let (folder, issuer) = (tempfile::tempdir().unwrap(), TokenIssuer::new());
    let write = |now: jiff::Timestamp| {
        std::fs::write(folder.path().join("token"), issuer.issue_token(now.as_second(), "t")).unwrap();
    };
    write(jiff::Timestamp::now());
    let seed = contoso_with_credentials(&[], Some(&issuer));
    let portal = TestPortal::start_with(PortalSetup { seed, ..setup_with_federated_token(folder.path()) }).await;
    let mut wanda = portal.signed_in("wanda").await;
    // The token file has expired, and Graph rejects the operator's access token.
    write(jiff::Timestamp::now() - SignedDuration::from_hours(2));
    portal.demo.tenant.add_fault(rejected_token_fault());
    let reference = wanda.submit_reset(VALID_PASSWORD).await.reference();
    assert_eq!(wanda.wait_for_state(&reference, "refused").await["cause"], "R-OPERATOR");
    assert_eq!(wanda.get("/reset").await.code(), "G-CANNOT-CHECK", "nothing is wrong with the operator");
    write(jiff::Timestamp::now());
    let reference = wanda.submit_reset(VALID_PASSWORD).await.reference();
    wanda.wait_for_state(&reference, "written").await;
    assert_eq!(operator_faults(&portal).await, Vec::<String>::new());
}

#[tokio::test]
async fn claims_challenge_blocks_resets_until_operator_is_relinked() {
    let portal = TestPortal::start().await;
    // The password is written when the clock is advanced.
    let slow = InjectedFault::new(FaultTarget::Writeback, FaultEffect::Slow { ms: 300_000 });
    portal.demo.tenant.add_fault(slow);
    portal.demo.tenant.add_fault(InjectedFault::new(FaultTarget::Operation, FaultEffect::ClaimsChallenge).times(1));
    let mut wanda = portal.signed_in("wanda").await;
    let mut luca = portal.signed_in("luca").await;
    let reference = wanda.submit_reset(VALID_PASSWORD).await.reference();
    let is_blocked = async || luca.get("/reset").await.status == StatusCode::SERVICE_UNAVAILABLE;
    wait_until("the form is blocked", is_blocked).await;
    assert_eq!(luca.get("/reset").await.code(), "G-OPERATOR");
    let refreshes = portal.demo.tenant.count_calls(FaultTarget::Token, None);
    // The next poll of the operation is due.
    portal.clock.advance(SignedDuration::from_secs(10));
    portal.wait_for_round("reset-tracker").await;
    assert_eq!(wanda.fetch_status(&reference).await["state"], "writing", "it waits");
    assert_eq!(portal.demo.tenant.count_calls(FaultTarget::Token, None), refreshes, "a new token would bring nothing");

    let mut adam = portal.browser();
    let page = adam.sign_in("/signin?purpose=staff", &full_upn("adam"), "passkey", "").await;
    assert!(page.body.contains("Microsoft wants it to sign in again"), "{}", page.body);
    adam.sign_in("/admin/operator/link", &full_upn("svc-passback"), "passkey", "").await;
    adam.post("/admin/operator/confirm", &[]).await;
    portal.clock.advance(SignedDuration::from_mins(5));
    wanda.wait_for_state(&reference, "written").await;
    assert_eq!(portal.demo.tenant.count_calls(FaultTarget::ResetPassword, None), 1);
    assert_eq!(operator_faults(&portal).await, ["relink"]);
}

#[tokio::test]
async fn claims_challenge_on_reset_refuses_it_without_retry() {
    const SQL: &str = "SELECT COUNT(*) FROM answers WHERE status = 401 AND request_id IS NOT NULL";
    let portal = TestPortal::start().await;
    portal.demo.tenant.add_fault(InjectedFault::new(FaultTarget::ResetPassword, FaultEffect::ClaimsChallenge).times(1));
    let mut wanda = portal.signed_in("wanda").await;
    let reference = wanda.submit_reset(VALID_PASSWORD).await.reference();
    assert_eq!(wanda.wait_for_state(&reference, "refused").await["cause"], "R-OPERATOR");
    assert_eq!(portal.demo.tenant.count_calls(FaultTarget::ResetPassword, None), 1);
    assert_eq!(wanda.get("/reset").await.code(), "G-OPERATOR");
    assert_eq!(operator_faults(&portal).await, ["relink"]);
    // The stored response has the request id, which Microsoft's support asks for.
    let pool = sqlx::SqlitePool::connect(&portal.database).await.unwrap();
    let (kept,): (i64,) = sqlx::query_as(SQL).fetch_one(&pool).await.unwrap();
    assert_eq!(kept, 1, "Graph's answer is kept for the desk");
}

/// Returns the operator faults in the audit log.
async fn operator_faults(portal: &TestPortal) -> Vec<String> {
    const SQL: &str = "SELECT detail FROM audit WHERE event = 'operator.trouble' ORDER BY seq";
    let pool = sqlx::SqlitePool::connect(&portal.database).await.unwrap();
    let rows: Vec<(String,)> = sqlx::query_as(SQL).fetch_all(&pool).await.unwrap();
    let read = |text: &String| {
        serde_json::from_str::<serde_json::Value>(text).unwrap()["trouble"].as_str().unwrap().to_owned()
    };
    rows.iter().map(|(text,)| read(text)).collect()
}

/// No person is present to answer a challenge for the operator, so its tokens must not declare the capability to Graph.
#[tokio::test]
async fn operator_declares_no_client_capability() {
    let portal = TestPortal::start().await;
    let mut adam = portal.browser();
    adam.sign_in("/signin?purpose=staff", &full_upn("adam"), "passkey", "").await;
    let answer = adam.get_once("/admin/operator/link").await;
    let to = answer.headers()["location"].to_str().unwrap();
    assert!(to.contains("/authorize?") && !to.contains("claims=") && !to.contains("cp1"), "{to}");
    reset_as_wanda(&portal).await;
    assert_eq!(portal.demo.tenant.requested_claims(), Vec::<String>::new());
}
