//! What a comparison says: the document of `ferret diff --json`, from which every table is drawn too. docs/json.md
//! describes it; it only ever grows.

use crate::analyze::Answer;
use serde::Serialize;

/// The version of the document: raised when a field changes its meaning, never when one is added.
pub(super) const FORMAT: u32 = 1;

/// A comparison.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(super) struct Comparison {
    pub(super) format: u32,
    /// `diff`
    pub(super) kind: &'static str,
    pub(super) base: Side,
    pub(super) head: Side,
    pub(super) method: Method,
    /// What makes the sides hard to compare, for people.
    pub(super) notes: Vec<String>,
    pub(super) gates: Vec<Answer>,
    pub(super) summary: Summary,
    pub(super) duration_ns: Change,
    pub(super) spans: Change,
    pub(super) errors: Change,
    pub(super) panics: Change,
    pub(super) dropped_spans: Change,
    pub(super) open_spans: Change,
    /// What changed most stands first.
    pub(super) functions: Vec<Function>,
    /// Every place in the call tree, from the top down; null where a saved analysis has no tree.
    pub(super) tree: Option<Vec<Place>>,
    pub(super) stages: Vec<Stage>,
}

/// The runs of a side.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(super) struct Side {
    pub(super) runs: Vec<Run>,
}

/// A run.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(super) struct Run {
    /// As it was named: the file, or run.redb@-1.
    pub(super) name: String,
    /// The file it was read from.
    pub(super) path: String,
    /// It was saved by `analyze --json`.
    pub(super) saved: bool,
    pub(super) id: String,
    /// RFC 3339.
    pub(super) start: Option<String>,
    pub(super) duration_ns: u64,
    pub(super) spans: u64,
    /// Of its processes, each once.
    pub(super) exes: Vec<String>,
    pub(super) hosts: Vec<String>,
    pub(super) states: Vec<String>,
}

/// How change was told from chance.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(super) struct Method {
    /// `calls`: single calls of one run each; `runs`: one number of each run
    pub(super) compares: &'static str,
    pub(super) tests: &'static str,
    pub(super) least_percent: f64,
    pub(super) least_ns: u64,
    pub(super) chance_percent: f64,
}

/// How many functions became what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Summary {
    pub(super) slower: u64,
    pub(super) faster: u64,
    pub(super) slower_below: u64,
    pub(super) faster_below: u64,
    pub(super) new: u64,
    pub(super) gone: u64,
    pub(super) more_calls: u64,
    pub(super) fewer_calls: u64,
    pub(super) unsure: u64,
    pub(super) same: u64,
}

/// What became of a row. The order is that in which rows stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Verdict {
    /// Calls take longer by themselves.
    Slower,
    Faster,
    /// Calls take longer, and not by themselves.
    SlowerBelow,
    FasterBelow,
    New,
    Gone,
    MoreCalls,
    FewerCalls,
    /// It changed, and too few calls tell whether by chance.
    Unsure,
    /// What changed may be chance.
    #[default]
    Same,
}

/// A number on both sides; of several runs the median.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
#[expect(clippy::struct_field_names, reason = "they are the document's")]
pub(super) struct Change {
    /// Null where there is none.
    pub(super) base: Option<u64>,
    pub(super) head: Option<u64>,
    /// Head less base.
    pub(super) change: Option<i64>,
    /// Of the base; null where that is 0.
    pub(super) change_percent: Option<f64>,
    /// How probable so much is by chance, as corrected for all rows; null where no test was made.
    pub(super) p_value: Option<f64>,
    /// More than chance, and enough to matter.
    pub(super) significant: bool,
}

/// A function.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(super) struct Function {
    pub(super) name: String,
    pub(super) module: String,
    pub(super) file: String,
    /// In the head, or where it is gone in the base.
    pub(super) line: u32,
    pub(super) kind: String,
    #[serde(flatten)]
    pub(super) row: Row,
}

/// A place in the call tree.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(super) struct Place {
    /// The names of the functions from the outermost one on.
    pub(super) path: Vec<String>,
    #[serde(flatten)]
    pub(super) row: Row,
}

/// What changed of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub(super) struct Row {
    pub(super) verdict: Verdict,
    pub(super) calls: Change,
    pub(super) errors: Change,
    pub(super) total_ns: Change,
    pub(super) self_ns: Change,
    /// Of one call, by itself; of an async function, of one poll.
    pub(super) self_p50_ns: Change,
    pub(super) mean_ns: Change,
    pub(super) p50_ns: Change,
    pub(super) p95_ns: Change,
    pub(super) p99_ns: Change,
    pub(super) max_ns: Change,
}

/// A stage.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(super) struct Stage {
    pub(super) name: String,
    /// `unsure` with less than three runs: a stage is one call.
    pub(super) verdict: Verdict,
    pub(super) calls: Change,
    pub(super) errors: Change,
    pub(super) wall_ns: Change,
    pub(super) peak_rss_bytes: Change,
    /// In hundredths of a percent of one core.
    pub(super) avg_cpu_percent: Change,
}

impl Verdict {
    /// As people read it.
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Slower => "slower",
            Self::Faster => "faster",
            Self::SlowerBelow => "slower below",
            Self::FasterBelow => "faster below",
            Self::New => "new",
            Self::Gone => "gone",
            Self::MoreCalls => "more calls",
            Self::FewerCalls => "fewer calls",
            Self::Unsure => "unsure",
            Self::Same => "same",
        }
    }

    /// Whether it is worth a line unasked.
    pub(super) fn is_change(self) -> bool {
        !matches!(self, Self::Unsure | Self::Same)
    }
}

impl Change {
    pub(super) fn between(base: Option<f64>, head: Option<f64>) -> Self {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "counts and times are not negative; a float that is too large saturates"
        )]
        let whole = |value: Option<f64>| value.map(|value| value.round() as u64);
        let (base, head) = (whole(base), whole(head));
        let change = base.zip(head).map(|(base, head)| {
            let size = i64::try_from(base.abs_diff(head)).unwrap_or(i64::MAX);
            if head < base { -size } else { size }
        });
        #[expect(clippy::cast_precision_loss, reason = "a percentage")]
        let percent = |(change, base): (i64, u64)| {
            (base > 0).then(|| (change as f64 * 10_000.0 / base as f64).round() / 100.0)
        };
        let change_percent = change.zip(base).and_then(percent);
        Self { base, head, change, change_percent, ..Self::default() }
    }

    /// Whether it grew, if it is significant.
    pub(super) fn direction(&self) -> Option<bool> {
        let change = self.change.filter(|_| self.significant)?;
        Some(change > 0)
    }
}

impl Summary {
    pub(super) fn count(&mut self, verdict: Verdict) {
        let count = match verdict {
            Verdict::Slower => &mut self.slower,
            Verdict::Faster => &mut self.faster,
            Verdict::SlowerBelow => &mut self.slower_below,
            Verdict::FasterBelow => &mut self.faster_below,
            Verdict::New => &mut self.new,
            Verdict::Gone => &mut self.gone,
            Verdict::MoreCalls => &mut self.more_calls,
            Verdict::FewerCalls => &mut self.fewer_calls,
            Verdict::Unsure => &mut self.unsure,
            Verdict::Same => &mut self.same,
        };
        *count += 1;
    }
}
