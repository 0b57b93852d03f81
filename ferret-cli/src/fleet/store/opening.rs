//! Opening the store: making it, making it anew where it is of no use, and opening it anew where it failed. An old one
//! is kept, under another name. What is made here is its owner's alone, as the logs are that it tells of: arguments and
//! paths are in it.

use super::{CALLS, EVENTS, FORMAT, FUNCTIONS, Function, META, Store, StoreError, USAGE, WORKERS};
use super::{Keep, Numbers, begin_write, decode};
use ferret::log::{LogError, ReadOptions, Tail};
use parking_lot::{Mutex, RwLock};
use redb::backends::InMemoryBackend;
use redb::{Database, DatabaseError, ReadableDatabase as _, ReadableTable as _};
use std::collections::BTreeMap;
use std::fs;
use std::io::{self, ErrorKind, Read as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

/// Memory that its cache takes at most.
const CACHE_BYTES: usize = 32 << 20;

impl Store {
    /// Opens the store at `path`, or makes it. One that is damaged, or of another format, is moved aside.
    ///
    /// # Errors
    ///
    /// Another process has it, it is a log or another program's, or the file cannot be made or read.
    pub(crate) fn open(path: &Path, keep: Keep) -> Result<Self, StoreError> {
        if let Some(folder) = path.parent() {
            make_folder(folder).map_err(StoreError::Folder)?;
        }
        if is_ours(path) && is_anothers(path) {
            return Err(StoreError::Anothers);
        }
        // redb panics on some damaged files.
        let opened = catch_unwind(AssertUnwindSafe(|| open(path)));
        let is_useless = match &opened {
            Ok(opened) => opened.as_ref().is_err_and(StoreError::is_damage),
            Err(_panic) => true,
        };
        let (opened, moved_aside) = if is_useless && is_ours(path) {
            let aside = aside(path);
            fs::rename(path, &aside).map_err(StoreError::Folder)?;
            (open(path)?, Some(aside))
        } else {
            (opened.unwrap_or_else(|panic| std::panic::resume_unwind(panic))?, None)
        };
        Ok(Self { moved_aside, ..Self::of(opened, Some(path), keep) })
    }

    /// A store that is gone with this process.
    ///
    /// # Errors
    ///
    /// There is no memory.
    pub(crate) fn in_memory(keep: Keep) -> Result<Self, StoreError> {
        let database = builder().create_with_backend(InMemoryBackend::new())?;
        let numbers = prepare(&database)?;
        Ok(Self::of((database, numbers), None, keep))
    }

    fn of((database, numbers): (Database, Numbers), path: Option<&Path>, keep: Keep) -> Self {
        Self {
            database: RwLock::new(Some(database)),
            path: path.map(Path::to_owned),
            has_failed: AtomicBool::new(false),
            keep,
            numbers: Mutex::new(numbers),
            moved_aside: None,
        }
    }

    /// Opens it anew if it failed; says whether it did. Then what is in it may be more than who wrote it was told.
    ///
    /// # Errors
    ///
    /// It cannot be opened: it is closed until this is asked again.
    pub(crate) fn recover(&self) -> Result<bool, StoreError> {
        let Some(path) = &self.path else { return Ok(false) };
        if !self.has_failed.load(Ordering::Relaxed) {
            return Ok(false);
        }
        let mut database = self.database.write();
        let mut numbers = self.numbers.lock();
        // It holds the file's lock.
        *database = None;
        let (opened, found) = open(path)?;
        (*database, *numbers) = (Some(opened), found);
        self.has_failed.store(false, Ordering::Relaxed);
        Ok(true)
    }

    /// As if a writing had failed.
    #[cfg(test)]
    pub(crate) fn fail(&self) {
        self.has_failed.store(true, Ordering::Relaxed);
    }

    /// Whether nothing of it outlives this process.
    pub(crate) fn is_in_memory(&self) -> bool {
        self.path.is_none()
    }
}

fn open(path: &Path) -> Result<(Database, Numbers), StoreError> {
    make_file(path).map_err(StoreError::File)?;
    let database = builder().create(path).map_err(StoreError::from_opening(path))?;
    let numbers = prepare(&database)?;
    Ok((database, numbers))
}

/// Makes a folder, and those it is in, where they are not there.
fn make_folder(folder: &Path) -> io::Result<()> {
    if folder.as_os_str().is_empty() {
        return Ok(());
    }
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

/// Makes an empty file where none is: redb would make one that everybody can read.
fn make_file(path: &Path) -> io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false).mode(0o600);
    options.open(path).map(drop)
}

