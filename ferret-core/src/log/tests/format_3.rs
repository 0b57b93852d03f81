//! A log of format 3, whose summaries tell of outcomes and child time, and not of what was cancelled: it stays
//! readable.

use super::format_2::{check_log, write};
use crate::packed::unpack;

/// Packed: what that program did, as the last that wrote this format left it.
const LOG: &[u8] = include_bytes!("../../../tests/fixtures/format_3.bin");

const COUNTED: &[(u16, u64)] = &[(3, 9), (700, 2), (701, 1), (900, 5)];

#[test]
fn a_log_of_format_3_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let program = write(&folder.path().join("again.redb"), COUNTED);
    let path = folder.path().join("run.redb");
    std::fs::write(&path, unpack(LOG)).unwrap();
    check_log(&path, &program);
}
