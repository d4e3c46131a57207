//! How large an image is: its sections, read from the ELF file.

use std::fmt;

use crate::error::Failure;

/// What an image needs of its chip, in octets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sizes {
    /// Flash: code.
    pub text: u32,
    /// Flash: constants.
    pub rodata: u32,
    /// Flash, copied to RAM at reset.
    pub data: u32,
    /// RAM, zero at reset.
    pub bss: u32,
    /// RAM, reserved; how much of it is used shows when the image runs.
    pub stack: u32,
}

impl Sizes {
    /// Reads the sections of a 32-bit little-endian ELF file.
    ///
    /// # Errors
    /// It is not such a file.
    pub fn read(file: &[u8]) -> Result<Self, Failure> {
        Self::sections(file).ok_or_else(|| Failure::failed("the image is not a 32-bit ELF file"))
    }

    fn sections(file: &[u8]) -> Option<Self> {
        // ELF magic, ELFCLASS32, ELFDATA2LSB.
        file.strip_prefix(b"\x7fELF\x01\x01")?;
        let table = word(file, 0x20)?;
        let (entry, count, names) = (half(file, 0x2e)?, half(file, 0x30)?, half(file, 0x32)?);
        let header = |index: usize| table.checked_add(index.checked_mul(entry)?);
        let names = word(file, header(names)? + 0x10)?;
        let mut sizes = Self::default();
        for index in 0..count {
            let header = header(index)?;
            let name = file.get(names.checked_add(word(file, header)?)?..)?;
            let size = u32::try_from(word(file, header + 0x14)?).ok()?;
            let place = match name.split(|&octet| octet == 0).next()? {
                b".text" => &mut sizes.text,
                b".rodata" => &mut sizes.rodata,
                b".data" => &mut sizes.data,
                b".bss" => &mut sizes.bss,
                b".stack" => &mut sizes.stack,
                _ => continue,
            };
            *place = size;
        }
        Some(sizes)
    }
}

fn word(file: &[u8], at: usize) -> Option<usize> {
    usize::try_from(u32::from_le_bytes(*file.get(at..)?.first_chunk()?)).ok()
}

fn half(file: &[u8], at: usize) -> Option<usize> {
    Some(usize::from(u16::from_le_bytes(*file.get(at..)?.first_chunk()?)))
}

impl fmt::Display for Sizes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { text, rodata, data, bss, stack } = self;
        let flash = text + rodata + data;
        writeln!(f, "flash: {flash} octets (code {text}, constants {rodata}, data {data})")?;
        write!(f, "RAM:   {} octets, and {stack} reserved for the stack", data + bss)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An ELF file with a table of names and two sections.
    fn file() -> Vec<u8> {
        let names = b"\0.text\0.bss\0";
        let mut file = b"\x7fELF\x01\x01".to_vec();
        file.resize(0x34, 0);
        file.extend(names);
        let table = u32::try_from(file.len()).unwrap();
        for (name, offset, size) in [(0_u32, 0x34_u32, 12_u32), (1, 0, 1000), (7, 0, 24)] {
            let mut header = [0; 40];
            header[..4].copy_from_slice(&name.to_le_bytes());
            header[0x10..0x14].copy_from_slice(&offset.to_le_bytes());
            header[0x14..0x18].copy_from_slice(&size.to_le_bytes());
            file.extend(header);
        }
        file[0x20..0x24].copy_from_slice(&table.to_le_bytes());
        file[0x2e] = 40;
        file[0x30] = 3;
        file
    }

    #[test]
    fn sections_by_name() {
        let sizes = Sizes { text: 1000, bss: 24, ..Sizes::default() };
        assert_eq!(Sizes::read(&file()), Ok(sizes));
        assert_eq!(
            sizes.to_string(),
            "flash: 1000 octets (code 1000, constants 0, data 0)\n\
             RAM:   24 octets, and 0 reserved for the stack"
        );
    }

    #[test]
    fn cut_anywhere_is_an_error() {
        let file = file();
        for end in 0..file.len() - 16 {
            assert!(Sizes::read(&file[..end]).is_err(), "cut at {end}");
        }
    }
}
