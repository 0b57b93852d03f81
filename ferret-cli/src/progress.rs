//! A line on stderr that says how far long work is, where stderr is a terminal.

use std::io::{IsTerminal as _, Write as _};
use std::time::{Duration, Instant};

/// Work that is over sooner says nothing.
const QUIET: Duration = Duration::from_millis(400);
/// Between two updates.
const EVERY: Duration = Duration::from_millis(100);

/// The line. It is wiped when the work is over.
#[derive(Debug)]
pub(crate) struct ProgressLine {
    what: &'static str,
    next: Option<Instant>,
    is_shown: bool,
}

impl ProgressLine {
    /// Work that is called so begins.
    pub(crate) fn new(what: &'static str) -> Self {
        let next = std::io::stderr().is_terminal().then(|| now() + QUIET);
        Self { what, next, is_shown: false }
    }

    /// Tells nobody.
    pub(crate) fn silent() -> Self {
        Self { what: "", next: None, is_shown: false }
    }

    /// So much of all is done.
    pub(crate) fn tell(&mut self, done: u64, all: u64) {
        let Some(next) = self.next else { return };
        let now = now();
        if now < next {
            return;
        }
        self.next = Some(now + EVERY);
        self.is_shown = true;
        let percent = u128::from(done) * 100 / u128::from(all.max(1));
        // A stderr that is gone must not stop the work.
        write!(std::io::stderr(), "\r\x1b[K{} {percent} %", self.what).ok();
    }
}

impl Drop for ProgressLine {
    fn drop(&mut self) {
        if self.is_shown {
            write!(std::io::stderr(), "\r\x1b[K").ok();
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "it times its own updates")]
fn now() -> Instant {
    Instant::now()
}
