//! Asking over HTTP, on this machine alone: one connection an answer, as Prometheus' and a page's first questions are.

use crate::clocks::Stopwatch;
use crate::report::{Cell, Table};
use crate::stats::Spread;
use anyhow::{Context as _, ensure};
use serde_json::Value;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::thread;
use std::time::Duration;

/// Who asks one server.
#[derive(Clone, Debug)]
pub(super) struct Client {
    address: String,
}

/// What very many at once were answered.
#[derive(Debug, Default)]
pub(super) struct Crowd {
    times_ms: Vec<f64>,
    refused: u64,
    seconds: f64,
}

impl Client {
    pub(super) fn new(address: &str) -> Self {
        Self { address: address.to_owned() }
    }

    /// The answer's body.
    pub(super) fn get(&self, path: &str) -> anyhow::Result<Vec<u8>> {
        let (status, body) = self.ask(path)?;
        ensure!(status == 200, "{path}: status {status}");
        Ok(body)
    }

    pub(super) fn json(&self, path: &str) -> anyhow::Result<Value> {
        Ok(serde_json::from_slice(&self.get(path)?)?)
    }

    fn ask(&self, path: &str) -> anyhow::Result<(u16, Vec<u8>)> {
        let mut stream = TcpStream::connect(&self.address)?;
        stream.set_read_timeout(Some(Duration::from_mins(1)))?;
        let host = &self.address;
        write!(stream, "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        let end = answer.windows(4).position(|four| four == b"\r\n\r\n").context("no head")?;
        let head = String::from_utf8_lossy(&answer[..end]);
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
        ensure!(!head.to_lowercase().contains("transfer-encoding"), "an answer of unknown length");
        Ok((status.context("no status")?, answer.split_off(end + 4)))
    }
}

impl Crowd {
    /// So many clients ask for the workers and the functions in turn, for so long.
    pub(super) fn ask(address: &str, clients: usize, time: Duration) -> anyhow::Result<Self> {
        let watch = Stopwatch::start();
        let one = |address: String| move || one_of_many(&Client { address }, time);
        let name = || thread::Builder::new().name("client".to_owned());
        let threads = (0..clients).map(|_| name().spawn(one(address.to_owned())));
        let threads = threads.collect::<Result<Vec<_>, _>>()?;
        let mut crowd = Self::default();
        for thread in threads {
            let answered = thread.join().ok().context("a client panicked")?;
            crowd.times_ms.extend(answered.times_ms);
            crowd.refused += answered.refused;
        }
        crowd.seconds = watch.elapsed().as_secs_f64();
        Ok(crowd)
    }

    #[expect(clippy::cast_precision_loss, reason = "a rate")]
    pub(super) fn table(mut self, clients: usize, peak_rss_mb: f64) -> Table {
        self.times_ms.sort_by(f64::total_cmp);
        let at = |percent: usize| {
            let last = self.times_ms.len().saturating_sub(1);
            self.times_ms.get(last * percent / 100).copied().unwrap_or(0.0)
        };
        let median = Spread::of(self.times_ms.iter().copied()).map_or(0.0, |spread| spread.median);
        Table {
            title: format!("{clients} clients at once"),
            columns: &[
                ("answers_per_second", "answers/s"),
                ("median_ms", "median, ms"),
                ("p99_ms", "p99, ms"),
                ("refused", "put off"),
                ("peak_rss_mb", "peak RSS, MB"),
            ],
            rows: vec![vec![
                Cell::Number(self.times_ms.len() as f64 / self.seconds, 0),
                Cell::Number(median, 1),
                Cell::Number(at(99), 1),
                Cell::Count(self.refused),
                Cell::Number(peak_rss_mb, 0),
            ]],
            notes: vec![
                "`/api/workers` and `/api/functions` in turn; put off: status 503.".to_owned(),
            ],
        }
    }
}

fn one_of_many(client: &Client, time: Duration) -> Crowd {
    let (watch, mut crowd) = (Stopwatch::start(), Crowd::default());
    for path in ["/api/workers", "/api/functions"].into_iter().cycle() {
        if watch.elapsed() >= time {
            break;
        }
        let one = Stopwatch::start();
        if let Ok((200, _)) = client.ask(path) {
            crowd.times_ms.push(one.elapsed().as_secs_f64() * 1e3);
        } else {
            crowd.refused += 1;
            thread::sleep(Duration::from_millis(100));
        }
    }
    crowd
}
