//! The line in which a filter is written. What is written filters at once, as far as it can be read;
//! while it cannot, the last one that could stays.

use super::layout::Areas;
use super::press::Press;
use super::tabs;
use super::ui::Ui;
use crate::filter::{Filter, FilterError};
use crate::text;
use unicode_segmentation::UnicodeSegmentation as _;

/// Longer filters are not written by hand.
const LONGEST: usize = 1_000;
/// Earlier filters that are remembered.
const REMEMBERED: usize = 50;
/// On a screen of fewer rows there is none for what is wrong.
const LEAST_ROWS: u16 = 8;
/// The views' names beside a filter have so many columns at least.
const TABS: u16 = 24;

/// The line, while it is open.
#[derive(Clone, Debug, Default)]
pub(crate) struct Prompt {
    text: String,
    /// In bytes, between two letters.
    cursor: usize,
    error: Option<FilterError>,
    /// What was shown before, to come back to.
    before: Option<Filter>,
    /// How far back in the earlier filters it is; 0: what was written now.
    back: usize,
    /// What was written before going back.
    draft: String,
}

/// The line in so many columns: as much of it as there is room for, around the cursor.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Shown {
    pub(crate) text: String,
    /// The cursor's column.
    pub(crate) cursor: usize,
    /// The column at which the filter goes wrong, if that is to be seen.
    pub(crate) caret: Option<usize>,
}

/// What becomes of the line after a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    Open,
    Kept,
    Cancelled,
}

impl Prompt {
    fn new(filter: Option<&Filter>) -> Self {
        let mut prompt = Self { before: filter.cloned(), ..Self::default() };
        prompt.set(filter.map_or_else(String::new, Filter::to_string));
        prompt
    }

    /// Why what is written is no filter, in a few words.
    pub(crate) fn error(&self) -> Option<String> {
        self.error.as_ref().map(|error| error.fault.brief())
    }

    /// The line, for so many columns.
    pub(crate) fn shown(&self, columns: usize) -> Shown {
        let before = text::width(&self.text[..self.cursor]);
        // A column is the cursor's own behind the last letter.
        let skip = (before + 1).saturating_sub(columns);
        let (mut at, mut from, mut shown) = (0, None, String::new());
        for letter in self.text.graphemes(true) {
            let width = text::width(letter);
            if at >= skip && at + width <= skip + columns {
                from.get_or_insert(at);
                shown.push_str(letter);
            }
            at += width;
        }
        let from = from.unwrap_or(skip);
        let caret = self.error.as_ref().map(|error| {
            let to = (0..=error.at.min(self.text.len())).rev();
            let to = to.into_iter().find(|to| self.text.is_char_boundary(*to)).unwrap_or(0);
            text::width(&self.text[..to])
        });
        let caret = caret.and_then(|caret| caret.checked_sub(from)).filter(|at| *at < columns);
        Shown { text: shown, cursor: before.saturating_sub(from), caret }
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "other keys mean nothing in a line")]
    fn press(&mut self, press: Press, earlier: &[String]) -> Answer {
        match press {
            Press::Esc => return Answer::Cancelled,
            Press::Enter | Press::Char('\n') if self.error.is_none() => return Answer::Kept,
            Press::Char(c) | Press::Pasted(c)
                if !c.is_control() && self.text.len() + c.len_utf8() <= LONGEST =>
            {
                self.text.insert(self.cursor, c);
                self.cursor += c.len_utf8();
            }
            Press::Backspace | Press::Ctrl('h') => self.cut(self.letter_before()..self.cursor),
            Press::Delete | Press::Ctrl('d') => self.cut(self.cursor..self.letter_after()),
            Press::Ctrl('u') => self.cut(0..self.cursor),
            Press::Ctrl('k') => self.cut(self.cursor..self.text.len()),
            Press::Ctrl('w') => self.cut(self.word_before()..self.cursor),
            Press::Left | Press::Ctrl('b') => self.cursor = self.letter_before(),
            Press::Right | Press::Ctrl('f') => self.cursor = self.letter_after(),
            Press::Home | Press::Ctrl('a') => self.cursor = 0,
            Press::End | Press::Ctrl('e') => self.cursor = self.text.len(),
            Press::Up | Press::Ctrl('p') => self.recall(self.back + 1, earlier),
            Press::Down | Press::Ctrl('n') => self.recall(self.back.saturating_sub(1), earlier),
            _ => {}
        }
        Answer::Open
    }

    /// What is written as a filter; nothing lets everything pass.
    fn read(&self) -> Result<Option<Filter>, FilterError> {
        if self.text.trim().is_empty() { Ok(None) } else { self.text.parse().map(Some) }
    }

    fn set(&mut self, text: String) {
        (self.cursor, self.text) = (text.len(), text);
    }

    fn recall(&mut self, back: usize, earlier: &[String]) {
        let back = back.min(earlier.len());
        if back == self.back {
            return;
        }
        if self.back == 0 {
            self.draft.clone_from(&self.text);
        }
        self.back = back;
        let text = back.checked_sub(1).map(|index| earlier[earlier.len() - 1 - index].clone());
        self.set(text.unwrap_or_else(|| self.draft.clone()));
    }

    fn cut(&mut self, part: std::ops::Range<usize>) {
        self.cursor = part.start;
        self.text.drain(part);
    }

    fn letter_before(&self) -> usize {
        let mut letters = self.text[..self.cursor].grapheme_indices(true);
        letters.next_back().map_or(0, |(at, _)| at)
    }

    fn letter_after(&self) -> usize {
        let letter = self.text[self.cursor..].graphemes(true).next();
        self.cursor + letter.map_or(0, str::len)
    }

    fn word_before(&self) -> usize {
        let before = self.text[..self.cursor].trim_end();
        let blank = before.char_indices().rfind(|(_, c)| c.is_whitespace());
        blank.map_or(0, |(at, c)| at + c.len_utf8())
    }
}

