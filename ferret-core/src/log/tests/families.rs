//! Which file a log becomes, and what happens to the ones before.

use super::child::Player;
use super::{open, place};
use crate::event::{EndKind, LogTime, ProcessEnd, RunId};
use crate::log::testing::process;
use crate::log::{Place, ReadOptions, Run, Unsaved, Writer, find_log, prepare_run};
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

fn files(folder: &Path) -> BTreeSet<String> {
    let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
    names.map(|name| name.into_string().unwrap()).collect()
}

fn start(path: &Path, token: Option<RunId>) -> Player {
    Player::start("once", path, token, 3)
}

fn open_run(path: &Path) -> Run {
    Run::open(&[path.to_owned()], &ReadOptions::default()).unwrap()
}

/// A process that creates its log and ends; returns the log's path.
fn run_once(path: &Path, token: Option<RunId>) -> PathBuf {
    let mut player = start(path, token);
    let log = PathBuf::from(player.hear());
    player.end();
    log
}

#[test]
fn four_simultaneous_starts_make_one_head_and_three_members() {
    for _ in 0..10 {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("run.redb");
        let mut players: Vec<_> = (0..4).map(|_| start(&path, None)).collect();
        let logs: BTreeSet<_> = players.iter_mut().map(Player::hear).collect();
        assert_eq!(logs.len(), 4);
        assert!(logs.contains(&path.display().to_string()));
        let run = open_run(&path);
        let open: BTreeSet<_> =
            run.logs().iter().map(|tail| tail.info().path.display().to_string()).collect();
        assert_eq!(open, logs);
        let runs: BTreeSet<_> = run.logs().iter().map(|tail| tail.info().run).collect();
        assert_eq!(runs.len(), 1);
        let uids: BTreeSet<_> = run.logs().iter().map(|tail| tail.info().uid).collect();
        assert_eq!(uids.len(), 4);
        players.into_iter().for_each(Player::end);
        assert_eq!(files(folder.path()).len(), 4, "{:?}", files(folder.path()));
    }
}

#[test]
fn a_second_run_moves_the_first_aside_with_its_members() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.redb");
    let mut first = start(&path, None);
    assert_eq!(first.hear(), path.display().to_string());
    let member = run_once(&path, None);
    assert_ne!(member, path);
    let old_run = open(&path).info().run;
    let mut reader = open_run(&path);
    first.end();
    assert!(!reader.replaced());
    assert_eq!(run_once(&path, None), path);
    assert!(reader.replaced());
    while !reader.poll(1_000).unwrap().is_empty() {}
    assert_eq!(reader.logs().len(), 2, "the old run's reader stays with the old run");
    let moved: Vec<_> =
        files(folder.path()).into_iter().filter(|name| name.contains('-')).collect();
    assert_eq!(moved.len(), 1);
    assert!(moved[0].ends_with(&format!("-{old_run}.redb")), "{moved:?}");
    let old = open_run(&folder.path().join(&moved[0]));
    assert_eq!(old.logs().len(), 2);
    assert!(old.logs().iter().all(|tail| tail.info().run == old_run));
    let all = open_run(folder.path());
    assert_eq!(all.logs().len(), 3);
}

#[test]
fn the_newest_families_are_kept_and_never_an_owned_one_removed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.redb");
    run_once(&path, None);
    let mut owner = start(&path, None);
    owner.hear();
    // Moved under its living process's feet, as another program might: it stays owned.
    let run = open(&path).info().run;
    let moved = folder.path().join(format!("run.1-{run}.redb"));
    fs::rename(&path, &moved).unwrap();
    for _ in 0..5 {
        run_once(&path, None);
    }
    assert!(moved.exists(), "the oldest family is owned");
    let names = files(folder.path());
    assert_eq!(names.len(), 4, "{names:?}");
    owner.end();
    run_once(&path, None);
    assert!(!moved.exists());
    assert_eq!(files(folder.path()).len(), 3);
}

