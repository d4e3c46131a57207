//! What the server does: actions, then messages, then records.

use super::Peer;
use crate::client_hello::ClientHello;
use crate::code::{content, handshake};
use crate::crypto::{self, KeySchedule, Protection, TrafficSecrets};
use crate::script::{Action, Edit, Keys, Message};
use crate::seen::{Epoch, Event};
use crate::wire::{self, Complaint};

impl Peer {
    pub(super) fn run(&mut self) -> Result<(), Complaint> {
        while !self.ended && self.is_next_ready() {
            let action = self.script.actions[self.at].clone();
            self.at += 1;
            self.act(&action)?;
        }
        self.flush();
        Ok(())
    }

    fn is_next_ready(&self) -> bool {
        match self.script.actions.get(self.at) {
            None => false,
            Some(Action::AwaitClientHello) => self.seen.hellos.len() > self.hellos_used,
            Some(Action::AwaitFinished) => self.seen.is_finished(),
            Some(Action::AwaitData(end)) if end.is_empty() => !self.seen.data.is_empty(),
            Some(Action::AwaitData(end)) => self.seen.data.windows(end.len()).any(|window| window == end),
            Some(Action::AwaitKeyUpdate) => {
                self.seen.events.iter().any(|event| matches!(event, Event::KeyUpdate(_)))
            }
            Some(Action::AwaitClose) => self.seen.is_closed(),
            Some(_) => true,
        }
    }

    fn act(&mut self, action: &Action) -> Result<(), Complaint> {
        if !matches!(action, Action::Send(_) | Action::Handshake { .. }) {
            self.flush();
        }
        match action {
            Action::AwaitClientHello => self.hellos_used += 1,
            Action::AwaitFinished | Action::AwaitData(_) | Action::AwaitKeyUpdate | Action::AwaitClose => {}
            Action::Send(message) => self.send(*message)?,
            Action::Handshake { msg_type, body } => {
                let message = wire::handshake(*msg_type, body);
                self.note_request(*msg_type, body);
                self.transcript.extend(&message);
                self.queue(&message);
            }
            Action::Keys(keys) => self.change_keys(*keys),
            Action::Data(data) => self.put_records(content::APPLICATION_DATA, data, self.script.layout.data),
            Action::Alert { level, description } => self.put_record(content::ALERT, &[*level, *description]),
            Action::Record { content_type, fragment } => self.put_record(*content_type, fragment),
            Action::Inner(inner) => {
                let write = self.write.as_mut().expect("an inner plaintext needs keys");
                let record = write.seal(inner.clone());
                self.put(&record);
            }
            Action::Wire(octets) => self.put(octets),
            Action::EndOfFile => self.ended = true,
        }
        Ok(())
    }

    fn send(&mut self, message: Message) -> Result<(), Complaint> {
        let (msg_type, mut body) = self.make(message)?;
        apply_to(&self.script.edits.bodies, message, &mut body);
        self.note_request(msg_type, &body);
        let mut encoded = wire::handshake(msg_type, &body);
        if message == Message::HelloRetryRequest && self.seen.hellos.len() == 1 {
            // §4.1: the first ClientHello is replaced with a message that holds its hash.
            let hash = crypto::sha256(&self.transcript);
            self.transcript = wire::handshake(handshake::MESSAGE_HASH, &hash);
        }
        if !matches!(message, Message::NewSessionTicket | Message::KeyUpdate(_)) {
            self.transcript.extend(&encoded);
        }
        match message {
            Message::ServerHello => _ = self.handshake_secrets(),
            Message::Finished => _ = self.application_secrets(),
            _ => {}
        }
        apply_to(&self.script.edits.wire, message, &mut encoded);
        let split = self.script.splits.iter().find(|(split, _, _)| *split == message).cloned();
        if let Some((_, at, between)) = split {
            self.queue(&encoded[..at]);
            self.flush();
            for action in &between {
                self.act(action)?;
            }
            encoded.drain(..at);
        }
        self.queue(&encoded);
        Ok(())
    }

    fn queue(&mut self, encoded: &[u8]) {
        self.pending.extend(encoded);
        if !self.script.layout.coalesce {
            self.flush();
        }
    }

    fn flush(&mut self) {
        let pending = std::mem::take(&mut self.pending);
        if !pending.is_empty() {
            self.put_records(content::HANDSHAKE, &pending, self.script.layout.handshake);
        }
    }

