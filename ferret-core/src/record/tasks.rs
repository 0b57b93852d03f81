//! The async spans that the fold knows, and the places that programs hold on to.
//!
//! One is polled by one thread and ended by another, and threads are read one after the other. So
//! its end may be folded before polls that came earlier in time: an ended span stays known until
//! every thread has been read once more, for by then all that came before its end has been folded.
//! Rejected: reading every other thread first when one ends, which would read all of them for each.

use super::tag_keys::TagKeys;
use super::unsaid::Unsaid;
pub(super) use crate::event::TaskLife as Life;
use crate::event::{LogTime, OpenTask, Outcome, PathId, SpanId};
// Ids are the program's own, numbered from 0: nobody chooses them to collide.
use rustc_hash::FxHashMap;
use std::collections::VecDeque;

/// More are not kept, for they take 100 to 200 bytes each: what begins beyond is counted as dropped.
pub(super) const MAX_TASKS: usize = if cfg!(test) { 1 << 15 } else { 1 << 20 };

/// From this age on they are kept beside the entries, ns; at twice that all are.
const OLD_NS: u64 = 1_000_000_000;
/// So many between two looks: a hundred thousand in two seconds, and no commit that takes long ...
const KEPT_AT_ONCE: usize = 2_048;
/// ... and so many are asked for, most of which may have ended: some milliseconds.
const ASKED_AT_ONCE: usize = 1 << 16;
/// Of those that are young, so many may have ended.
const SPANS_TO_SPARE: usize = 1_024;

/// With half the table empty, as it is just after it has grown, and a byte of its own for each place.
const _: () = assert!(2 * (size_of::<(SpanId, Task)>() + 1) <= 200);

/// An async span, or a place.
#[derive(Debug)]
pub(super) struct Task {
    /// Its place in the call tree; of a [`Life::Place`] that of what is begun there is below it.
    pub(super) path: PathId,
    /// The span it is a child of; of a place, the span that it is.
    pub(super) parent: Option<SpanId>,
    pub(super) life: Life,
    pub(super) tags: TagKeys,
    pub(super) told: Told,
    /// What is not in the log, and would be if there were not more spans than may be written.
    pub(super) unsaid: Option<Box<Unsaid>>,
}

/// Whether the sink has been told to keep it beside the entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Told {
    NotYet,
    Kept,
    /// It has ended.
    Over,
}

impl Task {
    pub(super) fn new(path: PathId, parent: Option<SpanId>, life: Life) -> Self {
        // A place is in no entry.
        let told = if life == Life::Place { Told::Kept } else { Told::NotYet };
        Self { path, parent, life, tags: TagKeys::default(), told, unsaid: None }
    }

    /// Whether nothing is said of it.
    pub(super) fn is_held(&self) -> bool {
        self.unsaid.as_ref().is_some_and(|unsaid| unsaid.is_held)
    }

    /// From when on it ran, and how it ended, if it does now; none of a place.
    pub(super) fn ends(&self, now: LogTime, outcome: Outcome) -> Option<(LogTime, Outcome)> {
        match (self.life, outcome) {
            (Life::Place, _) => None,
            // It never ran: it took no time.
            (Life::Created(_), Outcome::Cancelled) => Some((now, outcome)),
            // It did run, and there was no room to say so: how long is not known.
            (Life::Created(_), _) => Some((now, Outcome::Unknown)),
            (Life::Begun(start), _) => Some((start, outcome)),
        }
    }

    /// What the sink keeps of it.
    pub(super) fn open(&self, span: SpanId) -> OpenTask {
        OpenTask { span, path: self.path, parent: self.parent, life: self.life }
    }
}

/// The async spans that are not kept yet, in order of their making; and some that have ended.
///
/// Half of them are open at least, but for the first thousand: those that live for milliseconds
/// must not wait here for a second, at a million of them a second.
#[derive(Debug, Default)]
struct Young {
    spans: VecDeque<SpanId>,
    /// How many at the front were there at the last turn.
    old: usize,
    /// How many are open.
    open: usize,
    turned: LogTime,
}

impl Young {
    fn add(&mut self, span: SpanId, known: &FxHashMap<SpanId, Task>) {
        if self.spans.len() >= 2 * self.open + SPANS_TO_SPARE {
            let is_young =
                |span: &SpanId| known.get(span).is_some_and(|task| task.told == Told::NotYet);
            self.old = self.spans.iter().take(self.old).filter(|span| is_young(span)).count();
            self.spans.retain(is_young);
        }
        self.spans.push_back(span);
        self.open += 1;
    }
}

