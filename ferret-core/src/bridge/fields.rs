//! The fields of a span or an event, as tags.

use super::sites::Site;
use crate::expansion::{tag_debug, tag_display, tag_value};
use crate::record::{Key, TaskSpan, values};
use crate::value::Text;
use std::fmt;
use tracing_core::Level;
use tracing_core::field::{Field, Visit};

/// A message longer than this is cut, bytes: it names a mark.
const MAX_MESSAGE: usize = 128;

/// What an event says.
pub(super) type Message = Text<MAX_MESSAGE>;

/// Takes fields.
#[derive(Debug)]
pub(super) struct Fields<'a> {
    site: &'static Site,
    whose: Whose<'a>,
    /// Of an event, what it says.
    message: Option<Message>,
    is_event: bool,
    has_error: bool,
}

/// Whose tags fields become.
#[derive(Clone, Copy, Debug)]
pub(super) enum Whose<'a> {
    /// The innermost open span's.
    Here,
    /// That one's.
    Task(&'a TaskSpan),
    Nobody,
}

impl<'a> Fields<'a> {
    /// Of a span.
    pub(super) fn of_task(site: &'static Site, task: &'a TaskSpan) -> Self {
        Self { is_event: false, ..Self::of_event(site, Whose::Task(task)) }
    }

    /// Of an event.
    pub(super) fn of_event(site: &'static Site, whose: Whose<'a>) -> Self {
        Self { site, whose, message: None, is_event: true, has_error: false }
    }

    /// Whether there was a field that tells of an error.
    pub(super) fn has_error(&self) -> bool {
        self.has_error
    }

    /// What the event says, behind its level, if it says anything.
    pub(super) fn message(&self, level: Level) -> Option<Message> {
        let message = self.message.as_ref()?;
        Some(Text::of(format_args!("{level} {}", message.as_str())))
    }

    /// Whether it is what an event says, and may be recorded: with values in it, it is one.
    fn is_message(&self, field: &Field) -> bool {
        self.is_event && field.name() == "message" && values()
    }

    fn key(&mut self, field: &Field) -> Option<Key<'a>> {
        self.has_error |= matches!(field.name(), "error" | "err");
        if !values() {
            return None;
        }
        let callsite = self.site.key(field)?;
        match self.whose {
            Whose::Here => Some(Key::here(callsite)),
            Whose::Task(task) => Some(Key::of(callsite, task)),
            Whose::Nobody => None,
        }
    }
}

impl Visit for Fields<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if self.is_message(field) {
            self.message = Some(Text::of(format_args!("{value:?}")));
        } else if let Some(key) = self.key(field) {
            tag_debug(value, key);
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        if self.is_message(field) {
            self.message = Some(Text::of(format_args!("{value}")));
        } else if let Some(key) = self.key(field) {
            tag_value(value, key);
        }
    }

    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        if let Some(key) = self.key(field) {
            tag_display(value, key);
        }
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        if let Some(key) = self.key(field) {
            tag_value(&value, key);
        }
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        if let Some(key) = self.key(field) {
            tag_value(&value, key);
        }
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        if let Some(key) = self.key(field) {
            tag_value(&value, key);
        }
    }

    fn record_i128(&mut self, field: &Field, value: i128) {
        if let Some(key) = self.key(field) {
            tag_value(&value, key);
        }
    }

    fn record_u128(&mut self, field: &Field, value: u128) {
        if let Some(key) = self.key(field) {
            tag_value(&value, key);
        }
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        if let Some(key) = self.key(field) {
            tag_value(&value, key);
        }
    }
}
