//! A program in a real pseudo-terminal, and what stands on its screen.

use crate::until;
use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use std::fmt;
use std::io::{Read, Write};
use std::num::NonZero;
use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError};

/// A terminal of 120 × 40 with a program in it, killed when dropped.
pub struct Terminal {
    child: Box<dyn Child + Send + Sync>,
    // Closing it would hang up on the program.
    master: Box<dyn MasterPty + Send>,
    keys: Box<dyn Write + Send>,
    screen: Arc<Mutex<vt100::Parser>>,
}

impl Terminal {
    const SIZE: PtySize = PtySize { rows: 40, cols: 120, pixel_width: 0, pixel_height: 0 };

    /// Starts `command` in it; of the command, program, arguments, folder and environment are
    /// taken.
    ///
    /// # Panics
    ///
    /// There is no pseudo-terminal, or the command does not start.
    pub fn start(command: &Command) -> Self {
        let pair = native_pty_system().openpty(Self::SIZE).expect("a pseudo-terminal");
        let child = pair.slave.spawn_command(builder(command)).expect("the command starts");
        // Ours must go, or reading would not end with the program.
        drop(pair.slave);
        let mut output = pair.master.try_clone_reader().expect("the terminal can be read");
        let keys = pair.master.take_writer().expect("the terminal can be typed into");
        let [rows, cols] = cells(Self::SIZE);
        let screen = Arc::new(Mutex::new(vt100::Parser::new(rows, cols, 0)));
        let shown = Arc::clone(&screen);
        std::thread::Builder::new()
            .name("terminal".to_owned())
            .spawn(move || {
                let mut bytes = [0; 4096];
                // Reading fails with EIO when the program has closed its side.
                while let Ok(count @ 1..) = output.read(&mut bytes) {
                    shown.lock().unwrap_or_else(PoisonError::into_inner).process(&bytes[..count]);
                }
            })
            .expect("a thread starts");
        Self { child, master: pair.master, keys, screen }
    }

    /// What stands on the screen now, line by line.
    pub fn text(&self) -> String {
        self.screen.lock().unwrap_or_else(PoisonError::into_inner).screen().contents()
    }

    /// Whether the program has switched to the alternate screen, as full-screen programs do.
    pub fn is_full_screen(&self) -> bool {
        self.screen.lock().unwrap_or_else(PoisonError::into_inner).screen().alternate_screen()
    }

    /// Waits until the screen answers.
    ///
    /// # Panics
    ///
    /// It does not within [`crate::PATIENCE`]; the screen is shown.
    pub fn see<T>(&self, what: &str, mut wanted: impl FnMut(&str) -> Option<T>) -> T {
        let mut last = String::new();
        let seen = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            until(what, || {
                last = self.text();
                wanted(&last)
            })
        }));
        seen.unwrap_or_else(|_| panic!("did not see {what}; the screen is:\n{last}"))
    }

    /// Types.
    ///
    /// # Panics
    ///
    /// The terminal is gone.
    pub fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).expect("the terminal takes keys");
        self.keys.flush().expect("the terminal takes keys");
    }

    /// Makes the terminal another size, as a window's corner does.
    ///
    /// # Panics
    ///
    /// The terminal is gone.
    pub fn resize(&self, rows: u16, cols: u16) {
        let size = PtySize { rows, cols, ..Self::SIZE };
        let mut screen = self.screen.lock().unwrap_or_else(PoisonError::into_inner);
        let [rows, cols] = cells(size);
        screen.screen_mut().set_size(rows, cols);
        self.master.resize(size).expect("a terminal has a size");
    }

    /// Waits for the program's end; its exit code.
    ///
    /// # Panics
    ///
    /// It does not end within [`crate::PATIENCE`].
    pub fn end(&mut self) -> u32 {
        until("a program's end", || self.child.try_wait().expect("it can be waited for"))
            .exit_code()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // Fails only where it has ended already.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

impl fmt::Debug for Terminal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Terminal").field("screen", &self.text()).finish_non_exhaustive()
    }
}

/// Rows and columns; a terminal of none has one.
fn cells(size: PtySize) -> [NonZero<u16>; 2] {
    [size.rows, size.cols].map(|count| NonZero::new(count).unwrap_or(NonZero::<u16>::MIN))
}

fn builder(command: &Command) -> CommandBuilder {
    let mut builder = CommandBuilder::new(command.get_program());
    builder.args(command.get_args());
    builder.env("TERM", "xterm-256color");
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => builder.env(name, value),
            None => builder.env_remove(name),
        }
    }
    if let Some(folder) = command.get_current_dir() {
        builder.cwd(folder);
    }
    builder
}
