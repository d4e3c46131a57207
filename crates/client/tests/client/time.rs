//! What time it is, who says so, and what is made of that.

use picopost::{ClockError, Error, Request, RetryPolicy, Settings, Url};
use picopost_testkit::chains::{self, faulty, shapes};

use crate::support::assert_says;
use crate::world::both;

const ONCE: Settings<'static> = Settings { retry: RetryPolicy::NEVER, ..Settings::DEFAULT };

fn request() -> Request<'static> {
    Request::json(Url::parse("https://device.example:8443/readings").unwrap(), b"{\"t\":21}")
}

#[test]
fn without_time_servers_the_clock_has_to_know() {
    both(
        &shapes::gts(),
        ONCE,
        |world| world.clock.set(None),
        |world, client| {
            assert_eq!(client.post((&request()).into()), Err(Error::Clock(ClockError::Unknown)));
            assert!(world.calls.borrow().is_empty());
        },
    );
    both(
        &shapes::gts(),
        ONCE,
        |world| world.clock.set(Some(7)),
        |world, client| {
            assert_eq!(client.post((&request()).into()).unwrap_err().code(), 1101);
            assert!(world.calls.borrow().is_empty());
        },
    );
}

/// The first handshake with a clock that is wrong comes before any Date; a later one does not.
#[test]
fn a_date_is_a_hint_and_nothing_else() {
    let dated = "HTTP/1.1 200 OK\r\nDate: Mon, 01 Jun 2026 00:00:00 GMT\r\nContent-Length: 0\r\n\r\n";
    both(
        &shapes::gts(),
        ONCE,
        |world| world.reply(dated),
        |world, client| {
            world.clock.set(Some(chains::NOW + 4_000_000_000));
            let error = client.post((&request()).into()).unwrap_err();
            assert_eq!(error.code(), 3203);
            assert_eq!(client.hint(&error), None);

            world.clock.set(Some(chains::NOW));
            assert!(client.post((&request()).into()).is_ok());
            // An hour later the clock has jumped.
            world.now.set(world.now.get() + 3_600_000);
            world.clock.set(Some(chains::NOW + 4_000_000_000));
            let error = client.post((&request()).into()).unwrap_err();
            assert_eq!(error.code(), 3203, "whatever the Date was");
            let hint = client.hint(&error).unwrap();
            assert_eq!((hint.by_date, hint.by_clock), (chains::NOW + 3600, chains::NOW + 4_000_003_600));
            let sentence = "the clock is 4000000000 s ahead of the Date of an earlier answer";
            if cfg!(feature = "error-text") {
                assert_eq!(hint.to_string(), sentence);
            }
            world.clock.set(Some(7));
            let error = client.post((&request()).into()).unwrap_err();
            assert!(
                client.hint(&error).unwrap().to_string().contains("behind")
                    || cfg!(not(feature = "error-text"))
            );
            // Errors that are not about the time.
            assert_eq!(client.hint(&Error::ServerName), None);
        },
    );
    both(
        &faulty::not_yet_valid(),
        ONCE,
        |_| {},
        |_, client| {
            let error = client.post((&request()).into()).unwrap_err();
            assert_eq!((error.code(), client.hint(&error)), (3204, None));
        },
    );
}

#[test]
fn errors_of_time_servers_have_sentences() {
    use picopost::TimeServerError;
    use picopost::embedded_io::ErrorKind;
    let table = [
        (TimeServerError::Dns(ErrorKind::NotFound), "could not be resolved: not found"),
        (TimeServerError::Network(ErrorKind::TimedOut), "could not be reached: timed out"),
        (TimeServerError::Answer, "gave an answer that is none"),
        (TimeServerError::Unavailable, "does not want to say"),
    ];
    for (last, reason) in table {
        let error = Error::Clock(ClockError::NoTimeServer { asked: 2, last });
        let sentence = format!("none of 2 time servers told the time, the last one since it {reason}");
        assert_says(&error, &sentence);
    }
    let error = Error::Clock(ClockError::OutOfRange { told: 9, floor: 10 });
    assert_says(&error, "the time servers say 9, which cannot be: the time is at least 10 (Unix seconds)");
}

#[cfg(feature = "sntp")]
mod sntp {
    use super::*;
    use crate::world::World;
    use picopost::TimeServerError;
    use picopost::embedded_io::ErrorKind;

    const SERVERS: Settings<'static> = Settings { time_servers: &["time.example", "ntp.example"], ..ONCE };
    /// What a time server answers.
    type Tell = fn(&[u8]) -> Option<Vec<u8>>;
    /// From 1900 to 1970.
    const ERA: u64 = 2_208_988_800;

    /// An answer of RFC 5905 section 7.3 that tells this time.
    fn answer(request: &[u8], unix: u64) -> Vec<u8> {
        assert_eq!(request.len(), 48);
        let mut answer = vec![0; 48];
        // No warning, version 4, server.
        answer[0] = 0b00_100_100;
        answer[1] = 2;
        let seconds = u32::try_from((unix + ERA) & 0xffff_ffff).unwrap().to_be_bytes();
        answer[24..32].copy_from_slice(&request[40..48]);
        answer[32..36].copy_from_slice(&seconds);
        answer[40..44].copy_from_slice(&seconds);
        answer
    }

    fn tells(world: &World, tell: impl Fn(&[u8]) -> Option<Vec<u8>> + 'static) {
        world.times.borrow_mut().push_back(Box::new(tell));
    }

