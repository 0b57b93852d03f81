//! `ferret watch` goes back in time: in a real terminal, and once.

use ferret::event::LogEntry;
use ferret::log::{ReadOptions, Tail};
use ferret_tests::{Place, Talker, Terminal, example, ferret, output, until};
use rustix::process::Signal;
use serde_json::Value;

/// Starts the program that gets stuck on demand.
fn stuck(place: &Place) -> Talker {
    let mut program = Talker::start(example("stuck").env("FERRET_LOG", &place.log));
    program.hear_until("it listens", |line| (line == "ready").then_some(()));
    until("the log", || place.log.exists().then_some(()));
    program
}

fn watch(place: &Place, more: &[&str]) -> Terminal {
    Terminal::start(ferret().arg("watch").arg(&place.log).args(more))
}

fn is_live(screen: &str, name: &str) -> bool {
    let below = screen.split_once("─ Live").map(|(_, below)| below);
    below
        .and_then(|below| below.split_once("─ Recent"))
        .is_some_and(|(live, _)| live.contains(name))
}

fn get_stuck(program: &mut Talker) {
    program.say("get stuck");
    program.hear_until("it is stuck", |line| (line == "stuck").then_some(()));
}

fn go_on(program: &mut Talker) {
    program.say("go on");
    program.hear_until("it is free", |line| (line == "free").then_some(()));
}

/// The state as JSON, at the end or then.
fn once(place: &Place, more: &[&str]) -> Value {
    let shown = output(ferret().args(["watch", "--once", "--json"]).args(more).arg(&place.log));
    assert_eq!(shown.code, Some(0), "{}", shown.stderr);
    serde_json::from_str(&shown.stdout).expect("it is JSON")
}

#[test]
fn a_span_that_has_ended_is_open_again_where_it_was_and_the_present_is_a_key_away() {
    let place = Place::new();
    let mut program = stuck(&place);
    let mut screen = watch(&place, &[]);
    get_stuck(&mut program);
    screen.see("the span", |screen| is_live(screen, "wait_for_a_word").then_some(()));
    go_on(&mut program);
    let recent = |screen: &str| {
        let (_, recent) = screen.split_once("─ Recent")?;
        recent.contains("wait_for_a_word").then_some(())
    };
    screen.see("its end", recent);
    assert!(!is_live(&screen.text(), "wait_for_a_word"), "{}", screen.text());
    screen.press(" ");
    screen.see("the pause", |screen| screen.contains("paused at").then_some(()));
    // The newest row of what happened; the entries of its function are its end and its start.
    screen.press("Pk[");
    screen.see("its end", |screen| screen.contains("SPAN_END wait_for_a_word").then_some(()));
    screen.press("[");
    screen.see("the span, open", |screen| {
        (screen.contains("SPAN_START wait_for_a_word") && is_live(screen, "wait_for_a_word"))
            .then_some(())
    });
    screen.press("\u{1b}[D");
    screen.see("the moment before it", |screen| {
        (!is_live(screen, "wait_for_a_word") && is_live(screen, "serve")).then_some(())
    });
    screen.press("\u{1b}[C");
    screen.see("the span, open again", |screen| is_live(screen, "wait_for_a_word").then_some(()));
    // Meanwhile the program has gone on.
    get_stuck(&mut program);
    screen.press("[");
    screen.see("that there is none before", |screen| {
        screen.contains("no further entry of wait_for_a_word").then_some(())
    });
    screen.press("\u{1b}[F");
    screen.see("the present", |screen| {
        (is_live(screen, "wait_for_a_word") && !screen.contains("paused")).then_some(())
    });
    screen.press("q");
    assert_eq!(screen.end(), 0);
}

#[test]
fn a_finished_run_opens_at_its_end_and_is_played_from_its_start() {
    let place = Place::new();
    assert_eq!(output(example("stages").env("FERRET_LOG", &place.log)).code, Some(0));
    let mut screen = watch(&place, &[]);
    screen.see("its end", |screen| screen.contains("exited with code 0").then_some(()));
    screen.press("\u{1b}[D");
    screen.see("a step back", |screen| screen.contains("before the end").then_some(()));
    screen.press("\u{1b}[H");
    screen.see("the start", |screen| {
        (screen.contains("running") && screen.contains("(+0.000 s)")).then_some(())
    });
    screen.press("<");
    screen.see("that it is the start", |screen| {
        (screen.contains("running") && screen.contains("(+0.000 s)")).then_some(())
    });
    screen.press("- ");
    screen.see("a film", |screen| (screen.contains("▶ 0.5x")).then_some(()));
    screen.see("a span in it", |screen| {
        (is_live(screen, "read_one") || is_live(screen, "one block")).then_some(())
    });
    screen.press("++++");
    screen.see("its end", |screen| {
        (screen.contains("exited with code 0") && !screen.contains("0x")).then_some(())
    });
    for (rows, columns) in [(10, 40), (3, 20), (1, 1)] {
        screen.press(" \u{1b}[H ?");
        screen.resize(rows, columns);
    }
    screen.press(" \u{1b}[H ");
    screen.resize(15, 60);
    // A key that comes with a new size waits for the next one, in crossterm.
    screen.see("the new size", |screen| {
        screen.lines().any(|line| line.trim_end().chars().count() > 20).then_some(())
    });
    screen.press("?");
    screen.see("the help", |screen| screen.contains("Help").then_some(()));
    screen.press("\u{3}");
    assert_eq!(screen.end(), 0);
}

