//! Opens the logs of dead programs, and holds what is true of each whatever its program did.

use ferret::event::{EndKind, Entry, LogEntry, LogIndex, Names, ThreadId};
use ferret::log::{LogInfo, ReadOptions, Run};
use ferret_tests::{Output, ferret, nothing_is_lost, output};
use std::path::Path;

/// One process's log, all of it.
#[derive(Debug)]
pub(crate) struct Log {
    pub(crate) entries: Vec<Entry>,
    pub(crate) names: Names,
    pub(crate) info: LogInfo,
}

impl Log {
    /// The entries of the thread with this name; none if there is none.
    ///
    /// # Errors
    ///
    /// There are several.
    pub(crate) fn of_thread(&self, name: &str) -> Result<Vec<Entry>, String> {
        let named = self.names.threads.iter().filter(|(_, info)| info.name == name);
        let ids: Vec<_> = named.map(|(id, _)| *id).collect();
        match ids.as_slice() {
            [] => Ok(Vec::new()),
            [id] => Ok(self.entries.iter().filter(|entry| entry.thread == *id).cloned().collect()),
            more => Err(format!("{} threads are called {name}", more.len())),
        }
    }

    /// What is true of every log whose process is dead.
    ///
    /// # Errors
    ///
    /// It is not true of this one.
    pub(crate) fn hold_together(&self) -> Result<(), String> {
        let gap = (0..).zip(&self.entries).find(|(number, entry)| entry.offset.0 != *number);
        if let Some((number, entry)) = gap {
            return Err(format!("where entry {number} should be, there is {entry:?}"));
        }
        let starts = self.count(|what| matches!(what, LogEntry::ProcessStart(_)));
        let first = self.entries.first().map(|entry| &entry.what);
        // Made, and nothing committed to it.
        let is_empty = first.is_none() && !nothing_is_lost();
        if !is_empty && (starts != 1 || !matches!(first, Some(LogEntry::ProcessStart(_)))) {
            return Err(format!("{starts} starts of the process, and {first:?} first"));
        }
        let ends = self.count(|what| matches!(what, LogEntry::ProcessEnd(_)));
        let lost = self
            .count(|what| matches!(what, LogEntry::ProcessEnd(end) if end.how == EndKind::Lost));
        if ends != lost || ends > 1 || (nothing_is_lost() && lost != 1) {
            return Err(format!("{ends} ends of the process, {lost} of them for it"));
        }
        let dropped = self.entries.iter().find(|e| matches!(e.what, LogEntry::Dropped { .. }));
        if let Some(dropped) = dropped {
            return Err(format!("there was room for all, and yet {dropped:?}"));
        }
        self.times_go_on()
    }

    fn count(&self, is_it: impl Fn(&LogEntry) -> bool) -> usize {
        self.entries.iter().filter(|entry| is_it(&entry.what)).count()
    }

    /// In each thread time never goes back.
    fn times_go_on(&self) -> Result<(), String> {
        let mut last = std::collections::BTreeMap::new();
        for entry in &self.entries {
            let before = last.insert(entry.thread, entry.time);
            if entry.thread != ThreadId::RECORDER && before.is_some_and(|time| time > entry.time) {
                return Err(format!("time went back from {before:?}: {entry:?}"));
            }
        }
        Ok(())
    }
}

/// Opens what is left of a family that was killed, with all that an opener does to it.
///
/// # Errors
///
/// It cannot be read, or is not sound.
pub(crate) fn open_dead(path: &Path) -> Result<Vec<Log>, String> {
    check(path)?;
    let mut run = Run::open(&[path.to_owned()], &ReadOptions::default())
        .map_err(|error| error.to_string())?;
    let mut entries: Vec<Vec<Entry>> = Vec::new();
    loop {
        let some = run.poll(65_536).map_err(|error| error.to_string())?;
        if some.is_empty() {
            break;
        }
        for (LogIndex(log), entry) in some {
            if entries.len() <= log {
                entries.resize_with(log + 1, Vec::new);
            }
            entries[log].push(entry);
        }
    }
    if let Some(problem) = run.problems().first() {
        return Err(problem.to_string());
    }
    entries.resize_with(run.logs().len(), Vec::new);
    let read = entries.into_iter().zip(run.logs());
    Ok(read
        .map(|(entries, tail)| Log {
            entries,
            names: tail.names().clone(),
            info: tail.info().clone(),
        })
        .collect())
}

/// Whether what its process left in memory has been taken away.
///
/// # Errors
///
/// It has not.
pub(crate) fn nothing_is_left(log: &Log) -> Result<(), String> {
    let left = Path::new("/dev/shm").join(format!("ferret-{}", log.info.uid));
    if left.exists() {
        return Err(format!("{} is still there, and its log has its end", left.display()));
    }
    Ok(())
}

/// `ferret check`, which says of every log of the family that it is sound.
///
/// # Errors
///
/// It says something else.
pub(crate) fn check(path: &Path) -> Result<(), String> {
    is_sound(&output(ferret().arg("check").arg(path)))
}

/// Whether this is what `ferret check` says of sound logs.
///
/// # Errors
///
/// It is not.
pub(crate) fn is_sound(said: &Output) -> Result<(), String> {
    let is_damaged = said.stdout.contains("damaged") || !said.stdout.contains("  sound\n");
    if said.code != Some(0) || is_damaged {
        return Err(format!("ferret check: {:?}: {}{}", said.code, said.stdout, said.stderr));
    }
    Ok(())
}
