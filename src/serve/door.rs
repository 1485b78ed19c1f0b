//! Limits open connections in total and per address, whatever they send. A client that opens thousands of idle
//! connections uses up its own limit only.

use std::collections::HashMap;
use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use axum_server::accept::Accept;
use ipnet::IpNet;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use crate::config::ServerConfig;
use crate::web::address_name;

/// Limiter of open connections. Clones share the counts.
#[derive(Clone)]
pub(super) struct ConnectionLimiter(Arc<LimiterInner>);

struct LimiterInner {
    most: usize,
    most_each: usize,
    /// Trusted proxies are exempt from the limit per address, because they forward the connections of many clients.
    proxies: Vec<IpNet>,
    open: Mutex<OpenConnections>,
}

#[derive(Default)]
struct OpenConnections {
    all: usize,
    by_name: HashMap<String, usize>,
}

impl ConnectionLimiter {
    pub(super) fn new(settings: &ServerConfig) -> Self {
        Self(Arc::new(LimiterInner {
            most: settings.max_connections,
            most_each: settings.max_connections_per_address,
            proxies: settings.trusted_proxies.clone(),
            open: Mutex::default(),
        }))
    }

    /// Admits one connection until the permit is dropped. Returns `None` if a limit is reached.
    fn enter(&self, peer: IpAddr) -> Option<ConnectionPermit> {
        let proxy = self.0.proxies.iter().any(|net| net.contains(&peer));
        let name = (!proxy).then(|| address_name(peer));
        let mut open = self.open();
        if open.all >= self.0.most {
            return None;
        }
        if let Some(name) = &name {
            let mine = open.by_name.entry(name.clone()).or_default();
            if *mine >= self.0.most_each {
                return None;
            }
            *mine += 1;
        }
        open.all += 1;
        drop(open);
        Some(ConnectionPermit { door: self.clone(), name })
    }

    fn open(&self) -> std::sync::MutexGuard<'_, OpenConnections> {
        self.0.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Permit of one open connection. Dropping it releases the connection.
struct ConnectionPermit {
    door: ConnectionLimiter,
    name: Option<String>,
}

impl Drop for ConnectionPermit {
    fn drop(&mut self) {
        let mut open = self.door.open();
        open.all = open.all.saturating_sub(1);
        if let Some(name) = &self.name
            && let Some(mine) = open.by_name.get_mut(name)
        {
            *mine -= 1;
            if *mine == 0 {
                open.by_name.remove(name);
            }
        }
    }
}

impl<S> Accept<TcpStream, S> for ConnectionLimiter {
    type Stream = LimitedStream;
    type Service = S;
    type Future = std::future::Ready<io::Result<(LimitedStream, S)>>;

    fn accept(&self, stream: TcpStream, service: S) -> Self::Future {
        let accepted = stream.set_nodelay(true).and_then(|()| stream.peer_addr()).and_then(|peer| {
            let full = || io::Error::new(io::ErrorKind::ConnectionRefused, "too many connections");
            let inside = self.enter(peer.ip()).ok_or_else(full)?;
            Ok((LimitedStream { stream, _inside: inside }, service))
        });
        std::future::ready(accepted)
    }
}

/// Stream of a connection that is counted until it is closed.
pub(super) struct LimitedStream {
    stream: TcpStream,
    _inside: ConnectionPermit,
}

impl AsyncRead for LimitedStream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for LimitedStream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn door(most: usize, most_each: usize, proxies: &[&str]) -> ConnectionLimiter {
        let proxies = proxies.iter().map(|net| net.parse().unwrap()).collect();
        ConnectionLimiter(Arc::new(LimiterInner { most, most_each, proxies, open: Mutex::default() }))
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn one_address_fills_its_own_share_and_nobody_elses() {
        let door = door(10, 2, &[]);
        let held: Vec<_> = (0..2).map(|_| door.enter(ip("203.0.113.1")).unwrap()).collect();
        assert!(door.enter(ip("203.0.113.1")).is_none());
        assert!(door.enter(ip("203.0.113.2")).is_some());
        drop(held);
        assert!(door.enter(ip("203.0.113.1")).is_some());
        assert!(door.open().by_name.is_empty(), "closed connections leave no entry");
    }

    #[test]
    fn an_ipv6_household_is_one_address() {
        let door = door(10, 1, &[]);
        let _held = door.enter(ip("2001:db8:1:2::1")).unwrap();
        assert!(door.enter(ip("2001:db8:1:2::ffff")).is_none());
        assert!(door.enter(ip("2001:db8:1:3::1")).is_some());
    }

    #[test]
    fn a_trusted_proxy_brings_everybody_up_to_the_whole() {
        let door = door(3, 1, &["10.0.0.0/8"]);
        let _held: Vec<_> = (0..3).map(|_| door.enter(ip("10.0.0.1")).unwrap()).collect();
        assert!(door.enter(ip("10.0.0.1")).is_none() && door.enter(ip("203.0.113.1")).is_none());
    }
}
