//! `ferret alert test`: what rules would have told of old logs, and when; and which of them asked for what is not there.

use super::alerts::Alerts;
use super::notice::{Notice, What, moment};
use super::replay::Replay;
use super::rules::{Asks, Rule, Rules, near};
use super::watched::WorkerNow;
use crate::analyze::Selector;
use crate::exit::Code;
use crate::filter::{Field, Filter, Subject, Value};
use crate::format;
use crate::input;
use ferret::event::{CallsiteInfo, CallsiteKind, Names};
use ferret::log::{ReadOptions, Tail};
use jiff::tz::TimeZone;
use serde::Serialize;
use std::collections::BTreeSet;
use std::io::{BufWriter, Write, stdout};
use std::path::PathBuf;
use std::process::ExitCode;

/// How it is told.
#[derive(Clone, Copy, Debug)]
pub(super) struct Options {
    pub(super) json: bool,
    /// Fail if anything would have been told.
    pub(super) fail: bool,
    pub(super) read: ReadOptions,
}

/// What a rule came to, in the last line of the JSON.
#[derive(Debug, Serialize)]
struct Verdict {
    rule: String,
    /// Messages that it fired, and that told what happened.
    told: u64,
    resolved: u64,
    /// Why it could not have told anything; null where it could.
    matched_nothing: Option<String>,
}

#[derive(Debug, Serialize)]
struct End {
    format: u32,
    kind: &'static str,
    rules: Vec<Verdict>,
}

/// Replays the logs.
///
/// # Errors
///
/// They cannot be read, or nobody takes the output.
pub(super) fn test(rules: Rules, logs: &[PathBuf], options: Options) -> anyhow::Result<ExitCode> {
    let run = input::open(logs, options.read)?;
    let mut replay = Replay::new(&run, options.read)?;
    let names: Vec<Rule> = rules.rules.clone();
    let mut alerts = Alerts::of_the_past(rules);
    let mut out = Printer::new(BufWriter::new(stdout().lock()), options.json);
    let mut told = vec![(0, 0); names.len()];
    replay.run(&mut alerts, |notice| {
        let index = names.iter().position(|rule| rule.name == notice.rule);
        if let Some((fired, resolved)) = index.and_then(|index| told.get_mut(index)) {
            *if notice.what == What::Resolved { resolved } else { fired } += 1;
        }
        out.print(notice)
    })?;
    let all: Vec<&Names> = replay.tails().map(Tail::names).collect();
    let workers = replay.workers();
    let verdict = |(rule, (told, resolved)): (&Rule, (u64, u64))| Verdict {
        rule: rule.name.clone(),
        told,
        resolved,
        // Of no workers it may be true that there are too few.
        matched_nothing: nothing_matched(rule, &all, &workers).filter(|_| told + resolved == 0),
    };
    let verdicts: Vec<_> = names.iter().zip(told).map(verdict).collect();
    let has_fired = verdicts.iter().any(|verdict| verdict.told > 0);
    out.end(verdicts)?;
    let damage = input::conclude_of(run.problems(), replay.tails());
    if damage != ExitCode::SUCCESS {
        return Ok(damage);
    }
    Ok(if options.fail && has_fired { Code::GateHeld.into() } else { ExitCode::SUCCESS })
}

struct Printer<W: Write> {
    out: W,
    json: bool,
    zone: TimeZone,
    day: String,
    count: u64,
}

impl<W: Write> Printer<W> {
    fn new(out: W, json: bool) -> Self {
        Self { out, json, zone: TimeZone::system(), day: String::new(), count: 0 }
    }

    fn print(&mut self, notice: &Notice) -> anyhow::Result<()> {
        self.count += 1;
        if self.json {
            writeln!(self.out, "{}", serde_json::to_string(notice)?)?;
            return Ok(());
        }
        let day = moment(notice.at_ms, &self.zone).map_or_else(String::new, |(day, _)| day);
        if day != self.day {
            writeln!(self.out, "{day}")?;
            self.day = day;
        }
        notice.lines(&self.zone).iter().try_for_each(|line| writeln!(self.out, "{line}"))?;
        Ok(())
    }

