//! Who was here before: whether a client that comes back could have resumed its session.

use std::collections::HashSet;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::event::ClientHello;

/// A client as far as it can be recognised.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Client {
    address: IpAddr,
    server_name: Option<String>,
    ja4: String,
}

/// Clients that were given a session.
#[derive(Debug, Default)]
pub(super) struct Sessions(Mutex<HashSet<Client>>);

/// Clients that are remembered; then all are forgotten.
const MAX_CLIENTS: usize = 10_000;

impl Client {
    /// None for a hello that cannot be decoded.
    pub(super) fn of(address: IpAddr, hello: &ClientHello) -> Option<Self> {
        Some(Self { address, server_name: hello.server_name.clone(), ja4: hello.ja4.clone()? })
    }
}

impl Sessions {
    pub(super) fn has(&self, client: &Client) -> bool {
        self.lock().contains(client)
    }

    pub(super) fn remember(&self, client: Client) {
        let mut clients = self.lock();
        if clients.len() >= MAX_CLIENTS {
            clients.clear();
        }
        clients.insert(client);
    }

    fn lock(&self) -> MutexGuard<'_, HashSet<Client>> {
        // The set is whole at any time, also when another thread has panicked.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::super::event::ClientHello;
    use super::{Client, MAX_CLIENTS, Sessions};

    #[test]
    fn a_client_is_known_again_and_memory_is_bounded() {
        let hello = ClientHello { ja4: Some("t13d".to_owned()), ..ClientHello::default() };
        let client = |number: usize| {
            let address = std::net::Ipv4Addr::from(u32::try_from(number).unwrap());
            Client::of(address.into(), &hello).unwrap()
        };
        let sessions = Sessions::default();
        assert!(!sessions.has(&client(1)));
        for number in 0..MAX_CLIENTS {
            sessions.remember(client(number));
        }
        assert!(sessions.has(&client(1)));
        sessions.remember(client(MAX_CLIENTS));
        assert!(sessions.has(&client(MAX_CLIENTS)) && !sessions.has(&client(1)));
        assert_eq!(Client::of([0; 4].into(), &ClientHello::default()), None);
    }
}
