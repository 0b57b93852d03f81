//! Reading what a rule asks, and what it asks of; and telling of keys that do nothing beside that.

use super::fault::Faults;
use super::table::{Table, word};
use super::threshold;
use super::{Asks, Event, OF_OPEN_SPANS};
use crate::alert::metric::Metric;
use crate::filter::{Field, Filter};
use std::ops::Range;

/// What a rule asks: one of these keys it has.
const ASKS: [&str; 6] =
    ["when", "happens", "no_heartbeat_for", "no_work_for", "no_progress_for", "open_for"];

/// None where it asks nothing, or several things, or what it asks cannot be read.
pub(super) fn read(
    table: &mut Table<'_, '_>,
    window_ns: u64,
    faults: &mut Faults<'_>,
) -> Option<Asks> {
    let at = table.at.clone();
    let spans_at = at.clone();
    let written = ASKS.iter().filter(|key| table.place(key).is_some()).count();
    let mut found = Vec::new();
    let threshold = threshold::read(table, window_ns, faults);
    found.extend(threshold.map(|it| it.ok().map(|it| Asks::Threshold(Box::new(it)))));
    if let Some(words) = table.texts("happens", faults) {
        let events =
            words.into_iter().map(|(text, at)| word("happens", text, at, &Event::ALL, faults));
        let events: Option<Vec<_>> = events.collect();
        if events.as_ref().is_some_and(Vec::is_empty) {
            faults.note(
                at.clone(),
                "happens names at least one: crashed, failed, stopped, exited, …",
            );
        }
        found.push(events.map(Asks::Happens));
    }
    found.extend(table.duration("no_heartbeat_for", faults).map(Asks::NoHeartbeat).map(Some));
    found.extend(table.duration("no_work_for", faults).map(Asks::NoWork).map(Some));
    let spans = filter(table, "spans", "an open span", OF_OPEN_SPANS, faults);
    let has_spans = spans.is_some();
    let no_progress = table.duration("no_progress_for", faults);
    found.extend(no_progress.map(|ns| Some(Asks::NoProgress(ns, spans.clone()))));
    found.extend(table.duration("open_for", faults).map(|ns| Some(Asks::Open(ns, spans))));
    let is_of_spans = matches!(found.last(), Some(Some(Asks::NoProgress(..) | Asks::Open(..))));
    if has_spans && !is_of_spans {
        faults.note(spans_at, "spans goes with open_for or no_progress_for");
    }
    if written != 1 {
        let written = if written == 0 { "none" } else { "several" };
        let all = ASKS.join(", ");
        faults.note(at, format!("a rule asks one thing, and this has {written}: one of {all}"));
        return None;
    }
    found.pop().flatten()
}

/// The keys of times that not every rule heeds, where they are written in this one: what the defaults say of them is
/// for those rules that do.
pub(super) fn times(table: &Table<'_, '_>) -> Vec<(&'static str, Range<usize>)> {
    let keys = ["for", "resolve_after", "window"].into_iter();
    keys.filter_map(|key| Some((key, table.place(key)?))).collect()
}

impl Asks {
    /// Notes what is written in a rule and does nothing there.
    pub(super) fn refuse_idle(
        &self,
        written: Vec<(&'static str, Range<usize>)>,
        faults: &mut Faults<'_>,
    ) {
        for (key, at) in written {
            let why = match self {
                Self::Happens(_) => "happens, which is told at once and is over then",
                _ if key != "window" => continue,
                Self::Threshold(threshold) => match &threshold.metric {
                    Metric::Function(_) | Metric::Counter(_) => continue,
                    Metric::Worker(metric) if metric.grows() => continue,
                    Metric::Worker(_) | Metric::Fleet(_) => {
                        "a metric that is what it is now (for says how long it has to hold)"
                    }
                },
                Self::NoHeartbeat(_) | Self::NoWork(_) | Self::NoProgress(..) | Self::Open(..) => {
                    "a condition that has its own time"
                }
            };
            faults.note(at, format!("{key} does nothing beside {why}: take it out"));
        }
    }
}

/// A filter that asks of what has only these fields.
pub(super) fn filter(
    table: &mut Table<'_, '_>,
    key: &'static str,
    whose: &str,
    fields: &[Field],
    faults: &mut Faults<'_>,
) -> Option<Filter> {
    let (text, at) = table.text(key, faults)?;
    match text.parse::<Filter>() {
        Ok(filter) => {
            asks_only(&filter, key, whose, fields, &mut |what| faults.note(at.clone(), what));
            Some(filter)
        }
        Err(error) => {
            faults.note(at, format!("{key}: {error}"));
            None
        }
    }
}

/// Notes the fields that a filter asks about and that are not there: it would pass nothing.
pub(super) fn asks_only(
    filter: &Filter,
    key: &str,
    whose: &str,
    fields: &[Field],
    note: &mut impl FnMut(String),
) {
    let has = |field: &Field| fields.contains(field);
    let asked = Field::ALL.iter().filter(|(_, field, _)| filter.asks(&[*field]) && !has(field));
    for (name, ..) in asked {
        let known: Vec<_> = fields.iter().map(|field| field.name()).collect();
        note(format!("{key}: {whose} has no {name}; it has {}", known.join(", ")));
    }
}
