//! CPU, memory and threads: the value now, the peak, and bars for the last seconds.

use super::super::board::Scene;
use super::super::layout::Area;
use super::super::stack_text::amount;
use super::paint::{Ink, Paint};
use crate::text;
use ferret::event::LogTime;
use ferret::projections::{Columns, Measure};

const BARS: [&str; 8] = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];

pub(super) fn draw(paint: &mut Paint, areas: [Area; 3], scene: &Scene) {
    let charts = [
        (Measure::Cpu, "CPU", Ink::Cpu),
        (Measure::Rss, "RSS", Ink::Memory),
        (Measure::Threads, "threads", Ink::Threads),
    ];
    for (area, (measure, label, ink)) in areas.into_iter().zip(charts) {
        chart(paint, area, scene, measure, label, ink);
    }
}

fn chart(paint: &mut Paint, area: Area, scene: &Scene, measure: Measure, label: &str, ink: Ink) {
    if area.height == 0 || area.width < 8 {
        return;
    }
    // Side by side, they keep a column apart.
    let area = Area { x: area.x + 1, width: area.width - 2, ..area };
    let metrics = &scene.board.metrics;
    let now = scene.last_moment();
    let words = |value: Option<f64>| value.map_or("–".to_owned(), |value| amount(measure, value));
    let current = words(metrics.current(measure, now));
    let peak = words(scene.peak(measure));
    let end = area.x + area.width;
    let label = format!("{label} ");
    let after = paint.write(area.x, area.y, end, &[(Ink::Plain, &label), (Ink::Strong, &current)]);
    let room = usize::from(end.saturating_sub(after));
    let peak_word = format!("peak {peak}");
    if area.height == 1 {
        let peak = format!(" ↑{peak}");
        let bars = room.saturating_sub(1 + text::width(&peak));
        let bars = Area { x: after + 1, width: u16::try_from(bars).unwrap_or(0), ..area };
        self::bars(paint, bars, scene, measure, ink);
        paint.write_right(end, area.y, &[(Ink::Faint, &text::fit(&peak, room))]);
        return;
    }
    if text::width(&peak_word) < room {
        paint.write_right(end, area.y, &[(Ink::Faint, &peak_word)]);
    } else if text::width(&peak) + 2 < room {
        paint.write_right(end, area.y, &[(Ink::Faint, &format!("↑{peak}"))]);
    }
    let bars = Area { y: area.y + 1, height: area.height - 1, ..area };
    self::bars(paint, bars, scene, measure, ink);
}

/// A bar a column, the newest on the right. A value is a bar of one step at least.
fn bars(paint: &mut Paint, area: Area, scene: &Scene, measure: Measure, ink: Ink) {
    let count = usize::from(area.width);
    let now = scene.last_moment();
    let width_ns = column_ns(scene, now, u64::from(area.width));
    let values = scene.board.metrics.columns(measure, now, Columns { count, width_ns });
    let floor = if measure == Measure::Cpu { 100.0 } else { 1.0 };
    let top = values.iter().flatten().copied().fold(floor, f64::max);
    for (x, value) in (area.x..).zip(values) {
        let Some(value) = value else { continue };
        bar(paint, Area { x, width: 1, ..area }, value / top, ink);
    }
}

/// One bar, in an area of one column.
pub(super) fn bar(paint: &mut Paint, area: Area, share: f64, ink: Ink) {
    let steps = steps(share, area.height);
    for row in 0..area.height {
        let filled = steps.saturating_sub(row * 8).min(8);
        let y = area.y + area.height - 1 - row;
        if let Some(bar) = usize::from(filled).checked_sub(1).and_then(|at| BARS.get(at)) {
            paint.cell(area.x, y, bar, ink);
        }
    }
}

/// How many eighths of a row a bar is high.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 8 × rows")]
fn steps(share: f64, rows: u16) -> u16 {
    let steps = (share.clamp(0.0, 1.0) * f64::from(rows) * 8.0).round() as u16;
    steps.max(1)
}

/// A second a column while the program runs. Once it has ended, the whole run is shown, as far as
/// the samples go back.
pub(super) fn column_ns(scene: &Scene, now: LogTime, columns: u64) -> u64 {
    const SECOND: u64 = 1_000_000_000;
    let ended = !scene.board.is_live(scene.now);
    match scene.began().filter(|_| ended && columns > 0) {
        Some(began) => SECOND.max(now.since(began).div_ceil(columns).div_ceil(SECOND) * SECOND),
        None => SECOND,
    }
}