impl Ui {
    /// Opens the line, with the filter there is.
    pub(super) fn open_prompt(&mut self) {
        self.prompt = Some(Prompt::new(self.filter.as_ref()));
    }

    /// A key for the line.
    pub(super) fn type_in(&mut self, press: Press) {
        let Some(mut prompt) = self.prompt.take() else { return };
        match prompt.press(press, &self.earlier) {
            Answer::Open => {
                match prompt.read() {
                    Ok(filter) => (self.filter, prompt.error) = (filter, None),
                    Err(error) => prompt.error = Some(error),
                }
                self.prompt = Some(prompt);
            }
            Answer::Kept => self.remember(),
            Answer::Cancelled => self.filter = prompt.before,
        }
    }

    /// The filter can be recalled, as the latest.
    fn remember(&mut self) {
        let Some(filter) = &self.filter else { return };
        let text = filter.to_string();
        self.earlier.retain(|earlier| *earlier != text);
        self.earlier.push(text);
        let forgotten = self.earlier.len().saturating_sub(REMEMBERED);
        self.earlier.drain(..forgotten);
    }

    /// A panel's title; the filter is in it where it has no other place.
    pub(crate) fn title(&self, name: &str) -> String {
        match self.filter_in_title() {
            Some(filter) => format!("{name}: {filter}"),
            None => name.to_owned(),
        }
    }

    /// The filter, if it has no place but the title.
    pub(crate) fn filter_in_title(&self) -> Option<&Filter> {
        self.filter.as_ref().filter(|_| self.areas.filter.width == 0)
    }
}

/// The rows that the line takes beside that of the controls, of so many.
pub(super) fn rows(prompt: Option<&Prompt>, height: u16) -> u16 {
    u16::from(prompt.is_some() && height >= LEAST_ROWS)
}

/// Gives the filter a place beside the views' names, whose names go first where there is little room.
pub(super) fn make_room(areas: &mut Areas, filter: Option<&Filter>) {
    let (Some(filter), tabs) = (filter, areas.tabs) else { return };
    if tabs.height == 0 {
        return;
    }
    // A sign before it, a blank on both sides.
    let wanted = u16::try_from(text::width(&filter.to_string()) + 3).unwrap_or(u16::MAX);
    let names = tabs::width_of_names();
    let least = if tabs.width.saturating_sub(wanted) >= names { names } else { TABS };
    let width = wanted.min(tabs.width.saturating_sub(least));
    areas.tabs.width -= width;
    areas.filter = super::layout::Area { x: tabs.x + areas.tabs.width, width, ..tabs };
}

#[cfg(test)]
#[path = "prompt_tests.rs"]
mod tests;
