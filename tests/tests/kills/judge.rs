//! Compares what a dead program's thread left in the log with its ledger: nothing missing, nothing
//! twice, nothing invented.

use crate::logs::Log;
use ferret::event::{Entry, LogEntry, Outcome, SpanId, TagValue};
use ferret_tests::ledger::{Act, Fate, Lane, Said, Script, Seen, Tell};
use std::ops::AddAssign;

/// What came of a comparison.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Verdict {
    /// Entries that are what the ledger says.
    pub(crate) compared: u64,
    /// Events that were surely published, and are not in the log.
    pub(crate) missing: u64,
}

impl AddAssign for Verdict {
    fn add_assign(&mut self, other: Self) {
        self.compared += other.compared;
        self.missing += other.missing;
    }
}

/// Compares what one thread has recorded with its script.
///
/// # Errors
///
/// An entry is not what the script says, or the thread had not come so far.
pub(crate) fn lane(
    log: &Log,
    number: usize,
    seed: u64,
    ledger: Lane<'_>,
) -> Result<Verdict, String> {
    let (done, begun) = (ledger.done(), ledger.begun());
    let all = log.of_thread(&format!("lane-{number}"))?;
    if all.first().is_some_and(|first| first.what != LogEntry::ThreadStart) {
        return Err(format!("lane {number} begins with {:?}", all[0]));
    }
    let found = all.iter().skip(1).filter_map(|entry| count(log, entry)).sum::<f64>();
    let mut entries = all.iter().skip(1).filter(|entry| count(log, entry).is_none());
    let mut reader = Reader { log, spans: Vec::new() };
    let mut verdict = Verdict::default();
    let mut counts = Counts::default();
    for (index, step) in (0..begun).zip(Script::new(seed, number)) {
        if step.act == Act::Tell(Tell::Count) {
            counts.pass(index < done);
        }
        let Some(seen) = step.seen else { continue };
        if let Some(entry) = entries.next() {
            reader.check(seen, entry).map_err(|what| {
                format!("lane {number}, step {index}, {seen:?}: {what}: {entry:?}")
            })?;
            verdict.compared += 1;
            counts.before_last_found = counts.passed;
        } else {
            verdict.missing += u64::from(index < done);
            counts.before_next.get_or_insert(counts.passed);
        }
    }
    if let Some(invented) = entries.next() {
        return Err(format!("lane {number} had begun {begun} steps, and there is {invented:?}"));
    }
    verdict.missing += counts.missing(found).map_err(|what| format!("lane {number}: {what}"))?;
    Ok(verdict)
}

/// What a counter's entry adds; none of another entry.
fn count(log: &Log, entry: &Entry) -> Option<f64> {
    let LogEntry::Counter { key, value, gauge: false } = entry.what else { return None };
    (log.names.callsite_name(key) == "counted").then_some(value)
}

/// How often a script counts: the log has a sum now and then, at places of its own.
#[derive(Debug, Default)]
struct Counts {
    /// In the steps so far.
    passed: u64,
    /// Of those, how many the ledger is sure of.
    sure: u64,
    /// Before the last step that is in the log.
    before_last_found: u64,
    /// Before the first step that is not.
    before_next: Option<u64>,
}

impl Counts {
    fn pass(&mut self, is_sure: bool) {
        self.passed += 1;
        self.sure += u64::from(is_sure);
    }

    /// How many are missing of those that are sure.
    #[expect(clippy::cast_precision_loss, reason = "a million at most")]
    fn missing(&self, found: f64) -> Result<u64, String> {
        let most = self.before_next.unwrap_or(self.passed);
        let possible = self.before_last_found..=most;
        // Small integers, which floats hold exactly.
        let count = possible.clone().find(|count| (*count as f64 - found).abs() < 0.5);
        count
            .map(|count| self.sure.saturating_sub(count))
            .ok_or_else(|| format!("it counted {found}, which should be in {possible:?}"))
    }
}

/// Entries as a script sees them: spans by number.
struct Reader<'a> {
    log: &'a Log,
    /// The spans that have begun, by number.
    spans: Vec<SpanId>,
}

impl Reader<'_> {
    /// Whether the entry says what the script saw.
    fn check(&mut self, seen: Seen, entry: &Entry) -> Result<(), &'static str> {
        let names = &self.log.names;
        if let (Said::Start(parent, site), LogEntry::SpanStart { span, path, parent: under, .. }) =
            (seen.what, &entry.what)
        {
            let parent = parent.map(|number| self.span(number)).transpose()?;
            let is_right = *under == parent && names.span_name(*path) == site.name();
            let is_new = self.spans.last().is_none_or(|last| last.start < span.start);
            self.spans.push(*span);
            return ok(is_right && is_new, "another span began");
        }
        let named = self.span(seen.span)?;
        match (seen.what, &entry.what) {
            (Said::End(site, fate), LogEntry::SpanEnd { span, path, outcome, .. }) => ok(
                *span == named
                    && names.span_name(*path) == site.name()
                    && *outcome == outcome_of(fate),
                "another span ended, or otherwise",
            ),
            (Said::Number(number), LogEntry::Tag { span, key, value }) => ok(
                *span == named
                    && names.callsite_name(*key) == "step"
                    && *value == TagValue::Unsigned(number),
                "another tag",
            ),
            (
                Said::Panic | Said::PanicAt,
                LogEntry::Tag { span, key, value: TagValue::Text(_) },
            ) => {
                let key_name = if seen.what == Said::Panic { "panic" } else { "panic.at" };
                ok(*span == named && names.callsite_name(*key) == key_name, "another tag")
            }
            (Said::Mark, LogEntry::Mark { span, .. }) => ok(*span == Some(named), "another's mark"),
            (Said::Progress(so_far), LogEntry::Progress { span, done, .. }) => {
                ok(*span == Some(named) && *done == so_far, "other progress")
            }
            _ => Err("another kind of entry"),
        }
    }

    fn span(&self, number: u64) -> Result<SpanId, &'static str> {
        let index = usize::try_from(number).unwrap_or(usize::MAX);
        self.spans.get(index).copied().ok_or("a span that has not begun")
    }
}

fn ok(is_ok: bool, what: &'static str) -> Result<(), &'static str> {
    if is_ok { Ok(()) } else { Err(what) }
}

fn outcome_of(fate: Fate) -> Outcome {
    match fate {
        Fate::Ok => Outcome::Ok,
        Fate::Err => Outcome::Err,
        Fate::Panicked => Outcome::Panicked,
    }
}