/// The async spans that have not ended, and those whose polls may still come.
#[derive(Debug, Default)]
pub(super) struct Tasks {
    known: FxHashMap<SpanId, Task>,
    /// Those of them that are places, and have not ended.
    places: usize,
    /// Ended since the last round over all threads.
    ended: Vec<SpanId>,
    /// Ended before it. A span is ended once, so each is known and in one of the two.
    ended_before: Vec<SpanId>,
    young: Young,
    /// Those that came to have something unsaid, in that order; of some all has been said since.
    unsaid: Vec<SpanId>,
    /// How many have.
    unsaid_count: usize,
}

impl Tasks {
    /// Those of a log.
    #[cfg(feature = "read")]
    pub(super) fn restored(open: &[OpenTask], ended: &[OpenTask]) -> Self {
        let mut tasks = Self::default();
        for (open, told) in open
            .iter()
            .map(|task| (task, Told::Kept))
            .chain(ended.iter().map(|task| (task, Told::Over)))
        {
            if tasks.is_full() {
                break;
            }
            let task = Task { told, ..Task::new(open.path, open.parent, open.life) };
            if told == Told::Over {
                tasks.ended.push(open.span);
            } else {
                tasks.places += usize::from(open.life == Life::Place);
            }
            tasks.known.insert(open.span, task);
        }
        tasks
    }

    /// Whether there is room for no more.
    pub(super) fn is_full(&self) -> bool {
        self.known.len() >= MAX_TASKS
    }

    /// Takes one in. Ask first whether there is room.
    pub(super) fn add(&mut self, span: SpanId, task: Task) {
        if task.told == Told::NotYet {
            self.young.add(span, &self.known);
        }
        self.places += usize::from(task.life == Life::Place);
        self.known.insert(span, task);
    }

    /// The span, which may have ended.
    pub(super) fn get(&mut self, span: SpanId) -> Option<&mut Task> {
        self.known.get_mut(&span)
    }

    /// Ends the span; gives what was known of it, and whether the sink keeps it.
    pub(super) fn end(&mut self, span: SpanId) -> Option<(&mut Task, bool)> {
        let task = self.known.get_mut(&span)?;
        let told = std::mem::replace(&mut task.told, Told::Over);
        if told == Told::NotYet {
            self.young.open = self.young.open.saturating_sub(1);
        }
        self.ended.push(span);
        self.places = self.places.saturating_sub(usize::from(task.life == Life::Place));
        Some((task, told == Told::Kept))
    }

    /// Makes known those that have been open for a while and are not yet kept, some at a time; says
    /// whether all that were open a second ago are.
    pub(super) fn keep_old(&mut self, now: LogTime, mut keep: impl FnMut(&OpenTask)) -> bool {
        let young = &mut self.young;
        if now.since(young.turned) < OLD_NS {
            return false;
        }
        let (mut asked, mut kept) = (0, 0);
        while young.old > 0 && kept < KEPT_AT_ONCE && asked < ASKED_AT_ONCE {
            young.old -= 1;
            asked += 1;
            let Some(span) = young.spans.pop_front() else { break };
            if let Some(task) = self.known.get_mut(&span)
                && task.told == Told::NotYet
            {
                task.told = Told::Kept;
                young.open -= 1;
                kept += 1;
                keep(&task.open(span));
            }
        }
        if young.old > 0 {
            return false;
        }
        young.old = young.spans.len();
        young.turned = now;
        true
    }

    /// Those that are kept, once more.
    pub(super) fn kept(&self, mut keep: impl FnMut(&OpenTask)) {
        let kept = self.known.iter().filter(|(_, task)| task.told == Told::Kept);
        kept.for_each(|(span, task)| keep(&task.open(*span)));
    }

    /// How many spans have not ended.
    pub(super) fn open(&self) -> usize {
        let over = self.ended.len() + self.ended_before.len() + self.places;
        self.known.len().saturating_sub(over)
    }

    /// What is not said of a span, if that is known.
    pub(super) fn unsaid_of(&mut self, span: SpanId) -> Option<&mut Unsaid> {
        let task = self.known.get_mut(&span)?;
        if task.unsaid.is_none() {
            self.unsaid_count += 1;
            self.unsaid.push(span);
        }
        Some(task.unsaid.get_or_insert_default())
    }

    /// Takes in one of which nothing is said. Ask first whether there is room.
    pub(super) fn hold(&mut self, span: SpanId, task: Task, made: Option<LogTime>) {
        self.add(span, Task { unsaid: Some(Box::new(Unsaid::held(made))), ..task });
        self.unsaid_count += 1;
        self.unsaid.push(span);
    }

