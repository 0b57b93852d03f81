//! Words, sentences and names: what the text stages share.

pub mod html;
pub mod names;
pub mod sentences;
pub mod words;
