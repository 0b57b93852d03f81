//! Sums up the rounds of one setting.

use crate::round::Outcome;
use std::fs::OpenOptions;
use std::io::Write as _;

/// The rounds of one setting.
#[derive(Debug)]
pub(crate) struct Tally {
    name: &'static str,
    sum: Outcome,
    /// What each round lost.
    missing: Vec<u64>,
}

impl Tally {
    pub(crate) fn new(name: &'static str) -> Self {
        Self { name, sum: Outcome::default(), missing: Vec::new() }
    }

    pub(crate) fn add(&mut self, outcome: &Outcome) {
        self.sum.kills += outcome.kills;
        self.sum.openers_killed += outcome.openers_killed;
        self.sum.without_log += outcome.without_log;
        self.sum.salvaged += outcome.salvaged;
        self.sum.verdict += outcome.verdict;
        self.missing.push(outcome.verdict.missing);
    }

    /// Events that were published and are not there.
    pub(crate) fn missing(&self) -> u64 {
        self.missing.iter().sum()
    }

    /// Prints it; and adds a line of numbers to the file that `FERRET_KILLS_TALLY` names, for
    /// `tests/kills.sh` to sum up.
    pub(crate) fn tell(&mut self) {
        self.missing.sort_unstable();
        let rounds = self.missing.len();
        let lossy = self.missing.iter().filter(|missing| **missing > 0).count();
        let median = self.missing.get(rounds / 2).copied().unwrap_or(0);
        let worst = self.missing.last().copied().unwrap_or(0);
        let Outcome { kills, openers_killed, without_log, verdict, salvaged } = self.sum;
        println!(
            "{:24} {rounds} rounds, {kills} kills, {openers_killed} openers killed, {without_log} before \
             there was a log; {} events compared, {salvaged} salvaged; {lossy} rounds lost events: \
             median {median}, most {worst}",
            self.name, verdict.compared
        );
        let Some(path) = std::env::var_os("FERRET_KILLS_TALLY") else { return };
        let line = format!(
            "{kills} {openers_killed} {without_log} {} {salvaged} {rounds} {lossy} {} {worst}\n",
            verdict.compared,
            self.missing()
        );
        let file = OpenOptions::new().create(true).append(true).open(path);
        file.and_then(|mut file| file.write_all(line.as_bytes())).expect("the tally is written");
    }
}
