//! A whole log: a sound one, damaged as the input says, is opened, read, looked at, checked and
//! scavenged. The input is a length to cut the file to (u32; none if it is longer), then patches:
//! where (u32), how many bytes (u8), the bytes.
//!
//! The log is of format 1, which differs in opcodes alone: that file is the smallest.
#![no_main]

use ferret::log::{LogError, ReadOptions, Tail};
use libfuzzer_sys::fuzz_target;
use std::path::Path;
use std::sync::Once;

const SOUND: &[u8] = include_bytes!("../../tests/fixtures/format_1.redb");

fuzz_target!(|bytes: &[u8]| {
    let file = damaged(bytes).unwrap_or_else(|| SOUND.to_vec());
    quiet();
    let folder = Path::new("/dev/shm").join(format!("ferret-fuzz-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder in memory");
    let path = folder.join("run.redb");
    for read_only in [true, false] {
        std::fs::write(&path, &file).expect("a file in memory");
        if let Err(error) = read(&path, &ReadOptions { read_only, ..ReadOptions::default() }) {
            let is_said = matches!(error, LogError::Damaged { .. } | LogError::NotALog { .. })
                || matches!(error, LogError::NewerFormat { .. });
            assert!(is_said, "{error:?}");
        }
    }
    std::fs::write(&path, &file).expect("a file in memory");
    let saved = folder.join("saved.redb");
    if let Ok(scavenged) = ferret::log::scavenge(&path, &saved) {
        let read = read(&saved, &ReadOptions::default()).expect("what was saved can be read");
        assert_eq!(read, scavenged.entries);
    }
    // What is not there need not be removed.
    drop(std::fs::remove_file(&saved));
});

fn damaged(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut file = SOUND.to_vec();
    let (length, mut patches) = bytes.split_first_chunk::<4>()?;
    while let Some((at, rest)) = patches.split_first_chunk::<4>() {
        let (&count, rest) = rest.split_first()?;
        let (patch, rest) = rest.split_at_checked(usize::from(count))?;
        let at = u32::from_le_bytes(*at) as usize % file.len();
        let end = file.len().min(at + patch.len());
        file[at..end].copy_from_slice(&patch[..end - at]);
        patches = rest;
    }
    file.truncate(u32::from_le_bytes(*length) as usize);
    Some(file)
}

/// Reads all there is; returns how many entries that are.
fn read(path: &Path, options: &ReadOptions) -> Result<u64, LogError> {
    let mut tail = Tail::open(path, options)?;
    let (mut count, mut next) = (0, None);
    loop {
        let some = tail.poll(1_000)?;
        if some.is_empty() {
            break;
        }
        for entry in &some {
            assert!(next.is_none_or(|next| entry.offset >= next), "{} again", entry.offset.0);
            next = Some(entry.offset.plus(1));
        }
        count += some.len() as u64;
        assert!(count <= SOUND.len() as u64, "more entries than bytes");
    }
    tail.snapshot()?;
    ferret::log::check(path, options)?;
    Ok(count)
}

/// A panic of redb's that becomes damage is no crash.
fn quiet() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let hook = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if !ferret::log::panics_are_damage() {
                hook(info);
            }
        }));
    });
}
