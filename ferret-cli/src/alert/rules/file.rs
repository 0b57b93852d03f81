//! Reading a file of rules. All that is wrong in it is found at once, where that can be told.

use super::asks::{self, filter};
use super::fault::{Fault, Faults, near};
use super::sink::{Form, SinkRule};
use super::table::Table;
use super::{OF_WORKERS, Rule, Rules, Severity};
use crate::alert::notice::NAME;
use crate::when::parse_duration;
use std::collections::BTreeSet;
use std::ops::Range;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

const SECOND: u64 = 1_000_000_000;
const MINUTE: u64 = 60 * SECOND;
/// Rules are looked at once a second, and a call is in the log some tenths of one after its end: of a shorter window,
/// some calls would never be seen.
const SHORTEST_WINDOW: u64 = 2 * SECOND;
/// Longer windows are mistakes, and would cost memory.
const LONGEST_WINDOW: u64 = 24 * 60 * MINUTE;
/// More is a mistake, or no file for people.
const MOST_RULES: usize = 1_000;

/// What names of rules and sinks are like: as they are written, they are told.
pub(super) const NAMES: &str = "has a letter, at most 120 columns, and no control characters";

pub(super) fn is_name(text: &str) -> bool {
    !text.trim().is_empty() && crate::text::cut(text, NAME) == text
}

/// What rules have that do not say otherwise.
#[derive(Clone, Debug)]
struct Defaults {
    severity: Severity,
    for_ns: u64,
    resolve_after_ns: Option<u64>,
    window_ns: u64,
    cooldown_ns: u64,
    grace_ns: u64,
    tells_end: bool,
    sinks: Option<Vec<usize>>,
}

impl Default for Defaults {
    fn default() -> Self {
        Self {
            severity: Severity::Warning,
            for_ns: 0,
            resolve_after_ns: None,
            window_ns: MINUTE,
            cooldown_ns: 5 * MINUTE,
            grace_ns: 0,
            tells_end: true,
            sinks: None,
        }
    }
}

/// Reads the text of a file.
///
/// # Errors
///
/// All that is wrong with it, in order.
pub(in crate::alert) fn read(text: &str) -> Result<Rules, Vec<Fault>> {
    let mut faults = Faults::new(text);
    let (document, errors) = DeTable::parse_recoverable(text);
    for error in &errors {
        let at = error.span().unwrap_or(text.len()..text.len());
        faults.note(at, error.message().trim().replace('\n', ", "));
    }
    // What is no TOML is not known to mean anything.
    if !faults.is_empty() {
        return Err(faults.into_faults());
    }
    let mut top = Table::new("the file", 0..0, document.get_ref());
    let (names, sinks) = sinks(top.take("sinks"), &mut faults);
    let mut defaults = Defaults::default();
    if let Some(value) = top.take("defaults")
        && let Some(mut table) = as_table("defaults", value, &mut faults)
    {
        defaults = usual(&mut table, &defaults, &names, &mut faults);
        table.finish(&mut faults);
    }
    let (mut rules, mut known) = (Vec::new(), BTreeSet::new());
    match top.take("rule") {
        Some(value) => {
            let items = value.get_ref().as_array().map(|array| array.iter().collect::<Vec<_>>());
            if items.is_none() {
                faults.note(value.span(), "rules are written as [[rule]], each by itself");
            }
            for item in items.unwrap_or_default().into_iter().take(MOST_RULES + 1) {
                if rules.len() == MOST_RULES {
                    faults.note(item.span(), format!("more than {MOST_RULES} rules are too many"));
                    break;
                }
                let Some(table) = as_table("a rule", item, &mut faults) else { continue };
                rules.extend(rule(table, &defaults, &names, &mut known, &mut faults));
            }
        }
        None => faults.note(0..0, "there is no rule here: begin one with [[rule]]"),
    }
    top.finish(&mut faults);
    if faults.is_empty() { Ok(Rules { rules, sinks }) } else { Err(faults.into_faults()) }
}

fn as_table<'t, 'i>(
    what: &'static str,
    value: &'t Spanned<DeValue<'i>>,
    faults: &mut Faults<'_>,
) -> Option<Table<'t, 'i>> {
    let table = value.get_ref().as_table();
    if table.is_none() {
        faults.note(value.span(), format!("{what} is a table"));
    }
    Some(Table::new(what, value.span(), table?))
}

