use std::net::SocketAddr;
use std::sync::Arc;

use tokio::sync::broadcast::error::RecvError;

use super::super::capture::{Direction, MAX_OCTETS};
use super::super::event::{Event, Summary, Tcp};
use super::{FOLLOWER_QUEUE, Hub, MAX_ATTEMPTS, MAX_WEIGHT, SINK_QUEUE, Update};

const ADDRESS: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 1);

fn tcp() -> Event {
    Event::Tcp(Tcp { peer: ADDRESS, local: ADDRESS })
}

fn run(future: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future);
}

/// `line N` or `attempt N (lines, ended)`.
fn describe(update: &Update) -> String {
    match update {
        Update::Line(line) => format!("line {:?}", line.attempt),
        Update::Attempt(attempt) => {
            format!("attempt {} ({}, {})", attempt.number, attempt.lines.len(), attempt.complete)
        }
    }
}

#[test]
fn sinks_and_followers_get_the_same() {
    run(async {
        let (hub, [mut sink]) = Hub::new(41);
        let hub = Arc::new(hub);
        let mut follower = hub.follow();
        let recorder = hub.begin_attempt(ADDRESS, ADDRESS);
        recorder.event(tcp()).await;
        assert_eq!(hub.attempt(42).unwrap().lines.len(), 1);
        recorder.end().await;
        hub.begin_attempt(ADDRESS, ADDRESS).event(tcp()).await;
        hub.end().await;
        let expected =
            ["line Some(42)", "attempt 42 (1, true)", "line Some(43)", "attempt 43 (1, false)", "line None"];
        for expected in expected {
            assert_eq!(describe(&sink.recv().await.unwrap()), expected);
            let update = follower.updates.recv().await.unwrap();
            assert_eq!(describe(&update), expected);
            if let Update::Line(line) = update
                && line.attempt.is_none()
            {
                assert_eq!(line.event, Event::Summary(Summary { attempts: 2, ..Summary::default() }));
            }
        }
        assert_eq!(hub.follow().attempts.len(), 2);
        drop(hub);
        assert!(sink.recv().await.is_none());
        assert!(follower.attempts.is_empty() && follower.updates.recv().await.is_err());
    });
}

#[test]
fn a_slow_sink_is_waited_for_and_a_slow_follower_is_told() {
    run(async {
        let (hub, [mut sink]) = Hub::new(0);
        let hub = Arc::new(hub);
        let mut follower = hub.follow();
        let sender = tokio::spawn({
            let hub = Arc::clone(&hub);
            async move {
                for _ in 0..2 * FOLLOWER_QUEUE {
                    hub.event(tcp()).await;
                }
            }
        });
        while sink.len() < SINK_QUEUE {
            tokio::task::yield_now().await;
        }
        tokio::task::yield_now().await;
        assert!(!sender.is_finished());
        for _ in 0..2 * FOLLOWER_QUEUE {
            sink.recv().await.unwrap();
        }
        sender.await.unwrap();
        assert!(matches!(follower.updates.recv().await, Err(RecvError::Lagged(_))));
        // A sink that has gone holds up nobody.
        drop(sink);
        for _ in 0..2 * SINK_QUEUE {
            hub.event(tcp()).await;
        }
    });
}

/// More connections than attempts are kept in memory, and all of them are stopped.
#[test]
fn at_the_end_every_open_attempt_is_handed_over_once() {
    run(async {
        let (hub, [mut sink]) = Hub::new(0);
        let hub = Arc::new(hub);
        let count = u64::try_from(MAX_ATTEMPTS).unwrap() + 500;
        for _ in 0..count {
            drop(hub.begin_attempt(ADDRESS, ADDRESS));
        }
        // The sink is full: this end waits for a place, and is stopped while it does.
        while sink.len() < SINK_QUEUE {
            hub.event(tcp()).await;
        }
        let ending = tokio::spawn(hub.begin_attempt(ADDRESS, ADDRESS).end());
        while !hub.attempt(count + 1).is_some_and(|attempt| attempt.complete) {
            tokio::task::yield_now().await;
        }
        ending.abort();
        assert!(ending.await.unwrap_err().is_cancelled());
        let ended = tokio::spawn(async move { hub.end().await });
        let mut handed = Vec::new();
        while let Some(update) = sink.recv().await {
            if let Update::Attempt(attempt) = update {
                handed.push((attempt.number, attempt.complete));
            }
        }
        ended.await.unwrap();
        let expected: Vec<_> = (1..=count + 1).map(|number| (number, number > count)).collect();
        assert_eq!(handed, expected);
    });
}

#[test]
fn what_is_kept_is_bounded_by_number_and_by_octets() {
    run(async {
        let (hub, []) = Hub::new(0);
        let hub = Arc::new(hub);
        for _ in 0..MAX_ATTEMPTS + 5 {
            hub.begin_attempt(ADDRESS, ADDRESS).end().await;
        }
        let numbers: Vec<u64> = hub.attempts().iter().map(|attempt| attempt.number).collect();
        assert_eq!((numbers.len(), numbers[0]), (MAX_ATTEMPTS, 6));
        for _ in 0..2 * MAX_WEIGHT / MAX_OCTETS {
            let recorder = hub.begin_attempt(ADDRESS, ADDRESS);
            recorder.tape().segment(Direction::In, &[0; MAX_OCTETS]);
            recorder.end().await;
        }
        let attempts = hub.attempts();
        let weight: usize = attempts.iter().map(|attempt| attempt.weight()).sum();
        assert!(weight <= MAX_WEIGHT && weight > MAX_WEIGHT - 2 * MAX_OCTETS, "{weight}");
        assert_eq!(hub.lock().weight, weight);
        // The same attempt again weighs nothing more.
        hub.keep(Arc::clone(&attempts[0]));
        assert_eq!(hub.lock().weight, weight);
    });
}
