//! BoGo's shim: a client around the engine, with the flags that BoringSSL's own has.

#![forbid(unsafe_code)]

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    picopost_conformance::shim::main(&arguments)
}
