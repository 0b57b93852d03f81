//! `ferret alert`: rules on logs that are being written, a tick a second until it is stopped. Logs come, and go; a new
//! run takes the name of the last one.

use super::alerts::Alerts;
use super::rules::Rules;
use super::said::Said;
use super::watched::WorkerNow;
use super::worker::worker_now;
use crate::child;
use crate::exit::say;
use crate::fleet::Folded;
use crate::fleet::WallClock;
use crate::salvage::Salvager;
use ferret::event::{LogIndex, LogTime, Offset, ProcessUid};
use ferret::log::{self, LogError, Merged, ReadOptions, Run, Tail};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::{Duration, SystemTime};

/// Logs of one name, or of one folder.
#[derive(Debug)]
struct Named {
    path: PathBuf,
    /// None while there is nothing there.
    run: Option<Run>,
    /// By log.
    workers: Vec<Followed>,
    /// Why it cannot be opened, as far as that was said.
    said: Option<String>,
    /// Problems of the run that were said.
    problems: usize,
}

/// One log.
#[derive(Debug, Default)]
struct Followed {
    folded: Folded,
    /// Entries missed, as far as that was said.
    missed: u64,
}

/// All logs.
#[derive(Debug)]
struct Logs {
    named: Vec<Named>,
    options: ReadOptions,
    salvager: Salvager,
    /// The clock of this boot, and which boot it is.
    clock: WallClock,
    boot: String,
    merged: Merged,
    /// Up to where the calls of each process have been counted: its log may be named twice, or opened anew.
    counted: BTreeMap<ProcessUid, Offset>,
    /// A signal has come.
    stop: Arc<AtomicBool>,
}

/// Between two ticks, ns.
const TICK_NS: u64 = 1_000_000_000;
/// Entries decoded before they are folded.
const AT_ONCE: u64 = 1_000;
/// The longest window, and somewhat more.
const OLD: Duration = Duration::from_hours(25);
/// How long sinks may take when it is stopped.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// Follows the logs until a signal ends it.
///
/// # Errors
///
/// A sink cannot start.
pub(super) fn run(
    rules: Rules,
    paths: &[PathBuf],
    options: ReadOptions,
) -> anyhow::Result<ExitCode> {
    let (stop, is_asked) = listen()?;
    let (count, names) = (rules.rules.len(), rules.sinks.len());
    let mut alerts = Alerts::new(rules)?;
    let mut logs = Logs::new(paths, options, is_asked);
    let plural = |count: usize| if count == 1 { "" } else { "s" };
    let (s, of) = (plural(count), plural(names));
    say(format_args!("{count} rule{s}, {names} sink{of}; Ctrl-C ends it"));
    let mut said = Said::default();
    loop {
        logs.read(&mut alerts);
        let now = log::now();
        let workers = logs.workers(now, &alerts);
        alerts.tick(logs.clock.unix_ns(now), &workers);
        said.say(&alerts.sinks());
        match stop.recv_timeout(until_next_tick(logs.clock, now)) {
            Err(RecvTimeoutError::Timeout) => {}
            Ok(_) | Err(RecvTimeoutError::Disconnected) => break,
        }
    }
    alerts.finish(logs.clock.unix_ns(log::now()));
    said.say(&alerts.stop(LAST_WORDS));
    Ok(ExitCode::SUCCESS)
}

/// Signals that end it: the first as a message, and noted for who reads; the second ends it at once.
fn listen() -> anyhow::Result<(Receiver<i32>, Arc<AtomicBool>)> {
    let (sender, receiver) = sync_channel(1);
    let asked = Arc::new(AtomicBool::new(false));
    let ignored = child::ignored_signals();
    let heeded = |signal: &i32| ignored & (1_u64 << (signal - 1)) == 0;
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP].iter().filter(|it| heeded(it)))?;
    let is_asked = Arc::clone(&asked);
    let pass = move || {
        for signal in signals.forever() {
            // Whoever asks twice does not want to wait.
            if is_asked.swap(true, Ordering::Relaxed) {
                std::process::exit(130);
            }
            // There is room for the first.
            sender.try_send(signal).unwrap_or(());
        }
    };
    std::thread::Builder::new().name("signals".to_owned()).spawn(pass)?;
    Ok((receiver, asked))
}

/// Ticks come at whole seconds of wall time, as those of a replay do, however long each takes.
fn until_next_tick(clock: WallClock, began: LogTime) -> Duration {
    let next_ns = (clock.unix_ns(began) / TICK_NS + 1) * TICK_NS;
    let now_ns = clock.unix_ns(log::now());
    Duration::from_nanos(next_ns.saturating_sub(now_ns).max(1_000_000))
}

impl Logs {
    fn new(paths: &[PathBuf], options: ReadOptions, stop: Arc<AtomicBool>) -> Self {
        let named = |path: &PathBuf| Named {
            path: path.clone(),
            run: None,
            workers: Vec::new(),
            said: None,
            problems: 0,
        };
        #[expect(clippy::disallowed_methods, reason = "ties this boot's clock to wall time, once")]
        let unix = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let unix_ns = u64::try_from(unix.as_nanos()).unwrap_or(u64::MAX);
        // Where it is not to be had, logs say their own wall time.
        let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
        Self {
            named: paths.iter().map(named).collect(),
            options,
            salvager: Salvager::default(),
            clock: WallClock::at(log::now(), unix_ns),
            boot: boot.trim().to_owned(),
            merged: Merged::default(),
            counted: BTreeMap::new(),
            stop,
        }
    }

