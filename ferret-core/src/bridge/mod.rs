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
use fields::Fields;
use sites::Site;
use std::cell::RefCell;
use std::sync::atomic::{AtomicU8, Ordering};
use tracing_core::span::{Attributes, Id, Record};
use tracing_core::{Event, Level, Subscriber};
use tracing_subscriber::layer::{Context, Layer};
use tracing_subscriber::registry::LookupSpan;

/// Records the spans and events of `tracing` into this process's log, beside what `#[profile]`
/// records. Made by [`tracing_layer`].
///
/// - A span lasts from its making to its closing; it is busy while entered. Its parent is what it is
///   in `tracing`, or the `#[profile]`d function in between.
/// - Fields are tags, also those recorded later. An event is a mark with its message as the text, and
///   its fields are tags of the span it is in. Of the messages of one event the first 64 keep their
///   text.
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
    fn note(&self, bit: u8) {
        // Relaxed: whoever closes the span does so after all that held it, which the registry orders.
        self.outcome.fetch_or(bit, Ordering::Relaxed);
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
    /// The spans entered on this thread, by their ids, outermost first: as many as the program nests.
    static ENTERED: RefCell<Vec<(Id, Entered)>> = const { RefCell::new(Vec::new()) };
}

/// Does `f` with the spans entered here. Not while it is being done further up the stack, or when the
/// thread is ending: then a poll is lost, and no more than that.
fn with_entered(f: impl FnOnce(&mut Vec<(Id, Entered)>)) {
    // An error is the thread's end.
    let _done: Result<(), _> = ENTERED.try_with(|entered| {
        if let Ok(mut entered) = entered.try_borrow_mut() {
            f(&mut entered);
        }
    });
}

impl<S> Layer<S> for TracingLayer
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let Some(span) = context.span(id).filter(|_| recording()) else { return };
        let site = sites::of(attributes.metadata());
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
        // The message.
        let _kept_out = keep_out();
        let site = sites::of(event.metadata());
        let mut fields = Fields::of_event(site);
        event.record(&mut fields);
        let level = *event.metadata().level();
        mark(site.messages().named(&fields.message(level)));
        if fields.has_error()
            && level == Level::ERROR
            && let Some(span) = context.event_span(event)
            && let Some(kept) = span.extensions().get::<Kept>()
        {
            kept.note(FAILED);
        }
    }

    fn on_enter(&self, id: &Id, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        let entered = span.extensions().get::<Kept>().map(|kept| kept.task.run());
        if let Some(run) = entered {
            let _kept_out = keep_out();
            with_entered(|entered| entered.push((id.clone(), run)));
        }
    }

    fn on_exit(&self, id: &Id, context: Context<'_, S>) {
        with_entered(|entered| {
            // From the innermost: guards may be dropped in any order.
            if let Some(index) = entered.iter().rposition(|(other, _)| other == id) {
                drop(entered.remove(index));
            }
        });
        if std::thread::panicking()
            && let Some(span) = context.span(id)
            && let Some(kept) = span.extensions().get::<Kept>()
        {
            kept.note(PANICKED);
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
