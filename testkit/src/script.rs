//! What the server does, in order: a good handshake by default, and small edits to it.

use std::sync::Arc;

use crate::chains::{Chain, Key};
use crate::code::{alert, content};
use crate::messages::{
    Certificate, CertificateRequest, CertificateVerify, Extensions, IssuedTicket, NewSessionTicket,
    ServerHello,
};

mod edits;

/// A handshake message that the server knows how to make from the handshake so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Message {
    /// HelloRetryRequest, with a cookie unless an edit says otherwise.
    HelloRetryRequest,
    /// ServerHello.
    ServerHello,
    /// EncryptedExtensions.
    EncryptedExtensions,
    /// CertificateRequest.
    CertificateRequest,
    /// Certificate.
    Certificate,
    /// CertificateVerify over the transcript so far.
    CertificateVerify,
    /// Finished over the transcript so far.
    Finished,
    /// NewSessionTicket.
    NewSessionTicket,
    /// KeyUpdate with this `request_update`: 0 or 1, where a test does not want it wrong. The keys
    /// change with [`Action::Keys`].
    KeyUpdate(u8),
}

/// Which keys protect what the server sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keys {
    /// `server_handshake_traffic_secret`.
    Handshake,
    /// `server_application_traffic_secret_0`.
    Application,
    /// The generation after the current one (RFC 9846 §7.2).
    Next,
}

/// One thing that the server does, or waits for.
#[derive(Clone, Debug)]
pub enum Action {
    /// Waits for a ClientHello, or for the second one.
    AwaitClientHello,
    /// Waits for the client's Finished.
    AwaitFinished,
    /// Waits until the application data so far contain this; if empty, until there are any.
    AwaitData(Vec<u8>),
    /// Waits for a KeyUpdate of the client.
    AwaitKeyUpdate,
    /// Waits for the client's close_notify.
    AwaitClose,
    /// Sends a handshake message.
    Send(Message),
    /// Sends a handshake message of any type; it goes into the transcript.
    Handshake {
        /// `msg_type`.
        msg_type: u8,
        /// What follows the length.
        body: Vec<u8>,
    },
    /// Changes the keys for sending.
    Keys(Keys),
    /// Sends application data, in as many records as the layout says.
    Data(Vec<u8>),
    /// Sends an alert.
    Alert {
        /// `level`: 1 warning, 2 fatal.
        level: u8,
        /// `description`.
        description: u8,
    },
    /// Sends one record, protected if keys are set.
    Record {
        /// `type`; the inner one if protected.
        content_type: u8,
        /// The record's content, whatever a message boundary may be.
        fragment: Vec<u8>,
    },
    /// Seals these octets as a whole TLSInnerPlaintext, type and zeros included.
    Inner(Vec<u8>),
    /// Sends octets as they are, outside of any record.
    Wire(Vec<u8>),
    /// Ends the connection: the client reads end of file.
    EndOfFile,
}

impl Action {
    /// A change_cipher_spec record as middlebox compatibility mode wants it (RFC 9846 §E.4).
    pub fn change_cipher_spec() -> Self {
        Self::plain_record(content::CHANGE_CIPHER_SPEC, &[1])
    }

    /// A record that is never protected.
    pub fn plain_record(content_type: u8, fragment: &[u8]) -> Self {
        Self::Wire(crate::wire::record(content_type, fragment))
    }

    /// A warning alert close_notify.
    pub fn close_notify() -> Self {
        Self::Alert { level: 1, description: alert::CLOSE_NOTIFY }
    }

    /// A KeyUpdate and the change of keys that goes with it.
    pub fn key_update(request_update: u8) -> [Self; 2] {
        [Self::Send(Message::KeyUpdate(request_update)), Self::Keys(Keys::Next)]
    }
}

/// How handshake messages and data are laid out in records.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Layout {
    pub(crate) coalesce: bool,
    pub(crate) handshake: usize,
    pub(crate) data: usize,
    pub(crate) padding: usize,
    /// Does as if the client had not asked for smaller records.
    pub(crate) ignores_limits: bool,
}

pub(crate) type Edit<T> = Arc<dyn Fn(&mut T) + Send + Sync>;

