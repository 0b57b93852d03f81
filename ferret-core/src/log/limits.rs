//! How much of a log is kept.

use std::time::Duration;

/// How much of a log is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// Bytes on the disk, at least [`Limits::LEAST_BYTES`]; all, if none.
    pub max_bytes: Option<u64>,
    /// How long ago; for ever, if none.
    pub max_age: Option<Duration>,
}

impl Limits {
    /// A smaller log is names and little else.
    pub const LEAST_BYTES: u64 = 1 << 20;

    /// As a log says it: 0 is none.
    pub(super) fn max_bytes(&self) -> u64 {
        self.max_bytes.map_or(0, |bytes| bytes.max(Self::LEAST_BYTES))
    }

    /// The same, ns.
    pub(super) fn max_age_ns(&self) -> u64 {
        let ns = |age: Duration| u64::try_from(age.as_nanos()).unwrap_or(u64::MAX).max(1);
        self.max_age.map_or(0, ns)
    }
}
