//! A tag's value on its way into a chunk, and text that is cut where it has no more room.

use std::fmt::{self, Write};

/// A tag's value, as given.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum TagValueRef<'a> {
    /// A boolean.
    Bool(bool),
    /// An unsigned integer.
    Unsigned(u64),
    /// A signed integer.
    Signed(i64),
    /// A floating-point number.
    Float(f64),
    /// Text; cut at 256 bytes, at a character.
    Text(&'a str),
}

/// The longest text of a tag, bytes.
pub(crate) const MAX_TEXT: usize = 256;

/// The beginning of a formatted text: at most `MAX` bytes of it, without allocating.
#[derive(Debug)]
pub(crate) struct Text<const MAX: usize> {
    /// Only whole characters.
    bytes: [u8; MAX],
    length: usize,
}

impl<const MAX: usize> Text<MAX> {
    /// Formats.
    pub(crate) fn of(arguments: fmt::Arguments<'_>) -> Self {
        let mut text = Self { bytes: [0; MAX], length: 0 };
        // An error here is our own, that the buffer is full, or the value's refusal to be
        // formatted: in both cases what has been written is the text.
        let _cut: fmt::Result = text.write_fmt(arguments);
        text
    }

    /// What there is of it.
    pub(crate) fn as_str(&self) -> &str {
        std::str::from_utf8(&self.bytes[..self.length]).unwrap_or_default()
    }
}

impl<const MAX: usize> Write for Text<MAX> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let room = MAX - self.length;
        let fits = text.floor_char_boundary(room);
        self.bytes[self.length..self.length + fits].copy_from_slice(&text.as_bytes()[..fits]);
        self.length += fits;
        // Stops the formatting, which may be of something very long.
        if fits < text.len() { Err(fmt::Error) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::{MAX_TEXT, Text};

    fn check(text: &str, expected: &str) {
        assert_eq!(Text::<MAX_TEXT>::of(format_args!("{text}")).as_str(), expected);
    }

    #[test]
    fn text_is_kept_whole_up_to_the_limit() {
        check("", "");
        check("ferret", "ferret");
        let longest = "x".repeat(MAX_TEXT);
        check(&longest, &longest);
    }

    #[test]
    fn longer_text_is_cut_at_a_character() {
        let text = format!("{}é", "x".repeat(MAX_TEXT - 1));
        check(&text, &text[..MAX_TEXT - 1]);
    }

    #[test]
    fn formatting_stops_once_the_buffer_is_full() {
        struct Endless;
        impl std::fmt::Display for Endless {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                loop {
                    f.write_str("on and ")?;
                }
            }
        }
        let text = Text::<MAX_TEXT>::of(format_args!("{Endless}"));
        assert!(text.as_str().starts_with("on and on and "));
        assert_eq!(text.as_str().len(), MAX_TEXT);
    }
}
