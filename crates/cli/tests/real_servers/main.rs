//! `picopost post` against servers that others wrote, over the loopback.
//!
//! The package `picopost-counterparts` has the servers, and says what each needs to be installed. One
//! that is not there fails its test, which says what to type. Each server is a process of its own on
//! ports that the system chooses, and is ended by its process id.
//!
//! `every_server` posts to each of them with each kind of certificate chain, `client_certificates` as a
//! client that has one of its own; `refusals` and `variants` are about what a server may be set to do.

mod client_certificates;
mod every_server;
mod post;
mod refusals;
mod start;
mod variants;
