//! The brush: text in rows of cells, titles, and the few colours. Only the sixteen colours that
//! every terminal lets its user set are used, and never as a background, so that the screen is
//! readable on light and dark.

use super::super::layout::Area;
use super::super::wording::Mood;
use crate::text;
use ratatui::buffer::Buffer;
use ratatui::style::{Color, Modifier, Style};

/// Whether there are colours; `NO_COLOR` takes them away and leaves bold, dim and reversed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Colours {
    Sixteen,
    None,
}

/// What a piece of text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ink {
    Plain,
    Strong,
    Faint,
    /// A thread or task.
    Group,
    /// What runs.
    Running,
    Good,
    Warn,
    Bad,
    Cpu,
    Memory,
    Threads,
    /// The title of the panel that keys move in.
    Focus,
    /// A word that must be seen: PAUSED.
    Badge,
}

impl From<Mood> for Ink {
    fn from(mood: Mood) -> Self {
        match mood {
            Mood::Plain => Self::Plain,
            Mood::Good => Self::Good,
            Mood::Warn => Self::Warn,
            Mood::Bad => Self::Bad,
        }
    }
}

/// A row of a buffer as text, without the blanks at its end. A wide letter covers two cells.
pub(super) fn line(buffer: &Buffer, y: u16) -> String {
    let mut line = String::new();
    let mut covered = 0;
    for x in 0..buffer.area.width {
        let Some(cell) = buffer.cell((x, y)).filter(|_| covered == 0) else {
            covered -= 1;
            continue;
        };
        covered = text::width(cell.symbol()).saturating_sub(1);
        line.push_str(cell.symbol());
    }
    line.truncate(line.trim_end().len());
    line
}

pub(super) struct Paint<'a> {
    buffer: &'a mut Buffer,
    colours: Colours,
}

impl<'a> Paint<'a> {
    pub(super) fn new(buffer: &'a mut Buffer, colours: Colours) -> Self {
        Self { buffer, colours }
    }

    /// The whole screen.
    pub(super) fn screen(&self) -> Area {
        let ratatui::layout::Rect { x, y, width, height } = self.buffer.area;
        Area { x, y, width, height }
    }

    /// Writes pieces one after the other in row `y`, columns `x` to `end`; what does not fit is
    /// cut in the middle of its piece. Gives the column behind the last.
    pub(super) fn write(&mut self, x: u16, y: u16, end: u16, pieces: &[(Ink, &str)]) -> u16 {
        let mut at = x;
        for (ink, piece) in pieces {
            let room = usize::from(end.saturating_sub(at));
            let fitted = text::fit(piece, room);
            let style = self.style(*ink);
            at = self.buffer.set_stringn(at, y, &fitted, room, style).0;
        }
        at
    }

    /// Writes a remark two columns behind a name, cut at its end; nothing if there is no room for
    /// a word of it.
    pub(super) fn remark(&mut self, x: u16, y: u16, end: u16, ink: Ink, remark: &str) {
        let room = usize::from(end.saturating_sub(x + 2));
        if room >= 4 {
            self.write(x + 2, y, end, &[(ink, &text::cut(remark, room))]);
        }
    }

    /// Writes pieces so that the last ends before column `end`; they must fit.
    pub(super) fn write_right(&mut self, end: u16, y: u16, pieces: &[(Ink, &str)]) {
        let width: usize = pieces.iter().map(|(_, piece)| text::width(piece)).sum();
        let x = end.saturating_sub(u16::try_from(width).unwrap_or(u16::MAX));
        self.write(x, y, end, pieces);
    }

    /// A panel's title, a rule across its first row: `─ Live ────────── 3 threads ─`.
    pub(super) fn title(&mut self, area: Area, title: &str, note: &str, focus: bool) {
        let end = area.x + area.width;
        let rule = "─".repeat(usize::from(area.width));
        self.write(area.x, area.y, end, &[(Ink::Faint, &rule)]);
        let ink = if focus { Ink::Focus } else { Ink::Strong };
        let title = format!(" {title} ");
        let after = self.write(area.x + 1, area.y, end, &[(ink, &title)]);
        let note = format!(" {note} ");
        let room = usize::from(end.saturating_sub(after + 2));
        if note.len() > 2 && text::width(&note) <= room {
            self.write_right(end.saturating_sub(1), area.y, &[(Ink::Faint, &note)]);
        }
    }

    /// One cell.
    pub(super) fn cell(&mut self, x: u16, y: u16, symbol: &str, ink: Ink) {
        let style = self.style(ink);
        if let Some(cell) = self.buffer.cell_mut((x, y)) {
            cell.set_symbol(symbol).set_style(style);
        }
    }

    /// Marks a row as the selected one.
    pub(super) fn select(&mut self, area: Area, y: u16) {
        let row = ratatui::layout::Rect::new(area.x, y, area.width, 1);
        self.buffer.set_style(row, Style::new().add_modifier(Modifier::REVERSED));
    }

    /// Empties a part of the screen.
    pub(super) fn clear(&mut self, area: Area) {
        for y in area.y..area.y + area.height {
            for x in area.x..area.x + area.width {
                if let Some(cell) = self.buffer.cell_mut((x, y)) {
                    cell.reset();
                }
            }
        }
    }

    fn style(&self, ink: Ink) -> Style {
        let style = Style::new();
        let coloured = |colour| match self.colours {
            Colours::Sixteen => style.fg(colour),
            Colours::None => style,
        };
        match ink {
            Ink::Plain => style,
            Ink::Strong => style.add_modifier(Modifier::BOLD),
            Ink::Faint => style.add_modifier(Modifier::DIM),
            Ink::Group | Ink::Memory => coloured(Color::Cyan),
            Ink::Running => coloured(Color::Green).add_modifier(Modifier::BOLD),
            Ink::Good | Ink::Cpu => coloured(Color::Green),
            Ink::Warn => coloured(Color::Yellow),
            Ink::Bad => coloured(Color::Red).add_modifier(Modifier::BOLD),
            Ink::Threads => coloured(Color::Magenta),
            Ink::Focus => coloured(Color::Cyan).add_modifier(Modifier::BOLD | Modifier::UNDERLINED),
            Ink::Badge => coloured(Color::Yellow).add_modifier(Modifier::BOLD | Modifier::REVERSED),
        }
    }
}
