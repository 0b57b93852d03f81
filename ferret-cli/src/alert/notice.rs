//! A message: what a rule found, of whom, and since when. Its JSON is documented in docs/alert.md.

use super::rules::{Rule, Severity};
use super::watched::WorkerNow;
use crate::format;
use crate::text::{cut, printable};
use ferret::event::ProcessUid;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;

/// The version of its JSON.
pub(crate) const FORMAT: u32 = 1;

/// Subjects that one message names; the others are counted.
pub(crate) const NAMED: usize = 10;

/// A message.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Notice {
    pub(crate) format: u32,
    pub(crate) kind: &'static str,
    pub(crate) what: What,
    pub(crate) rule: String,
    pub(crate) severity: Severity,
    /// When it is told: Unix time, ms.
    pub(crate) at_ms: u64,
    /// All of it in one line.
    pub(crate) text: String,
    pub(crate) subjects: Vec<Line>,
    /// Subjects that are not named.
    pub(crate) left_out: u64,
    /// Where it goes, as indexes of the rules' sinks.
    #[serde(skip)]
    pub(crate) sinks: Vec<usize>,
}

/// What a message tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum What {
    /// It holds, and goes on.
    Firing,
    /// It is over.
    Resolved,
    /// It happened.
    Happened,
}

/// One subject of a message.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Line {
    pub(crate) subject: String,
    /// Since when it holds, held, or when it happened: Unix time, ms.
    pub(crate) since_ms: u64,
    pub(crate) text: String,
    #[serde(flatten)]
    pub(crate) who: Option<Who>,
}

/// The worker that a subject is of.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Who {
    #[serde(serialize_with = "as_text")]
    pub(crate) worker: ProcessUid,
    pub(crate) program: String,
    pub(crate) pid: u32,
    pub(crate) host: String,
}

fn as_text<S: serde::Serializer>(uid: &ProcessUid, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(uid)
}

impl Who {
    pub(crate) fn of(worker: &WorkerNow) -> Self {
        let name = |text: &str| cut(text, NAME);
        Self {
            worker: worker.uid,
            program: name(&worker.program),
            pid: worker.pid,
            host: name(&worker.host),
        }
    }
}

/// Columns of a name.
pub(super) const NAME: usize = 120;
/// Columns of a text that has names in it.
const TEXT: usize = 400;

impl Line {
    /// Names in it may be as long as their log wants, and hold anything.
    pub(crate) fn new(subject: &str, since_ns: u64, text: &str, who: Option<Who>) -> Self {
        let since_ms = since_ns / 1_000_000;
        Self { subject: cut(subject, NAME), since_ms, text: cut(text, TEXT), who }
    }
}

impl What {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Firing => "firing",
            Self::Resolved => "resolved",
            Self::Happened => "happened",
        }
    }
}

impl Notice {
    /// The message of a rule; there is at least one line.
    pub(crate) fn new(rule: &Rule, what: What, now_ns: u64, mut lines: Vec<Line>) -> Self {
        let left_out = lines.len().saturating_sub(NAMED) as u64;
        lines.truncate(NAMED);
        let name = cut(&rule.name, NAME);
        let text = match &lines[..] {
            [line] => format!("{name}: {}: {}", line.subject, line.text),
            lines => {
                let all = lines.len() as u64 + left_out;
                let first = lines.first().map_or("", |line| line.text.as_str());
                let named: Vec<_> = lines.iter().map(|line| line.subject.as_str()).collect();
                let and =
                    if left_out > 0 { format!(", and {left_out} more") } else { String::new() };
                format!(
                    "{name}: {} of them: {}{and}; the first: {first}",
                    format::count(all),
                    named.join(", ")
                )
            }
        };
        Self {
            format: FORMAT,
            kind: "alert",
            what,
            rule: name,
            severity: rule.severity,
            at_ms: now_ns / 1_000_000,
            text: printable(&text).into_owned(),
            subjects: lines,
            left_out,
            sinks: rule.sinks.clone(),
        }
    }

    /// When it is told, for people.
    pub(crate) fn time(&self, zone: &TimeZone) -> String {
        moment(self.at_ms, zone).map_or_else(String::new, |(_, time)| time)
    }

    /// When it is told, for machines.
    pub(crate) fn rfc3339(&self) -> String {
        let at = i64::try_from(self.at_ms).unwrap_or(i64::MAX);
        Timestamp::from_millisecond(at).map_or_else(|_| String::new(), |stamp| stamp.to_string())
    }

    /// Lines for people: when, how bad, what, and each subject by itself where there are several.
    pub(crate) fn lines(&self, zone: &TimeZone) -> Vec<String> {
        let head =
            format!("{}  {:<8}  {:<8}  ", self.time(zone), self.what.name(), self.severity.name());
        if let [line] = &self.subjects[..] {
            return vec![format!("{head}{}: {}: {}", self.rule, line.subject, line.text)];
        }
        let all = self.subjects.len() as u64 + self.left_out;
        let mut lines = vec![format!("{head}{}: {}", self.rule, format::count(all))];
        let subjects = self.subjects.iter();
        lines.extend(subjects.map(|line| format!("    {}: {}", line.subject, line.text)));
        if self.left_out > 0 {
            lines.push(format!("    and {} more", format::count(self.left_out)));
        }
        lines
    }
}

/// The day and the time of day of a moment.
pub(crate) fn moment(unix_ms: u64, zone: &TimeZone) -> Option<(String, String)> {
    let stamp = Timestamp::from_millisecond(i64::try_from(unix_ms).ok()?).ok()?;
    let moment = stamp.to_zoned(zone.clone());
    Some((moment.strftime("%Y-%m-%d").to_string(), moment.strftime("%H:%M:%S.%3f").to_string()))
}
