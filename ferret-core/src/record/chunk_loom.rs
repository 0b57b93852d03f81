//! Every interleaving of writing threads and the recorder that reads beside them, up to a bounded
//! number of preemptions. Run by `tests/run.sh loom`.

use super::*;
use crate::record::engine::ThreadShared;
use crate::record::raw::NO_SPAN;
use loom::sync::Arc;
use model::{Recorder, Shared, Writer};

#[path = "chunk_loom/model.rs"]
mod model;

/// A chunk of its own, leaked by the model's iteration.
fn chunk(slots: usize) -> Chunk {
    let head = ChunkHead {
        published: AtomicU32::new(0),
        thread: AtomicU32::new(0),
        sequence: AtomicU32::new(0),
        base: AtomicU64::new(0),
        unsaid: AtomicU64::new(0),
    };
    let cells: Vec<_> = (0..slots).map(|_| UnsafeCell::new([0, 0])).collect();
    Chunk {
        head: Box::leak(Box::new(head)),
        slots: Vec::leak(cells).as_ptr(),
        capacity: u32::try_from(slots).unwrap(),
    }
}

fn thread(id: u32) -> Arc<ThreadShared> {
    Arc::new(ThreadShared::new(id, String::new(), id, 0))
}

#[test]
fn a_reader_sees_whole_events_in_order_and_nothing_else() {
    loom::model(|| {
        let shared = chunk((END_RESERVE + LOSS_RESERVE) as usize + 3);
        shared.claim(1, 0, 0);
        let writer = loom::thread::spawn(move || {
            let cursor = Cursor::new();
            cursor.take(shared);
            cursor.push(cursor.room_to_start().unwrap(), [1, 1]);
            cursor.push_all(cursor.room(2).unwrap(), &[[2, 2], [3, 3]]);
        });
        for _ in 0..2 {
            let seen = shared.published_from(0);
            assert!([0, 1, 3].contains(&seen.len()), "half an event: {seen:?}");
            for (slot, number) in seen.iter().zip(1..) {
                assert_eq!(*slot, [number, number]);
            }
        }
        writer.join().unwrap();
        assert_eq!(shared.published_from(1).len(), 2);
    });
}

/// Looks while a thread changes chunks: it is read without a gap, and nothing is read twice.
#[test]
fn a_look_follows_a_thread_from_chunk_to_chunk() {
    loom::model(|| {
        let (shared, one) = (Shared::new(3, 1), thread(1));
        let mut recorder = Recorder::new(&shared, &[(&one, 0)]);
        let mut writer = Writer::new(&shared, &one, 0);
        let writer = loom::thread::spawn(move || {
            assert!((0..3).all(|_| writer.start()), "there is a chunk for each");
        });
        recorder.look();
        recorder.look();
        writer.join().unwrap();
        recorder.look();
        assert_eq!(recorder.readers[0].position, 3);
    });
}

/// A thread that has moved on still announces its old chunk; that is recycled meanwhile, and another
/// thread claims it, as its own chunk of the number that is awaited of the first.
#[test]
fn a_recycled_chunk_is_not_taken_for_the_one_that_is_awaited() {
    loom::model(|| {
        let (shared, one, two) = (Shared::new(2, 1), thread(1), thread(2));
        let mut recorder = Recorder::new(&shared, &[(&one, 0), (&two, 1)]);
        let mut first = Writer::new(&shared, &one, 0);
        let mut second = Writer::new(&shared, &two, 1);
        assert!(first.start());
        // The other chunk is free, unless the second thread was faster.
        let first = loom::thread::spawn(move || u64::from(first.start()));
        // The first look finds the chunk handed over, if it is; the second reads it to its end.
        recorder.look();
        recorder.look();
        recorder.recycle();
        let second = loom::thread::spawn(move || u64::from(second.start()));
        recorder.look();
        let written = [1 + first.join().unwrap(), second.join().unwrap()];
        recorder.look();
        let read: Vec<u64> = recorder.readers.iter().map(|reader| reader.position).collect();
        assert_eq!(read, written);
    });
}

/// Chunks go round between a thread and the recorder, and are written anew while the recorder reads.
#[test]
fn a_chunk_is_not_written_anew_before_it_has_been_read() {
    loom::model(|| {
        let (shared, one) = (Shared::new(2, 1), thread(1));
        let mut recorder = Recorder::new(&shared, &[(&one, 0)]);
        let mut writer = Writer::new(&shared, &one, 0);
        let writer =
            loom::thread::spawn(move || (0..4).map(|_| u64::from(writer.start())).sum::<u64>());
        for _ in 0..2 {
            recorder.look();
            recorder.recycle();
        }
        let written = writer.join().unwrap();
        recorder.look();
        assert_eq!(recorder.readers[0].position, written);
    });
}

/// No chunk is free: a thread counts what it skips, ends what it began in the reserve, and says the
/// loss there, or in the next chunk, should the recorder have given one back.
#[test]
fn a_thread_without_a_chunk_counts_what_it_skips() {
    loom::model(|| {
        let (shared, one) = (Shared::new(2, 1), thread(1));
        let mut recorder = Recorder::new(&shared, &[(&one, 0)]);
        let mut writer = Writer::new(&shared, &one, 0);
        let writer = loom::thread::spawn(move || {
            let (mut started, mut slots) = (0, 0);
            for _ in 0..3 {
                if writer.start() {
                    started += 1;
                    slots += 1;
                } else {
                    writer.cursor.shut();
                    let period = writer.loss.skip(0);
                    writer.loss.unskip(period, 0);
                }
            }
            let mut dropped = 0;
            if writer.loss.is_pending() {
                let room = writer.cursor.room_for_loss(2).expect("the reserve is for that");
                let [_, [spans, _]] = writer.loss.report(0, NO_SPAN);
                writer.write(room);
                dropped = spans;
                slots += 2;
            }
            let room = writer.cursor.room_for_end(1).expect("the reserve is for that");
            writer.write(room);
            assert_eq!(started + dropped, 3);
            slots + 1
        });
        recorder.look();
        recorder.recycle();
        recorder.look();
        let written: u64 = writer.join().unwrap();
        recorder.look();
        assert_eq!(recorder.readers[0].position, written);
    });
}

/// A thread ends while it is looked at: whoever is told that it has, and finds it read, has all of it.
#[test]
fn a_thread_that_ends_hands_over_what_it_had() {
    loom::model(|| {
        let (shared, one) = (Shared::new(2, 1), thread(1));
        let mut recorder = Recorder::new(&shared, &[(&one, 0)]);
        let mut writer = Writer::new(&shared, &one, 0);
        let writer = loom::thread::spawn(move || {
            assert!((0..2).all(|_| writer.start()), "there is a chunk for each");
            writer.leave();
        });
        for _ in 0..2 {
            recorder.look();
            assert!(!recorder.readers[0].finished || recorder.readers[0].position == 3);
            recorder.recycle();
        }
        writer.join().unwrap();
        recorder.look();
        assert!(recorder.readers[0].finished);
        assert_eq!(recorder.readers[0].position, 3);
    });
}
