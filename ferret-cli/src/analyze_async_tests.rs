//! What `analyze` shows of made-up async programs, and of what they count and mark.

use super::*;
use ferret::event::TagValue;

impl Made {
    fn future(&mut self, thread: u32, name: &str) -> (SpanId, PathId, Option<SpanId>) {
        let (span, path) = self.place(thread, name, CallsiteKind::Async);
        let parent = self.threads[&thread].0.top().map(|frame| frame.span);
        (span, path, parent)
    }

    /// A future that will run elsewhere.
    fn create(&mut self, thread: u32, name: &str) -> (SpanId, PathId, Option<SpanId>) {
        let future = self.future(thread, name);
        let (span, path, parent) = future;
        self.say(thread, LogEntry::Created { span, parent, path });
        future
    }

    /// Its first poll begins, or that of one which was not created elsewhere.
    fn begin(&mut self, thread: u32, (span, path, parent): (SpanId, PathId, Option<SpanId>)) {
        self.say(thread, LogEntry::SpanStart { span, path, parent, is_async: true });
        self.enter(thread, span, path);
    }

    fn enter(&mut self, thread: u32, span: SpanId, path: PathId) {
        let info = ThreadInfo { name: format!("worker-{thread}"), tid: thread, start: LogTime(0) };
        self.names.threads.entry(ThreadId(thread)).or_insert(info);
        let now = LogTime(self.now);
        self.threads.entry(thread).or_default().0.push(span, path, now);
        self.say(thread, LogEntry::Enter { span, path });
    }

    /// The innermost poll of a thread ends, after `ms`.
    fn exit_after(&mut self, thread: u32, ms: u64) -> (SpanId, PathId) {
        self.now += ms * MS;
        let now = LogTime(self.now);
        let stack = &mut self.threads.get_mut(&thread).unwrap().0;
        let span = stack.top().unwrap().span;
        let frame = stack.close(span, now).unwrap().frame;
        let (path, busy_ns, child_ns) = (frame.path, now.since(frame.since), frame.child_ns);
        self.say(thread, LogEntry::Exit { span, path, busy_ns, child_ns });
        (span, path)
    }

    fn polls(&mut self, thread: u32, (span, path): (SpanId, PathId), count: u64, us: u64) {
        let (busy_ns, longest_ns) = (count * us * 1_000, 2 * us * 1_000);
        self.say(thread, LogEntry::Polls { span, path, count, busy_ns, child_ns: 0, longest_ns });
    }

    fn ends(&mut self, thread: u32, span: SpanId, path: PathId, start: u64, outcome: Outcome) {
        let (start, child_ns, out_of_order) = (LogTime(start), 0, false);
        self.say(thread, LogEntry::SpanEnd { span, path, start, child_ns, outcome, out_of_order });
    }

    fn count(&mut self, name: &str, value: f64, gauge: bool) {
        let key = self.callsite(name, CallsiteKind::Key);
        self.say(1, LogEntry::Counter { key, value, gauge });
    }

    fn mark(&mut self, text: &str) {
        let callsite = self.callsite(text, CallsiteKind::Mark);
        self.say(1, LogEntry::Mark { span: None, callsite });
    }
}

/// A server that hands each connection to a worker; each awaits a query.
pub(super) fn server() -> Made {
    let mut made = Made::new(80);
    made.start(1, "accept_loop");
    made.mark("listening");
    for index in 0..10 {
        let handle = made.create(1, "handle");
        made.now += 3 * MS;
        let thread = 2 + index % 2;
        let start = made.now;
        made.begin(thread, handle);
        let query = made.future(thread, "query");
        made.begin(thread, query);
        made.exit_after(thread, 1);
        made.exit_after(thread, 1);
        made.now += 40 * MS;
        made.polls(2, (query.0, query.1), 100, 20);
        made.count("requests", 1.0, false);
        made.count("queue depth", f64::from(index % 4) * 2.5, true);
        made.now += 10 * MS;
        made.ends(2, query.0, query.1, start, if index == 7 { Outcome::Err } else { Outcome::Ok });
        made.enter(2, handle.0, handle.1);
        made.exit_after(2, 5 + u64::from(index));
        made.ends(2, handle.0, handle.1, start, Outcome::Ok);
        if index == 4 {
            made.mark("cache warm");
        }
    }
    made.mark("listening");
    made
}

