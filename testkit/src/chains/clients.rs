//! Certificates of clients, for a server that asks for one: [`Chain::root`] is for the server to know.

use super::Chain;

/// A P-256 key under an intermediate.
pub fn good() -> Chain {
    device("device", "p256", "client")
}

/// Another device under the same intermediate.
pub fn another() -> Chain {
    device("another", "p256", "client")
}

/// So many names that it takes more than 10,000 octets.
pub fn long() -> Chain {
    let names = (0..300).map(|number| format!("dns:sensor-number-{number}.devices.example "));
    device("device", "p256", &format!("client {}", names.collect::<String>()))
}

/// Under a root that the server of [`good`] does not know.
pub fn stranger() -> Chain {
    Chain::from_table(
        "name      key   signed by  words
         stranger  p256  stranger   ca
         device    p256  stranger   client
         send device",
    )
}

/// Faulty: a key on P-384, with which no client of ours signs.
pub fn p384() -> Chain {
    device("device", "p384", "client")
}

/// Faulty: an RSA key.
pub fn rsa() -> Chain {
    device("device", "rsa2048", "client")
}

/// Faulty: keyUsage without digitalSignature.
pub fn may_not_sign() -> Chain {
    device("device", "p256", "client agree")
}

fn device(name: &str, kind: &str, words: &str) -> Chain {
    Chain::from_table(&format!(
        "device-root    p256    device-root    ca
         device-issuer  p256    device-root    ca:0
         {name}         {kind}  device-issuer  {words}
         send {name} device-issuer"
    ))
}
