//! From what was asked to the entries that it can mean.

use super::catalogue::Catalogue;
use super::notation::{self, Number};
use super::scan::{Hit, Scanner};

/// What one argument turned out to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// One error, and the entries that it can mean, the likeliest first.
    Code(Vec<usize>),
    /// Several, as in a line of a log.
    Line(Vec<Hit>),
    Unknown,
}

/// Looks an argument up: as a name, as a number, else as a line of a log.
pub(super) fn answer(catalogue: &Catalogue, asked: &str, only: Option<usize>) -> Answer {
    let asked = asked.trim();
    let mut entries = catalogue.named(asked).to_vec();
    // As `see` names them.
    entries.extend(catalogue.entry(asked));
    if entries.is_empty()
        && let Some(number) = notation::number(asked)
    {
        entries = numbered(catalogue, &number, only);
    }
    entries.retain(|at| only.is_none_or(|only| catalogue.entries[*at].stack == only));
    if !entries.is_empty() {
        if notation::number(asked).is_none() {
            by_likelihood(catalogue, &mut entries);
        }
        return Answer::Code(entries);
    }
    let hits = Scanner::new(catalogue, only).line(asked);
    if hits.is_empty() { Answer::Unknown } else { Answer::Line(hits) }
}

/// The entries that a number can mean. Mbed TLS adds an error of the lower layer (two hexadecimal
/// digits, below 0x80) to one of the upper: where the sum is no entry of its own, it is both. OpenSSL
/// packs library and reason into one number: the reason is what counts.
pub(super) fn numbered(catalogue: &Catalogue, number: &Number, only: Option<usize>) -> Vec<usize> {
    let found = catalogue.numbered(number, only);
    if !found.is_empty() {
        return found;
    }
    let parts = sum(number).into_iter().flatten();
    let of_stack = |id: &str, value: i64| {
        let place = catalogue.stack(id);
        let wanted = only.is_none() || only == place;
        if wanted { catalogue.numbered(&Number { value, hex: true }, place) } else { Vec::new() }
    };
    let parts: Vec<Vec<usize>> = parts.map(|value| of_stack("mbedtls", value)).collect();
    if !parts.is_empty() && parts.iter().all(|part| !part.is_empty()) {
        return parts.concat();
    }
    packed(number).map_or(Vec::new(), |reason| of_stack("openssl", reason))
}

/// Mbed TLS: the upper and the lower part (`include/mbedtls/error.h`).
pub(super) fn sum(number: &Number) -> Option<[i64; 2]> {
    let magnitude = number.value.abs();
    let (high, low) = (magnitude & !0x7f, magnitude & 0x7f);
    let fits = (0x1000..0x8000).contains(&magnitude) && low != 0;
    (fits && (number.value < 0 || number.hex)).then_some([-high, -low])
}

/// OpenSSL: the reason in an error of the library SSL, which is number 20. Since 3.0 a number is the
/// library above 23 bits of reason, before that above 12 bits of function and 12 bits of reason.
fn packed(number: &Number) -> Option<i64> {
    let value = number.value;
    let (since_3, before) = (value >> 23 == 20, value >> 24 == 20);
    match (since_3, before) {
        (true, _) => Some(value & 0x7f_ffff),
        (_, true) => Some(value & 0xfff),
        _ => None,
    }
}

/// The likeliest first; otherwise in the catalogue's order.
pub(super) fn by_likelihood(catalogue: &Catalogue, entries: &mut [usize]) {
    entries.sort_by_key(|at| {
        let entry = &catalogue.entries[*at];
        (3 - entry.likely.min(3), entry.stack, *at)
    });
}

