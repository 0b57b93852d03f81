//! `--fail-if transcribe.p99>2s`: a condition on rows, or on the run, that makes the command fail.
//!
//! `SELECTOR.metric OP value`, the last dot dividing. The selector is a filter, or `any` or `*` for every
//! row; a name with dots or operators in it stands in quotes. A selector that is a row's whole name
//! means that row, and none that merely have the name in theirs: a gate on `read` says nothing of
//! `read_one`. A metric alone, as in `dropped > 0`, is asked of the run as a whole.

use crate::filter::{Field, Filter, FilterError, Kind, Op, Subject, Value, parse_value};
use crate::format;
use serde::{Deserialize, Serialize};
use std::str::FromStr;

/// A gate: it holds if the metric of any selected row compares so with the value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Gate {
    pub(super) clause: Clause,
    pub(super) metric: Metric,
    value: f64,
}

/// What any gate is made of.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Clause {
    pub(crate) selector: Selector,
    pub(crate) metric: String,
    pub(crate) op: Op,
    /// As it was written.
    pub(crate) value: String,
    text: String,
}

/// What a gate asks.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Selector {
    /// The run as a whole.
    Run,
    /// Every row.
    Every,
    /// The rows that pass.
    Some(Filter),
}

/// What a gate asks about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Metric {
    Row(Field),
    Run(&'static str, Kind),
}

/// What can be asked of a run as a whole.
const OF_RUN: [(&str, Kind); 11] = [
    ("duration", Kind::Duration),
    ("spans", Kind::Count),
    ("errors", Kind::Count),
    ("panics", Kind::Count),
    ("cancelled", Kind::Count),
    ("unknown", Kind::Count),
    ("open", Kind::Count),
    ("dropped", Kind::Count),
    ("sampled", Kind::Count),
    ("crashed", Kind::Count),
    ("rss", Kind::Bytes),
];

/// Why a gate could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum GateError {
    /// It has not the form of a gate.
    #[error(
        "{0:?} is no gate: write it like transcribe.p99>2s, any.errors>0, dropped>0 or \
         \"a.b\".calls=0 (SELECTOR.metric OP value)"
    )]
    Form(String),
    /// There is no such metric.
    #[error("there is no metric {name:?}: write one of {known}")]
    Metric { name: String, known: String },
    /// A run has no such metric.
    #[error(
        "a run as a whole has no {name:?}: write one of {known}, or say which rows are meant, as in any.{name}"
    )]
    OfRun { name: String, known: String },
    /// The value is not one of its metric.
    #[error("{value:?} is no value of {metric}: write it like {metric}>{example}")]
    Value { metric: String, value: String, example: String },
    /// Chance is not known of it.
    #[error("whether {metric} changed by chance is not known: `& significant` goes with {known}")]
    Significance { metric: String, known: String },
    /// The selector is no filter.
    #[error("the gate's selector cannot be read: {0}")]
    Selector(#[from] FilterError),
}

/// What became of a gate.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Answer {
    pub(crate) gate: String,
    pub(crate) held: bool,
    /// No row was selected, or none of them has the metric.
    pub(crate) missing: bool,
    /// For which rows it holds.
    pub(crate) rows: Vec<HeldBy>,
}

/// A row for which a gate holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct HeldBy {
    /// The row's name; `run` for the run as a whole.
    pub(crate) name: String,
    /// As people read it.
    pub(crate) value: String,
}

impl FromStr for Clause {
    type Err = GateError;

    fn from_str(text: &str) -> Result<Self, GateError> {
        let form = || GateError::Form(text.to_owned());
        let (left, op, value) = split_comparison(text).ok_or_else(form)?;
        let dot = outside_quotes(left).filter(|(_, c)| *c == '.').last();
        let (selector, metric) = match dot {
            None => (Selector::Run, left.trim()),
            Some((dot, _)) => {
                let selector = match left[..dot].trim() {
                    "any" | "*" => Selector::Every,
                    "" => return Err(form()),
                    filter => Selector::Some(filter.parse()?),
                };
                (selector, left[dot + 1..].trim())
            }
        };
        if metric.is_empty() {
            return Err(form());
        }
        let (metric, value) = (metric.to_owned(), value.trim().to_owned());
        Ok(Self { selector, metric, op, value, text: text.trim().to_owned() })
    }
}

impl std::fmt::Display for Clause {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)
    }
}

impl Clause {
    /// Of rows, those that are selected.
    pub(crate) fn select<'a, S: Subject>(&self, rows: &[(&'a str, S)]) -> Vec<usize> {
        let Selector::Some(filter) = &self.selector else { return (0..rows.len()).collect() };
        let whole = filter.as_name();
        let is_whole = |name: &str| whole.is_some_and(|whole| name.to_lowercase() == whole);
        let has_whole = rows.iter().any(|(name, _)| is_whole(name));
        let is_selected = |(name, row): &(&'a str, S)| {
            if has_whole { is_whole(name) } else { filter.test(row) == Some(true) }
        };
        (0..rows.len()).filter(|&index| is_selected(&rows[index])).collect()
    }

    /// The error that its value is none of a kind.
    pub(crate) fn no_value(&self, example: &str) -> GateError {
        let (metric, value) = (self.metric.clone(), self.value.clone());
        GateError::Value { metric, value, example: example.to_owned() }
    }
}

