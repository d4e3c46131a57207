//! What the application is told from outside the image: where to POST what, and whom to trust.
//!
//! The block that a board finds in its memory: the eight octets `picopost`, the length of what
//! follows in octets (32 bits, little-endian), then fields. A field is its tag (one octet), its
//! length in octets (16 bits, little-endian), and its value:
//!
//! | tag | value | how often |
//! |---|---|---|
//! | 1 | URL, ASCII | once |
//! | 2 | IPv4 address of the URL's host, as text; without it the name is looked up | at most once |
//! | 3 | a trust anchor: one certificate, DER | 1 to [`MAX_ANCHORS`] times |
//! | 4 | the content to POST, JSON | once |
//! | 5 | `again`: POST twice more, with the session and with the memo of signatures (feature `again`) | at most once |

use core::fmt;
use core::net::Ipv4Addr;

/// How many trust anchors a block may hold.
pub const MAX_ANCHORS: usize = 4;

const MAGIC: &[u8] = b"picopost";
const URL: u8 = 1;
const ADDRESS: u8 = 2;
const ANCHOR: u8 = 3;
const CONTENT: u8 = 4;
const AGAIN: u8 = 5;

/// Where to POST what, and whom to trust.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parameters<'a> {
    /// Where to POST, for example `https://picopost.test:8443/oauth/token`.
    pub url: &'a str,
    /// The address of the URL's host; `None`: ask the name server.
    pub address: Option<Ipv4Addr>,
    /// What to POST, JSON.
    pub content: &'a [u8],
    /// Whether to POST again with what was kept of the first time.
    pub again: bool,
    anchors: [&'a [u8]; MAX_ANCHORS],
}

impl<'a> Parameters<'a> {
    /// Reads a block from the beginning of `memory`; octets behind the block are ignored.
    ///
    /// # Errors
    /// Anything but a whole, well-formed block: nothing is guessed.
    pub fn parse(memory: &'a [u8]) -> Result<Self, Malformed> {
        let rest = memory.strip_prefix(MAGIC).ok_or(Malformed::Magic)?;
        let (length, rest) = rest.split_first_chunk().ok_or(Malformed::Magic)?;
        let claimed = u32::from_le_bytes(*length);
        let room = rest.len();
        let fields = usize::try_from(claimed).ok().and_then(|length| rest.get(..length));
        let mut fields = fields.ok_or(Malformed::Length { claimed, room })?;

        let (mut url, mut address, mut content, mut again) = (None, None, None, None);
        let mut anchors = [&[][..]; MAX_ANCHORS];
        let mut free = anchors.iter_mut();
        while let Some((tag, value)) = next_field(&mut fields)? {
            match tag {
                URL => once(&mut url, text(tag, value)?, tag)?,
                ADDRESS => once(&mut address, ipv4(text(tag, value)?)?, tag)?,
                ANCHOR => *free.next().ok_or(Malformed::Repeated { tag })? = value,
                CONTENT => once(&mut content, value, tag)?,
                AGAIN if value == b"again" => once(&mut again, (), tag)?,
                _ => return Err(Malformed::UnknownTag { tag }),
            }
        }
        let missing = |tag| Malformed::Missing { tag };
        if anchors.iter().all(|anchor| anchor.is_empty()) {
            return Err(missing(ANCHOR));
        }
        let (url, content) = (url.ok_or(missing(URL))?, content.ok_or(missing(CONTENT))?);
        Ok(Self { url, address, content, again: again.is_some(), anchors })
    }

    /// The trust anchors: certificates in DER.
    pub fn anchors(&self) -> impl Iterator<Item = &'a [u8]> + '_ {
        self.anchors.iter().copied().filter(|anchor| !anchor.is_empty())
    }
}

fn next_field<'a>(fields: &mut &'a [u8]) -> Result<Option<(u8, &'a [u8])>, Malformed> {
    let Some((&tag, rest)) = fields.split_first() else { return Ok(None) };
    let cut = Malformed::Cut { tag };
    let (length, rest) = rest.split_first_chunk().ok_or(cut)?;
    let (value, rest) = rest.split_at_checked(usize::from(u16::from_le_bytes(*length))).ok_or(cut)?;
    if value.is_empty() {
        return Err(Malformed::Missing { tag });
    }
    *fields = rest;
    Ok(Some((tag, value)))
}

fn text(tag: u8, value: &[u8]) -> Result<&str, Malformed> {
    str::from_utf8(value).ok().filter(|text| text.is_ascii()).ok_or(Malformed::Text { tag })
}

fn ipv4(text: &str) -> Result<Ipv4Addr, Malformed> {
    text.parse().ok().ok_or(Malformed::Address)
}

fn once<T>(place: &mut Option<T>, value: T, tag: u8) -> Result<(), Malformed> {
    match place.replace(value) {
        None => Ok(()),
        Some(_) => Err(Malformed::Repeated { tag }),
    }
}

/// What is wrong with a block of parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Malformed {
    /// It does not begin with the eight octets `picopost` and a length.
    Magic,
    /// It is longer than the memory it is in.
    Length {
        /// What the block says, in octets.
        claimed: u32,
        /// What there is, in octets.
        room: usize,
    },
    /// A field is longer than the block.
    Cut {
        /// The field's.
        tag: u8,
    },
    /// A field of a type that does not exist.
    UnknownTag {
        /// The field's.
        tag: u8,
    },
    /// A field is there too often.
    Repeated {
        /// The field's.
        tag: u8,
    },
    /// A field is not there, or empty.
    Missing {
        /// The field's.
        tag: u8,
    },
    /// A field that must be ASCII is not.
    Text {
        /// The field's.
        tag: u8,
    },
    /// The address is not an IPv4 address.
    Address,
    /// A trust anchor is not a certificate in DER.
    Anchor,
}

