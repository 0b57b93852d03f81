//! The rows of the live panel: process → thread or task → open spans. Rows are small and hold no
//! text, since there may be tens of thousands of them; only the few that are shown are worded.

mod tasks;

pub(crate) use tasks::Place;

use super::board::Scene;
use super::pick;
use crate::filter::Filter;
use ferret::event::{LogIndex, PathId, SpanId, ThreadId};
use ferret::projections::LiveThread;
use std::collections::{BTreeMap, BTreeSet};

/// One row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) key: Key,
    pub(crate) what: What,
    /// How far it is indented, in steps.
    pub(crate) indent: u16,
    /// Whether what is under it is shown; none if there is nothing.
    pub(crate) open: Option<bool>,
}

/// What a row stands for, as long as that lives: selection and folding go by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Key {
    Process(LogIndex),
    Thread(LogIndex, ThreadId),
    /// Threads whose innermost frame is the same path, at the same depth.
    Alike(LogIndex, PathId, usize),
    Frame(LogIndex, ThreadId, SpanId),
    Gap(LogIndex, ThreadId),
    Idle(LogIndex),
    Task(LogIndex, SpanId),
    /// Async spans of one path, and of one open parent.
    AlikeTasks(LogIndex, PathId, Option<SpanId>),
    Quiet(LogIndex),
    Ended,
}

/// What a row shows beside its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum What {
    Process,
    Thread,
    /// So many threads, of which this one has run its innermost span longest.
    Alike {
        count: usize,
        oldest: ThreadId,
    },
    /// A frame by its index in its thread.
    Frame {
        index: usize,
        innermost: bool,
    },
    /// So many frames not shown one by one.
    Gap {
        count: usize,
    },
    /// So many threads without an open span.
    Idle {
        count: usize,
    },
    Task(Place),
    AlikeTasks {
        count: usize,
        polled: usize,
        /// So many have not been polled yet.
        unpolled: usize,
        oldest: SpanId,
        place: Place,
    },
    /// No span is open.
    Quiet,
    /// So many processes that ended and left nothing open.
    Ended {
        count: usize,
    },
}

/// From so many on, threads or tasks of one path share a row.
const ALIKE: usize = 4;
/// A deeper stack shows its outermost and innermost frames.
const DEEP: usize = 16;
const OUTERMOST: usize = 3;
const INNERMOST: usize = 10;
/// Ended processes beyond so many share a row.
const ENDED: usize = 2;

/// The rows as of now, as far as they pass the filter. `toggled` are the rows that the user folded
/// or unfolded. Where a single
/// process has more than `page` rows, its own is left out: the header tells the same.
pub(crate) fn rows(
    scene: &Scene,
    toggled: &BTreeSet<Key>,
    filter: Option<&Filter>,
    page: usize,
) -> Vec<Row> {
    let mut rows = all_rows(scene, toggled, filter);
    let single = scene.board.processes.iter().len() == 1;
    if single && rows.len() > page && rows.first().is_some_and(|row| row.open == Some(true)) {
        rows.remove(0);
        for row in &mut rows {
            row.indent -= 1;
        }
    }
    rows
}

fn all_rows(scene: &Scene, toggled: &BTreeSet<Key>, filter: Option<&Filter>) -> Vec<Row> {
    let mut tree = Tree { toggled, filter, rows: Vec::new() };
    let is_over = |log| {
        let open = scene.board.live.process(log);
        let open = open.map_or(0, |live| live.open_spans() + live.unpolled());
        open == 0 && !scene.state(log).is_live()
    };
    let all = scene.board.processes.iter().map(|(log, _)| log);
    let (over, others): (Vec<_>, Vec<_>) = all.partition(|log| is_over(*log));
    for log in others {
        tree.process(scene, log);
    }
    let (indent, open) = (0, None);
    if over.len() > ENDED && tree.folds(Key::Ended, What::Ended { count: over.len() }, 0, false) {
        return tree.rows;
    }
    let process = |log| Row { key: Key::Process(log), what: What::Process, indent, open };
    tree.rows.extend(over.into_iter().map(process));
    tree.rows
}

