//! Trust anchors of picopost and webpki: the content of name and key, and name constraints.

use rustls::pki_types::CertificateDer;
use webpki::anchor_from_trusted_cert;

use super::{Contents, octets};

pub(super) fn file(contents: &Contents<'_>) -> String {
    let mut anchors = String::new();
    for root in &contents.roots {
        let der = CertificateDer::from(root.der.as_slice());
        // `Format::refusal` has said so before.
        let Ok(anchor) = anchor_from_trusted_cert(&der) else {
            anchors.push_str(&format!("    // left out, webpki cannot read it: {}\n", Contents::name(root)));
            continue;
        };
        let constraints = match &anchor.name_constraints {
            Some(constraints) => format!("Some({})", der_constant(constraints)),
            None => "None".to_owned(),
        };
        anchors.push_str(&format!(
            "    // {}\n    ::picopost::TrustAnchor {{\n        subject: {},\n        subject_public_key_info: {},\n        \
             name_constraints: {constraints},\n    }},\n",
            Contents::name(root),
            der_constant(&anchor.subject),
            der_constant(&anchor.subject_public_key_info),
        ));
    }
    format!(
        "{}\n/// The trust anchors, for `Trust::anchors`.\n#[rustfmt::skip]\npub static ANCHORS: \
         &[::picopost::TrustAnchor<'static>] = &[\n{anchors}];\n",
        contents.comment("// ")
    )
}

fn der_constant(der: &[u8]) -> String {
    format!("::picopost::Der::from_slice(&[\n{}        ])", octets(der, "            "))
}
