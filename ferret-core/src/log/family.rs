//! Names: which file of a folder a process's log is, and what becomes of the logs before it.
//!
//! `run.redb` is the *head*. Its run id is a hash of what no other file shares: device, inode and
//! birth time. A process that finds the head owned adds a *member*, `run.<run id>.<uid>.redb`. A
//! head that nobody owns, in a family that nobody owns, is moved to `run.<UTC ms>-<run id>.redb`,
//! and the new process's log becomes the head. Everything happens under a lock on the folder, and
//! a log appears under its name complete: it is created under a temporary one, and linked.
//!
//! **Runs of several processes.** `ferret run` calls [`prepare_run`] once, which moves the old
//! family away, and exports a random token as `FERRET_RUN`. A head's run id cannot serve, since the
//! head does not exist yet. A start with a token writes it into its log's `meta`, and, if its log
//! becomes the head, into the file's attribute `user.ferret.run`: there the next start can compare
//! it without opening a log of another process. Equal: join, move nothing, though nobody owns the
//! head (fifty short children one after another are one run). Where the file system has no such
//! attributes, a token alone means join.

use super::limits::Limits;
use super::lock::{FolderLock, is_path_owned};
use super::names::FamilyName;
use crate::event::{ProcessUid, RunId};
use rustix::fs::{CWD, RenameFlags, XattrFlags};
use std::collections::BTreeSet;
use std::fs::{self, File, Metadata, OpenOptions};
use std::hash::{BuildHasher, RandomState};
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};
use xxhash_rust::xxh3::xxh3_64;

/// How long a start waits for those that start at the same moment; then it goes its own way.
const FOLDER_PATIENCE: Duration = Duration::from_secs(2);

/// The attribute that holds a head's token.
const TOKEN_ATTRIBUTE: &str = "user.ferret.run";

/// Temporary files older than this were left behind by a process that died.
const STALE_TEMP: Duration = Duration::from_mins(1);

/// Families of which something is not saved are kept beyond those that are: so many times as many. A program that
/// crashes for weeks, and is never looked at, would fill the disk otherwise; what its last crashes left is still there.
const UNSAVED: usize = 4;

/// Logs of dead processes, by device and inode.
pub type Unsaved = BTreeSet<(u64, u64)>;

/// Where a log goes.
#[derive(Clone, Debug)]
pub struct Place {
    /// The head's name: what the user calls the log.
    pub path: PathBuf,
    /// What `FERRET_RUN` says: join the run that has this token, and move nothing.
    pub join: Option<RunId>,
    /// How many families are kept, this one included.
    pub keep_families: usize,
    /// What a commit survives.
    pub durability: Durability,
    /// How much of the log is kept.
    pub limits: Limits,
    /// What is not committed yet lies in memory that outlives the process: who does not find that sees less of the
    /// process than there is.
    pub outlived: bool,
    /// Which logs' processes left something in memory that is not saved, in a folder: asked before others are removed.
    pub unsaved: fn(&Path) -> Unsaved,
}

/// What a commit survives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Durability {
    /// Every death of the program; nothing is promised for a power loss.
    #[default]
    Process,
    /// A power loss too, for two fsyncs a commit.
    Power,
}

/// A new log that has no name yet: its file is removed if it never gets one. The folder is locked as long as it is
/// there.
#[derive(Debug)]
pub(super) struct Nameless {
    name: FamilyName,
    temp: PathBuf,
    /// The name it is to have, ...
    target: PathBuf,
    /// ... and if that is taken, which only without the lock can be.
    other: PathBuf,
    durability: Durability,
    is_linked: bool,
    _lock: Option<FolderLock>,
}

/// What a new log becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    Head,
    Member(RunId),
    /// A run of its own, beside the head: the folder's lock was not to be had.
    Alone,
}

