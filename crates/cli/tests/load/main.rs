//! `picopost listen` under load: many devices at once, and many one after the other, with slow,
//! silent and broken ones among them. Nothing may be lost, and memory must stay bounded.
//!
//! The default run is short; `cargo listen-load` is the long one, and prints its figures.

use std::time::Duration;

mod device;
mod server;

use device::{Kind, Outcome};
use server::Server;

/// How much is done.
struct Plan {
    at_once: usize,
    per_second: usize,
    seconds: usize,
}

/// What came of it.
struct Figures {
    started: usize,
    expected_answers: usize,
    answered: usize,
    /// From the first octet to the last, of a device that is in no hurry to lose: milliseconds.
    slowest: u128,
    /// What the server printed.
    attempts: u64,
    closed: u64,
    good_answers: u64,
    stored: u64,
    resident_kib: u64,
}

fn run(plan: &Plan) -> Figures {
    let server = Server::start(plan.at_once + plan.per_second * plan.seconds);
    let config = server.client_config();
    let address = server.address;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let outcomes: Vec<Outcome> = runtime.block_on(async {
        let mut devices = tokio::task::JoinSet::new();
        for number in 0..plan.at_once {
            devices.spawn(device::run(Kind::of(number), address, config.clone()));
        }
        let mut outcomes = Vec::new();
        while let Some(outcome) = devices.join_next().await {
            outcomes.push(outcome.unwrap());
        }
        let mut tick =
            tokio::time::interval(Duration::from_secs(1) / u32::try_from(plan.per_second).unwrap());
        for number in 0..plan.per_second * plan.seconds {
            tick.tick().await;
            devices.spawn(device::run(Kind::of(number), address, config.clone()));
        }
        while let Some(outcome) = devices.join_next().await {
            outcomes.push(outcome.unwrap());
        }
        outcomes
    });
    let report = server.finish();
    Figures {
        started: outcomes.len(),
        expected_answers: outcomes.iter().filter(|outcome| outcome.kind.expects_answer()).count(),
        answered: outcomes.iter().filter(|outcome| outcome.answered.is_some()).count(),
        slowest: outcomes.iter().filter_map(|outcome| outcome.answered).max().unwrap_or_default().as_millis(),
        attempts: report.attempts,
        closed: report.closed,
        good_answers: report.good_answers,
        stored: report.stored,
        resident_kib: report.resident_kib,
    }
}

fn check(figures: &Figures) {
    let started = u64::try_from(figures.started).unwrap();
    assert_eq!(figures.answered, figures.expected_answers, "every good device has its answer");
    assert_eq!((figures.attempts, figures.closed), (started, started), "every attempt is told to its end");
    assert_eq!(figures.stored, started, "every attempt is in the store");
    assert_eq!(figures.good_answers, u64::try_from(figures.answered).unwrap());
}

#[test]
fn a_few_devices_at_once_and_one_after_the_other() {
    let figures = run(&Plan { at_once: 60, per_second: 40, seconds: 1 });
    check(&figures);
    assert!(figures.resident_kib < 100 * 1024, "{} KiB", figures.resident_kib);
}

#[test]
#[ignore = "takes more than a minute: `cargo listen-load`"]
fn a_thousand_devices_at_once_and_two_hundred_a_second_for_a_minute() {
    let plan = Plan { at_once: 1000, per_second: 200, seconds: 60 };
    let figures = run(&plan);
    println!("at once        {}", plan.at_once);
    println!("then           {} a second for {} s", plan.per_second, plan.seconds);
    println!("devices        {}, of which {} expect an answer", figures.started, figures.expected_answers);
    println!("accepted       {}", figures.attempts);
    println!("answered       {}, the slowest after {} ms", figures.answered, figures.slowest);
    println!("told whole     {}", figures.closed);
    println!("stored         {}", figures.stored);
    println!("lost           {}", figures.attempts - figures.closed.min(figures.stored));
    println!("memory         {} KiB resident at most", figures.resident_kib);
    check(&figures);
    assert!(figures.resident_kib < 512 * 1024);
}

#[test]
#[ignore = "takes ten thousand files: `cargo listen-load`"]
fn ten_thousand_idle_connections() {
    const IDLE: usize = 10_000;
    let files = u64::try_from(IDLE).unwrap() + 100;
    assert!(rlimit::increase_nofile_limit(files).unwrap() >= files, "`ulimit -n` is too low");
    let server = Server::start_with_timeout(IDLE + 1, "600");
    let before = server.resident_kib();
    let idle: Vec<_> = (0..IDLE).map(|_| std::net::TcpStream::connect(server.address).unwrap()).collect();
    let with_idle = server.resident_kib();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let outcome = runtime.block_on(device::run(Kind::Good, server.address, server.client_config()));
    let answered = outcome.answered.expect("a good device has its answer").as_millis();
    drop(idle);
    let report = server.finish();
    println!("idle           {IDLE} connections");
    println!("memory         {before} KiB resident before, {with_idle} KiB with them");
    println!("answered       a good device among them after {answered} ms");
    assert_eq!((report.attempts, report.closed), (report.closed, u64::try_from(IDLE).unwrap() + 1));
    assert!(with_idle - before < 100 * 1024);
}
