//! Programs that are instrumented with `tracing` record into Ferret unchanged: a layer for
//! `tracing_subscriber`.
//!
//! A span of `tracing` may be entered and left often, on any thread, and lives until the last handle
//! is gone: so each is an async span here, whether its function is async or not. `sites` turns the
//! metadata of spans and events into callsites, `fields` values into tags.

mod fields;
mod sites;

use crate::event::Outcome;
use crate::record::{Entered, TaskSpan, Under, keep_out, mark, recording};
use fields::{Fields, Message, Whose};
use sites::Site;
use std::cell::RefCell;
use std::sync::atomic::{AtomicU8, Ordering};
use tracing_core::span::{Attributes, Id, Record};
use tracing_core::{Event, Level, Subscriber};
use tracing_subscriber::layer::{Context, Layer};
use tracing_subscriber::registry::{LookupSpan, SpanRef};

/// Records the spans and events of `tracing` into this process's log, beside what `#[profile]`
/// records. Made by [`tracing_layer`].
///
/// - A span lasts from its making to its closing; it is busy while entered. Its parent is what it is
///   in `tracing`, or the `#[profile]`d function in between.
/// - Fields are tags, also those recorded later. An event is a mark with its message as the text, and
///   its fields are tags of the innermost open span, or of the parent that the event names. Of
///   the messages of one event the first 64 keep their text.
/// - A span's outcome is *err* if an event of level ERROR with a field `error` or `err` was in it (that
///   is what `#[instrument(err)]` emits), and *panicked* if its thread unwound when it was last left.
///
/// Which spans and events it sees is decided by the filters in front of it.
#[derive(Debug, Default)]
pub struct TracingLayer(());

/// A layer that records what `tracing` tells.
///
/// # Examples
///
/// ```
/// use tracing_subscriber::layer::SubscriberExt as _;
///
/// let subscriber = tracing_subscriber::registry().with(ferret::tracing_layer());
/// tracing::subscriber::with_default(subscriber, || {
///     let _fetch = tracing::info_span!("fetch", url = "https://example.org").entered();
///     tracing::info!("connected");
/// });
/// ```
pub fn tracing_layer() -> TracingLayer {
    TracingLayer(())
}

/// What is kept with a span in the registry.
#[derive(Debug)]
struct Kept {
    task: TaskSpan,
    site: &'static Site,
    outcome: AtomicU8,
}

/// The bits of `Kept::outcome`.
const FAILED: u8 = 1;
const PANICKED: u8 = 2;

impl Kept {
    fn note(&self, bit: u8, holds: bool) {
        // Relaxed: whoever closes the span does so after all that held it, which the registry orders.
        if holds {
            self.outcome.fetch_or(bit, Ordering::Relaxed);
        } else {
            self.outcome.fetch_and(!bit, Ordering::Relaxed);
        }
    }

    fn end(self) {
        let bits = self.outcome.load(Ordering::Relaxed);
        self.task.end(match bits {
            0 => Outcome::Ok,
            FAILED => Outcome::Err,
            _ => Outcome::Panicked,
        });
    }
}

thread_local! {
    /// The spans entered on this thread, outermost first: as many as the program nests.
    static ENTERED: RefCell<Vec<Inside>> = const { RefCell::new(Vec::new()) };
}

/// A span is entered.
#[derive(Debug)]
struct Inside {
    id: Id,
    entered: Entered,
    /// The thread unwound already: what returns then has not panicked.
    was_panicking: bool,
}

/// Does `f` with the spans entered here. Not while it is being done further up the stack, or when the
/// thread is ending: then a poll is lost, and no more than that.
fn with_entered(f: impl FnOnce(&mut Vec<Inside>)) {
    // An error is the thread's end.
    let _done: Result<(), _> = ENTERED.try_with(|entered| {
        if let Ok(mut entered) = entered.try_borrow_mut() {
            f(&mut entered);
        }
    });
}

/// Makes tags of an event's fields; gives what it says, and whether a field told of an error.
fn said(event: &Event<'_>, site: &'static Site, whose: Whose<'_>) -> (Option<Message>, bool) {
    let mut fields = Fields::of_event(site, whose);
    event.record(&mut fields);
    (fields.message(*event.metadata().level()), fields.has_error())
}

impl<S> Layer<S> for TracingLayer
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let Some(span) = context.span(id).filter(|_| recording()) else { return };
        let Some(site) = sites::of(attributes.metadata()) else { return };
        let task = match attributes.parent().and_then(|parent| context.span(parent)) {
            Some(parent) => match parent.extensions().get::<Kept>() {
                Some(parent) => TaskSpan::begin(site.callsite(), Under::Task(&parent.task)),
                None => TaskSpan::begin(site.callsite(), Under::Nowhere),
            },
            None if attributes.is_root() => TaskSpan::begin(site.callsite(), Under::Nowhere),
            None => TaskSpan::start(site.callsite()),
        };
        attributes.record(&mut Fields::of_task(site, &task));
        let _kept_out = keep_out();
        span.extensions_mut().insert(Kept { task, site, outcome: AtomicU8::new(0) });
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        if let Some(kept) = span.extensions().get::<Kept>() {
            values.record(&mut Fields::of_task(kept.site, &kept.task));
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        if !recording() {
            return;
        }
        let Some(site) = sites::of(event.metadata()) else { return };
        let span = context.event_span(event);
        let level = *event.metadata().level();
        let (text, has_error) = if event.is_contextual() {
            said(event, site, Whose::Here)
        } else {
            let extensions = span.as_ref().map(SpanRef::extensions);
            let kept = extensions.as_ref().and_then(|extensions| extensions.get::<Kept>());
            said(event, site, kept.map_or(Whose::Nobody, |kept| Whose::Task(&kept.task)))
        };
        let messages = site.messages();
        mark(text.map_or_else(|| messages.unnamed(), |text| messages.named(text.as_str())));
        if has_error
            && level == Level::ERROR
            && let Some(span) = span
            && let Some(kept) = span.extensions().get::<Kept>()
        {
            kept.note(FAILED, true);
        }
    }

    fn on_enter(&self, id: &Id, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        let entered = span.extensions_mut().get_mut::<Kept>().map(|kept| kept.task.enter());
        if let Some(entered) = entered {
            let _kept_out = keep_out();
            let was_panicking = std::thread::panicking();
            with_entered(|all| all.push(Inside { id: id.clone(), entered, was_panicking }));
        }
    }

    fn on_exit(&self, id: &Id, context: Context<'_, S>) {
        let mut left = None;
        with_entered(|entered| {
            // From the innermost: guards may be dropped in any order.
            if let Some(index) = entered.iter().rposition(|inside| inside.id == *id) {
                left = Some(entered.remove(index));
            }
        });
        let Some(Inside { entered, was_panicking, .. }) = left else { return };
        drop(entered);
        if let Some(span) = context.span(id)
            && let Some(kept) = span.extensions().get::<Kept>()
        {
            kept.note(PANICKED, std::thread::panicking() && !was_panicking);
        }
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        let kept = context.span(&id).and_then(|span| span.extensions_mut().remove::<Kept>());
        if let Some(kept) = kept {
            kept.end();
        }
    }
}

#[cfg(test)]
#[cfg(all(feature = "read", not(feature = "off")))]
mod tests;
