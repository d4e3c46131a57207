//! `picopost trust` as a program: files, hosts of every kind, and the files that it writes in the
//! hands of those who read them.

mod arguments;
mod check;
mod documented;
mod doubt;
mod failures;
mod files;
mod formats;
mod park;
mod schema;
mod server;
mod support;
#[path = "../shared/validate.rs"]
mod validate;
