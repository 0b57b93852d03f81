//! What the open frames of one thread have allocated.
//!
//! A thread whose allocator is not wrapped has nothing here, and costs a comparison a frame. One
//! that has has an account for each open frame that allocated, or called what did.

use super::{Fold, ThreadFold};
use crate::event::{HeapAccount, HeapUse, LogEntry, LogTime, Position, Sink};
use crate::record::raw::Slot;

/// A frame that stays open says what it has allocated after this long, ns.
const UNSAID_NS: u64 = 1_000_000_000;

/// The accounts of a thread, the outermost frame's first.
#[derive(Debug, Default)]
pub(super) struct HeapStack {
    accounts: Vec<HeapAccount>,
    /// When something was first seen that is in no entry yet.
    unsaid_since: Option<LogTime>,
    is_unsaid: bool,
}

/// What an event says: see [`Kind::Alloc`](crate::record::raw::Kind::Alloc).
pub(super) fn use_of(slots: &[Slot]) -> HeapUse {
    let [bytes, freed_bytes] = slots.get(1).copied().unwrap_or_default();
    let [counts, peak_bytes] = slots.get(2).copied().unwrap_or_default();
    HeapUse { bytes, count: counts >> 32, freed_bytes, frees: counts & 0xffff_ffff, peak_bytes }
}

impl<S: Sink> Fold<S> {
    /// Says what frames that stay open have allocated, once a second. `position` is the next
    /// event's. Polls that were kept back have been sent out.
    pub(in crate::record) fn say_heap(
        &mut self,
        thread: &mut ThreadFold,
        position: Position,
        now: LogTime,
    ) {
        let due = thread.heap.due(now);
        if !due.is_empty() {
            self.say_held(thread);
        }
        self.put_heap(thread, position, due);
    }

    /// Says what is left to say of them: no more comes.
    #[cfg(feature = "read")]
    pub(in crate::record) fn say_last_heap(&mut self, thread: &mut ThreadFold, position: Position) {
        let rest = thread.heap.rest();
        self.put_heap(thread, position, rest);
    }

    fn put_heap(
        &mut self,
        thread: &ThreadFold,
        position: Position,
        said: Vec<(Position, HeapUse)>,
    ) {
        for (frame, heap) in said {
            let index = thread.opened.iter().rposition(|opening| opening.at == frame);
            let Some(frame) = index.and_then(|index| thread.stack.frames().get(index)) else {
                continue;
            };
            let alloc = LogEntry::Alloc { span: frame.span, path: frame.path, heap };
            self.put(thread, position, thread.last_time, &alloc);
        }
    }
}

impl HeapStack {
    /// Goes on with these accounts.
    #[cfg(feature = "read")]
    pub(super) fn resumed(accounts: Vec<HeapAccount>) -> Self {
        let is_unsaid = accounts.iter().any(|account| !account.unsaid.is_empty());
        Self { accounts, unsaid_since: None, is_unsaid }
    }

