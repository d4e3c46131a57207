//! The engine against rustls: sessions, key exchange, and what stays in memory.

#[cfg(feature = "mlkem")]
mod post_quantum;
mod resumption;
mod secrets;
mod support;
