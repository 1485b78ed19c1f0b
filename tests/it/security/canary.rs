//! Searches for secrets where they must not be: the log at trace level, every file, metrics, backups, error pages, and
//! the output of `config check`. The emulator provides every token that it issued.

use passback_emulator::{FaultEffect, FaultTarget, InjectedFault};

use crate::support::fleet::{FleetSettings, PortalFleet, free_port, person_upn, seed_with_people};
use crate::support::mail_server::TestMailServer;
use crate::support::portal::{DatabaseEngine, HttpBrowser};
use crate::support::raw_client;
use crate::support::secret_scan::{contains_bytes, encoded_forms, list_files};

const MAIL_PASSWORD: &str = "Mail-Qx53-Granite-Sail";
const PASSWORD_CANARY: &str = "Canary-Qx47-Marble-Tide";

/// Runs resets that succeed and fail, because each leaves different traces. Returns the browsers and all pages that
/// they showed.
async fn run_sample_resets(fleet: &PortalFleet) -> (Vec<HttpBrowser>, String) {
    let mut pages = String::new();
    let mut browsers = Vec::new();
    for (n, effect) in
        [None, Some(FaultEffect::DropAnswer), Some(FaultEffect::Redirect { to: "http://127.0.0.1:1/".into() })]
            .into_iter()
            .enumerate()
    {
        if let Some(effect) = effect {
            fleet.add_fault(InjectedFault::new(FaultTarget::ResetPassword, effect).for_person(&person_upn(n)));
        }
        // The Microsoft check before the reset, with each kind of response.
        let beforehand = [
            FaultEffect::Delay { ms: 1 },
            FaultEffect::Drip { ms: 300 },
            FaultEffect::Redirect { to: "http://127.0.0.1:1/".into() },
        ];
        fleet.add_fault(InjectedFault::new(FaultTarget::ValidatePassword, beforehand[n].clone()).times(1));
        let mut browser = fleet.signed_in(&person_upn(n)).await;
        browser.post_once("/reset/check", &[("password", PASSWORD_CANARY)]).await;
        pages += &browser.post("/reset", &[("password", PASSWORD_CANARY), ("again", "other")]).await.body;
        let page = browser.submit_reset(PASSWORD_CANARY).await;
        let reference = page.reference();
        browser.wait_until(&reference, |s| s["state"] != "sending" && s["state"] != "writing").await;
        pages += &browser.get(&format!("/resets/{reference}")).await.body;
        pages += &browser.get("/signin/callback?code=x&state=y").await.body;
        pages += &browser.get("/nothing").await.body;
        browsers.push(browser);
    }
    (browsers, pages)
}

/// Configuration lines for `[reset]`, followed by `[policy]` and `[notify]`.
fn reset_lines_with_mail(port: u16) -> String {
    format!(
        "{}\n[policy]\nmicrosoft_check = true\n[notify]\nkind = \"smtp\"\nfrom = \"passback@contoso.example\"\n[notify.smtp]\nhost = \"127.0.0.1\"\n\
         tls = \"none\"\nport = {port}\nusername = \"passback\"\npassword = \"{MAIL_PASSWORD}\"",
        FleetSettings::default().reset_lines
    )
}

/// Opens the links from the mails, presses their buttons, and returns the secret tokens.
async fn use_mail_links(browsers: &[HttpBrowser], mailbox: &TestMailServer) -> Vec<String> {
    let mut links = Vec::new();
    for mail in mailbox.wait_for_mails(2).await {
        let mut browser = browsers[0].clone();
        browser.get(&mail.not_me_link()).await;
        browser.post(&mail.not_me_link(), &[]).await;
        links.push(mail.not_me_link().trim_start_matches("/not-me/").to_owned());
        assert!(!mail.text.contains(PASSWORD_CANARY));
    }
    links
}

/// Returns the secrets that must not appear anywhere, each with its name.
fn collect_secrets(fleet: &PortalFleet, browsers: &[HttpBrowser]) -> Vec<(&'static str, String)> {
    let mut secrets =
        vec![("the password", PASSWORD_CANARY.to_owned()), ("the client secret", raw_client::CLIENT_SECRET.to_owned())];
    for token in fleet.emulator.issued_tokens() {
        // Of a signed token, the secret part is the signature.
        secrets.push(("a token or code", token.rsplit('.').next().unwrap_or(&token).to_owned()));
    }
    let ids = browsers.iter().flat_map(|b| &b.cookies).filter_map(|(_, cookie)| cookie.strip_prefix("passback="));
    secrets.extend(ids.map(|id| ("a session id", id.to_owned())));
    secrets
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_secret_reaches_logs_files_or_pages() {
    let fleet =
        PortalFleet::new(DatabaseEngine::Sqlite, seed_with_people(3).with_delegated_permission("User.ReadWrite")).await;
    let inside = free_port();
    let server = format!("metrics_listen = \"127.0.0.1:{inside}\"");
    let mailbox = TestMailServer::start().await;
    let reset = reset_lines_with_mail(mailbox.port);
    fleet.write_config(&FleetSettings { server_lines: &server, reset_lines: &reset, ..FleetSettings::default() });
    let mut portal = fleet.start_replica(fleet.port, &[("PASSBACK_LOG", "trace")]).await;
    fleet.link_operator().await;
    let (browsers, pages) = run_sample_resets(&fleet).await;
    assert_eq!(fleet.emulator.count_calls(FaultTarget::ValidatePassword, None), 3, "Microsoft was asked beforehand");
    let links = use_mail_links(&browsers, &mailbox).await;
    let metrics = raw_client::http_client()
        .get(format!("http://127.0.0.1:{inside}/metrics"))
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    let copy = fleet.data_path().join("backup.db");
    assert!(fleet.cli_command(&["backup"]).arg("--to").arg(&copy).status().unwrap().success());
    let check = fleet.cli_command(&["config", "check"]).output().unwrap();
    let said = format!("{}{}", String::from_utf8_lossy(&check.stdout), String::from_utf8_lossy(&check.stderr));
    portal.stop();

    let mut secrets = collect_secrets(&fleet, &browsers);
    secrets.extend([
        ("the mail server's password", MAIL_PASSWORD.to_owned()),
        ("the same as sent", mailbox.mails()[0].login.clone().unwrap()),
    ]);
    secrets.extend(links.into_iter().map(|token| ("a link in a mail", token)));
    assert!(secrets.len() > 20, "there is something to look for: {}", secrets.len());
    let mut places: Vec<(String, Vec<u8>)> = vec![
        ("the pages".into(), pages.into_bytes()),
        ("/metrics".into(), metrics.into_bytes()),
        ("config check".into(), said.into_bytes()),
    ];
    for file in list_files(fleet.data_path()) {
        // The configuration contains the client secret, because this test put it there.
        if file.extension().is_none_or(|e| e != "toml") {
            places.push((file.display().to_string(), std::fs::read(&file).unwrap()));
        }
    }
    let size: usize = places.iter().map(|(_, bytes)| bytes.len()).sum();
    assert!(size > 500_000, "there is something to look through: {size}");
    for (place, bytes) in &places {
        for (what, secret) in &secrets {
            for form in encoded_forms(secret) {
                assert!(!contains_bytes(bytes, &form), "{place} holds {what}: {secret}");
            }
        }
    }
}
