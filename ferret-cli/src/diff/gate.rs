//! `--fail-if 'any.p95 > +10% & significant'`: a gate on what changed.
//!
//! As the gates of `analyze`, of the head; a value with a sign is one of the change: `+10%` of the base, `+5ms` more than
//! there. `& significant` asks for a change that is none by chance.

use super::document::{Change, Comparison, Function, Row, Stage, Summary, Verdict};
use crate::analyze::{Answer, Clause, GateError, HeldBy, Selector, of_rows, show};
use crate::filter::{Field, Kind, Subject, Value, parse_value};
use std::str::FromStr;

/// A gate on a comparison.
#[derive(Clone, Debug)]
pub(super) struct DiffGate {
    clause: Clause,
    metric: Metric,
    bound: Bound,
    is_significant: bool,
}

/// With what a metric is compared.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Bound {
    /// The value in the head.
    Head(f64),
    /// How much more it is than in the base.
    More(f64),
    /// The same in percent of the base.
    Percent(f64),
}

#[derive(Clone, Copy, Debug)]
enum Metric {
    Function(fn(&Row) -> Change, Kind),
    Stage(fn(&Stage) -> Change, Kind),
    /// 1 of a row with such a verdict; of the run, how many there are.
    Verdict(fn(Verdict) -> bool, fn(&Summary) -> u64),
    Run(fn(&Comparison) -> Change, Kind),
}

