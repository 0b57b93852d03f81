//! What `ferret export` writes, opened by the tool it is for: Perfetto, speedscope, `go tool pprof`, and
//! Python's own readers of CSV, JSON and XML. `tests/run.sh setup` installs them.

mod files;
mod tools;

use ferret_tests::{Place, Talker, analysis, example, ferret, output, row, rows, until};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Runs an example to its end, recorded.
fn record(name: &str) -> Place {
    let place = Place::new();
    let done = output(example(name).env("FERRET_LOG", &place.log));
    assert_eq!(done.code, Some(0), "{name}: {}", done.stderr);
    place
}

/// A server that was killed while its spans were open.
fn killed() -> Place {
    let place = Place::new();
    let mut program = Talker::start(example("stuck").env("FERRET_LOG", &place.log));
    program.say("go");
    until("the open span", || {
        let open = output(ferret().args(["analyze", "--json"]).arg(&place.log));
        open.stdout.contains("wait_for_a_word").then_some(())
    });
    drop(program);
    place
}

/// Exports to a file of this name beside the log.
#[track_caller]
fn export(place: &Place, name: &str, args: &[&str]) -> PathBuf {
    let path = place.folder().join(name);
    let done = output(ferret().arg("export").arg(&place.log).arg("-o").arg(&path).args(args));
    assert_eq!(done.code, Some(0), "{name}: {}", done.stderr);
    assert!(done.stderr.contains("ferret: wrote "), "{}", done.stderr);
    path
}

/// The self time of each function as `analyze` has it, for those whose calls have all ended.
fn self_times(log: &Path) -> BTreeMap<String, u64> {
    let analysis = analysis(log);
    let functions = rows(&analysis, "functions").iter();
    let time = |row: &Value| (row["name"].as_str()?.to_owned(), row["self_ns"].as_u64()?).into();
    functions.filter_map(time).collect()
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or_else(|| panic!("{value} is no count"))
}

#[test]
fn perfetto_shows_threads_tasks_and_numbers_of_a_program() {
    let place = record("tasks");
    let trace = export(&place, "run.json", &[]);
    let answers = tools::perfetto(
        &trace,
        &[
            "select name from stats where value > 0 and severity != 'info'",
            "select s.name, count(*), sum(dur) from slice s join thread_track t on track_id = t.id \
             group by s.name order by s.name",
            "select s.name, count(*), count(distinct track_id) from slice s join process_track t \
             on track_id = t.id where s.dur > 0 group by s.name order by s.name",
            "select distinct counter_track.name from counter_track where name like 'RSS%'",
            "select process.name, thread.name from thread join process using (upid) where pid > 0",
        ],
    );
    assert_eq!(answers[0], json!([]), "Perfetto finds nothing wrong");
    let analysis = analysis(&place.log);
    for slice in answers[1].as_array().unwrap() {
        let name = slice[0].as_str().unwrap();
        let function = row(&analysis, "functions", name);
        assert!(number(&slice[2]) <= number(&function["busy_ns"]), "{slice}");
    }
    let crawl = &answers[1].as_array().unwrap().iter().find(|row| row[0] == "crawl").unwrap()[2];
    assert_eq!(crawl, &row(&analysis, "functions", "crawl")["busy_ns"], "to the nanosecond");
    assert_eq!(answers[2][0], json!(["crawl", 1, 1]));
    assert_eq!(answers[2][1], json!(["fetch", 4, 4]), "four at once, each on a track of its own");
    assert_eq!(answers[3].as_array().unwrap().len(), 1);
    assert_eq!(answers[4], json!([["tasks", "main"]]));
}

#[test]
fn perfetto_draws_arrows_from_where_tasks_were_spawned() {
    let place = record("crowd");
    let trace = export(&place, "run.json", &[]);
    let answers = tools::perfetto(
        &trace,
        &[
            "select name from stats where value > 0 and severity != 'info'",
            "select a.name, b.name, count(*) from flow join slice a on slice_out = a.id join slice b \
             on slice_in = b.id group by 1, 2",
        ],
    );
    assert_eq!(answers[0], json!([]), "no arrow without its ends");
    let [arrows] = &answers[1].as_array().unwrap()[..] else { panic!("{}", answers[1]) };
    assert_eq!((&arrows[0], &arrows[1]), (&json!("party"), &json!("guest")));
    // Of a first poll that was merged with others no more is known.
    assert!(number(&arrows[2]) > 900, "{arrows}");
}

