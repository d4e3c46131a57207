//! The one loop that drives an exchange. Blocking, async, with and without time limits: what differs is
//! the [`Wire`].

use core::convert::Infallible;
use core::pin::pin;
use core::task::{Context, Poll, Waker};

use embedded_io::{ErrorKind, Read, Write};

use crate::limits::{Allowance, Wait};
use crate::observe::Watch;
use crate::{Action, Channel, Error, Exchange, Observer, Stage};

/// What an exchange is driven over: a stream, how it waits, and for how long.
pub(crate) trait Wire {
    /// That a time limit was up; [`Infallible`] where there are none.
    type Late: Into<Allowance>;

    /// How many octets were read, at least one; 0 at the end.
    async fn read(&mut self, wait: Wait, space: &mut [u8]) -> Result<usize, Halt<Self::Late>>;
    /// How many octets were written.
    async fn write(&mut self, wait: Wait, octets: &[u8]) -> Result<usize, Halt<Self::Late>>;
    async fn flush(&mut self, wait: Wait) -> Result<(), Halt<Self::Late>>;
    /// Lets the executor's other tasks run once, where there are any.
    async fn breathe(&mut self);
}

/// Why an operation did not come to its end.
pub(crate) enum Halt<L> {
    Failed(ErrorKind),
    Late(L),
}

impl From<Infallible> for Allowance {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

/// Drives an exchange to its end, and tells the server where that was an error.
pub(crate) async fn run<C, W, O>(
    exchange: &mut Exchange<'_, C>,
    wire: &mut W,
    observer: &mut O,
) -> Result<(), Error>
where
    C: Channel,
    W: Wire,
    O: Observer + ?Sized,
{
    let outcome = turns(exchange, wire, &mut Watch::new(observer)).await;
    // Best effort: the stream may be what failed, and the exchange has its outcome already. One that has
    // kept it waiting for too long is not waited for once more.
    let is_late = matches!(outcome, Err(Error::TimedOut { .. }));
    while !is_late && !exchange.farewell().is_empty() {
        match wire.write(Wait::Farewell, exchange.farewell()).await {
            Ok(count @ 1..) => exchange.sent(count),
            Err(Halt::Failed(ErrorKind::Interrupted)) => {}
            Ok(0) | Err(_) => break,
        }
    }
    if !is_late {
        while let Err(Halt::Failed(ErrorKind::Interrupted)) = wire.flush(Wait::Farewell).await {}
    }
    observer.ended(&exchange.summary());
    outcome
}

async fn turns<C, W, O>(
    exchange: &mut Exchange<'_, C>,
    wire: &mut W,
    watch: &mut Watch<'_, O>,
) -> Result<(), Error>
where
    C: Channel,
    W: Wire,
    O: Observer + ?Sized,
{
    // Whether the stream may still hold back what the server waits for.
    let mut unflushed = false;
    loop {
        let stage = exchange.stage();
        watch.look(stage, exchange.octets());
        let mut wait = waits_for(exchange, stage);
        let halt = match exchange.next()? {
            Action::Worked => {
                wire.breathe().await;
                continue;
            }
            Action::Computed => {
                watch.computed(stage);
                wire.breathe().await;
                continue;
            }
            Action::Done => return Ok(()),
            Action::Send(octets) => {
                wait = wait.to_send();
                match wire.write(wait, octets).await {
                    Ok(0) => Halt::Failed(ErrorKind::WriteZero),
                    Ok(count) => {
                        exchange.sent(count);
                        unflushed = true;
                        continue;
                    }
                    Err(halt) => halt,
                }
            }
            Action::Receive(_) if unflushed => {
                wait = wait.to_send();
                match wire.flush(wait).await {
                    Err(Halt::Failed(ErrorKind::Interrupted)) => continue,
                    // Once only: what the server has said already can be read all the same.
                    outcome => {
                        unflushed = false;
                        match outcome {
                            Ok(()) => continue,
                            Err(halt) => halt,
                        }
                    }
                }
            }
            Action::Receive(space) => match wire.read(wait, space).await {
                Ok(count) => {
                    exchange.received(count);
                    continue;
                }
                Err(Halt::Failed(ErrorKind::Interrupted)) => continue,
                Err(Halt::Failed(kind)) => {
                    exchange.receive_failed(kind);
                    continue;
                }
                Err(halt) => halt,
            },
        };
        match halt {
            Halt::Failed(ErrorKind::Interrupted) => {}
            Halt::Failed(kind) => exchange.send_failed(kind),
            Halt::Late(_) if wait == Wait::GoAhead => exchange.proceed(),
            Halt::Late(late) => give_up(exchange, stage, late.into()),
        }
    }
}

/// What an operation on the stream waits for.
fn waits_for<C: Channel>(exchange: &Exchange<'_, C>, stage: Stage) -> Wait {
    match stage {
        // RFC 9846 §6.1: the response is whole, what is left is close_notify.
        Stage::Done => Wait::Farewell,
        _ if exchange.is_waiting() => Wait::GoAhead,
        _ if stage < Stage::Request => Wait::Handshake,
        Stage::Request => Wait::Send,
        _ if exchange.is_unanswered() => Wait::FirstOctet,
        _ => Wait::Body,
    }
}

#[inline(never)]
fn give_up<C: Channel>(exchange: &mut Exchange<'_, C>, stage: Stage, late: Allowance) {
    // Of a response that is whole, nothing is lost by a goodbye that was not heard.
    if stage == Stage::Done {
        exchange.send_failed(ErrorKind::TimedOut);
    } else {
        exchange.give_up(late.error(stage, exchange.octets()));
    }
}

/// A stream of `embedded-io`, driven without waiting for anything but its own calls.
pub(crate) struct Blocking<'s, S: ?Sized>(pub(crate) &'s mut S);

