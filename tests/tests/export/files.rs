//! Where an export goes, and what is left when it ends early.

use super::{export, killed, record};
use ferret_tests::{
    Place, Terminal, ballast, damage_the_middle, example, ferret, on_disk_of, output, until,
};
use std::fs;
use std::io::Read as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};

#[track_caller]
fn check_refused(command: &mut Command, part: &str) {
    let done = output(command);
    assert_eq!(done.code, Some(2), "{command:?}: {}", done.stderr);
    assert!(done.stderr.contains(part), "{command:?}: {}", done.stderr);
}

/// What is in a folder beside logs.
fn others(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("the folder can be listed");
    let names = entries.map(|entry| entry.expect("it can be listed").file_name());
    let names = names.map(|name| name.into_string().expect("UTF-8"));
    names.filter(|name| !name.contains(".redb") && name != "ballast").collect()
}

#[test]
fn what_cannot_be_written_is_refused_with_what_to_do() {
    let place = record("hello");
    let export = |args: &[&str]| {
        let mut command = ferret();
        command.arg("export").arg(&place.log).args(args).current_dir(place.folder());
        command
    };
    check_refused(&mut export(&[]), "say what to write: --format chrome|speedscope|");
    check_refused(&mut export(&["-o", "run.xyz"]), "run.xyz does not tell what to write");
    check_refused(&mut export(&["-o", ".", "--format", "csv"]), "is a folder: name a file in it");
    check_refused(&mut export(&["-o", "none/run.csv"]), "none/run.csv");
    check_refused(&mut export(&["--format", "csv", "--filter", "dur >"]), "no value follows dur");
    let mut missing = ferret();
    missing.args(["export", "none.redb", "--format", "csv"]).current_dir(place.folder());
    check_refused(&mut missing, "none.redb does not exist");
    assert_eq!(others(place.folder()), Vec::<String>::new());
}

#[test]
fn a_folder_without_logs_is_told_of_with_what_to_name_in_every_format() {
    let place = Place::new();
    let check = |part: &str| {
        for format in ["csv", "chrome", "pprof", "html"] {
            let mut export = ferret();
            export.arg("export").arg(place.folder()).args(["--format", format]);
            check_refused(export.args(["-o", "out"]).current_dir(place.folder()), part);
        }
    };
    let folder = place.folder().display();
    check(&format!("no log is in the folder {folder}: name another, or start"));
    let deep = place.folder().join("box/pipeline");
    fs::create_dir_all(&deep).unwrap();
    let program = output(example("hello").env("FERRET_LOG", deep.join("run.redb")));
    assert_eq!(program.code, Some(0), "{}", program.stderr);
    let deep = deep.display();
    check(&format!(
        "no log is in the folder {folder}, and the folders in it are not read: name {deep}"
    ));
    assert_eq!(others(place.folder()), ["box"]);
}

#[test]
fn a_profile_is_not_written_to_a_terminal() {
    let place = record("hello");
    let mut terminal =
        Terminal::start(ferret().args(["export", "--format", "pprof"]).arg(&place.log));
    terminal.see("what to do", |screen| screen.contains("-o run.pb.gz").then_some(()));
    assert_eq!(terminal.end(), 2);
}

#[test]
fn a_run_in_which_nothing_passes_is_a_whole_file_in_every_format() {
    let place = record("hello");
    for name in ["a.json", "a.speedscope.json", "a.folded", "a.svg", "a.pb.gz", "a.jsonl", "a.csv"]
    {
        let path = export(&place, name, &["--filter", "nobody & outcome:err"]);
        if Path::new(name).extension().is_some_and(|extension| extension == "json") {
            let text = fs::read_to_string(&path).unwrap();
            serde_json::from_str::<serde_json::Value>(&text).unwrap();
        }
    }
    assert_eq!(fs::read_to_string(place.folder().join("a.csv")).unwrap().lines().count(), 1);
    assert_eq!(fs::read_to_string(place.folder().join("a.folded")).unwrap(), "");
}

#[test]
fn of_a_damaged_log_the_rest_is_a_whole_file() {
    let place = record("stages");
    damage_the_middle(&place.log);
    let path = place.folder().join("run.json");
    let done = output(ferret().arg("export").arg(&place.log).arg("-o").arg(&path));
    assert_eq!(done.code, Some(3), "{}", done.stderr);
    assert!(done.stderr.contains("damaged at entry"), "{}", done.stderr);
    let trace = fs::read_to_string(&path).unwrap();
    serde_json::from_str::<serde_json::Value>(&trace).unwrap();
    assert!(trace.contains("\"read_one\""), "{trace}");
}

