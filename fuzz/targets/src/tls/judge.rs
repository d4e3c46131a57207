//! What must hold after a run, whatever the server and the network did.
//!
//! A client that got through is held against the server's own view: same transcript, same keys. What
//! the server itself must not have done is told from its script and from the octets that it made;
//! nothing here knows how the client decides.

use std::sync::{Arc, Mutex};

use picopost_testkit::{Action, Keys, Message};
use picopost_tls::{Error, FULL_RECEIVE_BUFFER};

use super::client::{Client, Network};
use super::is_about_size;
use super::scenario::Scenario;

/// What a server did.
pub(crate) struct Expected {
    pub(crate) actions: Vec<Action>,
    pub(crate) made: Made,
}

/// The messages that a server has made.
#[derive(Clone, Default)]
pub(crate) struct Made {
    pub(crate) bodies: Arc<Mutex<Vec<Body>>>,
    /// Whether one of the handshake was changed on its way.
    pub(crate) tampered: Arc<Mutex<bool>>,
}

impl Made {
    /// Whether the message that was made last is at most the first Finished, and no ticket.
    pub(crate) fn is_in_handshake(&self, message: Message) -> bool {
        let bodies = self.bodies.lock().expect("no panic in between");
        let finished = bodies.iter().filter(|body| body.message == Message::Finished).count();
        message != Message::NewSessionTicket && finished <= usize::from(message == Message::Finished)
    }
}

/// The body of a message.
pub(crate) struct Body {
    pub(crate) message: Message,
    pub(crate) octets: Vec<u8>,
    /// Whether an edit changed it.
    pub(crate) is_changed: bool,
}

pub(crate) fn judge(
    scenario: &Scenario,
    expected: &Expected,
    client: &Client<'_>,
    network: &Network,
    result: Result<(), Error>,
) {
    if client.was_established {
        if let Some(reason) = expected.fault(scenario, client, network) {
            panic!("established, though {reason}: {scenario:?}");
        }
        // RFC 9846 §4.5.3: a client's Finished that the server finds right, over the server's own
        // transcript, is proof that both have seen the same messages and have the same keys.
        if !expected.is_confused() {
            assert_eq!(network.seen().complaint, None, "established, and the server disagrees: {scenario:?}");
            assert!(network.seen().is_finished(), "established, and the server is not: {scenario:?}");
            let data = &network.seen().data;
            // RFC 9846 §6: what still waits when an alert comes is not sent any more.
            assert!(client.sealed.starts_with(data), "{scenario:?}");
            assert!(result.is_err() || *data == client.sealed, "{scenario:?}");
        }
    } else {
        assert!(client.plaintext.is_empty() && client.sealed.is_empty(), "{scenario:?}");
        assert!(network.seen().data.is_empty(), "{scenario:?}");
    }
    let (data, closed) = expected.data();
    assert!(data.starts_with(&client.plaintext), "plaintext that the server did not send: {scenario:?}");
    match result {
        Ok(()) => {
            assert_eq!(closed.as_ref(), Some(&client.plaintext), "closed too early: {scenario:?}");
        }
        Err(error) => check_told(scenario, client, network, error),
    }
    if scenario.is_good(client.is_resumable) {
        let small = scenario.receive < FULL_RECEIVE_BUFFER / 2;
        match result {
            Ok(()) => assert_eq!(client.was_resumed, client.is_resumable, "{scenario:?}"),
            Err(error) => assert!(small && is_about_size(error), "{error:?}: {scenario:?}"),
        }
    }
}

/// RFC 9846 §6.2: an alert for each violation, where the server can read it.
fn check_told(scenario: &Scenario, client: &Client<'_>, network: &Network, error: Error) {
    let silent = matches!(
        error,
        Error::Truncated { .. }
            | Error::ClosedInHandshake
            | Error::AlertReceived { .. }
            | Error::ClientCertificateRefused { .. }
    );
    let seen = network.seen();
    if !silent && !client.closed_early && seen.complaint.is_none() && !seen.hellos.is_empty() {
        let alert = seen.alert().map(|(alert, _)| alert);
        assert!(alert.is_some_and(|alert| alert != 0), "{error:?} without an alert: {scenario:?}");
    }
}

