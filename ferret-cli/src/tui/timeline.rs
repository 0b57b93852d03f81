//! The picture of the last seconds: which part of them is looked at, and what stands in it. A lane for
//! each thread, a row for each depth, a column for each moment.

use super::board::Scene;
use super::pick;
use super::press::Press;
use crate::filter::Filter;
use crate::text;
use ferret::event::{LogIndex, LogTime, PathId, ThreadId};
use ferret::projections::{Lane, LiveProcess, Said, Slice};

const MS: u64 = 1_000_000;
/// The window at first, the narrowest and the widest, ns.
const WINDOW_NS: u64 = 10_000 * MS;
const NARROWEST_NS: u64 = MS / 10;
const WIDEST_NS: u64 = 3_600_000 * MS;
/// Rows of a lane at most.
const DEEPEST: usize = 12;

/// What the user chose to see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Timeline {
    /// How long the time is that is shown, ns.
    window_ns: u64,
    /// The end of it; none follows the present.
    end: Option<LogTime>,
    /// The first lane shown.
    first: usize,
    /// The moment shown last.
    now: LogTime,
    /// Lanes there are.
    lanes: usize,
}

/// What stands in a row of a lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) path: PathId,
    /// The columns it takes.
    pub(crate) from: u16,
    pub(crate) until: u16,
    pub(crate) open: bool,
    pub(crate) failed: bool,
    /// Several spans of one place, too short and too close to be told apart here.
    pub(crate) many: bool,
}

/// A thread, row by row, the outermost spans in the first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Picture {
    pub(crate) log: LogIndex,
    pub(crate) thread: ThreadId,
    pub(crate) rows: Vec<Vec<Span>>,
}

impl Default for Timeline {
    fn default() -> Self {
        Self { window_ns: WINDOW_NS, end: None, first: 0, now: LogTime::default(), lanes: 0 }
    }
}

impl Timeline {
    /// Takes the moment there is now.
    pub(crate) fn arrange(&mut self, scene: &Scene, filter: Option<&Filter>) {
        self.now = scene.last_moment();
        self.lanes = threads(scene, self.window(), filter).len();
        self.first = self.first.min(self.lanes.saturating_sub(1));
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "no other key means anything here")]
    pub(crate) fn press(&mut self, press: Press) {
        match press {
            Press::Char('+' | '=') => self.zoom(self.window_ns / 2),
            Press::Char('-') => self.zoom(self.window_ns.saturating_mul(2)),
            Press::Left | Press::Char('h') => self.pan(false),
            Press::Right | Press::Char('l') => self.pan(true),
            Press::Esc | Press::Char('G') => self.follow(),
            Press::Down | Press::Char('j') | Press::WheelDown => {
                self.first = (self.first + 1).min(self.lanes.saturating_sub(1));
            }
            Press::Up | Press::Char('k') | Press::WheelUp => {
                self.first = self.first.saturating_sub(1);
            }
            Press::Char('g') => self.first = 0,
            _ => {}
        }
    }

    /// The picture goes up to the moment that is shown.
    pub(crate) fn follow(&mut self) {
        self.end = None;
    }

    /// The time that is shown.
    pub(crate) fn window(&self) -> (LogTime, LogTime) {
        let end = self.end.unwrap_or(self.now);
        (LogTime(end.0.saturating_sub(self.window_ns)), end)
    }

    /// What the title says on the right, `moment` being the word for the one that is shown: `10.0 s,
    /// until now`.
    pub(crate) fn note(&self, moment: &str) -> String {
        let length = crate::format::duration(self.window_ns);
        match self.end {
            Some(end) => {
                let ago = crate::format::duration(self.now.since(end));
                format!("{length}, until {ago} ago  G follows")
            }
            None => format!("{length}, until {moment}"),
        }
    }

    /// What stands below: when the picture begins, and when it ends.
    pub(crate) fn ends(&self, moment: &str) -> (String, String) {
        let ago = |at: LogTime| format!("{} ago", crate::format::duration(self.now.since(at)));
        let (from, _) = self.window();
        (ago(from), self.end.map_or_else(|| moment.to_owned(), ago))
    }

    /// The lanes from the first one shown on, in so many columns.
    pub(crate) fn pictures(
        &self,
        scene: &Scene,
        filter: Option<&Filter>,
        columns: u16,
    ) -> impl Iterator<Item = Picture> {
        let window = self.window();
        let threads = threads(scene, window, filter).into_iter().skip(self.first);
        threads.map(move |place| {
            picture(&slices(scene, place, window, filter), place, window, columns)
        })
    }

    fn zoom(&mut self, window_ns: u64) {
        self.window_ns = window_ns.clamp(NARROWEST_NS, WIDEST_NS);
    }

    /// A quarter of the window; at the present it follows that.
    fn pan(&mut self, later: bool) {
        let (step, end) = (self.window_ns / 4, self.end.unwrap_or(self.now));
        let end = if later { end.0.saturating_add(step) } else { end.0.saturating_sub(step) };
        self.end = Some(LogTime(end)).filter(|end| *end < self.now);
    }
}