/// A log that takes a while to export.
fn long() -> Place {
    load("2", "100000")
}

fn load(seconds: &str, rate: &str) -> Place {
    let place = Place::new();
    let done = output(example("load").args([seconds, rate]).env("FERRET_LOG", &place.log));
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    place
}

fn interrupt(child: &Child) {
    let pid = rustix::process::Pid::from_child(child);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).expect("it runs");
}

#[test]
fn a_signal_leaves_no_half_file_and_closes_what_goes_to_a_pipe() {
    let place = long();
    let mut command = ferret();
    command.arg("export").arg(&place.log).stdin(Stdio::null()).current_dir(place.folder());
    let mut to_file = ferret();
    to_file.arg("export").arg(&place.log).args(["-o", "run.json"]).current_dir(place.folder());
    let mut child = to_file.stdin(Stdio::null()).spawn().unwrap();
    until("the file to be written", || {
        let name = others(place.folder()).pop()?;
        // It may be gone by now, which shows below.
        (fs::metadata(place.folder().join(name)).ok()?.len() > 0).then_some(())
    });
    interrupt(&child);
    assert_eq!(child.wait().unwrap().signal(), Some(2));
    assert_eq!(others(place.folder()), Vec::<String>::new());
    let mut child = command.args(["--format", "chrome"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut stdout = child.stdout.take().unwrap();
    let mut text = vec![0; 1_000];
    stdout.read_exact(&mut text).unwrap();
    interrupt(&child);
    stdout.read_to_end(&mut text).unwrap();
    let trace: serde_json::Value = serde_json::from_slice(&text).unwrap();
    let spans = trace["otherData"]["spans"].as_u64().unwrap();
    assert!(0 < spans && spans < 190_000, "{spans}: it was told to end");
    assert_eq!(child.wait().unwrap().signal(), Some(2));
}

#[test]
fn a_full_disk_is_said_and_leaves_nothing() {
    on_disk_of(64, "files::a_full_disk_is_said_and_leaves_nothing", |disk| {
        let place = long();
        let ballast = ballast(disk, 60);
        for name in ["run.json", "run.speedscope.json"] {
            let path = disk.join(name);
            let mut command = ferret();
            command.arg("export").arg(&place.log).arg("-o").arg(&path);
            check_refused(&mut command, "No space left on device");
            assert_eq!(others(disk), Vec::<String>::new());
        }
        fs::remove_file(ballast).unwrap();
    });
}

#[test]
fn a_program_that_runs_is_exported_as_far_as_it_is() {
    let place = Place::new();
    let mut program = ferret_tests::Talker::start(example("stuck").env("FERRET_LOG", &place.log));
    program.say("go");
    until("the open span in the table", || {
        let table = output(ferret().args(["export", "--format", "csv"]).arg(&place.log));
        (table.code == Some(0) && table.stdout.contains(",open,")).then_some(())
    });
    drop(program);
}

#[test]
fn a_pipe_and_a_device_are_written_to_and_stay() {
    let place = killed();
    for path in ["/dev/null", "/dev/stdout"] {
        let done = output(ferret().args(["export", "--format", "csv", "-o", path]).arg(&place.log));
        assert_eq!(done.code, Some(0), "{}", done.stderr);
        assert_eq!(done.stdout.contains("wait_for_a_word"), path == "/dev/stdout");
    }
    assert!(!fs::metadata("/dev/null").unwrap().is_file());
}

#[test]
fn up_to_a_moment_is_what_had_ended_by_then() {
    let place = load("1", "20000");
    let rows = |args: &[&str]| {
        let table = output(ferret().args(["export", "--format", "csv"]).args(args).arg(&place.log));
        assert_eq!(table.code, Some(0), "{}", table.stderr);
        let ended = table.stdout.lines().skip(1).filter(|row| !row.contains(",open,"));
        let mut rows: Vec<_> = ended.map(str::to_owned).collect();
        rows.sort();
        rows
    };
    let until_ns = 300_000_000;
    let number = |row: &str, column: usize| row.split(',').nth(column)?.parse::<u64>().ok();
    let end_ns = |row: &str| number(row, 9).zip(number(row, 10)).map(|(start, ns)| start + ns);
    let mut by_then = rows(&[]);
    by_then.retain(|row| end_ns(row).is_some_and(|end| end <= until_ns));
    assert!(!by_then.is_empty());
    assert_eq!(rows(&["--until", "+300ms"]), by_then);
}
