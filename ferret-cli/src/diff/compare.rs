//! From the runs of two sides to the comparison.

use super::document::{
    Change, Comparison, FORMAT, Function, Method, Place, Row, Run, Side, Stage, Summary, Verdict,
};
use super::judge::{Rules, judge, median, values};
use super::matching::{self, Key, Measured, Pair};
use super::notes;
use super::sides::SideRun;
use super::statistics::{correct, runs_differ};
use crate::analyze::{self, Analysis};
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// What the call tree is compared by; its rows stand in the document's order.
#[derive(Clone, Debug, Default)]
pub(super) struct Tree {
    pub(super) places: Vec<(Vec<Key>, Row)>,
}

/// A change of memory by less is none, bytes.
const LEAST_BYTES: f64 = 1_048_576.0;

/// Compares them.
pub(super) fn compare(
    base: &[SideRun],
    head: &[SideRun],
    rules: Rules,
) -> (Comparison, Option<Tree>) {
    let base_of: Vec<&Analysis> = base.iter().map(|run| &run.analysis).collect();
    let head_of: Vec<&Analysis> = head.iter().map(|run| &run.analysis).collect();
    let run = |of: fn(&Analysis) -> u64| of_runs(&base_of, &head_of, of);
    let functions = functions(&base_of, &head_of, rules);
    let mut summary = Summary::default();
    for function in &functions {
        summary.count(function.row.verdict);
    }
    let tree = matching::places(&base_of, &head_of).map(|pairs| {
        let rows = judged(&pairs, rules);
        Tree { places: pairs.into_iter().map(|pair| pair.key).zip(rows).collect() }
    });
    let is_single = base.len() == 1 && head.len() == 1;
    let comparison = Comparison {
        format: FORMAT,
        kind: "diff",
        base: side(base),
        head: side(head),
        method: method(is_single, rules),
        notes: notes::notes(base, head),
        gates: Vec::new(),
        summary,
        duration_ns: run(|analysis| analysis.run.duration_ns),
        spans: run(|analysis| analysis.run.spans),
        errors: run(|analysis| analysis.functions.iter().map(|row| row.errors).sum()),
        panics: run(|analysis| analysis.functions.iter().map(|row| row.panics).sum()),
        dropped_spans: run(|analysis| analysis.run.dropped_spans),
        open_spans: run(|analysis| analysis.run.open_spans),
        functions,
        tree: tree.as_ref().map(|tree| tree.places.iter().map(place).collect()),
        stages: stages(&base_of, &head_of, rules),
    };
    (comparison, tree)
}

fn method(is_single: bool, rules: Rules) -> Method {
    let (compares, tests) = if is_single {
        (
            "calls",
            "p50 and self: Brunner-Munzel; p95: order statistics; calls by what they are worth if independent; Benjamini-Hochberg",
        )
    } else {
        (
            "runs",
            "Student's t of the logarithms of the runs' figures, their spread 1 % at least; Benjamini-Hochberg",
        )
    };
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a few ns")]
    let least_ns = rules.least_ns as u64;
    Method {
        compares,
        tests,
        least_percent: analyze::hundredths(rules.least_share * 100.0),
        least_ns,
        chance_percent: analyze::hundredths(rules.chance * 100.0),
    }
}

fn side(runs: &[SideRun]) -> Side {
    let run = |run: &SideRun| {
        let SideRun { source, path, is_saved, analysis } = run;
        let each = |of: fn(&analyze::Process) -> &String| {
            let mut all: Vec<_> = analysis.processes.iter().map(of).cloned().collect();
            all.sort();
            all.dedup();
            all
        };
        Run {
            name: source.clone(),
            path: path.display().to_string(),
            saved: *is_saved,
            id: analysis.run.id.clone(),
            start: analysis.run.start.clone(),
            duration_ns: analysis.run.duration_ns,
            spans: analysis.run.spans,
            exes: each(|process| &process.exe),
            hosts: each(|process| &process.host),
            states: each(|process| &process.state),
        }
    };
    Side { runs: runs.iter().map(run).collect() }
}

/// A number of the runs as wholes.
#[expect(clippy::cast_precision_loss, reason = "below 2^53 exact: 104 days")]
fn of_runs(base: &[&Analysis], head: &[&Analysis], of: fn(&Analysis) -> u64) -> Change {
    let all = |side: &[&Analysis]| median(side.iter().map(|run| of(run) as f64).collect());
    Change::between(all(base), all(head))
}

fn judged<K>(pairs: &[Pair<K>], rules: Rules) -> Vec<Row> {
    let sides: Vec<_> = pairs.iter().map(|pair| (&pair.base[..], &pair.head[..])).collect();
    judge(&sides, rules)
}

