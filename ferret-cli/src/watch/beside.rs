//! A reading of the run for something that is on the screen: begun when that is there, given up when it
//! is not, and begun anew when it is to be of another moment. What was found before stays until the
//! new reading knows as much.

use super::scan::Scan;
use ferret::event::LogTime;
use std::io;
use std::sync::Arc;

/// A reading for `K` that finds `F`.
#[derive(Debug)]
pub(super) struct Beside<K, F> {
    /// What it is for, and up to which moment: none is the present.
    of: Option<(K, Option<LogTime>)>,
    scan: Option<Scan<F>>,
    found: Option<Arc<F>>,
    /// Whether `found` is of this reading, not of the one before.
    is_own: bool,
}

impl<K, F> Default for Beside<K, F> {
    fn default() -> Self {
        Self { of: None, scan: None, found: None, is_own: false }
    }
}

impl<K: Clone + PartialEq, F: Send + Sync + 'static> Beside<K, F> {
    /// Turns to what is wanted, if it does not read for that already; says whether that is another
    /// thing, and not the same at another moment.
    ///
    /// # Errors
    ///
    /// The system refuses to begin.
    pub(super) fn turn_to(
        &mut self,
        wanted: Option<(&K, Option<LogTime>)>,
        start: impl FnOnce(&K, LogTime) -> io::Result<Scan<F>>,
    ) -> io::Result<bool> {
        if wanted == self.of.as_ref().map(|(key, until)| (key, *until)) {
            return Ok(false);
        }
        let is_other = wanted.map(|(key, _)| key) != self.of.as_ref().map(|(key, _)| key);
        if is_other {
            self.found = None;
        }
        (self.scan, self.is_own) = (None, false);
        self.of = wanted.map(|(key, until)| (key.clone(), until));
        if let Some((key, until)) = wanted {
            self.scan = Some(start(key, until.unwrap_or(LogTime(u64::MAX)))?);
        }
        Ok(is_other)
    }

    /// Takes what was found meanwhile; says whether it is anything new.
    pub(super) fn look(&mut self) -> bool {
        let Some(scan) = &self.scan else { return false };
        let Some(found) = scan.found() else { return false };
        let is_enough = self.is_own || self.found.is_none() || scan.share() >= 1.0;
        let is_known = self.found.as_ref().is_some_and(|known| Arc::ptr_eq(known, &found));
        if is_known || !is_enough {
            return false;
        }
        (self.found, self.is_own) = (Some(found), true);
        true
    }

    /// What was found last.
    pub(super) fn found(&self) -> Option<&Arc<F>> {
        self.found.as_ref()
    }

    /// Why it ended before the run did; told once.
    pub(super) fn failed(&self) -> Option<String> {
        self.scan.as_ref().and_then(Scan::failed)
    }
}
