//! Whether a log's tree is believed.
//!
//! Blocks and rows prove themselves, wherever they are read. What they cannot prove is that none is
//! missing, and that none is an older version of itself: an `open` row or a checkpoint from before
//! would show a span that has long ended. redb's tree proves that, by a checksum of every page in the
//! page above it, but does not look at them while it reads. So the whole tree is verified, once, when
//! a log is opened that the kernel's memory of this boot does not vouch for: one that ended on
//! another boot, or came from another machine. One that needs repair is verified by that.
//!
//! It reads the file once or twice: 0.8 s a GB that is in memory, else what the disk takes.
//! Rejected: to verify with the first damaged block alone, which a page that is older, but whole,
//! never shows; and to remember in the file that it was verified, since reading does not write.

use super::error::LogError;
use super::info::Integrity;
use super::lock;
use super::open::again;
use super::overlay::OverlayBackend;
use super::schema::Meta;
use super::source::{CACHE_BYTES, guarded, redb_error};
use std::fs::{self, File};
use std::path::Path;
use std::sync::LazyLock;

/// What is wrong with a tree that does not verify.
pub(super) const BROKEN: &str =
    "the tree of its pages is not as it was written: entries may be missing";

/// Whether the log `file`, which opened without a repair, is to be believed.
pub(super) fn integrity_of(path: &Path, file: &File, meta: &Meta) -> Result<Integrity, LogError> {
    if is_this_boot(&meta.boot_id) || is_live(file) {
        return Ok(Integrity::ThisBoot);
    }
    verify(path, file)
}

/// Verifies every page of the tree of a log that nobody writes to, in memory.
pub(super) fn verify(path: &Path, file: &File) -> Result<Integrity, LogError> {
    let own = again(path, file, false).map_err(|error| LogError::io(path, "open", error))?;
    let backend = OverlayBackend::new(own).map_err(|error| LogError::io(path, "read", error))?;
    let verified = guarded(path, || {
        let failed = |error: redb::DatabaseError| redb_error(path, error.into());
        let builder = redb::Builder::new().set_cache_size(CACHE_BYTES).create_with_backend(backend);
        let mut database = builder.map_err(failed)?;
        database.check_integrity().map_err(failed)
    });
    match verified {
        Ok(true) => Ok(Integrity::Verified),
        // What redb can make of it is an older state, and not what is read here.
        Ok(false) => Ok(Integrity::Broken),
        Err(error) if error.is_damage() => Ok(Integrity::Broken),
        Err(error) => Err(error),
    }
}

/// Whether a live process owns the log. Where that cannot be told it is not.
pub(super) fn is_live(file: &File) -> bool {
    file.try_clone().ok().and_then(lock::is_owned).unwrap_or(false)
}

/// Whether a log of that boot id was begun on the boot that goes on now: the kernel then has all that was written, and
/// [`now`](super::now) goes by the log's clock. False where the kernel does not say which boot this is.
pub fn is_this_boot(boot_id: &str) -> bool {
    static BOOT: LazyLock<String> = LazyLock::new(|| {
        fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default().trim().to_owned()
    });
    !BOOT.is_empty() && *BOOT == boot_id.trim()
}