    /// Of how many not all is said.
    pub(super) fn unsaid(&self) -> usize {
        self.unsaid_count
    }

    /// What was not said of one has been.
    pub(super) fn has_been_said(&mut self) {
        self.unsaid_count = self.unsaid_count.saturating_sub(1);
    }

    /// Those of which not all was said, in the order in which that came to be. It is to be said now.
    pub(super) fn take_unsaid(&mut self) -> Vec<SpanId> {
        std::mem::take(&mut self.unsaid)
    }

    /// Every thread has been read up to what it had published when the round began. Gives those of which no more
    /// comes, and of which not all is said.
    pub(super) fn round(&mut self) -> Vec<(SpanId, Task)> {
        let mut unsaid = Vec::new();
        for span in self.ended_before.drain(..) {
            if let Some(task) = self.known.remove(&span).filter(|task| task.unsaid.is_some()) {
                unsaid.push((span, task));
            }
        }
        self.unsaid_count = self.unsaid_count.saturating_sub(unsaid.len());
        if self.unsaid.len() > 2 * self.unsaid_count + SPANS_TO_SPARE {
            let known = &self.known;
            self.unsaid.retain(|span| known.get(span).is_some_and(|task| task.unsaid.is_some()));
        }
        std::mem::swap(&mut self.ended, &mut self.ended_before);
        // A burst of them must not hold its memory for ever.
        if self.known.capacity() > 4096 && self.known.len() < self.known.capacity() / 8 {
            self.known.shrink_to(self.known.len() * 2);
        }
        unsaid
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Position, ThreadId};

    const MS: u64 = 1_000_000;

    fn span(number: u64) -> SpanId {
        SpanId { thread: ThreadId(1), start: Position(number) }
    }

    fn begun(at: LogTime) -> Task {
        Task::new(PathId(1), None, Life::Begun(at))
    }

    /// Those kept in the looks up to `until`, 25 ms apart, as numbers and the times of the looks, ms.
    fn kept(tasks: &mut Tasks, from_ms: u64, until_ms: u64) -> Vec<(u64, u64)> {
        let mut kept = Vec::new();
        for ms in (from_ms..=until_ms).step_by(25) {
            assert!(tasks.round().is_empty());
            tasks.keep_old(LogTime(ms * MS), |task| kept.push((task.span.start.0, ms)));
        }
        kept
    }

    #[test]
    fn one_is_kept_between_its_first_and_its_second_second() {
        let mut tasks = Tasks::default();
        assert_eq!(kept(&mut tasks, 5_000, 5_500), []);
        tasks.add(span(1), begun(LogTime(5_500 * MS)));
        assert_eq!(kept(&mut tasks, 5_525, 6_000), []);
        tasks.add(span(2), begun(LogTime(6_000 * MS)));
        assert_eq!(kept(&mut tasks, 6_025, 9_000), [(1, 7_000), (2, 8_000)]);
        assert_eq!(tasks.end(span(1)).map(|(_, is_kept)| is_kept), Some(true));
        tasks.add(span(3), begun(LogTime(9_000 * MS)));
        assert_eq!(tasks.end(span(3)).map(|(_, is_kept)| is_kept), Some(false));
        assert_eq!(kept(&mut tasks, 9_025, 12_000), []);
    }

    /// A queue of them for the second would hold 400,000.
    #[test]
    fn those_that_live_for_50_ms_are_neither_kept_nor_queued() {
        let mut tasks = Tasks::default();
        let (mut number, mut ended) = (0, 0);
        for ms in (5_000..8_000).step_by(25) {
            for _ in 0..10_000 {
                tasks.add(span(number), begun(LogTime(ms * MS)));
                number += 1;
            }
            while ended + 20_000 < number {
                tasks.end(span(ended));
                ended += 1;
            }
            assert_eq!(kept(&mut tasks, ms, ms), []);
            assert!(tasks.young.spans.len() <= 2 * 30_000 + SPANS_TO_SPARE);
        }
    }

    #[test]
    fn a_multitude_is_kept_some_at_a_time() {
        let mut tasks = Tasks::default();
        assert_eq!(kept(&mut tasks, 5_000, 5_000), []);
        (0..20_000).for_each(|number| tasks.add(span(number), begun(LogTime(5_000 * MS))));
        assert_eq!(kept(&mut tasks, 6_000, 6_975), []);
        let kept = kept(&mut tasks, 7_000, 7_300);
        assert_eq!(kept.len(), 20_000);
        let first = kept.iter().filter(|(_, ms)| *ms == 7_000).count();
        assert_eq!(first, KEPT_AT_ONCE);
    }
}
