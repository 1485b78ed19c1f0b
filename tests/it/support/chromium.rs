//! A real browser: Debian's Chromium with its driver. Both end with the test.

use std::net::TcpListener;
use std::path::PathBuf;
use std::process::Stdio;

use fantoccini::error::CmdError;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::json;

use super::child_process::{ChildProcess, guarded_tree_command};
use super::wait::{DEADLINE, wait_for_value, wait_until};

pub(crate) struct ChromiumBrowser {
    pub(crate) client: Client,
    // Ends before its profile is removed: fields are dropped in this order.
    _driver: ChildProcess,
    _profile: tempfile::TempDir,
}

/// Window size, theme and JavaScript.
#[derive(Clone, Copy)]
pub(crate) struct BrowserOptions {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) dark: bool,
    pub(crate) script: bool,
}

pub(crate) const PHONE: BrowserOptions = BrowserOptions { width: 390, height: 844, dark: false, script: true };
pub(crate) const DESKTOP: BrowserOptions = BrowserOptions { width: 1280, height: 900, dark: false, script: true };

impl ChromiumBrowser {
    pub(crate) async fn start(looks: BrowserOptions) -> Self {
        assert!(
            PathBuf::from("/usr/bin/chromedriver").exists(),
            "chromium is not installed: `make test` installs what the tests need"
        );
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut command = guarded_tree_command("/usr/bin/chromedriver");
        command.arg(format!("--port={port}")).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let driver = ChildProcess::spawn(command);
        let profile = tempfile::tempdir().unwrap();
        let connect = async || {
            let mut builder = ClientBuilder::new(HttpConnector::new());
            builder.capabilities(browser_capabilities(looks, &profile));
            builder.connect(&format!("http://127.0.0.1:{port}")).await
        };
        let client = wait_for_value("Chromium starts", connect, Result::is_ok).await.unwrap();
        let chromium = Self { client, _driver: driver, _profile: profile };
        chromium.resize_window(looks).await;
        chromium
    }

    async fn resize_window(&self, looks: BrowserOptions) {
        self.client.set_window_size(looks.width, looks.height).await.unwrap();
    }

    pub(crate) async fn open(&self, url: &str) {
        self.client.goto(url).await.unwrap();
    }

    /// Clicks an element as soon as it is there. Live pages replace elements, so a click on a replaced one is repeated.
    pub(crate) async fn click(&self, css: &str) {
        self.repeat_until_done(css, async || self.client.find(Locator::Css(css)).await?.click().await).await;
    }

    /// Replaces the text of a field as soon as it is there.
    pub(crate) async fn type_into(&self, css: &str, text: &str) {
        let fill = async || {
            let field = self.client.find(Locator::Css(css)).await?;
            field.clear().await?;
            field.send_keys(text).await
        };
        self.repeat_until_done(css, fill).await;
    }

    async fn repeat_until_done(&self, css: &str, action: impl AsyncFn() -> Result<(), CmdError>) {
        wait_for_value(css, async || action().await.map_err(|error| error.to_string()), Result::is_ok).await.unwrap();
    }

    /// Waits until the browser has left this address, so that the next element is found on the next page.
    pub(crate) async fn wait_until_left(&self, url: &url::Url) {
        wait_until(format!("the browser leaves {url}"), async || self.client.current_url().await.unwrap() != *url)
            .await;
    }

    pub(crate) async fn text(&self, css: &str) -> String {
        self.client.find(Locator::Css(css)).await.unwrap().text().await.unwrap()
    }

    pub(crate) async fn wait_for(&self, css: &str) {
        let found = self.client.wait().at_most(DEADLINE).for_element(Locator::Css(css)).await;
        let source = if found.is_err() { self.client.source().await.unwrap() } else { String::new() };
        assert!(found.is_ok(), "{css} did not come: {source}");
    }

    /// Signs in with a passkey: from the landing page through Entra's page to the form.
    pub(crate) async fn sign_in(&self, portal: &str, account: &str) {
        self.open(portal).await;
        self.click("a[href='/signin']").await;
        self.sign_in_at_entra(account).await;
    }

    /// Signs in with a passkey on Entra's page and waits until that page has been left.
    ///
    /// Script presses the buttons of the emulator's page: the list of accounts opens over them while one types, and a
    /// click that closes the list presses nothing.
    pub(crate) async fn sign_in_at_entra(&self, account: &str) {
        self.type_into("#account", account).await;
        let entra = self.client.current_url().await.unwrap();
        for button in ["#m-passkey", "button[type=submit]"] {
            let press = "document.querySelector(arguments[0]).click()";
            self.client.execute(press, vec![json!(button)]).await.unwrap();
        }
        self.wait_until_left(&entra).await;
    }

    pub(crate) async fn submit_reset(&self, password: &str) {
        self.type_into("#reset-form #password", password).await;
        self.type_into("#again", password).await;
        self.click("#reset-form button[type=submit]").await;
    }

    pub(crate) async fn save_screenshot(&self, file: &std::path::Path) {
        std::fs::write(file, self.client.screenshot().await.unwrap()).unwrap();
    }

    pub(crate) async fn close(self) {
        let _ = self.client.clone().close().await;
    }
}

fn browser_capabilities(looks: BrowserOptions, profile: &tempfile::TempDir) -> fantoccini::wd::Capabilities {
    let mut arguments = vec![
        "--headless=new".to_owned(),
        "--no-sandbox".to_owned(),
        "--disable-gpu".to_owned(),
        "--disable-dev-shm-usage".to_owned(),
        "--disable-quic".to_owned(),
        "--no-first-run".to_owned(),
        "--disable-background-networking".to_owned(),
        "--disable-component-update".to_owned(),
        "--disable-sync".to_owned(),
        "--hide-scrollbars".to_owned(),
        format!("--user-data-dir={}", profile.path().display()),
    ];
    if looks.dark {
        arguments.push("--force-dark-mode".to_owned());
        arguments.push("--blink-settings=preferredColorScheme=0".to_owned());
    }
    let mut options = json!({ "args": arguments });
    if looks.width < 500 {
        options["mobileEmulation"] =
            json!({ "deviceMetrics": { "width": looks.width, "height": looks.height, "pixelRatio": 2.0 } });
    }
    if !looks.script {
        options["prefs"] = json!({ "profile.managed_default_content_settings.javascript": 2 });
    }
    let mut capabilities = fantoccini::wd::Capabilities::new();
    capabilities.insert("goog:chromeOptions".to_owned(), options);
    // A busy machine makes pages and scripts slower, and no test red.
    let longest = DEADLINE.as_secs() * 1_000;
    capabilities.insert("timeouts".to_owned(), json!({ "script": longest, "pageLoad": longest }));
    capabilities
}
