//! What is measured: the same trivial body, each time in the wrapping of another library.
//!
//! A process has one of these at work: most profilers are global, and none shall carry the costs of
//! another.

mod ferret;
#[cfg(feature = "peers")]
mod peers;
mod tree;

pub(crate) use ferret::FLOOR;
pub(crate) use tree::SPANS_A_TREE;

use std::path::{Path, PathBuf};

/// One way to run the body.
#[derive(Debug)]
pub(crate) struct Subject {
    /// Its name on the command line, and in JSON.
    pub(crate) key: &'static str,
    pub(crate) name: &'static str,
    pub(crate) library: &'static Library,
    /// A single call, for `span`.
    pub(crate) call: Option<fn(u64) -> u64>,
    /// Eight nested calls, for `million`: only where the library keeps spans.
    pub(crate) tree: Option<fn(u64) -> u64>,
}

/// How a library is used in a program.
#[derive(Debug)]
pub(crate) struct Library {
    /// Starts it; what it keeps goes into the folder.
    pub(crate) start: fn(&Path) -> anyhow::Result<Box<dyn Profiler>>,
    /// What is open around a batch of calls, where the library wants that: on each thread.
    pub(crate) around: fn(&mut dyn FnMut()),
    /// What the program says now and then, where the library wants that: on one thread.
    pub(crate) frame: fn(),
}

/// A library at work in this process.
pub(crate) trait Profiler {
    /// Between two batches: what was recorded is handed over.
    fn settle(&mut self) -> anyhow::Result<()>;

    /// Ends it: all that it keeps is written. `made` spans were made.
    fn finish(self: Box<Self>, made: u64) -> anyhow::Result<Kept>;
}

/// What became of the spans.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    /// How many spans were lost, where the library can be asked.
    pub(crate) lost: Option<u64>,
    /// A log of Ferret's, which can be counted.
    pub(crate) log: Option<PathBuf>,
}

/// A library that wants nothing of the program, for the others to differ from.
const PLAIN: Library =
    Library { start: |_| Ok(Box::new(Nothing)), around: |batch| batch(), frame: || {} };

/// No library.
static NONE: Library = PLAIN;

struct Nothing;

impl Profiler for Nothing {
    fn settle(&mut self) -> anyhow::Result<()> {
        Ok(())
    }

    fn finish(self: Box<Self>, _made: u64) -> anyhow::Result<Kept> {
        Ok(Kept::default())
    }
}

/// The baseline of `million`.
pub(crate) static BARE: Subject = Subject {
    key: "bare",
    name: "uninstrumented call",
    library: &NONE,
    call: Some(tree::bare),
    tree: Some(tree::bare_tree::a),
};

/// All subjects of this build, the baseline first.
pub(crate) fn all() -> Vec<&'static Subject> {
    let mut all = vec![&BARE];
    all.extend(ferret::SUBJECTS);
    #[cfg(feature = "peers")]
    all.extend(peers::SUBJECTS);
    all
}

/// The subject with that key.
pub(crate) fn find(key: &str) -> anyhow::Result<&'static Subject> {
    let found = all().into_iter().find(|subject| subject.key == key);
    found.ok_or_else(|| {
        let keys: Vec<_> = all().iter().map(|subject| subject.key).collect();
        anyhow::anyhow!("no subject {key:?} in this build; there are {}", keys.join(", "))
    })
}
