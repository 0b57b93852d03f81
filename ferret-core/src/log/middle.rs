//! Where a tail begins in the middle of a log: what is open there. The rows tell of those that are
//! silent; of every other thread its first segment does, by its keyframe.

use super::info::Damage;
use super::open_tasks;
use super::schema;
use super::snapshot::read_silent;
use super::source::{Order, ReadError};
use super::task_rows::FIRST_KEY;
use crate::event::{LogTime, Offset, OpenTask, Opened, TaskLife, ThreadId, ThreadStack};
use redb::ReadTransaction;
use std::collections::{BTreeSet, VecDeque};

/// What was found open, by the entry before which it was.
#[derive(Debug, Default)]
pub(super) struct Middle {
    found: VecDeque<(Offset, Opened)>,
    /// The threads that have been met, where the log does not tell from its beginning.
    met: Option<BTreeSet<ThreadId>>,
    /// The rows, as they were when the blocks were fetched that lie behind a gap.
    rows: Option<OpenRows>,
}

/// What the rows say.
#[derive(Debug, Default)]
pub(super) struct OpenRows {
    stacks: Vec<(ThreadId, ThreadStack)>,
    tasks: Vec<OpenTask>,
    damages: Vec<Damage>,
}

impl OpenRows {
    pub(super) fn read(txn: &ReadTransaction) -> Result<Self, ReadError> {
        let (mut rows, mut order) = (Self::default(), Order::new());
        let damage = |error: &dyn ToString| Damage { offset: Offset(0), what: error.to_string() };
        for row in txn.open_table(schema::OPEN)?.range(..FIRST_KEY)? {
            let (key, row) = row?;
            match read_silent(order.up(key.value())?, row.value()) {
                Ok((thread, _, stack, _)) => rows.stacks.push((thread, stack)),
                Err(error) => rows.damages.push(damage(&error)),
            }
        }
        for row in open_tasks::rows(txn)? {
            match row {
                Ok(task) => rows.tasks.push(task),
                Err(error) => rows.damages.push(damage(&error)),
            }
        }
        Ok(rows)
    }
}

impl Middle {
    /// Another place is read.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// The rows beside the blocks that come next.
    pub(super) fn has_read(&mut self, rows: OpenRows) -> Vec<Damage> {
        let OpenRows { stacks, tasks, damages } = rows;
        self.rows = Some(OpenRows { stacks, tasks, damages: Vec::new() });
        damages
    }

    /// The entries go on at `offset`, at the earliest at `time`; before them so many were missed.
    pub(super) fn begins(&mut self, offset: Offset, time: LogTime, missed: u64) {
        let OpenRows { mut stacks, mut tasks, .. } = self.rows.take().unwrap_or_default();
        // What began later is in the entries.
        for (_, stack) in &mut stacks {
            let before = stack.frames().iter().filter(|frame| frame.since < time).copied();
            *stack = ThreadStack::restore(stack.hidden(), before.collect());
        }
        tasks.retain(|task| match task.life {
            TaskLife::Place => true,
            TaskLife::Created(at) | TaskLife::Begun(at) => at < time,
        });
        // What nobody asked for is of no use any more.
        self.found.clear();
        self.found.push_back((offset, Opened::Anew { missed, stacks, tasks }));
        self.met = Some(BTreeSet::new());
    }

    /// Whether it is of interest what segments begin with.
    pub(super) fn is_met_by_threads(&self) -> bool {
        self.met.is_some()
    }

    /// A segment of `thread` begins with `offset`, and with this open.
    pub(super) fn meets(&mut self, offset: Offset, thread: ThreadId, stack: &ThreadStack) {
        if let Some(met) = &mut self.met
            && met.insert(thread)
        {
            self.found.push_back((offset, Opened::Stack(thread, stack.clone())));
        }
    }

    /// What is open before the entry at `offset`, and has not been told.
    pub(super) fn next(&mut self, offset: Offset) -> Option<Opened> {
        if self.found.front()?.0 > offset {
            return None;
        }
        self.found.pop_front().map(|(_, opened)| opened)
    }
}
