//! Which columns of a table have room in a panel, and where they stand. The first is the name: it
//! is as wide as there is room, and no column is ever pushed off by it. All others are on the right
//! and never cut; where there is no room for all, those that matter least are left out.

use super::headline::Tone;
use super::wording::Mood;

/// A column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Column {
    pub(crate) title: &'static str,
    /// Without the blanks before it. Of the name: what a long one has before other columns do.
    pub(crate) width: u16,
    /// Columns with the smallest number go first where there is no room for all.
    pub(crate) weight: u8,
}

impl Column {
    pub(crate) const fn new(title: &'static str, width: u16, weight: u8) -> Self {
        Self { title, width, weight }
    }
}

/// What stands in a row, in one column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cell {
    pub(crate) text: String,
    pub(crate) tone: Tone,
}

impl Cell {
    pub(crate) fn plain(text: impl Into<String>) -> Self {
        Self::toned(text, Tone::Mood(Mood::Plain))
    }

    pub(crate) fn faint(text: impl Into<String>) -> Self {
        Self::toned(text, Tone::Faint)
    }

    pub(crate) fn toned(text: impl Into<String>, tone: Tone) -> Self {
        Self { text: text.into(), tone }
    }
}

/// A column that is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Placed {
    /// Which one, among all.
    pub(crate) index: usize,
    pub(crate) x: u16,
    pub(crate) width: u16,
}

/// Before each column but the name.
const GAP: u16 = 2;

/// The columns that have room in `width`, the name's first. Names are `longest` columns wide at
/// most. `keep` is shown in any case: the column that rows are sorted by.
pub(crate) fn place(columns: &[Column], width: u16, longest: u16, keep: usize) -> Vec<Placed> {
    let mut shown: Vec<usize> = (0..columns.len()).collect();
    let others = |shown: &[usize]| -> u16 {
        shown.iter().skip(1).map(|&index| columns[index].width + GAP).sum()
    };
    let title = columns.first().map_or(0, |name| u16::try_from(name.title.len()).unwrap_or(0));
    // With the mark of the column that rows are sorted by.
    let longest = longest.max(title + 1);
    let least = columns.first().map_or(0, |name| name.width.min(longest));
    while others(&shown) + least > width {
        let goes = shown.iter().skip(1).filter(|&&index| index != keep);
        match goes.min_by_key(|&&index| columns[index].weight).copied() {
            Some(lightest) => shown.retain(|&index| index != lightest),
            None => break,
        }
    }
    let room = width.saturating_sub(others(&shown));
    let name = room.min(longest);
    let mut x = 0;
    let mut placed = Vec::with_capacity(shown.len());
    for index in shown {
        let width = if index == 0 { name } else { columns[index].width };
        placed.push(Placed { index, x, width });
        x += width + GAP;
    }
    placed
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: [Column; 4] = [
        Column::new("name", 10, 9),
        Column::new("calls", 6, 5),
        Column::new("p50", 8, 1),
        Column::new("max", 8, 3),
    ];

    /// The titles shown, each with the column it begins at.
    fn check(width: u16, longest: u16, keep: usize, expect: &[(&str, u16)]) {
        let placed = place(&COLUMNS, width, longest, keep);
        let shown: Vec<_> = placed.iter().map(|at| (COLUMNS[at.index].title, at.x)).collect();
        assert_eq!(shown, expect);
        let end = placed.last().map_or(0, |at| at.x + at.width);
        assert!(end <= width || placed.len() <= 2, "{placed:?} in {width}");
    }

    #[test]
    fn where_there_is_room_all_stand_behind_the_longest_name() {
        check(90, 14, 0, &[("name", 0), ("calls", 16), ("p50", 24), ("max", 34)]);
    }

    #[test]
    fn long_names_have_what_the_others_leave() {
        check(60, 200, 0, &[("name", 0), ("calls", 34), ("p50", 42), ("max", 52)]);
    }

    #[test]
    fn the_columns_that_matter_least_go_but_for_the_sorted_one() {
        check(34, 30, 0, &[("name", 0), ("calls", 18), ("max", 26)]);
        check(22, 30, 0, &[("name", 0), ("calls", 16)]);
        check(22, 30, 2, &[("name", 0), ("p50", 14)]);
        check(4, 30, 0, &[("name", 0)]);
    }
}
