//! A fleet beside the plain fold over the same logs: however it is stopped, begun again, or robbed of its store, it
//! counts every span once.

use super::*;
use crate::made_up;
use ferret::event::{LogTime, Names, Part};
use ferret::log::{Merged, ReadOptions, Run, Tail};
use ferret::projections::{Calls, GroupBy, Totals};
use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// For longer than the logs are old.
const KEEP: Keep = Keep { ten_seconds: 1 << 40, five_minutes: 1 << 40, hour: 1 << 40 };

/// What spans came to, by function and level: calls, errors, total and self time.
type Sums = BTreeMap<(Level, String), (u64, u64, u64, u64)>;

fn follow(folder: &Path, store: Store) -> Fleet {
    Fleet::follow(vec![folder.to_owned()], store, Settings::default(), None).unwrap()
}

#[expect(clippy::disallowed_methods, reason = "bounds the waiting of a test")]
fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < Duration::from_mins(1), "waited for {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Waits until so many logs are known to their ends.
fn until_done(fleet: &Fleet, logs: usize) {
    until("all logs to be known", || {
        let workers = fleet.shared.workers.lock();
        workers.values().filter(|worker| worker.kept.is_done).count() == logs
    });
}

fn plain(folder: &Path) -> Sums {
    let mut run = Run::open(&[folder.to_owned()], &ReadOptions::default()).unwrap();
    let (mut calls, mut merged) = (Calls::new(GroupBy::Function), Merged::default());
    run.poll_into(u64::MAX, &mut merged).unwrap();
    for (log, part) in merged.iter() {
        let names = run.logs()[log.0].names();
        match part {
            ferret::event::Part::Spans(spans) => calls.apply_spans(log, names, spans.ended),
            ferret::event::Part::Other(entry) => calls.apply(log, names, entry),
        }
    }
    let of = |totals: Totals| (totals.calls, totals.errors, totals.total_ns, totals.self_ns);
    let rows = calls.functions();
    let rows = rows.iter().filter(|row| row.totals.calls > 0);
    let rows = rows
        .flat_map(|row| Level::EVERY.map(|level| ((level, row.info.name.clone()), of(row.totals))));
    rows.collect()
}

fn stored(fleet: &Fleet) -> Sums {
    let store = &fleet.shared.store;
    let mut sums = Sums::new();
    for (number, function) in store.functions().unwrap() {
        for level in Level::EVERY {
            let mut sum = CallsRow::default();
            let every = (Slot(0), Slot(u32::MAX));
            store.calls(level, number, every, |_, _, row| sum.add(row)).unwrap();
            let sum = (sum.calls, sum.errors, sum.total_ns, sum.self_ns);
            sums.insert((level, function.info.name.clone()), sum);
        }
    }
    sums
}

/// How often each kind of event was told, of state alone.
fn told(fleet: &Fleet) -> BTreeMap<&'static str, usize> {
    let (events, more) = fleet.shared.store.events(None, usize::MAX, |_| true).unwrap();
    assert_eq!(more, 0);
    let mut told = BTreeMap::new();
    for event in events.iter().filter(|event| event.what != What::Error) {
        *told.entry(event.what.name()).or_default() += 1;
    }
    told
}

fn logs(folder: &Path, seeds: std::ops::Range<u64>, ticks: u64) {
    for seed in seeds {
        made_up::write(&folder.join(format!("{seed}.redb")), seed, ticks, seed * 1_000_000_000);
    }
}

#[test]
fn the_history_is_what_the_logs_say_on_every_level() {
    let folder = tempfile::tempdir().unwrap();
    logs(folder.path(), 1..4, 60);
    let fleet = follow(folder.path(), Store::in_memory(KEEP).unwrap());
    until_done(&fleet, 3);
    assert_eq!(stored(&fleet), plain(folder.path()));
    assert_eq!(told(&fleet), BTreeMap::from([("start", 3), ("exit", 3)]));
    let samples = {
        let mut samples = 0;
        let all = (Slot(0), Slot(0));
        let store = &fleet.shared.store;
        store.usage(Level::All, all, |_, _, usage| samples += usage.samples).unwrap();
        samples
    };
    assert_eq!(samples, 180);
}

#[test]
fn a_long_log_is_shown_from_its_end_and_counted_from_its_beginning() {
    let folder = tempfile::tempdir().unwrap();
    logs(folder.path(), 5..6, 400);
    let path = folder.path().join("5.redb");
    let worker = Worker::open(&path, &Settings::default()).unwrap().unwrap();
    assert!(worker.gap().is_some_and(|(from, to)| from == 0 && to > 1_000), "{:?}", worker.gap());
    let fleet = follow(folder.path(), Store::in_memory(KEEP).unwrap());
    until_done(&fleet, 1);
    assert_eq!(stored(&fleet), plain(folder.path()));
}

