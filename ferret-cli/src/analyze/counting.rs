//! What one core counts: the spans that end in the pieces of logs that it decodes. Nothing here depends on
//! order; what does is left to [`Fold`], which gets all other entries.

use super::fold::Fold;
use super::report::outermost;
use super::subject::SpanSubject;
use super::window::Place;
use crate::filter::Filter;
use ferret::event::{EndedSpan, LogIndex, Names, Part, Parts, PathId, SpanId, ThreadId};
use ferret::log::{Damage, Piece};
use ferret::projections::{Calls, GroupBy, Slowest, Spreads};
use std::collections::{BTreeMap, BTreeSet};

/// What one core has counted.
#[derive(Debug)]
pub(super) struct Counting {
    pub(super) calls: Calls,
    pub(super) slowest: Option<Slowest>,
    /// Only where they are asked for.
    pub(super) spreads: Option<Spreads>,
    verdicts: BTreeMap<(LogIndex, ThreadId), Vec<Verdict>>,
    /// Memory that is used again.
    decoded: Parts,
    passing: Vec<EndedSpan>,
    outermost: BTreeSet<SpanId>,
}

/// What a filter says of all spans of a path that end on a thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Unasked,
    Pass,
    Fail,
    /// It depends on the single span.
    Differ,
}

/// What a piece leaves to be taken in order.
#[derive(Debug, Default)]
pub(super) struct Rest {
    pub(super) parts: Parts,
    pub(super) damage: Option<Damage>,
}

impl Counting {
    /// Nothing yet, of what `fold` will take the rest of.
    pub(super) fn new(group: GroupBy, fold: &Fold) -> Self {
        let slowest = fold.report.slowest.as_ref();
        Self {
            calls: Calls::new(group),
            slowest: slowest.map(|slowest| Slowest::new(slowest.most())),
            spreads: fold.spreads.is_some().then(Spreads::default),
            verdicts: BTreeMap::new(),
            decoded: Parts::default(),
            passing: Vec::new(),
            outermost: BTreeSet::new(),
        }
    }

    /// Decodes a piece, counts its spans that end, and puts the rest into `rest`.
    pub(super) fn count(&mut self, fold: &Fold, names: &Names, piece: &Piece, rest: &mut Rest) {
        rest.parts.clear();
        let log = piece.log();
        let place = fold.window.place(log, piece.times());
        if place == Place::AtEdge {
            rest.damage = piece.decode_entries(&mut rest.parts).err();
            return;
        }
        let mut decoded = std::mem::take(&mut self.decoded);
        let result = piece.decode(&mut decoded, |decoded| {
            for part in decoded.iter() {
                if let Part::Spans(spans) = part
                    && place == Place::Inside
                {
                    self.add(fold, log, names, spans.ended);
                    if fold.report.asks_outermost() {
                        outermost(&spans, |span| {
                            self.outermost.insert(span.span);
                        });
                    }
                }
            }
            // Only stages are more than what they took.
            rest.parts.take(decoded, |span| {
                !fold.stages.is_outside(log, span.path) || self.outermost.contains(&span.span)
            });
            self.outermost.clear();
        });
        rest.damage = result.err();
        self.decoded = decoded;
    }

    fn add(&mut self, fold: &Fold, log: LogIndex, names: &Names, ended: &[EndedSpan]) {
        let Some(filter) = &fold.filter else {
            return self.take(log, names, ended);
        };
        self.passing.clear();
        for span in ended {
            let subject = || SpanSubject::of(names, &fold.processes, log, span, None);
            // Whatever it took, and however it ended.
            let place = || SpanSubject { dur_ns: None, outcome: None, ..subject() };
            let verdict = self.verdict((log, span.thread), span.path, filter, place);
            let passes = match verdict {
                Verdict::Pass => true,
                Verdict::Fail => false,
                Verdict::Differ | Verdict::Unasked => filter.allows(&subject()),
            };
            if passes {
                self.passing.push(*span);
            } else {
                self.calls.hide_span(log, names, span);
            }
        }
        let passing = std::mem::take(&mut self.passing);
        self.take(log, names, &passing);
        self.passing = passing;
    }

    fn take(&mut self, log: LogIndex, names: &Names, ended: &[EndedSpan]) {
        self.calls.apply_spans(log, names, ended);
        offer(&mut self.slowest, log, ended);
        if let Some(spreads) = &mut self.spreads {
            spreads.apply_spans(log, names, ended);
        }
    }

    /// What the filter says whatever a span took, and however it ended.
    fn verdict<'s>(
        &mut self,
        on: (LogIndex, ThreadId),
        path: PathId,
        filter: &Filter,
        subject: impl Fn() -> SpanSubject<'s>,
    ) -> Verdict {
        let verdicts = self.verdicts.entry(on).or_default();
        // A path that a damaged log made up has no place.
        let index = path.0 as usize;
        if index >= verdicts.len() && index < MOST_PATHS {
            verdicts.resize(index + 1, Verdict::Unasked);
        }
        let known = verdicts.get(index).copied().unwrap_or(Verdict::Unasked);
        if known != Verdict::Unasked {
            return known;
        }
        let verdict = match filter.test(&subject()) {
            Some(true) => Verdict::Pass,
            Some(false) => Verdict::Fail,
            None => Verdict::Differ,
        };
        if let Some(place) = verdicts.get_mut(index) {
            *place = verdict;
        }
        verdict
    }
}

fn offer(slowest: &mut Option<Slowest>, log: LogIndex, ended: &[EndedSpan]) {
    if let Some(slowest) = slowest {
        for span in ended {
            slowest.offer(log, span, || None);
        }
    }
}

/// Of paths with higher numbers a filter is asked each time.
const MOST_PATHS: usize = 1 << 20;
