//! Where output goes: how wide it may be, and whether it may have colours.

use crate::text;
use std::io::IsTerminal as _;

/// The page a command writes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Page {
    /// Columns; none where lines may be as long as they are, as in a pipe.
    pub(crate) width: Option<usize>,
    /// Whether colours are understood and wanted.
    pub(crate) colour: bool,
}

/// How a piece of text looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Style {
    /// As it is.
    #[default]
    Plain,
    /// What matters most.
    Strong,
    /// What may be passed over.
    Faint,
    /// What went wrong.
    Bad,
    /// What is not finished, or not sure.
    Warn,
    /// What is well.
    Good,
}

impl Page {
    /// A pipe or a file: no limit, no colour.
    pub(crate) const PLAIN: Self = Self { width: None, colour: false };

    /// The page that stdout is.
    pub(crate) fn of_stdout() -> Self {
        Self::of(std::io::stdout().is_terminal())
    }

    /// The page that stderr is.
    pub(crate) fn of_stderr() -> Self {
        Self::of(std::io::stderr().is_terminal())
    }

    fn of(is_terminal: bool) -> Self {
        if !is_terminal {
            return Self::PLAIN;
        }
        let unwanted = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let is_dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        let width = crossterm::terminal::size().map_or(80, |(columns, _)| usize::from(columns));
        Self { width: Some(width.max(20)), colour: !unwanted("NO_COLOR") && !is_dumb }
    }

    /// The text in that style.
    pub(crate) fn paint(self, text: &str, style: Style) -> String {
        let code = match style {
            Style::Plain => return text.to_owned(),
            Style::Strong => "1",
            Style::Faint => "2",
            Style::Bad => "31",
            Style::Warn => "33",
            Style::Good => "32",
        };
        if self.colour && !text.is_empty() {
            format!("\x1b[{code}m{text}\x1b[0m")
        } else {
            text.to_owned()
        }
    }

    /// Facts, each in its style, with that between them; on as many lines as they need.
    pub(crate) fn facts(self, facts: &[(String, Style)], between: &str) -> String {
        let (mut out, mut column) = (String::new(), 0);
        for (fact, style) in facts {
            let fact = text::fit(fact, self.width.unwrap_or(usize::MAX));
            let (gap, needed) = (text::width(between), text::width(&fact));
            if column > 0 && self.width.is_some_and(|width| column + gap + needed > width) {
                out.push('\n');
                column = 0;
            } else if column > 0 {
                out += &self.paint(between, Style::Faint);
                column += gap;
            }
            out += &self.paint(&fact, *style);
            column += needed;
        }
        out + "\n"
    }

    /// A sentence in that style, broken into lines that fit; one that begins with a dash hangs.
    pub(crate) fn sentence(self, text: &str, style: Style) -> String {
        let indent = if text.starts_with("- ") { "  " } else { "" };
        let mut lines: Vec<String> = Vec::new();
        for word in text.split(' ') {
            let fits = |line: &String| {
                let needed = text::width(line) + 1 + text::width(word);
                self.width.is_none_or(|width| needed <= width)
            };
            if let Some(line) = lines.last_mut().filter(|line| fits(line)) {
                *line = format!("{line} {word}");
                continue;
            }
            let indent = if lines.is_empty() { "" } else { indent };
            // A path may be longer than a line.
            let room = self.width.map_or(usize::MAX, |width| width.saturating_sub(indent.len()));
            lines.push(format!("{indent}{}", text::fit(word, room)));
        }
        lines.iter().map(|line| self.paint(line, style) + "\n").collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_are_broken_between_each_other() {
        let facts = ["one", "two three", "four"].map(|fact| (fact.to_owned(), Style::Plain));
        assert_eq!(Page::PLAIN.facts(&facts, " · "), "one · two three · four\n");
        let page = Page { width: Some(15), colour: false };
        assert_eq!(page.facts(&facts, " · "), "one · two three\nfour\n");
    }

    #[test]
    fn sentences_are_broken_between_words() {
        let page = Page { width: Some(12), colour: false };
        let text = page.sentence("one two three four /a/path/that/is/long end", Style::Plain);
        assert_eq!(text, "one two\nthree four\n/a/pat…/long\nend\n");
        assert_eq!(Page::PLAIN.sentence("one two", Style::Plain), "one two\n");
    }
}
