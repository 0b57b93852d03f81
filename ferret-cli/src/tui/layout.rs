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
    /// The names of the views.
    pub(crate) tabs: Area,
    /// Beside those, the filter in force; empty unless there is one: see `prompt::make_room`.
    pub(crate) filter: Area,
    /// What the view has: all between the tabs and the controls.
    pub(crate) body: Area,
    /// CPU, memory, threads.
    pub(crate) charts: [Area; 3],
    /// The program's own counters, a line each or several side by side.
    pub(crate) counters: Area,
    /// Empty unless the program's allocator tells: see `heap::make_room`.
    pub(crate) heap: Area,
    pub(crate) live: Area,
    pub(crate) stages: Area,
    pub(crate) recent: Area,
    /// Empty unless something looks wrong: see `warnings::make_room`.
    pub(crate) warnings: Area,
    pub(crate) controls: Area,
}

/// What there is to show besides what runs now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Contents {
    pub(crate) stages: usize,
    pub(crate) counters: usize,
}

/// A counter takes about so many columns with bars, and so many without.
const COUNTER: u16 = 38;
const NARROW_COUNTER: u16 = 26;
/// On a page, counters have so many rows at most.
const COUNTER_ROWS: u16 = 20;

/// How many of so many counters stand side by side: closer, and without bars, if else some would
/// have no place.
pub(crate) fn counters_across(area: Area, count: usize) -> u16 {
    let across = |columns: u16| (area.width / columns).max(1);
    let have_place = counter_rows(area.width, count) <= area.height;
    across(if have_place { COUNTER } else { NARROW_COUNTER })
}

/// The rows that so many counters take, with bars.
fn counter_rows(width: u16, count: usize) -> u16 {
    let rows = count.div_ceil(usize::from((width / COUNTER).max(1)));
    u16::try_from(rows).unwrap_or(u16::MAX)
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

    /// Rows below the title and the names of columns.
    pub(crate) fn table_rows(self) -> usize {
        self.rows().saturating_sub(1)
    }

    /// Whether a cell of the screen is in it.
    pub(crate) fn has(self, x: u16, y: u16) -> bool {
        (self.x..self.x + self.width).contains(&x) && (self.y..self.y + self.height).contains(&y)
    }
}

/// What every view has in common: a line about the run, the views' names, the controls.
pub(crate) fn frame(width: u16, height: u16) -> Areas {
    let mut rest = Area { x: 0, y: 0, width, height };
    let header = rest.cut_top(1);
    let tabs = if height >= 10 { rest.cut_top(1) } else { Area::default() };
    let controls = if height >= 6 { rest.cut_bottom(1) } else { Area::default() };
    Areas { header, tabs, body: rest, controls, ..Areas::default() }
}

/// Divides a screen for what runs now.
pub(crate) fn divide(width: u16, height: u16, contents: Contents) -> Areas {
    let areas = frame(width, height);
    let rest = areas.body;
    if width >= WIDE && height >= 20 {
        two_columns(rest, areas, contents)
    } else {
        one_column(rest, areas, contents)
    }
}

/// One panel below the other, each with room for all it has: for a page instead of a screen.
pub(crate) fn page(width: u16, live: usize, contents: Contents, recent: usize) -> Areas {
    let rows = |count: usize| u16::try_from(count).unwrap_or(u16::MAX).saturating_add(1);
    let stages = if contents.stages == 0 { 0 } else { rows(contents.stages) };
    let (live, recent) = (rows(live), rows(recent));
    let counters = counter_rows(width, contents.counters).min(COUNTER_ROWS);
    let all = [counters, live, stages, recent];
    let height = all.iter().fold(3, |sum: u16, rows| sum.saturating_add(*rows));
    let mut rest = Area { x: 0, y: 0, width, height };
    let header = rest.cut_top(1);
    let mut strip = rest.cut_top(2);
    let (cpu, memory) = (width * 3 / 10, width * 4 / 10);
    let charts = [strip.cut_left(cpu), strip.cut_left(memory), strip];
    let counters = rest.cut_top(counters);
    let (live, stages) = (rest.cut_top(live), rest.cut_top(stages));
    Areas { header, charts, counters, live, stages, recent: rest, ..Areas::default() }
}

