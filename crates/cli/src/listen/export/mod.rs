//! Attempts in the formats of other tools: HAR 1.2, NDJSON, pcapng.
//!
//! `har`, `ndjson`, `pcapng` ← this ← `file`. A format is a head, a part for each attempt, and a tail, so
//! that a file is whole after each attempt, and grows by it alone.

use super::capture::Attempt;
use super::secrets::Secrets;

pub(crate) use file::ExportedFile;

mod file;
mod har;
mod ndjson;
mod pcapng;
mod tcp;

/// What an export is written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Kind {
    /// HTTP Archive 1.2: requests and answers, for browsers and HTTP tools
    Har,
    /// One JSON object for each attempt, with all that is known
    Ndjson,
    /// A capture for Wireshark; with `--show-secrets` it holds the TLS secrets, and opens decrypted
    Pcapng,
}

/// Writes one export, attempt by attempt.
#[derive(Debug)]
pub(crate) struct Export {
    kind: Kind,
    secrets: Secrets,
    /// A HAR's entries have commas between them.
    is_empty: bool,
}

impl Export {
    /// Secrets are masked here. In a capture, octets are what they were: with masked secrets it has
    /// encrypted records, and no keys to them.
    pub(crate) fn new(kind: Kind, secrets: Secrets) -> Self {
        Self { kind, secrets, is_empty: true }
    }

    /// What comes before all attempts.
    pub(crate) fn head(&self) -> Vec<u8> {
        match self.kind {
            Kind::Har => har::head(),
            Kind::Ndjson => Vec::new(),
            Kind::Pcapng => pcapng::head(self.secrets),
        }
    }

    /// One attempt that has ended; it comes before the tail. Empty for one that the format has no
    /// words for: a HAR knows requests alone.
    pub(crate) fn attempt(&mut self, attempt: &Attempt) -> Vec<u8> {
        let attempt = self.secrets.attempt(attempt);
        let part = match self.kind {
            Kind::Har => har::entries(&attempt, self.is_empty),
            Kind::Ndjson => ndjson::line(&attempt),
            Kind::Pcapng => pcapng::packets(&attempt),
        };
        self.is_empty &= part.is_empty();
        part
    }

    /// What comes after all attempts.
    pub(crate) fn tail(&self) -> &'static [u8] {
        match self.kind {
            Kind::Har => har::TAIL,
            Kind::Ndjson | Kind::Pcapng => b"",
        }
    }
}

impl Kind {
    /// The media type, for a download.
    pub(crate) fn media_type(self) -> &'static str {
        match self {
            Self::Har => "application/json",
            Self::Ndjson => "application/x-ndjson",
            // Registered by the format's draft.
            Self::Pcapng => "application/vnd.tcpdump.pcap",
        }
    }

    /// What a file's name ends with.
    pub(crate) fn extension(self) -> &'static str {
        match self {
            Self::Har => "har",
            Self::Ndjson => "ndjson",
            Self::Pcapng => "pcapng",
        }
    }
}

#[cfg(test)]
mod tests;