impl<S: Read + Write + ?Sized> Wire for Blocking<'_, S> {
    type Late = Infallible;

    async fn read(&mut self, _: Wait, space: &mut [u8]) -> Result<usize, Halt<Infallible>> {
        self.0.read(space).map_err(failed)
    }

    async fn write(&mut self, _: Wait, octets: &[u8]) -> Result<usize, Halt<Infallible>> {
        self.0.write(octets).map_err(failed)
    }

    async fn flush(&mut self, _: Wait) -> Result<(), Halt<Infallible>> {
        self.0.flush().map_err(failed)
    }

    async fn breathe(&mut self) {}
}

/// A stream of `embedded-io-async`.
pub(crate) struct Waiting<'s, S: ?Sized>(pub(crate) &'s mut S);

impl<S> Wire for Waiting<'_, S>
where
    S: embedded_io_async::Read + embedded_io_async::Write + ?Sized,
{
    type Late = Infallible;

    async fn read(&mut self, _: Wait, space: &mut [u8]) -> Result<usize, Halt<Infallible>> {
        self.0.read(space).await.map_err(failed)
    }

    async fn write(&mut self, _: Wait, octets: &[u8]) -> Result<usize, Halt<Infallible>> {
        self.0.write(octets).await.map_err(failed)
    }

    async fn flush(&mut self, _: Wait) -> Result<(), Halt<Infallible>> {
        self.0.flush().await.map_err(failed)
    }

    async fn breathe(&mut self) {
        breathe().await;
    }
}

#[expect(clippy::needless_pass_by_value, reason = "for `map_err`")]
fn failed<E: embedded_io::Error, L>(error: E) -> Halt<L> {
    Halt::Failed(error.kind())
}

/// Lets the executor's other tasks run once.
pub(crate) async fn breathe() {
    let mut has_waited = false;
    core::future::poll_fn(|context| {
        if core::mem::replace(&mut has_waited, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// Runs a future of which nothing ever waits: each of its operations blocks instead.
pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
    }
}
