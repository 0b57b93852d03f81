//! What is new of a worker: changes of its state, and what its log says beside spans that went well. Errors are told
//! once a look for each function, however many there were.

use super::panics::Panics;
use super::{State, Worker};
use crate::fleet::store::{Event, Severity, What};
use crate::format;
use ferret::event::{
    CallsiteId, EndedSpan, LogEntry, LogTime, Names, Outcome, Part, PathId, ProcessState,
};
use ferret::projections::{Process, Rate};
use std::collections::BTreeMap;

/// Functions and marks that are told apart in one look; what more there is, is left out.
const MOST: usize = 100;

/// What was seen since the last look.
#[derive(Debug, Default)]
pub(super) struct Changes {
    /// The state that was told last, by name; empty before the first.
    state: String,
    /// Calls of a path that failed, and when the last did: returned an `Err`, unwound.
    failures: BTreeMap<(PathId, bool), (u64, LogTime)>,
    marks: BTreeMap<CallsiteId, (u64, LogTime)>,
    names: BTreeMap<PathId, String>,
    mark_names: BTreeMap<CallsiteId, String>,
    panics: Panics,
    /// What the last panic of a path said.
    said: BTreeMap<PathId, String>,
    /// What the last panic said.
    pub(super) last_panic: Option<String>,
    /// How often calls fail now.
    pub(super) rate: Rate,
    dropped: (u64, LogTime),
    jump: Option<(i64, LogTime)>,
    /// It has been told that the log is damaged.
    is_damaged: bool,
}

impl Changes {
    /// This state has been told before.
    pub(super) fn seen(&mut self, state: &str) {
        state.clone_into(&mut self.state);
    }

    pub(super) fn see(&mut self, names: &Names, part: Part<'_>) {
        match part {
            Part::Spans(spans) => {
                let failed = spans.ended.iter().filter(|span| span.outcome != Outcome::Ok);
                failed.for_each(|span| self.fails(names, span));
            }
            Part::Other(entry) => match &entry.what {
                LogEntry::SpanEnd { .. } => {
                    if let Some(span) = EndedSpan::of(entry) {
                        self.fails(names, &span);
                    }
                }
                LogEntry::Summary(summary) => {
                    self.fail(names, (summary.path, false), summary.errors, entry.time);
                    self.fail(names, (summary.path, true), summary.panics, entry.time);
                }
                LogEntry::Mark { callsite, .. } => {
                    let is_known = self.marks.contains_key(callsite);
                    if is_known || self.marks.len() < MOST {
                        let mark = self.marks.entry(*callsite).or_default();
                        *mark = (mark.0 + 1, entry.time);
                        let name = || names.callsite_name(*callsite).to_owned();
                        self.mark_names.entry(*callsite).or_insert_with(name);
                    }
                }
                LogEntry::Dropped { spans, .. } => {
                    self.dropped = (self.dropped.0.saturating_add(*spans), entry.time);
                }
                LogEntry::Tag { key, value, .. } => {
                    self.panics.hear(names, (entry.time, entry.thread), (*key, value));
                }
                LogEntry::ThreadEnd => self.panics.forget(entry.thread),
                LogEntry::Clock { jump_ns } => self.jump = Some((*jump_ns, entry.time)),
                _ => {}
            },
        }
    }

    fn fails(&mut self, names: &Names, span: &EndedSpan) {
        let is_panic = match span.outcome {
            Outcome::Err => false,
            Outcome::Panicked => true,
            Outcome::Ok | Outcome::Cancelled | Outcome::Unknown => return,
        };
        self.fail(names, (span.path, is_panic), 1, span.end);
        let is_told = is_panic && self.failures.contains_key(&(span.path, true));
        if is_told && let Some(said) = self.panics.said(span.thread, span.start) {
            self.last_panic = Some(said.clone());
            self.said.insert(span.path, said);
        }
    }

    fn fail(&mut self, names: &Names, key: (PathId, bool), count: u64, at: LogTime) {
        self.rate.add(at, count);
        let is_known = self.failures.contains_key(&key);
        if count == 0 || !is_known && self.failures.len() >= MOST {
            return;
        }
        let failures = self.failures.entry(key).or_insert((0, at));
        *failures = (failures.0.saturating_add(count), at.max(failures.1));
        self.names.entry(key.0).or_insert_with(|| names.span_name(key.0).to_owned());
    }