#[test]
fn perfetto_shows_what_a_killed_program_was_in_and_tells_processes_apart() {
    let place = killed();
    let trace = export(&place, "run.json", &[]);
    let open = ["select name, dur from slice where dur = -1 order by ts"];
    assert_eq!(tools::perfetto(&trace, &open)[0], json!([["serve", -1], ["wait_for_a_word", -1]]));
    let place = record("family");
    let trace = export(&place, "run.json", &[]);
    let answers = tools::perfetto(
        &trace,
        &[
            "select name from stats where value > 0 and severity != 'info'",
            "select count(distinct pid) from process where name = 'family'",
            "select count(*) from slice where name = 'step'",
        ],
    );
    assert_eq!(answers, [json!([]), json!([[4]]), json!([[30]])]);
}

#[test]
fn speedscope_has_every_function_with_its_time() {
    let place = record("stages");
    let expect = self_times(&place.log);
    for (name, qualified) in [("run.speedscope.json", false), ("run.folded", true)] {
        let shown = tools::speedscope(&export(&place, name, &[]));
        let rows = shown["rows"].as_array().unwrap();
        for (function, ns) in &expect {
            let name = if qualified { format!("stages::{function}") } else { function.clone() };
            let row = rows.iter().find(|row| row[4] == name.as_str());
            let row = row.unwrap_or_else(|| panic!("{name}: no {function} in {rows:?}"));
            let seen = tools::nanoseconds(row[2].as_str().unwrap());
            let off = seen.abs_diff(*ns);
            assert!(off <= ns / 100 + 10_000, "{function}: {seen} for {ns}");
        }
    }
}

#[test]
fn speedscope_has_a_profile_for_each_thread() {
    let place = record("family");
    let shown = tools::speedscope(&export(&place, "run.speedscope.json", &[]));
    assert!(shown["title"].as_str().unwrap().contains("/4)"), "{shown}");
    let place = killed();
    let shown = tools::speedscope(&export(&place, "run.speedscope.json", &["--filter", "wait"]));
    let rows = shown["rows"].as_array().unwrap();
    assert!(rows.iter().any(|row| row[4] == "wait_for_a_word"), "{rows:?}");
    assert!(!rows.iter().any(|row| row[4] == "serve"), "{rows:?}");
}

#[test]
fn pprof_adds_up_to_what_analyze_says() {
    for name in ["family", "tasks"] {
        let place = record(name);
        let profile = export(&place, "run.pb.gz", &[]);
        let expect = self_times(&place.log);
        let shown = tools::pprof(&profile, &["-unit=ns"]);
        for (function, ns) in expect.iter().filter(|(_, ns)| **ns > 0) {
            let flat = &shown[&format!("{name}::{function}")];
            assert_eq!(flat, &format!("{ns}ns"), "{function}");
        }
        let spans = tools::pprof(&profile, &["-sample_index=spans", "-unit=count"]);
        let analysis = analysis(&place.log);
        for row in rows(&analysis, "functions") {
            let flat = &spans[&format!("{name}::{}", row["name"].as_str().unwrap())];
            assert_eq!(flat, &row["calls"].to_string(), "{row}");
        }
    }
}

