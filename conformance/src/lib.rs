//! The TLS engine before other people's tests and servers: x509-limbo's certificate paths, BoGo
//! (BoringSSL's TLS test runner), and the servers of twelve others.
//!
//! `tls ← limbo`, `tls ← shim ← bogo`, `client ← interop`: the suites use the engine as any caller does, but for one
//! thing: BoGo's shim accepts any certificate, which the engine has a feature with `danger` in
//! its name for. Nothing uses this package.

#![forbid(unsafe_code)]

pub mod bogo;
pub mod interop;
pub mod limbo;
pub mod shim;
mod sources;
