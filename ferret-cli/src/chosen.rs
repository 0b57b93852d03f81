//! What of a run counts, as the command line chooses it: one filter and one window for the commands that tell of a
//! run after the fact.

use crate::filter::Filter;
use crate::when::When;
use clap::Args;

/// The part of a run that was asked for.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct Chosen {
    /// Count only spans, and show only rows, that pass this
    #[arg(long, value_name = "EXPR")]
    pub(crate) filter: Option<Filter>,
    /// Count only spans that ended after this: +1m30s from the run's start, 14:03:10, RFC 3339
    #[arg(long, value_name = "TIME")]
    pub(crate) since: Option<When>,
    /// Take the run as it was at this time
    #[arg(long, value_name = "TIME")]
    pub(crate) until: Option<When>,
}

impl Chosen {
    /// Whether it is a part of the run's time.
    pub(crate) fn has_window(&self) -> bool {
        self.since.is_some() || self.until.is_some()
    }

    /// Whether it is all of the run.
    pub(crate) fn is_all(&self) -> bool {
        self.filter.is_none() && !self.has_window()
    }
}
