//! Who may post: ranges of addresses.

use std::net::IpAddr;

use ipnet::IpNet;

/// The ranges that are let in; none: everybody.
#[derive(Clone, Debug, Default)]
pub struct Sources(Vec<IpNet>);

impl Sources {
    /// These and no others; if there are none, all.
    pub fn new(ranges: Vec<IpNet>) -> Self {
        Self(ranges)
    }

    /// Whether an address is let in. One of IPv4 that came over an IPv6 socket is what it was.
    pub fn admit(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.is_empty() || self.0.iter().any(|range| range.contains(&address))
    }
}

/// A range such as `92.223.112.0/24`, or one address.
///
/// # Errors
/// Says how to write it.
pub fn range(text: &str) -> Result<IpNet, String> {
    text.parse::<IpNet>()
        .or_else(|_| text.parse::<IpAddr>().map(IpNet::from))
        .map_err(|_| "write a range like 92.223.112.0/24, or an address".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_hold_what_they_say() {
        let sources = Sources::new(
            [
                "92.223.112.0/24",
                "92.223.123.7/24",
                "2001:db8::/32",
                "10.0.0.1",
            ]
            .map(|text| range(text).unwrap())
            .to_vec(),
        );
        for (address, admitted) in [
            ("92.223.112.0", true),
            ("92.223.112.255", true),
            ("92.223.113.0", false),
            ("92.223.123.200", true),
            ("::ffff:92.223.112.9", true),
            ("::ffff:92.223.113.9", false),
            ("2001:db8:1::1", true),
            ("2001:db9::1", false),
            ("10.0.0.1", true),
            ("10.0.0.2", false),
            ("127.0.0.1", false),
        ] {
            assert_eq!(
                sources.admit(address.parse().unwrap()),
                admitted,
                "{address}"
            );
        }
    }

    #[test]
    fn without_ranges_everybody_is_let_in() {
        assert!(Sources::default().admit("203.0.113.9".parse().unwrap()));
    }

    #[test]
    fn what_is_no_range_is_refused() {
        for text in [
            "",
            "gcore",
            "92.223.112.0/33",
            "92.223.112/24",
            "92.223.112.0/24,",
        ] {
            assert!(range(text).is_err(), "{text}");
        }
    }
}
