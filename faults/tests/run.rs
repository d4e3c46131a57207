//! A run says the same twice, and a promise that is broken is noticed.

use picopost_faults::life::Truth;
use picopost_faults::world::World;
use picopost_faults::{Options, Report, run};
use picopost_testkit::chains::shapes;

#[test]
fn a_short_run_says_the_same_twice() {
    let reports = [(); 2].map(|()| run(Options { seed: 7, posts: 90 }));
    for report in &reports {
        assert!(report.broken.is_empty(), "{report}");
    }
    assert_eq!(reports[0].to_string(), reports[1].to_string());
    assert_eq!(reports[0].to_json(), reports[1].to_json());
    let other = run(Options { seed: 8, posts: 90 });
    assert_ne!(reports[0].counts, other.counts, "another seed is another run");
}

#[test]
fn what_is_broken_is_said() {
    let judge = |edit: &dyn Fn(&mut Truth), acted: &[(u64, u32)]| {
        let world = World::new(shapes::direct(), 1);
        let mut truth = Truth::default();
        edit(&mut truth);
        let mut inner = world.inside();
        inner.store.acted.extend(acted.iter().copied());
        Report::new(Options { seed: 1, posts: 1 }, &truth, &mut inner, [1; 3]).broken
    };
    let stored = |truth: &mut Truth| {
        truth.stored.insert(5);
    };
    let acknowledged = |truth: &mut Truth| {
        truth.acknowledged.insert(5);
    };
    let bare = |truth: &mut Truth| {
        truth.bare.insert(5);
    };
    assert_eq!(judge(&stored, &[(5, 1)]), [""; 0]);
    assert_eq!(judge(&stored, &[]), ["reading 5 was stored, and is lost"]);
    assert_eq!(judge(&stored, &[(5, 2)]), ["reading 5 has a key, and was acted upon 2 times"]);
    assert_eq!(judge(&acknowledged, &[(5, 2)]), [""; 0]);
    assert_eq!(judge(&acknowledged, &[]), ["reading 5 was acknowledged, and never came"]);
    assert_eq!(judge(&bare, &[]), [""; 0]);
    assert_eq!(judge(&bare, &[(5, 2)]), ["reading 5 has no key, and came more than once"]);
}

#[test]
fn what_came_more_or_less_than_once_over_tcp_is_said() {
    for (once, broken) in [(10, 0), (9, 1)] {
        let world = World::new(shapes::direct(), 1);
        let options = Options { seed: 1, posts: 1 };
        let mut report = Report::new(options, &Truth::default(), &mut world.inside(), [1; 3]);
        report.add_tcp(10, once);
        assert_eq!(report.broken.len(), broken);
    }
}

#[test]
#[should_panic(expected = "the device hangs")]
fn a_device_that_waits_for_nothing_is_noticed() {
    World::new(shapes::direct(), 1).run(std::future::pending::<()>(), None);
}
