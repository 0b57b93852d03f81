//! Format 2, byte by byte. If one of these fails, the format has changed: it needs a new number,
//! and what is here must stay readable.

use crate::event::{
    CallsiteInfo, CallsiteKind, EnteredPlace, Frame, HeapAccount, HeapUse, LogTime, Offset,
    OpenTask, Outcome, OuterFrames, PathId, PathInfo, Position, ProcessUid, Resume, RunId, SpanId,
    TaskLife, ThreadId, ThreadInfo, ThreadStack,
};
use crate::log::block;
use crate::log::schema::{self, Checkpoint, LogEnd, Meta, OpenStack, RowKind};
use crate::log::segment::{Encoder, Segment};
use crate::log::task_rows::KeptTask;
use crate::log::testing::{Act, Program};
use serde::Serialize;

const BLOCK: &str = "4645525245546201040000006200000005000000000000000e000000010000000010a5d4e8000000\
    5072a7d4e8000000341c84c523ed68275e0000000e000000010080a094a58d1d00000102c52608c7\
    eb250701034106000203400703110101000202030603010a03076303080307630488c9bbca9a3a07\
    0106031600bc0564e9010309031601076303bc0564e901030902031703e80705f403";

const ROWS: [&str; 10] = [
    "665272012d00000009000000000000002d21dd835db7fca7fc04030201fe00000000000000000000\
     0000b0a00000fb2c0104686f737404626f6f7401050000fc7011010000",
    "66527202150000000900000000000000130915acce12bce3066465636f646504613a3a6204622e72\
     73fbfb0003",
    "665272030200000009000000000000008d3a346bdb34b97d0304",
    "665272040700000009000000000000003b6225ec0802e11b046d61696e0c05",
    "66527205050000000900000000000000037facf2b4320e760809020000",
    "665272060500000009000000000000000dde3e081e78a5230801010102",
    "665272071100000009000000000000008bfd102081780e2e0801fb2c01030101fb2c0102fc701101\
     00",
    "665272082b0000000900000000000000e2148f334f7e863dfc71110100020101fb2c0103fc701101\
     000501fb2c0101fb2d010101fb2c010301fb2c010701000007050e",
    "665272090b0000000900000000000000f4009c1da414d69dfc7211010001fb2c010100",
    "6652720a100000000900000000000000c267f28a9ed6f0050101fb2c0103fc701101000501fb2c01",
];

fn hex(bytes: &[u8]) -> String {
    bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]).map(digit).collect()
}

fn digit(value: u8) -> char {
    char::from(b"0123456789abcdef"[usize::from(value)])
}

#[test]
fn a_block_has_these_bytes() {
    let mut program = Program::new(Offset(5));
    let mut encoder = Encoder::new(Offset(5));
    for act in [
        Act::Start(0),
        Act::Wait(31 * 40),
        Act::Start(4),
        Act::Wait(31 * 5_000),
        Act::End(Outcome::Err),
        Act::SkipPositions(3),
        Act::Start(4),
        Act::End(Outcome::Ok),
        Act::Back(7),
        Act::Mark,
        Act::End(Outcome::Ok),
        Act::StartAsync(2, true),
        Act::EndUnknown(Outcome::Cancelled),
        Act::Start(2),
        Act::Alloc(true, 700, 3),
        Act::Alloc(false, 700, 3),
        Act::End(Outcome::Ok),
        Act::Heap(1_000, 5),
    ] {
        program.act(&act, &mut encoder);
    }
    encoder.seal();
    let (segments, bytes) = encoder.sealed();
    let blocks = block::pack(segments, bytes);
    assert_eq!(hex(&blocks[0].1), BLOCK);
    let (header, body) = block::verify(&blocks[0].1).unwrap();
    let (segment, rest) = Segment::split(header.first, body).unwrap();
    let mut entries = Vec::new();
    segment.entries().unwrap().decode_into(Offset(0), &mut entries).unwrap();
    assert_eq!((entries, rest), (program.told, &[][..]));
}

#[test]
fn rows_have_these_bytes() {
    fn row<T: Serialize>(kind: RowKind, value: &T) -> String {
        hex(&schema::row(kind, 9, value).unwrap())
    }
    let meta = Meta {
        run: RunId(0x0102_0304),
        uid: ProcessUid(0x0a0b << 100),
        pid: 300,
        host: "host".to_owned(),
        boot_id: "boot".to_owned(),
        token: Some(RunId(5)),
        max_bytes: 0,
        max_age_ns: 0,
        created: LogTime(70_000),
        salvaged_entries: 0,
    };
    let callsite = CallsiteInfo {
        name: "decode".to_owned(),
        module: "a::b".to_owned(),
        file: "b.rs".to_owned(),
        line: 251,
        kind: CallsiteKind::Stage,
    };
    let path = PathInfo { parent: PathId(3), callsite: crate::event::CallsiteId(4) };
    let thread = ThreadInfo { name: "main".to_owned(), tid: 12, start: LogTime(5) };
    let open = OpenStack { next: Offset(8), time: LogTime(9), keyframe: vec![0, 0] };
    let checkpoint =
        Checkpoint { next: Offset(8), full: true, keyframes: vec![(ThreadId(1), Offset(2))] };
    let span = SpanId { thread: ThreadId(1), start: Position(300) };
    let life = TaskLife::Begun(LogTime(70_000));
    let task = OpenTask { span, path: PathId(3), parent: Some(span), life };
    let task = KeptTask { next: Offset(8), task };
    let frame = Frame { span, path: PathId(3), since: LogTime(70_000), child_ns: 5 };
    let place = EnteredPlace { at: Position(301), parent: Some(span), path: PathId(3) };
    let heap = HeapUse { bytes: 7, count: 1, freed_bytes: 0, frees: 0, peak_bytes: 7 };
    let resume = Resume {
        time: LogTime(70_001),
        stack: ThreadStack::restore(2, vec![frame]),
        opened: vec![Position(300)],
        places: vec![place],
        heap: vec![HeapAccount { frame: Position(300), unsaid: heap, grown: -3, peak: 7 }],
    };
    let outer = OuterFrames { frames: vec![frame], opened: vec![Position(300)] };
    let end = LogEnd { at: LogTime(70_002), salvaged: Some(300), oom_kills: Some(0) };
    let rows = [
        row(RowKind::Meta, &meta),
        row(RowKind::Callsite, &callsite),
        row(RowKind::Path, &path),
        row(RowKind::Thread, &thread),
        row(RowKind::Open, &open),
        row(RowKind::Checkpoint, &checkpoint),
        row(RowKind::Task, &task),
        row(RowKind::Resume, &resume),
        row(RowKind::End, &end),
        row(RowKind::Outer, &outer),
    ];
    assert_eq!(rows, ROWS);
}
