//! What the threads of one recording share: the chunks, the channel to the recorder, and the list
//! of threads. Also the one word that the hot path tests.

use super::arena::{Arena, ChunkIndex};
use super::callsite;
use super::flight::Flight;
use super::heap;
use super::numbers::{Number, Sums};
use super::raw::{Head, Slot};
use super::tasks::MAX_TASKS;
use crate::options::Overflow;
use crossbeam_channel::{Receiver, Sender, bounded, unbounded};
use parking_lot::{Mutex, MutexGuard};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

/// What a thread tells the recorder outside its chunk, which loom follows.
#[cfg(loom)]
use loom::sync::atomic::{AtomicBool as ToldBool, AtomicU32 as ToldU32};
#[cfg(not(loom))]
use std::sync::atomic::{AtomicBool as ToldBool, AtomicU32 as ToldU32};

/// Whether recording is on, in one word: [`UNSTARTED`], [`OFF`], or the number of the recording
/// that is on. Relaxed everywhere: a thread that sees a change late records, or misses, a few
/// spans more.
pub(super) static STATE: AtomicU32 = AtomicU32::new(UNSTARTED);

/// Nobody has asked yet: the first span looks for `FERRET_LOG`.
pub(super) const UNSTARTED: u32 = 0;
/// Recording is off.
pub(super) const OFF: u32 = 1;
/// Late ENDs that are kept until the recorder's next tick: no more than there can be tasks to end.
const LATE_ENDS: usize = MAX_TASKS;

/// The number of the first recording; each later one has the next.
pub(super) const FIRST: u32 = 2;

/// The recording that is on. Leaked when it ends, for other threads may be about to look at it: some
/// 100 KB, its buffer being given back.
static CURRENT: Mutex<Option<&'static Engine>> = Mutex::new(None);

/// What the threads of one recording share.
#[derive(Debug)]
pub(super) struct Engine {
    /// The recording's number, the value of [`STATE`] while it is on.
    pub(super) number: u32,
    pub(super) overflow: Overflow,
    pub(super) arena: Arena,
    full: (Sender<ChunkIndex>, Receiver<ChunkIndex>),
    /// ENDs of async spans that found no room in their thread's chunk: a task that is over must not
    /// be shown as waiting for ever. It takes memory as they come, and gives it back: a burst of a
    /// hundred thousand that end while the log cannot be written is 3 MB.
    late_ends: (Sender<[Slot; 2]>, Receiver<[Slot; 2]>),
    /// Counters and gauges that found no room. Adding to them asks for no memory: whoever allocates
    /// may be counted.
    late_numbers: Mutex<Sums>,
    /// Of those, how many had no place here either.
    lost_numbers: AtomicU64,
    threads: Mutex<Vec<Arc<ThreadShared>>>,
    /// Threads so far, the recorder (0) included.
    count: AtomicU32,
    /// Spans that no thread's own chunk can tell of: run by a thread that was ending, or by one
    /// that never got a chunk.
    orphans: AtomicU64,
}

/// What the recorder knows of a thread without reading its chunk.
#[derive(Debug)]
pub(super) struct ThreadShared {
    pub(super) id: u32,
    pub(super) name: String,
    pub(super) tid: u32,
    /// Ticks at its first span.
    pub(super) start_ticks: u64,
    /// The chunk it writes into, plus 1; 0 for none. Stored with Release after the chunk is
    /// claimed, loaded with Acquire, so the recorder sees the claim. May be stale: then the chunk
    /// seen has been given up, and its sequence number says so.
    current: ToldU32,
    /// The thread has ended and given up its last chunk. Release after the last send on the full
    /// channel, Acquire before the recorder's last look.
    ended: ToldBool,
}

impl ThreadShared {
    pub(super) fn new(id: u32, name: String, tid: u32, start_ticks: u64) -> Self {
        let (current, ended) = (ToldU32::new(0), ToldBool::new(false));
        Self { id, name, tid, start_ticks, current, ended }
    }

    pub(super) fn announce(&self, chunk: Option<ChunkIndex>) {
        self.current.store(chunk.map_or(0, |index| index.0 + 1), Ordering::Release);
    }

    pub(super) fn current(&self) -> Option<ChunkIndex> {
        self.current.load(Ordering::Acquire).checked_sub(1).map(ChunkIndex)
    }

    pub(super) fn end(&self) {
        self.ended.store(true, Ordering::Release);
    }

    pub(super) fn has_ended(&self) -> bool {
        self.ended.load(Ordering::Acquire)
    }
}

