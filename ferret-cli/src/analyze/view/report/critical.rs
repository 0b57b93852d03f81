//! `--critical-path`: the path as a timeline, and what functions have of it.

use crate::analyze::document::Analysis;
use crate::analyze::report::{CriticalPath, PathLink};
use crate::analyze::rows::percent;
use crate::analyze::view::functions::share_of_run;
use crate::analyze::view::{Options, below};
use crate::format;
use crate::page::{Page, Style};
use crate::table::{Cell, Column, Table};
use crate::text;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

const COLUMNS: [(&str, u8); 6] = [
    ("CRITICAL PATH", u8::MAX),
    ("AT", 90),
    ("OWN", 100),
    ("%", 95),
    ("WAITS", 60),
    ("THREAD", 80),
];
const SUMS: [(&str, u8); 4] =
    [("ON THE PATH", u8::MAX), ("OWN", 100), ("%", 95), ("STRETCHES", 50)];
/// Threads are named by people.
const WIDEST_THREAD: usize = 24;
/// Spans in each other are indented so far.
const DEEPEST: usize = 20;

pub(super) fn draw(
    analysis: &Analysis,
    path: &CriticalPath,
    options: Options,
    page: Page,
) -> String {
    if path.name.is_empty() {
        return page.paint("No span that ended passes", Style::Strong) + ".\n";
    }
    let has_several = analysis.processes.len() > 1;
    let process = analysis.processes.iter().find(|process| process.uid == path.process);
    let of = process.filter(|_| has_several).map(|process| format!(" of process {}", process.pid));
    let head = format!(
        "{} on {}{}, from +{} on, took {}",
        path.name,
        path.thread,
        of.unwrap_or_default(),
        format::duration(path.start_ns),
        format::duration(path.duration_ns)
    );
    let mut out = page.sentence(&head, Style::Plain);
    let shown = shown(&path.links, options);
    let has_waits = path.links.iter().any(|link| link.waits_ns.is_some());
    let columns = COLUMNS.iter().filter(|(title, _)| has_waits || *title != "WAITS");
    let mut table = Table::new(columns.map(|&(title, weight)| Column { title, weight }).collect());
    for (_, link) in path.links.iter().enumerate().filter(|(index, _)| shown.contains(index)) {
        let cells = COLUMNS.iter().zip(cells(link, path.duration_ns));
        let cells = cells.filter(|((title, _), _)| has_waits || *title != "WAITS");
        table.row(cells.map(|(_, cell)| cell).collect());
    }
    let (drawn, hidden) = table.render(page);
    out += &drawn;
    let (shown, all) = (shown.len(), path.links.len());
    if shown < all {
        let rest = format!(
            "{shown} of {all} stretches, the longest: --top 0 and --min-percent 0 show all"
        );
        out += &page.sentence(&rest, Style::Faint);
    }
    out += &below(0, 0, "", &hidden, page);
    out += &sums(path, page);
    let note = format!(
        "own: nothing on the path ran in it meanwhile; spans below {} are part of it",
        format::duration(path.shortest_ns)
    );
    out + &page.sentence(&note, Style::Faint)
}

/// The numbers of the longest that are to be shown.
fn shown(links: &[PathLink], options: Options) -> BTreeSet<usize> {
    let mut all: Vec<usize> =
        (0..links.len()).filter(|&index| links[index].percent >= options.min_percent).collect();
    all.sort_by_key(|&index| (Reverse(links[index].own_ns), index));
    let top = if options.top == 0 { all.len() } else { options.top };
    all.into_iter().take(top).collect()
}

fn cells(link: &PathLink, of_ns: u64) -> Vec<Cell> {
    let share = percent(link.own_ns, of_ns);
    let style = if share >= 20.0 { Style::Strong } else { Style::Plain };
    vec![
        Cell { lead: "  ".repeat(link.depth.min(DEEPEST)), text: link.name.clone(), style },
        Cell::new(format!("+{}", format::duration(link.at_ns))),
        Cell::new(format::duration(link.own_ns)).styled(style),
        Cell::new(share_of_run(share)),
        Cell::new(link.waits_ns.map_or_else(|| "–".to_owned(), format::duration)),
        Cell::new(text::fit(&link.thread, WIDEST_THREAD)),
    ]
}

/// What each function has of the path, where it has more than one stretch.
fn sums(path: &CriticalPath, page: Page) -> String {
    let mut sums: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
    for link in &path.links {
        let (own_ns, count) = sums.entry(&link.name).or_default();
        (*own_ns, *count) = (*own_ns + link.own_ns, *count + 1);
    }
    if sums.len() == path.links.len() {
        return String::new();
    }
    let mut rows: Vec<_> = sums.into_iter().collect();
    rows.sort_by_key(|(name, (own_ns, _))| (Reverse(*own_ns), *name));
    let mut table = Table::new(SUMS.map(|(title, weight)| Column { title, weight }).to_vec());
    for (name, (own_ns, count)) in rows {
        let share = percent(own_ns, path.duration_ns);
        table.row(vec![
            Cell::new(name),
            Cell::new(format::duration(own_ns)),
            Cell::new(share_of_run(share)),
            Cell::new(format::count(count)),
        ]);
    }
    format!("\n{}", table.render(page).0)
}
