//! Keys and clicks, and what they make of the screen.

use super::super::script::{S, Script};
use super::super::stack::What;
use super::*;
use ferret::event::{CallsiteInfo, CallsiteKind};

const SIZE: (u16, u16) = (80, 24);

/// Presses keys one by one, the screen being arranged anew before each.
fn press(keys: &[Press]) -> (Ui, Vec<Option<Wish>>) {
    let script = Script::default().process("cast", 7).thread(2, "worker");
    let script = script.start(1, "run").start(1, "read").start(2, "work").mark(1, "m").wait(S);
    script.look(|scene| {
        let mut ui = Ui::default();
        let wishes = keys.iter().map(|key| {
            ui.arrange(scene, SIZE.0, SIZE.1);
            ui.press(*key, LogTime(5))
        });
        let wishes = wishes.collect();
        ui.arrange(scene, SIZE.0, SIZE.1);
        (ui, wishes)
    })
}

#[test]
fn quitting_suspending_and_repainting_are_wishes() {
    let keys = [Press::Char('q'), Press::Ctrl('c'), Press::Ctrl('z'), Press::Ctrl('l')];
    let wishes = [Wish::Quit, Wish::Quit, Wish::Suspend, Wish::Repaint];
    assert_eq!(press(&keys).1, wishes.map(Some));
}

#[test]
fn space_stops_the_picture_at_that_moment_and_lets_it_go_on() {
    let (ui, wishes) = press(&[Press::Char(' ')]);
    assert_eq!(ui.travel.at(), Some(LogTime(5)));
    assert_eq!(wishes, [Some(Wish::Go(Go::To(LogTime(5))))]);
    let (ui, wishes) = press(&[Press::Char(' '), Press::Char(' ')]);
    assert_eq!((ui.travel.at(), wishes[1]), (None, Some(Wish::Go(Go::Live))));
}

#[test]
fn any_key_closes_the_help_and_does_nothing_else() {
    let (ui, wishes) = press(&[Press::Char('?'), Press::Char('q')]);
    assert_eq!((ui.help, wishes), (false, vec![None, None]));
    let (_, wishes) = press(&[Press::Char('?'), Press::Ctrl('c')]);
    assert_eq!(wishes[1], Some(Wish::Quit));
}

#[test]
fn the_help_has_pages_where_the_screen_is_small() {
    let script = Script::default().process("cast", 7);
    let pages = |height| {
        let mut ui = Ui::default();
        script.look(|scene| ui.arrange(scene, 60, height));
        ui.press(Press::Char('?'), LogTime(0));
        (0..99)
            .take_while(|_| {
                let is_open = ui.help;
                ui.press(Press::Char('?'), LogTime(0));
                is_open
            })
            .count()
    };
    assert_eq!([40, 24, 15, 3].map(pages), [1, 1, 2, keys::help(true).len()]);
}

#[test]
fn numbers_tab_and_clicks_on_names_change_the_view() {
    let view = |keys: &[Press]| press(keys).0.view;
    assert_eq!(view(&[Press::Char('3')]), View::Stages);
    assert_eq!(view(&[Press::Char('3'), Press::Char('1')]), View::Live);
    assert_eq!(view(&[Press::Char('9')]), View::Live);
    assert_eq!(view(&[Press::Tab]), View::ALL[1]);
    assert_eq!(view(&[Press::Tab, Press::BackTab]), View::Live);
    let last = tabs::tabs(SIZE.0, View::Live).pop().unwrap();
    assert_eq!(view(&[Press::Click(last.x, 1)]), last.view);
    assert_eq!(view(&[Press::Click(last.x, 0), Press::Click(79, 1)]), View::Live);
}

#[test]
fn p_goes_round_the_panels_both_ways() {
    let focus = |keys: &[Press]| press(keys).0.focus;
    assert_eq!(focus(&[Press::Char('p')]), Panel::Stages);
    assert_eq!(focus(&[Press::Char('p'), Press::Char('p')]), Panel::Recent);
    assert_eq!(focus(&[Press::Char('p'); 3]), Panel::Live);
    assert_eq!(focus(&[Press::Char('P')]), Panel::Recent);
}

#[test]
fn a_click_on_a_row_selects_it_and_its_panel_takes_the_keys() {
    let (mut ui, _) = press(&[]);
    let recent = ui.areas.recent;
    let row = ui.recent.shown_keys()[0];
    ui.press(Press::Click(5, recent.y + 1), LogTime(0));
    assert_eq!((ui.focus, ui.recent.selected()), (Panel::Recent, Some(row)));
    ui.press(Press::Click(5, ui.areas.live.y), LogTime(0));
    assert_eq!((ui.focus, ui.live.selected()), (Panel::Live, None));
    ui.press(Press::WheelDown, LogTime(0));
    assert!(ui.live.selected().is_some());
}

#[test]
fn folding_a_span_goes_to_its_thread_and_then_folds_that() {
    let down = [Press::Down; 4];
    let (ui, _) = press(&down);
    let row = |ui: &Ui| ui.rows[ui.live.selected_index().unwrap()];
    assert_eq!(row(&ui).what, What::Frame { index: 1, innermost: true });
    let keys = [&down[..], &[Press::Left, Press::Left]].concat();
    let (ui, _) = press(&keys);
    assert_eq!((row(&ui).what, row(&ui).open), (What::Thread, Some(true)));
    let (ui, _) = press(&[&keys[..], &[Press::Left]].concat());
    assert_eq!((row(&ui).what, row(&ui).open), (What::Thread, Some(false)));
    let (ui, _) = press(&[&keys[..], &[Press::Left, Press::Enter]].concat());
    assert_eq!(row(&ui).open, Some(true));
}

#[test]
fn a_new_run_keeps_the_users_view_panel_and_filter_alone() {
    let (mut ui, _) = press(&[Press::Down, Press::Char('p'), Press::Char(' '), Press::Char('3')]);
    ui.filter = Some("read".parse().unwrap());
    ui.new_run();
    assert_eq!((ui.view, ui.focus), (View::Stages, Panel::Stages));
    assert_eq!((ui.travel.at(), ui.live.selected()), (None, None));
    assert!(ui.filter.is_some());
}

/// In another view another row is selected.
#[test]
fn what_is_jumped_to_is_forgotten_with_its_view() {
    for key in [Press::Tab, Press::Char('3')] {
        let mut ui = Ui::default();
        ui.travel.callsite = Some(CallsiteInfo {
            name: "a".to_owned(),
            module: String::new(),
            file: String::new(),
            line: 0,
            kind: CallsiteKind::Function,
        });
        ui.press(key, LogTime(0));
        assert_eq!(ui.travel.callsite, None, "{key:?}");
    }
}
