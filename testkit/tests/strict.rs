//! The scripted server is strict: what a client must not send is a complaint, not an answer.

use picopost_testkit::chains::shapes;
use picopost_testkit::code::{content, extension, group};
use picopost_testkit::{
    ClientHello, Complaint, Event, Extensions, IssuedTicket, Peer, Script, handshake, record, vector,
};

/// A ClientHello in its parts.
struct Hello {
    version: u16,
    session_id: Vec<u8>,
    suites: Vec<u8>,
    compression: Vec<u8>,
    extensions: Extensions,
    behind: Vec<u8>,
}

impl Hello {
    fn good() -> Self {
        let mut extensions = Extensions::default();
        let share = [&group::X25519.to_be_bytes()[..], &vector(2, &[9; 32])].concat();
        extensions.push(extension::SUPPORTED_VERSIONS, &[2, 3, 4]);
        extensions.push(extension::SUPPORTED_GROUPS, &[0, 2, 0, 0x1d]);
        extensions.push(extension::SIGNATURE_ALGORITHMS, &[0, 2, 4, 3]);
        extensions.push(extension::KEY_SHARE, &vector(2, &share));
        extensions
            .push(extension::SERVER_NAME, &vector(2, &[&[0][..], &vector(2, b"device.example")].concat()));
        extensions.push(extension::ALPN, &vector(2, &vector(1, b"http/1.1")));
        Self {
            version: 0x0303,
            session_id: vec![7; 32],
            suites: vec![0x13, 1],
            compression: vec![0],
            extensions,
            behind: Vec::new(),
        }
    }

    /// Offers tickets with these binders.
    fn offer(&mut self, identities: &[&[u8]], binders: &[&[u8]]) {
        let identity = |identity: &&[u8]| [&vector(2, identity)[..], &[0, 0, 3, 0xe8]].concat();
        let identities: Vec<u8> = identities.iter().flat_map(identity).collect();
        let binders: Vec<u8> = binders.iter().flat_map(|binder| vector(1, binder)).collect();
        self.extensions.push(extension::PSK_KEY_EXCHANGE_MODES, &[1, 1]);
        let data = [vector(2, &identities), vector(2, &binders)].concat();
        self.extensions.push(extension::PRE_SHARED_KEY, &data);
    }

    fn body(&self) -> Vec<u8> {
        let mut body = self.version.to_be_bytes().to_vec();
        body.extend([5; 32]);
        body.extend(vector(1, &self.session_id));
        body.extend(vector(2, &self.suites));
        body.extend(vector(1, &self.compression));
        body.extend(self.extensions.encode());
        body.extend(&self.behind);
        body
    }
}

fn parse(edit: impl FnOnce(&mut Hello)) -> Result<ClientHello, Complaint> {
    let mut hello = Hello::good();
    edit(&mut hello);
    ClientHello::parse(0x0301, &hello.body())
}

#[test]
fn a_good_client_hello_is_read() {
    let hello = parse(|_| {}).expect("a good one");
    assert_eq!(hello.server_name.as_deref(), Some("device.example"));
    assert_eq!(hello.key_shares, [(group::X25519, vec![9; 32])]);
    assert_eq!(hello.protocols, [b"http/1.1"]);
    assert_eq!(hello.pre_shared_key, None);
    assert_eq!(
        (&hello.versions[..], &hello.groups[..], &hello.schemes[..]),
        (&[0x304][..], &[0x1d][..], &[0x403][..])
    );
}

#[test]
fn a_client_hello_is_read_whole_or_not_at_all() {
    let body = Hello::good().body();
    for cut in 0..body.len() {
        assert!(ClientHello::parse(0x0301, &body[..cut]).is_err(), "cut at {cut}");
    }
}

#[test]
fn tickets_that_are_offered_are_read() {
    let hello = parse(|hello| hello.offer(&[b"one", b"two"], &[&[8; 32], &[9; 48]])).expect("a good one");
    let offered = hello.pre_shared_key.expect("two tickets");
    assert_eq!(offered.identities, [(b"one".to_vec(), 1000), (b"two".to_vec(), 1000)]);
    assert_eq!(offered.binders, [vec![8; 32], vec![9; 48]]);
}

