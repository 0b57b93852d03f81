//! One thread's frames, as begins and ends that lie in each other: what speedscope asks for.

use super::super::spool::{Place, Record, Spool, Strand};
use ferret::event::{LogIndex, SpanId, ThreadId};
use std::collections::BTreeMap;
use std::io;

/// The threads of all processes.
#[derive(Debug, Default)]
pub(super) struct Lanes(BTreeMap<(LogIndex, ThreadId), Lane>);

/// A thread.
#[derive(Debug, Default)]
pub(super) struct Lane {
    pub(super) strand: Strand,
    /// The first and last time of what is written and stays; none of nothing.
    pub(super) range: Option<(u64, u64)>,
    /// Frames that were written, and stay.
    pub(super) written: u64,
    /// Open, outermost first.
    stack: Vec<Open>,
    last_ns: u64,
}

/// An open frame.
#[derive(Debug)]
struct Open {
    span: SpanId,
    frame: u32,
    begin_ns: u64,
    /// It may still turn out to pass.
    may_pass: bool,
    /// Its begin, once that is written.
    written: Option<Place>,
    /// It has ended before one that it called, and ends with that one.
    has_ended: bool,
}

impl Lanes {
    /// A thread, which is made at its first mention.
    pub(super) fn of(&mut self, log: LogIndex, thread: ThreadId) -> &mut Lane {
        self.0.entry((log, thread)).or_default()
    }

    /// The threads of a process.
    pub(super) fn of_log(&mut self, log: LogIndex) -> impl Iterator<Item = (ThreadId, &mut Lane)> {
        let all = (log, ThreadId(0))..=(log, ThreadId(u32::MAX));
        self.0.range_mut(all).map(|((_, thread), lane)| (*thread, lane))
    }

    pub(super) fn into_list(self) -> Vec<(LogIndex, ThreadId, Lane)> {
        self.0.into_iter().map(|((log, thread), lane)| (log, thread, lane)).collect()
    }
}

impl Lane {
    /// A frame begins; it is written by [`Lane::write_begins`] or with its end.
    pub(super) fn push(&mut self, span: SpanId, frame: u32, begin_ns: u64, may_pass: bool) {
        let begin_ns = begin_ns.max(self.last_ns);
        self.last_ns = begin_ns;
        let (written, has_ended) = (None, false);
        self.stack.push(Open { span, frame, begin_ns, may_pass, written, has_ended });
    }

    /// Writes the begins of what may pass and is not written yet.
    pub(super) fn write_begins(&mut self, spool: &mut Spool) -> io::Result<()> {
        // What is written lies below what is not: a frame is written with all below it.
        let from = self.stack.iter().rposition(|open| open.written.is_some()).map_or(0, |i| i + 1);
        for open in self.stack[from..].iter_mut().filter(|open| open.may_pass) {
            let begin = Record { at_ns: open.begin_ns, frame: open.frame, is_begin: true };
            open.written = Some(spool.add(&mut self.strand, begin)?);
        }
        Ok(())
    }

    /// A frame ends, and now it is known whether it passes.
    pub(super) fn end(
        &mut self,
        span: SpanId,
        at_ns: u64,
        passes: bool,
        spool: &mut Spool,
    ) -> io::Result<()> {
        let Some(index) = self.stack.iter().rposition(|open| open.span == span) else {
            return Ok(());
        };
        if !passes || !self.stack[index].may_pass {
            let open = self.stack.remove(index);
            self.take_back(&open, spool)?;
        } else {
            self.write_begins(spool)?;
            self.stack[index].has_ended = true;
        }
        self.end_innermost(at_ns, spool)
    }

    /// What is open ends here: what passes is kept.
    pub(super) fn close(
        &mut self,
        at_ns: u64,
        passes: impl Fn(SpanId) -> bool,
        spool: &mut Spool,
    ) -> io::Result<()> {
        for open in &mut self.stack {
            open.may_pass &= open.has_ended || passes(open.span);
        }
        self.write_begins(spool)?;
        while let Some(mut open) = self.stack.pop() {
            if open.may_pass {
                open.has_ended = true;
                self.stack.push(open);
                self.end_innermost(at_ns, spool)?;
            } else {
                self.take_back(&open, spool)?;
            }
        }
        Ok(())
    }

    /// What is open is not known to go on: it ends with the last that is known.
    pub(super) fn lose(&mut self, spool: &mut Spool) -> io::Result<()> {
        self.close(self.last_ns, |_| true, spool)
    }

    /// Writes the ends of innermost frames that have ended.
    fn end_innermost(&mut self, at_ns: u64, spool: &mut Spool) -> io::Result<()> {
        let at_ns = at_ns.max(self.last_ns);
        self.last_ns = at_ns;
        while let Some(open) = self.stack.pop_if(|open| open.has_ended) {
            let end = Record { at_ns, frame: open.frame, is_begin: false };
            spool.add(&mut self.strand, end)?;
            let (first, _) = self.range.unwrap_or((open.begin_ns, at_ns));
            self.range = Some((first.min(open.begin_ns), at_ns));
            self.written += 1;
        }
        Ok(())
    }

    fn take_back(&mut self, open: &Open, spool: &mut Spool) -> io::Result<()> {
        open.written.map_or(Ok(()), |place| spool.take_back(&mut self.strand, place))
    }
}
