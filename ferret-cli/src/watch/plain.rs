//! Plain lines for an output that is no screen: a header, what happens at a calm rate, a status line
//! every few seconds, and a footer when the run is over.

use super::inputs::{Input, Inputs};
use super::plain_lines::{self, Begun};
use super::source::Source;
use crate::exit;
use crate::filter::Filter;
use crate::format;
use crate::reach;
use crate::tui::pick;
use crate::tui::warnings::Kind;
use ferret::event::{LogIndex, LogTime, Outcome};
use ferret::log;
use ferret::projections::{Ended, News, Recent, Said};
use signal_hook::low_level;
use std::collections::BTreeSet;
use std::io::{Write as _, stdout};
use std::time::Duration;

const SECOND: u64 = 1_000_000_000;
/// Between two status lines.
const STATUS_NS: u64 = 5 * SECOND;
/// After the last process's end, a run of several may bring another for so long.
const GRACE_NS: u64 = SECOND;
/// Happenings per second; the others are counted.
const LINES_PER_SECOND: u32 = 10;
/// Entries folded at a time.
const BATCH: u64 = 20_000;

/// What was printed so far.
struct Plain {
    source: Source,
    inputs: Inputs,
    /// What is told; summaries are of all.
    filter: Option<Filter>,
    /// The next happening to tell, by its number.
    next: u64,
    /// Stage spans that began and are not told yet.
    begun: Vec<Begun>,
    status: LogTime,
    /// The second that lines are counted for, how many there were, and how many were left out.
    second: u64,
    lines: u32,
    left_out: u64,
    /// Entries missed so far, as far as that was said.
    missed: u64,
    /// What looked wrong at the last status line: each is told when it begins.
    warned: BTreeSet<(Kind, LogIndex, String)>,
    /// Since when no process lives.
    over: Option<LogTime>,
}

/// Prints until the run is over or a signal ends it.
///
/// # Errors
///
/// The log cannot be read, or nobody takes the output.
pub(super) fn run(mut source: Source, filter: Option<Filter>) -> anyhow::Result<Source> {
    let inputs = Inputs::listen(false)?;
    if !source.open()? {
        for line in source.waits_for().iter().filter(|line| !line.is_empty()) {
            say(line)?;
        }
        while !source.open()? {
            if let Some(Input::End(signal)) = inputs.wait(Duration::from_millis(50)) {
                low_level::emulate_default_handler(signal)?;
            }
        }
    }
    inputs.wake(source.waker());
    let now = log::now();
    let mut plain = Plain {
        source,
        inputs,
        filter,
        next: 0,
        begun: Vec::new(),
        status: now,
        second: 0,
        lines: 0,
        left_out: 0,
        missed: 0,
        warned: BTreeSet::new(),
        over: None,
    };
    plain.header()?;
    let signal = plain.follow()?;
    plain.footer()?;
    if let Some(signal) = signal {
        low_level::emulate_default_handler(signal)?;
    }
    Ok(plain.source)
}

impl Plain {
    /// What was there before is history: it is summed up, not told line by line.
    fn header(&mut self) -> anyhow::Result<()> {
        let began = log::now();
        loop {
            self.source.look_at_files().iter().for_each(exit::say);
            while self.source.read(BATCH, |_, _, _| {})? > 0 {}
            // A log is there a moment before its first entry, which says who writes it.
            let is_empty = self.source.board.processes.iter().len() == 0;
            if !is_empty || log::now().since(began) >= GRACE_NS {
                break;
            }
            self.source.wait(Duration::from_millis(20));
        }
        self.next = self.source.board.recent.rows().back().map_or(0, |row| row.number + 1);
        let lines = self.source.look(log::now(), |scene| {
            let mut lines = vec![plain_lines::headline(scene)];
            lines.extend(scene.board.logs.iter().map(|log| format!("log {}", log.path.display())));
            lines.extend(plain_lines::reach(scene));
            lines
        });
        lines.iter().try_for_each(|line| say(line))
    }