    pub(super) fn accounts(&self) -> &[HeapAccount] {
        &self.accounts
    }

    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.accounts.is_empty()
    }

    /// The frame opened at `frame`, the innermost, has allocated and freed.
    pub(super) fn add(&mut self, frame: Position, what: &HeapUse) {
        let account = self.account(frame);
        rise(account, signed(what.peak_bytes));
        account.grown = account
            .grown
            .saturating_add(signed(what.bytes))
            .saturating_sub(signed(what.freed_bytes));
        account.unsaid.add(what);
        self.is_unsaid = true;
    }

    /// The frame closes, `below` being what is then below it; gives what is to be said of it.
    pub(super) fn close(&mut self, frame: Position, below: Option<Position>) -> Option<HeapUse> {
        if self.accounts.is_empty() {
            return None;
        }
        let index = self.accounts.iter().rposition(|account| account.frame == frame)?;
        let account = self.accounts.remove(index);
        if let Some(below) = below {
            let below = self.account(below);
            rise(below, account.peak);
            below.grown = below.grown.saturating_add(account.grown);
        }
        let said = HeapUse { peak_bytes: unsigned(account.peak), ..account.unsaid };
        (!said.is_empty() || said.peak_bytes > 0).then_some(said)
    }

    /// What is to be said of frames that stay open, if that is due; the innermost first.
    pub(super) fn due(&mut self, now: LogTime) -> Vec<(Position, HeapUse)> {
        if !self.is_unsaid {
            self.unsaid_since = None;
            return Vec::new();
        }
        let since = *self.unsaid_since.get_or_insert(now);
        if now.since(since) < UNSAID_NS {
            return Vec::new();
        }
        self.rest()
    }

    /// What is to be said, due or not; the innermost first.
    fn rest(&mut self) -> Vec<(Position, HeapUse)> {
        (self.is_unsaid, self.unsaid_since) = (false, None);
        let mut above = 0;
        let mut due = Vec::new();
        for account in self.accounts.iter_mut().rev() {
            rise(account, above);
            above = account.peak;
            let unsaid = std::mem::take(&mut account.unsaid);
            if !unsaid.is_empty() {
                let heap = HeapUse { peak_bytes: unsigned(account.peak), ..unsaid };
                due.push((account.frame, heap));
            }
        }
        due
    }

    /// The frame's account. Frames were opened in the order of their positions.
    fn account(&mut self, frame: Position) -> &mut HeapAccount {
        let index = self.accounts.partition_point(|account| account.frame < frame);
        if self.accounts.get(index).is_none_or(|account| account.frame != frame) {
            let account = HeapAccount { frame, unsaid: HeapUse::default(), grown: 0, peak: 0 };
            self.accounts.insert(index, account);
        }
        &mut self.accounts[index]
    }
}

/// The heap was by as much larger than it is now.
fn rise(account: &mut HeapAccount, by: i64) {
    account.peak = account.peak.max(account.grown.saturating_add(by));
}

fn signed(bytes: u64) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

fn unsigned(bytes: i64) -> u64 {
    u64::try_from(bytes).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: Position = Position(1);
    const B: Position = Position(5);
    const C: Position = Position(9);

    fn heap(bytes: u64, freed_bytes: u64, peak_bytes: u64) -> HeapUse {
        HeapUse { bytes, count: 1, freed_bytes, frees: 0, peak_bytes }
    }

    #[test]
    fn peaks_of_callees_stand_on_what_the_caller_had() {
        let mut stack = HeapStack::default();
        stack.add(A, &heap(100, 0, 100));
        stack.add(B, &heap(50, 50, 50));
        assert_eq!(stack.close(B, Some(A)), Some(heap(50, 50, 50)));
        stack.add(A, &heap(0, 100, 0));
        let heap = stack.close(A, None).unwrap();
        assert_eq!((heap.bytes, heap.freed_bytes, heap.peak_bytes), (100, 100, 150));
    }

    #[test]
    fn one_that_only_calls_what_allocates_has_a_peak_and_nothing_else() {
        let mut stack = HeapStack::default();
        stack.add(C, &heap(70, 0, 70));
        stack.close(C, Some(B));
        stack.close(B, Some(A));
        let heap = stack.close(A, None).unwrap();
        assert_eq!(heap, HeapUse { peak_bytes: 70, ..HeapUse::default() });
    }

    #[test]
    fn frames_that_stay_open_say_once_what_is_new() {
        let mut stack = HeapStack::default();
        stack.add(A, &heap(100, 0, 100));
        stack.add(B, &heap(30, 0, 30));
        assert_eq!(stack.due(LogTime(5)), []);
        let due = stack.due(LogTime(5 + UNSAID_NS));
        assert_eq!(due, [(B, heap(30, 0, 30)), (A, heap(100, 0, 130))]);
        assert_eq!(stack.due(LogTime(5 + 9 * UNSAID_NS)), []);
        let closed = stack.close(B, Some(A)).unwrap();
        assert_eq!(closed, HeapUse { peak_bytes: 30, ..HeapUse::default() });
    }
}
