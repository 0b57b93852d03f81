//! `err` and `none`: what is recorded of a value that is returned.

use crate::script::{check, unrecorded};
use async_trait::async_trait;
use ferret::{profile, tag};
use futures::executor::block_on;
use futures::future::BoxFuture;
use std::cell::Cell;
use std::fmt;
use std::future::Future;
use std::num::ParseIntError;

type Alias<T> = std::result::Result<T, String>;

#[profile(err)]
fn question_mark(text: &str) -> Result<u32, ParseIntError> {
    let number = text.parse()?;
    Ok(number)
}

#[profile(tags(n), err(Debug))]
fn early(n: i32) -> Alias<i32> {
    if n < 0 {
        return Err("negative".to_owned());
    }
    tag!(late = true);
    Ok(n)
}

#[profile(err(Display))]
fn dynamic() -> Result<impl Iterator<Item = u32>, Box<dyn std::error::Error + Send + Sync>> {
    if question_mark("x").is_err() {
        return Err("no number".into());
    }
    Ok(0..3)
}

#[test]
fn an_error_is_a_tag_of_the_span() {
    check(
        || {
            question_mark("3").unwrap();
            question_mark("x").unwrap_err();
            early(-1).unwrap_err();
            early(1).unwrap();
            assert!(dynamic().is_err());
        },
        r#"
        question_mark
        question_mark: ok
        question_mark
          error = Text("invalid digit found in string")
        question_mark: err
        early
          n = Signed(-1)
          error = Text("\"negative\"")
        early: err
        early
          n = Unsigned(1)
          late = Bool(true)
        early: ok
        dynamic
          question_mark
            error = Text("invalid digit found in string")
          question_mark: err
          error = Text("no number")
        dynamic: err
        "#,
    );
}

#[profile(err)]
async fn later(text: &str) -> Result<u32, ParseIntError> {
    std::future::ready(()).await;
    let number = text.parse()?;
    Ok(number)
}

#[profile(err)]
fn opaque(text: &str) -> impl Future<Output = Result<u32, ParseIntError>> {
    later(text)
}

#[profile(err(Debug), tags(text))]
fn boxed(text: &str) -> BoxFuture<'_, Alias<u32>> {
    Box::pin(async move { text.parse().map_err(|_not_a_number| text.to_owned()) })
}

struct Type;

#[async_trait]
trait Trait {
    async fn method(&self) -> Alias<u32>;
}

#[profile]
#[async_trait]
impl Trait for Type {
    #[profile(err)]
    async fn method(&self) -> Alias<u32> {
        Err("always".to_owned())
    }
}

#[test]
fn an_error_of_a_future_is_a_tag_of_its_span() {
    check(
        || {
            block_on(opaque("x")).unwrap_err();
            block_on(boxed("x")).unwrap_err();
            block_on(boxed("3")).unwrap();
            block_on(Type.method()).unwrap_err();
        },
        r#"
        async opaque
        enter opaque
          async later
          enter later
            error = Text("invalid digit found in string")
          exit later
          later: err
          error = Text("invalid digit found in string")
        exit opaque
        opaque: err
        async boxed
        enter boxed
          text = Text("x")
          error = Text("\"x\"")
        exit boxed
        boxed: err
        async boxed
        enter boxed
          text = Text("3")
        exit boxed
        boxed: ok
        async Type::method
        enter Type::method
          error = Text("always")
        exit Type::method
        Type::method: err
        "#,
    );
}

#[profile(none)]
fn find(wanted: u32) -> Option<usize> {
    let found = [1, 2, 3].iter().position(|n| *n == wanted)?;
    Some(found)
}

#[profile(none)]
async fn find_later(wanted: u32) -> Option<impl fmt::Display> {
    find(wanted)
}

#[test]
fn nothing_found_is_an_err() {
    check(
        || {
            find(1).unwrap();
            assert!(block_on(find_later(4)).is_none());
        },
        "
        find
        find: ok
        async find_later
        enter find_later
          find
          find: err
        exit find_later
        find_later: err
        ",
    );
}

thread_local! {
    static SHOWN: Cell<u32> = const { Cell::new(0) };
}

struct Counted;

impl fmt::Display for Counted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        SHOWN.set(SHOWN.get() + 1);
        f.write_str("counted")
    }
}

#[profile(err)]
fn counted() -> Result<(), Counted> {
    Err(Counted)
}

#[profile(name = Counted)]
fn named() {}

#[test]
fn nothing_is_formatted_while_recording_is_off() {
    check(|| {}, "");
    unrecorded(|| {
        assert!(counted().is_err());
        named();
        let _span = ferret::span!(name = Counted);
    });
    assert_eq!(SHOWN.get(), 0);
}
