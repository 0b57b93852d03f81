//! The views of the screen and the line with their names. Each has a number, which is its key.

/// What fills the screen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum View {
    /// What runs now.
    #[default]
    Live,
    /// What calls cost.
    Functions,
    /// The pipeline.
    Stages,
    /// The last seconds, thread by thread.
    Timeline,
    /// Who runs.
    Processes,
}

/// A view's name in the line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tab {
    pub(crate) view: View,
    /// Its first column.
    pub(crate) x: u16,
    pub(crate) text: String,
}

/// The columns before the first name, and between two.
const MARGIN: u16 = 1;
const GAP: u16 = 2;

impl View {
    /// All there are, in order.
    pub(crate) const ALL: [Self; 5] =
        [Self::Live, Self::Functions, Self::Stages, Self::Timeline, Self::Processes];

    /// Its key.
    pub(crate) fn number(self) -> char {
        match self {
            Self::Live => '1',
            Self::Functions => '2',
            Self::Stages => '3',
            Self::Timeline => '4',
            Self::Processes => '5',
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Live => "Live",
            Self::Functions => "Functions",
            Self::Stages => "Stages",
            Self::Timeline => "Timeline",
            Self::Processes => "Processes",
        }
    }

    /// The view with this key.
    pub(crate) fn of_key(key: char) -> Option<Self> {
        Self::ALL.into_iter().find(|view| view.number() == key)
    }

    /// The next one, or the one before; behind the last comes the first.
    pub(crate) fn beside(self, forward: bool) -> Self {
        let count = Self::ALL.len();
        let at = Self::ALL.iter().position(|view| *view == self).unwrap_or(0);
        let step = if forward { 1 } else { count - 1 };
        Self::ALL[(at + step) % count]
    }
}

/// The line in so many columns: where the names have no room, that of `shown` alone has its.
pub(crate) fn tabs(width: u16, shown: View) -> Vec<Tab> {
    line(|view| width_of_names() <= width || view == shown)
}

/// The columns that all names take.
pub(crate) fn width_of_names() -> u16 {
    line(|_| true).last().map_or(0, |tab| tab.x + columns(tab))
}

/// The view whose name is in column `x`.
pub(crate) fn at(x: u16, width: u16, shown: View) -> Option<View> {
    let tabs = tabs(width, shown).into_iter();
    let mut hit = tabs.filter(|tab| (tab.x..tab.x + columns(tab)).contains(&x));
    hit.next().map(|tab| tab.view)
}

fn line(is_named: impl Fn(View) -> bool) -> Vec<Tab> {
    let mut x = MARGIN;
    let mut place = |view: View| {
        let name = if is_named(view) { format!(" {}", view.name()) } else { String::new() };
        let tab = Tab { view, x, text: format!("{}{name}", view.number()) };
        x += columns(&tab) + GAP;
        tab
    };
    View::ALL.into_iter().map(&mut place).collect()
}

/// The columns a tab takes; its text is ASCII.
fn columns(tab: &Tab) -> u16 {
    u16::try_from(tab.text.len()).unwrap_or(u16::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(width: u16, shown: View, expect: &str) {
        let mut text = String::new();
        for tab in tabs(width, shown) {
            text += &" ".repeat(usize::from(tab.x) - text.len());
            text += &tab.text;
        }
        assert_eq!(text, expect);
    }

    #[test]
    fn where_it_is_tight_only_the_view_that_is_shown_has_a_name() {
        check(60, View::Live, " 1 Live  2 Functions  3 Stages  4 Timeline  5 Processes");
        check(24, View::Stages, " 1  2  3 Stages  4  5");
    }

    #[test]
    fn a_click_is_on_a_name_or_beside_all() {
        let hit = [0, 1, 6, 7, 8, 9, 19, 20].map(|x| at(x, 60, View::Live));
        let (live, functions) = (Some(View::Live), Some(View::Functions));
        assert_eq!(hit, [None, live, live, None, None, functions, functions, None]);
        assert_eq!(at(59, 60, View::Live), None);
    }

    #[test]
    fn going_on_from_view_to_view_comes_round_both_ways() {
        for forward in [true, false] {
            let round = View::ALL.iter().fold(View::Live, |view, _| view.beside(forward));
            assert_eq!(round, View::Live);
        }
        assert_eq!(View::Live.beside(true), View::ALL[1]);
    }
}
