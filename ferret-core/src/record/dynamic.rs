//! Names that are known only when a span begins: a callsite for each, up to a bound.
//!
//! A place in the program whose spans are named from values has a table of callsites: one for each
//! name that has come up, made when it first does and kept for ever, as ids in a log are. So that a
//! name that is never the same twice (a user's id) cannot fill the program's memory and the reader's
//! tables, a place has [`MAX_NAMES`], the process [`MAX_NAMES_OF_PROCESS`]; what comes after them is
//! called `<other>`.
//!
//! The table is open addressing over slots that are written once, by compare-and-swap: a name's
//! search goes from its own slot to the first empty one. Nothing is ever taken out, so no search
//! misses what is there. There is no lock, so a fork cannot leave one taken. Rejected: a map behind
//! a read-write lock, whose readers all write to one word, and which the fork hook would have to take.

use super::{Callsite, heap};
use crate::event::CallsiteKind;
use once_cell::race::OnceRef;
use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering};
use xxhash_rust::xxh3::xxh3_64;

/// The names that spans of one place may have, at most.
pub(crate) const MAX_NAMES: usize = 64;
/// The names that all such places of the process may have together, at most: about 1 MB.
const MAX_NAMES_OF_PROCESS: usize = 4096;

/// The name of what has no room for its own.
pub(crate) const OTHER: &str = "<other>";

/// A place in the program whose spans are named when they begin.
#[derive(Debug)]
pub struct Names {
    /// By the name it has in the source.
    unnamed: Callsite,
    other: Callsite,
    /// Filled without gaps on the way of any one search.
    slots: [OnceRef<'static, Callsite>; MAX_NAMES],
}

/// Names given so far, in all places.
static GIVEN: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    /// This thread is about to keep a new name.
    static KEEPING: Cell<bool> = const { Cell::new(false) };
}

impl Names {
    /// A place to be put into a `static`; `name` is what the source calls it.
    pub const fn new(
        name: &'static str,
        module: &'static str,
        file: &'static str,
        line: u32,
        kind: CallsiteKind,
    ) -> Self {
        Self {
            unnamed: Callsite::new(name, module, file, line, kind),
            other: Callsite::new(OTHER, module, file, line, kind),
            slots: [const { OnceRef::new() }; MAX_NAMES],
        }
    }

