//! What is measured: picopost, and each peer in each of its settings.

/// A TLS stack in one setting.
#[derive(Debug, PartialEq, Eq)]
pub struct Stack {
    /// As on the command line and in the stored results.
    pub id: &'static str,
    /// As in the table.
    pub name: &'static str,
    /// The version of TLS that it speaks with the bench's server.
    pub tls: &'static str,
    /// What it is built from.
    pub program: Program,
    /// The largest record that the server may send it, in octets of plaintext; `None`: any.
    pub largest_record: Option<usize>,
}

/// What a program is built from.
#[derive(Debug, PartialEq, Eq)]
pub enum Program {
    /// A package of `chip/`, and its features.
    Rust {
        /// The package.
        package: &'static str,
        /// Its features.
        features: &'static [&'static str],
    },
}

impl Stack {
    /// Whether it is picopost.
    #[must_use]
    pub fn is_ours(&self) -> bool {
        self.id.starts_with("picopost")
    }
}

/// All of them, in the order of the table.
pub const STACKS: &[Stack] = &[
    Stack {
        id: "picopost",
        name: "picopost, 4 KiB records",
        tls: "1.3",
        program: Program::Rust { package: "bench-picopost", features: &[] },
        largest_record: Some(4096),
    },
    Stack {
        id: "picopost-full",
        name: "picopost, any record",
        tls: "1.3",
        program: Program::Rust { package: "bench-picopost", features: &["full-record"] },
        largest_record: None,
    },
];
