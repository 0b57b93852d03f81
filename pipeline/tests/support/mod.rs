//! A feed, silence, and a web server of a few lines: files of a folder on a port of the loopback.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

/// An RSS feed with an episode for each of `files`.
pub(crate) fn feed_of(files: &[&str]) -> String {
    let item = |file: &&str| {
        format!(
            "<item><title>{file}</title><guid>{file}</guid><enclosure url=\"{file}\" type=\"audio/wav\"/></item>"
        )
    };
    let items: String = files.iter().map(item).collect();
    format!("<rss version=\"2.0\"><channel><title>Test feed</title>{items}</channel></rss>")
}

/// Two seconds of silence.
pub(crate) fn silence(path: &Path) {
    pipeline::audio::wav::write(path, 8000, &vec![0; 16_000]).unwrap();
}

#[derive(Default)]
struct Seen {
    requests: Vec<String>,
    ranges: Vec<String>,
    break_off: Option<(String, usize)>,
}

/// Serves the files of a folder until the test ends.
pub(crate) struct Server {
    address: String,
    seen: Arc<Mutex<Seen>>,
}

impl Server {
    /// Serve `folder`.
    pub(crate) fn start(folder: &Path) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::new(Mutex::new(Seen::default()));
        let (folder, shared) = (folder.to_owned(), seen.clone());
        let serve = move || {
            listener.incoming().for_each(|stream| answer(&stream.unwrap(), &folder, &shared));
        };
        std::thread::Builder::new().name("server".into()).spawn(serve).unwrap();
        Self { address, seen }
    }

    /// `http://…` without a path.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// The paths asked for, in order.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.seen.lock().unwrap().requests.clone()
    }

    /// The ranges asked for, in order.
    pub(crate) fn ranges(&self) -> Vec<String> {
        self.seen.lock().unwrap().ranges.clone()
    }

    /// End the next answer for `path` after `bytes` bytes.
    pub(crate) fn break_off_once(&self, path: &str, bytes: usize) {
        self.seen.lock().unwrap().break_off = Some((path.to_owned(), bytes));
    }
}

/// One request a connection.
fn answer(mut stream: &TcpStream, folder: &Path, seen: &Mutex<Seen>) {
    let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
    let Some(first) = lines.next() else { return };
    let path = first.split(' ').nth(1).unwrap().to_owned();
    let headers: Vec<String> =
        lines.take_while(|line| !line.is_empty()).map(|l| l.to_lowercase()).collect();
    let range = headers.iter().find_map(|l| l.strip_prefix("range: ")).map(str::to_owned);
    let broken = {
        let mut seen = seen.lock().unwrap();
        seen.requests.push(path.clone());
        seen.ranges.extend(range.clone());
        seen.break_off.take_if(|(at, _)| *at == path).map(|(_, bytes)| bytes)
    };
    let file: PathBuf = folder.join(path.trim_start_matches('/'));
    let (status, body, more) = match (fs::read(file), range) {
        (Err(_), _) => ("404 Not Found", Vec::new(), String::new()),
        (Ok(body), None) => ("200 OK", body, String::new()),
        (Ok(body), Some(range)) => {
            let from: usize =
                range.strip_prefix("bytes=").unwrap().trim_end_matches('-').parse().unwrap();
            let header =
                format!("Content-Range: bytes {from}-{}/{}\r\n", body.len() - 1, body.len());
            ("206 Partial Content", body[from..].to_vec(), header)
        }
    };
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Length: {}\r\nETag: \"one\"\r\n{more}Connection: close\r\n\r\n",
        body.len()
    );
    // The client may have gone; the test then fails by what it did not get.
    let sent = stream
        .write_all(head.as_bytes())
        .and_then(|()| stream.write_all(&body[..broken.unwrap_or(body.len())]));
    drop(sent);
}
