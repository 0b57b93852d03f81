//! The run before: how long stages took in the last good run of the same name, what the present one makes of
//! that, and how long what runs may still take.
//!
//! A run is good if all its processes exited well. One earlier run is one sample, and machines are not always
//! equally busy: so a stage is said to differ only by a quarter and more, and only where that is time that anybody
//! notices.

use super::document::{Analysis, Stage};
use super::reading::{Read, read};
use super::{AnalyzeArgs, analysis, facts};
use crate::format;
use crate::stop::Stop;
use crate::when::local;
use ferret::log::{ReadOptions, Run, earlier_runs};
use serde::{Deserialize, Serialize};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

/// A larger log is not read for it: nobody asked for that one. Twenty million spans have room.
const MOST_BYTES: u64 = 64 << 20;
/// Earlier runs that are looked at until a good one is found.
const MOST_RUNS: usize = 5;
/// A stage is slower, or faster, from this factor on.
const FACTOR: f64 = 1.25;
/// And if that makes a difference of so much, ns, and of this part of the run.
const LEAST_NS: u64 = 50_000_000;
const LEAST_SHARE: u64 = 50;
/// From this part of a stage on its own pace tells more of what is left than the run before.
const OWN_PACE: u64 = 10;

/// The last good run, and what the present one is to it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct LastGood {
    /// Its head's log.
    pub(crate) path: String,
    pub(crate) start: Option<String>,
    pub(crate) duration_ns: u64,
    /// Of the stages that both have, in the present order.
    pub(crate) stages: Vec<StageThen>,
}

/// A stage now and then.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct StageThen {
    pub(crate) name: String,
    pub(crate) wall_ns: u64,
    pub(crate) then_ns: u64,
    /// How many times as long it takes now: each unit of it where both tell of progress, or else each call. Null where
    /// that cannot be told.
    pub(crate) times: Option<f64>,
    /// That is more than may be chance.
    pub(crate) differs: bool,
    /// Of one that runs, how long what is left takes, likely.
    pub(crate) left_ns: Option<u64>,
}

/// A good run, to compare another with.
#[derive(Clone, Debug, Default)]
pub(crate) struct GoodRun {
    path: String,
    start: Option<String>,
    duration_ns: u64,
    stages: Vec<Stage>,
}

/// What the present run is to the last good one, if it has stages and all of it is analysed.
pub(super) fn last_good(args: &AnalyzeArgs, now: &Analysis) -> Option<LastGood> {
    let [path] = args.logs.as_slice() else { return None };
    if !args.chosen.is_all() || now.stages.is_empty() {
        return None;
    }
    let exe = now.processes.first().map(|process| process.exe.as_str())?;
    Some(good_run_before(path, exe)?.compare(&now.stages, now.run.duration_ns))
}

/// The last good run before the one whose log has this name, of the same program, unless it is a large one.
pub(crate) fn good_run_before(path: &Path, exe: &str) -> Option<GoodRun> {
    if path.is_dir() {
        return None;
    }
    // What is beside the log is a help: that it cannot be read is said when it is asked for.
    let earlier = earlier_runs(path).ok()?;
    let small = earlier.iter().filter(|head| {
        head.metadata().is_ok_and(|found| found.blocks().saturating_mul(512) <= MOST_BYTES)
    });
    let mut then = small.take(MOST_RUNS).filter_map(|head| Some((head, analyzed(head)?)));
    let (head, then) = then.find(|(_, then)| is_good(then, exe))?;
    Some(GoodRun::of(&then, &head.display().to_string()))
}

fn analyzed(head: &Path) -> Option<Analysis> {
    let mut run = Run::open(&[head.to_owned()], &ReadOptions::default()).ok()?;
    let args = AnalyzeArgs::default();
    let Read { mut fold, unread, failure, .. } = read(&mut run, &args, &Stop::default()).ok()?;
    if failure.is_some() {
        return None;
    }
    Some(analysis(&mut fold, &facts(&run, &unread), ferret::log::now(), &args))
}

fn is_good(then: &Analysis, exe: &str) -> bool {
    let name = |exe: &str| exe.rsplit('/').next().unwrap_or_default().to_owned();
    let has_exited = then.processes.iter().all(|process| process.state == "exited");
    let first = then.processes.first();
    has_exited && !exe.is_empty() && first.is_some_and(|first| name(&first.exe) == name(exe))
}

impl GoodRun {
    /// Of a run that was analysed.
    pub(crate) fn of(then: &Analysis, path: &str) -> Self {
        Self {
            path: path.to_owned(),
            start: then.run.start.clone(),
            duration_ns: then.run.duration_ns,
            stages: then.stages.clone(),
        }
    }

