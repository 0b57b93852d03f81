//! Compares how many spans of each place and end a dead program has in its log, written or counted, with its ledger: where a program keeps to a number of spans a second, single ones are not to be found again.

use crate::judge::Verdict;
use crate::logs::Log;
use ferret::event::{LogEntry, Outcome};
use ferret_tests::ledger::{Fate, Lane, Ledger, MAX_JOBS, Said, Script};
use std::collections::BTreeMap;
use std::ops::AddAssign;

/// Spans that ended: in all, with an error, unwinding.
type Ended = [u64; 3];

/// Compares what one thread has recorded with its script.
///
/// # Errors
///
/// There are more, or other, than the thread has ended.
pub(crate) fn lane(
    log: &Log,
    number: usize,
    seed: u64,
    ledger: Lane<'_>,
) -> Result<Verdict, String> {
    let found = found(log, &format!("lane-{number}"))?;
    let told = |steps: u64| {
        let mut ends: BTreeMap<&str, Ended> = BTreeMap::new();
        for (_, step) in (0..steps).zip(Script::new(seed, number)) {
            if let Some(Said::End(site, fate)) = step.seen.map(|seen| seen.what) {
                let how = [Fate::Err, Fate::Panicked].map(|failed| u64::from(fate == failed));
                add(ends.entry(site.name()).or_default(), [1, how[0], how[1]]);
            }
        }
        ends
    };
    let (sure, most) = (told(ledger.done()), told(ledger.begun()));
    let mut verdict = Verdict::default();
    for (name, ended) in &found {
        let most = most.get(name.as_str()).copied().unwrap_or_default();
        if ended.iter().zip(most).any(|(found, most)| *found > most) {
            return Err(format!("lane {number} has {ended:?} of {name}, and ended {most:?}"));
        }
        verdict.compared += ended[0];
    }
    for (name, sure) in sure {
        let ended = found.get(name).copied().unwrap_or_default();
        verdict.missing +=
            sure.iter().zip(ended).map(|(s, found)| s.saturating_sub(found)).sum::<u64>();
    }
    Ok(verdict)
}

fn add(sum: &mut Ended, more: Ended) {
    sum.iter_mut().zip(more).for_each(|(sum, more)| *sum += more);
}

/// What the log has of the thread.
#[expect(clippy::wildcard_enum_match_arm, reason = "only these end spans")]
fn found(log: &Log, thread: &str) -> Result<BTreeMap<String, Ended>, String> {
    let mut ends: BTreeMap<String, Ended> = BTreeMap::new();
    for entry in log.of_thread(thread)? {
        let (path, ended) = match &entry.what {
            LogEntry::SpanEnd { path, outcome, .. } => {
                let how =
                    [Outcome::Err, Outcome::Panicked].map(|failed| u64::from(*outcome == failed));
                (*path, [1, how[0], how[1]])
            }
            LogEntry::Summary(counted) => {
                (counted.path, [counted.calls, counted.errors, counted.panics])
            }
            _ => continue,
        };
        add(ends.entry(log.names.span_name(path).to_owned()).or_default(), ended);
    }
    Ok(ends)
}

/// Compares how many tasks ended, how many turns, and how often tasks were polled.
///
/// # Errors
///
/// There are more than the ledger has.
pub(crate) fn jobs(log: &Log, ledger: &Ledger) -> Result<Verdict, String> {
    let found = Counted::of(log);
    let (mut sure, mut most) = (Counted::default(), Counted::default());
    for job in (0..MAX_JOBS).map(|number| ledger.job(number)) {
        let (done, begun) = (job.turns.done(), job.turns.begun());
        sure += Counted { turns: done, polls: done, jobs: u64::from(job.ended.is_sure()) };
        // The last poll of one that completes, and of one that has been polled and says nothing, has no turn.
        let polls = begun + u64::from(job.made.is_possible());
        most += Counted { turns: begun, polls, jobs: u64::from(job.ended.is_possible()) };
    }
    let all = |counted: Counted| [counted.turns, counted.polls, counted.jobs];
    let (found, sure, most) = (all(found), all(sure), all(most));
    if found.iter().zip(most).any(|(found, most)| *found > most) {
        return Err(format!("turns, polls and jobs are {found:?}, at most {most:?}"));
    }
    let missing = sure.iter().zip(found).map(|(sure, found)| sure.saturating_sub(found)).sum();
    Ok(Verdict { compared: found.iter().sum(), missing })
}

/// What tasks did, written or counted.
#[derive(Clone, Copy, Debug, Default)]
struct Counted {
    /// Spans in their polls, ended.
    turns: u64,
    /// Begun.
    polls: u64,
    /// Ended.
    jobs: u64,
}

impl AddAssign for Counted {
    fn add_assign(&mut self, other: Self) {
        self.turns += other.turns;
        self.polls += other.polls;
        self.jobs += other.jobs;
    }
}

impl Counted {
    #[expect(clippy::wildcard_enum_match_arm, reason = "the others are counted elsewhere")]
    fn of(log: &Log) -> Self {
        let mut counted = Self::default();
        for entry in &log.entries {
            let (path, calls) = match &entry.what {
                LogEntry::SpanEnd { outcome: Outcome::Unknown, .. } => continue,
                LogEntry::SpanEnd { path, .. } => (*path, 1),
                LogEntry::Summary(summary) => (summary.path, summary.calls),
                LogEntry::Enter { .. } => {
                    counted.polls += 1;
                    continue;
                }
                LogEntry::Polls { count, .. } => {
                    counted.polls += count;
                    continue;
                }
                _ => continue,
            };
            match log.names.span_name(path) {
                "turn" => counted.turns += calls,
                "job" => counted.jobs += calls,
                _ => {}
            }
        }
        counted
    }
}
