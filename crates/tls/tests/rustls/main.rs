//! The engine against rustls: sessions, and what stays in memory.

mod resumption;
mod secrets;
mod support;
