//! A log of format 2 as the program here wrote it on the day it was last changed: it stays readable.

use super::{open, place, read_all};
use crate::event::{
    EndKind, LogEntry, LogTime, Offset, Outcome, PathId, ProcessEnd, Sink, TagValue,
};
use crate::log::testing::{Act, Program, process};
use crate::log::{ReadOptions, Writer, check};
use crate::packed::{pack, unpack};
use std::path::Path;
use std::time::Duration;

/// Packed, as the first that wrote this format left it, without rows of its end.
const FIRST: &[u8] = include_bytes!("../../../tests/fixtures/format_2.bin");
/// Packed, and written by `writes_the_fixture`.
const LAST: &[u8] = include_bytes!("../../../tests/fixtures/format_2_end.bin");

const COUNTED: &[(u16, u64)] = &[(3, 9)];

/// What the program of the fixture did: every entry there is, and a thread that fell silent.
fn acts(counted: &[(u16, u64)]) -> Vec<Vec<Act>> {
    let facts = vec![
        Act::Start(0),
        Act::Wait(31 * 40),
        Act::Tag(TagValue::Text("grüße".to_owned())),
        Act::Tag(TagValue::Signed(-3)),
        Act::Start(4),
        Act::Wait(31 * 5_000),
        Act::End(Outcome::Err),
        Act::SkipPositions(3),
        Act::Start(4),
        Act::Alloc(true, 700, 3),
        Act::Alloc(false, 70_000, 0),
        Act::Heap(1_000, 5),
        Act::Progress(7),
        Act::Mark,
        Act::Counter(2.5),
        Act::End(Outcome::Ok),
        Act::Poll(3),
        Act::Dropped(900),
        Act::PollEnds,
        Act::Metric(Some(12.5), Some(1 << 20), 2),
        Act::Summary(counted.to_vec()),
        Act::Clock(-5),
    ];
    let spans = (0..40).flat_map(|number| {
        [Act::Start(number % 20), Act::Wait(u32::from(number) * 31), Act::End(Outcome::Ok)]
    });
    let others = vec![
        Act::Silent,
        Act::Switch(1),
        Act::StartAsync(2, true),
        Act::Start(5),
        Act::Start(6),
        Act::EndBelow(1, Outcome::Panicked),
        Act::Back(7),
        Act::EndUnknown(Outcome::Cancelled),
    ];
    vec![facts, spans.collect(), others]
}

/// Writes a log, with those calls of one place in it that were only counted.
pub(super) fn write(path: &Path, counted: &[(u16, u64)]) -> Program {
    let mut writer = Writer::create(&place(path), process(2), LogTime(1)).unwrap();
    let mut program = Program::new(Offset(1));
    for acts in acts(counted) {
        for act in acts {
            program.act(&act, &mut writer);
        }
        program.time = program.time.after(1_500_000_000);
        writer.commit(program.time).unwrap();
    }
    let end = ProcessEnd { how: EndKind::Closed };
    writer.finish(end, program.time, Duration::from_secs(1)).unwrap();
    program
}

pub(super) fn check_log(path: &Path, program: &Program) {
    let mut tail = open(path);
    let entries = read_all(&mut tail, 100);
    let [start, told @ .., end] = &entries[..] else { panic!("{entries:?}") };
    assert!(
        matches!(&start.what, LogEntry::ProcessStart(start) if **start == process_of(start.pid))
    );
    assert_eq!(told, program.told);
    assert_eq!(end.what, LogEntry::ProcessEnd(ProcessEnd { how: EndKind::Closed }));
    assert_eq!(tail.names().span_name(PathId(1)), "function_1");
    let open: Vec<_> = program.open().into_iter().map(|(id, stack)| (id, stack.depth())).collect();
    let snapshot = tail.snapshot().unwrap();
    let seen: Vec<_> = snapshot.threads.iter().map(|(id, stack, _)| (*id, stack.depth())).collect();
    assert_eq!(seen, open);
    assert!(check(path, &ReadOptions::default()).unwrap().is_sound());
}

/// What a process of that pid says of itself.
fn process_of(pid: u32) -> crate::event::ProcessStart {
    crate::event::ProcessStart { pid, ..process(2) }
}

#[test]
fn a_log_of_format_2_is_read() {
    let folder = tempfile::tempdir().unwrap();
    // What it did is told again; what is read is the fixture.
    let program = write(&folder.path().join("again.redb"), COUNTED);
    for (packed, has_end) in [(FIRST, false), (LAST, true)] {
        let path = folder.path().join("run.redb");
        std::fs::write(&path, unpack(packed)).unwrap();
        check_log(&path, &program);
        assert_eq!(open(&path).info().is_ended, has_end);
    }
}

/// For a program or a format that changes:
/// `FERRET_TEST_FIXTURE=PATH cargo test -p ferret-core --features read writes_the_fixture`.
#[test]
fn writes_the_fixture() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.redb");
    let program = write(&path, COUNTED);
    check_log(&path, &program);
    if let Some(to) = std::env::var_os("FERRET_TEST_FIXTURE") {
        std::fs::write(to, pack(&std::fs::read(&path).unwrap())).unwrap();
    }
}
