//! Who may ask, and what a browser may do with the answer.

use std::net::{IpAddr, SocketAddr};

use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

/// Scripts, styles and requests from and to this server only; nothing inline, no frames, no forms,
/// and no string becomes markup.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
     connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; \
     frame-ancestors 'none'; require-trusted-types-for 'script'";

const HEADERS: [(HeaderName, &str); 7] = [
    (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::CACHE_CONTROL, "no-store"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
];

/// Refuses other methods than GET and HEAD, and other names than the page's own; every answer gets
/// the headers.
pub(super) async fn guard(State(bound): State<SocketAddr>, request: Request, next: Next) -> Response {
    let mut response = if !matches!(*request.method(), Method::GET | Method::HEAD) {
        (StatusCode::METHOD_NOT_ALLOWED, [(header::ALLOW, "GET, HEAD")], "the page only takes GET\n")
            .into_response()
    } else if !is_own_host(&request, bound) {
        (StatusCode::MISDIRECTED_REQUEST, "the Host header is none of this server's addresses\n")
            .into_response()
    } else {
        next.run(request).await
    };
    for (name, value) in HEADERS {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

/// Whether the request was meant for this server. A page of somebody else's can give its own name
/// this server's address and then read the answers (DNS rebinding): so no name counts but
/// `localhost`, and no address but the bound one.
fn is_own_host(request: &Request, bound: SocketAddr) -> bool {
    let mut hosts = request.headers().get_all(header::HOST).iter();
    let (Some(host), None) = (hosts.next(), hosts.next()) else { return false };
    host.to_str().is_ok_and(|host| is_own(host, bound))
}

fn is_own(host: &str, bound: SocketAddr) -> bool {
    // An authority and nothing else: no user, no path.
    let Some(authority) = host.parse::<Uri>().ok().and_then(|uri| uri.into_parts().authority) else {
        return false;
    };
    if authority.as_str() != host || host.contains('@') || authority.port_u16().unwrap_or(80) != bound.port()
    {
        return false;
    }
    let name = authority.host();
    let address = name.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    match address {
        // All addresses of this machine: a browser that was given one was not misled by a name.
        Ok(address) => bound.ip().is_unspecified() || address == bound.ip(),
        Err(_no_address) => {
            name.eq_ignore_ascii_case("localhost")
                && (bound.ip().is_loopback() || bound.ip().is_unspecified())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::is_own;

    #[test]
    fn only_the_bound_address_and_localhost_are_hosts() {
        let loopback = "127.0.0.1:8480".parse().unwrap();
        for (host, own) in [
            ("127.0.0.1:8480", true),
            ("localhost:8480", true),
            ("LOCALHOST:8480", true),
            ("127.0.0.1", false),
            ("127.0.0.1:8481", false),
            ("127.0.0.2:8480", false),
            ("localhost.evil.example:8480", false),
            ("evil.example:8480", false),
            ("127.0.0.1.evil.example:8480", false),
            ("x@127.0.0.1:8480", false),
            ("http://127.0.0.1:8480", false),
            ("127.0.0.1:8480/", false),
            ("", false),
        ] {
            assert_eq!(is_own(host, loopback), own, "{host}");
        }
        let everywhere = "0.0.0.0:8480".parse().unwrap();
        assert!(is_own("192.0.2.7:8480", everywhere) && is_own("localhost:8480", everywhere));
        assert!(!is_own("evil.example:8480", everywhere));
        let v6 = "[::1]:80".parse().unwrap();
        assert!(is_own("[::1]:80", v6) && is_own("[::1]", v6) && !is_own("[::2]", v6));
        let network = "192.0.2.7:8480".parse().unwrap();
        assert!(is_own("192.0.2.7:8480", network) && !is_own("localhost:8480", network));
    }
}
