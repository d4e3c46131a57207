//! Where devices on the local network find this machine.

use std::net::{IpAddr, Ipv6Addr};

/// This machine's addresses on its networks, IPv4 first. None where the system does not tell them:
/// whoever starts the server then has to know.
pub(super) fn addresses() -> Vec<IpAddr> {
    let interfaces = if_addrs::get_if_addrs().unwrap_or_default();
    let mut addresses: Vec<IpAddr> =
        interfaces.iter().map(if_addrs::Interface::ip).filter(is_for_others).collect();
    addresses.sort_by_key(|address| (address.is_ipv6(), *address));
    addresses.dedup();
    addresses
}

/// Neither the machine itself, nor an IPv6 address that means something on one link only.
fn is_for_others(address: &IpAddr) -> bool {
    let link_local = match address {
        IpAddr::V4(address) => address.is_link_local(),
        IpAddr::V6(address) => Ipv6Addr::is_unicast_link_local(address),
    };
    !(address.is_loopback() || address.is_unspecified() || link_local)
}

#[cfg(test)]
mod tests {
    use super::{addresses, is_for_others};

    #[test]
    fn only_what_others_can_reach() {
        for (address, expected) in [
            ("127.0.0.1", false),
            ("::1", false),
            ("0.0.0.0", false),
            ("169.254.1.2", false),
            ("fe80::1", false),
            ("192.168.1.7", true),
            ("2001:db8::1", true),
            ("fd00::1", true),
        ] {
            assert_eq!(is_for_others(&address.parse().unwrap()), expected, "{address}");
        }
        assert!(addresses().iter().all(is_for_others));
    }
}
