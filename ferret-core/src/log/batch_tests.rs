//! A batch that fails, that goes on, and whose threads end.

use super::*;
use crate::event::Outcome;
use crate::log::testing::{Act, Program};

fn fill(batch: &mut Batch, spans: u32, program: &mut Program) {
    for _ in 0..spans {
        for act in [Act::Start(1), Act::End(Outcome::Ok)] {
            program.act(&act, batch);
        }
    }
}

/// A commit that returns an error may be in the log all the same.
#[test]
fn what_a_failed_commit_wrote_after_all_is_not_written_again() {
    let mut batch = Batch::new(Offset(0));
    let mut program = Program::new(Offset(0));
    fill(&mut batch, 3_000, &mut program);
    let attempted: Vec<_> = batch.rows(LogTime(1)).blocks.to_vec();
    assert!(attempted.len() > 1);
    fill(&mut batch, 500, &mut program);
    batch.skip_below(Offset(6_000));
    let left: Vec<_> = batch.rows(LogTime(2)).blocks.iter().map(|(first, _)| *first).collect();
    assert_eq!(left.first(), Some(&Offset(6_000)));
    batch.committed(None);
    assert!(batch.is_empty());
    assert_eq!(batch.pending_bytes(), 0);
}

#[test]
fn a_retried_batch_is_never_rebuilt() {
    let mut batch = Batch::new(Offset(0));
    let mut program = Program::new(Offset(0));
    fill(&mut batch, 100, &mut program);
    let attempted: Vec<_> = batch.rows(LogTime(1)).blocks.to_vec();
    fill(&mut batch, 100, &mut program);
    batch.skip_below(Offset(0));
    let again = batch.rows(LogTime(2));
    assert_eq!(again.blocks[..attempted.len()], attempted);
    assert_eq!(again.blocks[attempted.len()].0, Offset(200));
}

/// A program of a thread a request held a row of each for ever, and looked at all in a commit.
#[test]
fn threads_that_have_ended_are_forgotten_when_a_checkpoint_has_told_so() {
    let mut batch = Batch::new(Offset(0));
    let stack = ThreadStack::default();
    let info = ThreadInfo { name: "worker".to_owned(), tid: 1, start: LogTime(1) };
    for id in 1..=3_000_u32 {
        let (thread, time) = (ThreadId(id), LogTime(u64::from(id) * 1_000_000));
        batch.thread(thread, &info);
        batch.entry(thread, Position(0), &stack, time, &LogEntry::ThreadStart);
        if id != 7 {
            batch.entry(thread, Position(1), &stack, time, &LogEntry::ThreadEnd);
        }
        batch.drained(thread, Position(2));
        if id.is_multiple_of(10) {
            let checkpoint_at = batch.rows(time).checkpoint.map(|(at, _)| at);
            batch.committed(checkpoint_at);
            assert!(batch.threads.len() <= 1_001, "a second's threads, and the one that lives");
        }
    }
    assert!(batch.threads.contains_key(&ThreadId(7)));
}
