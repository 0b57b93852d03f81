//! The recorder: the background thread that drains chunks into the sink and commits. It opens no
//! span; its thread is kept out of recordings all the same, for what it allocates may be profiled.

mod moving;

use super::budget::Budget;
use super::clock::{self, ClockMap, ClockPair};
use super::drain::{Drain, Limit, Look, Pace};
use super::engine::Engine;
use super::fold::Fold;
use super::heap;
use super::raw::Slot;
use super::sampler::{self, Sampler};
use crate::event::{CallsiteId, Commit, EndKind, LogEntry, LogTime, Sink};
use crossbeam_channel::{Receiver, Sender, TryRecvError, bounded};
use std::io;
use std::thread::{self, Thread};
use std::time::Duration;

/// How often threads are looked at: of what that costs at 10,000 spans/s nine tenths are the commits ...
const TICK: Duration = Duration::from_millis(25);
/// ... and how often while they fill chunks. The recorder looks, and is not told: waking it would
/// be a system call in the program's own thread, 10 to 50 µs on a virtual machine.
const BUSY_TICK: Duration = Duration::from_millis(1);
/// ... and how often after [`IDLE_LOOKS`] that found nothing, half a second. Most of what the recorder of
/// an idle program costs is to wake up.
const IDLE_TICK: Duration = Duration::from_millis(40);
const IDLE_LOOKS: u32 = 20;
/// A METRIC at least this often, ns.
const SAMPLE_NS: u64 = 1_000_000_000;
/// METRICs for stages come no closer than this, ns.
const STAGE_SAMPLE_NS: u64 = 10_000_000;
/// The next commit comes no sooner than this many times the CPU time of the last one: 5 % of a core ...
const REST: u64 = 20;
/// ... and than this many times what it took: half of a disk's time. On a machine that has no time for
/// the recorder a commit takes long and costs as little as ever, and readers wait for the next ...
const WAIT: u64 = 2;
/// ... within these bounds, ns.
const SHORTEST_REST_NS: u64 = 25_000_000;
const LONGEST_REST_NS: u64 = 500_000_000;
/// With a batch this large the recorder stops draining: then threads run out of chunks, and say
/// in the log what they had to drop.
const MAX_PENDING_BYTES: usize = 32 << 20;
/// Of more flushes than this, the oldest are told that it has not come to pass.
const MAX_FLUSHES: usize = 64;
/// What a look reads where it cannot be committed.
const MOST: Limit = Limit { bytes: MAX_PENDING_BYTES, chunks: usize::MAX };
/// A batch this large is committed at once ...
const LARGE_BATCH_BYTES: usize = 2 << 20;
/// ... and one that holds this part of all chunks, a quarter, if fewer are free. A commit takes a millisecond
/// or two, in which half of that is read.
const SHARE_OF_CHUNKS: usize = 4;

/// Said once, where it is so.
const UNSHARED: &str = "there is no room in /dev/shm: should the program be killed, what it did since the last \
                        commit, some 25 ms before, is not in the log";

/// What the session asks of the recorder.
#[derive(Debug)]
pub(super) enum Request {
    /// Write everything published so far; answer when it is in the log.
    Flush(Sender<()>),
    /// End the log.
    Stop(EndKind),
}

/// The way to ask the recorder.
#[derive(Clone, Debug)]
pub(super) struct Desk {
    requests: Sender<Request>,
    recorder: Thread,
}

impl Desk {
    /// That of the recorder on this thread; and what is asked there.
    pub(super) fn of(recorder: Thread) -> (Self, Receiver<Request>) {
        let (requests, inbox) = bounded(16);
        (Self { requests, recorder }, inbox)
    }

    /// Whether the request was handed over in time.
    pub(super) fn ask(&self, request: Request, patience: Duration) -> bool {
        let asked = self.requests.send_timeout(request, patience).is_ok();
        self.recorder.unpark();
        asked
    }
}