#[test]
fn one_that_is_stopped_at_any_time_and_goes_on_counts_nothing_twice() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("store/history");
    let mut dice = made_up::Dice(7);
    logs(folder.path(), 10..13, 300);
    for round in 0..8 {
        let fleet = follow(folder.path(), Store::open(&store, KEEP).unwrap());
        std::thread::sleep(Duration::from_millis(dice.below(60)));
        drop(fleet);
        if round == 4 {
            logs(folder.path(), 13..14, 100);
        }
    }
    let fleet = follow(folder.path(), Store::open(&store, KEEP).unwrap());
    until_done(&fleet, 4);
    assert_eq!(stored(&fleet), plain(folder.path()));
    assert_eq!(told(&fleet), BTreeMap::from([("start", 4), ("exit", 4)]));
}

#[test]
fn a_store_that_is_lost_or_broken_is_made_anew() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("store/history");
    logs(folder.path(), 20..22, 80);
    for damage in [false, true] {
        let fleet = follow(folder.path(), Store::open(&store, KEEP).unwrap());
        assert_eq!(fleet.shared.store.moved_aside.is_some(), damage);
        until_done(&fleet, 2);
        assert_eq!(stored(&fleet), plain(folder.path()));
        drop(fleet);
        std::fs::write(&store, "redb, and no store at all".repeat(4_096)).unwrap();
    }
}

#[test]
fn a_file_that_is_no_store_stays_where_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("letter.txt");
    std::fs::write(&path, "dear reader".repeat(4_096)).unwrap();
    assert!(Store::open(&path, KEEP).is_err());
    assert!(std::fs::read_to_string(&path).unwrap().starts_with("dear reader"));
}

#[test]
fn a_store_that_failed_is_opened_anew_while_it_is_asked_and_counts_nothing_twice() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store/history");
    logs(folder.path(), 80..83, 60);
    let fleet = follow(folder.path(), Store::open(&path, KEEP).unwrap());
    let store = &fleet.shared.store;
    for _ in 0..20 {
        store.fail();
        // Who reads meanwhile holds the file for a moment.
        drop(store.workers());
        std::thread::sleep(Duration::from_millis(20));
    }
    until_done(&fleet, 3);
    until("it to be well", || fleet.shared.troubles.lock().store.is_none());
    assert_eq!(stored(&fleet), plain(folder.path()));
    assert_eq!(told(&fleet), BTreeMap::from([("start", 3), ("exit", 3)]));
}

#[test]
fn a_store_whose_file_is_held_is_closed_until_it_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("history");
    let store = Store::open(&path, KEEP).unwrap();
    assert!(!store.recover().unwrap(), "there is nothing wrong");
    store.fail();
    // Its file is not of a store any more.
    let moved = folder.path().join("moved");
    std::fs::rename(&path, &moved).unwrap();
    std::fs::create_dir(&path).unwrap();
    assert!(store.recover().is_err());
    assert!(matches!(store.workers(), Err(StoreError::Closed)));
    assert!(matches!(store.prune(0), Err(StoreError::Closed)));
    std::fs::remove_dir(&path).unwrap();
    std::fs::rename(&moved, &path).unwrap();
    assert!(store.recover().unwrap());
    store.prune(0).unwrap();
}

#[test]
fn a_store_that_cannot_be_opened_now_is_not_moved_aside() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("history");
    drop(Store::open(&path, KEEP).unwrap());
    let damaged = folder.path().join("damaged");
    let mut bytes = std::fs::read(&path).unwrap();
    bytes.truncate(9_000);
    std::fs::write(&damaged, bytes).unwrap();
    let store = Store::open(&damaged, KEEP).unwrap();
    assert_eq!(store.moved_aside, Some(folder.path().join("damaged.unreadable-1")));
    // Nobody can write it: neither is it one's own to move.
    let link = folder.path().join("link");
    std::os::unix::fs::symlink("/proc/version", &link).unwrap();
    assert!(Store::open(&link, KEEP).is_err());
    assert!(link.exists() && path.exists());
}

#[test]
fn two_cannot_have_one_store() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("history");
    let _one = Store::open(&path, KEEP).unwrap();
    let error = Store::open(&path, KEEP).unwrap_err();
    assert!(error.to_string().contains("is in use by another ferret"), "{error}");
}

