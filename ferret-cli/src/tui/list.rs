//! A scrolling list whose rows come and go while the user looks: what is selected is remembered by
//! key, not by place, and stays on its line of the screen while rows above it change.

/// The place in a list. Only what the user did is state; the rest is arranged anew for each frame.
#[derive(Clone, Debug)]
pub(crate) struct List<K> {
    /// What is selected; none until the user moves.
    selected: Option<K>,
    /// Where `selected` stood last, should it go.
    last_index: usize,
    /// The first row shown.
    top: usize,
    /// Rows that fit.
    page: usize,
    /// The rows, as last arranged.
    keys: Vec<K>,
    /// Without a selection, the list shows its end, not its beginning.
    at_end: bool,
}

impl<K: Copy + PartialEq> List<K> {
    /// A list that shows its beginning until the user moves.
    pub(crate) fn from_start() -> Self {
        let keys = Vec::new();
        Self { selected: None, last_index: 0, top: 0, page: 1, keys, at_end: false }
    }

    /// A list that shows its end, as it grows, until the user moves.
    pub(crate) fn from_end() -> Self {
        Self { at_end: true, ..Self::from_start() }
    }

    /// Takes the rows there are now, and how many fit; chooses which to show.
    pub(crate) fn arrange(&mut self, keys: Vec<K>, page: usize) {
        self.keys = keys;
        self.page = page.max(1);
        let last_top = self.keys.len().saturating_sub(self.page);
        let Some(selected) = self.selected else {
            self.top = if self.at_end { last_top } else { 0 };
            return;
        };
        let line = self.last_index.saturating_sub(self.top);
        let found = self.keys.iter().position(|key| *key == selected);
        let index = found.unwrap_or(self.last_index.min(self.keys.len().saturating_sub(1)));
        self.selected = self.keys.get(index).copied();
        self.last_index = index;
        let line = line.min(self.page - 1);
        self.top = index.saturating_sub(line).min(last_top);
    }

    /// The rows to show: their indexes among those arranged.
    pub(crate) fn shown(&self) -> std::ops::Range<usize> {
        self.top..self.keys.len().min(self.top + self.page)
    }

    /// The rows to show.
    pub(crate) fn shown_keys(&self) -> &[K] {
        &self.keys[self.shown()]
    }

    /// The selected row's index.
    pub(crate) fn selected_index(&self) -> Option<usize> {
        self.selected.map(|_| self.last_index)
    }

    /// The selected row.
    pub(crate) fn selected(&self) -> Option<K> {
        self.selected
    }

    /// How many rows there are.
    pub(crate) fn len(&self) -> usize {
        self.keys.len()
    }

    /// Rows above and below those shown.
    pub(crate) fn beyond(&self) -> (usize, usize) {
        let shown = self.shown();
        (shown.start, self.keys.len() - shown.end)
    }

    /// Moves the selection by so many rows; the first move selects the row that is nearest.
    pub(crate) fn step(&mut self, by: isize) {
        let Some(last) = self.keys.len().checked_sub(1) else { return };
        let index = match self.selected {
            Some(_) => self.last_index.saturating_add_signed(by).min(last),
            None if self.at_end => self.shown().end.saturating_sub(1),
            None => self.top,
        };
        self.select(index);
    }

    /// Moves by a screen; `by` is -1 or 1.
    pub(crate) fn page(&mut self, by: isize) {
        let page = isize::try_from(self.page).unwrap_or(isize::MAX);
        self.step(by.saturating_mul(page));
    }

    /// To the beginning: a list that starts there follows it again.
    pub(crate) fn first(&mut self) {
        if self.at_end { self.select(0) } else { self.forget() }
    }

    /// To the end: a list that starts there follows it again.
    pub(crate) fn last(&mut self) {
        if self.at_end { self.forget() } else { self.select(self.keys.len().saturating_sub(1)) }
    }

    /// Selects the row at a line of the panel, whose rows begin below so many lines of titles.
    pub(crate) fn point(&mut self, line: usize, titles: usize) {
        let shown = self.shown();
        if let Some(index) = line.checked_sub(titles).map(|line| shown.start + line)
            && shown.contains(&index)
        {
            self.select(index);
        }
    }

    /// Selects a row wherever it stands, if it is there.
    pub(crate) fn go_to(&mut self, key: K) {
        if let Some(index) = self.keys.iter().position(|known| *known == key) {
            self.select(index);
        } else {
            // Until it is arranged.
            self.selected = Some(key);
        }
    }

    /// Nothing is selected any more.
    pub(crate) fn forget(&mut self) {
        self.selected = None;
    }

    fn select(&mut self, index: usize) {
        self.selected = self.keys.get(index).copied();
        self.last_index = index;
        self.top = self.top.clamp((index + 1).saturating_sub(self.page), index);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(mut list: List<u32>, keys: impl IntoIterator<Item = u32>) -> List<u32> {
        list.arrange(keys.into_iter().collect(), 3);
        list
    }

    #[test]
    fn a_list_from_the_end_follows_it_until_moved_and_again_after_the_end_is_asked_for() {
        let list_of_5 = list(List::from_end(), 0..5);
        assert_eq!(list_of_5.shown(), 2..5);
        let mut moved = list_of_5.clone();
        moved.step(-1);
        assert_eq!((moved.selected(), moved.shown()), (Some(4), 2..5));
        moved = list(moved, 0..9);
        assert_eq!((moved.selected(), moved.shown()), (Some(4), 2..5));
        moved.last();
        assert_eq!(list(moved, 0..9).shown(), 6..9);
    }

    #[test]
    fn the_selected_row_keeps_its_line_while_rows_above_come_and_go() {
        let mut list_a = list(List::from_start(), 10..20);
        list_a.step(1);
        list_a.step(5);
        assert_eq!((list_a.selected(), list_a.shown()), (Some(15), 3..6));
        let list_b = list(list_a.clone(), 5..20);
        assert_eq!((list_b.selected(), list_b.shown()), (Some(15), 8..11));
        let list_c = list(list_a, 13..20);
        assert_eq!((list_c.selected(), list_c.shown()), (Some(15), 0..3));
    }

    #[test]
    fn a_selected_row_that_goes_leaves_the_one_in_its_place() {
        let mut rows = list(List::from_start(), 0..5);
        rows.step(0);
        rows.step(4);
        let rows = list(rows, 0..2);
        assert_eq!((rows.selected(), rows.shown()), (Some(1), 0..2));
        let rows = list(rows, 0..0);
        assert_eq!((rows.selected(), rows.shown()), (None, 0..0));
    }

    #[test]
    fn moves_stay_inside() {
        let mut rows = list(List::from_start(), 0..10);
        rows.step(1);
        rows.page(1);
        assert_eq!((rows.selected(), rows.shown()), (Some(3), 1..4));
        rows.page(9);
        assert_eq!((rows.selected(), rows.beyond()), (Some(9), (7, 0)));
        rows.first();
        rows.arrange((0..10).collect(), 3);
        assert_eq!((rows.selected(), rows.shown()), (None, 0..3));
        rows.step(-5);
        rows.step(-5);
        assert_eq!(rows.selected(), Some(0));
    }
}
