//! What a store makes on the disk, and what it leaves as it is.

use super::*;
use crate::made_up;
use std::os::unix::fs::PermissionsExt as _;

const KEEP: Keep = Keep { ten_seconds: 0, five_minutes: 0, hour: 0 };

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn what_a_store_makes_is_its_owners_alone_and_what_is_there_stays_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    set_mode(folder.path(), 0o755);
    let (outer, inner) = (folder.path().join("state"), folder.path().join("state/ferret"));
    let path = inner.join("history");
    drop(Store::open(&path, KEEP).unwrap());
    assert_eq!((mode(&outer), mode(&inner), mode(&path)), (0o700, 0o700, 0o600));
    assert_eq!(mode(folder.path()), 0o755);
    set_mode(&inner, 0o750);
    set_mode(&path, 0o640);
    drop(Store::open(&path, KEEP).unwrap());
    assert_eq!((mode(&inner), mode(&path)), (0o750, 0o640));
    // One that is made anew is as a first one, and the old one is as it was.
    fs::write(&path, "redb, and no store at all".repeat(4_096)).unwrap();
    let store = Store::open(&path, KEEP).unwrap();
    let aside = store.moved_aside.as_ref().unwrap();
    assert_eq!((mode(&path), mode(aside)), (0o600, 0o640));
}

#[test]
fn a_log_is_no_store_and_stays_where_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.redb");
    made_up::write(&path, 1, 20, 0);
    let before = fs::read(&path).unwrap();
    let error = Store::open(&path, KEEP).unwrap_err();
    assert!(error.to_string().starts_with("it is a log, or"), "{error}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    assert!(fs::read(&path).unwrap() == before, "it is as it was");
    // Nor is what another program keeps.
    let path = folder.path().join("prices");
    let database = Database::create(&path).unwrap();
    let txn = database.begin_write().unwrap();
    txn.open_table(redb::TableDefinition::<u64, u64>::new("prices")).unwrap();
    txn.commit().unwrap();
    drop(database);
    assert!(matches!(Store::open(&path, KEEP), Err(StoreError::Anothers)));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
}
