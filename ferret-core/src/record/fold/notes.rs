//! What is noted on a span while it is open: tags, progress, marks.

use super::{Fold, Missing, ThreadFold, span_of};
use crate::event::{CallsiteId, LogEntry, LogTime, Position, Sink, SpanId, TagValue};
use crate::record::paths::OTHER;
use crate::record::raw::{Head, Kind, Slot, bytes_of};

impl<S: Sink> Fold<S> {
    /// Something about the innermost span, or about the process.
    pub(super) fn note(
        &mut self,
        thread: &mut ThreadFold,
        event: &Head,
        slots: &[Slot],
    ) -> Option<LogEntry> {
        let span = thread.innermost().0;
        let [a, b] = slots.get(1).copied().unwrap_or_default();
        #[expect(clippy::wildcard_enum_match_arm, reason = "the caller hands over only these")]
        match event.kind {
            // It was on its way when values were switched off.
            Kind::Tag if !self.origin.values() => None,
            Kind::Tag => {
                let (span, key) = (span?, event.callsite);
                let value = tag_value(event.argument, slots.get(1..)?)?;
                if !self.admits(thread, span, key) {
                    return None;
                }
                self.tell_callsite(key);
                Some(LogEntry::Tag { span, key, value })
            }
            Kind::Progress => Some(LogEntry::Progress { span, done: a, total: b }),
            Kind::Mark => {
                self.tell_callsite(event.callsite);
                Some(LogEntry::Mark { span, callsite: event.callsite })
            }
            _ => None,
        }
    }

    /// Whether `span`, the innermost one of `thread`, may have a tag of this key.
    fn admits(&mut self, thread: &mut ThreadFold, span: SpanId, key: CallsiteId) -> bool {
        if let Some(task) = self.tasks.get(span) {
            return task.tags.admit(key);
        }
        thread.tags().is_some_and(|tags| tags.admit(key))
    }

    /// A tag of an async span, which need not be polled now.
    pub(super) fn tag_of(
        &mut self,
        thread: &ThreadFold,
        position: Position,
        time: LogTime,
        event: &Head,
        slots: &[Slot],
        final_try: bool,
    ) -> Result<(), Missing> {
        let span = span_of(slots);
        if self.tasks.get(span).is_none() {
            return if final_try { Ok(()) } else { Err(Missing(span)) };
        }
        if let Some(tag) = slots.get(2..).and_then(|payload| self.tag_of_task(span, event, payload))
        {
            self.put(thread, position, time, &tag);
        }
        Ok(())
    }

    /// The tag of an async span, if it may have it.
    pub(super) fn tag_of_task(
        &mut self,
        span: SpanId,
        event: &Head,
        payload: &[Slot],
    ) -> Option<LogEntry> {
        let (key, value) = (event.callsite, tag_value(event.argument, payload)?);
        if !self.origin.values() || !self.tasks.get(span)?.tags.admit(key) {
            return None;
        }
        self.tell_callsite(key);
        Some(LogEntry::Tag { span, key, value })
    }

    /// Says how many tags a span was refused.
    #[inline]
    pub(super) fn say_refused(
        &mut self,
        thread: &ThreadFold,
        position: Position,
        time: LogTime,
        span: SpanId,
        refused: u64,
    ) {
        if let Some(refused) = self.refused(span, refused) {
            self.put(thread, position, time, &refused);
        }
    }

    pub(super) fn refused(&mut self, span: SpanId, refused: u64) -> Option<LogEntry> {
        (refused > 0).then(|| {
            self.tell_callsite(OTHER);
            LogEntry::Tag { span, key: OTHER, value: TagValue::Unsigned(refused) }
        })
    }
}

/// A tag's value, from its type and length and its payload slots.
fn tag_value(argument: u32, payload: &[Slot]) -> Option<TagValue> {
    let length = (argument & 0xff_ffff) as usize;
    let number = || payload.first().map(|slot| slot[0]);
    Some(match argument >> 24 {
        1 => TagValue::Bool(number()? != 0),
        2 => TagValue::Unsigned(number()?),
        3 => TagValue::Signed(number()?.cast_signed()),
        4 => TagValue::Float(f64::from_bits(number()?)),
        5 => TagValue::Text(String::from_utf8_lossy(&bytes_of(payload, length)).into_owned()),
        _ => return None,
    })
}
