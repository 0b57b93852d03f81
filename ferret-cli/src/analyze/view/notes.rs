//! What stands below the table: losses, and why there may be nothing to show.

use super::Options;
use crate::analyze::document::{Analysis, Function};
use crate::format;
use crate::page::{Page, Style};
use crate::reach;

/// Functions named under which spans were lost.
const MOST_LOSSES: usize = 5;

/// Why a run may have recorded nothing.
pub(super) fn nothing_recorded(analysis: &Analysis, page: Page) -> String {
    if analysis.logs.iter().any(|log| log.partial) {
        return page.paint("No span is left in what could be read of the log", Style::Strong)
            + ".\n";
    }
    let is_live = analysis.processes.iter().any(|p| p.state == "running" || p.state == "stalled");
    let so_far = if is_live { " so far" } else { "" };
    let mut out = page.paint(&format!("No span was recorded{so_far}."), Style::Strong);
    out += " What it may be:\n\n";
    for why in [
        "- No annotation was reached: #[profile] stands on no function that ran. Put it on main \
         first.",
        "- Recording began after the work, or ended before it: keep the session that ferret::start \
         returns until the end.",
        "- The annotations are compiled away: some crate turns on the feature `off` of ferret-core.",
    ] {
        out += &page.sentence(why, Style::Plain);
    }
    out
}

/// A filter or a limit leaves nothing.
pub(super) fn nothing_passes(options: Options, page: Page) -> String {
    let why = match (options.filtered, options.min_percent > 0.0) {
        (true, _) => "Nothing passes --filter",
        (false, true) => "Nothing reaches --min-percent",
        (false, false) => "No span ended in this part of the run",
    };
    page.paint(why, Style::Strong) + ".\n"
}

/// What was lost, and what of the log is gone.
pub(super) fn losses(analysis: &Analysis, page: Page) -> String {
    let mut notes = Vec::new();
    let dropped = analysis.run.dropped_spans;
    if dropped > 0 {
        let mut under: Vec<_> = analysis.functions.iter().filter(|row| row.dropped > 0).collect();
        under.sort_by_key(|row| std::cmp::Reverse(row.dropped));
        let named: Vec<String> = under
            .iter()
            .take(MOST_LOSSES)
            .map(|row| format!("{} under {}", format::count(row.dropped), row.name))
            .collect();
        let named =
            if named.is_empty() { String::new() } else { format!(" ({})", named.join(", ")) };
        notes.push(format!(
            "{} spans were dropped{named}: they came faster than the log could be written. \
             They are in no figure; their time is off the self time of what called them.",
            format::count(dropped)
        ));
    }
    let not_told_apart = analysis.run.not_told_apart;
    if not_told_apart > 0 {
        notes.push(format!(
            "{} calls were only counted: how long each took, and how it ended, is what --filter asks, so they are in no \
             figure.",
            format::count(not_told_apart)
        ));
    }
    let unknown: u64 = analysis.functions.iter().map(|row| row.unknown).sum();
    if unknown > 0 {
        let spans = if unknown == 1 { "span" } else { "spans" };
        notes.push(format!("{} {spans} ended unseen, in no figure.", format::count(unknown)));
    }
    notes.extend(too_many_names(analysis));
    for log in analysis.logs.iter().filter(|log| log.partial) {
        notes.push(match (&log.reach, log.first_offset) {
            (None, 0) if log.unread_entries > 0 => format!(
                "{}: {} of its entries were not read, and are in no figure.",
                log.path,
                format::count(log.unread_entries)
            ),
            (None, 0) => format!("{}: part of it is damaged and in no figure.", log.path),
            (None, first) => format!(
                "{}: its first {} entries are gone, and in no figure.",
                log.path,
                format::count(first)
            ),
            (Some(reach), _) => format!("{}: {reach}, and are in no figure.", log.path),
        });
    }
    for log in analysis.logs.iter().filter(|log| log.missed_entries > 0) {
        notes.push(format!("{}: {}.", log.path, reach::missed(log.missed_entries)));
    }
    if let Some(total) = analysis.stage_total.filter(|total| total.closed_gaps_ns > 0) {
        notes.push(format!(
            "Stages ran in so many pieces that gaps of {} together count as theirs.",
            format::duration(total.closed_gaps_ns)
        ));
    }
    if notes.is_empty() {
        return String::new();
    }
    let lines = notes.iter().map(|note| page.sentence(note, Style::Warn));
    "\n".to_owned() + &lines.collect::<String>()
}

/// Places whose spans had more names than are kept apart.
fn too_many_names(analysis: &Analysis) -> Vec<String> {
    // The row of call paths that were too many has no file, and is not about names.
    let is_one = |row: &&Function| row.name == "<other>" && !row.file.is_empty() && row.calls > 0;
    let rows = analysis.functions.iter().filter(is_one);
    let say = |row: &Function| {
        format!(
            "<other> at {}:{} is {} {} under names that came after the place's first 64 (or the \
             process's first 4,096). What differs from call to call belongs in a tag.",
            row.file,
            row.line,
            format::count(row.calls),
            if row.calls == 1 { "call" } else { "calls" },
        )
    };
    rows.map(say).collect()
}
