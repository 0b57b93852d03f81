//! A round in which the log is moved away, as those do who keep yesterday's, and the program is killed while it begins
//! another: the two together have all of it, once.

use crate::family::Family;
use crate::logs::{self, Log};
use crate::round::{Dice, Outcome, Setting, lanes};
use ferret::event::LogEntry;
use ferret_tests::ledger::Phase;
use ferret_tests::until;
use std::fs;
use std::path::Path;

/// Plays it, from where the programs have been started.
///
/// # Errors
///
/// The logs are not what they should be.
pub(crate) fn play(
    setting: &Setting,
    seed: u64,
    mut family: Family,
    dice: &mut Dice,
) -> Result<Outcome, String> {
    let mut outcome = Outcome::default();
    family.wait_for(Phase::Recording);
    dice.wait(50_000);
    let log = family.log.clone();
    let folder = log.parent().ok_or("the log is in a folder")?;
    let kept = folder.join("kept");
    let said = |error: std::io::Error| error.to_string();
    fs::create_dir(&kept).map_err(said)?;
    let first = kept.join("yesterday.redb");
    let files = || fs::read_dir(folder).map_or(0, Iterator::count);
    let before = files();
    fs::rename(&log, &first).map_err(said)?;
    // It looks once a second; then it is a matter of milliseconds.
    until("another log", || (0..1_000).any(|_| files() >= before).then_some(()));
    dice.wait(6_000);
    outcome.kills = family.kill(setting.processes);
    family.said_nothing_but(Some("recording goes on in a new log"))?;

    let both = [first.as_path(), log.as_path()];
    let firsts = if dice.roll(2) == 0 { [0, 1] } else { [1, 0] };
    let mut found = [None, None];
    for which in firsts {
        found[which] = open(both[which])?;
    }
    let [Some(first), second] = found else { return Err("the first log is gone".to_owned()) };
    outcome.without_log = u64::from(second.is_none());
    let whole = join(first, second);
    whole.hold_together()?;
    logs::nothing_is_left(&whole)?;
    outcome.salvaged = whole.info.salvaged_entries;
    for member in family.dead() {
        outcome.verdict =
            lanes(crate::judge::lane, &whole, member.seed(seed), setting.lanes, &member.ledger)?;
    }
    Ok(outcome)
}

/// The one log there; none if there is none.
fn open(path: &Path) -> Result<Option<Log>, String> {
    if !path.exists() {
        return Ok(None);
    }
    let mut logs = logs::open_dead(path)?;
    let log = logs.pop();
    if logs.is_empty() { Ok(log) } else { Err(format!("{} more logs", logs.len())) }
}

/// What the first has, its end left out, and what the second has behind its beginning.
fn join(mut first: Log, second: Option<Log>) -> Log {
    let Some(second) = second else { return first };
    first.entries.retain(|entry| !matches!(entry.what, LogEntry::ProcessEnd(_)));
    first.entries.extend(second.entries.into_iter().skip(1));
    first.names.callsites.extend(second.names.callsites);
    first.names.paths.extend(second.names.paths);
    first.names.threads.extend(second.names.threads);
    first.info.salvaged_entries += second.info.salvaged_entries;
    first
}