fn functions(base: &[&Analysis], head: &[&Analysis], rules: Rules) -> Vec<Function> {
    let pairs = matching::functions(base, head);
    let rows = judged(&pairs, rules);
    let function = |(pair, row): (Pair<Key>, Row)| {
        let Pair { key: Key { module, name, file, kind, .. }, base, head } = pair;
        let line =
            |side: &[Option<Measured>]| side.iter().flatten().map(|row| row.line).next_back();
        let line = line(&head).or(line(&base)).unwrap_or(0);
        Function { name, module, file, line, kind, row }
    };
    let mut functions: Vec<_> = pairs.into_iter().zip(rows).map(function).collect();
    functions.sort_by_cached_key(|function| {
        let Row { verdict, self_ns, .. } = function.row;
        let size = |change: Change| change.head.unwrap_or(0).abs_diff(change.base.unwrap_or(0));
        (verdict, Reverse(size(self_ns)), function.name.clone(), function.line)
    });
    functions
}

fn place((way, row): &(Vec<Key>, Row)) -> Place {
    Place { path: way.iter().map(|key| key.name.clone()).collect(), row: *row }
}

/// Stages by name, in the order they began.
fn stages(base: &[&Analysis], head: &[&Analysis], rules: Rules) -> Vec<Stage> {
    type Rows<'a> = Vec<Option<&'a analyze::Stage>>;
    let mut order: Vec<&str> = Vec::new();
    let mut all: BTreeMap<&str, (Rows<'_>, Rows<'_>)> = BTreeMap::new();
    let runs = head.iter().enumerate().map(|(index, run)| (true, index, run));
    for (is_head, index, run) in
        runs.chain(base.iter().enumerate().map(|(index, run)| (false, index, run)))
    {
        for stage in &run.stages {
            let (in_base, in_head) = all.entry(&stage.name).or_insert_with(|| {
                order.push(&stage.name);
                (vec![None; base.len()], vec![None; head.len()])
            });
            let side = if is_head { in_head } else { in_base };
            side[index] = Some(stage);
        }
    }
    let mut rows: Vec<Stage> =
        order.iter().map(|name| stage(name, &all[name].0, &all[name].1)).collect();
    judge_stages(&mut rows, rules);
    rows
}

#[expect(clippy::cast_precision_loss, reason = "below 2^53 exact: 104 days, 8 PiB")]
fn stage(name: &str, base: &[Option<&analyze::Stage>], head: &[Option<&analyze::Stage>]) -> Stage {
    let change = |of: fn(&analyze::Stage) -> Option<f64>| {
        let (base, head) = (values(base, |row| of(row)), values(head, |row| of(row)));
        let p_value = runs_differ(&base, &head);
        Change { p_value, ..Change::between(median(base), median(head)) }
    };
    let count = |of: fn(&analyze::Stage) -> Option<f64>| Change { p_value: None, ..change(of) };
    let is_there = |side: &[Option<&analyze::Stage>]| side.iter().any(Option::is_some);
    Stage {
        name: name.to_owned(),
        verdict: match (is_there(base), is_there(head)) {
            (false, _) => Verdict::New,
            (_, false) => Verdict::Gone,
            (true, true) => Verdict::Same,
        },
        calls: count(|row| Some(row.calls as f64)),
        errors: count(|row| Some(row.errors as f64)),
        wall_ns: change(|row| Some(row.wall_ns as f64)),
        peak_rss_bytes: change(|row| row.peak_rss_bytes.map(|bytes| bytes as f64)),
        avg_cpu_percent: count(|row| row.avg_cpu_percent),
    }
}

/// Of one run each nothing says how much a stage varies.
fn judge_stages(rows: &mut [Stage], rules: Rules) {
    let each = rows.iter_mut().flat_map(|row| [&mut row.wall_ns, &mut row.peak_rss_bytes]);
    correct(&mut each.filter_map(|change| change.p_value.as_mut()).collect::<Vec<_>>());
    for row in rows {
        let bytes = Rules { least_ns: LEAST_BYTES, ..rules };
        row.wall_ns = rules.of_durations(row.wall_ns, row.wall_ns.p_value);
        row.peak_rss_bytes = bytes.of_durations(row.peak_rss_bytes, row.peak_rss_bytes.p_value);
        if row.verdict != Verdict::Same {
            continue;
        }
        row.verdict = match row.wall_ns.direction() {
            Some(true) => Verdict::Slower,
            Some(false) => Verdict::Faster,
            None if row.wall_ns.p_value.is_none() && rules.matters(&row.wall_ns) => Verdict::Unsure,
            None => Verdict::Same,
        };
    }
}
