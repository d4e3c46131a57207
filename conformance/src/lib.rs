//! The TLS engine before other people's tests and servers: x509-limbo's certificate paths, BoGo
//! (BoringSSL's TLS test runner), the servers of twelve others, and OAuth 2.0 servers behind an edge.
//!
//! `tls ← limbo`, `tls ← shim ← bogo`, `client ← interop, oauth`: the suites use the engine as any caller does, but for one
//! thing: BoGo's shim accepts any certificate, which the engine has a feature with `danger` in
//! its name for. Nothing uses this package.

#![forbid(unsafe_code)]

pub mod bogo;
pub mod interop;
pub mod limbo;
pub mod oauth;
pub mod shim;
mod sources;
