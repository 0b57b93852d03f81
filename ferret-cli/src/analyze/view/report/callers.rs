//! `--bottom-up`: each function, and below it who calls it.

use crate::analyze::document::Analysis;
use crate::analyze::report::Caller;
use crate::analyze::rows::percent;
use crate::analyze::view::branches::{self, Branches};
use crate::analyze::view::functions::{names, share_of_run};
use crate::analyze::view::{Options, SAMPLED, below, calls, marks};
use crate::format;
use crate::page::{Page, Style};
use crate::table::{Cell, Column, Table};
use std::collections::BTreeMap;

const COLUMNS: [(&str, u8); 6] = [
    ("CALLED BY", u8::MAX),
    ("CALLS", 90),
    ("SELF", 100),
    ("% RUN", 95),
    ("TOTAL", 80),
    ("ERRORS", 10),
];

pub(super) fn draw(analysis: &Analysis, roots: &[Caller], options: Options, page: Page) -> String {
    let has_errors = roots.iter().any(|root| root.errors > 0);
    let columns = COLUMNS.iter().filter(|(title, _)| has_errors || *title != "ERRORS");
    let columns = columns.map(|&(title, weight)| Column { title, weight }).collect();
    let names = names(&analysis.functions);
    // What a filter took out has no callers to ask for.
    let roots: Vec<&Caller> =
        roots.iter().filter(|root| names.contains_key(&root.function)).collect();
    if roots.is_empty() {
        return String::new();
    }
    let run_ns = analysis.run.duration_ns;
    let min_percent = options.min_percent;
    let mut drawing =
        Drawing { table: Table::new(columns), names, run_ns, min_percent, has_errors };
    let left_out = branches::draw(&mut drawing, &roots, options, (1, ""));
    let (mut text, hidden) = drawing.table.render(page);
    text += &below(0, 0, "", &hidden, page);
    if roots.iter().any(|root| root.sampled > 0) && !hidden.contains(&"CALLS") {
        text += &marks(&[SAMPLED], page);
    }
    text + &branches::left_out(left_out, page)
}

struct Drawing {
    table: Table,
    names: BTreeMap<u32, String>,
    run_ns: u64,
    min_percent: f64,
    has_errors: bool,
}

impl Branches for Drawing {
    type Node = Caller;

    fn below<'n>(&self, node: &'n Caller) -> &'n [Caller] {
        &node.callers
    }

    /// A function may be slow in what it calls: one that is left out is short in both.
    fn is_shown(&self, node: &Caller) -> bool {
        percent(node.self_ns.max(node.total_ns), self.run_ns) >= self.min_percent
    }

    fn line(&mut self, node: &Caller, depth: usize, lead: String) {
        let share = percent(node.self_ns, self.run_ns);
        let name = self.names.get(&node.function).unwrap_or(&node.name).clone();
        let style = match depth {
            1 => Style::Strong,
            _ if self.names.contains_key(&node.function) => Style::Plain,
            _ => Style::Faint,
        };
        let mut cells = vec![
            Cell { lead, text: name, style },
            calls(node.calls, node.sampled),
            Cell::new(format::duration(node.self_ns)),
            Cell::new(share_of_run(share)),
            Cell::new(format::duration(node.total_ns)),
        ];
        if self.has_errors {
            cells.push(match node.errors {
                0 => Cell::new("–").styled(Style::Faint),
                some => Cell::new(format::count(some)).styled(Style::Bad),
            });
        }
        self.table.row(cells);
    }
}