/// Makes the tables that are not there, and reads what has a number.
fn prepare(database: &Database) -> Result<Numbers, StoreError> {
    let txn = begin_write(database)?;
    let found = {
        let mut meta = txn.open_table(META)?;
        let found = meta.get("format")?.map(|format| format.value());
        meta.insert("format", FORMAT)?;
        txn.open_table(WORKERS)?;
        txn.open_table(FUNCTIONS)?;
        txn.open_table(USAGE)?;
        txn.open_table(CALLS)?;
        txn.open_table(EVENTS)?;
        found
    };
    if found.is_some_and(|format| format != FORMAT) {
        txn.abort()?;
        return Err(StoreError::from(redb::Error::UpgradeRequired(1)));
    }
    txn.commit()?;
    let (mut functions, mut next_event) = (BTreeMap::new(), 1);
    let txn = database.begin_read()?;
    for row in txn.open_table(FUNCTIONS)?.iter()? {
        let (number, row) = row?;
        let Function { program, info } = decode(row.value())?;
        functions.insert((program, info), number.value());
    }
    if let Some((number, _)) = txn.open_table(EVENTS)?.last()? {
        next_event = number.value() + 1;
    }
    Ok(Numbers { functions, next_event })
}

impl StoreError {
    fn from_opening(path: &Path) -> impl FnOnce(DatabaseError) -> Self {
        move |error| {
            if let DatabaseError::DatabaseAlreadyOpen = error {
                return Self::Taken(path.to_owned());
            }
            Self::from(error)
        }
    }

    /// Whether what is in the file is of no use: not so where it cannot be read or written now.
    fn is_damage(&self) -> bool {
        match self {
            Self::Row(_) => true,
            Self::Redb(error) => match &**error {
                redb::Error::Corrupted(_)
                | redb::Error::UpgradeRequired(_)
                | redb::Error::TableTypeMismatch { .. }
                | redb::Error::TableIsMultimap(_)
                | redb::Error::TypeDefinitionChanged { .. } => true,
                redb::Error::Io(error) => {
                    matches!(error.kind(), ErrorKind::InvalidData | ErrorKind::UnexpectedEof)
                }
                _ => false,
            },
            Self::Taken(_) | Self::Closed | Self::Anothers | Self::Folder(_) | Self::File(_) => {
                false
            }
        }
    }
}

fn builder() -> redb::Builder {
    let mut builder = redb::Builder::new();
    builder.set_cache_size(CACHE_BYTES);
    builder
}

/// Whether it begins as a store does, so that nobody's own file is moved.
fn is_ours(path: &Path) -> bool {
    let mut magic = [0; 4];
    let read = fs::File::open(path).and_then(|mut file| file.read_exact(&mut magic));
    read.is_ok() && magic == *b"redb"
}

/// Whether it is a log or another program's database, which is not ours to move; nor is it opened as a store is: that
/// alone changes it. One that is damaged is not known as one.
fn is_anothers(path: &Path) -> bool {
    let opened = catch_unwind(|| match builder().open_read_only(path) {
        Ok(database) => {
            let txn = database.begin_read().ok()?;
            let has_tables = txn.list_tables().ok()?.next().is_some();
            Some(has_tables && txn.open_table(META).is_err())
        }
        // A killed process leaves its log like this, and its store.
        Err(DatabaseError::RepairAborted) => None,
        // Somebody has it, or it cannot be read: whoever opens it is told.
        Err(_) => Some(false),
    });
    let options = ReadOptions { read_only: true, ..ReadOptions::default() };
    let is_log = || matches!(Tail::open(path, &options), Ok(_) | Err(LogError::NewerFormat { .. }));
    opened.unwrap_or(Some(false)).unwrap_or_else(is_log)
}

/// A name beside it that is free; the last one if none is.
fn aside(path: &Path) -> PathBuf {
    let name = |number: u32| {
        let mut name = path.as_os_str().to_owned();
        name.push(format!(".unreadable-{number}"));
        PathBuf::from(name)
    };
    (1..100).map(name).find(|path| !path.exists()).unwrap_or_else(|| name(100))
}

#[cfg(test)]
#[path = "opening_tests.rs"]
mod tests;
