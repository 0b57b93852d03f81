//! `ferret watch` in a real terminal: what runs is on the screen while it runs.

use ferret_tests::{Place, Talker, Terminal, boot_time_ns, example, ferret, output, until};
use rustix::process::Signal;
use std::path::PathBuf;
use std::process::Command;

/// Starts the program that gets stuck on demand.
fn stuck(place: &Place) -> Talker {
    let mut program = Talker::start(example("stuck").env("FERRET_LOG", &place.log));
    program.hear_until("it listens", |line| (line == "ready").then_some(()));
    until("the log", || place.log.exists().then_some(()));
    program
}

fn watch(place: &Place) -> Terminal {
    Terminal::start(ferret().arg("watch").arg(&place.log))
}

/// The part of the screen that shows what runs now, and the part that shows what happened.
fn parts(screen: &str) -> Option<(&str, &str)> {
    let (_, below) = screen.split_once("─ Live")?;
    below.split_once("─ Recent")
}

fn is_live(screen: &str, name: &str) -> bool {
    parts(screen).is_some_and(|(live, _)| live.contains(name))
}

fn is_recent(screen: &str, name: &str) -> bool {
    parts(screen).is_some_and(|(_, recent)| recent.contains(name))
}

#[test]
fn a_function_is_live_while_it_runs_and_recent_after() {
    let place = Place::new();
    let mut program = stuck(&place);
    let screen = watch(&place);
    program.say("get stuck");
    screen.see("the function among what is live", |screen| {
        is_live(screen, "wait_for_a_word").then_some(())
    });
    // Its age is told in tenths of a second, and grows while nothing else happens.
    let age = |screen: &str| {
        let line = screen.lines().find(|line| line.contains("wait_for_a_word"))?;
        line.split_whitespace().find_map(|word| word.parse::<f64>().ok())
    };
    let early = screen.see("its age", age);
    screen.see("its age growing", |screen| age(screen).filter(|late| *late > early + 0.4));
    assert!(!is_recent(&screen.text(), "wait_for_a_word"), "{}", screen.text());
    program.say("go on");
    screen.see("the function among what happened, and only there", |screen| {
        let is_over = !is_live(screen, "wait_for_a_word") && is_recent(screen, "wait_for_a_word");
        is_over.then_some(())
    });
}

#[test]
fn a_function_comes_and_goes_on_the_screen_within_100_ms() {
    let place = Place::new();
    let mut program = stuck(&place);
    let screen = watch(&place);
    screen.see("what is live", |screen| is_live(screen, "serve").then_some(()));
    let (mut came_ms, mut went_ms) = (Vec::new(), Vec::new());
    for _ in 0..6 {
        program.say("get stuck");
        program.hear_until("it is stuck", |line| (line == "stuck").then_some(()));
        let began = boot_time_ns();
        screen.see("it", |screen| is_live(screen, "wait_for_a_word").then_some(()));
        came_ms.push((boot_time_ns() - began) / 1_000_000);
        program.say("go on");
        program.hear_until("it is free", |line| (line == "free").then_some(()));
        let ended = boot_time_ns();
        screen.see("it gone", |screen| {
            let (live, _) = parts(screen)?;
            (!live.contains("wait_for_a_word")).then_some(())
        });
        went_ms.push((boot_time_ns() - ended) / 1_000_000);
    }
    println!("on the screen after {came_ms:?} ms, off it after {went_ms:?} ms");
    // On a machine that does other things at the same time, some tries are late.
    assert!(came_ms.iter().min() < Some(&100), "{came_ms:?} ms");
    assert!(went_ms.iter().min() < Some(&100), "{went_ms:?} ms");
}

