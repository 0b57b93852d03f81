//! `fleet`: what `ferret serve` needs for very many processes with a long past: how soon it shows them, in how much
//! memory, how fast it answers, and to how many at once.
//!
//! The logs are written here, and stay open: their processes live, and report once a second. It takes gigabytes of
//! disk and minutes, so it is no part of `short`.

mod asking;
mod making;

use crate::clocks::{PATIENCE, Stopwatch};
use crate::report::{Cell, Table};
use crate::stats::Spread;
use anyhow::{Context as _, ensure};
use asking::{Client, Crowd};
use making::Living;
use serde_json::Value;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// How `fleet` is run.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Fleet {
    #[arg(long, default_value_t = 200)]
    workers: u32,
    /// How far back their logs go, one METRIC a second.
    #[arg(long, default_value_t = 30)]
    days: u64,
    /// Where the logs go; they are removed at the end.
    #[arg(long, default_value = "target/fleet")]
    folder: PathBuf,
    /// Who serves.
    #[arg(long, default_value = "target/release/ferret")]
    ferret: PathBuf,
    /// Clients at once.
    #[arg(long, default_value_t = 100)]
    clients: usize,
    /// For how long they ask.
    #[arg(long, default_value_t = 10)]
    seconds: u64,
}

/// `ferret serve`, running; it is stopped when this is dropped.
struct Server {
    child: Child,
    address: String,
    started: Stopwatch,
}

/// Questions of the page, by what they show.
const QUESTIONS: [(&str, &str); 8] = [
    ("page", "/"),
    ("workers", "/api/workers"),
    ("functions, all time", "/api/functions"),
    ("functions, 1 h", "/api/functions?range=1h"),
    ("history, 1 h", "/api/history?range=1h"),
    ("history, 30 d", "/api/history?range=30d"),
    ("heatmap, 30 d", "/api/history?range=30d&heatmap=cpu_percent"),
    ("Prometheus", "/metrics"),
];

impl Fleet {
    pub(crate) fn run(&self) -> anyhow::Result<Vec<Table>> {
        let logs = self.folder.join("logs");
        let store = self.folder.join("history");
        if self.folder.exists() {
            fs::remove_dir_all(&self.folder).context("the folder of the last run")?;
        }
        fs::create_dir_all(&logs)?;
        let watch = Stopwatch::start();
        let living = Living::make(&logs, self.workers, self.days)?;
        eprintln!("made {} logs in {:.0} s", self.workers, watch.elapsed().as_secs_f64());
        let mut rows = vec![self.begin("no store", &logs, &store)?];
        rows.push(self.begin("with a store", &logs, &store)?);
        let server = Server::start(&self.ferret, &logs, &store)?;
        server.wait_for_history()?;
        let answers = QUESTIONS.map(|(name, path)| answer(&server, name, path));
        let answers = answers.into_iter().collect::<anyhow::Result<Vec<_>>>()?;
        let crowd = Crowd::ask(&server.address, self.clients, Duration::from_secs(self.seconds))?;
        let rss = server.rss_mb("VmHWM")?;
        drop((server, living));
        fs::remove_dir_all(&self.folder)?;
        Ok(vec![
            Table {
                title: format!("{} workers, {} days: the start", self.workers, self.days),
                columns: &[
                    ("start", "start"),
                    ("first_page_ms", "page, ms"),
                    ("all_workers_ms", "all workers, ms"),
                    ("all_followed_ms", "all followed, ms"),
                    ("history_s", "history, s"),
                    ("rss_mb", "RSS then, MB"),
                    ("peak_rss_mb", "peak, MB"),
                ],
                rows,
                notes: vec!["From the start of the process until the answer is there.".to_owned()],
            },
            Table {
                title: "One question".to_owned(),
                columns: &[("question", "question"), ("median_ms", "median, ms"), ("kb", "KB")],
                rows: answers,
                notes: vec!["Medians of eleven.".to_owned()],
            },
            crowd.table(self.clients, rss),
        ])
    }

