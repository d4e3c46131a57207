//! `--proxy URL`: the request goes on to the real service, and its answer comes back; both sides are
//! shown.

use std::io::{Read as _, Write as _};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use picopost::Url;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

use super::answer::Answer;
use super::event::{Route, Upstream};
use super::http::{Framing, Head, MAX_BODY, MAX_HEAD};
use super::octets::Octets;
use super::upstream::{Received, parse};
use crate::error::{CommandError, io_reason};
use crate::finding::Finding;

/// The service that requests are passed on to.
#[derive(Debug)]
pub(super) struct Proxy {
    /// As in Host.
    authority: String,
    host: String,
    port: u16,
    name: ServerName<'static>,
    config: Arc<ClientConfig>,
}

/// Fields that concern one connection only (RFC 9110 §7.6.1, and two for proxies), in lower case.
const HOP_BY_HOP: [&str; 9] = [
    "connection",
    "keep-alive",
    "proxy-connection",
    "proxy-authenticate",
    "proxy-authorization",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];
/// What this server is called in Via.
const PSEUDONYM: &str = "picopost";
/// Fields that are written anew.
const REWRITTEN: [&str; 3] = ["host", "content-length", "expect"];

impl Proxy {
    /// For an `https` URL without path; trusts the anchors in a file, or Mozilla's roots.
    ///
    /// # Errors
    /// A URL that is none, or has a path; a file without certificates.
    pub(super) fn new(url: &str, anchors: Option<&Path>) -> Result<Self, CommandError> {
        let usage = |reason: String| CommandError::usage(format!("`--proxy {url}` cannot be used: {reason}"));
        let parsed = Url::parse(url).map_err(|error| usage(error.to_string()))?;
        if !matches!(parsed.target().pieces().concat().as_str(), "" | "/") {
            return Err(usage("the URL has a path, and the request's own is taken".to_owned()));
        }
        let authority = parsed.authority();
        let name =
            ServerName::try_from(authority.host().to_owned()).map_err(|error| usage(error.to_string()))?;
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| usage(error.to_string()))?
            .with_root_certificates(roots(anchors)?)
            .with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        let port = authority.port();
        Ok(Self {
            authority: match port {
                443 => authority.uri_host().to_owned(),
                _ => format!("{}:{port}", authority.uri_host()),
            },
            host: authority.host().to_owned(),
            port,
            name,
            config: Arc::new(config),
        })
    }

    /// Passes a whole request on. Gives what to tell about it, and the answer for the client.
    pub(super) async fn pass_on(&self, head: &Head, body: &[u8], limit: Duration) -> (Upstream, Answer) {
        let request = self.request(head, body);
        let start = Instant::now();
        let outcome = if has_been_here(head) {
            Err("the request has come through this proxy before: its service is the proxy itself".to_owned())
        } else {
            let sent = [request.as_slice(), body].concat();
            timeout(limit, self.converse(&sent, &head.method)).await.unwrap_or_else(|_over| {
                Err(format!("no whole answer came from `{}` in {} s", self.authority, limit.as_secs()))
            })
        };
        let mut upstream = Upstream {
            authority: self.authority.clone(),
            request: Octets::new(&request),
            microseconds: u64::try_from(start.elapsed().as_micros()).unwrap_or(u64::MAX),
            ..Upstream::default()
        };
        let answer = match outcome {
            Ok(received) => {
                upstream.status = Some(received.status);
                upstream.head = Octets::new(&received.head);
                upstream.body = Octets::new(&received.body);
                answer(received, &head.method)
            }
            Err(reason) => {
                upstream.findings.push(
                    Finding::error("proxy-failed", reason.clone())
                        .hint("try the same from this machine: `picopost post` or `picopost trust`"),
                );
                failed(&reason)
            }
        };
        (upstream, answer)
    }

    /// The head for the service.
    fn request(&self, head: &Head, body: &[u8]) -> Vec<u8> {
        let mut request = format!("{} {} HTTP/1.1\r\nHost: {}\r\n", head.method, head.target, self.authority);
        if head.framing != Framing::Empty {
            request.push_str(&format!("Content-Length: {}\r\n", body.len()));
        }
        // RFC 9110 §7.6.3.
        request.push_str(&format!("Via: 1.{} {PSEUDONYM}\r\nConnection: close\r\n", head.minor_version));
        let mut request = request.into_bytes();
        for (name, value) in end_to_end(&head.fields) {
            if !REWRITTEN.contains(&name.to_ascii_lowercase().as_str()) {
                request.extend_from_slice(&[name.as_bytes(), b": ", value, b"\r\n"].concat());
            }
        }
        request.extend_from_slice(b"\r\n");
        request
    }

    /// One exchange on a connection of its own. The error is a sentence.
    async fn converse(&self, request: &[u8], method: &str) -> Result<Received, String> {
        let authority = &self.authority;
        let mut stream = TcpStream::connect((self.host.as_str(), self.port))
            .await
            .map_err(|error| format!("`{authority}` cannot be reached: {}", io_reason(&error)))?;
        let broken =
            |error: std::io::Error| format!("the connection to `{authority}` broke: {}", io_reason(&error));
        let failed = |error: rustls::Error| format!("TLS with `{authority}` failed: {error}");
        let mut tls = ClientConnection::new(Arc::clone(&self.config), self.name.clone()).map_err(failed)?;
        tls.set_buffer_limit(None);
        tls.writer().write_all(request).map_err(broken)?;
        let mut answer = Vec::new();
        let mut ended = false;
        loop {
            let mut octets = Vec::new();
            while tls.wants_write() {
                tls.write_tls(&mut octets).map_err(broken)?;
            }
            stream.write_all(&octets).await.map_err(broken)?;
            let parsed = parse(&answer, method, ended);
            if let Some(received) =
                parsed.map_err(|reason| format!("the answer of `{authority}`: {reason}"))?
            {
                return Ok(received);
            }
            if answer.len() > MAX_HEAD + 2 * MAX_BODY {
                return Err(format!("the answer of `{authority}` is longer than this server keeps"));
            }
            let mut received = vec![0; 16 * 1024];
            let count = stream.read(&mut received).await.map_err(broken)?;
            let mut received = received.get(..count).unwrap_or_default();
            loop {
                tls.read_tls(&mut received).map_err(broken)?;
                if let Err(error) = tls.process_new_packets() {
                    // The alert that says why.
                    let mut octets = Vec::new();
                    let _ = tls.write_tls(&mut octets);
                    let _ = stream.write_all(&octets).await;
                    return Err(failed(error));
                }
                if received.is_empty() {
                    break;
                }
            }
            match tls.reader().read_to_end(&mut answer) {
                // close_notify: whatever ends now ends on purpose.
                Ok(_) => ended = true,
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock && count > 0 => {}
                Err(_) => return Err(format!("`{authority}` closed the connection without close_notify")),
            }
        }
    }
}

