//! One trace event after the other, as JSON. Times are microseconds with three decimals, so that no
//! nanosecond is lost.

use super::super::reading::Told;
use super::ids::Track;
use serde::Serialize;
use std::fmt::Write as _;
use std::io::{self, Write};

/// The events as they are written.
#[derive(Debug, Default)]
pub(super) struct Events {
    has_one: bool,
    /// The event that is made; its memory is used again.
    line: String,
}

/// An event that is made.
#[derive(Debug)]
pub(super) struct Event<'a> {
    line: &'a mut String,
    args: Option<bool>,
}

impl Events {
    /// An event of one of the phases that the format has.
    pub(super) fn event(&mut self, phase: &str, name: &str, track: Track) -> Event<'_> {
        let line = &mut self.line;
        line.clear();
        line.push_str(if self.has_one { ",\n" } else { "\n" });
        self.has_one = true;
        line.push_str("{\"ph\":\"");
        line.push_str(phase);
        line.push_str("\",\"name\":");
        string(line, name);
        number(line, "pid", track.pid);
        number(line, "tid", track.tid);
        Event { line, args: None }
    }
}

impl Event<'_> {
    pub(super) fn category(&mut self, category: Option<&str>) {
        self.text("cat", category.unwrap_or("span"));
    }

    /// What joins it with other events of its process.
    pub(super) fn local_id(&mut self, id: u64) {
        write!(self.line, ",\"id2\":{{\"local\":\"0x{id:x}\"}}").expect("a string takes all");
    }

    /// What joins it with other events.
    pub(super) fn id(&mut self, id: u64) {
        write!(self.line, ",\"id\":\"0x{id:x}\"").expect("a string takes all");
    }

    /// A time, given in nanoseconds.
    pub(super) fn time(&mut self, key: &str, ns: u64) {
        write!(self.line, ",\"{key}\":{}.{:03}", ns / 1_000, ns % 1_000)
            .expect("a string takes all");
    }

    pub(super) fn text(&mut self, key: &str, text: &str) {
        write!(self.line, ",\"{key}\":").expect("a string takes all");
        string(self.line, text);
    }

    /// From here on it is arguments that are added.
    pub(super) fn args(&mut self) {
        self.line.push_str(",\"args\":{");
        self.args = Some(false);
    }

    /// An argument.
    pub(super) fn arg(&mut self, key: &str, value: &(impl Serialize + ?Sized)) -> io::Result<()> {
        if self.args.replace(true) == Some(true) {
            self.line.push(',');
        }
        string(self.line, key);
        self.line.push(':');
        self.line.push_str(&serde_json::to_string(value)?);
        Ok(())
    }

    pub(super) fn write(self, out: &mut dyn Write) -> io::Result<()> {
        self.line.push_str(if self.args.is_some() { "}}" } else { "}" });
        out.write_all(self.line.as_bytes())
    }
}

/// The head of the file.
pub(super) fn begin(out: &mut dyn Write) -> io::Result<()> {
    out.write_all(b"{\"displayTimeUnit\":\"ns\",\"traceEvents\":[")
}

/// The end of the file.
pub(super) fn end(start_unix_ns: Option<u64>, told: &Told, out: &mut dyn Write) -> io::Result<()> {
    let version = env!("CARGO_PKG_VERSION");
    let other = serde_json::json!({
        "exporter": format!("ferret {version}"),
        "start_unix_ns": start_unix_ns,
        "spans": told.spans,
        "open_spans": told.open,
        "dropped_spans": told.dropped,
        "calls_only_counted": told.counted,
    });
    writeln!(out, "\n],\"otherData\":{other}}}")
}

fn number(line: &mut String, key: &str, number: u64) {
    write!(line, ",\"{key}\":{number}").expect("a string takes all");
}

/// A text as JSON has it. Nearly all need no more than quotes.
fn string(line: &mut String, text: &str) {
    line.push('"');
    for c in text.chars() {
        match c {
            '"' => line.push_str("\\\""),
            '\\' => line.push_str("\\\\"),
            c if u32::from(c) < 0x20 => {
                write!(line, "\\u{:04x}", u32::from(c)).expect("a string takes all");
            }
            c => line.push(c),
        }
    }
    line.push('"');
}
