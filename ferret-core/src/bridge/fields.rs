//! The fields of a span or an event, as tags.

use super::sites::Site;
use crate::expansion::{tag_debug, tag_display, tag_value};
use crate::record::{Key, TaskSpan, values};
use std::fmt::{self, Write as _};
use tracing_core::Level;
use tracing_core::field::{Field, Visit};

/// A message longer than this is cut, bytes: it names a mark.
const MAX_MESSAGE: usize = 128;

/// Takes fields.
#[derive(Debug)]
pub(super) struct Fields<'a> {
    site: &'static Site,
    /// Whose tags they are; the innermost open span's if none is named.
    task: Option<&'a TaskSpan>,
    message: Option<String>,
    has_error: bool,
}

impl<'a> Fields<'a> {
    /// Of a span.
    pub(super) fn of_task(site: &'static Site, task: &'a TaskSpan) -> Self {
        Self { site, task: Some(task), message: None, has_error: false }
    }

    /// Of an event.
    pub(super) fn of_event(site: &'static Site) -> Self {
        Self { site, task: None, message: None, has_error: false }
    }

    /// Whether there was a field that tells of an error.
    pub(super) fn has_error(&self) -> bool {
        self.has_error
    }

    /// What the event says, behind its level: the names of its fields if it has nothing else.
    pub(super) fn message(&self, level: Level) -> String {
        let message = self.message.clone().unwrap_or_else(|| self.site.fields());
        format!("{level} {message}")
    }

    /// Whether it is what an event says, and may be recorded: with values in it, it is one.
    fn is_message(&self, field: &Field) -> bool {
        field.name() == "message" && self.task.is_none() && values()
    }

    fn key(&mut self, field: &Field) -> Option<Key<'a>> {
        self.has_error |= matches!(field.name(), "error" | "err");
        if !values() {
            return None;
        }
        let callsite = self.site.key(field)?;
        Some(self.task.map_or_else(|| Key::here(callsite), |task| Key::of(callsite, task)))
    }
}

impl Visit for Fields<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if self.is_message(field) {
            let mut message = Cut(String::new());
            // An error is the cut, or the value's refusal: what is there is the message.
            let _cut: fmt::Result = write!(message, "{value:?}");
            self.message = Some(message.0);
        } else if let Some(key) = self.key(field) {
            tag_debug(value, key);
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        if self.is_message(field) {
            self.message = Some(value[..value.floor_char_boundary(MAX_MESSAGE)].to_owned());
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

/// Text up to a bound; formatting stops there.
struct Cut(String);

impl fmt::Write for Cut {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let fits = text.floor_char_boundary(MAX_MESSAGE.saturating_sub(self.0.len()));
        self.0.push_str(&text[..fits]);
        if fits < text.len() { Err(fmt::Error) } else { Ok(()) }
    }
}
