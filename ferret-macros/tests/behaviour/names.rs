//! What a callsite is called, and where it says it is.

use crate::script::{check, record};
use ferret::{profile, span};

struct Decoder<T>(T);

#[profile]
impl<T: Clone> Decoder<T> {
    fn next(&self) -> T {
        self.copied()
    }

    #[profile(name = "copied by hand", stage)]
    fn copied(&self) -> T {
        self.skipped()
    }

    #[profile(skip)]
    fn skipped(&self) -> T {
        self.bare()
    }
}

impl<T: Clone> Decoder<T> {
    #[profile]
    fn bare(&self) -> T {
        self.0.clone()
    }
}

#[profile]
trait Greet {
    fn greet(&self) -> usize {
        "hey".len()
    }
}

impl Greet for Decoder<u32> {}

#[profile]
impl Greet for &str {
    fn greet(&self) -> usize {
        self.len()
    }
}

#[profile]
impl dyn Greet {
    fn twice(&self) -> usize {
        2 * self.greet()
    }
}

#[profile]
fn r#match() {}

#[test]
fn methods_are_named_after_their_types() {
    check(
        || {
            assert_eq!(Decoder(3).next(), 3);
            assert_eq!(Decoder(3_u32).greet() + "two".greet(), 6);
            r#match();
            assert_eq!((&"four" as &dyn Greet).twice(), 8);
        },
        "
        Decoder::next
          stage copied by hand
            bare
            bare: ok
          copied by hand: ok
        Decoder::next: ok
        Greet::greet
        Greet::greet: ok
        str::greet
        str::greet: ok
        match
        match: ok
        dyn Greet::twice
          str::greet
          str::greet: ok
        dyn Greet::twice: ok
        ",
    );
}

const LINE: u32 = line!() + 5;

/// A documented function.
#[profile]
#[inline(never)]
fn documented() {
    let _span = span!("block");
}

#[test]
fn a_callsite_says_where_its_function_is() {
    let log = record(documented);
    let places: Vec<_> = log
        .names
        .callsites
        .values()
        .filter(|info| ["documented", "block"].contains(&info.name.as_str()))
        .map(|info| (info.module.as_str(), info.file.as_str(), info.line))
        .collect();
    let (module, file) = (module_path!(), file!());
    assert_eq!(places, [(module, file, LINE), (module, file, LINE + 1)]);
}
