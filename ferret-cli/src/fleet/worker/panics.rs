//! What panics said, and where: the words of a thread's last one, for the spans that it unwinds.

use crate::text::cut;
use ferret::event::{CallsiteId, LogTime, Names, TagValue, ThreadId};
use std::collections::BTreeMap;

/// Threads whose last panic is known; of more the words are left out.
const THREADS: usize = 100;

/// Columns of a message, and of the place, that are told.
const MESSAGE: usize = 200;
const PLACE: usize = 100;

/// The last panic of each thread, as its tags tell it: none of a program whose log holds no values.
#[derive(Debug, Default)]
pub(super) struct Panics {
    of_threads: BTreeMap<ThreadId, Panic>,
}

#[derive(Debug, Default)]
struct Panic {
    at: LogTime,
    message: String,
    place: String,
}

impl Panics {
    /// Takes a tag that was set in a thread then, if it is of a panic.
    pub(super) fn hear(
        &mut self,
        names: &Names,
        (at, thread): (LogTime, ThreadId),
        (key, value): (CallsiteId, &TagValue),
    ) {
        let TagValue::Text(text) = value else { return };
        // Of several lines, as those of `assert_eq!`, there is one.
        let line = || text.split_whitespace().collect::<Vec<_>>().join(" ");
        match names.callsite_name(key) {
            "panic" if self.has_room(thread) => {
                let message = cut(&line(), MESSAGE);
                self.of_threads.insert(thread, Panic { at, message, place: String::new() });
            }
            "panic.at" => {
                if let Some(panic) = self.of_threads.get_mut(&thread) {
                    panic.place = cut(&line(), PLACE);
                }
            }
            _ => {}
        }
    }

    /// What the panic said that unwound a span of this thread which began then.
    pub(super) fn said(&self, thread: ThreadId, since: LogTime) -> Option<String> {
        let panic = self.of_threads.get(&thread).filter(|panic| panic.at >= since)?;
        let Panic { message, place, .. } = panic;
        Some(if place.is_empty() { message.clone() } else { format!("{message}, {place}") })
    }

    /// The thread has ended.
    pub(super) fn forget(&mut self, thread: ThreadId) {
        self.of_threads.remove(&thread);
    }

    fn has_room(&self, thread: ThreadId) -> bool {
        self.of_threads.len() < THREADS || self.of_threads.contains_key(&thread)
    }
}
