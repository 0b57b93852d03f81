//! What `analyze` shows of made-up processes: every table, the tree, the document.

use super::*;
use crate::page::Style;
use clap::Parser;
use ferret::event::{
    CallsiteId, CallsiteInfo, CallsiteKind, EndKind, Entry, LogEntry, LogIndex, MetricSample,
    Names, Offset, Outcome, PathId, PathInfo, Position, ProcessEnd, ProcessStart, ProcessUid,
    RunId, SpanId, ThreadId, ThreadInfo, ThreadStack,
};
use std::collections::BTreeMap;

#[path = "analyze_alloc_tests.rs"]
mod alloc;
#[path = "analyze_async_tests.rs"]
mod asynchronous;
#[path = "analyze_overhead_tests.rs"]
mod overhead;
#[path = "analyze_report_tests.rs"]
mod report;
#[path = "analyze_sampled_tests.rs"]
mod sampled;

const MS: u64 = 1_000_000;
/// 2026-11-22 14:00:00 UTC.
const START: u64 = 1_795_356_000_000_000_000;

/// The arguments alone.
#[derive(Debug, Parser)]
struct Line {
    #[command(flatten)]
    args: AnalyzeArgs,
}

fn args(line: &str) -> AnalyzeArgs {
    // Blanks stand between arguments, and ~ for a blank in one.
    let words = line.split_whitespace().map(|word| word.replace('~', " "));
    let words = ["analyze".to_owned(), "run.redb".to_owned()].into_iter().chain(words);
    Line::try_parse_from(words).unwrap().args
}

/// A process that is made up call by call. Its log time begins at 1 s.
#[derive(Default)]
struct Made {
    names: Names,
    entries: Vec<Entry>,
    now: u64,
    threads: BTreeMap<u32, (ThreadStack, u64)>,
    owned: bool,
    pid: u32,
    lost_head: u64,
}

impl Made {
    fn new(pid: u32) -> Self {
        let mut made = Self { pid, now: 1_000 * MS, ..Self::default() };
        let start = ProcessStart {
            pid,
            exe: "/usr/bin/podcasts".to_owned(),
            host: "tower".to_owned(),
            boot_id: "boot".to_owned(),
            unix_ns: START,
            ..ProcessStart::default()
        };
        made.say(0, LogEntry::ProcessStart(Box::new(start)));
        made
    }

    fn say(&mut self, thread: u32, what: LogEntry) {
        let (offset, time) = (Offset(self.entries.len() as u64), LogTime(self.now));
        self.entries.push(Entry { offset, time, thread: ThreadId(thread), what });
    }

    fn callsite(&mut self, name: &str, kind: CallsiteKind) -> CallsiteId {
        let known = self.names.callsites.iter().find(|(_, info)| info.name == name);
        if let Some((&id, _)) = known {
            return id;
        }
        let id = CallsiteId(u32::try_from(self.names.callsites.len()).unwrap() + 1);
        let (module, file) = ("podcasts::audio".to_owned(), "src/audio.rs".to_owned());
        let info = CallsiteInfo { name: name.to_owned(), module, file, line: 10 + id.0, kind };
        self.names.callsites.insert(id, info);
        id
    }

    fn place(&mut self, thread: u32, name: &str, kind: CallsiteKind) -> (SpanId, PathId) {
        let name_of_thread =
            if thread == 1 { "main".to_owned() } else { format!("worker-{thread}") };
        let info = ThreadInfo { name: name_of_thread, tid: 100 + thread, start: LogTime(self.now) };
        self.names.threads.entry(ThreadId(thread)).or_insert(info);
        let callsite = self.callsite(name, kind);
        let (stack, next) = self.threads.entry(thread).or_default();
        let info = PathInfo { parent: stack.path(), callsite };
        let span = SpanId { thread: ThreadId(thread), start: Position(*next) };
        *next += 1;
        let known = self.names.paths.iter().find(|(_, known)| **known == info);
        let path = known.map_or_else(
            || PathId(u32::try_from(self.names.paths.len()).unwrap() + 1),
            |(&path, _)| path,
        );
        self.names.paths.insert(path, info);
        (span, path)
    }

    /// A span begins; one whose name begins with a capital is a stage.
    fn start(&mut self, thread: u32, name: &str) -> SpanId {
        let is_stage = name.starts_with(char::is_uppercase) && !name.contains("::");
        let kind = if is_stage { CallsiteKind::Stage } else { CallsiteKind::Function };
        let (span, path) = self.place(thread, name, kind);
        let now = LogTime(self.now);
        let stack = &mut self.threads.get_mut(&thread).unwrap().0;
        let parent = stack.top().map(|frame| frame.span);
        stack.push(span, path, now);
        self.say(thread, LogEntry::SpanStart { span, path, parent, is_async: false });
        span
    }

