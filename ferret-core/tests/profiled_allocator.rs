//! A program whose allocator is profiled: every allocation of Ferret's own, on the host's threads
//! and under Ferret's locks, comes back to it as a span.
#![cfg(all(feature = "record", not(feature = "off")))]
#![expect(unsafe_code, reason = "a global allocator is; it passes everything on")]

use ferret::profile;
use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::mpsc::channel;
use std::time::Duration;

struct Profiled;

#[profile(name = "alloc")]
fn noted() {
    ferret::counter!("allocations", 1);
    ferret::tag!(why = "it is tagged");
    ferret::mark!("allocated");
}

/// Asks for memory for its name, within the program's asking for memory.
#[profile(name = if bytes < 100 { "small" } else { "large" })]
fn named(bytes: usize) {}

// SAFETY: the system's allocator does it all.
unsafe impl GlobalAlloc for Profiled {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        noted();
        named(layout.size());
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise is passed on.
        unsafe { System.dealloc(memory, layout) };
    }
}

#[global_allocator]
static ALLOCATOR: Profiled = Profiled;

#[profile]
fn allocates(n: usize) -> usize {
    vec![1_u8; n].len()
}

/// It deadlocked in the list of callsites, which grew under its own lock.
#[test]
fn it_runs_is_recorded_and_comes_to_rest() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("run.redb");
    let (done, finished) = channel();
    let program = move || {
        let session = ferret::start(&log).unwrap();
        let threads: Vec<_> = (0..4)
            .map(|_| {
                let body = || (0..1000).map(allocates).sum::<usize>();
                std::thread::Builder::new().spawn(body).unwrap()
            })
            .collect();
        for thread in threads {
            assert_eq!(thread.join().unwrap(), 499_500);
        }
        let flushed = session.flush(Duration::from_secs(10));
        drop(session);
        done.send(flushed).unwrap();
    };
    std::thread::Builder::new().spawn(program).unwrap();
    assert_eq!(finished.recv_timeout(Duration::from_secs(30)), Ok(true), "it hangs");
}