struct Tree<'a> {
    toggled: &'a BTreeSet<Key>,
    filter: Option<&'a Filter>,
    rows: Vec<Row>,
}

impl Tree<'_> {
    /// Adds a row that can be folded; says whether it is.
    fn folds(&mut self, key: Key, what: What, indent: u16, open_at_first: bool) -> bool {
        let open = open_at_first != self.toggled.contains(&key);
        self.rows.push(Row { key, what, indent, open: Some(open) });
        !open
    }

    fn plain(&mut self, key: Key, what: What, indent: u16) {
        self.rows.push(Row { key, what, indent, open: None });
    }

    fn process(&mut self, scene: &Scene, log: LogIndex) {
        if self.folds(Key::Process(log), What::Process, 0, true) {
            return;
        }
        let Some(live) = scene.board.live.process(log) else { return };
        let passes = |id, thread: &LiveThread| {
            self.filter.is_none_or(|filter| pick::thread(filter, scene, log, id, thread))
        };
        let threads = live.threads();
        let threads =
            threads.filter(|(id, thread)| *id != ThreadId::RECORDER && passes(*id, thread));
        let (busy, idle): (Vec<_>, Vec<_>) =
            threads.partition(|(_, thread)| !thread.frames.is_empty());
        let alike = group(&busy, |(_, thread)| alike(thread));
        let mut told = BTreeSet::new();
        for (id, thread) in &busy {
            match alike.get(&self::alike(thread)).filter(|group| group.len() >= ALIKE) {
                None => self.thread(log, *id, thread, 1),
                Some(group) if told.insert(self::alike(thread)) => self.alike_threads(log, group),
                Some(_) => {}
            }
        }
        let has_tasks = self.tasks(scene, log, live);
        if busy.is_empty() && !has_tasks {
            self.plain(Key::Quiet(log), What::Quiet, 1);
        }
        self.idle(log, &idle);
    }

    fn thread(&mut self, log: LogIndex, id: ThreadId, thread: &LiveThread, indent: u16) {
        if !self.folds(Key::Thread(log, id), What::Thread, indent, true) {
            self.frames(log, id, thread, indent + 1);
        }
    }

    /// Threads that do the same: the one that does it longest stands for all until unfolded.
    fn alike_threads(&mut self, log: LogIndex, group: &[&(ThreadId, &LiveThread)]) {
        let since = |thread: &LiveThread| thread.frames.last().map(|frame| frame.since);
        let Some((oldest, thread)) = group.iter().min_by_key(|(id, t)| (since(t), *id)) else {
            return;
        };
        let (path, depth) = alike(thread);
        let what = What::Alike { count: group.len(), oldest: *oldest };
        if self.folds(Key::Alike(log, path, depth), what, 1, false) {
            self.frames(log, *oldest, thread, 2);
        } else {
            for (id, thread) in group {
                self.thread(log, *id, thread, 2);
            }
        }
    }

    fn frames(&mut self, log: LogIndex, id: ThreadId, thread: &LiveThread, indent: u16) {
        let count = thread.frames.len();
        let hidden = thread.hidden as usize;
        let deep = count > DEEP;
        let mut gap = hidden..hidden;
        let mut at = indent;
        if deep {
            gap = OUTERMOST..count - INNERMOST;
        }
        let mut folded = false;
        for (index, frame) in thread.frames.iter().enumerate() {
            if (deep && index == gap.start) || (hidden > 0 && index == 0) {
                let count = gap.len() + hidden;
                let key = Key::Gap(log, id);
                if deep {
                    folded = self.folds(key, What::Gap { count }, at, false);
                } else {
                    self.plain(key, What::Gap { count }, at);
                }
                at += 1;
            }
            if folded && gap.contains(&index) {
                continue;
            }
            let what = What::Frame { index, innermost: index + 1 == count };
            self.plain(Key::Frame(log, id, frame.span), what, at);
            at += 1;
        }
    }

    fn idle(&mut self, log: LogIndex, idle: &[(ThreadId, &LiveThread)]) {
        if idle.is_empty() {
            return;
        }
        if !self.folds(Key::Idle(log), What::Idle { count: idle.len() }, 1, false) {
            for (id, _) in idle {
                self.plain(Key::Thread(log, *id), What::Thread, 2);
            }
        }
    }
}

