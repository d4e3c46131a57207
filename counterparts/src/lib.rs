//! Servers that others wrote, as processes on the loopback: what picopost is tested with.
//!
//! | counterpart | TLS of | Debian's packages |
//! | --- | --- | --- |
//! | `openssl s_server` | OpenSSL | `openssl`, and `coreutils` for `stdbuf` |
//! | nginx | OpenSSL | `nginx` |
//! | Go, `net/http` | Go | `golang-go` |
//! | Python, `http.server` | OpenSSL | `python3` |
//! | Java, `com.sun.net.httpserver` | Java | `default-jdk-headless` |
//! | Node.js, `https` | OpenSSL, the one in Node.js | `nodejs` |
//! | a program in Rust | rustls | |
//! | programs in C | GnuTLS | `gcc libc6-dev libgnutls28-dev` |
//! | | OpenSSL, BoringSSL, Mbed TLS, NSS, wolfSSL | what [`programs::c`] is told to compile with |
//!
//! Two OAuth 2.0 authorisation servers stand behind nginx as an edge: `oidc-provider` (Node.js) and
//! `django-oauth-toolkit` (Python). They come from their registries, with the versions that
//! `programs` pins, into the target folder ([`oauth`]).
//!
//! Each server is a process of its own on ports that the system chooses, and is ended by its
//! process id. All answer with the request's body, and with headers that say who they are and how
//! they saw the connection ([`programs`] has the list).
//!
//! `xtask ← counterparts ← cli's tests, conformance`; nothing that a device runs uses it.

#![forbid(unsafe_code)]

pub mod chains;
pub mod nginx;
pub mod oauth;
pub mod openssl;
pub mod process;
pub mod programs;
