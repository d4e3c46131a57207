//! The TLS engine before other people's tests: x509-limbo's certificate paths and BoGo,
//! BoringSSL's TLS test runner.
//!
//! `tls ← limbo`, `tls ← shim ← bogo`: the suites use the engine as any caller does, but for one
//! thing: BoGo's shim accepts any certificate, which the engine has a feature with `danger` in
//! its name for. Nothing uses this package.

#![forbid(unsafe_code)]

pub mod bogo;
pub mod limbo;
pub mod shim;
