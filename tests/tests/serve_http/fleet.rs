//! Several programs with one server: it says of each what is so, counts what `ferret analyze` counts however often it
//! is killed meanwhile, and lets rules watch.

use crate::client::Server;
use crate::{record, worker};
use ferret_tests::{
    Place, analysis, damage_the_middle, example, ferret, json, output, rows, until,
};
use rustix::process::Signal;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::mpsc;

/// Starts a program that records.
fn start(program: &str, args: &[&str], log: &Path) -> Child {
    let mut command = example(program);
    command.args(args).env("FERRET_LOG", log);
    // One that waits for a word has nobody who says it.
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().expect("the example starts")
}

/// Calls and errors by function.
fn counts(report: &Value) -> BTreeMap<String, (u64, u64)> {
    let count = |row: &Value, name: &str| row[name].as_u64().expect("a count");
    let row = |row: &Value| {
        let name = row["name"].as_str().expect("a name").to_owned();
        (name, (count(row, "calls"), count(row, "errors")))
    };
    rows(report, "functions").iter().map(row).filter(|(_, (calls, _))| *calls > 0).collect()
}

/// The kinds of what happened, in order.
fn told(server: &Server) -> Vec<String> {
    let events = server.get("/api/events").json();
    let what = |event: &Value| event["what"].as_str().expect("a kind").to_owned();
    rows(&events, "events").iter().map(what).collect()
}

/// The answers that a page holds.
fn frozen_answers(page: &Path) -> Value {
    let page = std::fs::read_to_string(page).expect("it is text");
    let (_, rest) = page.split_once("id=\"frozen\"").expect("it holds answers");
    let (_, rest) = rest.split_once('>').expect("they begin");
    let (answers, _) = rest.split_once("</script>").expect("they end");
    serde_json::from_str(answers).expect("JSON")
}

#[ferret::profile(stage)]
fn transcribe(begun: &mpsc::Sender<()>, goes_on: &mpsc::Receiver<()>) {
    ferret::progress(14, 20);
    begun.send(()).expect("somebody waits");
    goes_on.recv().expect_err("nobody says a word");
}

#[ferret::profile(stage)]
fn download() {
    ferret::progress(20, 20);
}

/// The process ends while another thread is in a stage.
#[test]
fn a_stage_that_its_process_ended_in_is_told_as_analyze_tells_it() {
    let place = Place::new();
    let session = ferret::start(&place.log).expect("the log can be written");
    let (begun, has_begun) = mpsc::channel();
    let (stop, goes_on) = mpsc::channel();
    let working = std::thread::Builder::new().spawn(move || transcribe(&begun, &goes_on));
    let working = working.expect("a thread starts");
    has_begun.recv().expect("it is in its stage");
    download();
    let store = place.folder().join("history");
    let begin = || Server::start(&[place.log.as_os_str(), "--store".as_ref(), store.as_os_str()]);
    let mut server = begin();
    let stage = |server: &Server, name: &str, state: &str| {
        until(&format!("{name}, {state}"), || {
            let stages = server.get("/api/stages").json();
            let mut all = rows(&stages, "stages").iter();
            let found = all.find(|stage| stage["name"] == name && stage["state"] == state);
            // Those that are over are in the history a moment later.
            found.filter(|stage| name != "download" || stage["calls"] == 1).cloned()
        })
    };
    let progress = |stage: &Value| (stage["done"].as_u64(), stage["total"].as_u64());
    assert_eq!(progress(&stage(&server, "transcribe", "running")), (Some(14), Some(20)));
    drop(session);
    assert_eq!(progress(&stage(&server, "download", "done")), (Some(20), Some(20)));
    let unfinished = stage(&server, "transcribe", "unfinished");
    assert_eq!(progress(&unfinished), (Some(14), Some(20)));
    assert!(unfinished["age_ns"].as_u64() > Some(0), "{unfinished:#}");
    let analyzed = analysis(&place.log);
    let analyzed = rows(&analyzed, "stages").iter().find(|stage| stage["name"] == "transcribe");
    assert_eq!(analyzed.map(|stage| &stage["state"]), Some(&unfinished["state"]));
    // When all is known the log is closed, and that is known still.
    until("the log let go", || {
        let health = server.get("/api/health").json();
        health["checks"][0]["text"].as_str()?.starts_with("0 logs").then_some(())
    });
    assert_eq!(stage(&server, "transcribe", "unfinished"), unfinished);
    // Also by a server that finds all of it counted.
    server.signal(Signal::TERM);
    assert_eq!(server.ended(), Some(0));
    let server = begin();
    assert_eq!(stage(&server, "transcribe", "unfinished"), unfinished);
    assert_eq!(progress(&stage(&server, "download", "done")), (Some(20), Some(20)));
    let stack = server.get(&format!("/api/stack?worker={}", worker(&server))).json();
    assert_eq!(stack["workers"][0]["threads"][0]["frames"][0]["name"], "transcribe", "{stack:#}");
    until("both events", || (told(&server) == ["start", "exit"]).then_some(()));
    drop(stop);
    working.join().expect("it does not panic");
}

