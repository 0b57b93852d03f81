//! What each field keeps in each view.

use super::super::script::{MS, S, Script};
use super::super::timeline::Timeline;
use super::super::{processes, stages};
use super::*;
use ferret::event::{EndKind, TagValue};

/// Two processes: a server that answers a tagged request on a worker, and a job that failed.
fn script() -> Script {
    let job = Script::default().process("job", 20).stage(1, "import").wait(50 * MS);
    let job = job.end_as(1, Outcome::Err).call(1, "sweep", 300 * MS).ends(EndKind::Lost);
    let server = job.process("server", 10).thread(2, "worker-1").start(1, "listen");
    let server = server.start(2, "answer").tag(2, "user", TagValue::Unsigned(42));
    let server = server.tag(2, "route", TagValue::Text("GET /".to_owned())).start(2, "query");
    let server = server.wait(S).end(2).end(2).start(2, "answer");
    server.tag(2, "user", TagValue::Unsigned(7)).wait(2 * S)
}

/// What passes in Live (threads), Recent (spans), Timeline (threads), Processes and Stages.
#[track_caller]
fn check(filter: &str, live: &[&str], recent: &[&str], lanes: &[&str], rows: &[&str]) {
    let parsed: Filter = filter.parse().unwrap();
    script().look(|scene| {
        let mut threads = Vec::new();
        let mut shown = Vec::new();
        for (log, process) in scene.board.processes.iter() {
            for (id, thread) in scene.board.live.process(log).unwrap().threads() {
                if super::thread(&parsed, scene, log, id, thread) {
                    threads.push(scene.names(log).thread_name(id));
                }
            }
            if processes::order(scene, Some(&parsed)).contains(&log) {
                shown.push(process.name());
            }
        }
        assert_eq!(threads, live, "{filter} in Live");
        let spans = scene.board.recent.rows().iter().filter_map(|row| {
            let News::Spans(ended) = &row.what else { return None };
            Some((row, scene.names(row.log).span_name(ended.path)))
        });
        let spans = spans.filter(|(row, _)| happening(&parsed, scene, row));
        let spans: Vec<_> = spans.map(|(_, name)| name).collect();
        assert_eq!(spans, recent, "{filter} in Recent");
        let mut timeline = Timeline::default();
        timeline.arrange(scene, Some(&parsed));
        let pictures = timeline.pictures(scene, Some(&parsed), 40);
        let pictures: Vec<_> =
            pictures.map(|picture| scene.names(picture.log).thread_name(picture.thread)).collect();
        assert_eq!(pictures, lanes, "{filter} in Timeline");
        let stages = stages::order(scene, Some(&parsed)).len();
        shown.extend((0..stages).map(|_| "a stage".to_owned()));
        assert_eq!(shown, rows, "{filter} in Processes and Stages");
    });
}

#[test]
fn names_modules_files_and_kinds_are_of_spans_and_of_rows() {
    check("answer", &["worker-1"], &["answer"], &["worker-1"], &["server"]);
    check("import", &[], &["import"], &["main"], &["a stage"]);
    let all = ["import", "sweep", "query", "answer"];
    let (live, lanes) = (&["main", "worker-1"][..], &["main", "main", "worker-1"][..]);
    check("module:program", live, &all, lanes, &["server", "a stage"]);
    check("file:main.rs & listen", &["main"], &[], &["main"], &["server"]);
    check("kind:stage", &[], &["import"], &["main"], &["a stage"]);
    check("nowhere", &[], &[], &[], &[]);
}

#[test]
fn threads_and_processes_are_told_apart_by_name_and_number() {
    let worker = &["worker-1"][..];
    check("thread:worker", worker, &["query", "answer"], worker, &["server", "a stage"]);
    check("pid = 20", &[], &["import", "sweep"], &["main"], &["job", "a stage"]);
    check("pid:10 & answer", worker, &["answer"], worker, &["server"]);
    check("process:job", &[], &["import", "sweep"], &["main"], &["job", "a stage"]);
}

#[test]
fn durations_are_ages_of_what_is_open() {
    let both = &["main", "worker-1"][..];
    check("dur >= 2s", both, &[], both, &["server"]);
    check("dur > 2500ms", &["main"], &[], &["main"], &["server"]);
    check("dur < 100ms", &[], &["import"], &["main"], &["a stage"]);
}

#[test]
fn outcomes_are_of_what_ended() {
    check("outcome:err", &[], &["import"], &["main"], &["a stage"]);
    let rest = ["sweep", "query", "answer"];
    check("outcome = ok", &[], &rest, &["main", "worker-1"], &[]);
}

#[test]
fn tags_are_found_by_what_they_say() {
    let (worker, stage) = (&["worker-1"][..], &["server", "a stage"][..]);
    check("tag:user", worker, &["answer"], worker, stage);
    check("tag:user = 42", &[], &["answer"], &[], &["a stage"]);
    check("tag:user < 10", worker, &[], worker, stage);
    check("tag:route = \"get /\"", &[], &["answer"], &[], &["a stage"]);
    check("answer & !tag:route", worker, &[], worker, &["server"]);
}
