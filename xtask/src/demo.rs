//! `cargo demo`: a board, or the same client code as a native process, POSTs a token request to
//! `picopost listen`, and both sides are shown.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::Value;

use crate::emulator::{self, Board, Fitted};
use crate::error::Failure;
use crate::firmware;
use crate::parameters::{Parameters, Times};
use crate::process::{self, Lines, Running};
use crate::setup;
use crate::story::{Device, Story};

const CLI_PACKAGE: &str = "picopost-cli";
const HOST_NAME: &str = "picopost.test";
const BUILD_LIMIT: Duration = Duration::from_secs(1800);
const SERVER_LIMIT: Duration = Duration::from_secs(30);
const NATIVE_LIMIT: Duration = Duration::from_secs(60);
/// The server does not look into the credentials: whoever asks gets a token.
const TOKEN_REQUEST: &str = r#"{"grant_type":"client_credentials","client_id":"demo-device","client_secret":"demo-secret-0123456789abcdef"}"#;

/// What the demonstration is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// The server's certificates.
    pub chain: Chain,
    /// What POSTs.
    pub client: Client,
}

/// Shapes of the server's certificates, as `picopost listen --chain` has them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chain {
    /// As Google Trust Services: P-256, P-256, P-384.
    Gts,
    /// As Let's Encrypt with ECDSA: P-256, P-384, P-384.
    LetsEncrypt,
    /// RSA-2048, RSA-2048, RSA-4096.
    Rsa,
}

impl Chain {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Gts, Self::LetsEncrypt, Self::Rsa];

    /// As on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Gts => "gts",
            Self::LetsEncrypt => "lets-encrypt",
            Self::Rsa => "rsa",
        }
    }
}

/// What POSTs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Client {
    /// The board, in the emulator.
    Board,
    /// A process on the host.
    Native,
}

impl Options {
    /// Reads the command line.
    ///
    /// # Errors
    /// An option or value that does not exist.
    pub fn parse(arguments: &[&str]) -> Result<Self, Failure> {
        const HINT: &str = "cargo demo [--chain gts|lets-encrypt|rsa] [--native]";
        let mut options = Self { chain: Chain::Gts, client: Client::Board };
        let mut rest = arguments.iter();
        while let Some(&argument) = rest.next() {
            let (option, attached) = match argument.split_once('=') {
                Some((option, value)) => (option, Some(value)),
                None => (argument, None),
            };
            match (option, attached) {
                ("--native", None) => options.client = Client::Native,
                ("--chain", attached) => {
                    let value = attached.or_else(|| rest.next().copied());
                    let value = value.ok_or_else(|| Failure::usage("`--chain` needs a value").hint(HINT))?;
                    let chain = Chain::ALL.into_iter().find(|chain| chain.name() == value);
                    options.chain = chain
                        .ok_or_else(|| Failure::usage(format!("there is no chain `{value}`")).hint(HINT))?;
                }
                _ => return Err(Failure::usage(format!("there is no option `{argument}`")).hint(HINT)),
            }
        }
        Ok(options)
    }
}

/// Runs the demonstration and prints its story.
///
/// # Errors
/// Something is missing, or the device did not get its token.
pub fn run(options: &Options) -> Result<(), Failure> {
    let means = Means::find(options.client)?;
    let image = match &means {
        Means::Board { toolchain, .. } => Some(firmware::build(toolchain)?),
        Means::Native { .. } => None,
    };
    let times = if image.is_some() { Times::Again } else { Times::Once };
    let server = Server::start(&build_command()?, options.chain, times, &[])?;
    eprintln!("demo: `picopost listen` on port {}; starting the device", server.port);
    let device = match (&means, &image) {
        (Means::Board { emulator, .. }, Some(image)) => {
            let board = Board { emulator, image, entropy: Fitted::Yes, clock: None };
            Device::Board(board.run(&server.parameters()?.block()?, &server.folder)?)
        }
        (Means::Board { .. }, None) | (Means::Native { .. }, _) => post_natively(&server)?,
    };
    let good = device.is_good();
    let why_native = match &means {
        Means::Native { why } => Some(why.as_str()),
        Means::Board { .. } => None,
    };
    let story = Story { chain: options.chain, device, why_native, events: server.finish()? };
    print!("{story}");
    if good { Ok(()) } else { Err(Failure::failed("the device got no token")) }
}

/// Builds the command `picopost`: where it is.
///
/// # Errors
/// The build fails; cargo has said why.
pub fn build_command() -> Result<PathBuf, Failure> {
    let mut build = firmware::cargo();
    process::run("the command's build", build.args(["build", "--package", CLI_PACKAGE]), BUILD_LIMIT)?;
    Ok(firmware::target_folder().join("debug").join("picopost"))
}

/// What the POST is done with.
enum Means {
    Board { toolchain: setup::Toolchain, emulator: PathBuf },
    Native { why: String },
}

impl Means {
    /// The board where there is, or can be had, an emulator; a native process otherwise.
    fn find(client: Client) -> Result<Self, Failure> {
        if client == Client::Native {
            return Ok(Self::Native { why: "--native was given".into() });
        }
        match setup::emulator() {
            Ok(emulator) => Ok(Self::Board { toolchain: setup::toolchain()?, emulator }),
            // A wrong setting is to be put right, not worked around.
            Err(failure) if failure.is_usage() => Err(failure),
            Err(failure) => {
                eprintln!("demo: no emulator, so the same client code runs as a native process\n{failure}");
                Ok(Self::Native { why: failure.sentence().to_owned() })
            }
        }
    }
}

