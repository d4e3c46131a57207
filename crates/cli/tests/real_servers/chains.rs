//! The certificates that the servers show, as files.

use std::fs;
use std::path::{Path, PathBuf};

use picopost_testkit::chains::{Chain, shapes};

/// The files of one chain.
pub(crate) struct Files {
    pub(crate) name: &'static str,
    /// What the server sends, PEM.
    pub(crate) certificates: PathBuf,
    /// The server's private key, PEM.
    pub(crate) key: PathBuf,
    /// What the client has to trust, PEM.
    pub(crate) anchors: PathBuf,
}

/// A leaf, its issuer and the root: the three shapes of real edges, and two leaves more, so that
/// CertificateVerify is done with each kind of key.
pub(crate) fn all(folder: &Path) -> Vec<Files> {
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
pub(crate) fn gts(folder: &Path) -> Files {
    write(folder, "gts", &shapes::gts())
}

/// RSA alone.
pub(crate) fn rsa(folder: &Path) -> Files {
    write(folder, "rsa", &shapes::rsa())
}

/// For the loopback's address instead of a name.
pub(crate) fn address(folder: &Path) -> Files {
    let chain = Chain::from_table(
        "root    p256  root  ca
         server  p256  root  server ip:127.0.0.1
         send server",
    );
    write(folder, "address", &chain)
}

/// The anchor of an authority that none of the servers has anything to do with.
pub(crate) fn stranger(folder: &Path) -> PathBuf {
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
