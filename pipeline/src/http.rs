//! Reading from http(s), with bounds on time and size, and downloads that go on where they stopped.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use ureq::Agent;
use ureq::http::{HeaderMap, Response, StatusCode};

use crate::interrupt::Interrupt;

/// Why something could not be fetched.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// The server said no.
    #[error("{url} answered {status}: check the address, or try later if it begins with 5")]
    Status {
        /// What was asked for.
        url: String,
        /// The answer.
        status: u16,
    },
    /// No answer.
    #[error("{url} cannot be reached ({why}): check the address and the network")]
    Unreachable {
        /// What was asked for.
        url: String,
        /// What went wrong.
        why: String,
    },
    /// More bytes than allowed.
    #[error(
        "{url} is larger than the limit of {limit_bytes} bytes: for audio, raise --max-media-mb if you trust it"
    )]
    TooLarge {
        /// What was asked for.
        url: String,
        /// The limit.
        limit_bytes: u64,
    },
    /// Fewer bytes than promised.
    #[error(
        "{url} ended after {got_bytes} of {promised_bytes} bytes: run again, it goes on from there"
    )]
    CutShort {
        /// What was asked for.
        url: String,
        /// What came.
        got_bytes: u64,
        /// What should have come.
        promised_bytes: u64,
    },
    /// The disk.
    #[error("writing {}: {source}", path.display())]
    Disk {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The user asked to stop; what came so far is kept.
    #[error("stopped while fetching {url}")]
    Interrupted {
        /// What was being fetched.
        url: String,
    },
}

/// Fetches, reusing connections.
#[derive(Debug)]
pub struct Fetcher {
    agent: Agent,
}

impl Default for Fetcher {
    fn default() -> Self {
        let config = Agent::config_builder()
            .timeout_connect(Some(Duration::from_secs(10)))
            .timeout_recv_response(Some(Duration::from_secs(30)))
            // A stalled server must not hold an episode for ever; a slow one may take its time.
            .timeout_per_read(Some(Duration::from_secs(30)))
            .user_agent(concat!("ferret-pipeline/", env!("CARGO_PKG_VERSION")))
            .build();
        Self { agent: config.into() }
    }
}

impl Fetcher {
    /// All of `url`, `limit_bytes` at most.
    ///
    /// # Errors
    /// When it does not answer, says no, or is larger.
    #[ferret::profile(name = "http_get")]
    pub fn get(&self, url: &str, limit_bytes: u64) -> Result<Vec<u8>, HttpError> {
        let response = self.agent.get(url).call().map_err(|e| refused(url, e))?;
        let mut body = Vec::new();
        let mut reader = response.into_body().into_with_config().limit(u64::MAX).reader();
        let read = reader.by_ref().take(limit_bytes.saturating_add(1)).read_to_end(&mut body);
        read.map_err(|e| HttpError::Unreachable { url: url.to_owned(), why: e.to_string() })?;
        if body.len() as u64 > limit_bytes {
            return Err(HttpError::TooLarge { url: url.to_owned(), limit_bytes });
        }
        Ok(body)
    }

