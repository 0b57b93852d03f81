//! Logs and arguments that nobody wrote: a log with a part of it changed, any text as a filter, a gate
//! or a time. Each command ends by itself, in bounded memory, with a sentence and never a panic.
//!
//! `FERRET_TEST_MUTATIONS` says how many logs are tried, 100 unless told.

use ferret_tests::{Output, Place, example, ferret, output, until};
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Numbers that look random, and are the same in each run.
struct Random(u64);

impl Random {
    /// A number below `limit`.
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963);
        usize::try_from(self.0 >> 33).expect("31 bits") % limit
    }

    fn byte(&mut self) -> u8 {
        u8::try_from(self.below(256)).expect("below 256")
    }
}

const PAGE: usize = 4_096;

/// Changes a part of the log: mostly where something is written.
fn mutate(log: &mut Vec<u8>, random: &mut Random) {
    let used: Vec<usize> = log
        .chunks(PAGE)
        .enumerate()
        .filter(|(_, page)| page.iter().any(|byte| *byte != 0))
        .map(|(number, _)| number * PAGE)
        .collect();
    let some_page = |random: &mut Random| used[random.below(used.len())];
    let page = some_page(random);
    let within = page..(page + PAGE).min(log.len());
    // A value of a few bytes says more than any of the zeros behind it.
    let reach = if random.below(2) == 0 { 128 } else { PAGE };
    let at = (within.start + random.below(reach)).min(log.len() - 1);
    let end = (at + 1 + random.below(64)).min(log.len());
    match random.below(9) {
        0 => log[at] ^= 1 << random.below(8),
        1 => log[at] = 0xff,
        2 => log[at..end].fill(0),
        3 => log[at..end].iter_mut().for_each(|byte| *byte = random.byte()),
        4 => log[within].fill(0),
        5 => {
            let other = some_page(random);
            let length = log.len() - other.max(page);
            log.copy_within(other..other + length.min(PAGE), page);
        }
        6 => log.truncate(at),
        7 => log.extend(vec![random.byte(); 1 + random.below(100_000)]),
        _ => {
            let header = random.below(320);
            log[header] = random.byte();
        }
    }
}