fn roots(anchors: Option<&Path>) -> Result<RootCertStore, CommandError> {
    let mut roots = RootCertStore::empty();
    let Some(path) = anchors else {
        roots.add_parsable_certificates(webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter().cloned());
        return Ok(roots);
    };
    let unusable = |reason: String| {
        CommandError::usage(format!("the anchors in `{}` cannot be used: {reason}", path.display()))
            .hint("`--proxy-anchors` takes certificates in PEM")
    };
    for certificate in CertificateDer::pem_file_iter(path).map_err(|error| unusable(error.to_string()))? {
        let certificate = certificate.map_err(|error| unusable(error.to_string()))?;
        roots.add(certificate).map_err(|error| unusable(error.to_string()))?;
    }
    if roots.is_empty() {
        return Err(unusable("there is no certificate in it".to_owned()));
    }
    Ok(roots)
}

/// The fields that are for the other end, and not for the next hop.
fn end_to_end(fields: &[(String, Vec<u8>)]) -> impl Iterator<Item = (&str, &[u8])> {
    let named: Vec<String> = fields
        .iter()
        .filter(|(name, _)| name.eq_ignore_ascii_case("connection"))
        .flat_map(|(_, value)| value.split(|octet| *octet == b','))
        .map(|option| String::from_utf8_lossy(option.trim_ascii()).to_ascii_lowercase())
        .collect();
    fields.iter().map(|(name, value)| (name.as_str(), value.as_slice())).filter(move |(name, _)| {
        let name = name.to_ascii_lowercase();
        !HOP_BY_HOP.contains(&name.as_str()) && !named.contains(&name)
    })
}

/// Whether the request names this server among those that passed it on (RFC 9110 §7.6.3).
fn has_been_here(head: &Head) -> bool {
    let values = head.fields.iter().filter(|(name, _)| name.eq_ignore_ascii_case("via"));
    let mut hops = values.flat_map(|(_, value)| value.split(|octet| *octet == b','));
    hops.any(|hop| hop.trim_ascii().split(|octet| *octet == b' ').nth(1) == Some(PSEUDONYM.as_bytes()))
}

/// The service's answer, for the client.
fn answer(received: Received, method: &str) -> Answer {
    let text = |(name, value): (&str, &[u8])| (name.to_owned(), String::from_utf8_lossy(value).into_owned());
    // RFC 9110 §8.6: in answer to HEAD, and with 304, the length is that of another answer. In any other
    // it is written anew.
    let keeps_length = method == "HEAD" || received.status == 304;
    let fields = end_to_end(&received.fields)
        .filter(|(name, _)| keeps_length || !name.eq_ignore_ascii_case("content-length"))
        .map(text)
        .collect();
    Answer {
        status: received.status,
        reason: received.reason,
        route: Route::Proxy,
        fields,
        body: received.body,
        ..Answer::default()
    }
}

