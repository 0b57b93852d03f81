//! The server under test, and a client that says exactly what it is told to.

use ferret_tests::{PATIENCE, ferret, until};
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, ChildStderr, Stdio};
use tempfile::TempDir;

/// A running `ferret serve`, which is killed when dropped.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    pub(crate) address: SocketAddr,
    /// What it said before its address.
    pub(crate) said: String,
    stderr: BufReader<ChildStderr>,
    /// Where it keeps its history.
    _state: TempDir,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    /// By name in lower case.
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Vec<u8>,
}

impl Server {
    /// Starts it on a free port of the loopback.
    pub(crate) fn start(args: &[&OsStr]) -> Self {
        Self::start_at("127.0.0.1:0", args)
    }

    /// Starts it there.
    pub(crate) fn start_at(listen: &str, args: &[&OsStr]) -> Self {
        let state = tempfile::tempdir().expect("a temporary folder");
        let mut child = ferret()
            .env("XDG_STATE_HOME", state.path())
            .args(["serve", "--listen", listen])
            .args(args)
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("ferret starts");
        let stderr = BufReader::new(child.stderr.take().expect("it is a pipe"));
        let address = SocketAddr::from(([127, 0, 0, 1], 0));
        let mut server = Self { child, address, said: String::new(), stderr, _state: state };
        let port = server.port();
        server.address.set_port(port);
        server
    }

    /// The port that it says it listens at.
    fn port(&mut self) -> u16 {
        loop {
            let begun = self.said.len();
            let read = self.stderr.read_line(&mut self.said).expect("it speaks");
            assert!(read > 0, "it ended: {}", self.said);
            if let Some((_, rest)) = self.said[begun..].split_once("http://") {
                let address = rest.split('/').next().expect("an address");
                let port = address.rsplit(':').next().and_then(|port| port.parse().ok());
                return port.expect("a port");
            }
        }
    }

    /// A connection to it.
    pub(crate) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).expect("it listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("a time-out");
        stream.set_write_timeout(Some(PATIENCE)).expect("a time-out");
        stream
    }

    /// Asks with GET.
    pub(crate) fn get(&self, path: &str) -> Response {
        self.ask("GET", path, &[], "")
    }

    /// Asks.
    pub(crate) fn ask(&self, method: &str, path: &str, headers: &[&str], body: &str) -> Response {
        let mut stream = self.connect();
        let (host, length) =
            (format!("Host: {}", self.address), format!("Content-Length: {}", body.len()));
        let has_host = headers.iter().any(|header| header.starts_with("Host:"));
        let line = format!("{method} {path} HTTP/1.1");
        let mut lines = vec![line.as_str(), "Connection: close"];
        lines.extend(headers);
        lines.extend((!has_host).then_some(host.as_str()));
        lines.extend((!body.is_empty()).then_some(length.as_str()));
        let head = lines.join("\r\n");
        stream.write_all(format!("{head}\r\n\r\n{body}").as_bytes()).expect("it takes a request");
        receive(&mut stream).unwrap_or_else(|error| panic!("{method} {path}: {error}"))
    }

    /// Tells it to stop.
    pub(crate) fn signal(&self, signal: rustix::process::Signal) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, signal).expect("it is there");
    }

    /// Waits for its end: the exit code.
    pub(crate) fn ended(&mut self) -> Option<i32> {
        until("the end of the server", || self.child.try_wait().expect("it is ours")).code()
    }

    /// Kilobytes of memory that it has by now, at most.
    pub(crate) fn peak_kib(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()));
        let status = status.expect("it is there");
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let number = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
        number.expect("the kernel counts it")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

impl Response {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("text")
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

/// Takes one response, to the end of the connection.
pub(crate) fn receive(stream: &mut TcpStream) -> io::Result<Response> {
    let mut all = Vec::new();
    stream.read_to_end(&mut all)?;
    let end = all.windows(4).position(|four| four == b"\r\n\r\n");
    let end = end.ok_or_else(|| io::Error::other(format!("{} bytes and no head", all.len())))?;
    let head = std::str::from_utf8(&all[..end]).map_err(io::Error::other)?;
    let mut lines = head.split("\r\n");
    let status = lines.next().and_then(|line| line.split(' ').nth(1)?.parse().ok());
    let pairs = lines.filter_map(|line| line.split_once(':'));
    let headers: BTreeMap<_, _> =
        pairs.map(|(name, value)| (name.to_lowercase(), value.trim().to_owned())).collect();
    let body = all[end + 4..].to_vec();
    let is_chunked = headers.get("transfer-encoding").is_some_and(|coding| coding == "chunked");
    let body = if is_chunked { whole(&body)? } else { body };
    Ok(Response { status: status.unwrap_or(0), headers, body })
}

/// The chunks put together; an error if the last is missing.
fn whole(mut chunks: &[u8]) -> io::Result<Vec<u8>> {
    let mut whole = Vec::new();
    loop {
        let cut = || io::Error::other("broken off");
        let line = chunks.windows(2).position(|two| two == b"\r\n").ok_or_else(cut)?;
        let size = std::str::from_utf8(&chunks[..line]).map_err(io::Error::other)?;
        let size = usize::from_str_radix(size, 16).map_err(io::Error::other)?;
        if size == 0 {
            return Ok(whole);
        }
        whole.extend_from_slice(chunks.get(line + 2..line + 2 + size).ok_or_else(cut)?);
        chunks = chunks.get(line + 4 + size..).ok_or_else(cut)?;
    }
}
