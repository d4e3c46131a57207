//! `picopost listen` as a program: started on a free port, visited by all sorts of clients, and
//! held to what it tells about them.

mod command;
mod http;
mod oauth;
mod server;
mod tls;
