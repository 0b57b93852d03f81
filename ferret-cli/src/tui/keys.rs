//! What the keys do, for the help: in pages where the screen is too small for all.

/// A key and what it does; a line fits the smallest screen.
pub(crate) const HELP: [(&str, &str); 21] = [
    ("1 – 5  Tab  click", "another view"),
    ("/", "show only what passes a filter, as"),
    ("", "load & dur > 9ms & !thread:main"),
    ("", "pid = 7  tag:user = 4  outcome:err"),
    ("Enter", "a function or span in detail"),
    ("!", "what looks wrong, and where to look"),
    ("Space", "pause the picture, go on again"),
    ("↑ ↓  k j  wheel", "select a row"),
    ("PgUp PgDn  ^U ^D", "a screen up, down"),
    ("g G  Home End", "first, last; in Recent G follows"),
    ("p P", "in Live: the panel that keys move in"),
    ("← →  h l", "fold, or to the row above; unfold"),
    ("e c  F", "in Live: un-, fold all below; follow"),
    ("s S  click", "in Functions: sort by; reverse"),
    ("+ -  ← →  G", "in Timeline: zoom, pan, now"),
    ("f", "write a flamegraph of what passes"),
    ("w", "write what is shown: text, JSON"),
    ("y", "copy the selected row"),
    ("Esc", "select nothing"),
    ("^L  ^Z", "draw anew; suspend"),
    ("q  ^C", "quit; the program goes on"),
];

/// The lines of a page, of a screen of so many rows; none behind the last.
pub(crate) fn page(page: usize, height: u16) -> &'static [(&'static str, &'static str)] {
    // A title above, a rule below.
    let rows = usize::from(height.saturating_sub(2)).max(1);
    let from = page.saturating_mul(rows).min(HELP.len());
    &HELP[from..HELP.len().min(from + rows)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_on_one_page() {
        for height in [0, 1, 2, 3, 10, 15, 22, 100] {
            let pages = (0..HELP.len()).map(|at| page(at, height));
            let pages: Vec<_> = pages.take_while(|page| !page.is_empty()).collect();
            assert_eq!(pages.concat(), HELP, "{height}");
        }
    }
}
