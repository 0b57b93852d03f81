//! The screens as text, at the sizes that people have.

use super::script::{MS, S, Script, podcast};
use super::ui::{Press, Ui};
use super::view::{self, Colours};
use ferret::event::{EndKind, LogTime, Outcome, TagValue};
use ratatui::Terminal;
use ratatui::backend::TestBackend;

/// Presses keys on a screen of that size, and gives what it then shows.
pub(super) fn screen(script: &Script, width: u16, height: u16, keys: &[Press]) -> String {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    let mut ui = Ui::default();
    script.look(|scene| {
        let arrange = |ui: &mut Ui| {
            let areas = ui.arrange(scene, width, height);
            let Some(details) = &mut ui.details else { return areas };
            details.take(details.info().map(|info| script.facts(info)));
            ui.arrange(scene, width, height)
        };
        for key in keys {
            arrange(&mut ui);
            ui.press(*key, LogTime(0));
        }
        let areas = arrange(&mut ui);
        terminal
            .draw(|frame| view::draw(frame, scene, &ui, &areas, Colours::Sixteen))
            .map(|_| ())
            .unwrap();
    });
    let text = terminal.backend().to_string();
    // The backend quotes each row, and says after it which cells a wide letter covers.
    let row = |row: &str| row.split('"').nth(1).unwrap_or_default().trim_end().to_owned() + "\n";
    text.lines().map(row).collect()
}

#[test]
fn a_program_at_work() {
    for (width, height) in [(60, 15), (80, 24), (120, 40), (200, 60)] {
        insta::assert_snapshot!(
            format!("at_work_{width}x{height}"),
            screen(&podcast(), width, height, &[])
        );
    }
}

/// What lives of a podcast's memory.
fn with_heap(mut script: Script) -> Script {
    script = script.heap(None, 91_400, 120_000);
    for (name, live, peak) in [("Whisper::full", 80_000, 95_000), ("decode_frame", 700, 9_000)] {
        script = script.heap(Some(name), live, peak);
    }
    script.heap(Some("summarize"), 0, 40)
}

#[test]
fn a_program_whose_allocator_tells() {
    let script = with_heap(podcast());
    for (width, height) in [(80, 24), (120, 40)] {
        insta::assert_snapshot!(
            format!("heap_{width}x{height}"),
            screen(&script, width, height, &[])
        );
    }
    for (width, height) in [(20, 5), (60, 15), (100, 20), (300, 100)] {
        screen(&script, width, height, &[]);
    }
}

/// Charts, counters, heap and stages have to share what room there is.
#[test]
fn a_program_that_counts_and_whose_allocator_tells() {
    let mut script = with_heap(podcast());
    for name in ["episodes", "bytes read", "queue depth"] {
        script = script.count(name, 12.0, false);
    }
    for (width, height) in [(60, 15), (80, 24), (120, 40)] {
        insta::assert_snapshot!(
            format!("heap_and_counters_{width}x{height}"),
            screen(&script, width, height, &[])
        );
    }
}

#[test]
fn a_program_that_crashed_shows_what_was_open() {
    let script = podcast().ends(EndKind::Lost).wait(3_600 * S);
    insta::assert_snapshot!("crashed_80x24", screen(&script, 80, 24, &[]));
}

#[test]
fn a_program_that_ended_well() {
    let script = podcast().end(3).end(3).end(1).end(1).end(1).ends(EndKind::Exited(Some(0)));
    insta::assert_snapshot!("ended_80x24", screen(&script.wait(60 * S), 80, 24, &[]));
}

#[test]
fn three_processes_of_a_run_are_shown_and_summed() {
    let mut script = Script::default();
    for (name, pid) in [("server", 100), ("worker", 101), ("worker", 102)] {
        script = script.process(name, pid).start(1, "serve").metric(50.0, 100, 3).wait(100 * MS);
    }
    insta::assert_snapshot!("three_processes_80x24", screen(&script, 80, 24, &[]));
}

#[test]
fn a_thousand_threads_are_grouped() {
    let mut script = Script::default().process("pool", 7);
    for id in 2..1_002 {
        script = script.thread(id, &format!("worker-{id}")).start(id, "serve");
        script = if id % 10 == 0 { script.start(id, "query") } else { script };
        script = if id > 900 { script.end(id) } else { script };
    }
    let script = script.wait(5 * S);
    insta::assert_snapshot!("thousand_threads_80x24", screen(&script, 80, 24, &[]));
    let down = [Press::Down, Press::Down, Press::Enter, Press::Char('G')];
    insta::assert_snapshot!("thousand_threads_unfolded_80x24", screen(&script, 80, 24, &down));
}

#[test]
fn a_deep_stack_shows_its_ends() {
    let mut script = Script::default().process("recurse", 7);
    for depth in 0..1_000 {
        script = script.start(1, &format!("level_{depth}"));
    }
    insta::assert_snapshot!("deep_80x24", screen(&script.wait(S), 80, 24, &[]));
}

#[test]
fn tasks_are_shown_waiting_and_running() {
    let mut script = Script::default().process("async", 7).thread(2, "tokio-1");
    script = script.task(1, "serve").enter(1).start(1, "parse").wait(40 * MS);
    for _ in 0..300 {
        script = script.task(2, "fetch");
    }
    script = script.wait(S).enter(2).wait(10 * MS).exit(2).wait(2 * S);
    insta::assert_snapshot!("tasks_80x24", screen(&script, 80, 24, &[]));
}

