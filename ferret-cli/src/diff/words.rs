//! A comparison in words, the same in a terminal and in a comment.

use super::document::{Change, Comparison, Function, Run, Side, Summary};
use crate::callsite_names::{self, Callsite};
use crate::format;

/// How a number is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    Count,
    Ns,
    Bytes,
    Percent,
}

impl Unit {
    pub(super) fn text(self, value: u64) -> String {
        match self {
            Self::Count => format::count(value),
            Self::Ns => format::duration(value),
            Self::Bytes => format::bytes(value),
            Self::Percent => format!("{value}%"),
        }
    }

    /// What there is now; a dash for what is gone.
    pub(super) fn now(self, change: &Change) -> String {
        change.head.map_or_else(|| "–".to_owned(), |value| self.text(value))
    }

    /// What became of it: `+110 ms +10.1%`; `was 3` of what is gone. Nothing of what did not change, or is new.
    pub(super) fn change(self, change: &Change) -> String {
        let by = match (change.base, change.head, change.change) {
            (Some(base), None, _) => return format!("was {}", self.text(base)),
            (Some(_), Some(_), Some(by)) if by != 0 => by,
            _ => return String::new(),
        };
        let sign = if by < 0 { "-" } else { "+" };
        let size = self.text(by.unsigned_abs());
        match change.change_percent {
            // A tenth of a percent is nothing.
            Some(percent) if percent.abs() < 0.05 => String::new(),
            Some(percent) if percent.abs() >= 1_000.0 => {
                format!("{sign}{size} ×{:.0}", percent / 100.0 + 1.0)
            }
            Some(percent) => format!("{sign}{size} {percent:+.1}%"),
            None => format!("{sign}{size}"),
        }
    }
}

/// What each function is called.
pub(super) fn names(functions: &[Function]) -> Vec<String> {
    let callsites: Vec<_> = functions
        .iter()
        .map(|row| Callsite { name: &row.name, module: &row.module, line: row.line })
        .collect();
    callsite_names::names(&callsites)
}

/// What changed, with how many functions are of each kind: those that are worse, better, and neither.
pub(super) fn verdicts(summary: &Summary) -> Vec<(String, Option<bool>)> {
    let all = [
        (summary.slower, "slower", Some(true)),
        (summary.faster, "faster", Some(false)),
        (summary.slower_below, "slower below", Some(true)),
        (summary.faster_below, "faster below", Some(false)),
        (summary.new, "new", None),
        (summary.gone, "gone", None),
        (summary.more_calls, "with more calls", None),
        (summary.fewer_calls, "with fewer calls", None),
    ];
    let some = all.into_iter().filter(|(count, ..)| *count > 0);
    some.map(|(count, what, is_bad)| (format!("{} {what}", format::count(count)), is_bad)).collect()
}

/// How many did not change.
pub(super) fn unchanged(summary: &Summary) -> String {
    let plural = if summary.same == 1 { "" } else { "s" };
    let mut text = format!("{} function{plural} unchanged", format::count(summary.same));
    if summary.unsure > 0 {
        let unsure = format::count(summary.unsure);
        text = format!("{text}, {unsure} unsure: too few calls to tell");
    }
    text
}

/// A side's runs.
pub(super) fn side(side: &Side) -> String {
    match side.runs.as_slice() {
        [run] => format!("{}: {}", run.name, facts(run)),
        [first, .., last] => {
            format!("{} runs: {} … {}", side.runs.len(), first.name, last.name)
        }
        [] => String::new(),
    }
}

fn facts(run: &Run) -> String {
    let program = |exe: &String| exe.rsplit('/').next().unwrap_or_default().to_owned();
    let mut facts: Vec<String> = run.exes.iter().take(2).map(program).collect();
    let more = format::more(run.exes.len().saturating_sub(2) as u64, "program");
    facts.extend(more);
    facts.extend(run.states.iter().take(3).cloned());
    facts.push(format::duration(run.duration_ns));
    facts.push(format::spans(run.spans));
    if run.saved {
        facts.push("saved".to_owned());
    }
    facts.join(", ")
}

/// How it was told what changed.
pub(super) fn method(all: &Comparison) -> String {
    let method = &all.method;
    let least = format!(
        "changed: by {}% and {} ns or more, and beyond chance ({}%, over all rows)",
        method.least_percent, method.least_ns, method.chance_percent
    );
    if method.compares == "calls" {
        least
            + "; one run a side tells nothing of how runs differ: compare several, as run.redb@-5..-1"
    } else {
        least + ", as the runs differ"
    }
}
