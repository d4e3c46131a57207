//! The demonstration's twin without picopost: the same board, the same request over TCP in clear
//! text. It is here to be subtracted: what the other image is larger by is picopost.
//! `cargo xtask flash` does that. Not for use: whoever listens reads the secret.

#![no_std]
#![no_main]

use core::pin::pin;

use embassy_net::{Config, StackResources};
use picopost::Stage;
use picopost::asynch::Connect;
use picopost::embedded_io_async::{Read, Write};
use picopost_app::tcp::Connector;
use picopost_app::{
    DIGITS, EXIT_BOARD, EXIT_FAILED, EXIT_GOOD, EXIT_PARAMETERS, Lacking, Meter, Parameters, Report, decimal,
    start, token,
};
use picopost_qemu_rv32::machine::{self, Console};
use picopost_qemu_rv32::virtio::{Entropy, Network};
use picopost_qemu_rv32::{NAME, executor, start as board};
use rand_core::TryRng;
use static_cell::ConstStaticCell;

const SOCKETS: usize = 3;

static SOCKET_MEMORY: ConstStaticCell<StackResources<SOCKETS>> = ConstStaticCell::new(StackResources::new());

/// The buffers that the POST needs without TLS, as large as in `picopost_app::Memory`.
struct Memory {
    response: [u8; 2048],
    tcp_receive: [u8; 4096],
    tcp_transmit: [u8; 1024],
}

static MEMORY: ConstStaticCell<Memory> =
    ConstStaticCell::new(Memory { response: [0; 2048], tcp_receive: [0; 4096], tcp_transmit: [0; 1024] });

#[unsafe(no_mangle)]
extern "C" fn main() -> ! {
    machine::exit(run().unwrap_or_else(|(exit_status, number)| {
        Report::new(&mut Console).error(Stage::Setup, number, &"see docs/errors.md");
        exit_status
    }))
}

fn run() -> Result<u8, (u8, u16)> {
    let lacking = |part: Lacking| (EXIT_BOARD, part.code());
    let parameters =
        Parameters::parse(board::parameter_memory()).map_err(|error| (EXIT_PARAMETERS, error.code()))?;
    let mut entropy = Entropy::find().ok_or(lacking(Lacking::Entropy))?;
    let network = Network::find().ok_or(lacking(Lacking::NetworkCard))?;
    let seed = entropy.try_next_u64().ok().ok_or(lacking(Lacking::EntropyGaveNothing))?;
    let (network, mut runner) =
        embassy_net::new(network, Config::dhcpv4(Default::default()), SOCKET_MEMORY.take(), seed);
    let application = async {
        let mut console = Console;
        let mut report = Report::new(&mut console);
        start(&mut report, NAME, network, &machine::Clock).await.map_err(lacking)?;
        let Memory { response, tcp_receive, tcp_transmit } = MEMORY.take();
        let mut connector = Connector::new(network, parameters.address, tcp_receive, tcp_transmit);
        let meter = Meter::new(machine::instructions);
        let outcome = meter.measure(post(&parameters, &mut connector, response)).await;
        connector.close().await;
        report.text("post: ").number(meter.spent()).end();
        report.text("stack: ").size(board::peak_stack()).text(" octets at most").end();
        let Some((status, content)) = outcome else { return Ok(EXIT_FAILED) };
        report.text("status: ").text(status).end();
        token::report(&mut report, content);
        Ok(EXIT_GOOD)
    };
    executor::run(pin!(async { runner.run().await }), pin!(application))
}

/// Sends the request and reads until the server closes: the status and the content, as they came.
/// Nothing is checked that is not needed to find them.
async fn post<'r>(
    parameters: &Parameters<'_>,
    connector: &mut Connector<'_>,
    response: &'r mut [u8],
) -> Option<(&'r str, &'r [u8])> {
    let (authority, _) = parameters.url.strip_prefix("http://")?.split_once('/')?;
    let target = parameters.url.get("http://".len() + authority.len()..)?;
    let (host, port) = authority.rsplit_once(':')?;
    let mut length = [0; DIGITS];
    let length = decimal(parameters.content.len() as u64, &mut length);

    let mut stream = connector.connect(host, port.parse().ok()?).await.ok()?;
    for part in [
        "POST ",
        target,
        " HTTP/1.1\r\nHost: ",
        authority,
        "\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: ",
        length,
        "\r\n\r\n",
    ] {
        stream.write_all(part.as_bytes()).await.ok()?;
    }
    stream.write_all(parameters.content).await.ok()?;

    let mut received = 0;
    loop {
        match stream.read(response.get_mut(received..)?).await.ok()? {
            0 => break,
            count => received += count,
        }
    }
    let response = response.get(..received)?;
    let content = response.windows(4).position(|octets| octets == b"\r\n\r\n")? + 4;
    // `HTTP/1.1 200 OK`, RFC 9112 §4.
    Some((str::from_utf8(response.get(9..12)?).ok()?, response.get(content..)?))
}