#[test]
fn it_waits_for_a_log_that_is_not_there_and_sees_how_its_program_ends() {
    let place = Place::new();
    let mut screen = watch(&place);
    screen.see("that it waits", |screen| screen.contains("Waiting for").then_some(()));
    let mut program = stuck(&place);
    program.say("get stuck");
    screen.see("the program", |screen| is_live(screen, "wait_for_a_word").then_some(()));
    program.signal(Signal::KILL);
    program.wait();
    screen.see("how it ended", |screen| screen.contains("crashed").then_some(()));
    screen.press("q");
    assert_eq!(screen.end(), 0);
    until("the terminal as it was", || (!screen.is_full_screen()).then_some(()));
}

#[test]
fn the_next_run_under_the_name_is_shown() {
    let place = Place::new();
    let program = stuck(&place);
    let screen = watch(&place);
    screen.see("the first run", |screen| is_live(screen, "serve").then_some(()));
    assert!(program.end().success());
    screen.see("its end", |screen| screen.contains("exited").then_some(()));
    let mut next = stuck(&place);
    next.say("get stuck");
    screen.see("the second run", |screen| is_live(screen, "wait_for_a_word").then_some(()));
}

#[test]
fn it_fits_any_window_and_has_help() {
    let place = Place::new();
    let _program = stuck(&place);
    let mut screen = watch(&place);
    screen.see("what is live", |screen| is_live(screen, "serve").then_some(()));
    screen.press("?");
    screen.see("help", |screen| screen.contains("quit").then_some(()));
    for (rows, columns) in [(10, 40), (3, 20), (1, 1), (60, 200)] {
        screen.resize(rows, columns);
    }
    screen.see("what is live again", |screen| is_live(screen, "serve").then_some(()));
    // A key that comes with a new size waits for the next one, in crossterm.
    screen.see("all of the window", |screen| {
        screen.lines().any(|line| line.chars().count() > 150).then_some(())
    });
    // Together, as they arrive over a slow line: a terminal writes Alt and q so. The first takes the
    // help away.
    screen.press("\u{1b}q");
    assert_eq!(screen.end(), 0);
}

#[test]
fn numbers_tab_and_the_mouse_go_from_view_to_view() {
    let place = Place::new();
    let _program = stuck(&place);
    let mut screen = watch(&place);
    screen.see("what is live", |screen| is_live(screen, "serve").then_some(()));
    screen.press("3");
    screen.see("the pipeline", |screen| screen.contains("no stage yet").then_some(()));
    screen.press("\t\u{1b}[Z1");
    screen.see("what is live again", |screen| is_live(screen, "serve").then_some(()));
    // As a terminal tells of a click: the button, the column and the row from 1.
    let click = |screen: &str, name: &str| {
        let row = screen.lines().nth(1)?;
        let column = row.find(name)? + 1;
        Some(format!("\u{1b}[<0;{column};2M\u{1b}[<0;{column};2m"))
    };
    let on_stages = screen.see("the views' names", |screen| click(screen, "Stages"));
    screen.press(&on_stages);
    screen.see("the pipeline", |screen| screen.contains("no stage yet").then_some(()));
    screen.press("q");
    assert_eq!(screen.end(), 0);
}

#[test]
fn functions_are_counted_while_they_run_and_sorted_by_key() {
    let place = Place::new();
    let mut program = stuck(&place);
    let mut screen = watch(&place);
    screen.see("what is live", |screen| is_live(screen, "serve").then_some(()));
    screen.press("2");
    screen.see("what is open", |screen| {
        (screen.contains("total▾") && screen.contains("serve")).then_some(())
    });
    screen.press("ssssssss");
    screen.see("the order by name", |screen| screen.contains("function▴").then_some(()));
    for calls in ["1 ", "2 "] {
        program.say("get stuck");
        program.hear_until("it is stuck", |line| (line == "stuck").then_some(()));
        program.say("go on");
        program.hear_until("it is free", |line| (line == "free").then_some(()));
        screen.see("the calls", |screen| {
            let row = screen.lines().find(|line| line.contains("wait_for_a_word"))?;
            let after = row.split_once("wait_for_a_word")?.1;
            after.trim_start().starts_with(calls).then_some(())
        });
    }
}

