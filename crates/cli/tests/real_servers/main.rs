//! `picopost post` against servers that others wrote, over the loopback.
//!
//! | counterpart | TLS of | Debian's packages |
//! | --- | --- | --- |
//! | `openssl s_server` | OpenSSL | `openssl`, and `coreutils` for `stdbuf` |
//! | nginx | OpenSSL | `nginx` |
//! | Go, `net/http` | Go | `golang-go` |
//! | Python, `http.server` | OpenSSL | `python3` |
//! | Java, `com.sun.net.httpserver` | Java | `default-jdk-headless` |
//! | Node.js, `https` | OpenSSL, the one in Node.js | `nodejs` |
//! | a program in C | GnuTLS | `gcc libc6-dev libgnutls28-dev` |
//!
//! A counterpart that is not installed fails its test, which says what to type. Each server is a
//! process of its own on ports that the system chooses, and is ended by its process id.
//!
//! `every_server` posts to each of them with each kind of certificate chain; `refusals` and
//! `variants` are about what a server may be set to do.

mod chains;
mod every_server;
mod nginx;
mod openssl;
mod post;
mod process;
mod programs;
mod refusals;
mod variants;
