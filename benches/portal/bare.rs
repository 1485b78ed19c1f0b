//! The control for pages: an axum server with one route that answers the same bytes, in a process of its own.

use std::process::{Child, Command, Stdio};

use axum::Router;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::routing::get;

/// Serves what stands in `PASSBACK_BENCH_PAGE`, with `PASSBACK_BENCH_HEADERS`.
pub(crate) fn serve(port: u16) {
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

/// Such a server as a process.
pub(crate) struct Bare(pub(crate) Child);

impl Bare {
    pub(crate) fn start(port: u16, page: &std::path::Path, headers: &str) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--bare", &port.to_string()]).stdin(Stdio::null());
        command.env("PASSBACK_BENCH_PAGE", page).env("PASSBACK_BENCH_HEADERS", headers);
        Self(command.spawn().unwrap())
    }
}

impl Drop for Bare {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
