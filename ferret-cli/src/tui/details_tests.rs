//! Which row opens which page, and what keys do on it.

use super::super::script::{MS, S, Script, podcast};
use super::super::ui::Wish;
use super::*;
use ferret::event::LogTime;

const SIZE: (u16, u16) = (80, 24);

/// Presses keys, the screen being arranged anew before each; gives what the screen is then.
fn press(script: &Script, keys: &[Press]) -> Ui {
    let mut ui = Ui::default();
    go_on(script, &mut ui, keys);
    ui
}

fn go_on(script: &Script, ui: &mut Ui, keys: &[Press]) {
    script.look(|scene| {
        let arrange = |ui: &mut Ui| {
            ui.arrange(scene, SIZE.0, SIZE.1);
            if let Some(details) = &mut ui.details {
                details.take(details.info().map(|info| script.facts(info)));
                ui.arrange(scene, SIZE.0, SIZE.1);
            }
        };
        for key in keys {
            arrange(ui);
            ui.press(*key, LogTime(5));
        }
        arrange(ui);
    });
}

/// Which function the page is about that keys open.
#[track_caller]
fn check(keys: &[Press], expect: Option<&str>) {
    let ui = press(&podcast(), keys);
    let info = ui.details.as_ref().and_then(Details::info);
    assert_eq!(info.map(|info| &*info.name), expect, "{keys:?}");
}

#[test]
fn enter_opens_the_page_of_what_is_selected_in_every_view() {
    use Press::{Char, Down, Enter, Up};
    check(&[Down, Down, Enter], Some("run"));
    check(&[Down, Enter], None);
    check(&[Char('p'), Up, Enter], Some("transcription"));
    check(&[Char('P'), Up, Enter], Some("decode_frame"));
    check(&[Char('2'), Down, Enter], Some("run"));
    check(&[Char('3'), Down, Enter], Some("transcription"));
    check(&[Char('3'), Char('g'), Enter], Some("rss_feed_fetch"));
    check(&[Char('4'), Enter], None);
    check(&[Char('5'), Down, Enter], None);
    check(&[Char('2'), Enter], None);
    assert!(press(&podcast(), &[Char('2'), Enter]).notice.is_some());
}

#[test]
fn a_row_that_is_no_span_folds_on_enter() {
    let ui = press(&podcast(), &[Press::Down, Press::Enter]);
    assert_eq!(ui.rows[1].open, Some(false));
}

#[test]
fn the_page_closes_by_key_and_other_views_take_its_place() {
    use Press::{Char, Down, Enter, Esc, Tab};
    for key in [Esc, Enter, Char('q')] {
        let ui = press(&podcast(), &[Char('2'), Down, Enter, key]);
        assert!(ui.details.is_none() && ui.view == View::Functions, "{key:?}");
        assert!(ui.functions.list.selected().is_some(), "{key:?}");
    }
    let ui = press(&podcast(), &[Char('2'), Down, Enter, Char('3')]);
    assert!(ui.details.is_none() && ui.view == View::Stages);
    let ui = press(&podcast(), &[Char('2'), Down, Enter, Tab]);
    assert!(ui.details.is_none() && ui.view == View::Stages);
    let mut ui = press(&podcast(), &[Char('2'), Down, Enter]);
    assert_eq!(ui.press(Press::Ctrl('c'), LogTime(0)), Some(Wish::Quit));
    assert_eq!(ui.press(Char('y'), LogTime(0)), Some(Wish::Copy));
    assert!(ui.details.is_some());
}

#[test]
fn it_scrolls_and_stays_inside() {
    let page = |keys: &[Press]| {
        let first = [Press::Char('P'), Press::Up, Press::Enter];
        let ui = press(&podcast(), &[&first[..], keys].concat());
        let details = ui.details.unwrap();
        (details.top, details.lines.len() - details.page)
    };
    let (_, last) = page(&[]);
    assert!(last > 20, "{last}");
    assert_eq!(page(&[Press::Down, Press::Down, Press::Up]).0, 1);
    assert_eq!(page(&[Press::Up]).0, 0);
    assert_eq!(page(&[Press::Char('G'), Press::Down]).0, last);
    assert_eq!(page(&[Press::Char('G'), Press::PageDown, Press::Char('g')]).0, 0);
    assert_eq!(page(&[Press::WheelDown, Press::Left]).0, 3);
}

#[test]
fn of_a_span_that_ends_meanwhile_the_last_that_was_known_stays() {
    let script = Script::default().process("cast", 7).start(1, "run").start(1, "read").wait(S);
    let mut ui =
        press(&script, &[Press::Down, Press::Down, Press::Down, Press::Down, Press::Enter]);
    let script = script.end(1).wait(S);
    go_on(&script, &mut ui, &[]);
    let details = ui.details.unwrap();
    assert_eq!(details.info().unwrap().name, "read");
    assert!(details.is_over && details.span[0].starts_with("open for 1.0 s"), "{details:?}");
}

#[test]
fn of_a_row_that_is_gone_there_is_no_page() {
    let script = Script::default().process("cast", 7).start(1, "run").wait(S);
    let mut ui = press(&script, &[Press::Down, Press::Down, Press::Down]);
    ui.press(Press::Enter, LogTime(0));
    go_on(&script.end(1).wait(MS), &mut ui, &[]);
    assert!(ui.details.is_none() && ui.notice.is_some());
}

/// A gap behind the last figure of a row took its place where there was just room for it.
#[test]
fn a_row_of_figures_is_never_wider_than_there_is_room() {
    let script = podcast();
    let keys = "2/decode".chars().map(Press::Char);
    let keys: Vec<Press> = keys.chain([Press::Enter, Press::Down, Press::Enter]).collect();
    for width in 40..200 {
        let mut ui = press(&script, &keys);
        script.look(|scene| ui.arrange(scene, width, 24));
        let details = ui.details.as_ref().unwrap();
        let behind_place = details.lines.iter().skip_while(|line| !line.is_empty()).skip(1);
        let figures: Vec<_> = behind_place.take_while(|line| !line.is_empty()).collect();
        assert!(figures.len() > 1);
        for line in figures {
            let columns: usize = line.iter().map(|(_, piece)| crate::text::width(piece)).sum();
            assert!(columns <= usize::from(width) - 2, "{columns} of {width}: {line:?}");
        }
    }
}
