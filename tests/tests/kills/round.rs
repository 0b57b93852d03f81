//! One round: a family of programs is started, killed, and its logs are opened and judged.

use crate::family::{Family, Watcher};
use crate::judge::Verdict;
use crate::logs::{self, Log};
use crate::{judge, judge_jobs, judge_sums, moved};
use ferret_tests::ledger::{Lane, Ledger, Phase};
use ferret_tests::{Output, ferret};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

/// What is killed, when, and who looks at it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Setting {
    pub(crate) name: &'static str,
    pub(crate) doing: Doing,
    pub(crate) processes: usize,
    /// Threads of each.
    pub(crate) lanes: usize,
    /// Events of a thread between two pauses of a millisecond; 0 for none.
    pub(crate) pace: u64,
    pub(crate) when: When,
    pub(crate) victims: Victims,
    pub(crate) reader: Reader,
    pub(crate) salvage: Salvage,
}

/// What the programs record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Doing {
    /// Spans, in threads.
    Lanes,
    /// Spans, of which a few are written and the others counted.
    Sampled,
    /// Tasks, with so few spans a second that most are counted.
    SampledJobs,
    /// Tasks.
    Jobs,
}

/// When they are killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum When {
    /// Within 5 ms after they began to start a recording.
    Starting,
    /// While they record.
    Recording,
    /// While they begin another log, because the first was moved away.
    Moving,
}

/// Whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Victims {
    /// All, one right after the other.
    All,
    /// One, whose log is opened while the others write theirs; then those.
    OneFirst,
}

/// Who reads meanwhile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reader {
    None,
    /// A tail. What it has read must be in the log at the end.
    Tail,
    Watch,
}

/// How the logs are opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Salvage {
    Once,
    /// Who opens them is killed, some times.
    Killed,
    /// By two at once.
    Twice,
}

impl Setting {
    /// Four threads of one process, at a pace that leaves the recorder time.
    pub(crate) fn new(name: &'static str) -> Self {
        Self {
            name,
            doing: Doing::Lanes,
            processes: 1,
            lanes: 4,
            pace: 100,
            when: When::Recording,
            victims: Victims::All,
            reader: Reader::None,
            salvage: Salvage::Once,
        }
    }
}

/// What came of a round.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Outcome {
    /// Programs killed that record.
    pub(crate) kills: u64,
    /// Programs killed that opened a log.
    pub(crate) openers_killed: u64,
    /// Programs that had no log yet.
    pub(crate) without_log: u64,
    pub(crate) verdict: Verdict,
    /// Entries that only the salvage has saved.
    pub(crate) salvaged: u64,
}

/// Plays a round.
///
/// # Errors
///
/// A log is not what it should be.
pub(crate) fn play(setting: &Setting, seed: u64) -> Result<Outcome, String> {
    let mut family = Family::start(setting, seed)?;
    let mut dice = Dice(seed);
    let mut outcome = Outcome::default();
    match setting.when {
        When::Starting => {
            family.wait_for(Phase::Starting);
            dice.wait(5_000);
        }
        When::Recording => {
            family.wait_for(Phase::Recording);
            dice.wait(300_000);
        }
        When::Moving => return moved::play(setting, seed, family, &mut dice),
    }
    let watcher = Watcher::of(&family, setting.reader);
    if setting.reader != Reader::None {
        dice.wait(60_000);
    }
    if setting.victims == Victims::OneFirst {
        outcome.kills += family.kill(1);
        judge(&family, setting, seed, &mut Outcome::default())?;
    }
    outcome.kills += family.kill(setting.processes);
    family.said_nothing()?;
    let read = watcher.end()?;
    outcome.openers_killed = open(&family.log, setting.salvage, &mut dice)?;
    let found = judge(&family, setting, seed, &mut outcome)?;
    for log in &found {
        let is_there = read.iter().all(|entry| {
            let at = usize::try_from(entry.offset.0).unwrap_or(usize::MAX);
            log.entries.get(at) == Some(entry)
        });
        if !is_there {
            return Err("a reader saw an entry that is not in the log".to_owned());
        }
    }
    Ok(outcome)
}

