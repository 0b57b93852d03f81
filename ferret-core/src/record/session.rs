//! The one recording of this process: joins the recorder to a log, and ends both. The only file
//! that knows the two.
//!
//! Ending never depends on the host: `exit` (and so a return from `main`, and a panic of it) runs
//! [`process_exits`], a dropped [`Session`] does the same earlier, and both wait 200 ms at most.

use super::clock;
use super::engine::Engine;
use super::hooks;
use super::identity;
use super::recorder::{Recorder, Request};
use crate::event::{EndKind, ProcessEnd, RunId};
use crate::log::{Place, Writer};
use crate::options::{Options, StartError};
use crossbeam_channel::{Receiver, Sender, bounded};
use parking_lot::{Mutex, MutexGuard};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::time::Duration;

/// How long the end of the program may be delayed for the last commit.
const PATIENCE: Duration = Duration::from_millis(200);

static ACTIVE: Mutex<Option<Active>> = Mutex::new(None);

/// What a forked child goes on with, when it runs a span.
static INHERITED: Mutex<Option<Options>> = Mutex::new(None);

/// The log's descriptors, for a forked child to close.
static DESCRIPTORS: [AtomicI32; 4] = [const { AtomicI32::new(-1) }; 4];

/// The recording that is on.
#[derive(Debug)]
pub(super) struct Active {
    number: u32,
    path: PathBuf,
    requests: Sender<Request>,
    /// Disconnected when the log is closed.
    finished: Receiver<()>,
}

/// A recording. Ends it when dropped; a program that keeps it to its end, leaks it, or calls
/// `exit`, ends it just as well.
#[must_use = "dropping the session ends the recording: keep it, `let _session = …`"]
#[derive(Debug)]
pub struct Session {
    number: u32,
    path: PathBuf,
}

impl Session {
    /// The log this session writes.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Waits until everything recorded before this call is in the log, at most for `patience`;
    /// whether it is.
    pub fn flush(&self, patience: Duration) -> bool {
        let (done, answer) = bounded(1);
        let requests = match &*ACTIVE.lock() {
            Some(active) if active.number == self.number => active.requests.clone(),
            _ => return false,
        };
        requests.send(Request::Flush(done)).is_ok() && answer.recv_timeout(patience).is_ok()
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let mut active = ACTIVE.lock();
        if active.as_ref().is_some_and(|active| active.number == self.number) {
            stop(active.take(), EndKind::Closed);
        }
    }
}

pub(crate) fn start_with(mut options: Options) -> Result<Session, StartError> {
    if let Some(path) = log_from_environment() {
        options.path = path;
    }
    let mut active = ACTIVE.lock();
    if let Some(active) = &*active {
        return Err(StartError::AlreadyStarted { path: active.path.clone() });
    }
    hooks::install();
    let place = Place {
        path: options.path.clone(),
        join: run_from_environment(),
        keep_families: options.keep_runs,
        durability: options.durability,
    };
    let create = |source| StartError::Create { path: options.path.clone(), source };
    let writer = Writer::create(&place, identity::process_start(), clock::now()).map_err(create)?;
    let path = writer.path().to_owned();
    for (slot, descriptor) in DESCRIPTORS.iter().zip(writer.descriptors()) {
        slot.store(descriptor, Ordering::Relaxed);
    }
    let engine =
        Engine::new(options.overflow, options.buffer_bytes).map_err(StartError::Recorder)?;
    if options.handle_signals {
        hooks::handle_signals();
    }
    let (requests, inbox) = bounded(16);
    let (finishing, finished) = bounded(0);
    let recorder = Recorder::new(engine, writer, inbox, say_trouble);
    std::thread::Builder::new()
        .name("ferret-recorder".to_owned())
        .spawn(move || record(recorder, finishing))
        .map_err(StartError::Recorder)?;
    *INHERITED.lock() = Some(options);
    *active = Some(Active { number: engine.number, path: path.clone(), requests, finished });
    engine.switch_on();
    Ok(Session { number: engine.number, path })
}

