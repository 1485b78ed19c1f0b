//! A minimal HTTP client: sends the same bytes repeatedly over connections that stay open.

use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Returns the bytes of a GET request.
pub(crate) fn get_request(port: u16, path: &str, cookie: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nCookie: {cookie}\r\nAccept: text/html\r\n\r\n")
        .into_bytes()
}

/// Reads one response with a `content-length` and returns its status line.
pub(crate) async fn read_response(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> std::io::Result<String> {
    buffer.clear();
    let mut head_end = None;
    loop {
        if head_end.is_none() {
            head_end = buffer.windows(4).position(|w| w == b"\r\n\r\n").map(|at| at + 4);
        }
        if let Some(end) = head_end {
            let head = String::from_utf8_lossy(&buffer[..end]).to_ascii_lowercase();
            let length =
                head.lines().find_map(|l| l.strip_prefix("content-length: ")).map_or(0, |l| l.trim().parse().unwrap());
            if buffer.len() >= end + length {
                return Ok(head.lines().next().unwrap().to_owned());
            }
        }
        if stream.read_buf(buffer).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
    }
}

/// Returns the requests per second over `connections` connections during `span`. Every response must be a 200.
pub(crate) async fn measure_rate(port: u16, request: &[u8], connections: usize, span: Duration) -> f64 {
    let until = Instant::now() + span;
    let began = Instant::now();
    let tasks: Vec<_> = (0..connections)
        .map(|_| {
            let request = request.to_vec();
            tokio::spawn(async move {
                let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
                stream.set_nodelay(true).unwrap();
                let (mut count, mut buffer) = (0_u64, Vec::with_capacity(32 * 1024));
                while Instant::now() < until {
                    stream.write_all(&request).await.unwrap();
                    let status = read_response(&mut stream, &mut buffer).await.unwrap();
                    assert!(status.contains(" 200 "), "{status}");
                    count += 1;
                }
                count
            })
        })
        .collect();
    let mut all = 0;
    for task in tasks {
        all += task.await.unwrap();
    }
    all as f64 / began.elapsed().as_secs_f64()
}