#[test]
fn a_crashed_run_was_running_before() {
    let place = Place::new();
    let mut program = stuck(&place);
    get_stuck(&mut program);
    program.signal(Signal::KILL);
    program.wait();
    let end = once(&place, &[]);
    assert_eq!(end["processes"][0]["state"], "crashed");
    let mut screen = watch(&place, &[]);
    screen.see("its death", |screen| screen.contains("crashed").then_some(()));
    screen.press(" ");
    screen.see("its death still", |screen| {
        (screen.contains("paused at") && screen.contains("crashed")).then_some(())
    });
    screen.press("\u{1b}[H");
    screen.see("that it ran", |screen| screen.contains(" running ").then_some(()));
    screen.press("q");
    assert_eq!(screen.end(), 0);
}

/// A run of two stages, and a moment in the middle of the second, ms from its start: how long that takes is the
/// machine's affair.
fn stages() -> (Place, u64) {
    let place = Place::new();
    assert_eq!(output(example("stages").env("FERRET_LOG", &place.log)).code, Some(0));
    let mut tail = Tail::open(&place.log, &ReadOptions::default()).expect("a log");
    let entries = tail.poll(10_000).expect("it is whole");
    let is_it = |path| tail.names().span_name(path) == "sum up";
    let find = |is_wanted: &dyn Fn(&LogEntry) -> bool| {
        let mut all = entries.iter();
        all.find(|entry| is_wanted(&entry.what)).expect("the second stage").time
    };
    let start = find(&|what| matches!(what, LogEntry::SpanStart { path, .. } if is_it(*path)));
    let end = find(&|what| matches!(what, LogEntry::SpanEnd { path, .. } if is_it(*path)));
    let began = tail.info().first_time;
    (place, (start.since(began) + end.since(start) / 2) / 1_000_000)
}

/// As the screen writes it.
fn shown(ms: u64) -> String {
    format!("(+{}.{:03} s)", ms / 1_000, ms % 1_000)
}

#[test]
fn a_single_look_can_be_at_any_moment() {
    let (place, ms) = stages();
    let (moment, shown) = (format!("+{ms}ms"), shown(ms));
    let (start, then, end) =
        (once(&place, &["--at", "+0s"]), once(&place, &["--at", &moment]), once(&place, &[]));
    let spans = |shown: &Value| shown["run"]["spans"].as_u64().expect("a number");
    assert!(spans(&start) <= 1 && spans(&start) < spans(&then) && spans(&then) < spans(&end));
    assert_eq!(then["processes"][0]["state"], "running");
    assert_eq!(then["run"]["duration_ns"], ms * 1_000_000);
    assert_eq!(end["processes"][0]["state"], "exited");
    let open = then["open"].as_array().expect("rows");
    assert!(open.iter().any(|span| span["name"] == "sum up"), "{open:?}");
    // Where no terminal is, there is one look.
    let page = output(ferret().args(["watch", "--at", &moment]).arg(&place.log));
    assert_eq!(page.code, Some(0), "{}", page.stderr);
    assert!(page.stdout.contains("paused at") && page.stdout.contains(&shown));
    for (at, why) in
        [("2001-01-01T00:00:00Z", "had not begun: it did at 20"), ("+90d", "still to come")]
    {
        let refused = output(ferret().args(["watch", "--once", "--at", at]).arg(&place.log));
        assert_eq!(refused.code, Some(2));
        assert!(refused.stderr.contains(why), "{}", refused.stderr);
    }
}

#[test]
fn a_screen_can_begin_at_a_moment() {
    let (place, ms) = stages();
    let shown = shown(ms);
    let mut screen = watch(&place, &["--at", &format!("+{ms}ms")]);
    screen.see("the moment", |screen| {
        (screen.contains(&shown) && is_live(screen, "sum up")).then_some(())
    });
    screen.press("q");
    assert_eq!(screen.end(), 0);
}