/// The recorder thread's life. `finishing` is dropped when the log is closed.
fn record(recorder: Recorder<Writer>, finishing: Sender<()>) {
    hooks::block_signals();
    let (writer, how) = recorder.run(hooks::caught);
    // A failure to write has been said already, and one to close is repaired by the next reader.
    let _ended: bool = writer.finish(ProcessEnd { how }, clock::now(), PATIENCE).is_ok();
    for descriptor in &DESCRIPTORS {
        descriptor.store(-1, Ordering::Relaxed);
    }
    drop(finishing);
    if let Some(signal) = hooks::caught() {
        hooks::raise_again(signal);
    }
}

/// Called at the first span of a process that has not started anything: `FERRET_LOG` does.
#[cold]
pub(super) fn start_from_environment() {
    // One thread looks; the others go on unrecorded meanwhile, rather than wait.
    let Some(mut inherited) = INHERITED.try_lock() else { return };
    let options = log_from_environment().map(Options::new).or_else(|| inherited.take());
    drop(inherited);
    let Some(options) = options else { return Engine::stay_off() };
    match start_with(options) {
        // It ends with the process.
        Ok(session) => std::mem::forget(session),
        // Another thread was faster.
        Err(StartError::AlreadyStarted { .. }) => {}
        Err(error) => {
            say(&format!("not recording: {}", with_causes(&error)));
            Engine::stay_off();
        }
    }
}

fn log_from_environment() -> Option<PathBuf> {
    std::env::var_os("FERRET_LOG").filter(|path| !path.is_empty()).map(PathBuf::from)
}

/// The token `ferret run` gives to everything below it.
fn run_from_environment() -> Option<RunId> {
    u32::from_str_radix(&std::env::var("FERRET_RUN").ok()?, 16).ok().map(RunId)
}

/// The program is about to be gone; other threads still run, and this one's thread-locals are
/// destroyed. Statics and timed locks only.
pub(super) fn process_exits(code: Option<i32>) {
    if let Some(mut active) = ACTIVE.try_lock_for(PATIENCE) {
        stop(active.take(), EndKind::Exited(code));
    }
}

fn stop(active: Option<Active>, how: EndKind) {
    let Some(active) = active else { return };
    Engine::switch_off();
    // Full or disconnected: the recorder is ending by itself, and is waited for all the same.
    let _asked: bool = active.requests.try_send(Request::Stop(how)).is_ok();
    // Nothing is ever sent: disconnection says that the log is closed. After a timeout the log
    // is left to be repaired by its next reader.
    let _closed: bool = active.finished.recv_timeout(PATIENCE).is_err_and(|why| !why.is_timeout());
}

/// Says on stderr that recording cannot go on, and that it can again: once each, however often a
/// disk fills up and empties.
fn say_trouble(error: Option<&io::Error>) {
    static SAID: AtomicBool = AtomicBool::new(false);
    static SAID_OVER: AtomicBool = AtomicBool::new(false);
    match error {
        Some(error) if !SAID.swap(true, Ordering::Relaxed) => say(&format!(
            "the log cannot be written: {error}; the program goes on, and what memory cannot hold meanwhile is counted as dropped"
        )),
        None if !SAID_OVER.swap(true, Ordering::Relaxed) => say("the log can be written again"),
        Some(_) | None => {}
    }
}

#[expect(clippy::print_stderr, reason = "the one line the design allows")]
fn say(what: &str) {
    eprintln!("ferret: {what}");
}

fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

/// The locks of this file, held.
pub(super) type Locks = (MutexGuard<'static, Option<Active>>, MutexGuard<'static, Option<Options>>);

/// Keeps other threads from holding this file's locks across a fork, while the answer lives.
pub(super) fn lock_for_fork() -> Locks {
    (ACTIVE.lock(), INHERITED.lock())
}

/// In a forked child: the recording is the parent's. The child's next span starts its own.
pub(super) fn forget_in_child() {
    let recording = ACTIVE.try_lock().is_some_and(|mut active| {
        let was_on = active.is_some();
        std::mem::forget(active.take());
        was_on
    });
    if recording {
        hooks::close(&DESCRIPTORS);
        Engine::forget_in_child();
    }
}
