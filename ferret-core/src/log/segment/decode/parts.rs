//! A segment to [`Parts`]: no entry is made of what has a short form.

use super::{LEFT_OVER, NONE_OPEN, SegmentEntries, Short, short};
use crate::event::{
    EndedSpan, Entry, Frame, Offset, Outcome, Parts, Position, SpanId, Stretch, ThreadStack,
};
use crate::log::codec::{CodecError, Input};
use crate::log::segment::{Fold, ops};

impl SegmentEntries<'_> {
    /// Decodes all there is into `parts`; what comes before an error is there too. Entries below `wanted`
    /// are left out, and those of a segment that has such stand there one by one.
    pub(crate) fn decode_parts_into(
        &mut self,
        wanted: Offset,
        parts: &mut Parts,
    ) -> Result<(), CodecError> {
        if self.next < wanted {
            let mut entries = Vec::new();
            let result = self.decode_into(wanted, &mut entries);
            for entry in entries {
                parts.push(entry);
            }
            return result;
        }
        while self.left > 0 {
            self.decode_spans(parts)?;
            if self.left > 0
                && let Some((what, ends_hidden)) = self.other()?
            {
                self.apply(&what, ends_hidden)?;
                let (offset, time, thread) = (self.next, self.fold.time, self.fold.thread);
                parts.push(Entry { offset, time, thread, what });
                self.left -= 1;
                self.next = Offset(self.next.0.wrapping_add(1));
            }
        }
        if self.input.is_empty() { Ok(()) } else { Err(LEFT_OVER) }
    }

    /// Decodes starts and ends up to the head of something else. All that changes is held in registers
    /// meanwhile.
    fn decode_spans(&mut self, parts: &mut Parts) -> Result<(), CodecError> {
        let (mut input, mut fold) = (self.input.clone(), self.fold.clone());
        let (mut left, stack, thread) = (self.left, &mut self.stack, self.fold.thread);
        let depth = stack.frames().len();
        // The fewest frames that were open meanwhile.
        let (mut lowest, mut started) = (depth, 0);
        let (mut first, mut last) = (None, fold.time);
        let ended = parts.ended_mut();
        let ended_before = ended.len();
        let mut result = Ok(());
        while left > 0 {
            let (frame, outcome) = match short(&mut input, &mut fold, stack) {
                Ok(Short::Start(path)) => {
                    let span = SpanId { thread, start: Position(fold.next_position) };
                    fold.starts();
                    first.get_or_insert(fold.time);
                    (last, started, left) = (fold.time, started + 1, left - 1);
                    stack.push(span, path, fold.time);
                    continue;
                }
                Ok(Short::End(frame)) => (frame, Outcome::Ok),
                Ok(Short::Other) => match failed(&mut input, &mut fold, stack) {
                    Ok(Some(failed)) => failed,
                    Ok(None) => break,
                    Err(error) => {
                        result = Err(error);
                        break;
                    }
                },
                Err(error) => {
                    result = Err(error);
                    break;
                }
            };
            lowest = lowest.min(stack.frames().len());
            first.get_or_insert(fold.time);
            (last, left) = (fold.time, left - 1);
            let Frame { span, path, since: start, child_ns } = frame;
            ended.push(EndedSpan { span, thread, path, start, end: last, child_ns, outcome });
        }
        let count = self.left - left;
        let next = Offset(self.next.0.wrapping_add(u64::from(count)));
        (self.input, self.fold, self.next, self.left) = (input, fold, next, left);
        if let Some(first) = first {
            let closed = u32::try_from(depth - lowest).unwrap_or(u32::MAX);
            let (below, opened) = self.stack.frames().split_at(lowest);
            let child_ns = below.last().map(|frame| frame.child_ns);
            let stretch =
                Stretch { thread, next, first, last, started, closed, child_ns, left_out: 0 };
            let ended = ended.len() - ended_before;
            parts.open(opened);
            parts.end_spans(stretch, ended);
        }
        result
    }
}

/// Reads on behind the head of an op that has no short form, if the innermost frame ends by it, with an
/// outcome.
#[cold]
fn failed(
    input: &mut Input<'_>,
    fold: &mut Fold,
    stack: &mut ThreadStack,
) -> Result<Option<(Frame, Outcome)>, CodecError> {
    let mut ahead = input.clone();
    if ahead.byte()? != ops::SPAN_END_TOP {
        return Ok(None);
    }
    let outcome = ops::outcome_of(ahead.byte()?)?;
    let frame = stack.close_top(fold.time).ok_or(NONE_OPEN)?;
    fold.ends(frame.path);
    *input = ahead;
    Ok(Some((frame, outcome)))
}
