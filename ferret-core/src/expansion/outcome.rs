//! What a returned value says about its span: `Err` for any `Result`, `Ok` for everything else.
//!
//! `#[profile]` sees a function's return type only as it is written, and an alias hides a `Result`
//! (`io::Result<()>`). So the compiler decides, by the type: `Returned(&value).outcome()` finds the
//! method of `Returned<Result<_, _>>` if that is the type, and goes on through `Deref` to
//! [`AnyReturned`]'s if not. No trait needs to be implemented, or in scope, for either.
//!
//! Rejected: a trait with a blanket `impl`, which needs specialization; and comparing type names,
//! which costs at run time and needs `'static`.

use crate::event::Outcome;
use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;

/// A reference to what a recorded function returned.
pub struct Returned<'a, T>(pub &'a T);

impl<T, E> Returned<'_, Result<T, E>> {
    /// How the function ended.
    #[inline(always)]
    pub fn outcome(&self) -> Outcome {
        match self.0 {
            Ok(_) => Outcome::Ok,
            Err(_) => Outcome::Err,
        }
    }
}

impl<T> Deref for Returned<'_, T> {
    type Target = AnyReturned;

    #[inline(always)]
    fn deref(&self) -> &AnyReturned {
        &AnyReturned
    }
}

impl<T> fmt::Debug for Returned<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Returned")
    }
}

/// Something returned that is no `Result`.
#[derive(Debug)]
pub struct AnyReturned;

impl AnyReturned {
    /// How the function ended.
    #[inline(always)]
    #[expect(clippy::unused_self, reason = "called where it may be `Returned`'s")]
    pub fn outcome(&self) -> Outcome {
        Outcome::Ok
    }
}

/// Gives a closure's type to the compiler as `FnOnce` before it looks into the body, so that the
/// body may give away what it captured (`&mut self.field`), as a function's may.
#[inline(always)]
pub const fn body<R, F: FnOnce() -> R>(body: F) -> F {
    body
}

/// [`body`], for a return type that the macro cannot write.
#[inline(always)]
pub const fn body_of<R, F: FnOnce() -> R>(_: ReturnType<R>, body: F) -> F {
    body
}

/// Carries a return type that cannot be written (`Result<impl Iterator, E>`) from the function,
/// where the compiler infers it from a `return` that never runs, into the recorded body.
pub struct ReturnType<R>(PhantomData<fn() -> R>);

impl<R> ReturnType<R> {
    /// Of a type to be inferred.
    #[inline(always)]
    #[expect(clippy::new_without_default, reason = "called by generated code alone")]
    pub const fn new() -> Self {
        Self(PhantomData)
    }

    /// A value of the type, for code that never runs.
    ///
    /// # Panics
    ///
    /// Always.
    #[cold]
    pub fn value(self) -> R {
        unreachable!("only for its type")
    }
}

impl<R> Clone for ReturnType<R> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<R> Copy for ReturnType<R> {}

impl<R> fmt::Debug for ReturnType<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ReturnType")
    }
}

/// Names a captured variable, so that it is captured, and dropped, in this place in the order.
#[inline(always)]
pub const fn capture<T: ?Sized>(_: &T) {}

/// What follows a future that never completes.
///
/// # Panics
///
/// Always.
#[cold]
pub fn never() -> ! {
    unreachable!("a future of type `!` completed")
}

#[cfg(test)]
mod tests {
    use super::{Outcome, Returned};

    type Alias<T> = Result<T, String>;

    fn check(found: Outcome, expected: Outcome) {
        assert_eq!(found, expected);
    }

    #[test]
    fn an_err_is_seen_through_an_alias() {
        check(Returned(&Alias::<u8>::Err(String::new())).outcome(), Outcome::Err);
        check(Returned(&std::io::Result::Ok(())).outcome(), Outcome::Ok);
    }

    #[test]
    fn everything_else_is_ok_without_implementing_anything() {
        struct Opaque;
        check(Returned(&Opaque).outcome(), Outcome::Ok);
        check(Returned(&None::<Result<u8, u8>>).outcome(), Outcome::Ok);
        check(Returned(&()).outcome(), Outcome::Ok);
    }

    #[test]
    fn a_generic_result_is_seen() {
        fn of<T, E>(result: &Result<T, E>) -> Outcome {
            Returned(result).outcome()
        }
        check(of(&Err::<(), _>(3)), Outcome::Err);
    }
}
