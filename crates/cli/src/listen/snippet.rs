//! A piece of a firmware that posts to this server, for `--snippet`.
//!
//! Each is a file that a compiler or an interpreter takes as it is; here the host and the port are put
//! in.

/// What the firmware is written for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Snippet {
    /// picopost, on any board
    Rust,
    /// A sketch for an ESP32, with HTTPClient
    Arduino,
    /// C with esp_http_client
    EspIdf,
    /// A script with its ssl module
    Micropython,
}

/// What the files say where the server's host and port belong.
const HOST: &str = "192.0.2.7";
const PORT: &str = "8443";

impl Snippet {
    /// The program's text, for a server at this host, as it stands in a URL, and port.
    pub(super) fn text(self, host: &str, port: u16) -> String {
        // Only a URL has the brackets of an IPv6 address.
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let host = if self == Self::Micropython { bare } else { host };
        self.file().replace(HOST, host).replace(PORT, &port.to_string())
    }

    fn file(self) -> &'static str {
        match self {
            Self::Rust => include_str!("snippets/rust.rs"),
            Self::Arduino => include_str!("snippets/arduino.ino"),
            Self::EspIdf => include_str!("snippets/esp_idf.c"),
            Self::Micropython => include_str!("snippets/micropython.py"),
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum as _;

    use super::{HOST, PORT, Snippet};

    #[test]
    fn host_and_port_are_put_in_once() {
        for snippet in Snippet::value_variants() {
            assert_eq!(snippet.file().matches(HOST).count(), 1, "{snippet:?}");
            assert_eq!(snippet.file().matches(PORT).count(), 1, "{snippet:?}");
            let text = snippet.text("device.example", 7);
            assert!(
                text.contains("device.example") && !text.contains(HOST) && !text.contains(PORT),
                "{text}"
            );
        }
    }

    #[test]
    fn ipv6_has_brackets_in_urls_only() {
        assert!(Snippet::EspIdf.text("[2001:db8::1]", 7).contains("https://[2001:db8::1]:7/"));
        assert!(Snippet::Micropython.text("[2001:db8::1]", 7).contains("\"2001:db8::1\", 7"));
    }
}