/// What is wrong, and what the complaint must say.
type Fault = (fn(&mut Hello), &'static str);

#[test]
fn each_fault_has_its_complaint() {
    let faults: [Fault; 26] = [
        (|hello| hello.version = 0x0304, "legacy_version is 0x0304"),
        (|hello| hello.session_id = vec![7; 33], "legacy_session_id has 33 octets"),
        (|hello| hello.suites.clear(), "cipher_suites is empty"),
        (|hello| hello.suites.push(1), "cipher_suites ends 1 octets early"),
        (|hello| hello.compression = vec![1, 0], "legacy_compression_methods"),
        (|hello| hello.behind.push(0), "ClientHello has 1 octets too many"),
        (|hello| hello.extensions.repeat(extension::ALPN), "extension 16 comes twice"),
        (|hello| hello.extensions.remove(extension::SUPPORTED_VERSIONS), "supported_versions is missing"),
        (|hello| hello.extensions.set(extension::SUPPORTED_VERSIONS, &[2, 3, 3]), "lacks TLS 1.3"),
        (|hello| hello.extensions.remove(extension::SUPPORTED_GROUPS), "supported_groups is missing"),
        (|hello| hello.extensions.set(extension::SUPPORTED_GROUPS, &[0, 0]), "supported_groups is empty"),
        (|hello| hello.extensions.remove(extension::SIGNATURE_ALGORITHMS), "signature_algorithms is missing"),
        (|hello| hello.extensions.remove(extension::KEY_SHARE), "key_share is missing"),
        (|hello| hello.extensions.set(extension::SUPPORTED_GROUPS, &[0, 2, 0, 0x17]), "the share for 0x001d"),
        (
            |hello| hello.extensions.set(extension::KEY_SHARE, &[0, 4, 0, 0x1d, 0, 0]),
            "share for 0x001d is empty",
        ),
        (|hello| hello.extensions.set(extension::ALPN, &[0, 1, 0]), "an ALPN protocol is empty"),
        (|hello| hello.extensions.set(extension::SERVER_NAME, b"\0\x05\0\0\x02a."), "ends with a dot"),
        (|hello| hello.extensions.set(extension::SERVER_NAME, b"\0\x0a\0\0\x07\x31.2.3.4"), "is an address"),
        (|hello| hello.extensions.set(extension::RECORD_SIZE_LIMIT, &[0, 63]), "record_size_limit is 63"),
        (
            |hello| {
                hello.offer(&[b"ticket"], &[&[9; 32]]);
                hello.extensions.push(0xfafa, &[]);
            },
            "pre_shared_key is not last",
        ),
        (
            |hello| {
                hello.offer(&[b"ticket"], &[&[9; 32]]);
                hello.extensions.remove(extension::PSK_KEY_EXCHANGE_MODES);
            },
            "without psk_key_exchange_modes",
        ),
        (|hello| hello.offer(&[], &[]), "no identity"),
        (|hello| hello.offer(&[b""], &[&[9; 32]]), "an identity of pre_shared_key is empty"),
        (|hello| hello.offer(&[b"ticket"], &[&[9; 31]]), "a binder has 31 octets"),
        (|hello| hello.offer(&[b"ticket"], &[]), "0 binders for 1 identities"),
        (|hello| hello.offer(&[b"ticket"], &[&[9; 32], &[9; 32]]), "2 binders for 1 identities"),
    ];
    for (edit, expected) in faults {
        match parse(edit) {
            Ok(_) => panic!("accepted, though: {expected}"),
            Err(complaint) => assert!(complaint.0.contains(expected), "`{complaint}` is not `{expected}`"),
        }
    }
}

#[test]
fn a_second_client_hello_changes_only_what_it_was_asked_to() {
    let with_cookie = |hello: &mut Hello| hello.extensions.push(extension::COOKIE, &[0, 1, 9]);
    let parse_second = |edit: fn(&mut Hello)| {
        let mut hello = Hello::good();
        with_cookie(&mut hello);
        edit(&mut hello);
        ClientHello::parse(0x0303, &hello.body()).expect("good in itself")
    };
    let first = parse(|_| {}).expect("a good one");
    assert_eq!(parse_second(|_| {}).check_retry(&first, Some(&[9]), None), Ok(()));
    let complaint = |second: &ClientHello, cookie, group| {
        second.check_retry(&first, cookie, group).expect_err("a difference").0
    };
    let second = parse_second(|_| {});
    assert!(complaint(&second, None, None).contains("cookie"));
    assert!(complaint(&second, Some(&[9]), Some(group::SECP256R1)).contains("shares for"));
    let second = parse_second(|hello| hello.session_id[0] = 0);
    assert!(complaint(&second, Some(&[9]), None).contains("legacy_session_id"));
    let second = parse_second(|hello| hello.suites = vec![0x13, 3]);
    assert!(complaint(&second, Some(&[9]), None).contains("cipher_suites"));
    let second = parse_second(|hello| hello.extensions.remove(extension::ALPN));
    assert!(complaint(&second, Some(&[9]), None).contains("other extensions"));
    let in_first_record = ClientHello { record_version: 0x0301, ..parse_second(|_| {}) };
    assert!(complaint(&in_first_record, Some(&[9]), None).contains("record version"));
}

/// FIPS 203 §7.2: a coefficient of an encapsulation key is below 3,329.
#[test]
fn a_share_of_x25519mlkem768_is_checked() {
    let complaint = |share: &[u8]| {
        let mut hello = Hello::good();
        hello.extensions.set(extension::SUPPORTED_GROUPS, &[0, 2, 0x11, 0xec]);
        let entry = [&group::X25519MLKEM768.to_be_bytes()[..], &vector(2, share)].concat();
        hello.extensions.set(extension::KEY_SHARE, &vector(2, &entry));
        let record = record(content::HANDSHAKE, &handshake(1, &hello.body()));
        let mut peer = Peer::new(Script::good(shapes::direct()));
        peer.feed(&record);
        peer.seen().complaint.clone().map(|complaint| complaint.0)
    };
    assert_eq!(complaint(&[9; 1216]), None, "0x909 is below 3,329");
    assert!(complaint(&[0xff; 1216]).is_some_and(|complaint| complaint.contains("FIPS 203 §7.2")));
    assert!(complaint(&[9; 1215]).is_some());
    assert!(complaint(&[9; 1217]).is_some());
    assert!(complaint(&[9; 32]).is_some_and(|complaint| complaint.contains("32 octets")));
}

/// Feeds records to a server and gives its complaint.
fn complaint(records: &[Vec<u8>]) -> String {
    complaint_of(Script::good(shapes::direct()), records)
}

fn complaint_of(script: Script, records: &[Vec<u8>]) -> String {
    let mut peer = Peer::new(script);
    for octet in records.concat() {
        peer.feed(&[octet]);
    }
    peer.seen().complaint.clone().expect("a complaint").0
}

#[test]
fn each_wrong_record_has_its_complaint() {
    let hello = record(content::HANDSHAKE, &handshake(1, &Hello::good().body()));
    let ccs = |octets: &[u8]| record(content::CHANGE_CIPHER_SPEC, octets);
    for (records, expected) in [
        (vec![ccs(&[1])], "change_cipher_spec is not before the second flight"),
        (vec![hello.clone(), ccs(&[2])], "change_cipher_spec is [02]"),
        (vec![hello.clone(), record(content::APPLICATION_DATA, &[0; 30])], "does not decrypt"),
        (vec![record(content::APPLICATION_DATA, &[0; 30])], "encrypts before there are keys"),
        (vec![record(content::ALERT, &[2])], "an alert record of 1 octets"),
        (vec![record(content::ALERT, &[1, 40])], "alert 40 has level 1"),
        (vec![record(content::ALERT, &[2, 40]), hello.clone()], "goes on after its alert"),
        (vec![record(content::HANDSHAKE, &[])], "an empty handshake record"),
        (vec![record(24, &[1])], "a record of type 24"),
        (vec![hello.clone(), hello.clone()], "another ClientHello that nobody asked for"),
        (vec![record(content::HANDSHAKE, &handshake(20, &[0; 32]))], "message 20 with Plain keys"),
        (vec![record(content::HANDSHAKE, &[1, 0]), ccs(&[1])], "change_cipher_spec is not before"),
        (vec![vec![22, 3, 4, 0, 1, 1]], "legacy_record_version 0x0304"),
    ] {
        let complaint = complaint(&records);
        assert!(complaint.contains(expected), "`{complaint}` is not `{expected}`");
    }
}

#[test]
fn a_ticket_that_is_to_be_taken_must_be_offered_with_its_binder() {
    let ticket = IssuedTicket { ticket: b"ticket".to_vec(), age_add: 0, psk: [7; 32] };
    let complaint = |edit: fn(&mut Hello)| {
        let mut hello = Hello::good();
        edit(&mut hello);
        let hello = record(content::HANDSHAKE, &handshake(1, &hello.body()));
        complaint_of(Script::good(shapes::direct()).resume(&ticket), &[hello])
    };
    assert!(complaint(|_| {}).contains("offers no ticket"));
    assert!(complaint(|hello| hello.offer(&[b"other"], &[&[9; 32]])).contains("offers another ticket"));
    assert!(complaint(|hello| hello.offer(&[b"ticket"], &[&[9; 32]])).contains("binder is wrong"));
}

#[test]
fn a_good_client_hello_is_answered_whatever_its_pieces() {
    let hello = handshake(1, &Hello::good().body());
    for size in [1, 3, hello.len()] {
        let mut peer = Peer::new(Script::good(shapes::direct()));
        for piece in hello.chunks(size) {
            assert!(peer.outgoing().is_empty());
            peer.feed(&record(content::HANDSHAKE, piece));
        }
        assert_eq!(peer.seen().complaint, None);
        assert_eq!(peer.seen().events, [Event::ClientHello]);
        assert!(peer.outgoing().starts_with(&[22, 3, 3]));
    }
}
