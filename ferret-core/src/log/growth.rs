//! Whether the log's file grows faster than what is written into it: then somebody holds a read
//! transaction open, and every commit takes new pages where it would reuse those of the one before.
//!
//! Measured: a commit of 100 bytes then takes 20 KB, otherwise 0.2 KB; one of 11 KB takes 33 and 12.
//! So the writer commits once a second until they let go, a megabyte a minute at most beside the data,
//! and the batch holds what is recorded in between.

use super::batch::Batch;
use super::block;

/// What a commit takes beyond its data, on average, where pages are reused: far less. Bytes.
const EXCESS: u64 = 12 << 10;
/// Pages of the tables' inner nodes, and blocks that do not fill theirs: this part of the data.
const SHARE: u64 = 16;
/// Commits that are looked at together ...
const WINDOW: u32 = 16;
/// ... and while they are a second apart.
const SLOW_WINDOW: u32 = 4;
/// Between them then, ns.
const SLOW_REST_NS: u64 = 1_000_000_000;

/// What the file has grown by, and what was written, since a window began.
#[derive(Debug, Default)]
pub(super) struct Growth {
    /// What the file took when it was last looked at.
    allocated: Option<u64>,
    grown: u64,
    data: u64,
    commits: u32,
    is_pinned: bool,
}

impl Growth {
    /// The file takes so many bytes now, before a commit; whether a reader has been found just now
    /// that does not let go.
    pub(super) fn look(&mut self, allocated: u64) -> bool {
        let before = self.allocated.replace(allocated).unwrap_or(allocated);
        self.grown += allocated.saturating_sub(before);
        let window = if self.is_pinned { SLOW_WINDOW } else { WINDOW };
        if self.commits < window {
            return false;
        }
        let expected = self.data + self.data / SHARE + EXCESS * u64::from(self.commits);
        let is_pinned = self.grown > expected;
        let was_pinned = self.is_pinned;
        *self = Self { allocated: Some(allocated), is_pinned, ..Self::default() };
        is_pinned && !was_pinned
    }

    /// A commit has written the batch.
    pub(super) fn committed(&mut self, batch: &Batch) {
        self.commits += 1;
        self.data += batch.value_bytes().map(block::stored_bytes).sum::<u64>();
    }

    /// How long to rest before the next commit, ns.
    pub(super) fn rest_ns(&self) -> u64 {
        if self.is_pinned { SLOW_REST_NS } else { 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `commits` that take so much more than they write; whether a reader is then seen, and for how
    /// many of them it was.
    fn check(commits: u32, takes: u64, writes: u64) -> (bool, usize) {
        let mut growth = Growth::default();
        let mut file = 1 << 20;
        let slow = (0..commits).filter(|_| {
            growth.look(file);
            file += takes;
            growth.commits += 1;
            growth.data += writes;
            growth.rest_ns() > 0
        });
        let slow = slow.count();
        (growth.is_pinned, slow)
    }

    #[test]
    fn what_was_measured_is_told_apart() {
        for (takes, writes) in [(1_638, 131), (409, 110), (13_107, 11_500), (484_147, 480_000)] {
            assert_eq!(check(100, takes, writes), (false, 0), "{takes} for {writes}");
        }
        for (takes, writes) in [(16_998, 131), (20_480, 110), (33_383, 11_500)] {
            assert_eq!(check(100, takes, writes), (true, 84), "{takes} for {writes}");
        }
    }

    #[test]
    fn when_the_reader_lets_go_it_is_fast_again() {
        let mut growth = Growth::default();
        let mut file = 0;
        let mut commit = |takes: u64| {
            let found = growth.look(file);
            file += takes;
            growth.commits += 1;
            (found, growth.rest_ns())
        };
        let found = (0..40).filter(|_| commit(20_480).0).count();
        assert_eq!(found, 1, "said once");
        let slow = (0..20).filter(|_| commit(0).1 > 0).count();
        assert!(slow <= 8, "{slow} commits later");
    }
}
