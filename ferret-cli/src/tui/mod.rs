//! The screen of `ferret watch`. What is known ([`board`]), what the user chose to see of it
//! ([`ui`], with [`press`], [`prompt`], [`tabs`], [`list`], [`stack`], [`columns`] and [`layout`]) and the words for it ([`wording`]) know no
//! drawing library and no terminal; [`view`] draws them. So all but the drawing is tested without a
//! terminal, and other outputs of the same state share the words.

pub(crate) mod board;
pub(crate) mod columns;
pub(crate) mod copy;
pub(crate) mod details;
pub(crate) mod functions;
pub(crate) mod headline;
pub(crate) mod heap;
pub(crate) mod keys;
pub(crate) mod layout;
pub(crate) mod list;
pub(crate) mod pick;
pub(crate) mod press;
pub(crate) mod processes;
pub(crate) mod prompt;
pub(crate) mod stack;
pub(crate) mod stack_text;
pub(crate) mod stages;
pub(crate) mod tabs;
pub(crate) mod timeline;
pub(crate) mod travel;
pub(crate) mod ui;
mod unfold;
pub(crate) mod view;
pub(crate) mod warnings;
pub(crate) mod wording;

#[cfg(test)]
mod screens;
#[cfg(test)]
pub(crate) mod script;
#[cfg(test)]
mod view_screens;
