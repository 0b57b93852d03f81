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
///
/// A name that is known only here is written `name = …`, and may be anything that implements
/// [`Display`](std::fmt::Display). It is for names of which there are few: of one place in the
/// program, 64 are kept apart, and what comes after them is called `<other>`. What differs from span to
/// span goes into a tag. The expression is not evaluated while recording is off.
///
/// ```
/// # let (method, id) = ("GET", 4711);
/// let _span = ferret::span!(name = format_args!("{method} /users"), id);
/// ```
#[macro_export]
macro_rules! span {
    () => {
        $crate::__private::core::compile_error!("a span needs a name: `span!(\"decode\")`")
    };
    (name = $name:expr $(, $($tags:tt)*)?) => {{
        // In a block of its own, where the name cannot see it.
        let names = {
            static NAMES: $crate::__private::Names = $crate::__private::Names::new(
                "span",
                $crate::__private::core::module_path!(),
                $crate::__private::core::file!(),
                $crate::__private::core::line!(),
                $crate::__private::CallsiteKind::Block,
            );
            &NAMES
        };
        let callsite = if $crate::__private::naming() {
            $crate::__private::named(&$name, names)
        } else {
            names.unnamed()
        };
        let span = $crate::__private::open(callsite);
        $($crate::__tags!((here) $($tags)*);)?
        span
    }};
    ($name:expr $(, $($tags:tt)*)?) => {{
        let span = $crate::__private::open($crate::__callsite!($name, Block));
        $($crate::__tags!((here) $($tags)*);)?
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
/// A key is a name or a string. Values are not evaluated while recording is off, or [values are
/// left out](crate::Options::values); without an open span the tag is dropped.
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
        $crate::__tags!((here) $($tags)+)
    };
}

/// Makes the span of a future or stream: `future.instrument(ferret::task!("fetch"))`.
///
/// It is a child of the span that is open where the macro stands, on whatever thread the future is
/// polled later; of another with `parent: &other` before the name ([`current_span`](crate::current_span)
/// gives such), of none with `parent: None`. It begins at the first poll.
///
/// The fields behind the name are its tags, written as in [`tag!`](crate::tag!).
///
/// # Examples
///
/// ```
/// use ferret::Instrument;
///
/// # async fn body() {}
/// let url = "https://example.org";
/// let future = async { body().await }.instrument(ferret::task!("fetch", url));
/// # futures::executor::block_on(future);
///
/// let here = ferret::current_span();
/// let future = async { body().await }.instrument(ferret::task!(parent: &here, "fetch", url));
/// # futures::executor::block_on(future);
/// ```
#[macro_export]
macro_rules! task {
    () => {
        $crate::__private::core::compile_error!("a task needs a name: `task!(\"fetch\")`")
    };
    (parent: None, $name:expr $(, $($tags:tt)*)?) => {
        $crate::__task!($crate::__private::Under::Nowhere, $name, $($($tags)*)?)
    };
    (parent: $parent:expr, $name:expr $(, $($tags:tt)*)?) => {
        $crate::__task!($crate::__private::Under::Span($parent), $name, $($($tags)*)?)
    };
    ($name:expr $(, $($tags:tt)*)?) => {
        $crate::__task!($crate::__private::Under::Here, $name, $($($tags)*)?)
    };
}

/// A task under a parent.
#[doc(hidden)]
#[macro_export]
macro_rules! __task {
    ($under:expr, $name:expr, $($tags:tt)*) => {{
        let task = $crate::TaskSpan::create($crate::__callsite!($name, Async), $under);
        $crate::__tags!((of task) $($tags)*);
        task
    }};
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

/// Takes the tags one by one. `$of` says whose they are: `(here)` or `(of task)`.
#[doc(hidden)]
#[macro_export]
macro_rules! __tags {
    ($of:tt) => {{}};
    ($of:tt $key:ident = $($rest:tt)+) => {
        $crate::__tag_value!($of ($crate::__private::core::stringify!($key)) $($rest)+)
    };
    ($of:tt $key:literal = $($rest:tt)+) => {
        $crate::__tag_value!($of ($key) $($rest)+)
    };
    ($of:tt $value:ident $(, $($rest:tt)*)?) => {{
        $crate::__tag!($of tag_value, ($crate::__private::core::stringify!($value)), &$value);
        $($crate::__tags!($of $($rest)*))?
    }};
    ($of:tt % $value:ident $(, $($rest:tt)*)?) => {
        $crate::__tag_value!(
            $of ($crate::__private::core::stringify!($value)) % $value $(, $($rest)*)?
        )
    };
    ($of:tt ? $value:ident $(, $($rest:tt)*)?) => {
        $crate::__tag_value!(
            $of ($crate::__private::core::stringify!($value)) ? $value $(, $($rest)*)?
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
    ($of:tt ($key:expr) % $value:expr $(, $($rest:tt)*)?) => {{
        $crate::__tag!($of tag_display, ($key), &$value);
        $($crate::__tags!($of $($rest)*))?
    }};
    ($of:tt ($key:expr) ? $value:expr $(, $($rest:tt)*)?) => {{
        $crate::__tag!($of tag_debug, ($key), &$value);
        $($crate::__tags!($of $($rest)*))?
    }};
    ($of:tt ($key:expr) $value:expr $(, $($rest:tt)*)?) => {{
        $crate::__tag!($of tag_value, ($key), &$value);
        $($crate::__tags!($of $($rest)*))?
    }};
}

/// One tag: whose, how, its key, a reference to its value.
#[doc(hidden)]
#[macro_export]
macro_rules! __tag {
    ((here) $tag:ident, ($key:expr), $value:expr) => {
        if $crate::__private::recording() && $crate::__private::values() {
            let key = $crate::__private::Key::here($crate::__callsite!($key, Key));
            $crate::__private::$tag($value, key);
        }
    };
    ((of $task:ident) $tag:ident, ($key:expr), $value:expr) => {
        if $crate::__private::recording() && $crate::__private::values() {
            let key = $crate::__private::Key::of($crate::__callsite!($key, Key), &$task);
            $crate::__private::$tag($value, key);
        }
    };
}
