//! The edits that turn a good script into the one that a test wants.

use std::sync::Arc;

use super::{Action, Keys, Message, Script};
use crate::chains::Key;
use crate::messages::{
    Certificate, CertificateRequest, CertificateVerify, Extensions, IssuedTicket, NewSessionTicket,
    ServerHello,
};

/// Edits of the order.
impl Script {
    /// Leaves a message out; the transcript does not have it either.
    #[must_use]
    pub fn without(mut self, message: Message) -> Self {
        let at = self.position(message);
        self.actions.remove(at);
        self
    }

    /// Sends a message twice; the transcript has it twice.
    #[must_use]
    pub fn twice(self, message: Message) -> Self {
        self.after(message, [Action::Send(message)])
    }

    /// Swaps two messages; the transcript has them as they are sent.
    #[must_use]
    pub fn swap(mut self, one: Message, other: Message) -> Self {
        let (one, other) = (self.position(one), self.position(other));
        self.actions.swap(one, other);
        self
    }

    /// Does something just before a message.
    #[must_use]
    pub fn before(mut self, message: Message, actions: impl IntoIterator<Item = Action>) -> Self {
        let at = self.position(message);
        self.actions.splice(at..at, actions);
        self
    }

    /// Does something just after a message, with the same keys.
    #[must_use]
    pub fn after(mut self, message: Message, actions: impl IntoIterator<Item = Action>) -> Self {
        let at = self.position(message) + 1;
        self.actions.splice(at..at, actions);
        self
    }

    /// Does something once the server sends with its application keys, without waiting for the client.
    #[must_use]
    pub fn after_handshake(mut self, actions: impl IntoIterator<Item = Action>) -> Self {
        let at = self.find(|action| matches!(action, Action::Keys(Keys::Application))) + 1;
        self.actions.splice(at..at, actions);
        self
    }

    /// Does something between the client's data and the server's answer.
    #[must_use]
    pub fn before_response(mut self, actions: impl IntoIterator<Item = Action>) -> Self {
        let at = self.find(|action| matches!(action, Action::Data(_)));
        self.actions.splice(at..at, actions);
        self
    }

    /// Does this instead of everything that follows the answer.
    #[must_use]
    pub fn after_response(mut self, actions: impl IntoIterator<Item = Action>) -> Self {
        let at = self.find(|action| matches!(action, Action::Data(_))) + 1;
        self.actions.splice(at.., actions);
        self
    }

    /// Changes to the handshake keys, to the application keys, or stays in the clear, at another place:
    /// just behind `message`.
    #[must_use]
    pub fn move_keys(mut self, keys: Keys, message: Message) -> Self {
        let at = self.find(|action| matches!(action, Action::Keys(found) if *found == keys));
        let action = self.actions.remove(at);
        self.after(message, [action])
    }

    /// Answers with this instead of [`RESPONSE`](super::RESPONSE).
    #[must_use]
    pub fn response(mut self, data: impl Into<Vec<u8>>) -> Self {
        let at = self.find(|action| matches!(action, Action::Data(_)));
        self.actions[at] = Action::Data(data.into());
        self
    }

    /// Answers once the client's data contain this.
    #[must_use]
    pub fn await_data(mut self, end: impl Into<Vec<u8>>) -> Self {
        let at = self.find(|action| matches!(action, Action::AwaitData(_)));
        self.actions[at] = Action::AwaitData(end.into());
        self
    }

    /// Edits the list of actions in any other way.
    #[must_use]
    pub fn edit_actions(mut self, edit: impl FnOnce(&mut Vec<Action>)) -> Self {
        edit(&mut self.actions);
        self
    }

    fn position(&self, message: Message) -> usize {
        self.find(|action| matches!(action, Action::Send(found) if *found == message))
    }

    fn find(&self, wanted: impl Fn(&Action) -> bool) -> usize {
        self.actions.iter().position(wanted).expect("the script has no such action")
    }
}

/// Edits of messages. The transcript has the edited message, so that nothing else is wrong.
impl Script {
    /// Edits the ServerHello.
    #[must_use]
    pub fn edit_server_hello(mut self, edit: impl Fn(&mut ServerHello) + Send + Sync + 'static) -> Self {
        self.edits.server_hello.push(Arc::new(edit));
        self
    }

    /// Edits the HelloRetryRequest.
    #[must_use]
    pub fn edit_retry_request(mut self, edit: impl Fn(&mut ServerHello) + Send + Sync + 'static) -> Self {
        self.edits.retry_request.push(Arc::new(edit));
        self
    }

    /// Edits the EncryptedExtensions.
    #[must_use]
    pub fn edit_encrypted_extensions(
        mut self,
        edit: impl Fn(&mut Extensions) + Send + Sync + 'static,
    ) -> Self {
        self.edits.encrypted_extensions.push(Arc::new(edit));
        self
    }

