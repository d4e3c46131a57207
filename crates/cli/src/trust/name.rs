//! Distinguished names as people know them, and text from outside that must not steer a terminal
//! nor a compiler.

use x509_parser::der_parser::asn1_rs::Tag;
use x509_parser::x509::{AttributeTypeAndValue, X509Name};

/// A distinguished name: two are equal where their DER is (RFC 5280 §7.1 allows more; paths are
/// verified by webpki, which compares octets too).
#[derive(Clone, Debug)]
pub(super) struct Name {
    /// The whole Name.
    pub(super) der: Vec<u8>,
    /// The part that people call it by: the common name, or the unit where that says more.
    pub(super) short: String,
    /// All of it, `CN=…, O=…, C=…`.
    pub(super) full: String,
    /// The first organisation.
    pub(super) organization: String,
}

impl PartialEq for Name {
    fn eq(&self, other: &Self) -> bool {
        self.der == other.der
    }
}

impl Eq for Name {}

impl Name {
    /// Whether people take both for the same name: the same parts, whatever their order, case and spaces.
    pub(super) fn reads_like(&self, other: &Self) -> bool {
        let read = |name: &Self| {
            let shown = visible(&name.full).split_whitespace().collect::<String>().to_lowercase();
            let mut parts: Vec<String> = shown.split(',').map(str::to_owned).collect();
            parts.sort_unstable();
            parts
        };
        read(self) == read(other)
    }

    pub(super) fn new(name: &X509Name<'_>) -> Self {
        let first = |mut values: Box<dyn Iterator<Item = &AttributeTypeAndValue<'_>> + '_>| {
            values.next().map(value).unwrap_or_default()
        };
        let common = first(Box::new(name.iter_common_name()));
        let unit = first(Box::new(name.iter_organizational_unit()));
        let organization = first(Box::new(name.iter_organization()));
        let full = full(name);
        // `GlobalSign` is the common name of many roots; their units are `GlobalSign Root CA - R3`.
        let short = if !common.is_empty() && unit.len() > common.len() && unit.contains(&common) {
            unit
        } else {
            [common, unit, organization.clone(), full.clone()]
                .into_iter()
                .find(|part| !part.is_empty())
                .unwrap_or_else(|| "(no name)".to_owned())
        };
        Self { der: name.as_raw().to_vec(), short, full, organization }
    }
}

/// Most specific part first, as people read it.
fn full(name: &X509Name<'_>) -> String {
    let mut parts: Vec<String> = name
        .iter_attributes()
        .map(|attribute| {
            let kind = match attribute.attr_type().to_id_string().as_str() {
                "2.5.4.3" => "CN".to_owned(),
                "2.5.4.6" => "C".to_owned(),
                "2.5.4.7" => "L".to_owned(),
                "2.5.4.8" => "ST".to_owned(),
                "2.5.4.10" => "O".to_owned(),
                "2.5.4.11" => "OU".to_owned(),
                other => other.to_owned(),
            };
            format!("{kind}={}", value(attribute))
        })
        .collect();
    parts.reverse();
    parts.join(", ")
}

fn value(attribute: &AttributeTypeAndValue<'_>) -> String {
    if let Ok(text) = attribute.as_str() {
        return text.to_owned();
    }
    let octets = attribute.attr_value().data;
    if attribute.attr_value().tag() == Tag::BmpString {
        let units = octets.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
        return char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)).collect();
    }
    String::from_utf8_lossy(octets).into_owned()
}

/// Text for a terminal: control characters, and those that turn or hide text, as their numbers.
pub(crate) fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        let hides = matches!(character,
            '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
        if character.is_control() || hides {
            out.extend(character.escape_default());
        } else {
            out.push(character);
        }
    }
    out
}

/// Text for a comment in a program: whatever could end the comment, continue its line, or begin PEM, is
/// gone.
pub(super) fn for_comment(text: &str) -> String {
    let text: String = text
        .chars()
        .map(|character| match character {
            'a'..='z' | 'A'..='Z' | '0'..='9' => character,
            ' ' | '.' | ',' | '-' | '_' | ':' | '(' | ')' | '=' | '@' | '+' | '/' => character,
            _ => '_',
        })
        .collect();
    // Two dashes begin an option; three are nobody's but a PEM reader's, and some take less.
    text.replace("---", "___").replace("BEGIN ", "BEGIN_").replace("END ", "END_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_steers_the_terminal() {
        assert_eq!(visible("a\u{1b}[31mb\r\n"), "a\\u{1b}[31mb\\r\\n");
        assert_eq!(visible("evil\u{202e}moc"), "evil\\u{202e}moc");
        assert_eq!(visible("Füllstand °C"), "Füllstand °C");
    }

    #[test]
    fn nothing_ends_a_comment() {
        assert_eq!(for_comment("x */ int y; // \\\n\"\"\" z"), "x _/ int y_ // _____ z");
        assert_eq!(for_comment("GTS Root R4 (P-384)"), "GTS Root R4 (P-384)");
        assert_eq!(for_comment("trust --pem a-b.pem"), "trust --pem a-b.pem");
        assert_eq!(for_comment("-----BEGIN CERTIFICATE-----"), "___--BEGIN_CERTIFICATE___--");
        assert_eq!(for_comment("-BEGIN X- -END X-"), "-BEGIN_X- -END_X-");
    }
}
