//! Fixtures of files that are mostly holes: their length, u64, then each page that is not zero, behind its place, u64.
//! Little-endian.

const PAGE: usize = 4096;

/// Packs a file.
pub(crate) fn pack(file: &[u8]) -> Vec<u8> {
    let mut packed = (file.len() as u64).to_le_bytes().to_vec();
    let is_there = |page: &[u8]| page.iter().any(|byte| *byte != 0);
    for (at, page) in file.chunks(PAGE).enumerate().filter(|(_, page)| is_there(page)) {
        packed.extend(((at * PAGE) as u64).to_le_bytes());
        packed.extend(page);
    }
    packed
}

/// The file.
pub(crate) fn unpack(packed: &[u8]) -> Vec<u8> {
    let (length, mut rest) = packed.split_first_chunk().unwrap();
    let mut file = vec![0; usize::try_from(u64::from_le_bytes(*length)).unwrap()];
    while let Some((at, pages)) = rest.split_first_chunk() {
        let at = usize::try_from(u64::from_le_bytes(*at)).unwrap();
        let page = PAGE.min(file.len() - at);
        file[at..at + page].copy_from_slice(&pages[..page]);
        rest = &pages[page..];
    }
    file
}

#[test]
fn what_is_packed_is_unpacked() {
    let mut file = vec![0; 10 * PAGE + 100];
    (file[5], file[7 * PAGE], file[10 * PAGE + 99]) = (1, 2, 3);
    let packed = pack(&file);
    assert_eq!(packed.len(), 8 + 3 * 8 + 2 * PAGE + 100);
    assert_eq!(unpack(&packed), file);
}
