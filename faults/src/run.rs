//! The run: octet by octet first, then everything at once.

use picopost::TrustAnchor;
use picopost_testkit::chains::Chain;

use crate::draw::{Draw, Quality, Trouble, Weather};
use crate::life::{Device, DeviceFlash, Habits, Truth, Turn, Way, flash};
use crate::report::Report;
use crate::tcp;
use crate::world::{DeviceClock, Inner, World};

/// What is to be run.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// The plan's number.
    pub seed: u64,
    /// About how many readings.
    pub posts: u64,
}

/// The server's certificate has an RSA key: its signatures are all of one length, so that an octet's
/// position means the same in each run.
const CHAIN: &str = "name    key      signed by  words
     root    rsa2048  root       ca
     server  rsa2048  root       server dns:device.example
     send server";

/// The device waits at most so many times from one power cut to the next.
const WAITS_BETWEEN_CUTS: u64 = 600;

/// Runs it all.
///
/// # Panics
/// If the client or the outbox does not keep its promises.
#[must_use]
pub fn run(options: Options) -> Report {
    let chain = Chain::from_table(CHAIN);
    let anchors = chain.anchors();
    let mut run = Run {
        world: World::new(chain.clone(), options.seed ^ 0x11),
        anchors: &anchors,
        flash: flash(),
        truth: Truth::default(),
    };
    let [full, kept] = run.measure();
    let positions = full.sent + full.received * 2 + 2 * (kept.sent + kept.received);
    // Two thirds of all go into single octets.
    let stride = positions.div_ceil(usize::try_from(options.posts * 2 / 3).expect("small").max(1));
    run.sweep_new_connections(full, stride);
    run.sweep_kept_connections(kept, stride);
    let left = options.posts.saturating_sub(run.truth.readings);
    run.storm(left, Draw(options.seed), full);
    let swept = [full.sent + full.received, kept.sent + kept.received, stride];
    let over_tcp = (options.posts / 50).clamp(10, 150);
    let once = tcp::run(&chain, over_tcp, options.seed, [full.sent, full.received]);
    let mut report = Report::new(options, &run.truth, &mut run.world.inside(), swept);
    report.add_tcp(over_tcp, once);
    report
}

/// Octets of one POST.
#[derive(Clone, Copy)]
struct Length {
    sent: usize,
    received: usize,
}

struct Run<'r> {
    world: World,
    anchors: &'r [TrustAnchor<'r>],
    flash: DeviceFlash,
    truth: Truth,
}

