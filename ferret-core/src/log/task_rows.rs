//! The rows of open async spans and of places, as a batch has them: which are in the log, which are
//! to be written and removed with the next commit, and from where on readers need no row.

use super::schema::{self, RowKind};
use crate::event::{Offset, OpenTask, SpanId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The keys of threads are below: these are numbers that mean nothing, given again when free. A
/// span's id does not fit into a key.
pub(super) const FIRST_KEY: u64 = 1 << 32;

/// What a row holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct KeptTask {
    /// The end of the log when this was written: what comes before is in it.
    pub(super) next: Offset,
    /// The span.
    pub(super) task: OpenTask,
}

/// The rows, by what is to become of them.
#[derive(Debug, Default)]
pub(super) struct TaskRows {
    keys: BTreeMap<SpanId, u64>,
    /// What the next commit changes. One that was put and removed since the last is not here.
    changes: BTreeMap<u64, Change>,
    free: Vec<u64>,
    /// Keys given so far.
    given: u64,
    /// The log's end when all older ones were last known to have a row.
    turned: Option<Offset>,
    /// Every open one that was made before has a row; to be written.
    from: Option<Offset>,
    /// The same, as it is in the log.
    written: Option<Offset>,
}

#[derive(Debug)]
enum Change {
    /// `maybe_there`: it is in the log, or was in a commit that failed and may be.
    Put {
        task: OpenTask,
        maybe_there: bool,
    },
    Remove,
}

impl TaskRows {
    /// A row is to be written, or written anew.
    pub(super) fn keep(&mut self, task: OpenTask) {
        let (key, is_new) = match self.keys.get(&task.span) {
            Some(key) => (*key, false),
            None => (self.free_key(), true),
        };
        self.keys.insert(task.span, key);
        let maybe_there = match self.changes.get(&key) {
            Some(Change::Put { maybe_there, .. }) => *maybe_there,
            Some(Change::Remove) | None => !is_new,
        };
        self.changes.insert(key, Change::Put { task, maybe_there });
    }

    /// The log has a row of this span.
    #[cfg(feature = "read")]
    pub(super) fn has(&mut self, key: u64, span: SpanId) {
        self.given = self.given.max(key - FIRST_KEY + 1);
        self.keys.insert(span, key);
    }

    fn free_key(&mut self) -> u64 {
        self.free.pop().unwrap_or_else(|| {
            self.given += 1;
            FIRST_KEY + self.given - 1
        })
    }

    /// The span has ended.
    pub(super) fn forget(&mut self, span: SpanId) {
        let Some(key) = self.keys.remove(&span) else { return };
        if let Some(Change::Put { maybe_there: false, .. }) = self.changes.get(&key) {
            self.changes.remove(&key);
            self.free.push(key);
        } else {
            self.changes.insert(key, Change::Remove);
        }
    }

    /// All that were open at the turn before this one have been kept; the log's end is now there.
    pub(super) fn turn(&mut self, next: Offset) {
        self.from = self.turned.replace(next).or(self.from);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// Bytes in memory that go with the next commit.
    pub(super) fn len(&self) -> usize {
        self.changes.len() * size_of::<(u64, Change)>()
    }

    /// What a commit behind `next` writes and removes. Whether it is written may not be known.
    pub(super) fn rows(&mut self, next: Offset) -> Vec<(u64, Option<Vec<u8>>)> {
        let row = |(key, change): (&u64, &mut Change)| match change {
            Change::Put { task, maybe_there } => {
                *maybe_there = true;
                // It is far below the limit of a row.
                let row = schema::row(RowKind::Task, *key, &KeptTask { next, task: *task }).ok();
                (*key, row)
            }
            Change::Remove => (*key, None),
        };
        self.changes.iter_mut().map(row).collect()
    }

    /// From where on a reader needs no row.
    pub(super) fn from(&self) -> Option<Offset> {
        self.from
    }

    /// The same, as it was written at any time.
    pub(super) fn covered(&self) -> Offset {
        self.from.or(self.written).unwrap_or_default()
    }

    /// The commit is in.
    pub(super) fn committed(&mut self) {
        for (key, change) in std::mem::take(&mut self.changes) {
            if let Change::Remove = change {
                self.free.push(key);
            }
        }
        self.written = self.from.take().or(self.written);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{LogTime, PathId, Position, TaskLife, ThreadId};

    fn task(number: u64) -> OpenTask {
        let span = SpanId { thread: ThreadId(1), start: Position(number) };
        OpenTask { span, path: PathId(1), parent: None, life: TaskLife::Begun(LogTime(number)) }
    }

    /// The keys written, and those removed, from [`FIRST_KEY`] on.
    #[track_caller]
    fn check(rows: &mut TaskRows, puts: &[u64], removes: &[u64]) {
        let all = rows.rows(Offset(9));
        let of = |is_put: bool| -> Vec<u64> {
            let those = all.iter().filter(|(_, row)| row.is_some() == is_put);
            those.map(|(key, _)| key - FIRST_KEY).collect()
        };
        assert_eq!((of(true), of(false)), (puts.to_vec(), removes.to_vec()));
    }

    #[test]
    fn what_ends_before_the_commit_is_not_written() {
        let mut rows = TaskRows::default();
        for number in 0..1_000 {
            rows.keep(task(number));
            rows.forget(task(number).span);
        }
        assert!(rows.is_empty());
        rows.keep(task(7));
        check(&mut rows, &[0], &[]);
    }

    #[test]
    fn a_row_goes_with_the_commit_behind_its_end_and_its_key_is_given_again() {
        let mut rows = TaskRows::default();
        rows.keep(task(1));
        check(&mut rows, &[0], &[]);
        rows.committed();
        rows.forget(task(1).span);
        rows.keep(task(2));
        check(&mut rows, &[1], &[0]);
        rows.committed();
        rows.keep(task(3));
        check(&mut rows, &[0], &[]);
    }

    #[test]
    fn what_a_failed_commit_may_have_written_is_removed() {
        let mut rows = TaskRows::default();
        rows.keep(task(1));
        check(&mut rows, &[0], &[]);
        rows.forget(task(1).span);
        check(&mut rows, &[], &[0]);
    }

    #[test]
    fn one_that_begins_keeps_its_row() {
        let mut rows = TaskRows::default();
        rows.keep(task(1));
        rows.keep(task(1));
        rows.forget(task(1).span);
        assert!(rows.is_empty());
        rows.keep(task(1));
        check(&mut rows, &[0], &[]);
        rows.committed();
        rows.keep(task(1));
        check(&mut rows, &[0], &[]);
        rows.forget(task(1).span);
        check(&mut rows, &[], &[0]);
    }

    #[test]
    fn readers_begin_where_the_turn_before_was() {
        let mut rows = TaskRows::default();
        rows.turn(Offset(10));
        assert_eq!(rows.from(), None);
        rows.turn(Offset(20));
        assert_eq!(rows.from(), Some(Offset(10)));
        rows.turn(Offset(30));
        assert_eq!(rows.from(), Some(Offset(20)));
        rows.committed();
        assert_eq!(rows.from(), None);
    }
}
