//! What the user does: keys and the mouse, as far as this screen cares, and what lists make of them.

use super::list::List;
use super::travel::Go;

/// A key, as far as this screen cares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Press {
    Char(char),
    Ctrl(char),
    Up,
    Down,
    Left,
    Right,
    PageUp,
    PageDown,
    Home,
    End,
    Tab,
    BackTab,
    Enter,
    Esc,
    Backspace,
    Delete,
    /// A letter of a text that was pasted: to be written, never a key.
    Pasted(char),
    /// The mouse, at a column and row of the screen.
    Click(u16, u16),
    WheelUp,
    WheelDown,
}

/// What the user wants that is not a change of what is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wish {
    Quit,
    /// Ctrl-Z: give the terminal back and stop.
    Suspend,
    /// Ctrl-L: draw everything anew.
    Repaint,
    /// The selected row to the clipboard.
    Copy,
    /// What is shown to files: as text and as JSON.
    Snapshot,
    /// The call tree to a file, as a picture.
    Flamegraph,
    /// Another moment is to be shown.
    Go(Go),
}

/// Rows that one notch of the mouse's wheel moves.
const NOTCH: isize = 3;

/// Moves in a list; every other key means nothing in one.
pub(crate) fn scroll<K: Copy + PartialEq>(list: &mut List<K>, press: Press) {
    match press {
        Press::Up | Press::Char('k') => list.step(-1),
        Press::Down | Press::Char('j') => list.step(1),
        Press::WheelUp => list.step(-NOTCH),
        Press::WheelDown => list.step(NOTCH),
        Press::PageUp | Press::Ctrl('b' | 'u') => list.page(-1),
        Press::PageDown | Press::Ctrl('f' | 'd') => list.page(1),
        Press::Char('g') => list.first(),
        Press::Char('G') => list.last(),
        Press::Esc => list.forget(),
        Press::Char(_)
        | Press::Ctrl(_)
        | Press::Left
        | Press::Right
        | Press::Home
        | Press::End
        | Press::Tab
        | Press::BackTab
        | Press::Enter
        | Press::Backspace
        | Press::Delete
        | Press::Pasted(_)
        | Press::Click(..) => {}
    }
}
