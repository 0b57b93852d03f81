//! One entry as one line of `ferret log`: aligned columns for people, or JSON for programs.

use crate::format;
use ferret::event::{
    CallsiteId, EndKind, Entry, HeapUse, LogEntry, LogTime, MetricSample, Names, Outcome, PathId,
    ProcessExit, ProcessStart, SpanId, Summary,
};
use serde::Serialize;

/// What a line says about an entry beside the entry itself.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Context<'a> {
    /// The names of its log.
    pub(crate) names: &'a Names,
    /// The pid of its process.
    pub(crate) pid: u32,
    /// The run's first moment, from which the times of lines are counted.
    pub(crate) start: LogTime,
    /// Whether lines of several processes stand together, and so need the pid.
    pub(crate) several: bool,
}

/// A line for people, without its end: offset, time from the run's start, process where there are
/// several, thread, what, details.
pub(crate) fn line(entry: &Entry, context: &Context<'_>) -> String {
    let offset = entry.offset.0;
    let time = seconds(entry.time, context.start);
    let process = if context.several { format!("{:>7}  ", context.pid) } else { String::new() };
    let thread = one_line(&context.names.thread_name(entry.thread));
    let what = entry.what.name();
    let details = details(entry, context.names);
    let line = format!("{offset:>8}  {time}  {process}{thread:<12}  {what:<13}  {details}");
    line.trim_end().to_owned()
}

/// The same as a JSON object: the entry's own fields, and what its ids stand for.
pub(crate) fn json(entry: &Entry, context: &Context<'_>) -> serde_json::Result<String> {
    #[derive(Serialize)]
    struct Line<'a> {
        format: u32,
        #[serde(flatten)]
        entry: &'a Entry,
        #[serde(skip_serializing_if = "Option::is_none")]
        pid: Option<u32>,
        thread_name: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        name: Option<&'a str>,
    }
    // It says so itself.
    let says_pid = matches!(entry.what, LogEntry::ProcessStart(_));
    serde_json::to_string(&Line {
        format: 1,
        entry,
        pid: (!says_pid).then_some(context.pid),
        thread_name: context.names.thread_name(entry.thread),
        name: name(&entry.what, context.names),
    })
}

/// What the entry's path or callsite is called.
#[expect(clippy::wildcard_enum_match_arm, reason = "only these have a name")]
fn name<'a>(what: &LogEntry, names: &'a Names) -> Option<&'a str> {
    match what {
        LogEntry::SpanStart { path, .. }
        | LogEntry::SpanEnd { path, .. }
        | LogEntry::Enter { path, .. }
        | LogEntry::Exit { path, .. }
        | LogEntry::Created { path, .. }
        | LogEntry::Polls { path, .. }
        | LogEntry::Alloc { path, .. }
        | LogEntry::Dropped { path: Some(path), .. } => Some(names.span_name(*path)),
        LogEntry::Summary(counted) => Some(names.span_name(counted.path)),
        LogEntry::Heap { callsite, .. } if *callsite == CallsiteId::PROCESS => None,
        LogEntry::Tag { key: callsite, .. }
        | LogEntry::Heap { callsite, .. }
        | LogEntry::Counter { key: callsite, .. }
        | LogEntry::Mark { callsite, .. } => Some(names.callsite_name(*callsite)),
        _ => None,
    }
}

