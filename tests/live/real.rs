//! One complete run of the live check: check the person, sign in with a pass, reset, wait for evidence, finish, clean
//! up.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use passback::config::{Config, load_config};
use passback::{Clock, Random, ops};
use serde_json::Value;
use url::Url;

use crate::pages::{SignInSite, appears_within, fill_field, press_element};
use crate::support::chromium::{ChromiumBrowser, DESKTOP};

/// Writeback takes seconds. After this time something is wrong.
const WRITEBACK_TIMEOUT: Duration = Duration::from_mins(10);

/// Settings that the administrator provides for the live check.
pub(crate) struct LiveCheckSettings {
    /// A portal's configuration with the operator linked in its database, at `http://localhost:<port>` (which Entra
    /// allows).
    pub(crate) config: PathBuf,
    /// The object id of the group whose members may be touched. Others are refused.
    pub(crate) group: String,
    pub(crate) person: String,
    /// A Temporary Access Pass of the person.
    pub(crate) pass: String,
}

/// A portal process that stops with the check.
struct PortalProcess(Child);

impl Drop for PortalProcess {
    fn drop(&mut self) {
        let _ = Command::new("kill").args(["-TERM", &self.0.id().to_string()]).status();
        let until = Instant::now() + Duration::from_secs(20);
        while self.0.try_wait().is_ok_and(|done| done.is_none()) && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(100));
        }
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Returns the measured values. In every case the portal and the browser stop, and the person is signed out.
pub(crate) async fn run_journey(settings: &LiveCheckSettings) -> Result<String, String> {
    let config = load_config(&settings.config).map_err(|error| error.to_string())?;
    check_doctor(settings).await?;
    check_person(settings, &config).await?;
    let url = config.server.public_url.clone();
    let _portal = start_portal(settings, &url).await?;
    let browser = ChromiumBrowser::start(DESKTOP).await;
    let done = reset_and_finish(settings, &browser, &url, SignInSite::from_authority(&config.entra.authority())).await;
    let _ = browser.client.goto(url.as_str()).await;
    if appears_within(&browser, "form[action='/signout'] button", Duration::from_secs(5)).await {
        let _ = press_element(&browser, "form[action='/signout'] button").await;
    }
    browser.close().await;
    done
}

/// Runs `passback doctor` first, so that errors are reported before a person is touched.
async fn check_doctor(settings: &LiveCheckSettings) -> Result<(), String> {
    let report = ops::run_doctor(&settings.config, Clock::system(), Random::system()).await;
    report.text_lines().iter().for_each(|line| println!("{line}"));
    let report = serde_json::to_value(&report).map_err(|error| error.to_string())?;
    let errors = report["findings"].as_array().into_iter().flatten().filter(|finding| finding["level"] == "error");
    let errors: Vec<&str> = errors.filter_map(|finding| finding["says"].as_str()).collect();
    if errors.is_empty() { Ok(()) } else { Err(format!("doctor: {}", errors.join("; "))) }
}

/// Refuses a person who is not a member of the group or holds a role.
async fn check_person(settings: &LiveCheckSettings, config: &Config) -> Result<(), String> {
    let graph = GraphReader::new(settings, config).await?;
    let person =
        graph.get_json(&format!("users/{}?$select=id,userPrincipalName,accountEnabled", settings.person)).await?;
    let id = person["id"].as_str().ok_or("Graph names no such person")?;
    let groups = graph.get_json(&format!("users/{id}/transitiveMemberOf/microsoft.graph.group?$select=id")).await?;
    let member = groups["value"].as_array().into_iter().flatten().any(|group| group["id"] == settings.group.as_str());
    if !member {
        return Err(format!("{} is not in the group {}, so nothing was done", settings.person, settings.group));
    }
    let roles =
        graph.get_json(&format!("roleManagement/directory/roleAssignments?$filter=principalId eq '{id}'")).await?;
    if roles["value"].as_array().is_none_or(|roles| !roles.is_empty()) {
        return Err(format!("{} holds a role, so nothing was done", settings.person));
    }
    Ok(())
}

/// A Graph client with an app token.
struct GraphReader {
    http: reqwest::Client,
    graph: Url,
    token: String,
}

