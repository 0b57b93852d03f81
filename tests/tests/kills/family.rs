//! The programs of a round, and who reads their logs while they live.

use crate::round::{Doing, Reader, Setting};
use ferret::event::Entry;
use ferret::log::{ReadOptions, Tail};
use ferret_tests::ledger::{Ledger, Phase};
use ferret_tests::{Place, ferret, until};
use std::io::Read as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

/// Programs with one log's name.
#[derive(Debug)]
pub(crate) struct Family {
    pub(crate) log: PathBuf,
    members: Vec<Member>,
    _place: Place,
}

/// One program.
#[derive(Debug)]
pub(crate) struct Member {
    number: u64,
    child: Child,
    is_dead: bool,
    pub(crate) ledger: Ledger,
}

impl Member {
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Its own, of the round's seed.
    pub(crate) fn seed(&self, seed: u64) -> u64 {
        seed.wrapping_mul(31).wrapping_add(self.number)
    }
}

impl Family {
    /// Starts the programs, as `ferret run` would.
    ///
    /// # Errors
    ///
    /// They do not start.
    pub(crate) fn start(setting: &Setting, seed: u64) -> Result<Self, String> {
        let place = Place::new();
        let said = |error: std::io::Error| error.to_string();
        let (log, token) = ferret::log::prepare_run(&place.log).map_err(said)?;
        let mut members = Vec::new();
        for number in 0..setting.processes as u64 {
            let file = place.folder().join(format!("ledger-{number}"));
            let ledger = Ledger::create(&file).map_err(said)?;
            let what = match setting.doing {
                Doing::Lanes | Doing::Sampled => "lanes",
                Doing::Jobs | Doing::SampledJobs => "jobs",
            };
            let mut command = Command::new(env!("CARGO_BIN_EXE_ledger"));
            command.arg(file).arg(what).arg(setting.lanes.to_string());
            command.arg(seed.wrapping_mul(31).wrapping_add(number).to_string());
            command.arg(setting.pace.to_string());
            if matches!(setting.doing, Doing::Sampled | Doing::SampledJobs) {
                command.env("FERRET_MAX_SPANS_PER_SECOND", "20000");
            }
            command.env("FERRET_LOG", &log).env("FERRET_RUN", token.to_string());
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
            let child = command.spawn().map_err(said)?;
            members.push(Member { number, child, is_dead: false, ledger });
        }
        Ok(Self { log, members, _place: place })
    }

    /// Waits until all have come so far.
    pub(crate) fn wait_for(&self, phase: Phase) {
        until("the programs", || {
            let is_so_far = |member: &Member| member.ledger.phase() >= phase;
            self.members.iter().all(is_so_far).then_some(())
        });
    }

    /// Kills so many of those that are alive, without a pause between them; gives how many.
    pub(crate) fn kill(&mut self, most: usize) -> u64 {
        let alive = self.members.iter_mut().filter(|member| !member.is_dead).take(most);
        let mut killed: Vec<_> = alive.collect();
        for member in &mut killed {
            member.child.kill().expect("it was alive");
        }
        for member in &mut killed {
            member.child.wait().expect("it is dead");
            member.is_dead = true;
        }
        killed.len() as u64
    }

    pub(crate) fn dead(&self) -> impl Iterator<Item = &Member> {
        self.members.iter().filter(|member| member.is_dead)
    }

    /// Reads the stderr of the dead.
    ///
    /// # Errors
    ///
    /// Something is there.
    pub(crate) fn said_nothing(&mut self) -> Result<(), String> {
        self.said_nothing_but(None)
    }

    /// The same; one line may have this in it.
    ///
    /// # Errors
    ///
    /// Something else is there.
    pub(crate) fn said_nothing_but(&mut self, expected: Option<&str>) -> Result<(), String> {
        for member in self.members.iter_mut().filter(|member| member.is_dead) {
            let mut said = String::new();
            if let Some(stderr) = &mut member.child.stderr {
                stderr.read_to_string(&mut said).map_err(|error| error.to_string())?;
            }
            let is_expected = |line: &str| expected.is_some_and(|expected| line.contains(expected));
            if said.lines().filter(|line| !is_expected(line)).count() > 0 {
                return Err(format!("process {} said: {said}", member.pid()));
            }
        }
        Ok(())
    }
}

impl Drop for Family {
    fn drop(&mut self) {
        self.kill(usize::MAX);
    }
}

/// Who reads while the programs live.
#[derive(Debug)]
pub(crate) enum Watcher {
    Nobody,
    Tail { is_over: Arc<AtomicBool>, reading: JoinHandle<Result<Vec<Entry>, String>> },
    Watch(Child),
}

impl Watcher {
    pub(crate) fn of(family: &Family, reader: Reader) -> Self {
        match reader {
            Reader::None => Self::Nobody,
            Reader::Tail => {
                let (is_over, path) = (Arc::new(AtomicBool::new(false)), family.log.clone());
                let over = Arc::clone(&is_over);
                let reading = std::thread::Builder::new()
                    .name("reader".to_owned())
                    .spawn(move || read(&path, &over))
                    .expect("a thread starts");
                Self::Tail { is_over, reading }
            }
            Reader::Watch => {
                let mut watch = ferret();
                watch.args(["watch", "--plain"]).arg(&family.log);
                watch.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
                Self::Watch(watch.spawn().expect("it starts"))
            }
        }
    }

    /// What was read until now, if that is known.
    ///
    /// # Errors
    ///
    /// Reading failed.
    pub(crate) fn end(self) -> Result<Vec<Entry>, String> {
        match self {
            Self::Nobody => Ok(Vec::new()),
            Self::Tail { is_over, reading } => {
                is_over.store(true, Ordering::Release);
                reading.join().map_err(|_panic| "the reader panicked".to_owned())?
            }
            // It has opened the log of the dead by now, or is about to.
            Self::Watch(mut watch) => {
                watch.kill().map_err(|error| error.to_string())?;
                watch.wait().map_err(|error| error.to_string())?;
                Ok(Vec::new())
            }
        }
    }
}

fn read(path: &std::path::Path, is_over: &AtomicBool) -> Result<Vec<Entry>, String> {
    let mut tail = Tail::open(path, &ReadOptions::default()).map_err(|error| error.to_string())?;
    let mut entries = Vec::new();
    loop {
        let is_last = is_over.load(Ordering::Acquire);
        entries.extend(tail.poll(10_000).map_err(|error| error.to_string())?);
        if is_last {
            return Ok(entries);
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}
