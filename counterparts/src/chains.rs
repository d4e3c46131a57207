//! The certificates that servers and clients show, as files.

use std::fs;
use std::path::{Path, PathBuf};

use picopost_testkit::chains::{Chain, shapes};

/// The files of one chain.
pub struct Files {
    /// The chain's name.
    pub name: &'static str,
    /// What the server sends, PEM.
    pub certificates: PathBuf,
    /// The server's private key, PEM.
    pub key: PathBuf,
    /// What the client has to trust, PEM.
    pub anchors: PathBuf,
}

/// A leaf, its issuer and the root: the three shapes of real edges, and two leaves more, so that
/// CertificateVerify is done with each kind of key.
///
/// # Panics
/// If there is no room for a file.
pub fn all(folder: &Path) -> Vec<Files> {
    [
        ("gts", shapes::gts()),
        ("lets-encrypt", shapes::lets_encrypt()),
        ("rsa", shapes::rsa()),
        ("p384", shapes::p384_server()),
        ("rsa4096", rsa_4096_server()),
    ]
    .into_iter()
    .map(|(name, chain)| write(folder, name, &chain))
    .collect()
}

/// Shaped like Google Trust Services.
///
/// # Panics
/// If there is no room for a file.
pub fn gts(folder: &Path) -> Files {
    write(folder, "gts", &shapes::gts())
}

/// The shortest that there is: a leaf on P-256, signed by the root.
///
/// # Panics
/// If there is no room for a file.
pub fn direct(folder: &Path) -> Files {
    write(folder, "direct", &shapes::direct())
}

/// A client's own: a leaf on P-256 whose subject has [`CLIENT`] in it, signed by an authority of
/// clients. Here `anchors` is what a server has to trust.
///
/// # Panics
/// If there is no room for a file.
pub fn client(folder: &Path) -> Files {
    let chain = Chain::from_table(
        "authority  p256  authority  ca
         client     p256  authority  client
         send client",
    );
    write(folder, "client", &chain)
}

/// A client of another authority, which no server has to do with.
///
/// # Panics
/// If there is no room for a file.
pub fn strange_client(folder: &Path) -> Files {
    let chain = Chain::from_table(
        "stranger  p256  stranger  ca
         client    p256  stranger  client
         send client",
    );
    write(folder, "strange-client", &chain)
}

/// The common name of [`client`].
pub const CLIENT: &str = "picopost test client";

/// RSA alone.
///
/// # Panics
/// If there is no room for a file.
pub fn rsa(folder: &Path) -> Files {
    write(folder, "rsa", &shapes::rsa())
}

/// For the loopback's address instead of a name.
///
/// # Panics
/// If there is no room for a file.
pub fn address(folder: &Path) -> Files {
    let chain = Chain::from_table(
        "root    p256  root  ca
         server  p256  root  server ip:127.0.0.1
         send server",
    );
    write(folder, "address", &chain)
}

/// The anchor of an authority that none of the servers has anything to do with.
///
/// # Panics
/// If there is no room for a file.
pub fn stranger(folder: &Path) -> PathBuf {
    let chain = Chain::from_table(
        "stranger  p256  stranger  ca
         server    p256  stranger  server dns:device.example
         send server",
    );
    write(folder, "stranger", &chain).anchors
}

fn rsa_4096_server() -> Chain {
    Chain::from_table(
        "root    p256     root  ca
         server  rsa4096  root  server dns:device.example
         send server",
    )
}

fn write(folder: &Path, name: &'static str, chain: &Chain) -> Files {
    let file = |ending: &str, text: &str| {
        let path = folder.join(format!("{name}-{ending}.pem"));
        fs::write(&path, text).expect("there is room for a certificate");
        path
    };
    Files {
        name,
        certificates: file("certificates", &chain.pem),
        key: file("key", &chain.key.pem()),
        anchors: file("anchors", &chain.root_pem),
    }
}
