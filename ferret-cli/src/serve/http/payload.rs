//! What a response carries: bytes that are there, or bytes that come.

use hyper::body::{Body, Bytes, Frame, SizeHint};
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::sync::mpsc::Receiver;

/// The body of a response.
#[derive(Debug)]
pub(crate) enum Payload {
    /// All of it, until it is sent.
    Whole(Bytes),
    /// Piece by piece; an error breaks the connection off, so that nobody takes a part for the whole.
    Coming(Receiver<Result<Bytes, BrokenOff>>),
    /// The same behind a piece that is there.
    Begun(Option<Bytes>, Receiver<Result<Bytes, BrokenOff>>),
}

/// What was begun cannot be finished.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BrokenOff;

impl fmt::Display for BrokenOff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("what was begun cannot be finished")
    }
}

impl std::error::Error for BrokenOff {}

impl Body for Payload {
    type Data = Bytes;
    type Error = BrokenOff;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BrokenOff>>> {
        match &mut *self {
            Self::Whole(bytes) if bytes.is_empty() => Poll::Ready(None),
            Self::Whole(bytes) => Poll::Ready(Some(Ok(Frame::data(std::mem::take(bytes))))),
            Self::Begun(first, _) if first.is_some() => {
                Poll::Ready(first.take().map(|first| Ok(Frame::data(first))))
            }
            Self::Coming(pieces) | Self::Begun(_, pieces) => {
                pieces.poll_recv(context).map(|piece| piece.map(|piece| piece.map(Frame::data)))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self, Self::Whole(bytes) if bytes.is_empty())
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Self::Coming(_) | Self::Begun(..) => SizeHint::default(),
        }
    }
}
