//! Where the panels stand in a screen of some size: two columns where there is room, one below the
//! other where there is not. The panel of what runs now always has the most.

/// A rectangle of the screen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Area {
    pub(crate) x: u16,
    pub(crate) y: u16,
    pub(crate) width: u16,
    pub(crate) height: u16,
}

/// The screen, divided. A panel that has no room is empty.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Areas {
    pub(crate) header: Area,
    /// CPU, memory, threads.
    pub(crate) charts: [Area; 3],
    pub(crate) live: Area,
    pub(crate) stages: Area,
    pub(crate) recent: Area,
    pub(crate) controls: Area,
}

/// From here on there are two columns.
const WIDE: u16 = 100;

impl Area {
    /// Splits off `height` rows at the top, or what there is.
    fn cut_top(&mut self, height: u16) -> Self {
        let height = height.min(self.height);
        let top = Self { height, ..*self };
        self.y += height;
        self.height -= height;
        top
    }

    /// Splits off `height` rows at the bottom, or what there is.
    fn cut_bottom(&mut self, height: u16) -> Self {
        let height = height.min(self.height);
        self.height -= height;
        Self { y: self.y + self.height, height, ..*self }
    }

    /// Splits off `width` columns on the left, or what there is.
    fn cut_left(&mut self, width: u16) -> Self {
        let width = width.min(self.width);
        let left = Self { width, ..*self };
        self.x += width;
        self.width -= width;
        left
    }

    /// Rows below the title.
    pub(crate) fn rows(self) -> usize {
        usize::from(self.height.saturating_sub(1))
    }
}

/// Divides a screen; `stages` is how many there are to show.
pub(crate) fn divide(width: u16, height: u16, stages: usize) -> Areas {
    let mut rest = Area { x: 0, y: 0, width, height };
    let header = rest.cut_top(1);
    let controls = if height >= 6 { rest.cut_bottom(1) } else { Area::default() };
    let areas = Areas { header, controls, ..Areas::default() };
    let stages = u16::try_from(stages).unwrap_or(u16::MAX).saturating_add(1);
    if width >= WIDE && height >= 20 {
        two_columns(rest, areas, stages)
    } else {
        one_column(rest, areas, stages)
    }
}

/// One panel below the other, each with room for all it has: for a page instead of a screen.
pub(crate) fn page(width: u16, live: usize, stages: usize, recent: usize) -> Areas {
    let rows = |count: usize| u16::try_from(count).unwrap_or(u16::MAX).saturating_add(1);
    let stages = if stages == 0 { 0 } else { rows(stages) };
    let (live, recent) = (rows(live), rows(recent));
    let height = [live, stages, recent].iter().fold(3, |sum: u16, rows| sum.saturating_add(*rows));
    let mut rest = Area { x: 0, y: 0, width, height };
    let header = rest.cut_top(1);
    let mut strip = rest.cut_top(2);
    let (cpu, memory) = (width * 3 / 10, width * 4 / 10);
    let charts = [strip.cut_left(cpu), strip.cut_left(memory), strip];
    let (live, stages) = (rest.cut_top(live), rest.cut_top(stages));
    Areas { header, charts, live, stages, recent: rest, ..Areas::default() }
}

fn two_columns(mut rest: Area, areas: Areas, stages: u16) -> Areas {
    let recent = rest.cut_bottom((rest.height / 3).clamp(6, 24));
    let live =
        rest.cut_left(if rest.width < 160 { rest.width * 11 / 20 } else { rest.width * 3 / 5 });
    // One column between the two halves.
    rest.cut_left(1);
    // Each chart: a line of numbers and its bars; the stages come before taller bars.
    let chart = (rest.height.saturating_sub(stages.min(12)) / 3).clamp(2, 5);
    let charts = [rest.cut_top(chart), rest.cut_top(chart), rest.cut_top(chart)];
    Areas { charts, live, stages: rest, recent, ..areas }
}

fn one_column(mut rest: Area, areas: Areas, stages: u16) -> Areas {
    let full = rest.height;
    let mut strip = match full {
        0..8 => Area::default(),
        8..13 => rest.cut_top(1),
        _ => rest.cut_top(2),
    };
    // Bytes take more columns than percent and threads do.
    let (cpu, memory) = (strip.width * 3 / 10, strip.width * 4 / 10);
    let charts = [strip.cut_left(cpu), strip.cut_left(memory), strip];
    let recent = if full >= 11 { rest.cut_bottom((full / 3).max(4)) } else { Area::default() };
    // What is left is for what runs now, and for stages as far as that keeps a few rows.
    let stages = stages.min(rest.height.saturating_sub(5));
    let stages = if stages >= 2 { rest.cut_bottom(stages) } else { Area::default() };
    Areas { charts, live: rest, stages, recent, ..areas }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn panels_never_overlap_nor_leave_the_screen() {
        for width in (0..=300).step_by(7) {
            for height in 0..=100 {
                for stages in [0, 1, 5, 40] {
                    check(width, height, stages);
                }
            }
        }
    }

    #[track_caller]
    fn check(width: u16, height: u16, stages: usize) {
        let a = divide(width, height, stages);
        let [cpu, rss, threads] = a.charts;
        let all = [a.header, cpu, rss, threads, a.live, a.stages, a.recent, a.controls];
        let mut taken = vec![false; usize::from(width) * usize::from(height)];
        for area in all {
            for y in area.y..area.y + area.height {
                for x in area.x..area.x + area.width {
                    assert!(x < width && y < height, "{area:?} in {width}x{height}");
                    let cell = &mut taken[usize::from(y) * usize::from(width) + usize::from(x)];
                    assert!(!std::mem::replace(cell, true), "{area:?} in {width}x{height}: {a:?}");
                }
            }
        }
    }

    #[test]
    fn the_smallest_screen_still_shows_every_panel() {
        let a = divide(60, 15, 3);
        assert!(a.live.rows() >= 4 && a.recent.rows() >= 3, "{a:?}");
        assert!(a.charts.iter().all(|chart| chart.height >= 1), "{a:?}");
    }
}
