//! Interns call-tree paths: each distinct (parent path, callsite) gets a small number, once.

use crate::event::{CallsiteId, PathId, PathInfo};
// Ids are the program's own, numbered from 0: nobody chooses them to collide.
use rustc_hash::FxHashMap;

/// Past this many levels of direct recursion, a path is its own child.
const RECURSION: u16 = 64;
/// Past this many paths, new ones go below [`OTHER`]: one for each callsite.
const MAX_PATHS: usize = 1 << 16;
/// More than these a log has not: one more for each callsite there can be.
#[cfg(feature = "read")]
const MOST_IN_A_LOG: usize = MAX_PATHS + (1 << 24);
/// The callsite of the path that stands for those that were not kept.
pub(super) const OTHER: CallsiteId = CallsiteId(0xff_ffff);

/// The call tree's nodes. Bounded: `MAX_PATHS`, and one more for each callsite.
#[derive(Debug)]
pub(super) struct Paths {
    nodes: Vec<Node>,
    children: FxHashMap<(PathId, CallsiteId), PathId>,
    /// Those of `children` that were asked for last, found without a search: see [`Recent`].
    recent: Box<[Recent; RECENT]>,
    other: Option<PathId>,
}

/// A path that was asked for. Its place is made of both numbers, and the next one with that place takes it.
#[derive(Clone, Copy, Debug, Default)]
struct Recent {
    parent: PathId,
    callsite: CallsiteId,
    path: PathId,
}

/// Places for them: 12 KB, which stay in the nearest cache.
const RECENT: usize = 1 << 10;

impl Recent {
    /// The place of this child. Both numbers are small, and those of one program's busy paths are close
    /// to each other: the factor, which is 2^32 over the golden ratio, spreads them.
    #[inline]
    fn place(parent: PathId, callsite: CallsiteId) -> usize {
        let mixed = (parent.0.rotate_left(16) ^ callsite.0).wrapping_mul(0x9e37_79b9);
        (mixed >> (32 - RECENT.trailing_zeros())) as usize
    }
}

#[derive(Debug)]
struct Node {
    callsite: CallsiteId,
    /// Levels of this callsite directly below each other, this one included.
    run: u16,
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
        let root = Node { callsite: CallsiteId(0), run: 0 };
        let recent = Box::new([Recent::default(); RECENT]);
        Self { nodes: vec![root], children: FxHashMap::default(), recent, other: None }
    }

    /// The paths of a log, in order of their numbers. Those that are missing, as where it is damaged, stay so.
    #[cfg(feature = "read")]
    pub(super) fn restored(rows: &[(PathId, PathInfo)]) -> Self {
        let mut paths = Self::new();
        for (path, info) in rows {
            let (index, next) = (path.0 as usize, paths.nodes.len());
            if index < next || index > MOST_IN_A_LOG {
                continue;
            }
            paths.nodes.resize_with(index, || Node { callsite: CallsiteId(0), run: 0 });
            let parent = if (info.parent.0 as usize) < index { info.parent } else { PathId::ROOT };
            let added = paths.add(parent, info.callsite, &mut Vec::new());
            if parent == PathId::ROOT && info.callsite == OTHER {
                paths.other = Some(added);
            }
        }
        paths
    }

    /// The path of `callsite` called from `parent`, if it is known: the hot case.
    #[inline]
    pub(super) fn known(&self, parent: PathId, callsite: CallsiteId) -> Option<PathId> {
        let recent = &self.recent[Recent::place(parent, callsite)];
        let is_it = recent.parent == parent && recent.callsite == callsite && callsite.0 != 0;
        is_it.then_some(recent.path)
    }

    /// The path of `callsite` called from `parent`.
    pub(super) fn intern(&mut self, parent: PathId, callsite: CallsiteId) -> Interned {
        // A log may name one that it does not have.
        let parent = if (parent.0 as usize) < self.nodes.len() { parent } else { PathId::ROOT };
        let mut interned = Interned::default();
        interned.path = self.find(parent, callsite).unwrap_or_else(|| {
            let parent = self.home(parent, &mut interned.new);
            self.find(parent, callsite)
                .unwrap_or_else(|| self.add(parent, callsite, &mut interned.new))
        });
        let path = interned.path;
        self.recent[Recent::place(parent, callsite)] = Recent { parent, callsite, path };
        interned
    }

    /// All there are, parents first.
    pub(super) fn all(&self) -> Vec<(PathId, PathInfo)> {
        let info = |((parent, callsite), path): (&(PathId, CallsiteId), &PathId)| {
            (*path, PathInfo { parent: *parent, callsite: *callsite })
        };
        let mut all: Vec<_> = self.children.iter().map(info).collect();
        all.sort_unstable_by_key(|(path, _)| *path);
        all
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
        let run = if above.callsite == callsite { above.run.saturating_add(1) } else { 1 };
        self.nodes.push(Node { callsite, run });
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

    /// Also where two of them have one place among the recent.
    #[test]
    fn what_is_known_is_what_was_interned() {
        let mut paths = Paths::new();
        let children = || (0..64).flat_map(|parent| (1..64).map(move |site| (parent, site)));
        let mut known = 0;
        for round in 0..2 {
            for (parent, site) in children() {
                let (parent, site) = (PathId(parent), CallsiteId(site));
                let before = paths.known(parent, site);
                let path = paths.intern(parent, site).path;
                assert!(before.is_none_or(|before| before == path), "{parent:?} {site:?}");
                assert_eq!(paths.known(parent, site), Some(path));
                known += u32::from(round > 0 && before.is_some());
            }
        }
        assert!(known < 64 * 63, "some met in a place");
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