/// Makes a new log with `create` (its temporary name, its file, its run), to be put in its place.
pub(super) fn prepare<T>(
    place: &Place,
    uid: ProcessUid,
    create: impl FnOnce(&Path, File, RunId) -> io::Result<T>,
) -> io::Result<(Nameless, T)> {
    let head = std::path::absolute(&place.path)?;
    let name = FamilyName::of(&head)?;
    let lock = lock_folder(&name)?;
    let role = match &lock {
        Some(_) => role(&name, place)?,
        None => Role::Alone,
    };
    let temp = name.temp(uid);
    // One of this process's own that did not get its name, and could not be removed then.
    drop(fs::remove_file(&temp));
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create_new(true)
        .mode(0o600)
        .custom_flags(libc::O_NOFOLLOW)
        .open(&temp)
        .map_err(|error| at("create", &temp, &error))?;
    let mut nameless = Nameless {
        target: head.clone(),
        other: head.clone(),
        name,
        temp,
        durability: place.durability,
        is_linked: false,
        _lock: lock,
    };
    let own_run = run_id(&file.metadata()?);
    let run = if let Role::Member(run) = role { run } else { own_run };
    nameless.other = nameless.name.member(run, uid);
    if role != Role::Head {
        nameless.target.clone_from(&nameless.other);
    }
    if let (Role::Head, Some(token)) = (role, place.join) {
        write_token(&file, token)?;
    }
    let value = create(&nameless.temp, file, run)?;
    Ok((nameless, value))
}

impl Nameless {
    /// The name it is to have.
    pub(super) fn target(&self) -> &Path {
        &self.target
    }

    /// Puts it in its place, and says which that is.
    pub(super) fn link(mut self) -> io::Result<PathBuf> {
        match link(&self.temp, &self.target) {
            // Only without the lock can another have been faster.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                link(&self.temp, &self.other)?;
                self.target.clone_from(&self.other);
            }
            linked => linked?,
        }
        self.is_linked = true;
        if self.durability == Durability::Power {
            // The name too must survive: until the folder is synced, a power loss may take it.
            let folder = self.name.folder();
            File::open(folder)
                .and_then(|folder| folder.sync_all())
                .map_err(|error| at("sync the folder", folder, &error))?;
        }
        Ok(std::mem::take(&mut self.target))
    }
}

impl Drop for Nameless {
    fn drop(&mut self) {
        if !self.is_linked {
            // The error that matters is the one on its way; the next start removes stale files.
            drop(fs::remove_file(&self.temp));
        }
    }
}

/// Readies the name `path` for a run of several processes: moves a finished family away. Returns
/// the absolute path and the token to export as `FERRET_LOG` and `FERRET_RUN`. Creates nothing, and removes
/// nothing: the first process of the run does.
///
/// # Errors
///
/// The folder does not exist, or the name is taken by something that is not a log.
pub fn prepare_run(path: &Path) -> io::Result<(PathBuf, RunId)> {
    let head = std::path::absolute(path)?;
    let name = FamilyName::of(&head)?;
    let lock = lock_folder(&name)?;
    if lock.is_some() {
        let nobodys = Place {
            path: head.clone(),
            join: None,
            keep_families: usize::MAX,
            durability: Durability::Process,
            limits: Limits::default(),
            outlived: false,
            unsaved: |_folder| Unsaved::new(),
        };
        role(&name, &nobodys)?;
    }
    // Keys of a RandomState are random and its hash mixes them; no token is 0.
    let random = RandomState::new().hash_one(std::process::id());
    Ok((head, RunId(u32::try_from(random >> 32).unwrap_or(1).max(1))))
}

/// `None`: not obtained in time.
fn lock_folder(name: &FamilyName) -> io::Result<Option<FolderLock>> {
    FolderLock::take(name.folder(), FOLDER_PATIENCE)
        .map_err(|error| at("open the folder", name.folder(), &error))
}

/// The same error, with what was being done to what.
fn at(doing: &str, path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("cannot {doing} {}: {error}", path.display()))
}

/// The id of the run whose head this is.
pub(super) fn run_id(head: &Metadata) -> RunId {
    let born = head.created().ok().and_then(|born| born.duration_since(UNIX_EPOCH).ok());
    let mut bytes = Vec::with_capacity(32);
    bytes.extend_from_slice(&head.dev().to_le_bytes());
    bytes.extend_from_slice(&head.ino().to_le_bytes());
    bytes.extend_from_slice(&born.unwrap_or_default().as_nanos().to_le_bytes());
    RunId(u32::try_from(xxh3_64(&bytes) >> 32).unwrap_or(0))
}

/// Decides what a new log becomes, and moves a finished family away if it is to be the head. The
/// caller holds the folder's lock.
fn role(name: &FamilyName, place: &Place) -> io::Result<Role> {
    remove_stale_temps(name);
    let head = name.head();
    let metadata = match fs::symlink_metadata(head) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            prune(name, place);
            return Ok(Role::Head);
        }
        Err(error) => return Err(error),
    };
    if metadata.is_symlink() {
        let message = format!("{} is a symbolic link: name the file itself", head.display());
        return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
    }
    let run = run_id(&metadata);
    if is_family_owned(name, head, run) || place.join.is_some_and(|token| has_token(head, token)) {
        return Ok(Role::Member(run));
    }
    refuse_foreign(head, &metadata)?;
    let born = metadata.created().or_else(|_no_birth_time| metadata.modified())?;
    let millis = born.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
    rename_noreplace(head, &name.moved(millis, run))?;
    prune(name, place);
    Ok(Role::Head)
}

