//! What a recording can be told, and how it is started.

use crate::log::Durability;
use crate::record::{Session, start_with};
use std::io;
use std::panic::Location;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What a thread does when no chunk is free.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Overflow {
    /// Skip spans, count them, and say so in the log. The program is never slowed.
    #[default]
    Drop,
    /// Wait up to 100 ms for a chunk, then drop.
    Block,
}

/// How to record. A plain struct: set what you want and start it.
///
/// # Examples
///
/// ```no_run
/// let options = ferret::Options { handle_signals: true, ..ferret::Options::new("run.redb") };
/// let _session = options.start()?;
/// # Ok::<(), ferret::StartError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Where the log goes. `FERRET_LOG` in the environment wins over it.
    pub path: PathBuf,
    /// What a thread does when no chunk is free.
    pub overflow: Overflow,
    /// How far a commit reaches.
    pub durability: Durability,
    /// Memory for events on their way into the log, bytes: 128 KiB to 4 GiB, in chunks of 64 KiB.
    /// Touched only as it is needed.
    pub buffer_bytes: usize,
    /// End the log cleanly on SIGTERM, SIGINT and SIGHUP, where the program leaves them at their
    /// default, and then let the signal do what it does. Without this, a signal that kills the
    /// program leaves a log without an end.
    pub handle_signals: bool,
    /// Record values: what is tagged, errors, what a panic said, the names that spans are given as they
    /// begin, the arguments of the command line. Without them a log tells which functions ran, when, and how they ended, and can leave the house:
    /// names of functions, keys and marks are code, and the numbers of
    /// [`counter!`](crate::counter!), [`gauge!`](crate::gauge!) and [`progress`](crate::progress())
    /// stay. The name of the program, of its host, and of threads stay too.
    ///
    /// `FERRET_VALUES=off` in the environment wins over it: that alone also covers a recording that
    /// `FERRET_LOG` began before the program got to say so.
    pub values: bool,
    /// How many runs are kept under their own names, this one included. Those of processes that were killed, of
    /// which nobody has saved what was in memory, are not counted: four times as many are kept of them.
    pub keep_runs: usize,
    /// How many bytes the log may take on the disk, from 1 MiB on; none: any number. What is oldest is
    /// dropped, and readers are told from when on the log goes. Held within a tenth, unless that is
    /// less than what two seconds bring: the newest of a log are always kept, and so is what
    /// tells which spans are open.
    ///
    /// `FERRET_MAX_BYTES` in the environment wins over it: `64MiB`, `500MB`, a number of bytes, or `0`
    /// for any number.
    pub max_bytes: Option<u64>,
    /// How long ago an entry may be before it is dropped; none: any time.
    ///
    /// `FERRET_MAX_AGE` in the environment wins over it: `10m`, `24h`, `7d`, or `0` for any time. Where one of
    /// the two cannot be read, a line on stderr says so, and of a program without a `max_bytes` of its own the log is
    /// kept to 1 GiB.
    pub max_age: Option<Duration>,
    /// How many spans a second are recorded one by one; none: all. Where there are more, calls are still counted and
    /// timed exactly, for each place in the call tree; and of single spans those stay that are rare, slow or failed,
    /// and a share of the others. Reports mark what was only counted. What is open at a commit is recorded in any
    /// case, and so are stages.
    ///
    /// It is the log that is kept small by it: a span costs the program's thread, and the recorder, as much as without.
    ///
    /// `FERRET_MAX_SPANS_PER_SECOND` in the environment wins over it: `10000`, `50k`, `1M`, or `0` for all. Where that
    /// cannot be read, a line on stderr says so, and a program without a limit of its own is kept to 100,000.
    pub max_spans_per_second: Option<u64>,
}

impl Options {
    /// The defaults, with a log at `path`.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            overflow: Overflow::default(),
            durability: Durability::default(),
            buffer_bytes: 16 << 20,
            handle_signals: false,
            values: true,
            keep_runs: 10,
            max_bytes: None,
            max_age: None,
            max_spans_per_second: None,
        }
    }

    /// Starts recording.
    ///
    /// If `FERRET_LOG` has begun a recording already, at a span that ran before (`main` is
    /// annotated, and `ferret run` started the program), this takes it over. Of these options
    /// `handle_signals` and `values` then hold from now on; the others come too late. When the
    /// session is dropped, the recording goes on to the end of the process, so the span that began
    /// it gets its end.
    ///
    /// # Errors
    ///
    /// The program has started a recording already, or the log cannot be created.
    #[track_caller]
    pub fn start(self) -> Result<Session, StartError> {
        start_with(self, Location::caller())
    }
}

/// Starts recording into a log at `path`, or where `FERRET_LOG` says.
///
/// If another process is writing that log, this one writes its own beside it, and readers of
/// `path` see both. If a finished run is there, it is kept under a new name.
///
/// Threads that run already are recorded from their next span on. A recording that `FERRET_LOG` has
/// begun is [taken over](Options::start).
///
/// # Errors
///
/// The program has started a recording already, or the log cannot be created.
///
/// # Examples
///
/// ```no_run
/// #[ferret::profile]
/// fn work() {}
///
/// fn main() -> Result<(), ferret::StartError> {
///     let _session = ferret::start("run.redb")?;
///     work();
///     Ok(())
/// }
/// ```
#[track_caller]
pub fn start(path: impl AsRef<Path>) -> Result<Session, StartError> {
    Options::new(path.as_ref()).start()
}

/// Recording could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// One process writes one log.
    #[error("recording is on already, into {}, started at {at}: drop its session before you start another", path.display())]
    AlreadyStarted {
        /// The log being written.
        path: PathBuf,
        /// Where the program started it.
        at: &'static Location<'static>,
    },
    /// The log cannot be made.
    #[error("creating the log {}", path.display())]
    Create {
        /// Where it was to be.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The system refused memory or a thread.
    #[error("starting the recorder")]
    Recorder(#[source] io::Error),
}
