//! What is wrong in a file of rules, and where.

use crate::text;
use std::ops::Range;
use std::path::Path;

/// A mistake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    /// From 1.
    line: usize,
    /// In characters, from 1.
    column: usize,
    what: String,
    /// The line it is in; none of one that may hold a secret.
    source: Option<String>,
    /// How much of it is meant, in characters.
    width: usize,
}

/// All that is wrong in a file, in the order of the file.
#[derive(Debug)]
pub(super) struct Faults<'a> {
    text: &'a str,
    found: Vec<(usize, Fault)>,
}

impl<'a> Faults<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, found: Vec::new() }
    }

    /// Notes one.
    pub(super) fn note(&mut self, at: Range<usize>, what: impl Into<String>) {
        let start = floor(self.text, at.start);
        let (before, after) = self.text.split_at(start);
        let line_start = before.rfind('\n').map_or(0, |end| end + 1);
        let line_end = after.find('\n').map_or(self.text.len(), |end| start + end);
        let end = floor(self.text, at.end).clamp(start, line_end);
        let fault = Fault {
            line: before.matches('\n').count() + 1,
            column: self.text[line_start..start].chars().count() + 1,
            what: what.into(),
            source: shown(&self.text[line_start..line_end])
                .filter(|_| !is_of_a_sink(&self.text[..line_end])),
            width: self.text[start..end].chars().count().max(1),
        };
        self.found.push((start, fault));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    pub(super) fn into_faults(mut self) -> Vec<Fault> {
        self.found.sort_by_key(|(at, _)| *at);
        self.found.into_iter().map(|(_, fault)| fault).collect()
    }
}

/// Whether the last line stands in a table of sinks, below its head, and its key may have a secret: a header has any
/// name.
fn is_of_a_sink(text: &str) -> bool {
    let key = text.lines().last().and_then(|line| line.split_once('='));
    if key.is_some_and(|(key, _)| HARMLESS.contains(&key.trim())) {
        return false;
    }
    let mut heads = text.lines().rev().map(str::trim_start).enumerate();
    let head = heads.find(|(_, line)| line.starts_with('['));
    head.is_some_and(|(below, head)| {
        below > 0 && head.trim_start_matches(['[', ' ', '\t', '"', '\'']).starts_with("sinks")
    })
}

/// A line as it is shown; none where messages, which land in other logs, could tell a secret.
fn shown(line: &str) -> Option<String> {
    let lower = line.to_lowercase();
    let is_secret = SECRET.iter().any(|word| lower.contains(word));
    (!is_secret).then(|| line.trim_end().to_owned())
}

/// Keys of sinks that hold no secret.
const HARMLESS: [&str; 9] = ["kind", "form", "shape", "tls", "ca", "timeout", "from", "to", "port"];

/// What stands in lines with secrets.
const SECRET: [&str; 7] = ["password", "url", "header", "token", "secret", "auth", "://"];

/// The last boundary between characters that is not behind `at`.
fn floor(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0)
}

impl Fault {
    /// File, line, column and reason, with the line itself below.
    pub(crate) fn told(&self, path: &Path) -> String {
        let Self { line, column, what, source, width } = self;
        let head = format!("{}:{line}:{column}: {what}", path.display());
        // A line may be as long as the file.
        let Some(source) = source.as_ref().filter(|_| *column <= LINE) else { return head };
        let shown = text::cut(&source.replace('\t', " "), LINE);
        let (number, margin) = (format!("{line:>5} | "), " ".repeat(5));
        let marks = "^".repeat((*width).min(LINE));
        format!("{head}\n{number}{shown}\n{margin} | {}{marks}", " ".repeat(column - 1))
    }
}

/// Columns of a line that are shown.
const LINE: usize = 120;

/// The name that was meant, if what was written is nearly one.
pub(crate) fn near<'a>(written: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let written = written.to_lowercase();
    let far = known.into_iter().map(|name| (distance(&written, &name.to_lowercase()), name));
    let (steps, name) = far.min()?;
    (steps <= written.chars().count().div_ceil(3)).then_some(name)
}

/// How many characters have to be changed, added or taken away. (Levenshtein; longer names are cut.)
fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().take(64).collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (taken, one) in from.chars().take(64).enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], taken + 1);
        for (index, other) in to.iter().enumerate() {
            let step = diagonal + usize::from(one != *other);
            diagonal = row[index + 1];
            row[index + 1] = step.min(diagonal + 1).min(row[index] + 1);
        }
    }
    row[to.len()]
}
