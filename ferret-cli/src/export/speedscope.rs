//! What each thread did, for speedscope: one evented profile a thread, in nanoseconds. The format is
//! described by <https://www.speedscope.app/file-format-schema.json>.
//!
//! A frame's begin must stand before what it called, when it is not known yet whether a filter that asks how
//! long it took will let it pass: it is written, and taken back if not. Each thread's records are spooled to a
//! temporary file, since a file has the threads one after the other.

mod lane;

use super::follow::Follow;
use super::reading::{BySpan, Read, Told};
use super::spool::Spool;
use super::timeline::Timeline;
use ferret::event::{
    CallsiteInfo, Entry, LogEntry, LogIndex, LogTime, Names, Opened, PathId, SpanId, ThreadId,
};
use lane::{Lane, Lanes};
use serde_json::json;
use std::collections::BTreeMap;
use std::io::{self, Write};

/// The profiles.
#[derive(Debug)]
pub(super) struct Speedscope {
    timeline: Timeline,
    follow: Follow,
    spool: Spool,
    lanes: Lanes,
    frames: Frames,
}

/// The functions, by their numbers in the file.
#[derive(Debug, Default)]
struct Frames {
    by_path: BTreeMap<(LogIndex, PathId), u32>,
    by_function: BTreeMap<CallsiteInfo, u32>,
    in_order: Vec<serde_json::Value>,
}

impl Speedscope {
    pub(super) fn new(timeline: Timeline, follow: Follow, spool: Spool) -> Self {
        let (lanes, frames) = (Lanes::default(), Frames::default());
        Self { timeline, follow, spool, lanes, frames }
    }

    /// A frame begins.
    fn begin(
        &mut self,
        (log, thread): (LogIndex, ThreadId),
        names: &Names,
        (span, path): (SpanId, PathId),
        time: LogTime,
    ) -> io::Result<()> {
        let may_pass = self.follow.may_count(log, names, path, thread);
        let (is_late, at_ns) = (self.follow.is_late(log, time), self.timeline.ns(log, time));
        let frame = self.frames.number(log, names, path);
        let lane = self.lanes.of(log, thread);
        lane.push(span, frame, at_ns, may_pass);
        if is_late { lane.write_begins(&mut self.spool) } else { Ok(()) }
    }

    fn end(
        &mut self,
        log: LogIndex,
        names: &Names,
        entry: &Entry,
        span: SpanId,
    ) -> io::Result<bool> {
        let passes = self.follow.counts(log, names, entry);
        let at_ns = self.timeline.ns(log, entry.time);
        self.lanes.of(log, entry.thread).end(span, at_ns, passes, &mut self.spool)?;
        Ok(passes)
    }

    /// A poll that the log tells of when it is over.
    fn poll(&mut self, log: LogIndex, names: &Names, entry: &Entry) -> io::Result<()> {
        let &LogEntry::Polls { span, path, count: 1, busy_ns, .. } = &entry.what else {
            return Ok(());
        };
        if entry.thread == ThreadId::RECORDER || !self.follow.counts(log, names, entry) {
            return Ok(());
        }
        let began = LogTime(entry.time.0.saturating_sub(busy_ns));
        self.begin((log, entry.thread), names, (span, path), began)?;
        self.end(log, names, entry, span).map(drop)
    }

    /// What is open ends with what is known of its process, if it passes.
    fn close(&mut self, read: &Read<'_>, log: LogIndex) -> io::Result<u64> {
        let (mut passing, mut count) = (BTreeMap::new(), 0);
        for open in self.follow.open(read, log) {
            passing.extend(open.thread.map(|thread| ((thread, open.span), open.passes)));
            count += u64::from(open.passes && open.is_span());
        }
        let end_ns = self.timeline.ns(log, self.follow.end(read, log));
        for (thread, lane) in self.lanes.of_log(log) {
            let passes = |span| passing.get(&(thread, span)) == Some(&true);
            lane.close(end_ns, passes, &mut self.spool)?;
            self.spool.put_away(&mut lane.strand)?;
        }
        Ok(count)
    }

    fn profile(&self, read: &Read<'_>, log: LogIndex, thread: ThreadId) -> String {
        let thread = read.names(log).thread_name(thread);
        let program = self.timeline.program(log);
        if self.timeline.len() == 1 {
            return format!("{program}, {thread}");
        }
        format!("{program} {}, {thread}", self.timeline.pid(log))
    }
}

impl BySpan for Speedscope {
    fn follow(&mut self) -> &mut Follow {
        &mut self.follow
    }

