//! The whole analysis of a run for another command, with its call tree and histograms; and what of a saved one a filter
//! leaves.

use super::document::{Analysis, Node};
use super::reading::{Read, read};
use super::rows::FunctionRow;
use super::{AnalyzeArgs, analysis, facts};
use crate::filter::{Field, Filter};
use crate::when::When;
use anyhow::bail;
use ferret::log::{LogError, Run};
use std::collections::BTreeSet;

/// What of a run counts.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Part<'a> {
    pub(crate) filter: Option<&'a Filter>,
    pub(crate) since: Option<When>,
    pub(crate) until: Option<When>,
}

/// Reads it. A failure in the middle is given back beside what was read.
///
/// # Errors
///
/// The part cannot be told, or Ctrl-C ended it.
pub(crate) fn whole(run: &mut Run, part: Part<'_>) -> anyhow::Result<(Analysis, Option<LogError>)> {
    let Part { filter, since, until } = part;
    let filter = filter.cloned();
    let args =
        AnalyzeArgs { tree: true, json: true, filter, since, until, ..AnalyzeArgs::default() };
    let Read { mut fold, interrupted, failure, .. } = read(run, &args)?;
    if interrupted {
        bail!("interrupted before all was read");
    }
    Ok((analysis(&mut fold, &facts(run, &[]), ferret::log::now(), &args), failure))
}

impl Part<'_> {
    /// What of this cannot be asked of rows that are made already.
    pub(crate) fn asks_of_entries(&self) -> Option<&'static str> {
        if self.since.is_some() || self.until.is_some() {
            return Some("--since and --until");
        }
        let asks_spans = self.filter.is_some_and(|filter| filter.asks(&Field::OF_SPANS));
        asks_spans.then_some("a --filter on thread, process, pid, outcome, tag or dur")
    }

    /// Leaves the rows that the filter lets through.
    pub(crate) fn narrow(&self, analysis: &mut Analysis) {
        let Some(filter) = self.filter else { return };
        let run_ns = analysis.run.duration_ns;
        analysis.functions.retain(|function| filter.allows(&FunctionRow { function, run_ns }));
        analysis.stages.retain(|stage| filter.allows(&stage));
        let kept: BTreeSet<u32> = analysis.functions.iter().map(|function| function.id).collect();
        for node in analysis.tree.iter_mut().flatten() {
            hide(node, &kept);
        }
    }
}

/// A node that is only there for those below it has no calls.
fn hide(node: &mut Node, kept: &BTreeSet<u32>) {
    let mut children = std::mem::take(&mut node.children);
    // No deeper than a document may be.
    for child in &mut children {
        hide(child, kept);
    }
    if !kept.contains(&node.function) {
        let (function, name) = (node.function, std::mem::take(&mut node.name));
        *node = Node { function, name, ..Node::default() };
    }
    node.children = children;
}
