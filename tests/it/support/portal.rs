//! The complete product, started like the demo, and HTTP browsers for people.

use passback::config::Config;
use passback::demo::{ConfigOverride, DemoOptions, RunningDemo};
use passback::{Clock, Random};
use passback_emulator::{LdapsOptions, TenantSeed};
use reqwest::{Client, Response, StatusCode, header};
use serde_json::Value;
use url::Url;

use super::raw_client;
use super::wait::{DEADLINE, wait_for_value, wait_until};

pub(crate) const VALID_PASSWORD: &str = "Quiet-Harbour-92";

/// The database of a test: always SQLite, and PostgreSQL if `TEST_DATABASE_URL` is set (`make test` sets it).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DatabaseEngine {
    Sqlite,
    Postgres,
}

pub(crate) fn available_engines() -> Vec<DatabaseEngine> {
    if std::env::var("TEST_DATABASE_URL").is_ok() {
        return vec![DatabaseEngine::Sqlite, DatabaseEngine::Postgres];
    }
    println!("TEST_DATABASE_URL is not set: this ran on SQLite alone");
    vec![DatabaseEngine::Sqlite]
}

pub(crate) struct TestPortal {
    pub(crate) demo: RunningDemo,
    pub(crate) clock: Clock,
    /// The URL of its database.
    pub(crate) database: String,
    _dir: tempfile::TempDir,
}

/// Options for the portal of a test.
pub(crate) struct PortalSetup {
    pub(crate) engine: DatabaseEngine,
    pub(crate) seed: TenantSeed,
    pub(crate) configure: ConfigOverride,
    pub(crate) link_operator: bool,
    /// A real directory behind the writeback agent.
    pub(crate) directory: Option<LdapsOptions>,
}

impl Default for PortalSetup {
    fn default() -> Self {
        Self {
            engine: DatabaseEngine::Sqlite,
            seed: TenantSeed::contoso().unwrap().with_short_delays(),
            configure: Box::new(|_| {}),
            link_operator: true,
            directory: None,
        }
    }
}

impl PortalSetup {
    pub(crate) fn with_config(adjust: impl Fn(&mut Config) + Send + Sync + 'static) -> Self {
        Self { configure: Box::new(adjust), ..Self::default() }
    }
}

impl TestPortal {
    pub(crate) async fn start() -> Self {
        Self::start_with(PortalSetup::default()).await
    }

    pub(crate) async fn start_on(engine: DatabaseEngine) -> Self {
        Self::start_with(PortalSetup { engine, ..PortalSetup::default() }).await
    }

    pub(crate) async fn start_with(wish: PortalSetup) -> Self {
        raw_client::install_crypto();
        let clock = Clock::system();
        let dir = tempfile::tempdir().unwrap();
        let database = match wish.engine {
            DatabaseEngine::Sqlite => format!("sqlite://{}", dir.path().join("passback.db").display()),
            DatabaseEngine::Postgres => create_schema().await,
        };
        let options = DemoOptions {
            seed: Some(wish.seed),
            database: Some(database.clone()),
            data_dir: Some(dir.path().to_owned()),
            clock: clock.clone(),
            config_override: wish.configure,
            link_operator: wish.link_operator,
            directory: wish.directory,
            ..DemoOptions::default()
        };
        // Configuration and seed are large. Without the box, every test's future would contain them.
        let demo = Box::pin(RunningDemo::start(options)).await.unwrap();
        Self { demo, clock, database, _dir: dir }
    }

    pub(crate) fn browser(&self) -> HttpBrowser {
        HttpBrowser { http: raw_client::http_client(), portal_url: self.demo.url(), cookies: Vec::new() }
    }

    /// Waits until this background task has begun and ended a round after this call: what it could do, it has done.
    pub(crate) async fn wait_for_round(&self, task: &'static str) {
        // The round that runs now may have begun before the call, so it does not count.
        let wanted = self.demo.background_rounds(task) + 2;
        let what = format!("a round of {task}");
        wait_until(what, async || self.demo.background_rounds(task) >= wanted).await;
    }

    /// Returns a browser that requests these languages.
    pub(crate) fn browser_with_languages(&self, languages: &str) -> HttpBrowser {
        HttpBrowser { http: raw_client::http_client_with_languages(languages), ..self.browser() }
    }

    /// Returns a browser in which this person has signed in with a passkey.
    pub(crate) async fn signed_in(&self, name: &str) -> HttpBrowser {
        let mut browser = self.browser();
        let page = browser.sign_in("/signin", &full_upn(name), "passkey", "").await;
        assert!(page.status.is_success() || page.status == StatusCode::SERVICE_UNAVAILABLE, "{name}: {}", page.body);
        assert!(page.url.starts_with(&browser.portal_url), "{name} is still at {}: {}", page.url, page.body);
        browser
    }
}

pub(crate) fn full_upn(name: &str) -> String {
    if name.contains('@') { name.to_owned() } else { format!("{name}@contoso.example") }
}

