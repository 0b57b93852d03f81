//! The table of stages, with a line for all of them.

use super::functions::share_of_run;
use super::{Options, below};
use crate::analyze::document::{Analysis, Stage};
use crate::analyze::rows::percent;
use crate::format;
use crate::page::{Page, Style};
use crate::table::{Cell, Column, Table};

const COLUMNS: [(&str, u8); 9] = [
    ("STAGE", u8::MAX),
    ("STATE", 85),
    ("CALLS", 60),
    ("WALL", 100),
    ("% RUN", 80),
    ("PEAK RSS", 95),
    ("AVG CPU", 90),
    ("ERRORS", 30),
    ("PROGRESS", 40),
];

pub(super) fn draw(analysis: &Analysis, options: Options, page: Page) -> String {
    if analysis.stages.is_empty() {
        return no_stage(analysis, options, page);
    }
    let has_progress = analysis.stages.iter().any(|stage| stage.done.is_some());
    let has_errors = analysis.stages.iter().any(|stage| stage.errors > 0);
    let is_shown = |title: &str| match title {
        "PROGRESS" => has_progress,
        "ERRORS" => has_errors,
        _ => true,
    };
    let columns = COLUMNS.iter().filter(|(title, _)| is_shown(title));
    let mut table = Table::new(columns.map(|&(title, weight)| Column { title, weight }).collect());
    let run_ns = analysis.run.duration_ns;
    let add = |table: &mut Table, row: Vec<(&str, Cell)>| {
        let kept = row.into_iter().filter(|(title, _)| is_shown(title));
        table.row(kept.map(|(_, cell)| cell).collect());
    };
    let top = if options.top == 0 { analysis.stages.len() } else { options.top };
    for stage in analysis.stages.iter().take(top) {
        add(&mut table, cells(stage, run_ns));
    }
    if let Some(total) = &analysis.stage_total {
        table.rule();
        let calls: u64 = analysis.stages.iter().map(|stage| stage.calls).sum();
        let errors: u64 = analysis.stages.iter().map(|stage| stage.errors).sum();
        add(
            &mut table,
            vec![
                ("STAGE", Cell::new("all stages").styled(Style::Strong)),
                ("STATE", Cell::new("")),
                ("CALLS", Cell::new(format::count(calls))),
                ("WALL", Cell::new(format::duration(total.wall_ns)).styled(Style::Strong)),
                ("% RUN", Cell::new(share_of_run(percent(total.wall_ns, run_ns)))),
                ("PEAK RSS", bytes(total.peak_rss_bytes, false)),
                ("AVG CPU", cpu(total.avg_cpu_percent, false)),
                ("ERRORS", errors_cell(errors)),
                ("PROGRESS", Cell::new("")),
            ],
        );
    }
    let (mut text, hidden) = table.render(page);
    text += &below(analysis.stages.len().min(top), analysis.stages.len(), "stages", &hidden, page);
    if analysis.stages.iter().any(|stage| stage.shared) {
        let shared = "* another stage ran meanwhile: memory and CPU are of both";
        text += &page.sentence(shared, Style::Faint);
    }
    text
}

fn cells(stage: &Stage, run_ns: u64) -> Vec<(&'static str, Cell)> {
    let style = match stage.state.as_str() {
        "failed" => Style::Bad,
        "running" => Style::Good,
        "unfinished" | "cancelled" | "unknown" => Style::Warn,
        _ => Style::Plain,
    };
    let progress = match (stage.done, stage.total) {
        (Some(done), Some(total)) => format!("{}/{}", format::count(done), format::count(total)),
        (Some(done), None) => format::count(done),
        (None, _) => String::new(),
    };
    let share = percent(stage.wall_ns, run_ns);
    let name = Cell::new(stage.name.clone());
    vec![
        ("STAGE", if share >= 50.0 { name.styled(Style::Strong) } else { name }),
        ("STATE", Cell::new(stage.state.clone()).styled(style)),
        ("CALLS", Cell::new(format::count(stage.calls + stage.open))),
        ("WALL", Cell::new(format::duration(stage.wall_ns))),
        ("% RUN", Cell::new(share_of_run(share))),
        ("PEAK RSS", bytes(stage.peak_rss_bytes, stage.shared)),
        ("AVG CPU", cpu(stage.avg_cpu_percent, stage.shared)),
        ("ERRORS", errors_cell(stage.errors)),
        ("PROGRESS", Cell::new(progress)),
    ]
}

fn bytes(bytes: Option<u64>, shared: bool) -> Cell {
    Cell::new(bytes.map_or_else(|| "–".to_owned(), |bytes| starred(format::bytes(bytes), shared)))
}

fn cpu(percent: Option<f64>, shared: bool) -> Cell {
    let text = percent.map_or_else(|| "–".to_owned(), |cpu| starred(format!("{cpu:.0}%"), shared));
    Cell::new(text)
}

fn starred(text: String, shared: bool) -> String {
    if shared { text + "*" } else { text }
}

fn errors_cell(errors: u64) -> Cell {
    let style = if errors > 0 { Style::Bad } else { Style::Faint };
    Cell::new(format::count(errors)).styled(style)
}

fn no_stage(analysis: &Analysis, options: Options, page: Page) -> String {
    if options.filtered && analysis.stage_total.is_some() {
        return super::notes::nothing_passes(options, page);
    }
    let what = "No stage ran: mark the functions that are the parts of the work with \
                #[profile(stage)].";
    page.sentence(what, Style::Plain)
}