#[test]
fn the_timeline_shows_what_threads_did_and_do() {
    let place = Place::new();
    let mut program = stuck(&place);
    let mut screen = watch(&place);
    screen.see("what is live", |screen| is_live(screen, "serve").then_some(()));
    screen.press("4");
    screen.see("the thread and what is open", |screen| {
        (screen.contains("10.0 s, until now") && screen.contains("▎serve─")).then_some(())
    });
    program.say("get stuck");
    screen.press("++");
    screen.see("what runs now, in less time", |screen| {
        (screen.contains("2.50 s, until now") && screen.contains("▎wait_for_a_word")).then_some(())
    });
    screen.press("h");
    screen.see("what was before", |screen| screen.contains("G follows").then_some(()));
    screen.press("q");
    assert_eq!(screen.end(), 0);
}

#[test]
fn a_stopped_process_is_read_from_outside() {
    let place = Place::new();
    let program = stuck(&place);
    let mut screen = watch(&place);
    screen.see("what is live", |screen| is_live(screen, "serve").then_some(()));
    screen.press("5");
    screen.see("the process", |screen| {
        (screen.contains("1 of 1 running") && screen.contains("MiB")).then_some(())
    });
    program.signal(Signal::STOP);
    let stopped = |screen: &str| screen.contains("stalled, suspended") && screen.contains("MiB*");
    screen.see("that it is stopped", |screen| stopped(screen).then_some(()));
    program.signal(Signal::CONT);
    screen.see("that it goes on", |screen| {
        (!stopped(screen) && screen.contains("running")).then_some(())
    });
    screen.press("q");
    assert_eq!(screen.end(), 0);
}

/// What the screen has written in a place.
fn written(place: &Place) -> Vec<PathBuf> {
    let all = std::fs::read_dir(place.folder()).expect("the folder can be listed");
    let paths = all.map(|entry| entry.expect("it can be listed").path());
    let is_ours = |path: &PathBuf| path.to_string_lossy().contains("/ferret-stuck-");
    paths.filter(is_ours).collect()
}

/// The text of the first that ends so.
fn text_of(place: &Place, ending: &str) -> String {
    let mut all = written(place).into_iter();
    let path = all.find(|path| path.extension().is_some_and(|end| end == ending));
    std::fs::read_to_string(path.expect("it was written")).expect("it is text")
}

#[test]
fn a_filter_is_written_while_it_filters_and_what_is_wrong_is_told() {
    let place = Place::new();
    let mut program = stuck(&place);
    program.say("get stuck");
    let mut screen = watch(&place);
    screen.see("what is live", |screen| is_live(screen, "wait_for_a_word").then_some(()));
    screen.press("/nothing_of_that_name");
    screen.see("nothing", |screen| (!is_live(screen, "wait_for_a_word")).then_some(()));
    screen.press("\u{15}word & dur >");
    screen.see("what is wrong, below the place", |screen| {
        let mut lines = screen.lines().rev().map(str::trim_end);
        let (below, line) = (lines.next()?, lines.next()?);
        let caret = below.find('^')?;
        let is_there = line == "/word & dur >" && caret == line.len();
        (is_there && below.ends_with("no value follows dur")).then_some(())
    });
    screen.press(" 0\r");
    screen.see("the filter in force, and what passes", |screen| {
        let is_shown = screen.lines().nth(1)?.trim_end().ends_with("/word & dur > 0");
        (is_shown && is_live(screen, "wait_for_a_word")).then_some(())
    });
    screen.press("/\u{15}no_such");
    screen
        .see("the other filter", |screen| screen.lines().nth(1)?.contains("no_such").then_some(()));
    screen.press("\u{1b}");
    screen.see("the filter as it was", |screen| {
        screen.lines().nth(1)?.trim_end().ends_with("/word & dur > 0").then_some(())
    });
    // As a terminal tells of what is pasted.
    screen.press("\u{1b}[200~q\u{1b}[201~/\u{15}\u{1b}[200~ser\rve\u{1b}[201~\r");
    screen.see("what was pasted", |screen| screen.lines().nth(1)?.contains("/serve").then_some(()));
    screen.press("/\u{15}\r");
    screen.see("no filter", |screen| (!screen.lines().nth(1)?.contains('/')).then_some(()));
    screen.press("q");
    assert_eq!(screen.end(), 0);
}

