//! What ran, how it ended, how long it took.

use crate::analyze::document::{Analysis, Process};
use crate::analyze::rows::percent;
use crate::format;
use crate::page::{Page, Style};
use crate::text;
use crate::when::local;

pub(super) fn draw(analysis: &Analysis, page: Page) -> String {
    let run = &analysis.run;
    let (who, how, style) = match analysis.processes.as_slice() {
        [] => ("no process".to_owned(), String::new(), Style::Plain),
        [only] => (program(only).to_owned(), ending(only), style(only)),
        many => several(many),
    };
    let mut facts = vec![(text::fit(&who, 40), Style::Strong)];
    if !how.is_empty() {
        facts.push((how, style));
    }
    facts.push((format::duration(run.duration_ns), Style::Plain));
    facts.push((format::spans(run.spans), Style::Plain));
    if run.open_spans > 0 {
        facts.push((format!("{} open", format::count(run.open_spans)), Style::Warn));
    }
    if run.dropped_spans > 0 {
        let dropped = format::spans(run.dropped_spans).replace(' ', " dropped ");
        facts.push((dropped, Style::Bad));
    }
    let mut out = page.facts(&facts, " · ");
    let bytes: u64 = analysis.logs.iter().map(|log| log.bytes).sum();
    let mut from = match analysis.logs.as_slice() {
        [only] => only.path.clone(),
        many => format!("{} logs", many.len()),
    };
    if let Some(width) = page.width {
        from = text::fit(&from, width.saturating_sub(40).max(12));
    }
    let size = format::bytes(bytes);
    let started = run
        .start
        .as_deref()
        .map_or_else(String::new, |start| format!(", started {}", local(start)));
    out += &page.sentence(&format!("{from}, {size}{started}"), Style::Faint);
    let (unread, all) = analysis.logs.iter().fold((0, 0), |(unread, all), log| {
        (unread + log.unread_entries, all + log.next_offset.saturating_sub(log.first_offset))
    });
    if unread > 0 {
        let read = format::percent(percent(all.saturating_sub(unread), all));
        let line = format!("PARTIAL: interrupted when {read} of the run was read");
        out += &page.paint(&line, Style::Warn);
        out.push('\n');
    }
    out
}

/// A program by its file name.
pub(super) fn program(process: &Process) -> &str {
    match process.exe.rsplit('/').next() {
        Some(name) if !name.is_empty() => name,
        _ => "?",
    }
}

/// How a process ended, in words.
pub(super) fn ending(process: &Process) -> String {
    match (process.exit_code, process.signal) {
        (Some(code), _) => format!("{} {code}", process.state),
        (None, Some(signal)) => format!("{} by signal {signal}", process.state),
        (None, None) => process.state.clone(),
    }
}

/// How that looks.
pub(super) fn style(process: &Process) -> Style {
    match process.state.as_str() {
        "failed" | "crashed" => Style::Bad,
        "stalled" | "stopped" | "unknown" => Style::Warn,
        _ => Style::Good,
    }
}

fn several(processes: &[Process]) -> (String, String, Style) {
    let name = program(&processes[0]);
    let is_same = processes.iter().all(|process| program(process) == name);
    let who = if is_same {
        format!("{} × {name}", processes.len())
    } else {
        format!("{} processes", processes.len())
    };
    let mut states: Vec<(&str, usize)> = Vec::new();
    for process in processes {
        match states.iter_mut().find(|(state, _)| *state == process.state) {
            Some((_, count)) => *count += 1,
            None => states.push((&process.state, 1)),
        }
    }
    let worst = processes.iter().map(style).max_by_key(|style| match style {
        Style::Bad => 2,
        Style::Warn => 1,
        Style::Plain | Style::Strong | Style::Faint | Style::Good => 0,
    });
    let how = match states.as_slice() {
        [(state, _)] => (*state).to_owned(),
        many => many.iter().map(|(s, n)| format!("{n} {s}")).collect::<Vec<_>>().join(", "),
    };
    (who, how, worst.unwrap_or_default())
}
