//! What is known of each function: what its calls cost in all, how often it is called now, and what
//! is open of it. The totals may be of another reading of the same run than the present is: then they
//! are joined by what the functions say of themselves.

use super::super::board::Scene;
use super::super::pick;
use crate::callsite_names::{self, Callsite};
use crate::filter::{Field, Filter, Subject, Value};
use ferret::event::CallsiteInfo;
use ferret::projections::{Calls, DurationStats, OpenFunction, Totals};
use std::collections::BTreeMap;
use std::hash::{BuildHasher as _, BuildHasherDefault, DefaultHasher};

/// Columns of a histogram.
pub(crate) const SHAPE: usize = 12;

/// What calls of all functions cost.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Costs {
    functions: Vec<Cost>,
    /// How much of the run it is of, 0 to 1.
    pub(crate) share: f64,
}

#[derive(Clone, Debug, PartialEq)]
struct Cost {
    info: CallsiteInfo,
    totals: Totals,
    durations: Option<DurationStats>,
    shape: Vec<u64>,
}

/// The functions of a run.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Report {
    pub(crate) rows: Vec<Function>,
    /// How much of the run the totals are of, 0 to 1.
    pub(crate) share: f64,
}

/// Tells a function from all others, for as long as the screen is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct FunctionKey(u64);

/// A function.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Function {
    pub(crate) key: FunctionKey,
    /// What it is called here: with as much of the module as tells it from others.
    pub(crate) name: String,
    pub(crate) info: CallsiteInfo,
    pub(crate) totals: Totals,
    /// Calls per second, in the last seconds.
    pub(crate) per_second: f64,
    pub(crate) durations: Option<DurationStats>,
    /// The histogram of its durations.
    pub(crate) shape: Vec<u64>,
    pub(crate) open: OpenFunction,
}

impl Costs {
    /// What the calls so far cost; `share` is how much of the run that is.
    pub(crate) fn of(calls: &Calls, share: f64) -> Self {
        let functions = calls.functions().into_iter().map(|function| Cost {
            shape: calls.shape(function.id, SHAPE),
            info: function.info,
            totals: function.totals,
            durations: function.durations,
        });
        Self { functions: functions.collect(), share }
    }
}

impl Report {
    /// The functions that were called or are open, at the moment of the scene.
    pub(crate) fn of(costs: &Costs, scene: &Scene) -> Self {
        let mut rows: Vec<Function> = costs.functions.iter().map(Function::of).collect();
        let mut index: BTreeMap<FunctionKey, usize> =
            rows.iter().enumerate().map(|(index, row)| (row.key, index)).collect();
        let mut row = |rows: &mut Vec<Function>, info: &CallsiteInfo| {
            *index.entry(FunctionKey::of(info)).or_insert_with(|| {
                rows.push(Function::new(info));
                rows.len() - 1
            })
        };
        let began = scene.began().unwrap_or_default();
        // What has ended calls nothing any more.
        let lives = scene.board.is_live(scene.now);
        for (info, per_second) in scene.board.rates.all(began, scene.now) {
            let at = row(&mut rows, info);
            rows[at].per_second = if lives { per_second } else { 0.0 };
        }
        let live = &scene.board.live;
        for (info, open) in live.open_functions(|log| scene.names(log), |log| scene.moment(log)) {
            let at = row(&mut rows, info);
            rows[at].open = open;
        }
        rows.retain(|row| {
            let totals = &row.totals;
            let seen = totals.calls + totals.unknown + totals.dropped + totals.self_ns;
            seen + row.open.calls > 0 || row.per_second > 0.0
        });
        name(&mut rows);
        Self { rows, share: costs.share }
    }

    /// A function.
    pub(crate) fn get(&self, key: FunctionKey) -> Option<&Function> {
        self.rows.iter().find(|row| row.key == key)
    }
}

impl Report {
    /// The functions of which calls pass a filter on single spans, and the open spans that do. How
    /// often they are called just now is not kept apart.
    pub(crate) fn passing(costs: &Costs, scene: &Scene, filter: &Filter) -> Self {
        let mut rows: Vec<Function> = costs.functions.iter().map(Function::of).collect();
        for (info, ns) in pick::open(filter, scene) {
            let key = FunctionKey::of(info);
            let at = rows.iter().position(|row| row.key == key).unwrap_or_else(|| {
                rows.push(Function::new(info));
                rows.len() - 1
            });
            let open = &mut rows[at].open;
            (open.calls, open.ns) = (open.calls + 1, open.ns.saturating_add(ns));
        }
        rows.retain(|row| row.totals.calls + row.totals.unknown + row.open.calls > 0);
        name(&mut rows);
        Self { rows, share: costs.share }
    }
}

/// Gives functions the names by which they are told from each other.
fn name(rows: &mut [Function]) {
    let callsites: Vec<_> = rows
        .iter()
        .map(|Function { info, .. }| Callsite {
            name: &info.name,
            module: &info.module,
            line: info.line,
        })
        .collect();
    let names = callsite_names::names(&callsites);
    for (row, name) in rows.iter_mut().zip(names) {
        row.name = name;
    }
}

impl FunctionKey {
    fn of(info: &CallsiteInfo) -> Self {
        Self(BuildHasherDefault::<DefaultHasher>::default().hash_one(info))
    }
}

