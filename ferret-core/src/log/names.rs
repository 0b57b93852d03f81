//! The file names of a family, made and read in one place: for a head `run.redb`,
//!
//! ```text
//! run.<run id, 8 hex>.<process uid, 8 hex>.redb   a member
//! run.<UTC ms>-<run id, 8 hex>.redb               a head that was moved away
//! .run.<process uid, 32 hex>.tmp                  a log that is being created
//! ```

use crate::event::{ProcessUid, RunId};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The names around one head.
#[derive(Clone, Debug)]
pub(super) struct FamilyName {
    head: PathBuf,
    folder: PathBuf,
    stem: String,
    /// With its dot; empty if the head has none.
    extension: String,
}

impl FamilyName {
    /// The family of the head at `head`, an absolute path.
    pub(super) fn of(head: &Path) -> io::Result<Self> {
        let text = |part: &std::ffi::OsStr| part.to_str().map(str::to_owned);
        let not_a_name = || {
            let message = format!("{} is not a name for a log", head.display());
            io::Error::new(io::ErrorKind::InvalidInput, message)
        };
        let stem = head.file_stem().and_then(text).ok_or_else(not_a_name)?;
        let extension = match head.extension() {
            Some(extension) => format!(".{}", text(extension).ok_or_else(not_a_name)?),
            None => String::new(),
        };
        let folder = head.parent().ok_or_else(not_a_name)?.to_owned();
        Ok(Self { head: head.to_owned(), folder, stem, extension })
    }

    pub(super) fn head(&self) -> &Path {
        &self.head
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(super) fn member(&self, run: RunId, uid: ProcessUid) -> PathBuf {
        let Self { stem, extension, .. } = self;
        self.folder.join(format!("{stem}.{run}.{}{extension}", uid.short()))
    }

    pub(super) fn moved(&self, millis: u128, run: RunId) -> PathBuf {
        let Self { stem, extension, .. } = self;
        self.folder.join(format!("{stem}.{millis}-{run}{extension}"))
    }

    pub(super) fn temp(&self, uid: ProcessUid) -> PathBuf {
        self.folder.join(format!(".{}.{uid}.tmp", self.stem))
    }

    /// The members of a run that are there now, in order of name.
    pub(super) fn members(&self, run: RunId) -> Vec<PathBuf> {
        self.matching(|middle| {
            middle.strip_prefix(&format!("{run}."))?.is_eight_hex().then_some(())
        })
        .into_iter()
        .map(|(path, ())| path)
        .collect()
    }

    /// The heads that were moved away: when they were born (UTC ms), their runs, their files.
    pub(super) fn moved_families(&self) -> Vec<(u128, RunId, PathBuf)> {
        self.matching(moved_parts).into_iter().map(|(path, (ms, run))| (ms, run, path)).collect()
    }

    /// Logs that are being created, or were when their process died.
    pub(super) fn temps(&self) -> Vec<PathBuf> {
        let prefix = format!(".{}.", self.stem);
        let is_temp = |name: &str| {
            let uid = name.strip_prefix(&prefix).and_then(|rest| rest.strip_suffix(".tmp"));
            uid.is_some_and(|uid| uid.len() == 32 && uid.bytes().all(|b| b.is_ascii_hexdigit()))
        };
        names_in(&self.folder)
            .into_iter()
            .filter(|name| is_temp(name))
            .map(|name| self.folder.join(name))
            .collect()
    }

    /// The files `stem.<middle>.extension` whose middle `parse` accepts.
    fn matching<T>(&self, parse: impl Fn(&str) -> Option<T>) -> Vec<(PathBuf, T)> {
        let prefix = format!("{}.", self.stem);
        let mut found: Vec<_> = names_in(&self.folder)
            .into_iter()
            .filter_map(|name| {
                let middle = name.strip_prefix(&prefix)?.strip_suffix(&self.extension)?;
                let parsed = parse(middle)?;
                Some((self.folder.join(&name), parsed))
            })
            .collect();
        found.sort_by(|(left, _), (right, _)| left.cmp(right));
        found
    }
}

/// The family of the run that a log of the given path belongs to, if the path is one that was
/// moved away: the original head's name, and the run.
pub(super) fn moved_away(path: &Path) -> Option<(PathBuf, RunId)> {
    let stem = path.file_stem()?.to_str()?;
    let (original, middle) = stem.rsplit_once('.')?;
    let (_, run) = moved_parts(middle)?;
    let mut head = path.with_file_name(original);
    if let Some(extension) = path.extension() {
        head.as_mut_os_string().push(".");
        head.as_mut_os_string().push(extension);
    }
    Some((head, run))
}

fn moved_parts(middle: &str) -> Option<(u128, RunId)> {
    let (millis, run) = middle.split_once('-')?;
    if !run.is_eight_hex() || millis.is_empty() || !millis.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    Some((millis.parse().ok()?, RunId(u32::from_str_radix(run, 16).ok()?)))
}

/// The names in a folder that are UTF-8; none if it cannot be read, which whoever creates or opens
/// a file there is told.
fn names_in(folder: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    entries.flatten().filter_map(|entry| entry.file_name().into_string().ok()).collect()
}

trait EightHex {
    fn is_eight_hex(&self) -> bool;
}

impl EightHex for str {
    fn is_eight_hex(&self) -> bool {
        self.len() == 8 && self.bytes().all(|b| b.is_ascii_hexdigit() && !b.is_ascii_uppercase())
    }
}
