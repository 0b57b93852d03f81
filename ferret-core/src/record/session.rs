//! The one recording of this process: joins the recorder to a log, and ends both. The only file
//! that knows the two.
//!
//! Ending never depends on the host: `exit` (and so a return from `main`, and a panic of it) runs
//! [`process_exits`], a dropped [`Session`] does the same earlier, and both wait 200 ms at most.

use super::clock::{self, ClockMap};
use super::engine::Engine;
use super::flight::{self, Flight};
use super::heap;
use super::hooks;
use super::identity;
use super::local::Local;
use super::panics;
use super::recorder::{Desk, Recorder, Request, Trouble};
use super::span_cost;
use super::values;
use crate::event::{EndKind, LogTime, ProcessEnd, RunId};
use crate::limits;
use crate::log::{Descriptors, Place, Writer};
use crate::options::{Options, StartError};
use crossbeam_channel::{Receiver, Sender, bounded};
use parking_lot::{Mutex, MutexGuard};
use std::io::{self, Write};
use std::panic::{AssertUnwindSafe, Location, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

/// How long the end of the program may be delayed for the last commit.
const PATIENCE: Duration = Duration::from_nanos(PATIENCE_NS);
const PATIENCE_NS: u64 = 200_000_000;

/// What this process records. Held while a recording starts and ends, so spans only ever try it.
static RECORDING: Mutex<Recording> = Mutex::new(Recording { active: None, options: None });

/// What this process records, and how.
#[derive(Debug)]
pub(super) struct Recording {
    active: Option<Active>,
    /// What a forked child goes on with, when it runs a span.
    options: Option<Options>,
}

/// The recording that is on.
#[derive(Debug)]
struct Active {
    engine: &'static Engine,
    /// Where the program started it; none if that was `FERRET_LOG`, or a parent that forked, and
    /// no session of the program stands for it.
    started_at: Option<&'static Location<'static>>,
    path: PathBuf,
    desk: Desk,
    /// Disconnected when the log is closed.
    finished: Receiver<()>,
    /// The log's, for a forked child to close.
    descriptors: Arc<Descriptors>,
}

/// A recording. Ends it when dropped; a program that keeps it to its end, leaks it, or calls
/// `exit`, ends it just as well.
///
/// Spans that are open when it is dropped, on whichever thread, stay open in the log: that is what
/// the program was doing when its recording ended. A recording that `FERRET_LOG` had begun goes on
/// instead (see [`Options::start`](crate::Options::start)), once what was recorded so far is in the
/// log. If nothing at all was recorded, a line on stderr says so.
#[must_use = "dropping the session ends the recording: keep it, `let _session = …`, not `let _ = …`"]
#[derive(Debug)]
pub struct Session {
    number: u32,
    path: PathBuf,
    /// The recording was there before.
    is_taken_over: bool,
}

impl Session {
    /// The log this session writes.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Waits until everything recorded before this call is in the log, at most for `patience`;
    /// whether it is.
    pub fn flush(&self, patience: Duration) -> bool {
        Local::with(Local::say_heap);
        let _kept_out = heap::keep_out();
        let (done, answer) = bounded(1);
        let desk = match &RECORDING.lock().active {
            Some(active) if active.engine.number == self.number => active.desk.clone(),
            _ => return false,
        };
        let until = clock::now().after(u64::try_from(patience.as_nanos()).unwrap_or(u64::MAX));
        desk.ask(Request::Flush(done), patience) && answer.recv_timeout(left(until)).is_ok()
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let mut recording = RECORDING.lock();
        let Some(active) = &mut recording.active else { return };
        let engine = active.engine;
        if engine.number != self.number {
            return;
        }
        if self.is_taken_over {
            active.started_at = None;
            drop(recording);
            // Not there in time: it will be, unless the process is killed.
            let _is_there: bool = self.flush(PATIENCE);
            return;
        }
        stop(recording.active.take(), EndKind::Closed, clock::now().after(PATIENCE_NS));
        drop(recording);
        if engine.is_unused() {
            say(&format!(
                "nothing is recorded in {}: no span began before its session was dropped, which ends the recording; bind it, `let _session = …`, and keep it",
                self.path.display()
            ));
        }
    }
}

pub(crate) fn start_with(
    options: Options,
    at: &'static Location<'static>,
) -> Result<Session, StartError> {
    let _kept_out = heap::keep_out();
    let mut recording = RECORDING.lock();
    match &mut recording.active {
        None => start_in(&mut recording, options, Some(at)),
        Some(Active { path, started_at: Some(at), .. }) => {
            Err(StartError::AlreadyStarted { path: path.clone(), at })
        }
        Some(active) => {
            active.started_at = Some(at);
            let session = active.session(true);
            recording.heed(&options);
            Ok(session)
        }
    }
}

impl Active {
    fn session(&self, is_taken_over: bool) -> Session {
        Session { number: self.engine.number, path: self.path.clone(), is_taken_over }
    }
}

impl Recording {
    /// Of the options of a program that takes this recording over, heeds what it is not too late
    /// for, here and in forked children.
    fn heed(&mut self, options: &Options) {
        if !options.values {
            values::leave_out();
            if let Some(active) = &self.active {
                active.engine.arena.flight().set_values(false);
            }
        }
        if options.handle_signals {
            hooks::handle_signals();
        }
        if let Some(kept) = &mut self.options {
            kept.values &= options.values;
            kept.handle_signals |= options.handle_signals;
        }
    }
}

/// Starts a recording where there is none; the program at `at`, if it did.
fn start_in(
    recording: &mut Recording,
    mut options: Options,
    at: Option<&'static Location<'static>>,
) -> Result<Session, StartError> {
    let _kept_out = heap::keep_out();
    if let Some(path) = log_from_environment() {
        options.path = path;
    }
    // A forked child may have another working folder. What is no path fails further on.
    if let Ok(path) = std::path::absolute(&options.path) {
        options.path = path;
    }
    values::begin(options.values);
    hooks::install();
    // The threads that are started here inherit that, and never run a handler of the host's, nor
    // are they killed by a signal that the host blocks everywhere to wait for it.
    let signals = hooks::block_signals();
    // What is allocated in here may be profiled.
    let active = Local::unrecorded(|| {
        panics::install();
        begin(&options, at)
    })?;
    drop(signals);
    if options.handle_signals {
        hooks::handle_signals();
    }
    let session = active.session(false);
    *recording = Recording { active: Some(active), options: Some(options) };
    Ok(session)
}

/// Starts the recorder's thread, switches recording on, then makes the log. In this order: where
/// there is no thread to be had, no log begins that says nothing; and other threads' first spans,
/// often their longest, go into chunks while the log is being made.
fn begin(
    options: &Options,
    started_at: Option<&'static Location<'static>>,
) -> Result<Active, StartError> {
    let (mut start, now) = (identity::process_start(), clock::now());
    let flight = Flight::new(&start, options.buffer_bytes).map_err(StartError::Recorder)?;
    flight.set_values(values::values());
    let engine = Engine::new(options.overflow, flight);
    let (hand, take) = bounded::<Recorder<Writer>>(1);
    let (finishing, finished) = bounded(0);
    let life = move || {
        Local::never_record();
        // Nothing comes if the log cannot be made.
        if let Ok(recorder) = take.recv() {
            record(engine, recorder, finishing);
        }
    };
    let recorder = std::thread::Builder::new()
        .name("ferret-recorder".to_owned())
        .spawn(life)
        .map_err(|source| {
            engine.arena.release(false);
            StartError::Recorder(source)
        })?;
    let heeded = limits::of(options);
    for complaint in heeded.complaints {
        say(&complaint);
    }
    let place = Place {
        path: options.path.clone(),
        join: run_from_environment(),
        keep_families: options.keep_runs,
        durability: options.durability,
        limits: heeded.log,
        outlived: !engine.arena.flight().is_unshared(),
        unsaved: flight::logs_left,
    };
    engine.switch_on();
    let clock = ClockMap::calibrate();
    clock.pairs().for_each(|pair| engine.arena.flight().tell_clock(pair));
    start.span_cost = span_cost::measure(&engine.arena);
    let writer = Writer::create(&place, start, now).map_err(|source| {
        engine.switch_off();
        engine.arena.release(false);
        StartError::Create { path: options.path.clone(), source }
    })?;
    engine.arena.flight().belongs_to(writer.path(), writer.identity());
    let (path, descriptors) = (writer.path().to_owned(), writer.descriptors());
    let (desk, inbox) = Desk::of(recorder.thread().clone());
    let recorder_of_it = Recorder::new(engine, clock, writer, inbox, say_trouble);
    let ready = hand.send(recorder_of_it.keeping_to(heeded.spans_per_second));
    ready.map_err(|_gone| StartError::Recorder(io::Error::other("its thread has ended")))?;
    Ok(Active { engine, started_at, path, desk, finished, descriptors })
}

/// The recorder thread's life. `finishing` is dropped when the log is closed.
fn record(engine: &'static Engine, recorder: Recorder<Writer>, finishing: Sender<()>) {
    let recorded = catch_unwind(AssertUnwindSafe(|| {
        let (writer, how) = recorder.run(hooks::caught);
        engine.switch_off();
        engine.arena.flight().ends(how);
        // A failure to write has been said already, and one to close is repaired by the next reader.
        writer.finish(ProcessEnd { how }, clock::now(), PATIENCE).is_ok()
    }));
    let is_salvage_needed = !matches!(recorded, Ok(true));
    if recorded.is_err() {
        engine.switch_off();
        say("recording has ended: the recorder failed, which is a bug in ferret");
    }
    engine.arena.release(is_salvage_needed);
    drop(finishing);
    hooks::leave_signals();
    if let Some(signal) = hooks::caught() {
        hooks::raise_again(signal);
    }
}

/// Called at the first span of a process that has not started anything: `FERRET_LOG` does.
#[cold]
pub(super) fn start_from_environment() {
    // One thread looks, or starts a recording.
    let Some(mut recording) = RECORDING.try_lock() else { return Engine::await_start() };
    if recording.active.is_some() {
        // Another thread was faster.
        return;
    }
    let inherited = recording.options.take();
    let Some(options) = inherited.or_else(|| log_from_environment().map(Options::new)) else {
        return Engine::stay_off();
    };
    match start_in(&mut recording, options, None) {
        // It ends with the process.
        Ok(session) => std::mem::forget(session),
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
    let until = clock::now().after(PATIENCE_NS);
    if let Some(mut recording) = RECORDING.try_lock_for(PATIENCE) {
        stop(recording.active.take(), EndKind::Exited(code), until);
    }
}

/// Ends the recording, and waits for that until `until` at most.
fn stop(active: Option<Active>, how: EndKind, until: LogTime) {
    let Some(active) = active else { return };
    // The last that this thread has to say. Other threads' comes when they change frames.
    Local::with(Local::say_heap);
    let _kept_out = heap::keep_out();
    active.engine.switch_off();
    active.engine.arena.flight().ends(how);
    // Not taken: the recorder has ended by itself, or is stuck.
    let _asked: bool = active.desk.ask(Request::Stop(how), left(until));
    // Nothing is ever sent: disconnection says that the log is closed. After a timeout the log
    // is left to be repaired by its next reader.
    let _closed: bool =
        active.finished.recv_timeout(left(until)).is_err_and(|why| !why.is_timeout());
}

fn left(until: LogTime) -> Duration {
    Duration::from_nanos(until.since(clock::now()))
}

/// Lines about what happens to the log: whoever removes it every hour knows by then.
const MAX_NEWS: u32 = 5;

/// Says on stderr that recording cannot go on, and that it can again: once each, however often a
/// disk fills up and empties. And what else happens to the log.
fn say_trouble(trouble: Trouble<'_>) {
    static SAID: AtomicBool = AtomicBool::new(false);
    static SAID_OVER: AtomicBool = AtomicBool::new(false);
    static NEWS: AtomicU32 = AtomicU32::new(0);
    match trouble {
        Trouble::Fails(error) if !SAID.swap(true, Ordering::Relaxed) => say(&format!(
            "the log cannot be written: {error}; the program goes on, and what memory cannot hold meanwhile is counted as dropped"
        )),
        Trouble::IsOver if !SAID_OVER.swap(true, Ordering::Relaxed) => {
            say("the log can be written again");
        }
        Trouble::News(news) if NEWS.fetch_add(1, Ordering::Relaxed) < MAX_NEWS => say(news),
        Trouble::Fails(_) | Trouble::IsOver | Trouble::News(_) => {}
    }
}

/// The one line the design allows.
fn say(what: &str) {
    // `eprintln!` would panic in the host whose stderr is a pipe that nobody reads any more.
    let _said: bool = io::stderr().write_all(format!("ferret: {what}\n").as_bytes()).is_ok();
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

/// Keeps other threads from holding this file's lock across a fork, while the answer lives.
pub(super) fn lock_for_fork() -> MutexGuard<'static, Recording> {
    RECORDING.lock()
}

/// In a forked child: the recording is the parent's. The child's next span starts its own.
pub(super) fn forget_in_child() {
    let Some(active) = RECORDING.try_lock().and_then(|mut recording| recording.active.take())
    else {
        return;
    };
    hooks::close(active.descriptors.take());
    hooks::forget_signals();
    active.engine.forget_in_child();
    // Its channels are the parent's, and may be locked.
    std::mem::forget(active);
}
