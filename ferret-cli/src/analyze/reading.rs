//! Reads a run as far as it goes, on all cores: each decodes pieces of logs and counts spans, and what depends
//! on order is folded in order behind them. Or entry by entry, where a filter asks for that.

use super::cores;
use super::counting::{Counting, Rest};
use super::fold::Fold;
use super::report::Folded;
use super::window::Window;
use super::{AnalyzeArgs, GroupedBy};
use crate::filter::{Field, Filter};
use crate::stop::Stop;
use anyhow::{Context as _, bail};
use ferret::event::{Entry, LogEntry, LogIndex, Names, Offset};
use ferret::log::{LogError, Run, Tail};
use ferret::projections::{GroupBy, Spreads};
use parking_lot::Mutex;

/// Entries read at a time, one by one.
const AT_ONCE: usize = 65_536;

/// What was read.
#[derive(Debug)]
pub(super) struct Read {
    pub(super) fold: Fold,
    /// Entries of each log that nobody waited for.
    pub(super) unread: Vec<u64>,
    /// How much was read, 0 to 1.
    pub(super) share: f64,
    /// How far a second look goes: no further than the first. None: to the end.
    pub(super) reach: Option<u64>,
    /// Somebody was in a hurry.
    pub(super) interrupted: bool,
    /// What ended it in the middle.
    pub(super) failure: Option<LogError>,
}

/// Folds all there is. A failure in the middle, or a signal, ends it, and what was read is given.
///
/// # Errors
///
/// The beginning of the run is gone, and the window needs it.
pub(super) fn read(run: &mut Run, args: &AnalyzeArgs, stop: &Stop) -> anyhow::Result<Read> {
    // A log that is being written never ends: what it had when we began is what is analyzed.
    let mut goal = Goal::new(run);
    let has_window = args.chosen.has_window();
    let mut fold = begin(args, &if has_window { beginnings(run) } else { Vec::new() })?;
    let failure = if reads_entries(args) {
        by_entries(run, &mut fold, &mut goal, stop)
    } else {
        in_parallel(run, args, &mut fold, &mut goal, stop)
    };
    let interrupted = stop.is_asked() && !goal.is_reached();
    let (share, reach) = (goal.share(), interrupted.then_some(goal.done));
    // What is damaged is never read.
    let unread = if interrupted { goal.missing } else { Vec::new() };
    Ok(Read { fold, unread, share, reach, interrupted, failure })
}

/// Whether single entries matter: for what is only known as long as a span is open, or of a process that has
/// begun.
fn reads_entries(args: &AnalyzeArgs) -> bool {
    let asks =
        |filter: &Filter| filter.asks(&[Field::Tag, Field::Process, Field::Pid, Field::Host]);
    // When each span that passes was open, is of no other use.
    if args.report.concurrency && args.chosen.filter.is_some() {
        return true;
    }
    args.chosen.filter.as_ref().is_some_and(asks)
}

fn by_entries(run: &mut Run, fold: &mut Fold, goal: &mut Goal, stop: &Stop) -> Option<LogError> {
    let mut progress = stop.progress("reading");
    loop {
        let entries = match run.poll(AT_ONCE) {
            Ok(entries) => entries,
            Err(error) => return Some(error),
        };
        for (log, entry) in &entries {
            while let Some(opened) = run.next_opened(*log, entry.offset) {
                fold.resume(*log, run.logs()[log.0].names(), &opened);
            }
            fold.apply(*log, run.logs()[log.0].names(), entry);
            goal.reach(*log, 1);
        }
        progress.tell(goal.done, goal.all);
        let is_over = entries.is_empty() || goal.is_reached();
        if is_over || stop.is_asked() {
            return None;
        }
    }
}

