//! How large an image is: its sections and symbols, read from the ELF file.

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

    /// What goes into flash.
    #[must_use]
    pub fn flash(&self) -> u32 {
        self.text + self.rodata + self.data
    }

    fn sections(file: &[u8]) -> Option<Self> {
        let sections = Sections::of(file)?;
        let mut sizes = Self::default();
        for index in 0..sections.count {
            let section = sections.get(index)?;
            let size = u32::try_from(section.size).ok()?;
            let place = match section.name {
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

/// The table of sections.
struct Sections<'f> {
    file: &'f [u8],
    table: usize,
    entry: usize,
    count: usize,
    names: usize,
}

struct Section<'f> {
    name: &'f [u8],
    offset: usize,
    size: usize,
    /// Of a table of symbols: the section with their names.
    link: usize,
}

impl<'f> Sections<'f> {
    fn of(file: &'f [u8]) -> Option<Self> {
        // ELF magic, ELFCLASS32, ELFDATA2LSB.
        file.strip_prefix(b"\x7fELF\x01\x01")?;
        let (entry, count, names) = (half(file, 0x2e)?, half(file, 0x30)?, half(file, 0x32)?);
        let mut sections = Self { file, table: word(file, 0x20)?, entry, count, names: 0 };
        sections.names = word(file, sections.header(names)? + 0x10)?;
        Some(sections)
    }

    fn header(&self, index: usize) -> Option<usize> {
        self.table.checked_add(index.checked_mul(self.entry)?)
    }

    fn get(&self, index: usize) -> Option<Section<'f>> {
        let (file, header) = (self.file, self.header(index)?);
        Some(Section {
            name: zero_terminated(file, self.names.checked_add(word(file, header)?)?)?,
            offset: word(file, header + 0x10)?,
            size: word(file, header + 0x14)?,
            link: word(file, header + 0x18)?,
        })
    }
}

/// Every function and constant in flash that has a size: its name as the linker knows it, and its
/// octets.
///
/// # Errors
/// It is not a 32-bit little-endian ELF file with symbols.
pub fn symbols(file: &[u8]) -> Result<Vec<(String, u32)>, Failure> {
    read_symbols(file).ok_or_else(|| Failure::failed("the image has no symbols"))
}

fn read_symbols(file: &[u8]) -> Option<Vec<(String, u32)>> {
    const ENTRY: usize = 16;
    const OBJECT: u8 = 1;
    const FUNCTION: u8 = 2;
    let sections = Sections::of(file)?;
    let table = (0..sections.count).filter_map(|index| sections.get(index));
    let table = table.into_iter().find(|section| section.name == b".symtab")?;
    let names = sections.get(table.link)?.offset;
    let mut symbols = Vec::new();
    for entry in file.get(table.offset..)?.get(..table.size)?.chunks_exact(ENTRY) {
        let size = u32::try_from(word(entry, 8)?).ok()?;
        let kind = *entry.get(12)? & 0xf;
        let section = sections.get(half(entry, 14)?).map_or(&b""[..], |section| section.name);
        let is_flash = matches!(section, b".text" | b".rodata" | b".data");
        if size > 0 && (kind == OBJECT || kind == FUNCTION) && is_flash {
            let name = zero_terminated(file, names.checked_add(word(entry, 0)?)?)?;
            symbols.push((String::from_utf8_lossy(name).into_owned(), size));
        }
    }
    Some(symbols)
}

fn zero_terminated(file: &[u8], at: usize) -> Option<&[u8]> {
    file.get(at..)?.split(|&octet| octet == 0).next()
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
        let flash = self.flash();
        writeln!(f, "flash: {flash} octets (code {text}, constants {rodata}, data {data})")?;
        write!(f, "RAM:   {} octets, and {stack} reserved for the stack", data + bss)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An ELF file with a table of names, two sections, and a table of three symbols.
    fn file() -> Vec<u8> {
        let names = b"\0.text\0.bss\0.symtab\0";
        let mut file = b"\x7fELF\x01\x01".to_vec();
        file.resize(0x34, 0);
        file.extend(names);
        let symbols = file.len();
        // A function in .text, its label without a size, and a variable in .bss.
        for (name, size, kind, section) in [(1_u32, 24_u32, 2, 1), (1, 0, 2, 1), (7, 8, 1, 2)] {
            file.extend([name, 0, size].map(u32::to_le_bytes).concat());
            file.extend([kind, 0, section, 0]);
        }
        let (table, size) = (file.len(), file.len() - symbols);
        let place = |at: usize, size: usize| [at, size].map(|number| u32::try_from(number).unwrap());
        for (name, [offset, size]) in [
            (0, place(0x34, names.len())),
            (1, place(0, 1000)),
            (7, place(0, 24)),
            (12, place(symbols, size)),
        ] {
            let mut header = [0; 40];
            header[..4].copy_from_slice(&u32::to_le_bytes(name));
            header[0x10..0x14].copy_from_slice(&offset.to_le_bytes());
            header[0x14..0x18].copy_from_slice(&size.to_le_bytes());
            file.extend(header);
        }
        file[0x20..0x24].copy_from_slice(&u32::try_from(table).unwrap().to_le_bytes());
        file[0x2e] = 40;
        file[0x30] = 4;
        file
    }

    #[test]
    fn symbols_in_flash() {
        assert_eq!(symbols(&file()), Ok(vec![(".text".to_owned(), 24)]));
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
