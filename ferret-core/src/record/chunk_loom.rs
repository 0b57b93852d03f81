//! Every interleaving of a writing thread and the recorder that reads beside it. Run by
//! `RUSTFLAGS="--cfg loom" cargo test -p ferret-core --release --lib loom_tests`.

use super::*;

/// A chunk of its own, leaked by the model's iteration.
fn chunk(slots: usize) -> Chunk {
    let head = ChunkHead {
        published: AtomicU32::new(0),
        thread: AtomicU32::new(0),
        sequence: AtomicU32::new(0),
        base: AtomicU64::new(0),
    };
    let cells: Vec<_> = (0..slots).map(|_| UnsafeCell::new([0, 0])).collect();
    Chunk {
        head: Box::leak(Box::new(head)),
        slots: Vec::leak(cells).as_ptr(),
        capacity: u32::try_from(slots).unwrap(),
    }
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
