//! What a panic said, and where: tags of the span it happened in.
//!
//! The panic hook runs in the panicking thread before anything unwinds, so its innermost open span
//! is the one that panicked, and the tags are published even if the process aborts next. Nothing
//! here panics, which would abort the process, or waits.

use super::callsite::Callsite;
use super::guard::{Key, tag};
use super::local::Local;
use super::values;
use crate::event::CallsiteKind;
use crate::value::{MAX_TEXT, TagValueRef, Text};
use std::panic::PanicHookInfo;
use std::sync::atomic::{AtomicBool, Ordering};

/// The key of a panic's message.
static MESSAGE: Callsite =
    Callsite::new("panic", module_path!(), file!(), line!(), CallsiteKind::Key);
/// The key of the place in the source.
static PLACE: Callsite =
    Callsite::new("panic.at", module_path!(), file!(), line!(), CallsiteKind::Key);

/// Puts a hook before the one that is there, once in the life of the process. Not while the thread
/// panics: the hooks are then in use. The next start does it.
///
/// A panic of another thread just between the two calls is reported by the default hook: there is
/// no stable call that does both.
pub(super) fn install() {
    static INSTALLED: AtomicBool = AtomicBool::new(false);
    if !values() || std::thread::panicking() || INSTALLED.swap(true, Ordering::Relaxed) {
        return;
    }
    // Now, for in the hook the list of callsites may be locked further up the thread's stack.
    MESSAGE.id();
    PLACE.id();
    let previous = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        note(panic);
        previous(panic);
    }));
}

fn note(panic: &PanicHookInfo<'_>) {
    if !values() || !Local::is_in_span() {
        return;
    }
    // Of `panic_any` there is a value, of a type that is not known.
    let message = panic.payload_as_str().unwrap_or("Box<dyn Any>");
    tag(Key::here(&MESSAGE), TagValueRef::Text(message));
    if let Some(place) = panic.location() {
        let place = Text::<MAX_TEXT>::of(format_args!("{place}"));
        tag(Key::here(&PLACE), TagValueRef::Text(place.as_str()));
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{INNER, OUTER, record_by};
    use super::*;
    use crate::event::{LogEntry, Outcome};
    use crate::record::enter;
    use std::panic::catch_unwind;

    /// How often a panic is told of.
    #[track_caller]
    fn check(panics: fn(), told: usize) {
        super::super::values::begin(true);
        install();
        let list = record_by(true, 0, 1 << 20, true, move || {
            let _outer = enter(&OUTER);
            assert!(catch_unwind(panics).is_err());
            enter(&INNER).finish(Outcome::Ok);
        });
        assert_eq!(list.count(|what| matches!(what, LogEntry::Tag { .. })), 2 * told);
        assert_eq!(list.count(|what| matches!(what, LogEntry::SpanEnd { .. })), 2);
    }

    #[test]
    fn a_panic_in_what_is_kept_out_of_the_recording_is_nobodys() {
        check(|| panic!("in a recording"), 1);
        check(|| Local::unrecorded(|| panic!("out of it")), 0);
    }
}