/// `picopost listen`, running; ended when dropped.
pub struct Server {
    running: Running,
    lines: Lines,
    command: PathBuf,
    folder: PathBuf,
    root: PathBuf,
    times: Times,
    /// The port that it listens on.
    pub port: u16,
}

impl Server {
    /// Starts `command` for a board that POSTs so often, with a CA that is kept in the target folder.
    /// `options` are further ones of `picopost listen`.
    ///
    /// # Errors
    /// The server does not start to listen.
    pub fn start(command: &Path, chain: Chain, times: Times, options: &[&str]) -> Result<Self, Failure> {
        let folder = firmware::target_folder().join("demo");
        fs::create_dir_all(&folder)
            .map_err(|error| Failure::missing(format!("{}: {error}", folder.display())))?;
        let mut listen = Command::new(command);
        let attempts = times.count().to_string();
        listen.args(["listen", "--port", "0", "--json", "--attempts", &attempts, "--chain", chain.name()]);
        listen.arg("--no-page").arg("--ca").arg(folder.join("ca")).args(options).stdout(Stdio::piped());
        let mut running = Running::start("picopost listen", &mut listen)?;
        let lines = running.stdout_lines();
        let first = lines.next(SERVER_LIMIT)?;
        let listening = first.as_deref().and_then(Listening::read);
        let Listening { port, root } =
            listening.ok_or_else(|| Failure::failed("`picopost listen` did not start to listen"))?;
        Ok(Self { running, lines, command: command.to_owned(), folder, root, times, port })
    }

    /// Where the device shall POST.
    #[must_use]
    pub fn url(&self) -> String {
        format!("https://{HOST_NAME}:{}/oauth/token", self.port)
    }

    /// The trust anchor of its chain: a certificate in DER.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// What the board is told.
    ///
    /// # Errors
    /// The trust anchor cannot be read.
    pub fn parameters(&self) -> Result<Parameters, Failure> {
        let anchor = fs::read(&self.root)
            .map_err(|error| Failure::missing(format!("{}: {error}", self.root.display())))?;
        Ok(Parameters {
            url: self.url(),
            address: Some(emulator::HOST),
            anchors: vec![anchor],
            content: TOKEN_REQUEST.to_owned(),
            times: self.times,
        })
    }

    /// Waits for the server's end after its attempts: what it saw.
    ///
    /// # Errors
    /// Ctrl-C.
    pub fn finish(self) -> Result<Vec<Value>, Failure> {
        let lines = self.lines.rest(SERVER_LIMIT)?;
        drop(self.running);
        Ok(lines.iter().filter_map(|line| serde_json::from_str(line).ok()).collect())
    }
}

/// The server's first event.
struct Listening {
    port: u16,
    root: PathBuf,
}

impl Listening {
    fn read(line: &str) -> Option<Self> {
        let event: Value = serde_json::from_str(line).ok()?;
        let port = u16::try_from(event.get("port")?.as_u64()?).ok()?;
        let root = PathBuf::from(event.get("root")?.as_str()?);
        (event.get("event")? == "listening").then_some(Self { port, root })
    }
}

fn post_natively(server: &Server) -> Result<Device, Failure> {
    let mut post = Command::new(&server.command);
    post.args(["post", &server.url(), "--json", TOKEN_REQUEST, "--trace"]);
    post.args(["--resolve", &format!("{HOST_NAME}:{}:127.0.0.1", server.port)]);
    post.arg("--anchors").arg(&server.root).env("NO_COLOR", "1");
    post.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut running = Running::start("picopost post", &mut post)?;
    let (answer, trace) = (running.stdout_lines(), running.stderr_lines());
    let (answer, trace) = (answer.rest(NATIVE_LIMIT)?, trace.rest(NATIVE_LIMIT)?);
    let status = running.wait(NATIVE_LIMIT)?;
    Ok(Device::Native { trace, token: token(&answer), good: status.success() })
}

/// The token in an answer's last line.
fn token(answer: &[String]) -> Option<String> {
    let content: Value = serde_json::from_str(answer.last()?).ok()?;
    Some(content.get("access_token")?.as_str()?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options() {
        let parse = |line: &str| Options::parse(&line.split_whitespace().collect::<Vec<_>>());
        let options = |chain, client| Ok(Options { chain, client });
        assert_eq!(parse(""), options(Chain::Gts, Client::Board));
        assert_eq!(parse("--chain rsa"), options(Chain::Rsa, Client::Board));
        assert_eq!(parse("--native --chain=lets-encrypt"), options(Chain::LetsEncrypt, Client::Native));
        for (line, sentence) in [
            ("--chain", "`--chain` needs a value"),
            ("--chain dsa", "there is no chain `dsa`"),
            ("--native=yes", "there is no option `--native=yes`"),
            ("extra", "there is no option `extra`"),
        ] {
            let failure = parse(line).unwrap_err();
            assert_eq!((failure.sentence(), failure.exit_status()), (sentence, 2));
        }
    }

    #[test]
    fn the_server_s_first_line() {
        let line = r#"{"event":"listening","port":4711,"root":"/ca/gts/root.der"}"#;
        let listening = Listening::read(line).unwrap();
        assert_eq!((listening.port, listening.root), (4711, PathBuf::from("/ca/gts/root.der")));
        assert!(Listening::read(&line.replace("listening", "summary")).is_none());
        assert!(Listening::read("error: port 1 is taken").is_none());
    }
}
