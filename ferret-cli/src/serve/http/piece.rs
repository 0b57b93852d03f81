//! Pieces of a stream: each is compressed once for all who take it so.
//!
//! A gzip stream is a head and blocks, and what follows a flush may refer to what was before. A piece that is
//! compressed by itself and flushed refers to nothing before it, so anybody's stream may go on with it. There is no
//! end: a stream is broken off.

use super::reply::{Reply, takes_gzip};
use flate2::Compression;
use flate2::write::DeflateEncoder;
use hyper::HeaderMap;
use hyper::body::Bytes;
use hyper::header::{CONTENT_ENCODING, HeaderValue, VARY};
use std::io::{self, Write as _};

/// A gzip member's head (RFC 1952): deflate, no time, no name, of no certain system.
const HEAD: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];

/// How somebody takes a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Coding {
    Plain,
    Gzip,
}

/// One piece, both ways.
#[derive(Clone, Debug)]
pub(super) struct Piece {
    plain: Bytes,
    blocks: Bytes,
}

impl Coding {
    /// As a request asks for it.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        if takes_gzip(headers) { Self::Gzip } else { Self::Plain }
    }

    /// Says so in a reply.
    pub(super) fn tell(self, reply: Reply) -> Reply {
        let reply = reply.with(VARY, HeaderValue::from_static("accept-encoding"));
        match self {
            Self::Plain => reply,
            Self::Gzip => reply.with(CONTENT_ENCODING, HeaderValue::from_static("gzip")),
        }
    }
}

impl Piece {
    /// Compresses it, which takes a moment.
    pub(super) fn new(plain: Bytes) -> Self {
        let blocks = blocks(&plain).expect("a vector takes all that is written");
        Self { plain, blocks: blocks.into() }
    }

    /// As the first of a stream.
    pub(super) fn begin(&self, coding: Coding) -> Bytes {
        match coding {
            Coding::Plain => self.plain.clone(),
            Coding::Gzip => [&HEAD, &*self.blocks].concat().into(),
        }
    }

    /// As a later one.
    pub(super) fn in_coding(&self, coding: Coding) -> Bytes {
        match coding {
            Coding::Plain => self.plain.clone(),
            Coding::Gzip => self.blocks.clone(),
        }
    }
}

fn blocks(plain: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(plain)?;
    encoder.flush()?;
    // What it writes at its end is left to it: the stream goes on.
    Ok(std::mem::take(encoder.get_mut()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::read::GzDecoder;
    use std::io::Read as _;

    #[test]
    fn pieces_of_any_order_are_one_gzip_stream() {
        let texts = ["data: one\n\n".repeat(10_000), String::new(), "data: two\n\n".repeat(3)];
        let pieces = texts.clone().map(|text| Piece::new(text.into()));
        for order in [[0, 1, 2], [2, 0, 2], [1, 2, 0]] {
            let mut stream = pieces[order[0]].begin(Coding::Gzip).to_vec();
            let mut expect = texts[order[0]].clone();
            for next in &order[1..] {
                stream.extend_from_slice(&pieces[*next].in_coding(Coding::Gzip));
                expect += &texts[*next];
            }
            let mut said = vec![0; expect.len()];
            GzDecoder::new(&*stream).read_exact(&mut said).unwrap();
            assert_eq!(said, expect.as_bytes(), "{order:?}");
            assert!(stream.len() < expect.len() / 10 + 100, "{}", stream.len());
        }
    }

    #[test]
    fn a_piece_comes_as_it_is_to_who_takes_no_gzip() {
        let piece = Piece::new(Bytes::from_static(b"data: x\n\n"));
        assert_eq!(piece.begin(Coding::Plain), piece.in_coding(Coding::Plain));
        assert_eq!(piece.begin(Coding::Plain), "data: x\n\n");
    }
}
