//! Feature `off`: the same names, and nothing behind them. Every annotation compiles to the code
//! it would be without, and a session writes no log.

use crate::event::{CallsiteKind, Outcome};
use crate::options::{Options, StartError};
use crate::value::TagValueRef;
use std::panic::Location;
use std::path::Path;
use std::time::Duration;

/// A place in the program that is not recorded.
#[derive(Debug)]
pub struct Callsite;

impl Callsite {
    /// As with recording compiled in.
    pub const fn new(
        _name: &'static str,
        _module: &'static str,
        _file: &'static str,
        _line: u32,
        _kind: CallsiteKind,
    ) -> Self {
        Self
    }
}

/// A place whose spans are named when they begin, and that is not recorded.
#[derive(Debug)]
pub struct Names(Callsite);

impl Names {
    /// As with recording compiled in.
    pub const fn new(
        _name: &'static str,
        _module: &'static str,
        _file: &'static str,
        _line: u32,
        _kind: CallsiteKind,
    ) -> Self {
        Self(Callsite)
    }

    /// The place.
    #[inline(always)]
    pub fn unnamed(&'static self) -> &'static Callsite {
        &self.0
    }

    /// The place, whatever the name.
    #[inline(always)]
    pub(crate) fn named(&'static self, _name: &str) -> &'static Callsite {
        &self.0
    }
}

/// Never.
#[inline(always)]
pub const fn recording() -> bool {
    false
}

/// Never.
#[inline(always)]
pub const fn values() -> bool {
    false
}

/// Nothing.
#[must_use = "the span ends when its guard is dropped: bind it, `let _span = …`"]
#[derive(Debug)]
pub struct Guard(std::marker::PhantomData<*const ()>);

/// Does nothing.
#[inline(always)]
pub fn enter(_callsite: &'static Callsite) -> Guard {
    Guard(std::marker::PhantomData)
}

impl Guard {
    /// Does nothing.
    #[inline(always)]
    pub fn finish(self, _outcome: Outcome) {}
}

/// Nothing.
#[must_use = "the span is for a future: `future.instrument(span)`"]
#[derive(Debug)]
pub struct TaskSpan;

impl TaskSpan {
    /// Does nothing.
    #[doc(hidden)]
    #[inline(always)]
    pub fn start(_callsite: &'static Callsite) -> Self {
        Self
    }

    /// Does nothing.
    #[doc(hidden)]
    #[inline(always)]
    pub fn create(_callsite: &'static Callsite, _under: Under<'_>) -> Self {
        Self
    }

    /// Does nothing.
    #[inline(always)]
    pub fn enter(&mut self) -> Entered {
        Entered(std::marker::PhantomData)
    }

    /// Does nothing.
    #[inline(always)]
    pub fn end(self, _outcome: Outcome) {}
}

/// Nothing.
#[derive(Clone, Copy, Debug)]
pub enum Under<'a> {
    /// The innermost open span.
    Here,
    /// None.
    Nowhere,
    /// That one.
    Span(&'a SpanRef),
    /// That async one.
    Task(&'a TaskSpan),
}

/// Nothing.
#[must_use = "what begins while it is entered is begun under the span: `let _in = span.enter()`"]
#[derive(Clone, Debug)]
pub struct SpanRef;

impl SpanRef {
    /// Does nothing.
    #[inline(always)]
    pub fn enter(&self) -> Entered {
        Entered(std::marker::PhantomData)
    }
}

/// Nothing.
#[inline(always)]
pub fn current_span() -> SpanRef {
    SpanRef
}

/// Nothing.
#[must_use = "it ends when this is dropped: bind it, `let _in_span = …`"]
#[derive(Debug)]
pub struct Entered(std::marker::PhantomData<*const ()>);

/// Nothing.
#[derive(Clone, Copy, Debug)]
pub struct Key<'a>(std::marker::PhantomData<&'a TaskSpan>);

impl<'a> Key<'a> {
    /// Nothing.
    #[inline(always)]
    pub const fn here(_callsite: &'static Callsite) -> Self {
        Self(std::marker::PhantomData)
    }

    /// Nothing.
    #[inline(always)]
    pub const fn of(_callsite: &'static Callsite, _task: &'a TaskSpan) -> Self {
        Self(std::marker::PhantomData)
    }
}

/// Does nothing.
#[inline(always)]
pub fn tag(_key: Key<'_>, _value: TagValueRef<'_>) {}

/// Does nothing.
#[inline(always)]
pub fn mark(_callsite: &'static Callsite) {}

/// Does nothing.
#[inline(always)]
pub fn count(_key: &'static Callsite, _change: f64) {}

/// Does nothing.
#[inline(always)]
pub fn level(_key: &'static Callsite, _level: f64) {}

/// Does nothing: recording is compiled out.
#[inline(always)]
pub fn progress(_done: u64, _total: u64) {}

/// Nobody's memory.
#[cfg(feature = "alloc")]
#[derive(Clone, Copy, Debug)]
#[repr(align(4))]
pub(crate) struct Owner;

/// Counts nothing.
#[cfg(feature = "alloc")]
#[inline(always)]
pub(crate) fn allocated(_size: usize) -> Owner {
    Owner
}

/// Counts nothing.
#[cfg(feature = "alloc")]
#[inline(always)]
pub(crate) fn freed(_owner: Owner, _size: usize) {}

/// No recording: the program was built with feature `off`.
#[must_use = "dropping the session ends the recording: keep it, `let _session = …`, not `let _ = …`"]
#[derive(Debug)]
pub struct Session(Options);

impl Session {
    /// Where the log would be.
    pub fn path(&self) -> &Path {
        &self.0.path
    }

    /// Nothing is waiting to be written.
    pub fn flush(&self, _patience: Duration) -> bool {
        true
    }
}

#[expect(clippy::unnecessary_wraps, reason = "the signature of the build that records")]
pub(crate) fn start_with(
    options: Options,
    _at: &'static Location<'static>,
) -> Result<Session, StartError> {
    Ok(Session(options))
}
