//! `picopost listen` as a program: started on a free port, visited by all sorts of clients, and
//! held to what it tells about them.

mod answers;
mod cases;
mod catalogue;
mod command;
mod copied;
mod export;
mod hostile;
mod http;
mod oauth;
mod server;
mod startup;
mod store;
mod tls;

/// What the program of `--snippet rust` is built against: one anchor, of nobody.
mod anchors {
    use picopost::{Der, TrustAnchor};

    pub(crate) static ANCHORS: &[TrustAnchor<'static>] = &[TrustAnchor {
        subject: Der::from_slice(b"nobody"),
        subject_public_key_info: Der::from_slice(b"none"),
        name_constraints: None,
    }];
}