pub(crate) async fn create_schema() -> String {
    use sqlx::Connection as _;
    let url = std::env::var("TEST_DATABASE_URL").unwrap();
    let name = format!("j{}", Random::system().uuid().simple());
    let mut connection = sqlx::PgConnection::connect(&url).await.unwrap();
    sqlx::query(sqlx::AssertSqlSafe(format!("CREATE SCHEMA {name}"))).execute(&mut connection).await.unwrap();
    let separator = if url.contains('?') { '&' } else { '?' };
    format!("{url}{separator}options=-csearch_path%3D{name}")
}

/// A response as the person sees it.
pub(crate) struct ResponsePage {
    pub(crate) status: StatusCode,
    pub(crate) url: String,
    pub(crate) body: String,
}

impl ResponsePage {
    /// Returns the code of a refusal (`data-code`).
    pub(crate) fn code(&self) -> String {
        self.attribute("data-code")
    }

    pub(crate) fn attribute(&self, name: &str) -> String {
        let after = self
            .body
            .split_once(&format!("{name}=\""))
            .unwrap_or_else(|| panic!("no {name} at {} ({}): {}", self.url, self.status, self.body))
            .1;
        after.split('"').next().unwrap().to_owned()
    }

    pub(crate) fn reference(&self) -> String {
        self.url
            .split("/resets/")
            .nth(1)
            .unwrap_or_else(|| panic!("not a reset: {} {}", self.url, self.body))
            .split('?')
            .next()
            .unwrap()
            .to_owned()
    }

    /// Returns the language that the page declares.
    pub(crate) fn language(&self) -> String {
        let html = self.body.split_once("<html").unwrap_or_else(|| panic!("no page: {}", self.body)).1;
        html.split_once("lang=\"").unwrap().1.split('"').next().unwrap().to_owned()
    }

    /// Returns the main part without the values that differ between runs: times, references, ports.
    pub(crate) fn main_text(&self) -> String {
        let main = self.body.split_once("<main").unwrap().1.split_once('>').unwrap().1.split_once("</main>").unwrap().0;
        let mut text = main.trim().to_owned();
        for (before, after) in [
            ("datetime=\"", "\""),
            ("data-elapsed=\"", "\""),
            ("<bdi class=\"big\">", "<"),
            ("data-revision=\"", "\""),
            ("<bdi id=\"phrase\" dir=\"ltr\" translate=\"no\">", "<"),
            ("href=\"/resets/", "\""),
            ("action=\"/resets/", "\""),
        ] {
            text = mask_between(&text, before, after);
        }
        let text = mask_times(&text);
        let text = mask_between(&text, "<p class=\"quiet\" data-spelled>", "<");
        text.lines().map(str::trim_end).filter(|l| !l.trim().is_empty()).collect::<Vec<_>>().join("\n")
    }
}

fn mask_between(text: &str, before: &str, after: &str) -> String {
    let mut parts = text.split(before);
    let mut result = parts.next().unwrap_or("").to_owned();
    for part in parts {
        let rest = part.split_once(after).map_or("", |(_, rest)| rest);
        result.extend([before, "…", after, rest]);
    }
    result
}

/// Masks the numbers in `<time …>14:05:09 UTC</time>` and "Took 2 seconds", and keeps the words.
fn mask_times(text: &str) -> String {
    let mut parts: Vec<&str> = text.split("</time>").collect();
    let mut result = Vec::new();
    let last = parts.pop().unwrap_or("").to_owned();
    for part in parts {
        let cut = part.rfind('>').map_or(0, |at| at + 1);
        result.push(format!("{}…", &part[..cut]));
    }
    result.push(last);
    let text = result.join("</time>");
    let digits = |word: &str| word.chars().all(|c| c.is_ascii_digit());
    let mut words: Vec<String> = text.split(' ').map(str::to_owned).collect();
    for at in 1..words.len() {
        if (words[at].starts_with("second") || words[at].starts_with("minute")) && digits(&words[at - 1]) {
            "N".clone_into(&mut words[at - 1]);
            words[at] = words[at].replace("seconds", "second(s)").replace("minutes", "minute(s)");
            if !words[at].contains('(') {
                words[at] = words[at].replace("second", "second(s)").replace("minute", "minute(s)");
            }
        }
    }
    words.join(" ")
}

/// A browser without JavaScript. It keeps cookies by host and follows redirects.
#[derive(Clone)]
pub(crate) struct HttpBrowser {
    pub(crate) http: Client,
    pub(crate) portal_url: String,
    pub(crate) cookies: Vec<(String, String)>,
}

impl HttpBrowser {
    fn absolute_url(&self, path: &str) -> String {
        if path.starts_with("http") { path.to_owned() } else { format!("{}{path}", self.portal_url) }
    }

    /// Returns the cookies that it sends to the portal.
    pub(crate) fn cookie_header(&self) -> String {
        self.cookie_header_for(Url::parse(&self.portal_url).unwrap().authority())
    }

