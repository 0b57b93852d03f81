//! The latest happenings of a snapshot.

use super::open::{SaidRow, said_row};
use super::{stamp, uid};
use crate::tui::board::Scene;
use ferret::event::{Outcome, ThreadId};
use ferret::projections::{Happening, News};
use serde::Serialize;

/// Something that happened.
#[derive(Debug, Serialize)]
pub(super) struct Recent {
    time: Option<String>,
    process: String,
    thread: Option<String>,
    /// `span`, `mark`, `start`, `end`, `dropped`, `clock`.
    what: &'static str,
    /// The span's or mark's name.
    name: Option<String>,
    outcome: Option<Outcome>,
    /// Spans, ended or dropped.
    count: Option<u64>,
    /// Of those, how many were counted instead of being recorded one by one.
    sampled: Option<u64>,
    total_ns: Option<u64>,
    longest_ns: Option<u64>,
    #[serde(flatten)]
    said: SaidRow,
}

pub(super) fn recent(scene: &Scene, row: &Happening) -> Recent {
    let names = scene.names(row.log);
    let blank = Recent {
        time: scene.process(row.log).and_then(|process| stamp(process, row.time)),
        process: uid(scene, row.log),
        thread: row.thread.filter(|id| *id != ThreadId::RECORDER).map(|id| names.thread_name(id)),
        what: "span",
        name: None,
        outcome: None,
        count: None,
        sampled: None,
        total_ns: None,
        longest_ns: None,
        said: SaidRow::default(),
    };
    match &row.what {
        News::Spans(ended) => Recent {
            name: Some(names.span_name(ended.path).to_owned()),
            outcome: Some(ended.outcome),
            count: Some(ended.count),
            sampled: Some(ended.sampled),
            total_ns: Some(ended.total_ns),
            longest_ns: Some(ended.longest_ns),
            said: said_row(names, &ended.said),
            ..blank
        },
        News::Mark { callsite } => {
            Recent { what: "mark", name: Some(names.callsite_name(*callsite).to_owned()), ..blank }
        }
        News::ProcessStart => Recent { what: "start", ..blank },
        News::ProcessEnd(_) | News::ProcessExit(_) => Recent { what: "end", ..blank },
        News::Dropped { spans } => Recent { what: "dropped", count: Some(*spans), ..blank },
        News::Clock { .. } => Recent { what: "clock", ..blank },
    }
}