    fn entry(
        &mut self,
        log: LogIndex,
        names: &Names,
        entry: &Entry,
        _: &mut dyn Write,
    ) -> io::Result<()> {
        let on = (log, entry.thread);
        match entry.what {
            LogEntry::SpanStart { span, path, is_async: false, .. }
            | LogEntry::Enter { span, path } => {
                self.begin(on, names, (span, path), entry.time)?;
            }
            LogEntry::SpanEnd { span, path, .. } => {
                let is_async = names.callsite_info(path).is_some_and(|info| info.kind.is_async());
                let passes = if is_async {
                    self.follow.counts(log, names, entry)
                } else {
                    self.end(log, names, entry, span)?
                };
                self.follow.told.spans += u64::from(passes);
            }
            LogEntry::Exit { span, .. } => drop(self.end(log, names, entry, span)?),
            LogEntry::Polls { .. } => self.poll(log, names, entry)?,
            LogEntry::ThreadEnd => {
                let lane = self.lanes.of(log, entry.thread);
                self.spool.put_away(&mut lane.strand)?;
            }
            _ => {}
        }
        Ok(())
    }

    /// What is open where the log goes on begins there, or before if nothing is known of before.
    fn resume(&mut self, log: LogIndex, names: &Names, opened: &Opened) -> io::Result<()> {
        let stacks = match opened {
            Opened::Anew { stacks, .. } => {
                for (_, lane) in self.lanes.of_log(log) {
                    lane.lose(&mut self.spool)?;
                }
                stacks.iter().map(|(thread, stack)| (*thread, stack)).collect()
            }
            Opened::Stack(thread, stack) => {
                self.lanes.of(log, *thread).lose(&mut self.spool)?;
                vec![(*thread, stack)]
            }
        };
        for (thread, stack) in stacks {
            for frame in stack.frames() {
                let (span, path, since) = (frame.span, frame.path, frame.since);
                let number = self.frames.number(log, names, path);
                let may_pass = self.follow.may_count(log, names, path, thread);
                let at_ns = self.timeline.ns(log, since);
                self.lanes.of(log, thread).push(span, number, at_ns, may_pass);
            }
        }
        self.follow.resume(log, names, opened);
        Ok(())
    }

    fn finish(mut self: Box<Self>, read: &Read<'_>, out: &mut dyn Write) -> io::Result<Told> {
        let mut told = self.follow.told;
        for log in (0..self.timeline.len()).map(LogIndex) {
            told.open += self.close(read, log)?;
        }
        told.spans += told.open;
        let mut lanes: Vec<_> = std::mem::take(&mut self.lanes).into_list();
        lanes.retain(|(_, _, lane)| lane.range.is_some());
        let busiest = lanes.iter().enumerate().max_by_key(|(_, (_, _, lane))| lane.written);
        let head = json!({
            "$schema": "https://www.speedscope.app/file-format-schema.json",
            "exporter": concat!("ferret ", env!("CARGO_PKG_VERSION")),
            "name": self.timeline.program(LogIndex(0)),
            "activeProfileIndex": busiest.map_or(0, |(index, _)| index),
        });
        let head = head.to_string();
        write!(out, "{},\"profiles\":[", head.trim_end_matches('}'))?;
        for (index, (log, thread, lane)) in lanes.iter_mut().enumerate() {
            let name = self.profile(read, *log, *thread);
            out.write_all(if index > 0 { b",\n" } else { b"\n" })?;
            write_profile(&name, lane, &mut self.spool, out)?;
        }
        if lanes.is_empty() {
            // One without profiles is refused.
            write_profile("no span passes", &mut Lane::default(), &mut self.spool, out)?;
        }
        let frames = json!({ "frames": self.frames.in_order });
        writeln!(out, "\n],\"shared\":{frames}}}")?;
        Ok(told)
    }
}

impl Frames {
    fn number(&mut self, log: LogIndex, names: &Names, path: PathId) -> u32 {
        if let Some(&known) = self.by_path.get(&(log, path)) {
            return known;
        }
        let unknown = CallsiteInfo {
            name: "?".to_owned(),
            module: String::new(),
            file: String::new(),
            line: 0,
            kind: ferret::event::CallsiteKind::Function,
        };
        let info = names.callsite_info(path).unwrap_or(&unknown);
        let next = u32::try_from(self.in_order.len()).unwrap_or(u32::MAX);
        let number = *self.by_function.entry(info.clone()).or_insert(next);
        if number == next {
            self.in_order.push(json!({ "name": info.name, "file": info.file, "line": info.line }));
        }
        self.by_path.insert((log, path), number);
        number
    }
}

fn write_profile(
    name: &str,
    lane: &mut Lane,
    spool: &mut Spool,
    out: &mut dyn Write,
) -> io::Result<()> {
    let (start, end) = lane.range.unwrap_or_default();
    let name = serde_json::to_string(name)?;
    write!(
        out,
        "{{\"type\":\"evented\",\"name\":{name},\"unit\":\"nanoseconds\",\"startValue\":{start},\
         \"endValue\":{end},\"events\":["
    )?;
    let mut comma = "";
    spool.each(&mut lane.strand, |record| {
        let kind = if record.is_begin { 'O' } else { 'C' };
        let (at, frame) = (record.at_ns, record.frame);
        write!(out, "{comma}\n{{\"type\":\"{kind}\",\"frame\":{frame},\"at\":{at}}}")?;
        comma = ",";
        Ok(())
    })?;
    out.write_all(b"\n]}")
}