impl Run<'_> {
    /// How long a POST is over a new connection, and over one that is kept.
    fn measure(&mut self) -> [Length; 2] {
        let calm = || turn(Way::Kept, |_, _| {});
        self.live(Habits { keeps: false }, &mut [calm()].into_iter(), None);
        let (sent, received) = self.world.inside().last_octets;
        let full = Length { sent, received };
        let mut after_first = (0, 0);
        let note = |inner: &mut Inner, _: &mut DeviceFlash| {
            after_first = inner.connection.as_ref().map(|it| (it.sent, it.received)).expect("it is kept");
        };
        self.live(Habits { keeps: true }, &mut [calm(), turn(Way::Kept, note)].into_iter(), None);
        self.world.inside().hang_up();
        let (sent, received) = self.world.inside().last_octets;
        let kept = Length { sent: sent - after_first.0, received: received - after_first.1 };
        [full, kept]
    }

    /// A new connection breaks behind each octet.
    fn sweep_new_connections(&mut self, length: Length, stride: usize) {
        let resets = (0..=length.sent).step_by(stride).map(Trouble::ResetAfterSent);
        let received = || (0..=length.received).step_by(stride);
        let resets = resets.chain(received().map(Trouble::ResetAfterReceived));
        let ends = received().map(Trouble::EndAfterReceived);
        // A stall is the same wherever in a stage it is; every stage has some.
        let wide = stride * 24;
        let stalls = (0..=length.sent).step_by(wide).map(Trouble::StallAfterSent);
        let stalls = stalls.chain((0..=length.received).step_by(wide).map(Trouble::StallAfterReceived));
        let troubles = resets.chain(ends).chain(stalls);
        let mut turns =
            troubles.map(|trouble| turn(Way::Kept, move |inner, _| inner.troubles = [trouble].into()));
        self.live(Habits { keeps: false }, &mut turns, None);
    }

    /// A connection that was kept breaks behind each octet of the next POST, with a key and without.
    fn sweep_kept_connections(&mut self, length: Length, stride: usize) {
        for way in [Way::Kept, Way::Bare] {
            let sent = (0..=length.sent).step_by(stride).map(Trouble::ResetAfterSent);
            let received = (0..=length.received).step_by(stride).map(Trouble::ResetAfterReceived);
            let mut turns = sent.chain(received).flat_map(|trouble| {
                let strike = move |inner: &mut Inner, _: &mut DeviceFlash| {
                    let Some(connection) = &mut inner.connection else { return };
                    let (sent, received) = (connection.sent, connection.received);
                    connection.trouble = Some(match trouble {
                        Trouble::ResetAfterSent(at) => Trouble::ResetAfterSent(sent + at),
                        Trouble::ResetAfterReceived(at) => Trouble::ResetAfterReceived(received + at),
                        other => other,
                    });
                };
                [turn(Way::Kept, |_, _| {}), turn(way, strike)]
            });
            self.live(Habits { keeps: true }, &mut turns, None);
        }
    }

    /// Everything at once, and the power cut now and then.
    fn storm(&mut self, readings: u64, mut draw: Draw, length: Length) {
        let mut cuts = draw.clone();
        let calm_end = [turn(Way::Kept, |inner, flash| {
            calm(inner);
            flash.reboot();
        })];
        let mut turns = (0..readings).map(|_| any_turn(&mut draw, length)).chain(calm_end);
        // The last life has power to its end.
        for _ in 0..readings {
            let waits = cuts.below(WAITS_BETWEEN_CUTS);
            if self.live(Habits { keeps: true }, &mut turns, Some(waits)).is_some() {
                break;
            }
        }
        calm(&mut self.world.inside());
        while self.live(Habits { keeps: true }, &mut turns, None).is_none() {}
    }

    /// One life of the device, or none if its power was cut.
    fn live<'t>(
        &mut self,
        habits: Habits,
        turns: &mut dyn Iterator<Item = Turn<'t>>,
        waits: Option<u64>,
    ) -> Option<()> {
        let (world, anchors) = (self.world.clone(), self.anchors);
        let mut device =
            Device { world: &world, anchors, flash: &mut self.flash, truth: &mut self.truth, habits };
        if let Some(Ok(())) = world.run(device.live(turns, true), waits) {
            return Some(());
        }
        self.truth.cuts += 1;
        let what = if self.flash.is_off() { "power cut in the flash" } else { "power cut anywhere" };
        self.flash.reboot();
        let mut inner = self.world.inside();
        inner.hang_up();
        inner.count(what);
        None
    }
}

fn turn<'t>(way: Way, change: impl FnOnce(&mut Inner, &mut DeviceFlash) + 't) -> Turn<'t> {
    Turn { way, pause: 2000, change: Box::new(change) }
}

fn calm(inner: &mut Inner) {
    inner.troubles.clear();
    inner.quality = Quality::GOOD;
    inner.weather = (Weather::Fine, 0);
    inner.down_until = 0;
    inner.clock = DeviceClock::Right;
}

/// A reading in a storm.
fn any_turn<'t>(draw: &mut Draw, length: Length) -> Turn<'t> {
    let way = match draw.below(10) {
        0 => Way::Ignored,
        1 | 2 => Way::Bare,
        _ => Way::Kept,
    };
    let pause = if draw.percent(50) { draw.below(20_000) } else { draw.below(200_000) };
    let mut own = Draw(draw.below(u64::MAX));
    let change = move |inner: &mut Inner, flash: &mut DeviceFlash| {
        let draw = &mut own;
        let troubles = if draw.percent(45) { 1 + draw.below(4) } else { 0 };
        inner.troubles = (0..troubles).map(|_| Trouble::any(draw, length.sent, length.received)).collect();
        if draw.percent(30) {
            inner.quality = Quality::any(draw);
            if inner.quality.loss > 0 {
                inner.count("link that loses segments");
            }
            if inner.quality.segment < 100 {
                inner.count("link of tiny segments");
            }
        }
        if draw.percent(12) {
            let weather = Weather::bad(draw);
            inner.weather = (weather, inner.now + draw.below(150_000));
            inner.count(weather.name().unwrap_or_default());
        }
        if draw.percent(4) {
            let down = draw.below(90_000);
            inner.restart(down);
            inner.count("server restarted");
        }
        inner.clock = match draw.below(30) {
            0 => DeviceClock::Unknown,
            1 => DeviceClock::Off(-1_700_000_000),
            2 => DeviceClock::Off(2_000_000_000),
            3 => DeviceClock::Off(i64::try_from(draw.below(7200)).expect("small") - 3600),
            _ => DeviceClock::Right,
        };
        if inner.clock != DeviceClock::Right {
            inner.count("clock stepped or lost");
        }
        if draw.percent(10) {
            flash.cut_after(draw.below(600));
        }
    };
    Turn { way, pause, change: Box::new(change) }
}
