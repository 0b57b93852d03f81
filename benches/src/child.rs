//! Processes of this program that do the work while another measures: each subject in one of its
//! own, asked and answered a line at a time.

use crate::clocks::{Stopwatch, peak_rss_bytes, process_cpu_ns};
use crate::subjects::Kept;
use anyhow::{Context as _, bail, ensure};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

/// A child that waits for requests.
#[derive(Debug)]
pub(crate) struct Worker {
    child: Child,
    requests: ChildStdin,
    answers: BufReader<ChildStdout>,
}

/// What a child says last.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct End {
    /// How many spans it made.
    pub(crate) made: u64,
    /// How many of them its library says it lost.
    pub(crate) lost: Option<u64>,
    /// Its log, if it is Ferret's.
    pub(crate) log: Option<PathBuf>,
    pub(crate) peak_rss_bytes: u64,
    /// CPU time of all its threads.
    pub(crate) cpu_ns: u64,
}

impl End {
    /// The end of this process, for its parent.
    pub(crate) fn now(made: u64, kept: Kept) -> anyhow::Result<Self> {
        let Kept { lost, log } = kept;
        let (peak_rss_bytes, cpu_ns) = (peak_rss_bytes()?, process_cpu_ns());
        Ok(Self { made, lost, log, peak_rss_bytes, cpu_ns })
    }
}

/// Says something to the parent.
pub(crate) fn answer(what: &impl Serialize) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{}", serde_json::to_string(what)?)?;
    Ok(out.flush()?)
}

/// `program` (this one, unless there is another) with arguments, and nothing in its environment
/// that would make it record.
fn command<S: AsRef<OsStr>>(program: Option<&Path>, arguments: &[S]) -> anyhow::Result<Command> {
    let this = std::env::current_exe().context("finding this program")?;
    let mut command = Command::new(program.unwrap_or(&this));
    command.args(arguments).env_remove("FERRET_LOG").env_remove("FERRET_RUN");
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    Ok(command)
}

impl Worker {
    pub(crate) fn start<S: AsRef<OsStr>>(
        program: Option<&Path>,
        arguments: &[S],
    ) -> anyhow::Result<Self> {
        let mut command = command(program, arguments)?;
        let mut child = command.spawn().with_context(|| format!("starting {command:?}"))?;
        let (Some(requests), Some(answers)) = (child.stdin.take(), child.stdout.take()) else {
            bail!("a child without pipes");
        };
        Ok(Self { child, requests, answers: BufReader::new(answers) })
    }

    /// Asks for the next thing.
    pub(crate) fn ask(&mut self) -> anyhow::Result<()> {
        self.requests.write_all(b"\n").context("asking a child that has ended")
    }

    /// What the child says next.
    pub(crate) fn hear<T: DeserializeOwned>(&mut self) -> anyhow::Result<T> {
        let mut line = String::new();
        ensure!(self.answers.read_line(&mut line)? > 0, "a child ended without an answer");
        serde_json::from_str(&line).with_context(|| format!("an answer that is none: {line}"))
    }

    /// Lets the child end, and takes its last words.
    pub(crate) fn end<T: DeserializeOwned>(self) -> anyhow::Result<T> {
        let Self { mut child, requests, mut answers } = self;
        drop(requests);
        let mut line = String::new();
        answers.read_line(&mut line)?;
        let status = child.wait()?;
        ensure!(status.success(), "a child failed: {status}");
        serde_json::from_str(&line).with_context(|| format!("an answer that is none: {line}"))
    }
}

/// A whole process, from before it is started until after it is gone, and its last words.
pub(crate) fn run<T: DeserializeOwned>(arguments: &[String]) -> anyhow::Result<(Duration, T)> {
    let mut command = command(None, arguments)?;
    command.stdin(Stdio::null());
    let watch = Stopwatch::start();
    let output =
        command.stderr(Stdio::inherit()).output().with_context(|| format!("{command:?}"))?;
    let wall = watch.elapsed();
    ensure!(output.status.success(), "{command:?}: {}", output.status);
    Ok((wall, serde_json::from_slice(&output.stdout).context("an answer that is none")?))
}
