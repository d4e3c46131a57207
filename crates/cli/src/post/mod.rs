//! `picopost post`: the POST that a device would send, sent from the desk through the device's own
//! engine, with the device's buffer if asked for.

use std::path::PathBuf;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use jiff::Timestamp;
use picopost::tls::FULL_RECEIVE_BUFFER;
use picopost::{
    Buffers, Clock, Device, Error, Groups, Header, Request, Security, Trust, UnixTime, Url, blocking, http,
};

use crate::arguments::parse_time;
use crate::connect::Override;
use crate::error::CommandError;
use anchors::Anchors;
use connect::Connector;
use identity::Identity;
use output::{Answer, Format};
use trace::{Recorder, Trace};

mod anchors;
mod body;
mod connect;
mod explain;
mod identity;
mod output;
mod trace;

/// POST JSON to a URL through the device's own engine.
///
/// The response goes to stdout as it came: status line, headers, empty line, body. Everything else
/// goes to stderr. Exit status 0 only for a 2xx status with a whole body; 1 where the server, its
/// certificate or its answer is refused, or the status is another; 2 usage; 3 no connection.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The URL, `https://` only.
    url: String,
    /// The body: JSON text, a file that holds it, or `-` for stdin.
    #[arg(long, value_name = "FILE|TEXT")]
    json: String,
    /// The CA certificates to trust, and no others: PEM (one or more) or DER.
    #[arg(long, value_name = "FILE")]
    anchors: PathBuf,
    /// The client's own certificate, for a server that asks for one, and then its issuer's: PEM, or one
    /// in DER. It is for a key on P-256.
    #[arg(long, value_name = "FILE", requires = "client_key")]
    client_cert: Option<PathBuf>,
    /// The private key of `--client-cert`: PKCS #8 or SEC 1, PEM or DER.
    #[arg(long, value_name = "FILE", requires = "client_cert")]
    client_key: Option<PathBuf>,
    /// One more header for the request.
    #[arg(short = 'H', long = "header", value_name = "NAME: VALUE")]
    headers: Vec<String>,
    /// Connect to these addresses (separated by commas) for this host and port, as curl has it.
    #[arg(long, value_name = "HOST:PORT:ADDRESS", value_parser = Override::parse)]
    resolve: Vec<Override>,
    /// Verify certificates at this time (RFC 3339) instead of now.
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    now: Option<Timestamp>,
    /// The size of the receive buffer: the largest TLS record that can be taken, with 5 octets of
    /// header and up to 256 of protection.
    #[arg(long, value_name = "OCTETS", default_value_t = FULL_RECEIVE_BUFFER)]
    buffer: usize,
    /// The size of the send buffer: a request that does not fit goes out in several records.
    #[arg(long, value_name = "OCTETS", default_value_t = 4096)]
    send_buffer: usize,
    /// The size of the response buffer: status line, headers and body have to fit.
    #[arg(long, value_name = "OCTETS", default_value_t = 1 << 20)]
    response_buffer: usize,
    /// Offer X25519MLKEM768 too: what is recorded today stays secret from a quantum computer of later
    /// years. The buffers need 1,221 and 2,246 octets at least.
    #[arg(long)]
    post_quantum: bool,
    /// Seconds after which all is given up, from name resolution to the body's last octet.
    #[arg(long, value_name = "SECONDS", default_value = "30", value_parser = clap::value_parser!(u64).range(1..=3600))]
    timeout: u64,
    /// Show each stage on stderr, with its time and the octets moved so far.
    #[arg(long)]
    trace: bool,
    /// What stdout gets: the response, or one JSON object about it.
    #[arg(long, value_enum, default_value = "text")]
    output: Format,
}

/// Sends the POST and shows its answer.
pub(crate) fn run(args: &Args) -> Result<(), CommandError> {
    let trace = Trace::new(Instant::now(), args.trace);
    let url = Url::parse(&args.url).map_err(|error| explain::caller(&error, &format!("`{}`", args.url)))?;
    let headers = args.headers.iter().map(|header| parse_header(header)).collect::<Result<Vec<_>, _>>()?;
    let body = body::read(&args.json)?;
    let anchors = Anchors::read(&args.anchors)?;
    let anchors = anchors.as_trust_anchors();
    let identity = args.client_cert.as_deref().zip(args.client_key.as_deref());
    let identity = identity.map(|(certificate, key)| Identity::read(certificate, key)).transpose()?;
    trace.note(&format!("{} trust anchors, a body of {} octets", anchors.len(), body.len()));
    if let Some(identity) = &identity {
        trace.note(&format!("{} certificates of the client's, if they are asked for", identity.count()));
    }

    let request = Request::json(url, &body).with_headers(&headers);
    let clock = DeskClock { now: args.now };
    let deadline = Instant::now() + Duration::from_secs(args.timeout);
    let mut connector = Connector::new(&args.resolve, deadline, trace);
    let mut recorder = Recorder::new(trace);
    let [mut receive, mut send, mut response] =
        [args.buffer, args.send_buffer, args.response_buffer].map(|size| vec![0; size]);
    let buffers = Buffers::new(&mut receive, &mut send, &mut response);
    let device = Device { connector: &mut connector, clock: &clock, entropy: &mut getrandom::SysRng };

    let groups = if args.post_quantum { Groups::PostQuantum } else { Groups::Classical };
    let mut security = Security::from(Trust::anchors(&anchors)).with_groups(groups);
    if let Some(identity) = &identity {
        security = security.with_identity(identity.as_client());
    }
    let outcome = blocking::post(&request, security, buffers, device, &mut recorder);
    trace.note(&match &outcome {
        Ok(response) => format!("status {}, {} octets of body", response.status(), response.body().len()),
        Err(error) => format!("ended in stage {}", error.stage().name()),
    });
    // A whole answer with another status than 2xx is shown, and is a failure all the same.
    let failure = match &outcome {
        Ok(response) => response.success().err().map(Error::Http),
        Err(error) => Some(*error),
    }
    .map(|error| explain::Failure::new(&error, args.now.is_some()));
    let answer = Answer {
        response: outcome.as_ref().ok(),
        failure: failure.as_ref(),
        stages: recorder.stages(),
        end: recorder.ended(),
    };
    output::write(args.output, &answer)?;
    failure.map_or(Ok(()), |failure| Err(failure.into()))
}

/// The system's clock, or the time that was asked for.
struct DeskClock {
    now: Option<Timestamp>,
}

impl Clock for DeskClock {
    fn now(&self) -> Option<UnixTime> {
        let since_epoch = match self.now {
            Some(time) => Duration::from_secs(u64::try_from(time.as_second()).ok()?),
            None => SystemTime::now().duration_since(UNIX_EPOCH).ok()?,
        };
        Some(UnixTime::since_unix_epoch(since_epoch))
    }
}

fn parse_header(text: &str) -> Result<Header<'_>, CommandError> {
    let Some((name, value)) = text.split_once(':') else {
        return Err(CommandError::usage(format!("`{}` is not a header", text.escape_debug()))
            .hint("write the name, a colon, the value: `-H 'Accept: application/json'`"));
    };
    // The space behind the colon is the reader's; the library refuses all other white space.
    let value = value.strip_prefix(' ').unwrap_or(value);
    Header::new(name, value)
        .map_err(|error: http::Error| explain::caller(&error, &format!("`{}`", text.escape_debug())))
}