/// The answer when there is none.
fn failed(reason: &str) -> Answer {
    let body = serde_json::json!({ "error": "bad_gateway", "error_description": reason }).to_string();
    Answer { status: 502, route: Route::Proxy, body: body.into_bytes(), ..Answer::default() }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::super::answer::Ending;
    use super::super::http::Reader;
    use super::super::upstream::parse;
    use super::{Proxy, answer, end_to_end, has_been_here};

    #[test]
    fn fields_of_one_hop_stay_behind() {
        let fields: Vec<(String, Vec<u8>)> = [
            ("Connection", "x-hop, Close"),
            ("X-Hop", "1"),
            ("Keep-Alive", "timeout=5"),
            ("TE", "trailers"),
            ("Upgrade", "h2c"),
            ("Authorization", "Bearer x"),
        ]
        .map(|(name, value)| (name.to_owned(), value.as_bytes().to_vec()))
        .into();
        let left: Vec<&str> = end_to_end(&fields).map(|(name, _)| name).collect();
        assert_eq!(left, ["Authorization"]);
    }

    #[test]
    fn a_request_is_rewritten() {
        let proxy = Proxy::new("https://api.example.com:8443/", None).unwrap();
        let mut reader = Reader::default();
        reader.add(
            b"POST /a?b HTTP/1.0\r\nHost: x\r\nTransfer-Encoding: chunked\r\nUser-Agent: d\r\n\r\n2\r\nhi\r\n0\r\n\r\n",
        );
        let request = proxy.request(reader.head().unwrap(), reader.body());
        assert_eq!(
            String::from_utf8(request).unwrap(),
            "POST /a?b HTTP/1.1\r\nHost: api.example.com:8443\r\nContent-Length: 2\r\nVia: 1.0 picopost\r\n\
             Connection: close\r\nUser-Agent: d\r\n\r\n"
        );
    }

    /// The framing fields of an answer to this method, as the client gets them.
    fn framing(method: &str, octets: &str) -> Vec<String> {
        let received = parse(octets.as_bytes(), method, true).unwrap().unwrap();
        let now = Timestamp::UNIX_EPOCH;
        let (head, _) = answer(received, method).encode(method, 1, Ending::KeepAlive, now);
        let head = String::from_utf8(head).unwrap();
        let framing = |line: &&str| line.starts_with("Content-Length") || line.starts_with("Transfer");
        head.lines().filter(framing).map(str::to_owned).collect()
    }

    #[test]
    fn an_answer_has_one_framing() {
        let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n";
        assert_eq!(framing("POST", chunked), ["Content-Length: 0"]);
        let text = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n";
        assert_eq!(framing("GET", &format!("{text}hi")), ["Content-Length: 2"]);
        assert_eq!(framing("HEAD", text), ["Content-Length: 2"]);
        assert_eq!(framing("HEAD", "HTTP/1.1 200 OK\r\n\r\n"), [""; 0]);
        assert_eq!(
            framing("GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n"),
            ["Content-Length: 9"]
        );
        assert_eq!(framing("GET", "HTTP/1.1 304 Not Modified\r\n\r\n"), [""; 0]);
        assert_eq!(framing("POST", "HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n"), [""; 0]);
        assert!(parse(b"HTTP/1.1 101 Switching Protocols\r\n\r\n", "POST", true).is_err());
    }

    #[test]
    fn a_request_that_comes_round_is_known() {
        for (via, expected) in
            [("1.1 picopost", true), ("1.0 a, 1.1 picopost (x)", true), ("1.1 picoposter", false)]
        {
            let mut reader = Reader::default();
            reader.add(format!("GET / HTTP/1.1\r\nHost: x\r\nVia: {via}\r\n\r\n").as_bytes());
            assert_eq!(has_been_here(reader.head().unwrap()), expected, "{via}");
        }
    }

    #[test]
    fn what_cannot_be_a_service_is_refused() {
        for (url, reason) in [
            ("http://example.com", ""),
            ("https://example.com/path", "the URL has a path, and the request's own is taken"),
            ("example.com", ""),
        ] {
            let error = Proxy::new(url, None).unwrap_err().to_string();
            assert!(error.starts_with(&format!("`--proxy {url}` cannot be used: {reason}")), "{error}");
        }
        let missing = std::path::Path::new("/nowhere.pem");
        assert!(
            Proxy::new("https://example.com", Some(missing))
                .unwrap_err()
                .to_string()
                .contains("/nowhere.pem")
        );
    }
}
