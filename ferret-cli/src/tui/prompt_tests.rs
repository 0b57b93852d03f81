//! Writing a filter, key by key.

use super::super::ui::Wish;
use super::*;
use ferret::event::LogTime;

/// Types what is given after `/`; keys other than letters stand in angle brackets.
fn typed(ui: &mut Ui, keys: &str) {
    for piece in keys.split_inclusive(['<', '>']) {
        let key = piece.strip_suffix('>').and_then(|name| {
            Some(match name {
                "enter" => Press::Enter,
                "esc" => Press::Esc,
                "back" => Press::Backspace,
                "del" => Press::Delete,
                "left" => Press::Left,
                "right" => Press::Right,
                "home" => Press::Home,
                "end" => Press::End,
                "up" => Press::Up,
                "down" => Press::Down,
                "^u" => Press::Ctrl('u'),
                "^w" => Press::Ctrl('w'),
                "^k" => Press::Ctrl('k'),
                _ => return None,
            })
        });
        match key {
            Some(key) => assert_eq!(ui.press(key, LogTime(0)), None),
            None => {
                for letter in piece.trim_end_matches('<').chars() {
                    assert_eq!(ui.press(Press::Char(letter), LogTime(0)), None, "{letter}");
                }
            }
        }
    }
}

/// What is shown after keys: the line with `|` for the cursor, if it is open, and the filter.
#[track_caller]
fn check(keys: &str, line: Option<&str>, filter: &str) {
    let mut ui = Ui::default();
    typed(&mut ui, keys);
    let with_cursor = |prompt: &Prompt| {
        format!("{}|{}", &prompt.text[..prompt.cursor], &prompt.text[prompt.cursor..])
    };
    assert_eq!(ui.prompt.as_ref().map(with_cursor).as_deref(), line, "{keys}");
    assert_eq!(ui.filter.map(|filter| filter.to_string()).unwrap_or_default(), filter, "{keys}");
}

#[test]
fn what_is_written_filters_at_once_and_stays_after_enter() {
    check("/", Some("|"), "");
    check("/dec", Some("dec|"), "dec");
    check("/dec<enter>", None, "dec");
    check("/qy?f1<enter>", None, "qy?f1");
    check("/dec<enter>/ode", Some("decode|"), "decode");
}

#[test]
fn what_cannot_be_read_leaves_the_last_filter_that_could_and_the_line_open() {
    check("/dec & (", Some("dec & (|"), "dec");
    check("/dec & (<enter>", Some("dec & (|"), "dec");
    check("/dec & (<back><back><back><enter>", None, "dec");
    check("/colour:red<enter>", Some("colour:red|"), "colour");
}

#[test]
fn esc_brings_back_what_was_and_nothing_written_is_no_filter() {
    check("/dec<esc>", None, "");
    check("/dec<enter>/ode<esc>", None, "dec");
    check("/dec<enter>/<^u>", Some("|"), "");
    check("/dec<enter>/<^u><enter>", None, "");
    check("/  <enter>", None, "");
}

#[test]
fn the_line_is_edited_as_a_shells() {
    check("/abc<left><left>x", Some("ax|bc"), "axbc");
    check("/abc<home>x<end>y", Some("xabcy|"), "xabcy");
    check("/abc<home><left><del>", Some("|bc"), "bc");
    check("/abc<right><back><back><back><back><back>", Some("|"), "");
    check("/one & two <^w>", Some("one & |"), "one & two");
    check("/one <^w><^w><^w>", Some("|"), "");
    check("/one two<home><right><^k>", Some("o|"), "o");
    check("/音e\u{301}<left><left>", Some("|音e\u{301}"), "音e\u{301}");
    check("/音e\u{301}<back>", Some("音|"), "音");
}

#[test]
fn earlier_filters_are_recalled_the_latest_first() {
    let three = "/a<enter>/<^u>b<enter>/<^u>a<enter>/<^u>";
    check(&format!("{three}draft<up>"), Some("a|"), "a");
    check(&format!("{three}draft<up><up>"), Some("b|"), "b");
    check(&format!("{three}draft<up><up><up><up>"), Some("b|"), "b");
    check(&format!("{three}draft<up><up><down><down><down>"), Some("draft|"), "draft");
    check("/<up>", Some("|"), "");
}

