//! How a scripted server departs from a good handshake.

use picopost_testkit::{Action, Extensions, Keys, Message, Script};

use super::judge::{Body, Expected, Made};
use crate::input::{self, Change, Input};

/// One departure. Places count modulo what there is.
#[derive(Clone, Debug)]
pub(crate) enum Edit {
    /// Changes a message's body; the server's transcript has it so.
    Rewrite(Message, Change),
    /// Changes a message on its way.
    Tamper(Message, Change),
    /// Changes the list of extensions of a message, when it is made.
    Extension(Message, ExtensionEdit),
    /// Leaves an action out.
    Remove(usize),
    /// Does an action twice.
    Repeat(usize),
    /// Swaps two actions.
    Swap(usize, usize),
    /// Does something more.
    Insert(usize, Action),
}

#[derive(Clone, Debug)]
pub(crate) enum ExtensionEdit {
    Push(u16, Vec<u8>),
    Set(u16, Vec<u8>),
    Remove(u16),
}

/// What can be edited.
const MESSAGES: [Message; 8] = [
    Message::ServerHello,
    Message::EncryptedExtensions,
    Message::Certificate,
    Message::CertificateVerify,
    Message::Finished,
    Message::HelloRetryRequest,
    Message::CertificateRequest,
    Message::NewSessionTicket,
];

/// Extension types that this client knows, and some that it does not.
const EXTENSIONS: [u16; 18] = [0, 1, 5, 10, 13, 15, 16, 18, 21, 28, 41, 42, 43, 44, 45, 47, 51, 0x1a1a];

impl Edit {
    pub(crate) fn read(input: &mut Input<'_>) -> Self {
        match input.u8() % 7 {
            0 => Self::Rewrite(input.pick(&MESSAGES), Change::read(input)),
            1 => Self::Tamper(input.pick(&MESSAGES), Change::read(input)),
            2 => Self::Extension(input.pick(&MESSAGES), ExtensionEdit::read(input)),
            3 => Self::Remove(input.u8().into()),
            4 => Self::Repeat(input.u8().into()),
            5 => Self::Swap(input.u8().into(), input.u8().into()),
            _ => Self::Insert(input.u8().into(), read_action(input)),
        }
    }
}

impl ExtensionEdit {
    fn read(input: &mut Input<'_>) -> Self {
        let kind = input.u8();
        let extension = if kind & 0x80 == 0 { input.pick(&EXTENSIONS) } else { input.u16() };
        match kind % 3 {
            0 => Self::Push(extension, input.octets().to_vec()),
            1 => Self::Set(extension, input.octets().to_vec()),
            _ => Self::Remove(extension),
        }
    }

    fn apply(&self, extensions: &mut Extensions) {
        match self {
            Self::Push(kind, data) => extensions.push(*kind, data),
            Self::Set(kind, data) => extensions.set(*kind, data),
            Self::Remove(kind) => extensions.remove(*kind),
        }
    }
}

fn read_action(input: &mut Input<'_>) -> Action {
    match input.u8() % 12 {
        0 => Action::Send(input.pick(&MESSAGES)),
        1 => Action::Send(Message::KeyUpdate(input.u8())),
        2 => Action::Keys(Keys::Next),
        3 => Action::Keys(input.pick(&[Keys::Handshake, Keys::Application])),
        4 => Action::Handshake { msg_type: input.u8(), body: long_octets(input) },
        5 => Action::Record { content_type: input.u8(), fragment: long_octets(input) },
        6 => Action::Inner(long_octets(input)),
        7 => Action::Data(long_octets(input)),
        8 => Action::Alert { level: input.u8(), description: input.u8() },
        9 => Action::Wire(input.octets().to_vec()),
        10 => Action::plain_record(input.u8(), input.octets()),
        _ => input
            .pick(&[Some(Action::change_cipher_spec as fn() -> Action), None])
            .map_or(Action::EndOfFile, |make| make()),
    }
}

/// Octets of the input, now and then with many more behind them: up to beyond the largest record.
fn long_octets(input: &mut Input<'_>) -> Vec<u8> {
    let mut octets = input.octets().to_vec();
    if input.u8() == 1 {
        octets.resize(octets.len() + usize::from(input.u16()) % 17_000, 0x61);
    }
    octets
}