/// Edits of the messages, applied in the order in which they were asked for.
#[derive(Clone, Default)]
pub(crate) struct Edits {
    pub(crate) server_hello: Vec<Edit<ServerHello>>,
    pub(crate) retry_request: Vec<Edit<ServerHello>>,
    pub(crate) encrypted_extensions: Vec<Edit<Extensions>>,
    pub(crate) certificate_request: Vec<Edit<CertificateRequest>>,
    pub(crate) certificate: Vec<Edit<Certificate>>,
    pub(crate) certificate_verify: Vec<Edit<CertificateVerify>>,
    pub(crate) ticket: Vec<Edit<NewSessionTicket>>,
    pub(crate) bodies: Vec<(Message, Edit<Vec<u8>>)>,
    pub(crate) wire: Vec<(Message, Edit<Vec<u8>>)>,
}

/// What the server does. Every method that takes `self` gives back the edited script.
#[derive(Clone)]
pub struct Script {
    pub(crate) chain: Chain,
    pub(crate) signing_key: Arc<Key>,
    pub(crate) actions: Vec<Action>,
    pub(crate) layout: Layout,
    pub(crate) suite: Option<u16>,
    pub(crate) group: Option<u16>,
    pub(crate) retry_group: Option<u16>,
    pub(crate) cookie: Option<Vec<u8>>,
    pub(crate) zero_key_share: bool,
    pub(crate) resumes: Option<IssuedTicket>,
    pub(crate) splits: Vec<(Message, usize, Vec<Action>)>,
    pub(crate) edits: Edits,
    pub(crate) truncate: Option<usize>,
    pub(crate) flip: Option<(usize, u8)>,
}

/// The answer of a good server to the application data.
pub const RESPONSE: &[u8] =
    b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok";

impl Script {
    /// A good handshake; then any application data, the answer [`RESPONSE`], close_notify and end of file.
    pub fn good(chain: Chain) -> Self {
        use Action::{
            Alert, AwaitClientHello, AwaitData, AwaitFinished, Data, EndOfFile, Keys as ChangeKeys, Send,
        };
        let actions = vec![
            AwaitClientHello,
            Send(Message::ServerHello),
            Action::change_cipher_spec(),
            ChangeKeys(Keys::Handshake),
            Send(Message::EncryptedExtensions),
            Send(Message::Certificate),
            Send(Message::CertificateVerify),
            Send(Message::Finished),
            ChangeKeys(Keys::Application),
            AwaitFinished,
            AwaitData(Vec::new()),
            Data(RESPONSE.to_vec()),
            Alert { level: 1, description: alert::CLOSE_NOTIFY },
            EndOfFile,
        ];
        Self {
            signing_key: chain.key.clone(),
            chain,
            actions,
            layout: Layout {
                coalesce: false,
                handshake: 16_384,
                data: 16_384,
                padding: 0,
                ignores_limits: false,
            },
            suite: None,
            group: None,
            retry_group: None,
            cookie: None,
            zero_key_share: false,
            resumes: None,
            splits: Vec::new(),
            edits: Edits::default(),
            truncate: None,
            flip: None,
        }
    }

    /// A good handshake after a HelloRetryRequest with this cookie and `selected_group`.
    pub fn with_retry(chain: Chain, cookie: Option<&[u8]>, group: Option<u16>) -> Self {
        let mut script = Self::good(chain);
        script.cookie = cookie.map(<[u8]>::to_vec);
        script.retry_group = group;
        script.actions.retain(|action| !matches!(action, Action::Wire(_)));
        let retry = [
            Action::Send(Message::HelloRetryRequest),
            Action::change_cipher_spec(),
            Action::AwaitClientHello,
        ];
        script.before(Message::ServerHello, retry)
    }

    /// The chain that the server shows.
    pub fn chain(&self) -> &Chain {
        &self.chain
    }

    /// A server that does only this, once the ClientHello is there.
    pub fn only(chain: Chain, actions: impl IntoIterator<Item = Action>) -> Self {
        let mut script = Self::good(chain);
        script.actions = vec![Action::AwaitClientHello];
        script.actions.extend(actions);
        script
    }
}
