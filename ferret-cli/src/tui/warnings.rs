//! What looks wrong in a run, found for the user, each with the place to look. Pure: a scene in,
//! warnings out. Whether something is wrong nobody knows for sure, so each says what was seen.

mod memory;
mod processes;
mod spans;

use super::board::Scene;
use super::layout::{Area, Areas};
use super::press::Press;
use super::ui::Ui;
use ferret::event::LogIndex;
use ferret::projections::Process;

/// One thing that looks wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Warning {
    pub(crate) kind: Kind,
    pub(crate) log: LogIndex,
    /// What was seen.
    pub(crate) what: String,
    /// Where to look, or what to do.
    pub(crate) look: String,
}

/// What kind of thing, the worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// A process that lives reports nothing.
    Silent,
    /// Spans are open, and nothing moves.
    Stuck,
    /// Spans were lost.
    Dropped,
    /// A poll goes on and on.
    Blocks,
    /// A span is open for much longer than its like.
    Overdue,
    /// Memory grows and grows.
    Grows,
    /// The clock has jumped.
    Clock,
}

/// From when on something is worth a warning.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Limits {
    /// A span that is open for so long, ns, whatever is usual; none: what is usual decides alone.
    pub(crate) open_ns: Option<u64>,
    /// One that is open for so many times its own 99th percentile.
    pub(crate) factor: u64,
    /// Nothing has moved for so long, ns.
    pub(crate) stuck_ns: u64,
    /// A poll has gone on for so long, ns.
    pub(crate) poll_ns: u64,
}

impl Default for Limits {
    fn default() -> Self {
        const S: u64 = 1_000_000_000;
        Self { open_ns: None, factor: 10, stuck_ns: 10 * S, poll_ns: S }
    }
}

/// More are not told: the first are the worst.
const MOST: usize = 50;

impl Kind {
    /// For machines.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Silent => "silent",
            Self::Stuck => "stuck",
            Self::Dropped => "dropped",
            Self::Blocks => "blocks",
            Self::Overdue => "overdue",
            Self::Grows => "grows",
            Self::Clock => "clock",
        }
    }
}

/// All there are, the worst first. Of a process that has ended there are none: what became of it stands elsewhere.
pub(crate) fn find(scene: &Scene, limits: Limits) -> Vec<Warning> {
    let mut found = Vec::new();
    for (log, process) in scene.board.processes.iter() {
        if !scene.state(log).is_live() {
            continue;
        }
        found.extend(processes::find(scene, log, process, limits));
        found.extend(memory::find(scene, log, process));
        found.extend(spans::find(scene, log, process, limits));
    }
    // Of one kind the first found is the first shown.
    found.sort_by_key(|warning| warning.kind);
    found.truncate(MOST);
    found
}

/// Rows of the screen that tell of them: none if there are none, or no room.
pub(super) fn rows(warnings: &[Warning], height: u16) -> u16 {
    let most = match height {
        0..12 => 0,
        12..30 => 1,
        _ => 2,
    };
    u16::try_from(warnings.len()).unwrap_or(u16::MAX).min(most)
}

/// Puts so many rows above the controls of a screen that was divided without them.
pub(super) fn make_room(areas: &mut Areas, rows: u16) {
    areas.warnings = Area { height: rows, ..areas.controls };
    areas.controls.y += rows;
}

/// The page with all of them, while it is open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Page {
    /// The first that is shown.
    pub(crate) top: usize,
}

impl Page {
    /// A row for what was seen, and one for where to look.
    pub(crate) const ROWS: usize = 2;
}

impl Ui {
    /// A key for the page; says whether it was one.
    #[expect(clippy::wildcard_enum_match_arm, reason = "other keys are not the page's")]
    pub(super) fn press_warnings(&mut self, press: Press) -> bool {
        let Some(page) = &mut self.warned else { return false };
        match press {
            Press::Esc | Press::Enter | Press::Char('q' | '!' | '\n') => self.warned = None,
            Press::Up | Press::Char('k') | Press::WheelUp => page.top = page.top.saturating_sub(1),
            Press::Down | Press::Char('j') | Press::WheelDown => page.top += 1,
            Press::Char('g') => page.top = 0,
            Press::Char('G') => page.top = usize::MAX,
            Press::Tab | Press::BackTab | Press::Click(..) | Press::Char('1'..='5') => {
                self.warned = None;
                return false;
            }
            _ => return false,
        }
        true
    }

    pub(super) fn arrange_warnings(&mut self, count: usize, area: Area) {
        if let Some(page) = &mut self.warned {
            page.top = page.top.min(count.saturating_sub(area.rows() / Page::ROWS));
        }
    }
}

/// How the process is called, where there are several.
fn of(scene: &Scene, process: &Process) -> String {
    if scene.board.processes.iter().len() > 1 {
        format!("{}: ", super::wording::process_name(process, true))
    } else {
        String::new()
    }
}

#[cfg(test)]
#[path = "warnings_tests.rs"]
mod tests;
