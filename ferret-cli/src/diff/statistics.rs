//! The tests by which a change is told from chance: plain functions of numbers, which know no run and no row.
//!
//! Durations are skewed, so nothing here supposes that they are normal. Single calls are compared by ranks
//! (Brunner and Munzel 2000, for which the two sides need not be spread alike) and by order statistics; of runs the
//! logarithms are compared, by Student's test.

use crate::analyze::Histogram;

/// A histogram of three and more percent a bucket is not what this is for: so much of a duration, as a logarithm, is the
/// least error of a percentile.
const LEAST_ERROR: f64 = 0.004;
/// Standard errors of a rank that are looked at on both sides of it.
const BAND: f64 = 1.96;
/// Runs of one program on one machine differ by this at least, however alike a few of them look.
const LEAST_SPREAD_OF_RUNS: f64 = 0.01;

/// Whether the calls of one side take longer than those of the other: how often a call of `head` takes longer than one of
/// `base`, less a half, in standard errors; and the probability of being off by that much by chance. None of too few calls.
///
/// The error is that of Brunner and Munzel, or that of Mann and Whitney where that is larger, as it is where the sides
/// hardly overlap. Both are by as many calls as these are worth.
pub(super) fn shift(base: &Histogram, head: &Histogram) -> Option<(f64, f64)> {
    let (n_base, n_head) = (base.independent, head.independent);
    if n_base < 2.0 || n_head < 2.0 {
        return None;
    }
    let (off, error, freedom) = brunner_munzel(base, head);
    let least = (n_base + n_head + 1.0) / (12.0 * n_base * n_head);
    let statistic = off / error.max(least).sqrt();
    Some((statistic, two_sided(statistic, freedom)))
}

/// How often a call of `head` takes longer than one of `base`, less a half; the square of the error; degrees of freedom.
fn brunner_munzel(base: &Histogram, head: &Histogram) -> (f64, f64, f64) {
    let (n_base, n_head) = (base.independent, head.independent);
    let (mean, spread_head) = placements(&head.calls, &base.calls).mean_and_variance();
    let (_, spread_base) = placements(&base.calls, &head.calls).mean_and_variance();
    let (error_base, error_head) = (spread_base / n_base, spread_head / n_head);
    let freedom = (error_base + error_head).powi(2)
        / (error_base.powi(2) / (n_base - 1.0) + error_head.powi(2) / (n_head - 1.0));
    let freedom = if freedom.is_finite() { freedom } else { n_base + n_head - 2.0 };
    (mean - 0.5, error_base + error_head, freedom.max(1.0))
}

/// For each duration the share of the other side's that are shorter, those as long counting half.
struct Placements {
    /// The share, and how many calls have it.
    all: Vec<(f64, f64)>,
}

#[expect(clippy::cast_precision_loss, reason = "an estimate")]
fn placements(of: &[(u64, u64)], among: &[(u64, u64)]) -> Placements {
    let total: f64 = among.iter().map(|(_, count)| *count as f64).sum();
    let mut rest = among.iter().copied().peekable();
    let mut below = 0.0;
    let place = |&(ns, count): &(u64, u64)| {
        while let Some((_, shorter)) = rest.next_if(|(other, _)| *other < ns) {
            below += shorter as f64;
        }
        let as_long = rest.peek().filter(|(other, _)| *other == ns).map_or(0, |(_, count)| *count);
        ((below + as_long as f64 / 2.0) / total, count as f64)
    };
    Placements { all: of.iter().map(place).collect() }
}

impl Placements {
    fn mean_and_variance(&self) -> (f64, f64) {
        let count: f64 = self.all.iter().map(|(_, count)| count).sum();
        let mean = self.all.iter().map(|(share, count)| share * count).sum::<f64>() / count;
        let squares = self.all.iter().map(|(share, count)| (share - mean).powi(2) * count);
        (mean, squares.sum::<f64>() / (count - 1.0).max(1.0))
    }
}

/// The same of a percentile, by the logarithms of the durations at the ends of what it may be. None where that is
/// beyond the longest call: of too few.
pub(super) fn percentile_shift(base: &Histogram, head: &Histogram, share: f64) -> Option<f64> {
    let (base, head) = (percentile(base, share)?, percentile(head, share)?);
    let error = base.1.hypot(head.1);
    Some(two_sided((head.0 - base.0) / error, f64::INFINITY))
}

/// The logarithm of a percentile, and its standard error.
fn percentile(of: &Histogram, share: f64) -> Option<(f64, f64)> {
    let half = BAND * (share * (1.0 - share) / of.independent).sqrt();
    let (low, high) = (share - half, share + half);
    let ends = 0.5 / of.independent;
    if !(low > ends && high < 1.0 - ends) {
        return None;
    }
    let error = (at_share(of, high).ln() - at_share(of, low).ln()) / (2.0 * BAND);
    Some((at_share(of, share).ln(), error.max(LEAST_ERROR)))
}

/// The duration that so large a share of the calls does not exceed, ns, 1 at least.
#[expect(clippy::cast_precision_loss, reason = "an estimate")]
pub(super) fn at_share(of: &Histogram, share: f64) -> f64 {
    let all: f64 = of.calls.iter().map(|(_, count)| *count as f64).sum();
    let (mut below, mut before) = (0.0, None);
    for &(ns, count) in &of.calls {
        let (ns, count) = (ns.max(1) as f64, count as f64);
        // The calls of a bucket lie about its middle.
        let middle = (below + count / 2.0) / all;
        if middle >= share {
            let Some((shorter, at)) = before else { return ns };
            let part: f64 = (share - at) / (middle - at);
            return shorter + (ns - shorter) * part;
        }
        below += count;
        before = Some((ns, middle));
    }
    before.map_or(1.0, |(ns, _)| ns)
}

