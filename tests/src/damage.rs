//! A log that is damaged in its middle.

use std::collections::BTreeMap;
use std::path::Path;

/// Where a block begins: its magic, docs/format.md.
const MAGIC: &[u8] = b"FERRETb";
/// Its first entry's offset, from there.
const FIRST: usize = 16;
/// A byte of its segments.
const IN_IT: usize = 60;

/// Changes a byte of a block that is neither the first nor the last, so that the block does not verify any
/// more. In all copies that there are of it: a page that redb copied leaves what it was in the file.
///
/// # Panics
///
/// The log cannot be read and written, or has no block in the middle.
pub fn damage_the_middle(log: &Path) {
    let mut bytes = std::fs::read(log).expect("the log can be read");
    let starts = bytes.windows(MAGIC.len() + IN_IT).enumerate();
    let starts = starts.filter(|(_, bytes)| bytes.starts_with(MAGIC)).map(|(at, _)| at);
    let mut blocks: BTreeMap<[u8; 8], Vec<usize>> = BTreeMap::new();
    for at in starts {
        let mut first: [u8; 8] = bytes[at + FIRST..at + FIRST + 8].try_into().expect("eight bytes");
        // Little endian, to be put in order.
        first.reverse();
        blocks.entry(first).or_default().push(at);
    }
    assert!(blocks.len() > 2, "the log has blocks");
    let middle = blocks.values().nth(blocks.len() / 2).expect("there are three at least");
    for at in middle {
        bytes[at + IN_IT] ^= 0xff;
    }
    std::fs::write(log, bytes).expect("the log can be written");
}
