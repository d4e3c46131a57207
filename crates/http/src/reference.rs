//! URI references, resolved against the URL that they were found at: RFC 3986 §5.

use crate::{Error, Url};

/// Writes the `https` URL that `reference` refers to, seen from `base`, to the front of `space`, and
/// returns its length. A fragment is left out: it is never sent (RFC 9110 §7.1).
///
/// # Errors
/// [`Error::RedirectNotHttps`], [`Error::RedirectUrl`], [`Error::RedirectTooLong`].
pub(crate) fn resolve(base: Url<'_>, reference: &str, space: &mut [u8]) -> Result<usize, Error> {
    let reference = reference.split_once('#').map_or(reference, |(before, _fragment)| before);
    let mut out = Output { space, length: 0, path: 0 };
    out.push("https:")?;
    let rest = match scheme(reference) {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("https") => {
            // RFC 9110 §4.2.2: there is no `https` URL without an authority.
            rest.starts_with("//").then_some(rest).ok_or(Error::RedirectUrl { number: NO_HOST })?
        }
        Some(_) => return Err(Error::RedirectNotHttps),
        None => reference,
    };
    let (path, query) = rest.split_at_checked(rest.find('?').unwrap_or(rest.len())).unwrap_or((rest, ""));
    // RFC 3986 §5.2.2, in its order.
    if let Some(authority_and_path) = path.strip_prefix("//") {
        let end = authority_and_path.find('/').unwrap_or(authority_and_path.len());
        let (authority, path) = authority_and_path.split_at_checked(end).unwrap_or_default();
        out.push("//")?;
        out.push(authority)?;
        out.path(&["", path])?;
        out.push(query)?;
    } else {
        let (base_path, base_query) = base.target().path_and_query();
        out.authority(base)?;
        match path {
            "" => {
                out.path(&["", base_path])?;
                out.push(if query.is_empty() { base_query } else { query })?;
            }
            _ if path.starts_with('/') => {
                out.path(&["", path])?;
                out.push(query)?;
            }
            // §5.2.3: all but the last segment of the base's path, and the reference behind it.
            _ => {
                let end = base_path.rfind('/').unwrap_or_default();
                out.path(&[base_path.get(..end).unwrap_or_default(), path])?;
                out.push(query)?;
            }
        }
    }
    let length = out.length;
    let url = space.get(..length).and_then(|url| core::str::from_utf8(url).ok()).unwrap_or_default();
    match Url::parse(url) {
        Ok(_) => Ok(length),
        Err(error) => Err(Error::RedirectUrl { number: error.code() }),
    }
}

const NO_HOST: u16 = Error::UrlWithoutHost.code();

/// `scheme ":"`, RFC 3986 §3.1, and what is behind it.
fn scheme(reference: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = reference.split_once(':')?;
    let is_scheme = scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme.bytes().all(|octet| octet.is_ascii_alphanumeric() || matches!(octet, b'+' | b'-' | b'.'));
    is_scheme.then_some((scheme, rest))
}

/// What is written of the URL.
struct Output<'s> {
    space: &'s mut [u8],
    length: usize,
    /// Where the path begins.
    path: usize,
}