    fn cookie_header_for(&self, host: &str) -> String {
        let mine: Vec<&str> = self.cookies.iter().filter(|(h, _)| h == host).map(|(_, c)| c.as_str()).collect();
        mine.join("; ")
    }

    async fn send(&mut self, request: reqwest::RequestBuilder, at: &str) -> Response {
        let host = Url::parse(at).unwrap().authority().to_owned();
        let answer = request.header(header::COOKIE, self.cookie_header_for(&host)).send().await.unwrap();
        for cookie in answer.headers().get_all(header::SET_COOKIE) {
            let pair = cookie.to_str().unwrap().split(';').next().unwrap().to_owned();
            let name = pair.split('=').next().unwrap().to_owned();
            self.cookies.retain(|(h, c)| *h != host || !c.starts_with(&format!("{name}=")));
            self.cookies.push((host.clone(), pair));
        }
        answer
    }

    /// Sends one request and follows no redirect.
    pub(crate) async fn get_once(&mut self, path: &str) -> Response {
        let url = self.absolute_url(path);
        let request = self.http.get(&url);
        self.send(request, &url).await
    }

    pub(crate) async fn post_once(&mut self, path: &str, fields: &[(&str, &str)]) -> Response {
        let url = self.absolute_url(path);
        let request = self.http.post(&url).form(fields).header("sec-fetch-site", "same-origin");
        self.send(request, &url).await
    }

    async fn follow_redirects(&mut self, mut url: String, mut answer: Response) -> ResponsePage {
        for _ in 0..8 {
            let Some(to) = answer.headers().get(header::LOCATION).map(|l| l.to_str().unwrap().to_owned()) else {
                break;
            };
            url = Url::parse(&url).unwrap().join(&to).unwrap().to_string();
            let request = self.http.get(&url);
            answer = self.send(request, &url).await;
        }
        ResponsePage { status: answer.status(), url, body: answer.text().await.unwrap() }
    }

    pub(crate) async fn get(&mut self, path: &str) -> ResponsePage {
        let url = self.absolute_url(path);
        let answer = self.get_once(path).await;
        self.follow_redirects(url, answer).await
    }

    pub(crate) async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> ResponsePage {
        let url = self.absolute_url(path);
        let answer = self.post_once(path, fields).await;
        self.follow_redirects(url, answer).await
    }

    /// Signs in: from a page of the portal through the emulated Entra to the last page.
    pub(crate) async fn sign_in(&mut self, from: &str, account: &str, method: &str, secret: &str) -> ResponsePage {
        let entra = self.get(from).await;
        if !entra.url.contains("/oauth2/v2.0/authorize") {
            return entra;
        }
        self.post(&entra.url, &[("account", account), ("method", method), ("password", secret), ("tap", secret)]).await
    }

    pub(crate) async fn submit_reset(&mut self, password: &str) -> ResponsePage {
        self.post("/reset", &[("password", password), ("again", password)]).await
    }

    /// Returns the request of the reset form without sending it.
    pub(crate) fn reset_request(&self, password: &str) -> reqwest::RequestBuilder {
        let request = self.http.post(format!("{}/reset", self.portal_url)).header("sec-fetch-site", "same-origin");
        request.header(header::COOKIE, self.cookie_header()).form(&[("password", password), ("again", password)])
    }

    pub(crate) async fn fetch_status(&mut self, reference: &str) -> Value {
        let url = self.absolute_url(&format!("/resets/{reference}"));
        let request = self.http.get(&url).header(header::ACCEPT, "application/json");
        let answer = self.send(request, &url).await;
        assert_eq!(answer.status(), StatusCode::OK);
        answer.json().await.unwrap()
    }

    /// Returns the status, or `None` if this portal cannot answer now.
    pub(crate) async fn try_fetch_status(&mut self, url: &str) -> Option<Value> {
        let mine = self.cookie_header_for(Url::parse(url).unwrap().authority());
        let request = self.http.get(url).header(header::ACCEPT, "application/json").header(header::COOKIE, mine);
        let answer = request.timeout(DEADLINE).send().await.ok()?;
        if answer.status().is_success() { answer.json().await.ok() } else { None }
    }

    /// Waits until the status fulfils `wanted`.
    pub(crate) async fn wait_until(&mut self, reference: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let what = format!("the status of {reference}");
        wait_for_value(what, async || self.fetch_status(reference).await, wanted).await
    }

    pub(crate) async fn wait_for_state(&mut self, reference: &str, state: &str) -> Value {
        self.wait_until(reference, |status| status["state"] == state).await
    }
}

/// Returns the evidence checkpoints of a status.
pub(crate) fn reached_checkpoints(status: &Value) -> Vec<String> {
    status["evidence"].as_array().unwrap().iter().map(|e| e["rung"].as_str().unwrap().to_owned()).collect()
}
