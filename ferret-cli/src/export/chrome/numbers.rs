//! Numbers over time: the process's CPU, memory and threads, and what the program counts itself.

use super::event::Events;
use super::ids::Track;
use ferret::event::{CallsiteId, LogEntry, LogIndex, MetricSample, Names};
use std::collections::BTreeMap;
use std::io::{self, Write};

/// What the program's own counters add up to, by key.
#[derive(Debug, Default)]
pub(super) struct Numbers {
    sums: BTreeMap<(LogIndex, CallsiteId), f64>,
}

impl Numbers {
    /// Writes what an entry says of numbers; where it `is_late` enough to count. A counter counts from
    /// there, and a gauge goes on.
    pub(super) fn tell(
        &mut self,
        events: &mut Events,
        (log, track, ns): (LogIndex, Track, u64),
        names: &Names,
        what: &LogEntry,
        is_late: bool,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        let mut counter = |name: &str, key: &str, value: f64| {
            // JSON has no other numbers.
            if !is_late || !value.is_finite() {
                return Ok(());
            }
            let mut event = events.event("C", name, track);
            event.time("ts", ns);
            event.args();
            event.arg(key, &value)?;
            event.write(out)
        };
        match what {
            LogEntry::Metric(sample) => {
                for (name, key, value) in readings(sample) {
                    if let Some(value) = value {
                        counter(name, key, value)?;
                    }
                }
                Ok(())
            }
            #[expect(clippy::cast_precision_loss, reason = "for a curve")]
            LogEntry::Heap { callsite: CallsiteId::PROCESS, live_bytes, .. } => {
                counter("heap", "live_bytes", *live_bytes as f64)
            }
            LogEntry::Counter { key, value, gauge } => {
                let sum = self.sums.entry((log, *key)).or_default();
                if *gauge {
                    *sum = *value;
                } else if is_late {
                    *sum += *value;
                }
                counter(names.callsite_name(*key), "value", *sum)
            }
            _ => Ok(()),
        }
    }
}

/// What a METRIC has, each as a curve of its own: they have nothing to do with each other's scale.
#[expect(clippy::cast_precision_loss, reason = "for curves")]
fn readings(sample: &MetricSample) -> [(&'static str, &'static str, Option<f64>); 7] {
    [
        ("CPU", "percent", sample.cpu_percent),
        ("RSS", "bytes", sample.rss_bytes.map(|bytes| bytes as f64)),
        ("threads", "count", sample.threads.map(f64::from)),
        ("open spans", "count", Some(f64::from(sample.open_spans))),
        ("open tasks", "count", Some(f64::from(sample.open_tasks))),
        ("read", "bytes", sample.read_bytes.map(|bytes| bytes as f64)),
        ("written", "bytes", sample.written_bytes.map(|bytes| bytes as f64)),
    ]
}