/// The threads that did anything in that time or do it now, by process and number; with a filter,
/// those of which something of it passes.
fn threads(
    scene: &Scene,
    window: (LogTime, LogTime),
    filter: Option<&Filter>,
) -> Vec<(LogIndex, ThreadId)> {
    let mut all = Vec::new();
    for (log, _) in scene.board.processes.iter() {
        let lanes = scene.board.timeline.lanes(log);
        let seen = lanes.filter(|lane| lane.between(window.0, window.1).next().is_some());
        all.extend(seen.map(|lane| (log, lane.thread)));
        let live = scene.board.live.process(log).into_iter().flat_map(LiveProcess::threads);
        let busy = live.filter(|(_, thread)| !thread.frames.is_empty());
        all.extend(busy.map(|(id, _)| (log, id)));
    }
    all.sort_unstable();
    all.dedup();
    if filter.is_some() {
        all.retain(|place| !slices(scene, *place, window, filter).is_empty());
    }
    all
}

/// What a thread did in that time and what it does now, as far as it passes, with whether it is open.
fn slices(
    scene: &Scene,
    (log, thread): (LogIndex, ThreadId),
    window: (LogTime, LogTime),
    filter: Option<&Filter>,
) -> Vec<(Slice, bool)> {
    let passes = |slice: &Slice, said: Option<&Said>| {
        filter.is_none_or(|filter| pick::slice(filter, scene, (log, thread), (slice, said)))
    };
    let lane = scene.board.timeline.lanes(log).find(|lane| lane.thread == thread);
    let ended = ended(lane, window).filter(|slice| passes(slice, None));
    let mut slices: Vec<(Slice, bool)> = ended.map(|slice| (slice, false)).collect();
    let live = scene.board.live.process(log).and_then(|live| live.thread(thread));
    let names = scene.names(log);
    for frame in live.into_iter().flat_map(|live| &live.frames) {
        let depth = ferret::projections::path_depth(names, frame.path);
        let (start, end) = (frame.since, scene.moment(log));
        let slice = Slice { path: frame.path, depth, start, end, count: 1, failed: false };
        if passes(&slice, Some(&frame.said)) {
            slices.push((slice, true));
        }
    }
    slices
}

fn picture(
    slices: &[(Slice, bool)],
    (log, thread): (LogIndex, ThreadId),
    window: (LogTime, LogTime),
    columns: u16,
) -> Picture {
    // Work that was handed over stands as far up as there is anything.
    let mut depths: Vec<u16> = slices.iter().map(|(slice, _)| slice.depth).collect();
    depths.sort_unstable();
    depths.dedup();
    let rows = depths.iter().take(DEEPEST).map(|depth| {
        let at_depth = slices.iter().filter(|(slice, _)| slice.depth == *depth);
        row(at_depth, window, columns)
    });
    Picture { log, thread, rows: rows.collect() }
}

fn ended(lane: Option<&Lane>, window: (LogTime, LogTime)) -> impl Iterator<Item = Slice> {
    lane.into_iter().flat_map(move |lane| lane.between(window.0, window.1)).copied()
}

/// The slices of one depth in their columns; where several fall in one, the longest has it.
fn row<'a>(
    slices: impl Iterator<Item = &'a (Slice, bool)>,
    (from, until): (LogTime, LogTime),
    columns: u16,
) -> Vec<Span> {
    let length = until.since(from).max(1);
    let column = |at: LogTime| {
        let column = u128::from(at.since(from)) * u128::from(columns) / u128::from(length);
        u16::try_from(column).unwrap_or(columns).min(columns)
    };
    let mut slices: Vec<_> = slices.filter(|(slice, _)| slice.start < until).collect();
    slices.sort_by_key(|(slice, _)| (slice.start, slice.end));
    let mut row: Vec<Span> = Vec::new();
    for (slice, open) in slices {
        let first = column(slice.start.max(from)).min(columns.saturating_sub(1));
        // Every one has a column at least.
        let span = Span {
            path: slice.path,
            from: first,
            until: column(slice.end).max(first + 1),
            open: *open,
            failed: slice.failed,
            many: slice.count > 1,
        };
        match row.last_mut() {
            Some(last) if joins(*last, span) => {
                (last.until, last.many) = (span.until.max(last.until), true);
            }
            Some(last) if last.until > span.from => {
                let (had, has) = (last.until - last.from, span.until - span.from);
                if has > had {
                    *last = span;
                } else if span.until > last.until {
                    row.push(Span { from: row[row.len() - 1].until, ..span });
                }
            }
            _ => row.push(span),
        }
    }
    row
}

/// Whether a span is drawn as one with the last one: both are too short to be seen, or several already.
fn joins(last: Span, span: Span) -> bool {
    let is_tiny = |span: Span| span.many || span.until - span.from == 1;
    last.path == span.path
        && (last.open, last.failed) == (span.open, span.failed)
        && span.from <= last.until
        && is_tiny(last)
        && is_tiny(span)
}

/// A span in its columns: its name, and a line as far as it goes on, dotted where it is several.
pub(crate) fn bar(name: &str, columns: usize, many: bool) -> String {
    // A column apart from the next one.
    let room = columns.saturating_sub(1);
    let name = if room < LEAST_NAME { String::new() } else { text::fit(name, room) };
    let rest = columns.saturating_sub(1 + text::width(&name));
    format!("▎{name}{}", if many { "┄" } else { "─" }.repeat(rest))
}

/// A name in fewer columns says nothing.
const LEAST_NAME: usize = 3;

#[cfg(test)]
#[path = "timeline_tests.rs"]
mod tests;
