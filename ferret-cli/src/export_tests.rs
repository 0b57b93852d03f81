//! What is written of made-up runs, in every format that is text.

use super::*;
use crate::analyze::Trees;
use crate::tui::script::{MS, Script};
use ferret::event::{Names, Outcome, TagValue};
use serde_json::Value;

/// What a run is in a format, with this filter.
fn export(script: &Script, form: Form, filter: &str) -> (String, Told) {
    let (bytes, told) = export_until(script, form, filter, None);
    (String::from_utf8(bytes).unwrap(), told)
}

fn export_until(script: &Script, form: Form, filter: &str, until: Option<&str>) -> (Vec<u8>, Told) {
    let filter = (!filter.is_empty()).then(|| filter.parse().unwrap());
    let until = until.map(|until| until.parse().unwrap());
    let chosen = Chosen { filter, since: None, until };
    let mut starts = Vec::new();
    script.each(|_, _, entry| {
        if let ferret::event::LogEntry::ProcessStart(start) = &entry.what {
            starts.push((entry.time, start.clone()));
        }
    });
    let timeline = Timeline::of_starts(starts);
    let window = timeline.window(None, until).unwrap();
    let output = Output::to_stdout(Form::Csv).unwrap();
    let follow = Follow::new(window, chosen.filter.clone());
    let mut out = Vec::new();
    let told = match format(form, &timeline, follow, output.folder()).unwrap() {
        Format::ByStack(format) => {
            let trees = Trees::of_script(script, &chosen);
            let added = Added::new(&trees, &timeline, chosen.filter.as_ref());
            format.write(&added, &mut out).unwrap();
            added.told()
        }
        Format::BySpan(mut format) => {
            format.begin(&mut out).unwrap();
            script.each(|log, names, entry| {
                reading::take(&mut *format, (log, names), entry, &mut out).unwrap();
            });
            script.look(|scene| {
                let owned = |log: usize| scene.board.logs[log].owned;
                let names = scene.names.iter().enumerate();
                let logs: Vec<(&Names, _)> =
                    names.map(|(log, names)| (*names, owned(log))).collect();
                format.finish(&Read { logs, now: scene.now }, &mut out).unwrap()
            })
        }
    };
    (out, told)
}

/// A feed that is read while a worker parses; the worker's task fails, and both hang in the end.
fn podcast() -> Script {
    let script = Script::default().process("cast", 7).thread(2, "worker").start(1, "run");
    let script = script.wait(10 * MS).start(1, "read").tag(1, "url", TagValue::Text("a\"b".into()));
    let script = script.wait(20 * MS).progress(1, 3, 10).end_as(1, Outcome::Err);
    let script = script.create(1, "fetch").wait(MS).first_poll(2);
    let script = script.wait(4 * MS).call(2, "parse", 5 * MS).exit(2);
    let script = script.wait(MS).metric(50.0, 12, 3).count("bytes", 3.5, false).mark(1, "warm");
    let script = script.count("bytes", 1.5, false).dropped(1, 9).wait(MS);
    script.start(1, "=hang").wait(8 * MS)
}

#[test]
fn trace_events_tell_all_of_a_run() {
    let (text, told) = export(&podcast(), Form::Chrome, "");
    insta::assert_snapshot!("chrome", text);
    let trace: Value = serde_json::from_str(&text).unwrap();
    let events = trace["traceEvents"].as_array().unwrap();
    let begun = events.iter().filter(|event| event["ph"] == "B" || event["ph"] == "b").count();
    assert_eq!((told.spans, told.open, begun), (5, 3, 3));
    assert_eq!(told.dropped, 9);
}

#[test]
fn a_trace_in_which_nothing_passes_is_one() {
    let (text, told) = export(&podcast(), Form::Chrome, "nobody");
    let trace: Value = serde_json::from_str(&text).unwrap();
    let phases: Vec<_> =
        trace["traceEvents"].as_array().unwrap().iter().map(|event| &event["ph"]).collect();
    assert!(
        phases.iter().all(|phase| *phase == "M" || *phase == "C" || *phase == "i"),
        "{phases:?}"
    );
    assert_eq!((told.spans, told.open), (0, 0));
}

#[test]
fn profiles_tell_what_each_thread_did() {
    insta::assert_snapshot!("speedscope", export(&podcast(), Form::Speedscope, "").0);
}

/// Begins and ends, as `O name at-ms`, of every profile.
fn events(script: &Script, filter: &str) -> Vec<String> {
    let (text, _) = export(script, Form::Speedscope, filter);
    let document: Value = serde_json::from_str(&text).unwrap();
    let frames = document["shared"]["frames"].as_array().unwrap();
    let of = |profile: &Value| {
        let events = profile["events"].as_array().unwrap().clone();
        let tell = |event: &Value| {
            let name = &frames[usize::try_from(event["frame"].as_u64().unwrap()).unwrap()]["name"];
            let at_ms = event["at"].as_u64().unwrap() / MS;
            format!("{} {} {at_ms}", event["type"].as_str().unwrap(), name.as_str().unwrap())
        };
        events.iter().map(tell).collect::<Vec<_>>()
    };
    document["profiles"].as_array().unwrap().iter().flat_map(of).collect()
}

#[test]
fn a_frame_that_turns_out_not_to_pass_is_taken_back() {
    let script = podcast();
    assert_eq!(events(&script, "read & dur > 19ms"), ["O read 10", "C read 30"]);
    assert_eq!(events(&script, "read & dur > 20ms"), Vec::<String>::new());
    assert_eq!(
        events(&script, "outcome:err"),
        ["O read 10", "C read 30", "O fetch 31", "C fetch 40"]
    );
    let open = ["O run 0", "O =hang 42", "C =hang 50", "C run 50"];
    let all = events(&script, "");
    let tail: Vec<_> = all.iter().filter(|event| open.contains(&event.as_str())).collect();
    assert_eq!(tail, open);
}

