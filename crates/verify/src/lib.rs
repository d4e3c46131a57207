//! Signature verification over public data for rustls-webpki.

#![no_std]
#![forbid(unsafe_code)]
