//! Sorting, marks and histograms of the table of functions.

use super::super::script::{MS, S, Script};
use super::*;
use ferret::event::Outcome;

/// `fast` is called often, `slow` takes long, `bad` fails; `open` goes on.
fn script() -> Script {
    let mut script = Script::default().process("cast", 7).start(1, "open").call(1, "slow", 2 * S);
    script = script.start(1, "bad").wait(MS).end_as(1, Outcome::Panicked);
    for index in 0..10 {
        script = script.call(1, "fast", (index + 1) * MS);
    }
    script
}

fn names(keys: &[Press]) -> Vec<String> {
    script().look(|scene| {
        let mut functions = Functions::default();
        let area = Area { x: 0, y: 2, width: 120, height: 20 };
        for key in keys {
            functions.arrange(scene, None, area);
            if let Press::Click(x, y) = key {
                functions.click(*x, *y);
            } else {
                functions.press(*key);
            }
        }
        functions.arrange(scene, None, area);
        let name = |key| scene.functions.get(key).unwrap().name.clone();
        functions.list.shown_keys().iter().map(|key| name(*key)).collect()
    })
}

#[test]
fn rows_are_sorted_by_the_chosen_column_and_among_equals_by_name() {
    let next = |count| vec![Press::Char('s'); count];
    assert_eq!(names(&[]), ["open", "slow", "fast", "bad"], "by total, with what is open");
    assert_eq!(names(&next(1)), ["slow", "fast", "bad", "open"], "by self");
    assert_eq!(names(&next(7)), ["bad", "fast", "open", "slow"], "by errors");
    assert_eq!(names(&next(8)), ["bad", "fast", "open", "slow"], "by name");
    assert_eq!(names(&next(9)), ["fast", "bad", "slow", "open"], "by calls");
    let reversed = [next(9), vec![Press::Char('S')]].concat();
    assert_eq!(names(&reversed), ["open", "bad", "slow", "fast"]);
}

#[test]
fn a_click_on_a_columns_name_sorts_by_it_and_another_reverses() {
    let name = Press::Click(2, 1);
    assert_eq!(names(&[name]), ["bad", "fast", "open", "slow"]);
    assert_eq!(names(&[name, name]), ["slow", "open", "fast", "bad"]);
}

#[test]
fn what_is_open_counted_or_not_all_there_is_marked() {
    script().look(|scene| {
        let row = |name: &str| scene.functions.rows.iter().find(|row| row.name == name).unwrap();
        let texts = |row: &Function, partial| {
            let cells = cells(row, partial);
            assert_eq!(cells.len(), COLUMNS.len());
            (cells[1].text.clone(), cells[3].text.clone())
        };
        assert_eq!(texts(row("open"), false), ("0 ".into(), "2.06 s+".into()));
        assert_eq!(texts(row("fast"), true), ("≥10 ".into(), "≥55.0 ms ".into()));
        let mut sampled = row("fast").clone();
        sampled.totals.sampled = 5;
        assert_eq!(texts(&sampled, false).0, "10~");
    });
}

#[test]
fn a_histogram_shows_even_a_single_call() {
    assert_eq!(bars(&[0, 1, 1_000, 500, 0]), " ▁█▄ ");
    assert_eq!(bars(&[]), "");
}
