//! What `err` and `none` ask of the type that a function returns, and what they do with the value.

use super::tag::{tag_debug, tag_display};
use crate::event::Outcome;
use crate::record::Key;
use std::fmt::{Debug, Display};

/// A `Result`, under whatever name.
#[diagnostic::on_unimplemented(
    message = "`err` is for functions that return a `Result`, and this one returns `{Self}`",
    label = "not a `Result`"
)]
pub trait Fallible {
    /// What it holds when it holds no value.
    type Error;

    /// The error, if it is one.
    fn error(&self) -> Option<&Self::Error>;
}

impl<T, E> Fallible for Result<T, E> {
    type Error = E;

    #[inline]
    fn error(&self) -> Option<&E> {
        self.as_ref().err()
    }
}

/// An `Option`, under whatever name.
#[diagnostic::on_unimplemented(
    message = "`none` is for functions that return an `Option`, and this one returns `{Self}`",
    label = "not an `Option`"
)]
pub trait Optional {
    /// Whether it holds nothing.
    fn is_none(&self) -> bool;
}

impl<T> Optional for Option<T> {
    #[inline]
    fn is_none(&self) -> bool {
        self.is_none()
    }
}

// Inlined: out of line they would have every result put into memory first, errors or not.

/// `err`: tags the innermost open span with the error, if it is one.
#[inline(always)]
pub fn error_display<R: Fallible<Error: Display>>(result: &R, key: Key<'_>) {
    if let Some(error) = result.error() {
        tag_display(error, key);
    }
}

/// `err(Debug)`
#[inline(always)]
pub fn error_debug<R: Fallible<Error: Debug>>(result: &R, key: Key<'_>) {
    if let Some(error) = result.error() {
        tag_debug(error, key);
    }
}

/// `none`: how the function ended.
#[inline(always)]
pub fn none_is_err<R: Optional>(option: &R) -> Outcome {
    if option.is_none() { Outcome::Err } else { Outcome::Ok }
}
