//! Keys, the clock, and what they make of the moment.

use super::super::script::{MS, S, Script};
use super::*;

/// The clock goes on by a tenth of a second with each key; what was wanted of the last one.
fn press(travel: &mut Travel, keys: &[Press]) -> Option<Go> {
    let mut go = None;
    for key in keys {
        let now = travel.clock.after(100 * MS);
        go = match travel.press(*key, now, ViewsKeys::default()) {
            Taken::No | Taken::Done => None,
            Taken::Wants(go) => Some(go),
        };
        // Whatever is ordered is there at once.
        match go {
            Some(Go::To(at) | Go::On(at)) => travel.arrive(at),
            Some(Go::Start) => travel.arrive(LogTime(10 * S)),
            _ => {}
        }
    }
    go
}

/// A run that goes on, of which 100 s have passed.
fn running() -> Travel {
    Travel { clock: LogTime(100 * S), ..Travel::default() }
}

fn at(travel: &Travel) -> Option<u64> {
    travel.at().map(|at| at.0 / (100 * MS))
}

const SPACE: Press = Press::Char(' ');

#[test]
fn space_stops_at_the_present_plays_from_there_and_stops_again() {
    let mut travel = running();
    press(&mut travel, &[SPACE]);
    assert_eq!((at(&travel), travel.plays()), (Some(1_001), false));
    travel.tick(LogTime(120 * S));
    assert_eq!(at(&travel), Some(1_001));
    press(&mut travel, &[SPACE]);
    assert!(travel.plays());
    let Some(Go::On(to)) = travel.tick(travel.clock.after(2 * S)) else { panic!() };
    travel.arrive(to);
    assert_eq!(at(&travel), Some(1_021));
    press(&mut travel, &[SPACE]);
    assert_eq!((at(&travel), travel.plays()), (Some(1_021), false));
}

#[test]
fn a_film_that_comes_to_the_present_is_live() {
    let mut travel = running();
    press(&mut travel, &[Press::Char('<'), Press::Char('+'), SPACE]);
    assert_eq!(travel.tick(travel.clock.after(500 * MS)), Some(Go::On(LogTime(100_100 * MS))));
    assert_eq!(travel.tick(travel.clock.after(800 * MS)), Some(Go::Live));
    assert!(travel.is_live());
}

#[test]
fn a_film_goes_as_fast_as_the_keys_say_from_where_it_is() {
    let mut travel = running();
    press(&mut travel, &[Press::Home, SPACE]);
    let second_later = |travel: &mut Travel| {
        let Some(Go::On(to)) = travel.tick(travel.clock.after(S)) else { panic!() };
        let passed = to.0 - travel.at().unwrap().0;
        travel.arrive(to);
        passed / MS
    };
    assert_eq!(second_later(&mut travel), 1_000);
    for (key, expect) in [('+', 2_000), ('+', 5_000), ('-', 2_000), ('-', 1_000), ('-', 500)] {
        press(&mut travel, &[Press::Char(key)]);
        assert_eq!(second_later(&mut travel), expect, "{key}");
    }
    press(&mut travel, &[Press::Char('-'); 20]);
    assert_eq!(second_later(&mut travel), 100);
    press(&mut travel, &[Press::Char('+'); 20]);
    let beyond = travel.tick(travel.clock.after(S));
    assert_eq!(beyond, Some(Go::Live));
}

#[test]
fn arrows_step_where_time_stands_still_and_are_the_views_in_the_present() {
    let step = |from: u64, later: bool| Some(Go::Step { from: LogTime(from * 100 * MS), later });
    assert_eq!(running().press(Press::Left, LogTime(0), ViewsKeys::default()), Taken::No);
    let mut travel = running();
    assert_eq!(press(&mut travel, &[SPACE, Press::Left]), step(1_001, false));
    assert_eq!(press(&mut travel, &[Press::Right]), step(1_001, true));
    // A run that is over stands still; but a row that can be folded is folded.
    let over = Travel { end: Some(LogTime(50 * S)), ..running() };
    assert_eq!(press(&mut over.clone(), &[Press::Left]), step(500, false));
    let moves = ViewsKeys { moves: true, zooms: false };
    assert_eq!(over.clone().press(Press::Left, LogTime(0), moves), Taken::No);
}

#[test]
fn home_and_end_are_the_start_and_the_present() {
    let mut travel = running();
    assert_eq!(press(&mut travel, &[Press::Home]), Some(Go::Start));
    assert_eq!(at(&travel), Some(100));
    assert_eq!(press(&mut travel, &[Press::End]), Some(Go::Live));
    assert!(travel.is_live());
}

#[test]
fn a_second_on_goes_no_further_than_the_present() {
    let mut travel = running();
    assert_eq!(press(&mut travel, &[Press::Char('<'); 3]), Some(Go::To(LogTime(97_100 * MS))));
    assert_eq!(press(&mut travel, &[Press::Char('>')]), Some(Go::To(LogTime(98_100 * MS))));
    assert_eq!(press(&mut travel, &[Press::Char('.'); 3]), Some(Go::Live));
    // Before everything there is nothing to be short of.
    let mut early = Travel::to(LogTime(S / 2));
    assert_eq!(press(&mut early, &[Press::Char(',')]), Some(Go::To(LogTime(0))));
}

