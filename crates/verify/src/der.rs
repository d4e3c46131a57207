//! The little DER (X.690) that signatures and RSA keys need: one SEQUENCE of two positive INTEGERs.

const INTEGER: u8 = 0x02;
const SEQUENCE: u8 = 0x30;

/// The two integers of `SEQUENCE { INTEGER, INTEGER }`, most significant octet first and without
/// leading zeros.
///
/// ECDSA-Sig-Value (RFC 3279 §2.2.3) and RSAPublicKey (RFC 8017 §A.1.1) both have this form.
/// `None` unless `input` is exactly one such value in DER: definite lengths in their shortest form,
/// both integers greater than zero and in their shortest form, and nothing behind either of them.
pub(crate) fn two_positive_integers(input: &[u8]) -> Option<(&[u8], &[u8])> {
    let (content, b"") = value(input, SEQUENCE)? else { return None };
    let (first, rest) = positive_integer(content)?;
    let (second, b"") = positive_integer(rest)? else { return None };
    Some((first, second))
}

/// The magnitude of the INTEGER at the front of `input`, and what follows it.
fn positive_integer(input: &[u8]) -> Option<(&[u8], &[u8])> {
    let (content, rest) = value(input, INTEGER)?;
    match content {
        // X.690 §8.3.2: the first nine bits are not all zero, so a zero octet only keeps the sign.
        [0, magnitude @ ..] if magnitude.first() >= Some(&0x80) => Some((magnitude, rest)),
        [0x01..=0x7f, ..] => Some((content, rest)),
        _ => None,
    }
}

/// The content of the value with this tag at the front of `input`, and what follows it.
fn value(input: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (length, rest) = match input {
        [t, length @ ..=0x7f, rest @ ..] if *t == tag => (usize::from(*length), rest),
        // X.690 §10.1: the long form only where the short one does not reach.
        [t, 0x81, length @ 0x80..=0xff, rest @ ..] if *t == tag => (usize::from(*length), rest),
        [t, 0x82, high @ 1..=0xff, low, rest @ ..] if *t == tag => {
            (usize::from(u16::from_be_bytes([*high, *low])), rest)
        }
        _ => return None,
    };
    rest.split_at_checked(length)
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use super::*;

    #[test]
    fn integers_are_found_without_their_sign_octet() {
        let input = [0x30, 0x07, 0x02, 0x02, 0x00, 0x80, 0x02, 0x01, 0x7f];
        assert_eq!(two_positive_integers(&input), Some((&[0x80][..], &[0x7f][..])));
    }

    #[test]
    fn long_forms_of_the_length_are_read() {
        for length in [0x7f_u16, 0x80, 0xff, 0x100, 0x201] {
            let mut integer = std::vec![0x02];
            push_length(&mut integer, length);
            integer.extend(std::iter::repeat_n(0x55, usize::from(length)));
            let mut input = std::vec![0x30];
            push_length(&mut input, u16::try_from(integer.len()).unwrap() + 3);
            input.extend(&integer);
            input.extend([0x02, 0x01, 0x03]);
            let (first, second) = two_positive_integers(&input).unwrap();
            assert_eq!((first.len(), second), (usize::from(length), &[3][..]));
            for cut in 0..input.len() {
                assert_eq!(two_positive_integers(&input[..cut]), None, "cut at {cut}");
            }
            input.push(0);
            assert_eq!(two_positive_integers(&input), None, "trailing octet");
        }
    }

    #[test]
    fn all_but_the_shortest_form_is_refused() {
        let cases: [(&str, &[u8]); 14] = [
            ("empty", &[]),
            ("wrong outer tag", &[0x31, 0x06, 0x02, 0x01, 0x01, 0x02, 0x01, 0x01]),
            ("wrong inner tag", &[0x30, 0x06, 0x03, 0x01, 0x01, 0x02, 0x01, 0x01]),
            ("zero", &[0x30, 0x06, 0x02, 0x01, 0x00, 0x02, 0x01, 0x01]),
            ("second zero", &[0x30, 0x06, 0x02, 0x01, 0x01, 0x02, 0x01, 0x00]),
            ("empty integer", &[0x30, 0x05, 0x02, 0x00, 0x02, 0x01, 0x01]),
            ("negative", &[0x30, 0x06, 0x02, 0x01, 0x80, 0x02, 0x01, 0x01]),
            ("padded", &[0x30, 0x07, 0x02, 0x02, 0x00, 0x7f, 0x02, 0x01, 0x01]),
            ("padded zero", &[0x30, 0x07, 0x02, 0x02, 0x00, 0x00, 0x02, 0x01, 0x01]),
            ("long length", &[0x30, 0x81, 0x06, 0x02, 0x01, 0x01, 0x02, 0x01, 0x01]),
            ("longer length", &[0x30, 0x82, 0x00, 0x06, 0x02, 0x01, 0x01, 0x02, 0x01, 0x01]),
            ("indefinite", &[0x30, 0x80, 0x02, 0x01, 0x01, 0x02, 0x01, 0x01, 0x00, 0x00]),
            ("one integer", &[0x30, 0x03, 0x02, 0x01, 0x01]),
            ("three", &[0x30, 0x09, 0x02, 0x01, 0x01, 0x02, 0x01, 0x01, 0x02, 0x01, 0x01]),
        ];
        for (name, input) in cases {
            assert_eq!(two_positive_integers(input), None, "{name}");
        }
    }

    fn push_length(out: &mut Vec<u8>, length: u16) {
        let [high, low] = length.to_be_bytes();
        match length {
            0..0x80 => out.push(low),
            0x80..0x100 => out.extend([0x81, low]),
            _ => out.extend([0x82, high, low]),
        }
    }
}
