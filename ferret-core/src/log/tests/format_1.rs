//! A log of format 1, as the last program that wrote one left it: it stays readable.

use super::{open, read_all};
use crate::event::{EndKind, LogEntry, Offset, Outcome, PathId, ProcessEnd, TagValue};
use crate::log::segment::Encoder;
use crate::log::testing::{Act, Program};

/// Written by a `Writer` of format 1 that was told what this file's program does.
const LOG: &[u8] = include_bytes!("../../../tests/fixtures/format_1.redb");

/// What the program of the fixture did.
fn acts() -> Vec<Act> {
    vec![
        Act::Start(0),
        Act::Wait(31 * 40),
        Act::Tag(TagValue::Text("grüße".to_owned())),
        Act::Start(4),
        Act::Wait(31 * 5_000),
        Act::End(Outcome::Err),
        Act::SkipPositions(3),
        Act::Start(4),
        Act::Progress(7),
        Act::Mark,
        Act::Counter(2.5),
        Act::End(Outcome::Ok),
        Act::Poll(3),
        Act::Dropped(900),
        Act::PollEnds,
        Act::Metric(Some(12.5), Some(1 << 20), 2),
        Act::Summary(vec![(3, 9)]),
        Act::Clock(-5),
        Act::Switch(1),
        Act::StartAsync(2, true),
        Act::Start(5),
        Act::Back(7),
        Act::EndUnknown(Outcome::Cancelled),
    ]
}

#[test]
fn a_log_of_format_1_is_read() {
    let mut program = Program::new(Offset(1));
    let mut told_to = Encoder::new(Offset(1));
    for act in acts() {
        program.act(&act, &mut told_to);
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.redb");
    std::fs::write(&path, LOG).unwrap();
    let mut tail = open(&path);
    let entries = read_all(&mut tail, 100);
    let [start, told @ .., end] = &entries[..] else { panic!("{entries:?}") };
    assert!(matches!(start.what, LogEntry::ProcessStart(_)));
    assert_eq!(told, program.told);
    assert_eq!(end.what, LogEntry::ProcessEnd(ProcessEnd { how: EndKind::Closed }));
    assert_eq!(tail.names().span_name(PathId(1)), "function_1");
}
