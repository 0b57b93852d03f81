//! A flight buffer of format 1, as it was when that was the newest: what one left behind is read for ever.

use super::*;
use crate::packed;
use std::os::unix::fs::OpenOptionsExt;

/// In a fixture: the process's uid, 16 bytes, and the file, packed.
fn fixture() -> Vec<u8> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/flight_1.bin");
    fs::read(path).unwrap()
}

fn pack(buffer: &Buffer) -> Vec<u8> {
    let mut packed = buffer.0.0.to_le_bytes().to_vec();
    packed.extend(packed::pack(&fs::read(path_of(buffer.0)).unwrap()));
    packed
}

fn unpack(packed: &[u8]) -> Buffer {
    let (uid, packed) = packed.split_first_chunk().unwrap();
    let buffer = Buffer(ProcessUid(u128::from_le_bytes(*uid)));
    // A test that was killed has left its own.
    flight::remove(buffer.0);
    let file = File::options().write(true).create_new(true).mode(0o600).open(path_of(buffer.0));
    let file = file.unwrap();
    file.write_all_at(&packed::unpack(packed), 0).unwrap();
    // It is long silent: without a log it would be taken away by whoever sweeps.
    file.write_all_at(&7_u64.to_le_bytes(), 40).unwrap();
    buffer
}

#[test]
#[cfg(target_endian = "little")]
fn a_buffer_of_format_1_is_read() {
    check_work(&unpack(&fixture()).fold().unwrap());
}

/// For a layout or raw events that change: `FERRET_TEST_FIXTURE=PATH cargo test -p ferret-core --features read
/// writes_the_buffer`; and they get a new format.
#[test]
fn writes_the_buffer() {
    let buffer = Buffer::of(21, work);
    check_work(&buffer.fold().unwrap());
    let packed = pack(&buffer);
    drop(buffer);
    check_work(&unpack(&packed).fold().unwrap());
    if let Some(to) = std::env::var_os("FERRET_TEST_FIXTURE") {
        fs::write(to, packed).unwrap();
    }
}
