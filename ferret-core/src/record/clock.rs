//! Time: ticks on the hot path, the boot-time clock everywhere else, and the map between them.
//!
//! Ticks are the TSC where the CPU says it is invariant and the kernel keeps its own time by it;
//! elsewhere they are nanoseconds of the boot-time clock itself. `rdtsc` and not `rdtscp` (+14 ns a
//! span), nor `Instant` (+24 ns): a span may seem to begin a few nanoseconds early.

use crate::event::LogTime;
use once_cell::race::OnceBool;
use rustix::time::{ClockId, clock_gettime};
use std::collections::VecDeque;

/// Whether ticks are the TSC. Threads that ask at once may each find out: none waits for another,
/// and a forked child cannot inherit a lock that nobody will release.
static TSC: OnceBool = OnceBool::new();

/// Tests of the fallback take the TSC away.
#[cfg(test)]
pub(super) static WITHOUT_TSC: std::sync::atomic::AtomicBool =
    std::sync::atomic::AtomicBool::new(false);

/// Whether [`ticks_fast`] may be used. Where not, the fast path is never opened.
pub(super) fn is_fast() -> bool {
    #[cfg(test)]
    if WITHOUT_TSC.load(std::sync::atomic::Ordering::Relaxed) {
        return false;
    }
    TSC.get_or_init(|| cfg!(target_arch = "x86_64") && has_invariant_tsc() && kernel_trusts_tsc())
}

/// The tick counter, without asking whether it may be trusted.
#[inline(always)]
pub fn ticks_fast() -> u64 {
    #[cfg(target_arch = "x86_64")]
    {
        // SAFETY: every x86-64 CPU has the instruction, and Linux leaves it enabled (a process
        // that forbids it by prctl(PR_SET_TSC) is not supported).
        #[expect(unsafe_code, reason = "see SAFETY")]
        unsafe {
            std::arch::x86_64::_rdtsc()
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    {
        now().0
    }
}

/// The tick counter this process uses.
pub(super) fn ticks() -> u64 {
    if is_fast() { ticks_fast() } else { now().0 }
}

/// The boot-time clock now.
pub(super) fn now() -> LogTime {
    LogTime(read(ClockId::Boottime))
}

/// The CPU time that the calling thread has had, ns.
pub(super) fn cpu_ns() -> u64 {
    read(ClockId::ThreadCPUTime)
}

fn read(clock: ClockId) -> u64 {
    let time = clock_gettime(clock);
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    let nanos = u64::try_from(time.tv_nsec).unwrap_or(0);
    seconds * 1_000_000_000 + nanos
}

/// CPUID leaf `0x8000_0007`, EDX bit 8 (Intel SDM vol. 3, 17.17.1; AMD APM vol. 3, E.4.7).
fn has_invariant_tsc() -> bool {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::__cpuid;
        __cpuid(0x8000_0000).eax >= 0x8000_0007 && __cpuid(0x8000_0007).edx & (1 << 8) != 0
    }
    #[cfg(not(target_arch = "x86_64"))]
    false
}

/// The kernel drops the TSC as its clock source when it sees it misbehave.
fn kernel_trusts_tsc() -> bool {
    std::fs::read_to_string("/sys/devices/system/clocksource/clocksource0/current_clocksource")
        .is_ok_and(|name| {
            matches!(name.trim(), "tsc" | "kvm-clock" | "hyperv_clocksource_tsc_page")
        })
}

/// Ticks and boot-time clock, read together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ClockPair {
    pub(super) ticks: u64,
    pub(super) time: LogTime,
}

impl ClockPair {
    /// Reads both clocks, the narrowest of three tries: a try that was interrupted is wide.
    pub(super) fn read() -> Self {
        let mut best = None;
        for _ in 0..3 {
            let before = ticks();
            let time = now();
            let width = ticks().wrapping_sub(before);
            if best.is_none_or(|(narrowest, _)| width < narrowest) {
                best = Some((width, Self { ticks: before + width / 2, time }));
            }
        }
        best.map_or(Self { ticks: 0, time: LogTime(0) }, |(_, pair)| pair)
    }
}

