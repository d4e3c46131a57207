//! The engine against rustls: client certificates, sessions, key exchange, and what stays in memory.

#[cfg(feature = "client-auth")]
mod client_auth;
mod parked;
#[cfg(feature = "mlkem")]
mod post_quantum;
mod resumption;
mod secrets;
mod support;
