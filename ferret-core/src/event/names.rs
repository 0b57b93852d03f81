//! What ids stand for: the reference rows of a log, as tables of one process.

use super::{CallsiteId, LogTime, PathId, ThreadId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What a callsite id stands for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct CallsiteInfo {
    /// The function's name with its type where it has one (`Decoder::next`), or the name given.
    pub name: String,
    /// The module path.
    pub module: String,
    /// The source file.
    pub file: String,
    /// The line, from 1.
    pub line: u32,
    /// What it is.
    pub kind: CallsiteKind,
}

/// What a callsite is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CallsiteKind {
    /// A function.
    Function,
    /// An `async fn` or an instrumented future.
    Async,
    /// A `span!`.
    Block,
    /// A function or block that is a stage of the program's work.
    Stage,
    /// An async function that is a stage.
    AsyncStage,
    /// The key of a tag or counter: not a span.
    Key,
    /// The text of a `mark!`: not a span.
    Mark,
}

impl CallsiteKind {
    /// Whether spans of it are stages.
    pub fn is_stage(self) -> bool {
        matches!(self, Self::Stage | Self::AsyncStage)
    }

    /// Whether spans of it are async.
    pub fn is_async(self) -> bool {
        matches!(self, Self::Async | Self::AsyncStage)
    }
}

/// What a path id stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PathInfo {
    /// The path above; [`PathId::ROOT`] for a first span. Always interned before its children.
    pub parent: PathId,
    /// The callsite.
    pub callsite: CallsiteId,
}

/// What a thread id stands for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ThreadInfo {
    /// Its name; empty if it has none.
    pub name: String,
    /// The kernel's thread id, in the process's own pid namespace.
    pub tid: u32,
    /// When it ran its first span.
    pub start: LogTime,
}

/// The names of one process, as far as its log has said them. Rows are only ever added; a row is
/// there before the first entry that needs it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Names {
    /// Callsites by id.
    pub callsites: BTreeMap<CallsiteId, CallsiteInfo>,
    /// Paths by id; the root has no row.
    pub paths: BTreeMap<PathId, PathInfo>,
    /// Threads by id.
    pub threads: BTreeMap<ThreadId, ThreadInfo>,
}

impl Names {
    /// The callsite at the end of a path; none for the root, and for ids a damaged log made up.
    pub fn callsite_of(&self, path: PathId) -> Option<CallsiteId> {
        self.paths.get(&path).map(|info| info.callsite)
    }

    /// What is known of the callsite at the end of a path.
    pub fn callsite_info(&self, path: PathId) -> Option<&CallsiteInfo> {
        self.callsite_of(path).and_then(|id| self.callsites.get(&id))
    }

    /// The name of the callsite at the end of a path, `?` if unknown.
    pub fn span_name(&self, path: PathId) -> &str {
        self.callsite_info(path).map_or("?", |info| &info.name)
    }

    /// The name of the callsite that a path lies under; none for one under the root.
    pub fn parent_name(&self, path: PathId) -> Option<&str> {
        let parent = self.paths.get(&path)?.parent;
        (parent != PathId::ROOT).then(|| self.span_name(parent))
    }

    /// The callsite's name, `?` if unknown.
    pub fn callsite_name(&self, id: CallsiteId) -> &str {
        self.callsites.get(&id).map_or("?", |info| &info.name)
    }

    /// The thread's name; `recorder` for thread 0, `thread N` for one without a name.
    pub fn thread_name(&self, id: ThreadId) -> String {
        match self.threads.get(&id) {
            _ if id == ThreadId::RECORDER => "recorder".to_owned(),
            Some(info) if !info.name.is_empty() => info.name.clone(),
            _ => format!("thread {}", id.0),
        }
    }
}