/// By how large a share of the base all of these percentiles grew, or shrank: as the one does that did least; 0 where
/// they did not all do the same.
///
/// What another program does to a machine slows some calls and not others. A program that became slower is so in all.
pub(super) fn least_growth(base: &Histogram, head: &Histogram, shares: &[f64]) -> f64 {
    let growth = |share: &f64| at_share(head, *share) / at_share(base, *share) - 1.0;
    let (least, most) =
        shares.iter().map(growth).fold((f64::INFINITY, f64::NEG_INFINITY), |(least, most), one| {
            (least.min(one), most.max(one))
        });
    match (least > 0.0, most < 0.0) {
        (true, false) => least,
        (false, true) => most,
        _ => 0.0,
    }
}

/// Whether the runs of two sides differ, by one number of each: the probability that they do so by chance. None where there
/// are not three runs, or a side has none.
///
/// Student's test of the logarithms, of which runs of one program differ by 1 % at least.
pub(super) fn runs_differ(base: &[f64], head: &[f64]) -> Option<f64> {
    let freedom = (base.len() + head.len()).checked_sub(2).filter(|&freedom| freedom > 0)?;
    if base.is_empty() || head.is_empty() {
        return None;
    }
    let (base, head) = (logarithms(base), logarithms(head));
    let (mean_base, squares_base) = mean_and_squares(&base);
    let (mean_head, squares_head) = mean_and_squares(&head);
    #[expect(clippy::cast_precision_loss, reason = "a few runs")]
    let (n_base, n_head, freedom) = (base.len() as f64, head.len() as f64, freedom as f64);
    let spread = ((squares_base + squares_head) / freedom).sqrt().max(LEAST_SPREAD_OF_RUNS);
    let error = spread * (1.0 / n_base + 1.0 / n_head).sqrt();
    Some(two_sided((mean_head - mean_base) / error, freedom))
}

fn logarithms(of: &[f64]) -> Vec<f64> {
    of.iter().map(|value| value.max(1.0).ln()).collect()
}

#[expect(clippy::cast_precision_loss, reason = "a few runs")]
fn mean_and_squares(of: &[f64]) -> (f64, f64) {
    let mean = of.iter().sum::<f64>() / of.len() as f64;
    (mean, of.iter().map(|value| (value - mean).powi(2)).sum())
}

/// Corrects for how many questions were asked, by Benjamini and Hochberg (1995): of what is then called significant at 1 %,
/// 1 % is chance.
pub(super) fn correct(p_values: &mut [&mut f64]) {
    p_values.sort_by(|left, right| right.total_cmp(left));
    #[expect(clippy::cast_precision_loss, reason = "some thousands")]
    let all = p_values.len() as f64;
    let (mut rank, mut least) = (all, 1.0_f64);
    for p in p_values {
        least = least.min(**p * all / rank);
        **p = least;
        rank -= 1.0;
    }
}

/// How probable it is that Student's t is as far from 0 as this, or farther.
fn two_sided(t: f64, freedom: f64) -> f64 {
    if t.is_nan() {
        return 1.0;
    }
    // Beyond, it is the normal distribution to all digits that are shown.
    let freedom = freedom.min(1e7);
    incomplete_beta(freedom / 2.0, 0.5, freedom / (freedom + t * t)).clamp(0.0, 1.0)
}

/// Instead of a nought, by which cannot be divided.
const TINY: f64 = 1e-300;

/// The regularized incomplete beta function, by its continued fraction (Lentz's way; DLMF 8.17.22).
fn incomplete_beta(alpha: f64, beta: f64, at: f64) -> f64 {
    if at <= 0.0 || at >= 1.0 {
        return at.clamp(0.0, 1.0);
    }
    // Beyond its mean the fraction of the other side converges faster.
    if at > (alpha + 1.0) / (alpha + beta + 2.0) {
        return 1.0 - incomplete_beta(beta, alpha, 1.0 - at);
    }
    let not_zero = |value: f64| if value.abs() < TINY { TINY } else { value };
    let front = ln_gamma(alpha + beta) - ln_gamma(alpha) - ln_gamma(beta)
        + alpha * at.ln()
        + beta * (1.0 - at).ln();
    let (mut upper, mut lower, mut fraction) = (1.0_f64, 0.0_f64, 1.0);
    for step in 0..1_000_u32 {
        let half = f64::from(step / 2);
        let place = alpha + 2.0 * half;
        let factor = match step {
            0 => 1.0,
            _ if step % 2 == 0 => half * (beta - half) * at / ((place - 1.0) * place),
            _ => -(alpha + half) * (alpha + beta + half) * at / (place * (place + 1.0)),
        };
        lower = 1.0 / not_zero(1.0 + factor * lower);
        upper = not_zero(1.0 + factor / upper);
        fraction *= upper * lower;
        if (1.0 - upper * lower).abs() < 1e-12 {
            break;
        }
    }
    front.exp() * (fraction - 1.0) / alpha
}

/// The logarithm of the gamma function of a positive number: Stirling's series, from 10 on.
fn ln_gamma(x: f64) -> f64 {
    let (mut x, mut less) = (x, 0.0);
    while x < 10.0 {
        less += x.ln();
        x += 1.0;
    }
    let square = x * x;
    let series = (1.0 / 12.0 - (1.0 / 360.0 - 1.0 / (1_260.0 * square)) / square) / x;
    (x - 0.5) * x.ln() - x + std::f64::consts::TAU.sqrt().ln() + series - less
}

#[cfg(test)]
#[path = "statistics_tests.rs"]
mod tests;
