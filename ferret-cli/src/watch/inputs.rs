//! What reaches the screen from outside: keys, a new size, signals. Two threads wait for them, so
//! that a key never waits for the log, nor the log for a key.

use crate::tui::press::Press;
use crossterm::event::{
    self, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers, MouseButton, MouseEvent,
    MouseEventKind,
};
use ferret::log::Waker;
use parking_lot::Mutex;
use signal_hook::consts::{SIGCONT, SIGHUP, SIGINT, SIGTERM, SIGTSTP};
use signal_hook::iterator::Signals;
use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

/// Something from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Input {
    Press(Press),
    /// The size changed, or the terminal was shown again: draw.
    Resize,
    /// SIGTSTP was sent: give the terminal back first.
    Suspend,
    /// This signal ends the process, once the terminal is back.
    End(i32),
    /// The terminal is gone.
    Closed,
}

/// The inputs, in order.
#[derive(Debug)]
pub(super) struct Inputs {
    receiver: Receiver<Input>,
    waker: Arc<Mutex<Option<Waker>>>,
}

/// The sending side: also ends the wait for a log.
#[derive(Clone)]
struct Sender {
    sender: SyncSender<Input>,
    waker: Arc<Mutex<Option<Waker>>>,
}

/// Keys that wait to be handled, at most: a key held down while the machine is stuck.
const WAITING: usize = 1_024;

impl Inputs {
    /// Begins to listen to signals, and with `keys` to the terminal.
    ///
    /// # Errors
    ///
    /// The system gives no thread or no handler.
    pub(super) fn listen(keys: bool) -> io::Result<Self> {
        let (sender, receiver) = sync_channel(WAITING);
        let waker = Arc::new(Mutex::new(None));
        let sender = Sender { sender, waker: Arc::clone(&waker) };
        let ending = [SIGTERM, SIGHUP, SIGINT];
        let stopping = if keys { &[SIGTSTP, SIGCONT][..] } else { &[] };
        let signals = Signals::new(ending.iter().chain(stopping))?;
        let to_signals = sender.clone();
        let name = |name: &str| thread::Builder::new().name(name.to_owned());
        name("ferret-signals").spawn(move || read_signals(signals, &to_signals))?;
        if keys {
            name("ferret-keys").spawn(move || read_keys(&sender))?;
        }
        Ok(Self { receiver, waker })
    }

    /// From now on an input also ends the wait that `waker` wakes.
    pub(super) fn wake(&self, waker: Option<Waker>) {
        *self.waker.lock() = waker;
    }

    /// The next input, if there is one.
    pub(super) fn next(&self) -> Option<Input> {
        self.receiver.try_recv().ok()
    }

    /// The next input, waited for.
    pub(super) fn wait(&self, timeout: Duration) -> Option<Input> {
        match self.receiver.recv_timeout(timeout) {
            Ok(input) => Some(input),
            Err(RecvTimeoutError::Timeout) => None,
            // Both threads are gone; a caller that waits must not spin.
            Err(RecvTimeoutError::Disconnected) => {
                thread::sleep(timeout);
                None
            }
        }
    }
}

impl Sender {
    /// Says whether anyone still listens.
    fn send(&self, input: Input) -> bool {
        let sent = self.sender.send(input).is_ok();
        if let Some(waker) = &*self.waker.lock() {
            waker.wake();
        }
        sent
    }
}

fn read_signals(mut signals: Signals, sender: &Sender) {
    for signal in signals.forever() {
        let input = match signal {
            SIGTSTP => Input::Suspend,
            SIGCONT => Input::Resize,
            other => Input::End(other),
        };
        if !sender.send(input) {
            return;
        }
    }
}

fn read_keys(sender: &Sender) {
    loop {
        let inputs = match event::read() {
            Ok(Event::Key(key)) => presses(key).map(|press| press.map(Input::Press)),
            Ok(Event::Resize(..)) => [None, Some(Input::Resize)],
            Ok(Event::Mouse(mouse)) => [None, pointed(mouse).map(Input::Press)],
            Ok(Event::Paste(text)) => {
                // What is pasted is no command, and longer than a line is no filter either.
                let letters = text.chars().take(WAITING / 2).map(Press::Pasted);
                if letters.map(Input::Press).any(|letter| !sender.send(letter)) {
                    return;
                }
                continue;
            }
            Ok(Event::FocusGained | Event::FocusLost) => continue,
            Err(_) => [None, Some(Input::Closed)],
        };
        for input in inputs.into_iter().flatten() {
            if !sender.send(input) || input == Input::Closed {
                return;
            }
        }
    }
}

/// What was pressed. A terminal writes Esc and another key, where they arrive together as over a
/// slow line, as it writes Alt and that key; no key has a meaning with Alt here.
fn presses(key: KeyEvent) -> [Option<Press>; 2] {
    let press = press(key);
    let with_escape = press.is_some() && key.modifiers.contains(KeyModifiers::ALT);
    [with_escape.then_some(Press::Esc), press]
}

/// What was done with the mouse, if it means something here.
fn pointed(mouse: MouseEvent) -> Option<Press> {
    match mouse.kind {
        MouseEventKind::Down(MouseButton::Left) => Some(Press::Click(mouse.column, mouse.row)),
        MouseEventKind::ScrollUp => Some(Press::WheelUp),
        MouseEventKind::ScrollDown => Some(Press::WheelDown),
        MouseEventKind::Down(MouseButton::Right | MouseButton::Middle)
        | MouseEventKind::Up(_)
        | MouseEventKind::Drag(_)
        | MouseEventKind::Moved
        | MouseEventKind::ScrollLeft
        | MouseEventKind::ScrollRight => None,
    }
}

/// The key, if it is one this screen knows.
#[expect(clippy::wildcard_enum_match_arm, reason = "most keys of a keyboard mean nothing here")]
fn press(key: KeyEvent) -> Option<Press> {
    if key.kind == KeyEventKind::Release {
        return None;
    }
    Some(match key.code {
        KeyCode::Char(c) if key.modifiers.contains(KeyModifiers::CONTROL) => Press::Ctrl(c),
        KeyCode::Char(c) => Press::Char(c),
        KeyCode::Up => Press::Up,
        KeyCode::Down => Press::Down,
        KeyCode::Left => Press::Left,
        KeyCode::Right => Press::Right,
        KeyCode::PageUp => Press::PageUp,
        KeyCode::PageDown => Press::PageDown,
        KeyCode::Home => Press::Home,
        KeyCode::End => Press::End,
        KeyCode::Tab => Press::Tab,
        KeyCode::BackTab => Press::BackTab,
        KeyCode::Enter => Press::Enter,
        KeyCode::Esc => Press::Esc,
        KeyCode::Backspace => Press::Backspace,
        KeyCode::Delete => Press::Delete,
        _ => return None,
    })
}