#[test]
fn a_function_is_looked_at_closely_while_it_goes_on() {
    let place = Place::new();
    let mut program = stuck(&place);
    let call = |program: &mut Talker| {
        program.say("get stuck");
        program.hear_until("it is stuck", |line| (line == "stuck").then_some(()));
        program.say("go on");
        program.hear_until("it is free", |line| (line == "free").then_some(()));
    };
    call(&mut program);
    let mut screen = watch(&place);
    screen.see("what is live", |screen| is_live(screen, "serve").then_some(()));
    screen.press("2");
    screen.see("the functions", |screen| screen.contains("total▾").then_some(()));
    screen.press("/wait_for\r");
    screen.see("the one", |screen| (!screen.contains("serve")).then_some(()));
    screen.press("j\r");
    screen.see("its page", |screen| {
        let has_parts = ["Details: wait_for_a_word", "How long calls took", "Latest 1"];
        has_parts.iter().all(|part| screen.contains(part)).then_some(())
    });
    call(&mut program);
    screen.see("the second call", |screen| screen.contains("Latest 2").then_some(()));
    screen.press(" ");
    screen.see("the pause", |screen| screen.contains("paused at").then_some(()));
    call(&mut program);
    assert!(screen.text().contains("Latest 2"), "{}", screen.text());
    screen.press("\u{1b}[F");
    screen.see("the third call", |screen| screen.contains("Latest 3").then_some(()));
    screen.press("\u{1b}");
    screen.see("the table again", |screen| screen.contains("total▾").then_some(()));
    screen.press("q");
    assert_eq!(screen.end(), 0);
}

#[test]
fn a_flamegraph_and_snapshots_are_written_here_and_nothing_over_them() {
    let place = Place::new();
    let mut program = stuck(&place);
    program.say("get stuck");
    let mut command = ferret();
    command.arg("watch").arg(&place.log).current_dir(place.folder());
    let mut screen = Terminal::start(&command);
    screen.see("what is live", |screen| is_live(screen, "wait_for_a_word").then_some(()));
    screen.press("f");
    screen.see("where it is", |screen| screen.contains("wrote ferret-stuck-").then_some(()));
    let svg = text_of(&place, "svg");
    assert!(svg.starts_with("<?xml") && svg.ends_with("</svg>\n"), "{svg}");
    assert!(svg.contains("wait_for_a_word: ") && svg.contains("1 open"), "{svg}");
    // Both in the same second, most likely.
    screen.press("w");
    until("a snapshot", || (written(&place).len() == 3).then_some(()));
    screen.press("w");
    until("another one", || (written(&place).len() == 5).then_some(()));
    let (json, text) = (text_of(&place, "json"), text_of(&place, "txt"));
    assert!(json.contains("\"kind\": \"snapshot\"") && json.contains("wait_for_a_word"), "{json}");
    assert!(is_live(&text, "wait_for_a_word"), "{text}");
    screen.press("jy");
    screen.see("what was copied", |screen| screen.contains("copied: ").then_some(()));
    screen.press("q");
    assert_eq!(screen.end(), 0);
}

