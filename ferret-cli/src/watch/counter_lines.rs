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
    let mut words: Vec<_> = scene
        .counters()
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
    words.extend(more(scene.counters().len(), IN_STATUS));
    words
}

/// For a summary, a line each: `counter requests  1,234`, `gauge queue depth  7  peak 12`.
pub(super) fn summary(scene: &Scene) -> Vec<String> {
    let mut lines: Vec<_> = scene
        .counters()
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
    lines.extend(more(scene.counters().len(), IN_SUMMARY));
    lines
}

fn more(count: usize, shown: usize) -> Option<String> {
    format::more(count.saturating_sub(shown) as u64, "counter")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::script::{S, Script};
    use ferret::event::EndKind;

    /// A process that was killed has no end marker: its queue was added to that of the next one.
    #[test]
    fn the_level_of_a_process_that_died_counts_no_more() {
        let mut script = Script::default().process("web", 7).count("queue", 9.0, true).wait(S);
        script = script.process("web", 8).count("queue", 2.0, true);
        assert_eq!(script.look(status), ["queue 11"]);
        script.board.logs[0].owned = Some(false);
        assert_eq!(script.look(status), ["queue 2"]);
        let script = script.wait(S).ends(EndKind::Exited(Some(0)));
        assert_eq!(script.look(summary), ["gauge queue  2  peak 11"]);
    }

    #[test]
    fn the_first_are_told_and_the_others_counted() {
        let of = |count: usize| {
            (0..count).fold(Script::default().process("web", 7), |script, index| {
                script.count(&format!("c{index:02}"), 1.0, true)
            })
        };
        assert_eq!(of(3).look(status), ["c00 1", "c01 1", "c02 1"]);
        assert_eq!(of(4).look(status)[2..], ["c02 1", "1 more counter"]);
        assert_eq!(of(32).look(summary)[31..], ["gauge c31  1  peak 1"]);
        assert_eq!(of(33).look(summary)[31..], ["gauge c31  1  peak 1", "1 more counter"]);
        assert_eq!(of(40).look(summary)[32..], ["8 more counters"]);
    }

    #[test]
    fn a_process_that_cannot_be_seen_counts_while_it_is_heard_of() {
        let mut script = Script::default().process("web", 7).count("queue", 9.0, true);
        script = script.process("web", 8).count("queue", 2.0, true);
        script.board.logs[0].owned = None;
        assert_eq!(script.look(status), ["queue 11"]);
        assert_eq!(script.wait(60 * S).look(status), ["queue 2"]);
    }
}
