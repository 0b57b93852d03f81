//! A small file system of a test's own.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Where it is, in the test that is run again.
const FOLDER: &str = "FERRET_TEST_DISK";

/// Runs the test of this name again in a mount namespace of its own, there with a file system of so
/// many megabytes for `body`. It is gone with the namespace, however the test ends.
///
/// Where there are no such namespaces the test is skipped, and says so.
///
/// # Panics
///
/// The test fails there.
pub fn on_disk_of(megabytes: u32, test: &str, body: impl FnOnce(&Path)) {
    if let Some(folder) = std::env::var_os(FOLDER) {
        return body(&PathBuf::from(folder));
    }
    // They are built out here, once.
    drop(crate::ferret());
    let Some(namespace) = ["-m", "-rm"].into_iter().find(|kind| is_possible(kind)) else {
        eprintln!("skipped: `unshare -rm` can mount nothing here, as root or otherwise");
        return;
    };
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mount = format!(
        r#"mount -t tmpfs -o size={megabytes}m ferret-test "${FOLDER}" && exec "$0" --exact "$1" --nocapture"#
    );
    let status = Command::new("unshare")
        .args([namespace, "/bin/sh", "-c", &mount])
        .arg(std::env::current_exe().expect("a test knows where it is"))
        .arg(test)
        .env(FOLDER, folder.path())
        .status()
        .expect("unshare starts");
    assert!(status.success(), "{test}: {status}");
}

fn is_possible(kind: &str) -> bool {
    Command::new("unshare")
        .args([kind, "/bin/sh", "-c", "mount -t tmpfs -o size=1m ferret-test /mnt"])
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// A file that takes room until it is removed.
///
/// # Panics
///
/// There is less room than that.
pub fn ballast(folder: &Path, megabytes: usize) -> PathBuf {
    let path = folder.join("ballast");
    std::fs::write(&path, vec![1; megabytes << 20]).expect("there is room for ballast");
    path
}
