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
pub(crate) enum Format {
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

    /// Why these roots cannot be written in this format: nothing is left out of a file without a word.
    pub(super) fn refusal(self, roots: &[&Certificate]) -> Option<Refusal> {
        let refusal = |sentence: String, hint| Some(Refusal { sentence, hint });
        const LEAVE_OUT: &str = "leave it out, or take `--format pem`";
        if self == Self::Der && roots.len() > 1 {
            let sentence = format!("DER holds one certificate, and {} are recommended", roots.len());
            let hint = "`--format pem` takes all; `--minimal` leaves the provider's other roots out";
            return refusal(sentence, hint);
        }
        if self == Self::EspIdf
            && let Some(name) = same_name(roots)
        {
            let sentence =
                format!("ESP-IDF's bundle finds roots by their names, and two are called `{name}`");
            return refusal(sentence, "leave one out, or take `--format pem`");
        }
        let constrained = |root: &&&Certificate| !matches!(root.name_constraints(), Ok(None));
        if matches!(self, Self::Bearssl | Self::EspIdf)
            && let Some(root) = roots.iter().find(constrained)
        {
            let sentence = format!(
                "this format keeps a name and a key alone, and `{}` may issue for some names only: with it the \
                 device would take its word for all",
                root.subject.short
            );
            return refusal(sentence, LEAVE_OUT);
        }
        let holds = |root: &Certificate| match self {
            Self::Rust => root.name_constraints().is_ok(),
            Self::Bearssl => bearssl::takes(root),
            _ => true,
        };
        if let Some(root) = roots.iter().find(|root| !holds(root)) {
            let sentence =
                format!("this format cannot hold the key of `{}`: {}", root.subject.short, root.key);
            return refusal(sentence, LEAVE_OUT);
        }
        None
    }
}

/// Why a format cannot hold what is recommended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) sentence: String,
    pub(super) hint: &'static str,
}

/// The name of two roots with different keys.
fn same_name<'r>(roots: &[&'r Certificate]) -> Option<&'r str> {
    let mut pairs = roots
        .iter()
        .enumerate()
        .flat_map(|(place, one)| roots[..place].iter().map(move |other| (&one.subject, &other.subject)));
    pairs.find(|(one, other)| one == other).map(|(one, _)| one.short.as_str())
}

/// How and when a file is made.
pub(super) struct Made<'m> {
    /// The whole command line.
    pub(super) command: &'m str,
    /// Unix seconds: today, whatever day the report is of.
    pub(super) on: i64,
}

/// What goes into a file.
pub(super) struct Contents<'c> {
    pub(super) roots: Vec<&'c Certificate>,
    /// Lines for a comment, safe in any language.
    pub(super) comment: Vec<String>,
}

impl<'c> Contents<'c> {
    /// `held` are the arguments that hold a file against its sources again, each behind a space.
    pub(super) fn new(
        chosen: &'c [Chosen],
        recommendation: &Recommendation,
        sources: &[String],
        held: &str,
        made: &Made<'_>,
    ) -> Self {
        let Made { command, on } = made;
        let mut comment = vec![
            format!("Trust anchors for {}", sources.join(", ")),
            format!("made on {} by picopost {}: {command}", time::day(*on), env!("CARGO_PKG_VERSION")),
            format!("ends: {}", recommendation.sentence.replace('`', "")),
            format!("to see whether it still does: picopost trust --check THIS_FILE{held}"),
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
