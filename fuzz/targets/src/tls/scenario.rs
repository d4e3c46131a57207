//! What happens in one run, read from the fuzzer's octets.

use std::collections::VecDeque;
use std::sync::LazyLock;

use picopost_testkit::chains::{Chain, Key, faulty, shapes};
use picopost_testkit::code::{group, suite};
use picopost_testkit::{Action, IssuedTicket, Message, Script};
use picopost_tls::{FULL_RECEIVE_BUFFER, MIN_RECEIVE_BUFFER};

use super::direct;
use super::edits::{self, Edit};
use super::judge::Expected;
use crate::input::{Change, Input};

/// Something that the caller does between two steps besides what it should.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Call {
    /// Calls whatever changes nothing.
    Look,
    /// Seals more than there is room for.
    SealTooMuch,
    /// Seals so many octets, whatever the state.
    Seal(usize),
    /// Closes, whatever the state.
    Close,
}

/// One run. Without edits and changes it is a good one, whatever the layout.
#[derive(Debug)]
pub(crate) struct Scenario {
    /// The client's receive buffer in octets.
    pub(crate) receive: usize,
    /// The sizes of the pieces that the client reads; none for whatever there is.
    pub(crate) sizes: Vec<u8>,
    layout: Layout,
    /// Which of the chains, and whether of those that must be refused.
    chain: usize,
    pub(crate) is_chain_faulty: bool,
    pub(crate) suite: Option<u16>,
    retry: Option<Retry>,
    pub(crate) wrong_key: bool,
    pub(crate) zero_key_share: bool,
    /// The client has no certificate of its own.
    pub(crate) is_anonymous: bool,
    pub(crate) edits: Vec<Edit>,
    /// Changes on the way from the server to the client, each at a place in the stream of octets.
    pub(crate) network: Vec<(usize, Change)>,
    pub(crate) calls: VecDeque<Call>,
}

/// What no client should mind.
#[derive(Debug, Default)]
struct Layout {
    coalesce: bool,
    handshake: Option<usize>,
    data: Option<usize>,
    padding: usize,
    ignores_limits: bool,
    tickets: usize,
    key_update: Option<u8>,
    /// Asks for the client's certificate.
    asks: bool,
}

#[derive(Debug)]
struct Retry {
    cookie: Option<Vec<u8>>,
    group: Option<u16>,
}

const SUITES: [Option<u16>; 5] = [
    None,
    Some(suite::CHACHA20_POLY1305_SHA256),
    Some(suite::AES_128_GCM_SHA256),
    Some(suite::AES_256_GCM_SHA384),
    Some(suite::AES_128_CCM_SHA256),
];

impl Scenario {
    /// A good one.
    pub(crate) fn plain() -> Self {
        Self::read(&mut Input::new(&[]))
    }

    pub(crate) fn read(input: &mut Input<'_>) -> Self {
        let receive = FULL_RECEIVE_BUFFER - input.below(FULL_RECEIVE_BUFFER - MIN_RECEIVE_BUFFER + 1);
        let sizes = input.octets().to_vec();
        let layout = Layout::read(input);
        let chain = input.u8();
        let suite = input.pick(&SUITES);
        let retry = match input.below(4) {
            0 => None,
            // A cookie that fits into the smallest send buffer, beside a ticket.
            1 => Some(Retry { cookie: Some(vec![0x63; input.below(64) + 1]), group: None }),
            2 => Some(Retry { cookie: None, group: Some(group::SECP256R1) }),
            _ => Some(Retry { cookie: Some(b"cookie".to_vec()), group: Some(group::SECP256R1) }),
        };
        let key = input.u8();
        let edits = (0..input.below(5)).map(|_| Edit::read(input)).collect();
        let network = (0..input.below(3)).map(|_| (input.u16().into(), Change::read(input))).collect();
        let calls = (0..64).map_while(|_| (!input.is_empty()).then(|| Call::read(input))).collect();
        Self {
            receive,
            sizes,
            layout,
            chain: usize::from(chain >> 1),
            is_chain_faulty: chain & 1 == 1,
            suite,
            retry,
            wrong_key: key & 0x7f == 1,
            zero_key_share: key & 0x7f == 2,
            is_anonymous: key & 0x80 != 0,
            edits,
            network,
            calls,
        }
    }