    fn end(&mut self, thread: u32, outcome: Outcome) {
        let now = LogTime(self.now);
        let stack = &mut self.threads.get_mut(&thread).unwrap().0;
        let span = stack.top().unwrap().span;
        let frame = stack.close(span, now).unwrap().frame;
        let (path, start, child_ns) = (frame.path, frame.since, frame.child_ns);
        let out_of_order = false;
        self.say(thread, LogEntry::SpanEnd { span, path, start, child_ns, outcome, out_of_order });
    }

    fn call(&mut self, thread: u32, name: &str, ms: u64) {
        self.start(thread, name);
        self.now += ms * MS;
        self.end(thread, Outcome::Ok);
    }

    fn lose(&mut self, thread: u32, spans: u64, ms: u64) {
        let stack = &mut self.threads.get_mut(&thread).unwrap().0;
        stack.dropped(ms * MS);
        let (top, path) = stack.top().map(|frame| (frame.span.start, frame.path)).unzip();
        self.say(thread, LogEntry::Dropped { spans, busy_ns: ms * MS, top, path });
    }

    fn metric(&mut self, cpu_ms: u64, rss_mib: u64) {
        let sample = MetricSample {
            cpu_ns: Some(cpu_ms * MS),
            rss_bytes: Some(rss_mib << 20),
            ..MetricSample::default()
        };
        self.say(0, LogEntry::Metric(Box::new(sample)));
    }

    fn facts(&self, index: usize) -> LogFacts<'_> {
        let name = if index == 0 { "run.redb".to_owned() } else { format!("run.{index}.redb") };
        LogFacts {
            path: name.into(),
            uid: ProcessUid(u128::from(self.pid) << 96),
            run: RunId(0x00fe_44e7),
            bytes: 266_240,
            length: 524_288,
            first_offset: Offset(self.lost_head),
            next_offset: Offset(self.lost_head + self.entries.len() as u64),
            first_time: self.entries[0].time,
            findings: crate::death::Findings::default(),
            unread: 0,
            lost: crate::reach::Lost::head(self.lost_head),
            damaged: false,
            owned: Some(self.owned),
            names: &self.names,
        }
    }

    fn exit(&mut self, code: i32) {
        self.say(0, LogEntry::ProcessEnd(ProcessEnd { how: EndKind::Exited(Some(code)) }));
    }
}

/// A run that downloads and transcribes, with errors, recursion and a worker.
fn podcasts() -> Made {
    let mut made = Made::new(4242);
    made.start(1, "main");
    made.metric(0, 10);
    made.start(1, "Download");
    for ms in [100, 150, 350] {
        made.call(1, "http_get", ms);
    }
    made.end(1, Outcome::Ok);
    made.metric(60, 40);
    let stage = made.start(1, "Transcribe");
    made.start(2, "work");
    for index in 0..20 {
        made.start(2, "Decoder<R, S>::decode_window");
        made.now += (20 + index) * MS;
        made.end(2, if index % 9 == 8 { Outcome::Err } else { Outcome::Ok });
    }
    made.end(2, Outcome::Ok);
    made.say(1, LogEntry::Progress { span: Some(stage), done: 19, total: 20 });
    made.end(1, Outcome::Err);
    made.metric(660, 212);
    for _ in 0..4 {
        made.start(1, "walk");
        made.now += 5 * MS;
    }
    made.call(1, "visit", 10);
    for _ in 0..4 {
        made.end(1, Outcome::Ok);
    }
    made.call(1, "write_the_report_under_a_rather_long_and_descriptive_name", 1);
    made.end(1, Outcome::Ok);
    made.exit(0);
    made
}

/// A run that was killed in the middle of things.
fn killed() -> Made {
    let mut made = Made::new(77);
    made.start(1, "main");
    made.call(1, "load", 500);
    made.start(1, "Transcribe");
    made.now += 200 * MS;
    made.start(1, "wait_for_lock");
    let (span, path) = made.place(2, "fetch", CallsiteKind::Async);
    made.say(2, LogEntry::SpanStart { span, path, parent: None, is_async: true });
    made.now += 1_300 * MS;
    made.metric(900, 64);
    made
}

fn facts(logs: &[Made]) -> Vec<LogFacts<'_>> {
    logs.iter().enumerate().map(|(index, made)| made.facts(index)).collect()
}

fn analyze(logs: &[Made], args: &AnalyzeArgs) -> Analysis {
    args.check().unwrap();
    let first = |(index, made): (usize, &Made)| (LogIndex(index), made.entries[0].clone());
    let first: Vec<_> = logs.iter().enumerate().map(first).collect();
    let mut fold = reading::begin(args, &first).unwrap();
    for (index, made) in logs.iter().enumerate() {
        for entry in &made.entries {
            fold.apply(LogIndex(index), &made.names, entry);
        }
    }
    let now = LogTime(60_000 * MS);
    analysis(&mut fold, &facts(logs), now, args)
}