/// What becomes of the log, for the user to be told.
#[derive(Clone, Copy, Debug)]
pub(super) enum Trouble<'a> {
    /// It cannot be written.
    Fails(&'a io::Error),
    /// It can be written again.
    IsOver,
    /// Something has happened to it, and recording goes on.
    News(&'a str),
}

/// The recorder, on its own thread.
#[derive(Debug)]
pub(super) struct Recorder<S> {
    engine: &'static Engine,
    fold: Fold<S>,
    drain: Drain<'static>,
    sampler: Sampler,
    heap: heap::Samples,
    requests: Receiver<Request>,
    /// ENDs that came past the chunks before the look that is under way.
    late: Vec<[Slot; 2]>,
    next_sample: LogTime,
    last_sample: LogTime,
    next_commit: LogTime,
    /// Looks that found nothing, since the last that found something.
    idle_looks: u32,
    /// Told when the log cannot be written, when it can again, and what else happens to it.
    on_trouble: fn(Trouble<'_>),
    in_trouble: bool,
    /// Another log is about to take the place of the first.
    is_moving: bool,
    /// It has been said that a crash would lose the last moments.
    said_unshared: bool,
}

impl<S: Sink> Recorder<S> {
    pub(super) fn new(
        engine: &'static Engine,
        clock: ClockMap,
        sink: S,
        requests: Receiver<Request>,
        on_trouble: fn(Trouble<'_>),
    ) -> Self {
        Self {
            engine,
            fold: Fold::new(sink, clock),
            drain: Drain::new(engine),
            sampler: Sampler::new(),
            heap: heap::Samples::default(),
            requests,
            late: Vec::new(),
            next_sample: LogTime::default(),
            last_sample: LogTime::default(),
            next_commit: LogTime::default(),
            idle_looks: 0,
            on_trouble,
            in_trouble: false,
            is_moving: false,
            said_unshared: false,
        }
    }

    /// Writes so many spans a second at most, one by one; none: any number.
    pub(super) fn keeping_to(mut self, spans_per_second: Option<u64>) -> Self {
        self.fold.budget = Budget::new(spans_per_second);
        self
    }

    /// Runs until asked to stop, or until `interrupted` gives a signal; gives the sink back, with
    /// everything given to it, for the caller to end as told.
    pub(super) fn run(mut self, interrupted: impl Fn() -> Option<i32>) -> (S, EndKind) {
        let mut flushes: Vec<Sender<()>> = Vec::new();
        let mut pause = TICK;
        let how = loop {
            if let Some(signal) = interrupted() {
                break EndKind::Signal(signal);
            }
            match self.wait(pause) {
                Err(TryRecvError::Empty) => {
                    let pace = self.tick(false);
                    pause = self.pause(pace);
                }
                Ok(Request::Flush(done)) => {
                    // While the log is in trouble none is answered, and they give up unseen.
                    if flushes.len() == MAX_FLUSHES {
                        flushes.remove(0);
                    }
                    flushes.push(done);
                    self.tick(true);
                }
                Ok(Request::Stop(how)) => break how,
                // The session is gone without a word: it cannot be asked for more.
                Err(TryRecvError::Disconnected) => break EndKind::Closed,
            }
            if !self.in_trouble && self.drain.begins() && self.fold.sink.is_empty() {
                for done in flushes.drain(..) {
                    // A flush nobody waits for any more needs no answer.
                    let _waited: bool = done.try_send(()).is_ok();
                }
            }
        };
        // After a signal nobody else has: threads that go on would keep this from coming to an end.
        self.engine.switch_off();
        let now = self.read_clock();
        // With the log in trouble there may be no room for all there is.
        while self.drain(now) == Pace::Busy && self.has_room() {}
        self.drain.say_counted(&mut self.fold, now);
        self.drop_spans(now, self.drain.unsaid());
        self.report_what_came_past_chunks(now);
        self.sample_heap(now);
        self.sample(now);
        (self.fold.sink, how)
    }

    /// How long until the next look, after one that found so much.
    fn pause(&mut self, pace: Pace) -> Duration {
        self.idle_looks = if pace == Pace::Idle { self.idle_looks.saturating_add(1) } else { 0 };
        match pace {
            Pace::Busy => BUSY_TICK,
            Pace::Idle if self.idle_looks > IDLE_LOOKS => IDLE_TICK,
            Pace::Idle | Pace::Calm => TICK,
        }
    }

    /// The next request, waited for. The channel's own wait looks many times before it sleeps: half of what
    /// a tick of an idle program costs.
    fn wait(&self, pause: Duration) -> Result<Request, TryRecvError> {
        let request = self.requests.try_recv();
        if !request.as_ref().is_err_and(TryRecvError::is_empty) {
            return request;
        }
        thread::park_timeout(pause);
        self.requests.try_recv()
    }

    /// Looks at every thread, and commits if that is due.
    fn tick(&mut self, at_once: bool) -> Pace {
        let now = self.read_clock();
        if at_once && !self.has_room() {
            self.commit(now);
        }
        let pace = if self.has_room() { self.drain(now) } else { Pace::Calm };
        self.report_what_came_past_chunks(now);
        self.sample_if_due(now);
        if at_once || now >= self.next_commit || self.must_commit() {
            self.commit(now);
        }
        pace
    }

    fn has_room(&self) -> bool {
        self.fold.sink.pending_bytes() < MAX_PENDING_BYTES
    }

    fn must_commit(&self) -> bool {
        !self.in_trouble
            && (self.drain.runs_short() || self.fold.sink.pending_bytes() >= LARGE_BATCH_BYTES)
    }

    fn read_clock(&mut self) -> LogTime {
        let pair = ClockPair::read();
        let jump = self.fold.clock.add(pair);
        if self.fold.clock.pairs().next_back() == Some(pair) {
            self.engine.arena.flight().tell_clock(pair);
        }
        if let Some(jump_ns) = jump {
            self.put(pair.time, &LogEntry::Clock { jump_ns });
        }
        pair.time
    }

    /// An entry of the process as a whole.
    fn put(&mut self, time: LogTime, entry: &LogEntry) {
        self.fold.put_own(time, entry);
    }

    /// Looks at every thread, and at the ENDs of async spans that came past the chunks. What is enough for a
    /// commit is committed in between: a look at a program that never pauses is long.
    fn drain(&mut self, now: LogTime) -> Pace {
        if self.drain.begins() {
            // Those that are there before anything is read: then their STARTs are read too.
            self.late.extend(self.engine.late_ends());
        }
        let mut limit = self.limit();
        loop {
            match self.drain.look(&mut self.fold, now, limit) {
                Look::Whole(pace) => {
                    self.end_late();
                    return pace;
                }
                Look::Part => {
                    self.commit(clock::now());
                    if !self.has_room() {
                        // It goes on when there is room again.
                        return Pace::Busy;
                    }
                    limit = self.limit();
                }
            }
        }
    }

    /// How much to read before the next commit: where it cannot be committed, what there is room for.
    fn limit(&self) -> Limit {
        let chunks = self.engine.arena.large() / SHARE_OF_CHUNKS;
        let limit = Limit { bytes: LARGE_BATCH_BYTES, chunks };
        if self.in_trouble || self.drain.is_enough(&self.fold, limit) { MOST } else { limit }
    }

    fn end_late(&mut self) {
        for event in std::mem::take(&mut self.late) {
            self.fold.late_end(&event);
        }
    }

    /// Spans that were lost, and counters.
    fn report_what_came_past_chunks(&mut self, now: LogTime) {
        if let Some(late) = self.engine.late_numbers() {
            for entry in self.fold.late_numbers(late) {
                self.put(now, &entry);
            }
        }
        let lost = self.engine.take_lost_numbers();
        if lost > 0 {
            let entry = self.fold.lost_numbers(lost);
            self.put(now, &entry);
        }
        self.drop_spans(now, self.engine.take_orphans());
    }

    /// Says that spans were lost that no thread will tell of.
    fn drop_spans(&mut self, now: LogTime, spans: u64) {
        if spans > 0 {
            self.put(now, &LogEntry::Dropped { spans, busy_ns: 0, top: None, path: None });
        }
    }

    fn sample_if_due(&mut self, now: LogTime) {
        let stage = self.fold.take_stage_changed();
        let soon = now.since(self.last_sample) < STAGE_SAMPLE_NS;
        if now >= self.next_sample || (stage && !soon) {
            self.sample(now);
        }
    }

    fn sample(&mut self, now: LogTime) {
        let sample = self.sampler.sample(now, self.fold.open());
        self.put(now, &LogEntry::Metric(Box::new(sample)));
        self.last_sample = now;
        if now >= self.next_sample {
            // A second after it was due, or ticks would add up; unless that is over, too.
            let next = self.next_sample.after(SAMPLE_NS);
            self.next_sample = if next > now { next } else { now.after(SAMPLE_NS) };
            self.sample_heap(now);
            self.engine.arena.flight().set_oom_kills(sampler::oom_kills());
            self.say_if_unshared();
            heap::ask();
        }
    }

    /// Says what has changed of what lives on the heap.
    fn sample_heap(&mut self, now: LogTime) {
        for (callsite, entry) in self.heap.changed() {
            if callsite != CallsiteId::PROCESS {
                self.fold.tell_callsite(callsite);
            }
            self.put(now, &entry);
        }
    }

    fn commit(&mut self, now: LogTime) {
        let written = self.drain.say_counted(&mut self.fold, now);
        if self.fold.sink.is_empty() {
            return;
        }
        self.drain.tell_how_to_go_on(&mut self.fold);
        let (began, had_ns) = (clock::now(), clock::cpu_ns());
        let mut committed = self.fold.sink.commit(now);
        if matches!(committed, Ok(Commit::Anew)) {
            self.tell_again();
            committed = self.fold.sink.commit(now);
        }
        if matches!(committed, Ok(Commit::Done)) && self.is_moving {
            self.has_moved(now);
        }
        let (took_ns, cost_ns) = (clock::now().since(began), clock::cpu_ns() - had_ns);
        let rest_ns = match committed {
            Ok(Commit::Done) => {
                self.drain.recycle();
                self.trouble(None);
                rest_ns(cost_ns, took_ns)
            }
            // What was told again is in the batch, and stays there.
            Ok(Commit::Busy | Commit::Anew) => SHORTEST_REST_NS,
            Err(error) => {
                self.trouble(Some(&error));
                LONGEST_REST_NS
            }
        };
        // Each commit writes what is open, whether there is credit for it or not.
        let credit_ns = self.fold.budget.time_for(written).min(LONGEST_REST_NS);
        self.next_commit = began.after(rest_ns.max(credit_ns).max(self.fold.sink.rest_ns()));
        if let Some(news) = self.fold.sink.news() {
            (self.on_trouble)(Trouble::News(&news));
        }
    }

    fn say_if_unshared(&mut self) {
        if self.engine.arena.flight().is_unshared() && !self.said_unshared {
            self.said_unshared = true;
            (self.on_trouble)(Trouble::News(UNSHARED));
        }
    }

    fn trouble(&mut self, error: Option<&io::Error>) {
        if error.is_some() != self.in_trouble {
            self.in_trouble = error.is_some();
            (self.on_trouble)(error.map_or(Trouble::IsOver, Trouble::Fails));
        }
    }
}

/// How long the next commit is to wait, from the beginning of one that cost and took so much.
fn rest_ns(cost_ns: u64, took_ns: u64) -> u64 {
    (cost_ns * REST).max(took_ns * WAIT).clamp(SHORTEST_REST_NS, LONGEST_REST_NS)
}

#[cfg(test)]
#[path = "recorder_tests.rs"]
mod tests;
