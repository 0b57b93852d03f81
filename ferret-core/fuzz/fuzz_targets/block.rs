//! The block decoder: any bytes give entries with offsets one after another, or an error, in time and
//! memory bounded by their length.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    ferret::log::fuzz::verify(bytes);
    let Some((entries, _wrong)) = ferret::log::fuzz::block(bytes) else { return };
    // An entry takes a byte at least.
    assert!(entries.len() <= bytes.len());
    for pair in entries.windows(2) {
        assert_eq!(pair[1].offset, pair[0].offset.plus(1));
    }
});