impl GraphReader {
    /// Requests an app token. The app must have a client secret, which an app in a test tenant has.
    async fn new(settings: &LiveCheckSettings, config: &Config) -> Result<Self, String> {
        let text = std::fs::read_to_string(&settings.config).map_err(|error| error.to_string())?;
        let raw: toml::Value = toml::from_str(&text).map_err(|error| error.to_string())?;
        let credential = raw.get("entra").and_then(|entra| entra.get("credential"));
        let named = |name: &str| credential.and_then(|c| c.get(name)).and_then(toml::Value::as_str).map(str::to_owned);
        let of_file = || named("secret_file").and_then(|file| std::fs::read_to_string(file).ok());
        let secret = named("secret").or_else(of_file).ok_or("the live check takes an application with a secret")?;
        let http = reqwest::Client::new();
        let graph = config.entra.graph_url();
        let mut token = config.entra.authority();
        token.set_path(&format!("/{}/oauth2/v2.0/token", config.entra.tenant_id));
        let scope = format!("{}/.default", graph.origin().ascii_serialization());
        let client = config.entra.client_id.to_string();
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", &client),
            ("client_secret", secret.trim()),
            ("scope", &scope),
        ];
        let answer = http.post(token).form(&form).send().await.map_err(|error| error.to_string())?;
        let answer: Value = answer.json().await.map_err(|error| error.to_string())?;
        let token = answer["access_token"].as_str().ok_or_else(|| format!("no token: {}", answer["error"]))?.to_owned();
        Ok(Self { http, graph, token })
    }

    async fn get_json(&self, path: &str) -> Result<Value, String> {
        let url = format!("{}/{path}", self.graph.as_str().trim_end_matches('/'));
        let answer = self.http.get(&url).bearer_auth(&self.token).header("ConsistencyLevel", "eventual").send().await;
        let answer = answer.map_err(|error| error.to_string())?;
        if !answer.status().is_success() {
            return Err(format!("{path}: {}", answer.status()));
        }
        answer.json().await.map_err(|error| error.to_string())
    }
}

async fn start_portal(settings: &LiveCheckSettings, url: &Url) -> Result<PortalProcess, String> {
    let port = url.port_or_known_default().ok_or("public_url has no port")?;
    let listen = format!("127.0.0.1:{port}");
    let mut command = Command::new(env!("CARGO_BIN_EXE_passback"));
    command.args(["serve", "--config"]).arg(&settings.config).env("PASSBACK__SERVER__LISTEN", &listen);
    let child = command.stdin(Stdio::null()).spawn().map_err(|error| error.to_string())?;
    let portal = PortalProcess(child);
    for _ in 0..200 {
        if reqwest::get(format!("http://{listen}/readyz")).await.is_ok_and(|answer| answer.status().is_success()) {
            return Ok(portal);
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Err("the portal did not start".to_owned())
}

/// Returns a random password that is not stored anywhere.
fn random_password() -> String {
    format!("Live-{}-9", Random::system().uuid().simple())
}

async fn reset_and_finish(
    settings: &LiveCheckSettings,
    browser: &ChromiumBrowser,
    url: &Url,
    pages: SignInSite,
) -> Result<String, String> {
    let (first, last) = (random_password(), random_password());
    browser.open(url.as_str()).await;
    press_element(browser, "a[href='/signin']").await?;
    pages.sign_in_with_pass(browser, &settings.person, &settings.pass).await?;
    fill_field(browser, "#reset-form #password", &first).await?;
    fill_field(browser, "#again", &first).await?;
    press_element(browser, "#reset-form button[type=submit]").await?;
    let began = Instant::now();
    if !appears_within(browser, "[data-state=written]", WRITEBACK_TIMEOUT).await {
        return Err("the password was not written in ten minutes".to_owned());
    }
    let written = began.elapsed();
    // Entra's audit log may be minutes late. The check continues without it.
    let carried = appears_within(browser, "[data-rung=carried][data-look=done]", Duration::from_mins(5)).await;
    press_element(browser, "#finish").await?;
    pages.sign_in_with_password(browser, (&first, &last), url.as_str()).await?;
    if !appears_within(browser, "[data-state=finished]", Duration::from_mins(2)).await {
        return Err("Microsoft did not show the finishing sign-in".to_owned());
    }
    Ok(format!("written_s={:.1} carried={carried} finished=true", written.as_secs_f64()))
}