impl Function {
    fn new(info: &CallsiteInfo) -> Self {
        Self {
            key: FunctionKey::of(info),
            name: String::new(),
            info: info.clone(),
            totals: Totals::default(),
            per_second: 0.0,
            durations: None,
            shape: Vec::new(),
            open: OpenFunction::default(),
        }
    }

    fn of(cost: &Cost) -> Self {
        Self {
            totals: cost.totals,
            durations: cost.durations,
            shape: cost.shape.clone(),
            ..Self::new(&cost.info)
        }
    }

    /// From start to end, and of what is open up to now, ns.
    pub(crate) fn total_ns(&self) -> u64 {
        self.totals.total_ns.saturating_add(self.open.ns)
    }

    /// Calls that ended with an `Err` or a panic.
    pub(crate) fn errors(&self) -> u64 {
        self.totals.errors + self.totals.panics
    }
}

impl Subject for Function {
    #[expect(clippy::cast_precision_loss, reason = "below 2^53 exact: 104 days")]
    #[expect(clippy::wildcard_enum_match_arm, reason = "most fields are of other tables")]
    fn value(&self, field: Field) -> Value<'_> {
        let number = |value: u64| Value::Number(value as f64);
        let duration = |of: fn(&DurationStats) -> u64| {
            self.durations.as_ref().map_or(Value::Nothing, |stats| number(of(stats)))
        };
        match field {
            Field::Name => Value::Text(self.info.name.as_str().into()),
            Field::Module => Value::Text(self.info.module.as_str().into()),
            Field::File => Value::Text(self.info.file.as_str().into()),
            Field::Kind => Value::Text(crate::analyze::kind(self.info.kind).into()),
            Field::Calls => number(self.totals.calls),
            Field::Errors => number(self.errors()),
            Field::Panics => number(self.totals.panics),
            Field::Cancelled => number(self.totals.cancelled),
            Field::Unknown => number(self.totals.unknown),
            Field::Dropped => number(self.totals.dropped),
            Field::Sampled => number(self.totals.sampled),
            Field::Mean => duration(|stats| stats.mean_ns),
            Field::Min => duration(|stats| stats.min_ns),
            Field::P50 => duration(|stats| stats.p50_ns),
            Field::P90 => duration(|stats| stats.p90_ns),
            Field::P95 => duration(|stats| stats.p95_ns),
            Field::P99 => duration(|stats| stats.p99_ns),
            Field::Max => duration(|stats| stats.max_ns),
            Field::Open => number(self.open.calls),
            Field::Total => number(self.total_ns()),
            Field::SelfTime => number(self.totals.self_ns),
            // The others are of single spans, or of another table.
            _ => Value::Foreign,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::script::{MS, S, Script};
    use super::*;

    fn report(script: &Script) -> Report {
        let costs = Costs::of(&script.board.calls, 1.0);
        script.look(|scene| Report::of(&costs, scene))
    }

    #[test]
    fn what_ended_and_what_is_open_add_up_in_one_row() {
        let script = Script::default().process("cast", 7).thread(2, "worker");
        let script = script.start(1, "run").call(1, "read", 30 * MS).start(2, "read").wait(10 * MS);
        let report = report(&script);
        let row =
            |row: &Function| (row.name.clone(), row.totals.calls, row.open.calls, row.total_ns());
        let mut rows: Vec<_> = report.rows.iter().map(row).collect();
        rows.sort();
        let expect = [("read".to_owned(), 1, 1, 40 * MS), ("run".to_owned(), 0, 1, 40 * MS)];
        assert_eq!(rows, expect);
    }

    #[test]
    fn totals_of_another_reading_are_joined_with_the_present() {
        let past = Script::default().process("cast", 7).call(1, "old", MS).call(1, "read", MS);
        let present = Script::default().process("cast", 7).wait(9 * S).call(1, "new", MS);
        let costs = Costs::of(&past.board.calls, 0.5);
        let report =
            present.call(1, "read", MS).wait(50 * MS).look(|scene| Report::of(&costs, scene));
        let row = |row: &Function| (row.info.name.clone(), row.totals.calls, row.per_second > 0.0);
        let rows: Vec<_> = report.rows.iter().map(row).collect();
        // The lines differ between the two scripts, so `read` is two functions.
        assert!(rows.contains(&("old".to_owned(), 1, false)), "{rows:?}");
        assert!(rows.contains(&("new".to_owned(), 0, true)), "{rows:?}");
        assert!((report.share - 0.5).abs() < f64::EPSILON);
    }

    #[test]
    fn of_a_filter_on_single_spans_only_those_that_pass_are_open() {
        let script = Script::default().process("cast", 7).thread(2, "worker");
        let script = script.start(1, "read").start(2, "read").start(2, "read").wait(S);
        let script = script.start(2, "parse").wait(MS);
        let filter: Filter = "read & thread:worker".parse().unwrap();
        let costs = Costs { share: 1.0, ..Costs::default() };
        let report = script.look(|scene| Report::passing(&costs, scene, &filter));
        let row = |row: &Function| (row.name.clone(), row.open.calls, row.open.ns);
        let rows: Vec<_> = report.rows.iter().map(row).collect();
        // Two that lie in each other: their time counts once.
        assert_eq!(rows, [("read".to_owned(), 2, S + MS)]);
    }
}
