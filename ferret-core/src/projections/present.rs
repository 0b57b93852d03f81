//! Of which of several processes a level is, like a gauge's or a heap's: of those that live, and
//! where none does, of the one that lived last. Whether a process lives is not in its log: one that
//! was killed has no end marker. So whoever asks for levels tells.

use super::LogMoment;

/// Which processes are present.
#[derive(Clone, Copy, Debug)]
pub(super) struct Present {
    /// The moment of one of them; none where there is no process.
    latest: Option<LogMoment>,
}

impl Present {
    /// Those that are present among processes at these moments.
    pub(super) fn among(moments: impl Iterator<Item = LogMoment>) -> Self {
        Self { latest: moments.max_by_key(|moment| (moment.live, moment.at)) }
    }

    /// Whether one of them is.
    pub(super) fn has(self, moment: LogMoment) -> bool {
        let is_one = |latest: LogMoment| moment.live || (!latest.live && moment.at >= latest.at);
        self.latest.is_some_and(is_one)
    }
}
