//! Aligned tables for people. A table fits its page: names are cut in the middle, and where that is
//! not enough the columns that matter least are left out, which is said.

use crate::page::{Page, Style};
use crate::text;

/// The least columns that a name is cut to before other columns have to go.
const NARROWEST_NAME: usize = 22;
/// So much of a name stands in any case, however deep in a tree.
const LEAST_OF_NAME: usize = 12;
/// Between two columns.
const GAP: &str = "  ";

/// A table being made. The first column is the name: on the left, and as wide as there is room.
/// All others are on the right, and never cut.
#[derive(Clone, Debug, Default)]
pub(crate) struct Table {
    columns: Vec<Column>,
    rows: Vec<Vec<Cell>>,
    rule: Option<usize>,
}

/// A column.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Column {
    /// What stands above it.
    pub(crate) title: &'static str,
    /// Columns with the smallest number go first where there is no room for all.
    pub(crate) weight: u8,
}

/// What stands in a row, in one column.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Cell {
    /// Before the text; never cut unless there is room for nothing else. The branches of a tree.
    pub(crate) lead: String,
    pub(crate) text: String,
    pub(crate) style: Style,
}

impl Cell {
    /// A text.
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }

    /// The same in a style.
    #[must_use]
    pub(crate) fn styled(self, style: Style) -> Self {
        Self { style, ..self }
    }
}

impl Table {
    /// A table with these columns, the name's first.
    pub(crate) fn new(columns: Vec<Column>) -> Self {
        Self { columns, ..Self::default() }
    }

    /// Adds a row: a cell for each column.
    pub(crate) fn row(&mut self, cells: Vec<Cell>) {
        debug_assert_eq!(cells.len(), self.columns.len());
        self.rows.push(cells);
    }

    /// Draws a line above the rows that follow.
    pub(crate) fn rule(&mut self) {
        self.rule = Some(self.rows.len());
    }

    /// Its lines, and the titles of the columns there was no room for.
    pub(crate) fn render(&self, page: Page) -> (String, Vec<&'static str>) {
        let layout = self.layout(page);
        let mut out = String::new();
        let titles = self.columns.iter().map(|column| Cell::new(column.title).styled(Style::Faint));
        layout.line(&mut out, &titles.collect::<Vec<_>>());
        for (index, row) in self.rows.iter().enumerate() {
            if self.rule == Some(index) {
                out += &page.paint(&"─".repeat(layout.width()), Style::Faint);
                out.push('\n');
            }
            layout.line(&mut out, row);
        }
        let hidden = (0..self.columns.len()).filter(|index| !layout.shown.contains(index));
        (out, hidden.map(|index| self.columns[index].title).collect())
    }

    /// Leaves out columns until there is room for a name.
    fn layout(&self, page: Page) -> Layout {
        let widths = (0..self.columns.len()).map(|index| self.width_of(index)).collect();
        let shown = (0..self.columns.len()).collect();
        let mut layout = Layout { shown, widths, name: 0, page };
        loop {
            let widest = layout.widths[0];
            let room = page.width.map_or(widest, |width| width.saturating_sub(layout.others()));
            let shown = layout.shown.iter().copied().skip(1);
            match shown.min_by_key(|&index| self.columns[index].weight) {
                Some(lightest) if room < widest.min(NARROWEST_NAME) => {
                    layout.shown.retain(|&index| index != lightest);
                }
                _ => return Layout { name: widest.min(room), ..layout },
            }
        }
    }

    fn width_of(&self, index: usize) -> usize {
        let cells = self.rows.iter().map(|row| &row[index]);
        let widths = cells.map(|cell| text::width(&cell.lead) + text::width(&cell.text));
        widths.chain([text::width(self.columns[index].title)]).max().unwrap_or(0)
    }
}

/// Which columns are shown, and how wide each is.
struct Layout {
    shown: Vec<usize>,
    /// Of all columns, as wide as they would like to be.
    widths: Vec<usize>,
    /// How wide the name is.
    name: usize,
    page: Page,
}

impl Layout {
    /// What the columns behind the name take.
    fn others(&self) -> usize {
        self.shown.iter().skip(1).map(|&index| self.widths[index] + GAP.len()).sum()
    }

    fn width(&self) -> usize {
        self.name + self.others()
    }

    fn line(&self, out: &mut String, row: &[Cell]) {
        let mut line = String::new();
        for &index in &self.shown {
            if index == 0 {
                self.name(&mut line, &row[0]);
            } else {
                line += GAP;
                let missing = self.widths[index].saturating_sub(text::width(&row[index].text));
                line.extend(std::iter::repeat_n(' ', missing));
                line += &self.page.paint(&row[index].text, row[index].style);
            }
        }
        *out += line.trim_end();
        out.push('\n');
    }

    fn name(&self, line: &mut String, cell: &Cell) {
        // Branches that leave no room for the name give way to it.
        let at_least = text::width(&cell.text).min(LEAST_OF_NAME).min(self.name);
        let lead = text::fit(&cell.lead, self.name - at_least);
        let name = text::fit(&cell.text, self.name - text::width(&lead));
        *line += &self.page.paint(&lead, Style::Faint);
        *line += &self.page.paint(&name, cell.style);
        let missing = self.name - text::width(&lead) - text::width(&name);
        line.extend(std::iter::repeat_n(' ', missing));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let column = |title, weight| Column { title, weight };
        let mut table = Table::new(vec![
            column("NAME", 9),
            column("CALLS", 3),
            column("P50", 1),
            column("MAX", 2),
        ]);
        for (name, calls, p50, max) in [
            ("a_function_with_quite_a_long_name", "1,200", "3.00 ms", "1.20 s"),
            ("音声認識", "3", "40.0 µs", "2m 05s"),
        ] {
            table.row([name, calls, p50, max].map(Cell::new).to_vec());
        }
        table
    }

    fn check(width: Option<usize>, expect: &str, hidden: &[&str]) {
        let (text, left_out) = table().render(Page { width, colour: false });
        assert_eq!(text, expect);
        assert_eq!(left_out, hidden);
        let widest = text.lines().map(text::width).max();
        assert!(width.is_none() || widest <= width, "{widest:?}");
    }

    #[test]
    fn without_a_limit_nothing_is_cut() {
        check(
            None,
            "NAME                               CALLS      P50     MAX\n\
             a_function_with_quite_a_long_name  1,200  3.00 ms  1.20 s\n\
             音声認識                               3  40.0 µs  2m 05s\n",
            &[],
        );
    }

    #[test]
    fn names_are_cut_in_the_middle_first() {
        check(
            Some(50),
            "NAME                        CALLS      P50     MAX\n\
             a_function_wi…_a_long_name  1,200  3.00 ms  1.20 s\n\
             音声認識                        3  40.0 µs  2m 05s\n",
            &[],
        );
    }

    #[test]
    fn then_the_columns_that_matter_least_go() {
        check(
            Some(40),
            "NAME                       CALLS     MAX\n\
             a_function_w…_a_long_name  1,200  1.20 s\n\
             音声認識                       3  2m 05s\n",
            &["P50"],
        );
    }

    #[test]
    fn colours_take_no_room() {
        let mut table = table();
        table.rows[0][3].style = Style::Bad;
        let (text, _) = table.render(Page { width: None, colour: true });
        assert!(text.contains("\x1b[31m1.20 s\x1b[0m\n"), "{text}");
    }
}