    /// `url` into `path`, `limit_bytes` at most. What an earlier, broken download left beside `path` is continued where the
    /// server can prove that the content is still the same, and fetched anew otherwise.
    ///
    /// # Errors
    /// When it does not answer, says no, is larger or cut short, or the disk refuses.
    pub fn download(
        &self,
        url: &str,
        path: &Path,
        limit_bytes: u64,
        interrupt: &Interrupt,
        progress: &mut dyn FnMut(u64, Option<u64>),
    ) -> Result<(), HttpError> {
        let partial = Partial::beside(path);
        let disk = |source| HttpError::Disk { path: path.to_owned(), source };
        let have = partial.resumable().map_err(disk)?;
        // Ranges count encoded bytes, so nothing may compress on the way.
        let mut request = self.agent.get(url).header("Accept-Encoding", "identity");
        if let Some((bytes, validator)) = &have {
            request =
                request.header("Range", format!("bytes={bytes}-")).header("If-Range", validator);
        }
        let answer = {
            let _span = ferret::span!("http_request", url);
            request.call()
        };
        let response = match answer {
            Err(ureq::Error::StatusCode(416)) if have.is_some() => {
                // The server has nothing after what is here: what is here is not a beginning of it.
                partial.forget().map_err(disk)?;
                return self.download(url, path, limit_bytes, interrupt, progress);
            }
            answer => answer.map_err(|e| refused(url, e))?,
        };
        let resumed =
            have.map_or(0, |(bytes, _)| if continues(&response, bytes) { bytes } else { 0 });
        let promised = promised_bytes(response.headers()).map(|rest| rest + resumed);
        if promised.is_some_and(|bytes| bytes > limit_bytes) {
            return Err(HttpError::TooLarge { url: url.to_owned(), limit_bytes });
        }
        partial.remember_validator(response.headers()).map_err(disk)?;
        let mut file = partial.open(resumed).map_err(disk)?;

        let mut reader = response.into_body().into_with_config().limit(u64::MAX).reader();
        let (mut got, mut buffer) = (resumed, vec![0; 64 * 1024]);
        loop {
            if interrupt.requested() {
                return Err(HttpError::Interrupted { url: url.to_owned() });
            }
            let read = reader.read(&mut buffer);
            let n = read
                .map_err(|e| HttpError::Unreachable { url: url.to_owned(), why: e.to_string() })?;
            if n == 0 {
                break;
            }
            got += n as u64;
            if got > limit_bytes {
                partial.forget().map_err(disk)?;
                return Err(HttpError::TooLarge { url: url.to_owned(), limit_bytes });
            }
            file.write_all(&buffer[..n]).map_err(disk)?;
            progress(got, promised);
        }
        if let Some(promised_bytes) = promised.filter(|bytes| *bytes != got) {
            return Err(HttpError::CutShort {
                url: url.to_owned(),
                got_bytes: got,
                promised_bytes,
            });
        }
        file.sync_data().and_then(|()| partial.finish(path)).map_err(disk)
    }
}

/// A download that is not finished: the bytes, and what the server calls that version of them.
struct Partial {
    bytes: PathBuf,
    validator: PathBuf,
}

impl Partial {
    fn beside(path: &Path) -> Self {
        let named = |end: &str| {
            let mut name = path.as_os_str().to_owned();
            name.push(end);
            PathBuf::from(name)
        };
        Self { bytes: named(".partial"), validator: named(".partial.version") }
    }

    /// How many bytes are there and of what version. Without a version they cannot be trusted to be the same file's.
    fn resumable(&self) -> io::Result<Option<(u64, String)>> {
        if !self.bytes.exists() || !self.validator.exists() {
            return Ok(None);
        }
        let bytes = fs::metadata(&self.bytes)?.len();
        Ok((bytes > 0).then_some((bytes, fs::read_to_string(&self.validator)?)))
    }

    fn remember_validator(&self, headers: &HeaderMap) -> io::Result<()> {
        // A weak ETag (W/"…") does not promise the same bytes, so it cannot be continued.
        let etag = header(headers, "etag").filter(|tag| !tag.starts_with("W/"));
        match etag.or_else(|| header(headers, "last-modified")) {
            Some(version) => fs::write(&self.validator, version),
            None if self.validator.exists() => fs::remove_file(&self.validator),
            None => Ok(()),
        }
    }

    fn open(&self, resumed: u64) -> io::Result<File> {
        if resumed > 0 {
            OpenOptions::new().append(true).open(&self.bytes)
        } else {
            File::create(&self.bytes)
        }
    }

    fn finish(&self, path: &Path) -> io::Result<()> {
        fs::rename(&self.bytes, path)?;
        if self.validator.exists() { fs::remove_file(&self.validator) } else { Ok(()) }
    }

    fn forget(&self) -> io::Result<()> {
        fs::remove_file(&self.bytes)?;
        if self.validator.exists() { fs::remove_file(&self.validator) } else { Ok(()) }
    }
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    // A header that is no text is treated as absent: it only means that we ask for less.
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// How many bytes this answer has; unknown where it is compressed on the way or chunked.
fn promised_bytes(headers: &HeaderMap) -> Option<u64> {
    if headers.contains_key("content-encoding") {
        return None;
    }
    header(headers, "content-length").and_then(|n| n.parse().ok())
}

/// Whether the answer goes on at `bytes`.
fn continues<T>(response: &Response<T>, bytes: u64) -> bool {
    response.status() == StatusCode::PARTIAL_CONTENT
        && header(response.headers(), "content-range")
            .is_some_and(|range| range.starts_with(&format!("bytes {bytes}-")))
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "ureq's errors are non-exhaustive; all but a status mean no answer"
)]
fn refused(url: &str, error: ureq::Error) -> HttpError {
    match error {
        ureq::Error::StatusCode(status) => HttpError::Status { url: url.to_owned(), status },
        other => HttpError::Unreachable { url: url.to_owned(), why: other.to_string() },
    }
}