#[test]
fn a_server_that_is_killed_and_begun_again_counts_what_analyze_counts() {
    let place = Place::new();
    let store = place.folder().join("history");
    let begin = || {
        let args = [place.log.as_os_str(), "--store".as_ref(), store.as_os_str()];
        Server::start(&args)
    };
    // It is there before the log is.
    let mut server = begin();
    let mut program = start("load", &["3", "60000"], &place.log);
    while program.try_wait().expect("it is ours").is_none() {
        until("a few spans more", || {
            let spans = server.get("/api/metrics").json()["fleet"]["spans"].as_u64();
            spans.filter(|spans| *spans > 1_000)
        });
        // SIGKILL, at any moment of its work.
        drop(server);
        server = begin();
    }
    let want = analysis(&place.log);
    until("all of it in the history", || {
        let workers = server.get("/api/workers").json();
        let worker = &workers["workers"][0];
        (worker["state"] == "exited" && worker["history_percent"] == 100.0).then_some(())
    });
    let got = until("what it counts", || {
        let got = counts(&server.get("/api/functions?limit=1000").json());
        (got == counts(&want)).then_some(got)
    });
    assert!(got.len() > 5, "{got:?}");
    assert_eq!(told(&server), ["start", "exit"], "each once, by whichever server");
}

#[test]
fn a_crash_an_end_and_a_failure_are_told_apart_and_rules_are_told() {
    let place = Place::new();
    let logs = place.folder().join("logs");
    std::fs::create_dir(&logs).expect("a folder");
    let rules = place.folder().join("rules.toml");
    let text = "[[rule]]\nname = \"it broke\"\nhappens = [\"crashed\"]\nseverity = \"error\"\n\
        [defaults]\ngrace = \"0s\"\n";
    std::fs::write(&rules, text).expect("a file");
    let store = place.folder().join("history");
    let server = Server::start(&[
        logs.as_os_str(),
        "--rules".as_ref(),
        rules.as_os_str(),
        "--store".as_ref(),
        store.as_os_str(),
    ]);
    let mut hangs = start("stuck", &[], &logs.join("stuck.redb"));
    let mut ends = start("stages", &[], &logs.join("stages.redb"));
    let state = |program: &str| {
        let workers = server.get("/api/workers").json();
        let all = rows(&workers, "workers");
        let found = all.iter().find(|worker| worker["program"] == program);
        found.map(|worker| worker["state"].as_str().unwrap_or_default().to_owned())
    };
    until("it to hang", || (state("stuck")? == "running").then_some(()));
    let stack = until("its stack", || {
        let stack = server.get("/api/stack").json();
        (rows(&stack, "workers").iter().any(|of| of["program"] == "stuck")).then_some(stack)
    });
    assert_eq!(stack["left_out"], 0);
    rustix::process::kill_process(rustix::process::Pid::from_child(&hangs), Signal::KILL)
        .expect("it is there");
    hangs.wait().expect("it is ours");
    assert!(ends.wait().expect("it is ours").success());
    until("both ends", || {
        let is_so = state("stuck")? == "crashed" && state("stages")? == "exited";
        is_so.then_some(())
    });
    // Where there is place for one alone, it is the one that went wrong; the programs are of both.
    let one = server.get("/api/workers?limit=1").json();
    assert_eq!((&one["workers"][0]["state"], &one["left_out"]), (&"crashed".into(), &1.into()));
    let states = rows(&one, "programs").iter().map(|program| program["states"].clone());
    let expect = [serde_json::json!({ "exited": 1 }), serde_json::json!({ "crashed": 1 })];
    assert_eq!(states.collect::<Vec<_>>(), expect);
    until("both events, and the alert", || {
        let told = told(&server);
        let has = |what: &str| told.iter().any(|told| told == what);
        (has("crash") && has("exit") && has("alert")).then_some(())
    });
    let alerts = server.get("/api/alerts").json();
    assert_eq!(alerts["rules"][0]["name"], "it broke", "{alerts:#}");
    assert_eq!(alerts["rules"][0]["subjects"][0]["state"], "happened", "{alerts:#}");
    let frozen = place.folder().join("page.html");
    let mut export = ferret_tests::ferret();
    let done = ferret_tests::output(export.arg("export").arg(&logs).arg("-o").arg(&frozen));
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    let answers = frozen_answers(&frozen);
    assert_eq!(answers["/api/health"]["status"], "healthy", "{:#}", answers["/api/health"]);
    // In it nobody lives, and what the crash left open is what is looked for.
    let stack = &answers["/api/stack?limit=2000"];
    let of = rows(stack, "workers").iter().find(|of| of["program"] == "stuck");
    let names = of.map(|of| of["threads"][0]["frames"][0]["name"].clone());
    assert_eq!(names, Some("serve".into()), "{stack:#}");
    // The same process by another reader.
    let seen = json(
        ferret_tests::ferret().args(["watch", "--once", "--json"]).arg(logs.join("stuck.redb")),
    );
    assert_eq!(seen["processes"][0]["state"], "crashed");
    // What was saved from its memory has been added since: its end is told all the same.
    let told = told(&server);
    let count = |what: &str| told.iter().filter(|told| *told == what).count();
    assert_eq!((count("crash"), count("stall"), count("exit")), (1, 0, 1), "{told:?}");
}