fn details(entry: &Entry, names: &Names) -> String {
    let span =
        |path: PathId, id: SpanId| format!("{:<24} {id:<8}", one_line(names.span_name(path)));
    let took = |ns: u64| format!("{:>8}", format::duration(ns));
    let below = |parent: Option<SpanId>| parent.map_or(String::new(), |id| format!("  in {id}"));
    match &entry.what {
        LogEntry::ProcessStart(start) => process_start(start),
        LogEntry::ProcessEnd(end) => end_kind(end.how),
        LogEntry::ProcessExit(exit) => process_exit(*exit),
        LogEntry::ThreadStart | LogEntry::ThreadEnd => String::new(),
        LogEntry::SpanStart { span: id, path, parent, is_async } => {
            let how = if *is_async { "  async" } else { "" };
            format!("{}{}{how}", span(*path, *id), below(*parent))
        }
        LogEntry::SpanEnd { span: id, path, start, outcome, out_of_order, .. } => {
            let order = if *out_of_order { "  out of order" } else { "" };
            let ns = entry.time.since(*start);
            format!("{}  {}  {}{order}", span(*path, *id), took(ns), outcome_word(*outcome))
        }
        LogEntry::Enter { span: id, path } => span(*path, *id),
        LogEntry::Exit { span: id, path, busy_ns, .. } => {
            format!("{}  {}", span(*path, *id), took(*busy_ns))
        }
        LogEntry::Created { span: id, parent, path } => {
            format!("{}{}", span(*path, *id), below(*parent))
        }
        LogEntry::Polls { span: id, path, count, busy_ns, longest_ns, .. } => {
            let longest = format::duration(*longest_ns);
            format!("{}  {}  {count} polls, longest {longest}", span(*path, *id), took(*busy_ns))
        }
        LogEntry::Metric(sample) => metric(sample),
        LogEntry::Tag { span: id, key, value } => {
            format!(
                "{} = {}  of {id}",
                one_line(names.callsite_name(*key)),
                one_line(&value.to_string())
            )
        }
        LogEntry::Progress { span: id, done, total } => {
            let of = id.map_or(String::new(), |id| format!("  of {id}"));
            format!("{done} of {total}{of}")
        }
        LogEntry::Mark { span: id, callsite } => {
            format!("{}{}", one_line(names.callsite_name(*callsite)), below(*id))
        }
        LogEntry::Counter { key, value, gauge } => {
            let sign = if *gauge { "=" } else { "+=" };
            format!("{} {sign} {value}", one_line(names.callsite_name(*key)))
        }
        LogEntry::Alloc { span: id, path, heap } => {
            format!("{}  {}", span(*path, *id), heap_use(heap))
        }
        LogEntry::Heap { callsite, live_bytes, live_count, peak_bytes } => {
            heap(&one_line(whose(names, *callsite)), *live_bytes, *live_count, *peak_bytes)
        }
        LogEntry::Summary(counted) => summary(names, counted),
        LogEntry::Dropped { spans, busy_ns, .. } => {
            let [spans, busy] = [format::count(*spans), format::duration(*busy_ns)];
            format!("{spans} spans not recorded, {busy} spent in them")
        }
        LogEntry::Clock { jump_ns } => {
            let way = if *jump_ns < 0 { "back" } else { "ahead" };
            format!("jumped {way} by {}", format::duration(jump_ns.unsigned_abs()))
        }
        _ => "written by a later version of ferret".to_owned(),
    }
}

fn whose(names: &Names, callsite: CallsiteId) -> &str {
    if callsite == CallsiteId::PROCESS { "the process" } else { names.callsite_name(callsite) }
}

fn heap(whose: &str, live_bytes: u64, live_count: u64, peak_bytes: u64) -> String {
    let [live, peak] = [live_bytes, peak_bytes].map(format::bytes);
    format!("{whose:<24} {live} live in {}, {peak} at most", format::count(live_count))
}

/// Calls that were only counted, in words.
fn summary(names: &Names, counted: &Summary) -> String {
    let [calls, errors] = [counted.calls, counted.errors + counted.panics].map(format::count);
    let [total, min, max] =
        [counted.total_ns, counted.min_ns, counted.max_ns].map(format::duration);
    let failed = if errors == "0" { String::new() } else { format!(", {errors} failed") };
    let cancelled = match counted.cancelled {
        0 => String::new(),
        cancelled => format!(", {} cancelled", format::count(cancelled)),
    };
    let name = one_line(names.span_name(counted.path));
    format!("{name:<24} {calls} calls counted, {total} together, {min} to {max}{failed}{cancelled}")
}

fn heap_use(heap: &HeapUse) -> String {
    let [bytes, freed, peak] = [heap.bytes, heap.freed_bytes, heap.peak_bytes].map(format::bytes);
    let [count, frees] = [heap.count, heap.frees].map(format::count);
    format!("{bytes} in {count}, freed {freed} in {frees}, peak {peak}")
}

fn process_start(start: &ProcessStart) -> String {
    let command: Vec<_> = start.args.iter().map(|arg| one_line(arg)).collect();
    format!("pid {} on {}: {}", start.pid, start.host, command.join(" "))
}

fn end_kind(how: EndKind) -> String {
    match how {
        EndKind::Exited(Some(code)) => format!("exited with code {code}"),
        EndKind::Exited(None) => "exited".to_owned(),
        EndKind::Closed => "recording closed".to_owned(),
        EndKind::Signal(number) => signal(number),
        EndKind::Lost => "lost: it died without a word".to_owned(),
    }
}

