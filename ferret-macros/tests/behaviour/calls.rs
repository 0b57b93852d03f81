//! Functions and blocks: nesting, and how each way out is told.

use crate::script::check;
use ferret::{mark, profile, span, tag};
use std::panic::{AssertUnwindSafe, catch_unwind};

type Alias<T> = std::result::Result<T, String>;

#[profile]
fn leaf(n: i32) -> Alias<i32> {
    if n < 0 { Err("negative".into()) } else { Ok(n) }
}

#[profile]
fn question_mark(n: i32) -> Result<i32, Box<dyn std::error::Error>> {
    let n = leaf(n)?;
    Ok(n + 1)
}

#[test]
fn an_err_is_seen_through_aliases_and_question_marks() {
    check(
        || {
            question_mark(1).unwrap();
            question_mark(-1).unwrap_err();
        },
        "
        question_mark
          leaf
          leaf: ok
        question_mark: ok
        question_mark
          leaf
          leaf: err
        question_mark: err
        ",
    );
}

#[profile]
fn generic<T, E>(result: Result<T, E>) -> Result<T, E> {
    result
}

#[profile]
fn of_any_type<T>(value: T) -> T {
    value
}

#[profile]
fn io(fail: bool) -> std::io::Result<()> {
    if fail {
        std::fs::read("/no/such/file")?;
    }
    Ok(())
}

#[profile]
fn opaque(good: bool) -> Result<impl Iterator<Item = u32>, std::fmt::Error> {
    if good { Ok(0..3) } else { Err(std::fmt::Error) }
}

#[test]
fn the_kind_of_result_does_not_matter() {
    check(
        || {
            generic(Err::<u8, _>(3)).unwrap_err();
            of_any_type(3);
            io(true).unwrap_err();
            io(false).unwrap();
            assert!(opaque(false).is_err());
            assert_eq!(opaque(true).unwrap().count(), 3);
        },
        "
        generic
        generic: err
        of_any_type
        of_any_type: ok
        io
        io: err
        io
        io: ok
        opaque
        opaque: err
        opaque
        opaque: ok
        ",
    );
}

#[profile]
fn early(n: i32) -> i32 {
    for i in 0..n {
        leaf(i).unwrap();
        if i == 1 {
            return i;
        }
    }
    n
}

#[test]
fn an_early_return_ends_the_span() {
    check(
        || {
            early(5);
            early(0);
        },
        "
        early
          leaf
          leaf: ok
          leaf
          leaf: ok
        early: ok
        early
        early: ok
        ",
    );
}

#[profile]
fn recursion(n: u32) -> u32 {
    if n == 0 { 0 } else { 1 + recursion(n - 1) }
}

#[test]
fn recursion_nests() {
    check(
        || assert_eq!(recursion(2), 2),
        "
        recursion
          recursion
            recursion
            recursion: ok
          recursion: ok
        recursion: ok
        ",
    );
}

#[profile]
fn panics() -> Alias<()> {
    let _inner = span!("before it");
    panic!("on purpose")
}

#[profile]
fn never() -> ! {
    panic!("on purpose")
}

#[profile]
fn iterates(good: bool) -> impl Iterator<Item = u32> {
    assert!(good, "on purpose");
    0..3
}

#[profile]
fn catches() {
    catch_unwind(panics).unwrap_err();
}

#[test]
fn a_panic_is_told_from_a_return() {
    check(
        || {
            catches();
            catch_unwind(|| never()).unwrap_err();
            assert!(catch_unwind(|| iterates(false).count()).is_err());
        },
        r#"
        catches
          panics
            block before it
              panic = Text("on purpose")
            before it: panicked
          panics: panicked
        catches: ok
        never
          panic = Text("on purpose")
        never: panicked
        iterates
          panic = Text("on purpose")
        iterates: panicked
        "#,
    );
}

struct CleansUp;

impl Drop for CleansUp {
    fn drop(&mut self) {
        // All of these return normally, though their thread is unwinding.
        leaf(1).unwrap();
        let _block = span!("cleaning");
        assert_eq!(iterates(true).count(), 3);
        caller();
    }
}

#[track_caller]
#[profile]
fn caller() {}

#[profile]
fn unwinds_through_a_destructor(_cleans_up: CleansUp) {
    panic!("on purpose")
}

#[test]
fn a_call_that_returns_while_its_thread_unwinds_is_ok() {
    check(
        || {
            let call = AssertUnwindSafe(|| unwinds_through_a_destructor(CleansUp));
            catch_unwind(call).unwrap_err();
        },
        r#"
        unwinds_through_a_destructor
          panic = Text("on purpose")
        unwinds_through_a_destructor: panicked
        leaf
        leaf: ok
        block cleaning
          iterates
          iterates: ok
          caller
          caller: ok
        cleaning: ok
        "#,
    );
}

#[profile(tags(n, half = n / 2, text = name, %path, list = ?[n, n], missing = None::<u8>))]
fn tagged(n: i64, name: &str, path: std::fmt::Arguments<'_>) {
    tag!(inside = true);
}

#[test]
fn tags_belong_to_the_innermost_span() {
    check(
        || {
            tagged(4, "text", format_args!("a/{}", "b"));
            let _block = span!("decode", frames = -1, ratio = 0.5, "dotted.key" = 'c');
            tag!(more = 1_u8, quoted = ?"q");
            mark!("half way");
            leaf(1).unwrap();
            tag!(last = u64::MAX);
        },
        r#"
        tagged
          n = Unsigned(4)
          half = Unsigned(2)
          text = Text("text")
          path = Text("a/b")
          list = Text("[4, 4]")
          inside = Bool(true)
        tagged: ok
        block decode
          frames = Signed(-1)
          ratio = Float(0.5)
          dotted.key = Text("c")
          more = Unsigned(1)
          quoted = Text("\"q\"")
          mark half way
          leaf
          leaf: ok
          last = Unsigned(18446744073709551615)
        decode: ok
        "#,
    );
}

#[test]
fn long_text_is_cut() {
    let log = crate::script::record(|| {
        let _span = span!("cut", plain = "x".repeat(300), shown = %"é".repeat(300));
    });
    let script = log.script();
    assert!(script.contains(&format!("plain = Text(\"{}\")", "x".repeat(256))), "{script}");
    assert!(script.contains(&format!("shown = Text(\"{}\")", "é".repeat(128))), "{script}");
}

#[test]
fn nothing_is_evaluated_while_recording_is_off() {
    // Takes its turn, so that no other program records meanwhile; then the session is over.
    crate::script::record(|| {});
    let evaluated = std::cell::Cell::new(false);
    crate::script::unrecorded(|| {
        tag!(
            key = {
                evaluated.set(true);
                3
            }
        );
    });
    assert!(!evaluated.get());
}