/// Of what a process left behind in memory nothing was to be saved any more when its log was removed by number.
#[test]
fn families_of_which_something_is_not_saved_are_kept_beyond_the_others() {
    thread_local! {
        static UNSAVED: RefCell<Unsaved> = const { RefCell::new(Unsaved::new()) };
    }
    let folder = tempfile::tempdir().unwrap();
    for number in 1..=16 {
        let old = folder.path().join(format!("run.{number}-{number:08x}.redb"));
        fs::write(&old, "redb").unwrap();
        // Of the sixteenth a member's, of those before the heads'.
        let member = folder.path().join(format!("run.{number:08x}.00000001.redb"));
        fs::write(&member, "redb").unwrap();
        let found = fs::metadata(if number == 16 { member } else { old }).unwrap();
        if number > 6 || number == 1 {
            UNSAVED.with_borrow_mut(|unsaved| unsaved.insert((found.dev(), found.ino())));
        }
    }
    let path = folder.path().join("run.redb");
    let unsaved = |_: &Path| UNSAVED.with_borrow(Clone::clone);
    let place = Place { keep_families: 3, unsaved, ..place(&path) };
    drop(Writer::create(&place, process(1), LogTime(1)).unwrap());
    let kept = |number: u32| folder.path().join(format!("run.{number}-{number:08x}.redb")).exists();
    let all: Vec<u32> = (1..=16).filter(|number| kept(*number)).collect();
    // Two that are saved beside the one that begins, and all of the others, for they are not too many.
    assert_eq!(all, [1, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]);

    let fewer = Place { keep_families: 1, ..place };
    drop(Writer::create(&fewer, process(2), LogTime(2)).unwrap());
    let all: Vec<u32> = (1..=16).filter(|number| kept(*number)).collect();
    assert_eq!(all, [13, 14, 15, 16], "a program that crashes for ever does not fill the disk");
}

#[test]
fn children_of_one_run_join_it_one_after_another() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.redb");
    run_once(&path, None);
    let (absolute, token) = prepare_run(&path).unwrap();
    assert_eq!(absolute, path);
    assert!(!path.exists(), "what was there is moved away, and nothing created");
    for number in 0..5 {
        let log = run_once(&path, Some(token));
        assert_eq!(log == path, number == 0);
    }
    let run = open_run(&path);
    assert_eq!(run.logs().len(), 5);
    assert!(run.logs().iter().all(|tail| tail.info().token == Some(token)));
    let (_, other) = prepare_run(&path).unwrap();
    assert_ne!(token, other);
    assert_eq!(run_once(&path, Some(other)), path);
    assert_eq!(run_once(&path, Some(token)), path, "an old token joins nothing of a later run");
}

#[test]
fn a_file_that_is_no_log_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notes.txt");
    fs::write(&path, "important").unwrap();
    let link = folder.path().join("link.redb");
    std::os::unix::fs::symlink(&path, &link).unwrap();
    let error_of = |path| Writer::create(&place(path), process(1), LogTime(1)).unwrap_err().kind();
    assert_eq!(error_of(&path), std::io::ErrorKind::AlreadyExists);
    assert_eq!(error_of(folder.path()), std::io::ErrorKind::AlreadyExists);
    assert_eq!(error_of(&link), std::io::ErrorKind::InvalidInput);
    assert_eq!(fs::read_to_string(&path).unwrap(), "important");
    assert_eq!(files(folder.path()).len(), 2, "no temporary file is left");
}

#[test]
fn the_log_being_written_is_found() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(find_log(folder.path()).unwrap(), None);
    run_once(&folder.path().join("old.redb"), None);
    assert_eq!(find_log(folder.path()).unwrap(), None);
    let path = folder.path().join("now.redb");
    let writer = Writer::create(&place(&path), process(1), LogTime(1)).unwrap();
    assert_eq!(find_log(folder.path()).unwrap(), Some(path));
    let end = ProcessEnd { how: EndKind::Closed };
    writer.finish(end, LogTime(2), Duration::from_secs(1)).unwrap();
    assert_eq!(find_log(folder.path()).unwrap(), None);
}

#[test]
fn a_new_member_wakes_the_reader_and_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.redb");
    let _head = Writer::create(&place(&path), process(1), LogTime(1)).unwrap();
    let mut run = open_run(&path);
    while !run.poll(10).unwrap().is_empty() {}
    let _member = Writer::create(&place(&path), process(2 << 96), LogTime(2)).unwrap();
    for _ in 0..100 {
        run.wait(Duration::from_secs(5));
        if let Some((index, _)) = run.poll(10).unwrap().first() {
            assert_eq!((index.0, run.logs().len()), (1, 2));
            return;
        }
    }
    panic!("the member was never read");
}
