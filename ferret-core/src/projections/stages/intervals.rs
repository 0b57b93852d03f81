//! A set of moments, kept as intervals: when a stage ran, however its calls overlapped.

/// More disjoint intervals than this are thinned out.
const MAX_INTERVALS: usize = 32_768;

/// Disjoint intervals of log time, ascending, ns. Both ends of one are moments in it.
///
/// Bounded: when there are too many, the narrowest gaps are closed until half are left, and how
/// much that added is known ([`Intervals::closed_ns`]). Dropping old intervals was rejected, since a
/// long call may still come to cover them.
#[derive(Clone, Debug, Default)]
pub(super) struct Intervals {
    all: Vec<(u64, u64)>,
    closed_ns: u64,
}

impl Intervals {
    /// Adds the moments from `start` to `end`. Nearly always the last, so looked for from there.
    pub(super) fn add(&mut self, start: u64, end: u64) {
        let end = end.max(start);
        let mut first = self.all.len();
        while first > 0 && self.all[first - 1].1 >= start {
            first -= 1;
        }
        let mut last = self.all.len();
        while last > first && self.all[last - 1].0 > end {
            last -= 1;
        }
        match self.all.get(first).filter(|_| first < last) {
            None => self.all.insert(first, (start, end)),
            Some(&(low, _)) => {
                let merged = (low.min(start), self.all[last - 1].1.max(end));
                self.all[first] = merged;
                self.all.drain(first + 1..last);
            }
        }
        if self.all.len() > MAX_INTERVALS {
            self.thin_out(MAX_INTERVALS / 2);
        }
    }

    /// The intervals.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u64, u64)> + '_ {
        self.all.iter().copied()
    }

    /// How long they are together, ns.
    pub(super) fn length_ns(&self) -> u64 {
        self.all.iter().map(|(start, end)| end - start).sum()
    }

    /// How much of that was added by closing gaps, at most, ns.
    pub(super) fn closed_ns(&self) -> u64 {
        self.closed_ns
    }

    /// The beginning of the first.
    pub(super) fn start(&self) -> Option<u64> {
        self.all.first().map(|&(start, _)| start)
    }

    /// Whether the two have more than a moment in common.
    pub(super) fn overlaps(&self, other: &Self) -> bool {
        let (mut mine, mut theirs) = (self.iter().peekable(), other.iter().peekable());
        while let (Some(&a), Some(&b)) = (mine.peek(), theirs.peek()) {
            if a.0.max(b.0) < a.1.min(b.1) {
                return true;
            }
            if a.1 < b.1 {
                mine.next()
            } else {
                theirs.next()
            };
        }
        false
    }

    /// Adds all of `other`, `shift` ns later.
    pub(super) fn add_all(&mut self, other: &Self, shift: i64) {
        for (start, end) in other.iter() {
            self.add(start.saturating_add_signed(shift), end.saturating_add_signed(shift));
        }
        self.closed_ns += other.closed_ns;
    }

    /// Closes the narrowest gaps until `keep` intervals are left.
    fn thin_out(&mut self, keep: usize) {
        let mut gaps: Vec<u64> = self.all.windows(2).map(|pair| pair[1].0 - pair[0].1).collect();
        let close = self.all.len().saturating_sub(keep).min(gaps.len());
        if close == 0 {
            return;
        }
        let (_, &mut widest, _) = gaps.select_nth_unstable(close - 1);
        let mut closed = 0;
        let mut kept: Vec<(u64, u64)> = Vec::with_capacity(keep);
        for &(start, end) in &self.all {
            match kept.last_mut() {
                Some(last) if closed < close && start - last.1 <= widest => {
                    self.closed_ns += start - last.1;
                    last.1 = end;
                    closed += 1;
                }
                _ => kept.push((start, end)),
            }
        }
        self.all = kept;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Compares with a plain row of moments.
    fn check(spans: &[(u64, u64)]) {
        let mut intervals = Intervals::default();
        let mut covered = [false; 400];
        for &(start, length) in spans {
            intervals.add(start, start + length);
            // Half-open steps of one nanosecond: an interval's length is their number.
            covered[usize::try_from(start).unwrap()..][..usize::try_from(length).unwrap()]
                .fill(true);
        }
        let expected = covered.iter().filter(|&&is| is).count() as u64;
        assert_eq!(intervals.length_ns(), expected, "{spans:?}");
        let all: Vec<_> = intervals.iter().collect();
        assert!(all.windows(2).all(|pair| pair[0].1 < pair[1].0), "{all:?} is not disjoint");
    }

    proptest! {
        #[test]
        fn the_length_is_that_of_the_union(
            spans in prop::collection::vec((0..300_u64, 0..100_u64), 0..40)
        ) {
            check(&spans);
        }

        #[test]
        fn overlap_is_having_a_step_in_common(
            left in prop::collection::vec((0..300_u64, 0..20_u64), 0..6),
            right in prop::collection::vec((0..300_u64, 0..20_u64), 0..6),
        ) {
            let set = |spans: &[(u64, u64)]| {
                let mut set = Intervals::default();
                for &(start, length) in spans {
                    set.add(start, start + length);
                }
                set
            };
            let (left, right) = (set(&left), set(&right));
            let common = (0..400_u64).any(|step| {
                let has = |set: &Intervals| set.iter().any(|(s, e)| s <= step && step < e);
                has(&left) && has(&right)
            });
            prop_assert_eq!(left.overlaps(&right), common);
            prop_assert_eq!(right.overlaps(&left), common);
        }
    }

    #[test]
    fn too_many_intervals_lose_their_narrowest_gaps_and_it_is_known() {
        let mut intervals = Intervals::default();
        let count = MAX_INTERVALS as u64 + 1;
        for index in 0..count {
            // Gaps of 10, and of 1000 at every hundredth.
            let start = index * 20 + index / 100 * 990;
            intervals.add(start, start + 10);
        }
        assert_eq!(intervals.iter().count(), MAX_INTERVALS / 2);
        assert_eq!(intervals.length_ns(), count * 10 + intervals.closed_ns());
        assert_eq!(intervals.closed_ns(), (count - MAX_INTERVALS as u64 / 2) * 10);
    }
}
