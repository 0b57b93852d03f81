//! How many of something went on at a time: intervals added up over time, in bounded memory.

/// Cells of a curve: more than a terminal has columns.
const CELLS: usize = 1_024;

/// A curve over time. Each cell has the time, ns, that all intervals together had in it; when they reach
/// beyond the last cell, all become twice as wide. What an interval does to the cells that it covers
/// as a whole is noted at its two ends alone, so a long one costs no more than a short one.
#[derive(Clone, Debug, Default)]
pub struct Curve {
    origin: Option<i128>,
    width_ns: u64,
    /// Parts of cells.
    parts_ns: Vec<u64>,
    /// By how many cover this cell more than the one before.
    steps: Vec<i64>,
}

impl Curve {
    /// Adds an interval, in any order. Times before `origin`, which the first call sets, count as it.
    pub fn add(&mut self, origin: i128, start: i128, end: i128) {
        if self.parts_ns.is_empty() {
            (self.origin, self.width_ns) = (Some(origin), 1_000);
            (self.parts_ns, self.steps) = (vec![0; CELLS], vec![0; CELLS + 1]);
        }
        let origin = self.origin.unwrap_or(origin);
        let since = |at: i128| u64::try_from((at - origin).max(0)).unwrap_or(u64::MAX / 4);
        let (start, end) = (since(start).min(u64::MAX / 4), since(end).min(u64::MAX / 4));
        if end <= start {
            return;
        }
        while end > self.width_ns.saturating_mul(CELLS as u64) {
            self.widen();
        }
        let (first, last) = (cell(start, self.width_ns), cell(end, self.width_ns));
        if first == last {
            self.parts_ns[first] += end - start;
            return;
        }
        self.parts_ns[first] += (first as u64 + 1) * self.width_ns - start;
        self.steps[first + 1] += 1;
        self.steps[last] -= 1;
        if last < CELLS {
            self.parts_ns[last] += end - last as u64 * self.width_ns;
        }
    }

    /// Whether nothing was added.
    pub fn is_empty(&self) -> bool {
        self.parts_ns.is_empty()
    }

    /// The beginning of its first interval, to a thousandth of its length.
    pub fn first(&self) -> Option<i128> {
        let index =
            self.parts_ns.iter().zip(&self.steps).position(|(ns, step)| *ns > 0 || *step > 0)?;
        Some(self.origin? + i128::from(self.width_ns) * index as i128)
    }

    /// How many went on, on average, in each of `columns` equal slices from `start` to `end`.
    #[expect(clippy::cast_precision_loss, reason = "means, for display")]
    pub fn means(&self, start: i128, end: i128, columns: usize) -> Vec<f64> {
        let Some(origin) = self.origin.filter(|_| end > start && columns > 0) else {
            return vec![0.0; columns];
        };
        let sums = self.sums();
        // Cumulated up to each moment, as if what a cell has were spread evenly over it.
        let until = |at: i128| {
            let at = u64::try_from((at - origin).max(0)).unwrap_or(u64::MAX);
            let index = cell(at, self.width_ns).min(CELLS);
            let whole: f64 = sums[..index].iter().sum();
            let inside = at.saturating_sub(index as u64 * self.width_ns) as f64;
            whole + sums.get(index).map_or(0.0, |ns| ns * inside / self.width_ns as f64)
        };
        let span = end - start;
        let at = |index: usize| start + span * index as i128 / columns as i128;
        let mean = |index: usize| {
            let length = (at(index + 1) - at(index)).max(1) as f64;
            ((until(at(index + 1)) - until(at(index))) / length).max(0.0)
        };
        (0..columns).map(mean).collect()
    }

    #[expect(clippy::cast_precision_loss, reason = "means, for display")]
    fn sums(&self) -> Vec<f64> {
        let mut covered = 0_i64;
        let cells = self.parts_ns.iter().zip(&self.steps);
        let sum = |(part, step): (&u64, &i64)| {
            covered += step;
            *part as f64 + covered as f64 * self.width_ns as f64
        };
        cells.map(sum).collect()
    }

    fn widen(&mut self) {
        let mut covered = 0_i64;
        let mut all = Vec::with_capacity(CELLS);
        for (part, step) in self.parts_ns.iter().zip(&self.steps) {
            covered += step;
            let whole = self.width_ns.saturating_mul(u64::try_from(covered).unwrap_or(0));
            all.push(part.saturating_add(whole));
        }
        let pairs = all.chunks(2).map(|pair| pair.iter().fold(0_u64, |a, b| a.saturating_add(*b)));
        self.parts_ns = pairs.collect();
        self.parts_ns.resize(CELLS, 0);
        self.steps = vec![0; CELLS + 1];
        self.width_ns = self.width_ns.saturating_mul(2);
    }
}

fn cell(at: u64, width_ns: u64) -> usize {
    usize::try_from(at / width_ns.max(1)).unwrap_or(CELLS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn it_says_how_many_went_on_in_each_slice() {
        let mut curve = Curve::default();
        let s = 1_000_000_000;
        curve.add(0, 0, 4 * s);
        curve.add(0, s, 3 * s);
        curve.add(0, 2 * s, 2 * s + s / 2);
        let means = curve.means(0, 4 * s, 4);
        for (mean, expect) in means.iter().zip([1.0, 2.0, 2.5, 1.0]) {
            assert!((mean - expect).abs() < 0.02, "{means:?}");
        }
        assert_eq!(Curve::default().means(0, s, 2), [0.0, 0.0]);
    }

    proptest! {
        #[test]
        #[expect(clippy::cast_precision_loss, reason = "small numbers")]
        fn the_time_in_it_is_that_of_all_intervals(
            intervals in prop::collection::vec((0_i128..5_000_000, 0_i128..3_000_000), 0..50),
        ) {
            let mut curve = Curve::default();
            for &(start, length) in &intervals {
                curve.add(0, start, start + length);
            }
            let sum: i128 = intervals.iter().map(|(_, length)| length).sum();
            let means = curve.means(0, 10_000_000, 1);
            let seen = means[0] * 10_000_000.0;
            prop_assert!((seen - sum as f64).abs() <= 1.0 + sum as f64 * 1e-9, "{seen} {sum}");
        }
    }
}
