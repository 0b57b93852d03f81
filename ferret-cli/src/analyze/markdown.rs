//! An analysis as a comment on a pull request: gates first, then stages and the heaviest functions; all functions are
//! folded away.

use super::document::{Analysis, Function, Stage};
use super::gate::Answer;
use super::rows::percent;
use super::view::names;
use crate::format;
use crate::markdown::{code, details, plain, table};

/// Functions that are shown unfolded.
const TOP: usize = 10;
/// More than that are left out of a comment.
const MOST: usize = 200;
/// Rows that hold a gate.
const MOST_HELD: usize = 50;

/// The whole comment.
pub(super) fn draw(analysis: &Analysis, gates: &[Answer]) -> String {
    let held = gates.iter().filter(|gate| gate.held).count();
    let verdict = match (held, gates.len()) {
        (0, 0) => String::new(),
        (0, all) => format!(": {all} gates passed"),
        (held, all) => format!(": {held} of {all} gates held"),
    };
    let mut out = format!("### ferret analyze{verdict}\n\n{}", self::gates(gates));
    let run = &analysis.run;
    let programs: Vec<_> = analysis.processes.iter().take(4).map(program).collect();
    let more = analysis.processes.len().saturating_sub(programs.len());
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let mut facts = vec![
        programs.join(", ") + &more,
        format::duration(run.duration_ns),
        format::spans(run.spans),
    ];
    if analysis.logs.iter().any(|log| log.unread_entries > 0) {
        facts.push("**partial: interrupted**".to_owned());
    }
    for (count, what) in [(run.open_spans, "open"), (run.dropped_spans, "dropped")] {
        if count > 0 {
            facts.push(format!("**{} {what}**", format::count(count)));
        }
    }
    facts.retain(|fact| !fact.is_empty());
    let text = format!("{}\n\n", facts.join(" · "));
    out += &text;
    if !analysis.stages.is_empty() {
        let titles = ["stage", "state", "calls", "wall", "peak RSS", "CPU", "errors"];
        out += &(table(&titles, analysis.stages.iter().take(MOST).map(stage)) + "\n");
    }
    let all = &analysis.functions;
    if all.is_empty() {
        return out + "No function was recorded.\n";
    }
    let titles = ["function", "calls", "total", "% run", "self", "p50", "p95", "max", "errors"];
    let names = names(all);
    let name =
        |row: &Function| names.get(&row.id).map_or(row.name.as_str(), String::as_str).to_owned();
    let rows = |count: usize| {
        let row = |row| function(row, &name(row), run.duration_ns);
        table(&titles, all.iter().take(count).map(row))
    };
    out += &rows(TOP);
    if all.len() > TOP {
        let left_out = all.len().saturating_sub(MOST);
        let mut body = rows(MOST);
        if left_out > 0 {
            let text = format!("\n{} more have less.\n", format::count(left_out as u64));
            body += &text;
        }
        let text = format!("\n{}", details(&format!("all {} functions", all.len()), &body));
        out += &text;
    }
    out
}

/// The gates, those that hold first.
pub(crate) fn gates(gates: &[Answer]) -> String {
    let mut out = String::new();
    for gate in gates.iter().filter(|gate| gate.held) {
        for row in gate.rows.iter().take(MOST_HELD) {
            let (gate, name) = (code(&gate.gate), code(&row.name));
            let text = format!("- **held**: {gate}: {name} has {}\n", plain(&row.value));
            out += &text;
        }
        let more = gate.rows.len().saturating_sub(MOST_HELD);
        if more > 0 {
            let text = format!("- **held**: {}: and for {more} more\n", code(&gate.gate));
            out += &text;
        }
    }
    for gate in gates.iter().filter(|gate| !gate.held) {
        let how = if gate.missing { "answered by no row" } else { "passed" };
        let text = format!("- {how}: {}\n", code(&gate.gate));
        out += &text;
    }
    if !out.is_empty() {
        out.push('\n');
    }
    out
}

fn program(process: &super::Process) -> String {
    let name = process.exe.rsplit('/').next().unwrap_or_default();
    format!("{} {}", code(name), plain(&process.state))
}

fn stage(row: &Stage) -> Vec<String> {
    let bytes = row.peak_rss_bytes.map_or_else(|| "–".to_owned(), format::bytes);
    let cpu = row.avg_cpu_percent.map_or_else(|| "–".to_owned(), |cpu| format!("{cpu:.0}%"));
    vec![
        code(&row.name),
        plain(&row.state),
        format::count(row.calls + row.open),
        format::duration(row.wall_ns),
        bytes,
        cpu,
        format::count(row.errors),
    ]
}

fn function(row: &Function, name: &str, run_ns: u64) -> Vec<String> {
    let total_ns = row.total_ns.saturating_add(row.open_ns);
    let duration = |ns: Option<u64>| ns.map_or_else(|| "–".to_owned(), format::duration);
    vec![
        code(name),
        format::count(row.calls),
        format::duration(total_ns) + if row.open > 0 { "+" } else { "" },
        format!("{:.1}%", percent(total_ns, run_ns)),
        format::duration(row.self_ns),
        duration(row.durations.p50_ns),
        duration(row.durations.p95_ns),
        duration(row.durations.max_ns),
        format::count(row.errors),
    ]
}
