//! The server's certificates, and what a client is told of their trust anchor.

use picopost_testkit::chains::Chain;
use xtask::error::Failure;

/// The name that all chains are for.
pub const NAME: &str = "picopost.test";

/// The shapes of chain, in the order of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Shape {
    /// As Google Trust Services: P-256, P-256, P-384.
    Gts,
    /// As Let's Encrypt with ECDSA: P-256, P-384, P-384.
    LetsEncrypt,
    /// RSA-2048, RSA-2048, RSA-4096.
    Rsa,
}

impl Shape {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Gts, Self::LetsEncrypt, Self::Rsa];

    /// As `picopost listen --chain` calls it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Gts => "gts",
            Self::LetsEncrypt => "lets-encrypt",
            Self::Rsa => "rsa",
        }
    }

    /// As the table calls it.
    #[must_use]
    pub fn letter(self) -> char {
        match self {
            Self::Gts => 'A',
            Self::LetsEncrypt => 'B',
            Self::Rsa => 'C',
        }
    }

    /// Makes the certificates. The keys are the same whenever this process asks again.
    #[must_use]
    pub fn chain(self) -> Chain {
        let [leaf, intermediate, root] = match self {
            Self::Gts => ["p256", "p256", "p384"],
            Self::LetsEncrypt => ["p256", "p384", "p384"],
            Self::Rsa => ["rsa2048", "rsa2048", "rsa4096"],
        };
        Chain::from_table(&format!(
            "root          {root}          root          ca
             intermediate  {intermediate}  root          ca:0
             server        {leaf}          intermediate  server dns:{NAME}
             send server intermediate"
        ))
    }
}

/// A trust anchor, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Anchor {
    /// Its certificate, DER.
    pub certificate: Vec<u8>,
    /// Its subject, a Name in DER.
    pub subject: Vec<u8>,
    /// Its key: an uncompressed point, or of RSA the modulus' length in octets (16 bits,
    /// big-endian), the modulus, and the exponent.
    pub key: Vec<u8>,
}

impl Anchor {
    /// Takes a chain's anchor apart.
    ///
    /// # Errors
    /// The root is no certificate, or its key is of a kind that no chain has.
    pub fn of(chain: &Chain) -> Result<Self, Failure> {
        let anchor = webpki::anchor_from_trusted_cert(&chain.root)
            .map_err(|error| Failure::failed(format!("the root is no certificate: {error}")))?;
        let key = key(&anchor.subject_public_key_info)
            .ok_or_else(|| Failure::failed("the root's key is of a kind that is not known here"))?;
        Ok(Self { certificate: chain.root.to_vec(), subject: sequence(&anchor.subject), key })
    }
}

/// Puts the header of a SEQUENCE before its contents, which webpki leaves out. They are shorter
/// than 128 octets in all chains of the bench.
fn sequence(contents: &[u8]) -> Vec<u8> {
    let length = u8::try_from(contents.len()).unwrap_or(u8::MAX);
    [&[0x30, length], contents].concat()
}

/// The key in a SubjectPublicKeyInfo without its outer header (RFC 5280 §4.1.2.7).
fn key(info: &[u8]) -> Option<Vec<u8>> {
    let (_, rest) = element(info, 0x30)?;
    // Behind the number of unused bits, which is 0.
    let key = element(rest, 0x03)?.0.strip_prefix(&[0])?;
    if key.first() == Some(&0x04) {
        return Some(key.to_vec());
    }
    let (modulus, exponent) = element(element(key, 0x30)?.0, 0x02)?;
    let modulus = modulus.strip_prefix(&[0]).unwrap_or(modulus);
    let (exponent, _) = element(exponent, 0x02)?;
    let length = u16::try_from(modulus.len()).ok()?.to_be_bytes();
    Some([&length, modulus, exponent].concat())
}

/// The contents of the element at the beginning, and what is behind it.
fn element(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (&length, rest) = der.strip_prefix(&[tag])?.split_first()?;
    let (length, rest) = match length {
        0..0x80 => (usize::from(length), rest),
        _ => {
            let (length, rest) = rest.split_at_checked(usize::from(length & 0x7f))?;
            (length.iter().fold(0, |sum, &octet| sum << 8 | usize::from(octet)), rest)
        }
    };
    rest.split_at_checked(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn anchors_taken_apart() {
        let point = Anchor::of(&Shape::Gts.chain()).unwrap();
        assert_eq!((point.key.len(), point.key[0]), (97, 4));
        let rsa = Anchor::of(&Shape::Rsa.chain()).unwrap();
        assert_eq!(rsa.key.len(), 2 + 512 + 3);
        assert_eq!((&rsa.key[..2], &rsa.key[514..]), (&[2, 0][..], &[1, 0, 1][..]));
        // The subject stands in the certificate as it is here.
        let stands = |part: &[u8]| rsa.certificate.windows(part.len()).any(|octets| octets == part);
        assert!(stands(&rsa.subject) && stands(&rsa.key[2..514]));
    }
}