/// The map from ticks to log time: straight lines between the pairs read at the recorder's ticks,
/// so an error in the rate never adds up.
///
/// Invariant: at least two pairs, ascending in both.
#[derive(Clone, Debug)]
pub(super) struct ClockMap {
    pairs: VecDeque<ClockPair>,
    /// The line last used, for events come in bursts.
    line: Line,
}

/// Older pairs are forgotten: events older than 5 s at least are mapped by the oldest line.
const PAIRS: usize = 512;
/// Pairs are this far apart, ns: 50 ns of error in one bend the line by 5 ppm. A busy recorder reads
/// the clock with every full chunk, which may be a hundred times as often.
const APART_NS: u64 = 10_000_000;
/// A difference that cannot be drift, ns.
const JUMP_NS: i64 = 1_000_000;
/// Events that wait this long for the second pair make the first line good to a few ppm.
const FIRST_LINE: std::time::Duration = std::time::Duration::from_micros(200);

#[derive(Clone, Copy, Debug)]
struct Line {
    from: ClockPair,
    to_ticks: u64,
    /// Nanoseconds a tick, times 2^32.
    rate: u64,
}

impl Line {
    fn through(a: ClockPair, b: ClockPair) -> Self {
        let ticks = u128::from(b.ticks.saturating_sub(a.ticks).max(1));
        let rate = (u128::from(b.time.since(a.time)) << 32) / ticks;
        Self { from: a, to_ticks: b.ticks, rate: u64::try_from(rate).unwrap_or(u64::MAX) }
    }

    /// The last line goes on: what is read of a chunk is younger than the last pair as a rule.
    fn without_end(self) -> Self {
        Self { to_ticks: u64::MAX, ..self }
    }

    #[inline]
    fn ns(&self, ticks: u64) -> u64 {
        #[expect(clippy::cast_possible_truncation, reason = "2^64 ns are 584 years")]
        let ns = ((u128::from(ticks) * u128::from(self.rate) + (1 << 31)) >> 32) as u64;
        ns
    }

    #[inline]
    fn at(&self, ticks: u64) -> LogTime {
        if ticks >= self.from.ticks {
            self.from.time.after(self.ns(ticks - self.from.ticks))
        } else {
            LogTime(self.from.time.0.saturating_sub(self.ns(self.from.ticks - ticks)))
        }
    }
}

impl ClockMap {
    /// Reads two pairs, 0.2 ms apart.
    pub(super) fn calibrate() -> Self {
        let first = ClockPair::read();
        std::thread::sleep(FIRST_LINE);
        Self::between(first, ClockPair::read())
    }

    fn between(first: ClockPair, second: ClockPair) -> Self {
        let last = Line::through(first, second).without_end();
        Self { pairs: VecDeque::from([first, second]), line: last }
    }

    /// The map that was made of these pairs; none of fewer than two, or if they do not ascend.
    #[cfg(feature = "read")]
    pub(super) fn of(pairs: &[ClockPair]) -> Option<Self> {
        let (first, rest) = pairs.split_first()?;
        let (second, rest) = rest.split_first()?;
        let ascend =
            |pair: &[ClockPair]| pair[0].ticks < pair[1].ticks && pair[0].time < pair[1].time;
        if !pairs.windows(2).all(ascend) {
            return None;
        }
        let mut map = Self::between(*first, *second);
        map.pairs.extend(rest);
        if let [.., before, last] = pairs {
            map.line = Line::through(*before, *last).without_end();
        }
        Some(map)
    }

    /// The pairs it is made of, in order.
    pub(super) fn pairs(&self) -> impl DoubleEndedIterator<Item = ClockPair> {
        self.pairs.iter().copied()
    }