type OfFunctions = (&'static str, fn(&Row) -> Change, Kind);
/// With those first of which chance is known.
const OF_FUNCTIONS: [OfFunctions; 9] = [
    ("calls", |row| row.calls, Kind::Count),
    ("self", |row| row.self_ns, Kind::Duration),
    ("p50", |row| row.p50_ns, Kind::Duration),
    ("p95", |row| row.p95_ns, Kind::Duration),
    ("errors", |row| row.errors, Kind::Count),
    ("total", |row| row.total_ns, Kind::Duration),
    ("mean", |row| row.mean_ns, Kind::Duration),
    ("p99", |row| row.p99_ns, Kind::Duration),
    ("max", |row| row.max_ns, Kind::Duration),
];
type OfStages = (&'static str, fn(&Stage) -> Change, Kind);
const OF_STAGES: [OfStages; 3] = [
    ("wall", |row| row.wall_ns, Kind::Duration),
    ("rss", |row| row.peak_rss_bytes, Kind::Bytes),
    ("cpu", |row| row.avg_cpu_percent, Kind::Percent),
];
type Verdicts = (&'static str, fn(Verdict) -> bool, fn(&Summary) -> u64);
const VERDICTS: [Verdicts; 4] = [
    ("slower", |verdict| verdict == Verdict::Slower, |all| all.slower),
    ("faster", |verdict| verdict == Verdict::Faster, |all| all.faster),
    ("new", |verdict| verdict == Verdict::New, |all| all.new),
    ("gone", |verdict| verdict == Verdict::Gone, |all| all.gone),
];
type OfRuns = (&'static str, fn(&Comparison) -> Change, Kind);
const OF_RUNS: [OfRuns; 6] = [
    ("duration", |all| all.duration_ns, Kind::Duration),
    ("spans", |all| all.spans, Kind::Count),
    ("errors", |all| all.errors, Kind::Count),
    ("panics", |all| all.panics, Kind::Count),
    ("dropped", |all| all.dropped_spans, Kind::Count),
    ("open", |all| all.open_spans, Kind::Count),
];
/// Metrics of which it is known whether chance changed them.
const TESTED: [&str; 6] = ["calls", "self", "p50", "p95", "wall", "rss"];

impl FromStr for DiffGate {
    type Err = GateError;

    fn from_str(text: &str) -> Result<Self, GateError> {
        let mut clause: Clause = text.parse()?;
        let parts = clause.value.rsplit_once('&').map(|(value, word)| (value.trim(), word.trim()));
        let bare =
            parts.filter(|(_, word)| *word == "significant").map(|(value, _)| value.to_owned());
        let is_significant = bare.is_some();
        clause.value = bare.unwrap_or(clause.value);
        let metric = metric(&clause)?;
        let name = clause.metric.as_str();
        if is_significant && !(clause.selector != Selector::Run && TESTED.contains(&name)) {
            let (metric, known) = (name.to_owned(), format!("{} of rows", TESTED.join(", ")));
            return Err(GateError::Significance { metric, known });
        }
        let bound = bound(&clause, metric.kind())?;
        Ok(Self { clause, metric, bound, is_significant })
    }
}

fn metric(clause: &Clause) -> Result<Metric, GateError> {
    let name = clause.metric.as_str();
    let verdict = VERDICTS.iter().find(|(known, ..)| *known == name);
    let verdict = verdict.map(|&(_, is, count)| Metric::Verdict(is, count));
    if clause.selector == Selector::Run {
        let run = OF_RUNS.iter().find(|(known, ..)| *known == name);
        let known = OF_RUNS.iter().map(|(name, ..)| *name);
        let known = known.chain(VERDICTS.iter().map(|(name, ..)| *name)).collect::<Vec<_>>();
        return run
            .map(|&(_, of, kind)| Metric::Run(of, kind))
            .or(verdict)
            .ok_or_else(|| GateError::OfRun { name: name.to_owned(), known: known.join(", ") });
    }
    let function = OF_FUNCTIONS.iter().find(|(known, ..)| *known == name);
    let stage = OF_STAGES.iter().find(|(known, ..)| *known == name);
    function
        .map(|&(_, of, kind)| Metric::Function(of, kind))
        .or_else(|| stage.map(|&(_, of, kind)| Metric::Stage(of, kind)))
        .or(verdict)
        .ok_or_else(|| {
            let functions = OF_FUNCTIONS.iter().map(|(name, ..)| *name);
            let stages = OF_STAGES.iter().map(|(name, ..)| *name);
            let verdicts = VERDICTS.iter().map(|(name, ..)| *name);
            let known = functions.chain(stages).chain(verdicts).collect::<Vec<_>>().join(", ");
            GateError::Metric { name: name.to_owned(), known }
        })
}

fn bound(clause: &Clause, kind: Kind) -> Result<Bound, GateError> {
    let value = clause.value.as_str();
    let wrong = || {
        clause.no_value(&format!("{0}, {1} > +10% or {1} > +{0}", kind.example(), clause.metric))
    };
    let sign = match value.chars().next() {
        Some('+') => 1.0,
        Some('-') => -1.0,
        _ => return parse_value(kind, value).map(Bound::Head).ok_or_else(wrong),
    };
    let size = value[1..].trim();
    if size.ends_with('%') {
        let percent = parse_value(Kind::Percent, size).ok_or_else(wrong)?;
        return Ok(Bound::Percent(sign * percent));
    }
    let more = parse_value(kind, size).ok_or_else(wrong)?;
    Ok(Bound::More(sign * more))
}

impl Metric {
    fn kind(self) -> Kind {
        match self {
            Self::Function(_, kind) | Self::Stage(_, kind) | Self::Run(_, kind) => kind,
            Self::Verdict(..) => Kind::Count,
        }
    }
}

impl DiffGate {
    /// Asks it.
    pub(super) fn ask(&self, all: &Comparison) -> Answer {
        match self.metric {
            Metric::Function(of, _) => self.ask_rows(&named(&all.functions), |row| of(&row.row)),
            Metric::Stage(of, _) => {
                let rows: Vec<_> = all.stages.iter().map(|row| (row.name.as_str(), row)).collect();
                self.ask_rows(&rows, of)
            }
            Metric::Verdict(_, count) if self.clause.selector == Selector::Run => {
                self.answer(true, self.held_by("run", fact(count(&all.summary))))
            }
            Metric::Verdict(is, _) => {
                self.ask_rows(&named(&all.functions), |row| fact(is(row.row.verdict).into()))
            }
            Metric::Run(of, _) => self.answer(true, self.held_by("run", of(all))),
        }
    }

    fn ask_rows<S: Subject + Copy>(&self, rows: &[(&str, S)], of: impl Fn(S) -> Change) -> Answer {
        let selected = self.clause.select(rows);
        let held = selected.iter().filter_map(|&index| {
            let (name, row) = rows[index];
            self.held_by(name, of(row))
        });
        self.answer(!selected.is_empty(), held)
    }

    fn held_by(&self, name: &str, change: Change) -> Option<HeldBy> {
        if self.is_significant && !change.significant {
            return None;
        }
        #[expect(clippy::cast_precision_loss, reason = "below 2^53 exact: 104 days, 8 PiB")]
        let (left, right) = match self.bound {
            Bound::Head(value) => (change.head? as f64, value),
            Bound::More(value) => (self.more(&change)? as f64, value),
            Bound::Percent(value) => (change.change_percent?, value),
        };
        let held = || HeldBy { name: name.to_owned(), value: self.words(&change) };
        self.clause.op.holds(left, right).then(held)
    }

    /// How much more; of what is new, all of it, where it is a sum.
    fn more(&self, change: &Change) -> Option<i64> {
        let is_sum = ["calls", "errors", "self", "total"].contains(&self.clause.metric.as_str());
        let whole = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
        match (change.base, change.head) {
            (None, Some(head)) if is_sum => Some(whole(head)),
            (Some(base), None) if is_sum => Some(-whole(base)),
            _ => change.change,
        }
    }

    fn words(&self, change: &Change) -> String {
        #[expect(clippy::cast_precision_loss, reason = "it is shown to three digits")]
        let text = |value: Option<u64>| {
            value.map_or_else(|| "none".to_owned(), |value| show(self.metric.kind(), value as f64))
        };
        let head = text(change.head);
        match (self.bound, change.change_percent) {
            (Bound::Head(_), _) => head,
            (_, Some(percent)) => format!("{head}, was {}: {percent:+.1}%", text(change.base)),
            (_, None) => format!("{head}, was {}", text(change.base)),
        }
    }

    fn answer(&self, is_any: bool, rows: impl IntoIterator<Item = HeldBy>) -> Answer {
        let rows: Vec<_> = rows.into_iter().collect();
        let (held, missing) = (!rows.is_empty(), !is_any);
        Answer { gate: self.clause.to_string(), held, missing, rows }
    }
}

/// A count that is not one of two sides.
fn fact(count: u64) -> Change {
    Change { head: Some(count), base: Some(0), ..Change::default() }
}

fn named(functions: &[Function]) -> Vec<(&str, &Function)> {
    functions.iter().map(|row| (row.name.as_str(), row)).collect()
}

impl Subject for &Function {
    fn value(&self, field: Field) -> Value<'_> {
        let of = OF_FUNCTIONS.iter().find(|(name, ..)| of_rows(field) && *name == field.name());
        match (field, of) {
            (Field::Name, _) => Value::Text(self.name.as_str().into()),
            (Field::Module, _) => Value::Text(self.module.as_str().into()),
            (Field::File, _) => Value::Text(self.file.as_str().into()),
            (Field::Kind, _) => Value::Text(self.kind.as_str().into()),
            (_, Some((_, of, _))) => in_head(of(&self.row)),
            (_, None) => Value::Foreign,
        }
    }
}

impl Subject for &Stage {
    fn value(&self, field: Field) -> Value<'_> {
        let of = OF_STAGES.iter().find(|(name, ..)| *name == field.name());
        match (field, of) {
            (Field::Name, _) => Value::Text(self.name.as_str().into()),
            (Field::Kind, _) => Value::Text("stage".into()),
            (_, Some((_, of, _))) => in_head(of(self)),
            (_, None) => Value::Foreign,
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "below 2^53 exact: 104 days, 8 PiB")]
fn in_head(change: Change) -> Value<'static> {
    change.head.map_or(Value::Nothing, |value| Value::Number(value as f64))
}

#[cfg(test)]
#[path = "gate_tests.rs"]
mod tests;