/// What threads are alike in: equal paths of the innermost frame are equal all the way out.
fn alike(thread: &LiveThread) -> (PathId, usize) {
    let path = thread.frames.last().map_or(PathId::ROOT, |frame| frame.path);
    (path, thread.frames.len() + thread.hidden as usize)
}

fn group<T, K: Ord>(items: &[T], key: impl Fn(&T) -> K) -> BTreeMap<K, Vec<&T>> {
    let mut groups: BTreeMap<K, Vec<&T>> = BTreeMap::new();
    for item in items {
        groups.entry(key(item)).or_default().push(item);
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::super::script::{S, Script};
    use super::super::stack_text;
    use super::*;
    use crate::filter::Filter;

    /// The rows as an indented list of names.
    fn names(script: &Script, toggled: &[Key], filter: &str, page: usize) -> Vec<String> {
        let filter: Option<Filter> = (!filter.is_empty()).then(|| filter.parse().unwrap());
        let toggled = toggled.iter().copied().collect();
        script.look(|scene| {
            let rows = rows(scene, &toggled, filter.as_ref(), page);
            let name = |row: &Row| {
                let indent = " ".repeat(usize::from(row.indent));
                format!("{indent}{}", stack_text::text(scene, row).name)
            };
            rows.iter().map(name).collect()
        })
    }

    fn two_threads() -> Script {
        let script = Script::default().process("cast", 7).thread(2, "worker");
        script.start(1, "run").start(1, "read").start(2, "work").wait(S)
    }

    #[test]
    fn a_process_holds_threads_and_threads_hold_spans() {
        let rows = names(&two_threads(), &[], "", 99);
        assert_eq!(rows, ["cast 7", " main", "  run", "   read", " worker", "  work"]);
    }

    #[test]
    fn a_folded_thread_hides_its_spans() {
        let folded = [Key::Thread(LogIndex(0), ThreadId(1))];
        let rows = names(&two_threads(), &folded, "", 99);
        assert_eq!(rows, ["cast 7", " main", " worker", "  work"]);
    }

    #[test]
    fn where_it_is_tight_a_single_process_gives_up_its_row() {
        let rows = names(&two_threads(), &[], "", 5);
        assert_eq!(rows, ["main", " run", "  read", "worker", " work"]);
    }

    #[test]
    fn a_filter_shows_whole_threads_of_which_a_span_passes() {
        let rows = names(&two_threads(), &[], "read", 99);
        assert_eq!(rows, ["cast 7", " main", "  run", "   read"]);
        let rows = names(&two_threads(), &[], "!thread:main", 99);
        assert_eq!(rows, ["cast 7", " worker", "  work"]);
        let rows = names(&two_threads(), &[], "dur > 10s", 99);
        assert_eq!(rows, ["cast 7", " no open span passes the filter"]);
    }

    #[test]
    fn ended_processes_without_open_spans_share_a_row() {
        use ferret::event::EndKind;
        let mut script = Script::default().process("cast", 7).start(1, "run");
        for pid in 10..14 {
            script = script.process("job", pid).call(1, "work", 5).ends(EndKind::Exited(Some(0)));
        }
        assert_eq!(names(&script, &[], "", 99), ["cast 7", " main", "  run", "4 processes ended"]);
        let rows = names(&script, &[Key::Ended], "", 99);
        assert_eq!(rows[4..], ["job 10", "job 11", "job 12", "job 13"]);
    }
}
