//! How much memory a process of this machine may have: the least that its control group, or one that
//! is above that, allows (cgroups(7), version 2), or all there is.

use std::fs;
use std::path::{Path, PathBuf};

/// That of a process, bytes; none if nothing tells.
pub(super) fn of(pid: u32) -> Option<u64> {
    let all = fs::read_to_string("/proc/meminfo").ok().and_then(|text| total(&text));
    let group = fs::read_to_string(format!("/proc/{pid}/cgroup")).ok();
    let root = Path::new("/sys/fs/cgroup");
    let group = group.and_then(|text| least(root, &folder(root, &text)?));
    [group, all].into_iter().flatten().min()
}

/// The `MemTotal` of `proc_meminfo(5)`, bytes.
fn total(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kib: u64 = line.split_whitespace().next()?.parse().ok()?;
    kib.checked_mul(1024)
}

/// The folder of the group that a process says it is in.
fn folder(root: &Path, cgroup: &str) -> Option<PathBuf> {
    let path = cgroup.lines().find_map(|line| line.strip_prefix("0::/"))?;
    // One of another namespace lies above what is to be seen here.
    (!path.split('/').any(|part| part == "..")).then(|| root.join(path))
}

/// The least limit of a folder and those above it, up to `root`.
fn least(root: &Path, folder: &Path) -> Option<u64> {
    // `max` is none.
    let limit = |folder: &Path| {
        fs::read_to_string(folder.join("memory.max")).ok()?.trim().parse::<u64>().ok()
    };
    folder.ancestors().take_while(|path| path.starts_with(root)).filter_map(limit).min()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_of_all_groups_above_counts() {
        let root = tempfile::tempdir().unwrap();
        let inner = root.path().join("a/b");
        fs::create_dir_all(&inner).unwrap();
        for (folder, limit) in [("a", "1000\n"), ("a/b", "max\n")] {
            fs::write(root.path().join(folder).join("memory.max"), limit).unwrap();
        }
        let found = folder(root.path(), "0::/a/b\n").unwrap();
        assert_eq!(found, inner);
        assert_eq!(least(root.path(), &found), Some(1_000));
        assert_eq!(folder(root.path(), "0::/../other\n"), None);
        assert_eq!(folder(root.path(), "4:memory:/a\n"), None, "version 1");
    }

    #[test]
    fn this_process_may_have_some() {
        assert!(of(std::process::id()).is_some_and(|limit| limit > 1 << 20));
        assert_eq!(total("MemFree: 3 kB\nMemTotal:       16384 kB\n"), Some(16 << 20));
    }
}
