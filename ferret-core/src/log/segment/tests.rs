//! What is encoded comes back, and anything else is an error.

use super::*;
use crate::event::{Offset, Outcome, ProcessStart};
use crate::log::codec::Input;
use crate::log::testing::{self, Act, Program, acts, decode};
use proptest::prelude::*;

fn encode(acts: &[Act]) -> (Program, Encoder) {
    let mut program = Program::new(Offset(5));
    let mut encoder = Encoder::new(Offset(5));
    for act in acts {
        program.act(act, &mut encoder);
    }
    encoder.seal();
    (program, encoder)
}

proptest! {
    #[test]
    fn entries_come_back(acts in acts(600)) {
        let (program, encoder) = encode(&acts);
        let (_, bytes) = encoder.sealed();
        prop_assert_eq!(decode(bytes, Offset(5)).unwrap(), program.told);
    }

    #[test]
    fn every_segment_decodes_alone(acts in acts(600)) {
        let (program, encoder) = encode(&acts);
        let (segments, bytes) = encoder.sealed();
        for segment in segments.iter().rev() {
            let entries = decode(&bytes[segment.bytes.clone()], segment.first).unwrap();
            let from = usize::try_from(segment.first.0 - 5).unwrap();
            prop_assert_eq!(&entries, &program.told[from..from + entries.len()]);
        }
    }

    #[test]
    fn changed_bytes_give_entries_or_an_error(
        acts in acts(100),
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let (program, encoder) = encode(&acts);
        let mut bytes = encoder.sealed().1.to_vec();
        prop_assume!(!bytes.is_empty());
        for (at, value) in changes {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        if let Ok(entries) = decode(&bytes, Offset(5)) {
            // Every entry takes a byte.
            prop_assert!(entries.len() <= bytes.len(), "{} of {}", entries.len(), program.told.len());
        }
    }

    #[test]
    fn any_bytes_give_entries_or_an_error(body: Vec<u8>) {
        let mut bytes = u32::try_from(body.len() + 4).unwrap().to_le_bytes().to_vec();
        bytes.extend_from_slice(&u32::MAX.to_le_bytes());
        bytes.extend_from_slice(&body);
        prop_assert!(decode(&bytes, Offset(0)).is_err());
    }
}

#[test]
fn a_nested_span_takes_five_bytes() {
    let mut acts = Vec::new();
    for _ in 0..10_000 {
        for act in [Act::Start(1), Act::Start(2), Act::End(Outcome::Ok), Act::End(Outcome::Ok)] {
            acts.extend([Act::Wait(31 * 100), act]);
        }
    }
    let (program, encoder) = encode(&acts);
    let bytes = encoder.len() * 10 / (program.told.len() / 2);
    assert!(bytes <= 50, "{bytes} tenths of a byte a span");
}

#[test]
fn deep_stacks_are_cut_in_keyframes_and_still_end() {
    let mut acts = vec![Act::Start(1); 3_000];
    acts.extend(vec![Act::End(Outcome::Ok); 3_000]);
    let (program, encoder) = encode(&acts);
    let (segments, bytes) = encoder.sealed();
    assert!(segments.len() > 3, "{} segments", segments.len());
    assert_eq!(decode(bytes, Offset(5)).unwrap(), program.told);
    assert_eq!(segments.last().unwrap().open_after, 0);
}

/// The parent of a span that begins where all frames that the keyframe tells of have ended is one that it
/// only counts.
#[test]
fn below_what_a_keyframe_tells_a_span_still_has_its_parent() {
    // An entry has a short way at every other offset: so each at each place.
    for (ends, marks) in [31, 32, 33, 99, 100].into_iter().flat_map(|ends| [(ends, 0), (ends, 1)]) {
        let mut program = Program::new(Offset(5));
        let mut encoder = Encoder::new(Offset(5));
        (0..100).for_each(|_| program.act(&Act::Start(1), &mut encoder));
        encoder.seal();
        let then = vec![Act::Mark; marks].into_iter().chain(vec![Act::End(Outcome::Ok); ends]);
        for act in then.chain([Act::Start(2), Act::Start(3), Act::End(Outcome::Ok)]) {
            program.act(&act, &mut encoder);
        }
        encoder.seal();
        assert_eq!(decode(encoder.sealed().1, Offset(5)).unwrap(), program.told, "{ends}");
    }
}

/// Who is recorded, as it is encoded and decoded again.
#[track_caller]
fn check_start(start: ProcessStart, opcode: u8) {
    let what = LogEntry::ProcessStart(Box::new(start));
    let mut bytes = Vec::new();
    other::put_other(&mut bytes, &what, LogTime(0), false);
    assert_eq!(bytes[0], opcode);
    let mut input = Input::new(&bytes[1..]);
    assert_eq!(other::get_other(opcode, &mut input, LogTime(0)), Ok((what, false)));
    assert!(input.is_empty());
}

#[test]
fn a_start_that_was_not_measured_is_as_in_format_1() {
    check_start(ProcessStart { span_cost: None, ..testing::process(7) }, 1);
    check_start(testing::process(7), 24);
}
