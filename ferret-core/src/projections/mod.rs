//! What entries add up to: each file a fold over the entries of one or several logs.
//!
//! A projection takes entries and gives state. It reads no clock, no terminal and no file: where
//! "now" matters it is a parameter. So `watch` at any moment and `analyze` at the end show the
//! same numbers, and every projection is tested on made-up entries.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a projection picks the entries it folds out of all there are, and all there will be"
)]

mod callers;
mod calls;
mod closeup;
mod counters;
mod critical;
mod curve;
mod durations;
mod failures;
mod functions;
mod heap;
mod live;
mod marks;
mod metrics;
mod open_calls;
mod present;
mod process;
mod rate;
mod rates;
mod recent;
#[cfg(test)]
pub(crate) mod scenario;
mod slots;
mod slowest;
mod spread;
mod stages;
mod tasks;
mod timeline;
mod tree;

pub use callers::{CallerNode, Callers};
pub use calls::{Calls, FunctionCalls, GroupBy, GroupCalls, Totals};
pub use closeup::{Closeup, OneCall, OverTime, Spread, SpreadClass, TimeColumn};
pub use counters::{Counters, Reading};
pub use critical::{Link, Step, critical_path};
pub use curve::Curve;
pub use durations::{DurationStats, Durations};
pub use failures::{Failure, Failures, How};
pub use functions::FunctionId;
pub use heap::{FunctionHeap, Heap, Living};
pub use live::{Live, LiveProcess, LiveThread, OpenFrame, Parent, Said, Task};
pub use marks::{MarkStats, Marks};
pub use metrics::{Columns, Measure, Metrics, Peak, Series};
pub use open_calls::OpenFunction;
pub use process::{Process, Processes, SpanCounts};
pub use rate::Rate;
pub use rates::Rates;
pub use recent::{Ended, Happening, News, Recent};
pub use slowest::{SlowSpan, Slowest};
pub use spread::{Distribution, PathSpread, Sketch, Spreads};
pub use stages::{
    LogMoment, OpenStage, ProcessUsage, Progress, StageReport, StageState, StageStats, StageTotal,
    Stages,
};
pub use tasks::{TaskCalls, TaskTotals, Tasks};
pub use timeline::{Lane, Slice, Timeline, path_depth};
pub use tree::{CallTree, MAX_TREE_DEPTH, OpenCall, TreeNode};
