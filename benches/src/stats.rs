//! Numbers out of many noisy ones: minimum, median, 99th percentile.

/// How a measure was spread over its batches. Nothing is left out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Spread {
    pub(crate) min: f64,
    pub(crate) median: f64,
    pub(crate) p99: f64,
    pub(crate) max: f64,
}

impl Spread {
    /// None of no values.
    pub(crate) fn of(values: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut values: Vec<f64> = values.into_iter().collect();
        values.sort_by(f64::total_cmp);
        let (first, last) = (values.first().copied()?, values.last().copied()?);
        Some(Self { min: first, median: rank(&values, 50), p99: rank(&values, 99), max: last })
    }
}

/// The smallest value that `percent` of the sorted values do not exceed.
fn rank(sorted: &[f64], percent: usize) -> f64 {
    let at = (sorted.len() * percent).div_ceil(100).max(1) - 1;
    sorted[at]
}

/// For people and ratios: what is lost past 2^53 does not matter.
#[expect(clippy::cast_precision_loss, reason = "see above")]
pub(crate) fn per(number: u64, of: u64) -> f64 {
    number as f64 / of as f64
}

#[cfg(test)]
mod tests {
    use super::Spread;

    #[track_caller]
    fn check(values: impl IntoIterator<Item = u32>, expect: Option<(u32, u32, u32, u32)>) {
        let expect = expect.map(|(min, median, p99, max)| Spread {
            min: min.into(),
            median: median.into(),
            p99: p99.into(),
            max: max.into(),
        });
        assert_eq!(Spread::of(values.into_iter().map(f64::from)), expect);
    }

    #[test]
    fn ranks_are_values_that_were_measured() {
        check([], None);
        check([7], Some((7, 7, 7, 7)));
        check([3, 1, 2], Some((1, 2, 3, 3)));
        check((1..=200).rev(), Some((1, 100, 198, 200)));
    }
}
