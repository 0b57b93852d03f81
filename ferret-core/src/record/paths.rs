//! Interns call-tree paths: each distinct (parent path, callsite) gets a small number, once.

use crate::event::{CallsiteId, PathId, PathInfo};
// Ids are the program's own, numbered from 0: nobody chooses them to collide.
use rustc_hash::FxHashMap;

/// Past this many levels of direct recursion, a path is its own child.
const RECURSION: u16 = 64;
/// Past this many paths, new ones go below [`OTHER`]: one for each callsite.
const MAX_PATHS: usize = 1 << 16;
/// The callsite of the path that stands for those that were not kept.
pub(super) const OTHER: CallsiteId = CallsiteId(0xff_ffff);

/// The call tree's nodes. Bounded: `MAX_PATHS`, and one more for each callsite.
#[derive(Debug)]
pub(super) struct Paths {
    nodes: Vec<Node>,
    children: FxHashMap<(PathId, CallsiteId), PathId>,
    other: Option<PathId>,
}

#[derive(Debug)]
struct Node {
    callsite: CallsiteId,
    /// Levels of this callsite directly below each other, this one included.
    run: u16,
    /// The child last asked for: most spans have the callsite of the one before.
    last: (CallsiteId, PathId),
}

/// A path, and what must be said of it first.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Interned {
    pub(super) path: PathId,
    /// Rows that the log does not have yet, parents first.
    pub(super) new: Vec<(PathId, PathInfo)>,
}

impl Paths {
    pub(super) fn new() -> Self {
        let root = Node { callsite: CallsiteId(0), run: 0, last: (CallsiteId(0), PathId::ROOT) };
        Self { nodes: vec![root], children: FxHashMap::default(), other: None }
    }

    /// The path of `callsite` called from `parent`, if it is known: the hot case.
    #[inline]
    pub(super) fn known(&self, parent: PathId, callsite: CallsiteId) -> Option<PathId> {
        let node = self.nodes.get(parent.0 as usize)?;
        (node.last.0 == callsite && callsite.0 != 0).then_some(node.last.1)
    }

    /// The path of `callsite` called from `parent`.
    pub(super) fn intern(&mut self, parent: PathId, callsite: CallsiteId) -> Interned {
        let mut interned = Interned::default();
        interned.path = self.find(parent, callsite).unwrap_or_else(|| {
            let parent = self.home(parent, &mut interned.new);
            self.find(parent, callsite)
                .unwrap_or_else(|| self.add(parent, callsite, &mut interned.new))
        });
        self.nodes[parent.0 as usize].last = (callsite, interned.path);
        interned
    }

    /// The callsite at the end of a path.
    pub(super) fn callsite(&self, path: PathId) -> CallsiteId {
        self.nodes.get(path.0 as usize).map_or(CallsiteId(0), |node| node.callsite)
    }

    fn find(&self, parent: PathId, callsite: CallsiteId) -> Option<PathId> {
        let node = &self.nodes[parent.0 as usize];
        if node.callsite == callsite && node.run >= RECURSION {
            return Some(parent);
        }
        self.children.get(&(parent, callsite)).copied()
    }

    /// Where a new child of `parent` is kept: there, or below `<other>` when there are too many.
    fn home(&mut self, parent: PathId, new: &mut Vec<(PathId, PathInfo)>) -> PathId {
        if self.nodes.len() < MAX_PATHS {
            return parent;
        }
        self.other.unwrap_or_else(|| {
            let other = self.add(PathId::ROOT, OTHER, new);
            self.other = Some(other);
            other
        })
    }

    fn add(
        &mut self,
        parent: PathId,
        callsite: CallsiteId,
        new: &mut Vec<(PathId, PathInfo)>,
    ) -> PathId {
        let path = PathId(u32::try_from(self.nodes.len()).expect("bounded by MAX_PATHS"));
        let above = &self.nodes[parent.0 as usize];
        let run = if above.callsite == callsite { above.run + 1 } else { 1 };
        self.nodes.push(Node { callsite, run, last: (CallsiteId(0), PathId::ROOT) });
        self.children.insert((parent, callsite), path);
        new.push((path, PathInfo { parent, callsite }));
        path
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: CallsiteId = CallsiteId(1);
    const B: CallsiteId = CallsiteId(2);

    #[test]
    fn the_same_call_has_the_same_path_and_is_said_once() {
        let mut paths = Paths::new();
        let first = paths.intern(PathId::ROOT, A);
        assert_eq!(first.new, [(first.path, PathInfo { parent: PathId::ROOT, callsite: A })]);
        paths.intern(PathId::ROOT, B);
        assert_eq!(paths.intern(PathId::ROOT, A), Interned { path: first.path, new: vec![] });
    }

    #[test]
    fn direct_recursion_is_folded() {
        let mut paths = Paths::new();
        let mut path = PathId::ROOT;
        for _ in 0..10_000 {
            path = paths.intern(path, A).path;
        }
        assert_eq!(paths.nodes.len(), 1 + usize::from(RECURSION));
    }

    #[test]
    fn past_the_bound_paths_are_kept_by_callsite_below_other() {
        let mut paths = Paths::new();
        let mut path = PathId::ROOT;
        for n in 0..2 * MAX_PATHS {
            path = paths.intern(path, if n % 2 == 0 { A } else { B }).path;
        }
        assert!(paths.nodes.len() <= MAX_PATHS + 3, "{}", paths.nodes.len());
        let (overflowed, kept) = (paths.intern(path, A), paths.intern(PathId(8), A));
        assert_eq!(paths.nodes[overflowed.path.0 as usize].callsite, A);
        assert_ne!(overflowed.path, kept.path);
    }
}