fn two_columns(mut rest: Area, areas: Areas, contents: Contents) -> Areas {
    let stages = u16::try_from(contents.stages).unwrap_or(u16::MAX).saturating_add(1);
    let recent = rest.cut_bottom((rest.height / 3).clamp(6, 24));
    let live =
        rest.cut_left(if rest.width < 160 { rest.width * 11 / 20 } else { rest.width * 3 / 5 });
    // One column between the two halves.
    rest.cut_left(1);
    // Each chart: a line of numbers and its bars; counters and stages come before taller bars.
    let counters = counter_rows(rest.width, contents.counters);
    let spare = rest.height.saturating_sub(15 + stages.clamp(2, 12));
    let counters = counters.min((rest.height.saturating_sub(6) / 3).max(spare)).min(12);
    let chart = (rest.height.saturating_sub(counters + stages.min(12)) / 3).clamp(2, 5);
    let charts = [rest.cut_top(chart), rest.cut_top(chart), rest.cut_top(chart)];
    let counters = rest.cut_top(counters);
    Areas { charts, counters, live, stages: rest, recent, ..areas }
}

fn one_column(mut rest: Area, areas: Areas, contents: Contents) -> Areas {
    let stages = u16::try_from(contents.stages).unwrap_or(u16::MAX).saturating_add(1);
    let full = rest.height;
    let mut strip = match full {
        0..8 => Area::default(),
        8..13 => rest.cut_top(1),
        _ => rest.cut_top(2),
    };
    // Bytes take more columns than percent and threads do.
    let (cpu, memory) = (strip.width * 3 / 10, strip.width * 4 / 10);
    let charts = [strip.cut_left(cpu), strip.cut_left(memory), strip];
    // Counters come when the charts have their bars and the panels some rows.
    let counters = match full {
        0..17 => 0,
        17..25 => 1,
        25..35 => 2,
        _ => 4,
    };
    let counters = rest.cut_top(counter_rows(rest.width, contents.counters).min(counters));
    let recent = if full >= 10 { rest.cut_bottom((full / 3).max(4)) } else { Area::default() };
    // What is left is for what runs now, and for stages as far as that keeps a few rows.
    let stages = stages.min(rest.height.saturating_sub(5));
    let stages = if stages >= 2 { rest.cut_bottom(stages) } else { Area::default() };
    Areas { charts, counters, live: rest, stages, recent, ..areas }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn panels_never_overlap_nor_leave_the_screen() {
        for width in (0..=300).step_by(7) {
            for height in 0..=100 {
                for (stages, counters) in [(0, 0), (1, 3), (5, 256), (40, 0), (40, 1)] {
                    check(width, height, Contents { stages, counters });
                }
            }
        }
    }

    #[track_caller]
    fn check(width: u16, height: u16, contents: Contents) {
        let a = divide(width, height, contents);
        let [cpu, rss, threads] = a.charts;
        let panels = [cpu, rss, threads, a.counters, a.live, a.stages, a.recent];
        let all = [a.header, a.tabs, a.controls].into_iter().chain(panels);
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
        let a = divide(60, 15, Contents { stages: 3, counters: 9 });
        assert!(a.live.rows() >= 4 && a.recent.rows() >= 3, "{a:?}");
        assert!(a.charts.iter().all(|chart| chart.height >= 1), "{a:?}");
    }

    #[test]
    fn counters_take_no_room_from_charts_nor_the_last_rows_from_panels() {
        for (width, height) in [(60, 15), (80, 20), (80, 24), (100, 20), (120, 40), (200, 60)] {
            let few = Contents { stages: 3, counters: 0 };
            let (without, with) = (
                divide(width, height, few),
                divide(width, height, Contents { counters: 256, ..few }),
            );
            let least = |a: &Areas| a.charts.map(|chart| chart.height.min(2));
            assert_eq!(least(&with), least(&without), "{width}x{height}");
            assert!(with.live.rows() >= 4 && with.stages.rows() >= 1, "{width}x{height}: {with:?}");
            assert_eq!(with.counters.height == 0, height == 15, "{width}x{height}: {with:?}");
        }
    }
}
