//! The run from its beginning, read by a thread beside the screen, which shows the present
//! meanwhile. When this has come to the end it knows all that a reader from the beginning knows, and
//! takes over: no two states are ever added up. (To fold blocks in parallel and merge was rejected
//! for now: every projection would need a merge of its own.)

use super::kept::Kept;
use super::reading;
use crate::tui::board::Board;
use ferret::log::{LogError, Merged, ReadOptions, Run};
use parking_lot::{Mutex, MutexGuard};
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{Builder, JoinHandle};

/// Entries between two moments at which the board can be looked at.
const BATCH: u64 = 20_000;

/// The past of a run, as far as it is read.
#[derive(Debug)]
pub(super) struct Past {
    board: Arc<Mutex<Board>>,
    /// Boards of the way so far.
    kept: Arc<Mutex<Kept>>,
    /// Nobody wants it any more.
    given_up: Arc<AtomicBool>,
    /// Gives the run at its end; none if it was given up.
    thread: Option<JoinHandle<Result<Option<Run>, LogError>>>,
}

impl Past {
    /// Begins to read.
    ///
    /// # Errors
    ///
    /// The system refuses a thread.
    pub(super) fn read(paths: Vec<PathBuf>, options: ReadOptions) -> io::Result<Self> {
        let board = Arc::new(Mutex::new(Board::default()));
        let kept = Arc::new(Mutex::new(Kept::default()));
        let given_up = Arc::new(AtomicBool::new(false));
        let (to_fill, keep, stop) = (Arc::clone(&board), Arc::clone(&kept), Arc::clone(&given_up));
        let thread = Builder::new()
            .name("ferret-past".to_owned())
            .spawn(move || read_all(&paths, options, (&to_fill, &keep), &stop))?;
        Ok(Self { board, kept, given_up, thread: Some(thread) })
    }

    /// What is known so far.
    pub(super) fn board(&self) -> MutexGuard<'_, Board> {
        self.board.lock()
    }

    /// Boards of the way so far.
    pub(super) fn kept(&self) -> Kept {
        self.kept.lock().clone()
    }

    /// The run, and all that is known of it, once its end was reached; at most once.
    ///
    /// # Errors
    ///
    /// It cannot be read.
    pub(super) fn finished(&mut self) -> Result<Option<(Run, Board)>, LogError> {
        let Some(thread) = self.thread.take_if(|thread| thread.is_finished()) else {
            return Ok(None);
        };
        match thread.join() {
            Ok(run) => Ok(run?.map(|run| (run, std::mem::take(&mut *self.board.lock())))),
            // It has told of its panic itself.
            Err(panic) => std::panic::resume_unwind(panic),
        }
    }
}

impl Drop for Past {
    fn drop(&mut self) {
        self.given_up.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // What it found is not wanted, and its panic it has told itself.
            drop(thread.join());
        }
    }
}

fn read_all(
    paths: &[PathBuf],
    options: ReadOptions,
    (board, kept): (&Mutex<Board>, &Mutex<Kept>),
    given_up: &AtomicBool,
) -> Result<Option<Run>, LogError> {
    let (mut run, mut merged) = (Run::open(paths, &options)?, Merged::default());
    while !given_up.load(Ordering::Relaxed) {
        let mut board = board.lock();
        let read = reading::read(&mut run, &mut board, &mut merged, BATCH, |_, _, _| {})?;
        reading::note_files(&run, &mut board);
        kept.lock().offer(&board, &run);
        if read < BATCH {
            return Ok(Some(run));
        }
    }
    Ok(None)
}
