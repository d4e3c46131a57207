//! A MicroPython module: DER as bytes, which `ssl` takes with or without support for PEM.

use super::Contents;

pub(super) fn file(contents: &Contents<'_>) -> String {
    let mut anchors = String::new();
    for root in &contents.roots {
        let lines = root.der.chunks(16).map(|octets| {
            let escapes: String = octets.iter().map(|octet| format!("\\x{octet:02x}")).collect();
            format!("    b\"{escapes}\"\n")
        });
        let lines: String = lines.collect();
        anchors.push_str(&format!("    # {}\n{},\n", Contents::name(root), lines.trim_end()));
    }
    format!(
        "{}\nANCHORS = (\n{anchors})\n\n\ndef load(context):\n    \"\"\"Makes an ssl.SSLContext trust the anchors, and \
         verify servers by them.\n\n    The clock must be right before it connects: ntptime.settime().\n    \
         \"\"\"\n    import ssl\n\n    for der in ANCHORS:\n        context.load_verify_locations(cadata=der)\n    \
         context.verify_mode = ssl.CERT_REQUIRED\n",
        contents.comment("# ")
    )
}
