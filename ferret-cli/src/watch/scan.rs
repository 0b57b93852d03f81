//! Reads a run from its beginning beside the screen, for something that the screen's own reading does
//! not keep: of one function, or of what passes a filter. Nobody waits for it: it is given up when it
//! is let go.

use super::reading;
use ferret::event::{Entry, LogIndex, LogTime, Names, Opened};
use ferret::log::{self, LogError, ReadOptions, Run};
use parking_lot::Mutex;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, Builder, JoinHandle};
use std::time::Duration;

/// Entries between two looks at whether it is still wanted.
const BATCH: usize = 5_000;
/// What was found is told so often, ns.
const TELL_NS: u64 = 200_000_000;
/// At the end of the log it looks for more so often.
const LOOK: Duration = Duration::from_millis(200);

/// What is made of the entries.
pub(super) trait Study: Send + 'static {
    /// What it comes to.
    type Found: Send + Sync + 'static;

    /// Whether it goes on with what is written after it has come to the end.
    const FOLLOWS: bool;

    /// Takes the next entry of `log`.
    fn apply(&mut self, log: LogIndex, names: &Names, entry: &Entry);

    /// Goes on behind entries that were missed.
    fn resume(&mut self, log: LogIndex, names: &Names, opened: &Opened);

    /// What it comes to so far: so many entries have been applied, of so many.
    fn found(&mut self, run: &Run, entries: (u64, u64)) -> Self::Found;
}

/// A reading that goes on.
#[derive(Debug)]
pub(super) struct Scan<F> {
    state: Arc<Mutex<State<F>>>,
    given_up: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

#[derive(Debug)]
struct State<F> {
    found: Option<Arc<F>>,
    /// How much of the run is read, 0 to 1.
    share: f64,
    error: Option<LogError>,
}

impl<F: Send + Sync + 'static> Scan<F> {
    /// Begins to read.
    ///
    /// # Errors
    ///
    /// The system refuses a thread.
    pub(super) fn start<S: Study<Found = F>>(
        (paths, options): (Vec<PathBuf>, ReadOptions),
        study: S,
    ) -> io::Result<Self> {
        let state = Arc::new(Mutex::new(State { found: None, share: 0.0, error: None }));
        let given_up = Arc::new(AtomicBool::new(false));
        let (to_fill, stop) = (Arc::clone(&state), Arc::clone(&given_up));
        let thread = Builder::new().name("ferret-scan".to_owned()).spawn(move || {
            if let Err(error) = read(&paths, options, study, &to_fill, &stop) {
                to_fill.lock().error = Some(error);
            }
        })?;
        Ok(Self { state, given_up, thread })
    }

    /// What was found so far.
    pub(super) fn found(&self) -> Option<Arc<F>> {
        self.state.lock().found.clone()
    }

    /// How much of the run is read, 0 to 1.
    pub(super) fn share(&self) -> f64 {
        self.state.lock().share
    }

    /// Whether it has come to its end, one way or the other.
    pub(super) fn is_over(&self) -> bool {
        self.thread.is_finished()
    }

    /// Why it ended before the run did.
    pub(super) fn failed(&self) -> Option<String> {
        let error = self.state.lock().error.take();
        // A panic it has told itself.
        error.map(|error| error.to_string())
    }
}

impl<F> Drop for Scan<F> {
    fn drop(&mut self) {
        self.given_up.store(true, Ordering::Relaxed);
        self.thread.thread().unpark();
    }
}

fn read<S: Study>(
    paths: &[PathBuf],
    options: ReadOptions,
    mut study: S,
    state: &Mutex<State<S::Found>>,
    given_up: &AtomicBool,
) -> Result<(), LogError> {
    let mut run = Run::open(paths, &options)?;
    let (mut read, mut told) = (0, LogTime::default());
    let mut is_new = true;
    while !given_up.load(Ordering::Relaxed) {
        let entries = run.poll(BATCH)?;
        for (log, entry) in &entries {
            while let Some(opened) = run.next_opened(*log, entry.offset) {
                study.resume(*log, run.logs()[log.0].names(), &opened);
            }
            study.apply(*log, run.logs()[log.0].names(), entry);
        }
        read += entries.len() as u64;
        is_new |= !entries.is_empty();
        let is_end = entries.len() < BATCH;
        let now = log::now();
        let is_due = now.since(told) >= TELL_NS;
        if is_end && !S::FOLLOWS || is_new && (is_end || is_due) {
            // What is damaged is never read.
            let entries = if is_end { read } else { reading::entries(&run).max(read) };
            // What a study that does not follow comes to is asked for once.
            let is_asked = is_end || S::FOLLOWS;
            let found = is_asked.then(|| Arc::new(study.found(&run, (read, entries))));
            let mut state = state.lock();
            state.share = share(read, entries);
            state.found = found.or(state.found.take());
            (told, is_new) = (log::now(), false);
        }
        if is_end && !S::FOLLOWS {
            break;
        }
        if is_end {
            thread::park_timeout(LOOK);
        }
    }
    Ok(())
}

/// How much of so many entries is read, 0 to 1.
#[expect(clippy::cast_precision_loss, reason = "a share, for display")]
pub(super) fn share(read: u64, entries: u64) -> f64 {
    if entries == 0 { 1.0 } else { read as f64 / entries as f64 }
}
