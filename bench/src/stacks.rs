//! What is measured: picopost, and each peer in each of its settings.

/// A TLS stack in one setting.
#[derive(Debug, PartialEq, Eq)]
pub struct Stack {
    /// As on the command line and in the stored results.
    pub id: &'static str,
    /// As in the table; `{}` stands for the library's version.
    pub name: &'static str,
    /// The version of TLS that it speaks with the bench's server.
    pub tls: &'static str,
    /// What it is built from.
    pub program: Program,
    /// The largest record that the server may send it, in octets of plaintext; `None`: any.
    pub largest_record: Option<usize>,
    /// The one group that the server agrees to: of two, not every client may choose its own.
    pub group: Group,
}

/// A group for the key exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// For every stack that has it.
    X25519,
    /// For those that have no other.
    Secp256r1,
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
        /// The package that it measures, which has a version.
        library: Option<&'static str>,
    },
    /// A file of `c/`, around a library.
    C {
        /// The file.
        file: &'static str,
        /// The library.
        library: &'static Library,
        /// Macros, `NAME` or `NAME=VALUE`.
        defines: &'static [&'static str],
    },
}

/// A library in C, as its sources are unpacked.
#[derive(Debug, PartialEq, Eq)]
pub struct Library {
    /// The distribution's source package.
    pub package: &'static str,
    /// Where its headers are.
    pub includes: &'static [&'static str],
    /// Files and folders that are compiled.
    pub sources: &'static [&'static str],
    /// Names of files that are not.
    pub without: &'static [&'static str],
}

const MBEDTLS: Library = Library {
    package: "mbedtls",
    includes: &["include", "library"],
    sources: &["library"],
    // For operating systems.
    without: &["net_sockets.c", "timing.c", "psa_its_file.c"],
};

const WOLFSSL: Library = Library {
    package: "wolfssl",
    includes: &["."],
    sources: &[
        "src/internal.c",
        "src/keys.c",
        "src/ssl.c",
        "src/tls.c",
        "src/tls13.c",
        "src/wolfio.c",
        "wolfcrypt/src/aes.c",
        "wolfcrypt/src/asn.c",
        "wolfcrypt/src/chacha.c",
        "wolfcrypt/src/chacha20_poly1305.c",
        "wolfcrypt/src/coding.c",
        "wolfcrypt/src/curve25519.c",
        "wolfcrypt/src/ecc.c",
        "wolfcrypt/src/error.c",
        "wolfcrypt/src/fe_low_mem.c",
        "wolfcrypt/src/fe_operations.c",
        "wolfcrypt/src/hash.c",
        "wolfcrypt/src/hmac.c",
        "wolfcrypt/src/kdf.c",
        "wolfcrypt/src/logging.c",
        "wolfcrypt/src/memory.c",
        "wolfcrypt/src/poly1305.c",
        "wolfcrypt/src/random.c",
        "wolfcrypt/src/rsa.c",
        "wolfcrypt/src/sha.c",
        "wolfcrypt/src/sha256.c",
        "wolfcrypt/src/sha512.c",
        "wolfcrypt/src/signature.c",
        "wolfcrypt/src/sp_c32.c",
        "wolfcrypt/src/sp_int.c",
        "wolfcrypt/src/wc_encrypt.c",
        "wolfcrypt/src/wc_port.c",
        "wolfcrypt/src/wolfmath.c",
    ],
    without: &[],
};

const BEARSSL: Library =
    Library { package: "bearssl", includes: &["inc", "src"], sources: &["src"], without: &[] };

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
        program: Program::Rust { package: "bench-picopost", features: &[], library: None },
        largest_record: Some(4096),
        group: Group::X25519,
    },
    Stack {
        id: "picopost-full",
        name: "picopost, any record",
        tls: "1.3",
        program: Program::Rust { package: "bench-picopost", features: &["full-record"], library: None },
        largest_record: None,
        group: Group::X25519,
    },
    Stack {
        id: "bearssl",
        name: "BearSSL {}, any record",
        tls: "1.2",
        program: Program::C {
            file: "bearssl.c",
            library: &BEARSSL,
            defines: &["RECORD=16384", "BR_USE_UNIX_TIME=0", "BR_USE_URANDOM=0"],
        },
        largest_record: None,
        group: Group::X25519,
    },
    Stack {
        id: "bearssl-512",
        name: "BearSSL {}, 512-octet records",
        tls: "1.2",
        program: Program::C {
            file: "bearssl.c",
            library: &BEARSSL,
            defines: &["RECORD=512", "BR_USE_UNIX_TIME=0", "BR_USE_URANDOM=0"],
        },
        largest_record: Some(512),
        group: Group::X25519,
    },
    Stack {
        id: "mbedtls-esp",
        name: "mbedTLS {} as in ESP-IDF",
        tls: "1.2",
        program: Program::C {
            file: "mbedtls.c",
            library: &MBEDTLS,
            defines: &["MBEDTLS_CONFIG_FILE=\"mbedtls_esp.h\""],
        },
        largest_record: None,
        group: Group::X25519,
    },
    Stack {
        id: "mbedtls-esp13",
        name: "mbedTLS {} as in ESP-IDF, with 1.3",
        tls: "1.3",
        program: Program::C {
            file: "mbedtls.c",
            library: &MBEDTLS,
            defines: &["MBEDTLS_CONFIG_FILE=\"mbedtls_esp.h\"", "WITH_TLS_1_3"],
        },
        largest_record: None,
        group: Group::X25519,
    },
    Stack {
        id: "mbedtls-lean",
        name: "mbedTLS {}, lean client",
        tls: "1.3",
        program: Program::C {
            file: "mbedtls.c",
            library: &MBEDTLS,
            defines: &["MBEDTLS_CONFIG_FILE=\"mbedtls_lean.h\""],
        },
        largest_record: None,
        group: Group::X25519,
    },
    Stack {
        id: "wolfssl-small",
        name: "wolfSSL {}, small",
        tls: "1.3",
        program: Program::C { file: "wolfssl.c", library: &WOLFSSL, defines: &["WOLFSSL_USER_SETTINGS"] },
        largest_record: None,
        group: Group::Secp256r1,
    },
    Stack {
        id: "wolfssl-fast",
        name: "wolfSSL {}, fast",
        tls: "1.3",
        program: Program::C {
            file: "wolfssl.c",
            library: &WOLFSSL,
            defines: &["WOLFSSL_USER_SETTINGS", "FAST"],
        },
        largest_record: None,
        group: Group::X25519,
    },
    Stack {
        id: "rustls",
        name: "rustls {}, unbuffered",
        tls: "1.3",
        program: Program::Rust { package: "bench-rustls", features: &[], library: Some("rustls") },
        largest_record: None,
        group: Group::X25519,
    },
    Stack {
        id: "embedded-tls",
        name: "embedded-tls {} and webpki",
        tls: "1.3",
        program: Program::Rust {
            package: "bench-embedded-tls",
            features: &[],
            library: Some("embedded-tls"),
        },
        largest_record: None,
        group: Group::Secp256r1,
    },
];