/// Opens the logs as the setting says; gives how many openers were killed.
fn open(log: &Path, salvage: Salvage, dice: &mut Dice) -> Result<u64, String> {
    if !log.exists() {
        return Ok(0);
    }
    let start = || {
        let mut check = ferret();
        check.arg("check").arg(log).stdin(Stdio::null());
        check.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().map_err(|e| e.to_string())
    };
    match salvage {
        Salvage::Once => Ok(0),
        Salvage::Killed => {
            let times = 1 + dice.roll(3);
            for _ in 0..times {
                let mut check = start()?;
                dice.wait(25_000);
                check.kill().map_err(|error| error.to_string())?;
                check.wait().map_err(|error| error.to_string())?;
            }
            Ok(times)
        }
        Salvage::Twice => {
            let both = [start()?, start()?];
            for check in both {
                let done = check.wait_with_output().map_err(|error| error.to_string())?;
                let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
                let (stdout, stderr) = (text(&done.stdout), text(&done.stderr));
                logs::is_sound(&Output { code: done.status.code(), stdout, stderr })?;
            }
            Ok(0)
        }
    }
}

/// Opens the logs and compares those of dead programs with their ledgers.
fn judge(
    family: &Family,
    setting: &Setting,
    seed: u64,
    outcome: &mut Outcome,
) -> Result<Vec<Log>, String> {
    // What has no log has recorded nothing.
    let mut found = if family.log.exists() { logs::open_dead(&family.log)? } else { Vec::new() };
    for member in family.dead() {
        let at = found.iter().position(|log| log.info.pid == member.pid());
        let Some(log) = at.map(|at| &found[at]) else {
            if member.ledger.phase() == Phase::Recording {
                return Err(format!("process {} has recorded, and left no log", member.pid()));
            }
            outcome.without_log += 1;
            continue;
        };
        log.hold_together()?;
        logs::nothing_is_left(log)?;
        outcome.salvaged += log.info.salvaged_entries;
        outcome.verdict += match setting.doing {
            Doing::Lanes => {
                lanes(judge::lane, log, member.seed(seed), setting.lanes, &member.ledger)?
            }
            Doing::Sampled => {
                lanes(judge_sums::lane, log, member.seed(seed), setting.lanes, &member.ledger)?
            }
            Doing::Jobs => judge_jobs::jobs(log, &member.ledger)?,
            Doing::SampledJobs => judge_sums::jobs(log, &member.ledger)?,
        };
    }
    found.retain(|log| family.dead().any(|member| member.pid() == log.info.pid));
    Ok(found)
}

pub(crate) fn lanes(
    judge: fn(&Log, usize, u64, Lane<'_>) -> Result<Verdict, String>,
    log: &Log,
    seed: u64,
    lanes: usize,
    ledger: &Ledger,
) -> Result<Verdict, String> {
    let mut verdict = Verdict::default();
    for number in 0..lanes {
        verdict += judge(log, number, seed, ledger.lane(number))?;
    }
    Ok(verdict)
}

/// Chooses moments.
#[derive(Debug)]
pub(crate) struct Dice(u64);

impl Dice {
    /// Below `bound`.
    pub(crate) fn roll(&mut self, bound: u64) -> u64 {
        use std::hash::{BuildHasher as _, BuildHasherDefault, DefaultHasher};
        self.0 = BuildHasherDefault::<DefaultHasher>::default().hash_one(self.0);
        self.0 % bound
    }

    /// Lets so many microseconds pass, or fewer.
    pub(crate) fn wait(&mut self, at_most_us: u64) {
        std::thread::sleep(Duration::from_micros(self.roll(at_most_us)));
    }
}
