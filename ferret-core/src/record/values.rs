//! Whether values are recorded: what a program works on, not what it is made of.
//!
//! Tags, errors, panic messages, names given to spans as they begin and the arguments of the command
//! line are values, and may be secret. Names of functions, keys and marks are code. Counters, gauges and progress are numbers about the work,
//! and recorded too.

use super::local::Local;
use std::ffi::OsStr;
use std::sync::atomic::{AtomicU8, Ordering};

/// Relaxed everywhere: set before a recording is switched on. A thread that sees the change late
/// writes a tag into its chunk, and there the recorder, which saw it before it began, leaves it.
static VALUES: AtomicU8 = AtomicU8::new(UNKNOWN);

/// No recording has begun.
const UNKNOWN: u8 = 0;
const ON: u8 = 1;
const OFF: u8 = 2;

/// Whether values are recorded. Ask before one is written, and better before it is made.
#[inline(always)]
pub fn values() -> bool {
    let known = VALUES.load(Ordering::Relaxed);
    known == ON || (known == UNKNOWN && find_out())
}

/// A value may come before the first span, as its name: then the recording begins now.
#[cold]
fn find_out() -> bool {
    Local::begin_recording();
    VALUES.load(Ordering::Relaxed) == ON
}

/// For a recording that begins: if neither the program nor `FERRET_VALUES` has anything against it.
pub(super) fn begin(wanted: bool) {
    let said = std::env::var_os("FERRET_VALUES");
    let values = if wanted && allowed(said.as_deref()) { ON } else { OFF };
    VALUES.store(values, Ordering::Relaxed);
}

/// For a recording that has begun: from now on they stay out of it.
pub(super) fn leave_out() {
    VALUES.store(OFF, Ordering::Relaxed);
}

/// What `FERRET_VALUES` says. Whoever sets it wants them off: a word that is not known is taken for
/// that, since a leak cannot be taken back.
fn allowed(said: Option<&OsStr>) -> bool {
    said.is_none_or(|said| said.is_empty() || said.eq_ignore_ascii_case("on"))
}

#[cfg(test)]
mod tests {
    use super::allowed;
    use std::ffi::OsStr;

    fn check(said: &str, expect: bool) {
        assert_eq!(allowed(Some(OsStr::new(said))), expect, "FERRET_VALUES={said}");
    }

    #[test]
    fn values_are_on_unless_the_environment_says_anything_else() {
        assert!(allowed(None));
        for on in ["", "on", "ON"] {
            check(on, true);
        }
        for off in ["off", "Off", "0", "false", "no", "none", "of"] {
            check(off, false);
        }
    }
}
