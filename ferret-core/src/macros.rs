//! `span!`, `tag!` and `mark!`: what can be written inside a function.

/// Opens a span for a block of code: until the guard is dropped.
///
/// Bind the guard to a name. `let _ = ferret::span!(…)` would drop it, and end the span, at once;
/// `let _span = …` keeps it to the end of the block. It cannot be held across an `.await` of a
/// future that moves between threads: there, put the block into an `async fn` with `#[profile]`.
///
/// # Examples
///
/// ```
/// # let frames = [1, 2, 3];
/// let sum: u32 = {
///     let _span = ferret::span!("decode", frames = frames.len());
///     frames.iter().sum()
/// };
/// # assert_eq!(sum, 6);
/// ```
///
/// The fields behind the name are tags, written as in [`tag!`](crate::tag!).
#[macro_export]
macro_rules! span {
    () => {
        $crate::__private::core::compile_error!("a span needs a name: `span!(\"decode\")`")
    };
    ($name:expr $(, $($tags:tt)*)?) => {{
        let span = $crate::__private::open($crate::__callsite!($name, Block));
        $($crate::__tags!($($tags)*);)?
        span
    }};
}

/// Tags the innermost open span of this thread with keys and values.
///
/// - `key = value` for numbers, booleans and strings (and an `Option` or a pointer to one of them);
/// - `key = %value` for what implements [`Display`](std::fmt::Display), `key = ?value` for
///   [`Debug`](std::fmt::Debug); of the text, 256 bytes are kept;
/// - a variable that is its own key is written once: `user`, `%path`, `?options`.
///
/// A key is a name or a string. Values are not evaluated while recording is off; without an open
/// span the tag is dropped.
///
/// # Examples
///
/// ```
/// use std::path::Path;
///
/// let path = Path::new("feed.xml");
/// let retries = 3;
/// ferret::tag!(retries, path = %path.display(), ok = true);
/// ferret::tag!("http.status" = 200);
/// ```
#[macro_export]
macro_rules! tag {
    () => {
        $crate::__private::core::compile_error!("what is the tag? `tag!(key = value)`")
    };
    ($($tags:tt)+) => {
        $crate::__tags!($($tags)+)
    };
}

/// Notes an instant, with a fixed text, on the innermost open span of this thread.
///
/// # Examples
///
/// ```
/// ferret::mark!("cache warm");
/// ```
///
/// What differs from one mark to the next goes into a [`tag!`](crate::tag!).
#[macro_export]
macro_rules! mark {
    () => {
        $crate::__private::core::compile_error!("a mark needs a text: `mark!(\"cache warm\")`")
    };
    ($text:expr $(,)?) => {
        $crate::__private::mark($crate::__callsite!($text, Mark))
    };
}

/// A static callsite at this place.
#[doc(hidden)]
#[macro_export]
macro_rules! __callsite {
    ($name:expr, $kind:ident) => {{
        static CALLSITE: $crate::__private::Callsite = $crate::__private::Callsite::new(
            $name,
            $crate::__private::core::module_path!(),
            $crate::__private::core::file!(),
            $crate::__private::core::line!(),
            $crate::__private::CallsiteKind::$kind,
        );
        &CALLSITE
    }};
}

/// Takes the tags one by one.
#[doc(hidden)]
#[macro_export]
macro_rules! __tags {
    () => {{}};
    ($key:ident = $($rest:tt)+) => {
        $crate::__tag_value!(($crate::__private::core::stringify!($key)) $($rest)+)
    };
    ($key:literal = $($rest:tt)+) => {
        $crate::__tag_value!(($key) $($rest)+)
    };
    ($value:ident $(, $($rest:tt)*)?) => {{
        $crate::__tag!(tag_value, ($crate::__private::core::stringify!($value)), &$value);
        $($crate::__tags!($($rest)*))?
    }};
    (% $value:ident $(, $($rest:tt)*)?) => {
        $crate::__tag_value!(
            ($crate::__private::core::stringify!($value)) % $value $(, $($rest)*)?
        )
    };
    (? $value:ident $(, $($rest:tt)*)?) => {
        $crate::__tag_value!(
            ($crate::__private::core::stringify!($value)) ? $value $(, $($rest)*)?
        )
    };
    ($($other:tt)+) => {
        $crate::__private::core::compile_error!(
            "tags are written `key = value`, `key = %value` for Display, `key = ?value` for \
             Debug, or as a variable that is its own key: `user`, `%path`, `?options`"
        )
    };
}

/// The value behind a key, and the tags behind it.
#[doc(hidden)]
#[macro_export]
macro_rules! __tag_value {
    (($key:expr) % $value:expr $(, $($rest:tt)*)?) => {{
        $crate::__tag!(tag_display, ($key), &$value);
        $($crate::__tags!($($rest)*))?
    }};
    (($key:expr) ? $value:expr $(, $($rest:tt)*)?) => {{
        $crate::__tag!(tag_debug, ($key), &$value);
        $($crate::__tags!($($rest)*))?
    }};
    (($key:expr) $value:expr $(, $($rest:tt)*)?) => {{
        $crate::__tag!(tag_value, ($key), &$value);
        $($crate::__tags!($($rest)*))?
    }};
}

/// One tag: how, its key, a reference to its value.
#[doc(hidden)]
#[macro_export]
macro_rules! __tag {
    ($tag:ident, ($key:expr), $value:expr) => {
        if $crate::__private::recording() {
            $crate::__private::$tag($value, $crate::__callsite!($key, Key));
        }
    };
}
