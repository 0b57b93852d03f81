//! The views beside *Live* as text, at the sizes that people have.

use super::board::Outside;
use super::screens::screen;
use super::script::{MS, S, Script, podcast};
use super::ui::Press;
use ferret::event::{EndKind, Outcome, TagValue};

/// From the smallest screen to the largest.
const SIZES: [(u16, u16); 4] = [(60, 15), (80, 24), (120, 40), (300, 100)];

/// A view of a run, at every size.
fn check(name: &str, script: &Script, keys: &[Press]) {
    for (width, height) in SIZES {
        let shown = screen(script, width, height, keys);
        insta::assert_snapshot!(format!("{name}_{width}x{height}"), shown);
    }
    for width in [1, 2, 7, 20, 45, 100, 150] {
        for height in [1, 2, 3, 5, 9, 10, 50] {
            screen(script, width, height, keys);
        }
    }
}

/// A pipeline of every kind of stage, two of which run at once.
fn pipeline() -> Script {
    let mut script = podcast().end(1).end(1).stage(1, "音声認識::話者分離").wait(S);
    script = script.end_as(1, Outcome::Err).stage(1, &"summarize_with_a_very_long_name_".repeat(4));
    script = script.end_as(1, Outcome::Cancelled);
    script = script.thread(5, "indexer").stage(5, "index").stage(1, "embed");
    for done in 1..=40 {
        script = script.wait(500 * MS).progress(1, done, 1_000).metric(50.0, 242, 6);
    }
    script.wait(200 * MS)
}

#[test]
fn the_pipeline_shows_finished_stages_first_and_running_ones_last() {
    check("stages", &pipeline(), &[Press::Char('3')]);
}

#[test]
fn a_pipeline_that_died_shows_what_was_left_unfinished() {
    let script = pipeline().ends(EndKind::Lost).wait(60 * S);
    let shown = screen(&script, 80, 24, &[Press::Char('3'), Press::Up]);
    insta::assert_snapshot!("stages_crashed_80x24", shown);
}

#[test]
fn a_program_without_stages_says_how_to_make_one() {
    let script = Script::default().process("plain", 7).start(1, "run").wait(S);
    insta::assert_snapshot!("stages_none_60x15", screen(&script, 60, 15, &[Press::Char('3')]));
}

/// Functions of all kinds: fast and slow, with errors, open, of one name, of a long one.
fn functions() -> Script {
    let mut script = podcast().thread(6, "encoder");
    for step in 0..600_u64 {
        script = script.call(2, "decode_frame", 200_000 + step * step * 100);
        script = script.call(6, "音声認識::長い名前の関数がここにあります::とても長い", 90_000);
        script = if step % 50 == 0 {
            script.start(6, "fetch_enclosure").wait(MS).end_as(6, Outcome::Panicked)
        } else {
            script.call(6, &"very_long_module_name::".repeat(4), 40 + step)
        };
    }
    script
}

#[test]
fn functions_are_shown_with_what_they_cost() {
    check("functions", &functions(), &[Press::Char('2')]);
    let by_errors = [Press::Char('2'), Press::Click(74, 3), Press::Down, Press::Down];
    let shown = screen(&functions(), 80, 24, &by_errors);
    insta::assert_snapshot!("functions_by_errors_80x24", shown);
}

#[test]
fn while_the_log_is_read_totals_say_how_much_they_are_of() {
    let mut script = functions();
    (script.board.logs[0].entries, script.board.logs[0].read) = (1_000, 430);
    let shown = screen(&script, 80, 24, &[Press::Char('2')]);
    insta::assert_snapshot!("functions_in_part_80x24", shown);
}

#[test]
fn while_the_past_is_read_the_present_is_shown_and_totals_say_what_they_are_of() {
    let mut past = podcast().count("episodes", 12.0, false).board;
    (past.logs[0].entries, past.logs[0].read) = (1_000, 430);
    let mut script = functions();
    script.past = Some(Box::new(past));
    insta::assert_snapshot!("past_live_80x24", screen(&script, 80, 24, &[]));
    insta::assert_snapshot!("past_functions_80x24", screen(&script, 80, 24, &[Press::Char('2')]));
    // Before anything of it was read.
    script.past = Some(Box::default());
    insta::assert_snapshot!("no_past_80x24", screen(&script, 80, 24, &[Press::Char('2')]));
}

#[test]
fn a_program_that_called_nothing_has_no_table() {
    let script = Script::default().process("plain", 7).wait(S);
    insta::assert_snapshot!("functions_none_60x15", screen(&script, 60, 15, &[Press::Char('2')]));
}

#[test]
fn a_function_is_looked_at_closely() {
    let letters = "2/decode".chars().map(Press::Char);
    let keys: Vec<Press> = letters.chain([Press::Enter, Press::Down, Press::Enter]).collect();
    check("details", &functions(), &keys);
    let below = [&keys[..], &[Press::PageDown]].concat();
    insta::assert_snapshot!("details_below_60x15", screen(&functions(), 60, 15, &below));
}

