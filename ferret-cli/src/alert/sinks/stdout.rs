//! The sink that prints.

use super::{Deliver, End, Failure, Sent, json};
use crate::alert::rules::Form;
use jiff::tz::TimeZone;
use std::io::{Write as _, stdout};

/// Standard output.
pub(super) struct Stdout {
    form: Form,
    zone: TimeZone,
}

impl Stdout {
    pub(super) fn new(form: Form) -> Self {
        Self { form, zone: TimeZone::system() }
    }
}

impl Deliver for Stdout {
    fn deliver(&mut self, sent: &Sent<'_>, _end: End<'_>) -> Result<(), Failure> {
        let text = match self.form {
            Form::Json => json(sent).map_err(Failure::refusal)?,
            Form::Text => {
                let mut lines = sent.notice.lines(&self.zone);
                lines.extend(sent.losses());
                lines.join("\n")
            }
        };
        let mut out = stdout().lock();
        // A closed pipe does not open again.
        writeln!(out, "{text}").and_then(|()| out.flush()).map_err(Failure::refusal)
    }
}
