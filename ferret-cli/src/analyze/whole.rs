//! The whole analysis of a run for another command, with its call tree and histograms; and what of a saved one a filter
//! leaves.

use super::document::{Analysis, Node};
use super::reading::{Read, read};
use super::rows::FunctionRow;
use super::{AnalyzeArgs, analysis, facts};
use crate::chosen::Chosen;
use crate::filter::Field;
use crate::stop::Stop;
use ferret::log::{LogError, Run};
use std::collections::BTreeSet;

/// Reads it. A failure in the middle is given back beside what was read.
///
/// # Errors
///
/// The part cannot be told.
pub(crate) fn whole(
    run: &mut Run,
    chosen: &Chosen,
) -> anyhow::Result<(Analysis, Option<LogError>)> {
    let args =
        AnalyzeArgs { tree: true, json: true, chosen: chosen.clone(), ..AnalyzeArgs::default() };
    // Ctrl-C ends it as it ends any program: half of a run is not to be compared.
    let Read { mut fold, failure, .. } = read(run, &args, &Stop::default())?;
    Ok((analysis(&mut fold, &facts(run, &[]), ferret::log::now(), &args), failure))
}

/// What of this cannot be asked of rows that are made already.
pub(crate) fn asks_of_entries(chosen: &Chosen) -> Option<&'static str> {
    if chosen.has_window() {
        return Some("--since and --until");
    }
    let asks_spans = chosen.filter.as_ref().is_some_and(|filter| filter.asks(&Field::OF_SPANS));
    asks_spans.then_some("a --filter on thread, process, pid, host, outcome, tag or dur")
}

/// Leaves the rows that the filter lets through.
pub(crate) fn narrow(analysis: &mut Analysis, chosen: &Chosen) {
    let Some(filter) = &chosen.filter else { return };
    let run_ns = analysis.run.duration_ns;
    analysis.functions.retain(|function| filter.allows(&FunctionRow { function, run_ns }));
    analysis.stages.retain(|stage| filter.allows(&stage));
    let kept: BTreeSet<u32> = analysis.functions.iter().map(|function| function.id).collect();
    for node in analysis.tree.iter_mut().flatten() {
        hide(node, &kept);
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
