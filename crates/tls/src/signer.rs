//! What signs for a client: a trait for whatever holds the key.

use crate::{
    codec::{Fields, Reader, Writer},
    fault::Failure,
    messages::HandshakeType,
};

/// Holds a private key on P-256 and signs with it: a secure element, a hardware security module, or
/// [`crate::P256Signer`] in this chip's own memory.
///
/// It need not be `Sync`, since on a small chip a driver that talks over a bus seldom is: then a
/// [`RefCell`](core::cell::RefCell) makes it one that signs by a shared reference. For this, a
/// configuration is not `Send` where the feature `client-auth` is on.
///
/// ```
/// use core::cell::RefCell;
///
/// use picopost_tls::{Signature, Signer, SigningFailed};
/// # struct Atecc608;
/// # impl Atecc608 {
/// #     fn sign(&mut self, _slot: u8, _digest: &[u8; 32]) -> Result<[u8; 64], u8> { Err(0x0f) }
/// # }
///
/// struct Element {
///     driver: RefCell<Atecc608>,
///     slot: u8,
/// }
///
/// impl Signer for Element {
///     fn sign(&self, digest: &[u8; 32]) -> Result<Signature, SigningFailed> {
///         let status = |status: u8| SigningFailed(status.into());
///         let octets = self.driver.borrow_mut().sign(self.slot, digest).map_err(status)?;
///         Signature::from_octets(&octets).ok_or(SigningFailed(0xffff))
///     }
/// }
/// # assert_eq!(Element { driver: RefCell::new(Atecc608), slot: 0 }.sign(&[0; 32]), Err(SigningFailed(0x0f)));
/// ```
pub trait Signer {
    /// Signs `digest` by ECDSA: it is the SHA-256 hash of what is to be signed, not to be hashed
    /// again. In a handshake that is the content of CertificateVerify (RFC 9846 §4.5.2).
    ///
    /// Called at most once a connection, and only where the server asks for a certificate.
    ///
    /// # Errors
    /// [`SigningFailed`]: it ends the connection with the alert internal_error.
    fn sign(&self, digest: &[u8; 32]) -> Result<Signature, SigningFailed>;
}

/// A signer has no signature to give; the number is its own, and [`Error::SigningFailed`] hands it on.
///
/// [`Error::SigningFailed`]: crate::Error::SigningFailed
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SigningFailed(pub u16);

/// An ECDSA signature on P-256, which is public.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signature {
    r: [u8; 32],
    s: [u8; 32],
}

impl Signature {
    /// The longest one in DER, in octets.
    pub(crate) const MAX_DER: usize = 2 + 2 * (2 + 33);

    /// From r and s, 32 octets each, the most significant first: the form of the ATECC608, and of
    /// most hardware. `None` where one of them is zero, which is in no signature.
    pub fn from_octets(octets: &[u8; 64]) -> Option<Self> {
        let (r, s) = octets.split_at(32);
        let signature = Self { r: r.try_into().ok()?, s: s.try_into().ok()? };
        (signature.r != [0; 32] && signature.s != [0; 32]).then_some(signature)
    }

    /// From ECDSA-Sig-Value in DER (RFC 3279 §2.2.3): the form of the SE050. `None` where it is
    /// anything else, or where r or s is not positive or longer than 32 octets.
    pub fn from_der(der: &[u8]) -> Option<Self> {
        // DER is no TLS message; the reader's error says no more than that it failed.
        let (r, s) = read_der(der).ok()?;
        let mut octets = [0; 64];
        let (r_space, s_space) = octets.split_at_mut(32);
        for (space, integer) in [(r_space, r), (s_space, s)] {
            let at = space.len().checked_sub(integer.len())?;
            space.get_mut(at..)?.copy_from_slice(integer);
        }
        Self::from_octets(&octets)
    }

    /// DER in its one form, X.690 §8.3 and §10.1: what goes into CertificateVerify.
    pub(crate) fn write_der(&self, out: &mut Writer<'_>) {
        out.u8(0x30);
        // At most 70 octets, so that a length is one octet in DER as it is here.
        out.vector8(|out| [&self.r, &self.s].into_iter().for_each(|integer| write_integer(integer, out)));
    }
}

/// The two integers, most significant octet first and without an octet for their sign.
fn read_der(der: &[u8]) -> Result<(&[u8], &[u8]), Failure> {
    let value = Reader::new(der, HandshakeType::CERTIFICATE_VERIFY);
    let (tag, content) = value.all(read_value)?;
    let mut integers = value.nested(content);
    let pair = (read_integer(&mut integers)?, read_integer(&mut integers)?);
    // A length of 128 octets and more would have another form, and none here is so long.
    if tag == 0x30 && content.len() < 0x80 && integers.is_empty() { Ok(pair) } else { Err(value.malformed()) }
}

