//! The files of the page. They are part of the program: no path from a request reaches the file system.

use super::reply::{Document, Reply, takes_gzip};
use hyper::StatusCode;
use hyper::header::{CACHE_CONTROL, ETAG, HeaderMap, HeaderValue, IF_NONE_MATCH};
use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hasher as _};

/// All of them, by path.
#[derive(Debug, Default)]
pub(crate) struct Files(BTreeMap<&'static str, Static>);

/// One of them.
#[derive(Debug)]
pub(crate) struct Static {
    content_type: &'static str,
    bytes: &'static [u8],
    tag: HeaderValue,
}

impl Files {
    /// Of these paths, content types and contents.
    pub(crate) fn new(
        files: impl IntoIterator<Item = (&'static str, &'static str, &'static [u8])>,
    ) -> Self {
        let files = files.into_iter().map(|(path, content_type, bytes)| {
            (path, Static { content_type, bytes, tag: tag(bytes) })
        });
        Self(files.collect())
    }

    pub(super) fn at(&self, path: &str) -> Option<&Static> {
        self.0.get(path)
    }
}

impl Static {
    /// The file, or that it has not changed. A browser asks each time, as another version of us may answer.
    pub(super) fn reply(&self, headers: &HeaderMap) -> Reply {
        let known = headers.get_all(IF_NONE_MATCH).into_iter();
        let known = known.filter_map(|tags| tags.to_str().ok()).flat_map(|tags| tags.split(','));
        let has_it = |tag: &str| tag == "*" || self.tag == tag.trim_start_matches("W/");
        let reply = if known.map(str::trim).any(has_it) {
            Reply::empty(StatusCode::NOT_MODIFIED)
        } else {
            let bytes = self.bytes.to_vec();
            Document::new(self.content_type, bytes, takes_gzip(headers)).into_reply()
        };
        reply.with(CACHE_CONTROL, HeaderValue::from_static("no-cache")).with(ETAG, self.tag.clone())
    }
}

fn tag(bytes: &[u8]) -> HeaderValue {
    let mut hasher = DefaultHasher::new();
    hasher.write(bytes);
    let tag = format!("\"{:016x}\"", hasher.finish());
    HeaderValue::try_from(tag).unwrap_or(HeaderValue::from_static("\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_sent_once_and_then_found_unchanged() {
        let files = Files::new([("/", "text/html", b"<p>".as_slice()), ("/a", "text/css", b"a")]);
        let file = files.at("/").unwrap();
        let sent = file.reply(&HeaderMap::new());
        assert_eq!(
            (sent.status(), sent.headers()["content-type"].as_bytes()),
            (200, b"text/html".as_slice())
        );
        let mut headers = HeaderMap::new();
        headers.insert(IF_NONE_MATCH, sent.headers()[ETAG].clone());
        assert_eq!(file.reply(&headers).status(), 304);
        assert_eq!(files.at("/a").unwrap().reply(&headers).status(), 200);
        assert!(files.at("/../a").is_none() && files.at("/a/").is_none());
    }
}
