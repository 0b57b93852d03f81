//! The last ten minutes of a worker's CPU and memory, for the line on its card.

use super::slots::Slot;
use super::usage::Usage;
use ferret::event::MetricSample;
use std::collections::VecDeque;

/// Slots that are shown.
const SLOTS: u32 = 60;

/// The readings, a slot each; there are none for slots without one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Line(VecDeque<(Slot, Usage)>);

impl Line {
    pub(crate) fn read(&mut self, unix_ns: u64, sample: &MetricSample) {
        let slot = Slot::at_unix_ns(unix_ns);
        if self.0.back().is_none_or(|(last, _)| *last < slot) {
            if self.0.len() == SLOTS as usize {
                self.0.pop_front();
            }
            self.0.push_back((slot, Usage::default()));
        }
        if let Some((_, usage)) = self.0.back_mut() {
            usage.read(sample);
        }
    }

    /// What `of` tells of each slot, the last of which holds `now`.
    pub(crate) fn values(
        &self,
        now_unix_ns: u64,
        of: impl Fn(&Usage) -> Option<f64>,
    ) -> Vec<Option<f64>> {
        let last = Slot::at_unix_ns(now_unix_ns).0;
        let mut values = vec![None; SLOTS as usize];
        for (slot, usage) in &self.0 {
            let age = last.saturating_sub(slot.0);
            if age < SLOTS {
                values[(SLOTS - 1 - age) as usize] = of(usage);
            }
        }
        values
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::slots::SLOT_NS;

    #[test]
    fn it_has_the_last_sixty_slots_and_holes_where_nothing_was_read() {
        let mut line = Line::default();
        for slot in [0, 1, 58, 70, 70] {
            let cpu_percent = Some(f64::from(u32::try_from(slot).unwrap()));
            line.read(slot * SLOT_NS, &MetricSample { cpu_percent, ..MetricSample::default() });
        }
        let values = line.values(71 * SLOT_NS, |usage| usage.cpu.mean());
        let known: Vec<_> =
            values.iter().enumerate().filter(|(_, value)| value.is_some()).collect();
        assert_eq!(values.len(), 60);
        assert_eq!(known, [(46, &Some(58.0)), (58, &Some(70.0))]);
    }
}
