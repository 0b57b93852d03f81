//! The terminal: taken for the screen, and given back on every way out, a panic included.

use crossterm::cursor::{Hide, Show};
use crossterm::execute;
use crossterm::style::Print;
use crossterm::terminal::{
    BeginSynchronizedUpdate, EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen,
    disable_raw_mode, enable_raw_mode,
};
use ratatui::backend::{Backend as _, CrosstermBackend};
use ratatui::{Frame, Terminal};
use signal_hook::consts::SIGSTOP;
use signal_hook::low_level;
use std::io::{self, BufWriter, Stdout, stdout};
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};

/// Clicks and the wheel alone are told, with their place as text. (crossterm's own command also asks for every
/// movement: over a slow line a frame would wait behind them.)
const MOUSE_ON: &str = "\x1b[?1000h\x1b[?1006h";
const MOUSE_OFF: &str = "\x1b[?1006l\x1b[?1000l";

/// What is pasted is told as one text, so that no letter of it is taken for a key.
const PASTE_ON: &str = "\x1b[?2004h";
const PASTE_OFF: &str = "\x1b[?2004l";

/// The terminal while the screen is on it.
#[derive(Debug)]
pub(super) struct Screen {
    terminal: Terminal<CrosstermBackend<BufWriter<Stdout>>>,
}

/// Whether the screen is on the terminal now: it is given back once.
static TAKEN: AtomicBool = AtomicBool::new(false);

impl Screen {
    /// Takes the terminal.
    ///
    /// # Errors
    ///
    /// There is none, or it refuses.
    pub(super) fn open() -> io::Result<Self> {
        give_back_on_panic();
        let screen = Self { terminal: Terminal::new(backend())? };
        take()?;
        Ok(screen)
    }

    /// Draws a frame; where the terminal can, it appears all at once.
    pub(super) fn draw(&mut self, draw: impl FnOnce(&mut Frame)) -> io::Result<()> {
        execute!(self.terminal.backend_mut(), BeginSynchronizedUpdate)?;
        self.terminal.draw(draw)?;
        execute!(self.terminal.backend_mut(), EndSynchronizedUpdate)
    }

    /// Draws everything anew at the next frame.
    pub(super) fn repaint(&mut self) -> io::Result<()> {
        // Not `Terminal::clear`: it asks the terminal where its cursor is, and the answer would
        // go to the thread that reads keys.
        self.terminal = Terminal::new(backend())?;
        self.terminal.backend_mut().clear()
    }

    /// Writes what the terminal takes for itself and does not show.
    pub(super) fn send(&mut self, sequence: &str) -> io::Result<()> {
        execute!(self.terminal.backend_mut(), Print(sequence))
    }

    /// Gives the terminal back, stops this process as Ctrl-Z does, and takes it again when the
    /// shell lets it go on.
    pub(super) fn suspend(&mut self) -> io::Result<()> {
        give_back();
        low_level::raise(SIGSTOP)?;
        take()?;
        self.repaint()
    }
}

fn backend() -> CrosstermBackend<BufWriter<Stdout>> {
    // A frame goes out in one write.
    CrosstermBackend::new(BufWriter::with_capacity(64 << 10, stdout()))
}

impl Drop for Screen {
    fn drop(&mut self) {
        give_back();
    }
}

fn take() -> io::Result<()> {
    TAKEN.store(true, Ordering::SeqCst);
    enable_raw_mode()?;
    execute!(stdout(), EnterAlternateScreen, Hide, Print(MOUSE_ON), Print(PASTE_ON))
}

/// Puts the terminal back as it was. Safe to call at any time, from any thread.
pub(super) fn give_back() {
    if TAKEN.swap(false, Ordering::SeqCst) {
        // The terminal may be gone: then there is nothing to put back.
        let off = Print(format!("{PASTE_OFF}{MOUSE_OFF}"));
        execute!(stdout(), off, LeaveAlternateScreen, Show).ok();
        disable_raw_mode().ok();
    }
}

/// A panic's message must be readable, and the shell after it usable.
fn give_back_on_panic() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            // A panic in reading a damaged log is caught and told as damage; the screen stays.
            if !ferret::log::panics_are_damage() {
                give_back();
            }
            before(panic);
        }));
    });
}
