//! The reports of made-up processes: who calls what, the slowest spans, tasks, failures, and what was at work.

use super::asynchronous::server;
use super::*;
use ferret::event::{Part, TagValue};

/// A run in which a request fails, one panics, and one is slow.
fn panicking() -> Made {
    let mut made = Made::new(31);
    let (panic, user) =
        (made.callsite("panic", CallsiteKind::Key), made.callsite("user", CallsiteKind::Key));
    made.start(1, "main");
    for (index, ms) in [(1_u64, 10), (2, 80), (3, 20), (4, 15)] {
        let span = made.start(1, "request");
        made.say(1, LogEntry::Tag { span, key: user, value: TagValue::Unsigned(index) });
        let inner = made.start(1, "render");
        made.now += ms * MS;
        let outcome = match index {
            3 => Outcome::Err,
            4 => Outcome::Panicked,
            _ => Outcome::Ok,
        };
        if index == 4 {
            let value = TagValue::Text("no such page\u{1b}[31m".to_owned());
            made.say(1, LogEntry::Tag { span: inner, key: panic, value });
        }
        made.end(1, outcome);
        made.end(1, outcome);
    }
    made.end(1, Outcome::Ok);
    made.exit(0);
    made
}

#[test]
fn the_slowest_spans_stand_with_their_stack_and_what_they_said() {
    insta::assert_snapshot!("slowest", show(&[panicking()], "--slowest 4", None));
    insta::assert_snapshot!("slowest_60", show(&[panicking()], "--slowest 4", Some(60)));
    let filtered = "--slowest 9 --filter request&dur<50ms";
    insta::assert_snapshot!("slowest_filtered", show(&[panicking()], filtered, Some(80)));
    insta::assert_snapshot!("slowest_open", show(&[killed()], "--slowest 3", Some(80)));
}

#[test]
fn callers_stand_below_what_they_call() {
    insta::assert_snapshot!("bottom_up", show(&[podcasts()], "--bottom-up", None));
    let line = "--bottom-up --top 2 --depth 2 --min-percent 1 --sort total";
    insta::assert_snapshot!("bottom_up_60", show(&[podcasts()], line, Some(60)));
    insta::assert_snapshot!(
        "bottom_up_filtered",
        show(&[podcasts()], "--bottom-up --filter visit", Some(80))
    );
}

#[test]
fn tasks_are_told_by_what_an_executor_polls() {
    insta::assert_snapshot!("tasks", show(&[server()], "--by task", None));
    insta::assert_snapshot!("tasks_80", show(&[server()], "--by task", Some(80)));
    let none = show(&[podcasts()], "--by task", Some(80));
    assert!(none.contains("No task ran"), "{none}");
}

#[test]
fn failures_stand_by_place_panics_first() {
    insta::assert_snapshot!("errors", show(&[panicking()], "--errors", None));
    insta::assert_snapshot!("errors_60", show(&[panicking(), podcasts()], "--errors", Some(60)));
    let none = show(&[killed()], "--errors", None);
    assert!(none.contains("Nothing failed"), "{none}");
    let none = show(&[panicking()], "--errors --filter main", None);
    assert!(none.contains("Nothing that passes --filter failed"), "{none}");
}

#[test]
fn what_was_at_work_is_drawn_over_time() {
    insta::assert_snapshot!("concurrency", show(&[podcasts()], "--concurrency", None));
    insta::assert_snapshot!("concurrency_80", show(&[podcasts()], "--concurrency", Some(80)));
    insta::assert_snapshot!("concurrency_server", show(&[server()], "--concurrency", Some(80)));
    let whole = analyze(&[podcasts()], &args("--concurrency")).reports.concurrency.unwrap();
    let busy: f64 = whole.threads.iter().sum::<f64>() * whole.slice_ns;
    // Main all the time, and a worker while it transcribes: 20 spans of 20 to 39 ms.
    let run_ns = analyze(&[podcasts()], &args("")).run.duration_ns;
    #[expect(clippy::cast_precision_loss, reason = "a second or two")]
    let expect = (run_ns + (20 * 20 + 190) * MS) as f64;
    assert!((busy / expect - 1.0).abs() < 0.01, "{busy} {expect}");
}

/// A request that hands half of its work to another thread, and awaits a reply; a future beside it is dropped.
fn handed_over() -> Made {
    let mut made = Made::new(12);
    let request = made.start(1, "request");
    made.call(1, "parse", 10);
    // On another thread, as its child.
    let (span, path) = made.place(2, "fetch", CallsiteKind::Function);
    made.threads.get_mut(&2).unwrap().0.push(span, path, LogTime(made.now));
    made.names.paths.get_mut(&path).unwrap().parent = PathId(1);
    let parent = Some(request);
    made.say(2, LogEntry::SpanStart { span, path, parent, is_async: false });
    made.call(1, "prepare", 30);
    made.call(2, "read_disk", 40);
    made.now += 5 * MS;
    made.end(2, Outcome::Ok);
    made.call(1, "render", 15);
    made.end(1, Outcome::Ok);
    made.exit(0);
    made
}

fn critical(made: Made, line: &str, width: Option<usize>) -> String {
    let (args, log) = (args(line), LogIndex(0));
    let mut fold = reading::begin(&args, &[]).unwrap();
    for entry in &made.entries {
        fold.apply(log, &made.names, entry);
    }
    let found = super::super::report::find(&fold, &[&made.names], None, |see| {
        let mut core = super::super::report::Core::default();
        made.entries.iter().for_each(|entry| see(&mut core, log, Part::Other(entry)));
        Ok::<_, std::convert::Infallible>(vec![core])
    });
    fold.report.critical = found.unwrap();
    let logs = [made];
    let analysis = analysis(&mut fold, &facts(&logs), LogTime(60_000 * MS), &args);
    let text = render(&analysis, &args, Page { width, colour: false }).unwrap();
    text.replace(&local_start(), "<start>")
}

