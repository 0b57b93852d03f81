//! The wish to stop: set by Ctrl-C, asked between pieces of work.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A flag that many hold and one sets. Once set it stays set.
#[derive(Debug, Clone, Default)]
pub struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Ask for the work to stop. True when it had been asked for before.
    pub fn request(&self) -> bool {
        // Relaxed: the flag alone is the message, nothing is published with it.
        self.0.swap(true, Ordering::Relaxed)
    }

    /// Whether the work should stop.
    pub fn requested(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
