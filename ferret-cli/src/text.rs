//! Names in the columns there are: measured as a terminal does, cut in the middle, filled with
//! blanks. Everything that stands in a column goes through here, so no name can push one off.

use std::borrow::Cow;
use unicode_segmentation::UnicodeSegmentation as _;
use unicode_width::UnicodeWidthStr as _;

/// Columns a text takes in a terminal.
pub(crate) fn width(text: &str) -> usize {
    text.width()
}

/// The text in at most `columns`, cut in the middle where it is wider, since the ends tell names
/// apart.
pub(crate) fn fit(text: &str, columns: usize) -> String {
    let clean = printable(text);
    if clean.width() <= columns {
        return clean.into_owned();
    }
    let Some(room) = columns.checked_sub(1) else { return String::new() };
    let head = take(clean.graphemes(true), room.div_ceil(2));
    let tail: Vec<&str> = take(clean.graphemes(true).rev(), room - columns_of(&head));
    let tail = tail.into_iter().rev();
    head.into_iter().chain(["…"]).chain(tail).collect()
}

/// The text in at most `columns`, cut at its end: for sentences, where [`fit`] is for names. It may be kept: it is short
/// also where its letters take no columns.
pub(crate) fn cut(text: &str, columns: usize) -> String {
    let longest = text.char_indices().nth(columns * DENSEST);
    let clean = printable(longest.map_or(text, |(end, _)| &text[..end]));
    let fits = clean.width() <= columns && longest.is_none();
    let Some(room) = columns.checked_sub(1).filter(|_| !fits) else {
        return if columns == 0 { String::new() } else { clean.into_owned() };
    };
    take(clean.graphemes(true), room).into_iter().chain(["…"]).collect()
}

/// Characters in a column, beyond which nobody writes: a letter with its marks, half of a family of faces.
const DENSEST: usize = 8;

/// The text in exactly `columns`, cut as [`fit`] does, or filled with blanks on the right.
pub(crate) fn pad(text: &str, columns: usize) -> String {
    let mut fitted = fit(text, columns);
    let missing = columns.saturating_sub(fitted.width());
    fitted.extend(std::iter::repeat_n(' ', missing));
    fitted
}

/// The text in exactly `columns`, filled with blanks on the left.
pub(crate) fn pad_left(text: &str, columns: usize) -> String {
    let fitted = fit(text, columns);
    " ".repeat(columns.saturating_sub(fitted.width())) + &fitted
}

/// Control characters, which would move a terminal's cursor, become `�`; so do those that turn the direction of what
/// follows, by which a name could be read as another one.
pub(crate) fn printable(text: &str) -> Cow<'_, str> {
    if text.contains(is_moving) { text.replace(is_moving, "\u{fffd}").into() } else { text.into() }
}

fn is_moving(c: char) -> bool {
    c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn take<'a>(graphemes: impl Iterator<Item = &'a str>, columns: usize) -> Vec<&'a str> {
    let mut room = columns;
    let fits = |grapheme: &&str| {
        let left = room.checked_sub(grapheme.width());
        room = left.unwrap_or(0);
        left.is_some()
    };
    graphemes.take_while(fits).collect()
}

fn columns_of(graphemes: &[&str]) -> usize {
    graphemes.iter().map(|grapheme| grapheme.width()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_names_are_cut_in_the_middle() {
        for (columns, expected) in
            [(10, "transcribe"), (9, "tran…ribe"), (4, "tr…e"), (1, "…"), (0, "")]
        {
            assert_eq!(fit("transcribe", columns), expected);
        }
    }

    #[test]
    fn wide_letters_never_overrun_their_columns() {
        for columns in 0..20 {
            for text in ["音声認識パイプライン", "a音b声c認d識", "e\u{301}cole des 👩‍🚀👩‍🚀 fous"]
            {
                assert!(width(&fit(text, columns)) <= columns, "{text} in {columns}");
                assert_eq!(width(&pad(text, columns)), columns, "{text} in {columns}");
                assert_eq!(width(&pad_left(text, columns)), columns, "{text} in {columns}");
            }
        }
        assert_eq!(fit("音声認識", 5), "音…識");
        assert_eq!(cut("音声認識", 5), "音声…");
        assert_eq!(
            (cut("ab", 2), cut("ab", 1), cut("ab", 0)),
            ("ab".into(), "…".into(), String::new())
        );
    }

    #[test]
    fn what_takes_no_columns_is_cut_too() {
        let marks = format!("a{}", "\u{301}".repeat(100_000));
        for text in [&marks, &"\u{200b}".repeat(100_000), &"e\u{301}".repeat(100_000)] {
            let cut = cut(text, 20);
            assert!(width(&cut) <= 20 && cut.ends_with('…'), "{cut}");
            assert!(cut.chars().count() <= 20 * DENSEST + 1, "{}", cut.len());
        }
        let family = "👩‍👩‍👧‍👦".repeat(10);
        assert_eq!(cut(&family, 20), family);
    }

    #[test]
    fn control_characters_do_not_reach_the_terminal() {
        assert_eq!(fit("a\x1b[31mb\n", 20), "a\u{fffd}[31mb\u{fffd}");
        assert_eq!(fit("exe.\u{202e}txt\u{2069}", 20), "exe.\u{fffd}txt\u{fffd}");
        assert_eq!(fit("עברית", 20), "עברית", "what is written from the right stays so");
    }
}