/// What is moved away may be removed some runs later: nothing but a log may be.
fn refuse_foreign(head: &Path, metadata: &Metadata) -> io::Result<()> {
    let mut magic = [0; 4];
    let is_log = metadata.is_file()
        && (metadata.len() == 0
            || File::open(head).and_then(|mut file| file.read_exact(&mut magic)).is_ok()
                && magic == *b"redb");
    if is_log {
        return Ok(());
    }
    let message = format!("{} is not a log: it is left alone, name another file", head.display());
    Err(io::Error::new(io::ErrorKind::AlreadyExists, message))
}

/// Whether a live process owns the head or a member; also where that cannot be told.
fn is_family_owned(name: &FamilyName, head: &Path, run: RunId) -> bool {
    let owned = |path: &Path| is_path_owned(path) != Some(false);
    owned(head) || name.members(run).iter().any(|member| owned(member))
}

/// Removes the oldest families beyond those that are kept, the one about to begin included. One that is owned is
/// neither removed nor counted; nor is one of which something is not saved, unless there are too many.
fn prune(name: &FamilyName, place: &Place) {
    let (keep, mut families) = (place.keep_families, name.moved_families());
    if families.len() < keep {
        return;
    }
    families.retain(|(_, run, head)| !is_family_owned(name, head, *run));
    families.sort_by_key(|(millis, _, _)| std::cmp::Reverse(*millis));
    let unsaved = (place.unsaved)(name.folder());
    let files = |run: RunId, head: PathBuf| name.members(run).into_iter().chain([head]);
    let is_unsaved = |file: PathBuf| {
        let found = fs::symlink_metadata(file);
        found.is_ok_and(|found| unsaved.contains(&(found.dev(), found.ino())))
    };
    let (unsaved, saved): (Vec<_>, Vec<_>) =
        families.into_iter().partition(|(_, run, head)| files(*run, head.clone()).any(is_unsaved));
    let saved = saved.into_iter().skip(keep.saturating_sub(1));
    let unsaved = unsaved.into_iter().skip(keep.max(1).saturating_mul(UNSAVED));
    for (_, run, head) in saved.chain(unsaved) {
        for file in files(run, head) {
            // What cannot be removed now is tried again at the next start.
            drop(fs::remove_file(file));
        }
    }
}

fn remove_stale_temps(name: &FamilyName) {
    for temp in name.temps() {
        let age = fs::symlink_metadata(&temp)
            .and_then(|metadata| metadata.modified())
            .map(|modified| modified.elapsed().unwrap_or_default());
        if age.is_ok_and(|age| age > STALE_TEMP) && is_path_owned(&temp) == Some(false) {
            // As above.
            drop(fs::remove_file(temp));
        }
    }
}

/// Gives the file a second name, which must not exist, and takes the temporary one away.
fn link(temp: &Path, target: &Path) -> io::Result<()> {
    match fs::hard_link(temp, target) {
        Ok(()) => fs::remove_file(temp),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(error),
        // A file system without hard links.
        Err(_) => rename_noreplace(temp, target),
    }
}

fn rename_noreplace(from: &Path, to: &Path) -> io::Result<()> {
    match rustix::fs::renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        // A file system that cannot: a name is then checked first, under the folder's lock.
        Err(rustix::io::Errno::INVAL) if !fs::exists(to)? => fs::rename(from, to),
        renamed => renamed.map_err(io::Error::from),
    }
}

fn write_token(file: &File, token: RunId) -> io::Result<()> {
    let text = token.to_string();
    match rustix::fs::fsetxattr(file, TOKEN_ATTRIBUTE, text.as_bytes(), XattrFlags::empty()) {
        Ok(()) | Err(rustix::io::Errno::NOTSUP) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

fn has_token(head: &Path, token: RunId) -> bool {
    let mut value = [0_u8; 16];
    match rustix::fs::lgetxattr(head, TOKEN_ATTRIBUTE, &mut value) {
        Ok(length) => value.get(..length) == Some(token.to_string().as_bytes()),
        Err(error) => error == rustix::io::Errno::NOTSUP,
    }
}