/// Runs `ferret` with half a GB of memory and 20 seconds: no answer takes one.
#[track_caller]
fn bounded<A: AsRef<OsStr>>(arguments: &[A]) -> Output {
    let ferret = ferret();
    let mut command = Command::new("/bin/sh");
    command
        .args(["-c", r#"ulimit -v 524288; exec timeout -s KILL 20 "$0" "$@""#])
        .arg(ferret.get_program())
        .args(arguments)
        // An arena of memory for each of a reader's threads would be address space, and no use.
        .env("MALLOC_ARENA_MAX", "2");
    for (name, value) in ferret.get_envs() {
        if value.is_none() {
            command.env_remove(name);
        }
    }
    output(&mut command)
}

/// Holds what a command said against what it may.
#[track_caller]
fn check(answer: &Output, codes: &[i32], case: &str) {
    assert!(answer.code.is_some_and(|code| codes.contains(&code)), "{case}: {answer:?}");
    for line in answer.stderr.lines() {
        // Rust's own message; ours may tell that redb panicked.
        assert!(!line.contains("panicked at"), "{case}: {}", answer.stderr);
    }
    let first = answer.stderr.lines().next();
    assert!(first.is_none_or(|line| line.starts_with("ferret: ") || line.starts_with("error: ")));
}

/// Two logs: a program that ended, and one that was killed.
fn originals(place: &Place) -> [Vec<u8>; 2] {
    assert_eq!(output(example("stages").env("FERRET_LOG", &place.log)).code, Some(0));
    let killed = place.folder().join("killed.redb");
    let mut server = example("signals")
        .env("FERRET_LOG", &killed)
        .stdout(Stdio::null())
        .spawn()
        .expect("the example starts");
    until("a request is in the log", || {
        let log = killed.exists().then(|| output(ferret().arg("log").arg(&killed)).stdout)?;
        log.contains("request").then_some(())
    });
    server.kill().expect("it runs");
    server.wait().expect("it ends");
    [&place.log, &killed].map(|log| fs::read(log).expect("a log"))
}

#[test]
fn a_log_changed_anywhere_is_read_or_refused() {
    let place = Place::new();
    let originals = originals(&place);
    let mutations = std::env::var("FERRET_TEST_MUTATIONS");
    let mutations = mutations.map_or(100, |text| text.parse().expect("a number"));
    let folder = place.folder().join("changed");
    fs::create_dir(&folder).expect("a folder");
    let (path, saved) = (folder.join("run.redb"), folder.join("saved.redb"));
    let mut codes = [0; 4];
    for number in 0..mutations {
        let mut random = Random(number);
        let mut log = originals[random.below(2)].clone();
        for _ in 0..=random.below(3) {
            mutate(&mut log, &mut random);
        }
        let commands: [&[&str]; 6] = [
            &["analyze", "--tree", "--json"],
            &["analyze", "--by", "stage", "--filter", "transcri & dur > 1us"],
            &["watch", "--once", "--json"],
            &["log", "--json"],
            &["check"],
            &["check", "--scavenge"],
        ];
        // Scavenging looks at every byte, which an unoptimised program takes a while for.
        let commands = if number % 4 == 0 { &commands[..] } else { &commands[..5] };
        for command in commands {
            // A repair by the command before would hide what this one meets.
            fs::write(&path, &log).expect("a file");
            let mut arguments: Vec<PathBuf> = command.iter().map(PathBuf::from).collect();
            if command.contains(&"--scavenge") {
                arguments.push(saved.clone());
            }
            arguments.push(path.clone());
            let answer = bounded(&arguments);
            check(&answer, &[0, 2, 3], &format!("{command:?} on mutation {number}"));
            check_json(&answer, command, number);
            codes[usize::try_from(answer.code.expect("it ended")).expect("it is small")] += 1;
        }
        remove(&saved);
    }
    // Or what is changed is not what is read.
    assert!(codes[0] > 0 && codes[2] > 0 && codes[3] > 0, "{codes:?}");
}

#[track_caller]
fn check_json(answer: &Output, command: &[&str], number: u64) {
    if !command.contains(&"--json") || answer.code == Some(2) {
        return;
    }
    let one_a_line = command[0] == "log";
    let documents =
        if one_a_line { answer.stdout.lines().collect() } else { vec![&*answer.stdout] };
    for document in documents.into_iter().filter(|document| !document.is_empty()) {
        let parsed = serde_json::from_str::<serde_json::Value>(document);
        assert!(parsed.is_ok(), "{command:?} on mutation {number}: {document}");
    }
}

fn remove(path: &Path) {
    if path.exists() {
        fs::remove_file(path).expect("it can be removed");
    }
}

#[test]
fn any_text_is_an_argument_or_refused() {
    let place = Place::new();
    assert_eq!(output(example("hello").env("FERRET_LOG", &place.log)).code, Some(0));
    let log = place.log.to_str().expect("a path of letters");
    let parts = [
        "any",
        "dur",
        "thread",
        "self",
        "calls",
        "p99",
        ".",
        ":",
        "::",
        ">",
        "<=",
        "=",
        "!=",
        "!",
        "&",
        "|",
        "(",
        ")",
        "\"",
        "\\",
        "1ms",
        "-1",
        "1e400",
        "99999999999999999999d",
        "0",
        "NaN",
        "+1m",
        "25:61",
        "9999-99-99T00:00:00Z",
        " ",
        "\u{0}",
        "ß",
        "\u{1f3b5}",
        "%",
        "*",
        "{",
    ];
    let mut random = Random(7);
    for number in 0..150 {
        let count = 1 + random.below(8);
        let text: String = (0..count).map(|_| parts[random.below(parts.len())]).collect();
        // What no command line can hold.
        let text = text.replace('\u{0}', "");
        let option = ["--filter", "--fail-if", "--since", "--until"][number % 4];
        let answer = bounded(&["analyze", log, &format!("{option}={text}")]);
        check(&answer, &[0, 1, 2], &format!("{option}={text}"));
    }
    let deep = "(".repeat(50_000);
    let not = "!".repeat(50_000);
    for text in [deep.as_str(), not.as_str()] {
        let answer = bounded(&["analyze", log, "--filter", text]);
        check(&answer, &[2], "a filter that is nested deep");
    }
}
