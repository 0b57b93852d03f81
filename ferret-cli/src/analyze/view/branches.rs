//! A tree as lines of a table: which nodes are shown, and what leads to each.

use super::Options;
use crate::page::{Page, Style};

/// What is drawn as a tree.
pub(super) trait Branches {
    /// A node; with it are those below it.
    type Node;

    /// Those below a node.
    fn below<'n>(&self, node: &'n Self::Node) -> &'n [Self::Node];

    /// Whether it is worth a line.
    fn is_shown(&self, node: &Self::Node) -> bool;

    /// Draws one, so deep below the roots, which are at 1.
    fn line(&mut self, node: &Self::Node, depth: usize, lead: String);
}

/// Draws nodes that stand side by side, and what is below them; says how many nodes were left out.
pub(super) fn draw<B: Branches>(
    branches: &mut B,
    nodes: &[&B::Node],
    options: Options,
    (depth, lead): (usize, &str),
) -> usize {
    let shown = nodes.iter().copied().filter(|node| branches.is_shown(node));
    let top = if options.top == 0 { nodes.len() } else { options.top };
    let shown: Vec<&B::Node> = shown.take(top).collect();
    let sizes = |branches: &B, nodes: &[&B::Node]| {
        nodes.iter().map(|node| size(branches, node)).sum::<usize>()
    };
    let mut left_out = sizes(branches, nodes) - sizes(branches, &shown);
    for (index, node) in shown.iter().enumerate() {
        let (branch, below) = match (depth, index + 1 == shown.len()) {
            (1, _) => ("", ""),
            (_, true) => ("└─ ", "   "),
            (_, false) => ("├─ ", "│  "),
        };
        branches.line(node, depth, format!("{lead}{branch}"));
        if depth < options.depth {
            let nodes: Vec<&B::Node> = branches.below(node).iter().collect();
            let lead = format!("{lead}{below}");
            left_out += draw(branches, &nodes, options, (depth + 1, &lead));
        } else {
            left_out += size(branches, node) - 1;
        }
    }
    left_out
}

/// How to see what was left out; nothing where all is there.
pub(super) fn left_out(count: usize, page: Page) -> String {
    if count == 0 {
        return String::new();
    }
    let text = format!("{count} nodes left out: --top 0, --depth and --min-percent 0 show more");
    page.sentence(&text, Style::Faint)
}

/// A node and all below it. No deeper than the tree, which has a limit.
fn size<B: Branches>(branches: &B, node: &B::Node) -> usize {
    1 + branches.below(node).iter().map(|node| size(branches, node)).sum::<usize>()
}