#[test]
fn plus_and_minus_are_the_timelines_in_the_timeline() {
    let zooms = ViewsKeys { zooms: true, moves: true };
    assert_eq!(Travel::to(LogTime(5)).press(Press::Char('+'), LogTime(9), zooms), Taken::No);
}

#[test]
fn what_is_jumped_to_is_kept_until_another_key() {
    let info = Script::default()
        .process("p", 1)
        .start(1, "f")
        .look(|scene| scene.names(ferret::event::LogIndex(0)).callsites.values().next().cloned());
    let mut travel = Travel { callsite: info, ..Travel::to(LogTime(5)) };
    press(&mut travel, &[Press::Char('['), Press::Char(']')]);
    assert!(travel.callsite.is_some());
    assert_eq!(travel.press(Press::Down, LogTime(9), ViewsKeys::default()), Taken::No);
    assert!(travel.callsite.is_none());
}

#[test]
fn esc_gives_up_what_is_awaited_and_is_else_the_views() {
    let mut travel = Travel { awaits: Some(0.2), ..Travel::to(LogTime(5)) };
    assert_eq!(press(&mut travel, &[Press::Esc]), Some(Go::GiveUp));
    travel.awaits = None;
    assert_eq!(travel.press(Press::Esc, LogTime(9), ViewsKeys::default()), Taken::No);
}

fn check_badge(travel: &Travel, room: usize, expect: &str) {
    let script = Script::default().process("cast", 7).start(1, "run").wait(95 * S);
    assert_eq!(script.look(|scene| travel.badge(scene, room)), expect);
}

#[test]
fn the_badge_says_the_moment_in_as_many_words_as_have_room() {
    let mut travel = Travel { clock: LogTime(95 * S), ..Travel::to(LogTime(91_400_123_456)) };
    check_badge(&travel, 80, " paused at 11:08:11.400123 (+1m 31.400s), 3.5 s ago ");
    check_badge(&travel, 45, " paused at 11:08:11.400123 (+1m 31.400s) ");
    check_badge(&travel, 30, " paused at 11:08:11.400123 ");
    check_badge(&travel, 5, " ‖ 11:08:11.400123 ");
    travel.awaits = Some(0.431);
    check_badge(&travel, 60, " paused at 11:08:11.400123 (+1m 31.400s), reading 43 % ");
    travel.end = Some(LogTime(95 * S));
    travel.awaits = None;
    check_badge(&travel, 80, " paused at 11:08:11.400123 (+1m 31.400s), 3.60 s before the end ");
    press(&mut travel, &[SPACE]);
    check_badge(&travel, 40, " ▶ 11:08:11.400123 (+1m 31.400s) ");
    press(&mut travel, &[Press::Char('+')]);
    check_badge(&travel, 60, " ▶ 2x 11:08:11.400123 (+1m 31.400s), 3.60 s before the end ");
    check_badge(&running(), 80, "");
}

#[test]
fn the_selected_rows_callsite_is_jumped_to() {
    use super::super::ui::Ui;
    let script = Script::default().process("cast", 7).stage(1, "all").start(1, "run");
    let script = script.call(1, "read", S).mark(1, "half").wait(S);
    let selected = |keys: &[Press]| {
        script.look(|scene| {
            let mut ui = Ui::default();
            for key in keys {
                ui.arrange(scene, 80, 24);
                ui.press(*key, LogTime(0));
            }
            ui.arrange(scene, 80, 24);
            selected(&ui, scene).map(|info| info.name)
        })
    };
    let name = |name: &str| Some(name.to_owned());
    assert_eq!(selected(&[]), None);
    // The process, its thread, and what that runs.
    assert_eq!(selected(&[Press::Down; 2]), None);
    assert_eq!(selected(&[Press::Down; 4]), name("run"));
    assert_eq!(selected(&[Press::Char('p'), Press::Down]), name("all"));
    assert_eq!(selected(&[Press::Char('P'), Press::Up]), name("half"));
    assert_eq!(selected(&[Press::Char('P'), Press::Up, Press::Up]), name("read"));
    assert_eq!(selected(&[Press::Char('2'), Press::Down]), name("all"));
    assert_eq!(selected(&[Press::Char('3'), Press::Down]), name("all"));
    assert_eq!(selected(&[Press::Char('4'), Press::Down]), None);
}

/// The film waited for what was looked for, and jumped back when it was found.
#[test]
fn a_film_does_not_wait_for_what_was_looked_for() {
    let mut travel = running();
    press(&mut travel, &[SPACE, Press::Char('[')]);
    travel.awaits = Some(0.5);
    assert_eq!(press(&mut travel, &[SPACE]), Some(Go::GiveUp));
    assert!(travel.plays());
}
