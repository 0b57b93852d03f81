//! Async spans that are open at a log's end: those that have a row, and those that are young.

use super::{open, place};
use crate::event::{
    LogEntry, LogTime, OpenTask, Outcome, PathId, Position, Sink, SpanId, TaskLife, ThreadId,
    ThreadStack,
};
use crate::log::testing::process;
use crate::log::{ReadOptions, Writer, check as check_log};
use proptest::prelude::*;
use std::collections::BTreeMap;

/// What a program and its recorder do.
#[derive(Clone, Debug)]
enum Step {
    /// A future is made, and begins perhaps at once.
    Make(bool),
    /// One that was made begins.
    Begin(usize),
    End(usize),
    Hold,
    Drop(usize),
    /// What was made before the last turn is kept.
    Turn,
    Commit,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        6 => any::<bool>().prop_map(Step::Make),
        2 => (0..9_usize).prop_map(Step::Begin),
        5 => (0..9_usize).prop_map(Step::End),
        2 => Just(Step::Hold),
        1 => (0..3_usize).prop_map(Step::Drop),
        2 => Just(Step::Turn),
        3 => Just(Step::Commit),
    ];
    proptest::collection::vec(step, 0..200)
}

/// The program: what is open, and whether the log has been told to keep it.
struct Program {
    writer: Writer,
    open: BTreeMap<SpanId, (OpenTask, bool)>,
    before_turn: Vec<SpanId>,
    position: u64,
}

impl Program {
    fn time(&self) -> LogTime {
        LogTime(1_000 + self.position)
    }

    fn tell(&mut self, what: &LogEntry) {
        let (position, time) = (Position(self.position), self.time());
        self.writer.entry(ThreadId(1), position, &ThreadStack::default(), time, what);
        self.position += 1;
        self.writer.drained(ThreadId(1), Position(self.position));
    }

    fn add(&mut self, life: TaskLife) {
        let span = SpanId { thread: ThreadId(1), start: Position(self.position) };
        let (path, parent) = (PathId(3), None);
        let task = OpenTask { span, path, parent, life };
        self.open.insert(span, (task, life == TaskLife::Place));
        match life {
            TaskLife::Place => self.writer.keep_task(&task),
            TaskLife::Created(_) => self.tell(&LogEntry::Created { span, parent, path }),
            TaskLife::Begun(_) => {
                self.tell(&LogEntry::SpanStart { span, path, parent, is_async: true });
            }
        }
        self.position += 1;
    }

    /// One of those that are open.
    fn nth(&self, index: usize, is_it: fn(TaskLife) -> bool) -> Option<OpenTask> {
        let all = self.open.values().filter(|(task, _)| is_it(task.life));
        all.map(|(task, _)| *task).nth(index)
    }

    fn end(&mut self, task: OpenTask) {
        let (_, is_kept) = self.open.remove(&task.span).unwrap();
        if is_kept {
            self.writer.forget_task(task.span);
        }
        if task.life != TaskLife::Place {
            let (span, path, start) = (task.span, task.path, LogTime(1));
            let (child_ns, outcome, out_of_order) = (0, Outcome::Ok, false);
            self.tell(&LogEntry::SpanEnd { span, path, start, child_ns, outcome, out_of_order });
        }
    }

    fn step(&mut self, step: &Step) {
        match step {
            Step::Make(true) => self.add(TaskLife::Begun(self.time())),
            Step::Make(false) => self.add(TaskLife::Created(self.time())),
            Step::Hold => self.add(TaskLife::Place),
            Step::Begin(index) => {
                if let Some(made) = self.nth(*index, |life| matches!(life, TaskLife::Created(_))) {
                    let OpenTask { span, path, parent, .. } = made;
                    let begun = OpenTask { life: TaskLife::Begun(self.time()), ..made };
                    let is_kept = self.open[&span].1;
                    self.open.insert(span, (begun, is_kept));
                    if is_kept {
                        self.writer.keep_task(&begun);
                    }
                    self.tell(&LogEntry::SpanStart { span, path, parent, is_async: true });
                }
            }
            Step::End(index) => {
                if let Some(task) = self.nth(*index, |life| life != TaskLife::Place) {
                    self.end(task);
                }
            }
            Step::Drop(index) => {
                if let Some(held) = self.nth(*index, |life| life == TaskLife::Place) {
                    self.end(held);
                }
            }
            Step::Turn => self.turn(),
            Step::Commit => drop(self.writer.commit(self.time()).unwrap()),
        }
    }

    fn turn(&mut self) {
        for span in std::mem::take(&mut self.before_turn) {
            if let Some((task, is_kept)) = self.open.get_mut(&span)
                && !std::mem::replace(is_kept, true)
            {
                self.writer.keep_task(task);
            }
        }
        self.before_turn = self.open.keys().copied().collect();
        self.writer.kept_tasks();
    }
}

#[track_caller]
fn check(steps: &[Step]) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.redb");
    let writer = Writer::create(&place(&path), process(1), LogTime(1)).unwrap();
    let mut program = Program { writer, open: BTreeMap::new(), before_turn: vec![], position: 0 };
    let mut tail = open(&path);
    for step in steps {
        program.step(step);
        if let Step::Commit = step {
            let told: Vec<_> = program.open.values().map(|(task, _)| *task).collect();
            assert_eq!(tail.snapshot().unwrap().tasks, told);
            let then = LogTime(1_000 + program.position / 2);
            let of_then = |task: &&OpenTask| task.life.since().is_none_or(|since| since <= then);
            let told: Vec<_> = told.iter().filter(of_then).copied().collect();
            assert_eq!(tail.snapshot_at(then).unwrap().tasks, told);
        }
    }
    program.step(&Step::Commit);
    let kept = program.open.values().filter(|(_, is_kept)| *is_kept).count() as u64;
    let report = check_log(&path, &ReadOptions::default()).unwrap();
    assert!(report.is_sound(), "{report:?}");
    // And a checkpoint, if there was anything to say.
    assert!((kept..=kept + 1).contains(&report.rows), "{report:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_is_open_is_found_by_rows_and_the_entries_since(steps in steps()) {
        check(&steps);
    }
}
