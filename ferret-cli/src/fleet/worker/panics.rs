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
#[cfg(test)]
mod tests {
    use super::*;
    use ferret::event::{CallsiteInfo, CallsiteKind};

    const KEYS: [&str; 3] = ["panic", "panic.at", "user"];

    fn names() -> Names {
        let info = |name: &str| CallsiteInfo {
            name: name.to_owned(),
            module: String::new(),
            file: String::new(),
            line: 1,
            kind: CallsiteKind::Key,
        };
        let keys = (0..).map(CallsiteId).zip(KEYS);
        let mut names = Names::default();
        names.callsites.extend(keys.map(|(id, name)| (id, info(name))));
        names
    }

    fn hear(panics: &mut Panics, at: u64, thread: u32, tag: (u32, &str)) {
        let (key, value) = (CallsiteId(tag.0), TagValue::Text(tag.1.to_owned()));
        panics.hear(&names(), (LogTime(at), ThreadId(thread)), (key, &value));
    }

    #[track_caller]
    fn check(panics: &Panics, thread: u32, since: u64, expect: Option<&str>) {
        assert_eq!(panics.said(ThreadId(thread), LogTime(since)).as_deref(), expect);
    }

    #[test]
    fn the_spans_that_a_panic_unwinds_have_its_words() {
        let mut panics = Panics::default();
        hear(&mut panics, 5, 1, (0, "left != right\n  left: 1"));
        hear(&mut panics, 5, 1, (2, "somebody"));
        check(&panics, 1, 4, Some("left != right left: 1"));
        hear(&mut panics, 5, 1, (1, "src/a.rs:7:9"));
        check(&panics, 1, 5, Some("left != right left: 1, src/a.rs:7:9"));
        // What began later was not unwound by it, and other threads go on.
        check(&panics, 1, 6, None);
        check(&panics, 2, 4, None);
        hear(&mut panics, 8, 1, (0, "again"));
        check(&panics, 1, 4, Some("again"));
        panics.forget(ThreadId(1));
        check(&panics, 1, 4, None);
    }

    #[test]
    fn neither_long_words_nor_many_threads_grow() {
        let mut panics = Panics::default();
        for thread in 0..1_000 {
            hear(&mut panics, 5, thread, (0, &"word ".repeat(1_000)));
            hear(&mut panics, 5, thread, (1, &"x".repeat(1_000)));
        }
        assert_eq!(panics.of_threads.len(), THREADS);
        let said = panics.said(ThreadId(1), LogTime(4)).unwrap();
        assert_eq!(said.chars().count(), MESSAGE + ", ".len() + PLACE, "{said}");
    }
}
