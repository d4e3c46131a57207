//! Hands the linker the board's memory map.

use std::{env, path::Path};

fn main() {
    println!("cargo::rerun-if-changed=memory.ld");
    let folder = env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets the manifest's folder");
    // On any other target the linker is not ours to command.
    if env::var("CARGO_CFG_TARGET_ARCH").is_ok_and(|arch| arch == "riscv32") {
        println!("cargo::rustc-link-arg-bins=-T{}", Path::new(&folder).join("memory.ld").display());
    }
}