#[test]
fn the_critical_path_goes_over_to_the_thread_that_was_waited_for() {
    insta::assert_snapshot!("critical", critical(handed_over(), "--critical-path", None));
    insta::assert_snapshot!(
        "critical_60",
        critical(handed_over(), "--critical-path --top 2", Some(60))
    );
    let json = critical(handed_over(), "--critical-path --json", None);
    let analysis: Analysis = serde_json::from_str(&json).unwrap();
    let path = analysis.reports.critical_path.unwrap();
    let names: Vec<_> = path.links.iter().map(|link| link.name.as_str()).collect();
    assert_eq!(names, ["parse", "fetch", "read_disk", "fetch", "render"]);
    assert_eq!(path.links.iter().map(|link| link.own_ns).sum::<u64>(), path.duration_ns);
    for field in ["shortest_ns", "links", "at_ns", "own_ns", "waits_ns", "depth"] {
        let text = include_str!("../../docs/json.md");
        assert!(json.contains(field) && text.contains(&format!("`{field}`")), "{field}");
    }
    let none = critical(handed_over(), "--critical-path --filter nobody", None);
    assert!(none.contains("No span that ended passes"), "{none}");
}

/// A run of three stages; the second takes so many ms for each of ten units, of which so many are done.
fn staged(unit_ms: u64, done: u64) -> Made {
    let mut made = Made::new(40);
    made.start(1, "Read");
    made.now += 500 * MS;
    made.end(1, Outcome::Ok);
    let span = made.start(1, "Transcribe");
    for index in 1..=done {
        made.now += unit_ms * MS;
        made.say(1, LogEntry::Progress { span: Some(span), done: index, total: 10 });
    }
    if done == 10 {
        made.end(1, Outcome::Ok);
        made.start(1, "Write");
        made.now += 20 * MS;
        made.end(1, Outcome::Ok);
        made.exit(0);
    } else {
        made.owned = true;
        made.metric(0, 20);
    }
    made
}

fn beside(now: Made, then: Made, line: &str) -> String {
    let args = args(line);
    let then = analyze(&[then], &args);
    let logs = [now];
    let mut fold = reading::begin(&args, &[]).unwrap();
    for entry in &logs[0].entries {
        fold.apply(LogIndex(0), &logs[0].names, entry);
    }
    let mut now = analysis(&mut fold, &facts(&logs), LogTime(logs[0].now), &args);
    let then = history::GoodRun::of(&then, "run.1-2.redb");
    now.last_good = Some(then.compare(&now.stages, now.run.duration_ns));
    let text = render(&now, &args, Page { width: Some(80), colour: false }).unwrap();
    text.replace(&local_start(), "<start>")
}

#[test]
fn stages_are_compared_with_the_last_good_run() {
    insta::assert_snapshot!("slower", beside(staged(160, 10), staged(100, 10), "--by stage"));
    insta::assert_snapshot!("running", beside(staged(160, 5), staged(100, 10), "--by stage"));
    let same = beside(staged(110, 10), staged(100, 10), "--by stage");
    assert!(same.contains("about as long as in the last good run"), "{same}");
    let faster = beside(staged(50, 10), staged(100, 10), "");
    assert!(faster.contains("- Transcribe: 2.0 × faster (500 ms, 1.00 s then)"), "{faster}");
    // Hardly begun, what is left is told by the run before.
    let begun = beside(staged(700, 0), staged(100, 10), "--by stage");
    assert!(begun.contains("- Transcribe: about 1.0 s left"), "{begun}");
}

#[test]
fn every_field_of_the_reports_is_described() {
    check_described(&[server()], "--by task");
    check_described(&[podcasts()], "--bottom-up");
    check_described(&[panicking()], "--slowest 5");
    check_described(&[panicking()], "--errors");
    check_described(&[podcasts()], "--concurrency --filter http");
}

#[test]
fn reports_fit_every_terminal() {
    for (logs, width) in [[panicking()], [server()]]
        .iter()
        .flat_map(|logs| (40..140).map(move |width| (logs, width)))
    {
        for line in ["--slowest 20", "--bottom-up", "--errors", "--concurrency", "--by task"] {
            show(logs, line, Some(width));
        }
    }
}

#[test]
fn one_report_at_a_time_and_only_with_what_it_has() {
    let refuse = |line: &str| {
        let words = ["analyze", "run.redb"].into_iter().chain(line.split(' '));
        match Line::try_parse_from(words) {
            Ok(line) => line.args.check().unwrap_err().to_string(),
            Err(error) => error.to_string(),
        }
    };
    for (line, part) in [
        ("--errors --critical-path", "cannot be used with"),
        ("--critical-path=dur>", "no value follows dur"),
        ("--errors --slowest 3", "'--errors' cannot be used with '--slowest <N>'"),
        ("--tree --bottom-up", "cannot be used with"),
        ("--by thread --errors", "cannot be used with"),
        ("--slowest 0", "0 is not in 1.."),
        ("--slowest 3 --sort calls", "--slowest has an order of its own"),
        ("--bottom-up --sort p99", "--bottom-up has no p99"),
    ] {
        let error = refuse(line);
        assert!(error.contains(part), "{line}: {error}");
    }
}
