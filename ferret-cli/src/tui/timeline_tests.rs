//! What stands where in the picture, and how keys move it.

use super::super::script::{MS, S, Script};
use super::*;
use ferret::event::Outcome;

/// A thread's rows as text, two columns for a second.
fn rows(script: &Script, keys: &[Press]) -> Vec<String> {
    script.look(|scene| {
        let mut timeline = Timeline::default();
        for key in keys {
            timeline.arrange(scene, None);
            timeline.press(*key);
        }
        timeline.arrange(scene, None);
        let picture = timeline.pictures(scene, None, 20).next().unwrap();
        let names = scene.names(picture.log);
        let row = |row: &Vec<Span>| {
            let mut line = String::new();
            for span in row {
                line.extend(std::iter::repeat_n(' ', usize::from(span.from) - text::width(&line)));
                line += &bar(
                    names.span_name(span.path),
                    usize::from(span.until - span.from),
                    span.many,
                );
            }
            line
        };
        picture.rows.iter().map(row).collect()
    })
}

/// `run` for ten seconds: `load` for two of them, a pause, `work` in four parts that go on.
fn script() -> Script {
    let script = Script::default().process("cast", 7).start(1, "run").call(1, "load", 2 * S);
    let script = script.wait(2 * S).start(1, "work");
    let script = script.wait(2 * S).start(1, "bad").wait(S).end_as(1, Outcome::Err);
    script.wait(3 * S)
}

#[test]
fn spans_stand_where_their_time_is_and_open_ones_go_on_to_now() {
    let expect = ["▎run────────────────", "▎l…d    ▎work───────", "            ▎─"];
    assert_eq!(rows(&script(), &[]), expect);
}

#[test]
fn spans_too_short_to_be_told_apart_are_one_dotted_line() {
    let mut script = Script::default().process("cast", 7);
    for _ in 0..200 {
        script = script.call(1, "step", 40 * MS).wait(10 * MS);
    }
    assert_eq!(rows(&script, &[]), ["▎step┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄"]);
    let near = [Press::Char('+'); 6];
    assert_eq!(rows(&script, &near), ["▎step  ▎step ▎step"], "nearer they are three");
}

#[test]
fn zooming_in_shows_less_time_and_panning_other_time() {
    assert_eq!(rows(&script(), &[Press::Char('+')])[2], "    ▎bad");
    let early = rows(&script(), &[Press::Char('+'), Press::Left, Press::Left, Press::Left]);
    assert!(early[1].starts_with("▎"), "{early:?}");
    let there_and_back = [Press::Left, Press::Right];
    assert_eq!(rows(&script(), &there_and_back), rows(&script(), &[]));
    let back_by_key = [Press::Left, Press::Left, Press::Char('G')];
    assert_eq!(rows(&script(), &back_by_key), rows(&script(), &[]));
}

#[test]
fn the_window_stays_within_reason() {
    let mut timeline = Timeline::default();
    for key in ['+', '-'] {
        for _ in 0..200 {
            timeline.press(Press::Char(key));
        }
    }
    assert_eq!(timeline.window_ns, WIDEST_NS);
    let short = Script::default().wait(60 * S).process("cast", 7).call(1, "load", 3 * MS);
    assert_eq!(rows(&short, &[])[0].trim_start(), "▎", "a column, however short it was");
}