#[test]
fn where_nothing_can_be_written_the_screen_says_so_and_stays() {
    let place = Place::new();
    let _program = stuck(&place);
    let mut command = ferret();
    command.arg("watch").arg(&place.log).current_dir("/proc");
    let mut screen = Terminal::start(&command);
    screen.see("what is live", |screen| is_live(screen, "serve").then_some(()));
    screen.press("w");
    screen
        .see("why not", |screen| screen.contains("nothing can be written in /proc").then_some(()));
    screen.press("q");
    assert_eq!(screen.end(), 0);
}

/// The screen begins at a long log's end; what was before is read beside it.
#[test]
fn a_long_log_shows_the_present_at_once_and_then_all_of_the_run() {
    let place = Place::new();
    let mut steady = Command::new(env!("CARGO_BIN_EXE_steady"));
    let mut program = Talker::start(steady.env("FERRET_LOG", &place.log).env_remove("FERRET_RUN"));
    let run = |program: &mut Talker, line: &str| {
        program.say(line);
        program.hear_until("how many spans there were", |line| {
            line.split_once(' ')?.0.parse::<u64>().ok()
        })
    };
    let thousands = |spans: u64| format!(" {},{:03} spans ", spans / 1_000, spans % 1_000);
    let mut spans = 0;
    // Of a machine that stands still meanwhile there are fewer.
    while spans < 60_000 {
        spans = run(&mut program, "800 200000");
    }
    assert!(spans < 1_000_000, "{spans}");
    let mut screen = watch(&place);
    screen.press("2");
    screen.see("all spans of the run", |screen| {
        (screen.contains(&thousands(spans)) && screen.contains("work")).then_some(())
    });
    screen.see("totals of all of it", |screen| (!screen.contains('≥')).then_some(()));
    let spans = run(&mut program, "50 200000");
    screen.see("those that came then", |screen| screen.contains(&thousands(spans)).then_some(()));
}

#[test]
fn without_a_terminal_it_prints_lines() {
    let place = Place::new();
    assert_eq!(output(example("stages").env("FERRET_LOG", &place.log)).code, Some(0));
    let shown = output(ferret().arg("watch").arg(&place.log));
    assert_eq!(shown.code, Some(0), "{}", shown.stderr);
    for word in ["stages", "exited", "sum up", "peak"] {
        assert!(shown.stdout.contains(word), "no {word} in: {}", shown.stdout);
    }
    assert!(!shown.stdout.contains('\u{1b}'), "{}", shown.stdout);
}

#[test]
fn a_pause_stops_the_picture_and_loses_nothing() {
    let place = Place::new();
    let mut program = stuck(&place);
    let mut screen = watch(&place);
    screen.see("what is live", |screen| is_live(screen, "serve").then_some(()));
    screen.press(" ");
    screen.see("the pause", |screen| screen.contains("paused at").then_some(()));
    program.say("get stuck");
    program.hear_until("it is stuck", |line| (line == "stuck").then_some(()));
    assert!(!is_live(&screen.text(), "wait_for_a_word"), "{}", screen.text());
    screen.press(" ");
    screen.see("what came meanwhile", |screen| is_live(screen, "wait_for_a_word").then_some(()));
}

#[test]
fn lines_wait_for_a_log_and_end_with_the_run() {
    let place = Place::new();
    let mut lines = Talker::start(ferret().arg("watch").arg(&place.log));
    lines.hear_until("what it waits for", |line| line.contains("Waiting for").then_some(()));
    assert!(stuck(&place).end().success());
    lines.hear_until("a header", |line| line.starts_with("stuck  pid").then_some(()));
    lines.hear_until("a footer", |line| {
        (line.starts_with("stuck  pid") && line.contains("exited with code 0")).then_some(())
    });
    assert!(lines.end().success());
}

#[test]
fn a_single_look_at_a_log_that_is_not_there_is_an_error() {
    let place = Place::new();
    let answer = output(ferret().args(["watch", "--once"]).arg(&place.log));
    assert_eq!(answer.code, Some(2));
    assert!(answer.stderr.contains("does not exist"), "{}", answer.stderr);
}
