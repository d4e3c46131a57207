//! BearSSL's trust anchors (`br_x509_trust_anchor`): the name in DER, and the key's numbers.

use x509_parser::prelude::FromDer as _;
use x509_parser::public_key::PublicKey;
use x509_parser::x509::SubjectPublicKeyInfo;

use super::{Contents, c_header, octets};
use crate::trust::certificate::{Certificate, Key};

pub(super) fn file(contents: &Contents<'_>) -> String {
    let (mut arrays, mut anchors) = (String::new(), String::new());
    let mut number = 0;
    for root in &contents.roots {
        let Some(key) = key(root, number + 1) else {
            anchors.push_str(&format!(
                "    /* left out, BearSSL has no such key: {} */\n",
                Contents::name(root)
            ));
            continue;
        };
        number += 1;
        arrays.push_str(&format!("/* {} */\n", Contents::name(root)));
        arrays.push_str(&array(&format!("picopost_anchor_{number}_dn"), &root.subject.der));
        arrays.push_str(&key.arrays);
        anchors.push_str(&format!(
            "    {{\n        {{(unsigned char *)picopost_anchor_{number}_dn, sizeof picopost_anchor_{number}_dn}},\n        \
             BR_X509_TA_CA,\n        {},\n    }},\n",
            key.initializer
        ));
    }
    let body = format!(
        "#include <bearssl.h>\n\n// br_ssl_client_init_full(&client, &minimal, picopost_anchors, \
         PICOPOST_ANCHORS);\n// BearSSL has no clock: br_x509_minimal_set_time before each \
         handshake.\n\n{arrays}#define PICOPOST_ANCHORS {number}\n\nstatic const br_x509_trust_anchor picopost_anchors[] = \
         {{\n{anchors}}};\n"
    );
    c_header(contents, &body)
}

/// Whether BearSSL has such a key.
pub(super) fn takes(root: &Certificate) -> bool {
    key(root, 0).is_some()
}

struct KeyInC {
    arrays: String,
    initializer: String,
}

fn key(root: &Certificate, number: usize) -> Option<KeyInC> {
    let (_, spki) = SubjectPublicKeyInfo::from_der(&root.spki).ok()?;
    let name = format!("picopost_anchor_{number}");
    match (spki.parsed().ok()?, &root.key) {
        (PublicKey::RSA(rsa), Key::Rsa(_)) => {
            // BearSSL takes unsigned numbers without leading zeros.
            let unsigned =
                |octets: &[u8]| octets.iter().copied().skip_while(|octet| *octet == 0).collect::<Vec<_>>();
            let arrays = array(&format!("{name}_n"), &unsigned(rsa.modulus))
                + &array(&format!("{name}_e"), &unsigned(rsa.exponent));
            let initializer = format!(
                "{{BR_KEYTYPE_RSA, {{.rsa = {{(unsigned char *){name}_n, sizeof {name}_n, (unsigned char *){name}_e, \
                 sizeof {name}_e}}}}}}"
            );
            Some(KeyInC { arrays, initializer })
        }
        (PublicKey::EC(point), Key::P256 | Key::P384) => {
            let curve = if root.key == Key::P256 { "BR_EC_secp256r1" } else { "BR_EC_secp384r1" };
            let arrays = array(&format!("{name}_q"), point.data());
            let initializer = format!(
                "{{BR_KEYTYPE_EC, {{.ec = {{{curve}, (unsigned char *){name}_q, sizeof {name}_q}}}}}}"
            );
            Some(KeyInC { arrays, initializer })
        }
        _ => None,
    }
}

fn array(name: &str, content: &[u8]) -> String {
    format!("static const unsigned char {name}[] = {{\n{}}};\n\n", octets(content, "    "))
}
