//! Chains that a client must refuse, each with one fault.

use super::Chain;

/// [`super::shapes::gts`] with other words for the server's certificate.
fn server(words: &str) -> Chain {
    Chain::from_table(&format!(
        "root          p384  root          ca
         intermediate  p256  root          ca:0
         server        p256  intermediate  {words}
         send server intermediate"
    ))
}

/// The server's certificate is past its notAfter, 2026-05-31T00:00:00Z.
pub fn expired() -> Chain {
    server("server dns:device.example from:2026-01-01 until:2026-05-31")
}

/// The server's certificate is before its notBefore, 2026-06-02T00:00:00Z.
pub fn not_yet_valid() -> Chain {
    server("server dns:device.example from:2026-06-02")
}

/// The certificate of the intermediate is past its notAfter, 2026-05-31T00:00:00Z.
pub fn expired_intermediate() -> Chain {
    Chain::from_table(
        "name          key   signed by     words
         root          p384  root          ca
         intermediate  p256  root          ca:0 from:2026-01-01 until:2026-05-31
         server        p256  intermediate  server dns:device.example
         send server intermediate",
    )
}

/// For another name.
pub fn wrong_name() -> Chain {
    server("server dns:elsewhere.example")
}

/// No subjectAltName; the name stands nowhere (RFC 9525 takes no common names).
pub fn no_name() -> Chain {
    server("server")
}

/// For clients only.
pub fn client_only() -> Chain {
    server("client dns:device.example")
}

/// With a critical extension that nobody knows.
pub fn critical_extension() -> Chain {
    server("server critical dns:device.example")
}

/// The certificate's signature is by another key than the issuer's.
pub fn forged() -> Chain {
    server("server forged dns:device.example")
}

/// The intermediate's signature is by another key than the root's.
pub fn forged_intermediate() -> Chain {
    Chain::from_table(
        "name          key   signed by     words
         root          p256  root          ca
         intermediate  p256  root          forged ca:0
         server        p256  intermediate  server dns:device.example
         send server intermediate",
    )
}

/// A good chain under a root that the client does not trust.
pub fn unknown_ca() -> Chain {
    Chain::from_table(
        "name          key   signed by     words
         root          p384  root          ca
         stranger      p384  stranger      ca
         intermediate  p256  stranger      ca:0
         server        p256  intermediate  server dns:device.example
         send server intermediate",
    )
}

/// The intermediate is left out.
pub fn no_intermediate() -> Chain {
    Chain::from_table(
        "name          key   signed by     words
         root          p384  root          ca
         intermediate  p256  root          ca:0
         server        p256  intermediate  server dns:device.example
         send server",
    )
}

/// Issued to itself.
pub fn self_signed() -> Chain {
    Chain::from_table(
        "name    key   signed by  words
         root    p384  root       ca
         server  p256  server     server dns:device.example
         send server",
    )
}

/// The holder of a good server certificate issues one for another name.
pub fn leaf_as_ca() -> Chain {
    Chain::from_table(
        "name          key   signed by     words
         root          p384  root          ca
         intermediate  p256  root          ca
         leaf          p256  intermediate  server dns:thief.example
         server        p256  leaf          server dns:device.example
         send server leaf intermediate",
    )
}

/// A certification authority's certificate as the server's own.
pub fn ca_as_server() -> Chain {
    server("ca server dns:device.example")
}

/// The intermediate may issue to servers only, and issues to another authority.
pub fn path_length() -> Chain {
    Chain::from_table(
        "name          key   signed by     words
         root          p384  root          ca
         intermediate  p256  root          ca:0
         another       p256  intermediate  ca
         server        p256  another       server dns:device.example
         send server another intermediate",
    )
}

/// The intermediate may issue for elsewhere.example only.
pub fn name_constraint() -> Chain {
    Chain::from_table(
        "name          key   signed by     words
         root          p384  root          ca
         intermediate  p256  root          ca permit:elsewhere.example
         server        p256  intermediate  server dns:device.example
         send server intermediate",
    )
}

/// More intermediates than anyone has: eight certificates behind the server's own.
pub fn nine_certificates() -> Chain {
    Chain::from_table(
        "name    key   signed by  words
         root    p256  root       ca
         a       p256  root       ca
         b       p256  a          ca
         c       p256  b          ca
         d       p256  c          ca
         e       p256  d          ca
         f       p256  e          ca
         g       p256  f          ca
         h       p256  g          ca
         server  p256  h          server dns:device.example
         send server h g f e d c b a",
    )
}

/// Four authorities that anyone can make: each has the root's name, a key of its own, and its own
/// signature. A search for a path tries them in every order.
pub fn impostors() -> Chain {
    Chain::from_table(
        "name    key   signed by  words
         root    p256  root       ca
         root/a  p256  root/a     ca key:a
         root/b  p256  root/b     ca key:b
         root/c  p256  root/c     ca key:c
         root/d  p256  root/d     ca key:d
         server  p256  root/a     server dns:device.example
         send server root/a root/b root/c root/d",
    )
}

/// So many authorities of one name that sign themselves, and lead to no anchor: a search for a path
/// can put them into many orders without one signature, five of them into hundreds.
pub fn namesakes(count: usize) -> Chain {
    let mut table = String::from("root  p256  root  ca\n");
    let mut sent = String::new();
    for number in 1..=count {
        table.push_str(&format!("maze/{number}  p256  maze/{number}  ca key:maze-{number}\n"));
        sent.push_str(&format!(" maze/{number}"));
    }
    Chain::from_table(&format!("{table}server  p256  maze/1  server dns:device.example\nsend server{sent}"))
}
