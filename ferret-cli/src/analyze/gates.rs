//! The gates of an analysis asked and told: of which rows, and in which words.

use super::GroupedBy;
use super::document::Analysis;
use super::gate::{Answer, Gate, Metric};
use super::rows::FunctionRow;
use crate::exit::{self, Code};
use crate::page::{Page, Style};
use crate::text;
use anyhow::bail;
use std::process::ExitCode;

/// So many rows that hold a gate are named in a text; all are in a document.
const MOST_ROWS: usize = 20;

/// Asks every gate about the rows that are shown, or the run. Where functions are shown and have not what is asked for,
/// stages do: `transcribe.rss > 2GiB`.
pub(super) fn ask(analysis: &Analysis, by: GroupedBy, gates: &[Gate]) -> Vec<Answer> {
    gates.iter().map(|gate| answer(analysis, by, gate)).collect()
}

fn answer(analysis: &Analysis, by: GroupedBy, gate: &Gate) -> Answer {
    if let Metric::Run(..) = gate.metric {
        return gate.check_run(|name| of_run(analysis, name));
    }
    let run_ns = analysis.run.duration_ns;
    let stages = || {
        let rows: Vec<_> = analysis.stages.iter().map(|row| (row.name.as_str(), row)).collect();
        gate.check(&rows)
    };
    match by {
        GroupedBy::Function | GroupedBy::Task => {
            let row = |function| FunctionRow { function, run_ns };
            let rows = analysis.functions.iter().map(|f| (f.name.as_str(), row(f)));
            let answer = gate.check(&rows.collect::<Vec<_>>());
            if answer.missing { stages() } else { answer }
        }
        GroupedBy::Stage => stages(),
        GroupedBy::Thread => {
            let rows = analysis.threads.iter().flatten().map(|row| (row.name.as_str(), row));
            gate.check(&rows.collect::<Vec<_>>())
        }
        GroupedBy::Process => {
            let rows = analysis.processes.iter().map(|row| (row.exe.as_str(), row));
            gate.check(&rows.collect::<Vec<_>>())
        }
    }
}

/// What is asked of the run; of a filtered analysis, of what passed.
fn of_run(analysis: &Analysis, name: &str) -> Option<u64> {
    let sum = |of: fn(&super::Function) -> u64| Some(analysis.functions.iter().map(of).sum());
    match name {
        "duration" => Some(analysis.run.duration_ns),
        "spans" => Some(analysis.run.spans),
        "open" => Some(analysis.run.open_spans),
        "dropped" => Some(analysis.run.dropped_spans),
        "errors" => sum(|row| row.errors),
        "panics" => sum(|row| row.panics),
        "cancelled" => sum(|row| row.cancelled),
        "unknown" => sum(|row| row.unknown),
        "sampled" => sum(|row| row.sampled),
        "crashed" => {
            let crashed = analysis.processes.iter().filter(|process| process.state == "crashed");
            Some(crashed.count() as u64)
        }
        // Of several processes, that of the largest.
        "rss" => analysis.processes.iter().filter_map(|process| process.peak_rss_bytes).max(),
        _ => None,
    }
}

/// The rows that hold gates, a line each: what stands first in a report.
pub(crate) fn told(answers: &[Answer], page: Page) -> String {
    let mut out = String::new();
    for answer in answers.iter().filter(|answer| answer.held) {
        for row in answer.rows.iter().take(MOST_ROWS) {
            let line = format!("gate held: {}: {} has {}", answer.gate, row.name, row.value);
            out += &page.sentence(&text::printable(&line), Style::Bad);
        }
        if let Some(more) = answer.rows.len().checked_sub(MOST_ROWS).filter(|&more| more > 0) {
            out += &page
                .sentence(&format!("gate held: {}: and for {more} more", answer.gate), Style::Bad);
        }
    }
    if !out.is_empty() {
        out.push('\n');
    }
    out
}

/// The exit code that gates make, once the report is printed.
///
/// # Errors
///
/// One is answered by no row.
pub(crate) fn conclude(answers: &[Answer], allow_missing: bool) -> anyhow::Result<ExitCode> {
    let missing = answers.iter().find(|answer| answer.missing);
    if let Some(Answer { gate, .. }) = missing.filter(|_| !allow_missing) {
        bail!("the gate {gate} is answered by no row: correct its name, or say --allow-missing");
    }
    let is_held = answers.iter().any(|answer| answer.held);
    Ok(if is_held { Code::GateHeld.into() } else { ExitCode::SUCCESS })
}

/// Where the report is a document, people are told beside it.
pub(crate) fn say(answers: &[Answer]) {
    told(answers, Page::PLAIN).lines().filter(|line| !line.is_empty()).for_each(exit::say);
}
