//! A tail read segment by segment: decoded to parts, or as pieces for others to decode.

use super::Tail;
use crate::event::{LogIndex, LogTime, Parts};
use crate::log::error::LogError;
use crate::log::piece::Piece;

impl Tail {
    /// The parts now available from where the last poll ended, for who reads one log and much of it: at least so many
    /// entries, unless there are no more now, and up to a segment more. They are added to `parts`.
    ///
    /// # Errors
    ///
    /// As for [`Tail::poll`].
    pub fn poll_parts(&mut self, min_entries: u64, parts: &mut Parts) -> Result<(), LogError> {
        while parts.entries() < min_entries && self.next_time()?.is_some() {
            self.next_parts(parts);
        }
        Ok(())
    }

    /// When the next part was that [`Tail::next_parts`] gives; none at the end, for now. A moment before it,
    /// where time went back.
    pub(in crate::log) fn next_time(&mut self) -> Result<Option<LogTime>, LogError> {
        match self.ready.front() {
            Some(entry) => Ok(Some(entry.time)),
            None => self.begin_segment(),
        }
    }

    /// Adds the next segment to `parts`; call [`Tail::next_time`] before.
    pub(in crate::log) fn next_parts(&mut self, parts: &mut Parts) {
        if !self.ready.is_empty() {
            self.ready.drain(..).for_each(|entry| parts.push(entry));
            return;
        }
        let Some(cursor) = &mut self.cursor else { return };
        let resume = &mut self.middle;
        let see = |first, thread, stack: &_| resume.meets(first, thread, stack);
        let decoded = cursor.next_parts(parts, see);
        self.end_segment(decoded);
    }

    /// Takes what is left of the block that is read, or the next one, without decoding it. Call
    /// [`Tail::next_time`] before.
    pub(in crate::log) fn take_pieces(&mut self, log: LogIndex) -> Vec<Piece> {
        if let Some(first) = self.ready.front() {
            // What was decoded and not yielded is decoded once more.
            self.seek(first.offset);
        }
        let Some(cursor) = self.cursor.take() else { return Vec::new() };
        let middle = &mut self.middle;
        let (pieces, damage) = cursor.into_pieces(log, |segment| {
            // What does not decode is told by who decodes it.
            if middle.is_met_by_threads()
                && let (Ok(thread), Ok(entries)) = (segment.thread(), segment.entries())
            {
                middle.meets(segment.first(), thread, entries.stack());
            }
        });
        if let Some(damage) = damage {
            self.report(damage);
        }
        pieces
    }
}
