//! What the client sends: records, then messages, each held to its rules.

use super::Peer;
use crate::client_hello::ClientHello;
use crate::code::{alert, content, handshake};
use crate::crypto::{self, Protection};
use crate::script::{Action, Message};
use crate::seen::{Epoch, Event};
use crate::wire::{Complaint, demand};

impl Peer {
    pub(super) fn receive_record(&mut self, header: [u8; 5], fragment: &[u8]) -> Result<(), Complaint> {
        let version = u16::from_be_bytes([header[1], header[2]]);
        let first = self.seen.events.is_empty();
        demand!(
            version == 0x0303 || first && version == 0x0301,
            "a record has legacy_record_version {version:#06x} (RFC 9846 §5.1)"
        );
        demand!(!self.seen.is_closed(), "the client goes on after its alert (RFC 9846 §6)");
        let encrypted = self.seen.encrypted;
        match header[0] {
            content::APPLICATION_DATA => {
                demand!(fragment.len() <= 16_640, "a record of {} octets (RFC 9846 §5.2)", fragment.len());
                let Some(read) = &mut self.read else {
                    return Err(Complaint("the client encrypts before there are keys".into()));
                };
                let (content_type, fragment) = read.open(header, fragment)?;
                self.seen.encrypted = true;
                self.seen.longest_content = self.seen.longest_content.max(fragment.len());
                self.receive_fragment(content_type, &fragment, self.read_epoch)
            }
            content::CHANGE_CIPHER_SPEC => {
                demand!(fragment == [1], "change_cipher_spec is {fragment:02x?} (RFC 9846 §5)");
                demand!(!first && !encrypted, "change_cipher_spec is not before the second flight (§E.4)");
                self.seen.events.push(Event::ChangeCipherSpec);
                Ok(())
            }
            content_type => {
                demand!(!encrypted, "a plaintext record of type {content_type} after an encrypted one");
                demand!(fragment.len() <= 16_384, "a record of {} octets (RFC 9846 §5.1)", fragment.len());
                self.seen.record_version = version;
                self.receive_fragment(content_type, fragment, Epoch::Plain)
            }
        }
    }

    fn receive_fragment(&mut self, content_type: u8, fragment: &[u8], epoch: Epoch) -> Result<(), Complaint> {
        let interleaved = content_type != content::HANDSHAKE && !self.reassembly.is_empty();
        demand!(!interleaved, "a record of type {content_type} in the middle of a message (RFC 9846 §5.1)");
        match content_type {
            content::ALERT => {
                demand!(fragment.len() == 2, "an alert record of {} octets (RFC 9846 §5.1)", fragment.len());
                let (level, description) = (fragment[0], fragment[1]);
                let expected = if description == alert::CLOSE_NOTIFY { 1 } else { 2 };
                demand!(
                    level == expected || description == alert::USER_CANCELED,
                    "alert {description} has level {level} (RFC 9846 §6)"
                );
                self.seen.events.push(Event::Alert { description, epoch });
                Ok(())
            }
            content::HANDSHAKE => {
                demand!(!fragment.is_empty(), "an empty handshake record (RFC 9846 §5.1)");
                self.reassembly.extend(fragment);
                self.receive_messages(epoch)
            }
            content::APPLICATION_DATA => {
                demand!(epoch == Epoch::Application, "application data with {epoch:?} keys");
                self.seen.data.extend(fragment);
                self.seen.events.push(Event::Data(fragment.len()));
                Ok(())
            }
            other => Err(Complaint(format!("a record of type {other} (RFC 9846 §5)"))),
        }
    }

