//! `counter!` and `gauge!`: numbers that a program counts itself.

/// Adds to a counter of the program's own: bytes read, requests served, cache misses.
///
/// A key is a name or a string, the number any integer or float (kept as an `f64`; one that is not
/// finite is not recorded). It need not be in a span. Costs about as much as a span; what a thread
/// counts in a tight loop is one entry of the log every few milliseconds. Not evaluated while
/// recording is off.
///
/// # Examples
///
/// ```
/// let line = "a line";
/// ferret::counter!("bytes read", line.len());
/// ferret::counter!(lines, 1);
/// ```
///
/// Readers add up one key from everywhere in the program, so do not use it for a
/// [`gauge!`](crate::gauge!) too. The program's own sums are not asked for: count what has been
/// added since the last time.
#[macro_export]
macro_rules! counter {
    ($key:ident, $change:expr $(,)?) => {
        $crate::__number!(count, ($crate::__private::core::stringify!($key)), &$change)
    };
    ($key:literal, $change:expr $(,)?) => {
        $crate::__number!(count, ($key), &$change)
    };
    ($($other:tt)*) => {
        $crate::__private::core::compile_error!(
            "a counter is written `counter!(\"bytes read\", n)`: a name, and how many more there are"
        )
    };
}

/// Says the level of a gauge of the program's own: the length of a queue, connections, a
/// temperature.
///
/// Written, and recorded, as [`counter!`](crate::counter!) is; of levels that follow each other
/// within a few milliseconds the last is kept.
///
/// # Examples
///
/// ```
/// let queue = [1, 2, 3];
/// ferret::gauge!("queue", queue.len());
/// ```
#[macro_export]
macro_rules! gauge {
    ($key:ident, $level:expr $(,)?) => {
        $crate::__number!(level, ($crate::__private::core::stringify!($key)), &$level)
    };
    ($key:literal, $level:expr $(,)?) => {
        $crate::__number!(level, ($key), &$level)
    };
    ($($other:tt)*) => {
        $crate::__private::core::compile_error!(
            "a gauge is written `gauge!(\"queue\", length)`: a name, and the level it has now"
        )
    };
}

/// How, the key, a reference to the number.
#[doc(hidden)]
#[macro_export]
macro_rules! __number {
    ($how:ident, ($key:expr), $number:expr) => {
        if $crate::__private::recording() {
            $crate::__private::$how(
                $crate::__callsite!($key, Key),
                $crate::__private::number($number),
            );
        }
    };
}
