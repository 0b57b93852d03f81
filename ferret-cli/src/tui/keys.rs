//! What the keys do, for the help: in pages where the screen is too small for all.

/// A key and what it does; it fits the smallest screen.
pub(crate) type Line = (&'static str, &'static str);

const HELP: [Line; 22] = [
    ("1 – 5  Tab  click", "another view"),
    ("/", "show only what passes a filter, as"),
    ("", "load & dur > 9ms & !thread:main"),
    ("", "pid = 7  tag:user = 4  outcome:err"),
    ("Enter", "a function or span in detail"),
    ("!", "what looks wrong, and where to look"),
    ("Space", "pause; then ? tells of time travel"),
    ("Home  [  <", "the start; an entry, 1 s back"),
    ("↑ ↓  k j  wheel", "select a row"),
    ("PgUp PgDn  ^U ^D", "a screen up, down"),
    ("g G", "first, last; in Recent G follows"),
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

/// The same while a past moment is shown.
const TRAVEL_HELP: [Line; 13] = [
    ("Space", "play on from here; pause"),
    ("+ -", "play faster, slower (but Timeline)"),
    ("← →", "the entry before, after"),
    ("[ ]", "the same, of the selected row's"),
    ("", "function, or of any stage"),
    ("< >  , .", "a second back, on"),
    ("Home", "the start of the run"),
    ("End", "the present, or the run's end"),
    ("Esc", "give up what is looked for"),
    ("h l", "fold, unfold; in Timeline: pan"),
    ("↑ ↓  g G  Tab  1 – 5", "as ever"),
    ("/ ! Enter e c f w y", "as ever"),
    ("q  ^C", "quit; the program goes on"),
];

/// All lines.
pub(crate) fn help(is_live: bool) -> &'static [Line] {
    if is_live { &HELP } else { &TRAVEL_HELP }
}

/// The lines of a page, of a screen of so many rows; none behind the last.
pub(crate) fn page(help: &'static [Line], page: usize, height: u16) -> &'static [Line] {
    // A title above, a rule below.
    let rows = usize::from(height.saturating_sub(2)).max(1);
    let from = page.saturating_mul(rows).min(help.len());
    &help[from..help.len().min(from + rows)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_on_one_page() {
        for (help, height) in [true, false]
            .into_iter()
            .flat_map(|is_live| [0, 1, 2, 3, 10, 15, 22, 100].map(|height| (help(is_live), height)))
        {
            let pages = (0..help.len()).map(|at| page(help, at, height));
            let pages: Vec<_> = pages.take_while(|page| !page.is_empty()).collect();
            assert_eq!(pages.concat(), help, "{height}");
        }
    }
}
