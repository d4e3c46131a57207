//! The block of parameters that the board finds in its memory; its format is documented in
//! `firmware/app/src/parameters.rs`.

use std::net::Ipv4Addr;

use crate::error::Failure;

/// Where the board's linker script expects the block.
pub const ADDRESS: u32 = 0x8020_0000;

/// What a board is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameters {
    /// Where to POST.
    pub url: String,
    /// The address of the URL's host; `None`: the board asks its name server.
    pub address: Option<Ipv4Addr>,
    /// Trust anchors: certificates in DER.
    pub anchors: Vec<Vec<u8>>,
    /// What to POST.
    pub content: String,
    /// Whether it does so three times.
    pub times: Times,
}

/// How often a board POSTs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Times {
    /// Once.
    Once,
    /// In full, then resumed by the session, then in full with the memo of signatures.
    Again,
}

impl Times {
    /// In a number.
    #[must_use]
    pub fn count(self) -> usize {
        match self {
            Self::Once => 1,
            Self::Again => 3,
        }
    }
}

impl Parameters {
    /// The block.
    ///
    /// # Errors
    /// A value of more than 65,535 octets.
    pub fn block(&self) -> Result<Vec<u8>, Failure> {
        let mut fields = Vec::new();
        field(&mut fields, 1, self.url.as_bytes())?;
        if let Some(address) = self.address {
            field(&mut fields, 2, address.to_string().as_bytes())?;
        }
        for anchor in &self.anchors {
            field(&mut fields, 3, anchor)?;
        }
        field(&mut fields, 4, self.content.as_bytes())?;
        if self.times == Times::Again {
            field(&mut fields, 5, b"again")?;
        }
        let length = u32::try_from(fields.len()).map_err(too_long)?;
        Ok([b"picopost".as_slice(), &length.to_le_bytes(), &fields].concat())
    }
}

fn field(fields: &mut Vec<u8>, tag: u8, value: &[u8]) -> Result<(), Failure> {
    let length = u16::try_from(value.len()).map_err(too_long)?;
    fields.push(tag);
    fields.extend(length.to_le_bytes());
    fields.extend(value);
    Ok(())
}

fn too_long(error: std::num::TryFromIntError) -> Failure {
    Failure::failed(format!("a parameter is too long for the board: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_block_octet_by_octet() {
        let mut parameters = Parameters {
            url: "https://a/".into(),
            address: Some(Ipv4Addr::new(10, 0, 2, 2)),
            anchors: vec![vec![0x30, 0x00], vec![0x31]],
            content: "{}".into(),
            times: Times::Once,
        };
        let expected = b"picopost\x28\0\0\0\x01\x0a\0https://a/\x02\x08\x0010.0.2.2\x03\x02\0\x30\0\x03\x01\0\x31\x04\x02\0{}";
        let mut block = parameters.block().unwrap();
        assert_eq!(
            u32::from_le_bytes(block[8..12].try_into().unwrap()),
            u32::try_from(block.len() - 12).unwrap()
        );
        block[8] = 0x28;
        assert_eq!(block, expected);
        parameters.times = Times::Again;
        assert!(parameters.block().unwrap().ends_with(b"{}\x05\x05\0again"));
        parameters.content = "x".repeat(65_536);
        assert!(parameters.block().is_err());
    }
}