/// The same, killed while connections wait, some of which no worker has looked at.
fn stuck_server() -> Made {
    let mut made = server();
    for index in 0..305 {
        let handle = made.create(1, "handle");
        made.now += MS;
        if index < 300 {
            made.begin(2, handle);
            made.exit_after(2, 1);
        }
    }
    let lone = made.future(1, "flush_metrics");
    made.begin(3, lone);
    made.exit_after(3, 1);
    let polled = made.create(1, "upgrade");
    made.begin(3, polled);
    made.start(3, "handshake");
    let (span, path) = made.place(4, "encode", CallsiteKind::Function);
    let parent = Some(polled.0);
    made.say(4, LogEntry::SpanStart { span, path, parent, is_async: false });
    made.now += 2_000 * MS;
    made.metric(700, 64);
    made
}

#[test]
fn async_functions_counters_and_marks_have_tables_of_their_own() {
    let made = || {
        let mut made = server();
        made.end(1, Outcome::Ok);
        made.exit(0);
        [made]
    };
    insta::assert_snapshot!("server", show(&made(), "", None));
    insta::assert_snapshot!("server_80", show(&made(), "", Some(80)));
    insta::assert_snapshot!("server_60", show(&made(), "--top 1", Some(60)));
    for width in 60..130 {
        show(&made(), "", Some(width));
    }
}

#[test]
fn waiting_tasks_are_told_with_their_parents_and_how_long_they_wait() {
    insta::assert_snapshot!("stuck", show(&[stuck_server()], "", Some(80)));
    let analysis = analyze(&[stuck_server()], &args(""));
    let is_shown = |open: &&document::Open| open.name != "handle" || !open.begun;
    let open: Vec<_> = analysis.open.iter().filter(is_shown).collect();
    insta::assert_json_snapshot!("stuck_open", open);
    let handle = analysis.functions.iter().find(|row| row.name == "handle").unwrap();
    assert_eq!((handle.open, handle.calls), (300, 10), "what has not begun is no span");
    assert_eq!(analysis.run.open_spans, 305);
}

#[test]
fn two_processes_count_together() {
    let logs = [server(), server()];
    let analysis = analyze(&logs, &args(""));
    insta::assert_json_snapshot!("counters", analysis.counters);
    insta::assert_json_snapshot!("marks", analysis.marks);
}

#[test]
fn gates_on_errors_polls_and_waiting() {
    let holds = |gate: &str| {
        let args = args(&format!("--fail-if {gate}"));
        let code = gates(&analyze(&[server()], &args), &args).unwrap();
        code == Code::GateHeld.into()
    };
    assert!(holds("query.error_percent>5%") && !holds("query.error_percent>10%"));
    assert!(!holds("handle.error_percent>0") && holds("any.error_percent>=10%"));
    assert!(holds("query.polls>=1010") && !holds("query.polls>1010"));
    assert!(holds("handle.idle>400ms") && !holds("handle.idle>600ms"));
    assert!(holds("handle.longest>=14ms") && !holds("handle.longest>14ms"));
    assert!(!holds("accept_loop.polls>=0"), "a sync function has none");
}

#[test]
fn a_filter_on_threads_does_not_make_polls_elsewhere_time_waited() {
    let idle = |line: &str| {
        let analysis = analyze(&[server()], &args(line));
        analysis.functions.iter().find(|row| row.name == "handle").unwrap().idle_ns
    };
    assert_eq!(idle(""), idle("--filter thread:worker-2"));
    assert_eq!(idle("--since +1ms"), idle(""));
}

