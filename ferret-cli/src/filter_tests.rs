//! What a filter lets through.

use super::*;

/// A span of `app::audio`'s `Decoder::next` on `worker-2` that took 150 ms; no row of a table.
struct Span;

impl Subject for Span {
    #[expect(clippy::wildcard_enum_match_arm, reason = "it has no other")]
    fn value(&self, field: Field) -> Value<'_> {
        match field {
            Field::Name => Value::Text("Decoder::next".into()),
            Field::Module => Value::Text("app::audio".into()),
            Field::Thread => Value::Text("worker-2".into()),
            Field::Outcome => Value::Text("err".into()),
            Field::Dur => Value::Number(150e6),
            Field::Rss => Value::Nothing,
            Field::Tag => Value::Text("user=42 route=GET /".into()),
            _ => Value::Foreign,
        }
    }

    fn tag(&self, key: &str) -> Value<'_> {
        match key {
            "user" => Value::Number(42.0),
            "route" => Value::Text("GET /".into()),
            _ => Value::Nothing,
        }
    }
}

#[track_caller]
fn check(filter: &str, expect: Option<bool>) {
    let parsed: Filter = filter.parse().unwrap();
    assert_eq!(parsed.test(&Span), expect, "{filter}: {parsed:?}");
}

#[track_caller]
fn check_error(filter: &str, part: &str) {
    let error = filter.parse::<Filter>().unwrap_err().to_string();
    assert!(error.contains(part), "{filter}: {error}");
}

#[test]
fn a_word_is_part_of_the_name_in_any_case() {
    check("decod", Some(true));
    check("NEXT", Some(true));
    check("\"decoder::next\"", Some(true));
    check("Decoder::n", Some(true));
    check("audio::decoder", Some(true));
    check("audio", Some(false));
    check("prev", Some(false));
}

#[test]
fn a_field_has_a_text_or_is_it() {
    check("thread:worker", Some(true));
    check("thread:\"worker-2\"", Some(true));
    check("thread = worker-2", Some(true));
    check("thread = worker", Some(false));
    check("thread!=worker", Some(true));
    check("module:audio", Some(true));
    check("outcome:err", Some(true));
}

#[test]
fn numbers_are_compared_in_their_units() {
    check("dur > 100ms", Some(true));
    check("dur>=150ms", Some(true));
    check("dur < 0.15s", Some(false));
    check("dur <= 150000us", Some(true));
    check("dur = 150ms", Some(true));
    check("rss > 0", Some(false));
    check("!(rss > 0)", Some(true));
}

#[test]
fn a_tag_is_asked_for_by_its_name_and_what_it_says() {
    check("tag:user", Some(true));
    check("tag:get", Some(true));
    check("tag:user=42", Some(true));
    check("tag:USER = 42", Some(true));
    check("tag:user != 42", Some(false));
    check("tag:user >= 42.0", Some(true));
    check("tag:user = bob", Some(false));
    check("tag:user != bob", Some(true));
    check("tag:route = \"get /\"", Some(true));
    check("tag:other = 1", Some(false));
    check("!tag:other", Some(true));
    check_error("tag:user > bob", "tag:key > 42");
    check_error("tag:user >", "no value follows");
}

/// The caret stands below where it goes wrong.
#[track_caller]
fn check_place(filter: &str, caret: &str) {
    let error = filter.parse::<Filter>().unwrap_err();
    assert_eq!(" ".repeat(error.at) + "^", caret, "{filter}: {error}");
}

#[test]
fn an_error_says_where_it_is() {
    check_place("", "^");
    check_place("load &", "      ^");
    check_place("& load", "^");
    check_place("load slow", "     ^");
    check_place("load & (slow", "       ^");
    check_place("load & \"slow", "       ^");
    check_place("load & colour:red", "       ^");
    check_place("dur > 100", "      ^");
    check_place("dur > ", "      ^");
    check_place("thread > 5", "         ^");
}

#[test]
fn a_field_that_nearly_is_one_is_named() {
    let brief = |filter: &str| filter.parse::<Filter>().unwrap_err().fault.brief();
    assert_eq!(brief("duration > 1s"), "no field duration, is it dur?");
    assert_eq!(brief("proc:x"), "no field proc, is it process?");
    assert!(brief("colour:red").starts_with("no field colour: name"));
}

#[test]
fn and_binds_before_or_and_not_before_both() {
    check("next & dur > 100ms & !thread:worker-1", Some(true));
    check("prev & next | thread:worker-2", Some(true));
    check("prev & (next | thread:worker-2)", Some(false));
    check("!prev & next", Some(true));
    check("!!next", Some(true));
    check("next && !prev || prev", Some(true));
}

#[test]
fn what_the_subject_does_not_know_decides_only_if_it_must() {
    check("calls > 10", None);
    check("next & calls > 10", None);
    check("prev & calls > 10", Some(false));
    check("next | calls > 10", Some(true));
    check("!(calls > 10)", None);
    let filter: Filter = "next & calls > 10".parse().unwrap();
    assert!(filter.allows(&Span));
}

#[test]
fn what_cannot_be_read_is_told_with_a_way_out() {
    check_error("", "nothing stands at its end");
    check_error("a &", "nothing stands at its end");
    check_error("& a", "nothing stands before &");
    check_error("a b", "neither & nor |");
    check_error("(a", "a bracket is not closed");
    check_error("a)", "neither & nor |");
    check_error("\"a", "a quote is not closed");
    check_error("colour:red", "no field \"colour\"");
    check_error("duration > 1s", "no field \"duration\"");
    check_error("dur > 100", "dur > 250ms");
    check_error("dur >", "no value follows dur");
    check_error("thread > 5", "thread:part");
    check_error(&"(".repeat(10_000), "nested");
    check_error(&"!".repeat(10_000), "nested");
}
