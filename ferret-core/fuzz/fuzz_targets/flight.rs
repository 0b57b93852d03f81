//! A flight buffer: a sound one, damaged as the input says, is salvaged beside a log of which the input says what
//! it knows.
//!
//! The input is what the log knows behind its length (u16), then patches: where (u32), how many bytes (u8), the
//! bytes. Places are counted in the pages of the buffer that are not zero; with the top bit set in the whole of
//! it. A patch of no bytes copies the page that is there to the page of a second place.
//!
//! As long as the header says a length of 16 MiB at most, the file has it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::PathBuf;
use std::sync::LazyLock;

/// The process's uid, u128, and the file, packed: see `src/packed.rs`.
const SOUND: &[u8] = include_bytes!("../../tests/fixtures/flight_1.bin");
const PAGE: u64 = 4096;
const ANYWHERE: u32 = 1 << 31;
/// Where the header says how many large chunks there are, where these begin, and how long each is: see
/// `src/record/flight/layout.rs`.
const LARGE: u64 = 12;
const LARGE_AT: u64 = 5 << 20;
const LARGE_BYTES: u64 = 64 << 10;
/// Longer files take long.
const MOST_BYTES: u64 = 16 << 20;

fuzz_target!(|bytes: &[u8]| {
    let (known, patches) = split(bytes).unwrap_or_default();
    let length = damage(patches).expect("a file in memory");
    if let Ok(entries) = ferret::fuzz::flight(&BUFFER.path, BUFFER.uid, known) {
        // An event takes 16 bytes, opens one span at most, and says three things beside its end. What the log has
        // open takes bytes of the input.
        let most = length / 4 + 4 * known.len() as u64 + 16;
        assert!(entries.len() as u64 <= most, "{} entries", entries.len());
    }
});

/// The buffer's file, of which each input gets a new version.
struct Buffer {
    uid: u128,
    length: u64,
    /// Its pages that are not zero, by their places.
    pages: Vec<(u64, &'static [u8])>,
    path: PathBuf,
    file: File,
}

static BUFFER: LazyLock<Buffer> = LazyLock::new(|| {
    let (uid, rest) = SOUND.split_first_chunk().expect("a uid");
    let (length, rest) = rest.split_first_chunk().expect("a length");
    let page = |page: &'static [u8]| {
        let (at, bytes) = page.split_first_chunk().expect("a place");
        (u64::from_le_bytes(*at), bytes)
    };
    let path = PathBuf::from(format!("/dev/shm/fuzz-ferret-flight-{}", std::process::id()));
    let mut options = OpenOptions::new();
    let file = options.read(true).write(true).create(true).truncate(true).mode(0o600).open(&path);
    Buffer {
        uid: u128::from_le_bytes(*uid),
        length: u64::from_le_bytes(*length),
        pages: rest.chunks(PAGE as usize + 8).map(page).collect(),
        path,
        file: file.expect("a file in memory"),
    }
});

fn split(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk()?;
    rest.split_at_checked(u16::from_le_bytes(*length).into())
}

/// Writes the file; says how long it is.
fn damage(mut patches: &[u8]) -> io::Result<u64> {
    let file = &BUFFER.file;
    file.set_len(0)?;
    file.set_len(BUFFER.length)?;
    for (at, page) in &BUFFER.pages {
        file.write_all_at(page, *at)?;
    }
    while let Some(rest) = patch(patches)? {
        patches = rest;
    }
    let mut large = [0; 4];
    file.read_exact_at(&mut large, LARGE)?;
    let length = LARGE_AT + u64::from(u32::from_le_bytes(large)) * LARGE_BYTES;
    let length = if length <= MOST_BYTES { length } else { BUFFER.length };
    file.set_len(length)?;
    Ok(length)
}

/// Does what the first patch says, and gives the others; none behind the last.
fn patch(patches: &[u8]) -> io::Result<Option<&[u8]>> {
    let Some((at, rest)) = patches.split_first_chunk() else { return Ok(None) };
    let at = place(u32::from_le_bytes(*at));
    let Some((&count, rest)) = rest.split_first() else { return Ok(None) };
    if count == 0 {
        let Some((to, rest)) = rest.split_first_chunk() else { return Ok(None) };
        let mut page = [0; PAGE as usize];
        let to = place(u32::from_le_bytes(*to));
        BUFFER.file.read_exact_at(&mut page, at / PAGE * PAGE)?;
        BUFFER.file.write_all_at(&page, to / PAGE * PAGE)?;
        return Ok(Some(rest));
    }
    let Some((bytes, rest)) = rest.split_at_checked(count.into()) else { return Ok(None) };
    BUFFER.file.write_all_at(bytes, at)?;
    Ok(Some(rest))
}

fn place(said: u32) -> u64 {
    let at = u64::from(said & !ANYWHERE);
    if said & ANYWHERE != 0 {
        return at % (BUFFER.length - PAGE);
    }
    let at = at % (BUFFER.pages.len() as u64 * PAGE);
    BUFFER.pages[usize::try_from(at / PAGE).expect("a few pages")].0 + at % PAGE
}
