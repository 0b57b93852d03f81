//! The tools that exports are opened with.

use ferret_tests::{Output, output};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Perfetto's answers to queries about a trace.
pub(crate) fn perfetto(trace: &Path, queries: &[&str]) -> Vec<Value> {
    let answers = viewer("perfetto", trace, queries);
    serde_json::from_str(&answers).unwrap_or_else(|error| panic!("{error}: {answers}"))
}

/// What speedscope shows of a profile: its title, and a row for each function.
pub(crate) fn speedscope(profile: &Path) -> Value {
    let shown = viewer("speedscope", profile, &[]);
    serde_json::from_str(&shown).unwrap_or_else(|error| panic!("{error}: {shown}"))
}

/// `go tool pprof -top`: of each function the first column, its own.
pub(crate) fn pprof(profile: &Path, args: &[&str]) -> BTreeMap<String, String> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut command = Command::new("go");
    // It keeps what it was given, in the home folder unless told.
    command.args(["tool", "pprof", "-top", "-nodecount=1000", "-nodefraction=0"]).args(args);
    command.arg(profile).env("PPROF_TMPDIR", folder.path()).env("GOTOOLCHAIN", "local");
    let top = run("golang-go", &mut command).stdout;
    let rows = top.lines().skip_while(|line| !line.contains("flat%")).skip(1);
    let row = |line: &str| {
        let mut words = line.split_whitespace();
        let flat = words.next()?.to_owned();
        Some((words.skip(4).collect::<Vec<_>>().join(" "), flat))
    };
    rows.filter_map(row).collect()
}

/// A table's rows by column, as Python's csv module reads it.
pub(crate) fn csv(table: &Path) -> Value {
    let program = "import csv, json, sys; print(json.dumps(list(csv.DictReader(\
                   open(sys.argv[1], newline=''), strict=True))))";
    python(program, table)
}

/// How many objects a file has, one a line.
pub(crate) fn jsonl(entries: &Path) -> Value {
    python(
        "import json, sys; print(len([json.loads(line) for line in open(sys.argv[1])]))",
        entries,
    )
}

/// The words that an SVG has for whoever points at something.
pub(crate) fn titles(picture: &Path) -> Value {
    let program = "import json, sys, xml.etree.ElementTree as xml; print(json.dumps([e.text for e in \
                   xml.parse(sys.argv[1]).iter('{http://www.w3.org/2000/svg}title')]))";
    python(program, picture)
}

/// A duration as speedscope writes it, ns; of collapsed stacks it knows no unit.
pub(crate) fn nanoseconds(text: &str) -> u64 {
    let text = text.replace(',', "");
    let at = text.find(|c: char| c.is_alphabetic()).unwrap_or(text.len());
    let unit = match &text[at..] {
        "" | "ns" => 1.0,
        "µs" => 1e3,
        "ms" => 1e6,
        "s" => 1e9,
        unit => panic!("{unit}"),
    };
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a time of a test")]
    let ns = (text[..at].parse::<f64>().expect("a number") * unit) as u64;
    ns
}

fn viewer(name: &str, file: &Path, args: &[&str]) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let viewers: PathBuf = root.join("../target/viewers");
    assert!(
        viewers.join(name).exists(),
        "{name} is not in target/viewers: `tests/run.sh setup` fetches it"
    );
    let mut command = Command::new("python3");
    command.arg(root.join("tools/viewers.py")).arg(name).arg(viewers).arg(file).args(args);
    run("chromium and python3", &mut command).stdout
}

fn python(program: &str, file: &Path) -> Value {
    let answer = run("python3", Command::new("python3").args(["-c", program]).arg(file)).stdout;
    serde_json::from_str(&answer).unwrap_or_else(|error| panic!("{error}: {answer}"))
}

/// Runs a tool of these Debian packages.
fn run(packages: &str, command: &mut Command) -> Output {
    let program = command.get_program().to_owned();
    let is_there = Command::new(&program).arg("--help").output().is_ok();
    assert!(is_there, "{} is missing: `tests/run.sh setup` installs {packages}", program.display());
    let done = output(command);
    assert_eq!(done.code, Some(0), "{command:?} (of {packages}): {}", done.stderr);
    done
}