impl Malformed {
    /// Its number, in the caller's range.
    pub fn code(&self) -> u16 {
        match self {
            Self::Magic => 1900,
            Self::Length { .. } => 1901,
            Self::Cut { .. } => 1902,
            Self::UnknownTag { .. } => 1903,
            Self::Repeated { .. } => 1904,
            Self::Missing { .. } => 1905,
            Self::Text { .. } => 1906,
            Self::Address => 1907,
            Self::Anchor => 1908,
        }
    }
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Magic => f.write_str("there is no block of parameters in memory"),
            Self::Length { claimed, room } => {
                write!(f, "the block of parameters says {claimed} octets, its memory has {room}")
            }
            Self::Cut { tag } => write!(f, "parameter {tag} is longer than the block"),
            Self::UnknownTag { tag } => write!(f, "there is no parameter {tag}"),
            Self::Repeated { tag } => write!(f, "parameter {tag} is there too often"),
            Self::Missing { tag } => write!(f, "parameter {tag} is missing or empty"),
            Self::Text { tag } => write!(f, "parameter {tag} is not ASCII"),
            Self::Address => f.write_str("the address is not an IPv4 address"),
            Self::Anchor => f.write_str("a trust anchor is not a certificate in DER"),
        }
    }
}

impl core::error::Error for Malformed {}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::vec::Vec;

    type Field = (u8, &'static [u8]);

    const FIELDS: [Field; 5] =
        [(1, b"https://a.test/"), (2, b"10.0.2.2"), (3, b"one"), (3, b"two"), (4, b"{}")];

    fn block(fields: &[Field]) -> Vec<u8> {
        let mut octets = Vec::new();
        for (tag, value) in fields {
            octets.push(*tag);
            octets.extend(u16::try_from(value.len()).unwrap().to_le_bytes());
            octets.extend(*value);
        }
        let length = u32::try_from(octets.len()).unwrap().to_le_bytes();
        [MAGIC, &length, &octets].concat()
    }

    fn without(tag: u8) -> Vec<Field> {
        FIELDS.into_iter().filter(|field| field.0 != tag).collect()
    }

    fn with(tag: u8, value: &'static [u8]) -> Vec<Field> {
        let mut fields = without(tag);
        fields.push((tag, value));
        fields
    }

    #[test]
    fn a_whole_block() {
        let octets = block(&FIELDS);
        let parameters = Parameters::parse(&octets).unwrap();
        assert_eq!(parameters.url, "https://a.test/");
        assert_eq!(parameters.address, Some(Ipv4Addr::new(10, 0, 2, 2)));
        assert_eq!(parameters.anchors().collect::<Vec<_>>(), [b"one", b"two"]);
        assert_eq!(parameters.content, b"{}");
        let trailing = [&octets[..], &[0xff; 9]].concat();
        assert_eq!(Parameters::parse(&trailing), Ok(parameters));
        assert_eq!(Parameters::parse(&block(&without(ADDRESS))).unwrap().address, None);
        assert!(!parameters.again);
        assert!(Parameters::parse(&block(&with(AGAIN, b"again"))).unwrap().again);
    }

    #[test]
    fn cut_anywhere() {
        let octets = block(&FIELDS);
        for end in 0..octets.len() {
            let error = Parameters::parse(&octets[..end]).unwrap_err();
            let expected = match end.checked_sub(MAGIC.len() + 4) {
                None => Malformed::Magic,
                Some(room) => Malformed::Length { claimed: u32::try_from(octets.len() - 12).unwrap(), room },
            };
            assert_eq!(error, expected, "cut at {end}");
        }
        // The same, with a length that fits: only where a field ends may the block end.
        for end in MAGIC.len() + 4..octets.len() {
            let mut cut = octets[..end].to_vec();
            cut[8..12].copy_from_slice(&u32::try_from(end - 12).unwrap().to_le_bytes());
            let error = Parameters::parse(&cut).unwrap_err();
            assert!(matches!(error, Malformed::Cut { .. } | Malformed::Missing { .. }), "cut at {end}");
        }
    }

    #[test]
    fn each_rejection() {
        let anchors = [(ANCHOR, &b"more"[..]); 3];
        let cases: [(Vec<Field>, Malformed); 12] = [
            (without(URL), Malformed::Missing { tag: URL }),
            (without(ANCHOR), Malformed::Missing { tag: ANCHOR }),
            (without(CONTENT), Malformed::Missing { tag: CONTENT }),
            (with(URL, b""), Malformed::Missing { tag: URL }),
            (with(AGAIN, b"x"), Malformed::UnknownTag { tag: 5 }),
            (with(6, b"x"), Malformed::UnknownTag { tag: 6 }),
            (with(URL, b"https://\xe4.test/"), Malformed::Text { tag: URL }),
            (with(ADDRESS, b"10.0.2"), Malformed::Address),
            ([&FIELDS[..], &[(URL, b"https://b.test/")]].concat(), Malformed::Repeated { tag: URL }),
            ([&FIELDS[..], &[(ADDRESS, b"10.0.2.2")]].concat(), Malformed::Repeated { tag: ADDRESS }),
            ([&FIELDS[..], &[(CONTENT, b"{}")]].concat(), Malformed::Repeated { tag: CONTENT }),
            ([&FIELDS[..], &anchors].concat(), Malformed::Repeated { tag: ANCHOR }),
        ];
        for (fields, error) in cases {
            assert_eq!(Parameters::parse(&block(&fields)), Err(error));
        }
        let mut wrong = block(&FIELDS);
        wrong[0] = b'P';
        assert_eq!(Parameters::parse(&wrong), Err(Malformed::Magic));
        assert_eq!(Parameters::parse(&[0; 64]), Err(Malformed::Magic));
    }
}
