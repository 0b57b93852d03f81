//! What is told of deep stacks, piece by piece, is the stack.

use super::*;
use std::collections::BTreeMap;

/// A thread that calls and returns, and a sink that keeps what it is told.
struct Deep {
    thread: ThreadFold,
    told: BTreeMap<u32, OuterFrames>,
    tellings: usize,
    now: u64,
}

impl Deep {
    fn new() -> Self {
        let thread = ThreadFold::new(ThreadId(1));
        Self { thread, told: BTreeMap::new(), tellings: 0, now: 0 }
    }

    fn tick(&mut self) -> (Position, LogTime) {
        self.now += 1;
        (Position(self.now), LogTime(self.now))
    }

    fn call(&mut self, times: usize) {
        for _ in 0..times {
            let (start, time) = self.tick();
            let span = SpanId { thread: self.thread.id, start };
            self.thread.stack.push(span, PathId(1), time);
            self.thread.opened.push(Opening::at(start));
        }
    }

    fn return_from(&mut self, times: usize) {
        for _ in 0..times {
            let (_, time) = self.tick();
            self.thread.close_top(time);
        }
    }

    /// A frame in the middle ends.
    fn close(&mut self, index: usize) {
        let (_, time) = self.tick();
        let Some(frame) = self.thread.stack.frames().get(index).copied() else { return };
        self.thread.stack.close(frame.span, time);
        self.thread.opened.remove(index);
    }

    /// What whoever goes on makes of what was told is the stack.
    #[track_caller]
    fn check(&mut self) {
        let how = self.thread.resume();
        let (told, tellings) = (&mut self.told, &mut self.tellings);
        self.thread.tell_outer(|number, frames| {
            told.insert(number, frames.clone());
            *tellings += 1;
        });
        let how = how.unwrap_or_default();
        assert!(how.opened.len() <= Resume::FRAMES);
        let outer = (0..u32::try_from(how.outer()).unwrap()).rev();
        let whole = how.on(outer.map(|number| self.told[&number].clone()));
        assert!(whole.is_sound());
        assert!(whole.stack == self.thread.stack, "of {} frames", self.thread.stack.depth());
        assert!(whole.opened.iter().eq(self.thread.opened.iter().map(|opening| &opening.at)));
    }
}

#[test]
fn what_was_told_piece_by_piece_is_the_stack() {
    let mut deep = Deep::new();
    let mut random = 7_u64;
    for _ in 0..60 {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963);
        let some = usize::try_from(random >> 50).unwrap();
        match random >> 20 & 7 {
            0..=2 => deep.call(some),
            3 | 4 => deep.return_from(some),
            5 => deep.close(some),
            6 => deep.return_from(deep.thread.opened.len() % Resume::FRAMES),
            _ => deep.thread.stack.dropped(random >> 40),
        }
        deep.check();
    }
    assert!(deep.told.len() > 2, "{} were as deep as that", deep.told.len());
}

#[test]
fn what_has_not_changed_is_not_told_again() {
    let mut deep = Deep::new();
    deep.call(3 * Resume::FRAMES);
    for _ in 0..20 {
        deep.call(100);
        deep.check();
        deep.return_from(100);
        deep.check();
    }
    // All three, where the last has the whole of the third again and again.
    assert_eq!(deep.tellings, 2 + 20);
    deep.thread.forget_outer();
    deep.check();
    assert_eq!(deep.tellings, 2 + 20 + 2);
}

/// Half a million frames are kept, and the others counted.
#[test]
fn of_a_stack_without_end_the_innermost_are_kept() {
    let mut deep = Deep::new();
    deep.call((Resume::MOST_OUTER + 3) * Resume::FRAMES);
    let how = deep.thread.resume().unwrap();
    let mut told = Vec::new();
    deep.thread.tell_outer(|number, frames| told.push((number, frames.clone())));
    assert_eq!((told.len(), told[0].0), (Resume::MOST_OUTER, 2));
    let whole = how.on(told.into_iter().rev().map(|(_, frames)| frames));
    assert_eq!(whole.stack.hidden() as usize, 2 * Resume::FRAMES);
    assert!(whole.is_sound() && whole.stack.depth() == deep.thread.stack.depth());
}
