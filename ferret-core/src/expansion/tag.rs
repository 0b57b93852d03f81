//! What can be a tag's value, and how it is noted without allocating.
//!
//! `tag!` and `tags(…)` take a value by its own type, by `Display` (`%`) or by `Debug` (`?`). Text
//! is formatted into a fixed buffer on the stack; what does not fit is cut off.

use crate::record::{Key, tag};
use crate::value::{MAX_TEXT, TagValueRef, Text};
use std::borrow::Cow;
use std::fmt;
use std::num::NonZero;
use std::rc::Rc;
use std::sync::Arc;

/// A value that a tag can have.
///
/// For numbers, booleans, strings, and what points to one of them; an `Option` gives no tag when it
/// is `None`.
#[diagnostic::on_unimplemented(
    message = "a tag's value cannot be a `{Self}`",
    label = "not a number, boolean or string",
    note = "write `key = %value` to record it by `Display`, or `key = ?value` by `Debug`"
)]
pub trait Taggable {
    /// Tags the innermost open span of this thread.
    fn tag(&self, key: Key<'_>);
}

macro_rules! unsigned {
    ($($number:ty)*) => {$(
        impl Taggable for $number {
            #[inline]
            fn tag(&self, key: Key<'_>) {
                tag(key, TagValueRef::Unsigned(u64::from(*self)));
            }
        }
    )*};
}

macro_rules! signed {
    ($($number:ty)*) => {$(
        impl Taggable for $number {
            #[inline]
            fn tag(&self, key: Key<'_>) {
                i64::from(*self).tag(key);
            }
        }
    )*};
}

unsigned!(u8 u16 u32 u64);
signed!(i8 i16 i32);

impl Taggable for i64 {
    #[inline]
    fn tag(&self, key: Key<'_>) {
        // One type for all that are not negative, so that a key's values compare.
        let value = u64::try_from(*self).map_or(TagValueRef::Signed(*self), TagValueRef::Unsigned);
        tag(key, value);
    }
}

impl Taggable for usize {
    #[inline]
    fn tag(&self, key: Key<'_>) {
        tag(key, TagValueRef::Unsigned(*self as u64));
    }
}

impl Taggable for isize {
    #[inline]
    fn tag(&self, key: Key<'_>) {
        (*self as i64).tag(key);
    }
}

impl Taggable for u128 {
    /// As a number where it fits 64 bits, else as text.
    fn tag(&self, key: Key<'_>) {
        match u64::try_from(*self) {
            Ok(small) => small.tag(key),
            Err(_too_large) => tag_display(self, key),
        }
    }
}

impl Taggable for i128 {
    /// As a number where it fits 64 bits, else as text.
    fn tag(&self, key: Key<'_>) {
        match i64::try_from(*self) {
            Ok(small) => small.tag(key),
            Err(_too_large) => tag_display(self, key),
        }
    }
}

macro_rules! non_zero {
    ($($number:ty)*) => {$(
        impl Taggable for NonZero<$number> {
            #[inline]
            fn tag(&self, key: Key<'_>) {
                self.get().tag(key);
            }
        }
    )*};
}

non_zero!(u8 u16 u32 u64 u128 usize i8 i16 i32 i64 i128 isize);

impl Taggable for f32 {
    #[inline]
    fn tag(&self, key: Key<'_>) {
        tag(key, TagValueRef::Float(f64::from(*self)));
    }
}

impl Taggable for f64 {
    #[inline]
    fn tag(&self, key: Key<'_>) {
        tag(key, TagValueRef::Float(*self));
    }
}

impl Taggable for bool {
    #[inline]
    fn tag(&self, key: Key<'_>) {
        tag(key, TagValueRef::Bool(*self));
    }
}

impl Taggable for char {
    fn tag(&self, key: Key<'_>) {
        self.encode_utf8(&mut [0; 4]).tag(key);
    }
}

impl Taggable for str {
    #[inline]
    fn tag(&self, key: Key<'_>) {
        tag(key, TagValueRef::Text(self));
    }
}

impl Taggable for String {
    #[inline]
    fn tag(&self, key: Key<'_>) {
        self.as_str().tag(key);
    }
}

impl<T: Taggable> Taggable for Option<T> {
    #[inline]
    fn tag(&self, key: Key<'_>) {
        if let Some(value) = self {
            value.tag(key);
        }
    }
}

impl<T: Taggable + ToOwned + ?Sized> Taggable for Cow<'_, T> {
    #[inline]
    fn tag(&self, key: Key<'_>) {
        T::tag(self, key);
    }
}

macro_rules! pointers {
    ($($pointer:ty)*) => {$(
        impl<T: Taggable + ?Sized> Taggable for $pointer {
            #[inline]
            fn tag(&self, key: Key<'_>) {
                T::tag(self, key);
            }
        }
    )*};
}

pointers!(&T &mut T Box<T> Rc<T> Arc<T>);

// Functions of `&T`, not methods: of a value that does not do, the compiler then points at the value
// itself, through the macro that calls them.

/// `key = value`
#[inline]
pub fn tag_value<T: Taggable + ?Sized>(value: &T, key: Key<'_>) {
    value.tag(key);
}

/// `key = %value`
pub fn tag_display<T: fmt::Display + ?Sized>(value: &T, key: Key<'_>) {
    tag(key, TagValueRef::Text(Text::<MAX_TEXT>::of(format_args!("{value}")).as_str()));
}

/// `key = ?value`
pub fn tag_debug<T: fmt::Debug + ?Sized>(value: &T, key: Key<'_>) {
    tag(key, TagValueRef::Text(Text::<MAX_TEXT>::of(format_args!("{value:?}")).as_str()));
}
