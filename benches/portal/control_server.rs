//! The control for page benchmarks: a separate process with one axum route that always returns the same bytes.

use std::process::{Child, Command, Stdio};

use axum::Router;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::routing::get;

/// Serves the file named by `PASSBACK_BENCH_PAGE` with the headers in `PASSBACK_BENCH_HEADERS`.
pub(crate) fn serve_page(port: u16) {
    let page =
        std::env::var("PASSBACK_BENCH_PAGE").map_or_else(|_| String::new(), |f| std::fs::read_to_string(f).unwrap());
    let headers = std::env::var("PASSBACK_BENCH_HEADERS").unwrap_or_default();
    let mut map = HeaderMap::new();
    for line in headers.lines() {
        if let Some((name, value)) = line.split_once(": ") {
            map.insert(name.parse::<HeaderName>().unwrap(), HeaderValue::from_str(value).unwrap());
        }
    }
    let page = axum::body::Bytes::from(page);
    let answer = move || {
        let (map, page) = (map.clone(), page.clone());
        async move { (map, page) }
    };
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await.unwrap();
        axum::serve(listener, Router::new().route("/", get(answer))).await.unwrap();
    });
}

/// A running control process. Dropping it kills the process.
pub(crate) struct ControlServer(pub(crate) Child);

impl ControlServer {
    pub(crate) fn start(port: u16, page: &std::path::Path, headers: &str) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--bare", &port.to_string()]).stdin(Stdio::null());
        command.env("PASSBACK_BENCH_PAGE", page).env("PASSBACK_BENCH_HEADERS", headers);
        Self(command.spawn().unwrap())
    }
}

impl Drop for ControlServer {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
