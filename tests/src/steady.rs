//! The program of `src/bin/steady.rs`: told to run spans, it says what they cost.

use crate::Talker;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use tempfile::TempDir;

/// It runs until it is told to end.
#[derive(Debug)]
pub struct Steady {
    talker: Talker,
    said: PathBuf,
    _folder: TempDir,
}

/// What it answers.
#[derive(Clone, Copy, Debug)]
pub struct Ran {
    /// Spans so far.
    pub spans: u64,
    /// What one cost, picoseconds.
    pub span_ps: u64,
}

impl Steady {
    /// Starts the program, recording into `log`.
    ///
    /// # Panics
    ///
    /// It cannot be started.
    pub fn start(program: &str, log: &Path) -> Self {
        Self::start_with(program, log, &[])
    }

    /// The same, with more in its environment.
    ///
    /// # Panics
    ///
    /// It cannot be started.
    pub fn start_with(program: &str, log: &Path, environment: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let said = folder.path().join("stderr");
        let stderr = File::create(&said).expect("a file for what it says");
        let mut command = Command::new(program);
        command.env("FERRET_LOG", log).env_remove("FERRET_RUN").stderr(stderr);
        command.envs(environment.iter().copied());
        Self { talker: Talker::start(&mut command), said, _folder: folder }
    }

    /// Runs spans for so long, so many a second; as many as it can, for 0.
    ///
    /// # Panics
    ///
    /// It does not answer.
    pub fn run(&mut self, millis: u32, rate: u32) -> Ran {
        self.talker.say(&format!("{millis} {rate}"));
        self.talker.hear_until("what it ran", |line| {
            let (spans, span_ps) = line.split_once(' ')?;
            Some(Ran { spans: spans.parse().ok()?, span_ps: span_ps.parse().ok()? })
        })
    }

    /// What it has said on stderr, by lines.
    ///
    /// # Panics
    ///
    /// That cannot be read.
    pub fn said(&self) -> Vec<String> {
        let text = std::fs::read_to_string(&self.said).expect("what it said can be read");
        text.lines().map(str::to_owned).collect()
    }

    /// Kills it.
    ///
    /// # Panics
    ///
    /// It is gone.
    pub fn kill(self) {
        self.talker.signal(rustix::process::Signal::KILL);
        self.talker.wait();
    }

    /// Lets it end; what it said on stderr.
    ///
    /// # Panics
    ///
    /// It does not end, or that cannot be read.
    pub fn end(self) -> (ExitStatus, Vec<String>) {
        let Self { talker, said, _folder } = self;
        let status = talker.end();
        let text = std::fs::read_to_string(said).expect("what it said can be read");
        (status, text.lines().map(str::to_owned).collect())
    }
}
