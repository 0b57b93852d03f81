//! A table that fills a panel: a title, the names of the columns, rows. Which columns have room
//! was decided before.

use super::super::columns::{Cell, Column, Placed};
use super::super::layout::Area;
use super::paint::{Ink, Paint};
use crate::text;

/// A table in a panel.
pub(super) struct Grid {
    area: Area,
    placed: Vec<Placed>,
}

impl Grid {
    /// A table in a panel, whose columns have been placed from its second column on.
    pub(super) fn new(area: Area, placed: Vec<Placed>) -> Self {
        Self { area, placed }
    }

    /// Writes the names of the columns below the title; one of them may have a mark behind it, as
    /// the one that rows are sorted by.
    pub(super) fn heading(
        &self,
        paint: &mut Paint,
        columns: &[Column],
        sorted: Option<(usize, &str)>,
    ) {
        let y = self.area.y + 1;
        if self.area.height < 2 {
            return;
        }
        for placed in &self.placed {
            let title = columns.get(placed.index).map_or("", |column| column.title);
            match sorted.filter(|(index, _)| *index == placed.index) {
                Some((_, mark)) => {
                    self.cell(paint, y, placed, Ink::Strong, &format!("{title}{mark}"));
                }
                None => self.cell(paint, y, placed, Ink::Faint, title),
            }
        }
    }

    /// Writes a row, the first below the names of the columns being 0.
    pub(super) fn row(&self, paint: &mut Paint, row: usize, cells: &[Cell], selected: bool) {
        let Some(y) = self.y(row) else { return };
        for placed in &self.placed {
            let Some(cell) = cells.get(placed.index) else { continue };
            self.cell(paint, y, placed, cell.tone.into(), &cell.text);
        }
        if selected {
            paint.select(self.area, y);
        }
    }

    /// Where a row stands; none if it is below the panel.
    fn y(&self, row: usize) -> Option<u16> {
        let y = u16::try_from(row).ok()?.checked_add(self.area.y)?.checked_add(2)?;
        (y < self.area.y + self.area.height).then_some(y)
    }

    fn cell(&self, paint: &mut Paint, y: u16, placed: &Placed, ink: Ink, words: &str) {
        let room = usize::from(placed.width);
        let words =
            if placed.index == 0 { text::fit(words, room) } else { text::pad_left(words, room) };
        let x = self.area.x + 1 + placed.x;
        paint.write(x, y, self.area.x + self.area.width, &[(ink, &words)]);
    }
}