#[test]
fn a_span_is_looked_at_closely_while_it_is_open_and_when_it_has_ended() {
    let down = [Press::Down; 3];
    let open = [&down[..], &[Press::Enter]].concat();
    check("details_open", &podcast(), &open);
    let ended = [Press::Char('P'), Press::Up, Press::Up, Press::Enter];
    insta::assert_snapshot!("details_ended_80x24", screen(&podcast(), 80, 24, &ended));
    let stage = [Press::Char('3'), Press::Char('g'), Press::Enter];
    insta::assert_snapshot!("details_stage_80x24", screen(&pipeline(), 80, 24, &stage));
}

#[test]
fn a_task_is_looked_at_closely() {
    let mut script = Script::default().process("async", 7).thread(2, "tokio-1");
    script =
        script.start(1, "main").task(1, "serve").enter(2).tag(2, "port", TagValue::Unsigned(80));
    script = script.start(2, "parse").wait(40 * MS).end(2).exit(2).wait(2 * S);
    script = script.enter(2).wait(9 * MS);
    let keys = [Press::Down, Press::Down, Press::Down, Press::Down, Press::Down, Press::Enter];
    insta::assert_snapshot!("details_task_80x24", screen(&script, 80, 24, &keys));
}

/// A server with workers: one idle for long, one stopped, some that ended.
fn family() -> Script {
    let mut script = Script::default();
    let ends = [EndKind::Exited(Some(0)), EndKind::Exited(Some(101)), EndKind::Lost];
    for (pid, end) in (201..).zip(ends) {
        script = script.process("worker", pid).call(1, "work", 40 * MS).ends(end);
    }
    script = script.process("stopped-worker", 104).metric(50.0, 70, 3).wait(70 * S);
    script = script.process("音声認識::長い名前のプロセスがここにあります", 103);
    script = script.metric(0.2, 60, 4).process("server", 4_194_304).start(1, "serve").wait(65 * S);
    for _ in 0..40 {
        script = script.call(1, "request", 10 * MS).metric(187.4, 1_800, 68);
    }
    let outside = Outside {
        cpu_percent: Some(0.0),
        rss_bytes: 71 << 20,
        suspended: true,
        memory_limit: None,
    };
    script.board.logs[3].outside = Some(outside);
    script
}

#[test]
fn processes_are_shown_with_how_they_are_and_what_they_use() {
    check("processes", &family(), &[Press::Char('5')]);
}

#[test]
fn the_last_seconds_are_drawn_thread_by_thread() {
    check("timeline", &podcast(), &[Press::Char('4')]);
    let keys = [Press::Char('4'), Press::Char('-'), Press::Left];
    insta::assert_snapshot!("timeline_wider_80x24", screen(&podcast(), 80, 24, &keys));
}

/// A filter being written, and in force.
#[test]
fn a_filter_is_written_below_with_what_is_wrong_and_shown_above() {
    let keys = |text: &str| -> Vec<Press> { text.chars().map(Press::Char).collect() };
    for (width, height) in SIZES {
        let wrong = screen(&podcast(), width, height, &keys("/decode & dur > 1"));
        insta::assert_snapshot!(format!("filter_wrong_{width}x{height}"), wrong);
    }
    let unknown = screen(&podcast(), 60, 15, &keys("2/decode & colour:red"));
    insta::assert_snapshot!("filter_unknown_60x15", unknown);
    let kept = [keys("/decode & dur > 1ms"), vec![Press::Enter]].concat();
    insta::assert_snapshot!("filtered_80x24", screen(&podcast(), 80, 24, &kept));
    for view in ["2", "3", "4", "5"] {
        let none = [keys("/nothing_has_this"), vec![Press::Enter], keys(view)].concat();
        insta::assert_snapshot!(
            format!("filtered_out_{view}_60x15"),
            screen(&podcast(), 60, 15, &none)
        );
    }
    for width in [1, 2, 7, 20, 45] {
        for height in [1, 2, 3, 5, 7, 8, 9, 10, 50] {
            screen(&podcast(), width, height, &keys("/decode & dur > 1"));
            screen(&podcast(), width, height, &kept);
        }
    }
}

/// A server with a query that hangs, a poll that goes on, and memory that grows.
fn in_trouble() -> Script {
    let mut script = Script::default().process("server", 7).thread(2, "tokio-1").start(1, "serve");
    for second in 0..100_u32 {
        script = script.call(1, "query", 10 * MS).wait(S);
        script = script.metric(30.0, 100 + u64::from(second) * 2, 3);
    }
    script = script.start(1, "query").create(1, "handle").first_poll(2).start(2, "圧縮する");
    script.wait(2 * S).dropped(1, 1_234).metric(30.0, 300, 3)
}

#[test]
fn what_looks_wrong_is_told_with_where_to_look() {
    check("warnings", &in_trouble(), &[Press::Char('!')]);
    insta::assert_snapshot!("warned_80x24", screen(&in_trouble(), 80, 24, &[]));
    insta::assert_snapshot!("warned_120x40", screen(&in_trouble(), 120, 40, &[]));
    let well = Script::default().process("plain", 7);
    insta::assert_snapshot!("warnings_none_60x15", screen(&well, 60, 15, &[Press::Char('!')]));
    let back = [Press::Char('!'), Press::Down, Press::Esc];
    assert_eq!(screen(&in_trouble(), 80, 24, &back), screen(&in_trouble(), 80, 24, &[]));
}