fn in_parallel(
    run: &mut Run,
    args: &AnalyzeArgs,
    fold: &mut Fold,
    goal: &mut Goal,
    stop: &Stop,
) -> Option<LogError> {
    let mut progress = stop.progress("reading");
    let cores = cores::each(|| Counting::new(group(args), fold));
    let mut rests: Vec<Mutex<Rest>> = Vec::new();
    let failure = loop {
        match run.fetch(cores::ROUND) {
            Ok(pieces) if pieces.is_empty() => break None,
            Ok(pieces) => {
                rests.resize_with(pieces.len().max(rests.len()), Mutex::default);
                let names: Vec<&Names> = run.logs().iter().map(Tail::names).collect();
                cores::hand_out(&pieces, &cores, |counting: &mut Counting, index, piece| {
                    let rest = &mut rests[index].lock();
                    counting.count(fold, names[piece.log().0], piece, rest);
                });
                for (piece, rest) in pieces.iter().zip(&mut rests) {
                    take(run, fold, piece.log(), rest.get_mut());
                    goal.reach(piece.log(), piece.entries());
                }
            }
            Err(error) => break Some(error),
        }
        progress.tell(goal.done, goal.all);
        if goal.is_reached() || stop.is_asked() {
            break None;
        }
    };
    let mut counted = Vec::new();
    for core in cores {
        let Counting { calls, slowest, spreads, .. } = core.into_inner();
        counted.push(calls);
        if let Some((all, own)) = fold.report.slowest.as_mut().zip(slowest) {
            all.merge(own);
        }
        if let (Some(all), Some(spreads)) = (&mut fold.spreads, spreads) {
            all.merge(spreads);
        }
    }
    fold.calls.add(&counted, |log| run.logs()[log.0].names());
    failure
}

/// Takes in order what is left of a piece.
fn take(run: &mut Run, fold: &mut Fold, log: LogIndex, rest: &mut Rest) {
    for part in rest.parts.iter() {
        while let Some(opened) = run.next_opened(log, part.first()) {
            fold.resume(log, run.logs()[log.0].names(), &opened);
        }
        fold.apply_counted(log, run.logs()[log.0].names(), part);
    }
    if let Some(damage) = rest.damage.take() {
        run.report(log, damage);
    }
}

/// How far each log is to be read.
struct Goal {
    missing: Vec<u64>,
    done: u64,
    all: u64,
}

impl Goal {
    fn new(run: &Run) -> Self {
        let entries = |tail: &Tail| tail.info().entries();
        let missing: Vec<u64> = run.logs().iter().map(entries).collect();
        Self { all: missing.iter().sum(), missing, done: 0 }
    }

    fn reach(&mut self, log: LogIndex, entries: u64) {
        if let Some(missing) = self.missing.get_mut(log.0) {
            let of_these = entries.min(*missing);
            *missing -= of_these;
            self.done += of_these;
        }
    }

    fn is_reached(&self) -> bool {
        self.done == self.all
    }

    #[expect(clippy::cast_precision_loss, reason = "a share, for display")]
    fn share(&self) -> f64 {
        if self.all == 0 { 1.0 } else { self.done as f64 / self.all as f64 }
    }
}

fn group(args: &AnalyzeArgs) -> GroupBy {
    match args.by {
        GroupedBy::Function | GroupedBy::Stage | GroupedBy::Task => GroupBy::Function,
        GroupedBy::Thread => GroupBy::Thread,
        GroupedBy::Process => GroupBy::Process,
    }
}

/// How each process began, as far as its log still says. The run is then read from its beginning.
fn beginnings(run: &mut Run) -> Vec<(LogIndex, Entry)> {
    let mut all = Vec::new();
    for log in (0..run.logs().len()).map(LogIndex) {
        // One that cannot be read says so when it is.
        let first = run.log_mut(log).and_then(|tail| tail.poll(1).ok()?.pop());
        all.extend(first.map(|entry| (log, entry)));
        run.seek(log, Offset(0));
    }
    all
}

/// A fold that knows its window: for that it takes the beginnings of the processes.
///
/// # Errors
///
/// The beginning is gone, and the window needs it.
pub(super) fn begin(args: &AnalyzeArgs, first: &[(LogIndex, Entry)]) -> anyhow::Result<Fold> {
    let mut window = Window::default();
    if args.chosen.has_window() {
        let starts = first.iter().filter_map(|(log, entry)| match &entry.what {
            LogEntry::ProcessStart(start) => Some((*log, entry.time, start)),
            _ => None,
        });
        let Some((_, at, start)) = starts.clone().min_by_key(|(_, at, _)| *at) else {
            bail!(
                "the log does not say any more when the run began: --since and --until need that"
            );
        };
        window = Window::new(args.chosen.since, args.chosen.until, at, start)
            .context("placing --since and --until in the run")?;
        for (log, at, start) in starts {
            window.process(log, at, start);
        }
    }
    let mut fold = Fold::new(group(args), args.chosen.filter.clone(), window, Folded::new(args));
    fold.spreads = args.json.then(Spreads::default);
    Ok(fold)
}
