//! The little of DER (X.690) that is read and written by hand: elements around others.

/// The first element of `octets`: what follows it, and the element with its header. Definite
/// lengths of at most 4 octets, as everything in a certificate has.
pub(super) fn element(octets: &[u8]) -> Option<(&[u8], &[u8])> {
    let size = header(octets)?.iter().sum();
    Some((octets.get(size..)?, octets.get(..size)?))
}

/// The content of one element; empty where it is none.
pub(super) fn content(element: &[u8]) -> &[u8] {
    match header(element) {
        Some([header, length]) => element.get(header..header + length).unwrap_or_default(),
        None => &[],
    }
}

/// How long the element is by its header, in octets, header included; also where not all of it is
/// there.
pub(super) fn claimed_size(octets: &[u8]) -> Option<usize> {
    Some(header(octets)?.iter().sum())
}

/// An element with this tag.
pub(super) fn wrap(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u32::try_from(content.len()).unwrap_or(u32::MAX).to_be_bytes();
    let significant = length.iter().skip_while(|octet| **octet == 0).copied().collect::<Vec<_>>();
    let mut octets = vec![tag];
    match significant[..] {
        [] => octets.push(0),
        [short @ ..=0x7f] => octets.push(short),
        _ => {
            octets.push(0x80 | u8::try_from(significant.len()).unwrap_or(4));
            octets.extend(significant);
        }
    }
    octets.extend(content);
    octets
}

/// The lengths of the header and of the content.
fn header(octets: &[u8]) -> Option<[usize; 2]> {
    match *octets.get(1)? {
        short @ ..=0x7f => Some([2, usize::from(short)]),
        count @ 0x81..=0x84 => {
            let count = usize::from(count & 0x0f);
            let length = octets.get(2..2 + count)?;
            let length = length.iter().fold(0, |length, octet| length << 8 | usize::from(*octet));
            Some([2 + count, length])
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrapped_can_be_read() {
        for length in [0, 1, 0x7f, 0x80, 0xff, 0x100, 0xffff, 0x1_0000] {
            let inner = vec![7; length];
            let mut octets = wrap(0x30, &inner);
            assert_eq!(content(&octets), inner);
            assert_eq!(claimed_size(&octets), Some(octets.len()));
            octets.push(9);
            let (rest, whole) = element(&octets).unwrap();
            assert_eq!((rest, whole.len()), (&[9][..], octets.len() - 1));
            // Cut anywhere, there is no whole element, and no panic.
            for cut in 0..whole.len().min(300) {
                assert_eq!(element(&octets[..cut]), None);
            }
        }
        assert_eq!(wrap(4, &[1]), [4, 1, 1]);
        assert_eq!(element(&[0x30, 0x80, 0, 0]), None);
        assert_eq!(element(&[0x30, 0x84, 0xff, 0xff, 0xff, 0xff]), None);
    }
}
