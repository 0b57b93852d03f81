//! Spans that are no frame of a thread but run now here, now there: those of futures and streams,
//! and the references by which one thread's span is the parent of another's.

use super::callsite::Callsite;
use super::clock;
use super::guard::recording;
use super::local::{Local, Opened, TaskId};
use super::raw::{HERE, Kind, NOWHERE, Slot};
use crate::event::Outcome;
use std::marker::PhantomData;

/// An async span: open from its start to its end, running only while entered, on any thread. Made by
/// [`task!`](crate::task!), and given to [`Instrument::instrument`](crate::Instrument::instrument).
///
/// Dropped without an end its outcome is *cancelled*, or *panicked* if the thread unwinds.
#[derive(Debug)]
#[must_use = "the span is for a future: `future.instrument(span)`"]
pub struct TaskSpan {
    /// None if it is not recorded.
    id: Option<TaskId>,
    /// When it began, ticks; 0 from its making to its first poll.
    begun: u64,
    /// How often it was entered and that could be said.
    polls: u32,
}

/// Under which span another is made.
#[derive(Clone, Copy, Debug)]
pub enum Under<'a> {
    /// The innermost open one of this thread.
    Here,
    /// None.
    Nowhere,
    /// That one.
    Span(&'a SpanRef),
    /// That async one.
    Task(&'a TaskSpan),
}

impl TaskSpan {
    /// Begins it below the current span of this thread.
    #[doc(hidden)]
    pub fn start(callsite: &'static Callsite) -> Self {
        let id = if recording() { Local::start_task(callsite) } else { None };
        Self { id, begun: clock::ticks(), polls: 0 }
    }

    /// Makes it; it begins when it is entered for the first time.
    #[doc(hidden)]
    pub fn create(callsite: &'static Callsite, under: Under<'_>) -> Self {
        let id = if recording() { Local::create_task(callsite, under.slot()) } else { None };
        Self { id, begun: 0, polls: 0 }
    }

    /// Makes it, and begins it.
    #[cfg(feature = "tracing")]
    pub(crate) fn begin(callsite: &'static Callsite, under: Under<'_>) -> Self {
        let mut task = Self::create(callsite, under);
        task.has_begun();
        task
    }

    /// It runs on this thread while the answer lives; the first time it begins. For those who poll by
    /// hand: an instrumented future does it.
    #[inline]
    pub fn enter(&mut self) -> Entered {
        let has_begun = self.has_begun();
        match self.id {
            Some(id) if has_begun => {
                let opened = Local::enter(id);
                self.polls = self.polls.saturating_add(u32::from(opened.is_recorded()));
                Entered { opened, not_send: PhantomData }
            }
            _ => Entered::not_recorded(),
        }
    }

    /// Begins it, unless it has; whether that could be said.
    #[inline]
    fn has_begun(&mut self) -> bool {
        if self.begun == 0 {
            // No room: it will begin at a later poll.
            let event = self.id.and_then(|id| id.event(Kind::TaskBegin));
            self.begun = event.filter(Local::begin_task).map_or(0, |event| event[0][0]);
        }
        self.begun != 0
    }

    /// Ends it, with an outcome.
    pub fn end(mut self, outcome: Outcome) {
        self.end_once(outcome);
    }

    /// How an event names it.
    pub(super) fn name(&self) -> Option<Slot> {
        self.id.and_then(TaskId::name)
    }

    fn end_once(&mut self, outcome: Outcome) {
        if let Some(event) = self.id.take().and_then(|id| id.end(outcome, self.begun, self.polls)) {
            Local::end_task(&event);
        }
    }
}

impl Drop for TaskSpan {
    /// Dropped without an end: cancelled, or unwound.
    fn drop(&mut self) {
        let outcome = if std::thread::panicking() { Outcome::Panicked } else { Outcome::Cancelled };
        self.end_once(outcome);
    }
}

impl Under<'_> {
    fn slot(self) -> Slot {
        // A span that is not recorded is no parent.
        match self {
            Self::Here => HERE,
            Self::Nowhere => NOWHERE,
            Self::Span(span) => span.id.and_then(TaskId::name).unwrap_or(NOWHERE),
            Self::Task(task) => task.name().unwrap_or(NOWHERE),
        }
    }
}

/// A reference to a span, to begin others under it elsewhere: on another thread, in a spawned
/// future. Made by [`current_span`]. Empty where no span was open or recording is off; then it does
/// nothing.
///
/// The span may end before the reference is dropped, and before what is begun under it.
///
/// # Examples
///
/// ```
/// use ferret::profile;
///
/// #[profile(stage)]
/// fn resize_all(images: &[&str]) {
///     let stage = ferret::current_span();
///     std::thread::scope(|scope| {
///         for image in images {
///             let stage = &stage;
///             scope.spawn(move || {
///                 let _in_stage = stage.enter();
///                 resize(image); // a child of `resize_all`, on a thread of its own
///             });
///         }
///     });
/// }
///
/// #[profile]
/// fn resize(image: &str) {
///     // …
/// #   let _ = image;
/// }
/// # resize_all(&["a.png", "b.png"]);
/// ```
#[must_use = "what begins while it is entered is begun under the span: `let _in = span.enter()`"]
#[derive(Debug)]
pub struct SpanRef {
    id: Option<TaskId>,
}

/// A reference to the innermost open span of this thread. Costs about as much as a span.
pub fn current_span() -> SpanRef {
    SpanRef { id: if recording() { Local::create_place(HERE) } else { None } }
}

impl SpanRef {
    /// While the answer lives, what this thread begins is begun under the span, whatever else is
    /// open on the thread; and what it tells (tags, progress, marks) is told of the span.
    #[inline]
    pub fn enter(&self) -> Entered {
        self.id.map_or_else(Entered::not_recorded, |id| Entered {
            opened: Local::enter(id),
            not_send: PhantomData,
        })
    }
}

impl Clone for SpanRef {
    fn clone(&self) -> Self {
        Self { id: self.id.and_then(TaskId::name).and_then(Local::create_place) }
    }
}

impl Drop for SpanRef {
    fn drop(&mut self) {
        if let Some(event) = self.id.and_then(|id| id.event(Kind::TaskOk)) {
            Local::end_task(&event);
        }
    }
}

/// A span is entered on this thread: one poll of an async span, or a [`SpanRef`]. Ends when dropped.
#[must_use = "it ends when this is dropped: bind it, `let _in_span = …`"]
#[derive(Debug)]
pub struct Entered {
    opened: Opened,
    not_send: PhantomData<*const ()>,
}

impl Entered {
    fn not_recorded() -> Self {
        Self { opened: Opened::Not, not_send: PhantomData }
    }
}

impl Drop for Entered {
    #[inline]
    fn drop(&mut self) {
        Local::end(self.opened, Kind::Exit);
    }
}
