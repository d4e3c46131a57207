//! `cargo xtask flash`: what picopost costs in flash. The demonstration's image less its twin,
//! which POSTs the same over TCP in clear text, in all and by crate.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;

use rustc_demangle::demangle;

use crate::error::Failure;
use crate::firmware::{Program, build_program};
use crate::image::{self, Sizes};
use crate::setup::{self, Toolchain};
use crate::story::grouped;

/// How many of the largest symbols are shown.
const TOP: usize = 40;

/// Builds the images and prints what they differ by.
///
/// # Errors
/// The toolchain is missing, or a build fails.
pub fn run() -> Result<(), Failure> {
    let toolchain = setup::toolchain()?;
    let demonstration = Image::build(&toolchain, Program::Demonstration)?;
    let bare = Image::build(&toolchain, Program::Bare)?;
    let plain = Image::build(&toolchain, Program::Plain)?;
    println!("{}", Costs { demonstration: demonstration.sizes, bare, plain });
    Ok(())
}

/// An image's sizes and symbols.
#[derive(Debug)]
struct Image {
    sizes: Sizes,
    symbols: Vec<(String, u32)>,
}

impl Image {
    fn build(toolchain: &Toolchain, program: Program) -> Result<Self, Failure> {
        let path = build_program(toolchain, program)?;
        let file =
            fs::read(&path).map_err(|error| Failure::failed(format!("{}: {error}", path.display())))?;
        Ok(Self { sizes: Sizes::read(&file)?, symbols: image::symbols(&file)? })
    }
}

#[derive(Debug)]
struct Costs {
    demonstration: Sizes,
    bare: Image,
    plain: Image,
}

impl fmt::Display for Costs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [whole, plain] = [self.bare.sizes.flash(), self.plain.sizes.flash()];
        let sentences = i64::from(self.demonstration.flash()) - i64::from(whole);
        let row = |f: &mut fmt::Formatter<'_>, octets: i64, what: &str| {
            writeln!(f, "{:>9}  {what}", grouped(&octets.to_string()))
        };
        writeln!(f, "flash, octets (code, constants and data; errors as numbers)")?;
        row(f, whole.into(), "the image, with picopost")?;
        row(f, plain.into(), "the same POST over plain TCP")?;
        row(f, i64::from(whole) - i64::from(plain), "picopost: the difference")?;
        row(f, sentences, "more with the feature `error-text`: errors as sentences")?;

        writeln!(f, "\nthe difference by crate; what is inlined counts where it is inlined to")?;
        let mut crates = BTreeMap::<String, i64>::new();
        for (sign, image) in [(1, &self.bare), (-1, &self.plain)] {
            for (name, size) in &image.symbols {
                *crates.entry(crate_of(name)).or_default() += sign * i64::from(*size);
            }
        }
        let mut crates: Vec<_> = crates.into_iter().filter(|(_, octets)| *octets != 0).collect();
        crates.sort_by_key(|(_, octets)| -octets);
        for (name, octets) in crates {
            row(f, octets, &name)?;
        }

        writeln!(f, "\nthe largest symbols of the image with picopost")?;
        let mut symbols: Vec<_> = self.bare.symbols.iter().collect();
        symbols.sort_by_key(|(_, size)| std::cmp::Reverse(*size));
        for (name, size) in symbols.into_iter().take(TOP) {
            row(f, (*size).into(), &format!("{:#}", demangle(name)))?;
        }
        Ok(())
    }
}

/// The crate that a symbol is of: the first one that its name mentions, other than those of the
/// language. Constants without a name are `constants`.
fn crate_of(symbol: &str) -> String {
    const LANGUAGE: [&str; 3] = ["core", "alloc", "std"];
    const PLAIN: &str = "plain_qemu_rv32";
    if symbol.starts_with(".L") {
        return "constants".to_owned();
    }
    let name = format!("{:#}", demangle(symbol));
    // Paths are `crate::module::item`, of types in impls too.
    let heads = name.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':'));
    let heads = heads.filter_map(|path| path.split_once("::")).map(|(head, _)| head);
    let mut heads: Vec<_> = heads.filter(|head| !head.is_empty()).collect();
    heads.sort_by_key(|head| LANGUAGE.contains(head));
    match heads.first() {
        // The two programs are the two sides of the difference.
        Some(&PLAIN) => "picopost_qemu_rv32".to_owned(),
        Some(head) => (*head).to_owned(),
        None => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crates() {
        for (symbol, expected) in [
            ("_ZN12picopost_tls10connection10Connection4step17h0123456789abcdefE", "picopost_tls"),
            ("_ZN4core3fmt5write17h0123456789abcdefE", "core"),
            ("_ZN50_$LT$aes..Aes128$u20$as$u20$core..clone..Clone$GT$5clone17h0123456789abcdefE", "aes"),
            ("memcpy", "memcpy"),
            ("_ZN15plain_qemu_rv323run17h0123456789abcdefE", "picopost_qemu_rv32"),
            (".Lanon.c2a73ffe105541c66ad71c3441a8218e.3", "constants"),
        ] {
            assert_eq!(crate_of(symbol), expected);
        }
    }

    #[test]
    fn costs() {
        let image = |text, symbols: &[(&str, u32)]| Image {
            sizes: Sizes { text, ..Sizes::default() },
            symbols: symbols.iter().map(|(name, size)| ((*name).to_owned(), *size)).collect(),
        };
        let costs = Costs {
            demonstration: Sizes { text: 2000, ..Sizes::default() },
            bare: image(1700, &[("memcpy", 100), ("_ZN3aes3new17h0123456789abcdefE", 1000)]),
            plain: image(500, &[("memcpy", 100), ("_ZN3aes3old17h0123456789abcdefE", 1)]),
        };
        let expected = "\
flash, octets (code, constants and data; errors as numbers)
    1,700  the image, with picopost
      500  the same POST over plain TCP
    1,200  picopost: the difference
      300  more with the feature `error-text`: errors as sentences

the difference by crate; what is inlined counts where it is inlined to
      999  aes

the largest symbols of the image with picopost
    1,000  aes::new
      100  memcpy
";
        assert_eq!(costs.to_string(), expected);
    }
}