/// The sinks, and their names: also of those that cannot be read, which are no mistakes of who names them.
fn sinks(
    value: Option<&Spanned<DeValue<'_>>>,
    faults: &mut Faults<'_>,
) -> (Vec<String>, Vec<SinkRule>) {
    let table = value.and_then(|value| as_table("sinks", value, faults));
    let (mut names, mut sinks) = (Vec::new(), Vec::new());
    for (name, at, value) in table.into_iter().flat_map(|mut table| table.rest()) {
        names.push(name.to_owned());
        if let Some(table) = as_table("a sink", value, faults) {
            sinks.extend(SinkRule::read(name, table.at(at), faults));
        }
    }
    if names.is_empty() {
        let sink = SinkRule::stdout(Form::Text);
        names.push(sink.name.clone());
        sinks.push(sink);
    }
    (names, sinks)
}

/// The keys that a rule and the defaults both have.
fn usual(
    table: &mut Table<'_, '_>,
    defaults: &Defaults,
    sinks: &[String],
    faults: &mut Faults<'_>,
) -> Defaults {
    let find = |(name, at): (&str, Range<usize>), faults: &mut Faults<'_>| {
        let found = sinks.iter().position(|known| known == name);
        if found.is_none() {
            let meant = near(name, sinks.iter().map(String::as_str));
            let meant = meant.map_or_else(
                || format!("the sinks are {}", sinks.join(", ")),
                |meant| format!("did you mean {meant:?}?"),
            );
            faults.note(at, format!("there is no sink {name:?}: {meant}"));
        }
        found
    };
    let chosen = table.texts("sinks", faults);
    let chosen = chosen.map(|names| names.into_iter().filter_map(|name| find(name, faults)));
    let chosen: Option<BTreeSet<usize>> = chosen.map(Iterator::collect);
    let window = table.parsed("window", faults, |text| {
        let length = parse_duration(text).map_err(|error| error.to_string())?;
        let ns = u64::try_from(length.as_nanos()).unwrap_or(u64::MAX);
        let is_one = (SHORTEST_WINDOW..=LONGEST_WINDOW).contains(&ns);
        is_one.then_some(ns).ok_or_else(|| "it is at least 2s and at most 1d long".to_owned())
    });
    Defaults {
        severity: table.word("severity", &Severity::ALL, faults).unwrap_or(defaults.severity),
        for_ns: table.duration("for", faults).unwrap_or(defaults.for_ns),
        resolve_after_ns: table.duration("resolve_after", faults).or(defaults.resolve_after_ns),
        window_ns: window.unwrap_or(defaults.window_ns),
        cooldown_ns: table.duration("cooldown", faults).unwrap_or(defaults.cooldown_ns),
        grace_ns: table.duration("grace", faults).unwrap_or(defaults.grace_ns),
        tells_end: table.flag("resolved", faults).unwrap_or(defaults.tells_end),
        sinks: chosen.map(|chosen| chosen.into_iter().collect()).or_else(|| defaults.sinks.clone()),
    }
}

fn rule(
    mut table: Table<'_, '_>,
    defaults: &Defaults,
    sinks: &[String],
    known: &mut BTreeSet<String>,
    faults: &mut Faults<'_>,
) -> Option<Rule> {
    let at = table.at.clone();
    let name = table.text("name", faults).map(|(name, _)| name.trim().to_owned());
    if let Some(name) = &name
        && !known.insert(name.clone())
    {
        faults.note(at.clone(), format!("there are two rules {name:?}: call one otherwise"));
    }
    let written = asks::times(&table);
    let usual = usual(&mut table, defaults, sinks, faults);
    let workers = filter(&mut table, "workers", "a worker", OF_WORKERS, faults);
    let asks = asks::read(&mut table, usual.window_ns, faults);
    if let Some(asks) = &asks {
        asks.refuse_idle(written, faults);
    }
    table.finish(faults);
    let Some(name) = name else {
        faults.note(at, "a rule needs a name");
        return None;
    };
    if !is_name(&name) {
        faults.note(at, format!("a rule's name {NAMES}"));
    }
    Some(Rule {
        name,
        asks: asks?,
        severity: usual.severity,
        workers,
        for_ns: usual.for_ns,
        // One that comes slowly goes slowly.
        resolve_after_ns: usual.resolve_after_ns.unwrap_or(usual.for_ns),
        cooldown_ns: usual.cooldown_ns,
        grace_ns: usual.grace_ns,
        tells_end: usual.tells_end,
        sinks: usual.sinks.unwrap_or_else(|| (0..sinks.len()).collect()),
    })
}
