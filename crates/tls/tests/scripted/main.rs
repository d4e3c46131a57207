//! The engine against the scripted server of the test kit: what it must accept, and what it must
//! refuse, with which error and which alert.

mod accepted;
mod caller;
mod certificates;
#[cfg(feature = "client-auth")]
mod client_auth;
mod endings;
mod entropy;
mod generated;
mod idle;
mod limits;
mod memo;
#[cfg(feature = "mlkem")]
mod post_quantum;
mod refusals;
mod sessions;
mod steps;
mod support;
mod tickets;
