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

use crate::base::contains_address;
use crate::config::ServerConfig;
use crate::web::limit_key;

/// Limiter of open connections. Clones share the counts.
#[derive(Clone)]
pub(super) struct ConnectionLimiter(Arc<LimiterInner>);

struct LimiterInner {
    max_connections: usize,
    max_per_address: usize,
    /// Trusted proxies are exempt from the limit per address, because they forward the connections of many clients.
    trusted_proxies: Vec<IpNet>,
    open_connections: Mutex<OpenConnections>,
}

#[derive(Default)]
struct OpenConnections {
    total: usize,
    by_address: HashMap<String, usize>,
}

impl ConnectionLimiter {
    pub(super) fn new(settings: &ServerConfig) -> Self {
        Self(Arc::new(LimiterInner {
            max_connections: settings.max_connections,
            max_per_address: settings.max_connections_per_address,
            trusted_proxies: settings.trusted_proxies.clone(),
            open_connections: Mutex::default(),
        }))
    }

    /// Admits one connection until the permit is dropped. Returns `None` if a limit is reached.
    fn try_acquire(&self, peer: IpAddr) -> Option<ConnectionPermit> {
        let proxy = contains_address(&self.0.trusted_proxies, peer);
        let name = (!proxy).then(|| limit_key(peer));
        let mut open = self.lock_open_connections();
        if open.total >= self.0.max_connections {
            return None;
        }
        if let Some(name) = &name {
            let mine = open.by_address.entry(name.clone()).or_default();
            if *mine >= self.0.max_per_address {
                return None;
            }
            *mine += 1;
        }
        open.total += 1;
        drop(open);
        Some(ConnectionPermit { limiter: self.clone(), address_key: name })
    }

    fn lock_open_connections(&self) -> std::sync::MutexGuard<'_, OpenConnections> {
        self.0.open_connections.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Permit of one open connection. Dropping it releases the connection.
struct ConnectionPermit {
    limiter: ConnectionLimiter,
    address_key: Option<String>,
}

impl Drop for ConnectionPermit {
    fn drop(&mut self) {
        let mut open = self.limiter.lock_open_connections();
        open.total = open.total.saturating_sub(1);
        if let Some(name) = &self.address_key
            && let Some(mine) = open.by_address.get_mut(name)
        {
            *mine -= 1;
            if *mine == 0 {
                open.by_address.remove(name);
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
            let inside = self.try_acquire(peer.ip()).ok_or_else(full)?;
            Ok((LimitedStream { stream, _permit: inside }, service))
        });
        std::future::ready(accepted)
    }
}

/// Stream of a connection that is counted until it is closed.
pub(super) struct LimitedStream {
    stream: TcpStream,
    _permit: ConnectionPermit,
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

    fn new_limiter(most: usize, most_each: usize, proxies: &[&str]) -> ConnectionLimiter {
        let proxies = proxies.iter().map(|net| net.parse().unwrap()).collect();
        ConnectionLimiter(Arc::new(LimiterInner {
            max_connections: most,
            max_per_address: most_each,
            trusted_proxies: proxies,
            open_connections: Mutex::default(),
        }))
    }

    fn parse_ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn one_address_cannot_exhaust_other_connections() {
        let door = new_limiter(10, 2, &[]);
        let held: Vec<_> = (0..2).map(|_| door.try_acquire(parse_ip("203.0.113.1")).unwrap()).collect();
        assert!(door.try_acquire(parse_ip("203.0.113.1")).is_none());
        assert!(door.try_acquire(parse_ip("203.0.113.2")).is_some());
        drop(held);
        assert!(door.try_acquire(parse_ip("203.0.113.1")).is_some());
        assert!(door.lock_open_connections().by_address.is_empty(), "closed connections leave no entry");
    }

    #[test]
    fn ipv6_prefix_counts_as_one_address() {
        let door = new_limiter(10, 1, &[]);
        let _held = door.try_acquire(parse_ip("2001:db8:1:2::1")).unwrap();
        assert!(door.try_acquire(parse_ip("2001:db8:1:2::ffff")).is_none());
        assert!(door.try_acquire(parse_ip("2001:db8:1:3::1")).is_some());
    }

    #[test]
    fn trusted_proxy_is_limited_only_by_the_total() {
        let door = new_limiter(3, 1, &["10.0.0.0/8"]);
        // A listener on `[::]` sees the same proxy as the last of these.
        let peers = ["10.0.0.1", "10.0.0.1", "::ffff:10.0.0.1"];
        let _held = peers.map(|peer| door.try_acquire(parse_ip(peer)).unwrap());
        assert!(
            door.try_acquire(parse_ip("10.0.0.1")).is_none() && door.try_acquire(parse_ip("203.0.113.1")).is_none()
        );
    }
}