    /// Tells what happens; gives the signal that ended it, if one did.
    fn follow(&mut self) -> anyhow::Result<Option<i32>> {
        loop {
            while let Some(input) = self.inputs.next() {
                if let Input::End(signal) = input {
                    return Ok(Some(signal));
                }
            }
            self.source.look_at_files().iter().for_each(exit::say);
            let begun = &mut self.begun;
            let read = self.source.read(BATCH, |log, names, part| {
                begun.extend(Begun::of(log, names, part));
            })?;
            let now = log::now();
            self.tell_missed()?;
            self.tell(now, false)?;
            if now.since(self.status) >= STATUS_NS {
                self.status = now;
                let line = self.source.look(now, plain_lines::status);
                say(&line)?;
                self.warn(now)?;
            }
            // Of a long log the end may be far.
            if read < BATCH && self.is_over(now) {
                self.tell(now, true)?;
                return Ok(None);
            }
            if read < BATCH {
                self.source.wait(Duration::from_millis(200));
            }
        }
    }

    /// What has come to look wrong since the last time.
    fn warn(&mut self, now: LogTime) -> anyhow::Result<()> {
        let mut warned = BTreeSet::new();
        let mut lines = Vec::new();
        self.source.look(now, |scene| {
            for warning in scene.warnings {
                let it = (warning.kind, warning.log, warning.look.clone());
                if !self.warned.contains(&it) {
                    lines.push(format!("warning: {}", warning.what));
                    lines.push(format!("  {}", warning.look));
                }
                warned.insert(it);
            }
        });
        self.warned = warned;
        lines.iter().try_for_each(|line| say(line))
    }

    /// That older entries were dropped before they were read, each time it comes to that.
    fn tell_missed(&mut self) -> anyhow::Result<()> {
        let missed: u64 = self.source.board.logs.iter().map(|log| log.missed).sum();
        if missed > self.missed {
            say(&reach::missed(missed - self.missed))?;
            self.missed = missed;
        }
        Ok(())
    }

    fn is_over(&mut self, now: LogTime) -> bool {
        if self.source.board.is_live(now) {
            self.over = None;
            return false;
        }
        now.since(*self.over.get_or_insert(now)) >= GRACE_NS
    }

    /// Prints the starts of stages and the happenings that are not told yet; `all` also those that
    /// may still grow.
    fn tell(&mut self, now: LogTime, all: bool) -> anyhow::Result<()> {
        let (mut next, begun) = (self.next, std::mem::take(&mut self.begun));
        let filter = self.filter.as_ref();
        let mut lines: Vec<(LogTime, String)> = self.source.look(now, |scene| {
            let mut lines = Vec::new();
            lines.extend(begun.iter().map(|stage| (stage.time, stage.line(scene))));
            let from = next;
            for row in scene.board.recent.rows().iter().filter(|row| row.number >= from) {
                if let News::Spans(ended) = &row.what
                    && is_short(ended)
                {
                    // The status lines tell how many there are; errors wait until none can join.
                    if ended.outcome == Outcome::Ok {
                        next = row.number + 1;
                        continue;
                    }
                    if !all && now.since(ended.first_end) < Recent::BURST_NS {
                        break;
                    }
                }
                next = row.number + 1;
                if filter.is_none_or(|filter| pick::happening(filter, scene, row)) {
                    lines.push((row.time, plain_lines::told(scene, row)));
                }
            }
            lines
        });
        lines.sort_by_key(|(time, _)| *time);
        self.next = next;
        let second = now.0 / SECOND;
        if second != self.second {
            self.second = second;
            self.lines = 0;
            if self.left_out > 0 {
                say(&format!("              … {} more", format::count(self.left_out)))?;
                self.left_out = 0;
            }
        }
        let room = LINES_PER_SECOND.saturating_sub(self.lines) as usize;
        let left_out = if all { 0 } else { lines.len().saturating_sub(room) };
        self.left_out += left_out as u64;
        lines.truncate(lines.len() - left_out);
        self.lines += u32::try_from(lines.len()).unwrap_or(u32::MAX);
        lines.iter().try_for_each(|(_, line)| say(line))
    }

    /// The run in a few lines.
    fn footer(&mut self) -> anyhow::Result<()> {
        self.source.look_at_files().iter().for_each(exit::say);
        self.source.forget_reports();
        let lines = self.source.look(log::now(), plain_lines::summary);
        lines.iter().try_for_each(|line| say(line))
    }
}

/// Whether others may join these spans' row.
fn is_short(ended: &Ended) -> bool {
    ended.longest_ns < Recent::SHORT_NS && ended.said == Said::default()
}

fn say(line: &str) -> anyhow::Result<()> {
    // Names come from the program: they must not move the cursor of whoever looks at this.
    let line: String = line.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
    let mut out = stdout().lock();
    writeln!(out, "{line}")?;
    Ok(out.flush()?)
}