    fn receive_messages(&mut self, epoch: Epoch) -> Result<(), Complaint> {
        while let Some([_, length @ ..]) = self.reassembly.first_chunk::<4>().copied() {
            let length = length.iter().fold(0, |length, octet| length << 8 | usize::from(*octet));
            if self.reassembly.len() < 4 + length {
                break;
            }
            let rest = self.reassembly.split_off(4 + length);
            let message = std::mem::replace(&mut self.reassembly, rest);
            let last = !matches!(message[0], handshake::CERTIFICATE | handshake::CERTIFICATE_VERIFY);
            let aligned = self.reassembly.is_empty() || !last;
            demand!(
                aligned,
                "message {} does not end its record, yet keys change (RFC 9846 §5.1)",
                message[0]
            );
            self.receive_message(&message, epoch)?;
        }
        Ok(())
    }

    fn receive_message(&mut self, message: &[u8], epoch: Epoch) -> Result<(), Complaint> {
        let body = &message[4..];
        match (message[0], epoch) {
            (handshake::CLIENT_HELLO, Epoch::Plain) => {
                let hello = ClientHello::parse(self.seen.record_version, body)?;
                if let Some(first) = self.seen.hellos.first() {
                    let asked = self.has_sent(Message::HelloRetryRequest) && self.seen.hellos.len() == 1;
                    demand!(asked, "another ClientHello that nobody asked for (RFC 9846 §4.2.2)");
                    let cookie = self.script.cookie.as_deref();
                    hello.check_retry(first, cookie, self.script.retry_group)?;
                }
                self.check_binder(message, &hello)?;
                self.seen.events.push(Event::ClientHello);
                self.seen.hellos.push(hello);
            }
            (handshake::CERTIFICATE, Epoch::Handshake) => self.receive_certificate(body)?,
            (handshake::CERTIFICATE_VERIFY, Epoch::Handshake) => self.receive_certificate_verify(body)?,
            (handshake::FINISHED, Epoch::Handshake) => {
                self.check_authentication()?;
                let hash = crypto::sha256(&self.transcript);
                let expected = crypto::verify_data(&self.handshake_secrets().client, &hash);
                demand!(body == expected, "the client's Finished is wrong (RFC 9846 §4.5.3)");
                self.seen.events.push(Event::Finished);
                let client = self.application_secrets().client;
                self.read = Some(Protection::new(self.suite, client));
                self.read_epoch = Epoch::Application;
            }
            (handshake::KEY_UPDATE, Epoch::Application) => {
                demand!(body == [0] || body == [1], "KeyUpdate is {body:02x?} (RFC 9846 §4.7.3)");
                self.seen.events.push(Event::KeyUpdate(body[0]));
                self.read = self.read.as_ref().map(Protection::next_generation);
                return Ok(());
            }
            (other, epoch) => return Err(Complaint(format!("message {other} with {epoch:?} keys"))),
        }
        self.transcript.extend(message);
        if message[0] == handshake::FINISHED {
            // §7.1: up to the client's Finished, as it came.
            let schedule = self.schedule.expect("the handshake keys come from it");
            self.resumption_secret = Some(schedule.resumption(&crypto::sha256(&self.transcript)));
        }
        Ok(())
    }

    /// RFC 9846 §4.3.11: the ticket that the script is to take is the first that is offered, and its
    /// binder is right.
    fn check_binder(&self, message: &[u8], hello: &ClientHello) -> Result<(), Complaint> {
        let Some(ticket) = &self.script.resumes else { return Ok(()) };
        let Some(offered) = &hello.pre_shared_key else {
            return Err(Complaint("the client offers no ticket".into()));
        };
        demand!(offered.identities[0].0 == ticket.ticket, "the client offers another ticket");
        let covered = &message[..message.len() - offered.uncovered()];
        let hash = crypto::sha256(&[&self.transcript, covered].concat());
        let binder = crypto::binder(&ticket.psk, &hash);
        demand!(offered.binders[0] == binder, "the client's binder is wrong (RFC 9846 §4.3.11.2)");
        Ok(())
    }

    pub(super) fn has_sent(&self, message: Message) -> bool {
        let done = &self.script.actions[..self.at];
        done.iter().any(|action| matches!(action, Action::Send(sent) if *sent == message))
    }
}
