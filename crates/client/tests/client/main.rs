//! The client that drives it all, blocking and async, in a network with a time of its own.

mod attempts;
mod dropped;
mod keep_alive;
mod limits;
#[cfg(feature = "oauth")]
mod oauth;
mod redirects;
#[path = "../support/mod.rs"]
mod support;
mod time;
mod world;
