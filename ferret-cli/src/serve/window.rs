//! A window of one worker's log: read anew for who asks, piece by piece as he takes it. So many at once, for so long,
//! and not a moment longer than somebody waits for it.

use super::http::BrokenOff;
use super::question::{WindowForm, WindowQuestion};
use super::serving::Refusal;
use crate::export::{Part, PartError, PartForm, write_part};
use crate::stop::Stop;
use ferret::log::LogError;
use hyper::body::Bytes;
use jiff::Timestamp;
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::time::Instant;

/// Bytes of a piece, and pieces that wait to be taken.
const PIECE: usize = 64 << 10;
const PIECES: usize = 4;
/// What takes longer is too much for a server that others ask too.
const LONGEST: Duration = Duration::from_mins(2);

/// Those that are read.
#[derive(Debug)]
pub(super) struct Windows {
    places: Arc<Semaphore>,
}

/// One that is read.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) pieces: mpsc::Receiver<Result<Bytes, BrokenOff>>,
    content_type: &'static str,
    refusal: oneshot::Receiver<Refusal>,
}

/// Where it is written to.
struct Pieces {
    /// All of it has been given.
    is_done: bool,
    to: mpsc::Sender<Result<Bytes, BrokenOff>>,
    piece: Vec<u8>,
}

impl Default for Windows {
    fn default() -> Self {
        Self { places: Arc::new(Semaphore::new(Self::AT_ONCE)) }
    }
}

impl Windows {
    /// Each has a thread, and reads a log as fast as it can.
    pub(super) const AT_ONCE: usize = 2;

    /// Begins to read one; none if no place is free.
    pub(super) fn begin(&self, question: WindowQuestion, log: PathBuf) -> Option<Job> {
        let place = Arc::clone(&self.places).try_acquire_owned().ok()?;
        let (to, pieces) = mpsc::channel(PIECES);
        let (refuse, refusal) = oneshot::channel();
        let content_type = question.form.content_type();
        tokio::task::spawn_blocking(move || {
            let _place = place;
            let mut pieces = Pieces { is_done: false, to, piece: Vec::with_capacity(PIECE) };
            let written = read(question, &log, &mut pieces);
            let written = written.and_then(|()| pieces.flush().map_err(PartError::Write));
            match written {
                Ok(()) => pieces.is_done = true,
                // Whoever asked may have gone: then nobody is to be told.
                Err(error) => drop(refuse.send(refusal_of(&error))),
            }
        });
        Some(Job { pieces, content_type, refusal })
    }
}

impl Job {
    pub(super) fn content_type(&self) -> &'static str {
        self.content_type
    }

    /// Why it was broken off.
    pub(super) async fn refusal(self) -> Result<Refusal, oneshot::error::RecvError> {
        self.refusal.await
    }
}

impl WindowForm {
    /// The media type of what comes.
    pub(super) fn content_type(self) -> &'static str {
        match self {
            Self::Flame { .. } => "application/json",
            Self::Export(form) => form.as_file().1,
        }
    }
}

/// What is not all of it must not look so, also after a panic.
impl Drop for Pieces {
    fn drop(&mut self) {
        if !self.is_done {
            // Whoever took it may have gone.
            self.to.blocking_send(Err(BrokenOff)).ok();
        }
    }
}

impl Write for Pieces {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.piece.len() + bytes.len() > PIECE {
            self.flush()?;
        }
        self.piece.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.piece.is_empty() {
            return Ok(());
        }
        let piece = std::mem::replace(&mut self.piece, Vec::with_capacity(PIECE));
        self.to.blocking_send(Ok(piece.into())).map_err(|_gone| nobody_waits())
    }
}

fn read(question: WindowQuestion, log: &Path, pieces: &mut Pieces) -> Result<(), PartError> {
    let now_ms = u64::try_from(Timestamp::now().as_millisecond()).unwrap_or(0);
    let form = match question.form {
        WindowForm::Flame { limit } => PartForm::Flame(limit),
        WindowForm::Export(form) => PartForm::Export(form),
    };
    let between_ms = question.range.map(|range| range.at(now_ms));
    let worker = question.worker.0;
    let part = Part { worker, between_ms, filter: question.filter, form };
    let (to, until) = (pieces.to.clone(), Instant::now() + LONGEST);
    let stop = Stop::once(move || to.is_closed() || Instant::now() > until);
    write_part(log, part, pieces, &stop)?;
    if pieces.to.is_closed() {
        return Err(nobody_waits().into());
    }
    if Instant::now() > until {
        let too_long =
            "this window takes too long to read: ask for a shorter one, or use ferret export";
        return Err(io::Error::new(ErrorKind::TimedOut, too_long).into());
    }
    Ok(())
}

fn nobody_waits() -> io::Error {
    io::Error::new(ErrorKind::BrokenPipe, "nobody waits for it")
}

fn refusal_of(error: &PartError) -> Refusal {
    match error {
        PartError::Log(LogError::NotFound { .. }) => {
            Refusal::NotThere("the log of this worker is not there any more".to_owned())
        }
        PartError::Write(late) if late.kind() == ErrorKind::TimedOut => Refusal::Busy,
        PartError::Log(_) | PartError::Write(_) | PartError::Other(_) => {
            Refusal::Broken(error.to_string())
        }
        PartError::NotThen(why) => Refusal::NotThere(why.clone()),
    }
}