    /// Takes a new pair, unless it is too close to the last; answers by how much the boot-time
    /// clock has jumped against the ticks, if it has.
    pub(super) fn add(&mut self, pair: ClockPair) -> Option<i64> {
        let last = self.pairs.back().copied()?;
        if pair.ticks <= last.ticks || pair.time.since(last.time) < APART_NS {
            return None;
        }
        let expected = Line { from: last, ..self.line }.at(pair.ticks);
        let jump = i64::try_from(i128::from(pair.time.0) - i128::from(expected.0)).ok();
        if self.pairs.len() == PAIRS {
            self.pairs.pop_front();
        }
        self.pairs.push_back(pair);
        self.line = Line::through(last, pair).without_end();
        jump.filter(|jump| jump.abs() > JUMP_NS)
    }

    /// The log time of `ticks`.
    #[inline]
    pub(super) fn time(&mut self, ticks: u64) -> LogTime {
        if ticks < self.line.from.ticks || ticks > self.line.to_ticks {
            self.seek(ticks);
        }
        self.line.at(ticks)
    }

    /// A length in ticks, as ns.
    pub(super) fn duration_ns(&self, ticks: u64) -> u64 {
        self.line.ns(ticks)
    }

    #[cold]
    fn seek(&mut self, ticks: u64) {
        let after = self.pairs.partition_point(|pair| pair.ticks < ticks);
        let index = after.clamp(1, self.pairs.len() - 1);
        let line = Line::through(self.pairs[index - 1], self.pairs[index]);
        let is_last = index + 1 == self.pairs.len();
        self.line = if is_last { line.without_end() } else { line };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(ticks: u64, time: u64) -> ClockPair {
        ClockPair { ticks, time: LogTime(time) }
    }

    /// Pairs and ticks in milliseconds of both.
    #[track_caller]
    fn check(pairs: &[(u64, u64)], ticks: u64, expect: u64) {
        let pair = |(ticks, time): (u64, u64)| pair(ticks * 1_000_000, time * 1_000_000);
        let mut map = ClockMap::between(pair(pairs[0]), pair(pairs[1]));
        for each in &pairs[2..] {
            map.add(pair(*each));
        }
        assert_eq!(map.time(ticks * 1_000_000).0, expect * 1_000_000);
    }

    #[test]
    fn between_pairs_time_is_on_the_line() {
        check(&[(0, 1000), (300, 1100)], 150, 1050);
    }

    #[test]
    fn each_line_has_its_own_rate() {
        let pairs = [(0, 0), (100, 100), (200, 300)];
        check(&pairs, 50, 50);
        check(&pairs, 150, 200);
    }

    #[test]
    fn ticks_past_the_last_pair_continue_its_line() {
        check(&[(0, 0), (100, 200)], 150, 300);
    }

    #[test]
    fn ticks_before_the_first_pair_continue_the_first_line_back() {
        check(&[(100, 1000), (200, 1200)], 50, 900);
    }

    #[test]
    fn a_suspend_is_a_jump() {
        let mut map = ClockMap::between(pair(0, 0), pair(20_000_000, 20_000_000));
        assert_eq!(map.add(pair(40_000_000, 40_000_000)), None);
        assert_eq!(map.add(pair(60_000_000, 65_000_000)), Some(5_000_000));
    }

    /// Read a microsecond apart, each 50 ns wrong, they made a line of any slope, and a second of
    /// them made the map forget what waited longer.
    #[test]
    fn a_pair_close_to_the_last_is_not_taken() {
        let mut map = ClockMap::between(pair(0, 0), pair(20_000_000, 20_000_000));
        for n in 1..=1_000 {
            assert_eq!(map.add(pair(20_000_000 + n * 1_000, 20_000_050 + n * 1_000)), None);
        }
        assert_eq!(map.time(30_000_000), LogTime(30_000_000));
        assert_eq!(map.time(10_000_000), LogTime(10_000_000));
        assert_eq!(map.pairs.len(), 2);
    }

    #[test]
    fn the_two_real_clocks_agree_within_a_millisecond() {
        let _turn = crate::record::tests::TURN.lock();
        let mut map = ClockMap::calibrate();
        let pair = ClockPair::read();
        let mapped = map.time(pair.ticks);
        assert!(mapped.0.abs_diff(pair.time.0) < 1_000_000, "{mapped:?} for {pair:?}");
    }
}