    #[test]
    fn the_time_is_asked_for_once_where_the_clock_does_not_know_it() {
        for clock in [None, Some(7)] {
            let prepare = |world: &World| {
                world.clock.set(clock);
                tells(world, |request| Some(answer(request, chains::NOW)));
            };
            both(&shapes::gts(), SERVERS, prepare, |world, client| {
                for _ in 0..3 {
                    assert_eq!(client.post((&request()).into()).unwrap().0, 200);
                    world.now.set(world.now.get() + 100_000);
                }
                let calls = world.calls.borrow();
                assert_eq!(calls[..2], ["time.example", "udp 192.0.2.1:123"]);
                assert_eq!(calls.iter().filter(|call| call.starts_with("udp")).count(), 1);
            });
        }
        // A clock that knows is believed, and nobody asked.
        both(
            &shapes::gts(),
            SERVERS,
            |_| {},
            |world, client| {
                assert!(client.post((&request()).into()).is_ok());
                assert_eq!(world.calls.borrow()[0], "device.example");
            },
        );
    }

    #[test]
    fn the_time_goes_on_behind_the_answer() {
        let prepare = |world: &World| {
            world.clock.set(None);
            tells(world, |request| Some(answer(request, chains::NOW)));
        };
        both(&shapes::gts(), SERVERS, prepare, |world, client| {
            assert!(client.post((&request()).into()).is_ok());
            // By then, the certificates have expired.
            world.now.set(world.now.get() + 40 * 365 * 86_400_000);
            assert_eq!(client.post((&request()).into()).unwrap_err().code(), 3203);
        });
    }

    #[test]
    fn the_next_server_is_asked() {
        let bad: [(Tell, u64); 10] = [
            (|_| None, 5),
            (|_| Some(vec![]), 0),
            (|request| Some(answer(request, chains::NOW)[..47].to_vec()), 0),
            // Not what was asked: somebody who has not seen the request.
            (
                |request| {
                    Some({
                        let mut answer = answer(request, chains::NOW);
                        answer[31] ^= 1;
                        answer
                    })
                },
                0,
            ),
            // A client, not a server.
            (
                |request| {
                    Some({
                        let mut answer = answer(request, chains::NOW);
                        answer[0] = 0b00_100_011;
                        answer
                    })
                },
                0,
            ),
            // It does not know the time.
            (
                |request| {
                    Some({
                        let mut answer = answer(request, chains::NOW);
                        answer[0] |= 0b11_000_000;
                        answer
                    })
                },
                0,
            ),
            // A kiss of death.
            (
                |request| {
                    Some({
                        let mut answer = answer(request, chains::NOW);
                        answer[1] = 0;
                        answer[12..16].copy_from_slice(b"RATE");
                        answer
                    })
                },
                0,
            ),
            (
                |request| {
                    Some({
                        let mut answer = answer(request, chains::NOW);
                        answer[1] = 16;
                        answer
                    })
                },
                0,
            ),
            // Before the floor, and half a century behind it.
            (|request| Some(answer(request, 1_735_689_599)), 0),
            (|request| Some(answer(request, 1_735_689_600 + 60 * 365 * 86_400)), 0),
        ];
        for (tell, seconds) in bad {
            let prepare = |world: &World| {
                world.clock.set(None);
                tells(world, tell);
                tells(world, |request| Some(answer(request, chains::NOW)));
            };
            both(&shapes::gts(), SERVERS, prepare, |world, client| {
                assert_eq!(client.post((&request()).into()).unwrap().0, 200);
                assert_eq!(world.elapsed(), seconds * 1000);
                assert_eq!(world.calls.borrow()[2], "ntp.example");
            });
        }
    }

    #[test]
    fn nobody_tells_the_time() {
        let table: [(Tell, ClockError); 4] = [
            (
                |_| None,
                ClockError::NoTimeServer { asked: 2, last: TimeServerError::Network(ErrorKind::TimedOut) },
            ),
            (|_| Some(vec![1]), ClockError::NoTimeServer { asked: 2, last: TimeServerError::Answer }),
            (
                |request| {
                    Some({
                        let mut answer = answer(request, chains::NOW);
                        answer[0] |= 0xc0;
                        answer
                    })
                },
                ClockError::NoTimeServer { asked: 2, last: TimeServerError::Unavailable },
            ),
            (
                |request| Some(answer(request, 1_700_000_000)),
                ClockError::OutOfRange { told: 1_700_000_000, floor: 1_735_689_600 },
            ),
        ];
        for (tell, error) in table {
            let prepare = |world: &World| {
                world.clock.set(None);
                tells(world, tell);
                tells(world, tell);
            };
            both(&shapes::gts(), SERVERS, prepare, |world, client| {
                assert_eq!(client.post((&request()).into()), Err(Error::Clock(error)));
                assert!(world.seen.borrow().is_empty() && world.connections() == 0);
            });
        }
        let prepare = |world: &World| {
            world.clock.set(None);
            *world.addresses.borrow_mut() = Some(Err(ErrorKind::NotFound));
        };
        both(&shapes::gts(), SERVERS, prepare, |_, client| {
            let last = TimeServerError::Dns(ErrorKind::NotFound);
            let error = Error::Clock(ClockError::NoTimeServer { asked: 2, last });
            assert_eq!(client.post((&request()).into()), Err(error));
        });
    }

    /// One wrong answer does not stop a device for good.
    #[test]
    fn a_time_at_which_no_certificate_is_valid_is_forgotten() {
        let prepare = |world: &World| {
            world.clock.set(None);
            tells(world, |request| Some(answer(request, chains::NOW + 40 * 365 * 86_400)));
            tells(world, |request| Some(answer(request, chains::NOW)));
        };
        both(&shapes::gts(), SERVERS, prepare, |_, client| {
            assert_eq!(client.post((&request()).into()).unwrap_err().code(), 3203);
            assert_eq!(client.post((&request()).into()).unwrap().0, 200);
        });
    }
}
