//! Responses: what all of them say to browsers, the refusals, and what is worth compressing.

use super::payload::Payload;
use flate2::Compression;
use flate2::write::GzEncoder;
use hyper::body::Bytes;
use hyper::header::{
    ACCEPT_ENCODING, ALLOW, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_ENCODING, CONTENT_TYPE,
    HeaderMap, HeaderName, HeaderValue, REFERRER_POLICY, RETRY_AFTER, VARY, X_CONTENT_TYPE_OPTIONS,
    X_FRAME_OPTIONS,
};
use hyper::{Response, StatusCode};
use serde_json::json;
use std::io::{self, Write as _};

/// A response that can still be added to.
#[derive(Debug)]
pub(super) struct Reply(Response<Payload>);

/// What a page of ours may do: fetch what we serve, and nothing else.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    img-src 'self' data:; connect-src 'self'; font-src 'self'; form-action 'self'; \
    base-uri 'none'; frame-ancestors 'none'";

const EVERYWHERE: [(HeaderName, &str); 6] = [
    (hyper::header::CONTENT_SECURITY_POLICY, POLICY),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    // With no referrer at all a browser sends the form with the token as from nowhere, and it would be refused.
    (REFERRER_POLICY, "same-origin"),
    (X_FRAME_OPTIONS, "DENY"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
];

/// Below that it is not worth it.
const COMPRESS_FROM: usize = 1_024;

pub(super) const JSON: &str = "application/json";

impl Reply {
    /// Something of this type, which nobody may keep.
    pub(super) fn new(content_type: &'static str, body: impl Into<Bytes>) -> Self {
        Self::of(content_type, Payload::Whole(body.into()))
    }

    /// The same of something that may still be coming.
    pub(super) fn of(content_type: &'static str, payload: Payload) -> Self {
        let reply = Self::bare(StatusCode::OK, payload);
        reply
            .with(CONTENT_TYPE, HeaderValue::from_static(content_type))
            .with(CACHE_CONTROL, HeaderValue::from_static("no-store"))
    }

    /// Nothing but a status.
    pub(super) fn empty(status: StatusCode) -> Self {
        Self::bare(status, Payload::Whole(Bytes::new()))
    }

    fn bare(status: StatusCode, payload: Payload) -> Self {
        let mut response = Response::new(payload);
        *response.status_mut() = status;
        for (name, value) in EVERYWHERE {
            response.headers_mut().insert(name, HeaderValue::from_static(value));
        }
        Self(response)
    }

    /// A refusal, as the API tells it.
    pub(super) fn refused(status: StatusCode, why: &str) -> Self {
        let body = json!({ "format": 1, "kind": "refusal", "error": why });
        Self::new(JSON, body.to_string()).status_is(status)
    }

    /// Something is wrong here.
    pub(super) fn failed(why: &str) -> Self {
        Self::refused(StatusCode::INTERNAL_SERVER_ERROR, why)
    }

    pub(super) fn status_is(mut self, status: StatusCode) -> Self {
        *self.0.status_mut() = status;
        self
    }

    pub(super) fn with(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.0.headers_mut().insert(name, value);
        self
    }

    /// Adds what this may be asked with.
    pub(super) fn allowing(self, methods: &'static str) -> Self {
        self.with(ALLOW, HeaderValue::from_static(methods))
    }

    /// To be kept as a file of this name.
    pub(super) fn named(self, name: &str) -> Self {
        let value = HeaderValue::try_from(format!("attachment; filename=\"{name}\""));
        // A name of ours always fits.
        value.map_or_else(
            |_bad| Self::failed("the file has no name"),
            |value| self.with(CONTENT_DISPOSITION, value),
        )
    }

    #[cfg(test)]
    pub(super) fn status(&self) -> u16 {
        self.0.status().as_u16()
    }

    #[cfg(test)]
    pub(super) fn headers(&self) -> &HeaderMap {
        self.0.headers()
    }

    pub(super) fn into_response(self) -> Response<Payload> {
        self.0
    }
}

/// Not now.
pub(super) fn unavailable(why: &str) -> Reply {
    let reply = Reply::refused(StatusCode::SERVICE_UNAVAILABLE, why);
    reply.with(RETRY_AFTER, HeaderValue::from_static("1"))
}

/// A document, and whether it is compressed.
#[derive(Clone, Debug)]
pub(super) struct Document {
    content_type: &'static str,
    body: Bytes,
    is_compressed: bool,
}

impl Document {
    /// Compresses what is worth it, if the one who asks takes it. It takes a moment.
    pub(super) fn new(content_type: &'static str, body: Vec<u8>, takes_gzip: bool) -> Self {
        if takes_gzip
            && body.len() >= COMPRESS_FROM
            && let Ok(compressed) = compress(&body)
        {
            return Self { content_type, body: compressed.into(), is_compressed: true };
        }
        Self { content_type, body: body.into(), is_compressed: false }
    }

    pub(super) fn into_reply(self) -> Reply {
        let reply = Reply::new(self.content_type, self.body)
            .with(VARY, HeaderValue::from_static("accept-encoding"));
        if self.is_compressed {
            return reply.with(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        reply
    }
}

fn compress(body: &[u8]) -> io::Result<Vec<u8>> {
    // A loopback is faster than any better compression.
    let mut encoder = GzEncoder::new(Vec::with_capacity(body.len() / 4), Compression::fast());
    encoder.write_all(body)?;
    encoder.finish()
}

/// Whether a request says that it takes gzip.
pub(super) fn takes_gzip(headers: &HeaderMap) -> bool {
    let values = headers.get_all(ACCEPT_ENCODING).into_iter().filter_map(|all| all.to_str().ok());
    values.flat_map(|all| all.split(',')).any(|one| {
        let mut parts = one.split(';').map(str::trim);
        let is_gzip = parts.next().is_some_and(|name| name.eq_ignore_ascii_case("gzip"));
        let weight = parts.find_map(|part| part.strip_prefix("q=")?.parse::<f64>().ok());
        is_gzip && weight.is_none_or(|weight| weight > 0.0)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read as _;

    fn check_gzip(header: &'static str, expect: bool) {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static(header));
        assert_eq!(takes_gzip(&headers), expect, "{header}");
    }

    #[test]
    fn who_takes_gzip_is_understood() {
        check_gzip("gzip, deflate, br", true);
        check_gzip("br;q=1.0, GZIP;q=0.5", true);
        check_gzip("gzip;q=0", false);
        check_gzip("identity", false);
        assert!(!takes_gzip(&HeaderMap::new()));
    }

    #[test]
    fn a_long_document_is_compressed_for_who_takes_it() {
        let text = "a".repeat(5_000).into_bytes();
        let document = Document::new(JSON, text.clone(), true);
        let mut plain = Vec::new();
        flate2::read::GzDecoder::new(&*document.body).read_to_end(&mut plain).unwrap();
        assert_eq!(plain, text);
        let reply = document.into_reply();
        assert_eq!(reply.headers()[CONTENT_ENCODING], "gzip");
        assert!(!Document::new(JSON, text, false).is_compressed);
        assert!(!Document::new(JSON, vec![b'a'; 10], true).is_compressed);
    }

    #[test]
    fn every_reply_tells_a_browser_what_it_may_do() {
        for reply in [Reply::empty(StatusCode::NO_CONTENT), Reply::failed("x"), unavailable("x")] {
            for (name, value) in EVERYWHERE {
                assert_eq!(reply.headers()[&name], value);
            }
        }
    }
}
