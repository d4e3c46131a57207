//! What tells one signature from another, and what a run does with those that it knows.

extern crate std;

use std::vec::Vec;

use super::*;

/// Octets for keys, messages and signatures to lie in.
const OCTETS: [u8; 64] = [7; 64];

/// Some signatures that differ in one thing each: the same octets in other places among them.
fn signatures() -> Vec<Signature> {
    let place = |start: usize, length: usize| Place::of(&OCTETS[start..start + length]);
    let [key, message, value] = [place(0, 4), place(8, 8), place(16, 4)];
    let signature =
        |algorithm, public_key, message, signature| Signature { algorithm, public_key, message, signature };
    std::vec![
        signature(0, key, message, value),
        signature(1, key, message, value),
        signature(0, place(1, 4), message, value),
        signature(0, place(0, 5), message, value),
        signature(0, key, place(9, 8), value),
        signature(0, key, place(8, 7), value),
        signature(0, key, message, place(17, 4)),
        signature(0, key, message, place(16, 3)),
        signature(0, value, message, key),
    ]
}

fn look_up(known: &Known, signature: &Signature) -> (bool, Option<Signature>) {
    let run = Run::new(known);
    (run.look_up(signature).is_ok(), run.wanted.signature())
}

#[test]
fn a_signature_is_known_by_all_of_its_places() {
    for one in signatures() {
        let mut known = Known::NOTHING;
        known.enter(one, true).unwrap();
        for other in signatures() {
            let expected = if other == one { (true, None) } else { (false, Some(other)) };
            assert_eq!(look_up(&known, &other), expected);
        }
        known.clear();
        assert_eq!(look_up(&known, &one), (false, Some(one)));
    }
}

/// Whatever the order in which they are asked for, and however often.
#[test]
fn each_signature_has_its_own_result() {
    let signatures = signatures();
    let mut known = Known::NOTHING;
    for (number, signature) in signatures.iter().enumerate() {
        known.enter(*signature, number % 2 == 0).unwrap();
    }
    for start in 0..signatures.len() {
        let run = Run::new(&known);
        for number in (start..signatures.len()).chain((0..start).rev()) {
            assert_eq!(run.look_up(&signatures[number]).is_ok(), number % 2 == 0, "{number} from {start}");
        }
        assert_eq!(run.wanted.signature(), None);
    }
}

#[test]
fn the_first_that_is_not_known_is_wanted_and_nothing_is_good_behind_it() {
    let signatures = signatures();
    let mut known = Known::NOTHING;
    known.enter(signatures[0], true).unwrap();
    let run = Run::new(&known);
    assert!(run.look_up(&signatures[0]).is_ok() && !run.is_over());
    assert!(run.look_up(&signatures[1]).is_err() && run.is_over());
    for signature in &signatures {
        assert!(run.look_up(signature).is_err());
        assert_eq!(run.wanted.signature(), Some(signatures[1]));
    }
}

#[test]
fn sixteen_are_looked_up_and_no_more() {
    let signature = signatures()[0];
    let mut known = Known::NOTHING;
    known.enter(signature, true).unwrap();
    let run = Run::new(&known);
    for number in 0..20 {
        assert_eq!(run.look_up(&signature).is_ok(), number < 16, "{number}");
    }
    for _ in 1..16 {
        known.enter(Signature::NONE, false).unwrap();
    }
    assert_eq!(known.enter(signature, true), Err(Fault::Internal.into()));
}

#[test]
fn octets_are_found_where_they_lie() {
    let (inner, rest) = OCTETS.split_at(40);
    for (start, length) in [(0, 0), (0, 40), (3, 5), (40, 0)] {
        let octets = &inner[start..start + length];
        let found = Place::of(octets).within(inner).expect("they are among them");
        assert_eq!((found.as_ptr(), found.len()), (octets.as_ptr(), length));
    }
    assert_eq!(Place::of(rest).within(inner), None);
    assert_eq!(Place::of(&OCTETS[38..42]).within(inner), None);
    assert_eq!(Place::of(&inner[..1]).within(rest), None);
    let outside = Signature { algorithm: 0, ..Signature::NONE };
    assert_eq!(outside.parts(&[CertificateDer::from(inner)], &[]).err(), Some(Fault::Internal.into()));
}
