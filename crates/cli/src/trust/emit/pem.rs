//! PEM (RFC 7468), with the comment in front, where every reader passes over it.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use super::Contents;
use crate::trust::certificate::Certificate;

pub(super) fn file(contents: &Contents<'_>) -> String {
    let mut text = contents.comment("# ");
    for root in &contents.roots {
        text.push_str(&format!("\n# {}\n{}", Contents::name(root), lines(root).join("")));
    }
    text
}

/// One certificate, line by line, each with its end.
pub(super) fn lines(root: &Certificate) -> Vec<String> {
    let base64 = BASE64_STANDARD.encode(&root.der);
    let mut lines = vec!["-----BEGIN CERTIFICATE-----\n".to_owned()];
    let mut rest = base64.as_str();
    while !rest.is_empty() {
        let (line, behind) = rest.split_at(rest.len().min(64));
        lines.push(format!("{line}\n"));
        rest = behind;
    }
    lines.push("-----END CERTIFICATE-----\n".to_owned());
    lines
}

/// All certificates as one string of C, a line of it for each line of PEM.
pub(super) fn c_string(contents: &Contents<'_>) -> String {
    let lines = contents.roots.iter().flat_map(|root| lines(root));
    lines.map(|line| format!("    \"{}\\n\"\n", line.trim_end())).collect()
}
