//! The name of a span that is named when it begins.

use crate::record::{Callsite, Names, recording, values};
use crate::value::Text;
use std::fmt::Display;

/// The longest such name, bytes.
const MAX_NAME: usize = 128;

/// Whether a name may be made of the program's values. Where not, the expression is not evaluated, and
/// the span has the name that its place has in the source.
#[inline(always)]
pub fn naming() -> bool {
    recording() && values()
}

/// The place by the name that `value` makes by `Display`, up to 128 bytes of it; by that of the source
/// if it makes none.
pub fn named<T: Display + ?Sized>(value: &T, place: &'static Names) -> &'static Callsite {
    let text = Text::<MAX_NAME>::of(format_args!("{value}"));
    match text.as_str() {
        "" => place.unnamed(),
        name => place.named(name),
    }
}