/// How a process ended, in words; nothing of an entry that is not about that.
#[expect(clippy::wildcard_enum_match_arm, reason = "only these are ends")]
pub(crate) fn ending(what: &LogEntry) -> String {
    match what {
        LogEntry::ProcessEnd(end) => end_kind(end.how),
        LogEntry::ProcessExit(exit) => process_exit(*exit),
        _ => String::new(),
    }
}

fn process_exit(exit: ProcessExit) -> String {
    match exit {
        ProcessExit::Code(code) => format!("exit code {code}"),
        ProcessExit::Signal(number) => signal(number),
    }
}

/// `signal 9 (SIGKILL)`.
pub(crate) fn signal(number: i32) -> String {
    match signal_hook::low_level::signal_name(number) {
        Some(name) => format!("signal {number} ({name})"),
        None => format!("signal {number}"),
    }
}

fn outcome_word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Ok => "ok",
        Outcome::Err => "err",
        Outcome::Panicked => "panicked",
        Outcome::Cancelled => "cancelled",
        Outcome::Unknown => "unknown",
    }
}

/// What was measured; a reading that failed is left out.
fn metric(sample: &MetricSample) -> String {
    let parts = [
        sample.cpu_percent.map(|cpu| format!("cpu {}", format::percent(cpu))),
        sample.rss_bytes.map(|rss| format!("rss {}", format::bytes(rss))),
        sample.threads.map(|threads| format!("threads {threads}")),
        Some(format!("open {}", sample.open_spans)),
        (sample.open_tasks > 0).then(|| format!("tasks {}", sample.open_tasks)),
        sample.read_bytes.map(|read| format!("read {}", format::bytes(read))),
        sample.written_bytes.map(|written| format!("written {}", format::bytes(written))),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join("  ")
}

/// Names and values come from the program: no control character of theirs may reach the terminal.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

/// `+12.345678`, seconds from the run's start; a process of the run may have been there earlier.
fn seconds(time: LogTime, start: LogTime) -> String {
    let (sign, ns) = if time < start { ('-', start.since(time)) } else { ('+', time.since(start)) };
    let micros = ns / 1_000;
    format!("{:>13}", format!("{sign}{}.{:06}", micros / 1_000_000, micros % 1_000_000))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ferret::event::{
        CallsiteInfo, CallsiteKind, Offset, PathInfo, Position, TagValue, ThreadId, ThreadInfo,
    };

    fn names() -> Names {
        let mut names = Names::default();
        let callsite = |name: &str, kind| CallsiteInfo {
            name: name.to_owned(),
            module: "demo".to_owned(),
            file: "src/main.rs".to_owned(),
            line: 7,
            kind,
        };
        names.callsites.insert(CallsiteId(1), callsite("transcribe", CallsiteKind::Function));
        names.callsites.insert(CallsiteId(2), callsite("retries", CallsiteKind::Key));
        names.callsites.insert(CallsiteId(3), callsite("cache\u{1b}[2J warm", CallsiteKind::Mark));
        names.paths.insert(PathId(1), PathInfo { parent: PathId::ROOT, callsite: CallsiteId(1) });
        names.threads.insert(
            ThreadId(1),
            ThreadInfo { name: "main".to_owned(), tid: 4242, start: LogTime(0) },
        );
        names
    }

    fn counted(path: PathId) -> LogEntry {
        let (calls, errors, panics) = (1_234, 3, 1);
        let (total_ns, min_ns, max_ns) = (5_600_000, 900, 41_000);
        let rest = Summary::default();
        let counted = Summary { path, calls, errors, panics, total_ns, min_ns, max_ns, ..rest };
        LogEntry::Summary(Box::new(counted))
    }

    fn lines(several: bool) -> String {
        let names = names();
        let context = Context { names: &names, pid: 4242, start: LogTime(1_000_000_000), several };
        let span = SpanId { thread: ThreadId(1), start: Position(17) };
        let path = PathId(1);
        let start = ProcessStart {
            pid: 4242,
            host: "box".to_owned(),
            args: vec!["demo".to_owned(), "--fast".to_owned()],
            ..ProcessStart::default()
        };
        let sample = MetricSample {
            cpu_percent: Some(98.24),
            rss_bytes: Some(310 << 20),
            open_spans: 3,
            ..MetricSample::default()
        };
        let heap = HeapUse { bytes: 3 << 20, count: 12, peak_bytes: 1 << 20, ..HeapUse::default() };
        let heap_of = |callsite| LogEntry::Heap {
            callsite,
            live_bytes: 5_000,
            live_count: 3,
            peak_bytes: 9_000,
        };
        let (begun, outcome) = (LogTime(1_250_000_000), Outcome::Err);
        let entries = [
            LogEntry::ProcessStart(Box::new(start)),
            LogEntry::ThreadStart,
            LogEntry::SpanStart { span, path, parent: Some(span), is_async: true },
            LogEntry::Enter { span, path },
            LogEntry::Exit { span, path, busy_ns: 1_500, child_ns: 0 },
            LogEntry::Polls { span, path, count: 9, busy_ns: 4_000, child_ns: 0, longest_ns: 900 },
            LogEntry::Created { span, parent: None, path },
            LogEntry::Metric(Box::new(sample)),
            LogEntry::Tag { span, key: CallsiteId(2), value: TagValue::Text("a\nb".to_owned()) },
            LogEntry::Progress { span: None, done: 3, total: 10 },
            LogEntry::Mark { span: Some(span), callsite: CallsiteId(3) },
            LogEntry::Counter { key: CallsiteId(2), value: 2.5, gauge: false },
            LogEntry::Alloc { span, path, heap },
            heap_of(CallsiteId(1)),
            heap_of(CallsiteId::PROCESS),
            LogEntry::SpanEnd {
                span,
                path,
                start: begun,
                child_ns: 0,
                outcome,
                out_of_order: true,
            },
            counted(path),
            LogEntry::Dropped { spans: 12_345, busy_ns: 2_000_000, top: None, path: None },
            LogEntry::Clock { jump_ns: -3_000_000 },
            LogEntry::ProcessEnd(ferret::event::ProcessEnd { how: EndKind::Exited(Some(3)) }),
            LogEntry::ProcessExit(ProcessExit::Signal(9)),
        ];
        (0..)
            .zip(entries)
            .map(|(index, what)| Entry {
                offset: Offset(index),
                time: LogTime(1_000_000_000 + index * 123_456_789),
                thread: if index == 0 { ThreadId::RECORDER } else { ThreadId(1) },
                what,
            })
            .fold(String::new(), |all, entry| all + &line(&entry, &context) + "\n")
    }

    #[test]
    fn every_kind_of_entry_is_one_aligned_line() {
        insta::assert_snapshot!(lines(false));
    }

    #[test]
    fn several_processes_are_told_apart() {
        assert!(lines(true).lines().all(|line| line.contains("     4242  ")));
    }

    #[test]
    fn no_control_character_of_the_program_reaches_the_terminal() {
        assert!(!lines(false).contains('\u{1b}'));
    }

    #[test]
    fn a_line_says_each_thing_once() {
        let names = names();
        let context = Context { names: &names, pid: 7, start: LogTime(0), several: false };
        let start = ProcessStart { pid: 7, ..ProcessStart::default() };
        for what in [LogEntry::ThreadStart, LogEntry::ProcessStart(Box::new(start))] {
            let thread = ThreadId::RECORDER;
            let entry = Entry { offset: Offset(0), time: LogTime(0), thread, what };
            let line = json(&entry, &context).unwrap();
            assert_eq!(line.matches("\"pid\":7").count(), 1, "{line}");
        }
    }

    #[test]
    fn json_keeps_the_fields_and_adds_what_the_ids_stand_for() {
        let names = names();
        let context = Context { names: &names, pid: 7, start: LogTime(0), several: false };
        let span = SpanId { thread: ThreadId(1), start: Position(17) };
        let what = LogEntry::Enter { span, path: PathId(1) };
        let entry = Entry { offset: Offset(5), time: LogTime(9), thread: ThreadId(1), what };
        let line: serde_json::Value =
            serde_json::from_str(&json(&entry, &context).unwrap()).unwrap();
        assert_eq!(
            line,
            serde_json::json!({
                "format": 1, "kind": "ENTER", "offset": 5, "time": 9, "thread": 1, "pid": 7,
                "thread_name": "main", "name": "transcribe", "path": 1,
                "span": {"thread": 1, "start": 17},
            })
        );
    }
}