fn show(logs: &[Made], line: &str, width: Option<usize>) -> String {
    let args = args(line);
    let page = Page { width, colour: false };
    let text = render(&analyze(logs, &args), &args, page).unwrap();
    let widest = text.lines().map(crate::text::width).max();
    assert!(width.is_none() || args.json || widest <= width, "{widest:?} columns:\n{text}");
    // The headline's time of day is the reader's.
    text.replace(&local_start(), "<start>")
}

/// Asks the gates of a command line.
fn gates(analysis: &Analysis, args: &AnalyzeArgs) -> anyhow::Result<ExitCode> {
    gates::conclude(&gates::ask(analysis, args.by, &args.fail_if), args.allow_missing)
}

fn local_start() -> String {
    let start = jiff::Timestamp::from_nanosecond(i128::from(START)).unwrap();
    start.to_zoned(jiff::tz::TimeZone::system()).strftime("%Y-%m-%d %H:%M:%S").to_string()
}

#[test]
fn functions_in_a_pipe_a_narrow_and_a_wide_terminal() {
    insta::assert_snapshot!("functions", show(&[podcasts()], "", None));
    insta::assert_snapshot!("functions_80", show(&[podcasts()], "", Some(80)));
    insta::assert_snapshot!("functions_120", show(&[podcasts()], "--top 3 --sort p99", Some(120)));
    for width in 40..130 {
        for line in ["", "--tree", "--by stage", "--by thread", "--by process"] {
            show(&[podcasts()], line, Some(width));
        }
    }
}

#[test]
fn the_call_tree() {
    insta::assert_snapshot!("tree", show(&[podcasts()], "--tree", None));
    insta::assert_snapshot!("tree_80", show(&[podcasts()], "--tree --depth 2 --top 2", Some(80)));
    insta::assert_snapshot!("tree_filtered", show(&[podcasts()], "--tree --filter visit", None));
}

#[test]
fn stages_with_a_total() {
    insta::assert_snapshot!("stages", show(&[podcasts()], "--by stage", Some(80)));
    let mut none = Made::new(1);
    none.call(1, "load", 10);
    insta::assert_snapshot!("stages_none", show(&[none], "--by stage", None));
}

#[test]
fn stages_that_overlap_share_memory_and_cpu() {
    let mut made = Made::new(9);
    made.metric(0, 10);
    made.start(1, "Train");
    made.start(2, "Export");
    made.now += 500 * MS;
    made.metric(700, 90);
    made.end(2, Outcome::Ok);
    made.owned = true;
    insta::assert_snapshot!("stages_shared", show(&[made], "--by stage --until +500ms", None));
}

#[test]
fn threads_and_processes() {
    insta::assert_snapshot!("threads", show(&[podcasts()], "--by thread", Some(120)));
    let logs = [podcasts(), killed()];
    insta::assert_snapshot!("processes", show(&logs, "--by process", Some(120)));
    insta::assert_snapshot!("two_processes", show(&logs, "", Some(120)));
}

#[test]
fn what_a_killed_program_did_is_told() {
    insta::assert_snapshot!("killed", show(&[killed()], "", Some(80)));
    insta::assert_snapshot!("killed_tree", show(&[killed()], "--tree", Some(80)));
    insta::assert_snapshot!("killed_stages", show(&[killed()], "--by stage", Some(80)));
}

#[test]
fn names_that_were_too_many_are_named() {
    let mut made = Made::new(5);
    for ms in [10, 20] {
        made.call(1, "<other>", ms);
    }
    made.call(1, "GET /users", 5);
    made.exit(0);
    insta::assert_snapshot!("other", show(&[made], "", Some(80)));
}

#[test]
fn a_run_without_spans_says_why_it_may_be() {
    let mut made = Made::new(6);
    made.now += 1_500 * MS;
    made.exit(0);
    insta::assert_snapshot!("nothing", show(&[made], "", Some(80)));
}

#[test]
fn the_document_is_whole() {
    insta::assert_snapshot!("document", show(&[podcasts()], "--json --tree", None));
    insta::assert_snapshot!("document_killed", show(&[killed()], "--json", None));
    let text = show(&[podcasts()], "--json --tree", None);
    let back: Analysis = serde_json::from_str(&text).unwrap();
    assert_eq!(back, analyze(&[podcasts()], &args("--json --tree")), "it can be read back");
}