    fn end(&mut self, rules: Vec<Verdict>) -> anyhow::Result<()> {
        if self.json {
            let end = End { format: super::notice::FORMAT, kind: "alert_test", rules };
            writeln!(self.out, "{}", serde_json::to_string(&end)?)?;
            return Ok(self.out.flush()?);
        }
        let all = rules.len();
        let fired = rules.iter().filter(|verdict| verdict.told > 0).count();
        let blank = if self.count > 0 { "\n" } else { "" };
        writeln!(self.out, "{blank}{fired} of {all} rules would have told something")?;
        for Verdict { rule, told, resolved, matched_nothing } in rules {
            let rest = match matched_nothing {
                Some(why) => format!("matched nothing: {why}"),
                None if told == 0 => "told nothing".to_owned(),
                None => {
                    let plural = if told == 1 { "" } else { "s" };
                    let (told, resolved) = (format::count(told), format::count(resolved));
                    let over = format!(", and {resolved} that it was over");
                    let over = if resolved == "0" { String::new() } else { over };
                    format!("told {told} message{plural}{over}")
                }
            };
            writeln!(self.out, "  {}: {rest}", crate::text::printable(&rule))?;
        }
        Ok(self.out.flush()?)
    }
}

/// Why a rule could not match anything in these logs; none if it could.
fn nothing_matched(rule: &Rule, names: &[&Names], workers: &[WorkerNow]) -> Option<String> {
    if let Some(filter) = &rule.workers
        && !workers.iter().any(|worker| filter.allows(&Timeless(worker)))
    {
        let known: BTreeSet<_> = workers.iter().map(|worker| worker.program.as_str()).collect();
        return Some(format!("no worker is {filter}{}", which("programs are", filter, known)));
    }
    let filter = match &rule.asks {
        Asks::Threshold(threshold) if threshold.metric.is_of_functions() => {
            match &threshold.clause.selector {
                Selector::Some(filter) => Some(filter),
                Selector::Every | Selector::Run => None,
            }
        }
        Asks::Threshold(threshold) => return threshold.unknown_counter(names),
        Asks::Open(_, spans) | Asks::NoProgress(_, spans) => spans.as_ref(),
        Asks::Happens(_) | Asks::NoHeartbeat(_) | Asks::NoWork(_) => None,
    }?;
    let is_span =
        |info: &&CallsiteInfo| !matches!(info.kind, CallsiteKind::Key | CallsiteKind::Mark);
    let functions = || names.iter().flat_map(|names| names.callsites.values()).filter(is_span);
    if functions().any(|info| filter.allows(&Callsite(info))) {
        return None;
    }
    let known: BTreeSet<_> = functions().map(|info| info.name.as_str()).collect();
    Some(format!("no function is {filter}{}", which("functions are", filter, known)))
}

/// What there is instead.
fn which(are: &str, filter: &Filter, known: BTreeSet<&str>) -> String {
    let all = known.len();
    if let Some(meant) = filter.as_name().and_then(|name| near(name, known.iter().copied())) {
        return format!("; did you mean {meant:?}?");
    }
    let some: Vec<_> = known.into_iter().take(8).collect();
    let more = if all > some.len() { ", …" } else { "" };
    if some.is_empty() { String::new() } else { format!("; the {are} {}{more}", some.join(", ")) }
}

impl super::rules::Threshold {
    fn unknown_counter(&self, names: &[&Names]) -> Option<String> {
        let super::metric::Metric::Counter(name) = &self.metric else { return None };
        let keys = || {
            let all = names.iter().flat_map(|names| names.callsites.values());
            all.filter(|info| info.kind == CallsiteKind::Key).map(|info| info.name.as_str())
        };
        if keys().any(|key| key == name) {
            return None;
        }
        let meant = near(name, keys());
        let meant = meant.map_or_else(String::new, |meant| format!("; did you mean {meant:?}?"));
        Some(format!("no program counts {name:?}{meant}"))
    }
}

/// A function of which only the name counts.
struct Callsite<'a>(&'a CallsiteInfo);

impl Subject for Callsite<'_> {
    #[expect(clippy::wildcard_enum_match_arm, reason = "the other fields are of calls")]
    fn value(&self, field: Field) -> Value<'_> {
        match field {
            Field::Name => Value::Text(self.0.name.as_str().into()),
            Field::Module => Value::Text(self.0.module.as_str().into()),
            Field::File => Value::Text(self.0.file.as_str().into()),
            Field::Kind => Value::Text(crate::analyze::kind(self.0.kind).into()),
            _ => Value::Foreign,
        }
    }
}

/// A worker of which only who it is counts.
struct Timeless<'a>(&'a WorkerNow);

impl Subject for Timeless<'_> {
    #[expect(clippy::wildcard_enum_match_arm, reason = "the others change as it works")]
    fn value(&self, field: Field) -> Value<'_> {
        match field {
            Field::Name | Field::Process | Field::Pid | Field::Host | Field::File => {
                self.0.value(field)
            }
            _ => Value::Foreign,
        }
    }
}