#[test]
fn no_number_breaks_the_tables() {
    let mut made = server();
    for value in [f64::NAN, f64::INFINITY, f64::MAX, f64::MAX, f64::MIN] {
        made.count("wild", value, false);
        made.count("wild level", value, true);
    }
    let key = made.callsite("tagged", CallsiteKind::Key);
    let span = made.threads[&1].0.top().unwrap().span;
    made.say(1, LogEntry::Tag { span, key, value: TagValue::Float(f64::NAN) });
    let text = show(&[made], "", Some(80));
    assert!(text.contains("4 values were no finite numbers"), "{text}");
    assert!(!text.contains("NaN") && !text.contains("inf"), "{text}");
}

/// The level of a process that was killed was added to that of one that ran on.
#[test]
fn a_gauge_is_that_of_the_processes_that_live() {
    let level = |value: f64, owned: bool| {
        let mut made = Made::new(20 + u32::from(owned));
        made.owned = owned;
        let key = made.callsite("queue depth", CallsiteKind::Key);
        made.say(1, LogEntry::Counter { key, value, gauge: true });
        made
    };
    let queue = |logs: &[Made]| analyze(logs, &args("")).counters[0].value.to_string();
    assert_eq!(queue(&[level(9.0, false), level(2.0, true)]), "2");
    assert_eq!(queue(&[level(9.0, true), level(2.0, true)]), "11");
}

/// The least and the most of a gauge, its changes and the last of them were of the whole run.
#[test]
fn with_since_a_gauge_begins_with_its_level_and_a_counter_with_nothing() {
    let mut made = Made::new(11);
    let (queue, requests) = (
        made.callsite("queue depth", CallsiteKind::Key),
        made.callsite("requests", CallsiteKind::Key),
    );
    let say = |made: &mut Made, after_ms: u64, key: CallsiteId, value: f64, gauge: bool| {
        made.now += after_ms * MS;
        made.say(1, LogEntry::Counter { key, value, gauge });
    };
    say(&mut made, 10, queue, 90.0, true);
    say(&mut made, 10, requests, 50.0, false);
    say(&mut made, 10, queue, 4.0, true);
    let (quiet, mut busy) = (made.entries.len(), made);
    say(&mut busy, 100, queue, 6.0, true);
    say(&mut busy, 0, requests, 3.0, false);
    let rows = |made: &Made| -> Vec<_> {
        let logs = std::slice::from_ref(made);
        let counters = analyze(logs, &args("--since +100ms")).counters.into_iter();
        counters
            .map(|row| {
                let own = &row.processes[0];
                assert_eq!((own.min, own.max, own.changes), (row.min, row.max, row.changes));
                (row.name, [row.value, row.min, row.max], row.changes, row.last_change.is_some())
            })
            .collect()
    };
    let (queue, requests) = ("queue depth".to_owned(), "requests".to_owned());
    assert_eq!(
        rows(&busy),
        [(queue.clone(), [6.0, 4.0, 6.0], 1, true), (requests, [3.0, 0.0, 3.0], 1, true)]
    );
    busy.entries.truncate(quiet);
    assert_eq!(rows(&busy), [(queue, [4.0; 3], 0, false)]);
}

/// They stood as those of a thread of the program's called `recorder`, which was busy with them.
#[test]
fn what_the_recorder_says_of_async_spans_is_of_several_threads() {
    let mut made = Made::new(9);
    made.start(1, "main");
    let (span, path, _) = made.future(1, "handle");
    made.polls(0, (span, path), 10, 100);
    made.now += 5 * MS;
    made.end(1, Outcome::Ok);
    let analysis = analyze(&[made], &args("--by thread"));
    let threads = analysis.threads.unwrap();
    let names: Vec<_> = threads.iter().map(|thread| &*thread.name).collect();
    assert_eq!(names, ["main", "several"]);
    assert_eq!(analysis.processes[0].threads, 1);
}