#[test]
fn a_worker_whose_log_is_gone_stays_until_it_is_forgotten() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("store/history");
    logs(folder.path(), 30..32, 50);
    let before = plain(folder.path());
    let fleet = follow(folder.path(), Store::open(&store, KEEP).unwrap());
    until_done(&fleet, 2);
    let uid = ProcessUid(30);
    let is_gone =
        |fleet: &Fleet| fleet.shared.workers.lock().get(&uid).map(|worker| worker.is_gone);
    assert_eq!(is_gone(&fleet), Some(false));
    std::fs::remove_file(folder.path().join("30.redb")).unwrap();
    until("it to be gone", || is_gone(&fleet) == Some(true));
    until("that to be told", || told(&fleet).get("gone") == Some(&1));
    assert_eq!(stored(&fleet), before, "what it did stays");
    drop(fleet);
    let fleet = follow(folder.path(), Store::open(&store, KEEP).unwrap());
    until("it to be looked for", || is_gone(&fleet) == Some(true));
    assert_eq!(told(&fleet).get("gone"), Some(&1), "that is no news");
    assert_eq!(fleet.shared.forget(&[uid, ProcessUid(31)]).unwrap(), 1, "the other is there");
    drop(fleet);
    let fleet = follow(folder.path(), Store::open(&store, KEEP).unwrap());
    assert_eq!(is_gone(&fleet), None);
    assert_eq!(stored(&fleet), before);
    // When nothing of its time is kept any more, nothing of it is.
    let uids = || -> Vec<_> {
        let workers = fleet.shared.store.workers().unwrap();
        workers.into_iter().map(|(_, kept)| kept.uid).collect()
    };
    assert_eq!(uids(), [uid, ProcessUid(31)]);
    fleet.shared.store.prune(unix_ms() + (KEEP.hour + 86_400) * 1_000).unwrap();
    assert_eq!(uids(), [ProcessUid(31)]);
    // But sums of everything do not go down.
    let all = |sums: Sums| -> Sums {
        sums.into_iter().filter(|((level, _), _)| *level == Level::All).collect()
    };
    assert_eq!(all(stored(&fleet)), all(before));
}

/// As a new run does with the log of the last.
#[test]
fn a_log_that_lost_its_name_to_a_new_run_is_not_gone() {
    let folder = tempfile::tempdir().unwrap();
    let head = folder.path().join("run.redb");
    made_up::write(&head, 50, 200, 0);
    let store = || Store::in_memory(KEEP).unwrap();
    let fleet = Fleet::follow(vec![head.clone()], store(), Settings::default(), None).unwrap();
    until_done(&fleet, 1);
    made_up::write(&head, 51, 30, 1_000_000_000);
    until_done(&fleet, 2);
    let workers = fleet.shared.workers.lock();
    let names = workers.values().map(|worker| (worker.is_gone, worker.kept.log == head));
    assert_eq!(names.collect::<Vec<_>>(), [(false, false), (false, true)]);
    drop(workers);
    assert_eq!(stored(&fleet), plain(folder.path()));
    assert_eq!(told(&fleet), BTreeMap::from([("start", 2), ("exit", 2)]));
}

/// As a file system does that gives a new file the number of one that was removed.
#[test]
fn a_log_in_the_place_of_another_is_read_once_and_the_other_is_gone() {
    let folder = tempfile::tempdir().unwrap();
    let other = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.redb");
    made_up::write(&path, 90, 100, 0);
    made_up::write(&other.path().join("run.redb"), 91, 80, 1_000_000_000);
    let before = plain(folder.path());
    let fleet = follow(folder.path(), Store::in_memory(KEEP).unwrap());
    until_done(&fleet, 1);
    std::fs::write(&path, std::fs::read(other.path().join("run.redb")).unwrap()).unwrap();
    let state = || {
        let workers = fleet.shared.workers.lock();
        workers.values().map(|w| (w.kept.uid, w.is_gone, w.kept.is_done)).collect::<Vec<_>>()
    };
    let expect = [(ProcessUid(90), true, false), (ProcessUid(91), false, true)];
    until("the other to be known", || state() == expect);
    let sums = |sums: &Sums| sums.values().map(|sum| sum.0).sum::<u64>();
    let want = sums(&before) + sums(&plain(folder.path()));
    assert_eq!(sums(&stored(&fleet)), want);
    let told_once = BTreeMap::from([("start", 2), ("exit", 2), ("gone", 1)]);
    until("all to be told", || told(&fleet) == told_once);
    // It stays so.
    let changes = fleet.shared.changes();
    until("some looks more", || fleet.shared.changes() > changes + 2);
    assert_eq!((state(), told(&fleet), sums(&stored(&fleet))), (expect.to_vec(), told_once, want));
}

#[test]
fn a_log_that_has_another_name_is_found_by_that() {
    let folder = tempfile::tempdir().unwrap();
    logs(folder.path(), 93..94, 30);
    let fleet = follow(folder.path(), Store::in_memory(KEEP).unwrap());
    until_done(&fleet, 1);
    let moved = folder.path().join("moved.redb");
    std::fs::rename(folder.path().join("93.redb"), &moved).unwrap();
    until("the new name", || {
        let workers = fleet.shared.workers.lock();
        workers.values().all(|worker| worker.kept.log == moved && !worker.is_gone)
    });
}

