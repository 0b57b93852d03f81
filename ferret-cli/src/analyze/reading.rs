//! Reads a run as far as it goes, on all cores: each decodes pieces of logs and counts spans, and what depends
//! on order is folded in order behind them. Or entry by entry, where a window or a filter asks for it.

use super::counting::{Counting, Rest};
use super::fold::Fold;
use super::report::Folded;
use super::window::Window;
use super::{AnalyzeArgs, GroupedBy};
use crate::filter::{Field, Filter};
use crate::progress::ProgressLine;
use anyhow::{Context as _, bail};
use ferret::event::{Entry, LogEntry, LogIndex, Names};
use ferret::log::{LogError, Run, Tail};
use ferret::projections::GroupBy;
use parking_lot::Mutex;
use signal_hook::consts::SIGINT;
use signal_hook::flag;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// Entries read at a time, one by one. Among the first of them is how the run began.
const AT_ONCE: usize = 65_536;
/// Bytes of pieces that are handed out at a time. What they leave in memory is many times that.
pub(super) const ROUND: usize = 1 << 20;

/// What was read.
#[derive(Debug)]
pub(super) struct Read {
    pub(super) fold: Fold,
    /// Entries of each log that nobody waited for.
    pub(super) unread: Vec<u64>,
    /// How much was read, 0 to 1.
    pub(super) share: f64,
    /// Somebody was in a hurry.
    pub(super) interrupted: bool,
    /// What ended it in the middle.
    pub(super) failure: Option<LogError>,
}

/// Folds all there is. A failure in the middle, or Ctrl-C, ends it, and what was read is given.
///
/// # Errors
///
/// The beginning of the run is gone, and the window needs it.
pub(super) fn read(run: &mut Run, args: &AnalyzeArgs) -> anyhow::Result<Read> {
    // A log that is being written never ends: what it had when we began is what is analyzed.
    let mut goal = Goal::new(run);
    let interrupted = Arc::new(AtomicBool::new(false));
    // Twice means that even what was read is not wanted.
    let hooks = [
        flag::register_conditional_shutdown(SIGINT, 128 + SIGINT, Arc::clone(&interrupted)),
        flag::register(SIGINT, Arc::clone(&interrupted)),
    ];
    let ended = if reads_entries(args) {
        by_entries(run, args, &mut goal, &interrupted)
    } else {
        in_parallel(run, args, &mut goal, &interrupted)
    };
    // Where no signal can be had, none ends it early.
    for hook in hooks.into_iter().flatten() {
        signal_hook::low_level::unregister(hook);
    }
    let (fold, failure) = ended?;
    let interrupted = interrupted.load(Ordering::Relaxed) && !goal.is_reached();
    let share = goal.share();
    // What is damaged is never read.
    let unread = if interrupted { goal.missing } else { Vec::new() };
    Ok(Read { fold, unread, share, interrupted, failure })
}

/// Whether single entries matter: where the run is cut off, and for what is only known as long as a span is
/// open, or of a process that has begun.
fn reads_entries(args: &AnalyzeArgs) -> bool {
    let asks = |filter: &Filter| filter.asks(&[Field::Tag, Field::Process, Field::Pid]);
    // When each span that passes was open, is of no other use.
    if args.report.concurrency && args.filter.is_some() {
        return true;
    }
    args.since.is_some() || args.until.is_some() || args.filter.as_ref().is_some_and(asks)
}

type Ended = (Fold, Option<LogError>);

fn by_entries(
    run: &mut Run,
    args: &AnalyzeArgs,
    goal: &mut Goal,
    interrupted: &AtomicBool,
) -> anyhow::Result<Ended> {
    let mut progress = ProgressLine::new("reading");
    let mut fold: Option<Fold> = None;
    let failure = loop {
        let entries = match run.poll(AT_ONCE) {
            Ok(entries) => entries,
            Err(error) => break Some(error),
        };
        let fold = match &mut fold {
            Some(fold) => fold,
            None => fold.insert(begin(args, entries.iter().map(|(_, entry)| entry))?),
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
        if is_over || interrupted.load(Ordering::Relaxed) {
            break None;
        }
    };
    Ok((fold.map_or_else(|| begin(args, []), Ok)?, failure))
}

fn in_parallel(
    run: &mut Run,
    args: &AnalyzeArgs,
    goal: &mut Goal,
    interrupted: &AtomicBool,
) -> anyhow::Result<Ended> {
    let mut progress = ProgressLine::new("reading");
    let mut fold = begin(args, [])?;
    let cores = rayon::current_num_threads();
    let cores: Vec<_> = (0..cores).map(|_| Mutex::new(Counting::new(group(args), &fold))).collect();
    let mut rests: Vec<Mutex<Rest>> = Vec::new();
    let failure = loop {
        match run.fetch(ROUND) {
            Ok(pieces) if pieces.is_empty() => break None,
            Ok(pieces) => {
                rests.resize_with(pieces.len().max(rests.len()), Mutex::default);
                let names: Vec<&Names> = run.logs().iter().map(Tail::names).collect();
                let next = AtomicUsize::new(0);
                let shared = &fold;
                rayon::broadcast(|core| {
                    let mut counting = cores[core.index()].lock();
                    while let Some((piece, rest)) = {
                        let index = next.fetch_add(1, Ordering::Relaxed);
                        pieces.get(index).zip(rests.get(index))
                    } {
                        counting.count(shared, names[piece.log().0], piece, &mut rest.lock());
                    }
                });
                for (piece, rest) in pieces.iter().zip(&mut rests) {
                    let (rest, log) = (rest.get_mut(), piece.log());
                    for part in rest.parts.iter() {
                        while let Some(opened) = run.next_opened(log, part.first()) {
                            fold.resume(log, run.logs()[log.0].names(), &opened);
                        }
                        fold.apply_counted(log, run.logs()[log.0].names(), part);
                    }
                    goal.reach(log, rest.parts.entries());
                    rest.damage.take().into_iter().for_each(|damage| run.report(log, damage));
                }
            }
            Err(error) => break Some(error),
        }
        progress.tell(goal.done, goal.all);
        if goal.is_reached() || interrupted.load(Ordering::Relaxed) {
            break None;
        }
    };
    let mut counted = Vec::new();
    for core in cores {
        let Counting { calls, slowest, .. } = core.into_inner();
        counted.push(calls);
        if let Some((all, own)) = fold.report.slowest.as_mut().zip(slowest) {
            all.merge(own);
        }
    }
    fold.calls.add(&counted, |log| run.logs()[log.0].names());
    Ok((fold, failure))
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

/// A fold that knows its window: for that it takes the beginning of the run.
///
/// # Errors
///
/// The beginning is gone, and the window needs it.
pub(super) fn begin<'e>(
    args: &AnalyzeArgs,
    batch: impl IntoIterator<Item = &'e Entry>,
) -> anyhow::Result<Fold> {
    let mut window = Window::default();
    if args.since.is_some() || args.until.is_some() {
        let start = batch.into_iter().find_map(|entry| match &entry.what {
            LogEntry::ProcessStart(start) => Some((entry.time, start)),
            _ => None,
        });
        let Some((at, start)) = start else {
            bail!(
                "the log does not say any more when the run began: --since and --until need that"
            );
        };
        window = Window::new(args.since, args.until, at, start)
            .context("placing --since and --until in the run")?;
    }
    Ok(Fold::new(group(args), args.filter.clone(), window, Folded::new(args)))
}