impl Expected {
    /// Why nobody should have gone on with this server.
    fn fault(&self, scenario: &Scenario, client: &Client<'_>, network: &Network) -> Option<&'static str> {
        let resumed = client.was_resumed;
        if *self.made.tampered.lock().expect("no panic in between") {
            return Some("a message was changed on its way");
        }
        if !scenario.has_offered_suite() {
            return Some("the suite was not offered");
        }
        if scenario.zero_key_share {
            return Some("the key share is zero");
        }
        if !resumed && scenario.is_chain_faulty {
            return Some("the chain is faulty");
        }
        if !resumed && scenario.wrong_key {
            return Some("the certificate is another's");
        }
        let mut order = self.order();
        // What is in clear and in no transcript may get lost on the way, and nobody is the wiser.
        order.retain(|sent| scenario.network.is_empty() || *sent != (NEW_SESSION_TICKET, None));
        if !is_order_good(&order, resumed) {
            return Some("messages are missing, out of order, or under the wrong keys");
        }
        self.message_fault(client, network)
    }

    /// `msg_type` and keys of each handshake message up to the server's Finished.
    fn order(&self) -> Vec<(u8, Option<Keys>)> {
        let mut keys = None;
        let mut order = Vec::new();
        for action in &self.actions {
            let msg_type = match action {
                Action::Keys(next) => {
                    keys = Some(*next);
                    continue;
                }
                Action::Send(message) => msg_type(*message),
                Action::Handshake { msg_type, .. } => *msg_type,
                _ => continue,
            };
            order.push((msg_type, keys));
            if msg_type == FINISHED {
                break;
            }
        }
        order
    }

    /// Whether the server's own view is none to go by, which the client sees only later: its application
    /// keys are made before its Finished, or more goes into its transcript behind that.
    fn is_confused(&self) -> bool {
        let is_finished = |action: &Action| {
            matches!(action, Action::Send(Message::Finished) | Action::Handshake { msg_type: FINISHED, .. })
        };
        let finished = self.actions.iter().position(is_finished).unwrap_or(self.actions.len());
        let (before, behind) = self.actions.split_at(finished);
        before.iter().any(|action| matches!(action, Action::Keys(Keys::Application)))
            || behind.iter().skip(1).any(|action| match action {
                Action::Send(message) => {
                    !matches!(message, Message::NewSessionTicket | Message::KeyUpdate(_))
                }
                Action::Handshake { .. } => true,
                _ => false,
            })
    }

    /// What is wrong in the octets that were made, where it is certain which of them came first.
    fn message_fault(&self, client: &Client<'_>, network: &Network) -> Option<&'static str> {
        let bodies = self.made.bodies.lock().expect("no panic in between");
        let own = self.actions.iter().any(|action| matches!(action, Action::Handshake { .. }));
        let count = |wanted| bodies.iter().filter(|body| body.message == wanted).count();
        if own || HANDSHAKE.into_iter().any(|message| count(message) > 1) {
            return None;
        }
        bodies.iter().find_map(|body| match body.message {
            Message::Finished if body.is_changed => Some("Finished is not what it should be"),
            Message::CertificateVerify if body.is_changed && !client.was_resumed => {
                Some("CertificateVerify is not what it should be")
            }
            Message::ServerHello => hello_fault(&body.octets, client.was_resumed),
            Message::EncryptedExtensions => extensions_fault(&body.octets, network),
            _ => None,
        })
    }

    /// The application data that the server sent, all of it and up to its close_notify.
    fn data(&self) -> (Vec<u8>, Option<Vec<u8>>) {
        let (mut data, mut closed) = (Vec::new(), None);
        for action in &self.actions {
            let (content_type, content) = match action {
                Action::Data(content) => (APPLICATION_DATA, content.clone()),
                Action::Alert { level, description } => (ALERT, vec![*level, *description]),
                Action::Record { content_type, fragment } => (*content_type, fragment.clone()),
                Action::Inner(inner) => {
                    let end = inner.iter().rposition(|octet| *octet != 0).unwrap_or(0);
                    (inner.get(end).copied().unwrap_or(0), inner.get(..end).unwrap_or_default().to_vec())
                }
                _ => continue,
            };
            match (content_type, &content[..]) {
                (APPLICATION_DATA, content) => data.extend(content),
                (ALERT, [_, 0]) if closed.is_none() => closed = Some(data.clone()),
                _ => {}
            }
        }
        (data, closed)
    }
}

const ALERT: u8 = 21;
const APPLICATION_DATA: u8 = 23;
const NEW_SESSION_TICKET: u8 = 4;
const FINISHED: u8 = 20;
/// What a server sends once.
const HANDSHAKE: [Message; 5] = [
    Message::ServerHello,
    Message::EncryptedExtensions,
    Message::Certificate,
    Message::CertificateVerify,
    Message::Finished,
];

fn msg_type(message: Message) -> u8 {
    match message {
        Message::HelloRetryRequest | Message::ServerHello => 2,
        Message::NewSessionTicket => 4,
        Message::EncryptedExtensions => 8,
        Message::Certificate => 11,
        Message::CertificateRequest => 13,
        Message::CertificateVerify => 15,
        Message::Finished => FINISHED,
        Message::KeyUpdate(_) => 24,
    }
}

/// RFC 9846 §2 and §2.2: ServerHello in the clear, perhaps behind a HelloRetryRequest, and the rest with
/// the handshake keys.
fn is_order_good(order: &[(u8, Option<Keys>)], resumed: bool) -> bool {
    let clear = order.iter().take_while(|(_, keys)| keys.is_none()).count();
    let (clear, protected) = order.split_at(clear);
    let keys = protected.iter().all(|(_, keys)| *keys == Some(Keys::Handshake));
    let types: Vec<u8> = protected.iter().map(|(msg_type, _)| *msg_type).collect();
    let order = match &types[..] {
        [8, 20] => resumed,
        [8, 11, 15, 20] | [8, 13, 11, 15, 20] => !resumed,
        _ => false,
    };
    order && keys && matches!(clear, [(2, _)] | [(2, _), (2, _)])
}

/// RFC 9846 §4.2.3: what every ServerHello of this version says.
fn hello_fault(body: &[u8], resumed: bool) -> Option<&'static str> {
    // Version, random, session ID of 32 octets, suite, compression.
    let block = body.get(2 + 32 + 1 + 32 + 2 + 1..).and_then(extension_types);
    let Some(mut types) = block else { return Some("the ServerHello cannot be parsed") };
    types.sort_unstable();
    // pre_shared_key, supported_versions, key_share.
    let wanted: &[u16] = if resumed { &[41, 43, 51] } else { &[43, 51] };
    let good = types == wanted && body.starts_with(&[3, 3]);
    (!good).then_some("the ServerHello has other extensions, or another version")
}

/// RFC 9846 §4.3: EncryptedExtensions has what may be there and was asked for, once.
fn extensions_fault(body: &[u8], network: &Network) -> Option<&'static str> {
    let Some(mut types) = extension_types(body) else { return Some("EncryptedExtensions cannot be parsed") };
    let offered = |kind: &u16| network.seen().hellos[0].extension(*kind).is_some();
    // Of those that may be there, the ones that this client knows.
    let allowed = types.iter().all(|kind| [0, 1, 10, 16, 28].contains(kind) && offered(kind));
    types.sort_unstable();
    let once = types.windows(2).all(|pair| pair[0] != pair[1]);
    (!(allowed && once)).then_some("EncryptedExtensions has one that was not asked for, or one twice")
}

/// The types in `Extension extensions<0..2^16-1>`, where that is all there is.
fn extension_types(block: &[u8]) -> Option<Vec<u16>> {
    let number = |octets: &[u8]| Some(u16::from_be_bytes(octets.get(..2)?.try_into().ok()?));
    let mut rest = block.get(2..)?;
    if usize::from(number(block)?) != rest.len() {
        return None;
    }
    let mut types = Vec::new();
    while !rest.is_empty() {
        types.push(number(rest)?);
        let length = usize::from(number(rest.get(2..)?)?);
        rest = rest.get(4 + length..)?;
    }
    Some(types)
}