    /// Takes all that is new.
    fn read(&mut self, alerts: &mut Alerts) {
        let Self { named, options, salvager, clock, boot, merged, counted, stop } = self;
        for one in named {
            if !one.open(*options) {
                continue;
            }
            if let Some(run) = &one.run
                && !options.read_only
            {
                salvager.look(run, *options).iter().for_each(say);
            }
            let this_boot = (boot.as_str(), *clock);
            if let Err(error) = one.read(merged, this_boot, (counted, stop), alerts) {
                let why = format!("{error}; it is opened anew");
                if one.said.as_ref() != Some(&why) {
                    say(&why);
                }
                (one.said, one.run) = (Some(why), None);
                continue;
            }
            if one.run.as_ref().is_some_and(Run::replaced) {
                say(format_args!("a new run began in {}", one.path.display()));
                one.run = None;
                if one.open(*options)
                    && let Err(error) = one.read(merged, this_boot, (counted, stop), alerts)
                {
                    say(error);
                }
            }
        }
    }

    fn workers(&self, now: LogTime, alerts: &Alerts) -> Vec<WorkerNow> {
        let (mut workers, mut seen) = (Vec::new(), BTreeSet::<ProcessUid>::new());
        let wants = alerts.wants();
        for named in &self.named {
            let tails = named.run.iter().flat_map(Run::logs);
            for (tail, followed) in tails.zip(&named.workers) {
                let this_boot = (self.boot.as_str(), self.clock);
                let Some(clock) = clock_of(tail, &followed.folded, this_boot) else { continue };
                let here = clock.log_time(self.clock.unix_ns(now));
                // A log may be named twice, as by its folder and by itself. One that was removed is open still.
                if !tail.info().path.exists() || !seen.insert(tail.info().uid) {
                    continue;
                }
                let owned = ferret::is_alive(tail);
                workers.extend(worker_now(&followed.folded, tail, owned, clock, here, wants));
            }
        }
        workers
    }
}

/// Logs of this boot have its clock; others say their own wall time.
fn clock_of(tail: &Tail, folded: &Folded, (boot, clock): (&str, WallClock)) -> Option<WallClock> {
    if tail.info().boot_id == boot { Some(clock) } else { folded.clock() }
}

/// Of a process that ended before any window began, no rule asks: a folder may have weeks of logs.
fn pass_over_old(run: &mut Run) {
    for index in 0..run.logs().len() {
        let info = run.logs()[index].info();
        // One that cannot be looked at is read.
        let age = info.path.metadata().and_then(|file| file.modified()).map(|at| at.elapsed());
        let is_old = matches!(age, Ok(Ok(age)) if age > OLD);
        if info.is_ended && is_old {
            let end = info.next_offset;
            run.seek(LogIndex(index), end);
        }
    }
}

impl Named {
    /// Opens what is there; says whether anything is.
    fn open(&mut self, options: ReadOptions) -> bool {
        if self.run.is_some() {
            return true;
        }
        let why = match Run::open(std::slice::from_ref(&self.path), &options) {
            Ok(mut run) => {
                pass_over_old(&mut run);
                let (said, problems) = (self.said.take(), 0);
                *self = Self {
                    path: self.path.clone(),
                    run: Some(run),
                    workers: Vec::new(),
                    said,
                    problems,
                };
                return true;
            }
            Err(error @ (LogError::NotFound { .. } | LogError::EmptyFolder { .. })) => {
                format!("waiting for a log: {error}")
            }
            Err(error) => format!("{error}; it is tried again"),
        };
        if self.said.as_ref() != Some(&why) {
            say(&why);
        }
        self.said = Some(why);
        false
    }

    /// Takes what is new in its logs.
    fn read(
        &mut self,
        merged: &mut Merged,
        this_boot: (&str, WallClock),
        (counted, stop): (&mut BTreeMap<ProcessUid, Offset>, &AtomicBool),
        alerts: &mut Alerts,
    ) -> Result<(), LogError> {
        let Some(run) = &mut self.run else { return Ok(()) };
        while !stop.load(Ordering::Relaxed) {
            run.poll_into(AT_ONCE, merged)?;
            self.workers.resize_with(run.logs().len(), Followed::default);
            for (log, part) in merged.iter() {
                let folded = &mut self.workers[log.0].folded;
                while let Some(opened) = run.next_opened(log, part.first()) {
                    folded.resume(run.logs()[log.0].names(), &opened);
                }
                let tail = &run.logs()[log.0];
                folded.apply(tail.names(), part);
                let uid = tail.info().uid;
                let counted = counted.entry(uid).or_insert(Offset(0));
                if part.first() < *counted {
                    continue;
                }
                *counted = part.next();
                if let Some(clock) = clock_of(tail, folded, this_boot) {
                    alerts.see_part(uid, clock, tail.names(), part);
                }
            }
            if merged.entries() < AT_ONCE {
                break;
            }
        }
        for index in (0..run.logs().len()).map(LogIndex) {
            // What a salvager, or its parent, says of its end. One that cannot be read says so when it is.
            run.log_mut(index).map(Tail::refresh).transpose().ok();
        }
        for (tail, followed) in run.logs().iter().zip(&mut self.workers) {
            followed.folded.note(tail);
            let missed = tail.missed();
            if missed > followed.missed {
                let what = crate::reach::missed(missed - followed.missed);
                say(format_args!("{}: {what}", tail.info().path.display()));
            }
            followed.missed = missed;
        }
        for problem in run.problems().iter().skip(self.problems) {
            say(problem);
        }
        self.problems = run.problems().len();
        Ok(())
    }
}