    /// The place by the name it has in the source.
    #[inline(always)]
    pub fn unnamed(&'static self) -> &'static Callsite {
        &self.unnamed
    }

    /// The place by this name; `<other>` if there is no room for it.
    pub(crate) fn named(&'static self, name: &str) -> &'static Callsite {
        self.named_within(name, &GIVEN)
    }

    fn named_within(&'static self, name: &str, given: &AtomicUsize) -> &'static Callsite {
        #[expect(clippy::cast_possible_truncation, reason = "any bits of a hash will do")]
        let first = xxh3_64(name.as_bytes()) as usize % MAX_NAMES;
        // Made at most once a call, for the first slot that was seen empty.
        let mut made = None;
        for step in 0..MAX_NAMES {
            let slot = &self.slots[(first + step) % MAX_NAMES];
            if slot.get().is_none() {
                let Some(callsite) = made.or_else(|| self.keep(name, given)) else { break };
                made = Some(callsite);
                // If another thread was faster, its name is looked at like any other.
                let _taken: Result<(), ()> = slot.set(callsite);
            }
            if let Some(callsite) = slot.get()
                && callsite.name() == name
            {
                return callsite;
            }
        }
        &self.other
    }

    /// A callsite of this name, for ever; none if there have been too many, or if it is the memory
    /// for one that is being asked for, by an allocator whose spans have such names.
    #[cold]
    fn keep(&'static self, name: &str, given: &AtomicUsize) -> Option<&'static Callsite> {
        if KEEPING.replace(true) {
            return None;
        }
        let _kept_out = heap::keep_out();
        let room = given.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |given| {
            (given < MAX_NAMES_OF_PROCESS).then_some(given + 1)
        });
        let callsite = room.is_ok().then(|| {
            let name: &'static str = Box::leak(Box::from(name));
            &*Box::leak(Box::new(self.unnamed.renamed(name)))
        });
        KEEPING.set(false);
        callsite
    }
}

#[cfg(test)]
mod tests {
    use super::{Callsite, CallsiteKind, KEEPING, MAX_NAMES, MAX_NAMES_OF_PROCESS, Names};
    use crate::record::tests::TURN;
    use crate::record::values;
    use std::collections::BTreeSet;
    use std::sync::atomic::AtomicUsize;

    fn place() -> &'static Names {
        Box::leak(Box::new(Names::new("f", "m", "f.rs", 7, CallsiteKind::Stage)))
    }

    #[test]
    fn a_name_has_one_callsite_where_the_place_is() {
        let _turn = TURN.lock();
        values::begin(true);
        let place = place();
        let callsite = place.named("GET /users");
        assert!(std::ptr::eq(callsite, place.named("GET /users")));
        assert!(!std::ptr::eq(callsite, place.named("GET /feeds")));
        let info = callsite.info();
        assert_eq!((info.name.as_str(), info.module.as_str()), ("GET /users", "m"));
        assert_eq!((info.file.as_str(), info.line, info.kind), ("f.rs", 7, CallsiteKind::Stage));
        assert_eq!(place.unnamed().name(), "f");
    }

    #[test]
    fn past_the_limit_of_a_place_names_are_other_and_the_first_keep_theirs() {
        let place = place();
        for n in 0..1000 {
            place.named(&format!("name {n}"));
        }
        for n in 0..1000 {
            let name = format!("name {n}");
            let expected = if n < MAX_NAMES { name.as_str() } else { "<other>" };
            assert_eq!(place.named(&name).name(), expected);
        }
        assert_eq!(place.named("x").info().line, 7);
    }

    #[test]
    fn past_the_limit_of_the_process_new_names_are_other() {
        let given = AtomicUsize::new(MAX_NAMES_OF_PROCESS - 1);
        let place = place();
        assert_eq!(place.named_within("last", &given).name(), "last");
        assert_eq!(place.named_within("too many", &given).name(), "<other>");
        assert_eq!(place.named_within("last", &given).name(), "last");
        assert_eq!(given.into_inner(), MAX_NAMES_OF_PROCESS);
    }

    #[test]
    fn threads_that_meet_agree() {
        let place = place();
        let barrier = std::sync::Barrier::new(4);
        let found: BTreeSet<(String, usize)> = std::thread::scope(|scope| {
            let look = || {
                barrier.wait();
                let names = (0..MAX_NAMES).map(|n| format!("name {n}"));
                names.map(|name| (name.clone(), address(place.named(&name)))).collect::<Vec<_>>()
            };
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(look)).collect();
            threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
        });
        assert_eq!(found.len(), MAX_NAMES);
        assert!(!found.iter().any(|(_, callsite)| *callsite == address(place.named("x"))));
    }

    fn address(callsite: &'static Callsite) -> usize {
        std::ptr::from_ref(callsite) as usize
    }

    /// A profiled allocator asks for a name while memory for another is being asked for.
    #[test]
    fn keeping_a_name_does_not_ask_for_another() {
        let place = place();
        KEEPING.set(true);
        assert_eq!(place.named("inner").name(), "<other>");
        KEEPING.set(false);
        assert_eq!(place.named("inner").name(), "inner");
    }

    /// A program that records twice, the second time without values: what it named in the first was
    /// told to the second.
    #[test]
    fn a_log_without_values_is_told_the_name_in_the_source() {
        let _turn = TURN.lock();
        let callsite = place().named("a secret");
        values::begin(false);
        let told = callsite.info().name;
        values::begin(true);
        assert_eq!((told.as_str(), callsite.info().name.as_str()), ("f", "a secret"));
    }
}
