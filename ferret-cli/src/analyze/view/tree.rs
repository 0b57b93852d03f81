//! The call tree.

use super::branches::{self, Branches};
use super::functions::{names, share_of_run, so_far};
use super::{Options, below};
use crate::analyze::document::{Analysis, Node};
use crate::analyze::rows::percent;
use crate::format;
use crate::page::{Page, Style};
use crate::table::{Cell, Column, Table};
use std::collections::BTreeMap;

const COLUMNS: [(&str, u8); 7] = [
    ("CALL TREE", u8::MAX),
    ("CALLS", 90),
    ("TOTAL", 100),
    ("% RUN", 95),
    ("SELF", 80),
    ("ERRORS", 10),
    ("OPEN", 20),
];

pub(super) fn draw(analysis: &Analysis, options: Options, page: Page) -> String {
    let Some(roots) = analysis.tree.as_ref().filter(|roots| !roots.is_empty()) else {
        return super::notes::nothing_passes(options, page);
    };
    // Columns of noughts say nothing here.
    let has = |count: fn(&Node) -> u64| roots.iter().any(|root| any(root, count));
    let (has_errors, has_open) = (has(|node| node.errors), has(|node| node.open));
    let is_shown = |title: &str| match title {
        "ERRORS" => has_errors,
        "OPEN" => has_open,
        _ => true,
    };
    let columns = COLUMNS.iter().filter(|(title, _)| is_shown(title));
    let mut drawing = Drawing {
        table: Table::new(columns.map(|&(title, weight)| Column { title, weight }).collect()),
        names: names(&analysis.functions),
        run_ns: analysis.run.duration_ns,
        min_percent: options.min_percent,
        has_errors,
        has_open,
        has_recursion: false,
    };
    let roots_drawn: Vec<Branch> = roots.iter().map(Branch::new).collect();
    let roots_drawn: Vec<&Branch> = roots_drawn.iter().collect();
    let left_out = branches::draw(&mut drawing, &roots_drawn, options, (1, ""));
    let (mut text, hidden) = drawing.table.render(page);
    text += &below(0, 0, "", &hidden, page);
    let mut marks = Vec::new();
    if roots.iter().any(|node| any(node, |node| node.sampled)) && !hidden.contains(&"CALLS") {
        marks.push(super::SAMPLED);
    }
    if drawing.has_open {
        marks.push("+ with what is still open");
    }
    if drawing.has_recursion {
        marks.push("↻ calls itself, so many levels deep");
    }
    text += &super::marks(&marks, page);
    text + &branches::left_out(left_out, page)
}

struct Drawing {
    table: Table,
    names: BTreeMap<u32, String>,
    run_ns: u64,
    min_percent: f64,
    has_errors: bool,
    has_open: bool,
    has_recursion: bool,
}

/// A node as it is drawn: direct recursion is one line, however deep it goes.
struct Branch {
    function: u32,
    name: String,
    calls: u64,
    sampled: u64,
    total_ns: u64,
    self_ns: u64,
    open: u64,
    open_ns: u64,
    errors: u64,
    /// Levels of recursion in it.
    levels: usize,
    children: Vec<Branch>,
}

impl Branch {
    fn new(node: &Node) -> Self {
        let mut branch = Self {
            function: node.function,
            name: node.name.clone(),
            calls: node.calls,
            sampled: node.sampled,
            total_ns: node.total_ns,
            self_ns: node.self_ns,
            open: node.open,
            open_ns: node.open_ns,
            errors: node.errors,
            levels: 1,
            children: Vec::new(),
        };
        for child in node.children.iter().map(Self::new) {
            if child.function == branch.function {
                // Its time is in this node's total already.
                branch.levels = branch.levels.max(child.levels + 1);
                branch.take(Self { total_ns: 0, open_ns: 0, ..child });
            } else {
                branch.add(child);
            }
        }
        branch
    }

    fn take(&mut self, other: Self) {
        self.calls += other.calls;
        self.sampled += other.sampled;
        self.total_ns += other.total_ns;
        self.self_ns += other.self_ns;
        self.open += other.open;
        self.open_ns = self.open_ns.saturating_add(other.open_ns);
        self.errors += other.errors;
        other.children.into_iter().for_each(|child| self.add(child));
    }

    fn add(&mut self, child: Self) {
        match self.children.iter_mut().find(|known| known.function == child.function) {
            Some(known) => {
                known.levels = known.levels.max(child.levels);
                known.take(child);
            }
            None => self.children.push(child),
        }
    }

    /// Up to now.
    fn so_far_ns(&self) -> u64 {
        self.total_ns.saturating_add(self.open_ns)
    }

    fn is_open(&self) -> bool {
        self.open > 0 || self.children.iter().any(Self::is_open)
    }
}

impl Branches for Drawing {
    type Node = Branch;

    fn below<'n>(&self, node: &'n Branch) -> &'n [Branch] {
        &node.children
    }

    fn is_shown(&self, node: &Branch) -> bool {
        let is_busy = percent(node.so_far_ns(), self.run_ns) >= self.min_percent;
        is_busy || node.is_open()
    }

    fn line(&mut self, node: &Branch, _: usize, lead: String) {
        // A filter took its function out: it stands here for what is below it.
        let name = self.names.get(&node.function);
        let share = percent(node.so_far_ns(), self.run_ns);
        let style = match name {
            None => Style::Faint,
            Some(_) if share >= 50.0 => Style::Strong,
            Some(_) => Style::Plain,
        };
        self.has_recursion |= node.levels > 1;
        let name = name.unwrap_or(&node.name);
        let text = match node.levels {
            1 => name.to_owned(),
            levels => format!("{name} ↻{levels}"),
        };
        let self_ns = (node.calls > 0 || node.self_ns > 0).then_some(node.self_ns);
        let is_seen = node.calls + node.open > 0;
        let mut cells = vec![
            Cell { lead, text, style },
            super::calls(node.calls, node.sampled),
            so_far(is_seen, node.open > 0, format::duration(node.so_far_ns())),
            so_far(is_seen, node.open > 0, share_of_run(share)),
            Cell::new(self_ns.map_or_else(|| "–".to_owned(), format::duration)),
        ];
        let count = |count: u64, style| match count {
            0 => Cell::new("–").styled(Style::Faint),
            some => Cell::new(format::count(some)).styled(style),
        };
        if self.has_errors {
            cells.push(count(node.errors, Style::Bad));
        }
        if self.has_open {
            cells.push(count(node.open, Style::Warn));
        }
        self.table.row(cells);
    }
}

fn any(node: &Node, count: fn(&Node) -> u64) -> bool {
    count(node) > 0 || node.children.iter().any(|child| any(child, count))
}
