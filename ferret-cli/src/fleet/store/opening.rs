//! Opening the store: making it, and making it anew where it is of no use. The old one is kept, under another name.

use super::{CALLS, EVENTS, FORMAT, FUNCTIONS, Function, META, Store, StoreError, USAGE, WORKERS};
use super::{Keep, Numbers, begin_write, decode};
use parking_lot::Mutex;
use redb::backends::InMemoryBackend;
use redb::{Database, DatabaseError, ReadableDatabase as _, ReadableTable as _};
use std::collections::BTreeMap;
use std::fs;
use std::io::Read as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

/// Memory that its cache takes at most.
const CACHE_BYTES: usize = 32 << 20;

impl Store {
    /// Opens the store at `path`, or makes it. One that cannot be read is moved aside.
    ///
    /// # Errors
    ///
    /// Another process has it, or the file cannot be made.
    pub(crate) fn open(path: &Path, keep: Keep) -> Result<Self, StoreError> {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(StoreError::Folder)?;
        }
        // redb panics on some damaged files.
        let opened = catch_unwind(AssertUnwindSafe(|| {
            builder()
                .create(path)
                .map_err(StoreError::from_opening(path))
                .and_then(|database| Self::of(database, keep, false))
        }));
        match opened {
            Ok(Ok(store)) => Ok(store),
            Ok(Err(error @ StoreError::Taken(_))) => Err(error),
            Ok(Err(_)) | Err(_) if is_ours(path) => {
                let aside = aside(path);
                fs::rename(path, &aside).map_err(StoreError::Folder)?;
                let database = builder().create(path).map_err(StoreError::from_opening(path))?;
                let store = Self::of(database, keep, false)?;
                Ok(Self { moved_aside: Some(aside), ..store })
            }
            Ok(Err(error)) => Err(error),
            Err(panic) => std::panic::resume_unwind(panic),
        }
    }

    /// A store that is gone with this process.
    ///
    /// # Errors
    ///
    /// There is no memory.
    pub(crate) fn in_memory(keep: Keep) -> Result<Self, StoreError> {
        Self::of(builder().create_with_backend(InMemoryBackend::new())?, keep, true)
    }

    fn of(database: Database, keep: Keep, is_in_memory: bool) -> Result<Self, StoreError> {
        let txn = begin_write(&database)?;
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
        {
            let txn = database.begin_read()?;
            for row in txn.open_table(FUNCTIONS)?.iter()? {
                let (number, row) = row?;
                let Function { program, info } = decode(row.value())?;
                functions.insert((program, info), number.value());
            }
            if let Some((number, _)) = txn.open_table(EVENTS)?.last()? {
                next_event = number.value() + 1;
            }
        }
        let numbers = Mutex::new(Numbers { functions, next_event });
        Ok(Self { database, keep, numbers, is_in_memory, moved_aside: None })
    }
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

/// A name beside it that is free; the last one if none is.
fn aside(path: &Path) -> PathBuf {
    let name = |number: u32| {
        let mut name = path.as_os_str().to_owned();
        name.push(format!(".unreadable-{number}"));
        PathBuf::from(name)
    };
    (1..100).map(name).find(|path| !path.exists()).unwrap_or_else(|| name(100))
}
