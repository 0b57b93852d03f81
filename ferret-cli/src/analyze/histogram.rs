//! How the durations of calls are spread, as the document has them: what `ferret diff` needs of a saved analysis to
//! tell a change from chance.

use super::document::{Function, Node};
use super::fold::Fold;
use ferret::projections::{CallTree, Distribution, FunctionId, PathSpread, Sketch, Spreads};
use serde::ser::Error as _;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// The durations of calls, in few numbers.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub(crate) struct Histogram {
    /// As many calls, if each said nothing of the next, would tell as much.
    pub(crate) independent: f64,
    /// Durations in ns, shortest first, and how many calls took so long.
    pub(crate) calls: Vec<(u64, u64)>,
}

impl Histogram {
    fn of(sketch: &Sketch) -> Option<Self> {
        let Distribution { pairs, independent } = sketch.distribution();
        let independent = (independent * 10.0).round() / 10.0;
        (!pairs.is_empty()).then_some(Self { independent, calls: pairs })
    }
}

impl Serialize for Histogram {
    /// In one line: indented as the rest of the document is, it would be most of its lines.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let calls: Vec<_> =
            self.calls.iter().map(|(ns, count)| format!("[{ns},{count}]")).collect();
        let text = format!(
            r#"{{"independent": {:.1}, "calls": [{}]}}"#,
            self.independent,
            calls.join(",")
        );
        RawValue::from_string(text).map_err(S::Error::custom)?.serialize(serializer)
    }
}

/// The calls of each place in the tree.
#[derive(Debug, Default)]
pub(super) struct NodeSpreads {
    nodes: BTreeMap<usize, PathSpread>,
    /// In how many places a function was called.
    places: BTreeMap<FunctionId, usize>,
}

/// Gives functions, which stand in the order of their ids, their histograms.
pub(super) fn add(functions: &mut [Function], fold: &Fold) {
    let mut spreads: BTreeMap<FunctionId, PathSpread> = BTreeMap::new();
    for (log, path, spread) in fold.spreads.iter().flat_map(Spreads::paths) {
        let Some(function) = fold.calls.function_of(log, path) else { continue };
        spreads.entry(function).or_default().merge(spread);
    }
    for (function, spread) in spreads {
        let Some(row) = functions.get_mut(function.0 as usize) else { continue };
        (row.histogram, row.self_histogram) = histograms(&spread);
    }
}

/// Of calls, and of what they took by themselves where that is another.
fn histograms(spread: &PathSpread) -> (Option<Histogram>, Option<Histogram>) {
    let durations = Histogram::of(&spread.durations);
    let own = Histogram::of(&spread.own);
    let is_other = own != durations;
    (durations, own.filter(|_| is_other))
}

impl NodeSpreads {
    pub(super) fn of(fold: &Fold, tree: &CallTree) -> Self {
        let mut all = Self::default();
        for (log, path, spread) in fold.spreads.iter().flat_map(Spreads::paths) {
            if let Some(node) = tree.node_of(&fold.calls, log, path) {
                all.nodes.entry(node).or_default().merge(spread);
            }
        }
        for &node in all.nodes.keys() {
            *all.places.entry(tree.node(node).function).or_default() += 1;
        }
        all
    }

    /// Tells a node what its calls took. That of the only place of a function stands with the function.
    pub(super) fn add(&self, node: &mut Node, index: usize) {
        let Some(spread) = self.nodes.get(&index) else { return };
        node.p50_ns = spread.durations.percentile(50);
        node.p95_ns = spread.durations.percentile(95);
        if self.places.get(&FunctionId(node.function)).is_some_and(|&places| places > 1) {
            (node.histogram, node.self_histogram) = histograms(spread);
        }
    }
}
