//! Chains that a client must accept.

use super::Chain;

/// Shaped like Google Trust Services: P-256, P-256, P-384.
pub fn gts() -> Chain {
    Chain::from_table(
        "name          key   signed by     words
         root          p384  root          ca
         intermediate  p256  root          ca:0
         server        p256  intermediate  server dns:device.example
         send server intermediate",
    )
}

/// Shaped like Let's Encrypt with ECDSA: P-256, P-384, P-384.
pub fn lets_encrypt() -> Chain {
    Chain::from_table(
        "name          key   signed by     words
         root          p384  root          ca
         intermediate  p384  root          ca:0
         server        p256  intermediate  server client dns:device.example
         send server intermediate",
    )
}

/// RSA alone: 2048, 2048, 4096 bits.
pub fn rsa() -> Chain {
    Chain::from_table(
        "name          key      signed by     words
         root          rsa4096  root          ca
         intermediate  rsa2048  root          ca:0
         server        rsa2048  intermediate  server dns:device.example
         send server intermediate",
    )
}

/// A server's key on P-384, directly under the root.
pub fn p384_server() -> Chain {
    Chain::from_table(
        "name    key   signed by  words
         root    p256  root       ca
         server  p384  root       server dns:device.example
         send server",
    )
}

/// No intermediate at all.
pub fn direct() -> Chain {
    Chain::from_table(
        "name    key   signed by  words
         root    p256  root       ca
         server  p256  root       server dns:device.example
         send server",
    )
}

/// The server appends its root, cross-signed by an older root that the client does not trust.
pub fn cross_signed_root() -> Chain {
    Chain::from_table(
        "name          key      signed by     words
         root          p384     root          ca
         old           rsa4096  old           ca
         root/old      p384     old           ca
         intermediate  p256     root          ca:0
         server        p256     intermediate  server dns:device.example
         send server intermediate root/old",
    )
}

/// The same server as in [`cross_signed_root`], and a client that trusts the older root alone.
pub fn cross_signed_root_from_old() -> Chain {
    Chain::from_table(
        "name          key      signed by     words
         old           rsa4096  old           ca
         root/old      p384     old           ca
         intermediate  p256     root/old      ca:0
         server        p256     intermediate  server dns:device.example
         send server intermediate root/old",
    )
}

/// Two intermediates, sent the wrong way round: RFC 9846 §4.5.1 wants arbitrary orders handled.
pub fn out_of_order() -> Chain {
    Chain::from_table(
        "name    key   signed by  words
         root    p256  root       ca
         policy  p256  root       ca
         issuer  p256  policy     ca:0
         server  p256  issuer     server dns:device.example
         send server policy issuer",
    )
}

/// The server is named by addresses, not by a DNS name.
pub fn address() -> Chain {
    Chain::from_table(
        "name    key   signed by  words
         root    p256  root       ca
         server  p256  root       server ip:192.0.2.7 ip:2001:db8::7
         send server",
    )
}

/// The certificate is for `*.device.example`: for `one.device.example`, not for more or fewer labels.
pub fn wildcard() -> Chain {
    Chain::from_table(
        "name    key   signed by  words
         root    p256  root       ca
         server  p256  root       server dns:*.device.example
         send server",
    )
}

/// Name constraints that are kept.
pub fn constrained() -> Chain {
    Chain::from_table(
        "name          key   signed by     words
         root          p256  root          ca
         intermediate  p256  root          ca permit:example
         server        p256  intermediate  server dns:device.example
         send server intermediate",
    )
}

/// Server and client usage together, beside a name that is not asked for.
pub fn several_names() -> Chain {
    Chain::from_table(
        "name    key   signed by  words
         root    p256  root       ca
         server  p256  root       client server dns:elsewhere.example dns:device.example ip:192.0.2.7
         send server",
    )
}
