//! What rules ask about, as of one moment: workers and what they have open. Whoever follows logs fills this in; the
//! engine knows nothing of logs, files and clocks.

use crate::filter::{Field, Subject, Value};
use ferret::event::{ProcessState, ProcessUid, SpanId, TagValue};

/// A worker now. Ages are as of the moment that is asked about.
#[derive(Clone, Debug)]
pub(crate) struct WorkerNow {
    pub(crate) uid: ProcessUid,
    pub(crate) program: String,
    pub(crate) pid: u32,
    pub(crate) host: String,
    /// The name of its log's file.
    pub(crate) log: String,
    pub(crate) state: ProcessState,
    /// Unix time, ns.
    pub(crate) started_ns: u64,
    /// Unix time, ns; none of one that has not ended.
    pub(crate) ended_ns: Option<u64>,
    pub(crate) uptime_ns: u64,
    /// Since it last reported; none of one that has ended.
    pub(crate) heard_ns: Option<u64>,
    /// How long no span has been open; none while one is, and of one that has ended.
    pub(crate) idle_ns: Option<u64>,
    /// How long no span has begun or ended, and hardly any CPU was used; none of one that has ended.
    pub(crate) quiet_ns: Option<u64>,
    pub(crate) cpu_percent: Option<f64>,
    pub(crate) rss_bytes: Option<u64>,
    pub(crate) threads: Option<u32>,
    pub(crate) open_spans: u64,
    pub(crate) open_tasks: u64,
    pub(crate) spans_per_second: f64,
    pub(crate) spans: u64,
    pub(crate) errors: u64,
    pub(crate) panics: u64,
    pub(crate) dropped: u64,
    pub(crate) exit_code: Option<i32>,
    pub(crate) signal: Option<i32>,
    /// How it died, as far as that is known; none of one that did not crash.
    pub(crate) death: Option<String>,
    /// What the program counts itself.
    pub(crate) counters: Vec<CounterNow>,
    /// The spans that have been open for as long as any rule asks about
    /// ([`Alerts::wants`](super::alerts::Alerts::wants)).
    pub(crate) open: Vec<OpenNow>,
}

/// A counter or gauge of a worker.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct CounterNow {
    pub(crate) name: String,
    pub(crate) value: f64,
    pub(crate) is_gauge: bool,
}

/// An open span.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct OpenNow {
    pub(crate) span: SpanId,
    pub(crate) name: String,
    pub(crate) module: String,
    pub(crate) file: String,
    /// As `analyze` writes it: function, async, block, stage.
    pub(crate) kind: &'static str,
    /// The thread that runs it; none while it waits.
    pub(crate) thread: Option<String>,
    pub(crate) age_ns: u64,
    pub(crate) tags: Vec<(String, TagValue)>,
    /// Units done and in all, where it said so.
    pub(crate) progress: Option<(u64, u64)>,
}

impl WorkerNow {
    /// What it is called in messages.
    pub(crate) fn title(&self) -> String {
        format!("{} {}", self.program, self.pid)
    }

    /// Whether it may still work: one that cannot be seen from here reports, or has just reported.
    pub(crate) fn is_present(&self) -> bool {
        let is_heard = self.heard_ns.is_some_and(|ns| ns <= ProcessState::STALLED_AFTER_NS);
        self.state.is_live() || (self.state == ProcessState::Unknown && is_heard)
    }

    /// Whether it has ended, in whatever way.
    pub(crate) fn has_ended(&self) -> bool {
        !self.state.is_live() && self.state != ProcessState::Unknown
    }
}

impl Subject for WorkerNow {
    #[expect(clippy::wildcard_enum_match_arm, reason = "most fields are of other tables")]
    #[expect(clippy::cast_precision_loss, reason = "bytes and ns below 2^53 are exact")]
    fn value(&self, field: Field) -> Value<'_> {
        match field {
            Field::Name | Field::Process => Value::Text(self.program.as_str().into()),
            Field::Pid => Value::Number(f64::from(self.pid)),
            Field::Host => Value::Text(self.host.as_str().into()),
            Field::File => Value::Text(self.log.as_str().into()),
            Field::State => Value::Text(self.state.to_string().into()),
            Field::Wall => Value::Number(self.uptime_ns as f64),
            Field::Cpu => self.cpu_percent.map_or(Value::Nothing, Value::Number),
            Field::Rss => {
                self.rss_bytes.map_or(Value::Nothing, |bytes| Value::Number(bytes as f64))
            }
            _ => Value::Foreign,
        }
    }
}

/// An open span of a worker, for a filter.
pub(super) struct OpenOf<'a>(pub(super) &'a WorkerNow, pub(super) &'a OpenNow);

impl Subject for OpenOf<'_> {
    #[expect(clippy::wildcard_enum_match_arm, reason = "the other fields are of sums")]
    #[expect(clippy::cast_precision_loss, reason = "durations below 104 days are exact")]
    fn value(&self, field: Field) -> Value<'_> {
        let Self(worker, open) = self;
        match field {
            Field::Name => Value::Text(open.name.as_str().into()),
            Field::Module => Value::Text(open.module.as_str().into()),
            Field::File => Value::Text(open.file.as_str().into()),
            Field::Kind => Value::Text(open.kind.into()),
            Field::Thread => {
                open.thread.as_deref().map_or(Value::Nothing, |name| Value::Text(name.into()))
            }
            Field::Process | Field::Pid | Field::Host => worker.value(field),
            Field::Dur => Value::Number(open.age_ns as f64),
            Field::Tag => {
                let tags: Vec<_> =
                    open.tags.iter().map(|(key, tag)| format!("{key}={tag}")).collect();
                Value::Text(tags.join(" ").into())
            }
            _ => Value::Foreign,
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "who tells larger numbers apart writes text")]
    fn tag(&self, key: &str) -> Value<'_> {
        match self.1.tags.iter().find(|(name, _)| name.to_lowercase() == key).map(|(_, tag)| tag) {
            Some(TagValue::Unsigned(number)) => Value::Number(*number as f64),
            Some(TagValue::Signed(number)) => Value::Number(*number as f64),
            Some(TagValue::Float(number)) => Value::Number(*number),
            Some(tag @ (TagValue::Bool(_) | TagValue::Text(_))) => {
                Value::Text(tag.to_string().into())
            }
            None => Value::Nothing,
        }
    }
}
