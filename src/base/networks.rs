//! Compares addresses with lists of networks.

use std::net::IpAddr;

use ipnet::{IpNet, Ipv4Net};

/// Returns whether an address is in one of the networks. An IPv4 address that is written as IPv6 (`::ffff:10.0.0.1`)
/// counts as IPv4 on both sides, because a listener on `[::]` reports IPv4 peers that way.
pub(crate) fn contains_address(networks: &[IpNet], address: IpAddr) -> bool {
    let address = address.to_canonical();
    networks.iter().any(|network| canonical_network(*network).contains(&address))
}

/// Returns whether one of the networks contains every IPv4 address or every IPv6 address.
pub(crate) fn contains_every_address(networks: &[IpNet]) -> bool {
    networks.iter().any(|network| canonical_network(*network).prefix_len() == 0)
}

/// Returns the IPv4 network of an IPv4-mapped one, and every other network unchanged.
fn canonical_network(network: IpNet) -> IpNet {
    /// Prefix length of `::ffff:0:0/96`, which contains all IPv4-mapped addresses (RFC 4291, 2.5.5.2).
    const MAPPED_PREFIX: u8 = 96;
    let IpNet::V6(v6) = network else { return network };
    let (Some(address), Some(prefix)) = (v6.addr().to_ipv4_mapped(), v6.prefix_len().checked_sub(MAPPED_PREFIX)) else {
        return network;
    };
    Ipv4Net::new(address, prefix).map_or(network, IpNet::V4)
}

/// Returns whether an address belongs to one host or organisation and is not routed on the internet.
pub(crate) fn is_private_address(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(ip) => {
            // 100.64.0.0/10 is shared by carriers and used by Kubernetes and cloud networks (RFC 6598).
            let [first, second, ..] = ip.octets();
            let is_shared = first == 100 && (64..128).contains(&second);
            ip.is_private() || ip.is_loopback() || ip.is_link_local() || is_shared
        }
        IpAddr::V6(ip) => ip.is_loopback() || ip.is_unique_local() || ip.is_unicast_link_local(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mapped_address_and_mapped_network_are_ipv4() {
        for (network, address, is_inside) in [
            ("10.0.0.0/8", "10.1.2.3", true),
            ("10.0.0.0/8", "::ffff:10.1.2.3", true),
            ("::ffff:10.0.0.0/104", "10.1.2.3", true),
            ("::ffff:10.0.0.0/104", "::ffff:10.1.2.3", true),
            ("::ffff:10.0.0.0/104", "11.1.2.3", false),
            ("::ffff:0:0/96", "203.0.113.9", true),
            ("2001:db8::/32", "2001:db8::9", true),
            ("2001:db8::/32", "203.0.113.9", false),
            ("::/0", "::ffff:203.0.113.9", false),
            ("0.0.0.0/0", "::ffff:203.0.113.9", true),
        ] {
            let networks = [network.parse().unwrap()];
            assert_eq!(contains_address(&networks, address.parse().unwrap()), is_inside, "{network} {address}");
        }
    }

    #[test]
    fn network_of_every_address_is_detected() {
        for (network, is_everything) in
            [("0.0.0.0/0", true), ("::/0", true), ("::ffff:0:0/96", true), ("10.0.0.0/8", false), ("::/96", false)]
        {
            assert_eq!(contains_every_address(&[network.parse().unwrap()]), is_everything, "{network}");
        }
    }

    #[test]
    fn private_addresses_are_told_from_public_ones() {
        for (address, is_private) in [
            ("127.0.0.1", true),
            ("10.1.2.3", true),
            ("172.16.0.1", true),
            ("192.168.1.1", true),
            ("169.254.1.1", true),
            ("100.64.0.1", true),
            ("100.128.0.1", false),
            ("203.0.113.9", false),
            ("::ffff:10.1.2.3", true),
            ("::1", true),
            ("fd00::1", true),
            ("fe80::1", true),
            ("2001:db8::9", false),
        ] {
            assert_eq!(is_private_address(address.parse().unwrap()), is_private, "{address}");
        }
    }
}
