//! Counters and gauges in the plain lines of `watch`.

use crate::format;
use crate::tui::board::Scene;

/// So many stand in a status line.
const IN_STATUS: usize = 3;
/// So many stand in a summary, a line each.
const IN_SUMMARY: usize = 32;

/// For a status line: `requests 1,234 (82.4/s)`, `queue depth 7`.
pub(super) fn status(scene: &Scene) -> Vec<String> {
    let counters = &scene.board.counters;
    let mut words: Vec<_> = counters
        .all()
        .take(IN_STATUS)
        .map(|(name, reading)| {
            let value = format::short_number(reading.value);
            if reading.gauge {
                return format!("{name} {value}");
            }
            let rate = counters.per_second(name, scene.last_moment());
            format!("{name} {value} ({}/s)", format::short_rate(rate))
        })
        .collect();
    words.extend(more(counters.all().len(), IN_STATUS));
    words
}

/// For a summary, a line each: `counter requests  1,234`, `gauge queue depth  7  peak 12`.
pub(super) fn summary(scene: &Scene) -> Vec<String> {
    let counters = &scene.board.counters;
    let mut lines: Vec<_> = counters
        .all()
        .take(IN_SUMMARY)
        .map(|(name, reading)| {
            let value = format::number(reading.value);
            if reading.gauge {
                format!("gauge {name}  {value}  peak {}", format::number(reading.max))
            } else {
                format!("counter {name}  {value}")
            }
        })
        .collect();
    lines.extend(more(counters.all().len(), IN_SUMMARY));
    lines
}

fn more(count: usize, shown: usize) -> Option<String> {
    (count > shown).then(|| format!("{} more counters", format::count((count - shown) as u64)))
}
