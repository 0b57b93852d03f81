//! Signals that ask a command to end: the first one is noted, so that what was begun is brought to a proper end; the
//! second one ends it at once, as would any behind [`Stop::end_at_once`].

use crate::progress::ProgressLine;
use anyhow::{Context as _, bail};
use signal_hook::SigId;
use signal_hook::flag::{register, register_conditional_default, register_usize};
use signal_hook::low_level::{emulate_default_handler, unregister};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// Whether a signal has asked to end. The default is never asked.
#[derive(Clone, Debug, Default)]
pub(crate) struct Stop(Arc<Asked>);

#[derive(Default)]
struct Asked {
    /// Asks, too: of work that is not done for who sends signals.
    unless: Option<Box<dyn Fn() -> bool + Send + Sync>>,
    /// The number of the latest; 0 while there was none.
    signal: Arc<AtomicUsize>,
    /// The next one does what it does to any program.
    is_last: Arc<AtomicBool>,
    hooks: Vec<SigId>,
}

impl Stop {
    /// Told by these signals, until it is dropped.
    ///
    /// # Errors
    ///
    /// The system does not tell.
    pub(crate) fn on(signals: &[i32]) -> io::Result<Self> {
        let mut asked = Asked::default();
        for &signal in signals {
            let number = usize::try_from(signal).unwrap_or(0);
            // In this order: what the first of them sees is how it was before this signal.
            let hooks = [
                register_conditional_default(signal, Arc::clone(&asked.is_last))?,
                register(signal, Arc::clone(&asked.is_last))?,
                register_usize(signal, Arc::clone(&asked.signal), number)?,
            ];
            asked.hooks.extend(hooks);
        }
        Ok(Self(Arc::new(asked)))
    }

    /// The signal that came.
    pub(crate) fn signal(&self) -> Option<i32> {
        let signal = self.0.signal.load(Ordering::Relaxed);
        i32::try_from(signal).ok().filter(|signal| *signal > 0)
    }

    /// Told by nobody; asked once this says so.
    #[cfg(feature = "serve")]
    pub(crate) fn once(says: impl Fn() -> bool + Send + Sync + 'static) -> Self {
        let mut asked = Asked::default();
        asked.unless = Some(Box::new(says));
        Self(Arc::new(asked))
    }

    /// Whether it is asked, by a signal or otherwise.
    pub(crate) fn is_asked(&self) -> bool {
        self.0.unless.as_ref().is_some_and(|says| says()) || self.signal().is_some()
    }

    /// How far work is that this may stop; told to who started it from a terminal.
    pub(crate) fn progress(&self, what: &'static str) -> ProgressLine {
        if self.0.unless.is_some() { ProgressLine::silent() } else { ProgressLine::new(what) }
    }

    /// From now on nothing is brought to an end: a signal ends the program.
    pub(crate) fn end_at_once(&self) {
        self.0.is_last.store(true, Ordering::Relaxed);
    }

    /// Dies by the signal, as whoever sent it expects.
    ///
    /// # Errors
    ///
    /// It does not.
    pub(crate) fn die<T>(&self) -> anyhow::Result<T> {
        if let Some(signal) = self.signal() {
            emulate_default_handler(signal).context("ending as the signal asks")?;
        }
        bail!("ended by a signal")
    }

    /// As if it had come.
    #[cfg(test)]
    pub(crate) fn ask(&self, signal: i32) {
        self.0.signal.store(usize::try_from(signal).unwrap(), Ordering::Relaxed);
    }
}

impl std::fmt::Debug for Asked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Asked").field("signal", &self.signal).finish_non_exhaustive()
    }
}

impl Drop for Asked {
    fn drop(&mut self) {
        for hook in self.hooks.drain(..) {
            unregister(hook);
        }
    }
}