#[test]
fn stacks_have_the_time_at_work_by_themselves() {
    let (text, told) = export(&podcast(), Form::Folded, "");
    insta::assert_snapshot!("folded", text);
    assert_eq!((told.spans, told.open), (4, 2));
    insta::assert_snapshot!(
        "folded_read_or_parse",
        export(&podcast(), Form::Folded, "read | parse").0
    );
}

#[test]
fn a_table_has_a_row_for_each_span() {
    let (text, told) = export(&podcast(), Form::Csv, "");
    assert!(text.lines().all(|line| line.matches('\r').count() == 0), "lines() takes them away");
    insta::assert_snapshot!("csv", text.replace("\r\n", "\n"));
    assert_eq!((told.spans, told.open), (5, 3));
}

#[test]
fn the_state_at_a_moment_is_what_was_open_then() {
    let (bytes, told) = export_until(&podcast(), Form::Csv, "", Some("+15ms"));
    let text = String::from_utf8(bytes).unwrap();
    let open: Vec<_> = text.lines().filter(|line| line.contains(",open,")).collect();
    assert_eq!((told.spans, told.open, open.len()), (2, 2, 2), "{text}");
    let (bytes, _) = export_until(&podcast(), Form::Folded, "", Some("+15ms"));
    assert_eq!(
        String::from_utf8(bytes).unwrap(),
        "cast;program::run 10000000\ncast;program::run;program::read 5000000\n"
    );
}

#[test]
fn entries_are_chosen_by_what_they_say_for_sure() {
    let kinds = |filter: &str| {
        let (text, _) = export(&podcast(), Form::Jsonl, filter);
        let kind = |line: &str| {
            let line: Value = serde_json::from_str(line).unwrap();
            format!("{} {}", line["kind"].as_str().unwrap(), line["name"].as_str().unwrap_or("-"))
        };
        text.lines().map(kind).collect::<Vec<_>>().join("\n")
    };
    insta::assert_snapshot!("entries_of_a_name", kinds("read"));
    insta::assert_snapshot!("entries_of_long_spans", kinds("dur > 4ms & !parse"));
    insta::assert_snapshot!("entries_of_a_thread", kinds("thread:worker"));
}

#[test]
fn what_every_format_says_it_wrote_is_the_same() {
    let check = |forms: &[Form], filter: &str, expect: (u64, u64)| {
        for form in forms {
            let told = export_until(&podcast(), *form, filter, None).1;
            assert_eq!((told.spans, told.open), expect, "{form:?} {filter}");
        }
    };
    let one_by_one = [Form::Chrome, Form::Speedscope, Form::Csv, Form::Jsonl];
    check(&one_by_one, "", (5, 3));
    check(&one_by_one, "parse", (1, 0));
    check(&one_by_one, "dur > 15ms", (3, 2));
    // The task that waits is in no stack: it is not at work.
    let added_up = [Form::Folded, Form::Flamegraph, Form::Pprof];
    check(&added_up, "", (4, 2));
    check(&added_up, "parse", (1, 0));
    check(&added_up, "dur > 15ms", (2, 1));
}

#[test]
fn spans_that_end_out_of_order_lie_in_each_other_all_the_same() {
    let mut script = Script::default().process("cast", 7).start(1, "a").wait(MS).start(1, "b");
    script = script.wait(MS).end_outer(1).wait(MS).end(1);
    assert_eq!(events(&script, ""), ["O a 0", "O b 1", "C b 3", "C a 3"]);
    let (text, _) = export(&script, Form::Chrome, "");
    let trace: Value = serde_json::from_str(&text).unwrap();
    let events = trace["traceEvents"].as_array().unwrap();
    let phases = |name: &str| {
        let of = events.iter().filter(|event| event["name"] == name);
        of.map(|event| event["ph"].as_str().unwrap()).collect::<String>()
    };
    assert_eq!((phases("a"), phases("b")), ("be".to_owned(), "X".to_owned()));
}

#[test]
fn processes_with_one_pid_are_told_apart() {
    let script = Script::default().process("one", 7).call(1, "work", MS);
    let script = script.process("two", 7).call(1, "work", MS);
    let (text, _) = export(&script, Form::Chrome, "");
    let trace: Value = serde_json::from_str(&text).unwrap();
    let events = trace["traceEvents"].as_array().unwrap();
    let spans: Vec<_> =
        events.iter().filter(|event| event["ph"] == "X").map(|event| &event["pid"]).collect();
    assert_eq!(spans.len(), 2);
    assert_ne!(spans[0], spans[1]);
    assert!(text.contains("two, pid 7 on host"), "{text}");
}

/// Ids of async spans and arrows are each one's own.
#[test]
fn ids_are_unique_in_a_trace() {
    let (text, _) = export(&podcast(), Form::Chrome, "");
    let trace: Value = serde_json::from_str(&text).unwrap();
    let mut seen = std::collections::BTreeMap::new();
    for event in trace["traceEvents"].as_array().unwrap() {
        let id = event["id"].as_str().or(event["id2"]["local"].as_str());
        if let Some(id) = id {
            let name = (event["name"].clone().to_string(), event.get("id").is_some());
            assert_eq!(*seen.entry(id.to_owned()).or_insert(name.clone()), name, "{event}");
        }
    }
    assert!(!seen.is_empty());
}
