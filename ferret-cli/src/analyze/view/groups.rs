//! The tables of threads and of processes.

use super::functions::{durations, share_of_run};
use super::headline::{ending, program, style};
use super::{Options, below};
use crate::analyze::document::{Analysis, Process, Thread};
use crate::analyze::rows::percent;
use crate::format;
use crate::page::{Page, Style};
use crate::table::{Cell, Column, Table};

const THREADS: [(&str, u8); 11] = [
    ("THREAD", u8::MAX),
    ("CALLS", 90),
    ("BUSY", 100),
    ("% RUN", 95),
    ("MEAN", 60),
    ("P50", 30),
    ("P95", 20),
    ("P99", 70),
    ("MAX", 40),
    ("ERRORS", 50),
    ("OPEN", 45),
];

const PROCESSES: [(&str, u8); 11] = [
    ("PROCESS", u8::MAX),
    ("PID", 70),
    ("STATE", 95),
    ("TIME", 90),
    ("CALLS", 85),
    ("BUSY", 80),
    ("% RUN", 40),
    ("PEAK RSS", 75),
    ("AVG CPU", 74),
    ("P99", 20),
    ("ERRORS", 60),
];

pub(super) fn threads(analysis: &Analysis, options: Options, page: Page) -> String {
    let none = Vec::new();
    let all = analysis.threads.as_ref().unwrap_or(&none);
    let run_ns = analysis.run.duration_ns;
    let is_shown = |row: &&Thread| percent(row.busy_ns, run_ns) >= options.min_percent;
    let rows: Vec<&Thread> = all.iter().filter(is_shown).collect();
    if rows.is_empty() {
        return super::notes::nothing_passes(options, page);
    }
    let has_several = analysis.processes.len() > 1;
    let mut table = table(&THREADS);
    let top = if options.top == 0 { rows.len() } else { options.top };
    for row in rows.iter().take(top) {
        let process = analysis.processes.iter().find(|process| process.uid == row.process);
        let name = match process.filter(|_| has_several) {
            Some(process) => format!("{} [{} {}]", row.name, program(process), process.pid),
            None => row.name.clone(),
        };
        let mut cells = vec![
            Cell::new(name),
            super::calls(row.calls, row.sampled),
            Cell::new(format::duration(row.busy_ns)),
            Cell::new(share_of_run(percent(row.busy_ns, run_ns))),
        ];
        cells.extend(durations(&row.durations));
        cells.push(errors(row.errors));
        let open = if row.open > 0 { Style::Warn } else { Style::Faint };
        cells.push(Cell::new(format::count(row.open)).styled(open));
        table.row(cells);
    }
    let (mut text, hidden) = table.render(page);
    text += &below(rows.len().min(top), rows.len(), "threads", &hidden, page);
    let is_sampled = rows.iter().take(top).any(|row| row.sampled > 0);
    text + &sampled(is_sampled && !hidden.contains(&"CALLS"), page)
}

pub(super) fn processes(analysis: &Analysis, options: Options, page: Page) -> String {
    let rows = &analysis.processes;
    let run_ns = analysis.run.duration_ns;
    let mut table = table(&PROCESSES);
    let top = if options.top == 0 { rows.len() } else { options.top };
    for row in rows.iter().take(top) {
        table.row(process(row, run_ns));
    }
    let (mut text, hidden) = table.render(page);
    text += &below(rows.len().min(top), rows.len(), "processes", &hidden, page);
    let is_sampled = rows.iter().take(top).any(|row| row.sampled > 0);
    text + &sampled(is_sampled && !hidden.contains(&"CALLS"), page)
}

fn process(row: &Process, run_ns: u64) -> Vec<Cell> {
    let or_dash = |text: Option<String>| Cell::new(text.unwrap_or_else(|| "–".to_owned()));
    vec![
        Cell::new(program(row)),
        Cell::new(row.pid.to_string()),
        Cell::new(ending(row)).styled(style(row)),
        Cell::new(format::duration(row.duration_ns)),
        super::calls(row.calls, row.sampled),
        Cell::new(format::duration(row.busy_ns)),
        Cell::new(share_of_run(percent(row.busy_ns, run_ns))),
        or_dash(row.peak_rss_bytes.map(format::bytes)),
        or_dash(row.avg_cpu_percent.map(|cpu| format!("{cpu:.0}%"))),
        or_dash(row.durations.and_then(|durations| durations.p99_ns).map(format::duration)),
        errors(row.errors),
    ]
}

fn table(columns: &[(&'static str, u8)]) -> Table {
    Table::new(columns.iter().map(|&(title, weight)| Column { title, weight }).collect())
}

fn sampled(is_shown: bool, page: Page) -> String {
    super::marks(if is_shown { &[super::SAMPLED] } else { &[] }, page)
}

fn errors(count: u64) -> Cell {
    let style = if count > 0 { Style::Bad } else { Style::Faint };
    Cell::new(format::count(count)).styled(style)
}
