//! `ferret alert`: rules on logs that are being written, until a signal ends it. A fleet follows the logs; here it is set
//! up, and what is wrong is said.

use super::alerts::Alerts;
use super::rules::Rules;
use super::watching::Watching;
use crate::child;
use crate::exit::say;
use crate::fleet::{Fleet, Keep, Settings, Shared, Store, Troubles};
use crate::reach;
use ferret::event::ProcessUid;
use ferret::log::LogError;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use std::collections::BTreeMap;
use std::path::{PathBuf, absolute};
use std::process::ExitCode;
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::Duration;

/// The longest window, and somewhat more, ns: what was over before, no rule asks for.
const LOOKS_BACK_NS: u64 = 25 * 3_600 * 1_000_000_000;
/// A tick for every second, ns.
const ROUND_NS: u64 = 1_000_000_000;
/// Between two looks at what is wrong.
const LOOK: Duration = Duration::from_millis(200);
/// How long sinks may take when it is stopped.
const LAST_WORDS: Duration = Duration::from_secs(5);
/// Nothing is put into the store.
const KEEP: Keep = Keep { ten_seconds: 0, five_minutes: 0, hour: 0 };

/// Follows the logs until a signal ends it.
///
/// # Errors
///
/// A sink cannot start, or a fault of ours ends it.
pub(super) fn run(rules: Rules, paths: &[PathBuf], read_only: bool) -> anyhow::Result<ExitCode> {
    let stop = listen()?;
    let (count, names) = (rules.rules.len(), rules.sinks.len());
    let watching = Watching::new(Alerts::new(rules)?);
    let plural = |count: usize| if count == 1 { "" } else { "s" };
    let (s, of) = (plural(count), plural(names));
    say(format_args!("{count} rule{s}, {names} sink{of}; Ctrl-C ends it"));
    let settings = Settings {
        round_ns: ROUND_NS,
        read_only,
        says_repairs: true,
        looks_back_ns: Some(LOOKS_BACK_NS),
        ..Settings::default()
    };
    let (store, see) = (Store::in_memory(KEEP)?, Box::new(watching.clone()));
    let fleet = Fleet::follow(paths.to_vec(), store, settings, Some(see))?;
    let mut wrong = Wrong::default();
    let mut has_failed = false;
    while !has_failed && stop.recv_timeout(LOOK) == Err(RecvTimeoutError::Timeout) {
        has_failed = wrong.say(&fleet.shared);
    }
    drop(fleet);
    watching.stop(LAST_WORDS);
    anyhow::ensure!(
        !has_failed,
        "a fault of ferret's own: start it anew, and tell us what is above"
    );
    Ok(ExitCode::SUCCESS)
}

/// Signals that end it: the first as a message; the second ends it at once.
fn listen() -> anyhow::Result<Receiver<i32>> {
    let (sender, receiver) = sync_channel(1);
    let ignored = child::ignored_signals();
    let heeded = |signal: &i32| ignored & (1_u64 << (signal - 1)) == 0;
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP].iter().filter(|it| heeded(it)))?;
    let pass = move || {
        let mut is_asked = false;
        for signal in signals.forever() {
            // Whoever asks twice does not want to wait.
            if std::mem::replace(&mut is_asked, true) {
                std::process::exit(130);
            }
            // There is room for the first.
            sender.try_send(signal).unwrap_or(());
        }
    };
    std::thread::Builder::new().name("signals".to_owned()).spawn(pass)?;
    Ok(receiver)
}

/// What is wrong with the logs, as far as that was said.
#[derive(Debug, Default)]
struct Wrong {
    /// Why a log is not read, or what is to be read is not there.
    logs: BTreeMap<PathBuf, String>,
    /// Entries of each process that were missed.
    missed: BTreeMap<ProcessUid, u64>,
    /// Whose log had each name that is to be read.
    runs: BTreeMap<PathBuf, ProcessUid>,
}

impl Wrong {
    /// Says what is new. Gives whether nothing is read any more.
    fn say(&mut self, shared: &Shared) -> bool {
        let troubles = shared.troubles.lock().clone();
        let has_failed = troubles.has_failed;
        let now = why_unread(troubles);
        // What comes back is not said once more, as long as its file is there.
        let is_there = |path: &PathBuf| path.exists() || shared.wanted.contains(path);
        self.logs.retain(|path, _| now.contains_key(path) || is_there(path));
        for (path, why) in now {
            if self.logs.get(&path) != Some(&why) {
                say(&why);
                self.logs.insert(path, why);
            }
        }
        self.new_runs(shared).iter().chain(&self.missed_entries(shared)).for_each(say);
        has_failed
    }

    fn new_runs(&mut self, shared: &Shared) -> Vec<String> {
        let workers = shared.workers.lock();
        let mut news = Vec::new();
        for wanted in &shared.wanted {
            // One that cannot be resolved has been said to be missing.
            let Ok(path) = absolute(wanted) else { continue };
            let named = workers.values().filter(|worker| worker.kept.log == path);
            let Some(newest) = named.max_by_key(|worker| worker.kept.started_ms) else { continue };
            let uid = newest.kept.uid;
            if self.runs.insert(path, uid).is_some_and(|before| before != uid) {
                news.push(format!("a new run began in {}", wanted.display()));
            }
        }
        news
    }

    fn missed_entries(&mut self, shared: &Shared) -> Vec<String> {
        let workers = shared.workers.lock();
        self.missed.retain(|uid, _| workers.contains_key(uid));
        let mut news = Vec::new();
        for tail in workers.values().filter_map(|worker| worker.tail()) {
            let missed = tail.missed();
            let said = self.missed.entry(tail.info().uid).or_default();
            if missed > *said {
                let what = reach::missed(missed - *said);
                news.push(format!("{}: {what}", tail.info().path.display()));
            }
            *said = missed;
        }
        news
    }
}

/// Why something is not read, by its path.
fn why_unread(troubles: Troubles) -> BTreeMap<PathBuf, String> {
    let Troubles { logs, missing, empty, .. } = troubles;
    let missing = missing.into_iter();
    let missing = missing.map(|path| (path.clone(), LogError::NotFound { path }.to_string()));
    let waits = |(path, why)| (path, format!("waiting for a log: {why}"));
    let broken = logs.into_iter().map(|(path, why)| {
        let name = path.display().to_string();
        let name = if why.contains(&name) { String::new() } else { format!("{name}: ") };
        (path, format!("{name}{why}; it is tried again"))
    });
    broken.chain(missing.chain(empty).map(waits)).collect()
}