#[test]
fn python_reads_the_table_and_the_entries() {
    let place = record("tasks");
    let table = export(&place, "run.csv", &[]);
    let rows = tools::csv(&table);
    let analysis = analysis(&place.log);
    let mut calls: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
    for row in rows.as_array().unwrap() {
        let cell = |name: &str| row[name].as_str().unwrap();
        let (count, self_ns) = calls.entry(cell("function")).or_default();
        *count += 1;
        *self_ns += cell("self_ns").parse::<u64>().unwrap();
        assert!(cell("start").ends_with('Z'), "{row}");
    }
    for (function, counted) in &calls {
        let expect = row(&analysis, "functions", function);
        assert_eq!(*counted, (number(&expect["calls"]), number(&expect["self_ns"])), "{function}");
    }
    let failed: Vec<_> =
        rows.as_array().unwrap().iter().filter(|row| row["outcome"] == "err").collect();
    assert_eq!(failed[0]["tags"], r#"{"page":3}"#);
    let entries = export(&place, "run.jsonl", &[]);
    let printed = output(ferret().args(["log", "--json"]).arg(&place.log)).stdout;
    assert_eq!(std::fs::read_to_string(&entries).unwrap(), printed, "as `ferret log` prints them");
    assert_eq!(number(&tools::jsonl(&entries)), printed.lines().count() as u64);
}

#[test]
fn a_killed_programs_open_spans_are_rows_and_stacks() {
    let place = killed();
    let rows = tools::csv(&export(&place, "run.csv", &[]));
    let open = rows.as_array().unwrap().iter().filter(|row| row["outcome"] == "open");
    let open: Vec<_> = open.map(|row| (&row["function"], &row["duration_ns"])).collect();
    let empty = json!("");
    assert_eq!(open, [(&json!("serve"), &empty), (&json!("wait_for_a_word"), &empty)]);
    let stacks = std::fs::read_to_string(export(&place, "run.folded", &[])).unwrap();
    assert!(stacks.contains("stuck;stuck::serve;stuck::wait_for_a_word "), "{stacks}");
}

#[test]
fn the_picture_has_every_function() {
    let place = record("stages");
    let titles = tools::titles(&export(&place, "run.svg", &[]));
    let titles = titles.as_array().unwrap();
    for function in self_times(&place.log).keys() {
        let begins = format!("{function}: ");
        let is_there = titles.iter().any(|title| title.as_str().unwrap().starts_with(&begins));
        assert!(is_there, "{function} in {titles:?}");
    }
}

#[test]
fn filters_and_times_choose_in_every_format_as_they_do_in_analyze() {
    let place = record("workers");
    let filter = ["--filter", "tag:limit > 28000"];
    let table = export(&place, "some.csv", &filter);
    assert_eq!(tools::csv(&table).as_array().unwrap().len(), 3);
    let trace = std::fs::read_to_string(export(&place, "some.json", &filter)).unwrap();
    assert_eq!(trace.matches(r#""ph":"X""#).count(), 3);
    let profiles =
        std::fs::read_to_string(export(&place, "some.speedscope.json", &filter)).unwrap();
    let kinds = ["O", "C"].map(|kind| profiles.matches(&format!(r#""type":"{kind}""#)).count());
    assert_eq!(kinds, [3, 3]);
    let spans = tools::pprof(&export(&place, "some.pb.gz", &filter), &["-sample_index=spans"]);
    assert_eq!(spans["workers::primes_below"], "3");
    let stacks = std::fs::read_to_string(export(&place, "some.folded", &filter)).unwrap();
    assert!(stacks.lines().all(|line| line.contains(";workers::primes_below ")), "{stacks}");
    let entries = std::fs::read_to_string(export(&place, "some.jsonl", &filter)).unwrap();
    assert_eq!(entries.matches(r#""kind":"SPAN_END""#).count(), 3);
    let calls = |args: &[&str]| {
        let log = &place.log;
        let done = output(ferret().arg("analyze").arg(log).arg("--json").args(args)).stdout;
        let analysis: Value = serde_json::from_str(&done).unwrap();
        rows(&analysis, "functions").iter().map(|row| number(&row["calls"])).sum::<u64>()
    };
    for part in [["--since", "+30ms"], ["--until", "+30ms"]] {
        let table = tools::csv(&export(&place, "part.csv", &part));
        let ended = table.as_array().unwrap().iter().filter(|row| row["outcome"] != "open");
        assert_eq!(ended.count() as u64, calls(&part), "{part:?}");
    }
}