/// The script with the edits, and what the judge has to know of it.
///
/// Each message goes out in pieces of so many octets, if it is cut, and in records of its own.
pub(crate) fn apply(edits: &[Edit], script: Script, pieces: Option<usize>) -> (Script, Expected) {
    let made = Made::default();
    let mut script = watch(script, edits, &made, pieces);
    for edit in edits {
        let Edit::Extension(message, edit) = edit.clone() else { continue };
        script = match message {
            Message::ServerHello => script.edit_server_hello(move |hello| edit.apply(hello.extensions())),
            Message::HelloRetryRequest => {
                script.edit_retry_request(move |hello| edit.apply(hello.extensions()))
            }
            Message::EncryptedExtensions => script.edit_encrypted_extensions(move |list| edit.apply(list)),
            Message::CertificateRequest => {
                script.edit_certificate_request(move |request| edit.apply(&mut request.extensions))
            }
            Message::NewSessionTicket => script.edit_ticket(move |ticket| edit.apply(&mut ticket.extensions)),
            _ => script.edit_certificate(move |certificate| {
                certificate.entries.iter_mut().for_each(|(_, list)| edit.apply(list));
            }),
        };
    }
    let mut actions = Vec::new();
    let script = script.edit_actions(|list| {
        edits.iter().for_each(|edit| reorder(edit, list));
        drop_impossible(list);
        actions.clone_from(list);
    });
    (script, Expected { actions, made })
}

/// Makes the changes to each message's octets, and notes what came of them.
fn watch(mut script: Script, edits: &[Edit], made: &Made, pieces: Option<usize>) -> Script {
    for message in MESSAGES {
        let changes = |wanted: fn(&Edit) -> Option<(Message, Change)>| -> Vec<Change> {
            let found = edits.iter().filter_map(wanted).filter(|(edited, _)| *edited == message);
            found.map(|(_, change)| change).collect()
        };
        let rewrites = changes(|edit| match edit {
            Edit::Rewrite(message, change) => Some((*message, change.clone())),
            _ => None,
        });
        let tampers = changes(|edit| match edit {
            Edit::Tamper(message, change) => Some((*message, change.clone())),
            _ => None,
        });
        let bodies = made.bodies.clone();
        script = script.rewrite(message, move |body| {
            let before = body.clone();
            input::apply(&rewrites, body);
            let body = Body { message, octets: body.clone(), is_changed: before != *body };
            bodies.lock().expect("no panic in between").push(body);
        });
        let made = made.clone();
        script = script.tamper(message, move |octets| {
            let before = octets.clone();
            input::apply(&tampers, octets);
            // Behind the server's first Finished the handshake is over for it, and a change comes too
            // late; so do octets behind it, where a record ends between them (RFC 9846 §5.1).
            let is_whole =
                octets.starts_with(&before) && pieces.is_some_and(|size| before.len().is_multiple_of(size));
            let is_late = message == Message::Finished && is_whole;
            if before != *octets && !is_late && made.is_in_handshake(message) {
                *made.tampered.lock().expect("no panic in between") = true;
            }
        });
    }
    script
}

fn reorder(edit: &Edit, actions: &mut Vec<Action>) {
    let place = |at: usize, length: usize| at % length.max(1);
    let length = actions.len();
    match edit {
        Edit::Remove(at) if length > 0 => drop(actions.remove(place(*at, length))),
        Edit::Repeat(at) if length > 0 => {
            let at = place(*at, length);
            actions.insert(at, actions[at].clone());
        }
        Edit::Swap(one, other) if length > 0 => actions.swap(place(*one, length), place(*other, length)),
        Edit::Insert(at, action) => actions.insert(at % (length + 1), action.clone()),
        _ => {}
    }
}

/// The next keys, or a protected record, need keys to begin with.
fn drop_impossible(actions: &mut Vec<Action>) {
    let mut has_keys = false;
    actions.retain(|action| match action {
        Action::Keys(Keys::Next) | Action::Inner(_) => has_keys,
        Action::Keys(_) => {
            has_keys = true;
            true
        }
        _ => true,
    });
}
