//! What callsites are called, in a flight buffer: one record behind the other, in order of their ids.
//!
//! ```text
//! 0   length   u32   of the record, a multiple of 8
//! 4   id       u32
//! 8   line     u32
//! 12  kind     u8    as in the log's rows: 0 function, 1 async, 2 block, 3 stage,
//!                    4 async stage, 5 key, 6 mark
//! 13  —        3 bytes
//! 16  lengths  4 × u16   of name, source, module, file
//! 24  the four, as UTF-8
//! ```
//!
//! `source` is what the source calls a callsite whose name is a value; empty where that is the name itself.

use crate::event::{CallsiteId, CallsiteKind};

const HEAD_BYTES: usize = 24;
/// Longer texts are cut, bytes.
const MAX_TEXT: usize = 1024;

/// What is told of a callsite.
#[derive(Clone, Copy, Debug)]
pub(in crate::record) struct Named<'a> {
    pub(in crate::record) id: CallsiteId,
    pub(in crate::record) kind: CallsiteKind,
    pub(in crate::record) line: u32,
    pub(in crate::record) name: &'a str,
    /// What the source calls it, if the name is a value.
    pub(in crate::record) source: &'a str,
    pub(in crate::record) module: &'a str,
    pub(in crate::record) file: &'a str,
}

impl<'a> Named<'a> {
    /// The record of it, piece by piece: asks for no memory, for whoever does may be profiled.
    pub(super) fn pieces(&self) -> ([u8; HEAD_BYTES], [&'a str; 4], usize) {
        let texts = [self.name, self.source, self.module, self.file]
            .map(|text| &text[..text.floor_char_boundary(MAX_TEXT)]);
        let bytes = texts.iter().map(|text| text.len()).sum::<usize>() + HEAD_BYTES;
        let bytes = bytes.next_multiple_of(8);
        let mut head = [0; HEAD_BYTES];
        head[..4].copy_from_slice(&low(bytes).to_ne_bytes());
        head[4..8].copy_from_slice(&self.id.0.to_ne_bytes());
        head[8..12].copy_from_slice(&self.line.to_ne_bytes());
        head[12] = number_of(self.kind);
        for (place, text) in head[16..].chunks_exact_mut(2).zip(texts) {
            place.copy_from_slice(&u16::try_from(text.len()).unwrap_or(0).to_ne_bytes());
        }
        (head, texts, bytes)
    }

    /// The record at the front of `bytes`, and what is behind it; none where there is no sound one.
    #[cfg(feature = "read")]
    pub(super) fn read(bytes: &'a [u8]) -> Option<(Self, &'a [u8])> {
        let word = |at: usize| Some(u32::from_ne_bytes(bytes.get(at..at + 4)?.try_into().ok()?));
        let length = word(0)? as usize;
        let (record, rest) = bytes.split_at_checked(length)?;
        let (head, mut texts) = record.split_at_checked(HEAD_BYTES)?;
        let mut lengths = head[16..].chunks_exact(2);
        let mut text = || {
            let length = u16::from_ne_bytes(lengths.next()?.try_into().ok()?);
            let (text, behind) = texts.split_at_checked(usize::from(length))?;
            texts = behind;
            std::str::from_utf8(text).ok()
        };
        let named = Self {
            id: CallsiteId(word(4)?),
            kind: kind_of(head[12])?,
            line: word(8)?,
            name: text()?,
            source: text()?,
            module: text()?,
            file: text()?,
        };
        Some((named, rest))
    }

    /// What a log is told of it.
    #[cfg(feature = "read")]
    pub(super) fn info(&self, values: bool) -> crate::event::CallsiteInfo {
        let is_value = !self.source.is_empty();
        crate::event::CallsiteInfo {
            name: if is_value && !values { self.source } else { self.name }.to_owned(),
            module: self.module.to_owned(),
            file: self.file.to_owned(),
            line: self.line,
            kind: self.kind,
        }
    }
}

const KINDS: [CallsiteKind; 7] = [
    CallsiteKind::Function,
    CallsiteKind::Async,
    CallsiteKind::Block,
    CallsiteKind::Stage,
    CallsiteKind::AsyncStage,
    CallsiteKind::Key,
    CallsiteKind::Mark,
];

fn number_of(kind: CallsiteKind) -> u8 {
    let number = KINDS.iter().position(|known| *known == kind);
    u8::try_from(number.unwrap_or(KINDS.len())).unwrap_or(u8::MAX)
}

#[cfg(feature = "read")]
fn kind_of(number: u8) -> Option<CallsiteKind> {
    KINDS.get(usize::from(number)).copied()
}

/// As u32: a record has some 4 KB at most.
fn low(bytes: usize) -> u32 {
    u32::try_from(bytes).unwrap_or(u32::MAX)
}

#[cfg(test)]
#[cfg(feature = "read")]
mod tests {
    use super::*;

    fn record(named: &Named<'_>) -> Vec<u8> {
        let (head, texts, bytes) = named.pieces();
        let mut record = head.to_vec();
        record.extend(texts.iter().flat_map(|text| text.bytes()));
        record.resize(bytes, 0);
        record
    }

    #[test]
    fn what_is_written_is_read() {
        let (id, line) = (CallsiteId(7), 12);
        for kind in KINDS {
            let (name, source, module, file) = ("GET /ü", "get", "app::web", "src/web.rs");
            let bytes = record(&Named { id, kind, line, name, source, module, file });
            let (read, rest) = Named::read(&bytes).unwrap();
            assert_eq!((read.id, read.kind, read.line), (id, kind, line));
            assert_eq!((read.info(true).name, read.info(false).name), (name.into(), source.into()));
            assert_eq!((read.module, read.file, rest.len()), (module, file, 0));
        }
    }

    #[test]
    fn long_texts_are_cut_and_half_a_record_is_none() {
        let long = "é".repeat(4000);
        let named = Named {
            id: CallsiteId(1),
            kind: CallsiteKind::Block,
            line: 1,
            name: &long,
            source: "",
            module: "",
            file: "f",
        };
        let bytes = record(&named);
        assert_eq!(Named::read(&bytes).unwrap().0.name.len(), MAX_TEXT);
        assert!((0..bytes.len()).all(|cut| Named::read(&bytes[..cut]).is_none()));
    }
}