/// The fields that are numbers of rows: one that is of many spans has no duration of its own.
pub(crate) fn of_rows(field: Field) -> bool {
    field.kind() != Kind::Text && field != Field::Dur
}

impl FromStr for Gate {
    type Err = GateError;

    fn from_str(text: &str) -> Result<Self, GateError> {
        let clause: Clause = text.parse()?;
        let name = &clause.metric;
        let list = |known: Vec<&str>| (name.clone(), known.join(", "));
        let metric = if clause.selector == Selector::Run {
            let known = OF_RUN.iter().find(|(known, _)| known == name);
            let (name, known) = match known {
                Some(&(name, kind)) => return Self::new(clause, Metric::Run(name, kind)),
                None => list(OF_RUN.iter().map(|(name, _)| *name).collect()),
            };
            return Err(GateError::OfRun { name, known });
        } else {
            Field::named(name).filter(|field| of_rows(*field))
        };
        let Some(field) = metric else {
            let fields = Field::ALL.iter().filter(|(_, field, _)| of_rows(*field));
            let (name, known) = list(fields.map(|(name, ..)| *name).collect());
            return Err(GateError::Metric { name, known });
        };
        Self::new(clause, Metric::Row(field))
    }
}

impl std::fmt::Display for Gate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.clause.fmt(f)
    }
}

impl Metric {
    fn kind(self) -> Kind {
        match self {
            Self::Row(field) => field.kind(),
            Self::Run(_, kind) => kind,
        }
    }
}

impl Gate {
    fn new(clause: Clause, metric: Metric) -> Result<Self, GateError> {
        let kind = metric.kind();
        let value =
            parse_value(kind, &clause.value).ok_or_else(|| clause.no_value(kind.example()))?;
        Ok(Self { clause, metric, value })
    }

    /// Asks it about rows, each with its name.
    pub(crate) fn check<S: Subject>(&self, rows: &[(&str, S)]) -> Answer {
        let Metric::Row(field) = self.metric else { return self.answer(false, Vec::new()) };
        let (mut is_any, mut held) = (false, Vec::new());
        for (name, row) in self.clause.select(rows).into_iter().map(|index| &rows[index]) {
            match row.value(field) {
                Value::Number(value) => {
                    is_any = true;
                    held.extend(self.held_by(name, value));
                }
                // No percentile of no calls: the row is there, and nothing holds for it.
                Value::Nothing => is_any = true,
                Value::Text(_) | Value::Foreign => {}
            }
        }
        self.answer(is_any, held)
    }

    /// Asks it about the run as a whole, of which `value` knows.
    pub(super) fn check_run(&self, value: impl Fn(&str) -> Option<u64>) -> Answer {
        let Metric::Run(name, _) = self.metric else { return self.answer(false, Vec::new()) };
        #[expect(clippy::cast_precision_loss, reason = "below 2^53 exact: 104 days, 8 PiB")]
        let held = value(name).and_then(|value| self.held_by("run", value as f64));
        self.answer(true, held.into_iter().collect())
    }

    fn held_by(&self, name: &str, value: f64) -> Option<HeldBy> {
        let held = || HeldBy { name: name.to_owned(), value: show(self.metric.kind(), value) };
        self.clause.op.holds(value, self.value).then(held)
    }

    fn answer(&self, is_any: bool, rows: Vec<HeldBy>) -> Answer {
        let (held, missing) = (!rows.is_empty(), !is_any);
        Answer { gate: self.to_string(), held, missing, rows }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the value was a u64 before it was a number, or is shown to three digits"
)]
pub(crate) fn show(kind: Kind, value: f64) -> String {
    match kind {
        Kind::Duration => format::duration(value as u64),
        Kind::Bytes => format::bytes(value as u64),
        Kind::Percent => format::percent(value),
        Kind::Count | Kind::Text => format::count(value as u64),
    }
}

/// The characters that stand in no quotes, with their places.
fn outside_quotes(text: &str) -> impl Iterator<Item = (usize, char)> + '_ {
    let (mut is_quoted, mut is_escaped) = (false, false);
    text.char_indices().filter(move |&(_, c)| {
        let was_quoted = is_quoted;
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' if is_quoted => is_escaped = true,
            '"' => is_quoted = !is_quoted,
            _ => {}
        }
        !was_quoted && !is_quoted
    })
}