impl Engine {
    /// Makes the recording that follows the last one; it is not on yet.
    pub(super) fn new(overflow: Overflow, flight: Flight) -> &'static Self {
        static NEXT: AtomicU32 = AtomicU32::new(FIRST);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        Box::leak(Box::new(Self::of(number, overflow, Arena::new(flight))))
    }

    /// What is left of a recording that is over: it is never on.
    #[cfg(feature = "read")]
    pub(super) fn left(flight: Flight) -> Self {
        Self::of(OFF, Overflow::Drop, Arena::left(flight))
    }

    fn of(number: u32, overflow: Overflow, arena: Arena) -> Self {
        Self {
            number,
            overflow,
            full: bounded(arena.len()),
            late_ends: unbounded(),
            late_numbers: Mutex::new(Sums::reserved()),
            lost_numbers: AtomicU64::new(0),
            arena,
            threads: Mutex::new(Vec::new()),
            count: AtomicU32::new(1),
            orphans: AtomicU64::new(0),
        }
    }

    /// The recording that is on.
    pub(super) fn current() -> Option<&'static Self> {
        *CURRENT.lock()
    }

    /// Switches this recording on.
    pub(super) fn switch_on(&'static self) {
        *CURRENT.lock() = Some(self);
        callsite::tell(self.arena.flight());
        STATE.store(self.number, Ordering::Relaxed);
        heap::switch_on();
    }

    /// Switches this recording off, if it is the one that is on.
    pub(super) fn switch_off(&self) {
        // Not so if it has not been switched on, or is off already, or another is on.
        let was_on =
            STATE.compare_exchange(self.number, OFF, Ordering::Relaxed, Ordering::Relaxed).is_ok();
        if was_on {
            heap::switch_off();
        }
        let mut current = CURRENT.lock();
        if current.is_some_and(|engine| engine.number == self.number) {
            *current = None;
        }
    }

    /// Another thread is starting a recording. Waits for the moment at which spans can be recorded,
    /// which comes before the log is made: 0.2 ms as a rule, 5 ms at most. Without it a program
    /// whose threads begin together would lose their first spans, often their longest.
    pub(super) fn await_start() {
        for _ in 0..50 {
            if STATE.load(Ordering::Relaxed) != UNSTARTED {
                return;
            }
            std::thread::sleep(Duration::from_micros(100));
        }
    }

    /// Nobody starts a recording: the next span need not ask again.
    pub(super) fn stay_off() {
        if STATE.compare_exchange(UNSTARTED, OFF, Ordering::Relaxed, Ordering::Relaxed).is_err() {
            // Somebody has started one meanwhile; so be it.
        }
    }

    /// In a forked child: the recording is the parent's, and the next span may start another.
    pub(super) fn forget_in_child(&self) {
        // If it had ended by itself, the child does not begin one either.
        let was_on = STATE
            .compare_exchange(self.number, UNSTARTED, Ordering::Relaxed, Ordering::Relaxed)
            .is_ok();
        if was_on {
            heap::switch_off();
        }
        if let Some(mut current) = CURRENT.try_lock() {
            *current = None;
        }
        callsite::tell_nobody();
    }

    /// Adds a thread.
    pub(super) fn join(&self, name: String, tid: u32, start_ticks: u64) -> Arc<ThreadShared> {
        let id = self.count.fetch_add(1, Ordering::Relaxed);
        let thread = Arc::new(ThreadShared::new(id, name, tid, start_ticks));
        self.threads.lock().push(Arc::clone(&thread));
        thread
    }

    /// Whether no thread ever joined.
    pub(super) fn is_unused(&self) -> bool {
        self.count.load(Ordering::Relaxed) == 1
    }

    /// The threads that joined since this was last asked.
    pub(super) fn joined(&self) -> Vec<Arc<ThreadShared>> {
        std::mem::take(&mut *self.threads.lock())
    }

    /// Hands a chunk over to the recorder.
    pub(super) fn hand_over(&self, chunk: ChunkIndex) {
        let sent = self.full.0.try_send(chunk);
        debug_assert!(sent.is_ok(), "the full channel holds every chunk");
    }

    /// The recorder's end of the hand-over.
    pub(super) fn handed_over(&self) -> &Receiver<ChunkIndex> {
        &self.full.1
    }

    /// Takes the END of an async span past the chunks. Where that is full too the span stays open.
    pub(super) fn end_late(&self, event: [Slot; 2]) {
        // It may be over the bound by as many as there are threads that ask at once.
        if self.late_ends.0.len() < LATE_ENDS {
            let _sent: bool = self.late_ends.0.try_send(event).is_ok();
        }
    }

    /// Takes those that have come.
    pub(super) fn late_ends(&self) -> Vec<[Slot; 2]> {
        self.late_ends.1.try_iter().take(LATE_ENDS).collect()
    }

    /// Adds up a counter's or gauge's event past the chunks. Of more keys than [`Sums::MAX`] at a
    /// time the rest is lost, and counted.
    pub(super) fn count_late(&self, event: &[Slot; 2]) {
        let number = Head::of(event[0])
            .and_then(|head| Number::of(head.callsite, head.argument, event.as_slice()));
        if let Some(number) = number {
            let added = self.late_numbers.lock().add(number);
            self.lost_numbers.fetch_add(u64::from(!added), Ordering::Relaxed);
        }
    }

    /// Takes those that have come.
    pub(super) fn late_numbers(&self) -> Option<Sums> {
        let mut late = self.late_numbers.lock();
        (!late.is_empty()).then(|| std::mem::replace(&mut *late, Sums::reserved()))
    }

    /// Takes the count of those that are lost.
    pub(super) fn take_lost_numbers(&self) -> u64 {
        self.lost_numbers.swap(0, Ordering::Relaxed)
    }

    /// Counts spans that no chunk will tell of.
    pub(super) fn orphan(&self, spans: u64) {
        self.orphans.fetch_add(spans, Ordering::Relaxed);
    }

    /// Takes the count of such spans.
    pub(super) fn take_orphans(&self) -> u64 {
        self.orphans.swap(0, Ordering::Relaxed)
    }
}

/// Keeps other threads from holding this file's lock across a fork, while the answer lives.
pub(super) fn lock_for_fork() -> MutexGuard<'static, Option<&'static Engine>> {
    CURRENT.lock()
}