    /// Whether the server and the network are good, and the client must get through.
    pub(crate) fn is_good(&self, is_resumed: bool) -> bool {
        let identity = is_resumed || !self.is_chain_faulty && !self.wrong_key;
        identity
            && !self.zero_key_share
            && self.has_offered_suite()
            && self.edits.is_empty()
            && self.network.is_empty()
    }

    pub(crate) fn has_offered_suite(&self) -> bool {
        SUITES[..3].contains(&self.suite)
    }

    pub(crate) fn chain(&self) -> Chain {
        static GOOD: LazyLock<Vec<Chain>> = LazyLock::new(|| {
            vec![
                direct().clone(),
                shapes::gts(),
                shapes::rsa(),
                shapes::lets_encrypt(),
                shapes::p384_server(),
                shapes::out_of_order(),
                shapes::constrained(),
                shapes::cross_signed_root(),
            ]
        });
        static FAULTY: LazyLock<Vec<Chain>> = LazyLock::new(|| {
            vec![
                faulty::expired(),
                faulty::not_yet_valid(),
                faulty::wrong_name(),
                faulty::client_only(),
                faulty::forged(),
                faulty::unknown_ca(),
                faulty::no_intermediate(),
                faulty::leaf_as_ca(),
                faulty::ca_as_server(),
                faulty::nine_certificates(),
            ]
        });
        let chains = if self.is_chain_faulty { &FAULTY } else { &GOOD };
        chains[self.chain % chains.len()].clone()
    }

    /// The server's script, and what the judge has to know of it.
    pub(crate) fn script(&self, chain: Chain, ticket: Option<&IssuedTicket>) -> (Script, Expected) {
        let mut script = match &self.retry {
            None => Script::good(chain),
            Some(Retry { cookie, group }) => Script::with_retry(chain, cookie.as_deref(), *group),
        };
        if let Some(ticket) = ticket {
            script = script.resume(ticket);
        } else if self.layout.asks {
            script = script.before(Message::Certificate, [Action::Send(Message::CertificateRequest)]);
        }
        if let Some(suite) = self.suite {
            script = script.suite(suite);
        }
        if self.wrong_key {
            script = script.sign_with(Key::of("another", "p256"));
        }
        if self.zero_key_share {
            script = script.zero_key_share();
        }
        let pieces = self.layout.handshake.filter(|_| !self.layout.coalesce);
        edits::apply(&self.edits, self.layout.apply(script), pieces)
    }
}

impl Layout {
    fn read(input: &mut Input<'_>) -> Self {
        let flags = input.u8();
        let mut size = |bit: u8| (flags & bit != 0).then(|| usize::from(input.u8()));
        Self {
            coalesce: flags & 1 != 0,
            handshake: size(2).map(|size| size + 1),
            data: size(4).map(|size| size + 1),
            padding: size(8).unwrap_or(0),
            ignores_limits: flags & 16 != 0,
            tickets: size(32).map_or(0, |count| count % 4),
            key_update: size(64).map(|request| u8::from(request % 2 == 1)),
            asks: flags & 128 != 0,
        }
    }

    fn apply(&self, mut script: Script) -> Script {
        if self.coalesce {
            script = script.coalesce();
        }
        if let Some(size) = self.handshake {
            script = script.split_handshake_every(size);
        }
        if let Some(size) = self.data {
            script = script.record_size(size);
        }
        if self.ignores_limits {
            script = script.ignore_record_limits();
        }
        for _ in 0..self.tickets {
            script = script.after_handshake([Action::Send(Message::NewSessionTicket)]);
        }
        if let Some(request) = self.key_update {
            script = script.before_response(Action::key_update(request));
        }
        script.pad(self.padding)
    }
}

impl Call {
    fn read(input: &mut Input<'_>) -> Self {
        match input.u8() {
            octet @ 0..0x80 => Self::Seal(octet.into()),
            0x80..0xa0 => Self::SealTooMuch,
            0xa0..0xb0 => Self::Close,
            _ => Self::Look,
        }
    }
}