#[test]
fn a_line_without_end_is_cut_and_ctrl_c_quits() {
    let mut ui = Ui::default();
    typed(&mut ui, &format!("/{}", "x".repeat(5_000)));
    assert_eq!(ui.prompt.as_ref().unwrap().text.len(), LONGEST);
    assert_eq!(ui.press(Press::Ctrl('c'), LogTime(0)), Some(Wish::Quit));
}

/// The window of the line that is shown, with the cursor and the caret below.
#[track_caller]
fn check_shown(keys: &str, columns: usize, expect: &str) {
    let mut ui = Ui::default();
    typed(&mut ui, keys);
    let shown = ui.prompt.unwrap().shown(columns);
    let caret = shown.caret.map_or(String::new(), |at| format!("\n{}^", " ".repeat(at)));
    assert_eq!(format!("{} {}{caret}", shown.text, shown.cursor), expect);
    assert!(text::width(&shown.text) <= columns, "{shown:?}");
    assert!(columns == 0 || shown.cursor < columns, "{shown:?}");
}

#[test]
fn a_long_line_shows_what_is_around_the_cursor() {
    check_shown("/abcdef", 10, "abcdef 6");
    check_shown("/abcdef", 4, "def 3");
    check_shown("/abcdef<home>", 4, "abcd 0");
    check_shown("/音声認識", 6, "認識 4");
    check_shown("/ab & ", 10, "ab &  5\n     ^");
    check_shown("/x:y & abcdef", 8, " abcdef 7");
    check_shown("/ab cd", 20, "ab cd 5\n   ^");
    for columns in 0..12 {
        let mut ui = Ui::default();
        typed(&mut ui, "/a音b声 & (c");
        ui.prompt.unwrap().shown(columns);
    }
}

#[test]
fn what_is_pasted_is_written_and_commands_nothing() {
    let mut ui = Ui::default();
    for letter in "q\ny".chars() {
        assert_eq!(ui.press(Press::Pasted(letter), LogTime(0)), None);
    }
    typed(&mut ui, "/");
    for letter in "dec\node\n".chars() {
        ui.press(Press::Pasted(letter), LogTime(0));
    }
    assert_eq!(ui.prompt.map(|prompt| prompt.text).as_deref(), Some("decode"));
}

#[test]
fn whatever_is_pressed_the_line_holds() {
    let keys = [
        Press::Char('a'),
        Press::Char('音'),
        Press::Char('\u{301}'),
        Press::Char(' '),
        Press::Char('&'),
        Press::Char('"'),
        Press::Char('('),
        Press::Backspace,
        Press::Delete,
        Press::Left,
        Press::Right,
        Press::Home,
        Press::End,
        Press::Up,
        Press::Down,
        Press::Enter,
        Press::Ctrl('w'),
        Press::Ctrl('u'),
        Press::Ctrl('k'),
        Press::Tab,
        Press::Click(3, 3),
    ];
    let mut ui = Ui::default();
    let mut random = 1_u64;
    for _ in 0..20_000 {
        // Knuth's, of which the upper bits are good.
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let key = keys[usize::try_from(random >> 33).unwrap() % keys.len()];
        if ui.prompt.is_none() {
            ui.press(Press::Char('/'), LogTime(0));
        }
        ui.press(key, LogTime(0));
        let Some(prompt) = &ui.prompt else { continue };
        assert!(prompt.text.is_char_boundary(prompt.cursor), "{prompt:?}");
        for columns in [1, 2, 5, 80] {
            let shown = prompt.shown(columns);
            assert!(shown.cursor <= columns, "{shown:?} of {prompt:?}");
            assert!(text::width(&shown.text) <= columns, "{shown:?} of {prompt:?}");
        }
    }
}

#[test]
fn a_new_run_leaves_the_line_open() {
    let mut ui = Ui::default();
    typed(&mut ui, "/a<enter>/b");
    ui.new_run();
    assert_eq!(ui.prompt.map(|prompt| prompt.text).as_deref(), Some("ab"));
    assert_eq!(ui.earlier, ["a"]);
}
