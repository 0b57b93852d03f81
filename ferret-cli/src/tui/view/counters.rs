//! The counters and gauges of the program: the value now, the rate or the peak, and bars for the
//! last seconds. Where not all have room, the last place says how many more there are.

use super::super::board::Scene;
use super::super::layout::{self, Area};
use super::charts;
use super::paint::{Ink, Paint};
use crate::{format, text};
use ferret::projections::{Columns, Reading};

/// The columns of a value, and of a rate or peak.
const VALUE: usize = 8;
const RATE: usize = 10;
/// Fewer bars than this tell nothing.
const LEAST_BARS: u16 = 6;

pub(super) fn draw(paint: &mut Paint, area: Area, scene: &Scene) {
    let count = scene.counters().len();
    let across = layout::counters_across(area, count);
    let places = usize::from(area.height) * usize::from(across);
    if places == 0 || count == 0 {
        return;
    }
    let shown = if count > places { places - 1 } else { count };
    let longest = scene.whole().counters.names().take(shown).map(text::width).max();
    let width = area.width / across;
    let cell = |index: usize| {
        let index = u16::try_from(index).unwrap_or(u16::MAX);
        // As the charts: a column apart.
        let (x, y) = (area.x + index % across * width + 1, area.y + index / across);
        Area { x, y, width: width.saturating_sub(2), height: 1 }
    };
    for (index, (name, reading)) in scene.counters().take(shown).enumerate() {
        counter(paint, cell(index), scene, (name, longest.unwrap_or(0)), &reading);
    }
    if count > shown {
        let area = cell(shown);
        let more = format!("… {} more", format::count((count - shown) as u64));
        paint.write(area.x, area.y, area.x + area.width, &[(Ink::Faint, &more)]);
    }
}

fn counter(
    paint: &mut Paint,
    area: Area,
    scene: &Scene,
    (name, longest): (&str, usize),
    reading: &Reading,
) {
    let width = usize::from(area.width);
    // The rate comes before the whole of a name; where it has no room, the name has it.
    let with_rate = (width / 2).saturating_sub(4).max(8);
    let room = width.saturating_sub(VALUE);
    let name_columns = longest.min(if with_rate + VALUE + RATE > width { room } else { with_rate });
    let end = area.x + area.width;
    let value = text::pad_left(&format::short_number(reading.value), VALUE);
    let pieces = [(Ink::Plain, &*text::pad(name, name_columns)), (Ink::Strong, &value)];
    let x = paint.write(area.x, area.y, end, &pieces);
    let room = end.saturating_sub(x);
    if usize::from(room) < RATE {
        return;
    }
    let rate = text::pad_left(&rate(scene, name, reading), RATE);
    let x = paint.write(x, area.y, end, &[(Ink::Faint, &rate)]) + 1;
    let bars = Area { x, width: end.saturating_sub(x), ..area };
    if bars.width >= LEAST_BARS {
        let ink = if reading.gauge { Ink::Memory } else { Ink::Cpu };
        self::bars(paint, bars, scene, name, ink);
    }
}

/// `82.5/s` of a counter, `↑7` of a gauge: how fast, and how high it was.
fn rate(scene: &Scene, name: &str, reading: &Reading) -> String {
    if reading.gauge {
        return format!("↑{}", format::short_number(reading.max));
    }
    let rate = scene.whole().counters.per_second(name, scene.last_moment());
    format!("{}/s", format::short_rate(rate))
}

fn bars(paint: &mut Paint, area: Area, scene: &Scene, name: &str, ink: Ink) {
    let now = scene.last_moment();
    let width_ns = charts::column_ns(scene, now, u64::from(area.width));
    let by = Columns { count: usize::from(area.width), width_ns };
    let board = scene.whole();
    let presence = |log| board.presence(log, scene.now);
    let values = board.counters.columns(name, now, by, presence);
    let top = values.iter().flatten().copied().fold(f64::MIN_POSITIVE, f64::max);
    for (x, value) in (area.x..).zip(values) {
        let Some(value) = value else { continue };
        charts::bar(paint, Area { x, width: 1, ..area }, value / top, ink);
    }
}
