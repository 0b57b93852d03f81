//! A status line a second on stderr, beside a command that `ferret run` has started.

use super::plain_lines;
use super::source::{Source, Wanted};
use crate::exit::{self, say};
use ferret::log::{self, ReadOptions};
use std::io;
use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

/// Between two lines.
const TICK: Duration = Duration::from_secs(1);
/// Entries folded at a time.
const BATCH: u64 = 20_000;

/// The lines, until dropped.
#[derive(Debug)]
pub(crate) struct StatusLines {
    /// Disconnected to end the thread.
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl StatusLines {
    /// Begins to write them, as soon as there is a log.
    ///
    /// # Errors
    ///
    /// The system refuses a thread.
    pub(crate) fn start(log: &Path) -> io::Result<Self> {
        let (stop, stopped) = channel();
        // Whoever starts a run repairs its log; this only looks on.
        let options = ReadOptions { read_only: true, ..ReadOptions::default() };
        let source = Source::new(Wanted::Named(vec![log.to_owned()]), options);
        let thread = Builder::new().name("ferret-status".to_owned()).spawn(move || {
            if let Err(error) = write_lines(source, &stopped) {
                say(format_args!("no more status lines: {}", exit::sentence(&error)));
            }
        })?;
        Ok(Self { stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for StatusLines {
    fn drop(&mut self) {
        self.stop = None;
        if let Some(thread) = self.thread.take() {
            // It has told of its panic itself.
            thread.join().unwrap_or(());
        }
    }
}

fn write_lines(mut source: Source, stopped: &Receiver<()>) -> anyhow::Result<()> {
    while stopped.recv_timeout(TICK) == Err(RecvTimeoutError::Timeout) {
        if !source.open()? {
            continue;
        }
        source.look_at_files().iter().for_each(say);
        while source.read(BATCH, |_, _, _| {})? >= BATCH {}
        say(source.look(log::now(), plain_lines::status));
    }
    Ok(())
}