/// The last comparison, with what stands on its two sides.
fn split_comparison(text: &str) -> Option<(&str, Op, &str)> {
    let signs: Vec<(usize, char)> = outside_quotes(text).collect();
    let last = signs.iter().rposition(|(_, c)| matches!(c, '<' | '>' | '='))?;
    let (at, sign) = signs[last];
    let before = last.checked_sub(1).map(|index| signs[index]).filter(|(place, _)| place + 1 == at);
    let (op, start) = match (before, sign) {
        (Some((start, '<')), '=') => (Op::AtMost, start),
        (Some((start, '>')), '=') => (Op::AtLeast, start),
        (Some((start, '!')), '=') => (Op::NotEqual, start),
        (Some((start, '=')), '=') => (Op::Equal, start),
        (_, '<') => (Op::Less, at),
        (_, '>') => (Op::More, at),
        _ => (Op::Equal, at),
    };
    Some((&text[..start], op, &text[at + 1..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Row {
        name: &'static str,
        calls: f64,
        p99_ns: Option<f64>,
    }

    impl Subject for &Row {
        #[expect(clippy::wildcard_enum_match_arm, reason = "it has no other")]
        fn value(&self, field: Field) -> Value<'_> {
            match field {
                Field::Name => Value::Text(self.name.into()),
                Field::Calls => Value::Number(self.calls),
                Field::P99 => self.p99_ns.map_or(Value::Nothing, Value::Number),
                _ => Value::Foreign,
            }
        }
    }

    const ROWS: [Row; 4] = [
        Row { name: "load_more", calls: 1.0, p99_ns: Some(9e6) },
        Row { name: "load", calls: 3.0, p99_ns: Some(2e6) },
        Row { name: "a.b<c>", calls: 9.0, p99_ns: Some(5e6) },
        Row { name: "never", calls: 0.0, p99_ns: None },
    ];

    #[track_caller]
    fn check(gate: &str, expect: &str) {
        let gate: Gate = gate.parse().unwrap();
        let answer = match gate.metric {
            Metric::Row(_) => gate.check(&ROWS.each_ref().map(|row| (row.name, row))),
            Metric::Run(..) => gate.check_run(|name| (name == "dropped").then_some(1_000)),
        };
        let rows = answer.rows.iter().map(|HeldBy { name, value }| format!("{name} {value}"));
        let seen = match answer {
            Answer { missing: true, .. } => "no row".to_owned(),
            Answer { held: false, .. } => "passed".to_owned(),
            Answer { .. } => rows.collect::<Vec<_>>().join(", "),
        };
        assert_eq!(seen, expect, "{gate}");
    }

    #[track_caller]
    fn check_error(gate: &str, part: &str) {
        let error = gate.parse::<Gate>().unwrap_err().to_string();
        assert!(error.contains(part), "{gate}: {error}");
    }

    #[test]
    fn a_gate_holds_for_the_selected_rows_that_compare_so() {
        check("load.p99>1ms", "load 2.00 ms");
        check("loa.p99>1ms", "load_more 9.00 ms, load 2.00 ms");
        check("load.p99 <= 1.5ms", "passed");
        check("any.p99 > 1ms", "load_more 9.00 ms, load 2.00 ms, a.b<c> 5.00 ms");
        check("any.calls == 0", "never 0");
        check("*.calls == 0", "never 0");
        check("any.calls != 0", "load_more 1, load 3, a.b<c> 9");
        check("!load.calls >= 0", "a.b<c> 9, never 0");
        check("(calls > 5).p99 > 0", "a.b<c> 5.00 ms");
    }

    #[test]
    fn a_metric_alone_is_asked_of_the_run() {
        check("dropped > 0", "run 1,000");
        check("dropped > 1_000", "passed");
        check("rss > 1GiB", "passed");
        check_error("load > 5", "a run as a whole has no \"load\"");
        check_error("dropped > 5s", "write it like dropped>1000");
    }

    #[test]
    fn names_with_dots_and_operators_stand_in_quotes() {
        check("\"a.b<c>\".calls > 1", "a.b<c> 9");
        check("name=\"a.b<c>\".calls > 1", "a.b<c> 9");
    }

    #[test]
    fn what_was_not_called_passes_and_what_is_not_there_is_told() {
        check("never.p99 > 1ms", "passed");
        check("unheard_of.p99 > 1ms", "no row");
        check("load.wall > 1ms", "no row");
    }

    #[test]
    fn what_is_no_gate_is_told_with_a_way_out() {
        check_error("load", "is no gate");
        check_error("p99 > 2s", "any.p99");
        check_error(".p99 > 2s", "is no gate");
        check_error("load. > 2s", "is no gate");
        check_error("load.p98 > 2s", "no metric \"p98\"");
        check_error("load.dur > 2s", "no metric \"dur\"");
        check_error("load.p99 > 2", "p99>250ms");
        check_error("a b.calls > 2", "selector");
    }
}
