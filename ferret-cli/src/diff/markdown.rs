//! A comparison as a comment on a pull request: the verdict, gates, what changed; the rest is folded away.

use super::document::{Change, Comparison, Function, Stage};
use super::words::{self, Unit};
use crate::analyze;
use crate::markdown::{code, details, plain, table};

/// More rows than that are left out of a comment.
const MOST: usize = 100;

/// The whole comment.
pub(super) fn draw(all: &Comparison) -> String {
    let held = all.gates.iter().filter(|gate| gate.held).count();
    let verdicts: Vec<_> =
        words::verdicts(&all.summary).into_iter().map(|(text, _)| text).collect();
    let changed =
        if verdicts.is_empty() { "nothing changed".to_owned() } else { verdicts.join(", ") };
    let gates = match (held, all.gates.len()) {
        (_, 0) => String::new(),
        (0, gates) => format!("; {gates} gates passed"),
        (held, gates) => format!("; {held} of {gates} gates held"),
    };
    let mut out = format!("### ferret diff: {changed}{gates}\n\n");
    out += &analyze::gates_as_markdown(&all.gates);
    let took = Unit::Ns.change(&all.duration_ns);
    let base = all.duration_ns.base.map_or_else(String::new, |ns| Unit::Ns.text(ns));
    let text = format!("The run took {base} → {}", Unit::Ns.now(&all.duration_ns));
    out += &text;
    let took = if took.is_empty() { took } else { format!(" ({took})") };
    out += &took;
    let text = format!("; {}.\n\n", words::unchanged(&all.summary));
    out += &text;
    for note in &all.notes {
        let text = format!("- {}\n", plain(note));
        out += &text;
    }
    if !all.notes.is_empty() {
        out.push('\n');
    }
    let names = words::names(&all.functions);
    let rows: Vec<_> = all.functions.iter().zip(&names).collect();
    let (changed, same): (Vec<_>, Vec<_>) =
        rows.into_iter().partition(|(function, _)| function.row.verdict.is_change());
    if !changed.is_empty() {
        out += &(functions(&changed) + "\n");
    }
    if !all.stages.is_empty() {
        out += &(stages(&all.stages) + "\n");
    }
    if !same.is_empty() {
        out += &(details(&plain(&words::unchanged(&all.summary)), &functions(&same)) + "\n");
    }
    let mut about = String::new();
    for (title, side) in [("base", &all.base), ("head", &all.head)] {
        let text = format!("- {title}: {}\n", plain(&words::side(side)));
        about += &text;
    }
    let text = format!("- {}\n", plain(&words::method(all)));
    about += &text;
    out + &details("what was compared, and how", &about)
}

fn functions(rows: &[(&Function, &String)]) -> String {
    let titles = ["function", "verdict", "calls", "self", "p50", "p95"];
    let row = |(function, name): &(&Function, &String)| {
        let row = &function.row;
        vec![
            code(name),
            row.verdict.words().to_owned(),
            number(Unit::Count, &row.calls),
            number(Unit::Ns, &row.self_ns),
            number(Unit::Ns, &row.p50_ns),
            number(Unit::Ns, &row.p95_ns),
        ]
    };
    let mut out = table(&titles, rows.iter().take(MOST).map(row));
    let more = rows.len().saturating_sub(MOST);
    if more > 0 {
        let text = format!("\n{more} more are left out.\n");
        out += &text;
    }
    out
}

fn stages(all: &[Stage]) -> String {
    let titles = ["stage", "verdict", "wall", "peak RSS", "CPU"];
    let row = |stage: &Stage| {
        vec![
            code(&stage.name),
            stage.verdict.words().to_owned(),
            number(Unit::Ns, &stage.wall_ns),
            number(Unit::Bytes, &stage.peak_rss_bytes),
            number(Unit::Percent, &stage.avg_cpu_percent),
        ]
    };
    table(&titles, all.iter().take(MOST).map(row))
}

/// What there is now, and its change, which is strong if it is one.
fn number(unit: Unit, change: &Change) -> String {
    let (now, by) = (unit.now(change), unit.change(change));
    match (by.is_empty(), change.significant) {
        (true, _) => now,
        (false, true) => format!("{now} (**{by}**)"),
        (false, false) => format!("{now} ({by})"),
    }
}
