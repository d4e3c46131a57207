//! What the page copies as Rust compiles. That the page copies this file, its own tests see.

#![expect(dead_code, reason = "it is compiled, not run")]

include!("../page/copied.rs");
