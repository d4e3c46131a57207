//! Trust anchors as a file for a firmware, a format each in a file of its own.

use super::certificate::Certificate;
use super::name::for_comment;
use super::recommend::Chosen;
use super::report::{Purpose, Recommendation};
use super::time;

mod arduino;
mod bearssl;
mod c;
mod esp_idf;
mod mbedtls;
mod micropython;
mod pem;
mod rust;
mod zephyr;

/// The formats of `--format`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Format {
    /// A static slice of picopost's trust anchors: nothing is parsed on the device
    Rust,
    /// PEM, for everything that takes a CA file
    Pem,
    /// One certificate in DER
    Der,
    /// A C header: one string of PEM (PROGMEM where there is one), and arrays of DER with lengths
    C,
    /// A header for Arduino sketches: setCACert on ESP32, X509List on ESP8266
    Arduino,
    /// A C header of BearSSL's trust anchors
    Bearssl,
    /// ESP-IDF's certificate bundle (since 5.4), for esp_crt_bundle_set
    EspIdf,
    /// A C header for Zephyr's TLS credentials
    Zephyr,
    /// A C header for Mbed TLS
    Mbedtls,
    /// A MicroPython module
    Micropython,
}

impl Format {
    /// Whether the file is no text: its comment then stands in a file beside it.
    pub(super) fn is_binary(self) -> bool {
        matches!(self, Self::Der | Self::EspIdf)
    }
}

/// What goes into a file.
pub(super) struct Contents<'c> {
    pub(super) roots: Vec<&'c Certificate>,
    /// Lines for a comment, safe in any language.
    pub(super) comment: Vec<String>,
}

impl<'c> Contents<'c> {
    /// `command` is how this was called.
    pub(super) fn new(
        chosen: &'c [Chosen],
        recommendation: &Recommendation,
        sources: &[String],
        command: &str,
        now: i64,
    ) -> Self {
        let mut comment = vec![
            format!("Trust anchors for {}", sources.join(", ")),
            format!("made on {} by picopost {}: {command}", time::day(now), env!("CARGO_PKG_VERSION")),
            format!("ends: {}", recommendation.sentence.replace('`', "")),
            format!("to see whether it still does: picopost trust --check THIS_FILE {}", sources.join(" ")),
        ];
        for (place, Chosen { root, purpose, .. }) in chosen.iter().enumerate() {
            let why = match purpose {
                Purpose::Needed => "needed",
                Purpose::Provider => "the provider may move to it",
                Purpose::Given => "given",
            };
            comment.push(format!(
                "{}. {} ({}), until {}, {why}, SHA-256 {}",
                place + 1,
                root.subject.short,
                root.key,
                time::day(root.not_after),
                root.sha256()
            ));
        }
        let comment = comment.iter().map(|line| for_comment(line)).collect();
        Self { roots: chosen.iter().map(|one| &one.root).collect(), comment }
    }

    /// The file.
    pub(super) fn file(&self, format: Format) -> Vec<u8> {
        match format {
            Format::Rust => rust::file(self).into_bytes(),
            Format::Pem => pem::file(self).into_bytes(),
            Format::Der => self.roots.iter().flat_map(|root| root.der.clone()).collect(),
            Format::C => c::file(self).into_bytes(),
            Format::Arduino => arduino::file(self).into_bytes(),
            Format::Bearssl => bearssl::file(self).into_bytes(),
            Format::EspIdf => esp_idf::file(self),
            Format::Zephyr => zephyr::file(self).into_bytes(),
            Format::Mbedtls => mbedtls::file(self).into_bytes(),
            Format::Micropython => micropython::file(self).into_bytes(),
        }
    }

    /// The comment, each line behind this.
    fn comment(&self, start: &str) -> String {
        self.comment.iter().map(|line| format!("{start}{line}\n")).collect()
    }

    /// The comment on one root.
    fn name(root: &Certificate) -> String {
        for_comment(&format!("{} ({}), until {}", root.subject.short, root.key, time::day(root.not_after)))
    }
}

/// Octets as numbers, with commas, 16 in a line.
fn octets(octets: &[u8], indent: &str) -> String {
    let line = |octets: &[u8]| {
        let numbers: Vec<String> = octets.iter().map(|octet| format!("0x{octet:02x}")).collect();
        format!("{indent}{},\n", numbers.join(", "))
    };
    octets.chunks(16).map(line).collect()
}

/// An array in C of one root's DER, `picopost_anchor_N`, counted from 1.
fn c_arrays(contents: &Contents<'_>, attribute: &str) -> String {
    let mut text = String::new();
    for (place, root) in contents.roots.iter().enumerate() {
        text.push_str(&format!(
            "/* {} */\nstatic const unsigned char picopost_anchor_{}[]{attribute} = {{\n{}}};\n\n",
            Contents::name(root),
            place + 1,
            octets(&root.der, "    ")
        ));
    }
    text
}

/// Rows of a table in C: each array, and its length in octets.
fn c_rows(contents: &Contents<'_>) -> String {
    (1..=contents.roots.len())
        .map(|number| format!("    {{picopost_anchor_{number}, sizeof picopost_anchor_{number}}},\n"))
        .collect()
}

/// What begins and ends a header in C.
fn c_header(contents: &Contents<'_>, body: &str) -> String {
    format!(
        "{}#ifndef PICOPOST_ANCHORS_H\n#define PICOPOST_ANCHORS_H\n\n{body}\n#endif\n",
        contents.comment("// ")
    )
}

#[cfg(test)]
mod tests;
