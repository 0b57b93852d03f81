//! `--fail-if transcribe.p99>2s`: a condition on rows that makes the command fail.
//!
//! `SELECTOR.metric OP value`, the last dot dividing. The selector is a filter, or `any` for every
//! row; a name with dots or operators in it stands in quotes. A selector that is a row's whole name
//! means that row, and none that merely have the name in theirs: a gate on `read` says nothing of
//! `read_one`.

use crate::filter::{Field, Filter, FilterError, Kind, Op, Subject, Value, parse_value};
use crate::format;
use std::str::FromStr;

/// A gate: it holds if the metric of any selected row compares so with the value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Gate {
    /// None for every row.
    selector: Option<Filter>,
    metric: Field,
    op: Op,
    value: f64,
    text: String,
}

/// Why a gate could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum GateError {
    /// It has not the form of a gate.
    #[error(
        "{0:?} is no gate: write it like transcribe.p99>2s, any.errors>0 or \
         \"a.b\".calls=0 (SELECTOR.metric OP value)"
    )]
    Form(String),
    /// There is no such metric.
    #[error("there is no metric {0:?}: write one of {metrics}", metrics = metrics())]
    Metric(String),
    /// The value is not one of its metric.
    #[error("{value:?} is no value of {metric}: write it like {metric}>{example}")]
    Value { metric: &'static str, value: String, example: &'static str },
    /// The selector is no filter.
    #[error("the gate's selector cannot be read: {0}")]
    Selector(#[from] FilterError),
}

/// What became of a gate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// No row was selected, or none of them has the metric.
    NoRow,
    /// It holds for no row.
    Passed,
    /// It holds, for these rows: name and value as people read it.
    Held(Vec<(String, String)>),
}

fn metrics() -> String {
    let numbers = Field::ALL.iter().filter(|(_, field, kind)| {
        // A row is of many spans: it has no duration of its own.
        *kind != Kind::Text && *field != Field::Dur
    });
    numbers.map(|(name, ..)| *name).collect::<Vec<_>>().join(", ")
}

impl FromStr for Gate {
    type Err = GateError;

    fn from_str(text: &str) -> Result<Self, GateError> {
        let form = || GateError::Form(text.to_owned());
        let (left, op, value) = split_comparison(text).ok_or_else(form)?;
        let dot = outside_quotes(left).filter(|(_, c)| *c == '.').last().ok_or_else(form)?.0;
        let (selector, metric) = (left[..dot].trim(), left[dot + 1..].trim());
        let metric = Field::named(metric)
            .filter(|field| field.kind() != Kind::Text && *field != Field::Dur)
            .ok_or_else(|| GateError::Metric(metric.to_owned()))?;
        let number = parse_value(metric.kind(), value).ok_or_else(|| GateError::Value {
            metric: metric.name(),
            value: value.trim().to_owned(),
            example: metric.kind().example(),
        })?;
        let selector = if selector == "any" { None } else { Some(selector.parse()?) };
        Ok(Self { selector, metric, op, value: number, text: text.trim().to_owned() })
    }
}

impl std::fmt::Display for Gate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)
    }
}

impl Gate {
    /// Asks it about rows, each with its name.
    pub(crate) fn check<'a, S: Subject + 'a>(
        &self,
        rows: impl IntoIterator<Item = (&'a str, S), IntoIter: Clone>,
    ) -> Verdict {
        let rows = rows.into_iter();
        let whole = self.selector.as_ref().and_then(Filter::as_name);
        let is_whole = |name: &str| whole.is_some_and(|whole| name.to_lowercase() == whole);
        let has_whole = rows.clone().any(|(name, _)| is_whole(name));
        let (mut is_any, mut held) = (false, Vec::new());
        for (name, row) in rows {
            let is_selected = match &self.selector {
                None => true,
                Some(_) if has_whole => is_whole(name),
                Some(selector) => selector.test(&row) == Some(true),
            };
            if !is_selected {
                continue;
            }
            match row.value(self.metric) {
                Value::Number(value) => {
                    is_any = true;
                    if self.op.holds(value, self.value) {
                        held.push((name.to_owned(), show(self.metric.kind(), value)));
                    }
                }
                // No percentile of no calls: the row is there, and nothing holds for it.
                Value::Nothing => is_any = true,
                Value::Text(_) | Value::Foreign => {}
            }
        }
        match (is_any, held.is_empty()) {
            (false, _) => Verdict::NoRow,
            (true, true) => Verdict::Passed,
            (true, false) => Verdict::Held(held),
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the value was a u64 before it was a number, or is shown to three digits"
)]
fn show(kind: Kind, value: f64) -> String {
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
        let seen = match gate.check(ROWS.iter().map(|row| (row.name, row))) {
            Verdict::NoRow => "no row".to_owned(),
            Verdict::Passed => "passed".to_owned(),
            Verdict::Held(rows) => rows
                .iter()
                .map(|(name, value)| format!("{name} {value}"))
                .collect::<Vec<_>>()
                .join(", "),
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
        check("any.calls != 0", "load_more 1, load 3, a.b<c> 9");
        check("!load.calls >= 0", "a.b<c> 9, never 0");
        check("(calls > 5).p99 > 0", "a.b<c> 5.00 ms");
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
        check_error("p99 > 2s", "is no gate");
        check_error("load.p98 > 2s", "no metric \"p98\"");
        check_error("load.dur > 2s", "no metric \"dur\"");
        check_error("load.p99 > 2", "p99>250ms");
        check_error("a b.calls > 2", "selector");
    }
}
