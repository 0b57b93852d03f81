//! Markdown fit for a comment on a pull request: tables, folded details, and names from a log in which nothing is
//! markup. A line of the text is a line of the comment, however hostile the names are.

use crate::text;
use std::fmt::Write as _;

/// A name, as code. All that Markdown, HTML, mentions, references or autolinks begin with is an entity, which none of
/// them reads.
pub(crate) fn code(name: &str) -> String {
    format!("<code>{}</code>", plain(name))
}

/// A text that is no markup.
pub(crate) fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let text = text::printable(text);
    let mut chars = text.chars().peekable();
    let mut before = ' ';
    while let Some(c) = chars.next() {
        let is_within =
            before.is_alphanumeric() && chars.peek().is_some_and(|c| c.is_alphanumeric());
        before = c;
        match c {
            // Within a word it is no emphasis.
            '_' if is_within => out.push('_'),
            // Characters that turn the direction of what follows, or cannot be seen.
            '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' => {
                out.push('\u{fffd}');
            }
            ' ' | ',' | ';' | '%' | '+' | '-' | '/' | '?' | '.' => out.push(c),
            c if c.is_alphanumeric() || !c.is_ascii() => out.push(c),
            c => write!(out, "&#{};", u32::from(c)).expect("a string takes all"),
        }
    }
    out
}

/// A table of which the first column is on the left, the others on the right. The cells are markup already.
pub(crate) fn table(titles: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let mut out = format!("| {} |\n|", titles.join(" | "));
    for index in 0..titles.len() {
        out += if index == 0 { ":--|" } else { "--:|" };
    }
    out.push('\n');
    for row in rows {
        debug_assert_eq!(row.len(), titles.len());
        let text = format!("| {} |\n", row.join(" | "));
        out += &text;
    }
    out
}

/// What is shown when it is asked for.
pub(crate) fn details(summary: &str, body: &str) -> String {
    format!("<details>\n<summary>{summary}</summary>\n\n{body}\n</details>\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_name_is_markup() {
        assert_eq!(code("load::<T>"), "<code>load&#58;&#58;&#60;T&#62;</code>");
        for hostile in [
            "a|b",
            "`x`",
            "**b**",
            "<script>",
            "[a](https://x)",
            "@all #1",
            "a\n\n# b",
            "&lt;",
            "\u{202e}x",
            "$x$",
            "~~a~~",
            "_a_",
            "__a",
            "\\|",
        ] {
            let text = plain(hostile);
            let signs = |c: char| "|`*<>[]()@\\$~_\n!:\u{202e}".contains(c);
            assert!(!text.contains(signs), "{text}");
            let without = text.replace("&#", "");
            assert!(!without.contains(['&', '#']), "{text}");
        }
        assert_eq!(plain("read_one"), "read_one");
        assert_eq!(plain("音声 1.5 ms, +10%"), "音声 1.5 ms, +10%");
    }

    #[test]
    fn a_table_is_of_lines() {
        let text = table(&["A", "B"], [vec![code("x"), "1".to_owned()]]);
        assert_eq!(text, "| A | B |\n|:--|--:|\n| <code>x</code> | 1 |\n");
    }
}