    fn put_records(&mut self, content_type: u8, octets: &[u8], limit: usize) {
        let client_limit = self.hello().and_then(|hello| hello.record_size_limit);
        let overhead = 1 + self.script.layout.padding;
        let client_limit = client_limit.filter(|_| !self.script.layout.ignores_limits);
        let client_limit = match (client_limit, &self.write) {
            // RFC 8449 §4: only protected records, type and padding included.
            (Some(limit), Some(_)) => usize::from(limit).saturating_sub(overhead).max(1),
            _ => usize::MAX,
        };
        for fragment in octets.chunks(limit.min(client_limit)) {
            self.put_record(content_type, fragment);
        }
    }

    fn put_record(&mut self, content_type: u8, fragment: &[u8]) {
        let record = match &mut self.write {
            None => wire::record(content_type, fragment),
            Some(write) => {
                let mut inner = [fragment, &[content_type]].concat();
                inner.resize(inner.len() + self.script.layout.padding, 0);
                write.seal(inner)
            }
        };
        self.put(&record);
    }

    fn put(&mut self, octets: &[u8]) {
        if self.ended {
            return;
        }
        let room = self.script.truncate.map_or(usize::MAX, |limit| limit - self.sent);
        let octets = &octets[..octets.len().min(room)];
        let start = self.out.len();
        self.out.extend(octets);
        if let Some((at, bits)) = self.script.flip
            && let Some(start_of_traffic) = self.sent_in_handshake
            && let Some(offset) = (start_of_traffic + at).checked_sub(self.sent)
            && let Some(octet) = self.out.get_mut(start + offset)
        {
            *octet ^= bits;
        }
        self.sent += octets.len();
        self.ended = self.script.truncate == Some(self.sent);
    }

    fn change_keys(&mut self, keys: Keys) {
        if keys == Keys::Application {
            self.sent_in_handshake = Some(self.sent);
        }
        let protection = match keys {
            Keys::Handshake => Protection::new(self.suite, self.handshake_secrets().server),
            Keys::Application => Protection::new(self.suite, self.application_secrets().server),
            Keys::Next => self.write.as_ref().expect("there are keys to be followed").next_generation(),
        };
        self.write = Some(protection);
    }

    /// Over the transcript as it is when first asked for: behind the ServerHello.
    pub(super) fn handshake_secrets(&mut self) -> TrafficSecrets {
        if let Some(secrets) = self.handshake_secrets {
            return secrets;
        }
        let schedule = self.new_schedule();
        let secrets = schedule.handshake(&crypto::sha256(&self.transcript));
        self.schedule = Some(schedule);
        self.handshake_secrets = Some(secrets);
        self.read = Some(Protection::new(self.suite, secrets.client));
        self.read_epoch = Epoch::Handshake;
        secrets
    }

    /// Over the transcript as it is when first asked for: behind the server's Finished.
    pub(super) fn application_secrets(&mut self) -> TrafficSecrets {
        if let Some(secrets) = self.application_secrets {
            return secrets;
        }
        let schedule = self.schedule.unwrap_or_else(|| self.new_schedule());
        let secrets = schedule.application(&crypto::sha256(&self.transcript));
        self.application_secrets = Some(secrets);
        if let Some(handshake_secrets) = &self.handshake_secrets {
            // §4.7.1: what the client has still to say is known, so that a ticket need not wait for it;
            // unless it has a certificate.
            let mut transcript = self.transcript.clone();
            if self.requested_schemes.is_some() {
                transcript.extend(wire::handshake(handshake::CERTIFICATE, &[0; 4]));
            }
            let hash = crypto::sha256(&transcript);
            let verify_data = crypto::verify_data(&handshake_secrets.client, &hash);
            transcript.extend(wire::handshake(handshake::FINISHED, &verify_data));
            self.resumption_secret = Some(schedule.resumption(&crypto::sha256(&transcript)));
        }
        secrets
    }

    fn new_schedule(&self) -> KeySchedule {
        let psk = self.script.resumes.as_ref().map_or([0; 32], |ticket| ticket.psk);
        KeySchedule::new(&psk, &self.shared_secret)
    }

    pub(super) fn hello(&self) -> Option<&ClientHello> {
        self.seen.hellos.last()
    }
}

fn apply_to(edits: &[(Message, Edit<Vec<u8>>)], message: Message, octets: &mut Vec<u8>) {
    let edits = edits.iter().filter(|(edited, _)| *edited == message);
    edits.for_each(|(_, edit)| edit(octets));
}
