//! The names of TLS code points, as the RFCs and IANA's registries spell them. A code point
//! without a name is shown as its number.

use std::fmt::LowerHex;

/// `ProtocolVersion`, RFC 9846 §4.3.1.
pub(super) fn version(code: u16) -> String {
    match code {
        0x0300 => "SSL 3.0".to_owned(),
        0x0301 => "TLS 1.0".to_owned(),
        0x0302 => "TLS 1.1".to_owned(),
        0x0303 => "TLS 1.2".to_owned(),
        0x0304 => "TLS 1.3".to_owned(),
        code if is_grease(code) => "GREASE".to_owned(),
        code => hex(code),
    }
}

/// `CipherSuite`, RFC 9846 §B.4 and IANA's registry.
pub(super) fn cipher_suite(code: u16) -> String {
    match tls_parser::TlsCipherSuite::from_id(code) {
        Some(suite) => suite.name.to_owned(),
        // Signalling values are not in the parser's table.
        None if code == 0x00ff => "TLS_EMPTY_RENEGOTIATION_INFO_SCSV".to_owned(),
        None if code == 0x5600 => "TLS_FALLBACK_SCSV".to_owned(),
        None if is_grease(code) => "GREASE".to_owned(),
        None => hex(code),
    }
}

/// `NamedGroup`, RFC 9846 §4.3.7.
pub(super) fn group(code: u16) -> String {
    let name = match code {
        0x0015 => "secp224r1",
        0x0016 => "secp256k1",
        0x0017 => "secp256r1",
        0x0018 => "secp384r1",
        0x0019 => "secp521r1",
        0x001a => "brainpoolP256r1",
        0x001b => "brainpoolP384r1",
        0x001c => "brainpoolP512r1",
        0x001d => "x25519",
        0x001e => "x448",
        0x0100 => "ffdhe2048",
        0x0101 => "ffdhe3072",
        0x0102 => "ffdhe4096",
        0x0103 => "ffdhe6144",
        0x0104 => "ffdhe8192",
        0x0200 => "MLKEM512",
        0x0201 => "MLKEM768",
        0x0202 => "MLKEM1024",
        0x11eb => "SecP256r1MLKEM768",
        0x11ec => "X25519MLKEM768",
        0x11ed => "SecP384r1MLKEM1024",
        0x6399 => "X25519Kyber768Draft00",
        code if is_grease(code) => "GREASE",
        code => return hex(code),
    };
    name.to_owned()
}

/// Whether a group's key share is safe from a quantum computer, and therefore large.
pub(super) fn is_post_quantum(code: u16) -> bool {
    matches!(code, 0x0200..=0x0202 | 0x11eb..=0x11ed | 0x6399)
}

/// `SignatureScheme`, RFC 9846 §4.3.3; the pairs with DSA are from RFC 5246 §7.4.1.4.1.
pub(super) fn signature_scheme(code: u16) -> String {
    let name = match code {
        0x0201 => "rsa_pkcs1_sha1",
        0x0202 => "dsa_sha1",
        0x0203 => "ecdsa_sha1",
        0x0301 => "rsa_pkcs1_sha224",
        0x0302 => "dsa_sha224",
        0x0303 => "ecdsa_sha224",
        0x0401 => "rsa_pkcs1_sha256",
        0x0402 => "dsa_sha256",
        0x0403 => "ecdsa_secp256r1_sha256",
        0x0501 => "rsa_pkcs1_sha384",
        0x0502 => "dsa_sha384",
        0x0503 => "ecdsa_secp384r1_sha384",
        0x0601 => "rsa_pkcs1_sha512",
        0x0602 => "dsa_sha512",
        0x0603 => "ecdsa_secp521r1_sha512",
        0x0804 => "rsa_pss_rsae_sha256",
        0x0805 => "rsa_pss_rsae_sha384",
        0x0806 => "rsa_pss_rsae_sha512",
        0x0807 => "ed25519",
        0x0808 => "ed448",
        0x0809 => "rsa_pss_pss_sha256",
        0x080a => "rsa_pss_pss_sha384",
        0x080b => "rsa_pss_pss_sha512",
        0x0904 => "mldsa44",
        0x0905 => "mldsa65",
        0x0906 => "mldsa87",
        code if is_grease(code) => "GREASE",
        code => return hex(code),
    };
    name.to_owned()
}

/// `ExtensionType`, RFC 9846 §4.3 and IANA's registry.
pub(super) fn extension(code: u16) -> String {
    let name = match code {
        0 => "server_name",
        1 => "max_fragment_length",
        5 => "status_request",
        10 => "supported_groups",
        11 => "ec_point_formats",
        13 => "signature_algorithms",
        16 => "application_layer_protocol_negotiation",
        17 => "status_request_v2",
        18 => "signed_certificate_timestamp",
        21 => "padding",
        22 => "encrypt_then_mac",
        23 => "extended_master_secret",
        27 => "compress_certificate",
        28 => "record_size_limit",
        35 => "session_ticket",
        41 => "pre_shared_key",
        42 => "early_data",
        43 => "supported_versions",
        44 => "cookie",
        45 => "psk_key_exchange_modes",
        47 => "certificate_authorities",
        49 => "post_handshake_auth",
        50 => "signature_algorithms_cert",
        51 => "key_share",
        0xfe0d => "encrypted_client_hello",
        0xff01 => "renegotiation_info",
        code if is_grease(code) => "GREASE",
        code => return hex(code),
    };
    name.to_owned()
}

/// Values that mean nothing and keep peers honest, RFC 8701 §2.
fn is_grease(code: u16) -> bool {
    let [high, low] = code.to_be_bytes();
    high == low && low & 0x0f == 0x0a
}

fn hex(code: impl LowerHex) -> String {
    format!("{code:#06x}")
}

#[cfg(test)]
mod tests {
    #[test]
    fn unknown_code_points_keep_their_numbers() {
        assert_eq!(super::version(0x0305), "0x0305");
        assert_eq!(super::cipher_suite(0x1301), "TLS_AES_128_GCM_SHA256");
        assert_eq!(super::cipher_suite(0xfeed), "0xfeed");
        assert_eq!(super::group(0x0a0a), "GREASE");
        assert_eq!(super::group(0x0a1a), "0x0a1a");
        assert_eq!(super::extension(28), "record_size_limit");
    }
}