impl Output<'_> {
    fn push(&mut self, text: &str) -> Result<(), Error> {
        let capacity = self.space.len();
        let end = self.length.saturating_add(text.len());
        let place = self.space.get_mut(self.length..end).ok_or(Error::RedirectTooLong { capacity })?;
        place.copy_from_slice(text.as_bytes());
        self.length = end;
        Ok(())
    }

    fn authority(&mut self, url: Url<'_>) -> Result<(), Error> {
        self.push("//")?;
        self.push(url.authority().uri_host())?;
        let Some(port) = url.written_port() else { return Ok(()) };
        self.push(":")?;
        let divisors = [10_000, 1_000, 100, 10, 1].into_iter().skip_while(|divisor| *divisor > port);
        for divisor in divisors {
            let digit = u8::try_from(port / divisor % 10).map_or(b'0', |digit| b'0' + digit);
            self.push(core::str::from_utf8(&[digit]).unwrap_or_default())?;
        }
        Ok(())
    }

    /// Writes an absolute path that is there in two parts, each without a `/` at its end that is not
    /// its own, and without its dot segments (RFC 3986 §5.2.4). An empty path stays empty.
    fn path(&mut self, parts: &[&str; 2]) -> Result<(), Error> {
        self.path = self.length;
        let [before, last] = parts;
        for segment in before.split('/').skip(1) {
            self.segment(segment, false)?;
        }
        if last.is_empty() {
            return Ok(());
        }
        let mut rest = last.strip_prefix('/').unwrap_or(last).split('/').peekable();
        while let Some(segment) = rest.next() {
            self.segment(segment, rest.peek().is_none())?;
        }
        Ok(())
    }

    fn segment(&mut self, segment: &str, is_last: bool) -> Result<(), Error> {
        match segment {
            "." => {}
            ".." => {
                let written = self.space.get(self.path..self.length).unwrap_or_default();
                let parent = written.iter().rposition(|octet| *octet == b'/').unwrap_or_default();
                self.length = self.path.saturating_add(parent);
            }
            _ => {
                self.push("/")?;
                return self.push(segment);
            }
        }
        if is_last { self.push("/") } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::{String, ToString};

    fn resolved(base: &str, reference: &str) -> Result<String, Error> {
        let mut space = [0; 200];
        let length = resolve(Url::parse(base).unwrap(), reference, &mut space)?;
        Ok(core::str::from_utf8(&space[..length]).unwrap().to_string())
    }

    /// RFC 3986 §5.4.1 and §5.4.2, with `https` for `http` and without fragments.
    #[test]
    fn the_examples_of_rfc_3986() {
        let table = [
            (";x", "https://a/b/c/;x"),
            ("g", "https://a/b/c/g"),
            ("./g", "https://a/b/c/g"),
            ("g/", "https://a/b/c/g/"),
            ("/g", "https://a/g"),
            ("//g", "https://g"),
            ("?y", "https://a/b/c/d;p?y"),
            ("g?y", "https://a/b/c/g?y"),
            ("#s", "https://a/b/c/d;p?q"),
            ("g#s", "https://a/b/c/g"),
            ("g?y#s", "https://a/b/c/g?y"),
            ("g;x", "https://a/b/c/g;x"),
            ("g;x?y#s", "https://a/b/c/g;x?y"),
            ("", "https://a/b/c/d;p?q"),
            (".", "https://a/b/c/"),
            ("./", "https://a/b/c/"),
            ("..", "https://a/b/"),
            ("../", "https://a/b/"),
            ("../g", "https://a/b/g"),
            ("../..", "https://a/"),
            ("../../", "https://a/"),
            ("../../g", "https://a/g"),
            ("../../../g", "https://a/g"),
            ("../../../../g", "https://a/g"),
            ("/./g", "https://a/g"),
            ("/../g", "https://a/g"),
            ("g.", "https://a/b/c/g."),
            (".g", "https://a/b/c/.g"),
            ("g..", "https://a/b/c/g.."),
            ("..g", "https://a/b/c/..g"),
            ("./../g", "https://a/b/g"),
            ("./g/.", "https://a/b/c/g/"),
            ("g/./h", "https://a/b/c/g/h"),
            ("g/../h", "https://a/b/c/h"),
            ("g;x=1/./y", "https://a/b/c/g;x=1/y"),
            ("g;x=1/../y", "https://a/b/c/y"),
            ("g?y/./x", "https://a/b/c/g?y/./x"),
            ("g?y/../x", "https://a/b/c/g?y/../x"),
            ("g#s/../x", "https://a/b/c/g"),
        ];
        for (reference, url) in table {
            assert_eq!(resolved("https://a/b/c/d;p?q", reference).as_deref(), Ok(url), "{reference}");
        }
    }

    #[test]
    fn other_bases_and_whole_urls() {
        let table = [
            ("https://a:8443", "g", "https://a:8443/g"),
            ("https://a:8443", "", "https://a:8443"),
            ("https://a:65535?q", "?y", "https://a:65535?y"),
            ("https://a:80/", "../g", "https://a:80/g"),
            ("https://[::1]:1/x//y", "z", "https://[::1]:1/x//z"),
            ("https://a/x//y", "../z", "https://a/x/z"),
            ("https://a/b", "HTTPS://Other.example:8443/../c?d#e", "https://Other.example:8443/c?d"),
            ("https://a/b", "https://b?c", "https://b?c"),
            ("https://a/b", "//b:444/c", "https://b:444/c"),
            ("https://a/b", "c:d", "not https"),
            ("https://a/b", "./c:d", "https://a/c:d"),
            ("https://a/b", "/c:d", "https://a/c:d"),
            ("https://a/b", "1:d", "https://a/1:d"),
        ];
        for (base, reference, url) in table {
            match resolved(base, reference) {
                Ok(found) => assert_eq!(found, url, "{base} {reference}"),
                Err(error) => assert_eq!((error, url), (Error::RedirectNotHttps, "not https")),
            }
        }
    }

    #[test]
    fn references_that_lead_nowhere() {
        let table = [
            ("http://a/", Error::RedirectNotHttps),
            ("ftp://a/", Error::RedirectNotHttps),
            ("javascript:alert(1)", Error::RedirectNotHttps),
            ("https:b", Error::RedirectUrl { number: 1201 }),
            ("https:/b", Error::RedirectUrl { number: 1201 }),
            ("https://", Error::RedirectUrl { number: 1201 }),
            ("///b", Error::RedirectUrl { number: 1201 }),
            ("//user@b/", Error::RedirectUrl { number: 1202 }),
            ("https://a:b@c/", Error::RedirectUrl { number: 1202 }),
            ("//b%2e/", Error::RedirectUrl { number: 1203 }),
            ("//b:0/", Error::RedirectUrl { number: 1204 }),
            ("//b:99999/", Error::RedirectUrl { number: 1204 }),
            ("/[", Error::RedirectUrl { number: 1205 }),
            ("/%4", Error::RedirectUrl { number: 1206 }),
        ];
        for (reference, error) in table {
            assert_eq!(resolved("https://a/b", reference), Err(error), "{reference}");
        }
    }

    #[test]
    fn no_octet_more_than_there_is_room_for() {
        let base = Url::parse("https://a:8443/b/c").unwrap();
        let length = "https://a:8443/b/d?e".len();
        for capacity in 0..40 {
            let outcome = resolve(base, "d?e", &mut [0; 40][..capacity]);
            let expected =
                if capacity < length { Err(Error::RedirectTooLong { capacity }) } else { Ok(length) };
            assert_eq!(outcome, expected);
        }
    }
}
