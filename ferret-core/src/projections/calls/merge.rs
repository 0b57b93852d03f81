//! Calls that were counted beside each other, added up. What a span adds does not depend on any other, so a
//! log's spans can be counted wherever there is a core.

use super::{Calls, FunctionId, GroupBy};
use crate::event::{LogIndex, Names, PathId};
use std::collections::BTreeSet;

impl Calls {
    /// Adds what `others` counted, that are grouped the same way and were told of ended spans alone:
    /// by [`Calls::apply_spans`] and [`Calls::hide_span`]. In whatever order they are given and whichever
    /// of them counted what, functions are numbered the same.
    pub fn add<'n>(&mut self, others: &[Self], names: impl Fn(LogIndex) -> &'n Names) {
        let logs = |calls: &Self| {
            let logs = calls.logs.iter().enumerate();
            let paths = logs.flat_map(|(log, calls)| {
                calls.paths.iter().map(move |cell| (LogIndex(log), cell.path))
            });
            paths.collect::<Vec<_>>()
        };
        let paths: BTreeSet<(LogIndex, PathId)> = others.iter().flat_map(logs).collect();
        for &(log, path) in &paths {
            self.know(log, names(log), path);
        }
        for other in others {
            self.add_totals(other);
            self.add_durations(other);
        }
    }

    fn add_totals(&mut self, other: &Self) {
        for (index, log) in other.logs.iter().enumerate() {
            for cell in &log.paths {
                let Some(slot) = self.slot_of(LogIndex(index), cell.path) else { continue };
                let own = &mut self.logs[index].paths[slot];
                own.totals.add(&cell.totals);
                own.hidden.add(&cell.hidden);
            }
            for thread in &log.threads {
                let slot = self.thread(LogIndex(index), thread.thread);
                self.logs[index].threads[slot].totals.add(&thread.totals);
            }
        }
    }

    fn add_durations(&mut self, other: &Self) {
        let of = |row: usize| other.durations.get(row).filter(|durations| durations.count() > 0);
        let (first, any) = (LogIndex(0), FunctionId(0));
        match self.group {
            GroupBy::Function => {
                for (row, info) in other.functions.all().enumerate() {
                    let Some(durations) = of(row) else { continue };
                    let function = self.functions.intern(Some(info));
                    self.durations_of(first, 0, function).add(durations);
                }
            }
            GroupBy::Thread => {
                for (index, log) in other.logs.iter().enumerate() {
                    for thread in &log.threads {
                        let Some(durations) = thread.row.and_then(of) else { continue };
                        let slot = self.thread(LogIndex(index), thread.thread);
                        self.durations_of(LogIndex(index), slot, any).add(durations);
                    }
                }
            }
            GroupBy::Process => {
                for (index, log) in other.logs.iter().enumerate() {
                    let Some(durations) = log.row.and_then(of) else { continue };
                    self.durations_of(LogIndex(index), 0, any).add(durations);
                }
            }
        }
    }
}