    /// What stages of a run that has taken so long took now and then.
    pub(crate) fn compare(&self, now: &[Stage], run_ns: u64) -> LastGood {
        let stage = |stage: &Stage| self.stage(stage, run_ns);
        LastGood {
            path: self.path.clone(),
            start: self.start.clone(),
            duration_ns: self.duration_ns,
            stages: now.iter().filter_map(stage).collect(),
        }
    }

    /// What a stage of a run that has taken so long is to the same one then; none if there was none.
    pub(crate) fn stage(&self, stage: &Stage, run_ns: u64) -> Option<StageThen> {
        let before = self.stages.iter().find(|before| before.name == stage.name)?;
        let times = times(stage, before);
        // By how much the work that is done took longer.
        let expected_ns = times.map(|times| scaled(stage.wall_ns, 1.0 / times));
        let changed_ns = expected_ns.map_or(0, |expected| expected.abs_diff(stage.wall_ns));
        let is_felt = changed_ns >= LEAST_NS.max(run_ns / LEAST_SHARE);
        let is_far = times.is_some_and(|times| !(1.0 / FACTOR..FACTOR).contains(&times));
        Some(StageThen {
            name: stage.name.clone(),
            wall_ns: stage.wall_ns,
            then_ns: before.wall_ns,
            times: times.map(super::build::hundredths),
            differs: is_felt && is_far,
            left_ns: (stage.state == "running").then(|| left_ns(stage, before)).flatten(),
        })
    }
}

impl LastGood {
    /// When it began, for people.
    pub(crate) fn when(&self) -> String {
        self.start.as_deref().map_or_else(|| self.path.clone(), local)
    }
}

impl StageThen {
    /// `1.6 × slower`, or faster, and whether it is slower; none where that may be chance.
    pub(crate) fn words(&self) -> Option<(String, bool)> {
        let times = self.times.filter(|_| self.differs)?;
        let is_slower = times >= 1.0;
        let (factor, word) = if is_slower { (times, "slower") } else { (1.0 / times, "faster") };
        Some((format!("{factor:.1} × {word}"), is_slower))
    }

    /// All that is to be told of it, and whether it is slower where it differs; none where there is nothing.
    pub(crate) fn said(&self) -> Option<(String, Option<bool>)> {
        let (words, is_slower) = self.words().unzip();
        let words = words.map(|words| {
            let [now, then] = [self.wall_ns, self.then_ns].map(format::duration);
            // Of one that is not done, what it took so far is not to be compared with the whole.
            if self.left_ns.is_some() {
                format!("{words} so far")
            } else {
                format!("{words} ({now}, {then} then)")
            }
        });
        let left = self.left_ns.map(|ns| format!("about {} left", format::age(ns)));
        let facts: Vec<_> = words.into_iter().chain(left).collect();
        (!facts.is_empty()).then(|| (format!("{}: {}", self.name, facts.join(", ")), is_slower))
    }
}

/// How many times as long a unit, or a call, takes now.
#[expect(clippy::cast_precision_loss, reason = "a ratio, for display")]
fn times(stage: &Stage, before: &Stage) -> Option<f64> {
    let each = |wall_ns: u64, count: u64| {
        (wall_ns > 0 && count > 0).then(|| wall_ns as f64 / count as f64)
    };
    let units = stage.done.zip(before.done).filter(|&(now, then)| now > 0 && then > 0);
    if let Some((now, then)) = units {
        return Some(each(stage.wall_ns, now)? / each(before.wall_ns, then)?);
    }
    if stage.open == 0 {
        return Some(each(stage.wall_ns, stage.calls)? / each(before.wall_ns, before.calls)?);
    }
    // While a call runs, it is only known that it takes longer than it did.
    let whole = each(before.wall_ns, before.calls)?;
    let so_far = each(stage.wall_ns, stage.calls + stage.open)?;
    (so_far > whole).then_some(so_far / whole)
}

/// How long what is left of a stage takes.
#[expect(clippy::cast_precision_loss, reason = "an estimate, for display")]
fn left_ns(stage: &Stage, before: &Stage) -> Option<u64> {
    if let (Some(done), Some(total)) = (stage.done, stage.total)
        && total > 0
    {
        let left = total.saturating_sub(done) as f64;
        let own = (done > 0).then(|| stage.wall_ns as f64 / done as f64);
        let then =
            before.done.filter(|&done| done > 0).map(|done| before.wall_ns as f64 / done as f64);
        let is_far = done.saturating_mul(OWN_PACE) >= total;
        let unit = if is_far { own.or(then) } else { then.or(own) }?;
        return Some(scaled(1, left * unit));
    }
    let calls = stage.calls + stage.open;
    let whole = (calls <= before.calls).then_some(before.wall_ns)?;
    whole.checked_sub(stage.wall_ns).filter(|&left| left > 0)
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "an estimate, for display; never below 0"
)]
fn scaled(ns: u64, by: f64) -> u64 {
    (ns as f64 * by).max(0.0) as u64
}