/// Or it would be verified, page by page, at each start.
#[test]
fn a_log_that_was_cut_short_by_the_end_of_its_boot_is_known_once_it_is_read() {
    let folder = tempfile::tempdir().unwrap();
    made_up::cut_short(&folder.path().join("run.redb"), 70);
    let fleet = follow(folder.path(), Store::in_memory(KEEP).unwrap());
    until_done(&fleet, 1);
    let workers = fleet.shared.workers.lock();
    assert_eq!(workers[&ProcessUid(70)].kept.state, "crashed");
}

/// Counts the entries of each process.
struct Count(Arc<Mutex<BTreeMap<ProcessUid, u64>>>);

impl See for Count {
    fn part(&mut self, worker: &Worker, _: &Names, part: Part<'_>) {
        *self.0.lock().entry(worker.kept.uid).or_default() += part.entries();
    }

    fn round(&mut self, _: &BTreeMap<ProcessUid, Worker>, _: LogTime) -> Vec<Event> {
        Vec::new()
    }
}

#[test]
fn without_a_history_logs_are_read_from_their_beginnings_and_forgotten_at_their_ends() {
    let folder = tempfile::tempdir().unwrap();
    let (new, old) = (folder.path().join("60.redb"), folder.path().join("61.redb"));
    made_up::write(&new, 60, 400, 0);
    made_up::write(&old, 61, 50, 0);
    let long_ago = std::fs::metadata(&old).unwrap().modified().unwrap() - Duration::from_hours(2);
    File::options().write(true).open(&old).unwrap().set_modified(long_ago).unwrap();
    let counted = Arc::default();
    let settings = Settings { looks_back_ns: Some(3_600_000_000_000), ..Settings::default() };
    let (wanted, store) = (vec![folder.path().to_owned()], Store::in_memory(KEEP).unwrap());
    let see = Box::new(Count(Arc::clone(&counted)));
    let fleet = Fleet::follow(wanted, store, settings, Some(see)).unwrap();
    let read = || counted.lock().clone();
    let is_over = || fleet.shared.workers.lock().is_empty();
    until("the log to be known", || !read().is_empty() && is_over());
    let all = Tail::open(&new, &ReadOptions::default()).unwrap().info().entries();
    assert!(all > 1_000, "{all} are not many");
    assert_eq!(read(), BTreeMap::from([(ProcessUid(60), all)]));
    // A new log may have the number of the file that was there.
    std::fs::remove_file(&new).unwrap();
    made_up::write(&new, 62, 50, 0);
    until("the next to be known", || read().contains_key(&ProcessUid(62)) && is_over());
    assert_eq!(read()[&ProcessUid(60)], all, "it is read once");
    assert_eq!((stored(&fleet), told(&fleet)), (Sums::new(), BTreeMap::new()));
}

#[test]
fn what_is_older_than_it_is_kept_is_dropped_level_by_level() {
    let folder = tempfile::tempdir().unwrap();
    logs(folder.path(), 40..41, 60);
    // The logs are of the year 2026.
    let keep = Keep { ten_seconds: 60, five_minutes: 60, hour: 1 << 40 };
    let fleet = follow(folder.path(), Store::in_memory(keep).unwrap());
    until_done(&fleet, 1);
    let sums = stored(&fleet);
    let calls = |level| sums.iter().filter(|((of, _), _)| *of == level).map(|(_, sum)| sum.0).sum();
    let calls: [u64; 4] = Level::EVERY.map(calls);
    assert!(calls[3] > 0 && calls == [0, 0, calls[3], calls[3]], "{calls:?}");
    let later_ms = unix_ms() + (1 << 41) * 1_000;
    fleet.shared.store.prune(later_ms).unwrap();
    let sums = stored(&fleet);
    let left = sums.iter().filter(|(_, sum)| sum.0 > 0);
    assert!(left.clone().count() > 0 && left.clone().all(|((level, _), _)| *level == Level::All));
}

#[test]
fn stretches_that_touch_become_one() {
    assert_eq!(with(&[], (3, 5)), [(3, 5)]);
    assert_eq!(with(&[(0, 3), (9, 12)], (3, 5)), [(0, 5), (9, 12)]);
    assert_eq!(with(&[(0, 5), (9, 12)], (5, 9)), [(0, 12)]);
    assert_eq!(with(&[(4, 6)], (0, 2)), [(0, 2), (4, 6)]);
    assert_eq!(with(&[(4, 6)], (5, 5)), [(4, 6)]);
}
