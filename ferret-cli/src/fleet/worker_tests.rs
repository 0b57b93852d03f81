//! How one log is followed: as of when what is known of it is known, and by which clock.

use super::*;
use crate::fleet::Settings;
use crate::fleet::slots::SLOT_NS;
use crate::made_up;

#[test]
fn what_is_written_while_it_is_read_is_known_as_of_when_it_was_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("8.redb");
    let mut worker = None;
    let last = made_up::write_and(&path, 8, 200, 0, |tick| {
        if tick == 20 {
            worker = Worker::open(&path, &Settings::default()).unwrap();
        }
        None
    });
    let mut worker = worker.unwrap();
    let past = worker.tail().unwrap().info().next_offset.0;
    let (mut parts, mut read, mut seen) = (Parts::default(), 0, LogTime(0));
    let now = ferret::log::now();
    let mut steps = 0;
    while !worker.read(&mut parts, |_, _, part| read += part.entries()).unwrap() {
        assert_eq!(worker.seen() > LogTime(0), read >= past, "{read} of {past} have been read");
        steps += usize::from(worker.seen() > seen);
        seen = worker.seen();
        assert!(seen <= last);
    }
    assert!(steps > 3, "{steps} steps");
    assert!(worker.seen() >= now, "it is known as of now");
}

#[test]
fn a_log_goes_by_the_clock_of_its_machine_as_that_is_set() {
    const DAY_NS: u64 = 86_400_000_000_000;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("9.redb");
    let jump_ns = DAY_NS.cast_signed();
    let set = |tick| (tick == 4).then_some(LogEntry::Clock { jump_ns });
    made_up::write_and(&path, 9, 20, 0, set);
    let mut worker = Worker::open(&path, &Settings::default()).unwrap().unwrap();
    let began = worker.kept.started_ms.unwrap();
    let mut parts = Parts::default();
    while !worker.read(&mut parts, |_, _, _| {}).unwrap() {}
    assert_eq!(worker.kept.started_ms, Some(began + DAY_NS / 1_000_000));
    let mut samples = BTreeMap::<u64, u64>::new();
    for (slot, row) in worker.take_slots().unwrap().1 {
        let day = u64::from(slot.0) * SLOT_NS / DAY_NS;
        *samples.entry(day).or_default() += row.usage.samples;
    }
    let day = began * 1_000_000 / DAY_NS;
    assert_eq!(samples, BTreeMap::from([(day, 5), (day + 1, 15)]));
}