fn read_value<'d>(fields: &mut Fields<'d>) -> (u8, &'d [u8]) {
    (fields.u8(), fields.vector8())
}

/// X.690 §8.3.2: the first nine bits are not all zero; and it is not negative.
fn read_integer<'d>(reader: &mut Reader<'d>) -> Result<&'d [u8], Failure> {
    match reader.read(read_value)? {
        (0x02, [0, magnitude @ ..]) if magnitude.first() >= Some(&0x80) => Ok(magnitude),
        (0x02, content @ [0x01..=0x7f, ..]) => Ok(content),
        _ => Err(reader.malformed()),
    }
}

fn write_integer(octets: &[u8; 32], out: &mut Writer<'_>) {
    let zeros = octets.iter().take_while(|octet| **octet == 0).count();
    let magnitude = octets.get(zeros..).unwrap_or_default();
    out.u8(0x02);
    out.vector8(|out| {
        if magnitude.first() >= Some(&0x80) {
            out.u8(0);
        }
        out.bytes(magnitude);
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn der(signature: Signature) -> ([u8; Signature::MAX_DER], usize) {
        let mut octets = [0; Signature::MAX_DER];
        let mut out = Writer::new(&mut octets);
        signature.write_der(&mut out);
        let length = out.length();
        (octets, length)
    }

    /// A signature with these octets at the end of r and of s.
    fn signature(r: &[u8], s: &[u8]) -> Option<Signature> {
        let mut octets = [0; 64];
        octets[32 - r.len()..32].copy_from_slice(r);
        octets[64 - s.len()..].copy_from_slice(s);
        Signature::from_octets(&octets)
    }

    #[test]
    fn integers_go_out_in_their_shortest_form() {
        let short = signature(&[0x7f], &[0x80]).unwrap();
        let (octets, length) = der(short);
        assert_eq!(octets[..length], [0x30, 7, 2, 1, 0x7f, 2, 2, 0, 0x80]);
        let long = signature(&[0xff; 32], &[0xff; 32]).unwrap();
        let (octets, length) = der(long);
        assert_eq!(length, Signature::MAX_DER);
        assert_eq!(octets[..5], [0x30, 70, 2, 33, 0]);
        for signature in [short, long] {
            let (octets, length) = der(signature);
            assert_eq!(Signature::from_der(&octets[..length]), Some(signature));
        }
    }

    #[test]
    fn zero_is_in_no_signature() {
        assert_eq!(signature(&[], &[1]), None);
        assert_eq!(signature(&[1], &[]), None);
        assert_eq!(Signature::from_der(&[0x30, 6, 2, 1, 0, 2, 1, 1]), None);
    }

    #[test]
    fn der_that_is_no_signature_is_refused() {
        let (octets, length) = der(signature(&[0x81; 32], &[0x12; 32]).unwrap());
        for cut in 0..length {
            assert_eq!(Signature::from_der(&octets[..cut]), None, "cut at {cut}");
        }
        let cases: [(&str, &[u8]); 9] = [
            ("an octet behind it", &[0x30, 6, 2, 1, 1, 2, 1, 1, 0]),
            ("an octet in it", &[0x30, 7, 2, 1, 1, 2, 1, 1, 0]),
            ("another outer tag", &[0x31, 6, 2, 1, 1, 2, 1, 1]),
            ("another inner tag", &[0x30, 6, 3, 1, 1, 2, 1, 1]),
            ("one integer", &[0x30, 3, 2, 1, 1]),
            ("negative", &[0x30, 6, 2, 1, 0x80, 2, 1, 1]),
            ("padded", &[0x30, 7, 2, 2, 0, 1, 2, 1, 1]),
            ("empty integer", &[0x30, 5, 2, 0, 2, 1, 1]),
            ("long length", &[0x30, 0x81, 6, 2, 1, 1, 2, 1, 1]),
        ];
        for (name, case) in cases {
            assert_eq!(Signature::from_der(case), None, "{name}");
        }
        let mut long = [1; 2 + 2 + 33 + 3];
        (long[0], long[1], long[2], long[3]) = (0x30, 38, 2, 33);
        (long[37], long[38]) = (2, 1);
        assert_eq!(Signature::from_der(&long), None, "33 octets");
    }
}