    /// Tells all of it, and forgets it.
    pub(super) fn news(&mut self, worker: &Worker, state: State, now: LogTime) -> Vec<Event> {
        let mut events = Vec::new();
        let event = |at: LogTime, what: What, severity: Severity, text: String| Event {
            number: 0,
            at_ms: worker.unix_ms(at).unwrap_or(0),
            what,
            severity,
            worker: Some(worker.kept.uid),
            program: Some(worker.kept.program.clone()),
            text,
        };
        if self.state.is_empty() {
            let began = worker.began().unwrap_or(now);
            let text = format!("process {} began", worker.kept.pid);
            events.push(event(began, What::Start, Severity::Info, text));
        }
        let said = std::mem::take(&mut self.said);
        for ((path, is_panic), (count, at)) in std::mem::take(&mut self.failures) {
            let (what, how) = if is_panic {
                (What::Panic, "panicked")
            } else {
                (What::Error, "returned an error")
            };
            let name = self.names.get(&path).map_or("?", String::as_str);
            let said = said.get(&path).filter(|_| is_panic);
            let said = said.map_or_else(String::new, |said| format!(": {said}"));
            let text = format!("{name} {how}{}{said}", times(count));
            events.push(event(at, what, Severity::Error, text));
        }
        for (callsite, (count, at)) in std::mem::take(&mut self.marks) {
            let name = self.mark_names.get(&callsite).map_or("?", String::as_str);
            events.push(event(at, What::Mark, Severity::Info, format!("{name}{}", times(count))));
        }
        let (dropped, at) = std::mem::take(&mut self.dropped);
        if dropped > 0 {
            let text = format!("{} spans were not recorded", format::count(dropped));
            events.push(event(at, What::Drop, Severity::Warning, text));
        }
        if let Some((jump_ns, at)) = self.jump.take() {
            let text = format!("its clock jumped by {}", format::duration(jump_ns.unsigned_abs()));
            events.push(event(at, What::Clock, Severity::Warning, text));
        }
        if let Some(damage) = worker.damage.as_ref().filter(|_| !self.is_damaged) {
            self.is_damaged = true;
            events.push(event(now, What::Damage, Severity::Error, format!("its log is {damage}")));
        }
        let name = state.to_string();
        if name != self.state {
            events.extend(self.change(worker, state, now).map(|(what, severity, text)| {
                let heard = worker.process().map_or(now, Process::last_heard);
                event(if state.is_alive() { now } else { heard }, what, severity, text)
            }));
            self.state = name;
        }
        events
    }

    /// What it means that the state has become this.
    fn change(
        &self,
        worker: &Worker,
        state: State,
        now: LogTime,
    ) -> Option<(What, Severity, String)> {
        let pid = worker.kept.pid;
        let (code, signal) = worker.how_it_ended();
        Some(match state {
            State::Zombie => {
                let idle = format::age(worker.idle_ns(now).unwrap_or(0));
                (
                    What::Zombie,
                    Severity::Warning,
                    format!("process {pid} has done nothing for {idle}"),
                )
            }
            State::Is(ProcessState::Running) => {
                let before = self.state.as_str();
                if !["stalled", "zombie", "unknown"].contains(&before) {
                    return None;
                }
                (What::Recover, Severity::Info, format!("process {pid} was {before}, and goes on"))
            }
            State::Is(ProcessState::Stalled) => {
                let text = format!("process {pid} lives, and has stopped reporting");
                (What::Stall, Severity::Warning, text)
            }
            State::Is(ProcessState::Exited) => {
                (What::Exit, Severity::Info, format!("process {pid} ended well"))
            }
            State::Is(ProcessState::Failed) => {
                let code = code.map_or_else(|| "a code".to_owned(), |code| format!("code {code}"));
                (What::Fail, Severity::Error, format!("process {pid} exited with {code}"))
            }
            State::Is(ProcessState::Stopped) => {
                let name = signal.and_then(signal_hook::low_level::signal_name);
                let name = name.unwrap_or("a signal");
                (What::Stop, Severity::Info, format!("process {pid} was stopped by {name}"))
            }
            State::Is(ProcessState::Crashed) => {
                let how =
                    worker.death(now).map_or_else(|| "crashed".to_owned(), |death| death.how());
                (What::Crash, Severity::Error, format!("process {pid}: {how}"))
            }
            State::Is(ProcessState::Unknown) => return None,
        })
    }
}

fn times(count: u64) -> String {
    if count == 1 { String::new() } else { format!(" {} times", format::count(count)) }
}
