//! Thousands of POSTs over a link and to a server that misbehave by a seeded plan.
//!
//! The device's side is picopost as it is: its async client, and its outbox in a flash. All around it is
//! made here, in one thread and with a time of its own: the link (a byte pipe that refuses, resets, goes
//! silent, loses segments and moves one octet at a time), the server (rustls, HTTP/1.1, with and without
//! a memory for `Idempotency-Key`), its storms of 429 and 503, its restarts, the device's clock, and its
//! power. Hours pass in seconds, and two runs with the same seed say the same. Some readings go over real
//! TCP of the loopback besides ([`tcp`]).

#![forbid(unsafe_code)]

pub mod device;
pub mod draw;
pub mod life;
pub mod link;
pub mod report;
pub mod run;
pub mod server;
pub mod tcp;
pub mod world;

pub use report::Report;
pub use run::{Options, run};
