//! A tag's value on its way into a chunk.

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