#[test]
fn a_damaged_log_is_told_of_by_who_serves_it_and_by_its_page() {
    let place = record("load", &["2", "20000"]);
    damage_the_middle(&place.log);
    let server = Server::start(&[place.log.as_os_str()]);
    let told = until("the damage to be told", || {
        let events = server.get("/api/events").json();
        let told = rows(&events, "events").iter().find(|event| event["what"] == "damage");
        told.and_then(|event| event["text"].as_str()).map(str::to_owned)
    });
    assert!(told.starts_with("its log is damaged at entry "), "{told}");
    let health = server.get("/healthz").json();
    let checks = health["checks"].as_array().expect("it has checks");
    let of_logs = checks.iter().find(|check| check["name"] == "logs").expect("one of logs");
    assert_eq!(of_logs["status"], "degraded", "{of_logs}");
    assert!(of_logs["text"].as_str().is_some_and(|text| text.contains("run.redb is damaged")));
    let page = place.folder().join("page.html");
    let exported = output(ferret().arg("export").arg(&place.log).arg("-o").arg(&page));
    assert_eq!(exported.code, Some(3), "{}", exported.stderr);
    assert!(exported.stderr.contains("run.redb: damaged at entry "), "{}", exported.stderr);
    assert!(page.metadata().is_ok_and(|file| file.len() > 100_000));
}

#[test]
fn a_sink_that_does_not_deliver_is_not_well() {
    let place = Place::new();
    let (rules, flag) = (place.folder().join("rules.toml"), place.folder().join("flag"));
    let text = format!(
        "[sinks.ops]\nkind = \"command\"\ncommand = [\"test\", \"-e\", \"{}\"]\n\
         [[rule]]\nname = \"none\"\nwhen = \"fleet.alive < 1\"\n",
        flag.display()
    );
    std::fs::write(&rules, text).expect("the folder is there");
    let args = [place.log.as_os_str(), "--rules".as_ref(), rules.as_os_str()];
    let server = Server::start(&args);
    let sinks = |status: &str| {
        until(&format!("the sinks to be {status}"), || {
            let health = server.get("/healthz").json();
            let check = rows(&health, "checks").iter().find(|check| check["name"] == "sinks");
            let check = check.expect("there is such a check").clone();
            (check["status"] == status).then_some((check, health))
        })
    };
    let (check, health) = sinks("degraded");
    let text = check["text"].as_str().unwrap_or_default();
    assert!(text.starts_with("sink ops fails (messages waiting: 1): test: "), "{text}");
    assert_eq!(health["status"], "degraded");
    assert!(server.get("/metrics").text().contains("ferret_check_status{check=\"sinks\"} 1"));
    std::fs::write(&flag, "").expect("the folder is there");
    sinks("healthy");
}