    fn begin(&self, name: &str, logs: &Path, store: &Path) -> anyhow::Result<Vec<Cell>> {
        let server = Server::start(&self.ferret, logs, store)?;
        let client = Client::new(&server.address);
        client.get("/")?;
        let page = server.started.elapsed();
        let all = self.workers as usize;
        until(|| {
            Ok(client.json("/api/workers?limit=1000")?["workers"].as_array().map(Vec::len)
                == Some(all))
        })?;
        let listed = server.started.elapsed();
        let followed = format!("{all} logs are followed");
        until(|| {
            let health = client.json("/healthz")?;
            let mut checks = health["checks"].as_array().into_iter().flatten();
            Ok(checks.any(|check| check["text"] == followed.as_str()))
        })?;
        let followed = server.started.elapsed();
        server.wait_for_history()?;
        let history = server.started.elapsed();
        // Behind the first answers there is the usual.
        std::thread::sleep(Duration::from_secs(5));
        let ms = |time: Duration| Cell::Number(time.as_secs_f64() * 1e3, 0);
        let (rss, peak) = (server.rss_mb("VmRSS")?, server.rss_mb("VmHWM")?);
        Ok(vec![
            Cell::text(name),
            ms(page),
            ms(listed),
            ms(followed),
            Cell::Number(history.as_secs_f64(), 1),
            Cell::Number(rss, 0),
            Cell::Number(peak, 0),
        ])
    }
}

fn answer(server: &Server, name: &str, path: &str) -> anyhow::Result<Vec<Cell>> {
    let client = Client::new(&server.address);
    let (mut times, mut bytes) = (Vec::new(), 0);
    for _ in 0..11 {
        // What many ask at once is made once.
        std::thread::sleep(Duration::from_millis(600));
        let watch = Stopwatch::start();
        bytes = client.get(path)?.len();
        times.push(watch.elapsed().as_secs_f64() * 1e3);
    }
    let median = Spread::of(times).context("there are eleven")?.median;
    #[expect(clippy::cast_precision_loss, reason = "kilobytes")]
    let kilobytes = bytes as f64 / 1e3;
    Ok(vec![Cell::text(name), Cell::Number(median, 1), Cell::Number(kilobytes, 1)])
}

impl Server {
    fn start(ferret: &Path, logs: &Path, store: &Path) -> anyhow::Result<Self> {
        let started = Stopwatch::start();
        let mut child = Command::new(ferret)
            .args(["serve", "--listen", "127.0.0.1:0", "--store"])
            .args([store, logs])
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("{}: build it with its feature `serve`", ferret.display()))?;
        let mut said = String::new();
        let mut lines = BufReader::new(child.stderr.take().context("it is piped")?);
        let address = loop {
            said.clear();
            ensure!(lines.read_line(&mut said)? > 0, "ferret serve ended before it served");
            let at = said.split("http://").nth(1);
            if let Some(address) = at.and_then(|rest| rest.split('/').next()) {
                break address.to_owned();
            }
        };
        Ok(Self { child, address, started })
    }

    /// Waits until all logs are in the history.
    fn wait_for_history(&self) -> anyhow::Result<()> {
        let client = Client::new(&self.address);
        until(|| Ok(client.json("/api/history?range=1h")?["complete"] == Value::Bool(true)))
    }

    fn rss_mb(&self, field: &str) -> anyhow::Result<f64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find(|line| line.starts_with(field)).context("no such field")?;
        let kib: f64 = line.split_whitespace().nth(1).context("no number")?.parse()?;
        Ok(kib * 1_024.0 / 1e6)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // One that is gone already is what is wanted.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn until(mut holds: impl FnMut() -> anyhow::Result<bool>) -> anyhow::Result<()> {
    let watch = Stopwatch::start();
    while !holds()? {
        ensure!(watch.elapsed() < PATIENCE * 10, "it took too long");
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}
