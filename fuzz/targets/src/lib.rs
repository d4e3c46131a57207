//! What the fuzzer runs: one function for each target.
//!
//! A target takes any octets. It panics where something does not hold that must hold for all input; what
//! that is, beyond "no panic" and "an end", is in each target's documentation. The wrappers in
//! `fuzz/fuzz_targets` hand libFuzzer's octets to these functions, and the test of this crate the seeds
//! and regressions in the folder above.

#![forbid(unsafe_code)]

pub use certificate_path::certificate_path;
pub use differential::{Figures, differential};
pub use http_request::http_request;
pub use http_response::http_response;
pub use http_url::http_url;
pub use key_usage::key_usage;
pub use memo_import::memo_import;
pub use session_import::session_import;
pub use signatures::signatures;
pub use tls::{tls_random, tls_resumed, tls_scripted};

mod certificate_path;
mod differential;
mod http_request;
mod http_response;
mod http_url;
mod input;
mod key_usage;
mod memo_import;
mod session_import;
mod signatures;
mod tls;

/// A target's name and function.
pub type Target = (&'static str, fn(&[u8]));

/// Every target.
pub const TARGETS: [Target; 11] = [
    ("certificate_path", certificate_path),
    ("http_request", http_request),
    ("http_response", http_response),
    ("http_url", http_url),
    ("key_usage", key_usage),
    ("memo_import", memo_import),
    ("session_import", session_import),
    ("signatures", signatures),
    ("tls_random", tls_random),
    ("tls_resumed", tls_resumed),
    ("tls_scripted", tls_scripted),
];
