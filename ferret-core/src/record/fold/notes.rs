//! What is noted on a span while it is open: tags, progress, marks, counters.

use super::{Fold, ThreadFold};
use crate::event::{LogEntry, Sink, TagValue};
use crate::record::raw::{Head, Kind, Slot};

impl<S: Sink> Fold<S> {
    pub(super) fn note(
        &mut self,
        thread: &ThreadFold,
        event: &Head,
        slots: &[Slot],
    ) -> Option<LogEntry> {
        let span = thread.stack.top().map(|frame| frame.span);
        let [a, b] = slots.get(1).copied().unwrap_or_default();
        match event.kind {
            Kind::Tag => {
                let value = tag_value(event.argument, slots.get(1..)?)?;
                self.tell_callsite(event.callsite);
                Some(LogEntry::Tag { span: span?, key: event.callsite, value })
            }
            Kind::Progress => Some(LogEntry::Progress { span, done: a, total: b }),
            Kind::Mark => {
                self.tell_callsite(event.callsite);
                Some(LogEntry::Mark { span, callsite: event.callsite })
            }
            Kind::Counter => {
                self.tell_callsite(event.callsite);
                let value = f64::from_bits(a);
                Some(LogEntry::Counter { key: event.callsite, value, gauge: event.argument == 1 })
            }
            Kind::ThreadStart
            | Kind::ThreadEnd
            | Kind::Start
            | Kind::EndOk
            | Kind::EndErr
            | Kind::EndPanicked
            | Kind::TaskStart
            | Kind::Enter
            | Kind::Exit
            | Kind::TaskOk
            | Kind::TaskErr
            | Kind::TaskPanicked
            | Kind::TaskCancelled
            | Kind::Dropped => None,
        }
    }
}

/// A tag's value, from its type and length and its payload slots.
fn tag_value(argument: u32, payload: &[Slot]) -> Option<TagValue> {
    let length = (argument & 0xff_ffff) as usize;
    let bytes: Vec<u8> =
        payload.iter().flatten().flat_map(|half| half.to_le_bytes()).take(length).collect();
    let number = || payload.first().map(|slot| slot[0]);
    Some(match argument >> 24 {
        1 => TagValue::Bool(number()? != 0),
        2 => TagValue::Unsigned(number()?),
        3 => TagValue::Signed(number()?.cast_signed()),
        4 => TagValue::Float(f64::from_bits(number()?)),
        5 => TagValue::Text(String::from_utf8_lossy(&bytes).into_owned()),
        _ => return None,
    })
}