/// The known codes nearest to an unknown one, as they are written: numbers by distance, names by letters.
pub(super) fn nearest(catalogue: &Catalogue, asked: &str, only: Option<usize>) -> Vec<String> {
    const MOST: usize = 3;
    let wanted = |at: &usize| only.is_none_or(|only| catalogue.entries[*at].stack == only);
    if let Some(number) = notation::number(asked.trim()) {
        let mut near: Vec<(i64, usize)> = catalogue
            .known_numbers()
            .flat_map(|(known, entries)| entries.iter().map(move |at| ((known - number.value).abs(), *at)))
            .filter(|(_, at)| wanted(at))
            .collect();
        near.sort_unstable();
        return near.into_iter().take(MOST).map(|(_, at)| label(catalogue, at)).collect();
    }
    let asked = asked.trim().to_lowercase();
    // Longer texts are no misspelt names, and comparing takes the square of the length.
    if asked.chars().count() > 80 {
        return Vec::new();
    }
    let mut near: Vec<(usize, usize)> = (0..catalogue.entries.len())
        .filter(wanted)
        .filter_map(|at| {
            let names = catalogue.entries[at].names.iter();
            let distance = names.map(|name| distance(&asked, &name.to_lowercase())).min()?;
            (distance <= 2 + asked.len() / 4).then_some((distance, at))
        })
        .collect();
    near.sort_unstable();
    near.into_iter().take(MOST).map(|(_, at)| label(catalogue, at)).collect()
}

fn label(catalogue: &Catalogue, at: usize) -> String {
    let entry = &catalogue.entries[at];
    let stack = &catalogue.stacks[entry.stack].title;
    match &entry.code {
        Some(code) if code != entry.name() => format!("{code} ({stack}: {})", entry.name()),
        _ => format!("{} ({stack})", entry.name()),
    }
}

/// How many letters differ (Levenshtein).
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (at, letter) in left.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = at + 1;
        for (place, other) in right.iter().enumerate() {
            let changed = diagonal + usize::from(letter != *other);
            diagonal = row[place + 1];
            row[place + 1] = changed.min(row[place] + 1).min(diagonal + 1);
        }
    }
    row[right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(asked: &str) -> Vec<String> {
        let catalogue = Catalogue::new().unwrap();
        match answer(&catalogue, asked, None) {
            Answer::Code(entries) => entries.iter().map(|at| catalogue.entries[*at].id.clone()).collect(),
            other => panic!("{asked}: {other:?}"),
        }
    }

    #[test]
    fn a_sum_of_mbed_tls_is_both_its_parts() {
        assert_eq!(codes("-0x2562"), ["mbedtls/-0x2500", "mbedtls/-0x0062"]);
        assert_eq!(codes("0x2562"), ["mbedtls/-0x2500", "mbedtls/-0x0062"]);
        assert_eq!(codes("-9570"), ["mbedtls/-0x2500", "mbedtls/-0x0062"]);
        assert_eq!(answer(&Catalogue::new().unwrap(), "9570", None), Answer::Unknown);
    }

    #[test]
    fn numbers_of_openssl_are_unpacked() {
        assert_eq!(codes("0x0A000086"), ["openssl/134"]);
        assert_eq!(codes("0x1416F086"), ["openssl/134"]);
    }

    #[test]
    fn every_meaning_the_likeliest_first() {
        assert_eq!(codes("-1"), ["arduino/-1", "esp-idf/-1", "mbedtls/-0x0001", "lwip/-1"]);
        assert_eq!(codes("1020"), ["picopost/1020", "cloudflare/1020"]);
        assert_eq!(codes("125"), ["errno/125", "wolfssl/-125"]);
        assert_eq!(codes("113"), ["errno/113", "tls-alert/113", "errno/+113"]);
    }

    #[test]
    fn what_is_near_an_unknown_code() {
        let catalogue = Catalogue::new().unwrap();
        assert_eq!(
            nearest(&catalogue, "ESP_ERR_HTTP_CONECT", None)[0],
            "0x7002 (ESP-IDF: ESP_ERR_HTTP_CONNECT)"
        );
        assert_eq!(nearest(&catalogue, "3217", None)[0], "3216 (picopost)");
        assert_eq!(nearest(&catalogue, &"x".repeat(1_000), None), [""; 0]);
        assert_eq!(distance("kitten", "sitting"), 3);
    }
}
