//! Callsites: one `static` for each `#[profile]`d function, `span!`, tag key and mark.

use super::flight::{Flight, Named};
use super::heap;
use super::paths::OTHER;
use super::raw::{Kind, word};
use super::values;
use crate::event::{CallsiteId, CallsiteInfo, CallsiteKind};
use parking_lot::{Mutex, MutexGuard};
use std::cell::Cell;
use std::sync::atomic::{AtomicU32, Ordering};

/// A place in the program that is recorded. A `static`; gets a small id of the process's own the
/// first time it runs.
#[derive(Debug)]
pub struct Callsite {
    /// 0 until registered; then the id, and in the low 8 bits [`Kind::Start`]: the word of a START,
    /// ready to be written.
    word: AtomicU32,
    name: &'static str,
    module: &'static str,
    file: &'static str,
    line: u32,
    kind: CallsiteKind,
    /// For one that was named by a value: the same place under the name that it has in the source.
    unnamed: Option<&'static Callsite>,
}

static REGISTERED: Mutex<Registered> = Mutex::new(Registered { list: Vec::new(), flight: None });

/// The callsites that have an id.
#[derive(Debug)]
pub(super) struct Registered {
    /// In order of their ids, the first having id 1.
    list: Vec<&'static Callsite>,
    /// That of the recording that is on, which is told of each before its id is.
    flight: Option<&'static Flight>,
}

thread_local! {
    /// This thread holds the list, or waits for it.
    static REGISTERING: Cell<bool> = const { Cell::new(false) };
}

/// Ids are 24 bits; the last is the recorder's `<other>`. A program with more callsites than this
/// (generated code) shares the last one.
const MAX: usize = 0xff_fffe;

impl Callsite {
    /// A callsite to be put into a `static`.
    pub const fn new(
        name: &'static str,
        module: &'static str,
        file: &'static str,
        line: u32,
        kind: CallsiteKind,
    ) -> Self {
        Self { word: AtomicU32::new(0), name, module, file, line, kind, unnamed: None }
    }

    /// One that no recorder is to hear of: it takes no id, and has that of the recorder's `<other>`.
    pub(super) const fn unheard(name: &'static str) -> Self {
        let word = AtomicU32::new(word(Kind::Start, OTHER.0));
        let kind = CallsiteKind::Block;
        Self { word, name, module: "", file: "", line: 0, kind, unnamed: None }
    }

    /// The word of a START of it; 0 if it has not run before.
    #[inline(always)]
    pub(super) fn start_word(&self) -> u32 {
        // Relaxed: the recorder learns of a callsite under the registry's lock, never through this.
        self.word.load(Ordering::Relaxed)
    }

    /// Its id, given now if it has none; 0 if that cannot be: an allocator that is profiled is asked
    /// for memory by the very list of callsites.
    pub(super) fn id(&'static self) -> u32 {
        match self.start_word() >> 8 {
            0 => self.register(),
            id => id,
        }
    }

    #[cold]
    fn register(&'static self) -> u32 {
        if REGISTERING.replace(true) {
            return 0;
        }
        let id = self.register_once();
        REGISTERING.set(false);
        id
    }

    fn register_once(&'static self) -> u32 {
        let _kept_out = heap::keep_out();
        let mut registered = REGISTERED.lock();
        let known = self.start_word() >> 8;
        if known != 0 {
            return known;
        }
        let is_new = registered.list.len() < MAX;
        if is_new {
            registered.list.push(self);
        }
        let id = u32::try_from(registered.list.len()).expect("at most MAX");
        if let Some(flight) = registered.flight.filter(|_| is_new) {
            flight.tell_name(&self.named(id));
        }
        self.word.store(word(Kind::Start, id), Ordering::Relaxed);
        id
    }

    /// The same place by another name, as a callsite of its own.
    pub(super) fn renamed(&'static self, name: &'static str) -> Self {
        let named = Self::new(name, self.module, self.file, self.line, self.kind);
        Self { unnamed: Some(self), ..named }
    }

    pub(crate) fn name(&self) -> &'static str {
        self.name
    }

    /// What the flight buffer is told of it.
    fn named(&self, id: u32) -> Named<'_> {
        Named {
            id: CallsiteId(id),
            kind: self.kind,
            line: self.line,
            name: self.name,
            source: self.unnamed.map_or("", |unnamed| unnamed.name),
            module: self.module,
            file: self.file,
        }
    }

    /// What the log is told of it. A name that is a value may be an earlier recording's.
    pub(super) fn info(&self) -> CallsiteInfo {
        let named = self.unnamed.filter(|_| !values()).unwrap_or(self);
        CallsiteInfo {
            name: named.name.to_owned(),
            module: self.module.to_owned(),
            file: self.file.to_owned(),
            line: self.line,
            kind: self.kind,
        }
    }
}

/// The callsite with this id; none for 0 and ids not given yet.
pub(super) fn get(id: CallsiteId) -> Option<&'static Callsite> {
    let index = (id.0 as usize).checked_sub(1)?;
    REGISTERED.lock().list.get(index).copied()
}

/// The recording that begins has this flight buffer.
pub(super) fn tell(flight: &'static Flight) {
    let mut registered = REGISTERED.lock();
    registered.flight = Some(flight);
    for (id, callsite) in (1..).zip(&registered.list) {
        flight.tell_name(&callsite.named(id));
    }
}

/// In a forked child: the flight buffer is its parent's. Waits for nobody.
pub(super) fn tell_nobody() {
    if let Some(mut registered) = REGISTERED.try_lock() {
        registered.flight = None;
    }
}

/// How many there are.
#[cfg(feature = "alloc")]
pub(super) fn count() -> usize {
    REGISTERED.lock().list.len()
}

/// Keeps other threads from holding this file's lock across a fork, while the answer lives.
pub(super) fn lock_for_fork() -> MutexGuard<'static, Registered> {
    REGISTERED.lock()
}