/// Every field that the document has is described.
#[track_caller]
fn check_described(logs: &[Made], line: &str) {
    fn check(value: &serde_json::Value, text: &str) {
        match value {
            serde_json::Value::Object(fields) => fields.iter().for_each(|(name, value)| {
                assert!(text.contains(&format!("`{name}`")), "docs/json.md lacks {name}");
                check(value, text);
            }),
            serde_json::Value::Array(all) => all.iter().for_each(|value| check(value, text)),
            _ => {}
        }
    }
    let text = include_str!("../../docs/json.md");
    check(&serde_json::to_value(analyze(logs, &args(line))).unwrap(), text);
}

#[test]
fn every_field_of_the_document_is_described() {
    check_described(&[podcasts()], "--tree");
    check_described(&[killed()], "--by thread");
    check_described(&[podcasts()], "--by process");
    check_described(&[asynchronous::server()], "");
}

#[test]
fn a_filter_says_which_spans_count_and_which_rows_are_shown() {
    let names = |line: &str| {
        let analysis = analyze(&[podcasts()], &args(line));
        let row = |row: &document::Function| (row.name.clone(), row.calls);
        analysis.functions.iter().map(row).collect::<Vec<_>>()
    };
    let decode = || "Decoder<R, S>::decode_window".to_owned();
    assert_eq!(names("--filter http&dur>=150ms"), [("http_get".to_owned(), 2)]);
    assert_eq!(names("--filter thread:worker"), [(decode(), 20), ("work".to_owned(), 1)]);
    assert_eq!(names("--filter outcome:err&kind:function"), [(decode(), 2)]);
    assert_eq!(names("--filter calls>10"), [(decode(), 20)]);
    assert_eq!(names("--filter nothing_like_it"), []);
    let text = show(&[podcasts()], "--filter nothing_like_it", None);
    assert!(text.contains("Nothing passes --filter."), "{text}");
}

#[test]
fn a_window_leaves_out_what_ended_before_it_and_what_came_after() {
    let line = "--since +250ms --until +1s";
    let analysis = analyze(&[podcasts()], &args(line));
    assert_eq!(analysis.run.duration_ns, 750 * MS);
    let calls = |name: &str| analysis.functions.iter().find(|row| row.name == name).unwrap().calls;
    assert_eq!((calls("http_get"), calls("main")), (2, 0));
    let open: Vec<_> = analysis.open.iter().map(|open| open.name.as_str()).collect();
    assert_eq!(open, ["main", "Transcribe", "work", "Decoder<R, S>::decode_window"]);
    assert_eq!(analysis.processes[0].state, "exited", "it went on");
    let wall: Vec<_> = analysis.stages.iter().map(|stage| stage.wall_ns / MS).collect();
    assert_eq!(wall, [350, 400]);
}

#[test]
fn gates_hold_or_not_or_have_no_row() {
    let check = |line: &str| {
        let args = args(line);
        gates(&analyze(&[podcasts()], &args), &args).map(|code| code == ExitCode::SUCCESS)
    };
    assert!(check("--fail-if http_get.p99>1s").unwrap());
    assert!(!check("--fail-if http_get.p99>300ms").unwrap());
    assert!(!check("--fail-if http_get.calls>9 --fail-if any.errors>0").unwrap());
    assert!(!check("--by stage --fail-if Transcribe.rss>200MiB").unwrap());
    assert!(check("--by stage --fail-if Download.rss>200MiB").unwrap());
    let error = check("--fail-if http_gte.p99>1s").unwrap_err().to_string();
    assert!(error.contains("--allow-missing"), "{error}");
    assert!(check("--fail-if http_gte.p99>1s --allow-missing").unwrap());
}

#[test]
fn sums_have_no_percentiles_to_sort_by() {
    let error = args("--tree --sort p99").check().unwrap_err().to_string();
    assert!(error.contains("sort by total"), "{error}");
}

#[test]
fn functions_of_one_name_are_told_apart() {
    let mut made = Made::new(8);
    for module in ["app::audio", "app::video"] {
        made.names.callsites.values_mut().for_each(|info| info.name = "old".to_owned());
        made.call(1, "decode", 10);
        let info = made.names.callsites.values_mut().last().unwrap();
        info.module = module.to_owned();
    }
    for info in made.names.callsites.values_mut() {
        info.name = "decode".to_owned();
    }
    let text = show(&[made], "", None);
    assert!(text.contains("app::audio::decode") && text.contains("app::video::decode"), "{text}");
}

#[test]
fn colours_stand_only_where_they_are_wanted() {
    let args = args("");
    let page = Page { width: Some(120), colour: true };
    let text = render(&analyze(&[podcasts()], &args), &args, page).unwrap();
    assert!(text.contains(&page.paint("2", Style::Bad)), "errors are red");
    assert!(!show(&[podcasts()], "", Some(120)).contains('\x1b'));
}
