//! Reads from which client a request comes, in `X-Forwarded-For` and `Forwarded` (RFC 7239).
//!
//! Each proxy appends the address of its own peer, so a header is read from the right: past trusted proxies, to the
//! first address that is not one. Anything left of that address was written by the client and is never read.
//!
//! Invariants:
//! - Headers of a peer that is not a trusted proxy are not read.
//! - What cannot be read is never replaced by another address: not by the proxy's, and not by the next hop on the left.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use axum::http::{HeaderMap, HeaderName, header};
use ipnet::IpNet;

use crate::base::contains_address;
use crate::config::ForwardedHeader;

pub(super) const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// White space that lists in headers may contain (RFC 9110, 5.6.3).
const OPTIONAL_SPACE: [char; 2] = [' ', '\t'];

/// Client from which a request comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ClientOrigin {
    Known(IpAddr),
    /// This trusted proxy forwarded the request, and named no client that can be read.
    Unreadable {
        proxy: IpAddr,
    },
}

/// Address in a forwarding header. `None` if it cannot be read.
type ForwardedHop = Option<IpAddr>;

/// Resolves the client of a request.
pub(super) fn resolve_client_origin(
    peer: IpAddr,
    headers: &HeaderMap,
    trusted: &[IpNet],
    accepted: ForwardedHeader,
) -> ClientOrigin {
    let peer = peer.to_canonical();
    if !contains_address(trusted, peer) {
        return ClientOrigin::Known(peer);
    }
    let read = |name: &HeaderName, parse_line: fn(&str) -> Vec<ForwardedHop>| {
        headers.contains_key(name).then(|| follow_hops(peer, &read_hops(headers, name, parse_line), trusted))
    };
    let (list, standard) = match accepted {
        ForwardedHeader::XForwardedFor => (read(&X_FORWARDED_FOR, parse_list), None),
        ForwardedHeader::Forwarded => (None, read(&header::FORWARDED, parse_forwarded)),
        ForwardedHeader::Either => (read(&X_FORWARDED_FOR, parse_list), read(&header::FORWARDED, parse_forwarded)),
    };
    match (list, standard) {
        (Some(one), Some(other)) if one != other => ClientOrigin::Unreadable { proxy: peer },
        (Some(one), _) | (None, Some(one)) => one,
        (None, None) => ClientOrigin::Unreadable { proxy: peer },
    }
}

/// Follows the hops from the right, past trusted proxies. If all are trusted, the client is the leftmost one: a trusted
/// proxy named it.
fn follow_hops(peer: IpAddr, hops: &[ForwardedHop], trusted: &[IpNet]) -> ClientOrigin {
    let mut current = peer;
    for hop in hops.iter().rev() {
        let Some(address) = hop else { return ClientOrigin::Unreadable { proxy: current } };
        current = *address;
        if !contains_address(trusted, current) {
            break;
        }
    }
    ClientOrigin::Known(current)
}

/// Reads all lines of a header, the newest hop last. A line that is not text is one hop that cannot be read.
fn read_hops(headers: &HeaderMap, name: &HeaderName, parse_line: fn(&str) -> Vec<ForwardedHop>) -> Vec<ForwardedHop> {
    headers.get_all(name).iter().flat_map(|line| line.to_str().map_or_else(|_| vec![None], parse_line)).collect()
}

/// Parses a line of `X-Forwarded-For`. An empty element is a hop too: leaving it out would put the hop on its left,
/// which the client may have written, in its place.
fn parse_list(line: &str) -> Vec<ForwardedHop> {
    line.split(',').map(|hop| parse_node(hop.trim_matches(OPTIONAL_SPACE))).collect()
}

/// Parses a line of `Forwarded`. With an unclosed quotation mark the line is one hop that cannot be read: the client
/// may have opened it to hide what a proxy appended.
fn parse_forwarded(line: &str) -> Vec<ForwardedHop> {
    split_unquoted(line, ',').map_or_else(|| vec![None], |elements| elements.into_iter().map(parse_element).collect())
}

/// Parses one element of `Forwarded`: the node of its only `for`.
fn parse_element(element: &str) -> ForwardedHop {
    let mut node = None;
    for pair in split_unquoted(element, ';')? {
        let pair = pair.trim_matches(OPTIONAL_SPACE);
        if pair.is_empty() {
            continue;
        }
        let (name, value) = pair.split_once('=')?;
        if name.eq_ignore_ascii_case("for") && node.replace(value).is_some() {
            return None;
        }
    }
    parse_node(&unquote(node?)?)
}

/// Splits a text at a separator outside quoted strings. Returns `None` if a quoted string does not end.
fn split_unquoted(text: &str, separator: char) -> Option<Vec<&str>> {
    let mut parts = Vec::new();
    let (mut start, mut is_quoted, mut is_escaped) = (0, false, false);
    for (index, character) in text.char_indices() {
        match character {
            _ if is_escaped => is_escaped = false,
            '\\' if is_quoted => is_escaped = true,
            '"' => is_quoted = !is_quoted,
            _ if character == separator && !is_quoted => {
                parts.push(&text[start..index]);
                start = index + separator.len_utf8();
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    (!is_quoted).then_some(parts)
}

/// Returns the text of a token or quoted string. Returns `None` if a quotation mark is anywhere else than at its ends.
fn unquote(value: &str) -> Option<String> {
    let Some(quoted) = value.strip_prefix('"') else { return (!value.contains('"')).then(|| value.to_owned()) };
    let mut text = String::new();
    let mut characters = quoted.strip_suffix('"')?.chars();
    while let Some(character) = characters.next() {
        match character {
            '"' => return None,
            '\\' => text.push(characters.next()?),
            _ => text.push(character),
        }
    }
    Some(text)
}

/// Parses the address of a hop, with or without brackets and port. `unknown` and identifiers such as `_hidden` are no
/// addresses.
fn parse_node(node: &str) -> ForwardedHop {
    if let Ok(address) = node.parse::<IpAddr>() {
        return Some(address.to_canonical());
    }
    let (address, port): (IpAddr, &str) = if let Some(rest) = node.strip_prefix('[') {
        let (address, port) = rest.split_once(']')?;
        (address.parse::<Ipv6Addr>().ok()?.into(), port)
    } else {
        let (address, _) = node.split_once(':')?;
        (address.parse::<Ipv4Addr>().ok()?.into(), node.strip_prefix(address)?)
    };
    let is_readable = port.is_empty() || port.strip_prefix(':').is_some_and(is_node_port);
    is_readable.then(|| address.to_canonical())
}

/// Returns whether a text is a port, or an obfuscated port such as `_p1` (RFC 7239, 6).
fn is_node_port(port: &str) -> bool {
    let is_hidden = |name: &str| {
        !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'))
    };
    let is_number = !port.is_empty() && port.len() <= 5 && port.chars().all(|c| c.is_ascii_digit());
    is_number || port.strip_prefix('_').is_some_and(is_hidden)
}

#[cfg(test)]
#[path = "forwarding_tests.rs"]
mod tests;