/// A server at work: connections wait, some of them for their first poll, and it counts them.
fn server() -> Script {
    let mut script = Script::default().process("server", 7).thread(2, "tokio-1").thread(3, "pool");
    script = script.metric(35.0, 80, 4).start(1, "accept_loop").start_under(3, "compact", 1);
    for second in 0..12_u32 {
        script = script.wait(S).metric(40.0 + f64::from(second), 80 + u64::from(second), 4);
        for _ in 0..second * 3 {
            script = script.create(1, "handle").first_poll(2).exit(2).count("requests", 1.0, false);
        }
        script = script.count("queue depth", f64::from(second * second), true);
        script = script.count("bytes sent", 1.5e6, false);
    }
    for _ in 0..7 {
        script = script.create(1, "handle");
    }
    script.create(1, "upgrade").first_poll(2).start(2, "handshake").wait(1_300 * MS)
}

#[test]
fn a_server_shows_its_tasks_and_counters() {
    for (width, height) in [(60, 15), (80, 24), (120, 40), (200, 60)] {
        insta::assert_snapshot!(
            format!("server_{width}x{height}"),
            screen(&server(), width, height, &[])
        );
    }
}

#[test]
fn counters_that_have_no_room_are_counted() {
    let mut script = server();
    for index in 0..40 {
        script = script.count(&format!("cache::{index}::a_rather_long_name_of_hits"), 1e9, false);
        script = script.count("wild", f64::NAN, true).count("vast", f64::MAX, false);
    }
    insta::assert_snapshot!("many_counters_80x24", screen(&script, 80, 24, &[]));
    insta::assert_snapshot!("many_counters_120x40", screen(&script, 120, 40, &[]));
    for width in [1, 7, 20, 45, 60, 99, 100, 150, 300] {
        for height in [1, 5, 15, 19, 26, 50, 100] {
            screen(&script, width, height, &[Press::Down]);
        }
    }
}

#[test]
fn wide_names_are_cut_and_push_nothing_off() {
    let script = Script::default()
        .process("音声認識パイプライン", 7)
        .start(1, "音声認識::長い名前の関数がここにあります::とても長い")
        .tag(1, "ファイル", TagValue::Text("a\u{1b}[31mred".to_owned()))
        .start(1, &"very_long_module_name::".repeat(10))
        .wait(75 * S);
    insta::assert_snapshot!("wide_names_60x15", screen(&script, 60, 15, &[]));
}

#[test]
fn losses_and_errors_are_told() {
    let script = podcast().dropped(1, 1_234).end_as(3, Outcome::Panicked);
    insta::assert_snapshot!("losses_80x24", screen(&script, 80, 24, &[]));
}

#[test]
fn help_pause_and_focus() {
    let script = podcast();
    insta::assert_snapshot!("help_80x24", screen(&script, 80, 24, &[Press::Char('?')]));
    insta::assert_snapshot!("help_60x15", screen(&script, 60, 15, &[Press::Char('?')]));
    let more = [Press::Char('?'), Press::Char('?')];
    insta::assert_snapshot!("help_more_60x15", screen(&script, 60, 15, &more));
    let keys = [Press::Char(' '), Press::Char('P'), Press::Up, Press::Up];
    insta::assert_snapshot!("paused_recent_80x24", screen(&script, 80, 24, &keys));
}

#[test]
fn a_past_moment_has_keys_and_help_of_its_own() {
    let script = podcast();
    for (width, height) in [(60, 15), (120, 40)] {
        let paused = screen(&script, width, height, &[Press::Home]);
        insta::assert_snapshot!(format!("travel_{width}x{height}"), paused);
        let help = screen(&script, width, height, &[Press::Home, Press::Char('?')]);
        insta::assert_snapshot!(format!("travel_help_{width}x{height}"), help);
    }
    for width in [1, 2, 7, 20, 45, 60, 99, 100, 150, 300] {
        for height in [1, 2, 3, 5, 9, 15, 20, 50] {
            screen(&script, width, height, &[Press::Home, Press::Char('?')]);
            screen(&script, width, height, &[Press::Home, Press::Char(' ')]);
        }
    }
}

#[test]
fn a_program_that_recorded_nothing_says_why() {
    let script = Script::default().process("plain", 7).wait(S);
    insta::assert_snapshot!("nothing_yet_60x15", screen(&script, 60, 15, &[]));
}

#[test]
fn any_size_is_drawn() {
    let script = podcast();
    for width in [1, 2, 7, 20, 45, 60, 99, 100, 150, 300] {
        for height in [1, 2, 3, 5, 9, 15, 20, 50, 100] {
            screen(&script, width, height, &[Press::Char('?'), Press::Esc, Press::Down]);
        }
    }
}

#[test]
fn a_page_has_room_for_all_of_it() {
    let script = podcast();
    let page = script.look(|scene| {
        let mut ui = Ui::default();
        let areas = ui.arrange_page(scene, 100, 200, 10);
        view::page(scene, &ui, &areas).join("\n")
    });
    insta::assert_snapshot!("page_100", page);
    let page = server().look(|scene| {
        let mut ui = Ui::default();
        let areas = ui.arrange_page(scene, 100, 200, 10);
        view::page(scene, &ui, &areas).join("\n")
    });
    insta::assert_snapshot!("page_server_100", page);
}