    /// Edits the CertificateRequest.
    #[must_use]
    pub fn edit_certificate_request(
        mut self,
        edit: impl Fn(&mut CertificateRequest) + Send + Sync + 'static,
    ) -> Self {
        self.edits.certificate_request.push(Arc::new(edit));
        self
    }

    /// Edits the Certificate.
    #[must_use]
    pub fn edit_certificate(mut self, edit: impl Fn(&mut Certificate) + Send + Sync + 'static) -> Self {
        self.edits.certificate.push(Arc::new(edit));
        self
    }

    /// Edits what CertificateVerify says and signs.
    #[must_use]
    pub fn edit_certificate_verify(
        mut self,
        edit: impl Fn(&mut CertificateVerify) + Send + Sync + 'static,
    ) -> Self {
        self.edits.certificate_verify.push(Arc::new(edit));
        self
    }

    /// Edits the NewSessionTicket.
    #[must_use]
    pub fn edit_ticket(mut self, edit: impl Fn(&mut NewSessionTicket) + Send + Sync + 'static) -> Self {
        self.edits.ticket.push(Arc::new(edit));
        self
    }

    /// Edits the encoded body of any message; its length in front follows.
    #[must_use]
    pub fn rewrite(mut self, message: Message, edit: impl Fn(&mut Vec<u8>) + Send + Sync + 'static) -> Self {
        self.edits.bodies.push((message, Arc::new(edit)));
        self
    }

    /// Edits a message on its way, type and length included: the server's transcript does not have it.
    #[must_use]
    pub fn tamper(mut self, message: Message, edit: impl Fn(&mut Vec<u8>) + Send + Sync + 'static) -> Self {
        self.edits.wire.push((message, Arc::new(edit)));
        self
    }
}

/// Parameters.
impl Script {
    /// Chooses this cipher suite, offered or not.
    #[must_use]
    pub fn suite(mut self, cipher_suite: u16) -> Self {
        self.suite = Some(cipher_suite);
        self
    }

    /// Takes the client's share for this group instead of its first.
    #[must_use]
    pub fn group(mut self, named_group: u16) -> Self {
        self.group = Some(named_group);
        self
    }

    /// Signs CertificateVerify with another key than the certificate's.
    #[must_use]
    pub fn sign_with(mut self, key: Arc<Key>) -> Self {
        self.signing_key = key;
        self
    }

    /// Sends a public key of X25519 that is all zeros and goes on with the all-zero secret that it leads to.
    #[must_use]
    pub fn zero_key_share(mut self) -> Self {
        self.zero_key_share = true;
        self
    }

    /// Takes this ticket, which the client must offer with a binder that is right: `pre_shared_key` in
    /// the ServerHello, and neither Certificate nor CertificateVerify (RFC 9846 §2.2).
    #[must_use]
    pub fn resume(mut self, ticket: &IssuedTicket) -> Self {
        self.resumes = Some(ticket.clone());
        self.without(Message::Certificate).without(Message::CertificateVerify)
    }

    /// Puts handshake messages that follow each other into one record.
    #[must_use]
    pub fn coalesce(mut self) -> Self {
        self.layout.coalesce = true;
        self
    }

    /// Puts at most so many octets of handshake messages into a record.
    #[must_use]
    pub fn split_handshake_every(mut self, octets: usize) -> Self {
        self.layout.handshake = octets;
        self
    }

    /// Puts at most so many octets of application data into a record.
    #[must_use]
    pub fn record_size(mut self, octets: usize) -> Self {
        self.layout.data = octets;
        self
    }

    /// The server knows no record_size_limit, and sends records as large as it likes.
    #[must_use]
    pub fn ignore_record_limits(mut self) -> Self {
        self.layout.ignores_limits = true;
        self
    }

    /// Adds so many octets of padding to each protected record.
    #[must_use]
    pub fn pad(mut self, octets: usize) -> Self {
        self.layout.padding = octets;
        self
    }

    /// Sends the first `at` octets of a message, does something else, and sends the rest in a record of its own.
    #[must_use]
    pub fn split(mut self, message: Message, at: usize, between: impl IntoIterator<Item = Action>) -> Self {
        self.splits.push((message, at, between.into_iter().collect()));
        self
    }

    /// Ends the connection after so many octets on the wire.
    #[must_use]
    pub fn truncate_at(mut self, octets: usize) -> Self {
        self.truncate = Some(octets);
        self
    }

    /// Flips bits of one octet on the wire, counted from the first one that the server sends with its
    /// application keys.
    #[must_use]
    pub fn flip_in_traffic(mut self, octet: usize, bits: u8) -> Self {
        self.flip = Some((octet, bits));
        self
    }
}
